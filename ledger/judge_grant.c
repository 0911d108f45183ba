/* judge_grant: grants and thanks: from a budget to a customer, and words alone.
 * Thread: ledger thread only.  Order: existence, rules, funds. */
#include "judge.h"

#include "lagniappe/codec.h"

#include <stdio.h>
#include <string.h>

/* In whose name: a member of staff in their own, an integration in another's. */
static enum lgp_problem find_staff(struct judgement *judgement)
{
	if (judgement->staff == NULL)
		judgement->staff =
		        judge_named(judgement, LGP_KIND_STAFF, &judgement->command->staff);
	if (judgement->staff == NULL)
		return problem_at(judgement, LGP_PROBLEM_NOT_FOUND, "staff");
	judgement->entry->staff = judgement->staff->number;
	if (judgement->staff->as.staff.role == LGP_ROLE_MANAGER)
		judgement->entry->flags |= LGP_FLAG_MANAGER;
	return LGP_PROBLEM_NONE;
}

static enum lgp_problem find_customer(struct judgement *judgement)
{
	struct lgp_party party;
	enum lgp_status status =
	        state_party(judgement->ledger->state, judgement->entry->customer, &party);
	if (status == LGP_MISSING || (status == LGP_OK && party.kind != LGP_KIND_CUSTOMER))
		return problem_at(judgement, LGP_PROBLEM_NOT_FOUND, "customer");
	return status == LGP_OK ? LGP_PROBLEM_NONE : fault_in(judgement, status);
}

/* A named noun's number; without a name, the one that stands in for it. */
static enum lgp_problem find_number(struct judgement *judgement, enum lgp_kind noun,
                                    const struct lgp_slug *id, uint64_t otherwise,
                                    const char *field, uint64_t *number)
{
	*number = otherwise;
	if (id->len == 0)
		return LGP_PROBLEM_NONE;
	const struct lgp_record *record = judge_named(judgement, noun, id);
	if (record == NULL)
		return problem_at(judgement, LGP_PROBLEM_NOT_FOUND, field);
	*number = record->number;
	return LGP_PROBLEM_NONE;
}

/* What grants and thanks name alike. */
static enum lgp_problem find_common(struct judgement *judgement)
{
	const struct lgp_command *command = judgement->command;
	struct lgp_entry *entry = judgement->entry;
	enum lgp_problem problem = find_staff(judgement);
	if (problem == LGP_PROBLEM_NONE)
		problem = find_customer(judgement);
	if (problem == LGP_PROBLEM_NONE)
		problem = find_number(judgement, LGP_KIND_REASON, &command->reason, 0, "reason",
		                      &entry->reason);
	if (problem == LGP_PROBLEM_NONE)
		problem = find_number(judgement, LGP_KIND_TOUCHPOINT, &command->touchpoint, 0,
		                      "touchpoint", &entry->touchpoint);
	if (problem == LGP_PROBLEM_NONE)
		problem = find_number(judgement, LGP_KIND_SITE, &command->site,
		                      judgement->staff->as.staff.site, "site", &entry->site);
	return problem == LGP_PROBLEM_NONE ? judge_date(judgement) : problem;
}

/* Whether the customer is a member of staff who rewarded this one. */
static enum lgp_problem rule_ring(struct judgement *judgement, const struct lgp_record *staff)
{
	const struct registry *registry = judgement->ledger->registry;
	const struct lgp_record *other;
	for (size_t i = 0;
	     (other = registry_staff_of(registry, judgement->entry->customer, i)) != NULL; i++) {
		int64_t rewarded;
		struct state_key key = state_key_pair('E', other->number, staff->as.staff.customer);
		enum lgp_status status = state_number(judgement->ledger->state, &key, &rewarded);
		if (status != LGP_OK)
			return fault_in(judgement, status);
		if (rewarded != 0)
			return problem_at(judgement, LGP_PROBLEM_RING, "customer");
	}
	return LGP_PROBLEM_NONE;
}

/* Staff reward neither themselves nor their households, nor each other in turns where
 * the site says so. */
