/* derived: state.mdb against what the audit itself computed of the same entries.
 * Thread: one at a time. */
#ifndef LAGNIAPPE_AUDIT_DERIVED_H
#define LAGNIAPPE_AUDIT_DERIVED_H

#include "tools/audit/judge.h"
#include "tools/audit/snapshot.h"

/* The judge stands at the snapshot's position.  *records: how many were compared.
 * LGP_IO, LGP_NO_MEMORY: it cannot be done. */
LGP_MUST_USE enum lgp_status derived_judge(const struct judge *judge, struct snapshot *snapshot,
                                           uint64_t *records);

#endif
