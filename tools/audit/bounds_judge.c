/* bounds_judge: what the limits in force say of a grant, and which of them binds.
 * Thread: one at a time. */
#include "tools/audit/bounds_internal.h"

#include <string.h>

struct evaluation {
	const struct bounds *bounds;
	const struct limit_case *of;
	const struct lgp_entry *ask; /* NULL: none */
	bool by_person;
	struct limit_verdict *out;
};

/* Whether this counter holds the ask that is decided on: it was counted when it
 * was asked for, and is not to be counted twice. */
static bool holds_ask(const struct evaluation *e, const struct limit_version *version,
                      const struct counter_place *place)
{
	struct limit_case then;
	struct counter_place of_ask;
	if (e->ask == NULL || version->shape > e->ask->seq)
		return false;
	bounds_case(e->bounds, e->ask, &then);
	return bounds_meets(version, &then) &&
	       bounds_used_place(e->bounds, version, &then, &of_ask) &&
	       bounds_same_place(&of_ask, place);
}

/* What the case adds, the ask aside. */
static int64_t adds(const struct evaluation *e, const struct limit_version *version, bool held)
{
	if (version->measure != MEASURE_INCIDENTS)
		return version->measure == MEASURE_AMOUNT ? e->of->amount : 1;
	struct counter incident;
	bounds_incident_counter(version, e->of, &incident);
	int64_t grants = counters_get(&e->bounds->counters, &incident);
	return grants - held > 0 ? 0 : 1;
}

/* What is used before, and what the case adds, the ask aside in both. */
static void measure(const struct evaluation *e, const struct met *met, int64_t *used, int64_t *more)
{
	bool held = met->counts && holds_ask(e, met->version, &met->place);
	*more = adds(e, met->version, held);
	*used = (met->counts ? counters_get_at(&e->bounds->counters, &met->place) : 0) -
	        (held ? *more : 0);
}

/* What asks everybody alike is what an approval answers. */
static bool binds_approver(const struct limit_version *version)
{
	return bounds_binds_person(version) &&
	       (!version->asks || version->giver != GIVER_ANY || version->staff != 0);
}

static struct lgp_view id_of(const struct bounds *bounds, const struct limit_version *version)
{
	const struct limit_record *record = &bounds->list[version->record];
	return (struct lgp_view){record->id, record->id_len};
}

static bool id_before(struct lgp_view a, struct lgp_view b)
{
	int order = memcmp(a.ptr, b.ptr, a.len < b.len ? a.len : b.len);
	return order != 0 ? order < 0 : a.len < b.len;
}

/* Whether the version binds rather than the one that is told so far. */
static bool binds(const struct evaluation *e, const struct limit_version *version,
                  int64_t remaining)
{
	const struct limit_verdict *told = e->out;
	if (!told->exceeded)
		return true;
	if (version->asks != told->binding->asks)
		return !version->asks;
	if (remaining != told->remaining)
		return remaining < told->remaining;
	return id_before(id_of(e->bounds, version), told->id);
}

static enum lgp_status judge_version(void *context, const struct met *met)
{
	struct evaluation *e = context;
	const struct limit_version *version = met->version;
	int64_t before, more, sum;
	if (e->by_person && !binds_approver(version))
		return LGP_OK;
	if ((version->per == PER_CUSTOMER_INCIDENT || version->measure == MEASURE_INCIDENTS) &&
	    e->of->incident[0] == '\0')
		e->out->incident_missing = true;
	measure(e, met, &before, &more);
	if (!__builtin_add_overflow(before, more, &sum) && sum <= version->max)
		return LGP_OK;
	int64_t remaining = before < version->max ? version->max - before : 0;
	if (!binds(e, version, remaining))
		return LGP_OK;
	e->out->exceeded = true;
	e->out->binding = version;
	e->out->id = id_of(e->bounds, version);
	e->out->used = before;
	e->out->remaining = remaining;
	return LGP_OK;
}

void bounds_judge(const struct bounds *bounds, const struct lgp_entry *entry,
                  const struct lgp_entry *ask, struct limit_verdict *out)
{
	struct limit_case of;
	struct evaluation e = {.bounds = bounds, .of = &of, .ask = ask, .out = out};
	*out = (struct limit_verdict){0};
	if (bounds->versions == 0)
		return;
	bounds_case(bounds, entry, &of);
	require(bounds_each_planned(bounds, LIMITS_THAT_JUDGE, entry, &of, judge_version, &e) ==
	        LGP_OK);
}

void bounds_judge_person(const struct bounds *bounds, const struct lgp_entry *entry,
                         const struct lgp_entry *ask, uint64_t manager, struct limit_verdict *out)
{
	struct limit_case of;
	struct evaluation e = {
	        .bounds = bounds, .of = &of, .ask = ask, .by_person = true, .out = out};
	*out = (struct limit_verdict){0};
	bounds_case(bounds, entry, &of);
	of.staff = manager;
	of.giver = GIVER_MANAGER;
	require(bounds_each(bounds, LIMITS_THAT_JUDGE, &of, judge_version, &e) == LGP_OK);
}
