/* finding: what the audit found, a line each, as it is found.
 * Thread: one at a time.
 *
 *   finding: <rule-slug> entry <seq>: <numbers, plain words>
 *   finding: <rule-slug> ledger: <the same, about no one entry>
 *
 * With JSON, the elements of an array that the caller opens and closes. */
#ifndef LAGNIAPPE_AUDIT_FINDING_H
#define LAGNIAPPE_AUDIT_FINDING_H

#include "lagniappe/status.h"
#include "tools/audit/rule.h"

#include <stdio.h>

/* Of one rule this many are printed; the rest are counted. */
#define FINDINGS_OF_RULE_MAX 1000
#define FINDING_TEXT_MAX 512

/* What was found and is not told yet, in its order.  Zeros: nothing. */
struct held {
	uint8_t *bytes; /* owned */
	size_t len, room;
	bool lost;                 /* memory ran out */
	uint64_t more[RULE_COUNT]; /* counted, and not kept */
};

struct findings {
	FILE *out; /* borrowed */
	bool json;
	struct held *held; /* borrowed; NULL: it is told at once */
	/* Borrowed, may be NULL.  Once true nothing is found any more: what is missing
	 * then is the source's failure and says nothing about the ledger. */
	const _Atomic bool *silent;
	uint64_t total, of_rule[RULE_COUNT];
};

const char *rule_slug(enum rule rule);
const char *rule_text(enum rule rule);

void finding_entry(struct findings *findings, enum rule rule, uint64_t seq, const char *format, ...)
        __attribute__((format(printf, 4, 5)));
void finding_ledger(struct findings *findings, enum rule rule, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

void held_clear(struct held *held);
void held_deinit(struct held *held);
/* Tells what was held.  False: some of it was lost for want of memory. */
LGP_MUST_USE bool findings_release(struct findings *findings, const struct held *held);

/* About the entry, or about no one entry when seq is UINT64_MAX. */
void finding_told(struct findings *findings, enum rule rule, uint64_t seq, const char *text);

/* Writes text as a JSON string, quotes included (RFC 8259 section 7).  Bytes
 * that are not printable ASCII become '?': what we write is plain English,
 * and a path is not worth a decoder. */
void json_put_string(FILE *out, const char *text);

#endif
