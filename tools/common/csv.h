/* csv: records of a file of separated values, as real systems write them.
 * Thread: one owner.  Bounded memory, whatever the file's size.
 *
 * RFC 4180, and besides: ';', tab or '|' between fields, found in the file itself
 * or named by a first line "sep=;"; lines that end in LF, CR or CRLF; a byte order
 * mark; UTF-8, UTF-16 where its byte order mark says so, and windows-1252 for
 * fields that are not UTF-8; a quote inside an unquoted field; line breaks inside a
 * quoted one.  Lines without a character are passed over; a line of delimiters is a
 * record of empty fields. */
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
	CSV_FAULT, /* cannot go on */
};

struct csv_record {
	uint64_t line; /* of the record's first character; the first line is 1 */
	size_t count;
	struct lgp_view fields[CSV_FIELDS_MAX]; /* UTF-8; borrowed until the next read */
};

struct csv;

/* in: borrowed, at its start.  delimiter: '\0' to find it in the file.
 * NULL: no memory. */
struct csv *csv_new(FILE *in, char delimiter);
void csv_free(struct csv *csv);
LGP_MUST_USE enum csv_result csv_read(struct csv *csv, struct csv_record *out);
/* Of the last CSV_BAD or CSV_FAULT. */
const char *csv_error(const struct csv *csv);
char csv_delimiter(const struct csv *csv);
/* "UTF-8", "UTF-16LE" …: of the file so far. */
const char *csv_encoding(const struct csv *csv);
/* Bytes of the file read so far. */
uint64_t csv_position(const struct csv *csv);

/* Blanks at both ends, and the ="…" that keeps a spreadsheet from counting, cut off. */
struct lgp_view csv_trimmed(struct lgp_view cell);
/* In any case of letters, whatever blanks surround them. */
bool csv_same_heading(struct lgp_view cell, struct lgp_view wanted);
/* Whether no field from `first` on has anything in it. */
bool csv_is_blank(const struct csv_record *record, size_t first);

/* Writes one field of a comma-separated file, quoted where it must be. */
void csv_write_field(FILE *out, struct lgp_view field);
/* The fields from `first` on, without the line's end. */
void csv_write_fields(FILE *out, const struct csv_record *record, size_t first);

#endif
