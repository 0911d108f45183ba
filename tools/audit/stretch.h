/* stretch: what is read of a file's map comes near in stretches.
 * Thread: one at a time. */
#ifndef LAGNIAPPE_AUDIT_STRETCH_H
#define LAGNIAPPE_AUDIT_STRETCH_H

#include <stdint.h>

#define STRETCHES 16

/* Zero: none. */
struct stretches {
	uintptr_t near[STRETCHES]; /* which are, by the last bits of their numbers */
};

/* Has the system map all of the stretch in which this stands, and read what of it is
 * not in memory: page by page, as each is met, that takes twice as long. */
void stretch_near(struct stretches *stretches, const void *at);

#endif
