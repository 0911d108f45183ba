/* driven: a ledger that a benchmark drives by the library as the server does, with the
 * followers of its log and state beside it, or with their work in between.
 * Thread: the benchmark's own, save the followers, which are within. */
#ifndef LAGNIAPPE_TESTS_BENCH_DRIVEN_H
#define LAGNIAPPE_TESTS_BENCH_DRIVEN_H

#include "lagniappe/ledger.h"

#include <pthread.h>
#include <stdatomic.h>

#define DAY_US (INT64_C(86400) * 1000000)

struct driven {
	struct lgp_ledger *ledger;
	uint64_t random[2];
	int64_t now_us;
	bool beside; /* there are followers, and large batches are appended beside */
	pthread_t thread, applier, log_follower;
	_Atomic bool frozen, stop;
	/* The batch on its way. */
	bool closed; /* there is one */
	pthread_mutex_t lock;
	pthread_cond_t woken;
	bool durable;
	double closed_at, durable_at;
	double commit_s; /* how long the last one took */
	/* Threads' own seconds: of the thread that appends beside, in all; and of this one. */
	double beside_s, here_s, applying_s;
};

/* A new ledger in DIR, all of whose zones are UTC; its days begin with `day`.  Faults end
 * the program. */
void driven_open(struct driven *d, const char *dir, const char *origin, int32_t day);
void driven_start_followers(struct driven *d);
void driven_close(struct driven *d);

uint64_t next_random(struct driven *d);
/* With a random key, a microsecond after the one before. */
struct lgp_command command(struct driven *d, enum lgp_kind kind, uint64_t token);
/* Waits while the applier is behind: what a server answers 503. */
struct lgp_outcome judge(struct driven *d, const struct lgp_command *command);
/* Its number; what is refused ends the program.  A full batch is committed. */
uint64_t accepted(struct driven *d, const struct lgp_command *command);
uint64_t define(struct driven *d, enum lgp_kind kind, uint64_t token, const char *text);
/* Makes the open batch durable, and shows it.  Beside, it is begun when this returns. */
void commit(struct driven *d);
/* Shows what was begun, when it is durable. */
void settle(struct driven *d);

void must(enum lgp_status status);
void set(struct lgp_slug *slug, const char *text);
double seconds(void);
/* The thread's own time: what others do on the machine is not in it. */
double thread_seconds(void);
/* Of doubles, for qsort. */
int compare(const void *a, const void *b);

#endif
