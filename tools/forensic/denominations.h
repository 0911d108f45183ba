/* denominations: whether amounts were freely chosen: tests on digits mean something
 * of such amounts alone.
 * Thread: one at a time. */
#ifndef LAGNIAPPE_FORENSIC_DENOMINATIONS_H
#define LAGNIAPPE_FORENSIC_DENOMINATIONS_H

#include "tools/forensic/tests.h"

#define DIGITS_AMOUNTS_LEAST 300 /* fewer show nothing */
#define DIGITS_UNITS_LEAST 10    /* an amount of fewer currency units has no two digits */
#define DISTINCT_LEAST 100       /* fewer different amounts are denominations */
#define OFTEN 10                 /* amounts; those that come most often */
#define OFTEN_SHARE 0.5          /* that is theirs: the amounts are denominations */

/* Whether the row's amount has digits to test: spending, of 10 units at least. */
bool digits_count(const struct spendings *spendings, const struct spending *row);

/* Judges whether tests on digits apply; where not, result says why.
 * result->tested is set to the amounts that have digits to test.  LGP_NO_MEMORY. */
LGP_MUST_USE enum lgp_status denominations_judge(const struct spendings *spendings,
                                                 struct forensic_result *result);

#endif
