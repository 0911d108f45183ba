/* judge_approval: who decides on what was asked for, and when its time is over.
 * Thread: ledger thread only.
 * Upholds I6: nobody decides who asked, or who acts for them, or who has not
 * the authority at that moment. */
#include "judge.h"

#include "lagniappe/codec.h"

#include <stdio.h>
#include <string.h>

/* ---- what was asked for ------------------------------------------------------------ */

static enum lgp_problem find_ask(struct judgement *judgement, struct lgp_entry *ask)
{
	struct lgp_ledger *ledger = judgement->ledger;
	uint64_t seq = judgement->command->refers_to;
	enum lgp_status status =
	        seq < ledger->now.size ? batch_find(ledger, seq, ask) : LGP_MISSING;
	if (status == LGP_MISSING || (status == LGP_OK && ask->kind != LGP_KIND_ASK))
		return problem_at(judgement, LGP_PROBLEM_NOT_FOUND, "seq");
	return status == LGP_OK ? LGP_PROBLEM_NONE : fault_in(judgement, status);
}

static void copy_ask(struct lgp_entry *entry, const struct lgp_entry *ask)
{
	entry->staff = ask->staff;
	entry->customer = ask->customer;
	entry->site = ask->site;
	entry->budget = ask->budget;
	entry->reason = ask->reason;
	entry->touchpoint = ask->touchpoint;
	entry->unit = ask->unit;
	entry->amount = ask->amount;
	entry->flags |= ask->flags & LGP_FLAG_MANAGER;
	memcpy(entry->incident, ask->incident, sizeof entry->incident);
}

/* ---- authority --------------------------------------------------------------------- */

static bool active(const struct lgp_record *staff, int32_t date)
{
	return date >= staff->as.staff.active_from && date < staff->as.staff.active_until;
}

static bool is_manager_at(const struct lgp_record *staff, uint64_t site, int32_t date)
{
	return staff != NULL && staff->as.staff.role == LGP_ROLE_MANAGER && active(staff, date) &&
	       lgp_staff_at_site(staff, site);
}

static bool delegation_covers(const struct lgp_record *delegation, const struct lgp_entry *entry)
{
	return !delegation->as.delegation.ended &&
	       span_holds(&delegation->as.delegation.span, entry->business_date, entry->time_us) &&
	       delegation->as.delegation.unit == entry->unit &&
	       entry->amount <= delegation->as.delegation.ceiling &&
	       (delegation->as.delegation.site == 0 ||
	        delegation->as.delegation.site == entry->site) &&
	       (delegation->as.delegation.budget == 0 ||
	        delegation->as.delegation.budget == entry->budget) &&
	       (delegation->as.delegation.reason == 0 ||
	        delegation->as.delegation.reason == entry->reason);
}

static bool delegation_runs(const struct lgp_record *delegation, const struct lgp_entry *entry)
{
	return !delegation->as.delegation.ended &&
	       span_holds(&delegation->as.delegation.span, entry->business_date, entry->time_us);
}

/* Whether `to` acts for `from` at this moment, in whatever matter. */
static bool acts_for(struct judgement *judgement, uint64_t to, uint64_t from)
{
	const struct registry *registry = judgement->ledger->registry;
	const struct lgp_record *at;
	for (size_t i = 0; (at = registry_delegation(registry, to, i)) != NULL; i++)
		if (at->as.delegation.to == to && at->as.delegation.from == from &&
		    delegation_runs(at, judgement->entry))
			return true;
	return false;
}

/* Delegated authority is the lesser of the two: the ceiling, and what the
 * giver may, who must be one who could decide: neither who asked nor who acts for
 * them.  It ends with the giver's, and who has it does not pass it on, for only
 * managers' own authority is looked at. */
