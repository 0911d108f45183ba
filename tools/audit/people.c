/* people: staff and tokens: who works where, out of which budgets, and who may
 * speak for whom.
 * Thread: one at a time. */
#include "tools/audit/programme.h"

#include <stdlib.h>
#include <string.h>

#include "lagniappe/codec.h"

#define ROLES "admin|finance|manager|staff|integration|auditor|customer"

/* ---- lists of numbers -------------------------------------------------------------------- */

bool numbers_hold(const struct numbers *numbers, uint64_t number)
{
	for (size_t i = 0; i < numbers->count; i++)
		if (numbers->list[i] == number)
			return true;
	return false;
}

/* What the field `one` names, where it is there, and those of the list `more`. */
static enum lgp_status numbers_of(const struct programme *programme, const struct lgp_entry *entry,
                                  const struct lgp_definition *definition, enum lgp_kind kind,
                                  const char *one, const char *more, struct numbers *out)
{
	struct lgp_view list = lgp_definition_get(definition, more), id;
	uint64_t numbers[1 + LGP_LIST_MAX];
	size_t count = 0;
	*out = (struct numbers){0};
	if (!programme_refer(programme, definition, one, kind, &numbers[0]))
		return programme_refers_nowhere(entry);
	count += numbers[0] != 0;
	while (list.ptr != NULL && count <= LGP_LIST_MAX && lgp_list_next(&list, &id)) {
		numbers[count] = programme_find(programme, kind, id);
		if (numbers[count++] == 0)
			return programme_refers_nowhere(entry);
	}
	if (count == 0)
		return LGP_OK;
	out->list = malloc(count * sizeof *out->list);
	if (out->list == NULL)
		return programme_no_memory();
	memcpy(out->list, numbers, count * sizeof *numbers);
	out->count = count;
	return LGP_OK;
}

void people_deinit(struct programme *programme)
{
	for (size_t i = 0; i < programme->staff_count; i++) {
		free(programme->staff[i].sites.list);
		free(programme->staff[i].budgets.list);
	}
	for (size_t i = 0; i < programme->token_count; i++)
		free(programme->tokens[i].sites.list);
	free(programme->staff);
	free(programme->tokens);
}

static unsigned role_of(const struct lgp_definition *definition)
{
	int index = lgp_choice_index(ROLES, lgp_definition_get(definition, "role"));
	require(index >= 0); /* its form was checked */
	return (unsigned)index;
}

/* ---- staff ------------------------------------------------------------------------------- */

static void date_of(const struct lgp_definition *definition, const char *field, int32_t *day)
{
	struct lgp_view value = lgp_definition_get(definition, field);
	if (value.ptr != NULL)
		require(lgp_date_parse(value, day) == LGP_OK);
}

/* The customer account is known as one of staff's from now on, for ever. */
static enum lgp_status mark_customer(struct programme *programme, uint64_t customer)
{
	if (customer == 0)
		return LGP_OK;
	return slots_put(&programme->of_staff, customer, 0) != NULL ? LGP_OK
	                                                            : programme_no_memory();
}

static enum lgp_status read_staff(const struct programme *programme, const struct lgp_entry *entry,
                                  const struct lgp_definition *definition, struct staff *out)
{
	date_of(definition, "active_from", &out->active_from);
	date_of(definition, "active_until", &out->active_until);
	enum lgp_status status = numbers_of(programme, entry, definition, LGP_KIND_SITE, "site",
	                                    "sites", &out->sites);
	if (status == LGP_OK)
		status = numbers_of(programme, entry, definition, LGP_KIND_BUDGET, "budget",
		                    "budgets", &out->budgets);
	return status;
}

/* What one who had left had of tokens is over for good, also if they come back. */
static void end_tokens(struct programme *programme, uint64_t subject)
{
	const struct slot *slot = slots_find(&programme->token_of, subject + 1, 0);
	for (uint64_t at = slot != NULL ? slot->number : 0; at != 0;) {
		struct token *token = &programme->tokens[at - 1];
		token->ended = true;
		programme_note_end(programme, token->number);
		at = token->before;
	}
}

enum lgp_status people_define_staff(struct programme *programme, const struct lgp_entry *entry,
                                    uint64_t number, const struct lgp_definition *definition)
{
	size_t place = 0;
	struct staff made = {
	        .number = number,
	        .manager = role_of(definition) == ROLE_MANAGER,
	        .active_from = INT32_MIN,
	        .active_until = INT32_MAX,
	        .customer = definition_number(definition, "customer"),
	};
	void *items = programme->staff;
	struct list list = {&programme->staff_at, &items, sizeof made, &programme->staff_count};
	enum lgp_status status = read_staff(programme, entry, definition, &made);
	if (status == LGP_OK)
		status = list_place(&list, number, &place);
	programme->staff = items;
	if (status == LGP_OK)
		status = mark_customer(programme, made.customer);
	if (status != LGP_OK) {
		free(made.sites.list);
		free(made.budgets.list);
		return status;
	}
	if (number != entry->seq && programme->staff[place].active_until <= entry->business_date)
		end_tokens(programme, number);
	free(programme->staff[place].sites.list);
	free(programme->staff[place].budgets.list);
	programme->staff[place] = made;
	return LGP_OK;
}

const struct staff *programme_staff(const struct programme *programme, uint64_t number)
{
	size_t place;
	return list_find(&programme->staff_at, number, &place) ? &programme->staff[place] : NULL;
}

bool staff_active(const struct staff *staff, int32_t date)
{
	return staff->active_from <= date && date < staff->active_until;
}

