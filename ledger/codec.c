/* codec: text forms of bytes, numbers and dates, canonical only.
 * Thread: any.  No state.
 * Sources: RFC 4648 (base64, base32, hexadecimal), RFC 3339 (dates and times). */
#include "lagniappe/codec.h"

#include <string.h>

/* --- base64 ------------------------------------------------------------- */

/* Two characters for every 12 bits: receipts are encoded on each reply, and
 * this halves the look-ups.  A row is one first character with all 64 second
 * ones, so the table is linear in the 12 bits. */
/* clang-format off */
#define ROW(c)                                                                                     \
	c "A" c "B" c "C" c "D" c "E" c "F" c "G" c "H" c "I" c "J" c "K" c "L" c "M" c "N" c "O"  \
	c "P" c "Q" c "R" c "S" c "T" c "U" c "V" c "W" c "X" c "Y" c "Z" c "a" c "b" c "c" c "d"  \
	c "e" c "f" c "g" c "h" c "i" c "j" c "k" c "l" c "m" c "n" c "o" c "p" c "q" c "r" c "s"  \
	c "t" c "u" c "v" c "w" c "x" c "y" c "z" c "0" c "1" c "2" c "3" c "4" c "5" c "6" c "7"  \
	c "8" c "9" c "+" c "/"

static const char base64_pairs[2 * 64 * 64 + 1] =
	ROW("A") ROW("B") ROW("C") ROW("D") ROW("E") ROW("F") ROW("G") ROW("H")
	ROW("I") ROW("J") ROW("K") ROW("L") ROW("M") ROW("N") ROW("O") ROW("P")
	ROW("Q") ROW("R") ROW("S") ROW("T") ROW("U") ROW("V") ROW("W") ROW("X")
	ROW("Y") ROW("Z") ROW("a") ROW("b") ROW("c") ROW("d") ROW("e") ROW("f")
	ROW("g") ROW("h") ROW("i") ROW("j") ROW("k") ROW("l") ROW("m") ROW("n")
	ROW("o") ROW("p") ROW("q") ROW("r") ROW("s") ROW("t") ROW("u") ROW("v")
	ROW("w") ROW("x") ROW("y") ROW("z") ROW("0") ROW("1") ROW("2") ROW("3")
	ROW("4") ROW("5") ROW("6") ROW("7") ROW("8") ROW("9") ROW("+") ROW("/");
#undef ROW
/* clang-format on */

static void put_pair(char *out, uint64_t bits12)
{
	memcpy(out, base64_pairs + 2 * bits12, 2);
}

size_t lgp_base64_encode(char *out, const void *bytes, size_t len)
{
	const uint8_t *in = bytes;
	char *at = out;
	/* Eight bytes are read at once, six of them taken. */
	for (; len >= 8; len -= 6, in += 6, at += 8) {
		uint64_t bits = lgp_get_be(in, 8);
		put_pair(at, bits >> 52);
		put_pair(at + 2, bits >> 40 & 0xfff);
		put_pair(at + 4, bits >> 28 & 0xfff);
		put_pair(at + 6, bits >> 16 & 0xfff);
	}
	for (; len >= 3; len -= 3, in += 3, at += 4) {
		unsigned bits = (unsigned)in[0] << 16 | (unsigned)in[1] << 8 | in[2];
		put_pair(at, bits >> 12);
		put_pair(at + 2, bits & 0xfff);
	}
	if (len == 0)
		return (size_t)(at - out);
	unsigned bits = (unsigned)in[0] << 16 | (len == 2 ? (unsigned)in[1] << 8 : 0);
	put_pair(at, bits >> 12);
	put_pair(at + 2, bits & 0xfff);
	if (len == 1)
		at[2] = '=';
	at[3] = '=';
	return (size_t)(at - out) + 4;
}

/* The six bits that a character stands for, 64 or more if it is none. */
static unsigned base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (unsigned)(c - 'A');
	if (c >= 'a' && c <= 'z')
		return (unsigned)(c - 'a') + 26;
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0') + 52;
	return c == '+' ? 62 : c == '/' ? 63 : 64;
}

/* Decodes four characters, of which the last `padding` are '='.  False when one
 * is not of the alphabet, or when bits that the padding cuts off are set. */
static bool base64_group(const char text[4], unsigned padding, uint8_t out[3])
{
	unsigned bits = 0;
	for (unsigned i = 0; i < 4; i++) {
		unsigned value = i + padding < 4 ? base64_value(text[i]) : 0;
		if (value > 63)
			return false;
		bits = bits << 6 | value;
	}
	lgp_put_be(out, bits, 3);
	return (bits & ((1u << (8 * padding)) - 1)) == 0;
}

