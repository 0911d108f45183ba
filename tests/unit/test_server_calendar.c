/* test_server_calendar: business dates, against moments that the tz database's own texts give. */
#include <assert.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lagniappe/codec.h"
#include "server/calendar.h"

#define HOUR_US INT64_C(3600000000)

static struct calendar *calendar;

static int set_up(void **state)
{
	(void)state;
	return calendar_new(&calendar) == LGP_OK ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	calendar_free(calendar);
	return 0;
}

static int64_t moment(const char *text)
{
	int64_t time_us;
	assert_int_equal(lgp_time_parse(lgp_view_of(text), &time_us), LGP_OK);
	return time_us;
}

static int32_t day(const char *text)
{
	int32_t days;
	assert_int_equal(lgp_date_parse(lgp_view_of(text), &days), LGP_OK);
	return days;
}

static void assert_date(const char *zone, const char *at, const char *expected)
{
	int32_t days;
	char found[LGP_DATE_LEN + 1] = "";
	assert_int_equal(calendar_date(calendar, lgp_view_of(zone), moment(at), &days), LGP_OK);
	lgp_date_format(found, days);
	assert_string_equal(found, expected);
}

static void assert_start(const char *zone, const char *date, const char *expected)
{
	int64_t start_us;
	char found[LGP_TIME_LEN + 1] = "";
	assert_int_equal(calendar_start_of(calendar, lgp_view_of(zone), day(date), &start_us),
	                 LGP_OK);
	lgp_time_format(found, start_us);
	assert_string_equal(found, expected);
}

/* The day begins at `from` and ends at `to`, to the microsecond, both ways round. */
static void assert_day(const char *zone, const char *date, const char *from, int hours)
{
	int32_t days = day(date), found;
	int64_t start_us, next_us;
	struct lgp_view name = lgp_view_of(zone);
	assert_int_equal(calendar_start_of(calendar, name, days, &start_us), LGP_OK);
	assert_int_equal(calendar_start_of(calendar, name, days + 1, &next_us), LGP_OK);
	assert_int_equal(start_us, moment(from));
	assert_int_equal(next_us - start_us, hours * HOUR_US);
	assert_int_equal(calendar_date(calendar, name, start_us - 1, &found), LGP_OK);
	assert_int_equal(found, days - 1);
	assert_int_equal(calendar_date(calendar, name, start_us, &found), LGP_OK);
	assert_int_equal(found, days);
	assert_int_equal(calendar_date(calendar, name, next_us - 1, &found), LGP_OK);
	assert_int_equal(found, days);
	assert_int_equal(calendar_date(calendar, name, next_us, &found), LGP_OK);
	assert_int_equal(found, days + 1);
}

static void a_common_day_has_24_hours(void **state)
{
	(void)state;
	assert_day("Europe/Paris", "2024-06-15", "2024-06-14T22:00:00Z", 24);
	assert_day("UTC", "2024-06-15", "2024-06-15T00:00:00Z", 24);
	assert_day("Asia/Kolkata", "2024-06-15", "2024-06-14T18:30:00Z", 24);
	assert_day("Asia/Kathmandu", "2024-06-15", "2024-06-14T18:15:00Z", 24);
	assert_day("Pacific/Kiritimati", "2024-06-15", "2024-06-14T10:00:00Z", 24);
	assert_day("Pacific/Pago_Pago", "2024-06-15", "2024-06-15T11:00:00Z", 24);
}

static void a_day_has_23_hours_when_the_clock_goes_forward(void **state)
{
	(void)state;
	assert_day("Europe/Paris", "2024-03-31", "2024-03-30T23:00:00Z", 23);
	assert_day("America/New_York", "2024-03-10", "2024-03-10T05:00:00Z", 23);
	assert_day("Australia/Sydney", "2023-10-01", "2023-09-30T14:00:00Z", 23);
}

static void a_day_has_25_hours_when_the_clock_goes_back(void **state)
{
	(void)state;
	assert_day("Europe/Paris", "2024-10-27", "2024-10-26T22:00:00Z", 25);
	assert_day("America/New_York", "2024-11-03", "2024-11-03T04:00:00Z", 25);
	assert_day("Australia/Sydney", "2024-04-07", "2024-04-06T13:00:00Z", 25);
}

