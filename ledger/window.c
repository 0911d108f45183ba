/* window: calendar periods of business dates.  Thread: any.
 * The civil calendar is the proleptic Gregorian. */
#include "window.h"

#define DAYS_TO_YEAR_0 719468 /* from 0000-03-01 to 1970-01-01 */
#define DAYS_IN_ERA 146097    /* 400 years */

struct month {
	int32_t year;
	int32_t month; /* 1 to 12 */
};

static int32_t floor_div(int32_t a, int32_t b)
{
	return a / b - (a % b != 0 && (a % b < 0) != (b < 0));
}

/* Years that begin in March put the leap day last, so that months have a formula. */
static struct month month_of(int32_t date)
{
	int32_t era = floor_div(date + DAYS_TO_YEAR_0, DAYS_IN_ERA);
	int32_t day = date + DAYS_TO_YEAR_0 - era * DAYS_IN_ERA;
	int32_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	int32_t of_year = day - (365 * year + year / 4 - year / 100);
	int32_t march = (5 * of_year + 2) / 153;
	int32_t month = march < 10 ? march + 3 : march - 9;
	return (struct month){year + era * 400 + (month <= 2), month};
}

/* The first day of the month `months` after January of year 0. */
static int32_t first_of(int32_t months)
{
	int32_t year = floor_div(months, 12), month = months - year * 12 + 1;
	int32_t y = year - (month <= 2);
	int32_t era = floor_div(y, 400), of_era = y - era * 400;
	int32_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5;
	return era * DAYS_IN_ERA + of_era * 365 + of_era / 4 - of_era / 100 + of_year -
	       DAYS_TO_YEAR_0;
}

static int32_t months_end(int32_t date, int32_t length)
{
	struct month month = month_of(date);
	int32_t index = month.year * 12 + month.month - 1;
	return first_of(floor_div(index, length) * length + length);
}

int32_t window_end(enum lgp_window window, int32_t date, unsigned week_starts)
{
	switch (window) {
	case LGP_WINDOW_DAY:
		return date + 1;
	case LGP_WINDOW_WEEK: {
		/* 1970-01-01 was a Thursday, the fourth day of a week from Monday. */
		int32_t shifted = date + 3 - (int32_t)week_starts;
		return date + 7 - (shifted - floor_div(shifted, 7) * 7);
	}
	case LGP_WINDOW_MONTH:
		return months_end(date, 1);
	case LGP_WINDOW_QUARTER:
		return months_end(date, 3);
	case LGP_WINDOW_YEAR:
		return months_end(date, 12);
	default:
		return WINDOW_FOREVER;
	}
}
