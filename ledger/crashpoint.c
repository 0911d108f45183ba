/* crashpoint: named places at which a test build kills itself.
 * Thread: any.  Holds nothing in a build that people run. */
#include "lagniappe/crashpoint.h"

#ifdef LGP_CRASHPOINTS

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

void lgp_crashpoint(const char *name)
{
	static atomic_ulong passages;
	const char *at = getenv("LAGNIAPPE_CRASH_AT");
	size_t len = strlen(name);
	if (at == NULL || strncmp(at, name, len) != 0 || at[len] != ':')
		return;
	if (atomic_fetch_add(&passages, 1) + 1 == strtoul(at + len + 1, NULL, 10))
		(void)raise(SIGKILL);
}

#endif
