/* written_date: see written_date.h.  Thread: any. */
#include "tools/common/written_date.h"

#include "lagniappe/codec.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static void cut(struct lgp_view *text, size_t len)
{
	text->ptr += len;
	text->len -= len;
}

static void trim(struct lgp_view *text)
{
	while (text->len > 0 && (text->ptr[0] == ' ' || text->ptr[0] == '\t'))
		cut(text, 1);
	while (text->len > 0 &&
	       (text->ptr[text->len - 1] == ' ' || text->ptr[text->len - 1] == '\t'))
		text->len--;
}

static bool take_char(struct lgp_view *text, char c)
{
	if (text->len == 0 || text->ptr[0] != c)
		return false;
	cut(text, 1);
	return true;
}

/* Up to most digits; hands back how many there were. */
static unsigned take_number(struct lgp_view *text, unsigned most, unsigned *out)
{
	unsigned n = 0;
	*out = 0;
	while (n < most && n < text->len && is_digit(text->ptr[n]))
		*out = *out * 10 + (unsigned)(text->ptr[n++] - '0');
	cut(text, n);
	return n;
}

/* "January", or its first three letters. */
static unsigned take_month(struct lgp_view *text)
{
	static const char *const names[] = {"January",   "February", "March",    "April",
	                                    "May",       "June",     "July",     "August",
	                                    "September", "October",  "November", "December"};
	for (unsigned i = 0; i < 12; i++) {
		size_t full = strlen(names[i]);
		if (text->len < 3 || strncasecmp(text->ptr, names[i], 3) != 0)
			continue;
		bool whole = text->len >= full && strncasecmp(text->ptr, names[i], full) == 0;
		cut(text, whole ? full : 3);
		return i + 1;
	}
	return 0;
}

/* ---- Times of day ------------------------------------------------------------ */

static int64_t take_fraction(struct lgp_view *text)
{
	int64_t us = 0, unit = 100000;
	if (!take_char(text, '.'))
		return 0;
	for (; text->len > 0 && is_digit(text->ptr[0]); cut(text, 1), unit /= 10)
		us += unit * (text->ptr[0] - '0');
	return us;
}

/* "am" and "pm" for an hour from 1 to 12. */
static bool take_half(struct lgp_view *text, unsigned *hour)
{
	while (take_char(text, ' '))
		;
	bool morning = text->len >= 2 && strncasecmp(text->ptr, "am", 2) == 0;
	bool evening = text->len >= 2 && strncasecmp(text->ptr, "pm", 2) == 0;
	if (!morning && !evening)
		return true;
	cut(text, 2);
	if (*hour < 1 || *hour > 12)
		return false;
	*hour = *hour % 12 + (evening ? 12 : 0);
	return true;
}

/* "Z", "+01:00", "-0500": said and dropped, the time stays the one on the wall. */
static void take_zone(struct lgp_view *text)
{
	unsigned ignored;
	if (take_char(text, 'Z') || !(take_char(text, '+') || take_char(text, '-')))
		return;
	take_number(text, 2, &ignored);
	take_char(text, ':');
	take_number(text, 2, &ignored);
}

bool time_read(struct lgp_view text, int64_t *time_us)
{
	unsigned hour, minute, second = 0;
	int64_t fraction = 0;
	trim(&text);
	if (take_number(&text, 2, &hour) == 0 || !take_char(&text, ':') ||
	    take_number(&text, 2, &minute) != 2)
		return false;
	if (take_char(&text, ':')) {
		if (take_number(&text, 2, &second) != 2)
			return false;
		fraction = take_fraction(&text);
	}
	if (!take_half(&text, &hour))
		return false;
	take_zone(&text);
	*time_us = ((int64_t)hour * 3600 + minute * 60 + second) * 1000000 + fraction;
	return text.len == 0 && hour < 24 && minute < 60 && second < 61;
}

/* ---- Days -------------------------------------------------------------------- */

