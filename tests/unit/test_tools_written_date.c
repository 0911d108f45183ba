/* test_tools_written_date: days and times as files write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lagniappe/codec.h"
#include "tools/common/written_date.h"

static void date_is(const char *text, enum date_order order, int32_t wanted)
{
	struct written_date date;
	int32_t days = 0;
	if (!date_read(lgp_view_of(text), &date) || !date_value(&date, order, &days))
		fail_msg("%s was not read", text);
	assert_int_equal(days, wanted);
}

static void no_date(const char *text, enum date_order order)
{
	struct written_date date;
	int32_t days;
	if (date_read(lgp_view_of(text), &date) && date_value(&date, order, &days))
		fail_msg("%s was read", text);
}

static void dates_in_every_order(void **state)
{
	(void)state;
	date_is("01/02/1970", DATE_DMY, 31);
	date_is("01/02/1970", DATE_MDY, 1);
	date_is("1970-01-02", DATE_YMD, 1);
	date_is("2.1.1970", DATE_DMY, 1);
	date_is("2 Jan 1970", DATE_DMY, 1);
	date_is("2-jan-70", DATE_DMY, 1);
	date_is("2JAN1970", DATE_DMY, 1);
	date_is("January 2, 1970", DATE_MDY, 1);
	date_is("19700102", DATE_YMD, 1);
	date_is("29/02/2016", DATE_DMY, 16860);
	date_is("31/12/69", DATE_DMY, -1);
	date_is("1970-01-02T10:11:12.5+01:00", DATE_YMD, 1);
	date_is("02/01/1970 11:59 pm", DATE_DMY, 1);
}

static void what_is_no_day_is_not_read(void **state)
{
	(void)state;
	static const char *const texts[] = {
	        "",
	        "1",
	        "1/2",
	        "29/02/2015",
	        "31/04/2016",
	        "00/01/2016",
	        "1/13/2016",
	        "1/2/3",
	        "1/2/20166",
	        "1//",
	        "//",
	        "a/b/c",
	        "1/2/2016x",
	        "1/2/2016 x",
	        "1/2/2016 25:00",
	        "1 Foo 2016",
	        "123/1/2016",
	        "1/2/2016 10:60",
	        "2016",
	        "201601011",
	        "1/Jan/Feb",
	        "\xff/1/2016",
	};
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		no_date(texts[i], DATE_DMY);
	no_date("2016-01-02", DATE_DMY);
	no_date("02/01/2016", DATE_YMD);
}

static void formats_name_an_order(void **state)
{
	(void)state;
	assert_int_equal(date_order_of("%d/%m/%Y"), DATE_DMY);
	assert_int_equal(date_order_of("%F"), DATE_YMD);
	assert_int_equal(date_order_of("%b %e, %y"), DATE_MDY);
	assert_int_equal(date_order_of("day/month/year"), DATE_DMY);
	assert_int_equal(date_order_of("MDY"), DATE_MDY);
	static const char *const none[] = {"",    "%", "%d/%m", "%d/%d/%Y", "%d%m%Y%F%F%F",
	                                   "ydm", "%q"};
	for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
		assert_int_equal(date_order_of(none[i]), DATE_UNKNOWN);
}

static void times_of_day(void **state)
{
	(void)state;
	int64_t us = 0;
	assert_true(time_read(lgp_view_of("10:11"), &us));
	assert_int_equal(us, INT64_C(36660000000));
	assert_true(time_read(lgp_view_of("0:00:00.25"), &us));
	assert_int_equal(us, 250000);
	assert_true(time_read(lgp_view_of("12:30 AM"), &us));
	assert_int_equal(us, INT64_C(1800000000));
	static const char *const none[] = {"", "10", "24:00", "10:60", "13:00 pm", "0:30 am", "x"};
	for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
		assert_false(time_read(lgp_view_of(none[i]), &us));
}

/* ---- Formats ------------------------------------------------------------ */

static void assert_day(const char *format, const char *text, const char *wanted)
{
	int32_t days;
	char iso[LGP_DATE_LEN];
	if (!date_by_format(format, lgp_view_of(text), &days))
		fail_msg("\"%s\" is no day by %s", text, format);
	lgp_date_format(iso, days);
	assert_memory_equal(iso, wanted, sizeof iso);
}

static void days_are_read_by_their_format(void **state)
{
	(void)state;
	assert_day("%d/%m/%Y", "07/01/2016", "2016-01-07");
	assert_day("%d/%m/%Y", "7/1/2016", "2016-01-07");
	assert_day("%m/%d/%y", "12/31/99", "1999-12-31");
	assert_day("%m/%d/%y", "12/31/68", "2068-12-31");
	assert_day("%m/%d/%y", "01/01/69", "1969-01-01");
	assert_day("%Y-%m-%d", "2016-02-29", "2016-02-29");
	assert_day("%F %T", "2016-02-29 23:59:60", "2016-02-29");
	assert_day("%d %b %Y", "1 September 2020", "2020-09-01");
	assert_day("%d-%B-%y", "01-sep-20", "2020-09-01");
	assert_day("%d.%b.%Y", "1.Sep.2020", "2020-09-01");
	assert_day("%Y/%d/%m", "2016/7/1", "2016-01-07");
	assert_day("%Y%m%d", "20160107", "2016-01-07");
	assert_day("100%% %F", "100% 2016-01-07", "2016-01-07");
}

static void days_that_do_not_exist_are_refused(void **state)
{
	static const char *const texts[] = {
	        "29/02/2015", "31/04/2016", "00/01/2016",  "01/13/2016",  "01/00/2016",
	        "1/1/16",     "07-01-2016", "07/01/2016 ", "07/01/20166", "",
	        "07/01",      "aa/01/2016", "01/01/0000"};
	int32_t days;
	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		if (date_by_format("%d/%m/%Y", lgp_view_of(texts[i]), &days))
			fail_msg("\"%s\" was read", texts[i]);
	assert_false(date_by_format("%F %T", LGP_VIEW("2016-01-01 24:00:00"), &days));
}

static void formats_must_name_a_day_once(void **state)
{
	static const char *const bad[] = {"",      "%d/%m",      "%Y",         "%d/%m/%Y/%y",
	                                  "%F %d", "%d/%m/%Y %", "%d/%m/%Y %Q"};
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		if (date_format_valid(bad[i]))
			fail_msg("%s was taken", bad[i]);
	assert_true(date_format_valid("%d/%m/%Y"));
	assert_true(date_format_valid("%F %H:%M"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(dates_in_every_order),
	        cmocka_unit_test(what_is_no_day_is_not_read),
	        cmocka_unit_test(formats_name_an_order),
	        cmocka_unit_test(times_of_day),
	        cmocka_unit_test(days_are_read_by_their_format),
	        cmocka_unit_test(days_that_do_not_exist_are_refused),
	        cmocka_unit_test(formats_must_name_a_day_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
