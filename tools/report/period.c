/* period: see period.h.  Thread: any. */
#include "tools/report/period.h"

#include <stdio.h>

#include "lagniappe/codec.h"

#define DAYS_OF_400_YEARS 146097
#define WEEK_DAYS 7
#define WEEKS_NUMBERED 54 /* more than any year has: year * this + week sorts */

struct civil {
	int32_t year, month, day_of_year; /* month and day from 0 */
};

/* Years are counted from March on, so that a leap day ends its year: then the
 * months' lengths repeat in groups of five that have 153 days. */
static struct civil civil_of(int32_t date)
{
	int32_t days = date + 719468; /* since 0000-03-01 */
	int32_t era = (days >= 0 ? days : days - (DAYS_OF_400_YEARS - 1)) / DAYS_OF_400_YEARS;
	int32_t of_era = days - era * DAYS_OF_400_YEARS;
	int32_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int32_t of_year = of_era - (365 * year + year / 4 - year / 100);
	int32_t month = (5 * of_year + 2) / 153; /* 0 March */
	struct civil civil = {year + era * 400 + (month >= 10), (month + 2) % 12, 0};
	bool leap = civil.year % 4 == 0 && (civil.year % 100 != 0 || civil.year % 400 == 0);
	civil.day_of_year = month >= 10 ? of_year - 306 : of_year + 59 + leap;
	return civil;
}

static int32_t week_of(int32_t date, unsigned week)
{
	/* Day 0 was a Thursday, the fourth day of its week from Monday on. */
	int32_t into = ((date + 3 - (int32_t)week) % WEEK_DAYS + WEEK_DAYS) % WEEK_DAYS;
	struct civil middle = civil_of(date - into + WEEK_DAYS / 2);
	return middle.year * WEEKS_NUMBERED + middle.day_of_year / WEEK_DAYS + 1;
}

int32_t period_of(enum calendar_period period, int32_t date, unsigned week)
{
	if (period == PERIOD_DAY)
		return date;
	if (period == PERIOD_WEEK)
		return week_of(date, week);
	struct civil civil = civil_of(date);
	switch (period) {
	case PERIOD_MONTH:
		return civil.year * 12 + civil.month;
	case PERIOD_QUARTER:
		return civil.year * 4 + civil.month / 3;
	default:
		return civil.year;
	}
}

const char *period_text(enum calendar_period period, int32_t number, char out[PERIOD_TEXT_MAX])
{
	switch (period) {
	case PERIOD_DAY:
		lgp_date_format(out, number);
		out[LGP_DATE_LEN] = '\0';
		break;
	case PERIOD_WEEK:
		snprintf(out, PERIOD_TEXT_MAX, "%04d-W%02d", number / WEEKS_NUMBERED,
		         number % WEEKS_NUMBERED);
		break;
	case PERIOD_MONTH:
		snprintf(out, PERIOD_TEXT_MAX, "%04d-%02d", number / 12, number % 12 + 1);
		break;
	case PERIOD_QUARTER:
		snprintf(out, PERIOD_TEXT_MAX, "%04d-Q%d", number / 4, number % 4 + 1);
		break;
	case PERIOD_YEAR:
		snprintf(out, PERIOD_TEXT_MAX, "%04d", number);
		break;
	}
	return out;
}
