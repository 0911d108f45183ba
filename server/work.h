/* work: the pool of what connections need while they are busy.
 * Thread: loop. */
#ifndef LAGNIAPPE_SERVER_WORK_H
#define LAGNIAPPE_SERVER_WORK_H

#include "server/conn.h"

/* Fresh, with empty buffers that may keep memory.  NULL: memory ran out. */
struct work *work_take(struct loop *loop);
void work_give(struct loop *loop, struct work *work);
/* A body's memory goes from work to work while nothing stands in it, so that most
 * replies are built where the one before was, which is in the cache.  Borrow before a
 * body is built; lend when none will be for a while. */
void work_borrow_out(struct work *work);
void work_lend_out(struct work *work);
void work_free_pool(struct loop *loop);

#endif
