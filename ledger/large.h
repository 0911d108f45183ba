/* large: zeroed memory for tables that are looked at all over, on large pages where the
 * system has them.  On small ones nearly every look waits for a page's address as well,
 * and every 4 KiB begin with a fault.  Thread: any. */
#ifndef LAGNIAPPE_LEDGER_LARGE_H
#define LAGNIAPPE_LEDGER_LARGE_H

#include "lagniappe/status.h"

/* From this size on it is of large pages, and a multiple of it wastes nothing. */
#define LARGE_BYTES ((size_t)2 << 20)

/* Begins with a line of the cache.  NULL: no memory. */
void *large_new(size_t bytes);
/* bytes: what it was made with.  The system has large memory back at once. */
void large_free(void *memory, size_t bytes);

#endif
