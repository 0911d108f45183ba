/* test_audit_report: how reports add up: calendar periods, groups, what is asked
 * for, and ledgers that the ledger itself wrote over several years. */
#include "ledger_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lagniappe/codec.h"
#include "lagniappe/datadir.h"
#include "tools/report/groups.h"
#include "tools/report/period.h"
#include "tools/report/report.h"

/* ---- periods ------------------------------------------------------------------------------ */

static int32_t day(const char *text)
{
	int32_t days;
	assert_int_equal(lgp_date_parse(lgp_view_of(text), &days), LGP_OK);
	return days;
}

static void assert_period(enum calendar_period period, const char *date, unsigned week,
                          const char *expected)
{
	char text[PERIOD_TEXT_MAX];
	assert_string_equal(period_text(period, period_of(period, day(date), week), text),
	                    expected);
}

static void a_date_is_in_its_day_month_quarter_and_year(void **state)
{
	(void)state;
	assert_period(PERIOD_DAY, "2024-02-29", 0, "2024-02-29");
	assert_period(PERIOD_MONTH, "2024-02-29", 0, "2024-02");
	assert_period(PERIOD_MONTH, "2024-03-01", 0, "2024-03");
	assert_period(PERIOD_MONTH, "1969-12-31", 0, "1969-12");
	assert_period(PERIOD_MONTH, "1900-02-28", 0, "1900-02");
	assert_period(PERIOD_MONTH, "1900-03-01", 0, "1900-03");
	assert_period(PERIOD_QUARTER, "2026-03-31", 0, "2026-Q1");
	assert_period(PERIOD_QUARTER, "2026-04-01", 0, "2026-Q2");
	assert_period(PERIOD_QUARTER, "2026-12-31", 0, "2026-Q4");
	assert_period(PERIOD_YEAR, "0001-01-01", 0, "0001");
	assert_period(PERIOD_YEAR, "9999-12-31", 0, "9999");
}

/* ISO 8601: week 1 has the year's first Thursday. */
static void weeks_are_numbered_as_iso_8601_does(void **state)
{
	(void)state;
	assert_period(PERIOD_WEEK, "2026-01-01", 0, "2026-W01");
	assert_period(PERIOD_WEEK, "2027-01-01", 0, "2026-W53");
	assert_period(PERIOD_WEEK, "2027-01-03", 0, "2026-W53");
	assert_period(PERIOD_WEEK, "2027-01-04", 0, "2027-W01");
	assert_period(PERIOD_WEEK, "2024-12-29", 0, "2024-W52");
	assert_period(PERIOD_WEEK, "2024-12-30", 0, "2025-W01");
	assert_period(PERIOD_WEEK, "1969-12-29", 0, "1970-W01");
}

static void weeks_begin_on_the_sites_own_day(void **state)
{
	(void)state;
	enum { SATURDAY = 5, SUNDAY = 6 };
	/* 2024-12-29 is a Sunday; most of the week that it begins is of 2025. */
	assert_period(PERIOD_WEEK, "2024-12-28", SUNDAY, "2024-W52");
	assert_period(PERIOD_WEEK, "2024-12-29", SUNDAY, "2025-W01");
	/* From 2024-12-28 on, with four days in the old year. */
	assert_period(PERIOD_WEEK, "2025-01-03", SATURDAY, "2024-W53");
	assert_period(PERIOD_WEEK, "2025-01-04", SATURDAY, "2025-W01");
}

static void periods_never_go_back_and_weeks_have_seven_days(void **state)
{
	(void)state;
	char text[PERIOD_TEXT_MAX], date[LGP_DATE_LEN];
	int32_t first = day("1899-12-31"), last = day("2110-01-10");
	for (unsigned week = 0; week < 7; week++) {
		int32_t length = 0, before = period_of(PERIOD_WEEK, first, week);
		bool whole = false; /* the first one may be cut */
		for (int32_t at = first; at <= last; at++) {
			int32_t now = period_of(PERIOD_WEEK, at, week);
			assert_true(now >= before);
			if (now != before) {
				assert_true(!whole || length == 7);
				whole = true;
				length = 0;
			}
			length++;
			before = now;
			lgp_date_format(date, at);
			period_text(PERIOD_MONTH, period_of(PERIOD_MONTH, at, 0), text);
			assert_memory_equal(text, date, strlen("YYYY-MM"));
		}
	}
}

