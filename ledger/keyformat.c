/* keyformat: names, checks and file calls that a run's reader and writer share.
 * Thread: any. */
#include "keyformat.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define NAME_DIGITS 20

void keyrun_name_format(char out[KEYRUN_NAME_LEN + 1], uint64_t from, uint64_t to)
{
	int len = snprintf(out, KEYRUN_NAME_LEN + 1, "keys-%020" PRIu64 "-%020" PRIu64 ".run", from,
	                   to);

	require(len == KEYRUN_NAME_LEN);
}

static bool parse_number(const char *text, uint64_t *out)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < NAME_DIGITS; i++) {
		if (text[i] < '0' || text[i] > '9' || __builtin_mul_overflow(value, 10u, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(text[i] - '0'), &value))
			return false;
	}
	*out = value;
	return true;
}

bool keyrun_name_parse(const char *name, uint64_t *from, uint64_t *to)
{
	char again[KEYRUN_NAME_LEN + 1];

	if (strlen(name) != KEYRUN_NAME_LEN || !parse_number(name + strlen("keys-"), from) ||
	    !parse_number(name + strlen("keys-") + NAME_DIGITS + 1, to))
		return false;
	keyrun_name_format(again, *from, *to);
	return strcmp(name, again) == 0 && *from < *to;
}

/* SipHash is not there against an enemy (who could write here could write any
 * run he likes) but because it is at hand, quick and good. */
uint64_t keyrun_check(uint64_t before, const uint8_t *records, size_t count)
{
	uint8_t key[crypto_shorthash_KEYBYTES] = {0}, hash[crypto_shorthash_BYTES];

	static_assert(crypto_shorthash_BYTES == 8, "a link is 8 bytes");
	lgp_put_le(key, before, 8);
	crypto_shorthash(hash, records, count * KEYRUN_RECORD_LEN, key);
	return lgp_get_le(hash, 8);
}

enum lgp_status keyrun_io_fault(const struct keyrun_dir *dir, const char *name, const char *action)
{
	int error = errno;
	const char *cause = strerrordesc_np(error);

	if (error == ENOSPC || error == EDQUOT || error == EFBIG)
		return lgp_fault(LGP_FULL, "cannot %s %.100s/%s: %s; make room on this disk",
		                 action, dir->path, name, cause);
	return lgp_fault(error == ENOMEM ? LGP_NO_MEMORY : LGP_IO,
	                 "cannot %s %.100s/%s: %s; runs can be deleted, they are rebuilt at the "
	                 "next start",
	                 action, dir->path, name, cause);
}

enum lgp_status keyrun_pread(const struct keyrun_dir *dir, const char *name, int fd, void *out,
                             size_t len, uint64_t offset)
{
	size_t done = 0;

	while (done < len) {
		ssize_t got = pread(fd, (uint8_t *)out + done, len - done, (off_t)(offset + done));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return keyrun_io_fault(dir, name, "read");
		if (got == 0)
			return lgp_fault(LGP_CORRUPT, "%.100s/%s is shorter than it says",
			                 dir->path, name);
		done += (size_t)got;
	}
	return LGP_OK;
}

enum lgp_status keyrun_pwrite(const struct keyrun_dir *dir, const char *name, int fd,
                              const void *bytes, size_t len, uint64_t offset)
{
	size_t done = 0;

	while (done < len) {
		ssize_t put = pwrite(fd, (const uint8_t *)bytes + done, len - done,
		                     (off_t)(offset + done));
		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return keyrun_io_fault(dir, name, "write");
		done += (size_t)put;
	}
	return LGP_OK;
}

enum lgp_status keyrun_delete(const struct keyrun_dir *dir, const char *name)
{
	if (unlinkat(dir->fd, name, 0) != 0 && errno != ENOENT)
		return keyrun_io_fault(dir, name, "delete");
	return LGP_OK;
}

enum lgp_status keyrun_dir_sync(const struct keyrun_dir *dir)
{
	if (fsync(dir->fd) != 0)
		return keyrun_io_fault(dir, "", "sync");
	return LGP_OK;
}
