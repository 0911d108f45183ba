/* format_csv: records of fields, as RFC 4180 has them, for programs and for
 * spreadsheets.
 * Thread: one at a time.  Sources: RFC 4180; OWASP, "CSV Injection".
 *
 * A spreadsheet takes text that begins with = + - @ for a formula, whoever
 * wrote it.  Such text gets an apostrophe before it, also where it begins behind
 * a semicolon, a tab or a newline: many spreadsheets split fields there, quoted
 * or not.  Figures stay figures, their minus sign too. */
#include "tools/sheet/model.h"

#include <string.h>

/* U+FF0B, U+FF0D, U+FF1D, U+FF20: the wide forms of + - = @ are taken for them. */
static bool begins_formula(const char *text, size_t len)
{
	static const char *const wide[] = {"\xef\xbc\x8b", "\xef\xbc\x8d", "\xef\xbc\x9d",
	                                   "\xef\xbc\xa0"};
	if (len == 0)
		return false;
	for (size_t i = 0; len >= 3 && i < sizeof wide / sizeof wide[0]; i++)
		if (memcmp(text, wide[i], 3) == 0)
			return true;
	return memchr("=+-@", text[0], 4) != NULL;
}

static bool is_break(char c)
{
	return c == ';' || c == '\t' || c == '\r' || c == '\n';
}

static void put_harmless(FILE *out, struct lgp_view text)
{
	size_t blanks = 0;
	while (blanks < text.len && text.ptr[blanks] == ' ')
		blanks++;
	bool begins =
	        blanks < text.len && (begins_formula(text.ptr + blanks, text.len - blanks) ||
	                              (is_break(text.ptr[blanks]) && text.ptr[blanks] != ';'));
	bool armed = false;
	if (begins)
		fputc('\'', out);
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		if (armed && begins_formula(text.ptr + i, text.len - i))
			fputc('\'', out);
		armed = is_break(c) || (armed && c == ' ');
		if (c == '"')
			fputc('"', out);
		fputc(c, out);
	}
}

static void put_text(FILE *out, struct lgp_view text)
{
	bool quoted = false;
	for (size_t i = 0; i < text.len && !quoted; i++)
		quoted = strchr(",;\"\t\r\n", text.ptr[i]) != NULL;
	if (quoted)
		fputc('"', out);
	put_harmless(out, text);
	if (quoted)
		fputc('"', out);
}

static void put_cell(FILE *out, const struct sheet_column *column, const struct cell *cell)
{
	char room[CELL_ROOM];
	struct lgp_view text = cell_text(column, cell, CELL_PLAIN, room);
	if (cell->kind == SHEET_TEXT)
		put_text(out, text);
	else
		fwrite(text.ptr, 1, text.len, out);
}

static void put_sheet(const struct sheet *sheet, FILE *out)
{
	for (size_t i = 0; i < sheet->column_count; i++) {
		fputs(i > 0 ? "," : "", out);
		put_text(out, lgp_view_of(sheet->columns[i].name));
	}
	fputs("\r\n", out);
	for (size_t row = 0; row < sheet_row_count(sheet); row++) {
		const struct cell *cells = sheet_row(sheet, row);
		for (size_t i = 0; i < sheet->column_count; i++) {
			fputs(i > 0 ? "," : "", out);
			put_cell(out, &sheet->columns[i], &cells[i]);
		}
		fputs("\r\n", out);
	}
}

enum lgp_status csv_write(const struct document *document, FILE *out)
{
	for (size_t i = 0; i < document->count; i++) {
		if (i > 0)
			fputs("\r\n", out);
		put_sheet(document->sheets[i], out);
	}
	return LGP_OK;
}
