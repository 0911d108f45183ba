/* spend: what was given and taken back, by whom, where, why, when.
 * Thread: one at a time. */
#include "tools/report/groups.h"
#include "tools/report/report.h"

enum { COUNT_MOVEMENTS, COUNT_GIVEN, COUNT_BACK };
enum { SUM_GIVEN, SUM_BACK };
/* A group's key: the unit, then its place on each axis. */
enum { PART_UNIT, PART_AXES };

struct spend {
	struct report *report;
	struct axes axes;
	struct groups groups;
};

static enum lgp_status visit(void *context, const struct book *book, const struct lgp_entry *entry)
{
	struct spend *spend = context;
	int64_t part[GROUP_PARTS] = {(int64_t)entry->unit};
	if (!entry_spends(spend->report, entry))
		return LGP_OK;
	for (size_t i = 0; i < spend->axes.count; i++)
		part[PART_AXES + i] = axis_value(book, spend->axes.list[i], entry);
	struct group *group = groups_at(&spend->groups, part);
	if (group == NULL)
		return groups_fault(&spend->groups);
	bool given = entry_spending(entry) == SPENDING_GIVEN;
	group_note(group, entry->seq);
	group->count[given ? COUNT_GIVEN : COUNT_BACK]++;
	group->sum[given ? SUM_GIVEN : SUM_BACK] += entry->amount;
	return LGP_OK;
}

/* ---- order -------------------------------------------------------------------------------- */

__extension__ static __int128 net(const struct group *group)
{
	return group->sum[SUM_GIVEN] - group->sum[SUM_BACK];
}

/* By unit; a single axis of names by what was spent, the most first; else along
 * the axes. */
static int compare(const void *a, const void *b, void *context)
{
	const struct spend *spend = context;
	const struct group *first = a, *second = b;
	const struct book *book = spend->report->book;
	if (first->part[PART_UNIT] != second->part[PART_UNIT])
		return first->part[PART_UNIT] < second->part[PART_UNIT] ? -1 : 1;
	if (spend->axes.count == 1 && !axis_is_period(spend->axes.list[0]) &&
	    net(first) != net(second))
		return net(first) > net(second) ? -1 : 1;
	int order = 0;
	for (size_t i = 0; i < spend->axes.count && order == 0; i++)
		order = axis_compare(book, spend->axes.list[i], first->part[PART_AXES + i],
		                     second->part[PART_AXES + i]);
	return order;
}

/* ---- sheets ------------------------------------------------------------------------------- */

static const struct sheet_column figures[] = {
        {"unit", "Unit", SHEET_TEXT, 0},
        {"count", "Given", SHEET_COUNT, 0},
        {"granted", "Amount given", SHEET_MONEY, 0},
        {"reversals", "Taken back", SHEET_COUNT, 0},
        {"reversed", "Amount taken back", SHEET_MONEY, 0},
        {"net", "Net", SHEET_MONEY, 0},
        {"average", "Average given", SHEET_MONEY, 0},
        {"share", "Share of net", SHEET_RATIO, 4},
        {"first_entry", "First entry", SHEET_ENTRY, 0},
        {"last_entry", "Last entry", SHEET_ENTRY, 0},
};
#define FIGURES (sizeof figures / sizeof figures[0])
#define FIGURE_NET 5

static struct sheet *begin_sheet(const struct spend *spend, const char *unit)
{
	struct sheet_column columns[AXES_MAX + FIGURES];
	char title[BOOK_NAME_MAX + 32];
	size_t count = 0;
	for (; count < spend->axes.count; count++)
		columns[count] = axis_column(spend->axes.list[count]);
	for (size_t i = 0; i < FIGURES; i++)
		columns[count++] = figures[i];
	snprintf(title, sizeof title, "Given and taken back, in %s", unit);
	struct sheet *sheet = sheet_new(spend->report->document, unit, title, columns, count);
	if (spend->axes.count == 1)
		sheet_chart(sheet,
		            axis_is_period(spend->axes.list[0]) ? SHEET_CHART_LINE
		                                                : SHEET_CHART_BARS,
		            0, spend->axes.count + FIGURE_NET);
	return sheet;
}

/* To the nearest minor unit, halves up. */
__extension__ static __int128 average(const struct group *group)
{
	__int128 count = (__int128)group->count[COUNT_GIVEN];
	return (2 * group->sum[SUM_GIVEN] + count) / (2 * count);
}

static void put_figures(struct spend *spend, struct sheet *sheet, const struct group *group,
                        const struct group *total)
{
	struct report *report = spend->report;
	uint64_t unit = (uint64_t)group->part[PART_UNIT];
	unsigned scale = book_scale(report->book, unit);
	put_name(report, sheet, LGP_KIND_UNIT, unit);
	sheet_count(sheet, (int64_t)group->count[COUNT_GIVEN]);
	put_money(report, sheet, group->sum[SUM_GIVEN], scale);
	sheet_count(sheet, (int64_t)group->count[COUNT_BACK]);
	put_money(report, sheet, group->sum[SUM_BACK], scale);
	put_money(report, sheet, net(group), scale);
	if (group->count[COUNT_GIVEN] > 0)
		put_money(report, sheet, average(group), scale);
	else
		sheet_blank(sheet);
	/* A share is for the eye: it is the one figure that is no exact integer. */
	sheet_ratio(sheet, (double)net(group) / (double)net(total));
	sheet_entry(sheet, group->first);
	sheet_entry(sheet, group->last);
}

static void put_unit(struct spend *spend, const struct group *rows, size_t count)
{
	const struct book *book = spend->report->book;
	char name[BOOK_NAME_MAX];
	struct group total = {.part = {rows->part[PART_UNIT]}};
	for (size_t i = 0; i < count; i++)
		group_add(&total, &rows[i]);
	struct sheet *sheet = begin_sheet(
	        spend, book_name(book, LGP_KIND_UNIT, (uint64_t)rows->part[PART_UNIT], name));
	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < spend->axes.count; k++)
			sheet_word(sheet, axis_text(book, spend->axes.list[k],
			                            rows[i].part[PART_AXES + k], name));
		put_figures(spend, sheet, &rows[i], &total);
	}
	sheet_total(sheet);
	for (size_t k = 0; k < spend->axes.count; k++)
		sheet_blank(sheet);
	put_figures(spend, sheet, &total, &total);
}

static void put_all(struct spend *spend)
{
	const struct groups *groups = &spend->groups;
	for (size_t at = 0, end; at < groups->count; at = end) {
		end = at + 1;
		while (end < groups->count &&
		       groups->list[end].part[PART_UNIT] == groups->list[at].part[PART_UNIT])
			end++;
		put_unit(spend, &groups->list[at], end - at);
	}
	if (groups->count == 0)
		sheet_note(begin_sheet(spend, "any unit"),
		           "Nothing was given or taken back in what was asked for.");
}

enum lgp_status spend_make(struct report *report)
{
	struct spend spend = {.report = report};
	enum lgp_status status = report_axes(report, "month", &spend.axes);
	if (status == LGP_OK)
		status = groups_init(&spend.groups);
	if (status == LGP_OK)
		status = report_read(report, visit, &spend);
	if (status == LGP_OK) {
		groups_sort(&spend.groups, compare, &spend);
		put_all(&spend);
		document_note(report->document,
		              "Grants and imported payments by their business date; a reversal or "
		              "refund counts on its own.  Net = given - taken back.");
	}
	groups_deinit(&spend.groups);
	return status == LGP_OK && report->request.list ? entries_sheet(report, entry_spends)
	                                                : status;
}
