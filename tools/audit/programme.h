/* programme: who works where, out of which budgets, in which weeks, with which
 * tokens: what the definitions of nouns say at one point of the log.
 * Thread: one at a time.
 *
 * Memory: in proportion to the nouns and to the pairs of staff of whom one gave
 * to the other, not to the entries. */
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

/* As tokens name them, in the order of their choices. */
enum role {
	ROLE_ADMIN,
	ROLE_FINANCE,
	ROLE_MANAGER,
	ROLE_STAFF,
	ROLE_INTEGRATION,
	ROLE_AUDITOR,
	ROLE_CUSTOMER,
};
#define ROLE_BIT(role) (1u << (role))

enum rewards { REWARDS_NOT_SELF, REWARDS_NOT_EACH_OTHER, REWARDS_ANY };

struct numbers {
	uint64_t *list; /* owned */
	size_t count;
};

struct staff {
	uint64_t number;
	bool manager;
	int32_t active_from, active_until;
	uint64_t customer; /* the person's own account; 0: none */
	struct numbers sites, budgets;
};

struct token {
	uint64_t number;
	enum role role;
	bool ended;
	int64_t expires_us;
	struct numbers sites; /* none: good at all */
	uint64_t before;      /* place + 1 of the subject's token before; 0: none */
};

struct delegation {
	uint64_t number, from, to, unit, site, budget, reason; /* 0: any */
	int64_t ceiling;
	struct span span;
	bool ended;
};

struct programme {
	struct slots ids;     /* digest of kind and id -> number */
	struct slots defined; /* number + 1 -> its newest definition << 1 | whether it ended */
	struct slots sites;   /* site + 1 -> rewards << 8 | the day on which its week starts */
	struct slots earning; /* reason + 1 -> whether it is of the kind `earned` */
	struct slots staff_at, token_at, delegation_at; /* number + 1 -> place in its list */
	struct slots token_of;   /* subject + 1 -> place + 1 of its newest token */
	struct slots of_staff;   /* customer: it was a member of staff's own account */
	struct slots households; /* customer -> digest of its household's name, 0: of none */
	struct slots rewarded;   /* staff + 1, customer of staff: the first gave to the second */
	struct staff *staff;
	struct token *tokens;
	struct delegation *delegations;
	size_t staff_count, token_count, delegation_count;
};

LGP_MUST_USE enum lgp_status programme_init(struct programme *programme);
void programme_deinit(struct programme *programme);
/* Notes that the entry defines its noun now.  LGP_NO_MEMORY. */
LGP_MUST_USE enum lgp_status programme_note(struct programme *programme,
                                            const struct lgp_entry *entry);
/* Takes the entry's definition, which was parsed as whole, and notes it.
 * LGP_CORRUPT: it refers to what is not there.  LGP_NO_MEMORY. */
LGP_MUST_USE enum lgp_status programme_define(struct programme *programme,
                                              const struct lgp_entry *entry,
                                              const struct lgp_definition *definition);
/* A token or delegation ends. */
void programme_end(struct programme *programme, const struct lgp_entry *entry);

/* 0: there is none. */
uint64_t programme_find(const struct programme *programme, enum lgp_kind kind, struct lgp_view id);
/* The entry that defines the number now, and whether it has ended since.  False:
 * nothing does. */
bool programme_defined(const struct programme *programme, uint64_t number, uint64_t *at,
                       bool *ended);
/* 0 Monday … 6 Sunday. */
unsigned programme_week(const struct programme *programme, uint64_t site);
enum rewards programme_rewards(const struct programme *programme, uint64_t site);
/* Whether the reason is known as one of earning. */
bool programme_earning(const struct programme *programme, uint64_t reason);
/* NULL: no member of staff, or none that is known. */
const struct staff *programme_staff(const struct programme *programme, uint64_t number);
/* NULL: there is none of this number. */
const struct delegation *programme_delegation(const struct programme *programme, uint64_t number);
/* NULL: there is none of this number. */
const struct token *programme_token(const struct programme *programme, uint64_t number);
/* Whether the subject (staff, or a token that speaks for itself) holds a token
 * in force of one of the roles (ROLE_BIT), good at the site; site 0: at any. */
