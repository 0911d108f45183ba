/* kinds: what each kind of entry opens, names and moves: the auditor's own table.
 * Thread: any. */
#ifndef LAGNIAPPE_AUDIT_KINDS_H
#define LAGNIAPPE_AUDIT_KINDS_H

#include "lagniappe/entry.h"

enum kind_rule {
	KIND_OPENS = 1 << 0,   /* without LGP_FLAG_AMEND it opens what it is named after */
	KIND_DEFINES = 1 << 1, /* it changes a rule: later entries name it as policy */
	KIND_NOUN = 1 << 2,    /* it binds a definition (noun.h) */
	KIND_HOUSE = 1 << 3,   /* the house itself may be its actor */
	KIND_BACK = 1 << 4,    /* it also moves the other way: taken back, refunded */
};

/* The fields of an entry that name something. */
enum field {
	FIELD_NONE,
	FIELD_ACTOR,
	FIELD_STAFF,
	FIELD_CUSTOMER,
	FIELD_SITE,
	FIELD_BUDGET,
	FIELD_REASON,
	FIELD_TOUCHPOINT,
	FIELD_UNIT,
	FIELD_COUNT,
};

struct kind_info {
	enum lgp_kind kind;
	unsigned rules;
	enum field own;               /* where what it opens is named by its own number */
	enum lgp_class debit, credit; /* what it moves from and to; NONE: nothing */
	enum lgp_kind refers_to;      /* the kind that it must refer to; 0: any, or none */
};

/* NULL: a kind that this tool does not know. */
const struct kind_info *kind_info(enum lgp_kind kind);
/* The kind that an entry judges by: of a refusal, the one that was asked for. */
enum lgp_kind kind_meant(const struct lgp_entry *entry);
uint64_t field_value(const struct lgp_entry *entry, enum field field);
const char *field_name(enum field field);
/* Whether the field of this entry may name something of the kind. */
bool field_takes(const struct lgp_entry *entry, enum field field, enum lgp_kind kind);

#endif
