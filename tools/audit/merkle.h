/* merkle: the auditor's own growing tree (RFC 6962 section 2.1).
 * Thread: any, one owner.  Shares no code with the ledger's tree, only the
 * hash functions: what both compute must agree. */
#ifndef LAGNIAPPE_AUDIT_MERKLE_H
#define LAGNIAPPE_AUDIT_MERKLE_H

#include "lagniappe/hash.h"

#define MERKLE_LEVELS 64
#define MERKLE_TILE_HEIGHT 8
#define MERKLE_TILE_LEVELS (MERKLE_LEVELS / MERKLE_TILE_HEIGHT) /* 0 is the leaves' */

struct merkle {
	uint64_t size;
	/* peak[l] stands where bit l of size is set: the complete subtree that
	 * ends where the larger peaks' leave off. */
	struct lgp_hash peak[MERKLE_LEVELS];
};

/* Adds a leaf.  Returns how many tile levels above the leaves it completed a
 * node of; tile[i] is the node of tile level i + 1. */
unsigned merkle_append(struct merkle *tree, const struct lgp_hash *leaf,
                       struct lgp_hash tile[MERKLE_TILE_LEVELS]);
void merkle_root(const struct merkle *tree, struct lgp_hash *root);

#endif
