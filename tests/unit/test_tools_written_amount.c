/* test_tools_written_amount: amounts as files write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tools/common/written_amount.h"

static void amount_is(const char *text, enum decimal_mark mark, int64_t wanted)
{
	struct written_amount amount;
	const char *why = "";
	int64_t value = 0;
	if (!amount_read(lgp_view_of(text), "", &amount, &why) ||
	    !amount_value(&amount, mark, 2, &value, &why))
		fail_msg("%s: %s", text, why);
	if (value != wanted)
		fail_msg("%s is %lld, not %lld", text, (long long)value, (long long)wanted);
}

static void no_amount(const char *text, enum decimal_mark mark)
{
	struct written_amount amount;
	const char *why = NULL;
	int64_t value = 0;
	if (amount_read(lgp_view_of(text), "", &amount, &why) &&
	    amount_value(&amount, mark, 2, &value, &why))
		fail_msg("%s was read as %lld", text, (long long)value);
	assert_non_null(why);
}

static void amounts_with_a_point(void **state)
{
	(void)state;
	amount_is("0", DECIMAL_POINT, 0);
	amount_is("5", DECIMAL_POINT, 500);
	amount_is("5.", DECIMAL_POINT, 500);
	amount_is(".5", DECIMAL_POINT, 50);
	amount_is("5.1", DECIMAL_POINT, 510);
	amount_is("5.1000", DECIMAL_POINT, 510);
	amount_is("1,234.56", DECIMAL_POINT, 123456);
	amount_is("1 234.56", DECIMAL_POINT, 123456);
	amount_is("1'234'567.89", DECIMAL_POINT, 123456789);
	amount_is("12,34,567.89", DECIMAL_POINT, 123456789);
	amount_is("1,234", DECIMAL_POINT, 123400);
}

static void amounts_with_a_comma(void **state)
{
	(void)state;
	amount_is("5,1", DECIMAL_COMMA, 510);
	amount_is("1.234,56", DECIMAL_COMMA, 123456);
	amount_is("1.234", DECIMAL_COMMA, 123400);
	amount_is("1\xc2\xa0"
	          "234,56",
	          DECIMAL_COMMA, 123456);
	amount_is("1\xe2\x80\xaf"
	          "234,56 \xe2\x82\xac",
	          DECIMAL_COMMA, 123456);
	amount_is("1\xe2\x80\x99"
	          "234,56",
	          DECIMAL_COMMA, 123456);
}

static void signs_and_currencies_stand_where_they_like(void **state)
{
	(void)state;
	static const char *const minus_five[] = {"-5",
	                                         "5-",
	                                         "(5)",
	                                         "\xe2\x88\x92"
	                                         "5",
	                                         "-\xc2\xa3"
	                                         "5",
	                                         "\xc2\xa3-5",
	                                         "(\xc2\xa3"
	                                         "5.00)",
	                                         "\xc2\xa3(5.00)",
	                                         "-5 GBP",
	                                         "GBP -5.00",
	                                         "(5.00) GBP",
	                                         "5.00 CR",
	                                         "US$ -5",
	                                         "-5 kr",
	                                         "  -5  "};
	for (size_t i = 0; i < sizeof minus_five / sizeof minus_five[0]; i++)
		amount_is(minus_five[i], DECIMAL_POINT, -500);
	amount_is("+5", DECIMAL_POINT, 500);
	amount_is("5 DR", DECIMAL_POINT, 500);
	amount_is("\xe2\x82\xb9 5", DECIMAL_POINT, 500);
	amount_is("z\xc5\x82"
	          "5",
	          DECIMAL_POINT, 500);
}

static void what_is_no_amount_is_not_read(void **state)
{
	(void)state;
	static const char *const texts[] = {
	        "",
	        " ",
	        "-",
	        "x",
	        "5 apples",
	        "5x",
	        "--5",
	        "(-5)",
	        "-5-",
	        "5.1.1",
	        "1,23",
	        "1,2345",
	        "1,234,56",
	        "12,345,6789",
	        "1,2,333,444,555",
	        "1,,234",
	        ",123",
	        "1,234 567",
	        "5.123",
	        "1e5",
	        "0x10",
	        "GBP",
	        "\xc2\xa3",
	        "()",
	        "1 2",
	        "NaN",
	        "1/2",
	        "99999999999999999999",
	        "92233720368547758.08",
	        "\xff\xfe",
	        "5\xc2",
	        "....",
	};
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		no_amount(texts[i], DECIMAL_POINT);
	amount_is("92233720368547758.07", DECIMAL_POINT, INT64_MAX);
}

static enum decimal_mark mark_of(const char *text, bool *ambiguous)
{
	struct written_amount amount;
	const char *why;
	assert_true(amount_read(lgp_view_of(text), "", &amount, &why));
	return amount_mark(&amount, ambiguous);
}

static void marks_show_themselves_or_do_not(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		enum decimal_mark mark;
		bool ambiguous;
	} cases[] = {
	        {"5", DECIMAL_UNKNOWN, false},       {"5.1", DECIMAL_POINT, false},
	        {"5,12", DECIMAL_COMMA, false},      {"1.234", DECIMAL_UNKNOWN, true},
	        {"1,234", DECIMAL_UNKNOWN, true},    {"123,456", DECIMAL_UNKNOWN, true},
	        {"1234,567", DECIMAL_COMMA, false},  {"0.125", DECIMAL_POINT, false},
	        {"1.234.567", DECIMAL_COMMA, false}, {"1,234,567", DECIMAL_POINT, false},
	        {"1.234,5", DECIMAL_COMMA, false},   {"1,234.5", DECIMAL_POINT, false},
	        {"1 234,567", DECIMAL_COMMA, false},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		bool ambiguous;
		assert_int_equal(mark_of(cases[i].text, &ambiguous), cases[i].mark);
		assert_int_equal(ambiguous, cases[i].ambiguous);
	}
}

static void a_code_of_our_own_may_look_like_anything(void **state)
{
	(void)state;
	static const struct {
		const char *text, *own;
		bool read;
	} cases[] = {
	        {"5 POINTS", "POINTS", true}, {"POINTS 5", "POINTS", true}, {"5 POINTS", "", false},
	        {"5 CR", "CR", true},         {"5 MICR", "MICR", true},     {"5 IDR", "", true},
	        {"5 MICR", "", false},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct written_amount amount;
		const char *why;
		assert_int_equal(
		        amount_read(lgp_view_of(cases[i].text), cases[i].own, &amount, &why),
		        cases[i].read);
		if (cases[i].read)
			assert_false(amount.negative);
	}
}

static void an_amount_that_names_a_currency_is_in_no_other(void **state)
{
	(void)state;
	static const struct {
		const char *text, *unit;
		bool in;
	} cases[] = {
	        {"5", "GBP", true},     {"£5", "GBP", true},      {"£5", "EUR", false},
	        {"€5", "GBP", false},   {"$5", "USD", true},      {"$5", "CAD", true},
	        {"5 USD", "USD", true}, {"$5 CAD", "USD", false}, {"€5", "EUR", true},
	        {"kr 5", "SEK", true},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct written_amount amount;
		const char *why;
		assert_true(amount_read(lgp_view_of(cases[i].text), "", &amount, &why));
		assert_int_equal(amount_is_in(&amount, cases[i].unit), cases[i].in);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(amounts_with_a_point),
	        cmocka_unit_test(amounts_with_a_comma),
	        cmocka_unit_test(signs_and_currencies_stand_where_they_like),
	        cmocka_unit_test(what_is_no_amount_is_not_read),
	        cmocka_unit_test(marks_show_themselves_or_do_not),
	        cmocka_unit_test(a_code_of_our_own_may_look_like_anything),
	        cmocka_unit_test(an_amount_that_names_a_currency_is_in_no_other),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
