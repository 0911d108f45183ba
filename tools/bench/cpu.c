/* cpu: CPU time (getrusage(2), proc(5)).
 * Thread: any. */
#include "tools/bench/cpu.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

double cpu_own(void)
{
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
}

/* proc(5), stat: the fields behind the name in brackets are 3 to 52; user and system
 * time are 14 and 15, in ticks. */
#define STAT_FIRST 3
#define STAT_USER 14

double cpu_of(long pid)
{
	char path[64], text[1024];
	snprintf(path, sizeof path, "/proc/%ld/stat", pid);
	FILE *file = pid > 0 ? fopen(path, "r") : NULL;
	if (file == NULL)
		return NAN;
	size_t len = fread(text, 1, sizeof text - 1, file);
	fclose(file);
	text[len] = '\0';
	char *at = strrchr(text, ')');
	for (int field = STAT_FIRST - 1; at != NULL && field < STAT_USER; field++)
		at = strchr(at + 1, ' ');
	if (at == NULL)
		return NAN;
	unsigned long long user = strtoull(at, &at, 10), system = strtoull(at, NULL, 10);
	return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}
