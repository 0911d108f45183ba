/* wal: see lagniappe/wal.h. */
#include "lagniappe/wal.h"

#include "lagniappe/codec.h"
#include "lagniappe/datadir.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC "lgp-wal1"
#define HEAD_LEN 128
#define HASHED_FROM LGP_HASH_LEN
#define PUT_LEN 4 /* before a put's key */
#define PATH_BYTES (PATH_MAX + 16)
#define KEEP_BYTES ((size_t)1 << 20) /* of memory, between two records */

struct lgp_wal {
	int fd[2];
	uint64_t generation, place;
	off_t end; /* of its last record */
	/* The record in hand: HEAD_LEN bytes, then puts. */
	uint8_t *bytes;
	size_t len, cap;
	char dir[PATH_BYTES - 16];
};

static void path_of(const char *dir, uint64_t generation, char out[PATH_BYTES])
{
	(void)snprintf(out, PATH_BYTES, "%s/ledger.wal-%u", dir, (unsigned)(generation & 1));
}

static enum lgp_status io_fault(const char *dir, uint64_t generation, const char *what)
{
	char path[PATH_BYTES];
	bool full = errno == ENOSPC || errno == EDQUOT || errno == EFBIG;
	path_of(dir, generation, path);
	return lgp_fault(full ? LGP_FULL : LGP_IO, "%s: %s: %s", path, what, strerror(errno));
}

/* ---- opening ---------------------------------------------------------------- */

static enum lgp_status open_one(struct lgp_wal *wal, unsigned i, bool *made)
{
	char path[PATH_BYTES];
	path_of(wal->dir, i, path);
	wal->fd[i] = open(path, O_WRONLY | O_CLOEXEC);
	if (wal->fd[i] < 0 && errno == ENOENT) {
		wal->fd[i] = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		*made = true;
	}
	return wal->fd[i] >= 0 ? LGP_OK : io_fault(wal->dir, i, "open");
}

enum lgp_status lgp_wal_open(const char *dir, struct lgp_wal **out)
{
	struct lgp_wal *wal = calloc(1, sizeof *wal);
	bool made = false;
	if (wal == NULL || strlen(dir) >= sizeof wal->dir) {
		free(wal);
		return lgp_fault(LGP_NO_MEMORY, "%s: the path is too long, or no memory", dir);
	}
	memcpy(wal->dir, dir, strlen(dir) + 1);
	wal->len = HEAD_LEN;
	wal->fd[0] = wal->fd[1] = -1;
	enum lgp_status status = LGP_OK;
	for (unsigned i = 0; i < 2 && status == LGP_OK; i++)
		status = open_one(wal, i, &made);
	if (status == LGP_OK && made)
		status = lgp_directory_sync(dir);
	if (status != LGP_OK) {
		lgp_wal_close(wal);
		return status;
	}
	*out = wal;
	return LGP_OK;
}

void lgp_wal_close(struct lgp_wal *wal)
{
	if (wal == NULL)
		return;
	for (unsigned i = 0; i < 2; i++)
		if (wal->fd[i] >= 0)
			(void)close(wal->fd[i]);
	free(wal->bytes);
	free(wal);
}

enum lgp_status lgp_wal_empty(struct lgp_wal *wal)
{
	struct stat info;
	for (unsigned i = 0; i < 2; i++)
		if (fstat(wal->fd[i], &info) != 0 ||
		    (info.st_size > 0 && ftruncate(wal->fd[i], 0) != 0))
			return io_fault(wal->dir, i, "empty");
	return LGP_OK;
}

void lgp_wal_turn(struct lgp_wal *wal, uint64_t generation)
{
	wal->generation = generation;
	wal->place = 0;
	wal->end = 0;
}

/* ---- the record in hand ------------------------------------------------------- */

/* Room for so many more bytes, and for the zeros behind the last record. */
static bool reserve(struct lgp_wal *wal, size_t more)
{
	size_t need = wal->len + more + LGP_WAL_ALIGN;
	if (need <= wal->cap)
		return true;
	size_t cap = wal->cap == 0 ? 64 * 1024 : wal->cap;
	while (cap < need)
		cap *= 2;
	uint8_t *bytes = realloc(wal->bytes, cap);
	if (bytes == NULL)
		return false;
	wal->bytes = bytes;
	wal->cap = cap;
	return true;
}

