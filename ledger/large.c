/* large: see large.h. */
#include "large.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define CACHE_LINE 64

static size_t whole(size_t bytes)
{
	return (bytes + LARGE_BYTES - 1) & ~(LARGE_BYTES - 1);
}

/* What is mapped is more by an alignment, whose ends are given back.  Behind the last
 * whole large page there are small ones, as many as are touched. */
static void *map_large(size_t bytes)
{
	char *mapped = mmap(NULL, whole(bytes) + LARGE_BYTES, PROT_READ | PROT_WRITE,
	                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (mapped == MAP_FAILED)
		return NULL;
	size_t before = -(uintptr_t)mapped & (LARGE_BYTES - 1);
	char *memory = mapped + before;
	if (before > 0)
		munmap(mapped, before);
	munmap(memory + whole(bytes), LARGE_BYTES - before);
	(void)madvise(memory, bytes & ~(LARGE_BYTES - 1), MADV_HUGEPAGE); /* or small ones */
	return memory;
}

void *large_new(size_t bytes)
{
	void *memory;
	if (bytes >= LARGE_BYTES)
		return map_large(bytes);
	if (posix_memalign(&memory, CACHE_LINE, bytes) != 0)
		return NULL;
	return memset(memory, 0, bytes);
}

void large_free(void *memory, size_t bytes)
{
	if (memory != NULL && bytes >= LARGE_BYTES)
		munmap(memory, whole(bytes));
	else
		free(memory);
}
