/* limits: what each limit in force has used, against its maximum.
 * Thread: one at a time.
 *
 * The entries are read twice: first what is used is counted, then the subjects
 * are found whose use there may be; what they used is asked of the counters.
 * Memory: replay.h, and a group a subject. */
#include "tools/report/groups.h"
#include "tools/report/limits.h"
#include "tools/report/replay.h"

#include <stdlib.h>
#include <string.h>

#include "lagniappe/codec.h"

#define US_PER_DAY (INT64_C(86400) * 1000000)
/* Of the largest reports those who are not near are left out. */
#define USES_KEPT (GROUPS_MAX / 2)
#define NEAR_PERCENT 80

/* A use's key: which limit, who, and when it starts again. */
enum { PART_LIMIT, PART_FIRST, PART_SECOND, PART_END };
enum { SUM_USED };

struct limits {
	struct report *report;
	struct replay replay;
	const struct limit_version **versions; /* owned; in force, by the limits' names */
	struct limit_told *told;               /* owned, one for each */
	size_t count;
	struct groups uses;
	int32_t day; /* whose windows they are */
	int64_t now_us;
	uint64_t left_out;
};

static enum lgp_status replay_visit(void *context, const struct book *book,
                                    const struct lgp_entry *entry)
{
	struct limits *limits = context;
	return replay_entry(&limits->replay, book, entry);
}

/* ---- which are in force ------------------------------------------------------------------- */

/* The moment, and the business date that windows go by: that of the last entry,
 * or of the moment in UTC when nothing was written in the day before it. */
static void set_moment(struct limits *limits)
{
	const struct request *request = &limits->report->request;
	const struct replay *replay = &limits->replay;
	limits->now_us = replay->last_us;
	limits->day = replay->last_day;
	if (request->as_of_day != INT32_MAX) {
		limits->day = request->as_of_day;
		limits->now_us = (limits->day + 1) * US_PER_DAY - 1;
	} else if (request->as_of_us != INT64_MAX) {
		limits->now_us = request->as_of_us;
		if (replay->last_us < limits->now_us - US_PER_DAY)
			limits->day = (int32_t)(limits->now_us / US_PER_DAY);
	}
}

static int by_name(const void *a, const void *b, void *context)
{
	char first[BOOK_NAME_MAX], second[BOOK_NAME_MAX];
	const struct limit_version *const *x = a, *const *y = b;
	return strcmp(book_name(context, LGP_KIND_LIMIT, (*x)->limit, first),
	              book_name(context, LGP_KIND_LIMIT, (*y)->limit, second));
}

/* Keeps the newest of each limit. */
static void keep_version(struct limits *limits, const struct limit_version *version)
{
	const struct report *report = limits->report;
	if (!span_covers(&version->span, limits->day, limits->now_us) ||
	    (report->unit != 0 && version->unit != 0 && version->unit != report->unit))
		return;
	for (size_t i = 0; i < limits->count; i++) {
		const struct limit_version **kept = &limits->versions[i];
		require(*kept != NULL);
		if ((*kept)->limit != version->limit)
			continue;
		if (version->seq > (*kept)->seq)
			*kept = version;
		return;
	}
	limits->versions[limits->count++] = version;
}

static enum lgp_status find_versions(struct limits *limits)
{
	const struct bounds *bounds = &limits->replay.bounds;
	size_t room = bounds->versions + 1;
	limits->versions = calloc(room, sizeof(struct limit_version *));
	limits->told = calloc(room, sizeof *limits->told);
	if (limits->versions == NULL || limits->told == NULL)
		return lgp_fault(LGP_NO_MEMORY, "no memory for the limits");
	for (size_t i = 0; i < bounds->head_count; i++)
		for (const struct limit_version *at = bounds->heads[i]; at != NULL; at = at->next)
			keep_version(limits, at);
	qsort_r(limits->versions, limits->count, sizeof(struct limit_version *), by_name,
	        limits->report->book);
	for (size_t i = 0; i < limits->count; i++)
		limits->told[i].version = limits->versions[i];
	return LGP_OK;
}

