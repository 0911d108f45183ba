/* cells: values of one size by two numbers, in the order in which they came: the
 * parties and accounts that the open batch looked at, decoded.
 * Thread: one at a time. */
#ifndef LAGNIAPPE_LEDGER_CELLS_H
#define LAGNIAPPE_LEDGER_CELLS_H

#include "lagniappe/status.h"

struct cells;

struct cell {
	uint64_t first, second; /* its key */
	uint32_t hash;          /* as it was given */
	bool there;             /* its value counts: there is such a record */
	bool changed;
	_Alignas(8) char value[];
};

struct cells *cells_new(size_t value_bytes); /* NULL: no memory */
void cells_free(struct cells *cells);
void cells_clear(struct cells *cells); /* keeps the memory */
/* NULL: there is none. A cell is borrowed until the next one is added. */
struct cell *cells_find(const struct cells *cells, uint64_t first, uint64_t second, uint32_t hash);
/* One that is not there yet, with no value.  NULL: no memory, nothing changed. */
struct cell *cells_add(struct cells *cells, uint64_t first, uint64_t second, uint32_t hash);
size_t cells_count(const struct cells *cells);
struct cell *cells_at(const struct cells *cells, size_t i);

#endif
