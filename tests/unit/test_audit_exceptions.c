/* test_audit_exceptions: the tests that need a ledger, where time must pass: hours
 * and zones, late reversals, limits over days; over ledgers that the ledger itself
 * wrote.  What needs no time: tests/e2e/test_audit_exceptions.py. */
#include "limits_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lagniappe/codec.h"
#include "tools/forensic/exceptions.h"
#include "tools/forensic/ledger_tests.h"

#define HOUR_S 3600

/* ---- hours ------------------------------------------------------------------------------ */

static void hours_are_half_open_and_go_round_midnight(void **state)
{
	(void)state;
	const int32_t eight = 8 * HOUR_S, twenty = 20 * HOUR_S, two = 2 * HOUR_S;
	assert_int_equal(hours_distance(eight, twenty, eight), 0);
	assert_int_equal(hours_distance(eight, twenty, twenty - 1), 0);
	assert_int_equal(hours_distance(eight, twenty, twenty + 60), 60);
	assert_int_equal(hours_distance(eight, twenty, eight - 1), 1);
	assert_int_equal(hours_distance(eight, twenty, two), 6 * HOUR_S);
	assert_int_equal(hours_distance(eight, twenty, 23 * HOUR_S), 3 * HOUR_S);
	/* From 20:00 until 02:00. */
	assert_int_equal(hours_distance(twenty, two, 23 * HOUR_S), 0);
	assert_int_equal(hours_distance(twenty, two, HOUR_S), 0);
	assert_int_equal(hours_distance(twenty, two, 3 * HOUR_S), HOUR_S);
	assert_int_equal(hours_distance(twenty, two, 19 * HOUR_S), HOUR_S);
	/* All day. */
	assert_int_equal(hours_distance(eight, eight, two), 0);
}

static int64_t moment(const char *text)
{
	int64_t time_us;
	assert_int_equal(lgp_time_parse(lgp_view_of(text), &time_us), LGP_OK);
	return time_us;
}

static void define_site(struct hours *hours, uint64_t number, const char *text)
{
	struct lgp_definition definition;
	assert_int_equal(lgp_definition_parse(lgp_noun_of(LGP_KIND_SITE), lgp_view_of(text), true,
	                                      &definition),
	                 LGP_OK);
	assert_int_equal(hours_define(hours, number, &definition), LGP_OK);
}

static void hours_are_local_in_summer_and_in_winter(void **state)
{
	(void)state;
	struct hours hours;
	assert_int_equal(hours_init(&hours), LGP_OK);
	define_site(&hours, 7, "id a\ntimezone Europe/Paris\nopens 08:00\ncloses 20:00\n");
	define_site(&hours, 8, "id b\ntimezone Asia/Kathmandu\nopens 08:00\ncloses 20:00\n");
	assert_int_equal(hours_outside(&hours, 7, moment("2026-01-15T07:00:00.000000Z")), 0);
	assert_int_equal(hours_outside(&hours, 7, moment("2026-01-15T06:59:00.000000Z")), 60);
	assert_int_equal(hours_outside(&hours, 7, moment("2026-07-15T06:00:00.000000Z")), 0);
	assert_int_equal(hours_outside(&hours, 7, moment("2026-07-15T18:30:00.000000Z")), 1800);
	assert_int_equal(hours_outside(&hours, 8, moment("2026-01-15T02:15:00.000000Z")), 0);
	assert_int_equal(hours_outside(&hours, 8, moment("2026-01-15T02:14:00.000000Z")), 60);
	hours_deinit(&hours);
}

static void hours_that_are_not_known_are_told_so(void **state)
{
	(void)state;
	struct hours hours;
	int64_t noon = moment("2026-01-15T12:00:00.000000Z");
	assert_int_equal(hours_init(&hours), LGP_OK);
	assert_int_equal(hours_outside(&hours, 7, noon), HOURS_UNKNOWN);
	define_site(&hours, 7, "id a\ntimezone Mars/Olympus\nopens 08:00\ncloses 20:00\n");
	assert_int_equal(hours_outside(&hours, 7, noon), HOURS_UNKNOWN);
	define_site(&hours, 7, "id a\ntimezone Etc/UTC\nopens 08:00\n");
	assert_int_equal(hours_outside(&hours, 7, noon), HOURS_UNKNOWN);
	define_site(&hours, 7, "id a\ntimezone Etc/UTC\nopens 08:00\ncloses 20:00\n");
	assert_int_equal(hours_outside(&hours, 7, noon), 0);
	define_site(&hours, 7, "id a\ntimezone Etc/UTC\n"); /* taken away again */
	assert_int_equal(hours_outside(&hours, 7, noon), HOURS_UNKNOWN);
	assert_int_equal(hours_outside(&hours, 0, noon), HOURS_UNKNOWN);
	assert_int_equal(hours_outside(&hours, UINT64_MAX, noon), HOURS_UNKNOWN);
	hours_deinit(&hours);
}

