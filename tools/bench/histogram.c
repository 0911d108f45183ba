/* histogram: latencies by logarithmic buckets.
 * Thread: any, one owner. */
#include "tools/bench/histogram.h"

#define SUB_COUNT (UINT64_C(1) << HISTOGRAM_SUB_BITS)
#define VALUE_MAX ((UINT64_C(1) << HISTOGRAM_VALUE_BITS) - 1)

/* Below SUB_COUNT a bucket a value; above, SUB_COUNT buckets a power of two. */
static size_t bucket_of(uint64_t value)
{
	if (value < SUB_COUNT)
		return value;
	unsigned shift = 63 - (unsigned)__builtin_clzll(value) - HISTOGRAM_SUB_BITS;
	return ((size_t)shift << HISTOGRAM_SUB_BITS) + (size_t)(value >> shift);
}

uint64_t histogram_edge(size_t bucket)
{
	require(bucket < HISTOGRAM_BUCKETS);
	if (bucket < SUB_COUNT)
		return bucket;
	unsigned shift = (unsigned)(bucket >> HISTOGRAM_SUB_BITS) - 1;
	uint64_t sub = bucket - ((size_t)shift << HISTOGRAM_SUB_BITS);
	return ((sub + 1) << shift) - 1;
}

void histogram_add(struct histogram *histogram, uint64_t ns)
{
	uint64_t value = ns < VALUE_MAX ? ns : VALUE_MAX;
	histogram->count++;
	histogram->sum_ns += value;
	if (value > histogram->max_ns)
		histogram->max_ns = value;
	histogram->bucket[bucket_of(value)]++;
}

uint64_t histogram_at(const struct histogram *histogram, double share)
{
	uint64_t passed = 0;
	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
		passed += histogram->bucket[i];
		if (passed == 0 || (double)passed < share * (double)histogram->count)
			continue;
		uint64_t edge = histogram_edge(i);
		return edge < histogram->max_ns ? edge : histogram->max_ns;
	}
	return histogram->max_ns;
}
