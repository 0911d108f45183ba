/* test_audit_forensic_rows: the tests on spending, over rows that are made here:
 * what each finds, what it leaves alone, and where it does not apply. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tools/forensic/clusters.h"
#include "tools/forensic/tests.h"

/* One run of one test: its result, and its sheet as JSON. */
static struct {
	struct spendings rows;
	struct forensic_options options;
	struct forensic_result result;
	char *text;
	size_t len;
} at;

static int set_up(void **state)
{
	(void)state;
	assert_int_equal(spendings_init(&at.rows, "entry"), LGP_OK);
	at.rows.scale = 2;
	forensic_options_init(&at.options, DOCUMENT_JSON);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	spendings_deinit(&at.rows);
	free(at.text);
	at.text = NULL;
	return 0;
}

/* A row of euros and cents; its ref is its number from 1. */
static struct spending *add(const char *staff, const char *party, int32_t date, double amount)
{
	struct spending row = {
	        .ref = at.rows.count + 1,
	        .amount = llround(amount * 100),
	        .time_us = SPENDING_NO_TIME,
	        .date = date,
	        .staff = spendings_name(&at.rows, lgp_view_of(staff)),
	        .party = spendings_name(&at.rows, lgp_view_of(party)),
	};
	assert_int_equal(spendings_add(&at.rows, &row), LGP_OK);
	return &at.rows.rows[at.rows.count - 1];
}

static uint32_t name(const char *text)
{
	return spendings_name(&at.rows, lgp_view_of(text));
}

static void run(const char *test)
{
	struct document *document = document_new("test");
	free(at.text);
	at.text = NULL;
	at.result = (struct forensic_result){0};
	for (size_t i = 0; i < forensic_test_count; i++)
		if (strcmp(forensic_tests[i].name, test) == 0)
			assert_int_equal(
			        forensic_tests[i].run(&at.rows, &at.options, document, &at.result),
			        LGP_OK);
	FILE *out = open_memstream(&at.text, &at.len);
	assert_int_equal(document_write(document, DOCUMENT_JSON, out), LGP_OK);
	fclose(out);
	document_free(document);
}

static void finds(const char *test, size_t findings)
{
	run(test);
	assert_true(at.result.applies);
	assert_int_equal(at.result.findings, findings);
}

static void does_not_apply(const char *test, const char *because)
{
	run(test);
	assert_false(at.result.applies);
	assert_int_equal(at.result.findings, 0);
	assert_non_null(strstr(at.result.verdict, "does not apply, because "));
	if (strstr(at.result.verdict, because) == NULL)
		fail_msg("%s", at.result.verdict);
}

static void says(const char *text)
{
	if (strstr(at.text, text) == NULL)
		fail_msg("no %s in %s", text, at.text);
}

/* ---- Duplicates ----------------------------------------------------------------- */

static void the_same_four_things_are_a_duplicate(void **state)
{
	(void)state;
	add("anna", "c1", 10, 5);
	add("anna", "c1", 10, 5);
	add("anna", "c1", 10, 5);
	finds("same-same-same", 1);
	says("\"times\": 3");
	says("\"score\": 1000,"); /* two payments of 5.00 too many */
	says("\"entries\": \"1, 2, 3\"");
}

static void whatever_differs_makes_no_duplicate(void **state)
{
	(void)state;
	add("anna", "c1", 10, 5);
	add("ben", "c1", 10, 5);
	add("anna", "c2", 10, 5);
	add("anna", "c1", 11, 5);
	add("anna", "c1", 10, 5.01);
	finds("same-same-same", 0);
}

static void refunds_are_no_duplicates(void **state)
{
	(void)state;
	add("anna", "c1", 10, -5);
	add("anna", "c1", 10, -5);
	finds("same-same-same", 0);
	says("2 refunds");
}

static void duplicates_come_by_the_money_at_stake(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++)
		add("anna", "c1", 10, 5);
	for (unsigned i = 0; i < 2; i++)
		add("anna", "c1", 10, 50);
	finds("same-same-same", 2);
	assert_true(strstr(at.text, "\"entries\": \"4, 5\"") <
	            strstr(at.text, "\"entries\": \"1, 2, 3\""));
}

static void the_same_to_another_customer_is_found_apart(void **state)
{
	(void)state;
	add("anna", "c1", 10, 5);
	add("anna", "c2", 10, 5);
	add("anna", "c2", 10, 5);
	finds("same-same-different", 1);
	says("\"parties\": 2");
	says("\"score\": 500,");
	add("ben", "c1", 10, 7);
	add("ben", "c1", 10, 7);
	finds("same-same-different", 1);
}

