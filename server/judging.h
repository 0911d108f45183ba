/* judging: one line before the ledger: when it is, whether it is one more of a flood of
 * refusals, what became of it, and what a dry run tells besides.
 * Thread: ledger thread only, save the counters, which any reads. */
#ifndef LAGNIAPPE_SERVER_JUDGING_H
#define LAGNIAPPE_SERVER_JUDGING_H

#include "server/job.h"

#include <stdatomic.h>

struct judging;

struct judging *judging_new(struct app *app); /* NULL: no memory */
void judging_free(struct judging *judging);

/* The time that an entry asked for now may bear.  False: the clock has jumped ahead of
 * itself by more than a day. */
bool judging_stamp(struct judging *judging, int64_t *time_us);
/* Says in the line what became of it.  LGP_FULL: personal data found no room, and the
 * open batch can go nowhere.  Other faults: *doing says in what. */
LGP_MUST_USE enum lgp_status judging_line(struct judging *judging, struct job *job,
                                          struct line *line, const char **doing);
void judging_deny(struct line *line, enum lgp_problem problem);

struct judged_counters {
	atomic_uint_least64_t accepted, refused, denied, replayed, overloads;
};
const struct judged_counters *judging_counters(const struct judging *judging);

#endif
