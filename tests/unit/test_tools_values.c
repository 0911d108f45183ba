/* test_tools_values: amounts, slugs and counts of the tools. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lagniappe/noun.h"
#include "tools/lagniappe/amount.h"
#include "tools/lagniappe/slug.h"
#include "tools/lagniappe/tally.h"

static const char *why;

static void assert_amount(const char *text, unsigned scale, int64_t wanted)
{
	int64_t minor = -1;
	if (!amount_parse(lgp_view_of(text), scale, "GBP", &minor, &why))
		fail_msg("\"%s\" was refused: %s", text, why);
	if (minor != wanted)
		fail_msg("\"%s\" was read as %lld", text, (long long)minor);
}

static void assert_no_amount(const char *text, unsigned scale)
{
	int64_t minor;
	if (amount_parse(lgp_view_of(text), scale, "GBP", &minor, &why))
		fail_msg("\"%s\" was read as %lld", text, (long long)minor);
	assert_non_null(why);
}

static void amounts_are_read_as_people_write_them(void **state)
{
	(void)state;
	assert_amount("43.56", 2, 4356);
	assert_amount("1,234.56", 2, 123456);
	assert_amount("12,345,678", 2, 1234567800);
	assert_amount("12.5", 2, 1250);
	assert_amount("0.00", 2, 0);
	assert_amount("£12.00", 2, 1200);
	assert_amount("12.00 GBP", 2, 1200);
	assert_amount("GBP 12", 2, 1200);
	assert_amount(" 7 ", 0, 7);
	assert_amount("0.001", 3, 1);
	assert_amount("1234.56", 2, 123456);
}

static void negative_amounts_have_many_forms(void **state)
{
	(void)state;
	assert_amount("-12.00", 2, -1200);
	assert_amount("(12.00)", 2, -1200);
	assert_amount("12.00-", 2, -1200);
	assert_amount("-£12", 2, -1200);
	assert_amount("£-12", 2, -1200);
	assert_amount("(£1,012.30)", 2, -101230);
	assert_amount("\xe2\x88\x92"
	              "5",
	              2, -500);
	assert_amount("+5", 2, 500);
}

static void more_decimals_than_the_unit_are_refused(void **state)
{
	(void)state;
	assert_no_amount("1.234", 2);
	assert_no_amount("1.230", 2);
	assert_no_amount("1.5", 0);
}

static void what_is_no_amount_is_refused(void **state)
{
	static const char *const texts[] = {
	        "",      " ",      ".",        "-",         ".5",       "5.",  "1.2.3",
	        "12,34", "1,2345", ",123",     "1,,234",    "1234,567", "--5", "(-5)",
	        "-5-",   "five",   "1e3",      "0x10",      "1 2",      "£",   "££5",
	        "(5",    "5)",     "1,234,56", "12,34,567", "1.2,3",    "NaN", "5 EUR"};
	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		assert_no_amount(texts[i], 2);
}

static void other_currencies_are_refused(void **state)
{
	static const char *const texts[] = {"£5", "5 GBP", "5 IDR", "€5 USD"};
	int64_t minor;
	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		assert_false(amount_parse(lgp_view_of(texts[i]), 2, "EUR", &minor, &why));
		assert_string_equal(why, "the amount is in another currency");
	}
	assert_true(amount_parse(LGP_VIEW("€5"), 2, "EUR", &minor, &why));
}

static void codes_of_units_may_look_like_anything(void **state)
{
	int64_t minor;
	(void)state;
	assert_true(amount_parse(LGP_VIEW("5 POINTS"), 0, "POINTS", &minor, &why));
	assert_int_equal(minor, 5);
	assert_true(amount_parse(LGP_VIEW("5 CR"), 0, "CR", &minor, &why));
	assert_int_equal(minor, 5);
}

static void amounts_end_where_63_bits_do(void **state)
{
	(void)state;
	assert_amount("92233720368547758.07", 2, INT64_MAX);
	assert_amount("-92233720368547758.07", 2, -INT64_MAX);
	assert_no_amount("92233720368547758.08", 2);
	assert_no_amount("9223372036854775808", 0);
	assert_no_amount("99999999999999999999999999", 0);
}

static void amounts_are_written_in_groups(void **state)
{
	static const struct {
		int64_t minor;
		unsigned scale;
		const char *text;
	} cases[] = {{0, 2, "0.00"},
	             {5, 2, "0.05"},
	             {-5, 2, "-0.05"},
	             {123456, 2, "1,234.56"},
	             {853129919, 2, "8,531,299.19"},
	             {-100000, 0, "-100,000"},
	             {999, 0, "999"},
	             {1, 9, "0.000000001"},
	             {INT64_MAX, 0, "9,223,372,036,854,775,807"},
	             {INT64_MIN, 2, "-92,233,720,368,547,758.08"}};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char text[AMOUNT_TEXT_MAX];
		amount_format(cases[i].minor, cases[i].scale, text);
		assert_string_equal(text, cases[i].text);
	}
}

static void slugs_read_like_their_texts(void **state)
{
	static const char *const cases[][2] = {{"Vehicle Fuel", "vehicle-fuel"},
	                                       {"CYP&F SCHOOLS", "cyp-f-schools"},
	                                       {"  Mat'l Raw/Drct ", "mat-l-raw-drct"},
	                                       {"Conf. Fees", "conf.fees"},
	                                       {"a_b", "a_b"},
	                                       {"--x--", "x"}};
	char slug[SLUG_TEXT_MAX];
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		slug_plain(lgp_view_of(cases[i][0]), slug);
		assert_string_equal(slug, cases[i][1]);
		assert_true(lgp_slug_valid(lgp_view_of(slug)));
	}
}

static void texts_too_long_or_of_no_letters_get_a_hash(void **state)
{
	char slug[SLUG_TEXT_MAX], other[SLUG_TEXT_MAX];
	(void)state;
	slug_plain(LGP_VIEW("a name that is a good deal longer than a slug"), slug);
	assert_int_equal(strlen(slug), LGP_SLUG_MAX);
	assert_memory_equal(slug, "a-name-that-is-a-good-d-", 24);
	slug_plain(LGP_VIEW("a name that is a good deal longer than another"), other);
	assert_string_not_equal(slug, other);
	slug_plain(LGP_VIEW("日本"), slug);
	slug_plain(LGP_VIEW("中国"), other);
	assert_true(lgp_slug_valid(lgp_view_of(slug)));
	assert_string_not_equal(slug, other);
	slug_plain(LGP_VIEW("12345678901234567890123456789012"), slug);
	assert_string_equal(slug, "12345678901234567890123456789012");
}

static void texts_that_share_a_slug_differ_when_hashed(void **state)
{
	char one[SLUG_TEXT_MAX], two[SLUG_TEXT_MAX];
	(void)state;
	slug_hashed(LGP_VIEW("CYP&F SCHOOLS"), one);
	slug_hashed(LGP_VIEW("CYP&F Schools"), two);
	assert_string_not_equal(one, two);
	assert_memory_equal(one, "cyp-f-schools-", 14);
	assert_true(lgp_slug_valid(lgp_view_of(one)));
}

static void staff_ids_never_hold_a_name_or_a_whole_card(void **state)
{
	static const char *const told[][2] = {{"************8738", "card-8738"},
	                                      {"XXXX-XXXX-8738", "card-8738"},
	                                      {"**** **** 12", "card-12"},
	                                      {"E1234", "e1234"},
	                                      {"8738", "8738"},
	                                      {"X12", "x12"},
	                                      {"emp/77", "emp-77"}};
	static const char *const hidden[] = {
	        "Smith", "Ana Smith", "Ana Smith 2", "4929123456788738", "4929 1234 5678 8738",
	        "日本"};
	char slug[SLUG_TEXT_MAX];
	(void)state;
	for (size_t i = 0; i < sizeof told / sizeof told[0]; i++) {
		assert_true(slug_staff(lgp_view_of(told[i][0]), slug));
		assert_string_equal(slug, told[i][1]);
	}
	for (size_t i = 0; i < sizeof hidden / sizeof hidden[0]; i++)
		if (slug_staff(lgp_view_of(hidden[i]), slug))
			fail_msg("%s became %s", hidden[i], slug);
}

static void tally_counts_each_digest_by_itself(void **state)
{
	enum { KEYS = 5000 };
	struct tally tally;
	uint8_t digest[TALLY_DIGEST_LEN];
	(void)state;
	tally_init(&tally);
	for (uint64_t round = 0; round < 2; round++) {
		for (int i = 0; i < KEYS; i++) {
			struct lgp_view part = {(const char *)&i, sizeof i};
			tally_digest(&part, 1, digest);
			uint64_t *value = tally_at(&tally, digest);
			assert_non_null(value);
			assert_int_equal((*value)++, round);
		}
	}
	assert_int_equal(tally.count, KEYS);
	tally_deinit(&tally);
}

static void digests_of_parts_do_not_run_into_each_other(void **state)
{
	uint8_t one[TALLY_DIGEST_LEN], two[TALLY_DIGEST_LEN];
	const struct lgp_view a[] = {LGP_VIEW("ab"), LGP_VIEW("c")};
	const struct lgp_view b[] = {LGP_VIEW("a"), LGP_VIEW("bc")};
	(void)state;
	tally_digest(a, 2, one);
	tally_digest(b, 2, two);
	assert_memory_not_equal(one, two, sizeof one);
	/* Nor is a part taken for what stands between two. */
	const struct lgp_view c[] = {LGP_VIEW("a"), LGP_VIEW("")};
	const struct lgp_view d[] = {LGP_VIEW("a\0\0\0\0\0\0\0\0")};
	tally_digest(c, 2, one);
	tally_digest(d, 1, two);
	assert_memory_not_equal(one, two, sizeof one);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(amounts_are_read_as_people_write_them),
	        cmocka_unit_test(negative_amounts_have_many_forms),
	        cmocka_unit_test(more_decimals_than_the_unit_are_refused),
	        cmocka_unit_test(what_is_no_amount_is_refused),
	        cmocka_unit_test(other_currencies_are_refused),
	        cmocka_unit_test(codes_of_units_may_look_like_anything),
	        cmocka_unit_test(amounts_end_where_63_bits_do),
	        cmocka_unit_test(amounts_are_written_in_groups),
	        cmocka_unit_test(slugs_read_like_their_texts),
	        cmocka_unit_test(texts_too_long_or_of_no_letters_get_a_hash),
	        cmocka_unit_test(texts_that_share_a_slug_differ_when_hashed),
	        cmocka_unit_test(staff_ids_never_hold_a_name_or_a_whole_card),
	        cmocka_unit_test(tally_counts_each_digest_by_itself),
	        cmocka_unit_test(digests_of_parts_do_not_run_into_each_other),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
