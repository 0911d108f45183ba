/* body: requests' JSON, decoded by tables of fields.  The same tables make the
 * schemas of /openapi.json, so that the two cannot drift.
 * Thread: tables for any; a struct body belongs to one loop. */
#ifndef LAGNIAPPE_SERVER_BODY_H
#define LAGNIAPPE_SERVER_BODY_H

#include "lagniappe/datadir.h"
#include "lagniappe/noun.h"
#include "server/json.h"

#define BODY_FIELDS_MAX 24
#define BODY_DETAIL_MAX 320

enum body_type {
	BODY_SLUG,
	BODY_CODE,
	BODY_INCIDENT,
	BODY_TEXT,    /* one line, min to max bytes of UTF-8 */
	BODY_WORDS,   /* the same with line breaks */
	BODY_INTEGER, /* min to max; a JSON integer or a string of digits */
	BODY_CHOICE,
	BODY_DATE,
	BODY_TIME,
	BODY_WHEN, /* a date or a time; text says which */
	BODY_CLOCK,
	BODY_ZONE,     /* a time zone that exists */
	BODY_REFS,     /* an array of slugs; decoded as "a,b,c" */
	BODY_CUSTOMER, /* a customer's id; decoded as its number */
	BODY_SUBJECT,  /* a member of staff or a customer; decoded as text */
	BODY_JSON,     /* any value, kept as it was written, up to max bytes */
};

enum body_rule {
	BODY_REQUIRED = 1 << 0,
	BODY_PERSONAL = 1 << 1,  /* never in the ledger, nor in a MAC that the house could test */
	BODY_CLEARABLE = 1 << 2, /* null takes the value away */
};

/* A name "a.b" is b in the object a. */
struct body_field {
	const char *name;
	enum body_type type;
	unsigned rules;
	const char *choices;
	int64_t min, max;
	const char *help;
};

struct body_table {
	const char *name; /* the schema's in /openapi.json */
	size_t count;
	const struct body_field *fields;
};

struct body_value {
	bool present, cleared;
	struct lgp_view text; /* decoded; of integers, the digits */
	int64_t number;       /* of integers, dates (days), times (µs), customers (number) */
};

struct body {
	struct body_value value[BODY_FIELDS_MAX]; /* in the order of the table */
	bool personal;                            /* a personal field is there */
	bool customer_unknown; /* a customer's id that was never given: UINT64_MAX */
	char field[32], detail[BODY_DETAIL_MAX]; /* what was wrong */
	char *scratch;                           /* owned: decoded text, until the next decode */
	size_t used, cap;
	struct json_document *json; /* borrowed, while decoding */
	struct lgp_idcipher *ids;
};

bool body_init(struct body *body); /* false: no memory */
void body_deinit(struct body *body);

/* Decodes text by the table.  partial: nothing is required (PATCH), and at least
 * one field must be there.
 * False: field and detail say what is wrong. */
bool body_decode(struct body *body, const struct body_table *table, bool partial,
                 struct json_document *json, struct lgp_idcipher *ids, struct lgp_view text);

/* The table by which a noun is registered, made from the noun's own.  Fields
 * that a request does not give are left out, the name of persons and a token's
 * own fields are added.  *index: for each field of the table, its place in the
 * noun's, or -1. */
const struct body_table *body_table_of(const struct lgp_noun *noun, const signed char **index);
/* Once, at start. */
void body_tables_start(void);

#endif
