/* histogram: latencies by logarithmic buckets, as HdrHistogram has them: 64
 * buckets for every doubling, so that no figure is off by more than 1.6 %.
 * Thread: any, one owner. */
#ifndef LAGNIAPPE_BENCH_HISTOGRAM_H
#define LAGNIAPPE_BENCH_HISTOGRAM_H

#include "lagniappe/status.h"

#define HISTOGRAM_SUB_BITS 6
#define HISTOGRAM_VALUE_BITS 41 /* 36 minutes; longer counts as that */
#define HISTOGRAM_BUCKETS ((HISTOGRAM_VALUE_BITS - HISTOGRAM_SUB_BITS + 1) << HISTOGRAM_SUB_BITS)

struct histogram {
	uint64_t count, sum_ns, max_ns;
	uint64_t bucket[HISTOGRAM_BUCKETS];
};

void histogram_add(struct histogram *histogram, uint64_t ns);
/* The latency that this share (0 to 1) of them did not pass: the upper edge of
 * its bucket, at most the largest.  0 when there are none. */
uint64_t histogram_at(const struct histogram *histogram, double share);
/* The largest value that a bucket counts. */
uint64_t histogram_edge(size_t bucket);

#endif
