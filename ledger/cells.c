/* cells: an array, and an open-addressed table of places in it.  Thread: see cells.h. */
#include "cells.h"

#include <stdlib.h>
#include <string.h>

#define CELLS_MIN 64

struct cells {
	char *bytes; /* cap cells, each of cell_bytes */
	size_t cell_bytes, count, cap;
	uint32_t *table; /* 2 * cap places: index + 1, 0 empty */
};

struct cells *cells_new(size_t value_bytes)
{
	struct cells *cells = calloc(1, sizeof *cells);
	if (cells != NULL)
		cells->cell_bytes = sizeof(struct cell) + value_bytes;
	return cells;
}

void cells_free(struct cells *cells)
{
	if (cells == NULL)
		return;
	free(cells->bytes);
	free(cells->table);
	free(cells);
}

size_t cells_count(const struct cells *cells)
{
	return cells->count;
}

struct cell *cells_at(const struct cells *cells, size_t i)
{
	return (struct cell *)(void *)(cells->bytes + i * cells->cell_bytes);
}

/* Where a cell stands in the table, or would. */
static uint32_t *place_of(const struct cells *cells, uint64_t first, uint64_t second, uint32_t hash)
{
	size_t mask = 2 * cells->cap - 1;
	for (size_t at = hash & mask;; at = (at + 1) & mask) {
		uint32_t *place = &cells->table[at];
		if (*place == 0)
			return place;
		const struct cell *cell = cells_at(cells, *place - 1);
		if (cell->first == first && cell->second == second)
			return place;
	}
}

struct cell *cells_find(const struct cells *cells, uint64_t first, uint64_t second, uint32_t hash)
{
	if (cells->count == 0)
		return NULL;
	const uint32_t *place = place_of(cells, first, second, hash);
	return *place != 0 ? cells_at(cells, *place - 1) : NULL;
}

/* A table that was once large must not make each later small use pay for it. */
void cells_clear(struct cells *cells)
{
	if (cells->count * 16 > cells->cap)
		memset(cells->table, 0, 2 * cells->cap * sizeof *cells->table);
	else
		for (size_t i = cells->count; i-- > 0;) { /* the last first: none is cut off */
			const struct cell *cell = cells_at(cells, i);
			*place_of(cells, cell->first, cell->second, cell->hash) = 0;
		}
	cells->count = 0;
}

static bool grow(struct cells *cells)
{
	size_t cap = cells->cap == 0 ? CELLS_MIN : 2 * cells->cap;
	uint32_t *table = calloc(2 * cap, sizeof *table);
	char *bytes = table != NULL ? realloc(cells->bytes, cap * cells->cell_bytes) : NULL;
	if (bytes == NULL) {
		free(table);
		return false;
	}
	free(cells->table);
	cells->bytes = bytes;
	cells->table = table;
	cells->cap = cap;
	for (size_t i = 0; i < cells->count; i++) {
		const struct cell *cell = cells_at(cells, i);
		*place_of(cells, cell->first, cell->second, cell->hash) = (uint32_t)i + 1;
	}
	return true;
}

struct cell *cells_add(struct cells *cells, uint64_t first, uint64_t second, uint32_t hash)
{
	if (cells->count == cells->cap && !grow(cells))
		return NULL;
	uint32_t *place = place_of(cells, first, second, hash);
	require(*place == 0);
	struct cell *cell = cells_at(cells, cells->count);
	*cell = (struct cell){.first = first, .second = second, .hash = hash};
	*place = (uint32_t)++cells->count;
	return cell;
}
