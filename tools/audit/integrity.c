/* integrity: see integrity.h.  Thread: one at a time.
 * Sources: RFC 6962 section 2.1; C2SP tlog-tiles for the tile levels. */
#include "tools/audit/integrity.h"

#include <inttypes.h>
#include <string.h>

#include "lagniappe/codec.h"

#define HEX_MAX 17 /* of a hash, the first 8 bytes are told */

static const char *hex(const struct lgp_hash *hash, char out[HEX_MAX])
{
	lgp_hex_encode(out, hash->bytes, (HEX_MAX - 1) / 2);
	out[HEX_MAX - 1] = '\0';
	return out;
}

void integrity_init(struct integrity *integrity, struct door *door, struct findings *findings,
                    struct trust *trust, const struct extent *extent)
{
	memset(integrity, 0, sizeof *integrity);
	integrity->door = door;
	integrity->findings = findings;
	integrity->trust = trust;
	integrity->extent = *extent;
	for (unsigned level = 0; level < MERKLE_TILE_LEVELS; level++)
		integrity->node[level].key = UINT64_MAX;
}

/* ---- leaf hashes in doubt ------------------------------------------------------- */

static void tell_differences(struct integrity *integrity, const char *verdict)
{
	char entry[HEX_MAX], leaf[HEX_MAX];
	for (size_t i = 0; i < integrity->difference_count; i++)
		finding_entry(integrity->findings, RULE_LEAF_HASH, integrity->difference[i].seq,
		              "it hashes to %s..., its stored leaf hash is %s...; %s",
		              hex(&integrity->difference[i].entry, entry),
		              hex(&integrity->difference[i].leaf, leaf), verdict);
	integrity->difference_count = 0;
}

static void add_difference(struct integrity *integrity, uint64_t seq, const struct lgp_hash *entry,
                           const struct lgp_hash *leaf)
{
	if (integrity->difference_count == DIFFERENCES_MAX)
		tell_differences(integrity, "no checkpoint between tells which was signed");
	size_t i = integrity->difference_count++;
	integrity->difference[i].seq = seq;
	integrity->difference[i].entry = *entry;
	integrity->difference[i].leaf = *leaf;
	if (!integrity->split && !integrity->lost)
		integrity->leaves = integrity->entries;
	integrity->split = !integrity->lost;
}

/* ---- nodes of tiles --------------------------------------------------------------- */

static void tell_node(struct integrity *integrity, enum cell cell, unsigned level, uint64_t strip)
{
	uint64_t first = strip * LGP_STRIP_HASHES << MERKLE_TILE_HEIGHT * level;
	const char *what = cell == CELL_MISSING  ? "is missing"
	                   : cell == CELL_LENGTH ? "is not 512 bytes long"
	                                         : "cannot be read";
	finding_entry(integrity->findings,
	              cell == CELL_DAMAGED ? RULE_FILE
	              : level == 0         ? RULE_LEAF_MISSING
	                                   : RULE_NODE_MISSING,
	              first, "strip %" PRIu64 " of tile level %u %s", strip, level, what);
}

static const struct strip *node_strip(struct integrity *integrity, unsigned level, uint64_t strip)
{
	uint64_t key = (uint64_t)level << 56 | strip;
	if (integrity->node[level].key != key) {
		integrity->node[level].key = key;
		door_strip(integrity->door, LGP_LOG_NODES, key, &integrity->node[level].strip,
		           NULL);
		if (integrity->node[level].strip.cell != CELL_HERE)
			tell_node(integrity, integrity->node[level].strip.cell, level, strip);
	}
	return &integrity->node[level].strip;
}