enum lgp_status lgp_base64_decode(struct lgp_view text, void *out, size_t max, size_t *len)
{
	if (text.len % 4 != 0)
		return lgp_fault(LGP_MALFORMED, "base64 of %zu characters, not a multiple of 4",
		                 text.len);
	unsigned padding = 0;
	if (text.len > 0)
		padding = text.ptr[text.len - 1] != '=' ? 0 : text.ptr[text.len - 2] != '=' ? 1 : 2;
	size_t total = text.len / 4 * 3 - padding;
	if (total > max)
		return lgp_fault(LGP_MALFORMED, "base64 of %zu bytes where %zu are taken", total,
		                 max);
	uint8_t *to = out;
	for (size_t at = 0; at < text.len; at += 4) {
		bool last = at + 4 == text.len;
		unsigned cut = last ? padding : 0;
		uint8_t group[3];
		if (!base64_group(text.ptr + at, cut, group))
			return lgp_fault(LGP_MALFORMED, "base64 is not canonical at character %zu",
			                 at);
		memcpy(to + at / 4 * 3, group, 3 - cut);
	}
	*len = total;
	return LGP_OK;
}

/* --- hexadecimal -------------------------------------------------------- */

void lgp_hex_encode(char *out, const void *bytes, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *in = bytes;
	for (size_t i = 0; i < len; i++) {
		out[2 * i] = digits[in[i] >> 4];
		out[2 * i + 1] = digits[in[i] & 15];
	}
}

static unsigned hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 16;
}

enum lgp_status lgp_hex_decode(struct lgp_view text, void *out, size_t len)
{
	if (text.len % 2 != 0 || text.len / 2 != len)
		return lgp_fault(LGP_MALFORMED, "%zu hexadecimal digits where %zu are taken",
		                 text.len, 2 * len);
	uint8_t *to = out;
	for (size_t i = 0; i < len; i++) {
		unsigned high = hex_value(text.ptr[2 * i]), low = hex_value(text.ptr[2 * i + 1]);
		if (high > 15 || low > 15)
			return lgp_fault(LGP_MALFORMED, "no lower-case hexadecimal at digit %zu",
			                 2 * i);
		to[i] = (uint8_t)(high << 4 | low);
	}
	return LGP_OK;
}

/* --- base32 ------------------------------------------------------------- */

static const char base32_alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
/* Where a character stands in the alphabet, from 1; 0: not in it. */
static const uint8_t base32_places[256] = {
        ['a'] = 1,  ['b'] = 2,  ['c'] = 3,  ['d'] = 4,  ['e'] = 5,  ['f'] = 6,  ['g'] = 7,
        ['h'] = 8,  ['i'] = 9,  ['j'] = 10, ['k'] = 11, ['l'] = 12, ['m'] = 13, ['n'] = 14,
        ['o'] = 15, ['p'] = 16, ['q'] = 17, ['r'] = 18, ['s'] = 19, ['t'] = 20, ['u'] = 21,
        ['v'] = 22, ['w'] = 23, ['x'] = 24, ['y'] = 25, ['z'] = 26, ['2'] = 27, ['3'] = 28,
        ['4'] = 29, ['5'] = 30, ['6'] = 31, ['7'] = 32,
};

/* Three groups of 5 bytes are 8 characters each; the 16th byte takes two more,
 * the last two bits of which are zero. */
void lgp_base32_encode16(char out[LGP_BASE32_ID_LEN], const uint8_t bytes[16])
{
	for (unsigned group = 0; group < 3; group++) {
		uint64_t bits = lgp_get_be(bytes + 5 * group, 5);
		for (unsigned i = 0; i < 8; i++)
			out[8 * group + i] = base32_alphabet[bits >> (35 - 5 * i) & 31];
	}
	out[24] = base32_alphabet[bytes[15] >> 3];
	out[25] = base32_alphabet[(bytes[15] & 7) << 2];
}

/* The five bits that a character stands for, all 32 bits set if it is none. */
static unsigned base32_value(char c)
{
	return base32_places[(unsigned char)c] - 1u;
}