/* ---- a ledger, read ----------------------------------------------------------------------- */

struct reading {
	struct house *house;
	struct ledger_command command;
	struct ledger_facts facts;
	struct ledger_thresholds thresholds;
	struct forensic_options options;
};

/* Closes the house's ledger, which one process opens once, and reads it. */
static void read_house(struct house *house, struct reading *reading)
{
	struct options given;
	char error[256], *words[] = {house->f.dir};
	house_commit(house);
	fixture_close(&house->f);
	*reading = (struct reading){.house = house};
	options_init(&given);
	options_table(&given, ledger_threshold_rows);
	options_table(&given, ledger_command_rows);
	assert_true(options_parse(&given, 1, words));
	assert_true(ledger_command_read(&reading->command, &given, error));
	assert_true(ledger_thresholds_read(&reading->thresholds, &given, error));
	forensic_options_init(&reading->options, DOCUMENT_TABLE);
	assert_int_equal(ledger_facts_init(&reading->facts, &reading->command), LGP_OK);
	assert_int_equal(ledger_command_open(&reading->command), LGP_OK);
	enum lgp_status status = ledger_facts_read(&reading->facts);
	if (status != LGP_OK)
		fail_msg("%s: %s", lgp_status_text(status), lgp_fault_detail());
}

static void end_reading(struct reading *reading)
{
	ledger_facts_deinit(&reading->facts);
	ledger_command_close(&reading->command);
	fixture_reopen(&reading->house->f);
	house_close(reading->house);
}

/* The test's result over the unit of the house. */
static struct forensic_result judged(const struct reading *reading, ledger_test_run *test)
{
	struct forensic_result result = {0};
	struct document *document = document_new("test");
	struct ledger_run run = {
	        .facts = &reading->facts,
	        .thresholds = &reading->thresholds,
	        .options = &reading->options,
	        .unit = (uint32_t)reading->house->f.unit,
	        .scale = 2,
	        .document = document,
	        .result = &result,
	};
	assert_non_null(document);
	assert_int_equal(test(&run), LGP_OK);
	document_free(document);
	return result;
}

static void expect(const struct reading *reading, ledger_test_run *test, size_t findings,
                   double value)
{
	struct forensic_result result = judged(reading, test);
	assert_true(result.applies);
	if (result.findings != findings || result.value < value - 1e-6 ||
	    result.value > value + 1e-6)
		fail_msg("%zu findings, highest score %f: %s", result.findings, result.value,
		         result.verdict);
}

/* ---- time passes --------------------------------------------------------------------------- */

static void a_reversal_is_late_after_thirty_days(void **state)
{
	(void)state;
	struct house house;
	struct reading reading;
	house_open(&house);
	uint64_t first = gives(&house, &(struct giving){.amount = 500});
	uint64_t second = gives(&house, &(struct giving){.amount = 600});
	for (unsigned i = 0; i < 8; i++)
		gives(&house, &(struct giving){.amount = 700 + i});
	house_commit(&house);
	house_go(&house, FIRST_DAY + 30);
	assert_int_equal(house_reverse(&house, house.f.marc_token, first, 0).verdict, LGP_ACCEPTED);
	house_commit(&house);
	read_house(&house, &reading);
	expect(&reading, test_reversals, 0, 0); /* 30 days are no finding; a tenth is not much */
	end_reading(&reading);

	house_open(&house);
	first = gives(&house, &(struct giving){.amount = 500});
	second = gives(&house, &(struct giving){.amount = 600});
	house_commit(&house);
	house_go(&house, FIRST_DAY + 31);
	assert_int_equal(house_reverse(&house, house.f.marc_token, first, 0).verdict, LGP_ACCEPTED);
	/* In parts: one grant, two reversals. */
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(house_reverse(&house, house.nora_token, second, 100).verdict,
		                 LGP_ACCEPTED);
	read_house(&house, &reading);
	expect(&reading, test_reversals, 1, 1.0 * 2 + 3); /* a share of 1 times 2, and 3 late */
	end_reading(&reading);
}

