/* axis: what figures are grouped by: --by.
 * Thread: any. */
#ifndef LAGNIAPPE_REPORT_AXIS_H
#define LAGNIAPPE_REPORT_AXIS_H

#include "tools/report/book.h"
#include "tools/sheet/sheet.h"

#define AXES_MAX 2 /* at once */

enum axis {
	AXIS_STAFF,
	AXIS_SITE,
	AXIS_BUDGET,
	AXIS_REASON,
	AXIS_TOUCHPOINT,
	AXIS_CUSTOMER, /* or the other party of an imported payment */
	AXIS_DAY,
	AXIS_WEEK,
	AXIS_MONTH,
	AXIS_QUARTER,
	AXIS_YEAR,
	AXIS_COUNT,
};

struct axes {
	enum axis list[AXES_MAX];
	size_t count;
};

/* "staff,month".  LGP_MALFORMED: an unknown one, one twice, more than AXES_MAX. */
LGP_MUST_USE enum lgp_status axes_parse(const char *text, struct axes *out);
bool axis_is_period(enum axis axis);
/* Where the entry stands on it; 0: nowhere, for what an entry may leave out. */
int64_t axis_value(const struct book *book, enum axis axis, const struct lgp_entry *entry);
/* The value for people: a name, a period, "none".  Returns name. */
const char *axis_text(const struct book *book, enum axis axis, int64_t value,
                      char name[BOOK_NAME_MAX]);
/* Names by the alphabet, numbers and periods by their size. */
int axis_compare(const struct book *book, enum axis axis, int64_t a, int64_t b);
/* The column that axis_text fills. */
struct sheet_column axis_column(enum axis axis);

/* 0 Monday … 6 Sunday: the day on which the site's weeks start; Monday where
 * nothing is said. */
unsigned site_week(const struct book *book, uint64_t site);

#endif