/* "20160107": the year first, there is no other custom. */
static bool read_packed(struct lgp_view *text, struct written_date *out)
{
	for (size_t i = 0; i < 8; i++)
		if (text->len < 8 || !is_digit(text->ptr[i]))
			return false;
	if (text->len > 8 && is_digit(text->ptr[8]))
		return false;
	out->digits[0] = take_number(text, 4, &out->parts[0]);
	out->digits[1] = take_number(text, 2, &out->parts[1]);
	out->digits[2] = take_number(text, 2, &out->parts[2]);
	return true;
}

static bool read_part(struct lgp_view *text, struct written_date *out, unsigned i)
{
	out->digits[i] = take_number(text, 4, &out->parts[i]);
	if (out->digits[i] == 0)
		out->parts[i] = take_month(text);
	return out->digits[i] > 0 || out->parts[i] > 0;
}

static bool take_separator(struct lgp_view *text)
{
	bool any = false;
	while (text->len > 0 && strchr("/-. ,", text->ptr[0]) != NULL && text->ptr[0] != '\0') {
		any = true;
		cut(text, 1);
	}
	return any;
}

static bool read_parts(struct lgp_view *text, struct written_date *out)
{
	for (unsigned i = 0; i < 3; i++) {
		if (!read_part(text, out, i))
			return false;
		/* "7Jan2016" has nothing between its parts. */
		bool named = out->digits[i] == 0 || (text->len > 0 && text->ptr[0] >= 'A');
		if (i < 2 && !take_separator(text) && !named)
			return false;
	}
	return true;
}

bool date_read(struct lgp_view text, struct written_date *out)
{
	*out = (struct written_date){.time_us = DATE_NO_TIME};
	trim(&text);
	if (!read_packed(&text, out) && !read_parts(&text, out))
		return false;
	if (text.len == 0)
		return true;
	/* A time follows a blank or a T. */
	if (text.ptr[0] != ' ' && text.ptr[0] != 'T' && text.ptr[0] != ',')
		return false;
	cut(&text, 1);
	return time_read(text, &out->time_us);
}

static unsigned full_year(unsigned two_digits)
{
	return two_digits + (two_digits >= 69 ? 1900 : 2000);
}

/* The year that the part means; 0: it means none. */
static unsigned year_of(const struct written_date *date, unsigned i)
{
	if (date->digits[i] == 4)
		return date->parts[i];
	if (date->digits[i] == 2)
		return full_year(date->parts[i]);
	return 0;
}

/* Less work than printf, a million times. */
static void put_digits(char *out, unsigned count, unsigned number)
{
	for (; count > 0; number /= 10)
		out[--count] = (char)('0' + number % 10);
}

/* At most four digits of year and two of month and day. */
static bool days_of(unsigned year, unsigned month, unsigned day, int32_t *days)
{
	char iso[LGP_DATE_LEN] = "0000-00-00";
	put_digits(iso, 4, year);
	put_digits(iso + 5, 2, month);
	put_digits(iso + 8, 2, day);
	return lgp_date_parse((struct lgp_view){iso, sizeof iso}, days) == LGP_OK;
}

bool date_value(const struct written_date *date, enum date_order order, int32_t *days)
{
	static const struct {
		unsigned year, month, day;
	} places[] = {[DATE_YMD] = {0, 1, 2}, [DATE_DMY] = {2, 1, 0}, [DATE_MDY] = {2, 0, 1}};
	require(order != DATE_UNKNOWN);
	unsigned year = places[order].year, month = places[order].month, day = places[order].day;
	if (year_of(date, year) == 0 || date->digits[month] > 2 || date->digits[day] > 2 ||
	    date->digits[day] == 0)
		return false;
	return days_of(year_of(date, year), date->parts[month], date->parts[day], days);
}

enum date_order date_evident(const struct written_date *date)
{
	return date->digits[0] == 4 ? DATE_YMD : DATE_UNKNOWN;
}

/* ---- Orders ------------------------------------------------------------------ */

static const char *const order_texts[] = {
        [DATE_UNKNOWN] = "unknown",
        [DATE_YMD] = "year-month-day",
        [DATE_DMY] = "day/month/year",
        [DATE_MDY] = "month/day/year",
};

