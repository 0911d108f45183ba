/* liability: what counts as one, and the check of the report on it.
 * Thread: one at a time. */
#ifndef LAGNIAPPE_REPORT_LIABILITY_H
#define LAGNIAPPE_REPORT_LIABILITY_H

#include "tools/audit/slots.h"
#include "tools/report/groups.h"
#include "tools/report/report.h"

enum liability_kind { DISCRETIONARY, OF_EARNING, NO_LIABILITY };
enum liability_kind liability_of(enum lgp_class class);

/* The closing figures against the customers' accounts, two ways: added up one by
 * one, and as their newest entries tell.  Memory: 56 to 110 bytes an account. */
struct liability_check {
	struct slots accounts; /* customer + 1, unit -> replayed up to the last date */
	struct slots told;     /* the same -> what the newest entry says it is */
	struct groups units;   /* the sums of each unit */
};

LGP_MUST_USE enum lgp_status liability_check_init(struct liability_check *check);
void liability_check_deinit(struct liability_check *check);
/* An entry, of whatever date; within: of those up to the last date. */
LGP_MUST_USE enum lgp_status liability_check_entry(struct liability_check *check,
                                                   const struct lgp_entry *entry, bool within);
/* Adds to the unit's closing figure. */
__extension__ void liability_check_close(struct liability_check *check, int64_t unit,
                                         __int128 closing);
void liability_check_put(struct liability_check *check, struct report *report);

#endif
