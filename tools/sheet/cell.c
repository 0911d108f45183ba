/* cell: figures as text, and what a chart takes of them.
 * Thread: one at a time. */
#include "lagniappe/codec.h"
#include "tools/sheet/model.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

bool column_is_figures(const struct sheet_column *column)
{
	return column->kind == SHEET_COUNT || column->kind == SHEET_MONEY ||
	       column->kind == SHEET_RATIO;
}

const char *column_title(const struct sheet_column *column, char room[CELL_ROOM * 2])
{
	if (column->kind != SHEET_TIME || strstr(column->title, "UTC") != NULL)
		return column->title;
	snprintf(room, CELL_ROOM * 2, "%s (UTC)", column->title);
	return room;
}

/* Copies a number's text with commas between thousands. */
static void put_grouped(const char *digits, char out[CELL_ROOM])
{
	size_t n = 0, whole = strcspn(digits, ".e");
	for (size_t i = 0; i < whole; i++) {
		bool leads = i == 0 || (i == 1 && digits[0] == '-');
		if (!leads && (whole - i) % 3 == 0)
			out[n++] = ',';
		out[n++] = digits[i];
	}
	snprintf(out + n, CELL_ROOM - n, "%s", digits + whole);
}

/* Minor units with a point: integers alone, for a double would lose digits. */
static void put_money(int64_t minor, unsigned scale, char out[CELL_ROOM])
{
	uint64_t rest = minor < 0 ? -(uint64_t)minor : (uint64_t)minor;
	char *at = out + CELL_ROOM;
	*--at = '\0';
	for (unsigned i = 0; rest > 0 || i <= scale; i++) {
		if (i == scale && scale > 0)
			*--at = '.';
		*--at = (char)('0' + rest % 10);
		rest /= 10;
	}
	if (minor < 0)
		*--at = '-';
	memmove(out, at, (size_t)(out + CELL_ROOM - at));
}

static void put_ratio(double ratio, unsigned decimals, char out[CELL_ROOM])
{
	int digits = (int)(decimals < 15 ? decimals : 15);
	if (fabs(ratio) < 1e15)
		snprintf(out, CELL_ROOM, "%.*f", digits, ratio);
	else
		snprintf(out, CELL_ROOM, "%.*e", digits, ratio);
	/* What rounds to nothing has no sign. */
	if (out[0] == '-' && strspn(out + 1, "0.") == strlen(out + 1))
		memmove(out, out + 1, strlen(out));
}

static void put_time(int64_t us, enum cell_style style, char out[CELL_ROOM])
{
	lgp_time_format(out, us);
	out[LGP_TIME_LEN] = '\0';
	if (style == CELL_PLAIN)
		return;
	out[LGP_DATE_LEN] = ' ';
	out[LGP_DATE_LEN + 9] = '\0';
}

struct lgp_view cell_text(const struct sheet_column *column, const struct cell *cell,
                          enum cell_style style, char room[CELL_ROOM])
{
	char digits[CELL_ROOM] = "";
	if (cell->blank)
		return LGP_VIEW("");
	switch ((enum sheet_kind)cell->kind) {
	case SHEET_TEXT:
		return (struct lgp_view){cell->as.text, cell->len};
	case SHEET_DATE:
		lgp_date_format(room, (int32_t)cell->as.number);
		room[LGP_DATE_LEN] = '\0';
		return lgp_view_of(room);
	case SHEET_TIME:
		put_time(cell->as.number, style, room);
		return lgp_view_of(room);
	case SHEET_ENTRY:
		snprintf(room, CELL_ROOM, "%" PRIu64, (uint64_t)cell->as.number);
		return lgp_view_of(room);
	case SHEET_COUNT:
		put_money(cell->as.number, 0, digits);
		break;
	case SHEET_MONEY:
		put_money(cell->as.number, cell->scale, digits);
		break;
	case SHEET_RATIO:
		put_ratio(cell->as.ratio, column->decimals, digits);
		break;
	}
	if (style == CELL_PEOPLE)
		put_grouped(digits, room);
	else
		memcpy(room, digits, sizeof digits);
	return lgp_view_of(room);
}

double cell_number(const struct cell *cell)
{
	if (cell->kind == SHEET_RATIO)
		return cell->as.ratio;
	double unit = 1; /* exact up to 10^22; divided by once, so that nothing adds up */
	for (unsigned i = 0; i < cell->scale; i++)
		unit *= 10;
	return (double)cell->as.number / unit;
}

bool plot_of(const struct sheet *sheet, struct plot *plot)
{
	size_t max = sheet->chart == SHEET_CHART_LINE ? CHART_POINTS_MAX : CHART_BARS_MAX;
	plot->count = plot->of = 0;
	if (sheet->chart == SHEET_CHART_NONE)
		return false;
	for (size_t row = 0; row < sheet_row_count(sheet); row++) {
		const struct cell *cells = sheet_row(sheet, row);
		if (cells[0].total || cells[sheet->chart_value].blank)
			continue;
		if (plot->count < max)
			plot->rows[plot->count++] = row;
		plot->of++;
	}
	return plot->count > 0;
}
