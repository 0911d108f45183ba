/* calendar: the business date of a moment in an IANA zone, by ICU.
 * Thread: one calendar belongs to one thread.  A zone's current day is cached
 * as its first and last microsecond, so that asking again costs two compares. */
#ifndef LAGNIAPPE_SERVER_CALENDAR_H
#define LAGNIAPPE_SERVER_CALENDAR_H

#include "lagniappe/status.h"

#define CALENDAR_ZONE_MAX 64

struct calendar;
LGP_MUST_USE enum lgp_status calendar_new(struct calendar **out);
void calendar_free(struct calendar *calendar);

/* Whether ICU knows the zone by exactly this canonical or linked IANA name
 * ("Europe/Paris"; not "CET+1", not a custom "GMT+03:00"). Any thread. */
bool calendar_zone_known(struct lgp_view zone);
/* Days since 1970-01-01 of the local date in the zone (Gregorian, half-open
 * days, 23 or 25 hours long where the clock changes).
 * A day that has begun goes on when the clock is put back over midnight: dates
 * never go back as time goes on.
 * LGP_MISSING: no such zone.  LGP_MALFORMED: outside the years 0001 to 9999. */
LGP_MUST_USE enum lgp_status calendar_date(struct calendar *calendar, struct lgp_view zone,
                                           int64_t time_us, int32_t *days);
/* The first microsecond of a local date in the zone: when windows reset.  A date
 * that the zone left out begins where the next one does.  Errors as above. */
LGP_MUST_USE enum lgp_status calendar_start_of(struct calendar *calendar, struct lgp_view zone,
                                               int32_t days, int64_t *time_us);

#endif