static void a_day_without_midnight_begins_when_the_clock_jumps(void **state)
{
	(void)state;
	assert_day("America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00Z", 23);
	assert_day("Asia/Beirut", "2021-03-28", "2021-03-27T22:00:00Z", 23);
	assert_day("Africa/Cairo", "2014-05-16", "2014-05-15T22:00:00Z", 23);
	assert_day("America/Asuncion", "2021-10-03", "2021-10-03T04:00:00Z", 23);
	/* Half past eleven in the evening became half past midnight. */
	assert_start("America/Toronto", "1919-03-31", "1919-03-31T04:30:00.000000Z");
	assert_date("America/Toronto", "1919-03-31T04:29:59.999999Z", "1919-03-30");
	assert_date("America/Toronto", "1919-03-31T04:30:00Z", "1919-03-31");
}

static void a_day_whose_last_hour_comes_twice_has_25_hours(void **state)
{
	(void)state;
	assert_day("America/Sao_Paulo", "2018-02-17", "2018-02-17T02:00:00Z", 25);
	assert_day("Asia/Beirut", "2021-10-30", "2021-10-29T21:00:00Z", 25);
}

static void a_day_that_has_begun_goes_on_when_the_clock_goes_back_over_midnight(void **state)
{
	(void)state;
	/* In Newfoundland the clock went from 00:01 to 23:01 until 2011.  Another day
	 * comes first, so that the answer is worked out and not remembered. */
	assert_date("America/St_Johns", "2010-01-01T12:00:00Z", "2010-01-01");
	assert_date("America/St_Johns", "2010-11-07T03:00:00Z", "2010-11-07");
	assert_day("America/St_Johns", "2010-11-07", "2010-11-07T02:30:00Z", 25);
	assert_date("America/St_Johns", "2010-11-07T02:30:30Z", "2010-11-07");
	assert_date("America/St_Johns", "2010-11-07T02:31:00Z", "2010-11-07");
	assert_date("America/St_Johns", "2010-11-07T03:29:59.999999Z", "2010-11-07");
	assert_day("America/St_Johns", "2010-11-06", "2010-11-06T02:30:00Z", 24);
}

static void a_date_that_a_zone_left_out_has_no_length(void **state)
{
	(void)state;
	assert_date("Pacific/Apia", "2011-12-30T09:59:59.999999Z", "2011-12-29");
	assert_date("Pacific/Apia", "2011-12-30T10:00:00Z", "2011-12-31");
	assert_start("Pacific/Apia", "2011-12-29", "2011-12-29T10:00:00.000000Z");
	assert_start("Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00.000000Z");
	assert_start("Pacific/Apia", "2011-12-31", "2011-12-30T10:00:00.000000Z");
	assert_start("Pacific/Apia", "2012-01-01", "2011-12-31T10:00:00.000000Z");
	assert_start("Pacific/Kwajalein", "1993-08-21", "1993-08-21T12:00:00.000000Z");
	assert_start("Pacific/Kwajalein", "1993-08-22", "1993-08-21T12:00:00.000000Z");
}

static void months_and_years_end_at_local_midnight(void **state)
{
	(void)state;
	assert_day("Europe/Paris", "2024-02-29", "2024-02-28T23:00:00Z", 24);
	assert_day("Europe/Paris", "2024-03-01", "2024-02-29T23:00:00Z", 24);
	assert_day("UTC", "2100-03-01", "2100-03-01T00:00:00Z", 24);
	assert_date("UTC", "2100-02-28T23:59:59.999999Z", "2100-02-28");
	assert_date("Pacific/Auckland", "2023-12-31T10:59:59.999999Z", "2023-12-31");
	assert_date("Pacific/Auckland", "2023-12-31T11:00:00Z", "2024-01-01");
	assert_date("America/Los_Angeles", "2024-05-01T06:59:59.999999Z", "2024-04-30");
	assert_date("America/Los_Angeles", "2024-05-01T07:00:00Z", "2024-05-01");
}

