/* spending_file: rows of spending from any file of separated values.
 * Thread: one at a time.
 *
 * The file is read twice: once for what all of it says about decimal marks, the
 * order of day and month, and currencies; then row by row.  A row that cannot be
 * taken is rejected with its line and a reason; what would make a whole file
 * mean something else is never guessed. */
#ifndef LAGNIAPPE_FORENSIC_SPENDING_FILE_H
#define LAGNIAPPE_FORENSIC_SPENDING_FILE_H

#include "tools/forensic/spending.h"
#include "tools/forensic/survey.h"

#include <stdio.h>

#define REJECTIONS_KEPT 10   /* with their reasons; all are counted */
#define HEADING_LINES_MAX 20 /* records in which the heading is looked for */
#define FILE_ERROR_MAX 512

enum file_column {
	COLUMN_AMOUNT,
	COLUMN_STAFF,
	COLUMN_PARTY,
	COLUMN_DATE,
	COLUMN_TIME,
	COLUMN_REASON,
	COLUMN_SITE,
	COLUMN_INCIDENT,
	FILE_COLUMNS,
};

/* What is asked for. */
struct file_task {
	const char *path;                  /* "-": standard input */
	const char *columns[FILE_COLUMNS]; /* a heading, or "#3" for the third; NULL: none */
	char delimiter;                    /* '\0': found in the file */
	enum decimal_mark mark;            /* DECIMAL_UNKNOWN: found */
	enum date_order order;             /* DATE_UNKNOWN: found */
	const char *unit;                  /* NULL: found */
	FILE *rejects;                     /* NULL: none; borrowed */
};

/* What was found. */
struct file_told {
	uint64_t rows, taken, rejected, empty;
	__extension__ __int128 total; /* of the rows taken, minor units */
	struct {
		uint64_t line;
		const char *why; /* static */
	} rejections[REJECTIONS_KEPT];
	const char *encoding; /* static */
	char delimiter;
	enum decimal_mark mark;
	enum date_order order;
};

/* Adds the file's rows.  False: nothing can be said of the file, error says why. */
LGP_MUST_USE bool spending_file_read(const struct file_task *task, struct spendings *spendings,
                                     struct file_told *told, char error[FILE_ERROR_MAX]);

#endif
