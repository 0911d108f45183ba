/* liability: what the house owes its customers: where it began, what moved it,
 * where it ends.
 * Thread: one at a time.
 *
 *   opening + granted + earned - redeemed - expired - reversed = closing
 *
 * Discretionary is what was granted, held amounts included; earned stands apart.
 * Memory: a group a row, and the check's (liability.h). */
#include "tools/report/liability.h"

/* OPENING: what moved before the dates that are asked for. */
enum flow { OPENING, GRANTED, EARNED, REDEEMED, EXPIRED, REVERSED };
enum { PART_UNIT, PART_KIND, PART_SITE, PART_PERIOD };
#define BEFORE INT64_MIN /* the period of what moved before the dates */

struct liability {
	struct report *report;
	bool by_site, by_period;
	enum axis period;
	struct groups groups;
	struct liability_check check;
};

enum liability_kind liability_of(enum lgp_class class)
{
	if (class == LGP_CLASS_EARNED)
		return OF_EARNING;
	return class == LGP_CLASS_CUSTOMER || class == LGP_CLASS_HELD ? DISCRETIONARY
	                                                              : NO_LIABILITY;
}

bool entry_is_liability(const struct report *report, const struct lgp_entry *entry)
{
	return report_takes(report, entry) && report_dates(report, entry) &&
	       liability_of(entry->debit) != liability_of(entry->credit);
}

/* ---- movements ---------------------------------------------------------------------------- */

static enum flow flow_in(const struct lgp_entry *entry)
{
	return entry->credit == LGP_CLASS_EARNED ? EARNED : GRANTED;
}

static enum flow flow_out(const struct lgp_entry *entry)
{
	if (entry->credit == LGP_CLASS_SETTLEMENT)
		return REDEEMED;
	return entry->credit == LGP_CLASS_BREAKAGE ? EXPIRED : REVERSED;
}

static enum lgp_status count_flow(struct liability *liability, const struct lgp_entry *entry,
                                  enum liability_kind kind, enum flow flow)
{
	const struct report *report = liability->report;
	bool before = entry->business_date < report->request.from;
	bool out = flow == REDEEMED || flow == EXPIRED || flow == REVERSED;
	int64_t part[GROUP_PARTS] = {
	        [PART_UNIT] = (int64_t)entry->unit,
	        [PART_KIND] = kind,
	        [PART_SITE] = liability->by_site ? (int64_t)entry->site : 0,
	};
	if (liability->by_period)
		part[PART_PERIOD] =
		        before ? BEFORE : axis_value(report->book, liability->period, entry);
	struct group *group = groups_at(&liability->groups, part);
	if (group == NULL)
		return groups_fault(&liability->groups);
	if (before) {
		group->sum[OPENING] += out ? -(int64_t)entry->amount : entry->amount;
	} else {
		group_note(group, entry->seq);
		group->sum[flow] += entry->amount;
	}
	return LGP_OK;
}

static enum lgp_status visit(void *context, const struct book *book, const struct lgp_entry *entry)
{
	struct liability *liability = context;
	enum liability_kind from = liability_of(entry->debit), to = liability_of(entry->credit);
	(void)book;
	if (!report_takes(liability->report, entry))
		return LGP_OK;
	bool within = entry->business_date < liability->report->request.until;
	enum lgp_status status = liability_check_entry(&liability->check, entry, within);
	if (!within)
		return status;
	if (status == LGP_OK && to != NO_LIABILITY && from != to)
		status = count_flow(liability, entry, to, flow_in(entry));
	if (status == LGP_OK && from != NO_LIABILITY && from != to)
		status = count_flow(liability, entry, from, flow_out(entry));
	return status;
}

/* ---- rows --------------------------------------------------------------------------------- */

static int compare(const void *a, const void *b, void *context)
{
	const struct liability *liability = context;
	const struct group *first = a, *second = b;
	for (size_t i = 0; i < GROUP_PARTS; i++) {
		int64_t x = first->part[i], y = second->part[i];
		int order = i == PART_SITE ? axis_compare(liability->report->book, AXIS_SITE, x, y)
		                           : (x > y) - (x < y);
		if (order != 0)
			return order;
	}
	return 0;
}

static const struct sheet_column figures[] = {
        {"unit", "Unit", SHEET_TEXT, 0},
        {"liability", "Liability", SHEET_TEXT, 0},
        {"opening", "Opening", SHEET_MONEY, 0},
        {"granted", "+ granted", SHEET_MONEY, 0},
        {"earned", "+ earned", SHEET_MONEY, 0},
        {"redeemed", "- redeemed", SHEET_MONEY, 0},
        {"expired", "- expired", SHEET_MONEY, 0},
        {"reversed", "- reversed", SHEET_MONEY, 0},
        {"closing", "= closing", SHEET_MONEY, 0},
        {"movements", "Movements", SHEET_COUNT, 0},
        {"first_entry", "First entry", SHEET_ENTRY, 0},
        {"last_entry", "Last entry", SHEET_ENTRY, 0},
};
#define FIGURES (sizeof figures / sizeof figures[0])

static struct sheet *begin_sheet(const struct liability *liability, const char *unit)
{
	struct sheet_column columns[AXES_MAX + FIGURES];
	char title[BOOK_NAME_MAX + 32];
	size_t count = 0;
	if (liability->by_site)
		columns[count++] = axis_column(AXIS_SITE);
	if (liability->by_period)
		columns[count++] = axis_column(liability->period);
	for (size_t i = 0; i < FIGURES; i++)
		columns[count++] = figures[i];
	snprintf(title, sizeof title, "Liability to customers, in %s", unit);
	return sheet_new(liability->report->document, unit, title, columns, count);
}