/* other: the node by the stored leaf hashes, where the two trees differ. */
static void judge_node(struct integrity *integrity, unsigned level, const struct lgp_hash *node,
                       const struct lgp_hash *other)
{
	uint64_t index = (integrity->entries.size >> MERKLE_TILE_HEIGHT * level) - 1;
	const struct strip *strip = node_strip(integrity, level, index / LGP_STRIP_HASHES);
	const struct lgp_hash *stored = &strip->hash[index % LGP_STRIP_HASHES];
	if (strip->cell != CELL_HERE || lgp_hash_equal(stored, node) ||
	    (other != NULL && lgp_hash_equal(stored, other)))
		return;
	char told[HEX_MAX], made[HEX_MAX];
	uint64_t first = index << MERKLE_TILE_HEIGHT * level;
	finding_entry(integrity->findings, RULE_NODE_HASH, first,
	              "node %" PRIu64 " of tile level %u, over entries %" PRIu64 " to %" PRIu64
	              ", is stored as %s... and computed as %s...",
	              index, level, first, integrity->entries.size - 1, hex(stored, told),
	              hex(node, made));
}

/* ---- growing the trees ---------------------------------------------------------- */

static void grow(struct integrity *integrity, const struct lgp_hash *entry,
                 const struct lgp_hash *leaf)
{
	struct lgp_hash made[MERKLE_TILE_LEVELS], other[MERKLE_TILE_LEVELS];
	unsigned tiles = merkle_append(&integrity->entries, entry, made);
	if (integrity->split)
		(void)merkle_append(&integrity->leaves, leaf, other);
	for (unsigned i = 0; i < tiles; i++)
		judge_node(integrity, i + 1, &made[i], integrity->split ? &other[i] : NULL);
}

static void lose(struct integrity *integrity, uint64_t at)
{
	if (integrity->lost)
		return;
	integrity->lost = true;
	integrity->split = false;
	integrity->lost_at = at;
	tell_differences(integrity, "no checkpoint before the gap tells which was signed");
}

/* Either may be NULL. */
static void add_leaf(struct integrity *integrity, uint64_t seq, const struct lgp_hash *entry,
                     const struct lgp_hash *leaf)
{
	if (entry != NULL && leaf != NULL && !lgp_hash_equal(entry, leaf))
		add_difference(integrity, seq, entry, leaf);
	if (entry == NULL && leaf == NULL)
		lose(integrity, seq);
	if (!integrity->lost)
		grow(integrity, entry != NULL ? entry : leaf, leaf != NULL ? leaf : entry);
}

/* ---- roots ------------------------------------------------------------------------- */

/* Whether either tree has this root.  *by_leaves: the stored hashes' has. */
static bool root_holds(const struct integrity *integrity, const struct lgp_hash *root,
                       bool *by_leaves)
{
	struct lgp_hash made;
	*by_leaves = false;
	merkle_root(&integrity->entries, &made);
	if (lgp_hash_equal(&made, root))
		return true;
	if (!integrity->split)
		return false;
	merkle_root(&integrity->leaves, &made);
	*by_leaves = lgp_hash_equal(&made, root);
	return *by_leaves;
}

/* What was signed is known from here on. */
static void settle(struct integrity *integrity, bool by_leaves, uint64_t size)
{
	char verdict[128];
	snprintf(verdict, sizeof verdict,
	         "the checkpoint at size %" PRIu64 " signed the %s hash: the %s", size,
	         by_leaves ? "stored" : "entry's",
	         by_leaves ? "entry was changed" : "stored hash was changed");
	tell_differences(integrity, verdict);
	if (by_leaves)
		integrity->entries = integrity->leaves;
	integrity->split = false;
}

static void judge_root(struct integrity *integrity, const struct stored_checkpoint *stored)
{
	bool by_leaves;
	if (root_holds(integrity, &stored->root, &by_leaves)) {
		if (integrity->split)
			settle(integrity, by_leaves, stored->size);
		return;
	}
	tell_differences(integrity, "the next checkpoint signed neither");
	struct lgp_hash made;
	char told[HEX_MAX], computed[HEX_MAX];
	merkle_root(&integrity->entries, &made);
	finding_entry(integrity->findings, RULE_CHECKPOINT_ROOT, stored->size - 1,
	              "the checkpoint at size %" PRIu64
	              " has the root %s..., the entries have %s...",
	              stored->size, hex(&stored->root, told), hex(&made, computed));
}

