/* written_date: days and times as files write them: "07/01/2016", "2016-01-07",
 * "7 Jan 2016", "20160107", with a time of day behind them or not.
 * Thread: any.  No locale: months are English.
 *
 * Which number is the day and which the month is a question of the whole file:
 * "07/01/2016" alone does not say.  So a date is read first, and is a day once the
 * order is known; or a format says all, and is held to. */
#ifndef LAGNIAPPE_TOOLS_WRITTEN_DATE_H
#define LAGNIAPPE_TOOLS_WRITTEN_DATE_H

#include "lagniappe/status.h"

#define DATE_NO_TIME (-1)

enum date_order { DATE_UNKNOWN, DATE_YMD, DATE_DMY, DATE_MDY };

struct written_date {
	unsigned parts[3], digits[3]; /* digits: 0 for a month's name */
	int64_t time_us;              /* since midnight, or DATE_NO_TIME */
};

/* False: it is no date. */
LGP_MUST_USE bool date_read(struct lgp_view text, struct written_date *out);
/* Days since 1970-01-01.  False: there is no such day in this order. */
LGP_MUST_USE bool date_value(const struct written_date *date, enum date_order order, int32_t *days);
/* A date that is of one order whatever the file's is: the year stands first, in
 * four digits. */
enum date_order date_evident(const struct written_date *date);

/* "10:11", "10:11:12.5", "3:45 pm", in microseconds since midnight. */
LGP_MUST_USE bool time_read(struct lgp_view text, int64_t *time_us);

/* The order of a --date-format: "%d/%m/%Y", "%F", "%d %b %y" …, or "dmy", "mdy",
 * "ymd", "day/month/year".  DATE_UNKNOWN: it names not each of the three once. */
enum date_order date_order_of(const char *format);
const char *date_order_text(enum date_order order);

/* Whether date_by_format reads the format: it names year, month and day once each.
 * %d %e day, %m month, %b %h %B month's name, %Y year, %y two-digit year (69 to 99
 * are 19xx), %F is %Y-%m-%d; %H %M %S %T a time of day, which is checked and
 * dropped; %% itself; all else stands for itself. */
LGP_MUST_USE bool date_format_valid(const char *format);
/* The whole text by a valid format, in days since 1970-01-01.  False: it is not such
 * a text, or there is no such day. */
LGP_MUST_USE bool date_by_format(const char *format, struct lgp_view text, int32_t *days);

#endif