static enum lgp_problem rule_rewards(struct judgement *judgement, const struct lgp_record *staff)
{
	const struct lgp_entry *entry = judgement->entry;
	const struct lgp_record *site =
	        registry_get_kind(judgement->ledger->registry, LGP_KIND_SITE, entry->site);
	struct lgp_party customer;
	if (site->as.site.staff_rewards == LGP_REWARD_ANY || staff->as.staff.customer == 0)
		return LGP_PROBLEM_NONE;
	if (judge_own(judgement, staff, entry->customer))
		return problem_at(judgement, LGP_PROBLEM_SELF_GRANT, "customer");
	if (site->as.site.staff_rewards != LGP_REWARD_NOT_EACH_OTHER)
		return LGP_PROBLEM_NONE;
	enum lgp_status status = state_party(judgement->ledger->state, entry->customer, &customer);
	if (status != LGP_OK)
		return fault_in(judgement, status);
	return customer.of_staff ? rule_ring(judgement, staff) : LGP_PROBLEM_NONE;
}

/* Who may act where, and for whom. */
static enum lgp_problem rule_staff(struct judgement *judgement, const struct lgp_record *staff)
{
	const struct lgp_entry *entry = judgement->entry;
	if (entry->business_date < staff->as.staff.active_from ||
	    entry->business_date >= staff->as.staff.active_until)
		return problem_at(judgement, LGP_PROBLEM_STAFF_INACTIVE, "staff");
	if (!lgp_staff_at_site(staff, entry->site) || !judge_token_at(judgement, entry->site))
		return problem_at(judgement, LGP_PROBLEM_SITE, "site");
	return rule_rewards(judgement, staff);
}

static enum lgp_problem find_money(struct judgement *judgement)
{
	const struct lgp_command *command = judgement->command;
	struct lgp_entry *entry = judgement->entry;
	entry->amount = command->amount;
	enum lgp_problem problem =
	        find_number(judgement, LGP_KIND_UNIT, &command->unit, 0, "unit", &entry->unit);
	if (problem == LGP_PROBLEM_NONE)
		problem = find_number(judgement, LGP_KIND_BUDGET, &command->budget,
		                      judgement->staff->as.staff.budget, "budget", &entry->budget);
	if (problem == LGP_PROBLEM_NONE && entry->budget == 0)
		return problem_at(judgement, LGP_PROBLEM_INVALID, "budget");
	return problem;
}

static enum lgp_problem rule_budget(struct judgement *judgement, const struct lgp_record *staff)
{
	const struct lgp_entry *entry = judgement->entry;
	const struct registry *registry = judgement->ledger->registry;
	const struct lgp_record *budget =
	        registry_get_kind(registry, LGP_KIND_BUDGET, entry->budget);
	const struct lgp_record *reason =
	        registry_get_kind(registry, LGP_KIND_REASON, entry->reason);
	if (!lgp_staff_has_budget(staff, entry->budget))
		return problem_at(judgement, LGP_PROBLEM_BUDGET, "budget");
	if (budget->as.budget.unit != entry->unit)
		return problem_at(judgement, LGP_PROBLEM_BUDGET_UNIT, "unit");
	if (reason->as.reason.kind == LGP_REASON_EARNED)
		return problem_at(judgement, LGP_PROBLEM_REASON_KIND, "reason");
	return LGP_PROBLEM_NONE;
}

static void take_payload(struct judgement *judgement)
{
	struct lgp_view payload = judgement->command->payload;
	if (payload.len > 0)
		memcpy(judgement->payload, payload.ptr, payload.len);
	judgement->payload_len = payload.len;
}

static enum lgp_problem rule_grant(struct judgement *judgement, const struct lgp_record *staff)
{
	enum lgp_problem problem = rule_staff(judgement, staff);
	return problem == LGP_PROBLEM_NONE ? rule_budget(judgement, staff) : problem;
}

/* A limit asks, and so does the caller: the grant waits, its amount set aside
 * and counted. */
