/* bounds: see bounds.h.  Thread: one at a time. */
#include "tools/audit/bounds.h"

#include <stdlib.h>
#include <string.h>

#define DATES_APART 2 /* days */
#define WEEK_DAYS 7
#define PLANS 16 /* more than are ahead */
#define PLAN_MET 8

/* A limit's versions that may still judge, oldest first. */
struct limit_record {
	uint64_t newest; /* the entry of its newest version, also of one that ended */
	uint8_t id_len;
	char id[LGP_SLUG_MAX];
	struct limit_version **versions; /* owned */
	size_t count;
};

/* A version whose scope meets a case. */
struct met {
	const struct limit_version *version;
	bool judges;                /* it judges the case */
	bool first;                 /* it is the one of its shape that counts */
	bool counts;                /* it goes by a counter, and the case has what that needs: */
	struct counter_place place; /* not of limits by the week, which sites change */
};

/* What meets an entry: found once, ahead, for its judgement and its counting. */
struct plan {
	bool made;
	uint64_t seq, changes; /* good for this entry, while there are these versions */
	size_t count;
	struct met met[PLAN_MET];
};

static enum lgp_status no_memory(void)
{
	return lgp_fault(LGP_NO_MEMORY, "no memory for the limits");
}

enum lgp_status bounds_init(struct bounds *bounds, const struct programme *programme)
{
	*bounds = (struct bounds){.programme = programme};
	enum lgp_status status = slots_init(&bounds->by_number);
	if (status == LGP_OK)
		status = slots_init(&bounds->chains);
	if (status == LGP_OK)
		status = counters_init(&bounds->counters);
	bounds->heads = calloc(1, sizeof(struct limit_version *));
	bounds->head_count = bounds->heads != NULL;
	bounds->plans = calloc(PLANS, sizeof *bounds->plans);
	bool room = bounds->heads != NULL && bounds->plans != NULL;
	return status == LGP_OK && !room ? no_memory() : status;
}

void bounds_deinit(struct bounds *bounds)
{
	for (size_t i = 0; i < bounds->count; i++) {
		for (size_t k = 0; k < bounds->list[i].count; k++)
			free(bounds->list[i].versions[k]);
		free(bounds->list[i].versions);
	}
	free(bounds->list);
	free(bounds->heads);
	free(bounds->plans);
	slots_deinit(&bounds->by_number);
	slots_deinit(&bounds->chains);
	counters_deinit(&bounds->counters);
}

/* ---- chains: a version stands under the narrowest part of its scope ------------------------- */

enum { BY_STAFF = 1, BY_BUDGET, BY_REASON, BY_SITE, BY_GIVER, BY_NOTHING, BY_COUNT };
_Static_assert(BY_COUNT == BOUNDS_CHAINS, "each has its count");

static void chain_of(const struct limit_version *version, uint64_t *by, uint64_t *number)
{
	const struct {
		uint64_t by, number;
	} parts[] = {{BY_STAFF, version->staff},
	             {BY_BUDGET, version->budget},
	             {BY_REASON, version->reason},
	             {BY_SITE, version->site},
	             {BY_GIVER, version->giver}};
	*by = BY_NOTHING;
	*number = 0;
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
		if (parts[i].number != 0) {
			*by = parts[i].by;
			*number = parts[i].number;
			return;
		}
}

/* NULL: there is none yet. */
static struct limit_version **head_of(const struct bounds *bounds, uint64_t by, uint64_t number)
{
	if (by == BY_NOTHING)
		return &bounds->heads[0];
	const struct slot *slot = slots_find(&bounds->chains, by, number);
	return slot != NULL ? &bounds->heads[slot->number] : NULL;
}

static struct limit_version **add_head(struct bounds *bounds, uint64_t by, uint64_t number)
{
	struct limit_version **more =
	        realloc(bounds->heads, (bounds->head_count + 1) * sizeof(struct limit_version *));
	if (more == NULL)
		return NULL;
	bounds->heads = more;
	struct slot *slot = slots_put(&bounds->chains, by, number);
	if (slot == NULL)
		return NULL;
	slot->number = bounds->head_count;
	more[bounds->head_count] = NULL;
	return &more[bounds->head_count++];
}

