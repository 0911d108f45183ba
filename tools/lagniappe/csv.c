/* csv: records of a CSV file (RFC 4180), one after the other.
 * Thread: one owner.
 *
 * A record is read as raw bytes with the places where its fields end; then
 * each field is brought to UTF-8.  A byte of windows-1252 becomes at most three
 * of UTF-8, which bounds the second buffer. */
#include "tools/lagniappe/csv.h"

#include <stdlib.h>
#include <string.h>

#define CHUNK 65536

/* What a field may end with besides a byte. */
enum { END_OF_FILE = -1, TOO_LONG = -2, UNCLOSED = -3 };

struct csv {
	FILE *in;
	uint64_t line;     /* of the next byte */
	uint64_t position; /* bytes of the file before the chunk */
	size_t at, filled; /* in the chunk */
	size_t len;        /* of raw */
	size_t field_count;
	size_t ends[CSV_FIELDS_MAX]; /* into raw */
	char error[128];
	unsigned char chunk[CHUNK];
	char raw[CSV_RECORD_MAX];
	char text[3 * CSV_RECORD_MAX];
};

struct csv *csv_new(FILE *in)
{
	struct csv *csv = malloc(sizeof *csv);
	if (csv == NULL)
		return NULL;
	csv->in = in;
	csv->line = 1;
	csv->position = 0;
	csv->at = csv->filled = 0;
	csv->error[0] = '\0';
	return csv;
}

void csv_free(struct csv *csv)
{
	free(csv);
}

const char *csv_error(const struct csv *csv)
{
	return csv->error;
}

uint64_t csv_position(const struct csv *csv)
{
	return csv->position + csv->at;
}

static int peek_byte(struct csv *csv)
{
	if (csv->at == csv->filled) {
		csv->position += csv->filled;
		csv->at = 0;
		csv->filled = fread(csv->chunk, 1, CHUNK, csv->in);
		if (csv->filled == 0)
			return END_OF_FILE;
	}
	return csv->chunk[csv->at];
}

/* The next byte, a line's end as LF whatever it is in the file. */
static int next_byte(struct csv *csv)
{
	int c = peek_byte(csv);
	if (c == END_OF_FILE)
		return c;
	csv->at++;
	if (c == '\r') {
		if (peek_byte(csv) == '\n')
			csv->at++;
		c = '\n';
	}
	if (c == '\n')
		csv->line++;
	return c;
}

/* Steps over a byte order mark and empty lines. */
static void skip_to_record(struct csv *csv)
{
	int c = peek_byte(csv);
	if (csv->position == 0 && csv->at == 0 && csv->filled >= 3 &&
	    memcmp(csv->chunk, "\xef\xbb\xbf", 3) == 0) {
		csv->at = 3;
		c = peek_byte(csv);
	}
	while (c == '\n' || c == '\r') {
		next_byte(csv);
		c = peek_byte(csv);
	}
}

static bool keep(struct csv *csv, int c)
{
	if (csv->len == CSV_RECORD_MAX)
		return false;
	csv->raw[csv->len++] = (char)c;
	return true;
}

/* What stands between quotes, the first read already.  Hands back what follows
 * the closing one. */
static int read_quoted(struct csv *csv)
{
	for (;;) {
		int c = next_byte(csv);
		if (c == END_OF_FILE)
			return UNCLOSED;
		if (c == '"') {
			c = next_byte(csv);
			if (c != '"')
				return c;
		}
		if (!keep(csv, c))
			return TOO_LONG;
	}
}

static bool ends_field(int c)
{
	return c == ',' || c == '\n' || c < 0;
}

/* One field; hands back what it ends with. */
static int read_field(struct csv *csv, const char **bad)
{
	int c = next_byte(csv);
	if (c == '"') {
		c = read_quoted(csv);
		if (!ends_field(c))
			*bad = "text stands behind a closing quote";
	}
	while (!ends_field(c)) {
		if (!keep(csv, c))
			return TOO_LONG;
		c = next_byte(csv);
	}
	if (csv->field_count < CSV_FIELDS_MAX)
		csv->ends[csv->field_count++] = csv->len;
	else
		*bad = "the record has more than 512 fields";
	return c;
}

