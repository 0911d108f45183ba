/* limits: the limits in memory.  Thread: the ledger thread.
 *
 * Ten thousand limits are mostly one person's, one budget's or one site's each.
 * A limit stands in the bucket of the narrowest part of its scope, and a grant
 * looks into the six buckets that it can meet. */
#include "limits.h"

#include "lagniappe/codec.h"
#include "pointers.h"
#include "state.h"

#include <stdlib.h>
#include <string.h>

#define HOUR_US (INT64_C(3600) * 1000000)
#define DAY_US (24 * HOUR_US)

enum bucket_kind { BY_STAFF, BY_BUDGET, BY_REASON, BY_SITE, BY_ROLE, BY_NOTHING, BUCKET_KINDS };

struct bucket {
	size_t count, cap;
	struct limit **list;
};

struct limits {
	struct pointers *by_number; /* -> struct limit */
	struct pointers *buckets;   /* bucket_key -> struct bucket */
	size_t stand[BUCKET_KINDS]; /* limits in the buckets of a kind: most houses use few */
};

/* ---- definitions ------------------------------------------------------------------- */

static void when_parse(struct lgp_view value, int32_t *day, int64_t *time_us)
{
	if (value.ptr == NULL)
		return;
	if (lgp_date_parse(value, day) != LGP_OK)
		require(lgp_time_parse(value, time_us) == LGP_OK);
}

/* A day somewhere begins and ends between 14 hours before and 12 hours behind its
 * midnight in UTC; what is a day at one end and a moment at the other goes by that. */
static bool span_is_empty(const struct lgp_span *span)
{
	if (span->until_day <= span->from_day || span->until_us <= span->from_us)
		return true;
	if (span->from_day != INT32_MIN && span->until_us != INT64_MAX)
		return span->until_us <= span->from_day * DAY_US - 14 * HOUR_US;
	if (span->from_us != INT64_MIN && span->until_day != INT32_MAX)
		return span->from_us >= span->until_day * DAY_US + 12 * HOUR_US;
	return false;
}

/* LGP_INVALID: it ends before it begins. */
enum lgp_status span_parse(const struct lgp_definition *definition, struct lgp_span *out)
{
	bool has_from = definition->noun->kind == LGP_KIND_LIMIT;
	*out = (struct lgp_span){INT32_MIN, INT32_MAX, INT64_MIN, INT64_MAX};
	if (has_from)
		when_parse(lgp_definition_get(definition, "from"), &out->from_day, &out->from_us);
	when_parse(lgp_definition_get(definition, "until"), &out->until_day, &out->until_us);
	return span_is_empty(out) ? LGP_INVALID : LGP_OK;
}

bool span_holds(const struct lgp_span *span, int32_t date, int64_t time_us)
{
	return date >= span->from_day && date < span->until_day && time_us >= span->from_us &&
	       time_us < span->until_us;
}

static enum lgp_status parse_scope(const struct registry *registry,
                                   const struct lgp_definition *text, struct limit_version *out)
{
	struct lgp_view role = lgp_definition_get(text, "scope.role");
	if (role.ptr != NULL)
		out->role =
		        (enum lgp_role)(LGP_ROLE_ADMIN + lgp_choice_index(LGP_ROLE_CHOICES, role));
	enum lgp_status status =
	        registry_refer(registry, text, "scope.staff", LGP_KIND_STAFF, &out->staff);
	if (status == LGP_OK)
		status = registry_refer(registry, text, "scope.site", LGP_KIND_SITE, &out->site);
	if (status == LGP_OK)
		status = registry_refer(registry, text, "scope.budget", LGP_KIND_BUDGET,
		                        &out->budget);
	if (status == LGP_OK)
		status = registry_refer(registry, text, "scope.reason", LGP_KIND_REASON,
		                        &out->reason);
	if (status == LGP_OK)
		status = registry_refer(registry, text, "unit", LGP_KIND_UNIT, &out->unit);
	return status;
}

