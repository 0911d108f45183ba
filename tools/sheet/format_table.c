/* format_table: sheets for a terminal, one behind the other.
 * Thread: one at a time. */
#include "tools/common/table.h"
#include "tools/sheet/model.h"

#include <string.h>

/* Bytes of a cell that are shown: one long text would widen every row. */
#define TABLE_TEXT_MAX 240

static void add_cell(struct table *table, struct lgp_view text)
{
	char cut[TABLE_TEXT_MAX + 1];
	if (text.len <= TABLE_TEXT_MAX)
		table_add(table, text);
	else
		table_add(table, (struct lgp_view){cut, text_clean(cut, TABLE_TEXT_MAX, text)});
}

static bool print_rows(const struct sheet *sheet, FILE *out)
{
	char room[CELL_ROOM * 2];
	struct table table;
	table_init(&table, sheet->column_count);
	for (size_t i = 0; i < sheet->column_count; i++) {
		table.right[i] = column_is_figures(&sheet->columns[i]) ||
		                 sheet->columns[i].kind == SHEET_ENTRY;
		table_text(&table, column_title(&sheet->columns[i], room));
	}
	for (size_t row = 0; row < sheet_row_count(sheet); row++) {
		const struct cell *cells = sheet_row(sheet, row);
		for (size_t i = 0; i < sheet->column_count; i++)
			add_cell(&table,
			         cell_text(&sheet->columns[i], &cells[i], CELL_PEOPLE, room));
	}
	bool printed = table_print(&table, out);
	table_deinit(&table);
	return printed;
}

/* A note is a line: a newline in it must not look like another. */
static void print_line(FILE *out, const char *line)
{
	for (; *line != '\0'; line++)
		fputc((unsigned char)*line < ' ' ? ' ' : *line, out);
	fputc('\n', out);
}

static enum lgp_status print_sheet(const struct sheet *sheet, FILE *out)
{
	char room[SHEET_NOTE_MAX];
	const char *line;
	print_line(out, sheet->title);
	fputc('\n', out);
	if (sheet_row_count(sheet) == 0)
		fputs("(no rows)\n", out);
	else if (!print_rows(sheet, out))
		return lgp_fault(LGP_NO_MEMORY, "memory ran out while a table was laid out");
	if (sheet_line(sheet, 0, 0, room) != NULL)
		fputc('\n', out);
	for (size_t i = 0; (line = sheet_line(sheet, i, 0, room)) != NULL; i++)
		print_line(out, line);
	return LGP_OK;
}

enum lgp_status table_write(const struct document *document, FILE *out)
{
	char room[SHEET_NOTE_MAX];
	const char *line;
	enum lgp_status status = LGP_OK;
	print_line(out, document->title);
	for (size_t i = 0; (line = document_line(document, i, room)) != NULL; i++)
		print_line(out, line);
	for (size_t i = 0; i < document->count && status == LGP_OK; i++) {
		fputc('\n', out);
		status = print_sheet(document->sheets[i], out);
	}
	return status;
}
