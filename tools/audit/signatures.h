/* signatures: the checkpoints of one block, whose signatures several threads may
 * check, each one once.
 * Thread: any checks; one fills, clears and tells. */
#ifndef LAGNIAPPE_AUDIT_SIGNATURES_H
#define LAGNIAPPE_AUDIT_SIGNATURES_H

#include "tools/audit/trust.h"

#include <stdatomic.h>

#define SIGNATURES_MAX (BLOCK_ENTRIES + 1)

struct signatures {
	unsigned count; /* fixed before others check */
	atomic_uint next, done;
	struct stored_checkpoint of[SIGNATURES_MAX];
	enum signature_is is[SIGNATURES_MAX];
};

void signatures_clear(struct signatures *signatures);
/* False: there is no room. */
bool signatures_add(struct signatures *signatures, const struct stored_checkpoint *stored);
/* Whether there is one that nobody has begun with. */
bool signatures_left(const struct signatures *signatures);
/* Checks one of them.  False: there is none left. */
bool signatures_check_one(struct signatures *signatures, const struct trust *trust);
bool signatures_done(const struct signatures *signatures);
/* After all are done, in the checkpoints' order. */
void signatures_tell(const struct signatures *signatures, const struct trust *trust,
                     struct findings *findings);

#endif
