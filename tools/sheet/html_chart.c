/* html_chart: bars and lines as SVG, drawn once, without scripts.
 * Thread: one at a time.
 *
 * A chart is one picture to a screen reader: its title says what it shows, its
 * description names the extremes; the table beside it holds the figures. */
#include "tools/common/table.h"
#include "tools/sheet/html.h"

#include <math.h>
#include <string.h>

#define WIDTH 760.0
#define LETTER 6.6 /* mean width of a letter at 12 px */
#define BAR_STEP 24.0
#define BAR_HEIGHT 16.0
#define LABEL_MAX 28 /* characters of a label */
#define LABEL_ROOM 160
#define LINE_TOP 14.0
#define LINE_BOTTOM 250.0
#define LINE_HEIGHT 300.0
#define DOTS_MAX 60
#define TICKS_MAX 12

/* Ticks at whole multiples of a step of 1, 2 or 5 times a power of ten. */
struct scale {
	double low, high, step;
	unsigned decimals;
};

static struct scale scale_of(double low, double high)
{
	struct scale scale = {.low = fmin(low, 0), .high = fmax(high, 0)};
	double range = scale.high - scale.low;
	if (!(range > 0))
		range = scale.high = 1;
	double power = pow(10, floor(log10(range / 5)));
	double most = range / 5 / power;
	scale.step = power * (most > 5 ? 10 : most > 2 ? 5 : most > 1 ? 2 : 1);
	scale.low = floor(scale.low / scale.step) * scale.step;
	scale.high = ceil(scale.high / scale.step) * scale.step;
	double digits = -floor(log10(scale.step) + 1e-9);
	scale.decimals = digits > 0 ? (unsigned)fmin(digits, 15) : 0;
	return scale;
}

static double scale_at(const struct scale *scale, double value, double from, double to)
{
	return from + (value - scale->low) / (scale->high - scale->low) * (to - from);
}

static double tick_at(const struct scale *scale, int i)
{
	return scale->low + i * scale->step;
}

static int tick_count(const struct scale *scale)
{
	int count = (int)lround((scale->high - scale->low) / scale->step) + 1;
	return count < TICKS_MAX ? count : TICKS_MAX;
}

static void put_tick(FILE *out, const struct scale *scale, double tick)
{
	struct sheet_column column = {.kind = SHEET_RATIO, .decimals = scale->decimals};
	struct cell cell = {.kind = SHEET_RATIO, .as.ratio = tick};
	char room[CELL_ROOM];
	html_put(out, cell_text(&column, &cell, CELL_PEOPLE, room));
}

/* ---- What the rows say --------------------------------------------------------------- */

struct chart {
	const struct sheet *sheet;
	struct plot plot;
	struct scale scale;
	size_t lowest, highest; /* of the rows that are shown */
	FILE *out;
};

static const struct cell *value_of(const struct chart *chart, size_t i)
{
	return &sheet_row(chart->sheet, chart->plot.rows[i])[chart->sheet->chart_value];
}

static struct lgp_view text_of(const struct chart *chart, size_t i, size_t column,
                               char room[CELL_ROOM])
{
	return cell_text(&chart->sheet->columns[column],
	                 &sheet_row(chart->sheet, chart->plot.rows[i])[column], CELL_PEOPLE, room);
}

static struct lgp_view label_text(const struct chart *chart, size_t i, char room[CELL_ROOM])
{
	return text_of(chart, i, chart->sheet->chart_label, room);
}

static struct lgp_view value_text(const struct chart *chart, size_t i, char room[CELL_ROOM])
{
	return text_of(chart, i, chart->sheet->chart_value, room);
}

/* The label as far as it has room, on one line. */
static struct lgp_view short_label(const struct chart *chart, size_t i, char out[LABEL_ROOM])
{
	char room[CELL_ROOM];
	struct lgp_view text = label_text(chart, i, room);
	size_t len = text_clean(out, LABEL_ROOM - 4, text);
	if (text_width((struct lgp_view){out, len}) > LABEL_MAX) {
		while (text_width((struct lgp_view){out, len}) >= LABEL_MAX)
			while (((unsigned char)out[--len] & 0xc0) == 0x80)
				continue;
		memcpy(out + len, "\xe2\x80\xa6", 3);
		len += 3;
	}
	return (struct lgp_view){out, len};
}

static bool chart_read(struct chart *chart)
{
	if (!plot_of(chart->sheet, &chart->plot))
		return false;
	for (size_t i = 1; i < chart->plot.count; i++) {
		double value = cell_number(value_of(chart, i));
		if (value < cell_number(value_of(chart, chart->lowest)))
			chart->lowest = i;
		if (value > cell_number(value_of(chart, chart->highest)))
			chart->highest = i;
	}
	chart->scale = scale_of(cell_number(value_of(chart, chart->lowest)),
	                        cell_number(value_of(chart, chart->highest)));
	return true;
}

/* ---- Its parts ------------------------------------------------------------------------- */

