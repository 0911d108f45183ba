/* csv: see csv.h.  Thread: one owner.
 *
 * A record is read as it is, with the places where its fields end; then each field
 * is brought to UTF-8.  A byte of windows-1252 becomes at most three of UTF-8,
 * which bounds the second buffer. */
#include "tools/common/csv.h"

#include "tools/common/encoding.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define CHUNK (2 * ENCODING_CHUNK)
#define LOOKED_AT 10 /* records that the delimiter is told by */

/* What a field may end with besides a byte. */
enum { END_OF_FILE = -1, TOO_LONG = -2, UNCLOSED = -3, NUL_BYTE = -4 };

struct csv {
	struct decoder decoder;
	char delimiter;
	bool foreign;      /* a field was windows-1252 */
	uint64_t line;     /* of the next byte */
	uint64_t before;   /* bytes of the file that the chunk begins behind */
	size_t at, filled; /* in the chunk */
	size_t len;        /* of raw */
	size_t field_count;
	size_t ends[CSV_FIELDS_MAX]; /* into raw */
	const char *error;           /* static */
	char chunk[CHUNK];
	char raw[CSV_RECORD_MAX];
	char text[3 * CSV_RECORD_MAX];
};

/* ---- The delimiter ----------------------------------------------------------- */

/* Fields of the record at *at in the chunk; *at is moved behind it. */
static size_t count_fields(const struct csv *csv, size_t *at, char delimiter)
{
	size_t fields = 1;
	bool quoted = false, fresh = true;
	for (; *at < csv->filled; (*at)++) {
		char c = csv->chunk[*at];
		if (c == '"')
			quoted = quoted ? false : fresh || csv->chunk[*at - 1] == '"';
		else if (!quoted && (c == '\n' || c == '\r'))
			break;
		fields += !quoted && c == delimiter;
		fresh = !quoted && c == delimiter;
	}
	while (*at < csv->filled && (csv->chunk[*at] == '\n' || csv->chunk[*at] == '\r'))
		(*at)++;
	return fields;
}

/* Fields of the first record, times how many of the next ones agree. */
static size_t delimiter_score(const struct csv *csv, char delimiter)
{
	size_t at = csv->at, agree = 1;
	size_t fields = count_fields(csv, &at, delimiter);
	for (unsigned i = 1; i < LOOKED_AT && at < csv->filled; i++)
		agree += count_fields(csv, &at, delimiter) == fields;
	return fields > 1 ? fields * agree : 0;
}

/* "sep=;", which some spreadsheets write and heed. */
static bool told_delimiter(struct csv *csv)
{
	const char *p = csv->chunk + csv->at;
	size_t len = csv->filled - csv->at;
	if (len < 6 || memcmp(p, "sep=", 4) != 0 || (p[5] != '\r' && p[5] != '\n'))
		return false;
	if (csv->delimiter == '\0' && (p[4] == '\t' || (p[4] >= ' ' && p[4] != '"')))
		csv->delimiter = p[4];
	csv->at += p[5] == '\r' && len > 6 && p[6] == '\n' ? 7 : 6;
	csv->line++;
	return true;
}

static void find_delimiter(struct csv *csv)
{
	static const char candidates[] = {',', ';', '\t', '|'};
	size_t best = 0;
	if (told_delimiter(csv) || csv->delimiter != '\0')
		return;
	csv->delimiter = ',';
	for (size_t i = 0; i < sizeof candidates; i++) {
		size_t score = delimiter_score(csv, candidates[i]);
		if (score > best) {
			best = score;
			csv->delimiter = candidates[i];
		}
	}
}

/* ---- Bytes ------------------------------------------------------------------- */

static void fill(struct csv *csv)
{
	csv->before = csv->decoder.bytes;
	csv->at = 0;
	csv->filled = decoder_read(&csv->decoder, csv->chunk);
}

struct csv *csv_new(FILE *in, char delimiter)
{
	struct csv *csv = malloc(sizeof *csv);
	if (csv == NULL)
		return NULL;
	decoder_init(&csv->decoder, in);
	csv->delimiter = delimiter;
	csv->foreign = false;
	csv->line = 1;
	csv->error = "";
	fill(csv);
	find_delimiter(csv);
	return csv;
}

void csv_free(struct csv *csv)
{
	free(csv);
}

static int peek_byte(struct csv *csv)
{
	if (csv->at == csv->filled) {
		fill(csv);
		if (csv->filled == 0)
			return END_OF_FILE;
	}
	return (unsigned char)csv->chunk[csv->at];
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
	return c == '\0' ? NUL_BYTE : c;
}

static bool keep(struct csv *csv, int c)
{
	if (csv->len == CSV_RECORD_MAX)
		return false;
	csv->raw[csv->len++] = (char)c;
	return true;
}

/* Keeps what stands in the chunk up to the next byte that means something. */
static void keep_run(struct csv *csv, char stop)
{
	const char *p = csv->chunk + csv->at;
	size_t room = CSV_RECORD_MAX - csv->len, len = csv->filled - csv->at, n = 0;
	if (len > room)
		len = room;
	while (n < len && p[n] != stop && p[n] != '\n' && p[n] != '\r' && p[n] != '\0')
		n++;
	memcpy(csv->raw + csv->len, p, n);
	csv->len += n;
	csv->at += n;
}

/* ---- Records ----------------------------------------------------------------- */

/* What stands between quotes, the first read already.  Hands back what follows
 * the closing one. */
static int read_quoted(struct csv *csv)
{
	for (;;) {
		keep_run(csv, '"');
		int c = next_byte(csv);
		if (c < 0)
			return c == END_OF_FILE ? UNCLOSED : c;
		if (c == '"') {
			c = next_byte(csv);
			if (c != '"')
				return c;
		}
		if (!keep(csv, c))
			return UNCLOSED;
	}
}

