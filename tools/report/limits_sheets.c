/* limits_sheets: see limits.h.  Thread: one at a time. */
#include "tools/report/limits.h"

#include <string.h>

#include "lagniappe/codec.h"

#define WORDS_MAX 256

static const struct sheet_column use_columns[] = {
        {"limit", "Limit", SHEET_TEXT, 0},
        {"subject", "Who or what", SHEET_TEXT, 0},
        {"unit", "Unit", SHEET_TEXT, 0},
        {"measure", "Measure", SHEET_TEXT, 0},
        {"window", "Window", SHEET_TEXT, 0},
        {"resets_on", "Starts again on", SHEET_DATE, 0},
        {"used", "Used", SHEET_MONEY, 0},
        {"max", "Maximum", SHEET_MONEY, 0},
        {"remaining", "Remaining", SHEET_MONEY, 0},
        {"share", "Share used", SHEET_RATIO, 4},
        {"state", "State", SHEET_TEXT, 0},
        {"last_entry", "Last entry", SHEET_ENTRY, 0},
};

static const struct sheet_column limit_columns[] = {
        {"limit", "Limit", SHEET_TEXT, 0},      {"scope", "What is given by", SHEET_TEXT, 0},
        {"unit", "Unit", SHEET_TEXT, 0},        {"measure", "Measure", SHEET_TEXT, 0},
        {"per", "Added up per", SHEET_TEXT, 0}, {"window", "Window", SHEET_TEXT, 0},
        {"max", "Maximum", SHEET_MONEY, 0},     {"when_passed", "When passed", SHEET_TEXT, 0},
        {"until", "Until", SHEET_TEXT, 0},      {"subjects", "Have used some", SHEET_COUNT, 0},
        {"near", "Are near", SHEET_COUNT, 0},   {"largest", "Largest grant", SHEET_MONEY, 0},
        {"version", "Version", SHEET_ENTRY, 0},
};

void limits_begin(struct report *report, struct limits_sheets *out)
{
	*out = (struct limits_sheets){.report = report};
	out->uses = sheet_new(report->document, "use", "Use of limits, the nearest first",
	                      use_columns, sizeof use_columns / sizeof use_columns[0]);
	out->limits = sheet_new(report->document, "limits", "Limits in force", limit_columns,
	                        sizeof limit_columns / sizeof limit_columns[0]);
}

/* The i-th of "a|b|c". */
static void put_choice(struct sheet *sheet, const char *choices, unsigned i)
{
	for (; i > 0; i--)
		choices = strchr(choices, '|') + 1;
	sheet_text(sheet, (struct lgp_view){choices, strcspn(choices, "|")});
}

/* Minor units of the limit's unit; grants and incidents are whole. */
static void put_amount(struct report *report, struct sheet *sheet,
                       const struct limit_version *version, int64_t amount)
{
	bool money = version->measure == MEASURE_AMOUNT;
	sheet_money(sheet, amount, money ? book_scale(report->book, version->unit) : 0);
}

/* ---- use ---------------------------------------------------------------------------------- */

/* Who the limit counts for. */
static enum lgp_status put_subject(struct limits_sheets *sheets, const struct limit_use *use)
{
	char first[BOOK_NAME_MAX], second[BOOK_NAME_MAX], text[WORDS_MAX];
	const struct book *book = sheets->report->book;
	struct lgp_entry entry;
	static const enum axis axes[] = {
	        [PER_CUSTOMER_INCIDENT] = AXIS_CUSTOMER,
	        [PER_CUSTOMER] = AXIS_CUSTOMER,
	        [PER_STAFF] = AXIS_STAFF,
	        [PER_STAFF_CUSTOMER] = AXIS_STAFF,
	        [PER_SITE] = AXIS_SITE,
	        [PER_BUDGET] = AXIS_BUDGET,
	};
	axis_text(book, axes[use->version->per], use->first, first);
	if (use->version->per == PER_CUSTOMER_INCIDENT) {
		enum lgp_status status = book_entry(book, use->last, &entry);
		if (status != LGP_OK)
			return status;
		struct lgp_view incident = lgp_entry_incident(&entry);
		snprintf(text, sizeof text, "%s, %.*s", first, (int)incident.len, incident.ptr);
	} else if (use->version->per == PER_STAFF_CUSTOMER) {
		snprintf(text, sizeof text, "%s to %s", first,
		         axis_text(book, AXIS_CUSTOMER, use->second, second));
	} else {
		snprintf(text, sizeof text, "%s", first);
	}
	sheet_word(sheets->uses, text);
	return LGP_OK;
}

