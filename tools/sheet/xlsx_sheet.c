/* xlsx_sheet: a worksheet: its heading, cells, notes and how it prints.
 * Thread: one at a time.
 *
 * A workbook's numbers are doubles that show 15 digits: a figure of more is
 * written as text, whole.  Rows go from top to bottom, as the library's mode for
 * large files needs them. */
#include "tools/common/table.h"
#include "tools/sheet/xlsx.h"

#include <string.h>

#define DIGITS_MAX INT64_C(1000000000000000) /* 10^15 */
#define DAYS_TO_1970 25569                   /* a workbook counts days from 1899-12-30 */
#define DAY_FIRST (-25508) /* 1900-03-01; before it spreadsheets disagree by a day */
#define US_PER_DAY 86400e6
#define WIDTH_MIN 8
#define WIDTH_MAX 60
#define WIDTH_ROWS 2000    /* rows that are measured */
#define NOTES_WIDTH_MIN 72 /* characters that notes are set over */
#define NOTE_HEIGHT 15.0   /* points, of a line */

struct layout {
	struct workbook *workbook;
	lxw_worksheet *worksheet;
	const struct sheet *sheet;
	size_t width[SHEET_COLUMNS_MAX];
	size_t rows, dropped; /* that it has a place for, and has none */
	lxw_row_t at;         /* the next row */
	bool digits;          /* figures stand there as text */
};

/* ---- Widths ----------------------------------------------------------------------- */

static void widen(size_t *width, size_t need)
{
	if (need > *width)
		*width = need < WIDTH_MAX ? need : WIDTH_MAX;
}

static void measure(struct layout *layout)
{
	const struct sheet *sheet = layout->sheet;
	char room[CELL_ROOM * 2];
	size_t sum = 0;
	for (size_t i = 0; i < sheet->column_count; i++) {
		layout->width[i] = WIDTH_MIN;
		/* Room for the arrow of a filter. */
		widen(&layout->width[i],
		      text_width(lgp_view_of(column_title(&sheet->columns[i], room))) + 3);
		for (size_t row = 0; row < layout->rows; row++) {
			if (row >= WIDTH_ROWS && row + 1 < layout->rows)
				continue;
			const struct cell *cell = &sheet_row(sheet, row)[i];
			widen(&layout->width[i],
			      text_width(cell_text(&sheet->columns[i], cell, CELL_PEOPLE, room)) +
			              2);
		}
		sum += layout->width[i];
	}
	/* Notes are set over the columns, a chart stands beside them. */
	if (sum < NOTES_WIDTH_MIN)
		layout->width[0] += NOTES_WIDTH_MIN - sum;
	for (size_t i = 0; i < sheet->column_count; i++)
		workbook_check(layout->workbook,
		               worksheet_set_column(layout->worksheet, (lxw_col_t)i, (lxw_col_t)i,
		                                    (double)layout->width[i], NULL));
}

/* ---- Cells ------------------------------------------------------------------------ */

static void put_text(struct layout *layout, lxw_col_t column, const char *text, lxw_format *format)
{
	workbook_check(layout->workbook,
	               worksheet_write_string(layout->worksheet, layout->at, column, text, format));
}

static void put_number(struct layout *layout, lxw_col_t column, double number, lxw_format *format)
{
	workbook_check(layout->workbook, worksheet_write_number(layout->worksheet, layout->at,
	                                                        column, number, format));
}

static bool fits_number(const struct cell *cell)
{
	switch ((enum sheet_kind)cell->kind) {
	case SHEET_DATE:
		return cell->as.number >= DAY_FIRST;
	case SHEET_TIME:
		return (double)cell->as.number >= DAY_FIRST * US_PER_DAY;
	case SHEET_ENTRY:
		return (uint64_t)cell->as.number < (uint64_t)DIGITS_MAX;
	case SHEET_COUNT:
	case SHEET_MONEY:
		return cell->as.number > -DIGITS_MAX && cell->as.number < DIGITS_MAX;
	case SHEET_RATIO:
	case SHEET_TEXT:
		break;
	}
	return cell->kind != SHEET_TEXT;
}

static void put_figure(struct layout *layout, size_t i, const struct cell *cell)
{
	struct workbook *workbook = layout->workbook;
	lxw_col_t column = (lxw_col_t)i;
	switch ((enum sheet_kind)cell->kind) {
	case SHEET_DATE:
		put_number(layout, column, (double)(cell->as.number + DAYS_TO_1970),
		           workbook_look(workbook, LOOK_DATE, 0, cell->total));
		return;
	case SHEET_TIME:
		put_number(layout, column, (double)cell->as.number / US_PER_DAY + DAYS_TO_1970,
		           workbook_look(workbook, LOOK_TIME, 0, cell->total));
		return;
	case SHEET_ENTRY:
		put_number(layout, column, (double)cell->as.number,
		           workbook_look(workbook, LOOK_PLAIN, 0, cell->total));
		return;
	case SHEET_RATIO:
		put_number(layout, column, cell->as.ratio,
		           workbook_look(workbook, LOOK_PLAIN, layout->sheet->columns[i].decimals,
		                         cell->total));
		return;
	case SHEET_COUNT:
	case SHEET_MONEY:
		put_number(layout, column, cell_number(cell),
		           workbook_look(workbook, LOOK_FIGURE, cell->scale, cell->total));
		return;
	case SHEET_TEXT:
		never("text is no figure");
	}
}

