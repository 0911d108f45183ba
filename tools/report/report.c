/* report: see report.h.  Thread: one at a time. */
#include "tools/report/report.h"

#include <stdlib.h>
#include <string.h>

#include "lagniappe/codec.h"
#include "tools/audit/text.h"

#define US_PER_DAY (INT64_C(86400) * 1000000)

/* ---- what is asked for -------------------------------------------------------------------- */

static enum lgp_status date_of(const char *option, const char *text, int32_t *day)
{
	if (text == NULL || lgp_date_parse(lgp_view_of(text), day) == LGP_OK)
		return LGP_OK;
	return lgp_fault(LGP_MALFORMED, "%s %s: a date is written YYYY-MM-DD", option, text);
}

enum lgp_status request_dates(const char *from, const char *until, struct request *out)
{
	out->from = INT32_MIN;
	out->until = INT32_MAX;
	enum lgp_status status = date_of("--from", from, &out->from);
	if (status == LGP_OK)
		status = date_of("--to", until, &out->until);
	if (status == LGP_OK && out->from >= out->until)
		return lgp_fault(LGP_MALFORMED,
		                 "--from %s --to %s: no day is in between; --to is the first day "
		                 "that is not reported on",
		                 from, until);
	return status;
}

enum lgp_status request_as_of(const char *text, struct request *out)
{
	out->as_of_us = INT64_MAX;
	out->as_of_day = INT32_MAX;
	if (text == NULL || lgp_date_parse(lgp_view_of(text), &out->as_of_day) == LGP_OK ||
	    lgp_time_parse(lgp_view_of(text), &out->as_of_us) == LGP_OK)
		return LGP_OK;
	return lgp_fault(LGP_MALFORMED,
	                 "--as-of %s: give a day, YYYY-MM-DD, or a moment, "
	                 "YYYY-MM-DDTHH:MM:SSZ",
	                 text);
}

enum lgp_status report_axes(const struct report *report, const char *otherwise, struct axes *out)
{
	return axes_parse(report->request.by != NULL ? report->request.by : otherwise, out);
}

/* ---- reading ------------------------------------------------------------------------------ */

struct reading {
	struct report *report;
	book_visit *visit;
	void *context;
};

static void see_unit(struct report *report, const struct book *book, const struct lgp_entry *entry)
{
	const struct book_noun *noun = book_noun(book, entry->seq);
	if (report->request.unit_code != NULL && noun != NULL &&
	    strcmp(noun->name, report->request.unit_code) == 0)
		report->unit = entry->seq;
}

/* By day an entry is known by its business date; history by when it was imported. */
static bool known(const struct request *request, const struct lgp_entry *entry)
{
	int64_t day = entry->business_date;
	if (entry->kind == LGP_KIND_IMPORT)
		day = entry->time_us / US_PER_DAY - (entry->time_us % US_PER_DAY < 0);
	return entry->time_us <= request->as_of_us && day <= request->as_of_day;
}

static enum lgp_status visit_known(void *context, const struct book *book,
                                   const struct lgp_entry *entry)
{
	const struct reading *reading = context;
	struct report *report = reading->report;
	if (!known(&report->request, entry)) {
		report->skipped++;
		return LGP_OK;
	}
	report->read++;
	report->last_us = entry->time_us;
	if (entry->kind == LGP_KIND_UNIT)
		see_unit(report, book, entry);
	return reading->visit(reading->context, book, entry);
}

enum lgp_status report_read(struct report *report, book_visit *visit, void *context)
{
	struct reading reading = {report, visit, context};
	report->read = report->skipped = 0;
	enum lgp_status status = book_read(report->book, visit_known, &reading);
	if (status != LGP_OK || report->request.unit_code == NULL || report->unit != 0)
		return status;
	return lgp_fault(LGP_MALFORMED, "--unit %s: this ledger has no such unit",
	                 report->request.unit_code);
}

bool report_takes(const struct report *report, const struct lgp_entry *entry)
{
	return (report->request.unit_code == NULL ||
	        (report->unit != 0 && entry->unit == report->unit)) &&
	       !(report->request.exclude_imported && entry->kind == LGP_KIND_IMPORT);
}

bool report_dates(const struct report *report, const struct lgp_entry *entry)
{
	return report->request.from <= entry->business_date &&
	       entry->business_date < report->request.until;
}

/* ---- kinds of entries --------------------------------------------------------------------- */

enum spend_way entry_spending(const struct lgp_entry *entry)
{
	switch (entry->kind) {
	case LGP_KIND_GRANT:
		return SPENDING_GIVEN;
	case LGP_KIND_REVERSAL:
		return SPENDING_BACK;
	case LGP_KIND_IMPORT:
		/* A refund comes back from where payments go. */
		return entry->debit == LGP_CLASS_HISTORY ? SPENDING_GIVEN : SPENDING_BACK;
	default:
		return SPENDING_NONE;
	}
}

bool entry_moves(const struct report *report, const struct lgp_entry *entry)
{
	return entry->debit != LGP_CLASS_NONE && report_takes(report, entry) &&
	       report_dates(report, entry);
}

bool entry_spends(const struct report *report, const struct lgp_entry *entry)
{
	return entry_spending(entry) != SPENDING_NONE && report_takes(report, entry) &&
	       report_dates(report, entry);
}

/* ---- cells -------------------------------------------------------------------------------- */

__extension__ void put_money(struct report *report, struct sheet *sheet, __int128 minor,
                             unsigned scale)
{
	bool fits = minor >= INT64_MIN && minor <= INT64_MAX;
	report->beyond = report->beyond || !fits;
	sheet_money(sheet, fits ? (int64_t)minor : 0, scale);
}

void put_name(const struct report *report, struct sheet *sheet, enum lgp_kind kind, uint64_t number)
{
	char name[BOOK_NAME_MAX];
	if (number == 0)
		sheet_blank(sheet);
	else
		sheet_word(sheet, book_name(report->book, kind, number, name));
}

void put_actor(const struct report *report, struct sheet *sheet, uint64_t actor)
{
	char name[BOOK_NAME_MAX];
	const struct book_noun *noun = book_noun(report->book, actor);
	enum lgp_kind kind = noun != NULL ? noun->kind : LGP_KIND_CUSTOMER;
	sheet_word(sheet, book_name(report->book, kind, actor, name));
}

enum lgp_status report_finish(const struct report *report)
{
	if (report->beyond)
		return lgp_fault(LGP_OVERLOAD, "a sum is larger than 63 bits hold; narrow the "
		                               "report with --from and --to");
	return LGP_OK;
}
