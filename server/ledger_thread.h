/* ledger_thread: the one thread that writes.  Takes all that queued up, judges
 * it, commits it as one batch, and hands the answers back: the batch is what
 * came while the disk was busy, there is no timer.
 * Thread: start and stop are main's; admit, submit and stats are for any. */
#ifndef LAGNIAPPE_SERVER_LEDGER_THREAD_H
#define LAGNIAPPE_SERVER_LEDGER_THREAD_H

#include "server/job.h"

struct ledger_thread;

LGP_MUST_USE enum lgp_status ledger_thread_start(struct app *app, struct ledger_thread **out);
/* Answers what is queued, then ends. The loops may be gone by then: jobs must
 * have been answered or dropped before (see ledger_thread_pending). */
void ledger_thread_stop(struct ledger_thread *thread);

/* Room for a job that holds so many bytes?  NONE: counted in, until it is
 * answered or released.  OVERLOADED, READ_ONLY: not. */
enum lgp_problem ledger_thread_admit(struct ledger_thread *thread, size_t bytes);
void ledger_thread_release(struct ledger_thread *thread, size_t bytes);
void ledger_thread_submit(struct ledger_thread *thread, struct job_chain jobs);
/* Jobs that are admitted and not yet posted back. */
uint64_t ledger_thread_pending(const struct ledger_thread *thread);
bool ledger_thread_read_only(const struct ledger_thread *thread);

#define COMMIT_BUCKETS 14
extern const double ledger_commit_bounds_s[COMMIT_BUCKETS];

struct ledger_thread_stats {
	uint64_t pending_jobs, pending_bytes, batches, entries, batch_largest;
	uint64_t commit_us;                          /* the sum */
	uint64_t commits_within[COMMIT_BUCKETS + 1]; /* not cumulative; the last: beyond */
	uint64_t accepted, refused, denied, replayed, overloads;
};
void ledger_thread_stats(const struct ledger_thread *thread, struct ledger_thread_stats *out);

#endif
