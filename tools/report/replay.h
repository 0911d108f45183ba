/* replay: what limits have used, counted again from the entries.
 * Thread: one at a time.
 *
 * Counts with the audit's own counters (tools/audit/bounds.h) and judges
 * nothing: verify does.  Memory: theirs, and 28 to 55 bytes a grant that was
 * reversed. */
#ifndef LAGNIAPPE_REPORT_REPLAY_H
#define LAGNIAPPE_REPORT_REPLAY_H

#include "tools/audit/bounds.h"
#include "tools/report/book.h"

struct replay {
	struct programme programme;
	struct bounds bounds;
	struct slots reversed; /* grant + 1 -> how much of it was reversed */
	int64_t last_us;       /* of the last entry that is no import */
	int32_t last_day;
};

LGP_MUST_USE enum lgp_status replay_init(struct replay *replay);
void replay_deinit(struct replay *replay);
/* The next entry.  LGP_CORRUPT: it refers to what is not there; LGP_NO_MEMORY. */
LGP_MUST_USE enum lgp_status replay_entry(struct replay *replay, const struct book *book,
                                          const struct lgp_entry *entry);
/* Whose authority an approval was; 0: it is none, or nobody's. */
LGP_MUST_USE enum lgp_status replay_authority(const struct replay *replay, const struct book *book,
                                              const struct lgp_entry *entry, uint64_t *authority);

#endif