static enum lgp_problem ask_instead(struct judgement *judgement)
{
	struct lgp_entry *entry = judgement->entry;
	char time[LGP_TIME_LEN];
	if (judgement->ledger->pending.count == LGP_PENDING_MAX)
		return LGP_PROBLEM_OVERLOADED;
	if (pending_of(&judgement->ledger->pending, entry->staff) >= LGP_PENDING_OF_ONE_MAX)
		return problem_at(judgement, LGP_PROBLEM_ASKS, "staff");
	judgement->field = NULL;
	entry->debit = LGP_CLASS_BUDGET;
	entry->credit = LGP_CLASS_RESERVED;
	enum lgp_problem problem = judge_funds(judgement, LGP_PROBLEM_INSUFFICIENT_BUDGET);
	if (problem != LGP_PROBLEM_NONE)
		return problem;
	entry->kind = LGP_KIND_ASK;
	judge_keep_binding(judgement);
	lgp_time_format(time, entry->time_us + LGP_PENDING_US);
	int len = snprintf(judgement->payload + judgement->payload_len,
	                   sizeof judgement->payload - judgement->payload_len, "expires %.*s\n",
	                   LGP_TIME_LEN, time);
	require(len > 0);
	judgement->payload_len += (size_t)len;
	return LGP_PROBLEM_NONE;
}

enum lgp_problem judge_grant(struct judgement *judgement)
{
	bool asks;
	take_payload(judgement);
	enum lgp_problem problem = find_common(judgement);
	if (problem == LGP_PROBLEM_NONE)
		problem = find_money(judgement);
	if (problem == LGP_PROBLEM_NONE)
		problem = rule_grant(judgement, judgement->staff);
	if (problem != LGP_PROBLEM_NONE)
		return problem;
	problem = judge_limits(judgement, NULL, &asks);
	if (asks && judgement->command->ask)
		return ask_instead(judgement);
	if (problem != LGP_PROBLEM_NONE)
		return problem;
	judgement->entry->debit = LGP_CLASS_BUDGET;
	judgement->entry->credit = LGP_CLASS_CUSTOMER;
	return judge_funds(judgement, LGP_PROBLEM_INSUFFICIENT_BUDGET);
}

enum lgp_problem judge_grant_again(struct judgement *judgement, const struct lgp_entry *ask)
{
	const struct lgp_record *staff =
	        registry_get_kind(judgement->ledger->registry, LGP_KIND_STAFF, ask->staff);
	require(staff != NULL); /* the ask was judged with it */
	return rule_grant(judgement, staff);
}

/* Who, where, out of what and in which unit; whom and what for may be open. */
enum lgp_problem judge_grant_lookup(struct judgement *judgement)
{
	const struct lgp_command *command = judgement->command;
	struct lgp_entry *entry = judgement->entry;
	enum lgp_problem problem = find_staff(judgement);
	if (problem == LGP_PROBLEM_NONE)
		problem = find_number(judgement, LGP_KIND_REASON, &command->reason, 0, "reason",
		                      &entry->reason);
	if (problem == LGP_PROBLEM_NONE)
		problem = find_number(judgement, LGP_KIND_SITE, &command->site,
		                      judgement->staff->as.staff.site, "site", &entry->site);
	if (problem == LGP_PROBLEM_NONE)
		problem = find_money(judgement);
	const struct lgp_record *budget =
	        registry_get_kind(judgement->ledger->registry, LGP_KIND_BUDGET, entry->budget);
	if (problem == LGP_PROBLEM_NONE && command->unit.len == 0)
		entry->unit = budget->as.budget.unit;
	return problem == LGP_PROBLEM_NONE ? judge_date(judgement) : problem;
}

enum lgp_problem judge_thanks(struct judgement *judgement)
{
	take_payload(judgement);
	judgement->entry->amount = judgement->command->amount; /* minutes */
	enum lgp_problem problem = find_common(judgement);
	return problem == LGP_PROBLEM_NONE ? rule_staff(judgement, judgement->staff) : problem;
}