static void hours_are_those_of_the_moment(void **state)
{
	(void)state;
	struct house house;
	struct reading reading;
	house_open(&house);
	house_amend(&house, LGP_KIND_SITE, house.f.site, "opens 08:00\ncloses 20:00\n");
	house_set_time(&house, (FIRST_DAY + 1) * DAY_US + 21 * HOUR_S * INT64_C(1000000));
	gives(&house, &(struct giving){.amount = 500}); /* an hour late */
	house_commit(&house);
	house_amend(&house, LGP_KIND_SITE, house.f.site, "closes 23:00\n");
	house_set_time(&house, (FIRST_DAY + 2) * DAY_US + 21 * HOUR_S * INT64_C(1000000));
	gives(&house, &(struct giving){.amount = 500}); /* in time */
	house_set_time(&house, (FIRST_DAY + 2) * DAY_US + (23 * HOUR_S + 900) * INT64_C(1000000));
	gives(&house, &(struct giving){.amount = 500}); /* within the grace */
	read_house(&house, &reading);
	struct forensic_result result = judged(&reading, test_out_of_shift);
	assert_int_equal(result.tested, 3);
	expect(&reading, test_out_of_shift, 1, 1);
	end_reading(&reading);
}

static void days_of_employment_are_half_open(void **state)
{
	(void)state;
	struct house house;
	struct reading reading;
	house_open(&house);
	gives(&house, &(struct giving){.amount = 500}); /* on FIRST_DAY */
	house_go(&house, FIRST_DAY + 1);
	gives(&house, &(struct giving){.amount = 500});
	house_commit(&house);
	char text[64] = "active_from 2024-10-04\nactive_until 2024-10-05\n";
	house_amend(&house, LGP_KIND_STAFF, house.f.anna, text);
	read_house(&house, &reading);
	expect(&reading, test_after_leaving, 1, 1); /* the day of leaving is one too many */
	end_reading(&reading);
}

/* ---- limits over days ------------------------------------------------------------------------ */

#define STAFF_DAY "scope.staff anna\nunit EUR\nmeasure amount\nper staff\nwindow day\n"
#define GRANT_MAX "scope.staff anna\nunit EUR\nmeasure amount\nper grant\nwindow none\n"

static void what_a_raise_let_pass_goes_by_what_was_used(void **state)
{
	(void)state;
	struct house house;
	struct reading reading;
	house_open(&house);
	house_limit(&house, "id day\n" STAFF_DAY "max 1000\n");
	uint64_t first = gives(&house, &(struct giving){.amount = 900});
	house_commit(&house);
	assert_int_equal(house_reverse(&house, house.f.anna_token, first, 0).verdict,
	                 LGP_ACCEPTED); /* gives the amount back */
	house_commit(&house);
	house_limit(&house, "id day\n" STAFF_DAY "max 5000\n");
	gives(&house, &(struct giving){.amount = 1000}); /* would have passed */
	gives(&house, &(struct giving){.amount = 1});    /* would not */
	house_commit(&house);
	house_go(&house, FIRST_DAY + 1);
	gives(&house, &(struct giving){.amount = 600}); /* another day: would have passed */
	gives(&house, &(struct giving){.amount = 700}); /* would not */
	house_commit(&house);
	house_limit(&house, "id day\n" STAFF_DAY "max 1000\n");
	read_house(&house, &reading);
	expect(&reading, test_limit_changes, 1, 7.01);
	end_reading(&reading);
}

static void a_raise_that_stays_is_none(void **state)
{
	(void)state;
	struct house house;
	struct reading reading;
	house_open(&house);
	house_limit(&house, "id max\n" GRANT_MAX "max 1000\n");
	house_limit(&house, "id max\n" GRANT_MAX "max 5000\n");
	gives(&house, &(struct giving){.amount = 4000});
	house_commit(&house);
	house_go(&house, FIRST_DAY + 32); /* later than what is a while */
	house_limit(&house, "id max\n" GRANT_MAX "max 1000\n");
	read_house(&house, &reading);
	expect(&reading, test_limit_changes, 0, 0);
	reading.thresholds.raise_days = 32;
	expect(&reading, test_limit_changes, 1, 40.00);
	end_reading(&reading);
}

