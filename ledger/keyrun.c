/* keyrun: opens and searches a run, and reads it through for a merge.
 * Thread: see keyrun.h.  Files are read by pread, so one fd serves both
 * threads; the filter is published to the finder by one atomic pointer. */
#include "keyformat.h"
#include "large.h"

#include <endian.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CURSOR_LEN 65536

struct keyrun {
	const struct keyrun_dir *dir; /* borrowed */
	int fd;
	uint64_t from, to, count, line_count;
	uint8_t digest[KEYRUN_DIGEST_LEN];
	_Atomic(uint8_t *) lines; /* owned; NULL until loaded */
	atomic_bool damaged;      /* the filter on the disk is wrong */
	char name[KEYRUN_NAME_LEN + 1];
};

uint64_t keyrun_from(const struct keyrun *run)
{
	return run->from;
}

uint64_t keyrun_to(const struct keyrun *run)
{
	return run->to;
}

uint64_t keyrun_count(const struct keyrun *run)
{
	return run->count;
}

static uint8_t *lines_of(struct keyrun *run)
{
	return atomic_load_explicit(&run->lines, memory_order_acquire);
}

/* An empty run has nothing to load. */
bool keyrun_loaded(struct keyrun *run)
{
	return run->line_count == 0 || lines_of(run) != NULL;
}

/* Never nothing, also of an empty run. */
static size_t filter_room(const struct keyrun *run)
{
	return (run->line_count + 1) * KEYRUN_LINE_LEN;
}

uint64_t keyrun_memory(struct keyrun *run)
{
	uint64_t filter = lines_of(run) == NULL ? 0 : run->line_count * KEYRUN_LINE_LEN;

	return sizeof(*run) + filter;
}

void keyrun_close(struct keyrun *run)
{
	if (run == NULL)
		return;
	if (run->fd >= 0)
		close(run->fd);
	large_free(lines_of(run), filter_room(run));
	free(run);
}

/* A run that contradicts itself is deleted where that is found out.  What it
 * held follows from the log, and only a gap makes the caller add it again. */
static enum lgp_status run_damaged(const struct keyrun *run, const char *what)
{
	enum lgp_status status = keyrun_delete(run->dir, run->name);

	if (status == LGP_OK)
		status = keyrun_dir_sync(run->dir);
	return lgp_fault(LGP_CORRUPT, "%.100s/%s: %s; %s", run->dir->path, run->name, what,
	                 status == LGP_OK ? "it was deleted: restart, and it is rebuilt"
	                                  : "delete it and restart, and it is rebuilt");
}

static enum lgp_status decode_header(struct keyrun *run, const uint8_t *header, uint64_t file_len)
{
	const char *wrong = NULL;

	if (memcmp(header, KEYRUN_MAGIC, KEYRUN_MAGIC_LEN) != 0)
		return lgp_fault(LGP_FORMAT, "%.100s/%s: not a run of this format", run->dir->path,
		                 run->name);
	run->count = lgp_get_le(header + 8, 8);
	run->line_count = lgp_get_le(header + 32, 8);
	memcpy(run->digest, header + KEYRUN_SUMMED_LEN, KEYRUN_DIGEST_LEN);
	if (lgp_get_le(header + 16, 8) != run->from || lgp_get_le(header + 24, 8) != run->to)
		wrong = "its header is another run's";
	else if (run->count > KEYRUN_COUNT_MAX || run->line_count != keyrun_lines(run->count) ||
	         lgp_get_le(header + 40, 8) != 0)
		wrong = "its header contradicts itself";
	else if (file_len !=
	         keyrun_records_offset(run->line_count) + run->count * KEYRUN_RECORD_LEN)
		wrong = "its length is not what its header says";
	if (wrong != NULL)
		return lgp_fault(LGP_CORRUPT, "%.100s/%s: %s", run->dir->path, run->name, wrong);
	return LGP_OK;
}

