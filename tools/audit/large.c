/* large: see large.h.  Thread: any. */
#include "tools/audit/large.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#define LARGE_PAGE ((size_t)2 << 20) /* bytes */

static size_t in_pages(size_t bytes)
{
	return (bytes + LARGE_PAGE - 1) / LARGE_PAGE * LARGE_PAGE;
}

/* The system's own zeros, of which a large page begins where it must: what is mapped
 * before and behind is given back. */
static void *map(size_t bytes)
{
	char *all = mmap(NULL, bytes + LARGE_PAGE, PROT_READ | PROT_WRITE,
	                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (all == MAP_FAILED)
		return NULL;
	size_t before = (LARGE_PAGE - (uintptr_t)all % LARGE_PAGE) % LARGE_PAGE;
	if (before > 0)
		(void)munmap(all, before);
	(void)munmap(all + before + bytes, LARGE_PAGE - before);
	(void)madvise(all + before, bytes, MADV_HUGEPAGE); /* a wish: small ones do, too */
	return all + before;
}

void *large_new(size_t bytes)
{
	if (bytes > SIZE_MAX - 2 * LARGE_PAGE)
		return NULL;
	return bytes < LARGE_PAGE ? calloc(1, bytes) : map(in_pages(bytes));
}

void large_free(void *memory, size_t bytes)
{
	if (memory == NULL)
		return;
	if (bytes < LARGE_PAGE)
		free(memory);
	else
		(void)munmap(memory, in_pages(bytes));
}