static void put_extreme(const struct chart *chart, const char *word, size_t i)
{
	char room[CELL_ROOM];
	fprintf(chart->out, " %s: ", word);
	html_put(chart->out, label_text(chart, i, room));
	fputs(", ", chart->out);
	html_put(chart->out, value_text(chart, i, room));
	fputc('.', chart->out);
}

static void open_picture(const struct chart *chart, size_t number, double height)
{
	const struct sheet *sheet = chart->sheet;
	char room[CELL_ROOM * 2];
	fprintf(chart->out,
	        "<figure>\n<svg viewBox=\"0 0 %.0f %.0f\" role=\"img\" "
	        "aria-labelledby=\"chart-%zu chart-%zu-says\">\n<title id=\"chart-%zu\">",
	        WIDTH, height, number, number, number);
	html_put_word(chart->out, sheet->columns[sheet->chart_value].title);
	fputs(" by ", chart->out);
	html_put_word(chart->out, column_title(&sheet->columns[sheet->chart_label], room));
	fprintf(chart->out, "</title>\n<desc id=\"chart-%zu-says\">%s of %zu rows.", number,
	        sheet->chart == SHEET_CHART_BARS ? "Bars" : "A line", chart->plot.count);
	put_extreme(chart, "Largest", chart->highest);
	put_extreme(chart, "Smallest", chart->lowest);
	fputs(" The table below has the figures.</desc>\n", chart->out);
}

static void close_picture(const struct chart *chart)
{
	fputs("</svg>\n", chart->out);
	if (chart->plot.count < chart->plot.of)
		fprintf(chart->out,
		        "<figcaption>The chart shows the first %zu of %zu rows; the table below "
		        "has all of them.</figcaption>\n",
		        chart->plot.count, chart->plot.of);
	fputs("</figure>\n", chart->out);
}

static void put_text(const struct chart *chart, const char *class, double x, double y,
                     struct lgp_view text)
{
	fprintf(chart->out, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\">", class, x, y);
	html_put(chart->out, text);
	fputs("</text>\n", chart->out);
}

static void put_stroke(const struct chart *chart, const char *class, double x1, double y1,
                       double x2, double y2)
{
	fprintf(chart->out,
	        "<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n", class, x1,
	        y1, x2, y2);
}

static void put_tick_text(const struct chart *chart, const char *class, double x, double y,
                          double tick)
{
	fprintf(chart->out, "<text class=\"soft %s\" x=\"%.1f\" y=\"%.1f\">", class, x, y);
	put_tick(chart->out, &chart->scale, tick);
	fputs("</text>\n", chart->out);
}

/* ---- Bars: label, bar, figure ---------------------------------------------------------- */

struct bars {
	double left, right, bottom; /* of the plot */
};

static struct bars bars_layout(const struct chart *chart)
{
	char label[LABEL_ROOM], room[CELL_ROOM];
	size_t labels = 4, values = 4;
	for (size_t i = 0; i < chart->plot.count; i++) {
		size_t width = text_width(short_label(chart, i, label));
		labels = width > labels ? width : labels;
		width = value_text(chart, i, room).len;
		values = width > values ? width : values;
	}
	return (struct bars){
	        .left = (double)labels * LETTER + 14,
	        .right = WIDTH - (double)values * LETTER - 18,
	        .bottom = (double)chart->plot.count * BAR_STEP + 8,
	};
}

static void put_bar_axis(const struct chart *chart, const struct bars *bars)
{
	const struct sheet *sheet = chart->sheet;
	for (int i = 0; i < tick_count(&chart->scale); i++) {
		double tick = tick_at(&chart->scale, i);
		double x = scale_at(&chart->scale, tick, bars->left, bars->right);
		put_stroke(chart, "grid", x, 2, x, bars->bottom);
		put_tick_text(chart, "m", x, bars->bottom + 16, tick);
	}
	put_text(chart, "soft m", (bars->left + bars->right) / 2, bars->bottom + 36,
	         lgp_view_of(sheet->columns[sheet->chart_value].title));
}

static void put_bar(const struct chart *chart, const struct bars *bars, size_t i)
{
	char room[CELL_ROOM], label[LABEL_ROOM];
	double y = (double)i * BAR_STEP + 6, value = cell_number(value_of(chart, i));
	double zero = scale_at(&chart->scale, 0, bars->left, bars->right);
	double end = scale_at(&chart->scale, value, bars->left, bars->right);
	put_text(chart, "e", bars->left - 8, y + 12, short_label(chart, i, label));
	fprintf(chart->out,
	        "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"><title>",
	        value < 0 ? "below" : "bar", fmin(zero, end), y, fabs(end - zero), BAR_HEIGHT);
	html_put(chart->out, label_text(chart, i, room));
	fputs(": ", chart->out);
	html_put(chart->out, value_text(chart, i, room));
	fputs("</title></rect>\n", chart->out);
	put_text(chart, "e", WIDTH - 4, y + 12, value_text(chart, i, room));
}

