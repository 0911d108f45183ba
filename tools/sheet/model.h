/* model: what a document is made of, for the files of this room alone.
 * Thread: one at a time.
 *
 * Text is cleaned once, when it comes in: what is kept is UTF-8 without control
 * characters but tab and newlines, so that no format has to doubt it. */
#ifndef LAGNIAPPE_SHEET_MODEL_H
#define LAGNIAPPE_SHEET_MODEL_H

#include "tools/sheet/sheet.h"

#define SHEET_TEXT_MAX 32767           /* bytes of a cell; a workbook's limit too */
#define SHEET_NOTE_MAX 4000            /* bytes of a note */
#define SHEET_NOTES_MAX 1000           /* notes of a sheet, or above all; more are counted */
#define DOCUMENT_TEXT_MAX (512u << 20) /* bytes of text; rows behind it are counted, not kept */
#define CHART_BARS_MAX 40              /* bars in a chart */
#define CHART_POINTS_MAX 1000          /* points of a line */
#define CELL_ROOM 64                   /* bytes that a number or a date takes as text */

struct cell {
	union {
		int64_t number; /* a count, money, days, microseconds, an entry */
		double ratio;
		const char *text; /* the document's */
	} as;
	uint32_t len; /* of text */
	uint8_t kind; /* enum sheet_kind: its column's, but for words in a row of sums */
	uint8_t scale;
	bool blank, total; /* total: it stands in a row of sums */
};

struct lines {
	char **list; /* owned */
	size_t count, room, missing;
};

struct sheet {
	struct document *document;
	char *name, *title; /* owned; the title with its label */
	char label[DOCUMENT_LABEL_MAX + 1];
	struct sheet_column columns[SHEET_COLUMNS_MAX];
	size_t column_count;
	struct cell *cells; /* owned, row after row */
	size_t count, room;
	size_t dropped;           /* cells that were not kept */
	bool total_next, forgets; /* forgets: it could not be made */
	struct lines notes;
	enum sheet_chart chart;
	size_t chart_label, chart_value;
};

struct document {
	const char *title;
	char label[DOCUMENT_LABEL_MAX + 1]; /* of sheets to come; "": none */
	struct lines notes;
	struct sheet *sheets[SHEETS_MAX]; /* owned */
	size_t count, missing;            /* missing: sheets past the most */
	struct sheet spare;               /* stands in for what could not be made */
	struct chunk *chunks;             /* owned: the text of cells */
	size_t text_bytes;
	bool failed; /* memory ran out */
};

/* Writes the text as it is kept, NUL behind it: each byte that is no UTF-8, and
 * each control character, is U+FFFD; what does not fit ends in "…".  Returns its
 * length; out has room for max + 1 bytes, max at least 3. */
size_t text_clean(char *out, size_t max, struct lgp_view text);
/* The same in memory that the caller frees; NULL: there is none. */
char *text_copy(struct lgp_view text, size_t max);

void notes_deinit(struct lines *lines);

/* Rows that are kept, and the row's cells. */
size_t sheet_row_count(const struct sheet *sheet);
const struct cell *sheet_row(const struct sheet *sheet, size_t row);
size_t sheet_missing(const struct sheet *sheet);
/* The i-th line beneath the rows, NULL past the last.  The last may say how many
 * rows are missing, `dropped` by the format included, and stands in room then. */
const char *sheet_line(const struct sheet *sheet, size_t i, size_t dropped,
                       char room[SHEET_NOTE_MAX]);
/* The same of the lines above all sheets. */
const char *document_line(const struct document *document, size_t i, char room[SHEET_NOTE_MAX]);

enum cell_style {
	CELL_PLAIN,  /* for programs: digits and a point; times as RFC 3339 */
	CELL_PEOPLE, /* thousands apart; times to the second */
};
/* The cell as text: borrowed from the cell or standing in room. */
struct lgp_view cell_text(const struct sheet_column *column, const struct cell *cell,
                          enum cell_style style, char room[CELL_ROOM]);
/* Whether the column is of figures, which stand to the right. */
bool column_is_figures(const struct sheet_column *column);
/* The column's title for people, which says what zone its times are in. */
const char *column_title(const struct sheet_column *column, char room[CELL_ROOM * 2]);

/* What a chart shows: the rows that have both a label and a value and are no
 * sums, the first of them where they are too many. */
struct plot {
	size_t rows[CHART_POINTS_MAX]; /* by number */
	size_t count, of;              /* shown, of so many */
};
/* False: the sheet has no chart, or nothing to draw. */
bool plot_of(const struct sheet *sheet, struct plot *plot);
/* The number that a chart draws. */
double cell_number(const struct cell *cell);

/* One for each format; what cannot be written shows in ferror(out). */
enum lgp_status table_write(const struct document *document, FILE *out);
enum lgp_status csv_write(const struct document *document, FILE *out);
enum lgp_status json_write(const struct document *document, FILE *out);
enum lgp_status xlsx_write(const struct document *document, FILE *out);
enum lgp_status html_write(const struct document *document, FILE *out);

#endif
