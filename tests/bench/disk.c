/* disk: what the disk alone lets a request wait that must be durable: 64 KiB, about
 * what a commit writes, written over a file that is there and synced, a sync every
 * 2 ms at the most, with nothing else running.
 * Thread: one.
 *
 *   disk DIR [SECONDS]
 *
 * Requests that came evenly would each wait for the end of the next sync that begins
 * after them, which is what group commit does at its best.  Prints one line of JSON:
 * syncs a second, and p50, p99 and p99.9 of those waits.  No server over this disk
 * can have a shorter tail. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define WRITE_BYTES (64 * 1024)
#define FILE_BYTES (64 * 1024 * 1024)
#define PERIOD_S 0.002
#define ARRIVALS_A_S 20000
#define SYNCS_MAX 1000000

struct sync {
	double began, ended;
};

static struct sync syncs[SYNCS_MAX];
static uint8_t block[WRITE_BYTES];

static double seconds(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void must(bool fine, const char *call)
{
	if (fine)
		return;
	fprintf(stderr, "disk: %s: %s\n", call, strerror(errno));
	exit(2);
}

static void sleep_until(double when)
{
	double left = when - seconds();
	struct timespec t = {0, (long)(left * 1e9)};
	if (left > 0)
		nanosleep(&t, NULL);
}

static int fill(const char *dir)
{
	char path[512];
	snprintf(path, sizeof path, "%s/disk.bench", dir);
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	must(fd >= 0, path);
	must(unlink(path) == 0, "unlink");
	for (off_t at = 0; at < FILE_BYTES; at += WRITE_BYTES)
		must(pwrite(fd, block, WRITE_BYTES, at) == WRITE_BYTES, "write");
	must(fsync(fd) == 0, "fsync");
	return fd;
}

static size_t run(int fd, double limit)
{
	size_t count = 0;
	double end = seconds() + limit;
	while (count < SYNCS_MAX && seconds() < end) {
		struct sync *sync = &syncs[count];
		off_t at = (off_t)(count % (FILE_BYTES / WRITE_BYTES)) * WRITE_BYTES;
		block[0] = (uint8_t)count;
		sync->began = seconds();
		must(pwrite(fd, block, WRITE_BYTES, at) == WRITE_BYTES, "write");
		must(fdatasync(fd) == 0, "fdatasync");
		sync->ended = seconds();
		count++;
		sleep_until(sync->began + PERIOD_S);
	}
	return count;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

/* Milliseconds that evenly arriving requests wait; their number. */
static size_t waits(size_t count, double *out, size_t max)
{
	size_t n = 0, next = 0;
	while (n < max) {
		double at = syncs[0].began + (double)n / ARRIVALS_A_S;
		while (next < count && syncs[next].began < at)
			next++;
		if (next == count)
			break;
		out[n++] = (syncs[next].ended - at) * 1e3;
	}
	return n;
}

int main(int argc, char **argv)
{
	if (argc < 2 || argc > 3) {
		fprintf(stderr, "usage: disk DIR [SECONDS]\n");
		return 2;
	}
	double limit = argc > 2 ? strtod(argv[2], NULL) : 3;
	must(limit > 0 && limit <= 600, "SECONDS is between 0 and 600");
	int fd = fill(argv[1]);
	size_t count = run(fd, limit), max = (size_t)((limit + 10) * ARRIVALS_A_S);
	double *found = malloc(max * sizeof *found);
	must(found != NULL && count > 1, "memory");
	size_t n = waits(count, found, max);
	qsort(found, n, sizeof *found, compare);
	printf("{\"syncs_per_s\":%.0f,\"commit_p50_ms\":%.3f,\"commit_p99_ms\":%.3f,"
	       "\"commit_p999_ms\":%.3f}\n",
	       (double)count / (syncs[count - 1].ended - syncs[0].began), found[n / 2],
	       found[n * 99 / 100], found[n * 999 / 1000]);
	free(found);
	close(fd);
	return 0;
}
