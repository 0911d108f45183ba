/* window: calendar periods of business dates.  Thread: any.
 * Dates are days since 1970-01-01; the zone is in the date already. */
#ifndef LAGNIAPPE_LEDGER_WINDOW_H
#define LAGNIAPPE_LEDGER_WINDOW_H

#include "lagniappe/ledger.h"

#define WINDOW_FOREVER INT32_MAX

/* The first day behind the period of the window that holds the date;
 * WINDOW_FOREVER where there is none.  Two dates are in one period exactly when
 * their ends are equal.  week_starts: 0 Monday … 6 Sunday. */
int32_t window_end(enum lgp_window window, int32_t date, unsigned week_starts);

#endif
