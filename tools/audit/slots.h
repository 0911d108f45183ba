/* slots: numbers by numbers in memory, for accounts, parties and counters.
 * Thread: one at a time.
 *
 * Open addressing with linear probing in one block of 24-byte slots, filled to
 * 4/5 at most and doubled then: 30 to 60 bytes an item.  Hashed under seeds
 * drawn for the run, so that no ledger can be made to probe slowly. */
#ifndef LAGNIAPPE_AUDIT_SLOTS_H
#define LAGNIAPPE_AUDIT_SLOTS_H

#include "lagniappe/status.h"

struct slot {
	uint64_t key; /* 0: empty */
	uint64_t sub; /* the key's second half */
	union {
		uint64_t number;
		int64_t amount;
	};
};

struct slots {
	struct slot *list; /* owned */
	uint64_t seed[2];
	size_t count, mask; /* mask: room - 1 */
};

LGP_MUST_USE enum lgp_status slots_init(struct slots *slots);
void slots_deinit(struct slots *slots);
/* Multiplies and folds the product (the mixing step of wyhash), each half of the
 * key under a secret of its own: nobody can name one that makes all places one. */
static inline size_t slots_place(const struct slots *slots, uint64_t key, uint64_t sub)
{
	__extension__ unsigned __int128 product =
	        (unsigned __int128)(key ^ slots->seed[0]) * (sub ^ slots->seed[1]);
	return (size_t)(product ^ product >> 64) & slots->mask;
}

/* The item's slot, or the empty one where it would stand. */
static inline struct slot *slots_probe(const struct slots *slots, uint64_t key, uint64_t sub)
{
	size_t i = slots_place(slots, key, sub);
	while (slots->list[i].key != 0 && (slots->list[i].key != key || slots->list[i].sub != sub))
		i = (i + 1) & slots->mask;
	return &slots->list[i];
}

/* NULL: not there.  key is not 0.  Valid until the next put.  Here, with what it
 * calls, because an entry's judgement asks some thirty times. */
static inline struct slot *slots_find(const struct slots *slots, uint64_t key, uint64_t sub)
{
	require(key != 0);
	struct slot *slot = slots_probe(slots, key, sub);
	return slot->key != 0 ? slot : NULL;
}

/* Brings the item's place near, and the line behind it, into which probing may
 * lead; for those that will be asked for soon. */
void slots_prefetch(const struct slots *slots, uint64_t key, uint64_t sub);
/* The item, made with 0 where it was not there.  NULL: no memory. */
struct slot *slots_put(struct slots *slots, uint64_t key, uint64_t sub);
/* The next item at or behind *at, in no order; NULL at the end.  Start at 0. */
const struct slot *slots_next(const struct slots *slots, size_t *at);

size_t slots_bytes(const struct slots *slots);

#endif