static enum lgp_status chain(struct bounds *bounds, struct limit_version *version)
{
	uint64_t by, number;
	chain_of(version, &by, &number);
	struct limit_version **head = head_of(bounds, by, number);
	if (head == NULL)
		head = add_head(bounds, by, number);
	if (head == NULL)
		return no_memory();
	version->next = *head;
	*head = version;
	bounds->chained[by]++;
	bounds->versions++;
	bounds->changes++;
	bounds->weekly += version->window == WINDOW_WEEK;
	return LGP_OK;
}

static void unchain(struct bounds *bounds, struct limit_version *version)
{
	uint64_t by, number;
	chain_of(version, &by, &number);
	struct limit_version **at = head_of(bounds, by, number);
	require(at != NULL);
	while (*at != version)
		at = &(*at)->next;
	*at = version->next;
	bounds->chained[by]--;
	bounds->versions--;
	bounds->changes++;
	bounds->weekly -= version->window == WINDOW_WEEK;
}

/* ---- definitions ----------------------------------------------------------------------------- */

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

bool limit_version_read(const struct programme *programme, const struct lgp_entry *entry,
                        const struct lgp_definition *definition, struct limit_version *out)
{
	*out = (struct limit_version){
	        .seq = entry->seq,
	        .limit = (entry->flags & LGP_FLAG_AMEND) != 0 ? entry->refers_to : entry->seq,
	        .measure = (enum measure)lgp_definition_choice(definition, "measure",
	                                                       LGP_MEASURE_CHOICES),
	        .per = (enum per)lgp_definition_choice(definition, "per", LGP_PER_CHOICES),
	        .window = (enum window)lgp_definition_choice(definition, "window",
	                                                     LGP_WINDOW_CHOICES),
	        .asks = lgp_definition_choice(definition, "when_passed", LGP_WHEN_PASSED_CHOICES) ==
	                1,
	        .gives_back = (enum gives_back)lgp_definition_choice(definition, "reversal",
	                                                             LGP_REVERSAL_CHOICES),
	        .max = (int64_t)definition_number(definition, "max"),
	};
	return span_of(definition, &out->span) && scope_of(programme, definition, out);
}

/* Such versions go on with the same counters. */
static bool counts_alike(const struct limit_version *a, const struct limit_version *b)
{
	return a->giver == b->giver && a->staff == b->staff && a->site == b->site &&
	       a->budget == b->budget && a->reason == b->reason && a->unit == b->unit &&
	       a->measure == b->measure && a->per == b->per && a->window == b->window;
}

/* Whether it judges nothing any more, anywhere: the dates of two places are two
 * days apart at most. */
static bool is_over(const struct limit_version *version, const struct lgp_entry *now)
{
	return version->span.until_us <= now->time_us ||
	       (int64_t)version->span.until_day + DATES_APART < now->business_date;
}

static struct limit_record *record_of(const struct bounds *bounds, uint64_t number)
{
	const struct slot *slot =
	        number != UINT64_MAX ? slots_find(&bounds->by_number, number + 1, 0) : NULL;
	return slot != NULL ? &bounds->list[slot->number] : NULL;
}

static struct limit_record *add_record(struct bounds *bounds, uint64_t number, struct lgp_view id)
{
	struct limit_record *more = realloc(bounds->list, (bounds->count + 1) * sizeof *more);
	if (more == NULL)
		return NULL;
	bounds->list = more;
	struct slot *slot = slots_put(&bounds->by_number, number + 1, 0);
	if (slot == NULL)
		return NULL;
	slot->number = bounds->count;
	struct limit_record *record = &more[bounds->count++];
	*record = (struct limit_record){.id_len = (uint8_t)id.len};
	memcpy(record->id, id.ptr, id.len);
	return record;
}

/* Those that are over, or all. */
static void drop_versions(struct bounds *bounds, struct limit_record *record,
                          const struct lgp_entry *now, bool all)
{
	size_t kept = 0;
	for (size_t i = 0; i < record->count; i++) {
		struct limit_version *version = record->versions[i];
		if (!all && !is_over(version, now)) {
			record->versions[kept++] = version;
			continue;
		}
		unchain(bounds, version);
		free(version);
	}
	record->count = kept;
}

