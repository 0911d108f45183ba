/* xlsx: the parts of a workbook, for the files format_xlsx.c and xlsx_*.c alone.
 * Thread: one at a time.  By libxlsxwriter; cells are numbers and strings,
 * never formulas. */
#ifndef LAGNIAPPE_SHEET_XLSX_H
#define LAGNIAPPE_SHEET_XLSX_H

#include "tools/sheet/model.h"

#include <xlsxwriter.h>

#define TAB_NAME_ROOM (LXW_SHEETNAME_MAX * 3 + 1) /* bytes */
#define SCALE_COUNT 19                            /* decimals 0 to 18 */

/* How a cell looks, beside its decimals. */
enum look {
	LOOK_TEXT,
	LOOK_FIGURE, /* thousands apart */
	LOOK_PLAIN,  /* not */
	LOOK_DATE,
	LOOK_TIME,
	LOOK_DIGITS, /* figures that a workbook's numbers cannot hold, as text */
	LOOK_COUNT,
};

struct workbook {
	lxw_workbook *book;
	const struct document *document;
	char names[SHEETS_MAX][TAB_NAME_ROOM];
	/* Made as they are needed; [2]: in a row of sums. */
	lxw_format *looks[LOOK_COUNT][SCALE_COUNT][2];
	lxw_format *heading, *heading_right, *note;
	lxw_error error; /* the first */
	bool dropped;    /* rows that a worksheet has no place for */
};

/* Keeps the first error. */
void workbook_check(struct workbook *workbook, lxw_error error);
lxw_format *workbook_look(struct workbook *workbook, enum look look, unsigned scale, bool total);

/* Valid names for worksheets, each another: 31 characters, none of []:*?/\ (xlsx_name.c). */
void workbook_name_sheets(struct workbook *workbook);
void xlsx_sheet(struct workbook *workbook, size_t number);
/* Draws the sheet's chart beside its columns (xlsx_chart.c). */
void xlsx_chart(struct workbook *workbook, lxw_worksheet *worksheet, size_t number);

#endif
