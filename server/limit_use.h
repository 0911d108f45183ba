/* limit_use: limits and how much of them is used, as they are answered.
 * Thread: the worker's loop, save where said. */
#ifndef LAGNIAPPE_SERVER_LIMIT_USE_H
#define LAGNIAPPE_SERVER_LIMIT_USE_H

#include "server/job.h"

#define LIMIT_USES_MAX 1024 /* limits that one answer tells of */

/* Ledger thread: all limits that the line's grant meets, into line->limits.
 * LGP_MISSING: it names what is not there, or has no budget. */
LGP_MUST_USE enum lgp_status limit_use_explain(struct app *app, struct job *job, struct line *line);

/* Writes ,"limits":[…] of what a line was explained.  whole: also what each
 * would do; else what is left of it alone. */
void limit_use_list(struct buf *out, const struct line *line, bool whole);
/* Writes the limit that a line was refused for, limit, max, used, remaining and
 * resets_at, and of the version that judged unit, measure and when_passed: of what is
 * on record, from the record, so that it is the same again. */
void limit_use_refused(struct worker *worker, struct buf *out, const struct line *line);
/* Whether that limit can be asked for. */
bool limit_use_asks(struct worker *worker, const struct line *line);
/* Writes what an entry's record says of limits: ,"limits":[…], of an ask
 * expires_at too, of an approved grant on whose authority. */
void limit_use_entry(struct worker *worker, struct buf *out, const struct lgp_entry *entry);

#endif
