/* sorter: see sorter.h.  Thread: one at a time.
 *
 * A record is the key and its number, big-endian: records in order are keys in order,
 * and equal ones by their numbers.  A run is sorted by scattering it over 65,536
 * buckets of the key's first two bytes, then each small bucket by comparing.  Runs are
 * merged by a heap. */
#include "tools/audit/sorter.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lagniappe/codec.h"
#include "tools/audit/large.h"

#define BUCKETS 65536
#define RECORD_MAX (SORTER_KEY_MAX + 8)

struct run {
	off_t at, end;       /* in the file: what is not in the window yet */
	uint8_t *window;     /* a part of the buffer */
	size_t next, filled; /* bytes of the window */
};

struct sorter {
	size_t key_len, number_len, record_len;
	size_t buffer_len; /* bytes, a multiple of record_len */
	size_t used;
	int file; /* -1: none yet */
	off_t file_len;
	struct run runs[SORTER_RUNS_MAX];
	unsigned run_count;
	unsigned heap[SORTER_RUNS_MAX], heap_len;
	uint32_t start[BUCKETS + 1]; /* records */
	uint8_t current[RECORD_MAX];
	uint8_t *buffer, *sorted; /* owned, buffer_len each */
};

enum lgp_status sorter_new(size_t key_len, size_t number_len, size_t buffer_bytes,
                           struct sorter **out)
{
	require(key_len >= 2 && key_len <= SORTER_KEY_MAX && number_len >= 1 && number_len <= 8 &&
	        key_len + number_len >= 8);
	struct sorter *sorter = calloc(1, sizeof *sorter);
	if (sorter == NULL)
		return lgp_fault(LGP_NO_MEMORY, "no memory to sort keys");
	sorter->key_len = key_len;
	sorter->number_len = number_len;
	sorter->record_len = key_len + number_len;
	sorter->file = -1;
	/* Two halves: what is added, and where it is scattered to. */
	sorter->buffer_len = buffer_bytes / 2 / sorter->record_len * sorter->record_len;
	require(sorter->buffer_len > 0);
	sorter->buffer = large_new(sorter->buffer_len);
	sorter->sorted = large_new(sorter->buffer_len);
	if (sorter->buffer == NULL || sorter->sorted == NULL) {
		sorter_free(sorter);
		return lgp_fault(LGP_NO_MEMORY, "no memory to sort keys");
	}
	*out = sorter;
	return LGP_OK;
}

void sorter_free(struct sorter *sorter)
{
	if (sorter == NULL)
		return;
	if (sorter->file >= 0)
		(void)close(sorter->file);
	large_free(sorter->buffer, sorter->buffer_len);
	large_free(sorter->sorted, sorter->buffer_len);
	free(sorter);
}

/* ---- one run ----------------------------------------------------------------- */

static int compare(const uint8_t *a, const uint8_t *b, size_t record_len)
{
	uint64_t first_a = lgp_get_be(a, 8), first_b = lgp_get_be(b, 8);
	if (first_a != first_b) /* nearly always */
		return first_a < first_b ? -1 : 1;
	return memcmp(a, b, record_len);
}

static int compare_sized(const void *a, const void *b, void *record_len)
{
	return compare(a, b, *(size_t *)record_len);
}

static void insert_in_order(uint8_t *records, size_t count, size_t record_len)
{
	uint8_t moving[RECORD_MAX];
	for (size_t i = 1; i < count; i++) {
		size_t at = i;
		while (at > 0 && compare(records + (at - 1) * record_len, records + i * record_len,
		                         record_len) > 0)
			at--;
		if (at == i)
			continue;
		memcpy(moving, records + i * record_len, record_len);
		memmove(records + (at + 1) * record_len, records + at * record_len,
		        (i - at) * record_len);
		memcpy(records + at * record_len, moving, record_len);
	}
}

static void sort_bucket(struct sorter *sorter, uint8_t *records, size_t count)
{
	if (count <= 32)
		insert_in_order(records, count, sorter->record_len);
	else
		qsort_r(records, count, sorter->record_len, compare_sized, &sorter->record_len);
}

/* From buffer to sorted. */
static void sort_run(struct sorter *sorter)
{
	size_t count = sorter->used / sorter->record_len;
	uint32_t *start = sorter->start;
	memset(start, 0, sizeof sorter->start);
	for (size_t i = 0; i < count; i++)
		start[lgp_get_be(sorter->buffer + i * sorter->record_len, 2) + 1]++;
	for (size_t b = 0; b < BUCKETS; b++)
		start[b + 1] += start[b];
	for (size_t i = 0; i < count; i++) {
		const uint8_t *record = sorter->buffer + i * sorter->record_len;
		size_t to = start[lgp_get_be(record, 2)]++;
		memcpy(sorter->sorted + to * sorter->record_len, record, sorter->record_len);
	}
	/* Each start has moved to its bucket's end, which is the next one's start. */
	size_t from = 0;
	for (size_t b = 0; b < BUCKETS; b++) {
		sort_bucket(sorter, sorter->sorted + from * sorter->record_len, start[b] - from);
		from = start[b];
	}
}

/* ---- the file ---------------------------------------------------------------- */