static void moments_before_1970_have_dates(void **state)
{
	(void)state;
	assert_date("UTC", "1969-12-31T23:59:59.999999Z", "1969-12-31");
	assert_date("Europe/Paris", "1969-12-31T22:59:59.999999Z", "1969-12-31");
	assert_date("Europe/Paris", "1969-12-31T23:00:00Z", "1970-01-01");
	/* London kept summer time from 1968 to 1971. */
	assert_date("Europe/London", "1969-12-31T23:00:00Z", "1970-01-01");
	assert_day("America/New_York", "1967-04-30", "1967-04-30T05:00:00Z", 23);
	assert_day("UTC", "1900-03-01", "1900-03-01T00:00:00Z", 24);
	assert_date("UTC", "1900-02-28T23:59:59.999999Z", "1900-02-28");
}

static void dates_before_1582_are_gregorian_too(void **state)
{
	(void)state;
	assert_date("UTC", "1582-10-10T12:00:00Z", "1582-10-10");
	assert_start("UTC", "1500-03-01", "1500-03-01T00:00:00.000000Z");
	assert_start("UTC", "0001-01-01", "0001-01-01T00:00:00.000000Z");
}

static void moments_outside_of_four_digit_years_are_refused(void **state)
{
	(void)state;
	const struct lgp_view utc = LGP_VIEW("UTC");
	int32_t days;
	int64_t time_us;
	assert_date("UTC", "9999-12-31T23:59:59.999999Z", "9999-12-31");
	assert_int_equal(
	        calendar_date(calendar, utc, moment("9999-12-31T23:59:59.999999Z") + 1, &days),
	        LGP_MALFORMED);
	assert_int_equal(calendar_date(calendar, utc, moment("0001-01-01T00:00:00Z") - 1, &days),
	                 LGP_MALFORMED);
	assert_int_equal(calendar_date(calendar, utc, INT64_MAX, &days), LGP_MALFORMED);
	assert_int_equal(calendar_date(calendar, utc, INT64_MIN, &days), LGP_MALFORMED);
	assert_int_equal(calendar_start_of(calendar, utc, INT32_MAX, &time_us), LGP_MALFORMED);
	assert_int_equal(calendar_start_of(calendar, utc, INT32_MIN, &time_us), LGP_MALFORMED);
	/* A refusal leaves nothing behind that a later question would find. */
	assert_date("UTC", "2024-01-01T00:00:00Z", "2024-01-01");
}

static void zones_are_known_by_their_iana_names(void **state)
{
	(void)state;
	static const char *const known[] = {
	        "Europe/Paris",
	        "UTC",
	        "Etc/UTC",
	        "GMT",
	        "Etc/GMT+5",
	        "Asia/Calcutta",
	        "Asia/Kolkata",
	        "EST",
	        "EST5EDT",
	        "Japan",
	        "America/Argentina/ComodRivadavia",
	};
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (!calendar_zone_known(lgp_view_of(known[i])))
			fail_msg("%s is not known", known[i]);
}

static void other_names_are_no_zones(void **state)
{
	(void)state;
	static const char *const unknown[] = {
	        "",
	        "Paris",
	        "europe/paris",
	        "Europe/Paris ",
	        " Europe/Paris",
	        "CET+1",
	        "GMT+3",
	        "GMT+03:00",
	        "+01:00",
	        "Etc/Unknown",
	        "Europe/Atlantis",
	        "BST",
	        "PST",
	        "SystemV/EST5",
	        "Factory",
	        "Europe/Par\xc3\xads",
	        "../etc/passwd",
	        "Europe/ParisEurope/ParisEurope/ParisEurope/ParisEurope/ParisEurope",
	};
	int32_t days;
	int64_t time_us;
	for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
		struct lgp_view zone = lgp_view_of(unknown[i]);
		if (calendar_zone_known(zone))
			fail_msg("'%s' is known", unknown[i]);
		assert_int_equal(calendar_date(calendar, zone, 0, &days), LGP_MISSING);
		assert_int_equal(calendar_start_of(calendar, zone, 0, &time_us), LGP_MISSING);
	}
	assert_false(calendar_zone_known((struct lgp_view){"UTC\0", 4}));
	assert_false(calendar_zone_known((struct lgp_view){"Europe/Paris", 6}));
}

/* The fixed zones Etc/GMT-14 to Etc/GMT+12 (POSIX's sign: west is positive), and
 * enough others that a calendar cannot keep all. */
