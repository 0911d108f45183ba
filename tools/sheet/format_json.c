/* format_json: one object with all sheets, a row a line.
 * Thread: one at a time.  RFC 8259; texts are escaped by jansson.
 *
 *   {"title", "notes": [], "sheets": [{"name", "title", "label",
 *     "columns": [{"name", "title", "kind"}],
 *     "rows": [{}], "totals": [{}], "notes": []}]}
 *
 * A row is an object by the names of its columns; null is a cell without a value.
 * Money is an integer of minor units, its scale stands beside it: "amount": 1250,
 * "amount_scale": 2.  Rows that are sums are kept apart, so that rows can be added
 * up.  Written row by row: a tree of all values would take many times the memory. */
#include "tools/sheet/model.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>

static const char *const kinds[] = {
        [SHEET_TEXT] = "text",   [SHEET_COUNT] = "count", [SHEET_MONEY] = "money",
        [SHEET_RATIO] = "ratio", [SHEET_DATE] = "date",   [SHEET_TIME] = "time",
        [SHEET_ENTRY] = "entry",
};

/* Takes the value.  False: no memory (what the stream could not take shows there). */
static bool put_value(FILE *out, json_t *value, size_t digits)
{
	char *text = value != NULL
	                     ? json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(digits))
	                     : NULL;
	json_decref(value);
	if (text == NULL)
		return false;
	fputs(text, out);
	free(text);
	return true;
}

static bool put_string(FILE *out, struct lgp_view text)
{
	return put_value(out, json_stringn(text.len > 0 ? text.ptr : "", text.len), 17);
}

static bool put_word(FILE *out, const char *text)
{
	return put_string(out, lgp_view_of(text));
}

/* The fewest digits that read back as the same number. */
static bool put_real(FILE *out, double real)
{
	for (int digits = 15; digits < 17; digits++) {
		char text[CELL_ROOM];
		snprintf(text, sizeof text, "%.*g", digits, real);
		if (strtod(text, NULL) == real)
			return put_value(out, json_real(real), (size_t)digits);
	}
	return put_value(out, json_real(real), 17);
}

static bool put_cell(FILE *out, const struct sheet_column *column, const struct cell *cell)
{
	char room[CELL_ROOM];
	bool put = put_word(out, column->name);
	fputs(": ", out);
	if (cell->blank) {
		fputs("null", out);
		return put;
	}
	switch ((enum sheet_kind)cell->kind) {
	case SHEET_TEXT:
	case SHEET_DATE:
	case SHEET_TIME:
		return put_string(out, cell_text(column, cell, CELL_PLAIN, room)) && put;
	case SHEET_RATIO:
		return put_real(out, cell->as.ratio) && put;
	case SHEET_ENTRY:
		fprintf(out, "%" PRIu64, (uint64_t)cell->as.number);
		return put;
	case SHEET_COUNT:
		fprintf(out, "%" PRId64, cell->as.number);
		return put;
	case SHEET_MONEY:
		fprintf(out, "%" PRId64 ", \"%s_scale\": %u", cell->as.number, column->name,
		        cell->scale);
		return put;
	}
	return put;
}

static bool put_row(const struct sheet *sheet, const struct cell *cells, FILE *out)
{
	bool put = true;
	fputc('{', out);
	for (size_t i = 0; i < sheet->column_count && put; i++) {
		fputs(i > 0 ? ", " : "", out);
		put = put_cell(out, &sheet->columns[i], &cells[i]);
	}
	fputc('}', out);
	return put;
}

static bool put_rows(const struct sheet *sheet, bool totals, FILE *out)
{
	bool put = true, first = true;
	for (size_t row = 0; row < sheet_row_count(sheet) && put; row++) {
		const struct cell *cells = sheet_row(sheet, row);
		if (cells[0].total != totals)
			continue;
		fputs(first ? "\n        " : ",\n        ", out);
		first = false;
		put = put_row(sheet, cells, out);
	}
	return put;
}

static bool put_columns(const struct sheet *sheet, FILE *out)
{
	bool put = true;
	for (size_t i = 0; i < sheet->column_count && put; i++) {
		fprintf(out, "%s\n        {\"name\": ", i > 0 ? "," : "");
		put = put_word(out, sheet->columns[i].name);
		fputs(", \"title\": ", out);
		put = put_word(out, sheet->columns[i].title) && put;
		fprintf(out, ", \"kind\": \"%s\"}", kinds[sheet->columns[i].kind]);
	}
	return put;
}

/* The lines of a sheet, or of the document where sheet is NULL. */
static bool put_notes(const struct document *document, const struct sheet *sheet, FILE *out)
{
	char room[SHEET_NOTE_MAX];
	for (size_t i = 0;; i++) {
		const char *line = sheet != NULL ? sheet_line(sheet, i, 0, room)
		                                 : document_line(document, i, room);
		if (line == NULL)
			return true;
		fputs(i > 0 ? ", " : "", out);
		if (!put_word(out, line))
			return false;
	}
}

static bool put_sheet(const struct sheet *sheet, FILE *out)
{
	fputs("\n    {\n      \"name\": ", out);
	bool put = put_word(out, sheet->name);
	fputs(",\n      \"title\": ", out);
	put = put_word(out, sheet->title) && put;
	if (sheet->label[0] != '\0') {
		fputs(",\n      \"label\": ", out);
		put = put_word(out, sheet->label) && put;
	}
	fputs(",\n      \"columns\": [", out);
	put = put && put_columns(sheet, out);
	fputs("\n      ],\n      \"rows\": [", out);
	put = put && put_rows(sheet, false, out);
	fputs("\n      ],\n      \"totals\": [", out);
	put = put && put_rows(sheet, true, out);
	fputs("\n      ],\n      \"notes\": [", out);
	put = put && put_notes(sheet->document, sheet, out);
	fputs("]\n    }", out);
	return put;
}

enum lgp_status json_write(const struct document *document, FILE *out)
{
	fputs("{\n  \"title\": ", out);
	bool put = put_word(out, document->title);
	fputs(",\n  \"notes\": [", out);
	put = put && put_notes(document, NULL, out);
	fputs("],\n  \"sheets\": [", out);
	for (size_t i = 0; i < document->count && put; i++) {
		fputs(i > 0 ? "," : "", out);
		put = put_sheet(document->sheets[i], out);
	}
	fputs("\n  ]\n}\n", out);
	return put ? LGP_OK : lgp_fault(LGP_NO_MEMORY, "memory ran out while JSON was written");
}
