/* ledger_hours: how far from a site's opening hours something happened.
 * Thread: one at a time.
 * Sources: the IANA time zones, as ICU knows them. */
#ifndef LAGNIAPPE_FORENSIC_LEDGER_HOURS_H
#define LAGNIAPPE_FORENSIC_LEDGER_HOURS_H

#include "lagniappe/noun.h"
#include "tools/audit/slots.h"

#define HOURS_SITES_MAX 4096 /* of others the hours are not known */
#define HOURS_UNKNOWN (-1)   /* the site has none on record, or its zone is unknown */

struct site_hours;

struct hours {
	struct slots at;          /* site + 1 -> place in sites */
	struct site_hours *sites; /* owned */
	size_t count;
};

LGP_MUST_USE enum lgp_status hours_init(struct hours *hours);
void hours_deinit(struct hours *hours);
/* What the site's definition says from now on.  LGP_NO_MEMORY. */
LGP_MUST_USE enum lgp_status hours_define(struct hours *hours, uint64_t site,
                                          const struct lgp_definition *definition);
/* Seconds to the nearer of closing and opening; 0 within the hours; HOURS_UNKNOWN.
 * Hours that close when they open are the whole day; those that close before they
 * open go through midnight. */
int32_t hours_outside(const struct hours *hours, uint64_t site, int64_t time_us);

/* The same of a time of day: all in seconds behind midnight. */
int32_t hours_distance(int32_t opens, int32_t closes, int32_t at);

#endif
