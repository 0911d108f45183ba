/* heading: see heading.h.  Thread: any. */
#include "tools/forensic/heading.h"

#include <stdlib.h>
#include <string.h>

#define LISTED 40 /* columns of a file that a message names */

static const char *const option_names[FILE_COLUMNS] = {
        "--amount", "--staff", "--party", "--date", "--time", "--reason", "--site", "--incident",
};

/* The place that "#3" names; NO_PLACE: it is no such name. */
static size_t numbered_place(const char *name)
{
	char *end = NULL;
	if (name[0] != '#' || name[1] < '1' || name[1] > '9')
		return NO_PLACE;
	unsigned long place = strtoul(name + 1, &end, 10);
	return *end == '\0' && place <= CSV_FIELDS_MAX ? place - 1 : NO_PLACE;
}

/* Where the column is in the record; *twice: at two places. */
static size_t find_place(const struct csv_record *record, const char *name, bool *twice)
{
	size_t place = NO_PLACE;
	*twice = false;
	for (size_t i = 0; i < record->count; i++) {
		if (!csv_same_heading(record->fields[i], lgp_view_of(name)))
			continue;
		*twice |= place != NO_PLACE;
		place = place == NO_PLACE ? i : place;
	}
	/* A heading that looks like a number's name is one. */
	return place != NO_PLACE ? place : numbered_place(name);
}

/* Fills the places from the record; hands back the first column that it has not,
 * FILE_COLUMNS when it has all. */
static enum file_column try_record(struct heading *heading, const struct file_task *task,
                                   const struct csv_record *record, bool *twice)
{
	*twice = false;
	for (enum file_column column = 0; column < FILE_COLUMNS; column++) {
		heading->places[column] = NO_PLACE;
		if (task->columns[column] == NULL)
			continue;
		heading->places[column] = find_place(record, task->columns[column], twice);
		if (heading->places[column] == NO_PLACE || *twice)
			return column;
	}
	heading->width = record->count;
	heading->line = record->line;
	return FILE_COLUMNS;
}

static bool all_numbered(const struct file_task *task)
{
	for (enum file_column column = 0; column < FILE_COLUMNS; column++)
		if (task->columns[column] != NULL &&
		    numbered_place(task->columns[column]) == NO_PLACE)
			return false;
	return true;
}

/* Columns by number need no heading: the first record is one if it has no amount. */
static void judge_numbered(struct heading *heading, const struct csv_record *record)
{
	struct written_amount amount;
	const char *why;
	struct lgp_view cell = heading_cell(heading, record, COLUMN_AMOUNT);
	if (amount_read(cell, "", &amount, &why))
		heading->width = heading->line = 0;
}

static void list_columns(const struct csv_record *first, char *text, size_t room)
{
	size_t len = 0;
	text[0] = '\0';
	for (size_t i = 0; i < first->count && i < LISTED && len < room; i++) {
		struct lgp_view cell = csv_trimmed(first->fields[i]);
		int shown = cell.len < 40 ? (int)cell.len : 40;
		len += (size_t)snprintf(text + len, room - len, "%s\"%.*s\"", i > 0 ? ", " : "",
		                        shown, cell.ptr);
	}
}

bool heading_find(struct heading *heading, const struct file_task *task, struct csv *csv,
                  struct csv_record *record, char error[FILE_ERROR_MAX])
{
	char columns[FILE_ERROR_MAX / 2] = "";
	enum file_column missing = COLUMN_AMOUNT;
	bool twice = false;
	for (unsigned i = 0; i < HEADING_LINES_MAX; i++) {
		enum csv_result result = csv_read(csv, record);
		if (result == CSV_FAULT) {
			snprintf(error, FILE_ERROR_MAX, "%s: line %llu: %s", task->path,
			         (unsigned long long)record->line, csv_error(csv));
			return false;
		}
		if (result == CSV_END)
			break;
		enum file_column here = try_record(heading, task, record, &twice);
		if (here == FILE_COLUMNS) {
			if (all_numbered(task))
				judge_numbered(heading, record);
			return true;
		}
		if (i == 0 || twice) {
			missing = here;
			list_columns(record, columns, sizeof columns);
		}
		if (twice)
			break;
	}
	if (columns[0] == '\0')
		snprintf(error, FILE_ERROR_MAX, "%s: the file holds no rows", task->path);
	else
		snprintf(error, FILE_ERROR_MAX, "%s: %s \"%s\": %s; the file has %s", task->path,
		         option_names[missing], task->columns[missing],
		         twice ? "two columns are called so, give its number, such as #3"
		               : "no column is called so",
		         columns);
	return false;
}

struct lgp_view heading_cell(const struct heading *heading, const struct csv_record *record,
                             enum file_column column)
{
	size_t place = heading->places[column];
	if (place >= record->count)
		return (struct lgp_view){"", 0};
	return csv_trimmed(record->fields[place]);
}