/* The newest version that counts alike lends its counters. */
static uint64_t shape_of(const struct limit_record *record, const struct limit_version *made)
{
	for (size_t i = record->count; i-- > 0;)
		if (counts_alike(record->versions[i], made))
			return record->versions[i]->shape;
	return made->seq;
}

static enum lgp_status add_version(struct bounds *bounds, struct limit_record *record,
                                   const struct limit_version *made)
{
	struct limit_version **more =
	        realloc(record->versions, (record->count + 1) * sizeof(struct limit_version *));
	struct limit_version *version = malloc(sizeof *version);
	if (more != NULL)
		record->versions = more;
	if (more == NULL || version == NULL) {
		free(version);
		return no_memory();
	}
	*version = *made;
	enum lgp_status status = chain(bounds, version);
	if (status == LGP_OK)
		more[record->count++] = version;
	else
		free(version);
	return status;
}

enum lgp_status bounds_define(struct bounds *bounds, const struct lgp_entry *entry,
                              const struct lgp_definition *definition, uint64_t *before)
{
	uint64_t number = (entry->flags & LGP_FLAG_AMEND) != 0 ? entry->refers_to : entry->seq;
	struct limit_record *record = record_of(bounds, number);
	struct limit_version made;
	*before = record != NULL ? record->newest : 0;
	if (number == UINT64_MAX ||
	    !limit_version_read(bounds->programme, entry, definition, &made))
		return lgp_fault(LGP_CORRUPT,
		                 "entry %llu: its definition refers to what is not there",
		                 (unsigned long long)entry->seq);
	if (record == NULL)
		record = add_record(bounds, number, lgp_definition_get(definition, "id"));
	if (record == NULL)
		return no_memory();
	made.limit = number;
	made.record = (size_t)(record - bounds->list);
	record->newest = entry->seq;
	drop_versions(bounds, record, entry, false);
	made.shape = shape_of(record, &made);
	if (span_for_ever(&made.span))
		drop_versions(bounds, record, entry, true);
	return add_version(bounds, record, &made);
}

void bounds_end(struct bounds *bounds, uint64_t number)
{
	struct limit_record *record = record_of(bounds, number);
	if (record != NULL)
		drop_versions(bounds, record, NULL, true);
}

uint64_t bounds_shape(const struct bounds *bounds, uint64_t limit, uint64_t version)
{
	const struct limit_record *record = record_of(bounds, limit);
	for (size_t i = 0; record != NULL && i < record->count; i++)
		if (record->versions[i]->seq == version)
			return record->versions[i]->shape;
	return 0;
}

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

static bool meets(const struct limit_version *version, const struct limit_case *of)
{
	return (version->giver == GIVER_ANY || version->giver == of->giver) &&
	       (version->staff == 0 || version->staff == of->staff) &&
	       (version->site == 0 || version->site == of->site) &&
	       (version->budget == 0 || version->budget == of->budget) &&
	       (version->reason == 0 || version->reason == of->reason) &&
	       (version->unit == 0 || version->unit == of->unit);
}