static void put_bars(const struct chart *chart, size_t number)
{
	struct bars bars = bars_layout(chart);
	double zero = scale_at(&chart->scale, 0, bars.left, bars.right);
	open_picture(chart, number, bars.bottom + 44);
	put_bar_axis(chart, &bars);
	for (size_t i = 0; i < chart->plot.count; i++)
		put_bar(chart, &bars, i);
	put_stroke(chart, "zero", zero, 2, zero, bars.bottom);
	close_picture(chart);
}

/* ---- A line over its labels -------------------------------------------------------------- */

static double line_x(const struct chart *chart, double left, size_t i)
{
	size_t count = chart->plot.count;
	return count == 1 ? (left + WIDTH) / 2
	                  : left + (double)i / (double)(count - 1) * (WIDTH - 44 - left);
}

static double line_y(const struct chart *chart, double value)
{
	return scale_at(&chart->scale, value, LINE_BOTTOM, LINE_TOP);
}

/* Ticks up the left side; returns where the plot begins. */
static double put_line_axis(const struct chart *chart)
{
	double left = 24;
	for (int i = 0; i < tick_count(&chart->scale); i++) {
		struct sheet_column column = {.kind = SHEET_RATIO,
		                              .decimals = chart->scale.decimals};
		struct cell cell = {.kind = SHEET_RATIO, .as.ratio = tick_at(&chart->scale, i)};
		char room[CELL_ROOM];
		size_t len = cell_text(&column, &cell, CELL_PEOPLE, room).len;
		left = fmax(left, (double)len * LETTER + 34);
	}
	for (int i = 0; i < tick_count(&chart->scale); i++) {
		double tick = tick_at(&chart->scale, i), y = line_y(chart, tick);
		put_stroke(chart, tick == 0 ? "zero" : "grid", left, y, WIDTH - 10, y);
		put_tick_text(chart, "e", left - 8, y + 4, tick);
	}
	return left;
}

/* Of how many points one is labelled, so that no label covers another. */
static size_t label_every(const struct chart *chart, double left)
{
	size_t widest = 4, count = chart->plot.count;
	char label[LABEL_ROOM];
	for (size_t i = 0; i < count; i++) {
		size_t width = text_width(short_label(chart, i, label));
		widest = width > widest ? width : widest;
	}
	double fit = (WIDTH - left) / ((double)widest * LETTER + 16);
	size_t most = fit > 1 ? (size_t)fit : 1;
	return (count + most - 1) / most;
}

static void put_line_labels(const struct chart *chart, double left)
{
	const struct sheet *sheet = chart->sheet;
	size_t every = label_every(chart, left);
	char room[CELL_ROOM * 2], label[LABEL_ROOM];
	for (size_t i = 0; i < chart->plot.count; i += every)
		put_text(chart, "soft m", line_x(chart, left, i), LINE_BOTTOM + 18,
		         short_label(chart, i, label));
	put_text(chart, "soft m", (left + WIDTH) / 2, LINE_BOTTOM + 40,
	         lgp_view_of(column_title(&sheet->columns[sheet->chart_label], room)));
	fprintf(chart->out, "<text class=\"soft m\" transform=\"translate(12 %.1f) rotate(-90)\">",
	        (LINE_TOP + LINE_BOTTOM) / 2);
	html_put_word(chart->out, sheet->columns[sheet->chart_value].title);
	fputs("</text>\n", chart->out);
}

static void put_dot(const struct chart *chart, double left, size_t i)
{
	char room[CELL_ROOM];
	fprintf(chart->out, "<circle class=\"dot\" cx=\"%.1f\" cy=\"%.1f\" r=\"3.5\"><title>",
	        line_x(chart, left, i), line_y(chart, cell_number(value_of(chart, i))));
	html_put(chart->out, label_text(chart, i, room));
	fputs(": ", chart->out);
	html_put(chart->out, value_text(chart, i, room));
	fputs("</title></circle>\n", chart->out);
}

static void put_line(const struct chart *chart, size_t number)
{
	open_picture(chart, number, LINE_HEIGHT);
	double left = put_line_axis(chart);
	put_line_labels(chart, left);
	fputs("<polyline class=\"line\" points=\"", chart->out);
	for (size_t i = 0; i < chart->plot.count; i++)
		fprintf(chart->out, "%s%.1f,%.1f", i > 0 ? " " : "", line_x(chart, left, i),
		        line_y(chart, cell_number(value_of(chart, i))));
	fputs("\"/>\n", chart->out);
	for (size_t i = 0; i < chart->plot.count && chart->plot.count <= DOTS_MAX; i++)
		put_dot(chart, left, i);
	close_picture(chart);
}

void html_chart(const struct sheet *sheet, size_t number, FILE *out)
{
	struct chart chart = {.sheet = sheet, .out = out};
	if (!chart_read(&chart))
		return;
	if (sheet->chart == SHEET_CHART_BARS)
		put_bars(&chart, number);
	else
		put_line(&chart, number);
}
