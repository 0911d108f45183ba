/* keymerge: several neighbouring runs become one, in steps.  Inside ledger/ only.
 * Thread: the applier. */
#ifndef LEDGER_KEYMERGE_H
#define LEDGER_KEYMERGE_H

#include "keyrun.h"

struct keymerge;

/* part: loaded runs, each beginning where the one before it ends; they stay
 * open until the merge is finished or aborted. */
LGP_MUST_USE enum lgp_status keymerge_new(const struct keyrun_dir *dir, struct keyrun *const *part,
                                          size_t count, struct keymerge **out);
/* Merges up to `records` more.  LGP_OK: all are merged; LGP_MISSING: there are
 * more; else a fault, after which the merge can only be aborted. */
LGP_MUST_USE enum lgp_status keymerge_step(struct keymerge *merge, uint64_t records);
/* As keyrun_writer_finish; frees the merge either way. */
LGP_MUST_USE enum lgp_status keymerge_finish(struct keymerge *merge, struct keyrun **out);
void keymerge_abort(struct keymerge *merge); /* NULL is fine */

#endif