static void duplicates_need_days(void **state)
{
	(void)state;
	add("anna", "c1", SPENDING_NO_DATE, 5);
	does_not_apply("same-same-same", "days");
	does_not_apply("same-same-different", "days");
}

/* ---- Relative size --------------------------------------------------------------- */

static void the_factor_is_largest_over_second_largest(void **state)
{
	(void)state;
	add("anna", "", 10, 20);
	add("anna", "", 10, 1000);
	add("anna", "", 10, 100);
	finds("relative-size", 1);
	says("\"score\": 10.");
	says("\"entries\": \"2, 3\"");
}

static void a_tied_second_counts(void **state)
{
	(void)state;
	add("anna", "", 10, 100);
	add("anna", "", 10, 1);
	add("anna", "", 10, 100);
	finds("relative-size", 0);
	assert_true(at.result.value == 1);
	says("\"entries\": \"1, 3\"");
}

static void amounts_below_one_unit_and_lone_ones_make_no_factor(void **state)
{
	(void)state;
	add("anna", "", 10, 100);
	add("anna", "", 10, .99);
	does_not_apply("relative-size", "two amounts");
	add("anna", "", 10, 1);
	finds("relative-size", 1);
	assert_true(at.result.value == 100);
}

/* ---- Repeated and round amounts ---------------------------------------------------- */

static void the_frequency_factor_is_the_definitions(void **state)
{
	(void)state;
	add("anna", "", 10, 5);
	add("anna", "", 10, 5);
	add("anna", "", 10, 5);
	add("anna", "", 10, 7);
	run("repeated-amounts");
	/* Once is no repetition: 1 - 9 / 16. */
	assert_true(at.result.value == 1 - 9.0 / 16);
}

static void staff_who_give_one_amount_over_and_over_are_found(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 10; i++)
		add("anna", "", 10, i < 8 ? 5 : i);
	for (unsigned i = 0; i < 10; i++)
		add("ben", "", 10, i + 1);
	finds("number-frequency", 1);
	assert_true(fabs(at.result.value - (1 - 64.0 / 100)) < 1e-12);
	says("\"entries\": \"1, 2, 3, 4, 5, 6, 7, 8\"");
}

static void round_amounts_are_found_by_their_share(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 20; i++)
		add("anna", "", 10, i < 4 ? 100 * (i + 1) : 12.34 + i);
	for (unsigned i = 0; i < 20; i++)
		add("ben", "", 10, i < 1 ? 100 : 12.34 + i);
	finds("round-amounts", 1);
	says("\"hundreds\": 4, \"hundreds_share\": 0.2");
	says("\"entries\": \"1, 2, 3, 4\"");
}

static void two_round_amounts_are_too_few(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 10; i++)
		add("anna", "", 10, i < 2 ? 100 : 12.34 + i);
	finds("round-amounts", 0);
	add("anna", "", 10, 100);
	finds("round-amounts", 1);
}

static void cents_behind_a_hundred_are_not_round(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 20; i++)
		add("anna", "", 10, 100.01);
	finds("round-amounts", 0);
}

/* ---- Splits ------------------------------------------------------------------------ */

static void what_is_above_the_limit_together_is_a_split(void **state)
{
	(void)state;
	at.options.limit = 10000;
	add("anna", "c1", 10, 60);
	add("anna", "c1", 10, 60);
	finds("split-grants", 1);
	says("\"total\": 12000");
	says("\"score\": 2000,");
}

static void exactly_the_limit_together_is_no_split(void **state)
{
	(void)state;
	at.options.limit = 10000;
	add("anna", "c1", 10, 40);
	add("anna", "c1", 10, 60);
	finds("split-grants", 0);
	add("anna", "c1", 10, .01);
	finds("split-grants", 1);
}

static void one_above_the_limit_is_no_part_of_a_split(void **state)
{
	(void)state;
	at.options.limit = 10000;
	add("anna", "c1", 10, 100.01);
	add("anna", "c1", 10, 60);
	finds("split-grants", 0);
}

static void another_day_staff_or_customer_is_another_grant(void **state)
{
	(void)state;
	at.options.limit = 10000;
	add("anna", "c1", 10, 60);
	add("anna", "c1", 11, 60);
	add("ben", "c1", 10, 60);
	add("anna", "c2", 10, 60);
	finds("split-grants", 0);
	at.options.window_days = 2;
	finds("split-grants", 1);
	says("\"entries\": \"1, 2\"");
}

