/* payload: what entries bind by hash, against what is kept.
 * Thread: one at a time. */
#ifndef LAGNIAPPE_AUDIT_PAYLOAD_H
#define LAGNIAPPE_AUDIT_PAYLOAD_H

#include "lagniappe/entry.h"
#include "tools/audit/finding.h"
#include "tools/audit/source.h"

struct payload_check;

LGP_MUST_USE enum lgp_status payload_check_new(struct source *source, struct findings *findings,
                                               struct payload_check **out);
void payload_check_free(struct payload_check *check);
/* Notes what the entry binds.  LGP_IO, LGP_OVERLOAD: it cannot be noted. */
LGP_MUST_USE enum lgp_status payload_check_entry(struct payload_check *check,
                                                 const struct lgp_entry *entry);
/* Walks all payloads and all that was noted, side by side.  size: entries that
 * were noted; *count: payloads that were read. */
LGP_MUST_USE enum lgp_status payload_check_finish(struct payload_check *check, uint64_t size,
                                                  uint64_t *count);

#endif
