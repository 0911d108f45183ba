/* keys: which idempotency key acted twice.
 * Thread: one at a time.
 *
 * Of each key's MAC the first bytes alone are sorted, with the entry's number: half as
 * much to keep, to write and to read back.  Those that begin alike, by chance or
 * because they are one, are read again from their entries and compared as a whole. */
#ifndef LAGNIAPPE_AUDIT_KEYS_H
#define LAGNIAPPE_AUDIT_KEYS_H

#include "tools/audit/door.h"
#include "tools/audit/finding.h"
#include "tools/audit/sorter.h"

struct keys {
	struct door *door; /* borrowed, both */
	struct findings *findings;
	struct sorter *starts; /* owned, both */
	struct sorter *alike;  /* whole; NULL: none so far */
};

LGP_MUST_USE enum lgp_status keys_init(struct keys *keys, struct door *door,
                                       struct findings *findings);
void keys_deinit(struct keys *keys);
/* The entry's key, where it has one. */
LGP_MUST_USE enum lgp_status keys_add(struct keys *keys, const struct lgp_entry *entry);
/* After the last one. */
LGP_MUST_USE enum lgp_status keys_judge(struct keys *keys);

#endif