static void windows_slide_over_days_and_do_not_overlap(void **state)
{
	(void)state;
	static const struct {
		int32_t date;
		double amount;
	} rows[] = {{1, 10}, {4, 60}, {5, 30}, {6, 20}, {7, 90}, {8, 20}};
	at.options.limit = 10000;
	at.options.window_days = 3;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		add("anna", "c1", rows[i].date, rows[i].amount);
	/* 1 alone; 4 to 6 are 110; 7 and 8 are 110. */
	finds("split-grants", 2);
	says("\"entries\": \"2, 3, 4\"");
	says("\"entries\": \"5, 6\"");
}

static void an_incident_joins_what_went_to_several_customers(void **state)
{
	(void)state;
	at.options.limit = 10000;
	add("anna", "c1", 10, 60)->incident = name("room-1");
	add("anna", "c2", 10, 60)->incident = name("room-1");
	finds("split-grants", 1);
	says("\"incident\": \"room-1\"");
}

static void what_its_customer_shows_an_incident_does_not_show_again(void **state)
{
	(void)state;
	at.options.limit = 10000;
	add("anna", "c1", 10, 60)->incident = name("room-1");
	add("anna", "c1", 10, 60)->incident = name("room-1");
	finds("split-grants", 1);
	says("\"party\": \"c1\"");
}

static void splits_need_a_limit_and_somebody_who_gets(void **state)
{
	(void)state;
	add("anna", "", 10, 60);
	does_not_apply("split-grants", "--limit");
	at.options.limit = 10000;
	does_not_apply("split-grants", "customers or incidents");
}

/* ---- Just below -------------------------------------------------------------------- */

static void the_published_example_has_a_ratio_of_6_8(void **state)
{
	(void)state;
	at.options.limit = 50000;
	for (unsigned i = 0; i < 285; i++)
		add("anna", "", 10, 480.01 + i % 20);
	for (unsigned i = 0; i < 42; i++)
		add("ben", "", 10, 520 - i % 20);
	finds("just-below-limit", 2); /* anna, and everybody */
	assert_true(fabs(at.result.value - 285.0 / 42) < 1e-12);
	assert_true(fabs(at.result.value - 6.8) < .05);
}

static void bands_are_open_below_and_closed_above(void **state)
{
	(void)state;
	at.options.limit = 10000;
	add("anna", "", 10, 96);     /* not in the band below */
	add("anna", "", 10, 96.01);  /* below */
	add("anna", "", 10, 100);    /* below: the limit itself */
	add("anna", "", 10, 100.01); /* above */
	add("anna", "", 10, 104);    /* above */
	add("anna", "", 10, 104.01); /* beyond */
	finds("just-below-limit", 0);
	says("\"staff\": \"everybody\", \"below\": 2, \"above\": 2, \"beneath\": 1");
}

static void where_the_limit_was_enforced_the_band_beneath_is_compared(void **state)
{
	(void)state;
	at.options.limit = 10000;
	for (unsigned i = 0; i < 12; i++)
		add("anna", "", 10, 99);
	for (unsigned i = 0; i < 11; i++)
		add("anna", "", 10, 95);
	finds("just-below-limit", 0); /* 12 against 11, not against nothing */
	for (unsigned i = 0; i < 30; i++)
		add("anna", "", 10, 99);
	finds("just-below-limit", 2);
}

/* ---- Concentration, peers, dispersion -------------------------------------------------- */

static void the_herfindahl_index_is_the_sum_of_squared_shares(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 6; i++)
		add("anna", "c1", 10, 10);
	for (unsigned i = 0; i < 4; i++)
		add("anna", i < 2 ? "c2" : "c3", 10, 10);
	finds("concentration", 1);
	says("\"share\": 0.6,");
	says("\"score\": 0.44"); /* .36 + .04 + .04 */
	says("\"party\": \"c1\"");
}

static void few_grants_show_no_concentration(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 9; i++)
		add("anna", "c1", 10, 10);
	does_not_apply("concentration", "10 grants");
}

static void who_gives_far_more_than_peers_is_found(void **state)
{
	(void)state;
	char staff[8];
	for (unsigned i = 0; i < 20; i++) {
		snprintf(staff, sizeof staff, "s%u", i);
		add(staff, "", 10, 10 + i % 3)->site = name("oslo");
	}
	finds("peers", 0);
	add("s7", "", 10, 400)->site = name("oslo");
	finds("peers", 1);
	says("\"staff\": \"s7\"");
}

