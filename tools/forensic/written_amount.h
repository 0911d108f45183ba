/* written_amount: amounts as files write them: "1,234.56", "1.234,56", "1 234,56",
 * "£12", "12.50 EUR", "-5", "5-", "(5.00)", "5.00 CR".
 * Thread: any.  Integers alone: no floating point anywhere.
 *
 * Whether a comma or a point is the decimal mark is a question of the whole file:
 * "1.234" alone does not say.  So amounts are read twice: a survey of all of them
 * decides, then each has a value. */
#ifndef LAGNIAPPE_FORENSIC_WRITTEN_AMOUNT_H
#define LAGNIAPPE_FORENSIC_WRITTEN_AMOUNT_H

#include "lagniappe/status.h"

#define AMOUNT_BODY_MAX 48    /* characters of digits and their marks */
#define AMOUNT_CURRENCY_MAX 8 /* bytes of a currency's sign or code */
#define AMOUNT_DECIMALS_MAX 6

enum decimal_mark { DECIMAL_UNKNOWN, DECIMAL_POINT, DECIMAL_COMMA };

struct written_amount {
	bool negative;
	/* Digits, '.', ',' and a blank for what else stands between groups. */
	char body[AMOUNT_BODY_MAX];
	size_t len;
	/* A sign "£" or a code "GBP"; "" none.  Of both the code. */
	char currency[AMOUNT_CURRENCY_MAX + 1];
};

/* False: it is no amount, *why is static. */
LGP_MUST_USE bool amount_read(struct lgp_view text, struct written_amount *out, const char **why);
/* The mark that the amount shows by itself, DECIMAL_UNKNOWN where it could be
 * either or has none; *ambiguous: it could be either. */
enum decimal_mark amount_mark(const struct written_amount *amount, bool *ambiguous);
/* Decimals that the amount needs: zeros at the end count up to the second, and
 * "12.5" has two, as money has. */
unsigned amount_decimals(const struct written_amount *amount, enum decimal_mark mark);
/* In minor units.  False: *why is static. */
LGP_MUST_USE bool amount_value(const struct written_amount *amount, enum decimal_mark mark,
                               unsigned scale, int64_t *out, const char **why);
/* A code of three capital letters, as opposed to a sign. */
bool currency_is_code(const char *currency);

/* What a file's amounts say together. */
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

#endif