static bool ends_field(const struct csv *csv, int c)
{
	return c == (unsigned char)csv->delimiter || c == '\n' || c < 0;
}

/* One field; hands back what it ends with. */
static int read_field(struct csv *csv, const char **bad)
{
	int c = next_byte(csv);
	if (c == '"') {
		c = read_quoted(csv);
		if (!ends_field(csv, c))
			*bad = "text stands behind a closing quote";
	}
	while (!ends_field(csv, c)) {
		if (!keep(csv, c))
			return TOO_LONG;
		keep_run(csv, csv->delimiter);
		c = next_byte(csv);
	}
	if (csv->field_count < CSV_FIELDS_MAX)
		csv->ends[csv->field_count++] = csv->len;
	else
		*bad = "the record has more than 512 fields";
	return c;
}

static bool is_ascii(const char *text, size_t len)
{
	unsigned char any = 0;
	for (size_t i = 0; i < len; i++)
		any |= (unsigned char)text[i];
	return any < 0x80;
}

static struct lgp_view as_utf8(struct csv *csv, struct lgp_view raw, bool ascii, char **spare)
{
	if (ascii || text_is_utf8(raw))
		return raw;
	csv->foreign = true;
	return text_from_1252(raw, spare);
}

static enum csv_result tell(struct csv *csv, enum csv_result result, const char *what)
{
	csv->error = what;
	return result;
}

static const char *fault_text(const struct csv *csv, int c)
{
	if (ferror(csv->decoder.in))
		return "the file cannot be read";
	if (c == NUL_BYTE)
		return "it holds a NUL byte: it is no text, or UTF-16 without a byte order mark; "
		       "save it as CSV UTF-8";
	if (c == UNCLOSED)
		return "a quote opens in this record and never closes, or not within 1 MiB";
	return c == TOO_LONG ? "the record is longer than 1 MiB" : NULL;
}

enum csv_result csv_read(struct csv *csv, struct csv_record *out)
{
	const char *bad = NULL;
	int c = peek_byte(csv);
	while (c == '\n' || c == '\r') {
		next_byte(csv);
		c = peek_byte(csv);
	}
	out->line = csv->line;
	out->count = csv->len = csv->field_count = 0;
	if (c == END_OF_FILE && !ferror(csv->decoder.in))
		return CSV_END;
	do
		c = read_field(csv, &bad);
	while (c == (unsigned char)csv->delimiter);
	if (fault_text(csv, c) != NULL)
		return tell(csv, CSV_FAULT, fault_text(csv, c));
	char *spare = csv->text;
	bool ascii = is_ascii(csv->raw, csv->len);
	out->count = csv->field_count;
	for (size_t i = 0, start = 0; i < csv->field_count; start = csv->ends[i++])
		out->fields[i] =
		        as_utf8(csv, (struct lgp_view){csv->raw + start, csv->ends[i] - start},
		                ascii, &spare);
	return bad != NULL ? tell(csv, CSV_BAD, bad) : CSV_RECORD;
}

const char *csv_error(const struct csv *csv)
{
	return csv->error;
}

uint64_t csv_position(const struct csv *csv)
{
	/* UTF-16 grows or shrinks as it is decoded: the share of the chunk tells. */
	uint64_t chunk = csv->decoder.bytes - csv->before;
	return csv->before + (csv->filled > 0 ? chunk * csv->at / csv->filled : chunk);
}

char csv_delimiter(const struct csv *csv)
{
	return csv->delimiter;
}

const char *csv_encoding(const struct csv *csv)
{
	static const char *const names[] = {
	        [ENCODING_BYTES] = "UTF-8",
	        [ENCODING_UTF8] = "UTF-8",
	        [ENCODING_UTF16LE] = "UTF-16LE",
	        [ENCODING_UTF16BE] = "UTF-16BE",
	};
	return csv->foreign ? "windows-1252" : names[csv->decoder.encoding];
}

/* ---- Cells ------------------------------------------------------------------- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

struct lgp_view csv_trimmed(struct lgp_view cell)
{
	for (;;) {
		if (cell.len > 0 && is_blank(cell.ptr[0])) {
			cell.ptr++;
			cell.len--;
		} else if (cell.len > 0 && is_blank(cell.ptr[cell.len - 1])) {
			cell.len--;
		} else if (cell.len >= 2 && memcmp(cell.ptr + cell.len - 2, "\xc2\xa0", 2) == 0) {
			cell.len -= 2;
		} else {
			break;
		}
	}
	if (cell.len >= 3 && cell.ptr[0] == '=' && cell.ptr[1] == '"' &&
	    cell.ptr[cell.len - 1] == '"')
		return (struct lgp_view){cell.ptr + 2, cell.len - 3};
	return cell;
}

bool csv_same_heading(struct lgp_view cell, struct lgp_view wanted)
{
	cell = csv_trimmed(cell);
	wanted = csv_trimmed(wanted);
	return cell.len == wanted.len && strncasecmp(cell.ptr, wanted.ptr, cell.len) == 0;
}

bool csv_is_blank(const struct csv_record *record, size_t first)
{
	for (size_t i = first; i < record->count; i++)
		if (csv_trimmed(record->fields[i]).len > 0)
			return false;
	return true;
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

void csv_write_fields(FILE *out, const struct csv_record *record, size_t first)
{
	for (size_t i = first; i < record->count; i++) {
		if (i > first)
			fputc(',', out);
		csv_write_field(out, record->fields[i]);
	}
}
