/* written_date: days and times as files write them: "07/01/2016", "2016-01-07",
 * "7 Jan 2016", "20160107", with a time of day behind them or not.
 * Thread: any.  No locale: months are English.
 *
 * Which number is the day and which the month is a question of the whole file:
 * "07/01/2016" alone does not say.  So dates are read twice, as amounts are. */
#ifndef LAGNIAPPE_FORENSIC_WRITTEN_DATE_H
#define LAGNIAPPE_FORENSIC_WRITTEN_DATE_H

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

/* What a file's dates say together: the first line that only one order reads. */
struct date_survey {
	uint64_t dmy_line, mdy_line, ambiguous_line;
};

void date_survey_add(struct date_survey *survey, const struct written_date *date, uint64_t line);
/* False: the dates do not say; error says which lines, and what to do. */
LGP_MUST_USE bool date_survey_order(const struct date_survey *survey, enum date_order *order,
                                    char error[256]);

#endif
