/* judge: each entry in its turn, by every rule that needs no other file.
 * Thread: one at a time.
 *
 * Shares with the server the bytes of an entry and nothing of its rules.
 * Memory: 32 bytes for each party and its first account (roll.h); 28 to 55 for each
 * other account, each reversed grant, and each further site of a customer where
 * state.mdb is compared; two buffers of sorter.h; what decisions.h says of definitions
 * and limits.  Nothing else grows. */
#ifndef LAGNIAPPE_AUDIT_JUDGE_H
#define LAGNIAPPE_AUDIT_JUDGE_H

#include "tools/audit/decisions.h"
#include "tools/audit/finding.h"
#include "tools/audit/keys.h"
#include "tools/audit/known.h"
#include "tools/audit/money.h"
#include "tools/audit/parties.h"
#include "tools/audit/payload.h"
#include "tools/audit/snapshot.h"
#include "tools/audit/trust.h"

struct judge {
	struct door *door; /* borrowed, all three */
	struct findings *findings;
	const struct trust *trust;
	struct parties parties;
	struct money money;
	struct decisions decisions;
	struct keys keys;
	struct payload_check *payloads;
	int64_t first_time_us, last_time_us;
	uint64_t policy; /* the last entry that changed a rule */
	uint64_t judged; /* entries that decoded */
	uint64_t next;   /* the entry behind the one judged last */
	bool judged_first;
	struct snapshot *snapshot; /* owned: what state.mdb holds; NULL: nothing to compare */
	uint64_t state_position;   /* where it is compared */
	struct known known;        /* for that alone: up to there, and not without it */
	uint64_t state_records;    /* that were compared */
	bool state_compared, state_whole; /* whole: what goes by definitions too */
};

LGP_MUST_USE enum lgp_status judge_init(struct judge *judge, struct door *door,
                                        struct findings *findings, const struct trust *trust);
void judge_deinit(struct judge *judge);
/* Before the first block: what is to be compared when the judge stands there.  Takes
 * the snapshot. */
void judge_expect(struct judge *judge, struct snapshot *snapshot);
/* The entries of a block that are there.  LGP_NO_MEMORY, LGP_IO: the audit
 * cannot go on. */
LGP_MUST_USE enum lgp_status judge_block(struct judge *judge, const struct block *block);
/* How many parties, accounts and counters are in memory, and the bytes that they take,
 * with the sites of those that are customers. */
void judge_memory(const struct judge *judge, uint64_t *items, uint64_t *bytes);
/* After the last one: keys and payloads.  size: that of the audit.
 * *payload_count: how many were read. */
LGP_MUST_USE enum lgp_status judge_finish(struct judge *judge, uint64_t size,
                                          uint64_t *payload_count);

#endif