enum lgp_status limit_parse(const struct registry *registry,
                            const struct lgp_definition *definition, uint64_t seq,
                            struct limit_version *out)
{
	uint64_t max;
	*out = (struct limit_version){
	        .seq = seq,
	        .counts_from = seq,
	        .measure = (enum lgp_measure)lgp_definition_choice(definition, "measure",
	                                                           LGP_MEASURE_CHOICES),
	        .per = (enum lgp_per)lgp_definition_choice(definition, "per", LGP_PER_CHOICES),
	        .window = (enum lgp_window)lgp_definition_choice(definition, "window",
	                                                         LGP_WINDOW_CHOICES),
	        .ask = lgp_definition_choice(definition, "when_passed", LGP_WHEN_PASSED_CHOICES) ==
	               1,
	        .reversal = (enum limit_reversal)lgp_definition_choice(definition, "reversal",
	                                                               LGP_REVERSAL_CHOICES),
	};
	require(lgp_decimal_parse(lgp_definition_get(definition, "max"), &max) == LGP_OK &&
	        max <= INT64_MAX);
	out->max = (int64_t)max;
	enum lgp_status status = parse_scope(registry, definition, out);
	return status == LGP_OK ? span_parse(definition, &out->span) : status;
}

bool limit_same_shape(const struct limit_version *a, const struct limit_version *b)
{
	return a->role == b->role && a->staff == b->staff && a->site == b->site &&
	       a->budget == b->budget && a->reason == b->reason && a->unit == b->unit &&
	       a->measure == b->measure && a->per == b->per && a->window == b->window;
}

bool limit_replaces(const struct limit_version *version)
{
	const struct lgp_span *span = &version->span;
	return span->from_day == INT32_MIN && span->from_us == INT64_MIN &&
	       span->until_day == INT32_MAX && span->until_us == INT64_MAX;
}

bool limit_binds_approver(const struct limit_version *version)
{
	bool scoped = version->role != LGP_ROLE_NONE || version->staff != 0;
	return limit_binds_person(version) && (scoped || !version->ask);
}

bool limit_binds_person(const struct limit_version *version)
{
	return version->per == LGP_PER_GRANT || version->per == LGP_PER_STAFF ||
	       version->per == LGP_PER_STAFF_CUSTOMER || version->role != LGP_ROLE_NONE ||
	       version->staff != 0;
}

/* Business dates of two places are CLOSED_DAYS - 1 apart at the most. */
bool limit_is_over(const struct limit_version *version, int32_t date, int64_t time_us)
{
	const struct lgp_span *span = &version->span;
	return time_us >= span->until_us || counter_closed(span->until_day, date);
}

/* ---- buckets -------------------------------------------------------------------------- */

/* Entries' numbers stay far below 2^56. */
static uint64_t bucket_key(enum bucket_kind kind, uint64_t number)
{
	return (uint64_t)kind << 56 | number;
}

static enum bucket_kind kind_of(uint64_t key)
{
	return (enum bucket_kind)(key >> 56);
}

static uint64_t bucket_of(const struct limit_version *version)
{
	if (version->staff != 0)
		return bucket_key(BY_STAFF, version->staff);
	if (version->budget != 0)
		return bucket_key(BY_BUDGET, version->budget);
	if (version->reason != 0)
		return bucket_key(BY_REASON, version->reason);
	if (version->site != 0)
		return bucket_key(BY_SITE, version->site);
	if (version->role != LGP_ROLE_NONE)
		return bucket_key(BY_ROLE, version->role);
	return bucket_key(BY_NOTHING, 0);
}

static bool bucket_holds(const struct bucket *bucket, const struct limit *limit)
{
	for (size_t i = 0; i < bucket->count; i++)
		if (bucket->list[i] == limit)
			return true;
	return false;
}

static struct bucket *bucket_for(struct limits *limits, uint64_t key)
{
	struct bucket *bucket = pointers_get(limits->buckets, key);
	if (bucket != NULL)
		return bucket;
	bucket = calloc(1, sizeof *bucket);
	if (bucket == NULL || !pointers_put(limits->buckets, key, bucket)) {
		free(bucket);
		return NULL;
	}
	return bucket;
}

static bool bucket_add(struct limits *limits, struct limit *limit,
                       const struct limit_version *version)
{
	struct bucket *bucket = bucket_for(limits, bucket_of(version));
	if (bucket == NULL)
		return false;
	if (bucket_holds(bucket, limit))
		return true;
	if (bucket->count == bucket->cap) {
		size_t cap = bucket->cap == 0 ? 4 : bucket->cap * 2;
		struct limit **list = realloc(bucket->list, cap * sizeof(struct limit *));
		if (list == NULL)
			return false;
		bucket->list = list;
		bucket->cap = cap;
	}
	bucket->list[bucket->count++] = limit;
	limits->stand[kind_of(bucket_of(version))]++;
	return true;
}

