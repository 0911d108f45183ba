/* programme: who works where, in which weeks, with which tokens: what the
 * definitions of nouns say at one point of the log.
 * Thread: one at a time.
 *
 * Memory: in proportion to the nouns, not to the entries. */
#ifndef LAGNIAPPE_AUDIT_PROGRAMME_H
#define LAGNIAPPE_AUDIT_PROGRAMME_H

#include "lagniappe/entry.h"
#include "lagniappe/noun.h"
#include "tools/audit/slots.h"

/* From..until, each a day or a moment, half-open; what is not said is the least
 * or the greatest number. */
struct span {
	int32_t from_day, until_day;
	int64_t from_us, until_us;
};

struct staff {
	bool manager;
	int32_t active_from, active_until;
	uint64_t customer; /* the person's own account; 0: none */
	uint64_t *sites;   /* owned */
	size_t site_count;
};

struct delegation {
	uint64_t number, from, to, unit, site, budget, reason; /* 0: any */
	int64_t ceiling;
	struct span span;
	bool ended;
};

struct programme {
	struct slots ids;   /* digest of kind and id -> number */
	struct slots weeks; /* site + 1 -> the day on which its week starts */
	struct slots staff_at, token_at, delegation_at; /* number + 1 -> place in its list */
	struct slots token_of; /* subject + 1 -> place + 1 of its newest token */
	struct staff *staff;
	struct token *tokens;
	struct delegation *delegations;
	size_t staff_count, token_count, delegation_count;
};

LGP_MUST_USE enum lgp_status programme_init(struct programme *programme);
void programme_deinit(struct programme *programme);
/* Takes the entry's definition, which was parsed as whole.
 * LGP_CORRUPT: it refers to what is not there.  LGP_NO_MEMORY. */
LGP_MUST_USE enum lgp_status programme_define(struct programme *programme,
                                              const struct lgp_entry *entry,
                                              const struct lgp_definition *definition);
/* A token or delegation ends. */
void programme_end(struct programme *programme, const struct lgp_entry *entry);

/* 0: there is none. */
uint64_t programme_find(const struct programme *programme, enum lgp_kind kind, struct lgp_view id);
/* 0 Monday … 6 Sunday. */
unsigned programme_week(const struct programme *programme, uint64_t site);
/* NULL: no member of staff, or none that is known. */
const struct staff *programme_staff(const struct programme *programme, uint64_t number);
/* NULL: there is none of this number. */
const struct delegation *programme_delegation(const struct programme *programme, uint64_t number);
/* Whether the subject has a manager's token that is good at this moment. */
bool programme_manager_token(const struct programme *programme, uint64_t subject, int64_t time_us);
bool staff_active(const struct staff *staff, int32_t date);
bool staff_manages(const struct staff *staff, uint64_t site, int32_t date);

bool span_of(const struct lgp_definition *definition, struct span *out);
bool span_covers(const struct span *span, int32_t date, int64_t time_us);
/* The number of the noun that a field refers to, 0 when it is absent.  False:
 * it refers to what is not there. */
bool programme_refer(const struct programme *programme, const struct lgp_definition *definition,
                     const char *field, enum lgp_kind kind, uint64_t *out);
/* A number field's value, 0 when it is absent. */
uint64_t definition_number(const struct lgp_definition *definition, const char *field);

#endif