/* ---- whose use ---------------------------------------------------------------------------- */

/* Incidents are told apart by a digest; their names are the entries' to tell. */
static int64_t digest(const char incident[LGP_SLUG_MAX])
{
	struct lgp_hash hash;
	lgp_hash_sha256(incident, LGP_SLUG_MAX, &hash);
	return (int64_t)lgp_get_le(hash.bytes, 8);
}

/* What the limit counts for the case, as the counters and as the groups know it.
 * False: nothing. */
static bool subject(const struct limit_version *version, const struct limit_case *of,
                    struct counter *counter, int64_t part[GROUP_PARTS])
{
	*counter = (struct counter){.end = period_end(version->window, of->date, of->week),
	                            .what = 'C',
	                            .shape = version->shape};
	switch (version->per) {
	case PER_CUSTOMER_INCIDENT:
		incident_name(of->incident, counter->incident);
		counter->first = of->incident[0] != '\0' ? of->customer : 0;
		break;
	case PER_CUSTOMER:
		counter->first = of->customer;
		break;
	case PER_STAFF_CUSTOMER:
		counter->first = of->staff;
		counter->second = of->customer;
		break;
	case PER_STAFF:
		counter->first = of->staff;
		break;
	case PER_SITE:
		counter->first = of->site;
		break;
	case PER_BUDGET:
		counter->first = of->budget;
		break;
	case PER_GRANT:
		return false;
	}
	part[PART_FIRST] = (int64_t)counter->first;
	part[PART_SECOND] = (int64_t)counter->second;
	if (version->per == PER_CUSTOMER_INCIDENT)
		part[PART_SECOND] = digest(counter->incident);
	part[PART_END] = counter->end;
	return counter->first != 0;
}

__extension__ static bool near(__int128 used, int64_t max)
{
	__int128 most = max;
	return used > 0 && used * 100 >= most * NEAR_PERCENT;
}

static enum lgp_status note_use(struct limits *limits, size_t which, const struct limit_case *of,
                                uint64_t seq)
{
	const struct limit_version *version = limits->versions[which];
	struct counter counter;
	int64_t part[GROUP_PARTS] = {[PART_LIMIT] = (int64_t)which};
	if (!subject(version, of, &counter, part))
		return LGP_OK;
	int64_t used = counters_get(&limits->replay.bounds.counters, &counter);
	if (used == 0)
		return LGP_OK;
	if (limits->uses.count >= USES_KEPT && !near(used, version->max)) {
		limits->left_out++;
		return LGP_OK;
	}
	struct group *group = groups_at(&limits->uses, part);
	if (group == NULL)
		return groups_fault(&limits->uses);
	group_note(group, seq);
	group->sum[SUM_USED] = used;
	return LGP_OK;
}

/* Of a limit on each grant: the largest that it let pass. */
static void note_grant(struct limit_told *told, const struct limit_case *of, uint64_t seq)
{
	int64_t size = told->version->measure == MEASURE_AMOUNT ? of->amount : 1;
	if (seq < told->version->seq || size <= told->largest)
		return;
	told->largest = size;
	told->largest_entry = seq;
}

static enum lgp_status note_case(struct limits *limits, const struct limit_case *of, uint64_t seq)
{
	enum lgp_status status = LGP_OK;
	for (size_t i = 0; i < limits->count && status == LGP_OK; i++) {
		const struct limit_version *version = limits->versions[i];
		if (!bounds_meets(version, of) ||
		    period_end(version->window, of->date, of->week) !=
		            period_end(version->window, limits->day, of->week))
			continue;
		if (version->per == PER_GRANT)
			note_grant(&limits->told[i], of, seq);
		else
			status = note_use(limits, i, of, seq);
	}
	return status;
}

