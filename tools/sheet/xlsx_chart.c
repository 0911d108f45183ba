/* xlsx_chart: a spreadsheet's own chart, drawn from the cells beside it.
 * Thread: one at a time. */
#include "tools/sheet/xlsx.h"

#include <string.h>

#define CHART_HEIGHT_PX 288.0 /* what the library draws at scale 1 */
#define BAR_PX 20.0
#define FRAME_PX 110.0

/* A chart takes cells in a row: those before the first sum. */
static size_t rows_before_sum(const struct sheet *sheet, size_t max)
{
	size_t rows = 0;
	while (rows < sheet_row_count(sheet) && rows < max && !sheet_row(sheet, rows)[0].total)
		rows++;
	return rows;
}

static void set_title(lxw_chart *chart, const struct sheet *sheet, size_t shown, size_t of)
{
	char title[256];
	lxw_chart_font font = {.size = 12, .bold = LXW_TRUE};
	text_clean(title, 180, lgp_view_of(sheet->title));
	size_t len = strlen(title);
	if (shown < of)
		snprintf(title + len, sizeof title - len, " (the first %zu of %zu)", shown, of);
	chart_title_set_name(chart, title);
	chart_title_set_name_font(chart, &font);
}

static void set_axes(lxw_chart *chart, const struct sheet *sheet, bool bars)
{
	char room[CELL_ROOM * 2];
	const struct sheet_column *value = &sheet->columns[sheet->chart_value];
	chart_axis_set_name(chart->x_axis, column_title(&sheet->columns[sheet->chart_label], room));
	chart_axis_set_name(chart->y_axis, value->title);
	chart_axis_set_num_format(chart->y_axis, value->kind == SHEET_RATIO ? "General" : "#,##0");
	if (bars) /* the first row on top, as in the table */
		chart_axis_set_reverse(chart->x_axis);
}

static void add_series(lxw_chart *chart, const struct workbook *workbook, size_t number,
                       size_t rows, bool bars)
{
	const struct sheet *sheet = workbook->document->sheets[number];
	const char *name = workbook->names[number];
	lxw_col_t label = (lxw_col_t)sheet->chart_label, value = (lxw_col_t)sheet->chart_value;
	lxw_chart_series *series = chart_add_series(chart, NULL, NULL);
	if (series == NULL)
		return;
	chart_series_set_categories(series, name, 1, label, (lxw_row_t)rows, label);
	chart_series_set_values(series, name, 1, value, (lxw_row_t)rows, value);
	chart_series_set_name(series, sheet->columns[value].title);
	if (bars) {
		lxw_chart_fill fill = {.color = 0x1F5FA8};
		chart_series_set_fill(series, &fill);
	} else {
		lxw_chart_line line = {.color = 0x1F5FA8, .width = 2};
		chart_series_set_line(series, &line);
	}
}

void xlsx_chart(struct workbook *workbook, lxw_worksheet *worksheet, size_t number)
{
	const struct sheet *sheet = workbook->document->sheets[number];
	struct plot plot;
	bool bars = sheet->chart == SHEET_CHART_BARS;
	size_t rows = rows_before_sum(sheet, bars ? CHART_BARS_MAX : CHART_POINTS_MAX);
	if (!plot_of(sheet, &plot) || rows == 0)
		return;
	lxw_chart *chart =
	        workbook_add_chart(workbook->book, bars ? LXW_CHART_BAR : LXW_CHART_LINE);
	if (chart == NULL) {
		workbook_check(workbook, LXW_ERROR_MEMORY_MALLOC_FAILED);
		return;
	}
	add_series(chart, workbook, number, rows, bars);
	set_title(chart, sheet, rows, plot.of);
	set_axes(chart, sheet, bars);
	chart_legend_set_position(chart, LXW_CHART_LEGEND_NONE);
	lxw_chart_options options = {
	        .x_offset = 10,
	        .y_offset = 4,
	        .x_scale = 1.4,
	        .y_scale = bars ? (FRAME_PX + BAR_PX * (double)rows) / CHART_HEIGHT_PX : 1.2,
	        .object_position = LXW_OBJECT_MOVE_DONT_SIZE,
	        .description = (char *)sheet->title,
	};
	workbook_check(workbook,
	               worksheet_insert_chart_opt(worksheet, 1, (lxw_col_t)sheet->column_count,
	                                          chart, &options));
}
