/* pass: the one pass over the log, by one thread or two: one reads blocks and checks
 * their bytes (integrity), the other judges them (judge).
 * Threads: the caller's, and with two a thread of its own for reading.
 *
 * Blocks are handed over in a ring of RING_SLOTS.  Signatures are no part of either:
 * whoever would wait for the other checks one instead.  What is found comes in the
 * same order whatever the number of threads: of each block first what its bytes
 * show, then what its entries do, then its signatures. */
#ifndef LAGNIAPPE_AUDIT_PASS_H
#define LAGNIAPPE_AUDIT_PASS_H

#include "tools/audit/ahead.h"
#include "tools/audit/integrity.h"
#include "tools/audit/judge.h"
#include "tools/audit/progress.h"

#define RING_SLOTS 4

struct pass {
	/* Borrowed, all. */
	struct door *door;
	struct findings *findings;
	const struct trust *trust;
	struct integrity *integrity; /* the reader's while it runs */
	struct judge *judge;
	struct progress *progress;
	struct ahead *ahead; /* the reader's while it runs */
	uint64_t size;
};

/* threads: 1 or 2.  LGP_NO_MEMORY, LGP_IO, …: what ended it before its end. */
LGP_MUST_USE enum lgp_status pass_run(const struct pass *pass, unsigned threads);

#endif