enum lgp_status lgp_base32_decode16(struct lgp_view text, uint8_t out[16])
{
	if (text.len != LGP_BASE32_ID_LEN)
		return lgp_fault(LGP_MALFORMED, "%zu base32 characters where %d are taken",
		                 text.len, LGP_BASE32_ID_LEN);
	unsigned none = 0; /* has 32 set when a character is none of the alphabet */
	for (unsigned group = 0; group < 3; group++) {
		uint64_t bits = 0;
		for (unsigned i = 0; i < 8; i++) {
			unsigned value = base32_value(text.ptr[8 * group + i]);
			none |= value;
			bits = bits << 5 | value;
		}
		lgp_put_be(out + 5 * group, bits, 5);
	}
	unsigned high = base32_value(text.ptr[24]), low = base32_value(text.ptr[25]);
	out[15] = (uint8_t)(high << 3 | low >> 2);
	if (((none | high | low) & 32) != 0)
		return lgp_fault(LGP_MALFORMED, "a character is not of lower-case base32");
	if ((low & 3) != 0)
		return lgp_fault(LGP_MALFORMED, "base32 is not canonical at its last character");
	return LGP_OK;
}

/* --- decimals ----------------------------------------------------------- */

enum lgp_status lgp_decimal_parse(struct lgp_view text, uint64_t *out)
{
	if (text.len == 0 || (text.len > 1 && text.ptr[0] == '0'))
		return lgp_fault(LGP_MALFORMED, text.len == 0 ? "a number is empty"
		                                              : "a number has a leading zero");
	uint64_t value = 0;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		if (c < '0' || c > '9')
			return lgp_fault(LGP_MALFORMED, "a number has no digit at character %zu",
			                 i);
		if (__builtin_mul_overflow(value, (uint64_t)10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(c - '0'), &value))
			return lgp_fault(LGP_MALFORMED, "a number does not fit into 64 bits");
	}
	*out = value;
	return LGP_OK;
}

/* Two digits of a number below 100. */
static void two_digits_put(char out[2], unsigned value)
{
	static const char digits[] = "00010203040506070809"
	                             "10111213141516171819"
	                             "20212223242526272829"
	                             "30313233343536373839"
	                             "40414243444546474849"
	                             "50515253545556575859"
	                             "60616263646566676869"
	                             "70717273747576777879"
	                             "80818283848586878889"
	                             "90919293949596979899";
	memcpy(out, digits + 2 * value, 2);
}

size_t lgp_decimal_format(char out[20], uint64_t value)
{
	char digits[20];
	size_t at = sizeof digits;
	for (; value >= 100; value /= 100)
		two_digits_put(digits + (at -= 2), (unsigned)(value % 100));
	if (value >= 10)
		two_digits_put(digits + (at -= 2), (unsigned)value);
	else
		digits[--at] = (char)('0' + value);
	memcpy(out, digits + at, sizeof digits - at);
	return sizeof digits - at;
}

/* --- dates and times ---------------------------------------------------- */

#define DAYS_IN_400_YEARS 146097
#define DAYS_TO_1970 719468 /* from 0000-03-01 */
#define DAY_FIRST (-719162) /* 0001-01-01 */
#define DAY_LAST 2932896    /* 9999-12-31 */
#define US_PER_SECOND 1000000
#define US_PER_DAY (INT64_C(86400) * US_PER_SECOND)

struct civil {
	unsigned year, month, day; /* month and day from 1 */
};

/* Years are counted from March here, so that the leap day is a year's last;
 * (153 m + 2) / 5 is the number of days before month m of such a year. */
static int32_t days_from_civil(struct civil date)
{
	unsigned march_month = (date.month + 9) % 12;
	unsigned year = date.year - (date.month <= 2);
	unsigned days = 365 * year + year / 4 - year / 100 + year / 400 +
	                (153 * march_month + 2) / 5 + date.day - 1;
	return (int32_t)days - DAYS_TO_1970;
}

static struct civil civil_from_days(int32_t days)
{
	unsigned since = (unsigned)(days + DAYS_TO_1970);
	unsigned era = since / DAYS_IN_400_YEARS, in_era = since % DAYS_IN_400_YEARS;
	/* Takes the leap days out, so that 365 divides what is left. */
	unsigned year = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
	unsigned in_year = in_era - (365 * year + year / 4 - year / 100);
	unsigned march_month = (5 * in_year + 2) / 153;
	unsigned month = march_month < 10 ? march_month + 3 : march_month - 9;
	return (struct civil){
	        .year = 400 * era + year + (month <= 2),
	        .month = month,
	        .day = in_year - (153 * march_month + 2) / 5 + 1,
	};
}