enum lgp_status lgp_wal_put(struct lgp_wal *wal, unsigned table, struct lgp_view key,
                            struct lgp_view value)
{
	size_t len = PUT_LEN + key.len + value.len;
	require(table <= UINT8_MAX && key.len <= UINT8_MAX && value.len <= UINT16_MAX);
	require(wal->len + len - HEAD_LEN <= LGP_WAL_PUTS_MAX);
	if (!reserve(wal, len))
		return lgp_fault(LGP_NO_MEMORY, "no memory for a batch's record");
	uint8_t *at = wal->bytes + wal->len;
	at[0] = (uint8_t)table;
	at[1] = (uint8_t)key.len;
	lgp_put_le(at + 2, value.len, 2);
	memcpy(at + PUT_LEN, key.ptr, key.len);
	memcpy(at + PUT_LEN + key.len, value.ptr, value.len);
	wal->len += len;
	return LGP_OK;
}

struct lgp_view lgp_wal_puts(const struct lgp_wal *wal)
{
	return (struct lgp_view){(const char *)wal->bytes + HEAD_LEN, wal->len - HEAD_LEN};
}

void lgp_wal_forget(struct lgp_wal *wal)
{
	wal->len = HEAD_LEN;
	if (wal->cap <= KEEP_BYTES)
		return;
	free(wal->bytes);
	wal->bytes = NULL;
	wal->cap = 0;
}

/* ---- writing ------------------------------------------------------------------- */

static off_t aligned(size_t len)
{
	return (off_t)((len + LGP_WAL_ALIGN - 1) / LGP_WAL_ALIGN * LGP_WAL_ALIGN);
}

static void put_head(struct lgp_wal *wal, const struct lgp_wal_base *base)
{
	uint8_t *head = wal->bytes;
	struct lgp_hash hash;
	memset(head, 0, HEAD_LEN);
	memcpy(head + 32, MAGIC, 8);
	lgp_put_le(head + 40, wal->generation, 8);
	lgp_put_le(head + 48, wal->place, 8);
	lgp_put_le(head + 56, base->size, 8);
	memcpy(head + 64, base->root.bytes, LGP_HASH_LEN);
	lgp_put_le(head + 96, wal->len - HEAD_LEN, 8);
	lgp_hash_sha256(head + HASHED_FROM, wal->len - HASHED_FROM, &hash);
	memcpy(head, hash.bytes, LGP_HASH_LEN);
}

static bool write_all(int fd, const uint8_t *bytes, size_t len, off_t at)
{
	errno = ENOSPC; /* where nothing is taken, and nothing is said */
	for (ssize_t n; len > 0; bytes += n, at += n, len -= (size_t)n) {
		n = pwrite(fd, bytes, len, at);
		if (n < 0 && errno == EINTR)
			n = 0;
		else if (n <= 0)
			return false;
	}
	return true;
}

/* A record that was cut in the zeros behind its puts would be a whole one. */
static enum lgp_status take_back(struct lgp_wal *wal, int fd)
{
	enum lgp_status status = io_fault(wal->dir, wal->generation, "write");
	if (ftruncate(fd, wal->end) != 0)
		return LGP_IO;
	return status;
}

enum lgp_status lgp_wal_commit(struct lgp_wal *wal, const struct lgp_wal_base *base)
{
	int fd = wal->fd[wal->generation & 1];
	size_t len = (size_t)aligned(wal->len);
	require(wal->len > HEAD_LEN);
	put_head(wal, base);
	memset(wal->bytes + wal->len, 0, len - wal->len);
	if (!write_all(fd, wal->bytes, len, wal->end))
		return take_back(wal, fd);
	if (fdatasync(fd) != 0) {
		(void)io_fault(wal->dir, wal->generation, "sync");
		return LGP_IO; /* whatever the cause: what the disk has is unknown */
	}
	wal->end += (off_t)len;
	wal->place++;
	return LGP_OK;
}

/* ---- reading ------------------------------------------------------------------- */

/* The puts' length, or 0: it is no head of this record.  Generation 0: of any. */
static size_t judge_head(const uint8_t head[HEAD_LEN], uint64_t generation, uint64_t place)
{
	uint64_t len = lgp_get_le(head + 96, 8), found = lgp_get_le(head + 40, 8);
	return memcmp(head + 32, MAGIC, 8) == 0 && (generation == 0 || found == generation) &&
	                       lgp_get_le(head + 48, 8) == place && len <= LGP_WAL_PUTS_MAX
	               ? (size_t)len
	               : 0;
}

static bool hash_holds(const uint8_t *record, size_t puts_len)
{
	struct lgp_hash hash;
	lgp_hash_sha256(record + HASHED_FROM, HEAD_LEN - HASHED_FROM + puts_len, &hash);
	return memcmp(record, hash.bytes, LGP_HASH_LEN) == 0;
}

