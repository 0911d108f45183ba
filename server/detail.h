/* detail: what a line's problem says in words, where the command says more than
 * the problem's code.
 * Thread: the worker's loop. */
#ifndef LAGNIAPPE_SERVER_DETAIL_H
#define LAGNIAPPE_SERVER_DETAIL_H

#include "server/job.h"

#define DETAIL_ROOM 256

/* The detail of a line that was not accepted; len 0: what the code means says it all.
 * Of what is on record it is made from the record and the command alone, so that a
 * replay says the same.  room: where it may be written. */
struct lgp_view detail_of(struct worker *worker, const struct line *line, char room[DETAIL_ROOM]);

#endif