/* ---- groups ------------------------------------------------------------------------------- */

static void groups_keep_their_sums_however_many_come(void **state)
{
	(void)state;
	enum { N = 50000 };
	struct groups groups;
	assert_int_equal(groups_init(&groups), LGP_OK);
	for (uint64_t round = 0; round < 3; round++)
		for (int64_t i = 0; i < N; i++) {
			const int64_t part[GROUP_PARTS] = {i % 7, -i, INT64_MIN + i, 0};
			struct group *group = groups_at(&groups, part);
			assert_non_null(group);
			group_note(group, round * N + (uint64_t)i);
			group->sum[0] += i;
		}
	assert_int_equal(groups.count, N);
	for (size_t i = 0; i < N; i++) {
		const struct group *group = &groups.list[i];
		assert_int_equal(group->count[0], 3);
		assert_int_equal(group->first, i);
		assert_int_equal(group->last, 2 * N + i);
		assert_true(group->sum[0] == 3 * (__int128)i);
	}
	groups_deinit(&groups);
}

static void sums_are_exact_beyond_64_bits(void **state)
{
	(void)state;
	struct group all = {.count = {1}, .first = 9, .last = 9, .sum = {INT64_MAX}};
	struct group more = {
	        .count = {2}, .first = 4, .last = 20, .sum = {(__int128)INT64_MAX * 2}};
	group_add(&all, &more);
	group_add(&all, &(struct group){.first = 1});
	assert_true(all.sum[0] == (__int128)INT64_MAX * 3);
	assert_int_equal(all.first, 4);
	assert_int_equal(all.last, 20);
	assert_int_equal(all.count[0], 3);
}

/* ---- what is asked for -------------------------------------------------------------------- */

static void axes_are_one_or_two_different_ones(void **state)
{
	(void)state;
	struct axes axes;
	static const char *const wrong[] = {
	        "", "staffs", "staff,", ",staff", "staff,staff", "staff, month", "day,week,month"};
	assert_int_equal(axes_parse("staff", &axes), LGP_OK);
	assert_int_equal(axes.count, 1);
	assert_int_equal(axes_parse("quarter,touchpoint", &axes), LGP_OK);
	assert_int_equal(axes.list[0], AXIS_QUARTER);
	assert_int_equal(axes.list[1], AXIS_TOUCHPOINT);
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		assert_int_equal(axes_parse(wrong[i], &axes), LGP_MALFORMED);
}

static void dates_are_half_open_and_hold_a_day_at_least(void **state)
{
	(void)state;
	struct request request;
	assert_int_equal(request_dates(NULL, NULL, &request), LGP_OK);
	assert_int_equal(request.from, INT32_MIN);
	assert_int_equal(request.until, INT32_MAX);
	assert_int_equal(request_dates("2026-01-31", "2026-02-01", &request), LGP_OK);
	assert_int_equal(request.until - request.from, 1);
	assert_int_equal(request_dates("2026-01-31", "2026-01-31", &request), LGP_MALFORMED);
	assert_int_equal(request_dates("2026-13-01", NULL, &request), LGP_MALFORMED);
	assert_int_equal(request_as_of("2026-01-31", &request), LGP_OK);
	assert_int_equal(request.as_of_day, day("2026-01-31"));
	assert_int_equal(request_as_of("1970-01-01T00:00:01Z", &request), LGP_OK);
	assert_int_equal(request.as_of_us, 1000000);
	assert_int_equal(request_as_of("2026-01-31 12:00", &request), LGP_MALFORMED);
}

/* ---- ledgers ------------------------------------------------------------------------------ */

static struct fixture fixture;

static uint64_t grant_on(const char *date, int64_t amount)
{
	fixture.now_us = day(date) * DAY_US;
	struct lgp_command grant = fixture_grant(&fixture, amount);
	return fixture_do(&fixture, &grant);
}

static void reverse_on(const char *date, uint64_t seq, int64_t amount)
{
	fixture.now_us = day(date) * DAY_US;
	struct lgp_command reversal =
	        fixture_command(&fixture, LGP_KIND_REVERSAL, fixture.marc_token);
	reversal.refers_to = seq;
	reversal.amount = amount;
	fixture_do(&fixture, &reversal);
}

