/* written_amount: see written_amount.h.  Thread: any. */
#include "tools/common/written_amount.h"

#include <string.h>

static const char *const blanks[] = {" ", "\t", "\xc2\xa0", "\xe2\x80\xaf", "\xe2\x80\x89"};
static const char *const minuses[] = {"-", "\xe2\x88\x92", "\xe2\x80\x93"}; /* U+2212, U+2013 */
static const char *const groupers[] = {
        " ", "\xc2\xa0", "\xe2\x80\xaf", "\xe2\x80\x89", "'", "\xe2\x80\x99", "_"};
/* Ways to write a currency that are neither one sign nor three capitals. */
static const char *const words[] = {"US$", "CA$", "AU$",       "NZ$",      "HK$", "R$",
                                    "Rs.", "Rs",  "kr.",       "kr",       "Fr.", "Fr",
                                    "Ft",  "lei", "z\xc5\x82", "K\xc4\x8d"};

#define COUNT(list) (sizeof(list) / sizeof(list)[0])

/* Bytes of the prefix at the text's start, 0 when it is not there. */
static size_t starts(struct lgp_view text, const char *prefix)
{
	size_t len = strlen(prefix);
	return text.len >= len && memcmp(text.ptr, prefix, len) == 0 ? len : 0;
}

static size_t ends(struct lgp_view text, const char *suffix)
{
	size_t len = strlen(suffix);
	return text.len >= len && memcmp(text.ptr + text.len - len, suffix, len) == 0 ? len : 0;
}

static size_t starts_any(struct lgp_view text, const char *const list[], size_t count)
{
	size_t len = 0;
	for (size_t i = 0; i < count && len == 0; i++)
		len = starts(text, list[i]);
	return len;
}

static size_t ends_any(struct lgp_view text, const char *const list[], size_t count)
{
	size_t len = 0;
	for (size_t i = 0; i < count && len == 0; i++)
		len = ends(text, list[i]);
	return len;
}

static bool cut_start(struct lgp_view *text, size_t len)
{
	text->ptr += len;
	text->len -= len;
	return len > 0;
}

static bool cut_end(struct lgp_view *text, size_t len)
{
	text->len -= len;
	return len > 0;
}

static void trim(struct lgp_view *text)
{
	while (cut_start(text, starts_any(*text, blanks, COUNT(blanks))))
		;
	while (cut_end(text, ends_any(*text, blanks, COUNT(blanks))))
		;
}

/* Bytes of the one currency sign at p: $, U+00A2 to U+00A5, U+20A0 to U+20CF. */
static size_t sign_at(struct lgp_view text)
{
	const unsigned char *p = (const unsigned char *)text.ptr;
	if (text.len >= 1 && p[0] == '$')
		return 1;
	if (text.len >= 2 && p[0] == 0xc2 && p[1] >= 0xa2 && p[1] <= 0xa5)
		return 2;
	bool other = text.len >= 3 && p[0] == 0xe2 &&
	             ((p[1] == 0x82 && p[2] >= 0xa0) || (p[1] == 0x83 && p[2] <= 0x8f));
	return other ? 3 : 0;
}

static bool is_capital(char c)
{
	return c >= 'A' && c <= 'Z';
}

static size_t code_at(struct lgp_view text)
{
	for (size_t i = 0; i < 3; i++)
		if (text.len < 3 || !is_capital(text.ptr[i]))
			return 0;
	return 3;
}

static size_t currency_at_start(struct lgp_view text, const char *own)
{
	size_t len = starts(text, own);
	if (len == 0)
		len = starts_any(text, words, COUNT(words));
	if (len == 0)
		len = code_at(text);
	return len > 0 ? len : sign_at(text);
}

static size_t currency_at_end(struct lgp_view text, const char *own)
{
	size_t len = ends(text, own);
	if (len == 0)
		len = ends_any(text, words, COUNT(words));
	for (size_t n = 3; n > 0 && len == 0; n--) {
		struct lgp_view tail = {text.ptr + text.len - n, n};
		if (text.len >= n && (sign_at(tail) == n || (n == 3 && code_at(tail) == n)))
			len = n;
	}
	return len;
}