static void bucket_remove(struct limits *limits, struct limit *limit,
                          const struct limit_version *version)
{
	uint64_t key = bucket_of(version);
	struct bucket *bucket = pointers_get(limits->buckets, key);
	for (size_t i = 0; bucket != NULL && i < bucket->count; i++) {
		if (bucket->list[i] != limit)
			continue;
		bucket->list[i--] = bucket->list[--bucket->count];
		limits->stand[kind_of(key)]--;
	}
}

/* ---- changes ----------------------------------------------------------------------------- */

const struct limit *limits_get(const struct limits *limits, uint64_t number)
{
	const struct limit *limit = pointers_get(limits->by_number, number);
	return limit != NULL && limit->count > 0 ? limit : NULL;
}

static void drop_versions(struct limits *limits, struct limit *limit)
{
	for (unsigned i = 0; i < limit->count; i++)
		bucket_remove(limits, limit, &limit->versions[i]);
	limit->count = 0;
}

static struct limit *limit_for(struct limits *limits, uint64_t number, const struct lgp_slug *id)
{
	struct limit *limit = pointers_get(limits->by_number, number);
	if (limit != NULL)
		return limit;
	limit = calloc(1, sizeof *limit);
	if (limit == NULL || !pointers_put(limits->by_number, number, limit)) {
		free(limit);
		return NULL;
	}
	limit->number = number;
	limit->id = *id;
	return limit;
}

static bool push_version(struct limit *limit, const struct limit_version *version)
{
	if (limit->count == limit->cap) {
		unsigned cap = limit->cap == 0 ? 1 : limit->cap * 2;
		struct limit_version *versions = realloc(limit->versions, cap * sizeof *versions);
		if (versions == NULL)
			return false;
		limit->versions = versions;
		limit->cap = cap;
	}
	limit->versions[limit->count++] = *version;
	return true;
}

enum lgp_status limits_add(struct limits *limits, uint64_t number, const struct lgp_slug *id,
                           const struct limit_version *version)
{
	struct limit *limit = limit_for(limits, number, id);
	if (limit != NULL && limit_replaces(version))
		drop_versions(limits, limit);
	if (limit == NULL || !push_version(limit, version) || !bucket_add(limits, limit, version))
		return lgp_fault(LGP_NO_MEMORY, "limits: no memory for a definition");
	return LGP_OK;
}

enum lgp_status limits_forget(struct limits *limits, uint64_t number, int32_t date, int64_t time_us)
{
	struct limit *limit = pointers_get(limits->by_number, number);
	unsigned count = limit != NULL ? limit->count : 0;
	if (count > 0)
		drop_versions(limits, limit);
	for (unsigned i = 0; i < count; i++) {
		struct limit_version version = limit->versions[i];
		if (limit_is_over(&version, date, time_us))
			continue;
		limit->versions[limit->count++] = version; /* never past i */
		if (!bucket_add(limits, limit, &version))
			return lgp_fault(LGP_NO_MEMORY, "limits: no memory for a definition");
	}
	return LGP_OK;
}

void limits_drop(struct limits *limits, uint64_t number)
{
	struct limit *limit = pointers_get(limits->by_number, number);
	if (limit != NULL)
		drop_versions(limits, limit);
}

/* ---- matching ------------------------------------------------------------------------------ */

bool limit_meets(const struct limit_version *version, const struct limit_case *grant)
{
	return (version->role == LGP_ROLE_NONE || version->role == grant->role) &&
	       (version->staff == 0 || version->staff == grant->staff) &&
	       (version->site == 0 || version->site == grant->site) &&
	       (version->budget == 0 || version->budget == grant->budget) &&
	       (version->reason == 0 || version->reason == grant->reason) &&
	       (version->unit == 0 || version->unit == grant->unit);
}

static const struct limit_version *in_force(const struct limit *limit,
                                            const struct limit_case *grant)
{
	for (unsigned i = limit->count; i-- > 0;)
		if (span_holds(&limit->versions[i].span, grant->date, grant->time_us))
			return &limit->versions[i];
	return NULL;
}

const struct limit_version *limit_terms(const struct limit *limit, uint64_t counts_from,
                                        int32_t date, int64_t time_us)
{
	const struct limit_version *newest = NULL;
	for (unsigned i = limit->count; i-- > 0;) {
		const struct limit_version *version = &limit->versions[i];
		if (version->counts_from != counts_from)
			continue;
		if (span_holds(&version->span, date, time_us))
			return version;
		if (newest == NULL)
			newest = version;
	}
	require(newest != NULL);
	return newest;
}

