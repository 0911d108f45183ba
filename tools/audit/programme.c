/* programme: see programme.h.  Thread: one at a time. */
#include "tools/audit/programme.h"

#include <stdlib.h>
#include <string.h>

#include "lagniappe/codec.h"

struct token {
	bool manager, ended;
	int64_t expires_us;
	uint64_t before; /* place + 1 of the subject's token before; 0: none */
};

static enum lgp_status no_memory(void)
{
	return lgp_fault(LGP_NO_MEMORY, "no memory for the programme's definitions");
}

static enum lgp_status refers_nowhere(const struct lgp_entry *entry)
{
	return lgp_fault(LGP_CORRUPT, "entry %llu: its definition refers to what is not there",
	                 (unsigned long long)entry->seq);
}

enum lgp_status programme_init(struct programme *programme)
{
	struct slots *tables[] = {&programme->ids,           &programme->weeks,
	                          &programme->staff_at,      &programme->token_at,
	                          &programme->delegation_at, &programme->token_of};
	enum lgp_status status = LGP_OK;
	*programme = (struct programme){0};
	for (size_t i = 0; i < sizeof tables / sizeof tables[0] && status == LGP_OK; i++)
		status = slots_init(tables[i]);
	return status;
}

void programme_deinit(struct programme *programme)
{
	for (size_t i = 0; i < programme->staff_count; i++)
		free(programme->staff[i].sites);
	free(programme->staff);
	free(programme->tokens);
	free(programme->delegations);
	slots_deinit(&programme->ids);
	slots_deinit(&programme->weeks);
	slots_deinit(&programme->staff_at);
	slots_deinit(&programme->token_at);
	slots_deinit(&programme->delegation_at);
	slots_deinit(&programme->token_of);
}

/* ---- names ----------------------------------------------------------------------------- */

/* A digest stands for the id: definitions are few, and a collision is not to be found. */
static void id_key(enum lgp_kind kind, struct lgp_view id, uint64_t key[2])
{
	uint8_t bytes[1 + LGP_SLUG_MAX];
	struct lgp_hash hash;
	require(id.len <= LGP_SLUG_MAX);
	bytes[0] = (uint8_t)kind;
	memcpy(bytes + 1, id.ptr, id.len);
	lgp_hash_sha256(bytes, 1 + id.len, &hash);
	key[0] = lgp_get_le(hash.bytes, 8) | 1;
	key[1] = lgp_get_le(hash.bytes + 8, 8);
}

uint64_t programme_find(const struct programme *programme, enum lgp_kind kind, struct lgp_view id)
{
	uint64_t key[2];
	if (id.len == 0 || id.len > LGP_SLUG_MAX)
		return 0;
	id_key(kind, id, key);
	const struct slot *slot = slots_find(&programme->ids, key[0], key[1]);
	return slot != NULL ? slot->number : 0;
}

static enum lgp_status note_id(struct programme *programme, uint64_t number,
                               const struct lgp_definition *definition)
{
	uint64_t key[2];
	const struct lgp_noun *noun = definition->noun;
	if (noun->id_field == NULL)
		return LGP_OK;
	id_key(noun->kind, lgp_definition_get(definition, noun->id_field), key);
	struct slot *slot = slots_put(&programme->ids, key[0], key[1]);
	if (slot == NULL)
		return no_memory();
	slot->number = number;
	return LGP_OK;
}

bool programme_refer(const struct programme *programme, const struct lgp_definition *definition,
                     const char *field, enum lgp_kind kind, uint64_t *out)
{
	struct lgp_view id = lgp_definition_get(definition, field);
	*out = id.ptr != NULL ? programme_find(programme, kind, id) : 0;
	return id.ptr == NULL || *out != 0;
}

/* ---- values ------------------------------------------------------------------------------ */

uint64_t definition_number(const struct lgp_definition *definition, const char *field)
{
	uint64_t number = 0;
	struct lgp_view value = lgp_definition_get(definition, field);
	if (value.ptr != NULL)
		require(lgp_decimal_parse(value, &number) == LGP_OK); /* its form was checked */
	return number;
}

static void date_of(const struct lgp_definition *definition, const char *field, int32_t *day)
{
	struct lgp_view value = lgp_definition_get(definition, field);
	if (value.ptr != NULL)
		require(lgp_date_parse(value, day) == LGP_OK);
}

static void moment_of(const struct lgp_definition *definition, const char *field, int32_t *day,
                      int64_t *time_us)
{
	struct lgp_view value = lgp_definition_get(definition, field);
	if (value.ptr != NULL && lgp_date_parse(value, day) != LGP_OK)
		require(lgp_time_parse(value, time_us) == LGP_OK);
}

/* False: it ends before it begins. */
bool span_of(const struct lgp_definition *definition, struct span *out)
{
	*out = (struct span){INT32_MIN, INT32_MAX, INT64_MIN, INT64_MAX};
	/* A delegation's "from" is who gives it. */
	if (definition->noun->kind == LGP_KIND_LIMIT)
		moment_of(definition, "from", &out->from_day, &out->from_us);
	moment_of(definition, "until", &out->until_day, &out->until_us);
	return out->from_day < out->until_day && out->from_us < out->until_us;
}

