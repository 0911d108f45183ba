/* redo: see redo.h. */
#include "redo.h"

#include "lagniappe/codec.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC "lagniappe-redo-1"
#define MAGIC_LEN (sizeof MAGIC - 1)
#define FORMAT_LEN 32
#define NAMES_LEN (MAGIC_LEN + FORMAT_LEN)
#define HEAD_LEN (NAMES_LEN + 8 + LGP_HASH_LEN + 4 + 8)
#define LENGTHS 3 /* before a record's key */
#define KEY_MAX UINT8_MAX
#define BUFFER_BYTES (64 * 1024)

static_assert(STATE_VALUE_MAX <= UINT16_MAX, "a value's length fits its two bytes");
static_assert(sizeof STATE_FORMAT <= FORMAT_LEN, "a format's name fits");

struct redo {
	FILE *file;
	struct state_position position;
	uint64_t count, left;
	uint8_t record[KEY_MAX + STATE_VALUE_MAX];
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

static void put_names(uint8_t out[NAMES_LEN])
{
	memset(out, 0, NAMES_LEN);
	memcpy(out, MAGIC, MAGIC_LEN);
	memcpy(out + MAGIC_LEN, STATE_FORMAT, sizeof STATE_FORMAT);
}

static void put_head(struct writer *writer, const struct map *changes,
                     const struct state_position *position)
{
	uint8_t head[HEAD_LEN];
	uint8_t *at = head + NAMES_LEN;
	put_names(head);
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

static enum lgp_status put_records(struct writer *writer, const struct map *changes)
{
	size_t *order = map_sorted(changes);
	if (order == NULL)
		return lgp_fault(LGP_NO_MEMORY, "state: no memory to sort what changed");
	for (size_t i = 0; i < map_count(changes); i++) {
		struct map_item item = map_item(changes, order[i]);
		put_record(writer, &item);
	}
	free(order);
	return LGP_OK;
}

static enum lgp_status write_file(const char *path, FILE *file, const struct map *changes,
                                  const struct state_position *position)
{
	struct writer writer = {file, lgp_digest_begin()};
	if (writer.digest == NULL)
		return lgp_fault(LGP_NO_MEMORY, "state: no memory for a digest");
	struct lgp_hash hash;
	(void)setvbuf(file, NULL, _IOFBF, BUFFER_BYTES);
	put_head(&writer, changes, position);
	enum lgp_status status = put_records(&writer, changes);
	lgp_digest_end(writer.digest, &hash);
	if (status != LGP_OK)
		return status;
	(void)fwrite(hash.bytes, 1, sizeof hash.bytes, file);
	bool written = ferror(file) == 0 && fflush(file) == 0 && fsync(fileno(file)) == 0;
	return written ? LGP_OK : io_fault(path, "write");
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
	if (status == LGP_OK)
		status = redo_open(path, out);
	if (status != LGP_OK) /* a part of it would take room, or seem whole */
		(void)unlink(path);
	return status;
}

/* ---- reading ---------------------------------------------------------------- */

static enum lgp_status not_whole(const char *path)
{
	return lgp_fault(LGP_CORRUPT, "%s: it is not whole, or of another format", path);
}

/* All but the hash at the end is what it is the hash of. */
static enum lgp_status check_hash(const char *path, FILE *file)
{
	struct stat info;
	struct lgp_hash hash, told;
	uint8_t bytes[4096];
	struct lgp_digest *digest = lgp_digest_begin();
	if (digest == NULL)
		return lgp_fault(LGP_NO_MEMORY, "state: no memory for a digest");
	off_t left = fstat(fileno(file), &info) == 0 ? info.st_size - LGP_HASH_LEN : -1;
	while (left > 0) {
		size_t wanted = left < (off_t)sizeof bytes ? (size_t)left : sizeof bytes;
		if (fread(bytes, 1, wanted, file) != wanted)
			break;
		lgp_digest_add(digest, bytes, wanted);
		left -= (off_t)wanted;
	}
	lgp_digest_end(digest, &hash);
	if (left != 0 || fread(told.bytes, 1, sizeof told.bytes, file) != sizeof told.bytes)
		return ferror(file) != 0 ? io_fault(path, "read") : not_whole(path);
	return lgp_hash_equal(&hash, &told) ? LGP_OK : not_whole(path);
}

static enum lgp_status read_head(const char *path, struct redo *redo)
{
	uint8_t head[HEAD_LEN], names[NAMES_LEN];
	const uint8_t *at = head + NAMES_LEN;
	rewind(redo->file);
	put_names(names);
	if (fread(head, 1, sizeof head, redo->file) != sizeof head ||
	    memcmp(head, names, sizeof names) != 0)
		return not_whole(path);
	redo->position.position = lgp_get_le(at, 8);
	memcpy(redo->position.root.bytes, at + 8, LGP_HASH_LEN);
	redo->position.day = (int32_t)lgp_get_le(at + 8 + LGP_HASH_LEN, 4);
	redo->count = redo->left = lgp_get_le(at + 12 + LGP_HASH_LEN, 8);
	return LGP_OK;
}

enum lgp_status redo_open(const char *path, struct redo **out)
{
	struct redo *redo = calloc(1, sizeof *redo);
	if (redo == NULL)
		return lgp_fault(LGP_NO_MEMORY, "%s: no memory to open it", path);
	redo->file = fopen(path, "re");
	enum lgp_status status = redo->file != NULL ? LGP_OK : io_fault(path, "open");
	if (status == LGP_OK)
		status = check_hash(path, redo->file);
	if (status == LGP_OK)
		status = read_head(path, redo);
	if (status != LGP_OK) {
		redo_close(redo);
		return status;
	}
	*out = redo;
	return LGP_OK;
}

void redo_close(struct redo *redo)
{
	if (redo == NULL)
		return;
	if (redo->file != NULL)
		(void)fclose(redo->file);
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
	uint8_t lengths[LENGTHS];
	if (redo->left == 0)
		return LGP_MISSING;
	if (fread(lengths, 1, sizeof lengths, redo->file) != sizeof lengths)
		return lgp_fault(LGP_IO, "state.redo: a record cannot be read");
	size_t key_len = lengths[0], value_len = lgp_get_le(lengths + 1, 2);
	if (key_len + value_len > sizeof redo->record ||
	    fread(redo->record, 1, key_len + value_len, redo->file) != key_len + value_len)
		return lgp_fault(LGP_IO, "state.redo: a record cannot be read");
	redo->left--;
	*key = (struct lgp_view){(const char *)redo->record, key_len};
	*value = (struct lgp_view){(const char *)redo->record + key_len, value_len};
	return LGP_OK;
}
