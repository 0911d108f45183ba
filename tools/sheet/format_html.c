/* format_html: a page in one file, to be read, sent and printed.
 * Thread: one at a time.
 *
 * No script, nothing from elsewhere: the content security policy in the page
 * forbids both and names the one style sheet by its hash.  Every text is escaped
 * on its way out, and here alone. */
#include "tools/sheet/html.h"

#include <string.h>

#define CONTENTS_FROM 4   /* sheets from which there is a table of contents */
#define LONG_ROWS 40      /* rows from which a table scrolls under its heading */
#define SENTENCE_BYTES 60 /* of a cell, from which its column has room for sentences */
#define WORD_BYTES 30     /* and from which a word may be broken */
#define WIDE_COLUMNS 7    /* columns from which a sheet prints across the page */

void html_put(FILE *out, struct lgp_view text)
{
	for (size_t i = 0; i < text.len; i++) {
		switch (text.ptr[i]) {
		case '&':
			fputs("&amp;", out);
			break;
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		case '\'':
			fputs("&#39;", out);
			break;
		default:
			fputc(text.ptr[i], out);
		}
	}
}

void html_put_word(FILE *out, const char *text)
{
	html_put(out, lgp_view_of(text));
}

static void put_head(const struct document *document, FILE *out)
{
	char hash[HTML_STYLE_HASH_ROOM];
	html_style_hash(hash);
	fprintf(out,
	        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
	        "style-src '%s'; base-uri 'none'; form-action 'none'\">\n"
	        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	        "<meta name=\"color-scheme\" content=\"light dark\">\n"
	        "<meta name=\"generator\" content=\"lagniappe-audit\">\n<title>",
	        hash);
	html_put_word(out, document->title);
	fprintf(out, "</title>\n<style>%s</style>\n</head>\n<body>\n", html_style);
}

static void put_heading(const struct document *document, FILE *out)
{
	char room[SHEET_NOTE_MAX];
	const char *line;
	fputs("<header>\n<h1>", out);
	html_put_word(out, document->title);
	fputs("</h1>\n", out);
	for (size_t i = 0; (line = document_line(document, i, room)) != NULL; i++) {
		fputs("<p>", out);
		html_put_word(out, line);
		fputs("</p>\n", out);
	}
	fputs("</header>\n", out);
}

static void put_contents(const struct document *document, FILE *out)
{
	if (document->count < CONTENTS_FROM)
		return;
	fputs("<nav aria-labelledby=\"contents\">\n<h2 id=\"contents\">Contents</h2>\n<ol>\n", out);
	for (size_t i = 0; i < document->count; i++) {
		fprintf(out, "<li><a href=\"#sheet-%zu\">", i + 1);
		html_put_word(out, document->sheets[i]->title);
		fputs("</a></li>\n", out);
	}
	fputs("</ol>\n</nav>\n", out);
}

/* Sentences need room, and words that are longer than any column may be broken. */
static bool needs_room(struct lgp_view text)
{
	size_t word = 0;
	for (size_t i = 0; i < text.len && word < WORD_BYTES; i++)
		word = text.ptr[i] == ' ' || text.ptr[i] == '-' ? 0 : word + 1;
	return text.len >= SENTENCE_BYTES || word >= WORD_BYTES;
}

/* The class of a column's cells: figures to the right, dates on one line. */
static char class_of(const struct sheet *sheet, size_t column)
{
	enum sheet_kind kind = sheet->columns[column].kind;
	if (column_is_figures(&sheet->columns[column]) || kind == SHEET_ENTRY)
		return 'n';
	if (kind != SHEET_TEXT)
		return 'd';
	for (size_t row = 0; row < sheet_row_count(sheet); row++) {
		const struct cell *cell = &sheet_row(sheet, row)[column];
		if (!cell->blank && needs_room((struct lgp_view){cell->as.text, cell->len}))
			return 's';
	}
	return 't';
}

static void put_columns(const struct sheet *sheet, const char *classes, FILE *out)
{
	char room[CELL_ROOM * 2];
	fputs("<thead>\n<tr>", out);
	for (size_t i = 0; i < sheet->column_count; i++) {
		fprintf(out, "<th scope=\"col\" class=\"%c\">", classes[i]);
		html_put_word(out, column_title(&sheet->columns[i], room));
		fputs("</th>", out);
	}
	fputs("</tr>\n</thead>\n", out);
}

/* The first cell names its row. */
static void put_row(const struct sheet *sheet, const struct cell *cells, const char *classes,
                    FILE *out)
{
	char room[CELL_ROOM];
	fputs(cells[0].total ? "<tr class=\"total\">" : "<tr>", out);
	for (size_t i = 0; i < sheet->column_count; i++) {
		bool words = cells[i].kind == SHEET_TEXT && cells[i].total;
		fprintf(out, "<%s class=\"%c\">", i == 0 ? "th scope=\"row\"" : "td",
		        words ? 't' : classes[i]);
		html_put(out, cell_text(&sheet->columns[i], &cells[i], CELL_PEOPLE, room));
		fputs(i == 0 ? "</th>" : "</td>", out);
	}
	fputs("</tr>\n", out);
}

static void put_table(const struct sheet *sheet, size_t number, FILE *out)
{
	size_t rows = sheet_row_count(sheet);
	char classes[SHEET_COLUMNS_MAX];
	if (rows == 0) {
		fputs("<p>No rows.</p>\n", out);
		return;
	}
	fprintf(out,
	        "<div class=\"scroll%s\" role=\"region\" aria-labelledby=\"heading-%zu\" "
	        "tabindex=\"0\">\n<table aria-labelledby=\"heading-%zu\">\n",
	        rows >= LONG_ROWS ? " long" : "", number, number);
	for (size_t i = 0; i < sheet->column_count; i++)
		classes[i] = class_of(sheet, i);
	put_columns(sheet, classes, out);
	fputs("<tbody>\n", out);
	for (size_t row = 0; row < rows; row++)
		put_row(sheet, sheet_row(sheet, row), classes, out);
	fputs("</tbody>\n</table>\n</div>\n", out);
}

static void put_sheet(const struct sheet *sheet, size_t number, FILE *out)
{
	char room[SHEET_NOTE_MAX];
	const char *line;
	fprintf(out, "<section id=\"sheet-%zu\"%s aria-labelledby=\"heading-%zu\">\n", number,
	        sheet->column_count >= WIDE_COLUMNS ? " class=\"wide\"" : "", number);
	fprintf(out, "<h2 id=\"heading-%zu\">", number);
	html_put_word(out, sheet->title);
	fputs("</h2>\n", out);
	html_chart(sheet, number, out);
	put_table(sheet, number, out);
	for (size_t i = 0; (line = sheet_line(sheet, i, 0, room)) != NULL; i++) {
		fputs("<p class=\"note\">", out);
		html_put_word(out, line);
		fputs("</p>\n", out);
	}
	fputs("</section>\n", out);
}

enum lgp_status html_write(const struct document *document, FILE *out)
{
	put_head(document, out);
	put_heading(document, out);
	put_contents(document, out);
	fputs("<main>\n", out);
	for (size_t i = 0; i < document->count; i++)
		put_sheet(document->sheets[i], i + 1, out);
	fputs("</main>\n<footer>Written by lagniappe-audit from the figures named above; the same "
	      "input gives the same file, byte for byte.</footer>\n</body>\n</html>\n",
	      out);
	return LGP_OK;
}