const char *date_order_text(enum date_order order)
{
	return order_texts[order];
}

/* 'y', 'm' or 'd' for what a directive stands for, '\0' for what names no part. */
static char part_of(char directive)
{
	if (strchr("Yy", directive) != NULL)
		return 'y';
	if (strchr("mbBh", directive) != NULL)
		return 'm';
	return strchr("de", directive) != NULL ? 'd' : '\0';
}

static enum date_order order_of_parts(const char *parts)
{
	static const char *const orders[] = {
	        [DATE_YMD] = "ymd", [DATE_DMY] = "dmy", [DATE_MDY] = "mdy"};
	for (enum date_order order = DATE_YMD; order <= DATE_MDY; order++)
		if (strcasecmp(parts, orders[order]) == 0)
			return order;
	return DATE_UNKNOWN;
}

/* "dmy" for "%d/%m/%Y": the parts that the format names, the first four or so. */
static void name_parts(const char *format, char parts[8])
{
	size_t count = 0;
	for (const char *p = format; *p != '\0' && count < 4; p++) {
		if (*p != '%')
			continue;
		p++;
		if (*p == '\0')
			break;
		if (*p == 'F')
			count += (size_t)snprintf(parts + count, 8 - count, "ymd");
		else if (part_of(*p) != '\0')
			parts[count++] = part_of(*p);
	}
	parts[count] = '\0';
}

enum date_order date_order_of(const char *format)
{
	char parts[8];
	for (enum date_order order = DATE_YMD; order <= DATE_MDY; order++)
		if (strcmp(format, order_texts[order]) == 0)
			return order;
	if (strchr(format, '%') == NULL)
		return order_of_parts(format);
	name_parts(format, parts);
	return order_of_parts(parts);
}

/* ---- Formats ----------------------------------------------------------------- */

struct civil {
	unsigned year, month, day;
};

static bool take_within(struct lgp_view *text, unsigned most)
{
	unsigned value;
	return take_number(text, 2, &value) > 0 && value <= most;
}

static bool take_directive(struct lgp_view *text, char directive, struct civil *out)
{
	switch (directive) {
	case 'e':
		(void)take_char(text, ' ');
		return take_number(text, 2, &out->day) > 0;
	case 'd':
		return take_number(text, 2, &out->day) > 0;
	case 'm':
		return take_number(text, 2, &out->month) > 0;
	case 'b':
	case 'h':
	case 'B':
		out->month = take_month(text);
		return out->month > 0;
	case 'Y':
		return take_number(text, 4, &out->year) == 4;
	case 'y':
		if (take_number(text, 2, &out->year) != 2)
			return false;
		out->year = full_year(out->year);
		return true;
	case 'F':
		return take_number(text, 4, &out->year) == 4 && take_char(text, '-') &&
		       take_number(text, 2, &out->month) == 2 && take_char(text, '-') &&
		       take_number(text, 2, &out->day) == 2;
	case 'H':
		return take_within(text, 23);
	case 'M':
		return take_within(text, 59);
	case 'S':
		return take_within(text, 60);
	case 'T':
		return take_within(text, 23) && take_char(text, ':') && take_within(text, 59) &&
		       take_char(text, ':') && take_within(text, 60);
	default:
		return take_char(text, directive);
	}
}

bool date_format_valid(const char *format)
{
	char parts[8];
	for (const char *p = format; *p != '\0'; p++)
		if (*p == '%' && (*++p == '\0' || strchr("deYymbhBFHMST%", *p) == NULL))
			return false;
	name_parts(format, parts);
	return strlen(parts) == 3 && strchr(parts, 'y') != NULL && strchr(parts, 'm') != NULL &&
	       strchr(parts, 'd') != NULL;
}

bool date_by_format(const char *format, struct lgp_view text, int32_t *days)
{
	struct civil date = {0};
	for (const char *p = format; *p != '\0'; p++)
		if (!(*p == '%' ? take_directive(&text, *++p, &date) : take_char(&text, *p)))
			return false;
	return text.len == 0 && days_of(date.year, date.month, date.day, days);
}
