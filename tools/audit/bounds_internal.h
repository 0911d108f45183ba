/* bounds_internal: what the files of bounds share, and nobody else.
 * Thread: one at a time.
 *
 * bounds.c keeps the versions, bounds_meet.c finds those that meet a case,
 * bounds_judge.c and bounds_count.c do something with them.  What is asked for
 * each entry from several of these files is inline. */
#ifndef LAGNIAPPE_AUDIT_BOUNDS_INTERNAL_H
#define LAGNIAPPE_AUDIT_BOUNDS_INTERNAL_H

#include "tools/audit/bounds.h"

#define PLANS 16   /* more than are ahead */
#define PLAN_MET 8 /* versions; what more meet is not planned */

/* A limit's versions that may still judge, oldest first. */
struct limit_record {
	uint64_t newest; /* the entry of its newest version, also of one that ended */
	uint8_t id_len;
	char id[LGP_SLUG_MAX];
	struct limit_version **versions; /* owned */
	size_t count;
};

/* A version whose scope meets a case. */
struct met {
	const struct limit_version *version;
	bool judges;                /* it judges the case */
	bool first;                 /* it is the one of its shape that counts */
	bool counts;                /* it goes by a counter, and the case has what that needs: */
	struct counter_place place; /* not of limits by the week, which sites change */
};

/* What meets an entry: found once, ahead, for its judgement and its counting. */
struct plan {
	bool made;
	uint64_t seq, changes; /* good for this entry, while there are these versions */
	size_t count;
	struct met met[PLAN_MET];
};

/* What a version can be chained by. */
enum { BY_STAFF = 1, BY_BUDGET, BY_REASON, BY_SITE, BY_GIVER, BY_NOTHING, BY_COUNT };
_Static_assert(BY_COUNT == BOUNDS_CHAINS, "each has its count");

/* Where a chain begins; NULL: there is none yet. */
static inline struct limit_version **bounds_head(const struct bounds *bounds, uint64_t by,
                                                 uint64_t number)
{
	if (by == BY_NOTHING)
		return &bounds->heads[0];
	const struct slot *slot = slots_find(&bounds->chains, by, number);
	return slot != NULL ? &bounds->heads[slot->number] : NULL;
}

/* Whether both are one counter. */
static inline bool bounds_same_place(const struct counter_place *a, const struct counter_place *b)
{
	return a->end == b->end && a->key[0] == b->key[0] && a->key[1] == b->key[1];
}

/* Limits of who gives, rather than of what all together give. */
static inline bool bounds_binds_person(const struct limit_version *version)
{
	return version->per == PER_GRANT || version->per == PER_STAFF ||
	       version->per == PER_STAFF_CUSTOMER || version->giver != GIVER_ANY ||
	       version->staff != 0;
}

/* ---- bounds_meet.c --------------------------------------------------------------------------- */

/* What is done with each version whose scope meets a case: with all, with those that
 * judge it, or with one for each shape.  It stops at the first that is not LGP_OK. */
typedef enum lgp_status (*limit_visit)(void *context, const struct met *met);
enum limits_which { LIMITS_ALL, LIMITS_THAT_JUDGE, LIMITS_EACH_SHAPE };

/* Visits what meets the case; what the last visit gave. */
LGP_MUST_USE enum lgp_status bounds_each(const struct bounds *bounds, enum limits_which which,
                                         const struct limit_case *of, limit_visit visit,
                                         void *context);
/* The same for the entry's own case, by its plan where there is one. */
LGP_MUST_USE enum lgp_status bounds_each_planned(const struct bounds *bounds,
                                                 enum limits_which which,
                                                 const struct lgp_entry *entry,
                                                 const struct limit_case *of, limit_visit visit,
                                                 void *context);

/* Where the counter stands that the version goes by.  False: it goes by none, or the
 * case lacks what that needs. */
bool bounds_used_place(const struct bounds *bounds, const struct limit_version *version,
                       const struct limit_case *of, struct counter_place *out);
/* The counter of the grants in the case's incident. */
void bounds_incident_counter(const struct limit_version *version, const struct limit_case *of,
                             struct counter *out);

#endif
