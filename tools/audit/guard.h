/* guard: reads from a mapped file that may be damaged.
 * Thread: each thread guards its own calls.
 *
 * A page that is not there any more (a truncated file, a bad disk) is a SIGBUS,
 * a wild offset in a page is a SIGSEGV, and LMDB stops itself with SIGABRT when
 * a page contradicts itself.  Within a guarded call each of the three ends the
 * call and becomes LGP_CORRUPT; outside they are what they always were.
 *
 * What runs guarded must hold nothing that a jump out of it would leave half
 * done: it reads and copies, and its caller cleans up. */
#ifndef LAGNIAPPE_AUDIT_GUARD_H
#define LAGNIAPPE_AUDIT_GUARD_H

#include "lagniappe/status.h"

/* Installs the handlers, once a process. */
void guard_init(void);
/* What call says; LGP_CORRUPT, and lgp_fault_detail(), when it was ended. */
LGP_MUST_USE enum lgp_status guard_call(enum lgp_status (*call)(void *context), void *context);

#endif
