/* bounds: see bounds.h.  Here: which versions may still judge, and what is chained where.
 * Thread: one at a time. */
#include "tools/audit/bounds_internal.h"

#include <stdlib.h>
#include <string.h>

#define DATES_APART 2 /* days */

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

/* ---- chains: a version stands under the narrowest part of its scope -------------------------- */

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
	struct limit_version **head = bounds_head(bounds, by, number);
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
	struct limit_version **at = bounds_head(bounds, by, number);
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
