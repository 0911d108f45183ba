/* ahead: asks the kernel for the part of a ledger.mdb that will be read next.
 * Thread: one at a time.
 *
 * The store reads page by page where it is asked for one, which a disk answers
 * slowly.  Its file grows as the log does, so what stands behind the pages of one
 * entry are nearly those of the next: a window moves over the file as the audit
 * moves over the log.  It is a wish alone: what is read does not go by it. */
#ifndef LAGNIAPPE_AUDIT_AHEAD_H
#define LAGNIAPPE_AUDIT_AHEAD_H

#include "lagniappe/status.h"

struct ahead {
	int file; /* owned; -1: none */
	uint64_t bytes, asked;
};

/* directory: the data directory, "" where path is the file itself. */
void ahead_open(struct ahead *ahead, const char *directory, const char *path);
void ahead_close(struct ahead *ahead);
/* So much of the whole is read. */
void ahead_at(struct ahead *ahead, uint64_t done, uint64_t whole);

#endif
