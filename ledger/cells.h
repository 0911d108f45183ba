/* cells: values of one size by two numbers, in the order in which they came: the
 * parties and accounts that a batch looked at, decoded.
 * Thread: one at a time. */
#ifndef LAGNIAPPE_LEDGER_CELLS_H
#define LAGNIAPPE_LEDGER_CELLS_H

#include "lagniappe/status.h"

struct cell {
	uint64_t first, second; /* its key */
	uint32_t hash;          /* as it was given */
	bool there;             /* its value counts: there is such a record */
	bool changed;
	_Alignas(8) char value[];
};

struct cells {
	size_t cell_bytes, count, cap;
	struct cell **table; /* at least twice as many places as cells; NULL is empty */
	size_t mask;         /* its size less 1, a power of two */
	char **blocks;       /* of cells, in their order */
};

struct cells *cells_new(size_t value_bytes); /* NULL: no memory */
void cells_free(struct cells *cells);
void cells_clear(struct cells *cells); /* keeps the memory */
/* One that is not there yet, its value all zero.  It stays where it is until the cells
 * are cleared.  NULL: no memory, nothing changed. */
struct cell *cells_add(struct cells *cells, uint64_t first, uint64_t second, uint32_t hash);
/* 0 to count - 1. */
struct cell *cells_at(const struct cells *cells, size_t i);

/* Where a cell stands in the table, or would. */
static inline struct cell **cells_place(const struct cells *cells, uint64_t first, uint64_t second,
                                        uint32_t hash)
{
	size_t at = hash & cells->mask;
	struct cell *cell;
	while ((cell = cells->table[at]) != NULL &&
	       (cell->first != first || cell->second != second))
		at = (at + 1) & cells->mask;
	return &cells->table[at];
}

/* NULL: there is none. */
static inline struct cell *cells_find(const struct cells *cells, uint64_t first, uint64_t second,
                                      uint32_t hash)
{
	return *cells_place(cells, first, second, hash);
}

#endif