static void note_currency(struct written_amount *amount, const char *text, size_t len)
{
	if (len > AMOUNT_CURRENCY_MAX || currency_is_code(amount->currency))
		return;
	memcpy(amount->currency, text, len);
	amount->currency[len] = '\0';
}

/* Takes currencies off both ends, a sign and a code at most. */
static void strip_currency(struct lgp_view *text, const char *own, struct written_amount *amount)
{
	size_t len = currency_at_start(*text, own);
	if (len > 0) {
		note_currency(amount, text->ptr, len);
		cut_start(text, len);
		trim(text);
	}
	len = currency_at_end(*text, own);
	if (len > 0) {
		note_currency(amount, text->ptr + text->len - len, len);
		cut_end(text, len);
		trim(text);
	}
}

/* Takes signs off: how many said "negative", or two where any contradict. */
static int strip_sign(struct lgp_view *text)
{
	int negative = 0;
	if (starts(*text, "(") > 0 && ends(*text, ")") > 0 && text->len > 2) {
		cut_start(text, 1);
		cut_end(text, 1);
		negative++;
		trim(text);
	}
	if (cut_start(text, starts_any(*text, minuses, COUNT(minuses))))
		negative++;
	else
		cut_start(text, starts(*text, "+"));
	if (cut_end(text, ends_any(*text, minuses, COUNT(minuses))))
		negative++;
	trim(text);
	return negative;
}

/* A bank's words: a credit is money that came back.  "IDR" is a currency. */
static int strip_side(struct lgp_view *text, const char *own)
{
	size_t credit = ends(*text, "CR"), len = credit + ends(*text, "DR");
	bool longer = text->len > len && is_capital(text->ptr[text->len - len - 1]);
	if (len == 0 || longer || ends(*text, own) > 0)
		return 0;
	cut_end(text, len);
	trim(text);
	return credit > 0;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Digits and marks alone; other things that part groups become blanks. */
static bool copy_body(struct lgp_view text, struct written_amount *amount)
{
	bool digits = false;
	while (text.len > 0) {
		char c = text.ptr[0];
		size_t len = 1;
		if (!is_digit(c) && c != '.' && c != ',') {
			len = starts_any(text, groupers, COUNT(groupers));
			c = ' ';
		}
		if (len == 0 || amount->len == AMOUNT_BODY_MAX)
			return false;
		digits |= is_digit(c);
		amount->body[amount->len++] = c;
		cut_start(&text, len);
	}
	return digits;
}

/* Digits and marks alone, as most amounts are: there is nothing to strip. */
static bool is_plain(struct lgp_view text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!is_digit(text.ptr[i]) && text.ptr[i] != '.' && text.ptr[i] != ',')
			return false;
	return text.len > 0;
}

bool amount_read(struct lgp_view text, const char *own, struct written_amount *out,
                 const char **why)
{
	*out = (struct written_amount){0};
	*why = "the amount is not a number";
	if (is_plain(text))
		return copy_body(text, out);
	trim(&text);
	*why = "there is no amount";
	if (text.len == 0)
		return false;
	/* The sign may stand before or behind the currency, or in it: "-£5", "£-5", "(£5)". */
	int negative = strip_side(&text, own) + strip_sign(&text);
	strip_currency(&text, own, out);
	negative += strip_sign(&text);
	*why = "the amount has two signs";
	if (negative > 1)
		return false;
	out->negative = negative == 1;
	*why = "the amount is not a number";
	return copy_body(text, out);
}

bool currency_is_code(const char *currency)
{
	return code_at(lgp_view_of(currency)) == strlen(currency) && currency[0] != '\0';
}

const char *currency_code(const char *currency)
{
	if (currency_is_code(currency))
		return currency;
	return strcmp(currency, "£") == 0 ? "GBP" : strcmp(currency, "€") == 0 ? "EUR" : "";
}

bool amount_is_in(const struct written_amount *amount, const char *unit)
{
	const char *code = currency_code(amount->currency);
	return code[0] == '\0' || strcmp(code, unit) == 0;
}

/* ---- Marks ------------------------------------------------------------------- */

static char mark_of(enum decimal_mark mark)
{
	return mark == DECIMAL_COMMA ? ',' : '.';
}

