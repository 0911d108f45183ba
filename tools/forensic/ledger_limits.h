/* ledger_limits: every version of every limit that a ledger has had, and which one
 * was in force for an act.
 * Thread: one at a time.
 *
 * verify proves that limits were kept (bounds.h); here they are a measure for
 * what was given just below them, or in pieces. */
#ifndef LAGNIAPPE_FORENSIC_LEDGER_LIMITS_H
#define LAGNIAPPE_FORENSIC_LEDGER_LIMITS_H

#include "tools/audit/bounds.h"
#include "tools/report/book.h"

#define LEDGER_LIMITS_MAX 1024 /* limits that are looked at; more are counted */
#define LIMIT_WORDS_MAX 64
#define LEDGER_VERSIONS_MAX 16384 /* versions of all of them */

struct ledger_act;

struct limit_terms {
	struct limit_version terms; /* limit, seq, scope, measure, per, window, max, asks, span */
	uint64_t actor;             /* whose token set it */
	int64_t time_us;
	int32_t date;
	uint64_t ends; /* the entry that ended it or took its place; UINT64_MAX: none */
	size_t before; /* place + 1 of the limit's version before; 0: none */
};

struct ledger_limits {
	struct limit_terms *versions; /* owned, in the order of their entries */
	size_t count, room;
	struct slots newest; /* limit + 1 -> place + 1 of its newest version */
	uint64_t *limits;    /* owned: numbers, in the order of their first versions */
	size_t limit_count;
	uint64_t left_out; /* limits and versions beyond what is looked at */
};

LGP_MUST_USE enum lgp_status ledger_limits_init(struct ledger_limits *limits);
void ledger_limits_deinit(struct ledger_limits *limits);
/* A limit's definition or its end.  LGP_CORRUPT: it refers to what is not there. */
LGP_MUST_USE enum lgp_status ledger_limits_define(struct ledger_limits *limits,
                                                  const struct programme *programme,
                                                  const struct lgp_entry *entry,
                                                  const struct lgp_definition *definition);
void ledger_limits_end(struct ledger_limits *limits, const struct lgp_entry *entry);
/* The version of the limit that judged the act, where it met the act's particulars;
 * NULL: none did. */
const struct limit_terms *ledger_limits_judging(const struct ledger_limits *limits, uint64_t limit,
                                                const struct ledger_act *act);
/* What a limit adds up: "per grant", "per staff and day", … */
const char *limit_words(const struct limit_version *terms, char out[LIMIT_WORDS_MAX]);

#endif
