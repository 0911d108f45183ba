/* amount: money as people write it, to and from minor units.
 * Thread: any. */
#include "tools/lagniappe/amount.h"

#include <stdio.h>
#include <string.h>

static bool take(struct lgp_view *text, const char *prefix)
{
	size_t len = strlen(prefix);
	if (len == 0 || text->len < len || memcmp(text->ptr, prefix, len) != 0)
		return false;
	text->ptr += len;
	text->len -= len;
	return true;
}

static bool take_end(struct lgp_view *text, const char *suffix)
{
	size_t len = strlen(suffix);
	if (len == 0 || text->len < len || memcmp(text->ptr + text->len - len, suffix, len) != 0)
		return false;
	text->len -= len;
	return true;
}

#define NBSP "\xc2\xa0"
#define MINUS "\xe2\x88\x92" /* U+2212 */

static void trim(struct lgp_view *text)
{
	while (take(text, " ") || take(text, "\t") || take(text, NBSP))
		;
	while (take_end(text, " ") || take_end(text, "\t") || take_end(text, NBSP))
		;
}

/* A currency's sign or the unit's code, once, at either end. */
static void strip_currency(struct lgp_view *text, const char *code)
{
	const char *signs[] = {code, "£", "€", "$", "¥"};
	for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++)
		if (take(text, signs[i]) || take_end(text, signs[i]))
			break;
	trim(text);
}

/* Takes the signs off; false: two of them. */
static bool strip_sign(struct lgp_view *text, bool *negative)
{
	int signs = 0;
	*negative = false;
	if (text->len >= 2 && text->ptr[0] == '(' && take_end(text, ")")) {
		(void)take(text, "(");
		*negative = true;
		signs++;
	}
	trim(text);
	if (take(text, "-") || take(text, MINUS) || take_end(text, "-") || take_end(text, MINUS)) {
		*negative = true;
		signs++;
	} else if (take(text, "+")) {
		signs++;
	}
	trim(text);
	return signs <= 1;
}

static bool add_digit(int64_t *value, char digit)
{
	return !__builtin_mul_overflow(*value, 10, value) &&
	       !__builtin_add_overflow(*value, digit - '0', value);
}

/* The whole part: digits, or groups "1,234,567". */
static const char *parse_whole(struct lgp_view text, int64_t *value)
{
	size_t run = 0;
	bool grouped = false;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		if (c == ',') {
			if (run == 0 || run > 3 || (grouped && run != 3))
				return "its commas are not between groups of three digits";
			grouped = true;
			run = 0;
		} else if (c < '0' || c > '9') {
			return "it is not a number";
		} else if (!add_digit(value, c)) {
			return "it is too large";
		} else {
			run++;
		}
	}
	return grouped && run != 3 ? "its commas are not between groups of three digits" : NULL;
}

static const char *parse_decimals(struct lgp_view text, unsigned scale, int64_t *value)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			return "it is not a number";
	if (text.len > scale)
		return "it has more decimals than the unit";
	for (unsigned i = 0; i < scale; i++)
		if (!add_digit(value, i < text.len ? text.ptr[i] : '0'))
			return "it is too large";
	return NULL;
}

bool amount_parse(struct lgp_view text, unsigned scale, const char *code, int64_t *out,
                  const char **why)
{
	bool negative, more;
	int64_t value = 0;
	require(scale <= AMOUNT_SCALE_MAX);
	trim(&text);
	*why = "it is empty";
	if (text.len == 0)
		return false;
	/* The sign may stand before or behind the currency: "-£5", "£-5". */
	*why = "it has two signs";
	if (!strip_sign(&text, &negative))
		return false;
	strip_currency(&text, code);
	if (!strip_sign(&text, &more) || (negative && more))
		return false;
	const char *point = memchr(text.ptr, '.', text.len);
	size_t whole = point != NULL ? (size_t)(point - text.ptr) : text.len;
	struct lgp_view decimals = {text.ptr + whole, text.len - whole};
	*why = "it is not a number";
	if (whole == 0 || (take(&decimals, ".") && decimals.len == 0))
		return false;
	*why = parse_whole((struct lgp_view){text.ptr, whole}, &value);
	if (*why == NULL)
		*why = parse_decimals(decimals, scale, &value);
	*out = negative || more ? -value : value;
	return *why == NULL;
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