static enum lgp_status open_file(struct keyrun *run)
{
	uint8_t header[KEYRUN_HEADER_LEN];
	struct stat stat;

	run->fd = openat(run->dir->fd, run->name, O_RDONLY | O_CLOEXEC);
	if (run->fd < 0 || fstat(run->fd, &stat) != 0)
		return keyrun_io_fault(run->dir, run->name, "open");
	enum lgp_status status =
	        keyrun_pread(run->dir, run->name, run->fd, header, sizeof(header), 0);
	if (status != LGP_OK)
		return status;
	return decode_header(run, header, (uint64_t)stat.st_size);
}

enum lgp_status keyrun_open(const struct keyrun_dir *dir, uint64_t from, uint64_t to,
                            struct keyrun **out)
{
	struct keyrun *run = calloc(1, sizeof(*run));

	if (run == NULL)
		return lgp_fault(LGP_NO_MEMORY, "no memory to open a run of keys");
	run->dir = dir;
	run->from = from;
	run->to = to;
	keyrun_name_format(run->name, from, to);
	enum lgp_status status = open_file(run);
	if (status != LGP_OK) {
		keyrun_close(run);
		return status;
	}
	*out = run;
	return LGP_OK;
}

/* The header as it was summed is built again, so that its digest covers what
 * this program made of it. */
static bool digest_matches(const struct keyrun *run, const uint8_t *lines)
{
	crypto_generichash_state state;
	uint8_t header[KEYRUN_SUMMED_LEN] = KEYRUN_MAGIC, digest[KEYRUN_DIGEST_LEN];

	lgp_put_le(header + 8, run->count, 8);
	lgp_put_le(header + 16, run->from, 8);
	lgp_put_le(header + 24, run->to, 8);
	lgp_put_le(header + 32, run->line_count, 8);
	crypto_generichash_init(&state, NULL, 0, sizeof(digest));
	crypto_generichash_update(&state, header, sizeof(header));
	crypto_generichash_update(&state, lines, run->line_count * KEYRUN_LINE_LEN);
	crypto_generichash_final(&state, digest, sizeof(digest));
	return memcmp(digest, run->digest, sizeof(digest)) == 0;
}

enum lgp_status keyrun_load(struct keyrun *run)
{
	size_t len = run->line_count * KEYRUN_LINE_LEN;

	if (lines_of(run) != NULL)
		return LGP_OK;
	/* Whole lines of the processor's cache: one miss a look. */
	uint8_t *lines = large_new(filter_room(run));
	if (lines == NULL)
		return lgp_fault(LGP_NO_MEMORY, "no memory for the filter of %s", run->name);
	enum lgp_status status =
	        keyrun_pread(run->dir, run->name, run->fd, lines, len, KEYRUN_HEADER_LEN);
	if (status == LGP_OK && !digest_matches(run, lines))
		status = LGP_CORRUPT;
	if (status != LGP_OK) {
		large_free(lines, filter_room(run));
		if (status != LGP_CORRUPT)
			return status;
		atomic_store(&run->damaged, true);
		return run_damaged(run, "its header or filter contradicts its digest");
	}
	atomic_store_explicit(&run->lines, lines, memory_order_release);
	return LGP_OK;
}

/* Where a line's records are, and what they must sum to. */
struct bucket {
	uint64_t at;
	uint32_t count, check;
};

static struct bucket bucket_of(const struct keyrun *run, const uint8_t *line, bool last)
{
	uint32_t first = (uint32_t)lgp_get_le(line, 4);
	uint32_t end = (uint32_t)(last ? run->count : lgp_get_le(line + KEYRUN_LINE_LEN, 4));

	return (struct bucket){
	        .at = first, .count = end - first, .check = (uint32_t)lgp_get_le(line + 4, 4)};
}

