/* limits: the limits in memory, and which of them meet a grant.
 * Thread: the ledger thread.  Everything here follows from the 'L' records.
 *
 * A limit has versions, one for each entry that defined it.  The newest that is
 * in force at a moment judges, so that a raise with an end gives way to what
 * was there before.  Versions of one shape (all but max, action, reversal,
 * span and note) share their counters.  A shape counts whatever meets its scope
 * from its first version to its last, also while a version of another shape
 * judges: so what was counted, and may be given back, needs no history. */
#ifndef LAGNIAPPE_LEDGER_LIMITS_H
#define LAGNIAPPE_LEDGER_LIMITS_H

#include "registry.h"

struct limits;

enum limit_reversal { REVERSAL_AMOUNT, REVERSAL_AMOUNT_AND_COUNT, REVERSAL_NOTHING };

struct limit_version {
	uint64_t seq;         /* the entry that defines it */
	uint64_t counts_from; /* the first version of this shape: names its counters */
	enum lgp_role role;   /* LGP_ROLE_NONE: any; so for all of the scope */
	uint64_t staff, site, budget, reason, unit;
	enum lgp_measure measure;
	enum lgp_per per;
	enum lgp_window window;
	enum limit_reversal reversal;
	bool ask;
	int64_t max;
	struct lgp_span span;
};

struct limit {
	uint64_t number;
	struct lgp_slug id;
	unsigned count, cap;
	struct limit_version *versions; /* oldest first */
};

/* A grant as limits see it. */
struct limit_case {
	enum lgp_role role;
	uint64_t staff, site, budget, reason, unit, customer;
	int64_t amount;
	int32_t date;
	int64_t time_us;
	unsigned week_starts;
	char incident[LGP_SLUG_MAX]; /* without capitals */
};

LGP_MUST_USE enum lgp_status limits_new(struct limits **out);
void limits_free(struct limits *limits);

/* What a definition says, counts_from aside.  LGP_CORRUPT: a reference is not
 * there. */
LGP_MUST_USE enum lgp_status limit_parse(const struct registry *registry,
                                         const struct lgp_definition *definition, uint64_t seq,
                                         struct limit_version *out);
bool limit_same_shape(const struct limit_version *a, const struct limit_version *b);
bool span_holds(const struct lgp_span *span, int32_t date, int64_t time_us);
enum lgp_status span_parse(const struct lgp_definition *definition, struct lgp_span *out);
/* Whether the version's scope and unit are this grant's. */
bool limit_meets(const struct limit_version *version, const struct limit_case *grant);
/* Whether it binds who gives, rather than what all together give: such are an
 * approver's own limits too. */
bool limit_binds_person(const struct limit_version *version);
/* Whether an approver must pass it: what asks everybody alike is what an approval
 * answers. */
bool limit_binds_approver(const struct limit_version *version);
/* Whether it judges nothing any more, anywhere, from this date and time on. */
bool limit_is_over(const struct limit_version *version, int32_t date, int64_t time_us);
/* The version whose terms hold for its shape's counter at a moment: the newest of
 * the shape that is in force, else the newest of the shape. */
const struct limit_version *limit_terms(const struct limit *limit, uint64_t counts_from,
                                        int32_t date, int64_t time_us);

/* NULL: no such limit, or it has ended. */
const struct limit *limits_get(const struct limits *limits, uint64_t number);
/* Adds a version; one that is in force for ever takes the older ones away. */
LGP_MUST_USE enum lgp_status limits_add(struct limits *limits, uint64_t number,
                                        const struct lgp_slug *id,
                                        const struct limit_version *version);
void limits_drop(struct limits *limits, uint64_t number);
/* Drops the limit's versions that are over at this moment. */
LGP_MUST_USE enum lgp_status limits_forget(struct limits *limits, uint64_t number, int32_t date,
                                           int64_t time_us);
/* Whether a version leaves no moment to older ones. */
bool limit_replaces(const struct limit_version *version);

/* Calls visit for each limit whose version in force meets the case. */
typedef enum lgp_status (*limits_visit)(void *context, const struct limit *limit,
                                        const struct limit_version *version);
LGP_MUST_USE enum lgp_status limits_each(const struct limits *limits,
                                         const struct limit_case *grant, limits_visit visit,
                                         void *context);
/* Calls visit once for each shape whose scope meets the case, in force or not. */
LGP_MUST_USE enum lgp_status limits_each_shape(const struct limits *limits,
                                               const struct limit_case *grant, limits_visit visit,
                                               void *context);

#endif
