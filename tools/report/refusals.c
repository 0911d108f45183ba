/* refusals: what the rules and the funds said no to: why, to whom, by which limit.
 * Thread: one at a time. */
#include "lagniappe/problem.h"
#include "tools/report/groups.h"
#include "tools/report/report.h"

#include <string.h>

enum view { BY_CODE, BY_STAFF, BY_LIMIT, VIEWS };
enum { PART_VIEW, PART_VALUE, PART_UNIT };
enum { SUM_ASKED };

struct refusals {
	struct report *report;
	struct groups groups; /* of all views */
};

static bool takes(const struct report *report, const struct lgp_entry *entry)
{
	return entry->kind == LGP_KIND_REFUSAL && report_takes(report, entry) &&
	       report_dates(report, entry);
}

/* A limit's number; 0 for what no limit refused. */
static int64_t limit_of(const struct book *book, const struct lgp_entry *entry)
{
	const struct book_noun *limit = book_limit(book, entry->limit);
	return limit != NULL ? (int64_t)limit->number : 0;
}

static enum lgp_status visit(void *context, const struct book *book, const struct lgp_entry *entry)
{
	struct refusals *refusals = context;
	if (!takes(refusals->report, entry))
		return LGP_OK;
	const int64_t values[VIEWS] = {
	        [BY_CODE] = entry->code,
	        [BY_STAFF] = (int64_t)entry->staff,
	        [BY_LIMIT] = limit_of(book, entry),
	};
	for (enum view view = 0; view < VIEWS; view++) {
		const int64_t part[GROUP_PARTS] = {view, values[view], (int64_t)entry->unit};
		if (view == BY_LIMIT && values[view] == 0)
			continue;
		struct group *group = groups_at(&refusals->groups, part);
		if (group == NULL)
			return groups_fault(&refusals->groups);
		group_note(group, entry->seq);
		/* Of a thanks the amount is minutes; what is not told has no unit. */
		if (entry->asked != LGP_KIND_THANKS && entry->unit != 0)
			group->sum[SUM_ASKED] += entry->amount;
	}
	return LGP_OK;
}

static const char *value_text(const struct book *book, const struct group *group,
                              char name[BOOK_NAME_MAX])
{
	int64_t value = group->part[PART_VALUE];
	const struct lgp_problem_info *problem;
	switch ((enum view)group->part[PART_VIEW]) {
	case BY_CODE:
		problem = lgp_problem_info((unsigned)value);
		return problem != NULL ? problem->code : "unknown";
	case BY_STAFF:
		/* To a stranger a refusal tells nothing, and so its entry. */
		return value == 0 ? "not told" : axis_text(book, AXIS_STAFF, value, name);
	default:
		return book_name(book, LGP_KIND_LIMIT, (uint64_t)value, name);
	}
}

/* Within a view the most first. */
static int compare(const void *a, const void *b, void *context)
{
	char first_name[BOOK_NAME_MAX], second_name[BOOK_NAME_MAX];
	const struct group *first = a, *second = b;
	if (first->part[PART_VIEW] != second->part[PART_VIEW])
		return first->part[PART_VIEW] < second->part[PART_VIEW] ? -1 : 1;
	if (first->count[0] != second->count[0])
		return first->count[0] > second->count[0] ? -1 : 1;
	int order = strcmp(value_text(context, first, first_name),
	                   value_text(context, second, second_name));
	int64_t x = first->part[PART_UNIT], y = second->part[PART_UNIT];
	return order != 0 ? order : (x > y) - (x < y);
}

static void put_row(struct report *report, struct sheet *sheet, const struct group *row)
{
	char name[BOOK_NAME_MAX];
	const struct lgp_problem_info *problem = lgp_problem_info((unsigned)row->part[PART_VALUE]);
	sheet_word(sheet, value_text(report->book, row, name));
	if (row->part[PART_VIEW] == BY_CODE)
		sheet_word(sheet, problem != NULL ? problem->title : "");
	put_name(report, sheet, LGP_KIND_UNIT, (uint64_t)row->part[PART_UNIT]);
	sheet_count(sheet, (int64_t)row->count[0]);
	put_money(report, sheet, row->sum[SUM_ASKED],
	          book_scale(report->book, (uint64_t)row->part[PART_UNIT]));
	sheet_entry(sheet, row->first);
	sheet_entry(sheet, row->last);
}

#define FIGURES                                                                 \
	{"unit", "Unit", SHEET_TEXT, 0}, {"count", "Refusals", SHEET_COUNT, 0}, \
	        {"amount", "Amount asked for", SHEET_MONEY, 0},                 \
	        {"first_entry", "First entry", SHEET_ENTRY, 0},                 \
	{                                                                       \
		"last_entry", "Last entry", SHEET_ENTRY, 0                      \
	}
static const struct sheet_column code_columns[] = {
        {"code", "Code", SHEET_TEXT, 0}, {"why", "Why", SHEET_TEXT, 0}, FIGURES};
static const struct sheet_column staff_columns[] = {{"staff", "Staff", SHEET_TEXT, 0}, FIGURES};
static const struct sheet_column limit_columns[] = {{"limit", "Limit", SHEET_TEXT, 0}, FIGURES};

static const struct {
	const char *name, *title;
	const struct sheet_column *columns;
	size_t count;
} sheets[VIEWS] = {
        [BY_CODE] = {"codes", "Refusals by what was said", code_columns,
                     sizeof code_columns / sizeof code_columns[0]},
        [BY_STAFF] = {"staff", "Refusals by who was refused", staff_columns,
                      sizeof staff_columns / sizeof staff_columns[0]},
        [BY_LIMIT] = {"limits", "Refusals by the limit that bound", limit_columns,
                      sizeof limit_columns / sizeof limit_columns[0]},
};

static void put_all(struct refusals *refusals)
{
	const struct groups *groups = &refusals->groups;
	size_t at = 0;
	for (enum view view = 0; view < VIEWS; view++) {
		struct sheet *sheet =
		        sheet_new(refusals->report->document, sheets[view].name, sheets[view].title,
		                  sheets[view].columns, sheets[view].count);
		for (; at < groups->count && groups->list[at].part[PART_VIEW] == view; at++)
			put_row(refusals->report, sheet, &groups->list[at]);
	}
	document_note(refusals->report->document,
	              "Amounts are what was asked for and not given; asking again may count one "
	              "wish several times.");
}

enum lgp_status refusals_make(struct report *report)
{
	struct refusals refusals = {.report = report};
	enum lgp_status status = groups_init(&refusals.groups);
	if (status == LGP_OK)
		status = report_read(report, visit, &refusals);
	if (status == LGP_OK) {
		groups_sort(&refusals.groups, compare, report->book);
		put_all(&refusals);
	}
	groups_deinit(&refusals.groups);
	return status == LGP_OK && report->request.list ? entries_sheet(report, takes) : status;
}
