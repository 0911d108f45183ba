/* heading: which column of a file is which.
 * Thread: any. */
#ifndef LAGNIAPPE_FORENSIC_HEADING_H
#define LAGNIAPPE_FORENSIC_HEADING_H

#include "tools/common/csv.h"
#include "tools/forensic/spending_file.h"

#define NO_PLACE SIZE_MAX

struct heading {
	size_t places[FILE_COLUMNS]; /* from 0; NO_PLACE */
	size_t width;                /* fields of the heading; 0: the file has none */
	uint64_t line;               /* of the heading; 0: the file has none */
};

/* Reads on until the heading was found, HEADING_LINES_MAX records at most.
 * False: error says what is missing, and what there is. */
LGP_MUST_USE bool heading_find(struct heading *heading, const struct file_task *task,
                               struct csv *csv, struct csv_record *record,
                               char error[FILE_ERROR_MAX]);
/* The column's cell without what surrounds it; empty where there is none. */
struct lgp_view heading_cell(const struct heading *heading, const struct csv_record *record,
                             enum file_column column);

#endif
