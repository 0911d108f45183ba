/* integrity: the bytes of the log: every leaf, node, checkpoint and signature,
 * recomputed.
 * Thread: one at a time.
 *
 * Two trees are grown where they would differ: one of the entries' own hashes,
 * one of the stored leaf hashes.  The next checkpoint tells which of the two
 * was signed, so that one changed byte is one finding, and the tree goes on
 * from what was signed. */
#ifndef LAGNIAPPE_AUDIT_INTEGRITY_H
#define LAGNIAPPE_AUDIT_INTEGRITY_H

#include "tools/audit/finding.h"
#include "tools/audit/merkle.h"
#include "tools/audit/door.h"
#include "tools/audit/signatures.h"

#define DIFFERENCES_MAX 64 /* leaf hashes in doubt between two checkpoints */

struct integrity {
	struct door *door; /* borrowed, all three */
	struct findings *findings;
	struct trust *trust;
	struct extent extent;
	struct signatures *signatures; /* where they are put to be checked; NULL: at once */

	struct merkle entries, leaves; /* leaves: while split */
	bool split, lost;              /* lost: neither hash of a leaf is there */
	uint64_t lost_at, roots_unchecked;
	struct {
		uint64_t seq;
		struct lgp_hash entry, leaf;
	} difference[DIFFERENCES_MAX];
	size_t difference_count;

	struct {
		uint64_t key; /* UINT64_MAX: none */
		struct strip strip;
	} node[MERKLE_TILE_LEVELS]; /* the strip of each tile level that was read last */

	struct {
		enum cell cell;
		uint64_t first, count;
	} gap; /* entries in a row that are not there; count 0: none */

	struct stored_checkpoint checkpoints[CHECKPOINTS_MAX];
	size_t checkpoint_next, checkpoint_count;
	bool checkpoints_ended;
	uint64_t due;     /* the size at which the next checkpoint or anchor is judged */
	uint64_t checked; /* checkpoints */
	struct stored_checkpoint last; /* the last one checked; size 0: none */
};

void integrity_init(struct integrity *integrity, struct door *door, struct findings *findings,
                    struct trust *trust, const struct extent *extent);
void integrity_block(struct integrity *integrity, const struct block *block);
/* Entries up to `next` are not there, nor are their hashes. */
void integrity_skip(struct integrity *integrity, uint64_t first, uint64_t next);
/* After the last block. */
void integrity_finish(struct integrity *integrity);

#endif