static void put_cell(struct layout *layout, size_t i, const struct cell *cell)
{
	struct workbook *workbook = layout->workbook;
	char room[CELL_ROOM];
	if (cell->blank) {
		if (cell->total)
			workbook_check(
			        workbook,
			        worksheet_write_blank(layout->worksheet, layout->at, (lxw_col_t)i,
			                              workbook_look(workbook, LOOK_TEXT, 0, true)));
		return;
	}
	if (fits_number(cell)) {
		put_figure(layout, i, cell);
		return;
	}
	bool is_text = cell->kind == SHEET_TEXT;
	struct lgp_view text = cell_text(&layout->sheet->columns[i], cell, CELL_PLAIN, room);
	put_text(layout, (lxw_col_t)i, text.ptr,
	         workbook_look(workbook, is_text ? LOOK_TEXT : LOOK_DIGITS, 0, cell->total));
	layout->digits = layout->digits || !is_text;
}

static void put_rows(struct layout *layout)
{
	const struct sheet *sheet = layout->sheet;
	char room[CELL_ROOM * 2];
	for (size_t i = 0; i < sheet->column_count; i++) {
		const struct sheet_column *column = &sheet->columns[i];
		bool right = column_is_figures(column) || column->kind == SHEET_ENTRY;
		put_text(layout, (lxw_col_t)i, column_title(column, room),
		         right ? layout->workbook->heading_right : layout->workbook->heading);
	}
	layout->at++;
	for (size_t row = 0; row < layout->rows; row++, layout->at++)
		for (size_t i = 0; i < sheet->column_count; i++)
			put_cell(layout, i, &sheet_row(sheet, row)[i]);
}

/* ---- Notes ------------------------------------------------------------------------ */

/* A line over all columns, as high as its words need. */
static void put_note(struct layout *layout, const char *text)
{
	lxw_col_t last = (lxw_col_t)(layout->sheet->column_count - 1);
	lxw_format *format = layout->workbook->note;
	size_t width = 0;
	for (size_t i = 0; i <= last; i++)
		width += layout->width[i];
	size_t lines = 1 + text_width(lgp_view_of(text)) / (width - width / 10);
	workbook_check(layout->workbook, worksheet_set_row(layout->worksheet, layout->at,
	                                                   NOTE_HEIGHT * (double)lines, NULL));
	if (last == 0)
		put_text(layout, 0, text, format);
	else
		workbook_check(layout->workbook,
		               worksheet_merge_range(layout->worksheet, layout->at, 0, layout->at,
		                                     last, text, format));
	layout->at++;
}

static void put_notes(struct layout *layout)
{
	char room[SHEET_NOTE_MAX];
	const char *line;
	layout->at++;
	for (size_t i = 0; (line = sheet_line(layout->sheet, i, layout->dropped, room)) != NULL;
	     i++)
		put_note(layout, line);
	if (layout->digits)
		put_note(layout, "Figures of more than 15 digits, and dates before March 1900, are "
		                 "text: a workbook's numbers do not hold them.");
	layout->at++;
	put_note(layout, layout->workbook->document->title);
	for (size_t i = 0; (line = document_line(layout->workbook->document, i, room)) != NULL; i++)
		put_note(layout, line);
}

/* ---- The sheet -------------------------------------------------------------------- */

/* '&' begins a code in a header, which holds 255 bytes at most. */
static void put_header(struct layout *layout)
{
	char title[121], text[256] = "&L";
	size_t len = 2;
	text_clean(title, sizeof title - 1, lgp_view_of(layout->sheet->title));
	for (const char *p = title; *p != '\0'; p++) {
		if (*p == '&')
			text[len++] = '&';
		text[len++] = *p;
	}
	text[len] = '\0';
	if (len > 2)
		workbook_check(layout->workbook, worksheet_set_header(layout->worksheet, text));
	workbook_check(layout->workbook,
	               worksheet_set_footer(layout->worksheet, "&L&A&RPage &P of &N"));
}

static void set_page(struct layout *layout)
{
	lxw_worksheet *worksheet = layout->worksheet;
	lxw_col_t last = (lxw_col_t)(layout->sheet->column_count - 1);
	size_t rows = layout->rows;
	worksheet_freeze_panes(worksheet, 1, 0);
	worksheet_repeat_rows(worksheet, 0, 0);
	worksheet_set_landscape(worksheet);
	worksheet_set_paper(worksheet, 9); /* A4 */
	worksheet_fit_to_pages(worksheet, 1, 0);
	worksheet_ignore_errors(worksheet, LXW_IGNORE_NUMBER_STORED_AS_TEXT, "A1:X1048576");
	put_header(layout);
	while (rows > 0 && sheet_row(layout->sheet, rows - 1)[0].total)
		rows--;
	if (rows > 0)
		workbook_check(layout->workbook,
		               worksheet_autofilter(worksheet, 0, 0, (lxw_row_t)rows, last));
}

static size_t count_notes(const struct sheet *sheet)
{
	return sheet->notes.count + sheet->document->notes.count + 8;
}

void xlsx_sheet(struct workbook *workbook, size_t number)
{
	const struct sheet *sheet = workbook->document->sheets[number];
	size_t rows = sheet_row_count(sheet), place = LXW_ROW_MAX - count_notes(sheet);
	struct layout layout = {
	        .workbook = workbook,
	        .sheet = sheet,
	        .rows = rows < place ? rows : place,
	        .dropped = rows < place ? 0 : rows - place,
	        .worksheet = workbook_add_worksheet(workbook->book, workbook->names[number]),
	};
	if (layout.worksheet == NULL) {
		workbook_check(workbook, LXW_ERROR_MEMORY_MALLOC_FAILED);
		return;
	}
	workbook->dropped = workbook->dropped || layout.dropped > 0;
	measure(&layout);
	set_page(&layout);
	put_rows(&layout);
	put_notes(&layout);
	xlsx_chart(workbook, layout.worksheet, number);
}
