/* groups: see groups.h.  Thread: one at a time. */
#include "tools/report/groups.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define ROOM_FIRST 1024

enum lgp_status groups_init(struct groups *groups)
{
	*groups = (struct groups){.mask = 2 * ROOM_FIRST - 1, .room = ROOM_FIRST};
	/* Keyed, so that no ledger can be made to probe slowly. */
	if (getrandom(&groups->seed, sizeof groups->seed, 0) < 0)
		groups->seed = 0;
	groups->list = malloc(ROOM_FIRST * sizeof *groups->list);
	groups->index = calloc(groups->mask + 1, sizeof *groups->index);
	return groups->list != NULL && groups->index != NULL ? LGP_OK : groups_fault(groups);
}

void groups_deinit(struct groups *groups)
{
	free(groups->list);
	free(groups->index);
	*groups = (struct groups){0};
}

enum lgp_status groups_fault(const struct groups *groups)
{
	if (groups->count == GROUPS_MAX)
		return lgp_fault(LGP_OVERLOAD,
		                 "more than %u rows; narrow the report with --from, --to, --unit "
		                 "or a wider --by",
		                 GROUPS_MAX);
	return lgp_fault(LGP_NO_MEMORY, "no memory for the report's rows");
}

static size_t place(const struct groups *groups, const int64_t part[GROUP_PARTS])
{
	uint64_t hash = groups->seed;
	for (size_t i = 0; i < GROUP_PARTS; i++) {
		__extension__ unsigned __int128 product =
		        (unsigned __int128)(hash ^ (uint64_t)part[i]) *
		        UINT64_C(0xa0761d6478bd642f);
		hash = (uint64_t)(product ^ product >> 64) + groups->seed;
	}
	return (size_t)hash & groups->mask;
}

/* The index's slot of the key, or the empty one where it would stand. */
static uint32_t *probe(const struct groups *groups, const int64_t part[GROUP_PARTS])
{
	size_t i = place(groups, part);
	while (groups->index[i] != 0 && memcmp(groups->list[groups->index[i] - 1].part, part,
	                                       sizeof groups->list[0].part) != 0)
		i = (i + 1) & groups->mask;
	return &groups->index[i];
}

/* The index is twice as large as the list: half of it stays empty. */
static bool grow(struct groups *groups)
{
	struct group *list = realloc(groups->list, 2 * groups->room * sizeof *list);
	if (list == NULL)
		return false;
	groups->list = list;
	uint32_t *index = calloc(4 * groups->room, sizeof *index);
	if (index == NULL)
		return false;
	free(groups->index);
	groups->index = index;
	groups->room *= 2;
	groups->mask = 2 * groups->room - 1;
	for (size_t i = 0; i < groups->count; i++)
		*probe(groups, list[i].part) = (uint32_t)i + 1;
	return true;
}

struct group *groups_at(struct groups *groups, const int64_t part[GROUP_PARTS])
{
	uint32_t *slot = probe(groups, part);
	if (*slot != 0)
		return &groups->list[*slot - 1];
	if (groups->count == GROUPS_MAX)
		return NULL;
	if (groups->count == groups->room) {
		if (!grow(groups))
			return NULL;
		slot = probe(groups, part);
	}
	struct group *group = &groups->list[groups->count++];
	*slot = (uint32_t)groups->count;
	*group = (struct group){0};
	memcpy(group->part, part, sizeof group->part);
	return group;
}

void group_note(struct group *group, uint64_t seq)
{
	if (group->count[0]++ == 0)
		group->first = seq;
	group->last = seq;
}

void group_add(struct group *a, const struct group *b)
{
	if (b->count[0] > 0) {
		a->first = a->count[0] == 0 || b->first < a->first ? b->first : a->first;
		a->last = a->count[0] == 0 || b->last > a->last ? b->last : a->last;
	}
	for (size_t i = 0; i < GROUP_COUNTS; i++)
		a->count[i] += b->count[i];
	for (size_t i = 0; i < GROUP_SUMS; i++)
		a->sum[i] += b->sum[i];
}

void groups_sort(struct groups *groups, int (*compare)(const void *a, const void *b, void *context),
                 void *context)
{
	qsort_r(groups->list, groups->count, sizeof *groups->list, compare, context);
}