static size_t count_of(const struct written_amount *amount, char c)
{
	size_t count = 0;
	for (size_t i = 0; i < amount->len; i++)
		count += amount->body[i] == c;
	return count;
}

static size_t last_of(const struct written_amount *amount, char c)
{
	size_t at = amount->len;
	while (at > 0 && amount->body[at - 1] != c)
		at--;
	return at;
}

/* A mark that stands alone, as in "1,234": between groups, or before decimals? */
static bool could_group(const struct written_amount *amount, size_t at)
{
	size_t before = at - 1;
	return amount->len - at == 3 && before >= 1 && before <= 3 && amount->body[0] != '0' &&
	       count_of(amount, ' ') == 0;
}

enum decimal_mark amount_mark(const struct written_amount *amount, bool *ambiguous)
{
	size_t points = count_of(amount, '.'), commas = count_of(amount, ',');
	*ambiguous = false;
	if (points == 0 && commas == 0)
		return DECIMAL_UNKNOWN;
	if (points > 0 && commas > 0)
		return last_of(amount, '.') > last_of(amount, ',') ? DECIMAL_POINT : DECIMAL_COMMA;
	if (points + commas > 1) /* between groups, so the other one is the mark */
		return points > 0 ? DECIMAL_COMMA : DECIMAL_POINT;
	*ambiguous = could_group(amount, last_of(amount, points > 0 ? '.' : ','));
	if (*ambiguous)
		return DECIMAL_UNKNOWN;
	return points > 0 ? DECIMAL_POINT : DECIMAL_COMMA;
}

unsigned amount_decimals(const struct written_amount *amount, enum decimal_mark mark)
{
	size_t at = last_of(amount, mark_of(mark)), decimals = amount->len - at;
	if (at == 0)
		return 0;
	while (decimals > 2 && amount->body[at + decimals - 1] == '0')
		decimals--;
	return decimals == 1 ? 2 : (unsigned)decimals;
}

static bool add_digit(int64_t *value, char digit)
{
	return !__builtin_mul_overflow(*value, 10, value) &&
	       !__builtin_add_overflow(*value, digit - '0', value);
}

/* Digits in groups of three, the first may be shorter; or lakhs: groups of two
 * between the first and the last, which has three. */
static const char *whole_value(const char *body, size_t len, char mark, int64_t *value)
{
	static const char ungrouped[] = "the amount's digits are not in groups of three";
	char grouper = '\0';
	size_t run = 0, groups = 0, pairs = 0;
	for (size_t i = 0; i < len; i++) {
		char c = body[i];
		if (is_digit(c)) {
			if (!add_digit(value, c))
				return "the amount is too large";
			run++;
			continue;
		}
		if (c == mark || (grouper != '\0' && c != grouper))
			return ungrouped;
		if (run == 0 || run > 3 || (groups > 0 && run == 1))
			return ungrouped;
		pairs += groups > 0 && run == 2;
		grouper = c;
		groups++;
		run = 0;
	}
	bool even = pairs == 0 || pairs == groups - 1;
	return groups == 0 || (run == 3 && even) ? NULL : ungrouped;
}

static const char *decimals_value(const char *body, size_t len, unsigned scale, int64_t *value)
{
	for (size_t i = 0; i < len; i++) {
		if (!is_digit(body[i]))
			return "the amount is not a number";
		if (i >= scale && body[i] != '0')
			return "the amount has too many decimals";
	}
	for (unsigned i = 0; i < scale; i++)
		if (!add_digit(value, i < len ? body[i] : '0'))
			return "the amount is too large";
	return NULL;
}

bool amount_value(const struct written_amount *amount, enum decimal_mark mark, unsigned scale,
                  int64_t *out, const char **why)
{
	size_t at = last_of(amount, mark_of(mark));
	size_t whole = at > 0 ? at - 1 : amount->len;
	const char *decimals = amount->body + (at > 0 ? at : amount->len);
	int64_t value = 0;
	*why = whole_value(amount->body, whole, mark_of(mark), &value);
	if (*why == NULL)
		*why = decimals_value(decimals, at > 0 ? amount->len - at : 0, scale, &value);
	*out = amount->negative ? -value : value;
	return *why == NULL;
}
