/* words: what people write about an act: never in the ledger, sealed under the
 * key of the person it is about, and bound to the entry by a commitment under
 * that key.
 * Thread: as said. */
#ifndef LAGNIAPPE_SERVER_WORDS_H
#define LAGNIAPPE_SERVER_WORDS_H

#include "server/job.h"

/* Loop: binds and seals text for the line, and makes the MAC of its body under
 * the same key.  text.ptr NULL: no words, the house's own key.
 * False: no memory, or a fault; answered, or for a bulk's line noted in it. */
bool words_take(struct request *request, struct job *job, struct line *line, uint64_t person,
                struct lgp_view text, struct lgp_view body);
/* Ledger thread, struct act's accepted: puts what was sealed into the people. */
enum lgp_status words_accepted(struct app *app, struct job *job, struct line *line);
/* Loop: writes ,"words":"…" of an entry that has some and is not erased. */
void words_write(struct worker *worker, struct buf *out, const struct lgp_entry *entry);

#endif
