/* redo: see redo.h.  Read through a map: a generation is read once, in order. */
#include "redo.h"

#include "lagniappe/codec.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC "lagniappe-redo-1"
#define MAGIC_LEN (sizeof MAGIC - 1)
#define HEAD_LEN (MAGIC_LEN + 8 + LGP_HASH_LEN + 4 + 8)
#define LENGTHS 3 /* before a record's key */
#define KEY_MAX UINT8_MAX
#define BUFFER_BYTES (64 * 1024)

static_assert(STATE_VALUE_MAX <= UINT16_MAX, "a value's length fits its two bytes");

struct redo {
	const uint8_t *bytes; /* the whole file, mapped */
	size_t len, at;
	struct state_position position;
	uint64_t count;
};

static enum lgp_status io_fault(const char *path, const char *what)
{
	enum lgp_status status = errno == ENOSPC || errno == EDQUOT || errno == EFBIG ? LGP_FULL
	                         : errno == ENOENT                                    ? LGP_MISSING
	                                                                              : LGP_IO;
	return lgp_fault(status, "%s: %s: %s", path, what, strerror(errno));
}

/* ---- writing ---------------------------------------------------------------- */

struct writer {
	FILE *file;
	struct lgp_digest *digest;
};

/* Whether it went well is asked of the file once, at the end. */
static void put(struct writer *writer, const void *bytes, size_t len)
{
	(void)fwrite(bytes, 1, len, writer->file);
	lgp_digest_add(writer->digest, bytes, len);
}

static void put_head(struct writer *writer, const struct map *changes,
                     const struct state_position *position)
{
	uint8_t head[HEAD_LEN];
	uint8_t *at = head + MAGIC_LEN;
	memcpy(head, MAGIC, MAGIC_LEN);
	lgp_put_le(at, position->position, 8);
	memcpy(at + 8, position->root.bytes, LGP_HASH_LEN);
	lgp_put_le(at + 8 + LGP_HASH_LEN, (uint32_t)position->day, 4);
	lgp_put_le(at + 12 + LGP_HASH_LEN, map_count(changes), 8);
	put(writer, head, sizeof head);
}

static void put_record(struct writer *writer, const struct map_item *item)
{
	uint8_t bytes[LENGTHS + KEY_MAX + STATE_VALUE_MAX];
	size_t key_len = item->key.len, value_len = item->value.len;
	require(key_len <= KEY_MAX && value_len <= STATE_VALUE_MAX);
	bytes[0] = (uint8_t)key_len;
	lgp_put_le(bytes + 1, value_len, 2);
	memcpy(bytes + LENGTHS, item->key.ptr, key_len);
	if (value_len > 0)
		memcpy(bytes + LENGTHS + key_len, item->value.ptr, value_len);
	put(writer, bytes, LENGTHS + key_len + value_len);
}

/* Ends the digest, whatever comes. */
static enum lgp_status put_all(struct writer *writer, const struct map *changes,
                               const struct state_position *position)
{
	struct lgp_hash hash;
	size_t *order = map_sorted(changes);
	put_head(writer, changes, position);
	for (size_t i = 0; order != NULL && i < map_count(changes); i++) {
		struct map_item item = map_item(changes, order[i]);
		put_record(writer, &item);
	}
	lgp_digest_end(writer->digest, &hash);
	(void)fwrite(hash.bytes, 1, sizeof hash.bytes, writer->file);
	bool sorted = order != NULL;
	free(order);
	return sorted ? LGP_OK : lgp_fault(LGP_NO_MEMORY, "state: no memory to sort what changed");
}

static enum lgp_status write_file(const char *path, FILE *file, const struct map *changes,
                                  const struct state_position *position)
{
	struct writer writer = {file, lgp_digest_begin()};
	if (writer.digest == NULL)
		return lgp_fault(LGP_NO_MEMORY, "state: no memory for a digest");
	(void)setvbuf(file, NULL, _IOFBF, BUFFER_BYTES);
	enum lgp_status status = put_all(&writer, changes, position);
	if (status == LGP_OK &&
	    (ferror(file) != 0 || fflush(file) != 0 || fsync(fileno(file)) != 0))
		status = io_fault(path, "write");
	return status;
}

/* Its name must be durable as well. */
static enum lgp_status sync_name(const char *path)
{
	char dir[512];
	const char *slash = strrchr(path, '/');
	size_t len = slash != NULL ? (size_t)(slash - path) : 0;
	require(len < sizeof dir);
	memcpy(dir, path, len);
	dir[len] = '\0';
	return lgp_directory_sync(len > 0 ? dir : ".");
}

static enum lgp_status map_file(const char *path, struct redo **out);

