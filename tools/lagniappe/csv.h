/* csv: records of a CSV file (RFC 4180), one after the other.
 * Thread: one owner.  Bounded memory, whatever the file's size.
 *
 * Takes what real files hold besides: a byte order mark, lines that end in LF,
 * CR or CRLF, a quote inside an unquoted field.  Fields that are not UTF-8 are
 * read as windows-1252, which holds Latin-1.  Lines without a single
 * character are passed over; a line of commas is a record of empty fields. */
#ifndef LAGNIAPPE_TOOLS_CSV_H
#define LAGNIAPPE_TOOLS_CSV_H

#include "lagniappe/status.h"

#include <stdio.h>

#define CSV_FIELDS_MAX 512
#define CSV_RECORD_MAX (1024 * 1024) /* bytes */

enum csv_result {
	CSV_RECORD,
	CSV_BAD, /* this record is not of the form, its fields are as far as it goes */
	CSV_END,
	CSV_FAULT, /* cannot go on: error says why */
};

struct csv_record {
	uint64_t line; /* of the record's first character; the first line is 1 */
	size_t count;
	struct lgp_view fields[CSV_FIELDS_MAX]; /* UTF-8; borrowed until the next read */
};

struct csv;

/* in: borrowed.  NULL: no memory. */
struct csv *csv_new(FILE *in);
void csv_free(struct csv *csv);
LGP_MUST_USE enum csv_result csv_read(struct csv *csv, struct csv_record *out);
/* Of the last CSV_BAD or CSV_FAULT. */
const char *csv_error(const struct csv *csv);
/* Bytes read so far. */
uint64_t csv_position(const struct csv *csv);

/* Writes one field, quoted where it must be. */
void csv_write_field(FILE *out, struct lgp_view field);

#endif