static void judge_checkpoint(struct integrity *integrity, const struct stored_checkpoint *stored)
{
	integrity->checked++;
	if (stored->cell != CELL_HERE) {
		finding_entry(integrity->findings, RULE_CHECKPOINT_FORM, stored->size - 1,
		              "the checkpoint at size %" PRIu64 " is not %d bytes long",
		              stored->size, LGP_CHECKPOINT_VALUE_LEN);
		return;
	}
	integrity->last = *stored;
	if (integrity->lost)
		integrity->roots_unchecked++;
	else
		judge_root(integrity, stored);
	if (integrity->signatures == NULL || !signatures_add(integrity->signatures, stored))
		trust_tell(integrity->trust, stored, trust_check(integrity->trust, stored),
		           integrity->findings);
}

static void judge_anchor(struct integrity *integrity, struct anchor *anchor, uint64_t size)
{
	bool by_leaves;
	if (anchor->name == NULL || anchor->checkpoint.size != size || integrity->lost)
		return;
	anchor->contained = root_holds(integrity, &anchor->checkpoint.root, &by_leaves);
	if (anchor->contained)
		return;
	struct lgp_hash made;
	char told[HEX_MAX], computed[HEX_MAX];
	merkle_root(&integrity->entries, &made);
	finding_ledger(integrity->findings, anchor->root,
	               "the %s has the root %s... at size %" PRIu64
	               ", the ledger has %s...: history before it was rewritten",
	               anchor->name, hex(&anchor->checkpoint.root, told), size,
	               hex(&made, computed));
}

/* ---- checkpoints in the order of their sizes ----------------------------------------- */

/* Behind a page that cannot be read, the search goes on in steps that double. */
static enum lgp_status read_on(struct integrity *integrity, uint64_t from)
{
	enum lgp_status status = door_checkpoints(integrity->door, from, integrity->checkpoints,
	                                          &integrity->checkpoint_count);
	if (status == LGP_OK)
		return LGP_OK;
	uint64_t to = from;
	for (uint64_t step = 1; status != LGP_OK && to < integrity->extent.size; step *= 2) {
		to += step;
		status = door_checkpoints(integrity->door, to, integrity->checkpoints,
		                          &integrity->checkpoint_count);
	}
	finding_ledger(integrity->findings, RULE_FILE,
	               "the checkpoints of sizes %" PRIu64 " to %" PRIu64 " cannot be read: %s",
	               from, to, lgp_fault_detail());
	return status;
}

/* The next stored checkpoint, NULL behind the last. */
static const struct stored_checkpoint *next_checkpoint(struct integrity *integrity)
{
	if (integrity->checkpoint_next == integrity->checkpoint_count &&
	    !integrity->checkpoints_ended) {
		size_t count = integrity->checkpoint_count;
		uint64_t from = count == 0 ? 0 : integrity->checkpoints[count - 1].size + 1;
		integrity->checkpoint_next = integrity->checkpoint_count = 0;
		integrity->checkpoints_ended =
		        read_on(integrity, from) != LGP_OK || integrity->checkpoint_count == 0;
	}
	return integrity->checkpoint_next < integrity->checkpoint_count
	               ? &integrity->checkpoints[integrity->checkpoint_next]
	               : NULL;
}

static void next_due(struct integrity *integrity, const struct anchor *anchor, uint64_t size)
{
	if (anchor->name != NULL && anchor->checkpoint.size > size &&
	    anchor->checkpoint.size < integrity->due)
		integrity->due = anchor->checkpoint.size;
}

/* The tree stands at `size`. */
static void judge_size(struct integrity *integrity, uint64_t size)
{
	const struct stored_checkpoint *stored;
	judge_anchor(integrity, &integrity->trust->since, size);
	judge_anchor(integrity, &integrity->trust->high_water, size);
	judge_anchor(integrity, &integrity->trust->state, size);
	while ((stored = next_checkpoint(integrity)) != NULL && stored->size <= size) {
		if (stored->size == 0)
			finding_ledger(integrity->findings, RULE_CHECKPOINT_FORM,
			               "there is a checkpoint of size 0");
		else
			judge_checkpoint(integrity, stored);
		integrity->checkpoint_next++;
	}
	integrity->due = stored != NULL ? stored->size : UINT64_MAX;
	next_due(integrity, &integrity->trust->since, size);
	next_due(integrity, &integrity->trust->high_water, size);
	next_due(integrity, &integrity->trust->state, size);
}