static bool line_holds(const uint8_t *line, uint64_t prefix)
{
	uint64_t missing = 0;

	/* Without a branch: which word says no is anybody's guess. */
	for (unsigned i = 0; i < KEYRUN_WORDS; i++) {
		uint64_t word;
		memcpy(&word, line + 8 + 8 * i, sizeof(word));
		missing |= keyrun_bit(prefix, i) & ~le64toh(word);
	}
	return missing == 0;
}

void keyrun_prefetch(struct keyrun *run, uint64_t prefix)
{
	const uint8_t *lines = lines_of(run);

	if (lines != NULL)
		__builtin_prefetch(lines +
		                   keyrun_line_of(prefix, run->line_count) * KEYRUN_LINE_LEN);
}

/* Looks at the line in memory, or on the disk while the run is not loaded.
 * LGP_MISSING: the run does not hold the prefix. */
static enum lgp_status find_bucket(struct keyrun *run, uint64_t prefix, struct bucket *out)
{
	uint64_t index = keyrun_line_of(prefix, run->line_count);
	bool last = index + 1 == run->line_count;
	uint8_t copy[2 * KEYRUN_LINE_LEN];
	const uint8_t *lines = lines_of(run), *line = copy;

	if (lines != NULL) {
		line = lines + index * KEYRUN_LINE_LEN;
	} else {
		if (atomic_load(&run->damaged))
			return run_damaged(run, "its header or filter contradicts its digest");
		size_t len = last ? KEYRUN_LINE_LEN : sizeof(copy);
		enum lgp_status status = keyrun_pread(run->dir, run->name, run->fd, copy, len,
		                                      KEYRUN_HEADER_LEN + index * KEYRUN_LINE_LEN);
		if (status != LGP_OK)
			return status;
	}
	if (!line_holds(line, prefix))
		return LGP_MISSING;
	*out = bucket_of(run, line, last);
	return LGP_OK;
}

/* LGP_OK found, LGP_MISSING, or the candidate's fault. */
static enum lgp_status offer(const uint8_t *records, size_t count, uint64_t prefix,
                             lgp_keyindex_candidate candidate, void *context)
{
	uint8_t wanted[8];

	lgp_put_be(wanted, prefix, 8);
	for (size_t i = 0; i < count; i++) {
		const uint8_t *record = records + i * KEYRUN_RECORD_LEN;
		enum lgp_status status = LGP_OK;
		if (memcmp(record, wanted, sizeof(wanted)) != 0)
			continue;
		bool found = candidate(context, lgp_get_le(record + 8, 6), &status);
		if (found || status != LGP_OK)
			return status;
	}
	return LGP_MISSING;
}

static enum lgp_status read_records(struct keyrun *run, uint64_t at, size_t count, uint8_t *out)
{
	uint64_t offset = keyrun_records_offset(run->line_count) + at * KEYRUN_RECORD_LEN;
	enum lgp_status status =
	        keyrun_pread(run->dir, run->name, run->fd, out, count * KEYRUN_RECORD_LEN, offset);

	return status == LGP_CORRUPT ? run_damaged(run, "it was cut short") : status;
}

enum lgp_status keyrun_find(struct keyrun *run, uint64_t prefix, lgp_keyindex_candidate candidate,
                            void *context)
{
	uint8_t records[KEYRUN_LINK_RECORDS * KEYRUN_RECORD_LEN];
	struct bucket bucket = {0};
	uint64_t check = 0;

	if (run->line_count == 0)
		return LGP_MISSING;
	enum lgp_status status = find_bucket(run, prefix, &bucket);
	if (status != LGP_OK)
		return status;
	do {
		size_t count =
		        bucket.count < KEYRUN_LINK_RECORDS ? bucket.count : KEYRUN_LINK_RECORDS;
		status = read_records(run, bucket.at, count, records);
		if (status != LGP_OK)
			return status;
		check = keyrun_check(check, records, count);
		bucket.at += count;
		bucket.count -= (uint32_t)count;
		if (bucket.count == 0 && (uint32_t)check != bucket.check)
			return run_damaged(run, "its records contradict their check");
		status = offer(records, count, prefix, candidate, context);
	} while (status == LGP_MISSING && bucket.count > 0);
	return status;
}

