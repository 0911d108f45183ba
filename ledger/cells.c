/* cells: blocks of cells, and an open-addressed table of them.  Thread: see cells.h. */
#include "cells.h"

#include <stdlib.h>
#include <string.h>

#define CELLS_OF_BLOCK ((size_t)256)
#define TABLE_MIN 64

struct cells *cells_new(size_t value_bytes)
{
	struct cells *cells = calloc(1, sizeof *cells);
	if (cells == NULL)
		return NULL;
	cells->cell_bytes = sizeof(struct cell) + value_bytes;
	cells->table = calloc(TABLE_MIN, sizeof(struct cell *));
	cells->mask = TABLE_MIN - 1;
	if (cells->table == NULL) {
		free(cells);
		return NULL;
	}
	return cells;
}

void cells_free(struct cells *cells)
{
	if (cells == NULL)
		return;
	for (size_t i = 0; i * CELLS_OF_BLOCK < cells->cap; i++)
		free(cells->blocks[i]);
	free(cells->blocks);
	free(cells->table);
	free(cells);
}

struct cell *cells_at(const struct cells *cells, size_t i)
{
	char *block = cells->blocks[i / CELLS_OF_BLOCK];
	return (struct cell *)(void *)(block + i % CELLS_OF_BLOCK * cells->cell_bytes);
}

/* A table that was once large must not make each later small use pay for it. */
void cells_clear(struct cells *cells)
{
	if (cells->count * 16 > cells->mask)
		memset(cells->table, 0, (cells->mask + 1) * sizeof(struct cell *));
	else
		for (size_t i = cells->count; i-- > 0;) { /* the last first: none is cut off */
			const struct cell *cell = cells_at(cells, i);
			*cells_place(cells, cell->first, cell->second, cell->hash) = NULL;
		}
	cells->count = 0;
}

static bool add_block(struct cells *cells)
{
	size_t count = cells->cap / CELLS_OF_BLOCK;
	char **blocks = realloc(cells->blocks, (count + 1) * sizeof(char *));
	if (blocks == NULL)
		return false;
	cells->blocks = blocks;
	blocks[count] = malloc(CELLS_OF_BLOCK * cells->cell_bytes);
	if (blocks[count] == NULL)
		return false;
	cells->cap += CELLS_OF_BLOCK;
	return true;
}

static bool widen_table(struct cells *cells)
{
	size_t size = 2 * (cells->mask + 1);
	struct cell **table = calloc(size, sizeof(struct cell *));
	if (table == NULL)
		return false;
	free(cells->table);
	cells->table = table;
	cells->mask = size - 1;
	for (size_t i = 0; i < cells->count; i++) {
		struct cell *cell = cells_at(cells, i);
		*cells_place(cells, cell->first, cell->second, cell->hash) = cell;
	}
	return true;
}

struct cell *cells_add(struct cells *cells, uint64_t first, uint64_t second, uint32_t hash)
{
	if (cells->count == cells->cap && !add_block(cells))
		return NULL;
	if (2 * (cells->count + 1) > cells->mask && !widen_table(cells))
		return NULL;
	struct cell **place = cells_place(cells, first, second, hash);
	require(*place == NULL);
	struct cell *cell = cells_at(cells, cells->count++);
	memset(cell, 0, cells->cell_bytes);
	cell->first = first;
	cell->second = second;
	cell->hash = hash;
	*place = cell;
	return cell;
}
