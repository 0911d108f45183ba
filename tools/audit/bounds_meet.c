/* bounds_meet: which versions meet a case, by which counters they go, and the plans
 * that remember both for an entry that is judged and counted soon.
 * Thread: one at a time. */
#include "tools/audit/bounds_internal.h"

/* ---- matching -------------------------------------------------------------------------------- */

void bounds_case(const struct bounds *bounds, const struct lgp_entry *entry, struct limit_case *out)
{
	*out = (struct limit_case){
	        .giver = (entry->flags & LGP_FLAG_MANAGER) != 0 ? GIVER_MANAGER : GIVER_STAFF,
	        .staff = entry->staff,
	        .site = entry->site,
	        .budget = entry->budget,
	        .reason = entry->reason,
	        .unit = entry->unit,
	        .customer = entry->customer,
	        .amount = entry->amount,
	        .date = entry->business_date,
	        .time_us = entry->time_us,
	        .week = bounds->weekly > 0 ? programme_week(bounds->programme, entry->site) : 0,
	        .incident = entry->incident,
	};
}

/* The newest version that covers the moment; NULL: none does. */
static const struct limit_version *judging(const struct limit_record *record,
                                           const struct limit_case *of)
{
	for (size_t i = record->count; i-- > 0;)
		if (span_covers(&record->versions[i]->span, of->date, of->time_us))
			return record->versions[i];
	return NULL;
}

/* A shape is known by its first version. */
static bool first_of_shape(const struct limit_record *record, const struct limit_version *version)
{
	size_t i = 0;
	while (record->versions[i]->shape != version->shape)
		i++;
	return record->versions[i] == version;
}

/* ---- counters -------------------------------------------------------------------------------- */

static void counter_for(const struct limit_version *version, const struct limit_case *of, char what,
                        struct counter *out)
{
	*out = (struct counter){.end = period_end(version->window, of->date, of->week),
	                        .what = what,
	                        .shape = version->shape};
}

/* What the version goes by.  False: it does not count, or the case lacks that. */
static bool used_counter(const struct limit_version *version, const struct limit_case *of,
                         struct counter *out)
{
	counter_for(version, of, 'C', out);
	switch (version->per) {
	case PER_CUSTOMER_INCIDENT:
		out->first = of->customer;
		incident_name(of->incident, out->incident);
		return of->customer != 0 && of->incident[0] != '\0';
	case PER_CUSTOMER:
		out->first = of->customer;
		return of->customer != 0;
	case PER_STAFF:
		out->first = of->staff;
		return true;
	case PER_STAFF_CUSTOMER:
		out->first = of->staff;
		out->second = of->customer;
		return of->customer != 0;
	case PER_SITE:
		out->first = of->site;
		return true;
	case PER_BUDGET:
		out->first = of->budget;
		return true;
	default:
		return false;
	}
}

void bounds_incident_counter(const struct limit_version *version, const struct limit_case *of,
                             struct counter *out)
{
	counter_for(version, of, 'I', out);
	out->first = of->customer;
	incident_name(of->incident, out->incident);
}

bool bounds_used_place(const struct bounds *bounds, const struct limit_version *version,
                       const struct limit_case *of, struct counter_place *out)
{
	struct counter counter;
	bool counts = used_counter(version, of, &counter);
	if (counts)
		counters_place(&bounds->counters, &counter, out);
	return counts;
}

/* ---- all that meet a case -------------------------------------------------------------------- */

static enum lgp_status visit_one(enum limits_which which, const struct met *met, limit_visit visit,
                                 void *context)
{
	bool asked_for =
	        which == LIMITS_ALL || (which == LIMITS_THAT_JUDGE ? met->judges : met->first);
	return asked_for ? visit(context, met) : LGP_OK;
}

static enum lgp_status each_in(const struct bounds *bounds, enum limits_which which, uint64_t by,
                               uint64_t number, const struct limit_case *of, limit_visit visit,
                               void *context)
{
	struct limit_version *const *head = bounds_head(bounds, by, number);
	enum lgp_status status = LGP_OK;
	const struct limit_version *at = head != NULL ? *head : NULL;
	for (; at != NULL && status == LGP_OK; at = at->next) {
		const struct limit_record *record = &bounds->list[at->record];
		if (!bounds_meets(at, of))
			continue;
		struct met met = {.version = at,
		                  .judges = judging(record, of) == at,
		                  .first = first_of_shape(record, at)};
		met.counts = bounds_used_place(bounds, at, of, &met.place);
		status = visit_one(which, &met, visit, context);
	}
	return status;
}

enum lgp_status bounds_each(const struct bounds *bounds, enum limits_which which,
                            const struct limit_case *of, limit_visit visit, void *context)
{
	const struct {
		uint64_t by, number;
	} chains[] = {{BY_STAFF, of->staff}, {BY_BUDGET, of->budget}, {BY_REASON, of->reason},
	              {BY_SITE, of->site},   {BY_GIVER, of->giver},   {BY_NOTHING, 0}};
	enum lgp_status status = LGP_OK;
	for (size_t i = 0; i < sizeof chains / sizeof chains[0] && status == LGP_OK; i++)
		if (bounds->chained[chains[i].by] > 0)
			status = each_in(bounds, which, chains[i].by, chains[i].number, of, visit,
			                 context);
	return status;
}

/* ---- plans ----------------------------------------------------------------------------------- */

static struct plan *plan_of(const struct bounds *bounds, uint64_t seq)
{
	return &bounds->plans[seq % PLANS];
}

struct planning {
	const struct bounds *bounds;
	struct plan *plan;
};

/* Customers are many; what goes by staff, places and budgets is near. */
static bool by_customer(const struct limit_version *version)
{
	return version->per == PER_CUSTOMER || version->per == PER_CUSTOMER_INCIDENT ||
	       version->per == PER_STAFF_CUSTOMER;
}

/* LGP_OVERLOAD: there is no room for it. */
static enum lgp_status plan_version(void *context, const struct met *met)
{
	const struct planning *planning = context;
	struct plan *plan = planning->plan;
	if (plan->count == PLAN_MET || met->version->window == WINDOW_WEEK)
		return LGP_OVERLOAD;
	plan->met[plan->count++] = *met;
	if (met->counts && by_customer(met->version))
		counters_prefetch(&planning->bounds->counters, &met->place);
	return LGP_OK;
}

void bounds_prefetch(const struct bounds *bounds, const struct lgp_entry *entry)
{
	struct limit_case of;
	struct plan *plan = plan_of(bounds, entry->seq);
	plan->made = false;
	if (bounds->versions == 0)
		return;
	bounds_case(bounds, entry, &of);
	plan->seq = entry->seq;
	plan->changes = bounds->changes;
	plan->count = 0;
	plan->made = bounds_each(bounds, LIMITS_ALL, &of, plan_version,
	                         &(struct planning){bounds, plan}) == LGP_OK;
}

enum lgp_status bounds_each_planned(const struct bounds *bounds, enum limits_which which,
                                    const struct lgp_entry *entry, const struct limit_case *of,
                                    limit_visit visit, void *context)
{
	const struct plan *plan = plan_of(bounds, entry->seq);
	if (!plan->made || plan->seq != entry->seq || plan->changes != bounds->changes)
		return bounds_each(bounds, which, of, visit, context);
	enum lgp_status status = LGP_OK;
	for (size_t i = 0; i < plan->count && status == LGP_OK; i++)
		status = visit_one(which, &plan->met[i], visit, context);
	return status;
}