static enum lgp_problem find_delegated(struct judgement *judgement, const struct lgp_entry *ask,
                                       uint64_t *authority)
{
	const struct registry *registry = judgement->ledger->registry;
	const struct lgp_record *at;
	uint64_t who = judgement->staff->number;
	for (size_t i = 0; (at = registry_delegation(registry, who, i)) != NULL; i++) {
		const struct lgp_record *giver =
		        registry_get_kind(registry, LGP_KIND_STAFF, at->as.delegation.from);
		if (at->as.delegation.to != who || !delegation_covers(at, judgement->entry) ||
		    giver->number == ask->staff || acts_for(judgement, giver->number, ask->staff) ||
		    judge_own(judgement, giver, ask->customer) ||
		    !is_manager_at(giver, ask->site, judgement->entry->business_date))
			continue;
		enum lgp_problem problem = judge_authority(judgement, ask, giver->number);
		if (problem == LGP_PROBLEM_AUTHORITY)
			continue;
		*authority = giver->number;
		return problem;
	}
	return problem_at(judgement, LGP_PROBLEM_AUTHORITY, "seq");
}

static enum lgp_problem find_authority(struct judgement *judgement, const struct lgp_entry *ask,
                                       uint64_t *authority)
{
	const struct lgp_record *who = judgement->staff;
	if (who == NULL || !active(who, judgement->entry->business_date) ||
	    !judge_token_at(judgement, ask->site))
		return problem_at(judgement, LGP_PROBLEM_AUTHORITY, "seq");
	if (judgement->token->as.token.role == LGP_ROLE_MANAGER &&
	    is_manager_at(who, ask->site, judgement->entry->business_date)) {
		enum lgp_problem problem = judge_authority(judgement, ask, who->number);
		*authority = who->number;
		if (problem != LGP_PROBLEM_AUTHORITY)
			return problem;
	}
	return find_delegated(judgement, ask, authority);
}

/* I6. */
static enum lgp_problem rule_four_eyes(struct judgement *judgement, const struct lgp_entry *ask)
{
	const struct lgp_record *who = judgement->staff;
	if (judgement->entry->actor == ask->actor ||
	    (who != NULL &&
	     (who->number == ask->staff || acts_for(judgement, who->number, ask->staff))))
		return problem_at(judgement, LGP_PROBLEM_FOUR_EYES, "seq");
	if (who != NULL && judge_own(judgement, who, ask->customer))
		return problem_at(judgement, LGP_PROBLEM_SELF_GRANT, "customer");
	return LGP_PROBLEM_NONE;
}

/* ---- deciding ------------------------------------------------------------------------ */

static enum lgp_problem begin(struct judgement *judgement, struct lgp_entry *ask)
{
	enum lgp_problem problem = find_ask(judgement, ask);
	if (problem != LGP_PROBLEM_NONE)
		return problem;
	copy_ask(judgement->entry, ask);
	problem = judge_date(judgement);
	if (problem == LGP_PROBLEM_NONE && !pending_holds(&judgement->ledger->pending, ask->seq))
		return problem_at(judgement, LGP_PROBLEM_DECIDED, "seq");
	return problem;
}

static void name_authority(struct judgement *judgement, uint64_t authority)
{
	const struct lgp_record *staff =
	        registry_get_kind(judgement->ledger->registry, LGP_KIND_STAFF, authority);
	int len = snprintf(judgement->payload, sizeof judgement->payload, "authority %.*s\n",
	                   staff->id.len, staff->id.text);
	require(len > 0);
	judgement->payload_len = (size_t)len;
}

enum lgp_status approval_authority(const struct lgp_ledger *ledger, const struct lgp_entry *entry,
                                   struct lgp_view payload, uint64_t *authority)
{
	const struct lgp_view prefix = LGP_VIEW("authority ");
	const char *end = payload.len > 0 ? memchr(payload.ptr, '\n', payload.len) : NULL;
	if (end == NULL || payload.len <= prefix.len ||
	    memcmp(payload.ptr, prefix.ptr, prefix.len) != 0)
		return lgp_fault(LGP_CORRUPT, "entry %llu: it names no authority for its approval",
		                 (unsigned long long)entry->seq);
	struct lgp_view id = {payload.ptr + prefix.len, (size_t)(end - payload.ptr) - prefix.len};
	const struct lgp_record *staff = registry_find(ledger->registry, LGP_KIND_STAFF, id);
	if (staff == NULL)
		return lgp_fault(LGP_CORRUPT, "entry %llu: its authority is nobody",
		                 (unsigned long long)entry->seq);
	*authority = staff->number;
	return LGP_OK;
}