static void what_was_approved_is_not_let_pass_by_a_raise(void **state)
{
	(void)state;
	struct house house;
	struct reading reading;
	house_open(&house);
	house_limit(&house, "id max\n" GRANT_MAX "max 1000\nwhen_passed ask\n");
	house_limit(&house, "id max\n" GRANT_MAX "max 5000\nwhen_passed ask\n");
	uint64_t ask = asks(&house, &(struct giving){.amount = 6000});
	house_commit(&house);
	assert_int_equal(house_decide(&house, LGP_KIND_GRANT, house.f.marc_token, ask).verdict,
	                 LGP_ACCEPTED);
	house_commit(&house);
	house_limit(&house, "id max\n" GRANT_MAX "max 1000\nwhen_passed ask\n");
	read_house(&house, &reading);
	expect(&reading, test_limit_changes, 0, 0);
	end_reading(&reading);
}

static void a_probe_is_of_one_day_and_one_customer(void **state)
{
	(void)state;
	struct house house;
	struct reading reading;
	house_open(&house);
	house_limit(&house, "id max\n" GRANT_MAX "max 1000\n");
	refuses(&house, &(struct giving){.amount = 1200}, LGP_PROBLEM_LIMIT_EXCEEDED);
	gives(&house, &(struct giving){.amount = 990, .customer = house.other});
	gives(&house, &(struct giving){.amount = 960}); /* 4 % less: not just below */
	house_commit(&house);
	house_go(&house, FIRST_DAY + 1);
	gives(&house, &(struct giving){.amount = 990});
	house_commit(&house);
	refuses(&house, &(struct giving){.amount = 1200}, LGP_PROBLEM_LIMIT_EXCEEDED);
	read_house(&house, &reading);
	expect(&reading, test_limit_probing, 0, 0);
	reading.options.band_ppm = 40001;
	expect(&reading, test_limit_probing, 1, 7); /* two refusals and a probe */
	end_reading(&reading);
}

static void grants_are_split_within_the_window_alone(void **state)
{
	(void)state;
	struct house house;
	struct reading reading;
	house_open(&house);
	house_limit(&house, "id max\n" GRANT_MAX "max 1000\n");
	gives(&house, &(struct giving){.amount = 600});
	house_go(&house, FIRST_DAY + 1);
	gives(&house, &(struct giving){.amount = 600});
	house_go(&house, FIRST_DAY + 2);
	gives(&house, &(struct giving){.amount = 500});
	gives(&house, &(struct giving){.amount = 500}); /* exactly at the limit together */
	gives(&house, &(struct giving){.amount = 1000, .customer = house.other});
	read_house(&house, &reading);
	expect(&reading, test_split_limits, 0, 0);
	reading.options.window_days = 2;
	expect(&reading, test_split_limits, 1, 2.00); /* the first two; then no more than 1000 */
	reading.options.window_days = 3;
	expect(&reading, test_split_limits, 1, 12.00); /* all four of the one customer */
	end_reading(&reading);
}

/* Such a ledger is not to be had from a server: verify tells what is wrong with it. */
static void what_is_above_a_limit_by_itself_is_not_split(void **state)
{
	(void)state;
	struct house house;
	struct reading reading;
	house_open(&house);
	house_limit(&house, "id max\n" GRANT_MAX "max 1000\n");
	house_limit(&house, "id room\nscope.staff eve\nunit EUR\nmeasure amount\n"
	                    "per customer-incident\nwindow none\nmax 1000\n");
	gives(&house, &(struct giving){.amount = 300});
	gives(&house, &(struct giving){.amount = 301});
	for (unsigned i = 0; i < 2; i++)
		gives(&house,
		      &(struct giving){.token = house.eve_token, .amount = 302, .incident = "a"});
	gives(&house, &(struct giving){.token = house.eve_token, .amount = 1, .incident = "b"});
	read_house(&house, &reading);
	expect(&reading, test_split_limits, 0, 0);
	for (size_t i = 0; i < reading.facts.count; i++)
		if (reading.facts.acts[i].amount >= 301)
			reading.facts.acts[i].amount =
			        reading.facts.acts[i].amount == 301 ? 1500 : 900;
	expect(&reading, test_split_limits, 1, 8.01); /* two incidents: 900, 900 and 1 */
	for (size_t i = 0; i < reading.facts.count; i++)
		reading.facts.acts[i].wanted = reading.facts.acts[i].amount != 1;
	expect(&reading, test_split_limits, 0, 0); /* one incident alone */
	end_reading(&reading);
}

