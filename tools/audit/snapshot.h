/* snapshot: what a data directory's state.mdb holds at one position of the log,
 * copied aside record by record.
 * Thread: one at a time.
 *
 * A server moves state.mdb forward while the audit replays, and a snapshot of the
 * file that was held so long would make it grow.  So the records are copied first,
 * in read transactions of at most PIECE_RECORDS each, into a temporary file without
 * a name (in $TMPDIR or /tmp).  Where the position moved between two of them the
 * copy starts again; after SNAPSHOT_ATTEMPTS it is taken in one transaction, as long
 * as the copying takes.  While the file is between two positions it is waited for. */
#ifndef LAGNIAPPE_AUDIT_SNAPSHOT_H
#define LAGNIAPPE_AUDIT_SNAPSHOT_H

#include "lagniappe/hash.h"

#define SNAPSHOT_ATTEMPTS 5
#define SNAPSHOT_KEY_MAX 511    /* bytes */
#define SNAPSHOT_VALUE_MAX 8192 /* bytes: more than any record has */
#define SNAPSHOT_KEPT 32

struct snapshot;

enum snapshot_is {
	SNAPSHOT_NONE,    /* there is no state.mdb: it is made anew when it is needed */
	SNAPSHOT_EMPTY,   /* there is one, of another format, or that nothing was written to */
	SNAPSHOT_BETWEEN, /* between two positions, as long as it was waited for */
	SNAPSHOT_DAMAGED, /* there is one, and lgp_fault_detail() says what is wrong with it */
	SNAPSHOT_HERE,
};

#define SNAPSHOT_PATIENCE_MS 10000 /* more than a server takes from one to the next */

/* directory: the data directory.  *out is NULL unless SNAPSHOT_HERE.
 * LGP_IO, LGP_OVERLOAD, LGP_NO_MEMORY: the copy cannot be made. */
LGP_MUST_USE enum lgp_status snapshot_take(const char *directory, unsigned patience_ms,
                                           enum snapshot_is *is, struct snapshot **out);
void snapshot_free(struct snapshot *snapshot);
/* Entries applied, and the root of their tree. */
uint64_t snapshot_position(const struct snapshot *snapshot, struct lgp_hash *root);
/* Back to the first record. */
LGP_MUST_USE enum lgp_status snapshot_rewind(struct snapshot *snapshot);
/* The next record, in the order of the keys; borrowed until SNAPSHOT_KEPT more were
 * read, or a rewind.  LGP_MISSING at the end. */
LGP_MUST_USE enum lgp_status snapshot_next(struct snapshot *snapshot, struct lgp_view *key,
                                           struct lgp_view *value);

#endif
