/* people: the thanks and rewards that each gave, as recognition.
 * Thread: one at a time. */
#include "tools/report/groups.h"
#include "tools/report/report.h"

#include <string.h>

enum { PART_VIEW, PART_NUMBER, PART_UNIT };
/* Rows of a person, of a site, and of what a person gave in one unit. */
enum view { OF_STAFF, OF_SITE, OF_UNIT };
enum { COUNT_ALL, COUNT_THANKS, COUNT_REWARDS };
enum { SUM_MINUTES, SUM_GIVEN, SUM_BACK };

struct people {
	struct report *report;
	bool most_thanks_first;
	struct groups groups;
};

static bool takes(const struct report *report, const struct lgp_entry *entry)
{
	bool kind = entry->kind == LGP_KIND_THANKS || entry->kind == LGP_KIND_GRANT ||
	            entry->kind == LGP_KIND_REVERSAL;
	/* Thanks have no unit; they are told whatever unit is asked for. */
	return kind && (entry->kind == LGP_KIND_THANKS || report_takes(report, entry)) &&
	       report_dates(report, entry);
}

static enum lgp_status count(struct people *people, enum view view, uint64_t number, uint64_t unit,
                             const struct lgp_entry *entry)
{
	const int64_t part[GROUP_PARTS] = {view, (int64_t)number, (int64_t)unit};
	struct group *group = groups_at(&people->groups, part);
	if (group == NULL)
		return groups_fault(&people->groups);
	group_note(group, entry->seq);
	group->count[COUNT_THANKS] += entry->kind == LGP_KIND_THANKS;
	group->count[COUNT_REWARDS] += entry->kind == LGP_KIND_GRANT;
	group->sum[entry->kind == LGP_KIND_THANKS  ? SUM_MINUTES
	           : entry->kind == LGP_KIND_GRANT ? SUM_GIVEN
	                                           : SUM_BACK] += entry->amount;
	return LGP_OK;
}

static enum lgp_status visit(void *context, const struct book *book, const struct lgp_entry *entry)
{
	struct people *people = context;
	enum lgp_status status = LGP_OK;
	(void)book;
	if (!takes(people->report, entry))
		return LGP_OK;
	if (entry->kind != LGP_KIND_REVERSAL) {
		status = count(people, OF_STAFF, entry->staff, 0, entry);
		if (status == LGP_OK)
			status = count(people, OF_SITE, entry->site, 0, entry);
	}
	if (status == LGP_OK && entry->kind != LGP_KIND_THANKS)
		status = count(people, OF_UNIT, entry->staff, entry->unit, entry);
	return status;
}

static int compare(const void *a, const void *b, void *context)
{
	const struct people *people = context;
	const struct group *first = a, *second = b;
	if (first->part[PART_VIEW] != second->part[PART_VIEW])
		return first->part[PART_VIEW] < second->part[PART_VIEW] ? -1 : 1;
	if (first->part[PART_UNIT] != second->part[PART_UNIT])
		return first->part[PART_UNIT] < second->part[PART_UNIT] ? -1 : 1;
	if (people->most_thanks_first && first->count[COUNT_THANKS] != second->count[COUNT_THANKS])
		return first->count[COUNT_THANKS] > second->count[COUNT_THANKS] ? -1 : 1;
	return axis_compare(people->report->book,
	                    first->part[PART_VIEW] == OF_SITE ? AXIS_SITE : AXIS_STAFF,
	                    first->part[PART_NUMBER], second->part[PART_NUMBER]);
}

/* ---- sheets ------------------------------------------------------------------------------- */

#define KINDNESSES                                                                                \
	{"thanks", "Thanks given", SHEET_COUNT, 0}, {"minutes", "Minutes given", SHEET_COUNT, 0}, \
	{                                                                                         \
		"rewards", "Rewards given", SHEET_COUNT, 0                                        \
	}
