/* large: memory for tables and buffers that are visited in no order.
 * Thread: any. */
#ifndef LAGNIAPPE_AUDIT_LARGE_H
#define LAGNIAPPE_AUDIT_LARGE_H

#include <stddef.h>

/* Zeros; NULL: no memory.  From 2 MiB on in large pages where the system gives them:
 * the processor remembers the places of few small ones. */
void *large_new(size_t bytes);
/* bytes: as it was asked for.  memory may be NULL. */
void large_free(void *memory, size_t bytes);

#endif
