/* worker: a loop's own readers, ciphers and buffers, made and freed.
 * Thread: main, before the loops start and after they ended. */
#ifndef LAGNIAPPE_SERVER_WORKER_H
#define LAGNIAPPE_SERVER_WORKER_H

#include "server/app.h"

LGP_MUST_USE enum lgp_status worker_new(struct app *app, unsigned index, struct worker **out);
void worker_free(struct worker *worker);

#endif
