/* judge_money: allotments, reversals, and imported history.
 * Thread: ledger thread only.  Order: existence, rules, funds. */
#include "judge.h"

#include <string.h>

static const struct lgp_record *find_budget(struct judgement *judgement)
{
	const struct lgp_record *budget =
	        judge_named(judgement, LGP_KIND_BUDGET, &judgement->command->budget);
	if (budget == NULL)
		return NULL;
	judgement->entry->budget = budget->number;
	judgement->entry->site = budget->as.budget.site;
	judgement->entry->unit = budget->as.budget.unit;
	return budget;
}

/* The command's signed amount as an entry's: from `from` to `to`, or back. */
static void set_direction(struct judgement *judgement, enum lgp_class from, enum lgp_class to)
{
	struct lgp_entry *entry = judgement->entry;
	bool forth = judgement->command->amount >= 0;
	require(judgement->command->amount != INT64_MIN);
	entry->amount = forth ? judgement->command->amount : -judgement->command->amount;
	entry->debit = forth ? from : to;
	entry->credit = forth ? to : from;
}

enum lgp_problem judge_allotment(struct judgement *judgement)
{
	if (find_budget(judgement) == NULL)
		return problem_at(judgement, LGP_PROBLEM_NOT_FOUND, "budget");
	set_direction(judgement, LGP_CLASS_ISSUANCE, LGP_CLASS_BUDGET);
	enum lgp_problem problem = judge_date(judgement);
	return problem == LGP_PROBLEM_NONE ? judge_funds(judgement, LGP_PROBLEM_INSUFFICIENT_BUDGET)
	                                   : problem;
}

/* ---- imports ----------------------------------------------------------------------- */

static enum lgp_problem find_party(struct judgement *judgement)
{
	struct lgp_party party;
	if (judgement->entry->customer == 0)
		return LGP_PROBLEM_NONE;
	enum lgp_status status =
	        state_party(judgement->ledger->state, judgement->entry->customer, &party);
	if (status == LGP_MISSING || (status == LGP_OK && party.kind != LGP_KIND_PARTY))
		return problem_at(judgement, LGP_PROBLEM_NOT_FOUND, "party");
	return status == LGP_OK ? LGP_PROBLEM_NONE : fault_in(judgement, status);
}

/* History is told as it was: by staff who may have left, past any limit, on
 * its own business date, and it never becomes anybody's balance. */
enum lgp_problem judge_import(struct judgement *judgement)
{
	const struct lgp_command *command = judgement->command;
	struct lgp_entry *entry = judgement->entry;
	const struct lgp_record *unit = judge_named(judgement, LGP_KIND_UNIT, &command->unit);
	const struct lgp_record *staff = judge_named(judgement, LGP_KIND_STAFF, &command->staff);
	const struct lgp_record *reason = judge_named(judgement, LGP_KIND_REASON, &command->reason);
	const struct lgp_record *budget = find_budget(judgement);
	if (unit == NULL || staff == NULL || budget == NULL || reason == NULL)
		return problem_at(judgement, LGP_PROBLEM_NOT_FOUND,
		                  unit == NULL     ? "unit"
		                  : staff == NULL  ? "staff"
		                  : budget == NULL ? "budget"
		                                   : "reason");
	enum lgp_problem problem = find_party(judgement);
	if (problem != LGP_PROBLEM_NONE)
		return problem;
	entry->staff = staff->number;
	entry->reason = reason->number;
	entry->unit = unit->number;
	entry->business_date = command->business_date;
	set_direction(judgement, LGP_CLASS_HISTORY, LGP_CLASS_SETTLEMENT);
	if (budget->as.budget.unit != unit->number)
		return problem_at(judgement, LGP_PROBLEM_BUDGET_UNIT, "unit");
	return judge_funds(judgement, LGP_PROBLEM_INSUFFICIENT_BUDGET);
}

/* ---- reversals --------------------------------------------------------------------- */

static enum lgp_problem find_reversed(struct judgement *judgement, struct lgp_entry *original)
{
	enum lgp_status status =
	        judgement->command->refers_to < judgement->ledger->now.size
	                ? batch_find(judgement->ledger, judgement->command->refers_to, original)
	                : LGP_MISSING;
	if (status == LGP_MISSING)
		return problem_at(judgement, LGP_PROBLEM_NOT_FOUND, "seq");
	return status == LGP_OK ? LGP_PROBLEM_NONE : fault_in(judgement, status);
}

static void copy_from(struct lgp_entry *entry, const struct lgp_entry *original)
{
	entry->staff = original->staff;
	entry->customer = original->customer;
	entry->site = original->site;
	entry->budget = original->budget;
	entry->reason = original->reason;
	entry->touchpoint = original->touchpoint;
	entry->unit = original->unit;
	memcpy(entry->incident, original->incident, sizeof entry->incident);
}

/* Its giver on the same business day; else a manager of its site who did not
 * give it; an integration its own. */
static bool may_reverse(const struct judgement *judgement, const struct lgp_entry *original)
{
	const struct lgp_record *who = judgement->staff;
	if (who == NULL)
		return judgement->entry->actor == original->actor;
	if (judgement->entry->business_date < who->as.staff.active_from ||
	    judgement->entry->business_date >= who->as.staff.active_until)
		return false;
	if (who->number == original->staff)
		return judgement->entry->business_date == original->business_date;
	return judgement->token->as.token.role == LGP_ROLE_MANAGER &&
	       lgp_staff_at_site(who, original->site) && judge_token_at(judgement, original->site);
}

static enum lgp_problem rule_remaining(struct judgement *judgement,
                                       const struct lgp_entry *original)
{
	int64_t reversed;
	enum lgp_status status = state_reversed(judgement->ledger->state, original->seq, &reversed);
	if (status != LGP_OK)
		return fault_in(judgement, status);
	int64_t remaining = original->amount - reversed;
	judgement->entry->amount =
	        judgement->command->amount != 0 ? judgement->command->amount : remaining;
	if (remaining == 0 || judgement->entry->amount > remaining)
		return problem_at(judgement, LGP_PROBLEM_ALREADY_REVERSED, "amount");
	return LGP_PROBLEM_NONE;
}

enum lgp_problem judge_reversal(struct judgement *judgement)
{
	struct lgp_entry original;
	enum lgp_problem problem = find_reversed(judgement, &original);
	if (problem != LGP_PROBLEM_NONE)
		return problem;
	copy_from(judgement->entry, &original);
	judgement->entry->amount = judgement->command->amount;
	problem = judge_date(judgement);
	if (problem != LGP_PROBLEM_NONE)
		return problem;
	if (!may_reverse(judgement, &original)) {
		judge_forget(judgement);
		return problem_at(judgement, LGP_PROBLEM_REVERSAL_FORBIDDEN, "seq");
	}
	if (original.kind != LGP_KIND_GRANT)
		return problem_at(judgement, LGP_PROBLEM_NOT_REVERSIBLE, "seq");
	problem = rule_remaining(judgement, &original);
	if (problem != LGP_PROBLEM_NONE)
		return problem;
	judgement->entry->debit = original.credit;
	/* An approved grant came out of what was set aside for it, and out of the
	 * budget before that. */
	judgement->entry->credit =
	        original.debit == LGP_CLASS_RESERVED ? LGP_CLASS_BUDGET : original.debit;
	return judge_funds(judgement, LGP_PROBLEM_INSUFFICIENT_FUNDS);
}