struct reading {
	const char *dir;
	uint64_t file;       /* a generation that lies in it */
	uint64_t generation; /* 0: any */
	int fd;              /* -1: there is no such file */
	uint8_t *record;     /* HEAD_LEN + LGP_WAL_PUTS_MAX */
};

static enum lgp_status reading_open(struct reading *reading)
{
	char path[PATH_BYTES];
	if (strlen(reading->dir) > PATH_MAX)
		return lgp_fault(LGP_MALFORMED, "the path of the ledger is too long");
	path_of(reading->dir, reading->file, path);
	/* It may be no file at all, and must not be waited for. */
	reading->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (reading->fd < 0)
		return errno == ENOENT ? LGP_OK : io_fault(reading->dir, reading->file, "open");
	reading->record = malloc(HEAD_LEN + LGP_WAL_PUTS_MAX);
	return reading->record != NULL ? LGP_OK
	                               : lgp_fault(LGP_NO_MEMORY, "%s: no memory to read it", path);
}

static void reading_close(struct reading *reading)
{
	free(reading->record);
	if (reading->fd >= 0)
		(void)close(reading->fd);
}

/* *len: of the record that stands there, 0 where none does.  A short read is an end
 * like any other. */
static enum lgp_status read_record(const struct reading *reading, uint64_t place, off_t at,
                                   size_t *len)
{
	uint8_t *record = reading->record;
	*len = 0;
	ssize_t n = pread(reading->fd, record, HEAD_LEN, at);
	size_t puts = n == HEAD_LEN ? judge_head(record, reading->generation, place) : 0;
	if (puts > 0)
		n = pread(reading->fd, record + HEAD_LEN, puts, at + HEAD_LEN);
	if (n < 0)
		return io_fault(reading->dir, reading->file, "read");
	if (puts > 0 && n == (ssize_t)puts && hash_holds(record, puts))
		*len = HEAD_LEN + puts;
	return LGP_OK;
}

static enum lgp_status read_records(const struct reading *reading, lgp_wal_visit visit,
                                    void *context)
{
	const uint8_t *record = reading->record;
	off_t at = 0;
	for (uint64_t place = 0;; place++) {
		size_t len;
		enum lgp_status status = read_record(reading, place, at, &len);
		if (status != LGP_OK || len == 0)
			return status;
		struct lgp_wal_base base = {.size = lgp_get_le(record + 56, 8)};
		memcpy(base.root.bytes, record + 64, LGP_HASH_LEN);
		status = visit(context, &base,
		               (struct lgp_view){(const char *)record + HEAD_LEN, len - HEAD_LEN});
		if (status != LGP_OK)
			return status;
		at += aligned(len);
	}
}

enum lgp_status lgp_wal_read(const char *dir, uint64_t generation, lgp_wal_visit visit,
                             void *context)
{
	struct reading reading = {dir, generation, generation, -1, NULL};
	enum lgp_status status = reading_open(&reading);
	if (status == LGP_OK && reading.fd >= 0)
		status = read_records(&reading, visit, context);
	reading_close(&reading);
	return status;
}

/* What the file begins with. */
static enum lgp_status first_generation(const char *dir, uint64_t file, uint64_t *out)
{
	struct reading reading = {dir, file, 0, -1, NULL};
	size_t len = 0;
	enum lgp_status status = reading_open(&reading);
	if (status == LGP_OK && reading.fd >= 0)
		status = read_record(&reading, 0, 0, &len);
	*out = len > 0 ? lgp_get_le(reading.record + 40, 8) : 0;
	reading_close(&reading);
	return status;
}

enum lgp_status lgp_wal_newest(const char *dir, uint64_t *generation)
{
	uint64_t even, odd = 0;
	enum lgp_status status = first_generation(dir, 0, &even);
	if (status == LGP_OK)
		status = first_generation(dir, 1, &odd);
	*generation = even > odd ? even : odd;
	return status;
}

bool lgp_wal_next(struct lgp_view *puts, struct lgp_wal_put *out)
{
	const uint8_t *at = (const uint8_t *)puts->ptr;
	if (puts->len < PUT_LEN)
		return false;
	size_t key_len = at[1], value_len = (size_t)lgp_get_le(at + 2, 2);
	if (puts->len - PUT_LEN < key_len + value_len)
		return false;
	out->table = at[0];
	out->key = (struct lgp_view){puts->ptr + PUT_LEN, key_len};
	out->value = (struct lgp_view){puts->ptr + PUT_LEN + key_len, value_len};
	puts->ptr += PUT_LEN + key_len + value_len;
	puts->len -= PUT_LEN + key_len + value_len;
	return true;
}