/* ---- Characters ----------------------------------------------------------- */

/* The length of the well-formed sequence at p (RFC 3629), 0 when it is none. */
static size_t utf8_length(const unsigned char *p, size_t len)
{
	if (p[0] < 0x80)
		return 1;
	size_t n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	if (p[0] < 0xc2 || p[0] > 0xf4 || n > len)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	bool overlong = (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xf0 && p[1] < 0x90);
	bool surrogate = p[0] == 0xed && p[1] > 0x9f;
	bool beyond = p[0] == 0xf4 && p[1] > 0x8f;
	return overlong || surrogate || beyond ? 0 : n;
}

static bool utf8_valid(const char *text, size_t len)
{
	for (size_t i = 0, n; i < len; i += n) {
		n = utf8_length((const unsigned char *)text + i, len - i);
		if (n == 0)
			return false;
	}
	return true;
}

/* Where windows-1252 differs from Latin-1: 0x80 to 0x9f.  The five bytes that
 * it leaves open become the replacement character. */
static const uint16_t windows_1252[32] = {
        0x20ac, 0xfffd, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
        0x2039, 0x0152, 0xfffd, 0x017d, 0xfffd, 0xfffd, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
        0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0xfffd, 0x017e, 0x0178,
};

static size_t put_character(char *out, unsigned char byte)
{
	unsigned c = byte >= 0x80 && byte < 0xa0 ? windows_1252[byte - 0x80] : byte;
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	out[0] = (char)(0xe0 | c >> 12);
	out[1] = (char)(0x80 | (c >> 6 & 0x3f));
	out[2] = (char)(0x80 | (c & 0x3f));
	return 3;
}

/* The raw field as UTF-8: itself where it is, else converted to *spare. */
static struct lgp_view as_utf8(const char *raw, size_t len, char **spare)
{
	if (utf8_valid(raw, len))
		return (struct lgp_view){raw, len};
	char *start = *spare;
	for (size_t i = 0; i < len; i++)
		*spare += put_character(*spare, (unsigned char)raw[i]);
	return (struct lgp_view){start, (size_t)(*spare - start)};
}

/* ---- Records --------------------------------------------------------------- */

static enum csv_result tell(struct csv *csv, enum csv_result result, const char *what)
{
	snprintf(csv->error, sizeof csv->error, "%s", what);
	return result;
}

enum csv_result csv_read(struct csv *csv, struct csv_record *out)
{
	const char *bad = NULL;
	int c;
	skip_to_record(csv);
	if (peek_byte(csv) == END_OF_FILE)
		return ferror(csv->in) ? tell(csv, CSV_FAULT, "the file cannot be read") : CSV_END;
	out->line = csv->line;
	csv->len = csv->field_count = 0;
	do
		c = read_field(csv, &bad);
	while (c == ',');
	if (ferror(csv->in))
		return tell(csv, CSV_FAULT, "the file cannot be read");
	if (c == TOO_LONG)
		return tell(csv, CSV_FAULT, "the record is longer than 1 MiB");
	if (c == UNCLOSED)
		return tell(csv, CSV_FAULT, "a quote opens in this record and never closes");
	char *spare = csv->text;
	out->count = csv->field_count;
	for (size_t i = 0, start = 0; i < csv->field_count; start = csv->ends[i++])
		out->fields[i] = as_utf8(csv->raw + start, csv->ends[i] - start, &spare);
	return bad != NULL ? tell(csv, CSV_BAD, bad) : CSV_RECORD;
}

void csv_write_field(FILE *out, struct lgp_view field)
{
	bool quoted = false;
	for (size_t i = 0; i < field.len; i++)
		quoted |= strchr("\",\r\n", field.ptr[i]) != NULL;
	if (!quoted) {
		fwrite(field.ptr, 1, field.len, out);
		return;
	}
	fputc('"', out);
	for (size_t i = 0; i < field.len; i++) {
		if (field.ptr[i] == '"')
			fputc('"', out);
		fputc(field.ptr[i], out);
	}
	fputc('"', out);
}
