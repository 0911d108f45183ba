/* load: sends requests by many connections from one thread, and counts.
 * Thread: the generator's one.
 *
 * Closed loop: each connection has one request in flight, and sends the next when
 * it is answered.  A server that stalls is asked less, so that a stall hides.
 *
 * Open loop: requests are due at a steady rate, whatever the server does; each goes
 * out by a connection that is free.  Latency counts from when it was due, so that
 * a stall counts for every request that it held up. */
#ifndef LAGNIAPPE_BENCH_LOAD_H
#define LAGNIAPPE_BENCH_LOAD_H

#include "tools/bench/tally.h"

#define CONNECTIONS_MAX 16384
#define DRAIN_SECONDS 10 /* for what is in flight when the time is over */

struct load_plan {
	const struct target *target;
	struct programme *programme;
	struct mode mode;
	unsigned connections;
	double seconds, warmup_seconds;
	double rate;      /* requests a second; 0: closed loop */
	uint64_t stop_at; /* requests after which it ends, whatever the time; 0: none */
	long server_pid;  /* whose CPU time is counted; 0: none */
};

/* False: it could not run; error says why.  The caller calls load_result_deinit
 * either way. */
LGP_MUST_USE bool load_run(const struct load_plan *plan, struct load_result *result,
                           char error[ERROR_MAX]);
void load_result_deinit(struct load_result *result);

#endif
