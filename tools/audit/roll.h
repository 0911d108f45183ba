/* roll: one record for each party, by the number of the entry that opened it.
 * Thread: one at a time.
 *
 * Parties are opened in the order of their numbers, and stand in that order: where one
 * stands is how many were opened before it.  So no number is kept, and nothing moves:
 * of PAGE_NUMBERS numbers a page has a bit each, and a count for each word of them.
 * Memory: 32 bytes a party, and the pages: at most 0.2 bytes an entry, at most 700 a
 * party. */
#ifndef LAGNIAPPE_AUDIT_ROLL_H
#define LAGNIAPPE_AUDIT_ROLL_H

#include "tools/audit/slots.h"

/* What an entry asks of its customer, in one place: half of a cache line. */
struct party {
	uint64_t last;       /* kind << 56 | its newest entry: parties.h */
	uint64_t first_site; /* of a customer, where it was opened; 0: known everywhere: known.h */
	uint64_t unit;       /* 0: none yet; else its customer account in that unit: money.h */
	int64_t balance;
};

struct roll {
	struct slots pages;   /* number / PAGE_NUMBERS + 1 -> its place in page */
	struct page *page;    /* owned, each of these */
	struct party **block; /* of BLOCK_PARTIES parties each */
	size_t page_count, block_count, count;
};

LGP_MUST_USE enum lgp_status roll_init(struct roll *roll);
void roll_deinit(struct roll *roll);
/* Behind all that are there; zero.  It stays where it is.  NULL: no memory. */
struct party *roll_add(struct roll *roll, uint64_t number);
/* NULL: not there. */
struct party *roll_find(const struct roll *roll, uint64_t number);
/* Brings its record near. */
void roll_prefetch(const struct roll *roll, uint64_t number);
/* The next one at or behind *at, in the numbers' order; NULL at the end.  Start at 0. */
struct party *roll_next(const struct roll *roll, uint64_t *at, uint64_t *number);
size_t roll_bytes(const struct roll *roll);

#endif
