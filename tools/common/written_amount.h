/* written_amount: amounts as files write them: "1,234.56", "1.234,56", "1 234,56",
 * "£12", "12.50 EUR", "-5", "5-", "(5.00)", "5.00 CR".
 * Thread: any.  Integers alone: no floating point anywhere.
 *
 * Whether a comma or a point is the decimal mark is a question of the whole file:
 * "1.234" alone does not say.  So an amount is read first, and has a value once its
 * mark is known. */
#ifndef LAGNIAPPE_TOOLS_WRITTEN_AMOUNT_H
#define LAGNIAPPE_TOOLS_WRITTEN_AMOUNT_H

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

/* own: a code that may stand as a currency does, whatever it looks like; "" none.
 * False: it is no amount, *why is static. */
LGP_MUST_USE bool amount_read(struct lgp_view text, const char *own, struct written_amount *out,
                              const char **why);
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
/* The code that the currency is known by: itself, or what its sign stands for
 * everywhere; "" where that may be several. */
const char *currency_code(const char *currency);
/* Whether the amount may be in the unit: it names no other currency. */
bool amount_is_in(const struct written_amount *amount, const char *unit);

#endif
