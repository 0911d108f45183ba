/* limits: the sheets of the report on limits.
 * Thread: one at a time. */
#ifndef LAGNIAPPE_REPORT_LIMITS_H
#define LAGNIAPPE_REPORT_LIMITS_H

#include "tools/audit/bounds.h"
#include "tools/report/report.h"

/* A limit in force. */
struct limit_told {
	const struct limit_version *version;
	uint64_t subjects, near;
	int64_t largest; /* of a limit on each grant: the largest */
	uint64_t largest_entry;
};

struct limit_use {
	const struct limit_version *version;
	int64_t first, second; /* who, as the limit counts */
	int32_t end;           /* the day on which it starts again; PERIOD_FOREVER: never */
	int64_t used;
	bool near;
	uint64_t last; /* the last entry that used it */
};

struct limits_sheets {
	struct report *report;
	struct sheet *uses, *limits;
};

void limits_begin(struct report *report, struct limits_sheets *out);
/* Faults are book_entry's. */
LGP_MUST_USE enum lgp_status limits_put_use(struct limits_sheets *sheets,
                                            const struct limit_use *use);
void limits_put_limit(struct limits_sheets *sheets, const struct limit_told *told);

#endif
