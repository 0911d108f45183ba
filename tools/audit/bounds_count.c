/* bounds_count: what grants and asks use of the limits, and what reversals give back.
 * Thread: one at a time. */
#include "tools/audit/bounds_internal.h"

#define WEEK_DAYS 7

struct change {
	struct bounds *bounds;
	const struct limit_case *of;
	const struct lgp_entry *counted;  /* an ask or a grant that is taken back, or NULL */
	const struct lgp_entry *reversal; /* by this, or NULL */
	const struct limit_case *giver;   /* for who approves: the grant as it is given, or NULL */
	int64_t amount, count;
};

static enum lgp_status count_incident(const struct change *change,
                                      const struct limit_version *version,
                                      const struct limit_case *of, const struct counter_place *used,
                                      int64_t count)
{
	struct counter incident;
	int64_t after, sum;
	bounds_incident_counter(version, of, &incident);
	int64_t before = counters_get(&change->bounds->counters, &incident);
	enum lgp_status status = counters_add(&change->bounds->counters, &incident, count, &after);
	if (status != LGP_OK || (before > 0) == (after > 0))
		return status;
	return counters_add_at(&change->bounds->counters, used, after > 0 ? 1 : -1, &sum);
}

/* An approval counts for who approves where it binds them, and their counter is
 * not the one that holds the grant already. */
static bool counts_for_person(const struct change *change, const struct limit_version *version,
                              const struct limit_case *of, const struct counter_place *place)
{
	struct limit_case given = *change->giver;
	struct counter_place held;
	given.week = of->week;
	return bounds_binds_person(version) &&
	       !(bounds_meets(version, &given) &&
	         bounds_used_place(change->bounds, version, &given, &held) &&
	         bounds_same_place(place, &held));
}

/* The newest of a shape that covers the moment, else the newest of the shape. */
static const struct limit_version *terms_of(const struct bounds *bounds,
                                            const struct limit_version *version,
                                            const struct lgp_entry *now)
{
	const struct limit_record *record = &bounds->list[version->record];
	const struct limit_version *newest = NULL;
	for (size_t i = 0; i < record->count; i++) {
		const struct limit_version *at = record->versions[i];
		bool covers = span_covers(&at->span, now->business_date, now->time_us);
		if (at->shape == version->shape &&
		    (covers || newest == NULL ||
		     !span_covers(&newest->span, now->business_date, now->time_us)))
			newest = at;
	}
	return newest;
}

/* What a reversal gives back: in the same period, by the terms of its moment. */
static void give_back(const struct change *change, const struct limit_version *version,
                      const struct counter_place *place, unsigned week, int64_t *amount,
                      int64_t *count)
{
	const struct limit_version *terms = terms_of(change->bounds, version, change->reversal);
	int32_t end = period_end(version->window, change->reversal->business_date, week);
	if (end != place->end || terms->gives_back == GIVES_NOTHING)
		*amount = 0;
	if (end != place->end || terms->gives_back != GIVES_AMOUNT_AND_COUNT)
		*count = 0;
}

static enum lgp_status change_period(const struct change *change,
                                     const struct limit_version *version,
                                     const struct limit_case *of, const struct counter_place *place)
{
	int64_t amount = change->amount, count = change->count, sum;
	if (counters_closed(&change->bounds->counters, place->end) ||
	    (change->giver != NULL && !counts_for_person(change, version, of, place)))
		return LGP_OK;
	if (change->reversal != NULL)
		give_back(change, version, place, of->week, &amount, &count);
	if (version->measure == MEASURE_INCIDENTS)
		return count == 0 || of->incident[0] == '\0'
		               ? LGP_OK
		               : count_incident(change, version, of, place, count);
	int64_t by = version->measure == MEASURE_AMOUNT ? amount : count;
	return by == 0 ? LGP_OK : counters_add_at(&change->bounds->counters, place, by, &sum);
}

/* Sites begin their weeks on different days, and what is counted for a customer
 * may be of several: a day is in seven weeks, and each site asks for its own. */
static enum lgp_status change_weeks(const struct change *change,
                                    const struct limit_version *version)
{
	struct counter_place place;
	struct limit_case of = *change->of;
	enum lgp_status status = LGP_OK;
	for (of.week = 0; of.week < WEEK_DAYS && status == LGP_OK; of.week++)
		if (bounds_used_place(change->bounds, version, &of, &place))
			status = change_period(change, version, &of, &place);
	return status;
}

static enum lgp_status change_version(void *context, const struct met *met)
{
	const struct change *change = context;
	const struct limit_version *version = met->version;
	if (!met->counts || (change->counted != NULL && version->shape > change->counted->seq))
		return LGP_OK; /* what it never counted it does not give back */
	return version->window == WINDOW_WEEK
	               ? change_weeks(change, version)
	               : change_period(change, version, change->of, &met->place);
}

static enum lgp_status change_all(const struct change *made, const struct lgp_entry *entry)
{
	struct limit_case of;
	struct change change = *made;
	if (change.bounds->versions == 0)
		return LGP_OK;
	bounds_case(change.bounds, entry, &of);
	change.of = &of;
	return bounds_each_planned(change.bounds, LIMITS_EACH_SHAPE, entry, &of, change_version,
	                           &change);
}

enum lgp_status bounds_count(struct bounds *bounds, const struct lgp_entry *entry)
{
	struct change change = {.bounds = bounds, .amount = entry->amount, .count = 1};
	return change_all(&change, entry);
}

enum lgp_status bounds_take_out(struct bounds *bounds, const struct lgp_entry *ask)
{
	struct change change = {
	        .bounds = bounds, .counted = ask, .amount = -ask->amount, .count = -1};
	return change_all(&change, ask);
}

enum lgp_status bounds_give_back(struct bounds *bounds, const struct lgp_entry *grant,
                                 const struct lgp_entry *reversal, bool whole)
{
	struct change change = {.bounds = bounds,
	                        .counted = grant,
	                        .reversal = reversal,
	                        .amount = -reversal->amount,
	                        .count = whole ? -1 : 0};
	return change_all(&change, grant);
}

enum lgp_status bounds_count_person(struct bounds *bounds, const struct lgp_entry *entry,
                                    uint64_t manager)
{
	struct limit_case given, of;
	struct change change = {
	        .bounds = bounds, .of = &of, .giver = &given, .amount = entry->amount, .count = 1};
	bounds_case(bounds, entry, &given);
	of = given;
	of.staff = manager;
	of.giver = GIVER_MANAGER;
	return bounds_each(bounds, LIMITS_EACH_SHAPE, &of, change_version, &change);
}
