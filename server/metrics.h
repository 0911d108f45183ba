/* metrics: requests counted by route and status, and what the parts tell of
 * themselves, as Prometheus text.
 * Thread: a loop counts its own; any loop reads all. */
#ifndef LAGNIAPPE_SERVER_METRICS_H
#define LAGNIAPPE_SERVER_METRICS_H

#include "server/route.h"

#define STATUS_CLASSES 6 /* 1xx to 5xx, and what is none */

struct route_counts {
	atomic_uint_least64_t replies[STATUS_CLASSES];
	atomic_uint_least64_t bytes, us;
};

/* route_count + 1 of them; the last counts what had no route. */
struct route_counts *metrics_new(void);
void metrics_count(struct route_counts *counts, const struct route *route, int status, size_t bytes,
                   uint64_t took_us);

#endif