static enum lgp_status each_in(const struct limits *limits, uint64_t key,
                               const struct limit_case *grant, limits_visit visit, void *context)
{
	const struct bucket *bucket = pointers_get(limits->buckets, key);
	enum lgp_status status = LGP_OK;
	for (size_t i = 0; bucket != NULL && i < bucket->count && status == LGP_OK; i++) {
		const struct limit_version *version = in_force(bucket->list[i], grant);
		/* A limit whose versions differ in scope stands in several buckets. */
		if (version != NULL && bucket_of(version) == key && limit_meets(version, grant))
			status = visit(context, bucket->list[i], version);
	}
	return status;
}

static bool first_of_shape(const struct limit *limit, unsigned at)
{
	for (unsigned i = 0; i < at; i++)
		if (limit->versions[i].counts_from == limit->versions[at].counts_from)
			return false;
	return true;
}

static enum lgp_status each_shape_of(const struct limit *limit, uint64_t key,
                                     const struct limit_case *grant, limits_visit visit,
                                     void *context)
{
	enum lgp_status status = LGP_OK;
	for (unsigned i = 0; i < limit->count && status == LGP_OK; i++) {
		const struct limit_version *version = &limit->versions[i];
		if (bucket_of(version) == key && limit_meets(version, grant) &&
		    first_of_shape(limit, i))
			status = visit(context, limit, version);
	}
	return status;
}

static enum lgp_status each_shape_in(const struct limits *limits, uint64_t key,
                                     const struct limit_case *grant, limits_visit visit,
                                     void *context)
{
	const struct bucket *bucket = pointers_get(limits->buckets, key);
	enum lgp_status status = LGP_OK;
	for (size_t i = 0; bucket != NULL && i < bucket->count && status == LGP_OK; i++)
		status = each_shape_of(bucket->list[i], key, grant, visit, context);
	return status;
}

typedef enum lgp_status (*bucket_walk)(const struct limits *limits, uint64_t key,
                                       const struct limit_case *grant, limits_visit visit,
                                       void *context);

static enum lgp_status walk_buckets(const struct limits *limits, const struct limit_case *grant,
                                    bucket_walk walk, limits_visit visit, void *context)
{
	const uint64_t keys[] = {
	        bucket_key(BY_STAFF, grant->staff),   bucket_key(BY_BUDGET, grant->budget),
	        bucket_key(BY_REASON, grant->reason), bucket_key(BY_SITE, grant->site),
	        bucket_key(BY_ROLE, grant->role),     bucket_key(BY_NOTHING, 0),
	};
	enum lgp_status status = LGP_OK;
	for (size_t i = 0; i < sizeof keys / sizeof keys[0] && status == LGP_OK; i++)
		if (limits->stand[kind_of(keys[i])] > 0)
			status = walk(limits, keys[i], grant, visit, context);
	return status;
}

enum lgp_status limits_each(const struct limits *limits, const struct limit_case *grant,
                            limits_visit visit, void *context)
{
	return walk_buckets(limits, grant, each_in, visit, context);
}

enum lgp_status limits_each_shape(const struct limits *limits, const struct limit_case *grant,
                                  limits_visit visit, void *context)
{
	return walk_buckets(limits, grant, each_shape_in, visit, context);
}

/* ---- life -------------------------------------------------------------------------------------- */

enum lgp_status limits_new(struct limits **out)
{
	struct limits *limits = calloc(1, sizeof *limits);
	if (limits == NULL)
		return lgp_fault(LGP_NO_MEMORY, "limits: no memory");
	limits->by_number = pointers_new();
	limits->buckets = pointers_new();
	*out = limits;
	if (limits->by_number == NULL || limits->buckets == NULL)
		return lgp_fault(LGP_NO_MEMORY, "limits: no memory");
	return LGP_OK;
}

static void free_limit(void *pointer)
{
	struct limit *limit = pointer;
	free(limit->versions);
	free(limit);
}

static void free_bucket(void *pointer)
{
	struct bucket *bucket = pointer;
	free(bucket->list);
	free(bucket);
}

void limits_free(struct limits *limits)
{
	if (limits == NULL)
		return;
	if (limits->by_number != NULL)
		pointers_each(limits->by_number, free_limit);
	if (limits->buckets != NULL)
		pointers_each(limits->buckets, free_bucket);
	pointers_free(limits->by_number);
	pointers_free(limits->buckets);
	free(limits);
}