__extension__ static __int128 closing(const struct group *row)
{
	return row->sum[OPENING] + row->sum[GRANTED] + row->sum[EARNED] - row->sum[REDEEMED] -
	       row->sum[EXPIRED] - row->sum[REVERSED];
}

static void put_figures(struct liability *liability, struct sheet *sheet, const struct group *row,
                        const char *kind)
{
	struct report *report = liability->report;
	unsigned scale = book_scale(report->book, (uint64_t)row->part[PART_UNIT]);
	put_name(report, sheet, LGP_KIND_UNIT, (uint64_t)row->part[PART_UNIT]);
	sheet_word(sheet, kind);
	for (enum flow flow = OPENING; flow <= REVERSED; flow++)
		put_money(report, sheet, row->sum[flow], scale);
	put_money(report, sheet, closing(row), scale);
	sheet_count(sheet, (int64_t)row->count[0]);
	if (row->count[0] > 0) {
		sheet_entry(sheet, row->first);
		sheet_entry(sheet, row->last);
	} else {
		sheet_blank(sheet);
		sheet_blank(sheet);
	}
}

static void put_row(struct liability *liability, struct sheet *sheet, const struct group *row)
{
	char name[BOOK_NAME_MAX];
	const struct book *book = liability->report->book;
	if (liability->by_site)
		sheet_word(sheet, axis_text(book, AXIS_SITE, row->part[PART_SITE], name));
	if (liability->by_period && row->part[PART_PERIOD] == BEFORE)
		sheet_word(sheet, "before");
	else if (liability->by_period)
		sheet_word(sheet, axis_text(book, liability->period, row->part[PART_PERIOD], name));
	put_figures(liability, sheet, row,
	            row->part[PART_KIND] == OF_EARNING ? "earned" : "discretionary");
}

/* The rows of one liability at one site follow on one another: each opens with
 * what the one before it closed with. */
static void put_chain(struct liability *liability, struct sheet *sheet, const struct group *rows,
                      size_t count, struct group *total)
{
	__extension__ __int128 carried = 0;
	for (size_t i = 0; i < count; i++) {
		struct group row = rows[i];
		row.sum[OPENING] += carried;
		carried = closing(&row);
		if (!liability->by_period || row.part[PART_PERIOD] != BEFORE || count == 1)
			put_row(liability, sheet, &row);
		group_add(total, &rows[i]);
	}
}

static bool same(const struct group *a, const struct group *b, size_t parts)
{
	for (size_t i = 0; i < parts; i++)
		if (a->part[i] != b->part[i])
			return false;
	return true;
}

static size_t run_of(const struct group *rows, size_t count, size_t parts)
{
	size_t end = 1;
	while (end < count && same(&rows[0], &rows[end], parts))
		end++;
	return end;
}

static void put_unit(struct liability *liability, const struct group *rows, size_t count)
{
	char name[BOOK_NAME_MAX];
	struct group total = {.part = {rows->part[PART_UNIT]}};
	struct sheet *sheet =
	        begin_sheet(liability, book_name(liability->report->book, LGP_KIND_UNIT,
	                                         (uint64_t)rows->part[PART_UNIT], name));
	for (size_t at = 0, run; at < count; at += run) {
		run = run_of(&rows[at], count - at, PART_PERIOD);
		put_chain(liability, sheet, &rows[at], run, &total);
	}
	sheet_total(sheet);
	if (liability->by_site)
		sheet_blank(sheet);
	if (liability->by_period)
		sheet_blank(sheet);
	put_figures(liability, sheet, &total, "all");
}

/* ---- all of it ---------------------------------------------------------------------------- */

static enum lgp_status take_axes(struct liability *liability)
{
	struct axes axes = {.count = 0};
	enum lgp_status status = LGP_OK;
	if (liability->report->request.by != NULL)
		status = axes_parse(liability->report->request.by, &axes);
	for (size_t i = 0; i < axes.count; i++) {
		bool period = axis_is_period(axes.list[i]);
		if ((!period && axes.list[i] != AXIS_SITE) || (period && liability->by_period))
			return lgp_fault(LGP_MALFORMED,
			                 "--by %s: a liability is by site, by a period, or by both",
			                 liability->report->request.by);
		liability->by_site = liability->by_site || !period;
		liability->by_period = liability->by_period || period;
		if (period)
			liability->period = axes.list[i];
	}
	return status;
}

static void put_all(struct liability *liability)
{
	struct groups *groups = &liability->groups;
	groups_sort(groups, compare, liability);
	for (size_t at = 0, run; at < groups->count; at += run) {
		run = run_of(&groups->list[at], groups->count - at, PART_KIND);
		put_unit(liability, &groups->list[at], run);
	}
	if (groups->count == 0)
		sheet_note(begin_sheet(liability, "any unit"),
		           "Nothing was ever owed to a customer in what was asked for.");
	for (size_t i = 0; i < groups->count; i++)
		liability_check_close(&liability->check, groups->list[i].part[PART_UNIT],
		                      closing(&groups->list[i]));
	liability_check_put(&liability->check, liability->report);
	document_note(liability->report->document,
	              "Opening + granted + earned - redeemed - expired - reversed = closing.  What "
	              "customers earned stands apart from what was granted at discretion.");
}

enum lgp_status liability_make(struct report *report)
{
	struct liability liability = {.report = report};
	enum lgp_status status = take_axes(&liability);
	if (status == LGP_OK)
		status = groups_init(&liability.groups);
	if (status == LGP_OK)
		status = liability_check_init(&liability.check);
	if (status == LGP_OK)
		status = report_read(report, visit, &liability);
	if (status == LGP_OK)
		put_all(&liability);
	groups_deinit(&liability.groups);
	liability_check_deinit(&liability.check);
	return status == LGP_OK && report->request.list ? entries_sheet(report, entry_is_liability)
	                                                : status;
}
