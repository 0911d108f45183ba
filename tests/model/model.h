/* model: what the model tests share: chance that can be had again, and the ledger
 * that is driven.
 * Thread: one. */
#ifndef LAGNIAPPE_TESTS_MODEL_H
#define LAGNIAPPE_TESTS_MODEL_H

#include "lagniappe/ledger.h"

#define DAY_US (INT64_C(86400) * 1000000)

struct model {
	uint64_t random;
	char dir[64];
	struct lgp_ledger *ledger;
	bool closed; /* a batch is, and what comes is judged behind it */
	struct lgp_calendar calendar;
};
extern struct model model;

/* Makes a ledger in a directory of its own, with its first entries at that moment.
 * LAGNIAPPE_SEED and LAGNIAPPE_STEPS are printed; without them the seed is the time's.
 * Returns the steps, `steps` when nothing else is said. */
uint64_t model_start(const char *origin, int64_t now_us, const struct lgp_calendar *calendar,
                     uint64_t steps);
/* Closes it and removes the directory. */
void model_finish(void);
/* From the file, or from the log alone: the same state either way (I10). */
void model_reopen(bool without_state);

/* 0 to n - 1. */
uint64_t pick(uint64_t n);
bool chance(unsigned percent);
/* A fault fails the test. */
void must(enum lgp_status status);
/* Commits what was judged; sometimes the applier comes by. */
void commit(void);
/* Commits what was judged before the last time, and closes what was judged since. */
void commit_next(void);
struct lgp_slug slug(const char *text);

#endif
