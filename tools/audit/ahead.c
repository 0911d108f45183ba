/* ahead: see ahead.h.  Thread: one at a time. */
#include "tools/audit/ahead.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define STEP_BYTES ((uint64_t)4 << 20)
#define WINDOW_BYTES (4 * STEP_BYTES) /* before what is read, and this much behind */

void ahead_open(struct ahead *ahead, const char *directory, const char *path)
{
	char name[PATH_MAX + 16];
	struct stat info;
	if (directory[0] != '\0')
		snprintf(name, sizeof name, "%s/ledger.mdb", directory);
	else
		snprintf(name, sizeof name, "%s", path);
	*ahead = (struct ahead){.file = open(name, O_RDONLY | O_CLOEXEC)};
	if (ahead->file >= 0 && fstat(ahead->file, &info) == 0 && info.st_size > 0)
		ahead->bytes = (uint64_t)info.st_size;
}

void ahead_close(struct ahead *ahead)
{
	if (ahead->file >= 0)
		(void)close(ahead->file);
	ahead->file = -1;
}

void ahead_at(struct ahead *ahead, uint64_t done, uint64_t whole)
{
	__extension__ unsigned __int128 at = (unsigned __int128)ahead->bytes * done / whole;
	while (ahead->file >= 0 && ahead->asked < ahead->bytes &&
	       ahead->asked < (uint64_t)at + WINDOW_BYTES) {
		(void)readahead(ahead->file, (off_t)ahead->asked, STEP_BYTES);
		ahead->asked += STEP_BYTES;
	}
}
