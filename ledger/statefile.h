/* statefile: state.mdb itself: its tables, where it stands, and how a generation of
 * changes gets into it.
 *
 * A generation is written in steps, each a durable transaction of about
 * STATEFILE_STEP_PAGES pages: LMDB keeps what a transaction changes in memory, and
 * the disk has the commits of the log to serve in between.  The first marks the file
 * as being in between, the last says where it stands now (redo.h).
 *
 * Thread: one at a time: the applier, or who opens. */
#ifndef LAGNIAPPE_LEDGER_STATEFILE_H
#define LAGNIAPPE_LEDGER_STATEFILE_H

#include "state.h"

#define STATEFILE_STEP_PAGES 1024

enum { STATEFILE_RECORDS, STATEFILE_META, STATEFILE_TABLES };
extern const struct lgp_kv_table statefile_tables[STATEFILE_TABLES];

/* Where the file stands; a generation that was under way is written to its end first.
 * LGP_MISSING: nowhere, or the file that would end it is not there: make it anew. */
LGP_MUST_USE enum lgp_status statefile_position(struct lgp_kv *kv, const char *redo_path,
                                                struct state_position *out);

struct statefile_merge;
/* changes: each record's new value, empty where it goes.  They are not asked again.
 * A generation that was begun before, and met a fault, is taken from its own file. */
LGP_MUST_USE enum lgp_status statefile_begin(struct lgp_kv *kv, const char *redo_path,
                                             const struct map *changes,
                                             const struct state_position *position,
                                             struct statefile_merge **out);
/* One transaction.  After a fault the merge is only to be ended. */
LGP_MUST_USE enum lgp_status statefile_step(struct statefile_merge *merge, bool *more);
void statefile_end(struct statefile_merge *merge);

/* The period's end in the key of a counter; for ever in all other records. */
int32_t statefile_end_of(struct lgp_view key);

#endif