/* The report as CSV; the caller frees it. */
static char *told(report_make *make, struct request request)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	struct report report = {.request = request, .document = document_new("test")};
	assert_non_null(out);
	fixture_close(&fixture);
	if (request.until == 0)
		report.request.until = INT32_MAX;
	if (request.from == 0)
		report.request.from = INT32_MIN;
	if (request.as_of_day == 0)
		report.request.as_of_day = INT32_MAX;
	if (request.as_of_us == 0)
		report.request.as_of_us = INT64_MAX;
	assert_int_equal(book_open(fixture.dir, NULL, &report.book), LGP_OK);
	if (make(&report) != LGP_OK || report_finish(&report) != LGP_OK)
		fail_msg("%s", lgp_fault_detail());
	assert_int_equal(document_write(report.document, DOCUMENT_CSV, out), LGP_OK);
	fclose(out);
	document_free(report.document);
	book_close(report.book);
	fixture_reopen(&fixture);
	return text;
}

static void assert_told(report_make *make, struct request request, const char *line)
{
	char *text = told(make, request);
	if (strstr(text, line) == NULL)
		fail_msg("no \"%s\" in\n%s", line, text);
	free(text);
}

static void a_reversal_counts_in_its_own_period(void **state)
{
	(void)state;
	uint64_t first = grant_on("2025-03-31", 1001);
	grant_on("2025-03-31", 1000);
	grant_on("2025-04-01", 500);
	reverse_on("2025-04-02", first, 401);
	/* Amounts, their net, and the average to the nearest cent, halves up. */
	struct request request = {.by = "quarter"};
	request.until = day("2025-04-01");
	assert_told(spend_make, (struct request){.by = "quarter"},
	            "2025-Q2,EUR,1,5.00,1,4.01,0.99,5.00,");
	assert_told(spend_make, (struct request){.by = "quarter"},
	            "2025-Q1,EUR,2,20.01,0,0.00,20.01,10.01,");
	assert_told(spend_make, request, "2025-Q1,EUR,2,20.01,0,0.00,20.01,10.01,1.0000,");
	char *text = told(spend_make, request);
	assert_null(strstr(text, "2025-Q2"));
	free(text);
	request = (struct request){.by = "staff,month", .from = day("2025-04-01")};
	assert_told(spend_make, request, "anna,2025-04,EUR,1,5.00,1,4.01,0.99,5.00,1.0000,");
}

static void a_liability_opens_where_the_day_before_closed(void **state)
{
	(void)state;
	uint64_t first = grant_on("2025-03-31", 1001);
	grant_on("2025-04-01", 500);
	reverse_on("2025-04-02", first, 401);
	assert_told(liability_make, (struct request){.by = "month"},
	            "2025-03,EUR,discretionary,0.00,10.01,0.00,0.00,0.00,0.00,10.01,1,");
	assert_told(liability_make, (struct request){.by = "month"},
	            "2025-04,EUR,discretionary,10.01,5.00,0.00,0.00,0.00,4.01,11.00,2,");
	struct request later = {.by = "month", .from = day("2025-04-02")};
	char *text = told(liability_make, later);
	assert_null(strstr(text, "2025-03"));
	assert_non_null(strstr(text, "2025-04,EUR,discretionary,15.01,0.00,0.00,0.00,0.00,4.01,"));
	free(text);
	assert_told(liability_make, (struct request){.from = day("2025-04-02")},
	            "EUR,discretionary,15.01,0.00,0.00,0.00,0.00,4.01,11.00,1,");
	assert_told(liability_make, (struct request){.until = day("2025-04-02")},
	            "EUR,15.01,1,15.01,0.00,11.00,11.00,0.00,yes");
}

static void limits_are_told_at_the_day_that_is_asked_for(void **state)
{
	(void)state;
	fixture.now_us = day("2025-03-01") * DAY_US;
	fixture_define(&fixture, LGP_KIND_LIMIT, fixture.finance,
	               "id monthly\nscope.staff anna\nunit EUR\nmeasure amount\nper staff\n"
	               "window month\nmax 2000\n");
	uint64_t first = grant_on("2025-03-30", 700);
	grant_on("2025-03-31", 900);
	reverse_on("2025-03-31", first, 100);
	grant_on("2025-04-01", 2000);
	assert_told(limits_make, (struct request){.as_of_day = day("2025-03-30")},
	            "monthly,anna,EUR,amount,month,2025-04-01,7.00,20.00,13.00,0.3500,within,");
	assert_told(limits_make, (struct request){.as_of_day = day("2025-03-31")},
	            "monthly,anna,EUR,amount,month,2025-04-01,15.00,20.00,5.00,0.7500,within,");
	assert_told(limits_make, (struct request){.by = NULL},
	            "monthly,anna,EUR,amount,month,2025-05-01,20.00,20.00,0.00,1.0000,used up,");
	char *text = told(limits_make, (struct request){.as_of_day = day("2025-05-01")});
	assert_null(strstr(text, "monthly,anna"));
	assert_non_null(strstr(text, "monthly,\"all, staff anna\",EUR,amount,staff,month,20.00"));
	free(text);
}