static unsigned days_in_month(unsigned year, unsigned month)
{
	static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	return month == 2 && leap ? 29 : days[month - 1];
}

/* Fixed-width digits; false when one is none. */
static bool digits_parse(const char *text, unsigned count, unsigned *out)
{
	unsigned value = 0;
	for (unsigned i = 0; i < count; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		value = value * 10 + (unsigned)(text[i] - '0');
	}
	*out = value;
	return true;
}

enum lgp_status lgp_date_parse(struct lgp_view text, int32_t *days)
{
	struct civil date;
	const char *at = text.ptr;
	if (text.len != LGP_DATE_LEN || at[4] != '-' || at[7] != '-' ||
	    !digits_parse(at, 4, &date.year) || !digits_parse(at + 5, 2, &date.month) ||
	    !digits_parse(at + 8, 2, &date.day))
		return lgp_fault(LGP_MALFORMED, "a date is not of the form YYYY-MM-DD");
	if (date.year < 1 || date.month < 1 || date.month > 12 || date.day < 1 ||
	    date.day > days_in_month(date.year, date.month))
		return lgp_fault(LGP_MALFORMED, "there is no date %.10s", at);
	*days = days_from_civil(date);
	return LGP_OK;
}

void lgp_date_format(char out[LGP_DATE_LEN], int32_t days)
{
	require(days >= DAY_FIRST && days <= DAY_LAST);
	struct civil date = civil_from_days(days);
	two_digits_put(out, date.year / 100);
	two_digits_put(out + 2, date.year % 100);
	out[4] = '-';
	two_digits_put(out + 5, date.month);
	out[7] = '-';
	two_digits_put(out + 8, date.day);
}

/* ".d" to ".dddddd" and 'Z', or 'Z' alone. */
static bool fraction_parse(const char *text, size_t len, unsigned *us)
{
	*us = 0;
	if (len == 0 || text[len - 1] != 'Z')
		return false;
	if (len == 1)
		return true;
	unsigned count = (unsigned)(len - 2);
	if (text[0] != '.' || len < 3 || len > 8 || !digits_parse(text + 1, count, us))
		return false;
	for (; count < 6; count++)
		*us *= 10;
	return true;
}

enum lgp_status lgp_time_parse(struct lgp_view text, int64_t *time_us)
{
	static const char form[] = "a time is not of the form YYYY-MM-DDTHH:MM:SS.uuuuuuZ";
	const char *at = text.ptr;
	unsigned hour, minute, second, us;
	if (text.len < 20 || text.len > LGP_TIME_LEN || at[10] != 'T' || at[13] != ':' ||
	    at[16] != ':' || !digits_parse(at + 11, 2, &hour) ||
	    !digits_parse(at + 14, 2, &minute) || !digits_parse(at + 17, 2, &second) ||
	    !fraction_parse(at + 19, text.len - 19, &us))
		return lgp_fault(LGP_MALFORMED, form);
	int32_t days = 0;
	enum lgp_status status = lgp_date_parse((struct lgp_view){at, LGP_DATE_LEN}, &days);
	if (status != LGP_OK)
		return status;
	if (hour > 23 || minute > 59 || second > 59)
		return lgp_fault(LGP_MALFORMED, "there is no time of day %.8s", at + 11);
	int64_t seconds = (int64_t)(hour * 3600 + minute * 60 + second);
	*time_us = days * US_PER_DAY + seconds * US_PER_SECOND + us;
	return LGP_OK;
}

void lgp_time_format(char out[LGP_TIME_LEN], int64_t time_us)
{
	int64_t days = time_us / US_PER_DAY, us = time_us % US_PER_DAY;
	if (us < 0) {
		days--;
		us += US_PER_DAY;
	}
	require(days >= DAY_FIRST && days <= DAY_LAST);
	unsigned second = (unsigned)(us / US_PER_SECOND), fraction = (unsigned)(us % US_PER_SECOND);
	lgp_date_format(out, (int32_t)days);
	out[10] = 'T';
	two_digits_put(out + 11, second / 3600);
	out[13] = ':';
	two_digits_put(out + 14, second / 60 % 60);
	out[16] = ':';
	two_digits_put(out + 17, second % 60);
	out[19] = '.';
	two_digits_put(out + 20, fraction / 10000);
	two_digits_put(out + 22, fraction / 100 % 100);
	two_digits_put(out + 24, fraction % 100);
	out[26] = 'Z';
}
