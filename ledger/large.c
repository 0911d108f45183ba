/* large: see large.h. */
#include "large.h"

#include <stdlib.h>
#include <sys/mman.h>

#define CACHE_LINE 64

void *large_alloc(size_t bytes)
{
	void *memory;
	bool large = bytes >= LARGE_BYTES;
	if (posix_memalign(&memory, large ? LARGE_BYTES : CACHE_LINE, bytes) != 0)
		return NULL;
	/* Where the system says no, it is small pages.  Behind the last whole large page
	 * there are small ones too, as many as are touched. */
	if (large)
		(void)madvise(memory, bytes & ~(LARGE_BYTES - 1), MADV_HUGEPAGE);
	return memory;
}
