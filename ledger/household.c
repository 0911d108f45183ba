/* household: who lives with whom, as far as the house was told: a name of a household
 * for a customer, so that nobody rewards who lives with them.
 * Thread: ledger thread only.  Deterministic.
 *
 * What tells it is the payload of a customer's entry: among others the line
 * "household NAME".  An amended customer's entry says the household alone; without a
 * payload there is none any more. */
#include "judge.h"

#include "lines.h"

#include <string.h>

void name_fold(struct lgp_view typed, char out[LGP_SLUG_MAX])
{
	require(typed.len <= LGP_SLUG_MAX);
	memset(out, 0, LGP_SLUG_MAX);
	for (size_t i = 0; i < typed.len; i++) {
		char c = typed.ptr[i];
		out[i] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
	}
}

/* The household that a customer's payload names; ptr NULL: none.  False: one that is
 * not of its form. */
static bool household_named(struct lgp_view payload, struct lgp_view *name)
{
	struct lgp_view line;
	*name = (struct lgp_view){NULL, 0};
	while (name->ptr == NULL && line_take(&payload, &line))
		if (prefix_take(&line, LGP_VIEW("household ")))
			*name = line;
	return name->ptr == NULL || lgp_incident_valid(*name);
}

enum lgp_status apply_household(struct lgp_ledger *ledger, const struct lgp_entry *entry,
                                struct lgp_view payload)
{
	struct lgp_view name;
	struct state_key key = state_key_number('H', entry->customer);
	if (!household_named(payload, &name))
		return lgp_fault(LGP_CORRUPT, "entry %llu: its household is not of its form",
		                 (unsigned long long)entry->seq);
	if (name.ptr != NULL)
		return state_put(ledger->state, key_view(&key), name);
	/* Of most there is nothing to take away. */
	return (entry->flags & LGP_FLAG_AMEND) != 0 ? state_delete(ledger->state, key_view(&key))
	                                            : LGP_OK;
}

/* Without capitals; all zeros: none is known. */
static enum lgp_status household_of(struct lgp_ledger *ledger, uint64_t customer,
                                    char out[LGP_SLUG_MAX])
{
	struct state_key key = state_key_number('H', customer);
	struct lgp_view value = {NULL, 0};
	enum lgp_status status = state_get(ledger->state, key_view(&key), &value);
	if (status == LGP_OK && value.len > LGP_SLUG_MAX)
		return lgp_fault(LGP_CORRUPT, "state: a household record is not of its size");
	if (status == LGP_OK || status == LGP_MISSING)
		name_fold(value, out);
	return status == LGP_MISSING ? LGP_OK : status;
}

bool judge_own(struct judgement *judgement, const struct lgp_record *staff, uint64_t customer)
{
	char theirs[LGP_SLUG_MAX], other[LGP_SLUG_MAX];
	uint64_t own = staff->as.staff.customer;
	if (own == 0 || own == customer)
		return own != 0;
	enum lgp_status status = household_of(judgement->ledger, own, theirs);
	if (status == LGP_OK && theirs[0] == '\0')
		return false;
	if (status == LGP_OK)
		status = household_of(judgement->ledger, customer, other);
	if (status != LGP_OK) {
		(void)fault_in(judgement, status);
		return true;
	}
	return memcmp(theirs, other, sizeof theirs) == 0;
}

/* Who lives with whom is not for them to say whom it would bind. */
static enum lgp_problem amend_household(struct judgement *judgement)
{
	const struct lgp_command *command = judgement->command;
	struct lgp_entry *entry = judgement->entry;
	enum lgp_role role = judgement->token->as.token.role;
	struct lgp_party party;
	enum lgp_status status = state_party(judgement->ledger->state, command->refers_to, &party);
	if (status == LGP_MISSING || (status == LGP_OK && party.kind != LGP_KIND_CUSTOMER))
		return problem_at(judgement, LGP_PROBLEM_NOT_FOUND, "id");
	if (status != LGP_OK)
		return fault_in(judgement, status);
	if ((role != LGP_ROLE_MANAGER && role != LGP_ROLE_INTEGRATION) ||
	    (judgement->staff != NULL &&
	     judge_own(judgement, judgement->staff, command->refers_to)))
		return problem_at(judgement, LGP_PROBLEM_FORBIDDEN, "household");
	entry->flags |= LGP_FLAG_AMEND;
	entry->customer = command->refers_to;
	return judge_date(judgement);
}

static enum lgp_problem take_payload(struct judgement *judgement)
{
	struct lgp_view payload = judgement->command->payload, name;
	if (!household_named(payload, &name))
		return problem_at(judgement, LGP_PROBLEM_MALFORMED, "household");
	if (payload.len > 0)
		memcpy(judgement->payload, payload.ptr, payload.len);
	judgement->payload_len = payload.len;
	return LGP_PROBLEM_NONE;
}

enum lgp_problem judge_customer(struct judgement *judgement)
{
	const struct lgp_slug *site = &judgement->command->site;
	enum lgp_problem problem = take_payload(judgement);
	if (problem != LGP_PROBLEM_NONE)
		return problem;
	if (judgement->command->amend)
		return amend_household(judgement);
	if (site->len > 0) {
		const struct lgp_record *record = judge_named(judgement, LGP_KIND_SITE, site);
		if (record == NULL)
			return problem_at(judgement, LGP_PROBLEM_NOT_FOUND, "site");
		judgement->entry->site = record->number;
	} else if (judgement->staff != NULL) {
		judgement->entry->site = judgement->staff->as.staff.site;
	}
	judgement->entry->customer = judgement->ledger->now.size;
	return judge_date(judgement);
}