#define FIXED_ZONES 27
static const char *const other_zones[] = {
        "Africa/Abidjan",   "Africa/Accra",      "Africa/Algiers",    "Africa/Bissau",
        "Africa/Cairo",     "Africa/Casablanca", "Africa/Ceuta",      "Africa/Johannesburg",
        "Africa/Lagos",     "Africa/Maputo",     "Africa/Nairobi",    "Africa/Tunis",
        "America/Bogota",   "America/Caracas",   "America/Chicago",   "America/Denver",
        "America/Guyana",   "America/Halifax",   "America/Havana",    "America/Jamaica",
        "America/La_Paz",   "America/Lima",      "America/Manaus",    "America/Panama",
        "America/Santiago", "America/Toronto",   "America/Vancouver", "Asia/Almaty",
        "Asia/Baghdad",     "Asia/Bangkok",      "Asia/Dhaka",        "Asia/Dubai",
        "Asia/Jakarta",     "Asia/Kabul",        "Asia/Karachi",      "Asia/Manila",
        "Asia/Seoul",       "Asia/Shanghai",     "Asia/Tokyo",        "Asia/Yangon",
        "Europe/Athens",    "Europe/Berlin",     "Europe/Lisbon",     "Europe/Oslo",
};
#define ZONES (FIXED_ZONES + sizeof other_zones / sizeof other_zones[0])
static_assert(ZONES > CALENDAR_ZONE_MAX, "some must be put out");

static int32_t date_in_zone(size_t i, int64_t now)
{
	char fixed[32];
	int west = (int)i - 14;
	int32_t days;
	snprintf(fixed, sizeof fixed, "Etc/GMT%+d", west);
	const char *name = i < FIXED_ZONES ? fixed : other_zones[i - FIXED_ZONES];
	assert_int_equal(calendar_date(calendar, lgp_view_of(name), now, &days), LGP_OK);
	if (i < FIXED_ZONES)
		assert_int_equal(days, (now - west * HOUR_US) / (24 * HOUR_US));
	return days;
}

static void more_zones_than_are_kept_give_the_same_dates(void **state)
{
	(void)state;
	int64_t now = moment("2024-06-15T11:30:00Z");
	int32_t first[ZONES];
	for (size_t i = 0; i < ZONES; i++)
		first[i] = date_in_zone(i, now);
	for (int round = 0; round < 3; round++)
		for (size_t i = 0; i < ZONES; i++)
			assert_int_equal(date_in_zone(i, now), first[i]);
}

static void dates_never_go_back_through_a_year_of_hours(void **state)
{
	(void)state;
	static const char *const zones[] = {"Europe/Paris", "America/St_Johns", "Pacific/Apia",
	                                    "America/Sao_Paulo", "Africa/Cairo"};
	for (size_t i = 0; i < sizeof zones / sizeof zones[0]; i++) {
		int64_t at = moment("2010-06-01T00:00:00Z");
		int32_t last = day("2010-05-30"), days;
		for (int quarter = 0; quarter < 4 * 24 * 600; quarter++, at += HOUR_US / 4) {
			assert_int_equal(calendar_date(calendar, lgp_view_of(zones[i]), at, &days),
			                 LGP_OK);
			assert_true(days >= last);
			assert_true(days - last <= 2);
			last = days;
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_common_day_has_24_hours),
	        cmocka_unit_test(a_day_has_23_hours_when_the_clock_goes_forward),
	        cmocka_unit_test(a_day_has_25_hours_when_the_clock_goes_back),
	        cmocka_unit_test(a_day_without_midnight_begins_when_the_clock_jumps),
	        cmocka_unit_test(a_day_whose_last_hour_comes_twice_has_25_hours),
	        cmocka_unit_test(
	                a_day_that_has_begun_goes_on_when_the_clock_goes_back_over_midnight),
	        cmocka_unit_test(a_date_that_a_zone_left_out_has_no_length),
	        cmocka_unit_test(months_and_years_end_at_local_midnight),
	        cmocka_unit_test(moments_before_1970_have_dates),
	        cmocka_unit_test(dates_before_1582_are_gregorian_too),
	        cmocka_unit_test(moments_outside_of_four_digit_years_are_refused),
	        cmocka_unit_test(zones_are_known_by_their_iana_names),
	        cmocka_unit_test(other_names_are_no_zones),
	        cmocka_unit_test(more_zones_than_are_kept_give_the_same_dates),
	        cmocka_unit_test(dates_never_go_back_through_a_year_of_hours),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