bool span_covers(const struct span *span, int32_t date, int64_t time_us)
{
	return span->from_day <= date && date < span->until_day && span->from_us <= time_us &&
	       time_us < span->until_us;
}

static bool holds(const struct lgp_definition *definition, const char *field, const char *value)
{
	return lgp_view_equal(lgp_definition_get(definition, field), lgp_view_of(value));
}

/* ---- places in lists ----------------------------------------------------------------------- */

struct list {
	struct slots *at;
	void **items;
	size_t size, *count;
};

/* The number's place in its list, made at the list's end where it is new. */
static enum lgp_status place_of(const struct list *list, uint64_t number, size_t *place)
{
	struct slot *slot = slots_find(list->at, number + 1, 0);
	size_t count = *list->count;
	if (slot != NULL) {
		*place = (size_t)slot->number;
		return LGP_OK;
	}
	if ((count & (count - 1)) == 0) { /* at each power of two there is no room left */
		void *more = realloc(*list->items, (count == 0 ? 1 : count * 2) * list->size);
		if (more == NULL)
			return no_memory();
		*list->items = more;
	}
	slot = slots_put(list->at, number + 1, 0);
	if (slot == NULL)
		return no_memory();
	memset((char *)*list->items + count * list->size, 0, list->size);
	slot->number = *place = (*list->count)++;
	return LGP_OK;
}

static bool find_place(const struct slots *at, uint64_t number, size_t *place)
{
	const struct slot *slot = number != UINT64_MAX ? slots_find(at, number + 1, 0) : NULL;
	if (slot != NULL)
		*place = (size_t)slot->number;
	return slot != NULL;
}

/* ---- sites ------------------------------------------------------------------------------- */

static enum lgp_status define_site(struct programme *programme, uint64_t number,
                                   const struct lgp_definition *definition)
{
	static const char days[] = "monday|tuesday|wednesday|thursday|friday|saturday|sunday";
	struct lgp_view day = lgp_definition_get(definition, "week_starts");
	struct slot *slot = slots_put(&programme->weeks, number + 1, 0);
	if (slot == NULL)
		return no_memory();
	slot->number = day.ptr != NULL ? (uint64_t)lgp_choice_index(days, day) : 0;
	return LGP_OK;
}

unsigned programme_week(const struct programme *programme, uint64_t site)
{
	const struct slot *slot =
	        site != UINT64_MAX ? slots_find(&programme->weeks, site + 1, 0) : NULL;
	return slot != NULL ? (unsigned)slot->number : 0;
}

/* ---- staff ------------------------------------------------------------------------------- */

/* The home site and the further ones. */
static enum lgp_status sites_of(const struct programme *programme, const struct lgp_entry *entry,
                                const struct lgp_definition *definition, struct staff *out)
{
	struct lgp_view list = lgp_definition_get(definition, "sites"), id;
	uint64_t sites[1 + LGP_LIST_MAX];
	size_t count = 1;
	if (!programme_refer(programme, definition, "site", LGP_KIND_SITE, &sites[0]))
		return refers_nowhere(entry);
	while (count < sizeof sites / sizeof sites[0] && lgp_list_next(&list, &id)) {
		sites[count] = programme_find(programme, LGP_KIND_SITE, id);
		if (sites[count++] == 0)
			return refers_nowhere(entry);
	}
	out->sites = malloc(count * sizeof *out->sites);
	if (out->sites == NULL)
		return no_memory();
	memcpy(out->sites, sites, count * sizeof *sites);
	out->site_count = count;
	return LGP_OK;
}

static enum lgp_status define_staff(struct programme *programme, const struct lgp_entry *entry,
                                    uint64_t number, const struct lgp_definition *definition)
{
	size_t place;
	struct staff made = {
	        .manager = holds(definition, "role", "manager"),
	        .active_from = INT32_MIN,
	        .active_until = INT32_MAX,
	        .customer = definition_number(definition, "customer"),
	};
	date_of(definition, "active_from", &made.active_from);
	date_of(definition, "active_until", &made.active_until);
	void *items = programme->staff;
	struct list list = {&programme->staff_at, &items, sizeof made, &programme->staff_count};
	enum lgp_status status = place_of(&list, number, &place);
	programme->staff = items;
	if (status == LGP_OK)
		status = sites_of(programme, entry, definition, &made);
	if (status != LGP_OK)
		return status;
	free(programme->staff[place].sites);
	programme->staff[place] = made;
	return LGP_OK;
}

const struct staff *programme_staff(const struct programme *programme, uint64_t number)
{
	size_t place;
	return find_place(&programme->staff_at, number, &place) ? &programme->staff[place] : NULL;
}

bool staff_active(const struct staff *staff, int32_t date)
{
	return staff->active_from <= date && date < staff->active_until;
}

