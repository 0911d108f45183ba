/* tally: numbers counted under 16-byte digests.
 * Thread: one owner.  Open addressing; digests are uniform already, so their
 * first bytes are the place. */
#include "tools/lagniappe/tally.h"

#include "lagniappe/codec.h"
#include "lagniappe/hash.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

struct tally_slot {
	uint8_t digest[TALLY_DIGEST_LEN];
	uint64_t value;
	bool used;
};

void tally_init(struct tally *tally)
{
	*tally = (struct tally){0};
}

void tally_deinit(struct tally *tally)
{
	free(tally->slots);
	*tally = (struct tally){0};
}

static struct tally_slot *find(struct tally_slot *slots, size_t room,
                               const uint8_t digest[TALLY_DIGEST_LEN])
{
	size_t i = (size_t)lgp_get_le(digest, 8) & (room - 1);
	while (slots[i].used && memcmp(slots[i].digest, digest, TALLY_DIGEST_LEN) != 0)
		i = (i + 1) & (room - 1);
	return &slots[i];
}

static bool grow(struct tally *tally)
{
	size_t room = tally->room == 0 ? 1024 : tally->room * 2;
	struct tally_slot *slots = calloc(room, sizeof *slots);
	if (slots == NULL)
		return false;
	for (size_t i = 0; i < tally->room; i++)
		if (tally->slots[i].used)
			*find(slots, room, tally->slots[i].digest) = tally->slots[i];
	free(tally->slots);
	tally->slots = slots;
	tally->room = room;
	return true;
}

uint64_t *tally_at(struct tally *tally, const uint8_t digest[TALLY_DIGEST_LEN])
{
	if (tally->count == TALLY_KEYS_MAX)
		return NULL;
	if (tally->count * 3 >= tally->room * 2 && !grow(tally))
		return NULL;
	struct tally_slot *slot = find(tally->slots, tally->room, digest);
	if (!slot->used) {
		slot->used = true;
		memcpy(slot->digest, digest, TALLY_DIGEST_LEN);
		tally->count++;
	}
	return &slot->value;
}

void tally_digest(const struct lgp_view *parts, size_t count, uint8_t out[TALLY_DIGEST_LEN])
{
	crypto_hash_sha256_state state;
	uint8_t whole[crypto_hash_sha256_BYTES], len[8];
	crypto_hash_sha256_init(&state);
	for (size_t i = 0; i < count; i++) {
		lgp_put_le(len, parts[i].len, sizeof len);
		crypto_hash_sha256_update(&state, len, sizeof len);
		crypto_hash_sha256_update(&state, (const unsigned char *)parts[i].ptr,
		                          parts[i].len);
	}
	crypto_hash_sha256_final(&state, whole);
	memcpy(out, whole, TALLY_DIGEST_LEN);
}