static const char *state_of(const struct limit_use *use)
{
	if (use->used > use->version->max)
		return "passed";
	if (use->used == use->version->max)
		return "used up";
	return use->near ? "near" : "within";
}

enum lgp_status limits_put_use(struct limits_sheets *sheets, const struct limit_use *use)
{
	struct report *report = sheets->report;
	struct sheet *sheet = sheets->uses;
	const struct limit_version *version = use->version;
	int64_t left = use->used < version->max ? version->max - use->used : 0;
	put_name(report, sheet, LGP_KIND_LIMIT, version->limit);
	enum lgp_status status = put_subject(sheets, use);
	if (status != LGP_OK)
		return status;
	put_name(report, sheet, LGP_KIND_UNIT, version->unit);
	put_choice(sheet, LGP_MEASURE_CHOICES, version->measure);
	put_choice(sheet, LGP_WINDOW_CHOICES, version->window);
	if (use->end == PERIOD_FOREVER)
		sheet_blank(sheet);
	else
		sheet_date(sheet, use->end);
	put_amount(report, sheet, version, use->used);
	put_amount(report, sheet, version, version->max);
	put_amount(report, sheet, version, left);
	sheet_ratio(sheet, (double)use->used / (double)version->max);
	sheet_word(sheet, state_of(use));
	sheet_entry(sheet, use->last);
	return LGP_OK;
}

/* ---- limits ------------------------------------------------------------------------------- */

static void put_scope(const struct report *report, struct sheet *sheet,
                      const struct limit_version *version)
{
	const struct {
		const char *word;
		enum lgp_kind kind;
		uint64_t number;
	} parts[] = {
	        {"staff", LGP_KIND_STAFF, version->staff},
	        {"site", LGP_KIND_SITE, version->site},
	        {"budget", LGP_KIND_BUDGET, version->budget},
	        {"reason", LGP_KIND_REASON, version->reason},
	};
	char text[4 * (BOOK_NAME_MAX + 16)], name[BOOK_NAME_MAX];
	const char *const givers[] = {
	        [GIVER_ANY] = "all", [GIVER_STAFF] = "staff", [GIVER_MANAGER] = "managers"};
	int len = snprintf(text, sizeof text, "%s", givers[version->giver]);
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
		if (parts[i].number != 0)
			len += snprintf(
			        text + len, sizeof text - (size_t)len, ", %s %s", parts[i].word,
			        book_name(report->book, parts[i].kind, parts[i].number, name));
	sheet_word(sheet, text);
}

static void put_until(struct sheet *sheet, const struct span *span)
{
	char text[LGP_TIME_LEN];
	if (span->until_day != INT32_MAX) {
		lgp_date_format(text, span->until_day);
		sheet_text(sheet, (struct lgp_view){text, LGP_DATE_LEN});
	} else if (span->until_us != INT64_MAX) {
		lgp_time_format(text, span->until_us);
		sheet_text(sheet, (struct lgp_view){text, LGP_TIME_LEN});
	} else {
		sheet_blank(sheet);
	}
}

void limits_put_limit(struct limits_sheets *sheets, const struct limit_told *told)
{
	struct report *report = sheets->report;
	struct sheet *sheet = sheets->limits;
	const struct limit_version *version = told->version;
	put_name(report, sheet, LGP_KIND_LIMIT, version->limit);
	put_scope(report, sheet, version);
	put_name(report, sheet, LGP_KIND_UNIT, version->unit);
	put_choice(sheet, LGP_MEASURE_CHOICES, version->measure);
	put_choice(sheet, LGP_PER_CHOICES, version->per);
	put_choice(sheet, LGP_WINDOW_CHOICES, version->window);
	put_amount(report, sheet, version, version->max);
	sheet_word(sheet, version->asks ? "ask" : "refuse");
	put_until(sheet, &version->span);
	sheet_count(sheet, (int64_t)told->subjects);
	sheet_count(sheet, (int64_t)told->near);
	if (version->per == PER_GRANT && told->largest_entry != 0)
		put_amount(report, sheet, version, told->largest);
	else
		sheet_blank(sheet);
	sheet_entry(sheet, version->seq);
}