bool staff_manages(const struct staff *staff, uint64_t site, int32_t date)
{
	if (!staff->manager || !staff_active(staff, date))
		return false;
	for (size_t i = 0; i < staff->site_count; i++)
		if (staff->sites[i] == site)
			return true;
	return false;
}

/* ---- tokens ------------------------------------------------------------------------------ */

static enum lgp_status define_token(struct programme *programme, const struct lgp_entry *entry,
                                    uint64_t number, const struct lgp_definition *definition)
{
	size_t place;
	uint64_t subject;
	struct lgp_view expires = lgp_definition_get(definition, "expires");
	struct token made = {.manager = holds(definition, "role", "manager"),
	                     .expires_us = INT64_MAX};
	if (expires.ptr != NULL)
		require(lgp_time_parse(expires, &made.expires_us) == LGP_OK);
	if (!programme_refer(programme, definition, "subject", LGP_KIND_STAFF, &subject))
		return refers_nowhere(entry);
	if (find_place(&programme->token_at, number, &place))
		return LGP_OK; /* nothing of a token is amended; such an entry is told elsewhere */
	void *items = programme->tokens;
	struct list list = {&programme->token_at, &items, sizeof made, &programme->token_count};
	enum lgp_status status = place_of(&list, number, &place);
	programme->tokens = items;
	struct slot *newest =
	        status == LGP_OK ? slots_put(&programme->token_of, subject + 1, 0) : NULL;
	if (newest == NULL)
		return status != LGP_OK ? status : no_memory();
	made.before = newest->number;
	newest->number = place + 1;
	programme->tokens[place] = made;
	return LGP_OK;
}

bool programme_manager_token(const struct programme *programme, uint64_t subject, int64_t time_us)
{
	const struct slot *slot =
	        subject != UINT64_MAX ? slots_find(&programme->token_of, subject + 1, 0) : NULL;
	for (uint64_t at = slot != NULL ? slot->number : 0; at != 0;) {
		const struct token *token = &programme->tokens[at - 1];
		if (token->manager && !token->ended && time_us < token->expires_us)
			return true;
		at = token->before;
	}
	return false;
}

/* ---- delegations --------------------------------------------------------------------------- */

static enum lgp_status define_delegation(struct programme *programme, const struct lgp_entry *entry,
                                         uint64_t number, const struct lgp_definition *definition)
{
	size_t place;
	uint64_t ceiling = definition_number(definition, "ceiling");
	struct delegation made = {.number = number, .ceiling = (int64_t)ceiling};
	if (!span_of(definition, &made.span) ||
	    !programme_refer(programme, definition, "from", LGP_KIND_STAFF, &made.from) ||
	    !programme_refer(programme, definition, "to", LGP_KIND_STAFF, &made.to) ||
	    !programme_refer(programme, definition, "unit", LGP_KIND_UNIT, &made.unit) ||
	    !programme_refer(programme, definition, "scope.site", LGP_KIND_SITE, &made.site) ||
	    !programme_refer(programme, definition, "scope.budget", LGP_KIND_BUDGET,
	                     &made.budget) ||
	    !programme_refer(programme, definition, "scope.reason", LGP_KIND_REASON, &made.reason))
		return refers_nowhere(entry);
	void *items = programme->delegations;
	struct list list = {&programme->delegation_at, &items, sizeof made,
	                    &programme->delegation_count};
	enum lgp_status status = place_of(&list, number, &place);
	programme->delegations = items;
	if (status == LGP_OK)
		programme->delegations[place] = made;
	return status;
}

const struct delegation *programme_delegation(const struct programme *programme, uint64_t number)
{
	size_t place;
	return find_place(&programme->delegation_at, number, &place)
	               ? &programme->delegations[place]
	               : NULL;
}

/* ---- all of them --------------------------------------------------------------------------- */

enum lgp_status programme_define(struct programme *programme, const struct lgp_entry *entry,
                                 const struct lgp_definition *definition)
{
	uint64_t number = (entry->flags & LGP_FLAG_AMEND) != 0 ? entry->refers_to : entry->seq;
	if (number == UINT64_MAX)
		return refers_nowhere(entry);
	enum lgp_status status = note_id(programme, number, definition);
	if (status != LGP_OK)
		return status;
	switch (entry->kind) {
	case LGP_KIND_SITE:
		return define_site(programme, number, definition);
	case LGP_KIND_STAFF:
		return define_staff(programme, entry, number, definition);
	case LGP_KIND_TOKEN:
		return define_token(programme, entry, number, definition);
	case LGP_KIND_DELEGATION:
		return define_delegation(programme, entry, number, definition);
	default:
		return LGP_OK;
	}
}

void programme_end(struct programme *programme, const struct lgp_entry *entry)
{
	size_t place;
	if (entry->kind == LGP_KIND_TOKEN_END &&
	    find_place(&programme->token_at, entry->refers_to, &place))
		programme->tokens[place].ended = true;
	if (entry->kind == LGP_KIND_DELEGATION_END &&
	    find_place(&programme->delegation_at, entry->refers_to, &place))
		programme->delegations[place].ended = true;
}
