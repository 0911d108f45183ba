/* approvals: every grant that was asked for: who decided, when, in whose authority.
 * Thread: one at a time.
 *
 * Memory: about 100 bytes an ask, SHEET_ROWS_MAX of them at most. */
#include "tools/audit/slots.h"
#include "tools/audit/text.h"
#include "tools/report/groups.h"
#include "tools/report/report.h"

#include <stdlib.h>
#include <string.h>

#define US_PER_MINUTE INT64_C(60000000)

enum outcome { WAITING, APPROVED, DECLINED, WITHDRAWN, LAPSED, OUTCOMES };
static const char *const outcome_words[OUTCOMES] = {
        [WAITING] = "waiting",     [APPROVED] = "approved", [DECLINED] = "declined",
        [WITHDRAWN] = "withdrawn", [LAPSED] = "lapsed",
};

struct ask {
	uint64_t seq, staff, actor, customer, site, unit, limit;
	int64_t amount, asked_us, decided_us;
	int32_t date;
	enum outcome outcome;
	uint64_t decision, decider;
	char authority[LGP_SLUG_MAX + 1]; /* whose; "": not an approval */
};

struct approvals {
	struct report *report;
	struct ask *list; /* owned */
	size_t count, room;
	struct slots places; /* ask + 1 -> place */
};

/* ---- reading ------------------------------------------------------------------------------ */

static enum lgp_status add(struct approvals *approvals, const struct lgp_entry *entry)
{
	if (approvals->count == SHEET_ROWS_MAX)
		return lgp_fault(LGP_OVERLOAD,
		                 "more than %d asks; narrow the report with --from, "
		                 "--to or --unit",
		                 SHEET_ROWS_MAX);
	if (approvals->count == approvals->room) {
		size_t room = approvals->room == 0 ? 64 : approvals->room * 2;
		struct ask *more = realloc(approvals->list, room * sizeof *more);
		if (more == NULL)
			return lgp_fault(LGP_NO_MEMORY, "no memory for the asks");
		approvals->list = more;
		approvals->room = room;
	}
	struct slot *slot = slots_put(&approvals->places, entry->seq + 1, 0);
	if (slot == NULL)
		return lgp_fault(LGP_NO_MEMORY, "no memory for the asks");
	slot->number = approvals->count;
	approvals->list[approvals->count++] = (struct ask){
	        .seq = entry->seq,
	        .staff = entry->staff,
	        .actor = entry->actor,
	        .customer = entry->customer,
	        .site = entry->site,
	        .unit = entry->unit,
	        .limit = entry->limit,
	        .amount = entry->amount,
	        .asked_us = entry->time_us,
	        .date = entry->business_date,
	};
	return LGP_OK;
}

/* An approval's payload: "authority ID". */
static enum lgp_status read_authority(const struct book *book, const struct lgp_entry *entry,
                                      struct ask *ask)
{
	char text[LGP_DEFINITION_MAX];
	struct lgp_view payload;
	enum lgp_status status = book_payload(book, entry, text, &payload);
	if (status != LGP_OK)
		return status;
	struct lgp_view id = text_line(payload, "authority");
	snprintf(ask->authority, sizeof ask->authority, "%.*s", (int)id.len, id.ptr);
	return LGP_OK;
}

static enum outcome outcome_of(const struct lgp_entry *entry, const struct ask *ask)
{
	if (entry->kind == LGP_KIND_GRANT)
		return APPROVED;
	if (entry->kind == LGP_KIND_LAPSE)
		return LAPSED;
	return entry->actor == ask->actor || entry->actor == ask->staff ? WITHDRAWN : DECLINED;
}

static enum lgp_status visit(void *context, const struct book *book, const struct lgp_entry *entry)
{
	struct approvals *approvals = context;
	if (entry->kind == LGP_KIND_ASK)
		return report_takes(approvals->report, entry) &&
		                       report_dates(approvals->report, entry)
		               ? add(approvals, entry)
		               : LGP_OK;
	bool decides = entry->kind == LGP_KIND_DECLINE || entry->kind == LGP_KIND_LAPSE ||
	               (entry->kind == LGP_KIND_GRANT && entry->refers_to != 0);
	const struct slot *slot = decides && entry->refers_to != UINT64_MAX
	                                  ? slots_find(&approvals->places, entry->refers_to + 1, 0)
	                                  : NULL;
	if (slot == NULL)
		return LGP_OK;
	struct ask *ask = &approvals->list[slot->number];
	ask->outcome = outcome_of(entry, ask);
	ask->decision = entry->seq;
	ask->decider = entry->actor;
	ask->decided_us = entry->time_us;
	return ask->outcome == APPROVED ? read_authority(book, entry, ask) : LGP_OK;
}

/* ---- each ask ----------------------------------------------------------------------------- */