static void an_ask_that_nobody_decides_on_is_told_as_lapsed(void **state)
{
	(void)state;
	fixture.now_us = day("2025-03-01") * DAY_US;
	fixture_define(&fixture, LGP_KIND_LIMIT, fixture.finance,
	               "id each\nunit EUR\nmeasure amount\nper grant\nwindow none\nmax 100\n"
	               "when_passed ask\n");
	struct lgp_command grant = fixture_grant(&fixture, 150);
	grant.ask = true;
	struct lgp_outcome asked = fixture_judge(&fixture, &grant);
	fixture_commit(&fixture);
	assert_told(approvals_make, (struct request){.by = NULL}, ",1.50,each,waiting,");
	bool any;
	fixture.now_us = day("2025-03-05") * DAY_US;
	assert_int_equal(lgp_lapse(fixture.ledger, fixture.now_us, &any), LGP_OK);
	assert_true(any);
	fixture_commit(&fixture);
	char line[128];
	snprintf(line, sizeof line, ",lapsed,the house,2025-03-05T00:00:00.000000Z,5759,,,%llu",
	         (unsigned long long)asked.seq + 1);
	assert_told(approvals_make, (struct request){.by = NULL}, line);
}

/* ---- the book ----------------------------------------------------------------------------- */

static enum lgp_status count_entry(void *context, const struct book *book,
                                   const struct lgp_entry *entry)
{
	(void)book;
	assert_int_equal(entry->seq, (*(uint64_t *)context)++);
	return LGP_OK;
}

static void a_book_knows_what_was_defined_by_then(void **state)
{
	(void)state;
	struct book *book;
	char name[BOOK_NAME_MAX];
	uint64_t count = 0;
	for (int64_t i = 0; i < 1500; i++)
		grant_on("2025-03-31", 1 + i % 3);
	fixture_close(&fixture);
	assert_int_equal(book_open(fixture.dir, NULL, &book), LGP_OK);
	assert_null(book_noun(book, fixture.anna));
	assert_int_equal(book_read(book, count_entry, &count), LGP_OK);
	assert_int_equal(count, book_size(book));
	assert_string_equal(book_noun(book, fixture.anna)->name, "anna");
	assert_int_equal(book_scale(book, fixture.unit), 2);
	assert_int_equal(book_scale(book, fixture.anna), 0);
	assert_string_equal(book_name(book, LGP_KIND_STAFF, fixture.marc, name), "marc");
	assert_string_equal(book_name(book, LGP_KIND_CUSTOMER, 7, name), "customer 7");
	assert_string_equal(book_name(book, LGP_KIND_PARTY, 8, name), "party 8");
	assert_string_equal(book_name(book, LGP_KIND_GRANT, 9, name), "entry 9");
	assert_string_equal(book_name(book, LGP_KIND_STAFF, 0, name), "the house");
	uint64_t before = 0;
	const struct book_noun *noun;
	for (size_t i = 0; (noun = book_noun_at(book, i)) != NULL; i++) {
		assert_true(noun->number > before);
		before = noun->number;
	}
	assert_true(before > fixture.anna);
	book_close(book);
	fixture_reopen(&fixture);
}

