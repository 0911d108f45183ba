/* day: dates as files write them, read by a format.
 * Thread: any.  No locale: months are English. */
#ifndef LAGNIAPPE_TOOLS_DAY_H
#define LAGNIAPPE_TOOLS_DAY_H

#include "lagniappe/status.h"

/* Whether the format is one that day_parse reads: it names year, month and day
 * once each.  %d %e day, %m month, %b %h %B month's name, %Y year, %y two-digit
 * year (69 to 99 are 19xx), %F is %Y-%m-%d; %H %M %S %T a time of day, which is
 * checked and dropped; %% itself; all else stands for itself. */
LGP_MUST_USE bool day_format_valid(const char *format);
/* The whole text by the format, in days since 1970-01-01.  False: it is not
 * such a text, or there is no such day. */
LGP_MUST_USE bool day_parse(const char *format, struct lgp_view text, int32_t *days);

#endif