enum lgp_status redo_write(const char *path, const struct map *changes,
                           const struct state_position *position, struct redo **out)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (file == NULL) {
		enum lgp_status status = io_fault(path, "make");
		if (fd >= 0)
			(void)close(fd);
		return status;
	}
	enum lgp_status status = write_file(path, file, changes, position);
	if (fclose(file) != 0 && status == LGP_OK)
		status = io_fault(path, "close");
	if (status == LGP_OK)
		status = sync_name(path);
	return status == LGP_OK ? map_file(path, out) : status;
}

/* ---- reading ---------------------------------------------------------------- */

static enum lgp_status map_open(const char *path, int fd, struct redo *redo)
{
	struct stat info;
	if (fstat(fd, &info) != 0)
		return io_fault(path, "read");
	if (info.st_size < (off_t)(HEAD_LEN + LGP_HASH_LEN))
		return lgp_fault(LGP_CORRUPT, "%s: it is not whole", path);
	redo->len = (size_t)info.st_size;
	void *bytes = mmap(NULL, redo->len, PROT_READ, MAP_PRIVATE, fd, 0);
	if (bytes == MAP_FAILED)
		return io_fault(path, "map");
	redo->bytes = bytes;
	return LGP_OK;
}

static enum lgp_status read_head(const char *path, struct redo *redo)
{
	const uint8_t *at = redo->bytes + MAGIC_LEN;
	if (memcmp(redo->bytes, MAGIC, MAGIC_LEN) != 0)
		return lgp_fault(LGP_CORRUPT, "%s: it is of another format", path);
	redo->position.position = lgp_get_le(at, 8);
	memcpy(redo->position.root.bytes, at + 8, LGP_HASH_LEN);
	redo->position.day = (int32_t)lgp_get_le(at + 8 + LGP_HASH_LEN, 4);
	redo->count = lgp_get_le(at + 12 + LGP_HASH_LEN, 8);
	redo->at = HEAD_LEN;
	return LGP_OK;
}

static enum lgp_status map_file(const char *path, struct redo **out)
{
	struct redo *redo = calloc(1, sizeof *redo);
	if (redo == NULL)
		return lgp_fault(LGP_NO_MEMORY, "%s: no memory to open it", path);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	enum lgp_status status = fd >= 0 ? map_open(path, fd, redo) : io_fault(path, "open");
	if (fd >= 0)
		(void)close(fd);
	if (status == LGP_OK)
		status = read_head(path, redo);
	if (status != LGP_OK) {
		redo_close(redo);
		return status;
	}
	*out = redo;
	return LGP_OK;
}

static bool is_whole(const struct redo *redo)
{
	struct lgp_hash hash;
	lgp_hash_sha256(redo->bytes, redo->len - LGP_HASH_LEN, &hash);
	return memcmp(hash.bytes, redo->bytes + redo->len - LGP_HASH_LEN, LGP_HASH_LEN) == 0;
}

enum lgp_status redo_open(const char *path, struct redo **out)
{
	enum lgp_status status = map_file(path, out);
	if (status != LGP_OK || is_whole(*out))
		return status;
	redo_close(*out);
	*out = NULL;
	return lgp_fault(LGP_CORRUPT, "%s: it is not whole", path);
}

void redo_close(struct redo *redo)
{
	if (redo == NULL)
		return;
	if (redo->bytes != NULL)
		(void)munmap((void *)(uintptr_t)redo->bytes, redo->len);
	free(redo);
}

enum lgp_status redo_remove(const char *path)
{
	return unlink(path) == 0 || errno == ENOENT ? LGP_OK : io_fault(path, "remove");
}

const struct state_position *redo_position(const struct redo *redo)
{
	return &redo->position;
}

uint64_t redo_count(const struct redo *redo)
{
	return redo->count;
}

enum lgp_status redo_next(struct redo *redo, struct lgp_view *key, struct lgp_view *value)
{
	size_t end = redo->len - LGP_HASH_LEN;
	const uint8_t *at = redo->bytes + redo->at;
	if (redo->at == end)
		return LGP_MISSING;
	if (end - redo->at < LENGTHS)
		return lgp_fault(LGP_CORRUPT, "state.redo: a record is cut off");
	size_t key_len = at[0], value_len = lgp_get_le(at + 1, 2);
	if (end - redo->at - LENGTHS < key_len + value_len)
		return lgp_fault(LGP_CORRUPT, "state.redo: a record is cut off");
	*key = (struct lgp_view){(const char *)at + LENGTHS, key_len};
	*value = (struct lgp_view){(const char *)at + LENGTHS + key_len, value_len};
	redo->at += LENGTHS + key_len + value_len;
	return LGP_OK;
}
