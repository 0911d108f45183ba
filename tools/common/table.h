/* table: rows of text, aligned for people.
 * Thread: any, one owner; widths are those of Unicode characters on a terminal,
 * whatever the process's locale is.  Control characters from data are shown as
 * '?', so that nothing that was stored can steer a terminal. */
#ifndef LAGNIAPPE_TOOLS_TABLE_H
#define LAGNIAPPE_TOOLS_TABLE_H

#include "lagniappe/status.h"

#include <stdio.h>

#define TABLE_COLUMNS_MAX 32

struct table {
	size_t columns;
	bool right[TABLE_COLUMNS_MAX]; /* aligned to the right: numbers */
	char **cells;                  /* owned, row after row */
	size_t count, room;
	bool failed; /* memory ran out */
};

/* columns: at most TABLE_COLUMNS_MAX. */
void table_init(struct table *table, size_t columns);
void table_deinit(struct table *table);
/* The next cell, copied; rows fill from left to right. */
void table_add(struct table *table, struct lgp_view text);
void table_text(struct table *table, const char *text);
/* Prints the rows, the first as the heading.  False: memory had run out. */
LGP_MUST_USE bool table_print(const struct table *table, FILE *out);

/* Columns that text takes on a terminal. */
size_t text_width(struct lgp_view text);

#endif
