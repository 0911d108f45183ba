/* file_hours: spending outside the hours and days that the command line names, for
 * files alone: a ledger knows its sites' hours (ledger_hours.h).
 * Thread: one at a time. */
#ifndef LAGNIAPPE_FORENSIC_FILE_HOURS_H
#define LAGNIAPPE_FORENSIC_FILE_HOURS_H

#include "tools/forensic/tests.h"

#define FILE_HOURS_TEST "out-of-hours"
#define FILE_HOURS_TITLE "Outside the hours, or on a day off"

struct file_hours {
	bool hours, days_off;
	int32_t opens, closes; /* seconds behind midnight */
	bool off[7];           /* Sunday first */
};

/* Rows for the command's options: --opens, --closes, --days-off. */
extern const struct option_row file_hours_rows[];
/* False: error says why. */
LGP_MUST_USE bool file_hours_read(struct file_hours *hours, const struct options *given,
                                  char error[256]);
/* LGP_NO_MEMORY. */
LGP_MUST_USE enum lgp_status file_hours_run(const struct file_hours *hours,
                                            const struct spendings *spendings,
                                            const struct forensic_options *options,
                                            struct document *document,
                                            struct forensic_result *result);

#endif
