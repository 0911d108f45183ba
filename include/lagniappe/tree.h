/* tree: the RFC 6962 Merkle tree over the log's entries, its proofs and its
 * C2SP tiles.
 * Thread: any, one owner at a time.  No I/O: nodes are handed in and out.
 *
 * A node (level, index) is the root of the complete subtree over the leaves
 * [index * 2^level, (index + 1) * 2^level).  Only complete subtrees have a
 * node; what hangs over the right edge is hashed when a root is asked for. */
#ifndef LAGNIAPPE_TREE_H
#define LAGNIAPPE_TREE_H

#include "lagniappe/hash.h"

#define LGP_TREE_LEVELS 48 /* room for 2^48 - 1 leaves */
#define LGP_PROOF_MAX 64   /* hashes in any one proof, with room to spare */
#define LGP_TILE_WIDTH 256 /* hashes in a full tile */
#define LGP_TILE_HEIGHT 8  /* binary levels in a tile level */

struct lgp_proof {
	unsigned count;
	struct lgp_hash hash[LGP_PROOF_MAX]; /* the leaf's sibling first */
};

/* The growing right edge: the nodes of one batch and the peaks it grew from,
 * which is all that the batch's own proofs need. */
struct lgp_tree;

/* Bound: batches of at most max_leaves.  LGP_NO_MEMORY. */
LGP_MUST_USE enum lgp_status lgp_tree_new(size_t max_leaves, struct lgp_tree **out);
void lgp_tree_free(struct lgp_tree *tree);

/* Stands the tree at `size` leaves.  peaks: for every set bit of size, from the
 * lowest level up, node (bit, (size >> bit) - 1). */
void lgp_tree_stand(struct lgp_tree *tree, uint64_t size, const struct lgp_hash *peaks);
/* Starts a batch where the tree stands: forgets the nodes of the batch before. */
void lgp_tree_begin(struct lgp_tree *tree);
/* Drops what was appended since lgp_tree_begin. */
void lgp_tree_rollback(struct lgp_tree *tree);
void lgp_tree_append(struct lgp_tree *tree, const struct lgp_hash *leaf);
uint64_t lgp_tree_size(const struct lgp_tree *tree);
/* Hashes the right edge; call once after a batch's last append, before proofs. */
void lgp_tree_root(struct lgp_tree *tree, struct lgp_hash *root);
/* Inclusion proof of a leaf of the batch in the tree as it stands.  No hashing. */
void lgp_tree_prove(const struct lgp_tree *tree, uint64_t index, struct lgp_proof *out);
/* The nodes that the batch completed at a level: *first is the index of the
 * first, the count is returned, the nodes are borrowed until the next append. */
size_t lgp_tree_completed(const struct lgp_tree *tree, unsigned level, uint64_t *first,
                          const struct lgp_hash **nodes);

/* Where nodes come from for proofs of older leaves.  LGP_OK or a fault. */
struct lgp_node_source {
	enum lgp_status (*node)(void *context, unsigned level, uint64_t index,
	                        struct lgp_hash *out);
	void *context;
};

/* RFC 6962 sections 2.1.1 and 2.1.2.  index < size; old_size <= size.  A
 * consistency proof from 0 or from size itself is empty.
 * Errors: what the source says. */
LGP_MUST_USE enum lgp_status lgp_prove_inclusion(const struct lgp_node_source *source,
                                                 uint64_t index, uint64_t size,
                                                 struct lgp_proof *out);
LGP_MUST_USE enum lgp_status lgp_prove_consistency(const struct lgp_node_source *source,
                                                   uint64_t old_size, uint64_t size,
                                                   struct lgp_proof *out);
LGP_MUST_USE enum lgp_status lgp_prove_root(const struct lgp_node_source *source, uint64_t size,
                                            struct lgp_hash *root);

/* LGP_OK, or LGP_INVALID: the proof does not lead to the root, or is not
 * exactly as long as (index, size) demand. */
LGP_MUST_USE enum lgp_status lgp_verify_inclusion(const struct lgp_hash *leaf, uint64_t index,
                                                  uint64_t size, const struct lgp_hash *root,
                                                  const struct lgp_proof *proof);
LGP_MUST_USE enum lgp_status lgp_verify_consistency(uint64_t old_size,
                                                    const struct lgp_hash *old_root, uint64_t size,
                                                    const struct lgp_hash *root,
                                                    const struct lgp_proof *proof);

/* C2SP tlog-tiles: the path of a tile below "tile/": "<L>/<N>" or "<L>/<N>.p/<W>",
 * L being "entries" when level is LGP_TILE_ENTRIES. */
#define LGP_TILE_ENTRIES 64u
#define LGP_TILE_PATH_MAX 48

struct lgp_tile {
	unsigned level;
	uint64_t index;
	unsigned width; /* 1 to 256 */
};

/* Writes without NUL, returns the length. */
size_t lgp_tile_path(const struct lgp_tile *tile, char out[LGP_TILE_PATH_MAX]);
/* LGP_MALFORMED for anything that lgp_tile_path would not write. */
LGP_MUST_USE enum lgp_status lgp_tile_parse(struct lgp_view path, struct lgp_tile *out);
/* The width that the tile has in a tree of `size` leaves: 0 to 256. */
unsigned lgp_tile_width(unsigned level, uint64_t index, uint64_t size);

#endif
