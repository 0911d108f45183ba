/* limits: what finance allows, by the table of noun.h, a version an entry.
 * Thread: the exchange's loop. */
#ifndef LAGNIAPPE_SERVER_LIMITS_H
#define LAGNIAPPE_SERVER_LIMITS_H

#include "server/job.h"

/* Writes the members of a limit as it is in force, and which version that is.
 * LGP_MISSING: none that is durable. */
LGP_MUST_USE enum lgp_status limit_write_now(struct worker *worker, struct buf *out,
                                             uint64_t number, uint64_t *version);

#endif