/* A shape is known by its first version. */
static bool first_of_shape(const struct limit_record *record, const struct limit_version *version)
{
	size_t i = 0;
	while (record->versions[i]->shape != version->shape)
		i++;
	return record->versions[i] == version;
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
		memcpy(out->incident, of->incident, LGP_SLUG_MAX);
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

static void incident_counter(const struct limit_version *version, const struct limit_case *of,
                             struct counter *out)
{
	counter_for(version, of, 'I', out);
	out->first = of->customer;
	memcpy(out->incident, of->incident, LGP_SLUG_MAX);
}

static bool same_place(const struct counter_place *a, const struct counter_place *b)
{
	return a->end == b->end && a->key[0] == b->key[0] && a->key[1] == b->key[1];
}

static bool used_place(const struct bounds *bounds, const struct limit_version *version,
                       const struct limit_case *of, struct counter_place *out)
{
	struct counter counter;
	bool counts = used_counter(version, of, &counter);
	if (counts)
		counters_place(&bounds->counters, &counter, out);
	return counts;
}

/* ---- all that meet a case ---------------------------------------------------------------------- */

/* What is done with each version whose scope meets a case: with those that judge
 * it, or with one for each shape. */
typedef enum lgp_status (*limit_visit)(void *context, const struct met *met);
enum which { ALL, THAT_JUDGE, EACH_SHAPE };

static enum lgp_status visit_one(enum which which, const struct met *met, limit_visit visit,
                                 void *context)
{
	bool asked_for = which == ALL || (which == THAT_JUDGE ? met->judges : met->first);
	return asked_for ? visit(context, met) : LGP_OK;
}

static enum lgp_status each_in(const struct bounds *bounds, enum which which, uint64_t by,
                               uint64_t number, const struct limit_case *of, limit_visit visit,
                               void *context)
{
	struct limit_version *const *head = head_of(bounds, by, number);
	enum lgp_status status = LGP_OK;
	const struct limit_version *at = head != NULL ? *head : NULL;
	for (; at != NULL && status == LGP_OK; at = at->next) {
		const struct limit_record *record = &bounds->list[at->record];
		if (!meets(at, of))
			continue;
		struct met met = {.version = at,
		                  .judges = judging(record, of) == at,
		                  .first = first_of_shape(record, at)};
		met.counts = used_place(bounds, at, of, &met.place);
		status = visit_one(which, &met, visit, context);
	}
	return status;
}

static enum lgp_status each(const struct bounds *bounds, enum which which,
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

/* ---- plans --------------------------------------------------------------------------------------- */

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
	plan->made =
	        each(bounds, ALL, &of, plan_version, &(struct planning){bounds, plan}) == LGP_OK;
}

/* By the plan where there is one, whose case this is. */
static enum lgp_status each_planned(const struct bounds *bounds, enum which which,
                                    const struct lgp_entry *entry, const struct limit_case *of,
                                    limit_visit visit, void *context)
{
	const struct plan *plan = plan_of(bounds, entry->seq);
	if (!plan->made || plan->seq != entry->seq || plan->changes != bounds->changes)
		return each(bounds, which, of, visit, context);
	enum lgp_status status = LGP_OK;
	for (size_t i = 0; i < plan->count && status == LGP_OK; i++)
		status = visit_one(which, &plan->met[i], visit, context);
	return status;
}

/* ---- judging --------------------------------------------------------------------------------- */

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
	return meets(version, &then) && used_place(e->bounds, version, &then, &of_ask) &&
	       same_place(&of_ask, place);
}

/* What the case adds, the ask aside. */
static int64_t adds(const struct evaluation *e, const struct limit_version *version, bool held)
{
	if (version->measure != MEASURE_INCIDENTS)
		return version->measure == MEASURE_AMOUNT ? e->of->amount : 1;
	struct counter incident;
	incident_counter(version, e->of, &incident);
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

/* Limits of who gives, rather than of what all together give. */
static bool binds_person(const struct limit_version *version)
{
	return version->per == PER_GRANT || version->per == PER_STAFF ||
	       version->per == PER_STAFF_CUSTOMER || version->giver != GIVER_ANY ||
	       version->staff != 0;
}

/* What asks everybody alike is what an approval answers. */
static bool binds_approver(const struct limit_version *version)
{
	return binds_person(version) &&
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
	require(each_planned(bounds, THAT_JUDGE, entry, &of, judge_version, &e) == LGP_OK);
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
	require(each(bounds, THAT_JUDGE, &of, judge_version, &e) == LGP_OK);
}

/* ---- counting -------------------------------------------------------------------------------- */

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
	incident_counter(version, of, &incident);
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
	return binds_person(version) &&
	       !(meets(version, &given) && used_place(change->bounds, version, &given, &held) &&
	         same_place(place, &held));
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
		if (used_place(change->bounds, version, &of, &place))
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
	return each_planned(change.bounds, EACH_SHAPE, entry, &of, change_version, &change);
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
	return each(bounds, EACH_SHAPE, &of, change_version, &change);
}
