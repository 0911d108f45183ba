/* period: the calendar periods that figures are grouped by.
 * Thread: any.
 * Sources: ISO 8601 for weeks; the proleptic Gregorian calendar.
 *
 * A period is a number that grows with time, so that rows sort by it. */
#ifndef LAGNIAPPE_REPORT_PERIOD_H
#define LAGNIAPPE_REPORT_PERIOD_H

#include "lagniappe/status.h"

#define PERIOD_TEXT_MAX 24

enum calendar_period {
	PERIOD_DAY,
	PERIOD_WEEK,
	PERIOD_MONTH,
	PERIOD_QUARTER,
	PERIOD_YEAR,
};

/* The period that holds the date.  week: the day on which weeks start, 0 Monday
 * to 6 Sunday.  Weeks are numbered as ISO 8601 does: a week is of the year that
 * has most of its days, whatever day it starts on. */
int32_t period_of(enum calendar_period period, int32_t date, unsigned week);
/* "2026-01-31", "2026-W05", "2026-01", "2026-Q1", "2026". */
const char *period_text(enum calendar_period period, int32_t number, char out[PERIOD_TEXT_MAX]);

#endif
