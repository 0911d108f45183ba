/* pending: the grants that wait for approval.  Thread: ledger thread, save for
 * lgp_pending. */
#include "internal.h"

#include <string.h>

static size_t place_of(const struct pending *pending, uint64_t seq)
{
	size_t low = 0, high = pending->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (pending->list[middle].seq < seq)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Numbers grow, and so the list stays sorted. */
enum lgp_status pending_add(struct pending *pending, const struct lgp_entry *ask, int64_t until_us)
{
	if (pending->count == LGP_PENDING_MAX)
		return lgp_fault(LGP_OVERLOAD, "%d grants wait for approval already",
		                 LGP_PENDING_MAX);
	require(pending->count == 0 || pending->list[pending->count - 1].seq < ask->seq);
	pending->list[pending->count].seq = ask->seq;
	pending->list[pending->count].staff = ask->staff;
	pending->list[pending->count++].until_us = until_us;
	return LGP_OK;
}

size_t pending_of(const struct pending *pending, uint64_t staff)
{
	size_t count = 0;
	for (size_t i = 0; i < pending->count; i++)
		count += pending->list[i].staff == staff;
	return count;
}

bool pending_holds(const struct pending *pending, uint64_t seq)
{
	size_t at = place_of(pending, seq);
	return at < pending->count && pending->list[at].seq == seq;
}

void pending_remove(struct pending *pending, uint64_t seq)
{
	size_t at = place_of(pending, seq);
	require(at < pending->count && pending->list[at].seq == seq);
	pending->count--;
	memmove(&pending->list[at], &pending->list[at + 1],
	        (pending->count - at) * sizeof pending->list[0]);
}

void lgp_pending(struct lgp_ledger *ledger, uint64_t after, uint64_t *out, size_t max,
                 size_t *count)
{
	*count = 0;
	pthread_mutex_lock(&ledger->released_lock);
	const struct pending *shown = &ledger->shown;
	for (size_t i = place_of(shown, after + 1); i < shown->count && *count < max; i++)
		out[(*count)++] = shown->list[i].seq;
	pthread_mutex_unlock(&ledger->released_lock);
}
