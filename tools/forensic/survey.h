/* survey: what all amounts and all dates of a file say together about their decimal
 * mark, their currency and the order of day and month.
 * Thread: any. */
#ifndef LAGNIAPPE_FORENSIC_SURVEY_H
#define LAGNIAPPE_FORENSIC_SURVEY_H

#include "tools/common/written_amount.h"
#include "tools/common/written_date.h"

struct amount_survey {
	uint64_t point_line, comma_line, ambiguous_line; /* the first of each; 0 none */
	unsigned decimals[3];                            /* by enum decimal_mark */
	/* The first sign and the first code, and a line that has another one. */
	struct currency_seen {
		char text[AMOUNT_CURRENCY_MAX + 1], other[AMOUNT_CURRENCY_MAX + 1];
		uint64_t line, other_line;
	} sign, code;
};

void amount_survey_add(struct amount_survey *survey, const struct written_amount *amount,
                       uint64_t line);
/* False: the amounts do not say; error says which lines, and what to do. */
LGP_MUST_USE bool amount_survey_mark(const struct amount_survey *survey, enum decimal_mark *mark,
                                     char error[256]);

/* The first line that only one order reads. */
struct date_survey {
	uint64_t dmy_line, mdy_line, ambiguous_line;
};

void date_survey_add(struct date_survey *survey, const struct written_date *date, uint64_t line);
/* False: the dates do not say; error says which lines, and what to do. */
LGP_MUST_USE bool date_survey_order(const struct date_survey *survey, enum date_order *order,
                                    char error[256]);

#endif
