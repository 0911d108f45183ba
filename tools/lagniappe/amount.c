/* amount: money in a unit's own decimal places, to and from minor units.
 * Thread: any.  Stricter than written_amount, on which it stands, because what is
 * written into a ledger stays there. */
#include "tools/lagniappe/amount.h"

#include "tools/common/written_amount.h"

#include <stdio.h>
#include <string.h>

/* Of groups that amount_value takes; it takes pairs too. */
static bool in_threes(const char *whole, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((whole[i] == ',' || whole[i] == ' ') && (i + 3 >= len || whole[i + 3] < '0'))
			return false;
	return true;
}

/* What written_amount lets pass, and a ledger must not take; NULL: nothing. */
static const char *find_fault(const struct written_amount *amount, unsigned scale)
{
	const char *point = memchr(amount->body, '.', amount->len);
	size_t whole = point != NULL ? (size_t)(point - amount->body) : amount->len;
	size_t decimals = point != NULL ? amount->len - whole - 1 : 0;
	if (whole == 0 || (point != NULL && decimals == 0))
		return "the amount is not a number";
	if (!in_threes(amount->body, whole))
		return "the amount's digits are not in groups of three";
	return decimals > scale ? "the amount has more decimals than the unit" : NULL;
}

bool amount_parse(struct lgp_view text, unsigned scale, const char *code, int64_t *out,
                  const char **why)
{
	struct written_amount amount;
	require(scale <= AMOUNT_SCALE_MAX);
	if (!amount_read(text, code, &amount, why))
		return false;
	*why = amount_is_in(&amount, code) ? find_fault(&amount, scale)
	                                   : "the amount is in another currency";
	return *why == NULL && amount_value(&amount, DECIMAL_POINT, scale, out, why);
}

void amount_format(int64_t minor, unsigned scale, char out[AMOUNT_TEXT_MAX])
{
	char digits[AMOUNT_TEXT_MAX];
	uint64_t value = minor < 0 ? 0 - (uint64_t)minor : (uint64_t)minor;
	require(scale <= AMOUNT_SCALE_MAX);
	int len = snprintf(digits, sizeof digits, "%0*llu", (int)scale + 1,
	                   (unsigned long long)value);
	size_t whole = (size_t)len - scale, n = 0;
	if (minor < 0)
		out[n++] = '-';
	for (size_t i = 0; i < whole; i++) {
		if (i > 0 && (whole - i) % 3 == 0)
			out[n++] = ',';
		out[n++] = digits[i];
	}
	if (scale > 0) {
		out[n++] = '.';
		memcpy(out + n, digits + whole, scale);
		n += scale;
	}
	out[n] = '\0';
}