/* Whether an ask is anything to who wants to decide on it. */
static bool concerns(const struct judgement *judgement, const struct lgp_entry *ask)
{
	const struct lgp_record *who = judgement->staff;
	return judgement->entry->actor == ask->actor ||
	       (who != NULL && (who->number == ask->staff ||
	                        (is_manager_at(who, ask->site, judgement->entry->business_date) &&
	                         judge_token_at(judgement, ask->site))));
}

/* A refusal tells a stranger nothing of the ask. */
static enum lgp_problem refuse(struct judgement *judgement, const struct lgp_entry *ask,
                               enum lgp_problem problem)
{
	if (lgp_problem_recorded(problem) && !concerns(judgement, ask)) {
		judge_forget(judgement);
		judgement->binding = (struct lgp_limit_use){0};
	}
	return problem;
}

static enum lgp_problem judge_again(struct judgement *judgement, const struct lgp_entry *ask,
                                    uint64_t *authority)
{
	enum lgp_problem problem = rule_four_eyes(judgement, ask);
	if (problem == LGP_PROBLEM_NONE)
		problem = find_authority(judgement, ask, authority);
	if (problem != LGP_PROBLEM_NONE)
		return problem;
	judgement->binding = (struct lgp_limit_use){0}; /* a delegation went past their own */
	return judge_grant_again(judgement, ask);
}

/* Everything is judged again, at this moment; what asks is what is decided here. */
enum lgp_problem judge_approval(struct judgement *judgement)
{
	struct lgp_entry ask = {0};
	uint64_t authority = 0;
	bool asks;
	enum lgp_problem problem = begin(judgement, &ask);
	if (problem == LGP_PROBLEM_NONE)
		problem = judge_again(judgement, &ask, &authority);
	if (problem != LGP_PROBLEM_NONE)
		return refuse(judgement, &ask, problem);
	problem = judge_limits(judgement, &ask, &asks);
	if (problem != LGP_PROBLEM_NONE && !asks)
		return problem;
	judgement->entry->debit = LGP_CLASS_RESERVED;
	judgement->entry->credit = LGP_CLASS_CUSTOMER;
	name_authority(judgement, authority);
	return judge_funds(judgement, LGP_PROBLEM_INSUFFICIENT_BUDGET);
}

/* Who may approve may decline; who asked may withdraw. */
enum lgp_problem judge_decline(struct judgement *judgement)
{
	struct lgp_entry ask = {0};
	uint64_t authority;
	enum lgp_problem problem = begin(judgement, &ask);
	if (problem == LGP_PROBLEM_NONE && judgement->entry->actor != ask.actor &&
	    !concerns(judgement, &ask))
		problem = find_authority(judgement, &ask, &authority);
	if (problem != LGP_PROBLEM_NONE)
		return refuse(judgement, &ask, problem);
	judgement->entry->debit = LGP_CLASS_RESERVED;
	judgement->entry->credit = LGP_CLASS_BUDGET;
	return LGP_PROBLEM_NONE;
}

/* ---- time ----------------------------------------------------------------------------- */

static enum lgp_status lapse_one(struct lgp_ledger *ledger, uint64_t seq, int64_t time_us)
{
	struct lgp_entry ask;
	struct lgp_entry entry = {.kind = LGP_KIND_LAPSE,
	                          .time_us = batch_time(ledger, time_us),
	                          .refers_to = seq,
	                          .debit = LGP_CLASS_RESERVED,
	                          .credit = LGP_CLASS_BUDGET};
	enum lgp_status status = batch_find(ledger, seq, &ask);
	if (status != LGP_OK)
		return status;
	copy_ask(&entry, &ask);
	struct judgement judgement = {.ledger = ledger, .entry = &entry};
	if (judge_date(&judgement) != LGP_PROBLEM_NONE)
		return judgement.status;
	return batch_add(ledger, &entry, (struct lgp_view){NULL, 0}, false);
}

enum lgp_status lgp_lapse(struct lgp_ledger *ledger, int64_t time_us, bool *any)
{
	enum lgp_status status = LGP_OK;
	*any = false;
	/* All wait equally long, so the first of the list is the first to lapse. */
	while (status == LGP_OK && ledger->pending.count > 0 && !lgp_batch_full(ledger) &&
	       ledger->pending.list[0].until_us <= batch_time(ledger, time_us)) {
		status = lapse_one(ledger, ledger->pending.list[0].seq, time_us);
		*any = true;
	}
	return status;
}
