/* noun: the things that a programme registers (unit, site, budget, reason,
 * touchpoint, staff, token, limit, delegation), and the canonical text that
 * defines each.
 * Thread: any.
 *
 * A definition is the payload of an entry: lines "field SP value LF" in the
 * order of the table below, absent fields left out, lists comma-separated,
 * nothing else.  The tables are the one description of a noun: requests are
 * read, answers written, and definitions judged by them. */
#ifndef LAGNIAPPE_NOUN_H
#define LAGNIAPPE_NOUN_H

#include "lagniappe/entry.h"

#define LGP_DEFINITION_MAX 4096 /* bytes of one definition */
#define LGP_TEXT_MAX 128        /* bytes of a name */
#define LGP_LIST_MAX 64         /* slugs in a list */
#define LGP_ZONE_MAX 64
#define LGP_NOUN_FIELDS_MAX 20

#define LGP_MEASURE_CHOICES "amount|count|incidents"
#define LGP_PER_CHOICES "grant|customer-incident|customer|staff|staff-customer|site|budget"
#define LGP_WINDOW_CHOICES "none|day|week|month|quarter|year|lifetime"
#define LGP_WHEN_PASSED_CHOICES "refuse|ask"
#define LGP_REVERSAL_CHOICES "amount|amount-and-count|nothing"
#define LGP_STAFF_REWARDS_CHOICES "not-self|not-each-other|any"

enum lgp_field_type {
	LGP_FIELD_SLUG,     /* [a-z0-9][a-z0-9._-]{0,31} */
	LGP_FIELD_CODE,     /* [A-Z][A-Z0-9._-]{0,31}: a unit's */
	LGP_FIELD_TEXT,     /* UTF-8 without control characters, 1 to LGP_TEXT_MAX bytes */
	LGP_FIELD_CHOICE,   /* one of choices */
	LGP_FIELD_NUMBER,   /* 0 to max */
	LGP_FIELD_DATE,     /* YYYY-MM-DD */
	LGP_FIELD_TIME,     /* RFC 3339, UTC, six digits of fraction */
	LGP_FIELD_WHEN,     /* a date, or a time as above */
	LGP_FIELD_CLOCK,    /* HH:MM */
	LGP_FIELD_ZONE,     /* an IANA name; whether it exists is the server's to ask */
	LGP_FIELD_REF,      /* the id of a noun */
	LGP_FIELD_REFS,     /* ids of nouns, distinct */
	LGP_FIELD_CUSTOMER, /* in the definition the number, in JSON the id */
	LGP_FIELD_HASH,     /* 64 hex digits */
};

enum lgp_field_rule {
	LGP_FIELD_REQUIRED = 1 << 0,
	LGP_FIELD_FIXED = 1 << 1,  /* cannot be amended */
	LGP_FIELD_SECRET = 1 << 2, /* never taken from a request nor answered */
};

/* A name "a.b" is b in the object a, in JSON. */
struct lgp_field {
	const char *name;
	enum lgp_field_type type;
	unsigned rules;
	const char *choices; /* "staff|manager" */
	enum lgp_kind noun;  /* of a reference */
	uint64_t max;
	const char *help;
};

struct lgp_noun {
	enum lgp_kind kind;
	const char *plural;   /* "budgets": the path below /v1/ */
	const char *id_field; /* "id" or "code"; NULL: named by number */
	bool personal_name;   /* has a name that is kept with the people, not here */
	const struct lgp_field *fields;
	size_t field_count;
};

/* NULL: that kind of entry defines no noun. */
const struct lgp_noun *lgp_noun_of(enum lgp_kind kind);
/* The i-th of all nouns, NULL past the end. */
const struct lgp_noun *lgp_noun_at(size_t i);

bool lgp_slug_valid(struct lgp_view text);
bool lgp_code_valid(struct lgp_view text);
bool lgp_incident_valid(struct lgp_view text); /* [A-Za-z0-9][A-Za-z0-9._-]{0,31} */

/* Whether value is of the field's form. */
bool lgp_field_valid(const struct lgp_field *field, struct lgp_view value);
/* The index of value among "a|b|c", or -1. */
int lgp_choice_index(const char *choices, struct lgp_view value);

/* The values of a definition, one a field of its noun, absent ones with ptr
 * NULL.  Borrowed from the text. */
struct lgp_definition {
	const struct lgp_noun *noun;
	struct lgp_view value[LGP_NOUN_FIELDS_MAX];
};

/* Strict: order, forms, no repeats.  whole: every required field is there; else
 * these are changes, in which an empty value takes an optional field away.
 * LGP_MALFORMED: lgp_fault_detail() names the field. */
LGP_MUST_USE enum lgp_status lgp_definition_parse(const struct lgp_noun *noun, struct lgp_view text,
                                                  bool whole, struct lgp_definition *out);
/* Writes the canonical text; returns its length, 0 when it is longer than
 * LGP_DEFINITION_MAX. */
size_t lgp_definition_format(const struct lgp_definition *definition, char out[LGP_DEFINITION_MAX]);
/* The field's value by name, ptr NULL when absent or unknown. */
struct lgp_view lgp_definition_get(const struct lgp_definition *definition, const char *field);
/* Which of "a|b|c" the field is, 0 when it is absent.  The definition was parsed, so
 * it is one of them (require()d). */
unsigned lgp_definition_choice(const struct lgp_definition *definition, const char *field,
                               const char *choices);
/* Splits "a,b,c": the next slug, advancing *list; false at the end. */
bool lgp_list_next(struct lgp_view *list, struct lgp_view *out);

#endif