static const struct sheet_column ask_columns[] = {
        {"entry", "Ask", SHEET_ENTRY, 0},
        {"business_date", "Business date", SHEET_DATE, 0},
        {"asked_at", "Asked at", SHEET_TIME, 0},
        {"staff", "For", SHEET_TEXT, 0},
        {"asked_by", "Asked by", SHEET_TEXT, 0},
        {"customer", "Customer", SHEET_TEXT, 0},
        {"site", "Site", SHEET_TEXT, 0},
        {"unit", "Unit", SHEET_TEXT, 0},
        {"amount", "Amount", SHEET_MONEY, 0},
        {"limit", "Limit that asked", SHEET_TEXT, 0},
        {"outcome", "Outcome", SHEET_TEXT, 0},
        {"decided_by", "Decided by", SHEET_TEXT, 0},
        {"decided_at", "Decided at", SHEET_TIME, 0},
        {"minutes", "Minutes until then", SHEET_COUNT, 0},
        {"authority", "Authority of", SHEET_TEXT, 0},
        {"how", "How", SHEET_TEXT, 0},
        {"decision", "Decision", SHEET_ENTRY, 0},
};

static void put_authority(const struct report *report, struct sheet *sheet, const struct ask *ask)
{
	char name[BOOK_NAME_MAX];
	if (ask->outcome != APPROVED) {
		sheet_blank(sheet);
		sheet_blank(sheet);
		return;
	}
	sheet_word(sheet, ask->authority);
	book_name(report->book, LGP_KIND_STAFF, ask->decider, name);
	sheet_word(sheet, strcmp(name, ask->authority) == 0 ? "own" : "by delegation");
}

static void put_decision(const struct report *report, struct sheet *sheet, const struct ask *ask)
{
	sheet_word(sheet, outcome_words[ask->outcome]);
	if (ask->outcome == WAITING) {
		for (size_t i = 0; i < 6; i++)
			sheet_blank(sheet);
		return;
	}
	put_actor(report, sheet, ask->decider);
	sheet_time(sheet, ask->decided_us);
	sheet_count(sheet, (ask->decided_us - ask->asked_us) / US_PER_MINUTE);
	put_authority(report, sheet, ask);
	sheet_entry(sheet, ask->decision);
}

static void put_asks(const struct approvals *approvals)
{
	const struct report *report = approvals->report;
	struct sheet *sheet = sheet_new(report->document, "asks", "Grants that were asked for",
	                                ask_columns, sizeof ask_columns / sizeof ask_columns[0]);
	for (size_t i = 0; i < approvals->count; i++) {
		const struct ask *ask = &approvals->list[i];
		const struct book_noun *limit = book_limit(report->book, ask->limit);
		sheet_entry(sheet, ask->seq);
		sheet_date(sheet, ask->date);
		sheet_time(sheet, ask->asked_us);
		put_name(report, sheet, LGP_KIND_STAFF, ask->staff);
		put_actor(report, sheet, ask->actor);
		put_name(report, sheet, LGP_KIND_CUSTOMER, ask->customer);
		put_name(report, sheet, LGP_KIND_SITE, ask->site);
		put_name(report, sheet, LGP_KIND_UNIT, ask->unit);
		sheet_money(sheet, ask->amount, book_scale(report->book, ask->unit));
		sheet_word(sheet, limit != NULL ? limit->name : "");
		put_decision(report, sheet, ask);
	}
	sheet_note(sheet, "%zu asks.  An ask that nobody decides on lapses after 72 hours.",
	           approvals->count);
}

/* ---- pairs -------------------------------------------------------------------------------- */

/* Of a pair: all, and by outcome; minutes are of those that people decided. */
enum { COUNT_ALL, COUNT_APPROVED, COUNT_DECLINED, COUNT_OTHER };
enum { SUM_ASKED, SUM_APPROVED, SUM_MINUTES };
enum { PART_UNIT, PART_STAFF, PART_DECIDER };

static const struct sheet_column pair_columns[] = {
        {"staff", "For", SHEET_TEXT, 0},
        {"decided_by", "Decided by", SHEET_TEXT, 0},
        {"unit", "Unit", SHEET_TEXT, 0},
        {"count", "Asks", SHEET_COUNT, 0},
        {"amount", "Amount asked for", SHEET_MONEY, 0},
        {"approved", "Approved", SHEET_COUNT, 0},
        {"approved_amount", "Amount approved", SHEET_MONEY, 0},
        {"declined", "Declined", SHEET_COUNT, 0},
        {"other", "Withdrawn, lapsed, waiting", SHEET_COUNT, 0},
        {"minutes", "Mean minutes until decided", SHEET_COUNT, 0},
        {"first_entry", "First ask", SHEET_ENTRY, 0},
        {"last_entry", "Last ask", SHEET_ENTRY, 0},
};