/* ---- entries that are not there --------------------------------------------------- */

static void tell_gap(struct integrity *integrity, const char *cause)
{
	uint64_t first = integrity->gap.first, count = integrity->gap.count;
	integrity->gap.count = 0;
	if (count == 0)
		return;
	switch (integrity->gap.cell) {
	case CELL_LENGTH:
		finding_entry(integrity->findings, RULE_ENTRY_FORM, first,
		              "%" PRIu64 " in a row are not %d bytes long", count, LGP_ENTRY_LEN);
		break;
	case CELL_DAMAGED:
		finding_entry(integrity->findings, RULE_FILE, first,
		              "%" PRIu64 " in a row cannot be read: %s", count, cause);
		break;
	default:
		finding_entry(integrity->findings, RULE_ENTRY_MISSING, first,
		              "%" PRIu64 " in a row are missing, up to entry %" PRIu64, count,
		              first + count - 1);
	}
}

static void add_gap(struct integrity *integrity, enum cell cell, uint64_t first, uint64_t count,
                    const char *cause)
{
	if (integrity->gap.count > 0 && integrity->gap.cell == cell) {
		integrity->gap.count += count;
		return;
	}
	tell_gap(integrity, cause);
	integrity->gap.cell = cell;
	integrity->gap.first = first;
	integrity->gap.count = count;
}

void integrity_skip(struct integrity *integrity, uint64_t first, uint64_t next)
{
	add_gap(integrity, CELL_MISSING, first, next - first, "");
	lose(integrity, first);
	judge_size(integrity, next); /* signatures hold or not, whatever is missing */
}

/* ---- a block ---------------------------------------------------------------------- */

/* Where no entry of a strip is there, that the strip is missing too is no news. */
static bool strip_needed(const struct block *block, unsigned first)
{
	for (unsigned i = first; i < block->count && i < first + LGP_STRIP_HASHES; i++)
		if (block->cell[i] == CELL_HERE)
			return true;
	return block->leaves[first / LGP_STRIP_HASHES].cell != CELL_MISSING;
}

static void judge_leaf(struct integrity *integrity, const struct block *block, unsigned i)
{
	uint64_t seq = block->first + i;
	const struct strip *strip = &block->leaves[i / LGP_STRIP_HASHES];
	struct lgp_hash entry;
	if (i % LGP_STRIP_HASHES == 0 && strip->cell != CELL_HERE && strip_needed(block, i))
		tell_node(integrity, strip->cell, 0, seq / LGP_STRIP_HASHES);
	if (block->cell[i] == CELL_HERE) {
		tell_gap(integrity, block->cause);
		lgp_hash_leaf(block->entry[i], LGP_ENTRY_LEN, &entry);
	} else {
		add_gap(integrity, block->cell[i], seq, 1, block->cause);
	}
	add_leaf(integrity, seq, block->cell[i] == CELL_HERE ? &entry : NULL,
	         strip->cell == CELL_HERE ? &strip->hash[i % LGP_STRIP_HASHES] : NULL);
}

void integrity_block(struct integrity *integrity, const struct block *block)
{
	if (block->first == 0)
		judge_size(integrity, 0);
	for (unsigned i = 0; i < block->count; i++) {
		uint64_t size = block->first + i + 1;
		judge_leaf(integrity, block, i);
		if (size >= integrity->due)
			judge_size(integrity, size);
	}
	if (integrity->gap.cell == CELL_DAMAGED)
		tell_gap(integrity, block->cause); /* the cause is the block's own */
}

/* ---- the end ----------------------------------------------------------------------- */

static bool zero(const struct lgp_hash *hash)
{
	static const struct lgp_hash none;
	return lgp_hash_equal(hash, &none);
}