static void peers_are_those_of_the_same_site_and_role(void **state)
{
	(void)state;
	char staff[8];
	for (unsigned i = 0; i < 12; i++) {
		snprintf(staff, sizeof staff, "s%u", i);
		struct spending *row = add(staff, "", 10, 10);
		row->site = name(i % 2 == 0 ? "oslo" : "bergen");
	}
	does_not_apply("peers", "12 staff");
	for (unsigned i = 0; i < 12; i++) {
		at.rows.rows[i].site = name("oslo");
		at.rows.rows[i].manager = i % 2 == 0;
	}
	does_not_apply("peers", "12 staff");
}

static void the_same_reason_with_very_different_amounts_is_found(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 10; i++) {
		add("anna", "", 10, i == 0 ? 500 : 5)->reason = name("late-room");
		add("anna", "", 10, 20)->reason = name("cold-meal");
	}
	finds("dispersion", 1);
	assert_non_null(strstr(at.result.verdict, "1 of 2 reasons"));
	says("\"reason\": \"late-room\"");
	says("\"entries\": \"1, 3\"");
	/* At a site of its own the one large amount varies from nothing. */
	at.rows.rows[0].site = name("oslo");
	run("dispersion");
	assert_int_equal(at.result.findings, 0);
}

/* ---- Digits ---------------------------------------------------------------------------- */

static void few_amounts_have_no_digits_to_test(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 299; i++)
		add("anna", "", 10, 10 + i);
	add("anna", "", 10, 9.99);
	does_not_apply("first-two-digits", "only 299 amounts");
	add("anna", "", 10, 10);
	run("first-two-digits");
	assert_true(at.result.applies);
	assert_int_equal(at.result.tested, 300);
}

static void fixed_denominations_are_not_tested_on_digits(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 400; i++)
		add("anna", "", 10, i % 2 == 0 ? 25 : 10 + i);
	does_not_apply("first-two-digits", "fixed denominations");
	does_not_apply("mantissa-arc", "fixed denominations");
	run("repeated-amounts");
	assert_int_equal(at.result.findings, 0);
}

static void amounts_of_a_geometric_row_conform(void **state)
{
	(void)state;
	double amount = 10;
	for (unsigned i = 0; i < 5000; i++, amount *= pow(10, 3.0 / 5000))
		add("anna", "", 10, amount);
	finds("first-two-digits", 0);
	assert_true(at.result.value < .0012);
	run("distortion");
	assert_true(fabs(at.result.value) < .001);
	run("mantissa-arc");
	assert_true(at.result.value > .9);
}

static void even_amounts_do_not_conform_and_say_which_digits(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 5000; i++)
		add("anna", "", 10, 10 + i * 18.0 / 10);
	run("first-two-digits");
	assert_true(at.result.findings > 10);
	assert_true(at.result.value > .0022);
	run("mantissa-arc");
	assert_true(at.result.value < .0001);
	assert_int_equal(at.result.findings, 0);
}

/* ---- All of them ------------------------------------------------------------------------- */

static void nothing_at_all_is_no_finding(void **state)
{
	(void)state;
	at.options.limit = 10000;
	for (size_t i = 0; i < forensic_test_count; i++) {
		run(forensic_tests[i].name);
		assert_int_equal(at.result.findings, 0);
		assert_true(at.result.verdict[0] != '\0');
	}
}

static void extreme_amounts_break_no_test(void **state)
{
	(void)state;
	at.options.limit = INT64_MAX;
	for (unsigned i = 0; i < 600; i++) {
		struct spending *row = add(i % 2 == 0 ? "anna" : "ben", "c1", 10, 1);
		row->amount = i % 3 == 0 ? INT64_MAX : i % 3 == 1 ? INT64_MIN : INT64_MAX - i;
		row->date = i % 2 == 0 ? INT32_MAX : -719162;
		row->reason = name("r");
	}
	for (size_t i = 0; i < forensic_test_count; i++)
		run(forensic_tests[i].name);
}

static void a_limit_on_items_leaves_the_findings_counted(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 30; i++)
		add("anna", "c1", (int32_t)(i / 2), 5);
	at.options.top = 3;
	finds("same-same-same", 15);
	says("The first 3 of 15 are listed");
}

static bool any_key(const struct spending *row, uint64_t words[CLUSTER_WORDS])
{
	words[0] = cluster_word(row->staff, row->party);
	words[1] = cluster_signed(row->amount);
	words[2] = cluster_signed(row->date);
	return row->ref % 7 != 0;
}

