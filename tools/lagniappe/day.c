/* day: dates as files write them, read by a format.
 * Thread: any. */
#include "tools/lagniappe/day.h"

#include "lagniappe/codec.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

struct parts {
	unsigned year, month, day;
};

/* Reads least to most digits. */
static bool take_number(struct lgp_view *text, size_t least, size_t most, unsigned *out)
{
	size_t n = 0;
	*out = 0;
	while (n < most && n < text->len && text->ptr[n] >= '0' && text->ptr[n] <= '9')
		*out = *out * 10 + (unsigned)(text->ptr[n++] - '0');
	text->ptr += n;
	text->len -= n;
	return n >= least;
}

static bool take_within(struct lgp_view *text, unsigned most)
{
	unsigned value;
	return take_number(text, 1, 2, &value) && value <= most;
}

/* "January", or its first three letters. */
static bool take_month(struct lgp_view *text, unsigned *month)
{
	static const char *const names[] = {"January",   "February", "March",    "April",
	                                    "May",       "June",     "July",     "August",
	                                    "September", "October",  "November", "December"};
	for (unsigned i = 0; i < 12; i++) {
		size_t full = strlen(names[i]);
		size_t len = text->len >= full && strncasecmp(text->ptr, names[i], full) == 0 ? full
		             : text->len >= 3 && strncasecmp(text->ptr, names[i], 3) == 0     ? 3
		                                                                              : 0;
		if (len > 0) {
			*month = i + 1;
			text->ptr += len;
			text->len -= len;
			return true;
		}
	}
	return false;
}

static bool take_literal(struct lgp_view *text, char c)
{
	if (text->len == 0 || text->ptr[0] != c)
		return false;
	text->ptr++;
	text->len--;
	return true;
}

static bool take_field(struct lgp_view *text, char directive, struct parts *parts)
{
	switch (directive) {
	case 'e':
		(void)take_literal(text, ' ');
		return take_number(text, 1, 2, &parts->day);
	case 'd':
		return take_number(text, 1, 2, &parts->day);
	case 'm':
		return take_number(text, 1, 2, &parts->month);
	case 'b':
	case 'h':
	case 'B':
		return take_month(text, &parts->month);
	case 'Y':
		return take_number(text, 4, 4, &parts->year);
	case 'y':
		if (!take_number(text, 2, 2, &parts->year))
			return false;
		parts->year += parts->year >= 69 ? 1900 : 2000;
		return true;
	case 'F':
		return take_number(text, 4, 4, &parts->year) && take_literal(text, '-') &&
		       take_number(text, 2, 2, &parts->month) && take_literal(text, '-') &&
		       take_number(text, 2, 2, &parts->day);
	case 'H':
		return take_within(text, 23);
	case 'M':
		return take_within(text, 59);
	case 'S':
		return take_within(text, 60);
	case 'T':
		return take_within(text, 23) && take_literal(text, ':') && take_within(text, 59) &&
		       take_literal(text, ':') && take_within(text, 60);
	default:
		return take_literal(text, directive);
	}
}

bool day_format_valid(const char *format)
{
	unsigned years = 0, months = 0, days = 0;
	for (const char *p = format; *p != '\0'; p++) {
		if (*p != '%')
			continue;
		p++;
		if (*p == '\0' || strchr("deYymbhBFHMST%", *p) == NULL)
			return false;
		years += strchr("YyF", *p) != NULL;
		months += strchr("mbhBF", *p) != NULL;
		days += strchr("deF", *p) != NULL;
	}
	return years == 1 && months == 1 && days == 1;
}

bool day_parse(const char *format, struct lgp_view text, int32_t *days)
{
	struct parts parts = {0};
	for (const char *p = format; *p != '\0'; p++) {
		bool taken = *p == '%' ? take_field(&text, *++p, &parts) : take_literal(&text, *p);
		if (!taken)
			return false;
	}
	char iso[32];
	int len = snprintf(iso, sizeof iso, "%04u-%02u-%02u", parts.year, parts.month, parts.day);
	return text.len == 0 && lgp_date_parse((struct lgp_view){iso, (size_t)len}, days) == LGP_OK;
}
