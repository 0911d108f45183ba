/* keyslots: the persons' keys, wrapped under the master key, in a file of
 * fixed slots.  A value deleted from a B-tree stays in the file's free pages;
 * a slot is overwritten in place and synced, so that an erased key is gone.
 * Thread: add, sync and erase are the ledger thread's; get is for any.
 *
 * The file is a run of slots of 128 bytes, so that none straddles a sector:
 *
 *  offset size meaning
 *       0    8 the person's number, little-endian
 *       8   24 nonce
 *      32   48 the key, XChaCha20-Poly1305 under the master key; the
 *              additional data are "lagniappe-person" and the number
 *      80   48 zero
 *
 * A slot of zeros alone holds nothing.  Slots are not used again. */
#ifndef LAGNIAPPE_SERVER_KEYSLOTS_H
#define LAGNIAPPE_SERVER_KEYSLOTS_H

#include "lagniappe/hash.h"

struct keyslots;

/* Opens or creates the file.  count: the slots that people.mdb knows of; what
 * lies behind them was never referred to, and is cut off.
 * LGP_CORRUPT: the file is shorter, or there are keys and count is 0. */
LGP_MUST_USE enum lgp_status keyslots_open(const char *path, const uint8_t master[LGP_KEY_LEN],
                                           uint64_t count, struct keyslots **out);
void keyslots_close(struct keyslots *slots);
uint64_t keyslots_count(const struct keyslots *slots);

/* Writes the key behind the last slot; durable after keyslots_sync. */
LGP_MUST_USE enum lgp_status keyslots_add(struct keyslots *slots, uint64_t number,
                                          const uint8_t key[LGP_KEY_LEN], uint64_t *slot);
/* Nothing added since: costs nothing. */
LGP_MUST_USE enum lgp_status keyslots_sync(struct keyslots *slots);
/* LGP_MISSING: erased.  LGP_CORRUPT: another person's, or not ours. */
LGP_MUST_USE enum lgp_status keyslots_get(const struct keyslots *slots, uint64_t slot,
                                          uint64_t number, uint8_t key[LGP_KEY_LEN]);
/* Overwrites the slot; durable when it returns. */
LGP_MUST_USE enum lgp_status keyslots_erase(struct keyslots *slots, uint64_t slot);

#endif