static int compare_keys(const void *left, const void *right)
{
	const struct cluster_key *a = left, *b = right;
	for (unsigned i = 0; i < CLUSTER_WORDS; i++)
		if (a->words[i] != b->words[i])
			return a->words[i] < b->words[i] ? -1 : 1;
	return a->row < b->row ? -1 : a->row > b->row;
}

static void sorted_keys_are_in_the_order_of_a_plain_sort(void **state)
{
	(void)state;
	uint64_t draw = 42;
	struct clusters clusters;
	for (unsigned i = 0; i < 5000; i++) {
		draw = draw * UINT64_C(6364136223846793005) + 1442695040888963407u;
		struct spending *row = add(draw >> 60 & 1 ? "anna" : "ben", "c1", 10, 1);
		row->amount = (int64_t)draw >> (draw >> 58 & 31);
		row->date = (int32_t)(draw >> 40 & 0xff) - 128;
	}
	assert_int_equal(clusters_init(&clusters, &at.rows, any_key), LGP_OK);
	assert_int_equal(clusters.count, 5000 - 5000 / 7);
	for (size_t i = 1; i < clusters.count; i++)
		assert_true(compare_keys(&clusters.keys[i - 1], &clusters.keys[i]) < 0);
	clusters_deinit(&clusters);
}

static void names_keep_their_numbers_whatever_their_count(void **state)
{
	(void)state;
	char text[16];
	for (uint32_t i = 1; i <= 5000; i++) {
		snprintf(text, sizeof text, "n%u", i);
		assert_int_equal(name(text), i);
	}
	for (uint32_t i = 1; i <= 5000; i++) {
		snprintf(text, sizeof text, "n%u", i);
		assert_int_equal(name(text), i);
		assert_string_equal(spendings_text(&at.rows, i), text);
	}
	assert_int_equal(name(""), 0);
	assert_string_equal(spendings_text(&at.rows, 0), "");
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	        CASE(the_same_four_things_are_a_duplicate),
	        CASE(whatever_differs_makes_no_duplicate),
	        CASE(refunds_are_no_duplicates),
	        CASE(duplicates_come_by_the_money_at_stake),
	        CASE(the_same_to_another_customer_is_found_apart),
	        CASE(duplicates_need_days),
	        CASE(the_factor_is_largest_over_second_largest),
	        CASE(a_tied_second_counts),
	        CASE(amounts_below_one_unit_and_lone_ones_make_no_factor),
	        CASE(the_frequency_factor_is_the_definitions),
	        CASE(staff_who_give_one_amount_over_and_over_are_found),
	        CASE(round_amounts_are_found_by_their_share),
	        CASE(two_round_amounts_are_too_few),
	        CASE(cents_behind_a_hundred_are_not_round),
	        CASE(what_is_above_the_limit_together_is_a_split),
	        CASE(exactly_the_limit_together_is_no_split),
	        CASE(one_above_the_limit_is_no_part_of_a_split),
	        CASE(another_day_staff_or_customer_is_another_grant),
	        CASE(windows_slide_over_days_and_do_not_overlap),
	        CASE(an_incident_joins_what_went_to_several_customers),
	        CASE(what_its_customer_shows_an_incident_does_not_show_again),
	        CASE(splits_need_a_limit_and_somebody_who_gets),
	        CASE(the_published_example_has_a_ratio_of_6_8),
	        CASE(bands_are_open_below_and_closed_above),
	        CASE(where_the_limit_was_enforced_the_band_beneath_is_compared),
	        CASE(the_herfindahl_index_is_the_sum_of_squared_shares),
	        CASE(few_grants_show_no_concentration),
	        CASE(who_gives_far_more_than_peers_is_found),
	        CASE(peers_are_those_of_the_same_site_and_role),
	        CASE(the_same_reason_with_very_different_amounts_is_found),
	        CASE(few_amounts_have_no_digits_to_test),
	        CASE(fixed_denominations_are_not_tested_on_digits),
	        CASE(amounts_of_a_geometric_row_conform),
	        CASE(even_amounts_do_not_conform_and_say_which_digits),
	        CASE(nothing_at_all_is_no_finding),
	        CASE(extreme_amounts_break_no_test),
	        CASE(a_limit_on_items_leaves_the_findings_counted),
	        CASE(sorted_keys_are_in_the_order_of_a_plain_sort),
	        CASE(names_keep_their_numbers_whatever_their_count),
	};
	return cmocka_run_group_tests_name("audit_forensic_rows", tests, NULL, NULL);
}