static const struct sheet_column staff_columns[] = {{"staff", "Who", SHEET_TEXT, 0}, KINDNESSES};
static const struct sheet_column site_columns[] = {{"site", "Where", SHEET_TEXT, 0}, KINDNESSES};
static const struct sheet_column unit_columns[] = {
        {"staff", "Who", SHEET_TEXT, 0},
        {"unit", "Unit", SHEET_TEXT, 0},
        {"rewards", "Rewards given", SHEET_COUNT, 0},
        {"given", "Given", SHEET_MONEY, 0},
        {"reversed", "Taken back", SHEET_MONEY, 0},
};

static void put_kindnesses(struct people *people, struct sheet *sheet, const struct group *row)
{
	struct report *report = people->report;
	put_name(report, sheet, row->part[PART_VIEW] == OF_SITE ? LGP_KIND_SITE : LGP_KIND_STAFF,
	         (uint64_t)row->part[PART_NUMBER]);
	sheet_count(sheet, (int64_t)row->count[COUNT_THANKS]);
	bool fits = row->sum[SUM_MINUTES] <= INT64_MAX;
	report->beyond = report->beyond || !fits;
	sheet_count(sheet, fits ? (int64_t)row->sum[SUM_MINUTES] : 0);
	sheet_count(sheet, (int64_t)row->count[COUNT_REWARDS]);
}

static void put_given(struct people *people, struct sheet *sheet, const struct group *row)
{
	struct report *report = people->report;
	unsigned scale = book_scale(report->book, (uint64_t)row->part[PART_UNIT]);
	put_name(report, sheet, LGP_KIND_STAFF, (uint64_t)row->part[PART_NUMBER]);
	put_name(report, sheet, LGP_KIND_UNIT, (uint64_t)row->part[PART_UNIT]);
	sheet_count(sheet, (int64_t)row->count[COUNT_REWARDS]);
	put_money(report, sheet, row->sum[SUM_GIVEN], scale);
	put_money(report, sheet, row->sum[SUM_BACK], scale);
}

static void put_all(struct people *people)
{
	struct document *document = people->report->document;
	struct sheet *sheets[] = {
	        [OF_STAFF] =
	                sheet_new(document, "people", "Thanks and rewards, by who gave them",
	                          staff_columns, sizeof staff_columns / sizeof staff_columns[0]),
	        [OF_SITE] = sheet_new(document, "sites", "And by where", site_columns,
	                              sizeof site_columns / sizeof site_columns[0]),
	        [OF_UNIT] = sheet_new(document, "rewards", "What the rewards came to", unit_columns,
	                              sizeof unit_columns / sizeof unit_columns[0]),
	};
	for (size_t i = 0; i < people->groups.count; i++) {
		const struct group *row = &people->groups.list[i];
		if (row->part[PART_VIEW] == OF_UNIT)
			put_given(people, sheets[OF_UNIT], row);
		else
			put_kindnesses(people, sheets[row->part[PART_VIEW]], row);
	}
	sheet_chart(sheets[OF_STAFF], SHEET_CHART_BARS, 0, 1);
	document_note(document, "Thank you, all of you.  Every line here is somebody who was kind "
	                        "to a customer and left it on record.");
	document_note(document, "These are kindnesses, not a score: who meets fewer customers, or "
	                        "works where little goes wrong, has fewer to give.");
}

enum lgp_status people_make(struct report *report)
{
	struct people people = {.report = report};
	const char *by = report->request.by != NULL ? report->request.by : "name";
	people.most_thanks_first = strcmp(by, "thanks") == 0;
	if (!people.most_thanks_first && strcmp(by, "name") != 0)
		return lgp_fault(LGP_MALFORMED, "--by %s: people are listed by name or by thanks",
		                 by);
	enum lgp_status status = groups_init(&people.groups);
	if (status == LGP_OK)
		status = report_read(report, visit, &people);
	if (status == LGP_OK) {
		groups_sort(&people.groups, compare, &people);
		put_all(&people);
	}
	groups_deinit(&people.groups);
	return status == LGP_OK && report->request.list ? entries_sheet(report, takes) : status;
}
