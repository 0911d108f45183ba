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

static unsigned choice(const struct lgp_definition *definition, const char *field,
                       const char *choices)
{
	struct lgp_view value = lgp_definition_get(definition, field);
	int index = value.ptr != NULL ? lgp_choice_index(choices, value) : 0;
	require(index >= 0); /* its form was checked */
	return (unsigned)index;
}

static bool scope_of(const struct programme *programme, const struct lgp_definition *definition,
                     struct limit_version *out)
{
	struct lgp_view role = lgp_definition_get(definition, "scope.role");
	if (role.ptr != NULL)
		out->giver =
		        lgp_view_equal(role, LGP_VIEW("manager")) ? GIVER_MANAGER : GIVER_STAFF;
	return programme_refer(programme, definition, "scope.staff", LGP_KIND_STAFF, &out->staff) &&
	       programme_refer(programme, definition, "scope.site", LGP_KIND_SITE, &out->site) &&
	       programme_refer(programme, definition, "scope.budget", LGP_KIND_BUDGET,
	                       &out->budget) &&
	       programme_refer(programme, definition, "scope.reason", LGP_KIND_REASON,
	                       &out->reason) &&
	       programme_refer(programme, definition, "unit", LGP_KIND_UNIT, &out->unit);
}

static bool read_terms(const struct programme *programme, const struct lgp_entry *entry,
                       const struct lgp_definition *definition, struct limit_version *out)
{
	*out = (struct limit_version){
	        .seq = entry->seq,
	        .limit = (entry->flags & LGP_FLAG_AMEND) != 0 ? entry->refers_to : entry->seq,
	        .measure = (enum measure)choice(definition, "measure", LGP_MEASURE_CHOICES),
	        .per = (enum per)choice(definition, "per", LGP_PER_CHOICES),
	        .window = (enum window)choice(definition, "window", LGP_WINDOW_CHOICES),
	        .asks = choice(definition, "when_passed", LGP_WHEN_PASSED_CHOICES) == 1,
	        .max = (int64_t)definition_number(definition, "max"),
	};
	return out->limit != UINT64_MAX && span_of(definition, &out->span) &&
	       scope_of(programme, definition, out);
}

static bool for_ever(const struct span *span)
{
	return span->from_day == INT32_MIN && span->from_us == INT64_MIN &&
	       span->until_day == INT32_MAX && span->until_us == INT64_MAX;
}

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
	if (!read_terms(programme, entry, definition, &terms))
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
	if (for_ever(&terms.span))
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
	enum giver giver = act->manager ? GIVER_MANAGER : GIVER_STAFF;
	return (terms->giver == GIVER_ANY || terms->giver == giver) &&
	       (terms->staff == 0 || terms->staff == act->staff) &&
	       (terms->site == 0 || terms->site == act->site) &&
	       (terms->budget == 0 || terms->budget == act->budget) &&
	       (terms->reason == 0 || terms->reason == act->reason) &&
	       (terms->unit == 0 || terms->unit == act->unit);
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
