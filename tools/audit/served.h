/* served: what a server serves of its log, as bytes: entry bundles, tiles and
 * the signed checkpoint, taken apart.
 * Thread: any.  Sources: C2SP tlog-tiles, tlog-checkpoint and signed-note. */
#ifndef LAGNIAPPE_AUDIT_SERVED_H
#define LAGNIAPPE_AUDIT_SERVED_H

#include "lagniappe/tree.h"
#include "tools/audit/source.h"

#define SERVED_BUNDLE_MAX (LGP_TILE_WIDTH * (2 + LGP_ENTRY_LEN))
#define SERVED_TILE_MAX (LGP_TILE_WIDTH * LGP_HASH_LEN)
#define SERVED_WHY_MAX 160

/* Takes `width` entries out of a bundle; what is not there whole, its cell says.
 * False: it is not exactly those entries, and why says what it is. */
bool served_bundle(const uint8_t *bytes, size_t len, unsigned width, uint8_t cell[LGP_TILE_WIDTH],
                   uint8_t entry[LGP_TILE_WIDTH][LGP_ENTRY_LEN], char why[SERVED_WHY_MAX]);
/* The same of a tile of hashes: *count of them are there whole. */
bool served_tile(const uint8_t *bytes, size_t len, unsigned width,
                 struct lgp_hash hash[LGP_TILE_WIDTH], unsigned *count, char why[SERVED_WHY_MAX]);
/* A checkpoint and its own log's signature: by the key of this id where there is
 * one (NULL: any), else the first under the log's name.  Verifies nothing.
 * LGP_MALFORMED: no checkpoint, of no possible size, or not signed under its own name. */
LGP_MUST_USE enum lgp_status served_checkpoint(struct lgp_view note, const uint8_t key_id[4],
                                               struct stored_checkpoint *out,
                                               char origin[LGP_ORIGIN_MAX + 1]);

#endif
