/* entries: one row for each entry, with all that it says: for tracing a figure.
 * Thread: one at a time. */
#include "lagniappe/problem.h"
#include "tools/report/account.h"
#include "tools/report/report.h"

static const struct sheet_column columns[] = {
        {"entry", "Entry", SHEET_ENTRY, 0},
        {"time", "Time", SHEET_TIME, 0},
        {"business_date", "Business date", SHEET_DATE, 0},
        {"kind", "Kind", SHEET_TEXT, 0},
        {"code", "Refused, because", SHEET_TEXT, 0},
        {"unit", "Unit", SHEET_TEXT, 0},
        {"amount", "Amount", SHEET_MONEY, 0},
        {"from_account", "From account", SHEET_TEXT, 0},
        {"to_account", "To account", SHEET_TEXT, 0},
        {"balance", "Customer's balance after it", SHEET_MONEY, 0},
        {"actor", "Actor", SHEET_TEXT, 0},
        {"staff", "Staff", SHEET_TEXT, 0},
        {"customer", "Customer", SHEET_TEXT, 0},
        {"site", "Site", SHEET_TEXT, 0},
        {"budget", "Budget", SHEET_TEXT, 0},
        {"reason", "Reason", SHEET_TEXT, 0},
        {"touchpoint", "Touchpoint", SHEET_TEXT, 0},
        {"incident", "Incident", SHEET_TEXT, 0},
        {"refers_to", "Refers to entry", SHEET_ENTRY, 0},
        {"limit", "Limit", SHEET_TEXT, 0},
};

struct listing {
	struct report *report;
	entry_filter *takes;
	struct sheet *sheet;
};

static void put_kind(struct sheet *sheet, const struct lgp_entry *entry)
{
	const struct lgp_problem_info *problem = lgp_problem_info(entry->code);
	sheet_word(sheet, lgp_kind_name(entry->kind));
	if (problem != NULL)
		sheet_word(sheet, problem->code);
	else
		sheet_blank(sheet);
}

static void put_account(const struct report *report, struct sheet *sheet,
                        const struct lgp_entry *entry, enum lgp_class class)
{
	char name[ACCOUNT_NAME_MAX];
	if (class == LGP_CLASS_NONE)
		sheet_blank(sheet);
	else
		sheet_word(sheet, account_name(report->book, entry, class, name));
}

static void put_movement(struct report *report, struct sheet *sheet, const struct lgp_entry *entry)
{
	unsigned scale = book_scale(report->book, entry->unit);
	put_name(report, sheet, LGP_KIND_UNIT, entry->unit);
	sheet_money(sheet, entry->amount, scale);
	put_account(report, sheet, entry, entry->debit);
	put_account(report, sheet, entry, entry->credit);
	if (entry->customer != 0 && entry->kind != LGP_KIND_IMPORT)
		sheet_money(sheet, entry->balance, scale);
	else
		sheet_blank(sheet);
}

static void put_parties(struct report *report, struct sheet *sheet, const struct lgp_entry *entry)
{
	put_actor(report, sheet, entry->actor);
	put_name(report, sheet, LGP_KIND_STAFF, entry->staff);
	put_name(report, sheet, entry->kind == LGP_KIND_IMPORT ? LGP_KIND_PARTY : LGP_KIND_CUSTOMER,
	         entry->customer);
	put_name(report, sheet, LGP_KIND_SITE, entry->site);
	put_name(report, sheet, LGP_KIND_BUDGET, entry->budget);
	put_name(report, sheet, LGP_KIND_REASON, entry->reason);
	put_name(report, sheet, LGP_KIND_TOUCHPOINT, entry->touchpoint);
	if (entry->incident[0] != '\0')
		sheet_text(sheet, lgp_entry_incident(entry));
	else
		sheet_blank(sheet);
}

static enum lgp_status visit(void *context, const struct book *book, const struct lgp_entry *entry)
{
	const struct listing *listing = context;
	struct sheet *sheet = listing->sheet;
	const struct book_noun *limit = book_limit(book, entry->limit);
	if (!listing->takes(listing->report, entry))
		return LGP_OK;
	sheet_entry(sheet, entry->seq);
	sheet_time(sheet, entry->time_us);
	sheet_date(sheet, entry->business_date);
	put_kind(sheet, entry);
	put_movement(listing->report, sheet, entry);
	put_parties(listing->report, sheet, entry);
	if (entry->refers_to != 0)
		sheet_entry(sheet, entry->refers_to);
	else
		sheet_blank(sheet);
	if (limit != NULL)
		sheet_word(sheet, limit->name);
	else
		sheet_blank(sheet);
	return LGP_OK;
}

enum lgp_status entries_sheet(struct report *report, entry_filter *takes)
{
	struct listing listing = {report, takes, NULL};
	listing.sheet = sheet_new(report->document, "entries", "The entries behind the figures",
	                          columns, sizeof columns / sizeof columns[0]);
	return report_read(report, visit, &listing);
}

enum lgp_status entries_make(struct report *report)
{
	return entries_sheet(report, entry_moves);
}
