/* sheet: figures in rows and columns, before anybody chose a format.
 * Thread: one at a time.
 *
 * A document is a list of sheets; a sheet has columns, rows, notes beneath and
 * perhaps a chart.  Cells fill rows from left to right, as the columns say.
 * Text is copied.  Memory that runs out is kept in mind and told by
 * document_write, so that building needs no checks.
 *
 * What each format does with it:
 *   table  aligned text for a terminal, sheets one behind the other
 *   csv    RFC 4180, one sheet, without notes; text that a spreadsheet would take
 *          for a formula is made harmless
 *   json   {"sheets": [{"name", "title", "label", "columns", "rows", "totals",
 *          "notes"}]}, money as integers in minor units beside its scale
 *   xlsx   a workbook: a sheet each, frozen heading, number formats, charts
 *   html   one file that needs no other: tables, charts, made to be printed */
#ifndef LAGNIAPPE_SHEET_H
#define LAGNIAPPE_SHEET_H

#include "lagniappe/status.h"

#include <stdio.h>

#define SHEET_COLUMNS_MAX 24
#define SHEET_ROWS_MAX (1 << 20) /* a workbook's limit too; more rows are counted, not kept */
#define SHEETS_MAX 64
#define DOCUMENT_LABEL_MAX 96

enum sheet_kind {
	SHEET_TEXT,  /* UTF-8 */
	SHEET_COUNT, /* a whole number */
	SHEET_MONEY, /* minor units, with the unit's scale in the cell */
	SHEET_RATIO, /* a measure or share, as many decimals as the column says */
	SHEET_DATE,  /* days since 1970-01-01 */
	SHEET_TIME,  /* microseconds since 1970 UTC */
	SHEET_ENTRY, /* the number of an entry */
};

struct sheet_column {
	const char *name;  /* for programs: "reversed_share"; static */
	const char *title; /* for people: "Share reversed"; static */
	enum sheet_kind kind;
	unsigned decimals; /* SHEET_RATIO alone */
};

enum sheet_chart { SHEET_CHART_NONE, SHEET_CHART_BARS, SHEET_CHART_LINE };

struct document;
struct sheet;

/* title: static or outliving the document.  NULL: no memory. */
struct document *document_new(const char *title);
void document_free(struct document *document);
/* A line that stands above all sheets: what was read, from when to when. */
void document_note(struct document *document, const char *format, ...)
        __attribute__((format(printf, 2, 3)));

/* Sheets that are made from now on say it behind their title, in brackets: of what
 * they are, where a document has the same sheets of several ("EUR").  Copied, at
 * most DOCUMENT_LABEL_MAX bytes; "" ends it. */
void document_label(struct document *document, const char *label);

/* columns: static, at most SHEET_COLUMNS_MAX.  Never NULL: one that could not be made
 * takes cells and forgets them, and document_write tells. */
struct sheet *sheet_new(struct document *document, const char *name, const char *title,
                        const struct sheet_column *columns, size_t count);
void sheet_text(struct sheet *sheet, struct lgp_view text);
void sheet_word(struct sheet *sheet, const char *text);
void sheet_count(struct sheet *sheet, int64_t count);
void sheet_money(struct sheet *sheet, int64_t minor, unsigned scale);
void sheet_ratio(struct sheet *sheet, double ratio); /* not finite: blank */
void sheet_date(struct sheet *sheet, int32_t days);
void sheet_time(struct sheet *sheet, int64_t us);
void sheet_entry(struct sheet *sheet, uint64_t seq);
void sheet_blank(struct sheet *sheet); /* a cell that has no value, of any column */
/* The row that is filled next is a sum of those above. */
void sheet_total(struct sheet *sheet);
/* A line beneath the rows: what a test found, or why it does not apply. */
void sheet_note(struct sheet *sheet, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Draws the value column over the label column, without rows that are totals; by
 * number, from 0. */
void sheet_chart(struct sheet *sheet, enum sheet_chart chart, size_t label, size_t value);
size_t sheet_rows(const struct sheet *sheet);

enum document_format {
	DOCUMENT_TABLE,
	DOCUMENT_CSV,
	DOCUMENT_JSON,
	DOCUMENT_XLSX,
	DOCUMENT_HTML,
};
/* "table" …; false: no such format. */
bool document_format_of(const char *name, enum document_format *out);
/* Writes all of it to the stream; a workbook too (it is made in memory or a
 * temporary file first).  CSV of several sheets: one behind the other, an empty
 * line between.
 * LGP_NO_MEMORY, LGP_IO; LGP_OVERLOAD: more rows than SHEET_ROWS_MAX (it was
 * written, with a note that says how many are missing). */
LGP_MUST_USE enum lgp_status document_write(const struct document *document,
                                            enum document_format format, FILE *out);

#endif