static enum lgp_status file_open(struct sorter *sorter)
{
	const char *where = getenv("TMPDIR");
	if (where == NULL || where[0] == '\0')
		where = "/tmp";
	sorter->file = open(where, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (sorter->file < 0)
		return lgp_fault(LGP_IO, "%s: no temporary file can be made there: %s; set TMPDIR",
		                 where, strerror(errno));
	return LGP_OK;
}

static enum lgp_status run_write(struct sorter *sorter)
{
	if (sorter->run_count == SORTER_RUNS_MAX)
		return lgp_fault(LGP_OVERLOAD, "more keys than can be sorted");
	if (sorter->file < 0) {
		enum lgp_status status = file_open(sorter);
		if (status != LGP_OK)
			return status;
	}
	sort_run(sorter);
	for (size_t done = 0; done < sorter->used;) {
		ssize_t n = pwrite(sorter->file, sorter->sorted + done, sorter->used - done,
		                   sorter->file_len + (off_t)done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return lgp_fault(LGP_IO, "the temporary file cannot be written: %s",
			                 strerror(errno));
		done += (size_t)n;
	}
	struct run *run = &sorter->runs[sorter->run_count++];
	run->at = sorter->file_len;
	run->end = sorter->file_len += (off_t)sorter->used;
	sorter->used = 0;
	return LGP_OK;
}

enum lgp_status sorter_add(struct sorter *sorter, const uint8_t *key, uint64_t number)
{
	if (sorter->used == sorter->buffer_len) {
		enum lgp_status status = run_write(sorter);
		if (status != LGP_OK)
			return status;
	}
	memcpy(sorter->buffer + sorter->used, key, sorter->key_len);
	lgp_put_be(sorter->buffer + sorter->used + sorter->key_len, number,
	           (unsigned)sorter->number_len);
	sorter->used += sorter->record_len;
	return LGP_OK;
}

/* ---- merging ----------------------------------------------------------------- */

static enum lgp_status run_fill(struct sorter *sorter, struct run *run, size_t window_len)
{
	size_t want = window_len;
	if ((off_t)want > run->end - run->at)
		want = (size_t)(run->end - run->at);
	run->next = run->filled = 0;
	while (run->filled < want) {
		ssize_t n =
		        pread(sorter->file, run->window + run->filled, want - run->filled, run->at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return lgp_fault(LGP_IO, "the temporary file cannot be read: %s",
			                 strerror(errno));
		run->filled += (size_t)n;
		run->at += n;
	}
	return LGP_OK;
}

static const uint8_t *head(const struct sorter *sorter, unsigned place)
{
	const struct run *run = &sorter->runs[sorter->heap[place]];
	return run->window + run->next;
}

static void sift_down(struct sorter *sorter, unsigned place)
{
	for (;;) {
		unsigned least = place;
		for (unsigned child = 2 * place + 1; child <= 2 * place + 2; child++)
			if (child < sorter->heap_len &&
			    compare(head(sorter, child), head(sorter, least), sorter->record_len) <
			            0)
				least = child;
		if (least == place)
			return;
		unsigned swapped = sorter->heap[place];
		sorter->heap[place] = sorter->heap[least];
		sorter->heap[least] = swapped;
		place = least;
	}
}

/* What fits into one window of the buffer, when every run has its own. */
static size_t window_len(const struct sorter *sorter)
{
	size_t records = sorter->buffer_len / sorter->record_len / sorter->run_count;
	require(records > 0);
	return records * sorter->record_len;
}

enum lgp_status sorter_finish(struct sorter *sorter)
{
	if (sorter->file < 0) { /* it all fits: one run, never written */
		sort_run(sorter);
		sorter->runs[0] = (struct run){.window = sorter->sorted, .filled = sorter->used};
		sorter->run_count = 1;
		sorter->heap_len = sorter->used > 0;
		return LGP_OK;
	}
	enum lgp_status status = sorter->used > 0 ? run_write(sorter) : LGP_OK;
	size_t window = window_len(sorter);
	for (unsigned i = 0; i < sorter->run_count && status == LGP_OK; i++) {
		sorter->runs[i].window = sorter->buffer + i * window;
		status = run_fill(sorter, &sorter->runs[i], window);
		sorter->heap[sorter->heap_len++] = i;
	}
	for (unsigned place = sorter->heap_len / 2; place-- > 0 && status == LGP_OK;)
		sift_down(sorter, place);
	return status;
}

enum lgp_status sorter_next(struct sorter *sorter, const uint8_t **key, uint64_t *number)
{
	if (sorter->heap_len == 0)
		return LGP_MISSING;
	struct run *run = &sorter->runs[sorter->heap[0]];
	memcpy(sorter->current, run->window + run->next, sorter->record_len);
	run->next += sorter->record_len;
	if (run->next == run->filled && run->at < run->end) {
		enum lgp_status status = run_fill(sorter, run, window_len(sorter));
		if (status != LGP_OK)
			return status;
	}
	if (run->next == run->filled)
		sorter->heap[0] = sorter->heap[--sorter->heap_len];
	sift_down(sorter, 0);
	*key = sorter->current;
	*number = lgp_get_be(sorter->current + sorter->key_len, (unsigned)sorter->number_len);
	return LGP_OK;
}
