/* tally: numbers counted under 16-byte digests; what an import remembers.
 * Thread: one owner.  32 bytes a slot, at most two thirds of them used; bound:
 * TALLY_KEYS_MAX keys. */
#ifndef LAGNIAPPE_TOOLS_TALLY_H
#define LAGNIAPPE_TOOLS_TALLY_H

#include "lagniappe/status.h"

#define TALLY_DIGEST_LEN 16
#define TALLY_KEYS_MAX (UINT64_C(1) << 25)

struct tally_slot;

struct tally {
	struct tally_slot *slots; /* owned */
	size_t room, count;
};

void tally_init(struct tally *tally);
void tally_deinit(struct tally *tally);
/* The number under the digest, 0 at first; good until the next call.
 * NULL: no memory, or too many keys. */
uint64_t *tally_at(struct tally *tally, const uint8_t digest[TALLY_DIGEST_LEN]);

/* SHA-256, cut, over the parts with their lengths. */
void tally_digest(const struct lgp_view *parts, size_t count, uint8_t out[TALLY_DIGEST_LEN]);

#endif
