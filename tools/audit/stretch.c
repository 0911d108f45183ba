/* stretch: see stretch.h.  Thread: one at a time. */
#include "tools/audit/stretch.h"

#include <sys/mman.h>

#define STRETCH_BYTES ((uintptr_t)512 << 10)

void stretch_near(struct stretches *stretches, const void *at)
{
	uintptr_t number = (uintptr_t)at / STRETCH_BYTES;
	if (stretches->near[number % STRETCHES] == number)
		return;
	stretches->near[number % STRETCHES] = number;
	/* What of it is no part of the file, or damaged, is met when it is read. */
	(void)madvise((void *)(number * STRETCH_BYTES), STRETCH_BYTES, MADV_POPULATE_READ);
}
