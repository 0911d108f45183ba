/* progress: one line on a terminal: how far, how fast, how long still.
 * Thread: one at a time.  Nothing is written when stderr is no terminal. */
#ifndef LAGNIAPPE_AUDIT_PROGRESS_H
#define LAGNIAPPE_AUDIT_PROGRESS_H

#include "lagniappe/status.h"

struct progress {
	bool shown; /* there is a line to take away */
	bool terminal;
	uint64_t total;
	int64_t start_ms, last_ms;
};

void progress_start(struct progress *progress, uint64_t total);
void progress_at(struct progress *progress, uint64_t done);
/* Takes the line away. */
void progress_end(struct progress *progress);

#endif