struct keyrun_cursor {
	struct keyrun *run;   /* borrowed */
	uint64_t line;        /* the next one */
	struct bucket bucket; /* what is left of the line before it */
	uint64_t check;       /* its chain so far */
	uint64_t buffered_to; /* records read from the file */
	size_t linked;        /* records checked and ready at `next` */
	size_t next, end;     /* bytes */
	uint8_t bytes[CURSOR_LEN];
};

enum lgp_status keyrun_cursor_new(struct keyrun *run, struct keyrun_cursor **out)
{
	require(keyrun_loaded(run));
	struct keyrun_cursor *cursor = calloc(1, sizeof(*cursor));

	if (cursor == NULL)
		return lgp_fault(LGP_NO_MEMORY, "no memory to read %s", run->name);
	cursor->run = run;
	*out = cursor;
	return LGP_OK;
}

void keyrun_cursor_free(struct keyrun_cursor *cursor)
{
	free(cursor);
}

/* Has `count` records lie together at `next`. */
static enum lgp_status cursor_fill(struct keyrun_cursor *cursor, size_t count)
{
	struct keyrun *run = cursor->run;
	size_t have = cursor->end - cursor->next;

	if (have >= count * KEYRUN_RECORD_LEN)
		return LGP_OK;
	uint64_t left = run->count - cursor->buffered_to;
	if (count * KEYRUN_RECORD_LEN > have + left * KEYRUN_RECORD_LEN)
		return run_damaged(run, "its lines contradict its header");
	memmove(cursor->bytes, cursor->bytes + cursor->next, have);
	size_t room = (CURSOR_LEN - have) / KEYRUN_RECORD_LEN;
	size_t more = left < room ? (size_t)left : room;
	enum lgp_status status = read_records(run, cursor->buffered_to, more, cursor->bytes + have);
	if (status != LGP_OK)
		return status;
	cursor->buffered_to += more;
	cursor->next = 0;
	cursor->end = have + more * KEYRUN_RECORD_LEN;
	return LGP_OK;
}

/* Reads and checks the next link. */
static enum lgp_status cursor_link(struct keyrun_cursor *cursor)
{
	struct keyrun *run = cursor->run;
	struct bucket *bucket = &cursor->bucket;

	while (bucket->count == 0) {
		if (cursor->line == run->line_count)
			return LGP_MISSING;
		const uint8_t *line = lines_of(run) + cursor->line * KEYRUN_LINE_LEN;
		*bucket = bucket_of(run, line, ++cursor->line == run->line_count);
		cursor->check = 0;
	}
	size_t count = bucket->count < KEYRUN_LINK_RECORDS ? bucket->count : KEYRUN_LINK_RECORDS;
	enum lgp_status status = cursor_fill(cursor, count);
	if (status != LGP_OK)
		return status;
	cursor->check = keyrun_check(cursor->check, cursor->bytes + cursor->next, count);
	bucket->count -= (uint32_t)count;
	if (bucket->count == 0 && (uint32_t)cursor->check != bucket->check)
		return run_damaged(run, "its records contradict their check");
	cursor->linked = count;
	return LGP_OK;
}

enum lgp_status keyrun_cursor_next(struct keyrun_cursor *cursor, struct keyrun_record *out)
{
	if (cursor->linked == 0) {
		enum lgp_status status = cursor_link(cursor);
		if (status != LGP_OK)
			return status;
	}
	const uint8_t *record = cursor->bytes + cursor->next;
	out->prefix = lgp_get_be(record, 8);
	out->seq = lgp_get_le(record + 8, 6);
	cursor->next += KEYRUN_RECORD_LEN;
	cursor->linked--;
	return LGP_OK;
}
