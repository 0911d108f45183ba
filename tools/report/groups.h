/* groups: figures added up by keys.
 * Thread: one at a time.
 *
 * Sums are of 128 bits: they hold whatever entries can add up to.  Memory: 176
 * bytes a group and 8 of the index, GROUPS_MAX groups at most. */
#ifndef LAGNIAPPE_REPORT_GROUPS_H
#define LAGNIAPPE_REPORT_GROUPS_H

#include "lagniappe/status.h"

#define GROUP_PARTS 4
#define GROUP_COUNTS 4
#define GROUP_SUMS 6
#define GROUPS_MAX (1u << 20) /* as many rows as a sheet has */

struct group {
	int64_t part[GROUP_PARTS]; /* what it is known by */
	uint64_t first, last;      /* the entries that it was noted by; count[0] above 0 */
	uint64_t count[GROUP_COUNTS];
	__extension__ __int128 sum[GROUP_SUMS];
};

struct groups {
	struct group *list; /* owned; in the order in which they came, until they are sorted */
	size_t count, room;
	uint32_t *index; /* owned; places in list and one, 0 empty */
	size_t mask;
	uint64_t seed;
};

LGP_MUST_USE enum lgp_status groups_init(struct groups *groups);
void groups_deinit(struct groups *groups);
/* The group of this key, made empty where it is new; NULL: no memory or too many
 *, as groups_fault says.  Valid until the next call. */
struct group *groups_at(struct groups *groups, const int64_t part[GROUP_PARTS]);
/* Why groups_at gave NULL: LGP_NO_MEMORY, LGP_OVERLOAD. */
enum lgp_status groups_fault(const struct groups *groups);
/* Counts an entry in. */
void group_note(struct group *group, uint64_t seq);
/* Adds up what b has to a; the key stays. */
void group_add(struct group *a, const struct group *b);
/* Afterwards groups_at is not to be called. */
void groups_sort(struct groups *groups, int (*compare)(const void *a, const void *b, void *context),
                 void *context);

#endif
