/* bounds: every limit at the rules of its moment: which version judges, what is
 * used, which one binds.
 * Thread: one at a time.
 *
 * All versions in force that meet a grant judge it.  One that refuses outranks
 * one that asks; of those that are passed the one with the least remaining
 * binds, ties by id.  Versions that differ in nothing but maximum, action, terms
 * of reversal, span and note are of one shape and share their counters; a shape
 * counts whatever meets its scope, in force or not.
 * Memory: the versions that may still judge, a few plans, and counters.h. */
#ifndef LAGNIAPPE_AUDIT_BOUNDS_H
#define LAGNIAPPE_AUDIT_BOUNDS_H

#include "tools/audit/counters.h"
#include "tools/audit/programme.h"

enum measure { MEASURE_AMOUNT, MEASURE_COUNT, MEASURE_INCIDENTS };
enum per {
	PER_GRANT,
	PER_CUSTOMER_INCIDENT,
	PER_CUSTOMER,
	PER_STAFF,
	PER_STAFF_CUSTOMER,
	PER_SITE,
	PER_BUDGET,
};
enum gives_back { GIVES_AMOUNT, GIVES_AMOUNT_AND_COUNT, GIVES_NOTHING };
enum giver { GIVER_ANY, GIVER_STAFF, GIVER_MANAGER };

struct limit_version {
	uint64_t limit, seq;
	uint64_t shape; /* the first version that counts as this one does */
	size_t record;  /* the limit's place among all */
	enum giver giver;
	uint64_t staff, site, budget, reason, unit; /* 0: any */
	enum measure measure;
	enum per per;
	enum window window;
	enum gives_back gives_back;
	bool asks;
	int64_t max;
	struct span span;
	struct limit_version *next; /* in its chain */
};

/* What the entry's definition says, its shape and chain aside.  False: it refers to what
 * is not there. */
bool limit_version_read(const struct programme *programme, const struct lgp_entry *entry,
                        const struct lgp_definition *definition, struct limit_version *out);

#define BOUNDS_CHAINS 7 /* bounds_internal.h names them */

struct bounds {
	const struct programme *programme; /* borrowed */
	struct slots by_number;            /* limit + 1 -> place in list */
	struct slots chains;               /* narrowest part of a scope -> place in heads */
	struct limit_record *list;         /* owned */
	size_t count;
	struct limit_version **heads; /* owned; [0]: of those that have no scope */
	size_t head_count;
	size_t chained[BOUNDS_CHAINS]; /* versions, by what they are chained by */
	size_t versions;               /* that may judge; 0: nothing is counted */
	size_t weekly;                 /* of these, those that go by the week */
	struct counters counters;
	uint64_t changes;   /* of the versions */
	struct plan *plans; /* owned: what meets the entries that were asked for last */
};

/* A grant as limits see it. */
struct limit_case {
	enum giver giver;
	uint64_t staff, site, budget, reason, unit, customer;
	int64_t amount;
	int32_t date;
	int64_t time_us;
	unsigned week;        /* the day on which it starts; 0 where no limit goes by it */
	const char *incident; /* LGP_SLUG_MAX bytes, the entry's own */
};

/* Whether the case is in the version's scope. */
static inline bool bounds_meets(const struct limit_version *version, const struct limit_case *of)
{
	return (version->giver == GIVER_ANY || version->giver == of->giver) &&
	       (version->staff == 0 || version->staff == of->staff) &&
	       (version->site == 0 || version->site == of->site) &&
	       (version->budget == 0 || version->budget == of->budget) &&
	       (version->reason == 0 || version->reason == of->reason) &&
	       (version->unit == 0 || version->unit == of->unit);
}

struct limit_verdict {
	bool incident_missing; /* a limit goes by incident, and there is none */
	bool exceeded;         /* then, of the limit that binds: */
	const struct limit_version *binding;
	struct lgp_view id; /* borrowed */
	int64_t used, remaining;
};

LGP_MUST_USE enum lgp_status bounds_init(struct bounds *bounds, const struct programme *programme);
void bounds_deinit(struct bounds *bounds);
/* A limit's definition.  *before: the version that it replaces, 0 none.
 * LGP_CORRUPT: it refers to what is not there.  LGP_NO_MEMORY. */
LGP_MUST_USE enum lgp_status bounds_define(struct bounds *bounds, const struct lgp_entry *entry,
                                           const struct lgp_definition *definition,
                                           uint64_t *before);
/* The first version that counts as this one does; 0: it may not judge any more. */
uint64_t bounds_shape(const struct bounds *bounds, uint64_t limit, uint64_t version);
void bounds_end(struct bounds *bounds, uint64_t number);

void bounds_case(const struct bounds *bounds, const struct lgp_entry *entry,
                 struct limit_case *out);
/* Finds what meets an entry that is judged and counted soon, as it stands, and brings
 * near the counters that it goes by. */
void bounds_prefetch(const struct bounds *bounds, const struct lgp_entry *entry);
/* What the limits in force say of an entry.  ask: what it decides on, whose own
 * share does not count, or NULL. */
void bounds_judge(const struct bounds *bounds, const struct lgp_entry *entry,
                  const struct lgp_entry *ask, struct limit_verdict *out);
/* What they would say had this manager given it, as far as they go by person. */
void bounds_judge_person(const struct bounds *bounds, const struct lgp_entry *entry,
                         const struct lgp_entry *ask, uint64_t manager, struct limit_verdict *out);

/* Counts a grant or an ask; takes an ask out again; gives back what a reversal
 * of the grant does; counts a grant for whoever approved it.  LGP_NO_MEMORY. */
LGP_MUST_USE enum lgp_status bounds_count(struct bounds *bounds, const struct lgp_entry *entry);
LGP_MUST_USE enum lgp_status bounds_take_out(struct bounds *bounds, const struct lgp_entry *ask);
LGP_MUST_USE enum lgp_status bounds_give_back(struct bounds *bounds, const struct lgp_entry *grant,
                                              const struct lgp_entry *reversal, bool whole);
LGP_MUST_USE enum lgp_status bounds_count_person(struct bounds *bounds,
                                                 const struct lgp_entry *entry, uint64_t manager);

#endif
