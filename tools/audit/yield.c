/* yield: see yield.h.  Thread: one. */
#include "tools/audit/yield.h"

#include <inttypes.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#define LOCK_NAME "lock" /* what a server holds, beside its ledger.mdb */
#define LINE_MAX_LEN 256

static bool find_lock(const char *path, struct stat *out)
{
	char lock[PATH_MAX + sizeof LOCK_NAME];
	const char *slash = strrchr(path, '/');
	int len = slash != NULL ? (int)(slash - path) + 1 : 0;
	if (len >= PATH_MAX)
		return false;
	snprintf(lock, sizeof lock, "%.*s" LOCK_NAME, len, path);
	return stat(lock, out) == 0;
}

/* Looked up rather than tried: to take it, if for a moment, would keep a server from
 * starting.  By the inode alone, for a file's device has two numbers on some systems. */
static bool is_held(ino_t inode)
{
	char line[LINE_MAX_LEN]; /* "1: FLOCK  ADVISORY  WRITE 4711 08:01:1234 0 EOF" */
	bool held = false;
	FILE *locks = fopen("/proc/locks", "re");
	while (locks != NULL && !held && fgets(line, sizeof line, locks) != NULL) {
		const char *before = strrchr(line, ':');
		held = strstr(line, " FLOCK ") != NULL && strstr(line, " WRITE ") != NULL &&
		       before != NULL && strtoumax(before + 1, NULL, 10) == inode;
	}
	if (locks != NULL)
		(void)fclose(locks);
	return held;
}

bool yield_is_served(const char *path)
{
	struct stat lock;
	return find_lock(path, &lock) && is_held(lock.st_ino);
}

/* Not by a nice value: who has one still runs a slice out before a server that wakes. */
void yield_to_server(const char *path)
{
	if (sched_getscheduler(0) == SCHED_OTHER && getpriority(PRIO_PROCESS, 0) == 0 &&
	    yield_is_served(path))
		(void)sched_setscheduler(0, SCHED_IDLE, &(struct sched_param){0});
}
