/* json: strict reading of small JSON objects (RFC 8259), and writing.
 * Thread: any, one owner.  Reads with jsmn, whose leniencies are closed here:
 * one value and nothing behind it, grammar checked between tokens, UTF-8 and
 * escapes valid, no control characters, no repeated field, bounded depth and
 * count, so that hostile input costs bounded memory. */
#ifndef LAGNIAPPE_SERVER_JSON_H
#define LAGNIAPPE_SERVER_JSON_H

#include "server/buf.h"

#define JSON_TOKENS_MAX 512
#define JSON_DEPTH_MAX 8
#define JSON_FIELDS_MAX 64 /* of one object */
#define JSON_ERROR_MAX 200

enum json_type {
	JSON_NULL,
	JSON_FALSE,
	JSON_TRUE,
	JSON_NUMBER,
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT
};

/* A value, borrowed from the document. */
struct json_value {
	enum json_type type;
	struct lgp_view
	        raw; /* the text; of strings, what is between the quotes, escapes as they stand */
	int token;   /* private */
};

/* One document; large, so keep one per loop and use it again. */
struct json_document;
struct json_document *json_document_new(void); /* NULL: no memory */
void json_document_free(struct json_document *document);

/* Parses text as one object.  text must live as long as the values are used.
 * On failure false, and error says what is wrong and where ("at byte 17: …"). */
bool json_parse_object(struct json_document *document, struct lgp_view text,
                       char error[JSON_ERROR_MAX]);
/* The root's fields, in their order. */
size_t json_field_count(const struct json_document *document);
struct lgp_view json_field_name(const struct json_document *document, size_t i);
struct json_value json_field_value(const struct json_document *document, size_t i);
/* Elements of an array, fields of an inner object. False past the end. */
bool json_element(const struct json_document *document, struct json_value array, size_t i,
                  struct json_value *out);
bool json_member(const struct json_document *document, struct json_value object, size_t i,
                 struct lgp_view *name, struct json_value *out);

/* The string's bytes with escapes resolved, in out (room for max bytes).
 * False: longer than max, or it holds a control character (below U+0020, U+007F
 * to U+009F), a lone surrogate or U+0000.  allow_newline lets LF and TAB through. */
bool json_string(struct json_value value, char *out, size_t max, size_t *len, bool allow_newline);
/* Integers in minor units: a JSON integer, or a string of digits with an
 * optional '-'.  No fraction, exponent, leading zero, '+', or more than int64.
 * error says which of these it was. */
bool json_integer(struct json_value value, int64_t *out, char error[JSON_ERROR_MAX]);

/* The length of the well-formed UTF-8 character (RFC 3629) at ptr, 1 to 4; 0
 * when the next `left` bytes do not begin with one. */
unsigned json_utf8_length(const char *ptr, size_t left);

/* Writing.  Strings are escaped by RFC 8259 section 7; '<', '>', '&' too, as
 * \u003c …, so that an answer never becomes markup; bytes that are not UTF-8
 * become U+FFFD, so that an answer is always JSON. */
void json_write_string(struct buf *out, struct lgp_view text);
/* ,"name": with the comma where one is needed (after anything but '{', '[', ':', LF or the start). */
void json_write_name(struct buf *out, const char *name);
void json_write_text(struct buf *out, const char *name, struct lgp_view text);
void json_write_int(struct buf *out, const char *name, int64_t value);
void json_write_bool(struct buf *out, const char *name, bool value);
void json_write_time(struct buf *out, const char *name, int64_t time_us);
void json_write_date(struct buf *out, const char *name, int32_t days);
void json_write_base64(struct buf *out, const char *name, const void *bytes, size_t len);

#endif
