/* keyslots: the persons' wrapped keys in a file of fixed slots.
 * Thread: see the header.  XChaCha20-Poly1305 as libsodium has it
 * (draft-irtf-cfrg-xchacha). */
#include "server/keyslots.h"

#include "lagniappe/codec.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SLOT_LEN = 128, NONCE_AT = 8, BOX_AT = 32, BOX_LEN = LGP_KEY_LEN + 16 };
static_assert(BOX_AT - NONCE_AT == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, "nonce");
static_assert(BOX_LEN - LGP_KEY_LEN == crypto_aead_xchacha20poly1305_ietf_ABYTES, "tag");

struct keyslots {
	int fd;
	bool unsynced;
	uint64_t count;
	uint8_t master[LGP_KEY_LEN];
	char path[]; /* for messages */
};

static enum lgp_status failed(const struct keyslots *slots, const char *what)
{
	bool full = errno == ENOSPC || errno == EDQUOT || errno == EFBIG;
	return lgp_fault(full ? LGP_FULL : LGP_IO, "%s: %s failed: %s", slots->path, what,
	                 strerror(errno));
}

static void additional_data(uint64_t number, uint8_t out[24])
{
	memcpy(out, "lagniappe-person", 16);
	lgp_put_le(out + 16, number, 8);
}

/* Holds the file's length against what people.mdb knows. */
static enum lgp_status fit(struct keyslots *slots)
{
	struct stat st;
	if (fstat(slots->fd, &st) != 0)
		return failed(slots, "fstat");
	uint64_t held = (uint64_t)st.st_size / SLOT_LEN;
	if (held < slots->count)
		return lgp_fault(LGP_CORRUPT,
		                 "%s holds %llu keys, people.mdb knows %llu: restore both from one "
		                 "backup",
		                 slots->path, (unsigned long long)held,
		                 (unsigned long long)slots->count);
	if (slots->count == 0 && held > 1)
		return lgp_fault(
		        LGP_CORRUPT,
		        "%s holds keys, and people.mdb is new: restore people.mdb, or move "
		        "the keys away to start without the old names",
		        slots->path);
	if (ftruncate(slots->fd, (off_t)(slots->count * SLOT_LEN)) != 0 || fsync(slots->fd) != 0)
		return failed(slots, "ftruncate");
	return LGP_OK;
}

enum lgp_status keyslots_open(const char *path, const uint8_t master[LGP_KEY_LEN], uint64_t count,
                              struct keyslots **out)
{
	size_t len = strlen(path) + 1;
	struct keyslots *slots = calloc(1, sizeof *slots + len);
	if (slots == NULL)
		return lgp_fault(LGP_NO_MEMORY, "opening %s", path);
	memcpy(slots->path, path, len);
	memcpy(slots->master, master, LGP_KEY_LEN);
	slots->count = count;
	slots->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	enum lgp_status status = slots->fd < 0 ? failed(slots, "open") : fit(slots);
	if (status != LGP_OK) {
		keyslots_close(slots);
		return status;
	}
	*out = slots;
	return LGP_OK;
}

void keyslots_close(struct keyslots *slots)
{
	if (slots == NULL)
		return;
	if (slots->fd >= 0)
		(void)close(slots->fd);
	sodium_memzero(slots->master, sizeof slots->master);
	free(slots);
}

uint64_t keyslots_count(const struct keyslots *slots)
{
	return slots->count;
}

static enum lgp_status write_slot(struct keyslots *slots, uint64_t slot, const uint8_t *bytes)
{
	size_t done = 0;
	while (done < SLOT_LEN) {
		ssize_t n = pwrite(slots->fd, bytes + done, SLOT_LEN - done,
		                   (off_t)(slot * SLOT_LEN + done));
		if (n < 0 && errno != EINTR)
			return failed(slots, "pwrite");
		done += n > 0 ? (size_t)n : 0;
	}
	slots->unsynced = true;
	return LGP_OK;
}

enum lgp_status keyslots_add(struct keyslots *slots, uint64_t number,
                             const uint8_t key[LGP_KEY_LEN], uint64_t *slot)
{
	uint8_t bytes[SLOT_LEN] = {0}, ad[24];
	lgp_put_le(bytes, number, 8);
	randombytes_buf(bytes + NONCE_AT, BOX_AT - NONCE_AT);
	additional_data(number, ad);
	(void)crypto_aead_xchacha20poly1305_ietf_encrypt(bytes + BOX_AT, NULL, key, LGP_KEY_LEN, ad,
	                                                 sizeof ad, NULL, bytes + NONCE_AT,
	                                                 slots->master);
	enum lgp_status status = write_slot(slots, slots->count, bytes);
	if (status == LGP_OK)
		*slot = slots->count++;
	return status;
}

enum lgp_status keyslots_sync(struct keyslots *slots)
{
	if (!slots->unsynced)
		return LGP_OK;
	if (fdatasync(slots->fd) != 0)
		return failed(slots, "fdatasync");
	slots->unsynced = false;
	return LGP_OK;
}

enum lgp_status keyslots_get(const struct keyslots *slots, uint64_t slot, uint64_t number,
                             uint8_t key[LGP_KEY_LEN])
{
	uint8_t bytes[SLOT_LEN], ad[24];
	ssize_t n = pread(slots->fd, bytes, SLOT_LEN, (off_t)(slot * SLOT_LEN));
	if (n < 0)
		return failed(slots, "pread");
	if (n != SLOT_LEN)
		return lgp_fault(LGP_CORRUPT, "%s has no slot %llu", slots->path,
		                 (unsigned long long)slot);
	if (sodium_is_zero(bytes, SLOT_LEN))
		return LGP_MISSING;
	additional_data(number, ad);
	if (lgp_get_le(bytes, 8) != number ||
	    crypto_aead_xchacha20poly1305_ietf_decrypt(key, NULL, NULL, bytes + BOX_AT, BOX_LEN, ad,
	                                               sizeof ad, bytes + NONCE_AT,
	                                               slots->master) != 0)
		return lgp_fault(LGP_CORRUPT, "%s: slot %llu does not hold the key of person %llu",
		                 slots->path, (unsigned long long)slot, (unsigned long long)number);
	return LGP_OK;
}

enum lgp_status keyslots_erase(struct keyslots *slots, uint64_t slot)
{
	static const uint8_t nothing[SLOT_LEN];
	enum lgp_status status = write_slot(slots, slot, nothing);
	return status == LGP_OK ? keyslots_sync(slots) : status;
}
