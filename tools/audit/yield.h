/* yield: lets the server go first that holds the ledger which is read.
 * Thread: one, before it starts others, which then do as it does. */
#ifndef LAGNIAPPE_AUDIT_YIELD_H
#define LAGNIAPPE_AUDIT_YIELD_H

#include <stdbool.h>

/* path: of a ledger.mdb.  Where a server holds it the process runs from now on when
 * nobody else wants the processor.  Who was given a priority keeps it, and so does who
 * reads what nobody serves: on a busy machine it would hardly go on. */
void yield_to_server(const char *path);
/* Whether a process that can be seen holds the directory's lock. */
bool yield_is_served(const char *path);

#endif