static enum lgp_status use_visit(void *context, const struct book *book,
                                 const struct lgp_entry *entry)
{
	struct limits *limits = context;
	struct limit_case of;
	uint64_t authority = 0;
	if (entry->kind != LGP_KIND_GRANT && entry->kind != LGP_KIND_ASK)
		return LGP_OK;
	if (!report_takes(limits->report, entry))
		return LGP_OK;
	bounds_case(&limits->replay.bounds, entry, &of);
	enum lgp_status status = note_case(limits, &of, entry->seq);
	if (status == LGP_OK)
		status = replay_authority(&limits->replay, book, entry, &authority);
	if (status != LGP_OK || authority == 0)
		return status;
	/* An approval uses up limits of who approves as well. */
	of.staff = authority;
	of.giver = GIVER_MANAGER;
	return note_case(limits, &of, entry->seq);
}

/* ---- order -------------------------------------------------------------------------------- */

/* By the share that is used, the most first; then by limit and subject. */
static int compare(const void *a, const void *b, void *context)
{
	const struct limits *limits = context;
	const struct group *first = a, *second = b;
	__extension__ __int128 x =
	        first->sum[SUM_USED] * limits->versions[second->part[PART_LIMIT]]->max;
	__extension__ __int128 y =
	        second->sum[SUM_USED] * limits->versions[first->part[PART_LIMIT]]->max;
	if (x != y)
		return x > y ? -1 : 1;
	for (size_t i = 0; i < GROUP_PARTS; i++)
		if (first->part[i] != second->part[i])
			return first->part[i] < second->part[i] ? -1 : 1;
	return 0;
}

static enum lgp_status put_all(struct limits *limits)
{
	struct limits_sheets sheets;
	enum lgp_status status = LGP_OK;
	char day[LGP_DATE_LEN];
	limits_begin(limits->report, &sheets);
	groups_sort(&limits->uses, compare, limits);
	for (size_t i = 0; i < limits->uses.count && status == LGP_OK; i++) {
		const struct group *group = &limits->uses.list[i];
		struct limit_told *told = &limits->told[group->part[PART_LIMIT]];
		int64_t used = (int64_t)group->sum[SUM_USED];
		bool is_near = near(used, told->version->max);
		told->subjects++;
		told->near += is_near;
		status = limits_put_use(&sheets,
		                        &(struct limit_use){.version = told->version,
		                                            .first = group->part[PART_FIRST],
		                                            .second = group->part[PART_SECOND],
		                                            .end = (int32_t)group->part[PART_END],
		                                            .used = used,
		                                            .near = is_near,
		                                            .last = group->last});
	}
	for (size_t i = 0; i < limits->count; i++)
		limits_put_limit(&sheets, &limits->told[i]);
	if (limits->left_out > 0)
		sheet_note(sheets.uses,
		           "There are more who are not near: of %llu grants the "
		           "subjects are left out.",
		           (unsigned long long)limits->left_out);
	lgp_date_format(day, limits->day);
	document_note(limits->report->document,
	              "Windows are those of the business date %.*s.  Near is %d %% and more.  Who "
	              "used nothing in the window is not listed.",
	              LGP_DATE_LEN, day, NEAR_PERCENT);
	return status;
}

enum lgp_status limits_make(struct report *report)
{
	struct limits limits = {.report = report};
	enum lgp_status status = replay_init(&limits.replay);
	if (status == LGP_OK)
		status = groups_init(&limits.uses);
	if (status == LGP_OK)
		status = report_read(report, replay_visit, &limits);
	if (status == LGP_OK) {
		set_moment(&limits);
		status = find_versions(&limits);
	}
	if (status == LGP_OK && limits.count > 0)
		status = report_read(report, use_visit, &limits);
	if (status == LGP_OK)
		status = put_all(&limits);
	groups_deinit(&limits.uses);
	replay_deinit(&limits.replay);
	free(limits.versions);
	free(limits.told);
	return status;
}