bool staff_manages(const struct staff *staff, uint64_t site, int32_t date)
{
	return staff->manager && staff_active(staff, date) && numbers_hold(&staff->sites, site);
}

/* ---- rewards among staff ------------------------------------------------------------------- */

enum lgp_status programme_reward(struct programme *programme, const struct lgp_entry *grant)
{
	if (grant->staff == UINT64_MAX || !programme_of_staff(programme, grant->customer))
		return LGP_OK;
	return slots_put(&programme->rewarded, grant->staff + 1, grant->customer) != NULL
	               ? LGP_OK
	               : programme_no_memory();
}

bool programme_of_staff(const struct programme *programme, uint64_t customer)
{
	return customer != 0 && programme->of_staff.count > 0 &&
	       slots_find(&programme->of_staff, customer, 0) != NULL;
}

bool programme_rewarded(const struct programme *programme, uint64_t staff, uint64_t customer)
{
	return staff != UINT64_MAX && slots_find(&programme->rewarded, staff + 1, customer) != NULL;
}

bool programme_ring(const struct programme *programme, const struct staff *staff, uint64_t customer)
{
	if (staff->customer == 0 || !programme_of_staff(programme, customer))
		return false;
	for (size_t i = 0; i < programme->staff_count; i++) {
		const struct staff *other = &programme->staff[i];
		if (other->customer == customer &&
		    programme_rewarded(programme, other->number, staff->customer))
			return true;
	}
	return false;
}

/* ---- tokens ------------------------------------------------------------------------------ */

/* In whose name it speaks: staff, a customer, or nobody but itself. */
static bool subject_of(const struct programme *programme, uint64_t number,
                       const struct lgp_definition *definition, uint64_t *out)
{
	if (!programme_refer(programme, definition, "subject", LGP_KIND_STAFF, out))
		return false;
	if (*out == 0)
		*out = definition_number(definition, "customer");
	if (*out == 0)
		*out = number;
	return *out != UINT64_MAX;
}

static enum lgp_status add_token(struct programme *programme, uint64_t number, uint64_t subject,
                                 struct token *made)
{
	size_t place = 0;
	void *items = programme->tokens;
	struct list list = {&programme->token_at, &items, sizeof *made, &programme->token_count};
	enum lgp_status status = list_place(&list, number, &place);
	programme->tokens = items;
	struct slot *newest =
	        status == LGP_OK ? slots_put(&programme->token_of, subject + 1, 0) : NULL;
	if (newest == NULL)
		return status != LGP_OK ? status : programme_no_memory();
	made->before = newest->number;
	newest->number = place + 1;
	programme->tokens[place] = *made;
	return LGP_OK;
}

enum lgp_status people_define_token(struct programme *programme, const struct lgp_entry *entry,
                                    uint64_t number, const struct lgp_definition *definition)
{
	uint64_t subject;
	struct lgp_view expires = lgp_definition_get(definition, "expires");
	struct token made = {
	        .number = number, .role = (enum role)role_of(definition), .expires_us = INT64_MAX};
	if (expires.ptr != NULL)
		require(lgp_time_parse(expires, &made.expires_us) == LGP_OK);
	if (!subject_of(programme, number, definition, &subject))
		return programme_refers_nowhere(entry);
	if (programme_token(programme, number) != NULL)
		return LGP_OK; /* nothing of a token is amended; such an entry is told elsewhere */
	enum lgp_status status =
	        numbers_of(programme, entry, definition, LGP_KIND_SITE, "", "sites", &made.sites);
	if (status == LGP_OK)
		status = add_token(programme, number, subject, &made);
	if (status != LGP_OK)
		free(made.sites.list);
	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the list of tokens owns it now */
	return status;
}

const struct token *programme_token(const struct programme *programme, uint64_t number)
{
	size_t place;
	return list_find(&programme->token_at, number, &place) ? &programme->tokens[place] : NULL;
}

/* Whoever was promoted, or not any more, needs another token. */
static bool of_role(const struct staff *staff, enum role role)
{
	return staff == NULL || role == (staff->manager ? ROLE_MANAGER : ROLE_STAFF);
}

static bool good_at(const struct token *token, uint64_t site)
{
	return token->sites.count == 0 || numbers_hold(&token->sites, site);
}

bool programme_holds(const struct programme *programme, uint64_t subject, unsigned roles,
                     uint64_t site, int64_t time_us)
{
	return programme_holds_as(programme, subject, programme_staff(programme, subject), roles,
	                          site, time_us);
}

bool programme_holds_as(const struct programme *programme, uint64_t subject,
                        const struct staff *staff, unsigned roles, uint64_t site, int64_t time_us)
{
	const struct slot *slot =
	        subject != UINT64_MAX ? slots_find(&programme->token_of, subject + 1, 0) : NULL;
	for (uint64_t at = slot != NULL ? slot->number : 0; at != 0;) {
		const struct token *token = &programme->tokens[at - 1];
		if ((ROLE_BIT(token->role) & roles) != 0 && !token->ended &&
		    time_us < token->expires_us && of_role(staff, token->role) &&
		    (site == 0 || good_at(token, site)))
			return true;
		at = token->before;
	}
	return false;
}

bool programme_bound(const struct programme *programme, uint64_t subject, uint64_t site)
{
	const struct slot *slot =
	        subject != UINT64_MAX ? slots_find(&programme->token_of, subject + 1, 0) : NULL;
	for (uint64_t at = slot != NULL ? slot->number : 0; at != 0;) {
		const struct token *token = &programme->tokens[at - 1];
		if (!good_at(token, site))
			return true;
		at = token->before;
	}
	return false;
}
