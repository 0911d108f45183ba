/* test_window: calendar periods against a calendar that walks day by day.
 * The walk knows months' lengths and the leap-year rule, and nothing else. */
#include "ledger/window.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define FIRST_YEAR 1600
#define YEARS 900

struct day {
	int32_t date;              /* days since 1970-01-01 */
	int year, month, of_month; /* month: 0 to 11 */
	unsigned of_week;          /* 0 Monday */
};

static bool leap(int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int month_length(int year, int month)
{
	static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	return month == 1 && leap(year) ? 29 : lengths[month];
}

static void next_day(struct day *day)
{
	day->date++;
	day->of_week = (day->of_week + 1) % 7;
	if (++day->of_month < month_length(day->year, day->month))
		return;
	day->of_month = 0;
	if (++day->month < 12)
		return;
	day->month = 0;
	day->year++;
}

/* 1970-01-01 was a Thursday; from there back to the first of FIRST_YEAR. */
static struct day first_day(void)
{
	int32_t days = 0;
	for (int year = FIRST_YEAR; year < 1970; year++)
		days += leap(year) ? 366 : 365;
	return (struct day){
	        .date = -days, .year = FIRST_YEAR, .of_week = (3 + 7 * 20000 - (unsigned)days) % 7};
}

static bool begins(enum lgp_window window, const struct day *day, unsigned week_starts)
{
	switch (window) {
	case LGP_WINDOW_DAY:
		return true;
	case LGP_WINDOW_WEEK:
		return day->of_week == week_starts;
	case LGP_WINDOW_MONTH:
		return day->of_month == 0;
	case LGP_WINDOW_QUARTER:
		return day->of_month == 0 && day->month % 3 == 0;
	default:
		return day->of_month == 0 && day->month == 0;
	}
}

/* Walks forward; every day of a period has that period's end. */
static void walk(enum lgp_window window, unsigned week_starts)
{
	struct day day = first_day();
	int32_t begun = INT32_MIN; /* nothing is known before the first beginning */
	while (day.year < FIRST_YEAR + YEARS) {
		if (begins(window, &day, week_starts)) {
			for (int32_t date = begun; date != INT32_MIN && date < day.date; date++)
				assert_int_equal(window_end(window, date, week_starts), day.date);
			begun = day.date;
		}
		next_day(&day);
	}
	assert_true(begun != INT32_MIN);
}

static void walk_begins_where_the_calendar_does(void **state)
{
	(void)state;
	struct day day = first_day();
	while (day.year < 1970)
		next_day(&day);
	assert_int_equal(day.date, 0);
	assert_int_equal(day.of_week, 3);
}

static void days_end_at_the_next_day(void **state)
{
	(void)state;
	walk(LGP_WINDOW_DAY, 0);
}

static void weeks_end_where_the_site_says_for_all_seven_days(void **state)
{
	(void)state;
	for (unsigned starts = 0; starts < 7; starts++)
		walk(LGP_WINDOW_WEEK, starts);
}

static void months_end_with_their_own_length_over_nine_centuries(void **state)
{
	(void)state;
	walk(LGP_WINDOW_MONTH, 0);
}

static void quarters_and_years_end_with_their_last_month(void **state)
{
	(void)state;
	walk(LGP_WINDOW_QUARTER, 0);
	walk(LGP_WINDOW_YEAR, 3);
}

static void known_days_end_as_a_calendar_on_the_wall_says(void **state)
{
	(void)state;
	assert_int_equal(window_end(LGP_WINDOW_MONTH, 19782, 0), 19783);   /* 2024-02-29 */
	assert_int_equal(window_end(LGP_WINDOW_QUARTER, 19782, 0), 19814); /* 2024-04-01 */
	assert_int_equal(window_end(LGP_WINDOW_YEAR, 19782, 0), 20089);    /* 2025-01-01 */
	assert_int_equal(window_end(LGP_WINDOW_WEEK, 20000, 0), 20003);    /* a Friday */
	assert_int_equal(window_end(LGP_WINDOW_WEEK, 20000, 6), 20002);
	assert_int_equal(window_end(LGP_WINDOW_WEEK, -1, 3),
	                 0); /* 1969-12-31, weeks from Thursday */
}

static void what_has_no_period_never_ends(void **state)
{
	(void)state;
	for (int32_t date = -800000; date <= 800000; date += 12345) {
		assert_int_equal(window_end(LGP_WINDOW_NONE, date, 0), WINDOW_FOREVER);
		assert_int_equal(window_end(LGP_WINDOW_LIFETIME, date, 0), WINDOW_FOREVER);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(walk_begins_where_the_calendar_does),
	        cmocka_unit_test(days_end_at_the_next_day),
	        cmocka_unit_test(weeks_end_where_the_site_says_for_all_seven_days),
	        cmocka_unit_test(months_end_with_their_own_length_over_nine_centuries),
	        cmocka_unit_test(quarters_and_years_end_with_their_last_month),
	        cmocka_unit_test(known_days_end_as_a_calendar_on_the_wall_says),
	        cmocka_unit_test(what_has_no_period_never_ends),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
