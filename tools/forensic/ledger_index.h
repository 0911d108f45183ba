/* ledger_index: items of one size, each found by a pair of numbers, in the order in
 * which they were first asked for.
 * Thread: one at a time.
 *
 * Memory: an item, and 28 to 55 bytes, for each pair. */
#ifndef LAGNIAPPE_FORENSIC_LEDGER_INDEX_H
#define LAGNIAPPE_FORENSIC_LEDGER_INDEX_H

#include "tools/audit/slots.h"

struct ledger_index {
	struct slots at;
	void *items; /* owned */
	size_t size, count, room;
};

LGP_MUST_USE enum lgp_status ledger_index_init(struct ledger_index *index, size_t size);
void ledger_index_deinit(struct ledger_index *index);
/* The pair's item, made of zeros where it was not there; valid until the next put.
 * NULL: no memory, which is noted as the fault. */
void *ledger_index_put(struct ledger_index *index, uint32_t left, uint64_t right);
/* NULL: not there. */
void *ledger_index_find(const struct ledger_index *index, uint32_t left, uint64_t right);
/* The i-th, i below count. */
void *ledger_index_at(const struct ledger_index *index, size_t i);

#endif