/* The last strip is zero behind the hashes that the ledger has by now. */
static void judge_padding(struct integrity *integrity, enum lgp_log_table table, unsigned level)
{
	uint64_t hashes = integrity->extent.size >> MERKLE_TILE_HEIGHT * level, size_now;
	uint64_t number = hashes / LGP_STRIP_HASHES;
	struct strip strip;
	if (hashes % LGP_STRIP_HASHES == 0)
		return;
	door_strip(integrity->door, table, (uint64_t)level << 56 | number, &strip, &size_now);
	uint64_t now = (size_now >> MERKLE_TILE_HEIGHT * level) - number * LGP_STRIP_HASHES;
	for (uint64_t i = now; strip.cell == CELL_HERE && i < LGP_STRIP_HASHES; i++)
		if (!zero(&strip.hash[i]))
			finding_ledger(integrity->findings, RULE_PADDING,
			               "hash %" PRIu64 " of strip %" PRIu64
			               " of tile level %u is behind the end and not zero",
			               i, number, level);
}

static void judge_behind(struct integrity *integrity, enum lgp_log_table table, unsigned level)
{
	uint64_t key;
	if (door_strip_behind(integrity->door, table, level, &key) != LGP_OK)
		return;
	bool last = level == MERKLE_TILE_LEVELS - 1;
	if (key >> 56 == level || (last && key >> 56 > level))
		finding_ledger(integrity->findings, RULE_STRIP_EXTRA,
		               "strip %" PRIu64 " of tile level %" PRIu64
		               " of table \"%s\" is behind "
		               "the tree's end",
		               key & (UINT64_MAX >> 8), key >> 56, lgp_log_tables[table].name);
}

static void judge_strips(struct integrity *integrity)
{
	judge_padding(integrity, LGP_LOG_LEAVES, 0);
	judge_behind(integrity, LGP_LOG_LEAVES, 0);
	judge_behind(integrity, LGP_LOG_NODES, 0);
	for (unsigned level = 1; level < MERKLE_TILE_LEVELS; level++) {
		judge_padding(integrity, LGP_LOG_NODES, level);
		judge_behind(integrity, LGP_LOG_NODES, level);
	}
}

static void judge_covered(struct integrity *integrity)
{
	uint64_t size = integrity->extent.size, covered = integrity->last.size;
	if (integrity->extent.covered > size)
		finding_ledger(integrity->findings, RULE_BEYOND,
		               "a checkpoint covers %" PRIu64 " entries, there are %" PRIu64
		               ": entries were taken away",
		               integrity->extent.covered, size);
	if (covered < size)
		finding_entry(integrity->findings, RULE_UNCOVERED, covered,
		              "%" PRIu64 " at the end are covered by no checkpoint",
		              size - covered);
}

static void judge_anchor_behind(struct integrity *integrity, const struct anchor *anchor)
{
	if (anchor->name != NULL && anchor->checkpoint.size > integrity->extent.size)
		finding_ledger(integrity->findings, anchor->behind,
		               "the %s has %" PRIu64 " entries, the ledger %" PRIu64
		               ": it was rolled back",
		               anchor->name, anchor->checkpoint.size, integrity->extent.size);
}

void integrity_finish(struct integrity *integrity)
{
	tell_gap(integrity, "");
	tell_differences(integrity, "no checkpoint behind it tells which was signed");
	if (integrity->extent.size == 0)
		judge_size(integrity, 0);
	judge_strips(integrity);
	judge_covered(integrity);
	judge_anchor_behind(integrity, &integrity->trust->since);
	judge_anchor_behind(integrity, &integrity->trust->high_water);
	judge_anchor_behind(integrity, &integrity->trust->state);
	if (integrity->roots_unchecked > 0)
		finding_entry(integrity->findings, RULE_CHECKPOINT_ROOT, integrity->lost_at,
		              "neither it nor its leaf hash is there: the roots of %" PRIu64
		              " checkpoints from here on were not checked",
		              integrity->roots_unchecked);
}
