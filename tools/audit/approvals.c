/* approvals: what was asked for, and who decided on it: terms, time, four eyes,
 * authority.
 * Thread: one at a time.
 * Memory: 8 bytes for each ask that waits. */
#include "tools/audit/decisions.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lagniappe/problem.h"
#include "tools/audit/kinds.h"
#include "tools/audit/text.h"

#define WAITS_US (INT64_C(72) * 3600 * 1000000)

/* ---- what waits -------------------------------------------------------------------------- */

static size_t place_of(const struct decisions *decisions, uint64_t seq)
{
	size_t low = 0, high = decisions->waiting_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (decisions->waiting[middle] < seq)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool approvals_waiting(const struct decisions *decisions, uint64_t seq)
{
	size_t at = place_of(decisions, seq);
	return at < decisions->waiting_count && decisions->waiting[at] == seq;
}

enum lgp_status approvals_wait(struct decisions *decisions, const struct lgp_entry *ask)
{
	if (decisions->waiting_count == decisions->waiting_room) {
		size_t room = decisions->waiting_room == 0 ? 64 : decisions->waiting_room * 2;
		uint64_t *more = realloc(decisions->waiting, room * sizeof *more);
		if (more == NULL)
			return lgp_fault(LGP_NO_MEMORY, "no memory for the asks that wait");
		decisions->waiting = more;
		decisions->waiting_room = room;
	}
	/* Entries are judged in the order of their numbers. */
	decisions->waiting[decisions->waiting_count++] = ask->seq;
	return LGP_OK;
}

static void remove_waiting(struct decisions *decisions, uint64_t seq)
{
	size_t at = place_of(decisions, seq);
	decisions->waiting_count--;
	memmove(&decisions->waiting[at], &decisions->waiting[at + 1],
	        (decisions->waiting_count - at) * sizeof decisions->waiting[0]);
}

/* ---- the ask ------------------------------------------------------------------------------- */

bool approvals_decides(const struct lgp_entry *entry)
{
	enum lgp_kind kind = kind_meant(entry);
	return kind == LGP_KIND_DECLINE || kind == LGP_KIND_LAPSE ||
	       (kind == LGP_KIND_GRANT && entry->refers_to != 0);
}

bool approvals_ask(struct decisions *decisions, const struct lgp_entry *entry,
                   struct lgp_entry *ask)
{
	uint8_t bytes[LGP_ENTRY_LEN];
	if (entry->refers_to >= entry->seq)
		return false; /* said by RULE_REFERS_TO */
	enum lgp_status status = door_entry(decisions->door, entry->refers_to, bytes);
	if (status == LGP_OK)
		status = lgp_entry_decode(bytes, ask);
	if (status == LGP_OK && ask->kind == LGP_KIND_ASK) {
		ask->seq = entry->refers_to;
		return true;
	}
	finding_entry(decisions->findings, RULE_APPROVAL, entry->seq,
	              "it decides on entry %" PRIu64 ", which is %s%s", entry->refers_to,
	              status == LGP_OK ? "a " : "no ask",
	              status == LGP_OK ? lgp_kind_name(ask->kind) : " that can be read");
	return false;
}

/* ---- terms ----------------------------------------------------------------------------------- */

static void judge_terms(struct decisions *decisions, const struct lgp_entry *entry,
                        const struct lgp_entry *ask)
{
	for (enum field field = FIELD_STAFF; field < FIELD_COUNT; field++)
		if (field_value(entry, field) != field_value(ask, field))
			finding_entry(decisions->findings, RULE_APPROVAL, entry->seq,
			              "its %s is %" PRIu64 ", that of the ask %" PRIu64
			              " is %" PRIu64,
			              field_name(field), field_value(entry, field), ask->seq,
			              field_value(ask, field));
	if (entry->amount != ask->amount)
		finding_entry(decisions->findings, RULE_APPROVAL, entry->seq,
		              "its amount is %" PRId64 ", that of the ask %" PRIu64 " is %" PRId64,
		              entry->amount, ask->seq, ask->amount);
	if (memcmp(entry->incident, ask->incident, sizeof ask->incident) != 0)
		finding_entry(decisions->findings, RULE_APPROVAL, entry->seq,
		              "its incident is not that of the ask %" PRIu64, ask->seq);
}

static void judge_lapse(struct decisions *decisions, const struct lgp_entry *entry,
                        const struct lgp_entry *ask)
{
	char end[MOMENT_MAX], time[MOMENT_MAX];
	if (entry->time_us - WAITS_US < ask->time_us)
		finding_entry(decisions->findings, RULE_LAPSE, entry->seq,
		              "the ask %" PRIu64 " lapses at %s, it may wait until %s", ask->seq,
		              moment_text(entry->time_us, time),
		              moment_text(ask->time_us + WAITS_US, end));
	if (entry->actor != 0)
		finding_entry(decisions->findings, RULE_LAPSE, entry->seq,
		              "the actor %" PRIu64 " lets the ask %" PRIu64
		              " lapse, which is the house's to do",
		              entry->actor, ask->seq);
}

/* That it is decided once, and while it waits. */
static bool judge_wait(struct decisions *decisions, const struct lgp_entry *entry,
                       const struct lgp_entry *ask)
{
	char end[MOMENT_MAX];
	if (!approvals_waiting(decisions, ask->seq)) {
		finding_entry(decisions->findings, RULE_ASK_ENDED, entry->seq,
		              "it decides on the ask %" PRIu64 ", which was decided before",
		              ask->seq);
		return false;
	}
	if (entry->kind == LGP_KIND_LAPSE)
		judge_lapse(decisions, entry, ask);
	else if (entry->time_us - WAITS_US >= ask->time_us)
		finding_entry(decisions->findings, RULE_ASK_ENDED, entry->seq,
		              "it decides on the ask %" PRIu64 ", whose time was over at %s",
		              ask->seq, moment_text(ask->time_us + WAITS_US, end));
	remove_waiting(decisions, ask->seq);
	return true;
}

/* ---- four eyes ----------------------------------------------------------------------------------- */

static bool delegation_runs(const struct delegation *delegation, const struct lgp_entry *entry)
{
	return !delegation->ended &&
	       span_covers(&delegation->span, entry->business_date, entry->time_us);
}

/* Whether `who` acts for who asked, at the moment of the entry, in whatever matter. */
static bool acts_for_asker(const struct decisions *decisions, const struct lgp_entry *entry,
                           const struct lgp_entry *ask, uint64_t who)
{
	const struct programme *programme = &decisions->programme;
	for (size_t i = 0; i < programme->delegation_count; i++) {
		const struct delegation *at = &programme->delegations[i];
		if (at->to == who && at->from == ask->staff && delegation_runs(at, entry))
			return true;
	}
	return false;
}

/* Why the actor is not another than who asked; NULL: they are. */
static const char *not_another(const struct decisions *decisions, const struct lgp_entry *entry,
                               const struct lgp_entry *ask)
{
	if (entry->actor == ask->actor)
		return "asked for it";
	if (entry->actor == ask->staff)
		return "is in whose name it was asked for";
	return acts_for_asker(decisions, entry, ask, entry->actor) ? "acts for who asked for it"
	                                                           : NULL;
}

static void judge_four_eyes(struct decisions *decisions, const struct lgp_entry *entry,
                            const struct lgp_entry *ask)
{
	const char *why = not_another(decisions, entry, ask);
	const struct staff *who = programme_staff(&decisions->programme, entry->actor);
	if (why == NULL && who != NULL && programme_own(&decisions->programme, who, ask->customer))
		why = "is the customer, or lives with them";
	if (why != NULL)
		finding_entry(decisions->findings, RULE_FOUR_EYES, entry->seq,
		              "the actor %" PRIu64 " approves the ask %" PRIu64 ", and %s",
		              entry->actor, ask->seq, why);
}

/* ---- authority ------------------------------------------------------------------------------------ */

static bool delegation_covers(const struct delegation *delegation, const struct lgp_entry *entry)
{
	return delegation_runs(delegation, entry) && delegation->unit == entry->unit &&
	       entry->amount <= delegation->ceiling &&
	       (delegation->site == 0 || delegation->site == entry->site) &&
	       (delegation->budget == 0 || delegation->budget == entry->budget) &&
	       (delegation->reason == 0 || delegation->reason == entry->reason);
}

/* Why this manager's own authority does not suffice; NULL: it does. */
static const char *beyond(const struct decisions *decisions, const struct lgp_entry *entry,
                          const struct lgp_entry *ask, uint64_t manager)
{
	struct limit_verdict verdict;
	const struct staff *staff = programme_staff(&decisions->programme, manager);
	if (staff == NULL || !staff_manages(staff, ask->site, entry->business_date))
		return "is no manager of the site on that day";
	bounds_judge_person(&decisions->bounds, entry, ask, manager, &verdict);
	return verdict.exceeded ? "has limits that it passes" : NULL;
}

static bool acts(const struct decisions *decisions, const struct lgp_entry *entry)
{
	const struct staff *who = programme_staff(&decisions->programme, entry->actor);
	return who != NULL && staff_active(who, entry->business_date);
}

/* Why the actor may not use the authority of `manager`; NULL: they may. */
static const char *may_not(const struct decisions *decisions, const struct lgp_entry *entry,
                           const struct lgp_entry *ask, uint64_t manager)
{
	const struct programme *programme = &decisions->programme;
	bool covered = false;
	if (!acts(decisions, entry))
		return "lends it to who does not work on that day";
	if (manager == entry->actor)
		return programme_holds(programme, manager, ROLE_BIT(ROLE_MANAGER), 0,
		                       entry->time_us)
		               ? beyond(decisions, entry, ask, manager)
		               : "has no manager's token";
	for (size_t i = 0; i < programme->delegation_count && !covered; i++) {
		const struct delegation *at = &programme->delegations[i];
		covered = at->to == entry->actor && at->from == manager &&
		          delegation_covers(at, entry);
	}
	if (!covered)
		return "delegated no such decision to the actor";
	const struct staff *giver = programme_staff(programme, manager);
	if (giver != NULL && programme_own(programme, giver, ask->customer))
		return "is the customer, or lives with them";
	if (acts_for_asker(decisions, entry, ask, manager))
		return "acts for who asked for it";
	return manager == ask->staff ? "asked for it" : beyond(decisions, entry, ask, manager);
}

/* Whether any delegation to the actor lets them decide. */
static bool delegated(const struct decisions *decisions, const struct lgp_entry *entry,
                      const struct lgp_entry *ask)
{
	const struct programme *programme = &decisions->programme;
	for (size_t i = 0; i < programme->delegation_count; i++) {
		const struct delegation *at = &programme->delegations[i];
		if (at->to == entry->actor && at->from != entry->actor &&
		    may_not(decisions, entry, ask, at->from) == NULL)
			return true;
	}
	return false;
}

/* "authority ID": in whose authority the approval is. */
static uint64_t authority_of(struct decisions *decisions, const struct lgp_entry *entry)
{
	struct lgp_view text = decisions_payload(decisions, entry);
	if (text.ptr == NULL && (entry->flags & LGP_FLAG_PAYLOAD) != 0) {
		decisions_lose(decisions, entry->seq, "its authority cannot be read");
		return 0;
	}
	struct lgp_view id = text_line(text, "authority");
	uint64_t number = programme_find(&decisions->programme, LGP_KIND_STAFF, id);
	if (number == 0 && !decisions->lost)
		finding_entry(decisions->findings, RULE_AUTHORITY, entry->seq,
		              "it names nobody in whose authority it approves");
	return number;
}

static void judge_authority(struct decisions *decisions, const struct lgp_entry *entry,
                            const struct lgp_entry *ask, uint64_t authority)
{
	if (authority == 0 || decisions->lost)
		return;
	const char *why = may_not(decisions, entry, ask, authority);
	if (why != NULL)
		finding_entry(decisions->findings, RULE_AUTHORITY, entry->seq,
		              "the actor %" PRIu64 " approves %" PRId64
		              " in the authority of %" PRIu64 ", who %s",
		              entry->actor, entry->amount, authority, why);
}

/* Who asked, in whose name it was asked, and who could have approved. */
static bool may_decline(const struct decisions *decisions, const struct lgp_entry *entry,
                        const struct lgp_entry *ask)
{
	const struct staff *who = programme_staff(&decisions->programme, entry->actor);
	return entry->actor == ask->actor || entry->actor == ask->staff ||
	       (who != NULL && staff_manages(who, ask->site, entry->business_date)) ||
	       delegated(decisions, entry, ask);
}

void approvals_judge(struct decisions *decisions, const struct lgp_entry *entry,
                     const struct lgp_entry *ask, bool *waited, uint64_t *authority)
{
	*authority = 0;
	judge_terms(decisions, entry, ask);
	*waited = judge_wait(decisions, entry, ask);
	if (entry->kind == LGP_KIND_GRANT) {
		*authority = authority_of(decisions, entry);
		judge_four_eyes(decisions, entry, ask);
		judge_authority(decisions, entry, ask, *authority);
	} else if (entry->kind == LGP_KIND_DECLINE && !decisions->lost &&
	           !may_decline(decisions, entry, ask)) {
		finding_entry(decisions->findings, RULE_AUTHORITY, entry->seq,
		              "the actor %" PRIu64 " declines the ask %" PRIu64
		              ", did not ask for it, and has no authority over it",
		              entry->actor, ask->seq);
	}
}

/* ---- refusals ---------------------------------------------------------------------------------- */

static bool had_authority(const struct decisions *decisions, const struct lgp_entry *entry,
                          const struct lgp_entry *ask)
{
	return entry->asked == LGP_KIND_DECLINE
	               ? may_decline(decisions, entry, ask)
	               : may_not(decisions, entry, ask, entry->actor) == NULL ||
	                         delegated(decisions, entry, ask);
}

bool approvals_forgets(const struct lgp_entry *refusal)
{
	return refusal->customer == 0;
}

bool approvals_refusal_holds(const struct decisions *decisions, const struct lgp_entry *entry,
                             const struct lgp_entry *ask)
{
	/* The decision that was refused, on the terms that the refusal may not tell. */
	struct lgp_entry decision = *ask;
	decision.asked = entry->asked;
	decision.actor = entry->actor;
	decision.time_us = entry->time_us;
	decision.business_date = entry->business_date;
	bool waits = approvals_waiting(decisions, ask->seq);
	if (entry->code == LGP_PROBLEM_DECIDED)
		return !waits;
	if (!waits)
		return false;
	if (entry->code == LGP_PROBLEM_FOUR_EYES)
		return not_another(decisions, &decision, ask) != NULL;
	if (entry->code == LGP_PROBLEM_AUTHORITY)
		return !had_authority(decisions, &decision, ask);
	return true;
}

/* ---- delegations ---------------------------------------------------------------------------------- */

/* Authority is given and taken back by who has it. */
void approvals_delegation(struct decisions *decisions, const struct lgp_entry *entry)
{
	bool makes = entry->kind == LGP_KIND_DELEGATION;
	const struct delegation *delegation =
	        programme_delegation(&decisions->programme, makes ? entry->seq : entry->refers_to);
	if (delegation != NULL && delegation->from != entry->actor && !decisions->lost)
		finding_entry(decisions->findings, RULE_AUTHORITY, entry->seq,
		              "the actor %" PRIu64 " %s a delegation of the authority of %" PRIu64,
		              entry->actor, makes ? "makes" : "ends", delegation->from);
}