static void count_pair(struct group *group, const struct ask *ask)
{
	group_note(group, ask->seq);
	group->sum[SUM_ASKED] += ask->amount;
	if (ask->outcome == APPROVED)
		group->sum[SUM_APPROVED] += ask->amount;
	if (ask->outcome == APPROVED || ask->outcome == DECLINED)
		group->sum[SUM_MINUTES] += (ask->decided_us - ask->asked_us) / US_PER_MINUTE;
	group->count[ask->outcome == APPROVED   ? COUNT_APPROVED
	             : ask->outcome == DECLINED ? COUNT_DECLINED
	                                        : COUNT_OTHER]++;
}

static enum lgp_status count_pairs(const struct approvals *approvals, struct groups *pairs)
{
	for (size_t i = 0; i < approvals->count; i++) {
		const struct ask *ask = &approvals->list[i];
		bool decided = ask->outcome == APPROVED || ask->outcome == DECLINED;
		const int64_t part[GROUP_PARTS] = {
		        [PART_UNIT] = (int64_t)ask->unit,
		        [PART_STAFF] = (int64_t)ask->staff,
		        [PART_DECIDER] = decided ? (int64_t)ask->decider : 0,
		};
		struct group *group = groups_at(pairs, part);
		if (group == NULL)
			return groups_fault(pairs);
		count_pair(group, ask);
	}
	return LGP_OK;
}

static int compare(const void *a, const void *b, void *context)
{
	const struct book *book = context;
	const struct group *first = a, *second = b;
	int64_t x = first->part[PART_UNIT], y = second->part[PART_UNIT];
	int order = (x > y) - (x < y);
	if (order == 0)
		order = axis_compare(book, AXIS_STAFF, first->part[PART_STAFF],
		                     second->part[PART_STAFF]);
	if (order == 0)
		order = axis_compare(book, AXIS_STAFF, first->part[PART_DECIDER],
		                     second->part[PART_DECIDER]);
	return order;
}

static void put_pair(struct report *report, struct sheet *sheet, const struct group *pair)
{
	unsigned scale = book_scale(report->book, (uint64_t)pair->part[PART_UNIT]);
	int64_t decided = (int64_t)(pair->count[COUNT_APPROVED] + pair->count[COUNT_DECLINED]);
	put_name(report, sheet, LGP_KIND_STAFF, (uint64_t)pair->part[PART_STAFF]);
	if (decided > 0)
		put_actor(report, sheet, (uint64_t)pair->part[PART_DECIDER]);
	else
		sheet_word(sheet, "nobody");
	put_name(report, sheet, LGP_KIND_UNIT, (uint64_t)pair->part[PART_UNIT]);
	sheet_count(sheet, (int64_t)pair->count[COUNT_ALL]);
	put_money(report, sheet, pair->sum[SUM_ASKED], scale);
	sheet_count(sheet, (int64_t)pair->count[COUNT_APPROVED]);
	put_money(report, sheet, pair->sum[SUM_APPROVED], scale);
	sheet_count(sheet, (int64_t)pair->count[COUNT_DECLINED]);
	sheet_count(sheet, (int64_t)pair->count[COUNT_OTHER]);
	if (decided > 0)
		sheet_count(sheet, (int64_t)(pair->sum[SUM_MINUTES] / decided));
	else
		sheet_blank(sheet);
	sheet_entry(sheet, pair->first);
	sheet_entry(sheet, pair->last);
}

static enum lgp_status put_pairs(const struct approvals *approvals)
{
	struct groups pairs;
	enum lgp_status status = groups_init(&pairs);
	if (status == LGP_OK)
		status = count_pairs(approvals, &pairs);
	if (status == LGP_OK) {
		groups_sort(&pairs, compare, approvals->report->book);
		struct sheet *sheet =
		        sheet_new(approvals->report->document, "pairs", "Who asks, and who decides",
		                  pair_columns, sizeof pair_columns / sizeof pair_columns[0]);
		for (size_t i = 0; i < pairs.count; i++)
			put_pair(approvals->report, sheet, &pairs.list[i]);
	}
	groups_deinit(&pairs);
	return status;
}

/* ---- all of it ---------------------------------------------------------------------------- */

static bool takes(const struct report *report, const struct lgp_entry *entry)
{
	bool decides = entry->kind == LGP_KIND_ASK || entry->kind == LGP_KIND_DECLINE ||
	               entry->kind == LGP_KIND_LAPSE ||
	               (entry->kind == LGP_KIND_GRANT && entry->refers_to != 0);
	return decides && report_takes(report, entry) && report_dates(report, entry);
}

enum lgp_status approvals_make(struct report *report)
{
	struct approvals approvals = {.report = report};
	enum lgp_status status = slots_init(&approvals.places);
	if (status == LGP_OK)
		status = report_read(report, visit, &approvals);
	if (status == LGP_OK) {
		put_asks(&approvals);
		status = put_pairs(&approvals);
	}
	free(approvals.list);
	slots_deinit(&approvals.places);
	return status == LGP_OK && report->request.list ? entries_sheet(report, takes) : status;
}
