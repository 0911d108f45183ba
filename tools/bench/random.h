/* random: numbers that differ, quickly: xorshift128+ (Vigna, 2016) from a seed of
 * the system's.  Not for secrets.
 * Thread: any, one owner. */
#ifndef LAGNIAPPE_BENCH_RANDOM_H
#define LAGNIAPPE_BENCH_RANDOM_H

#include <stdint.h>

struct random_source {
	uint64_t state[2];
};

static inline uint64_t random_next(struct random_source *random)
{
	uint64_t x = random->state[0], y = random->state[1];
	random->state[0] = y;
	x ^= x << 23;
	random->state[1] = x ^ y ^ (x >> 17) ^ (y >> 26);
	return random->state[1] + y;
}

/* Below bound, which is far below 2^32. */
static inline uint64_t random_below(struct random_source *random, uint64_t bound)
{
	return ((random_next(random) >> 32) * bound) >> 32;
}

#endif