/* Changes one entry's bytes in the file, or takes it out. */
static void damage(uint64_t seq, bool remove, size_t at)
{
	struct lgp_kv *kv;
	struct lgp_kv_txn *txn;
	struct lgp_view value;
	uint8_t bytes[LGP_ENTRY_LEN];
	char path[96];
	const struct lgp_kv_options options = {.tables = lgp_log_tables,
	                                       .table_count = LGP_LOG_TABLE_COUNT};
	fixture_close(&fixture);
	snprintf(path, sizeof path, "%s/ledger.mdb", fixture.dir);
	assert_int_equal(lgp_kv_open(path, &options, &kv), LGP_OK);
	assert_int_equal(lgp_kv_write_begin(kv, &txn), LGP_OK);
	if (remove) {
		assert_int_equal(lgp_kv_delete(txn, LGP_LOG_ENTRIES, LGP_KV_INTEGER(seq)), LGP_OK);
	} else {
		assert_int_equal(lgp_kv_get(txn, LGP_LOG_ENTRIES, LGP_KV_INTEGER(seq), &value),
		                 LGP_OK);
		memcpy(bytes, value.ptr, sizeof bytes);
		bytes[at] ^= 0x80;
		value = (struct lgp_view){(const char *)bytes, sizeof bytes};
		assert_int_equal(lgp_kv_put(txn, LGP_LOG_ENTRIES, LGP_KV_INTEGER(seq), value),
		                 LGP_OK);
	}
	assert_int_equal(lgp_kv_commit(txn), LGP_OK);
	lgp_kv_close(kv);
}

static void assert_stops_at(uint64_t seq, const char *why)
{
	struct book *book;
	uint64_t count = 0;
	char named[64];
	assert_int_equal(book_open(fixture.dir, NULL, &book), LGP_OK);
	assert_int_equal(book_read(book, count_entry, &count), LGP_CORRUPT);
	assert_int_equal(count, seq);
	snprintf(named, sizeof named, "entry %llu", (unsigned long long)seq);
	assert_non_null(strstr(lgp_fault_detail(), named));
	assert_non_null(strstr(lgp_fault_detail(), why));
	book_close(book);
}

static void a_book_stops_at_the_entry_that_is_missing(void **state)
{
	(void)state;
	uint64_t seq = grant_on("2025-03-31", 5);
	grant_on("2025-03-31", 6);
	damage(seq, true, 0);
	assert_stops_at(seq, "missing");
}

static void a_book_stops_at_the_entry_that_does_not_decode(void **state)
{
	(void)state;
	uint64_t seq = grant_on("2025-03-31", 5);
	grant_on("2025-03-31", 6);
	damage(seq, false, 0); /* the version */
	assert_stops_at(seq, "cannot be read");
}

static void a_book_stops_at_an_entry_that_says_it_is_another(void **state)
{
	(void)state;
	uint64_t seq = grant_on("2025-03-31", 5);
	damage(seq, false, 10); /* in its number */
	assert_stops_at(seq, "another");
}

static void a_date_that_no_calendar_has_stops_the_book(void **state)
{
	(void)state;
	uint64_t seq = grant_on("2025-03-31", 5);
	damage(seq, false, 27); /* the sign of the business date */
	assert_stops_at(seq, "calendar");
}

static void a_definition_that_binds_another_text_stops_the_book(void **state)
{
	(void)state;
	damage(fixture.anna, false, 200); /* in the payload's hash */
	assert_stops_at(fixture.anna, "payload");
}

int main(void)
{
#define WITH_LEDGER(test) FIXTURE_CASE(test, &fixture)
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_date_is_in_its_day_month_quarter_and_year),
	        cmocka_unit_test(weeks_are_numbered_as_iso_8601_does),
	        cmocka_unit_test(weeks_begin_on_the_sites_own_day),
	        cmocka_unit_test(periods_never_go_back_and_weeks_have_seven_days),
	        cmocka_unit_test(groups_keep_their_sums_however_many_come),
	        cmocka_unit_test(sums_are_exact_beyond_64_bits),
	        cmocka_unit_test(axes_are_one_or_two_different_ones),
	        cmocka_unit_test(dates_are_half_open_and_hold_a_day_at_least),
	        WITH_LEDGER(a_reversal_counts_in_its_own_period),
	        WITH_LEDGER(a_liability_opens_where_the_day_before_closed),
	        WITH_LEDGER(limits_are_told_at_the_day_that_is_asked_for),
	        WITH_LEDGER(an_ask_that_nobody_decides_on_is_told_as_lapsed),
	        WITH_LEDGER(a_book_knows_what_was_defined_by_then),
	        WITH_LEDGER(a_book_stops_at_the_entry_that_is_missing),
	        WITH_LEDGER(a_book_stops_at_the_entry_that_does_not_decode),
	        WITH_LEDGER(a_book_stops_at_an_entry_that_says_it_is_another),
	        WITH_LEDGER(a_date_that_no_calendar_has_stops_the_book),
	        WITH_LEDGER(a_definition_that_binds_another_text_stops_the_book),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
