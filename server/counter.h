/* counter: numbers that one thread adds to and any may read at any time. */
#ifndef LAGNIAPPE_SERVER_COUNTER_H
#define LAGNIAPPE_SERVER_COUNTER_H

#include <stdatomic.h>
#include <stdint.h>

static inline uint64_t value_of(const _Atomic uint64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

/* By its one writer: a plain add. */
static inline void count(_Atomic uint64_t *counter, uint64_t by)
{
	atomic_store_explicit(counter, value_of(counter) + by, memory_order_relaxed);
}

#endif
