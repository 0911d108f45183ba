/* work: the pool of what connections need while they are busy.
 * Thread: loop. */
#ifndef LAGNIAPPE_SERVER_WORK_H
#define LAGNIAPPE_SERVER_WORK_H

#include "server/conn.h"

/* Fresh, with empty buffers that may keep memory.  NULL: memory ran out. */
struct work *work_take(struct loop *loop);
void work_give(struct loop *loop, struct work *work);
void work_free_pool(struct loop *loop);

#endif