static void each_grant_is_measured_by_the_limit_of_its_moment(void **state)
{
	(void)state;
	struct house house;
	struct reading reading;
	house_open(&house);
	house_limit(&house, "id max\n" GRANT_MAX "max 1000\n");
	for (unsigned i = 0; i < 6; i++)
		gives(&house, &(struct giving){.amount = 1000 - i});
	house_commit(&house);
	house_limit(&house, "id gifts\nscope.reason gift\nunit EUR\nmeasure amount\nper grant\n"
	                    "window none\nmax 900\n");
	/* Refused by the other limit: nothing of this one's. */
	binds(&house, &(struct giving){.amount = 1020, .reason = "gift"}, "gifts", 900, 0);
	house_commit(&house);
	house_limit(&house, "id max\n" GRANT_MAX "max 2000\n");
	for (unsigned i = 0; i < 6; i++)
		gives(&house, &(struct giving){.amount = 900 + i}); /* far from 2000 */
	house_commit(&house);
	house_end_limit(&house, "max");
	for (unsigned i = 0; i < 6; i++)
		gives(&house, &(struct giving){.amount = 2000 - i}); /* there is none any more */
	read_house(&house, &reading);
	expect(&reading, test_below_limits, 1, 2.449490); /* 6 / sqrt(6) */
	end_reading(&reading);
}

static void sums_of_limits_hold_what_was_not_asked_for(void **state)
{
	(void)state;
	struct house house;
	struct reading reading;
	house_open(&house);
	house_limit(&house,
	            "id guest\nunit EUR\nmeasure amount\nper customer\nwindow day\nmax 1000\n");
	for (unsigned i = 0; i < 6; i++) {
		uint64_t customer = house_customer(&house);
		gives(&house, &(struct giving){.amount = 500, .customer = customer});
		gives(&house, &(struct giving){.amount = 490, .customer = customer});
	}
	read_house(&house, &reading);
	expect(&reading, test_below_limits, 1, 2.449490);
	for (size_t i = 0; i < reading.facts.count; i++)
		reading.facts.acts[i].wanted = reading.facts.acts[i].amount == 490;
	expect(&reading, test_below_limits, 1, 2.449490);
	reading.facts.acts[0].wanted = reading.facts.acts[1].wanted = false;
	expect(&reading, test_below_limits, 1, 2.236068); /* one guest less */
	end_reading(&reading);
}

/* ---- what is wrong in a ledger ----------------------------------------------------------------- */

static void a_ledger_that_nobody_gave_in_is_clean(void **state)
{
	(void)state;
	struct fixture f;
	fixture_open(&f);
	fixture_close(&f);
	char *words[] = {f.dir, "--output", "/dev/null"};
	assert_int_equal(exceptions_command(3, words), 0);
	fixture_reopen(&f);
	fixture_remove(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(hours_are_half_open_and_go_round_midnight),
	        cmocka_unit_test(hours_are_local_in_summer_and_in_winter),
	        cmocka_unit_test(hours_that_are_not_known_are_told_so),
	        cmocka_unit_test(a_reversal_is_late_after_thirty_days),
	        cmocka_unit_test(hours_are_those_of_the_moment),
	        cmocka_unit_test(days_of_employment_are_half_open),
	        cmocka_unit_test(what_a_raise_let_pass_goes_by_what_was_used),
	        cmocka_unit_test(a_raise_that_stays_is_none),
	        cmocka_unit_test(what_was_approved_is_not_let_pass_by_a_raise),
	        cmocka_unit_test(a_probe_is_of_one_day_and_one_customer),
	        cmocka_unit_test(grants_are_split_within_the_window_alone),
	        cmocka_unit_test(what_is_above_a_limit_by_itself_is_not_split),
	        cmocka_unit_test(each_grant_is_measured_by_the_limit_of_its_moment),
	        cmocka_unit_test(sums_of_limits_hold_what_was_not_asked_for),
	        cmocka_unit_test(a_ledger_that_nobody_gave_in_is_clean),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