bool programme_holds(const struct programme *programme, uint64_t subject, unsigned roles,
                     uint64_t site, int64_t time_us);
/* The same of a subject that is looked up already; staff NULL: none of staff. */
bool programme_holds_as(const struct programme *programme, uint64_t subject,
                        const struct staff *staff, unsigned roles, uint64_t site, int64_t time_us);
/* Whether a token of the subject is not good at the site. */
bool programme_bound(const struct programme *programme, uint64_t subject, uint64_t site);
/* Remembers a grant from one of staff to a customer account of one of staff.
 * LGP_NO_MEMORY. */
LGP_MUST_USE enum lgp_status programme_reward(struct programme *programme,
                                              const struct lgp_entry *grant);
bool programme_rewarded(const struct programme *programme, uint64_t staff, uint64_t customer);
bool programme_of_staff(const struct programme *programme, uint64_t customer);
/* Whether the customer account is that of somebody who rewarded this one. */
bool programme_ring(const struct programme *programme, const struct staff *staff,
                    uint64_t customer);
/* What a customer's entry says of their household; payload ptr NULL: nothing.
 * LGP_CORRUPT: a name that is none.  LGP_NO_MEMORY. */
LGP_MUST_USE enum lgp_status programme_household(struct programme *programme,
                                                 const struct lgp_entry *entry,
                                                 struct lgp_view payload);
/* 0: none is known. */
uint64_t programme_household_of(const struct programme *programme, uint64_t customer);
uint64_t household_digest(struct lgp_view name);
/* Whether the customer account is the person's own, or of their household. */
bool programme_own(const struct programme *programme, const struct staff *staff, uint64_t customer);
/* What tells a name from others that may be written in capitals or not: without them,
 * zero-padded, not terminated when full. */
void name_key(struct lgp_view typed, char out[LGP_SLUG_MAX]);
/* The same of an entry's incident, which is as long as that. */
void incident_name(const char *typed, char out[LGP_SLUG_MAX]);
bool staff_active(const struct staff *staff, int32_t date);
bool staff_manages(const struct staff *staff, uint64_t site, int32_t date);
bool numbers_hold(const struct numbers *numbers, uint64_t number);

bool span_of(const struct lgp_definition *definition, struct span *out);
bool span_for_ever(const struct span *span);
bool span_covers(const struct span *span, int32_t date, int64_t time_us);
/* The number of the noun that a field refers to, 0 when it is absent.  False:
 * it refers to what is not there. */
bool programme_refer(const struct programme *programme, const struct lgp_definition *definition,
                     const char *field, enum lgp_kind kind, uint64_t *out);
/* A number field's value, 0 when it is absent. */
uint64_t definition_number(const struct lgp_definition *definition, const char *field);

/* ---- for programme.c and people.c ------------------------------------------------- */

/* A list of things, and where in it each number's stands. */
struct list {
	struct slots *at;
	void **items;
	size_t size, *count;
};
/* The number's place, made at the list's end where it is new: zeros. */
LGP_MUST_USE enum lgp_status list_place(const struct list *list, uint64_t number, size_t *place);
bool list_find(const struct slots *at, uint64_t number, size_t *place);
/* Notes that what the number defines is no longer in force. */
void programme_note_end(struct programme *programme, uint64_t number);
/* Staff and tokens. */
LGP_MUST_USE enum lgp_status people_define_staff(struct programme *programme,
                                                 const struct lgp_entry *entry, uint64_t number,
                                                 const struct lgp_definition *definition);
LGP_MUST_USE enum lgp_status people_define_token(struct programme *programme,
                                                 const struct lgp_entry *entry, uint64_t number,
                                                 const struct lgp_definition *definition);
void people_deinit(struct programme *programme);
enum lgp_status programme_no_memory(void);
enum lgp_status programme_refers_nowhere(const struct lgp_entry *entry);

#endif
