/* ledger_limits: see ledger_limits.h.  Thread: one at a time. */
#include "tools/forensic/ledger_limits.h"

#include <stdio.h>
#include <stdlib.h>

#include "tools/forensic/ledger_facts.h"

static enum lgp_status no_memory(void)
{
	return lgp_fault(LGP_NO_MEMORY, "no memory for the limits' versions");
}

enum lgp_status ledger_limits_init(struct ledger_limits *limits)
{
	*limits = (struct ledger_limits){0};
	return slots_init(&limits->newest);
}

void ledger_limits_deinit(struct ledger_limits *limits)
{
	free(limits->versions);
	free(limits->limits);
	slots_deinit(&limits->newest);
}

/* ---- definitions ------------------------------------------------------------------------ */

/* What was in force before this entry is not any more. */
static void end_all(struct ledger_limits *limits, size_t newest, uint64_t seq)
{
	for (size_t at = newest; at != 0; at = limits->versions[at - 1].before) {
		struct limit_terms *version = &limits->versions[at - 1];
		if (version->ends != UINT64_MAX)
			return; /* and so are those before it */
		version->ends = seq;
	}
}

static bool make_room(struct ledger_limits *limits)
{
	if (limits->count < limits->room)
		return true;
	size_t room = limits->room == 0 ? 16 : limits->room * 2;
	struct limit_terms *more = reallocarray(limits->versions, room, sizeof *more);
	if (more == NULL)
		return false;
	limits->versions = more;
	limits->room = room;
	return true;
}

static bool note_limit(struct ledger_limits *limits, uint64_t limit)
{
	uint64_t *more =
	        reallocarray(limits->limits, limits->limit_count + 1, sizeof *limits->limits);
	if (more == NULL)
		return false;
	limits->limits = more;
	more[limits->limit_count++] = limit;
	return true;
}

enum lgp_status ledger_limits_define(struct ledger_limits *limits,
                                     const struct programme *programme,
                                     const struct lgp_entry *entry,
                                     const struct lgp_definition *definition)
{
	struct limit_version terms;
	if (!limit_version_read(programme, entry, definition, &terms) || terms.limit == UINT64_MAX)
		return lgp_fault(LGP_CORRUPT,
		                 "entry %llu: its definition refers to what is not there",
		                 (unsigned long long)entry->seq);
	struct slot *slot = slots_find(&limits->newest, terms.limit + 1, 0);
	if (limits->count == LEDGER_VERSIONS_MAX ||
	    (slot == NULL && limits->limit_count == LEDGER_LIMITS_MAX)) {
		limits->left_out++;
		return LGP_OK;
	}
	if (slot == NULL && note_limit(limits, terms.limit))
		slot = slots_put(&limits->newest, terms.limit + 1, 0);
	if (slot == NULL || !make_room(limits))
		return no_memory();
	if (span_for_ever(&terms.span))
		end_all(limits, (size_t)slot->number, entry->seq);
	limits->versions[limits->count++] = (struct limit_terms){.terms = terms,
	                                                         .actor = entry->actor,
	                                                         .time_us = entry->time_us,
	                                                         .date = entry->business_date,
	                                                         .ends = UINT64_MAX,
	                                                         .before = (size_t)slot->number};
	slot->number = limits->count;
	return LGP_OK;
}

void ledger_limits_end(struct ledger_limits *limits, const struct lgp_entry *entry)
{
	const struct slot *slot = entry->refers_to != UINT64_MAX
	                                  ? slots_find(&limits->newest, entry->refers_to + 1, 0)
	                                  : NULL;
	if (slot != NULL)
		end_all(limits, (size_t)slot->number, entry->seq);
}

/* ---- which one judged ----------------------------------------------------------------------- */

static bool meets(const struct limit_version *terms, const struct ledger_act *act)
{
	struct limit_case of = {
	        .giver = act->manager ? GIVER_MANAGER : GIVER_STAFF,
	        .staff = act->staff,
	        .site = act->site,
	        .budget = act->budget,
	        .reason = act->reason,
	        .unit = act->unit,
	};
	return bounds_meets(terms, &of);
}

const struct limit_terms *ledger_limits_judging(const struct ledger_limits *limits, uint64_t limit,
                                                const struct ledger_act *act)
{
	const struct slot *slot = slots_find(&limits->newest, limit + 1, 0);
	size_t at = slot != NULL ? (size_t)slot->number : 0;
	for (; at != 0; at = limits->versions[at - 1].before) {
		const struct limit_terms *version = &limits->versions[at - 1];
		if (version->terms.seq >= act->seq)
			continue;
		if (version->ends < act->seq)
			return NULL;
		if (span_covers(&version->terms.span, act->date, act->time_us))
			return meets(&version->terms, act) ? version : NULL;
	}
	return NULL;
}

const char *limit_words(const struct limit_version *terms, char out[LIMIT_WORDS_MAX])
{
	static const char *const per[] = {"grant", "guest and incident", "guest",
	                                  "staff", "staff and guest",    "site",
	                                  "budget"};
	static const char *const window[] = {"",           " a day",  " a week",  " a month",
	                                     " a quarter", " a year", " for life"};
	snprintf(out, LIMIT_WORDS_MAX, "per %s%s", per[terms->per], window[terms->window]);
	return out;
}
