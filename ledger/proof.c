/* proof: RFC 6962 proofs out of stored nodes, their verification, and the
 * names of the tiles that the nodes are published in.
 * Thread: any.  No state, no I/O: nodes come from the caller's source.
 * Sources: RFC 6962 section 2.1, RFC 9162 sections 2.1.3.2 and 2.1.4.2
 * (verification), C2SP tlog-tiles (paths). */
#include <string.h>

#include "lagniappe/codec.h"
#include "lagniappe/tree.h"

/* --- proving ------------------------------------------------------------ */

/* Leaves [low, high) of a subtree that the RFC's splits lead to: low is a
 * multiple of a power of two that is not below high - low. */
struct range {
	uint64_t low, high;
};

/* Ranges as the descent meets them, so the proof's last first. */
struct descent {
	unsigned count;
	struct range range[LGP_PROOF_MAX];
};

static unsigned bit_length(uint64_t number)
{
	return number == 0 ? 0 : 64 - (unsigned)__builtin_clzll(number);
}

/* The largest power of two below n, for n of 2 and more. */
static uint64_t split_point(uint64_t n)
{
	require(n >= 2);
	return UINT64_C(1) << (bit_length(n - 1) - 1);
}

/* Folds the complete subtrees that make up the range, the smallest first. */
static enum lgp_status range_hash(const struct lgp_node_source *source, struct range range,
                                  struct lgp_hash *out)
{
	uint64_t n = range.high - range.low;
	bool begun = false;
	for (unsigned level = 0; level < bit_length(n); level++) {
		if ((n >> level & 1) == 0)
			continue;
		uint64_t index = (range.low >> level) + (n >> level) - 1;
		struct lgp_hash node;
		enum lgp_status status = source->node(source->context, level, index, &node);
		if (status != LGP_OK)
			return status;
		if (begun)
			lgp_hash_node(&node, out, out);
		else
			*out = node;
		begun = true;
	}
	return LGP_OK;
}

static enum lgp_status descent_hash(const struct lgp_node_source *source,
                                    const struct descent *descent, struct lgp_proof *out)
{
	for (unsigned i = 0; i < descent->count; i++) {
		struct range range = descent->range[descent->count - 1 - i];
		enum lgp_status status = range_hash(source, range, &out->hash[i]);
		if (status != LGP_OK)
			return status;
	}
	out->count = descent->count;
	return LGP_OK;
}

/* Goes down from `at` to the child that holds the leaf, and notes the other. */
static void descend(struct descent *descent, struct range *at, uint64_t leaf)
{
	uint64_t middle = at->low + split_point(at->high - at->low);
	struct range left = {at->low, middle}, right = {middle, at->high};
	require(descent->count < LGP_PROOF_MAX);
	descent->range[descent->count++] = leaf < middle ? right : left;
	*at = leaf < middle ? left : right;
}

enum lgp_status lgp_prove_inclusion(const struct lgp_node_source *source, uint64_t index,
                                    uint64_t size, struct lgp_proof *out)
{
	require(index < size && size >> LGP_TREE_LEVELS == 0);
	struct descent descent = {0};
	struct range at = {0, size};
	while (at.high - at.low > 1)
		descend(&descent, &at, index);
	return descent_hash(source, &descent, out);
}

enum lgp_status lgp_prove_consistency(const struct lgp_node_source *source, uint64_t old_size,
                                      uint64_t size, struct lgp_proof *out)
{
	require(old_size <= size && size >> LGP_TREE_LEVELS == 0);
	struct descent descent = {0};
	struct range at = {0, size};
	if (old_size > 0) {
		while (at.high != old_size)
			descend(&descent, &at, old_size - 1);
		/* The verifier knows the old tree's root, and so its left edge. */
		if (at.low != 0)
			descent.range[descent.count++] = at;
	}
	return descent_hash(source, &descent, out);
}

enum lgp_status lgp_prove_root(const struct lgp_node_source *source, uint64_t size,
                               struct lgp_hash *root)
{
	require(size >> LGP_TREE_LEVELS == 0);
	if (size > 0)
		return range_hash(source, (struct range){0, size}, root);
	lgp_hash_sha256("", 0, root);
	return LGP_OK;
}

/* --- verifying ---------------------------------------------------------- */

static enum lgp_status expect_root(const char *proof, const struct lgp_hash *got,
                                   const struct lgp_hash *root)
{
	if (lgp_hash_equal(got, root))
		return LGP_OK;
	return lgp_fault(LGP_INVALID, "%s: the hashes do not lead to the root", proof);
}

enum lgp_status lgp_verify_inclusion(const struct lgp_hash *leaf, uint64_t index, uint64_t size,
                                     const struct lgp_hash *root, const struct lgp_proof *proof)
{
	if (index >= size)
		return lgp_fault(LGP_INVALID,
		                 "inclusion proof: there is no leaf %llu in a tree of %llu",
		                 (unsigned long long)index, (unsigned long long)size);
	/* Up to where the leaf's path meets the tree's right edge, every level
	 * has a sibling; above, those alone where the sibling is to the left. */
	unsigned inner = bit_length(index ^ (size - 1));
	uint64_t above = inner < 64 ? index >> inner : 0;
	unsigned length = inner + (unsigned)__builtin_popcountll(above);
	if (proof->count != length)
		return lgp_fault(LGP_INVALID, "inclusion proof: %u hashes where %u belong",
		                 proof->count, length);
	struct lgp_hash hash = *leaf;
	for (unsigned i = 0; i < length; i++) {
		if (i >= inner || (index >> i & 1) != 0)
			lgp_hash_node(&proof->hash[i], &hash, &hash);
		else
			lgp_hash_node(&hash, &proof->hash[i], &hash);
	}
	return expect_root("inclusion proof", &hash, root);
}

/* The walk of RFC 9162 section 2.1.4.2 for 0 < old_size < size. */
static enum lgp_status verify_growth(uint64_t old_size, const struct lgp_hash *old_root,
                                     uint64_t size, const struct lgp_hash *root,
                                     const struct lgp_proof *proof)
{
	static const char length[] = "consistency proof: not as long as the sizes demand";
	/* fn and sn are the last leaves of the old and the new tree, level by
	 * level; a complete old tree is itself the node that the walk starts at. */
	unsigned shift = (unsigned)__builtin_ctzll(old_size);
	uint64_t fn = (old_size - 1) >> shift, sn = (size - 1) >> shift;
	unsigned next = 0;
	if (fn != 0 && proof->count == 0)
		return lgp_fault(LGP_INVALID, length);
	struct lgp_hash old = fn == 0 ? *old_root : proof->hash[next++];
	struct lgp_hash new = old;
	for (; next < proof->count; next++) {
		if (sn == 0)
			return lgp_fault(LGP_INVALID, length);
		const struct lgp_hash *hash = &proof->hash[next];
		if ((fn & 1) != 0 || fn == sn) {
			lgp_hash_node(hash, &old, &old);
			lgp_hash_node(hash, &new, &new);
			for (; (fn & 1) == 0 && fn != 0; fn >>= 1)
				sn >>= 1;
		} else {
			lgp_hash_node(&new, hash, &new);
		}
		fn >>= 1;
		sn >>= 1;
	}
	if (sn != 0)
		return lgp_fault(LGP_INVALID, length);
	enum lgp_status status = expect_root("consistency proof, old tree", &old, old_root);
	return status != LGP_OK ? status : expect_root("consistency proof, new tree", &new, root);
}

enum lgp_status lgp_verify_consistency(uint64_t old_size, const struct lgp_hash *old_root,
                                       uint64_t size, const struct lgp_hash *root,
                                       const struct lgp_proof *proof)
{
	if (old_size > size)
		return lgp_fault(LGP_INVALID, "consistency proof: from %llu leaves back to %llu",
		                 (unsigned long long)old_size, (unsigned long long)size);
	if (proof->count > LGP_PROOF_MAX)
		return lgp_fault(LGP_INVALID, "consistency proof: %u hashes, more than any has",
		                 proof->count);
	if (old_size > 0 && old_size < size)
		return verify_growth(old_size, old_root, size, root, proof);
	if (proof->count != 0)
		return lgp_fault(LGP_INVALID, "consistency proof: %u hashes where none belong",
		                 proof->count);
	struct lgp_hash empty;
	if (old_size == size)
		return expect_root("consistency proof", old_root, root);
	lgp_hash_sha256("", 0, &empty);
	return expect_root("consistency proof, old tree", &empty, old_root);
}

/* --- tiles -------------------------------------------------------------- */

#define TILE_LEVEL_MAX 63
#define INDEX_GROUPS_MAX 7 /* of three digits: 64 bits have up to 20 digits */

/* 1234067 is "x001/x234/067". */
static size_t index_format(uint64_t index, char *out)
{
	unsigned group[INDEX_GROUPS_MAX], count = 0;
	do {
		group[count++] = (unsigned)(index % 1000);
		index /= 1000;
	} while (index > 0);
	char *at = out;
	while (count-- > 0) {
		if (count > 0)
			*at++ = 'x';
		*at++ = (char)('0' + group[count] / 100);
		*at++ = (char)('0' + group[count] / 10 % 10);
		*at++ = (char)('0' + group[count] % 10);
		if (count > 0)
			*at++ = '/';
	}
	return (size_t)(at - out);
}

size_t lgp_tile_path(const struct lgp_tile *tile, char out[LGP_TILE_PATH_MAX])
{
	require(tile->level <= TILE_LEVEL_MAX || tile->level == LGP_TILE_ENTRIES);
	require(tile->width >= 1 && tile->width <= LGP_TILE_WIDTH);
	char *at = out;
	if (tile->level == LGP_TILE_ENTRIES) {
		memcpy(at, "entries", 7);
		at += 7;
	} else {
		at += lgp_decimal_format(at, tile->level);
	}
	*at++ = '/';
	at += index_format(tile->index, at);
	if (tile->width < LGP_TILE_WIDTH) {
		memcpy(at, ".p/", 3);
		at += 3;
		at += lgp_decimal_format(at, tile->width);
	}
	return (size_t)(at - out);
}

/* Takes the part of *rest up to the separator, which must be there. */
static bool take_until(struct lgp_view *rest, char separator, struct lgp_view *part)
{
	const char *end = rest->len > 0 ? memchr(rest->ptr, separator, rest->len) : NULL;
	if (end == NULL)
		return false;
	*part = (struct lgp_view){rest->ptr, (size_t)(end - rest->ptr)};
	*rest = (struct lgp_view){end + 1, rest->len - part->len - 1};
	return true;
}

/* Reads the digits and passes over the other characters of an index's groups;
 * whether they stood where they belong is seen when it is written again. */
static bool index_scan(struct lgp_view text, uint64_t *index)
{
	uint64_t value = 0;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		if (c == 'x' || c == '/')
			continue;
		if (c < '0' || c > '9' || __builtin_mul_overflow(value, (uint64_t)10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(c - '0'), &value))
			return false;
	}
	*index = value;
	return true;
}

static bool level_scan(struct lgp_view text, unsigned *level)
{
	uint64_t value = LGP_TILE_ENTRIES;
	if (!lgp_view_equal(text, LGP_VIEW("entries")) &&
	    (lgp_decimal_parse(text, &value) != LGP_OK || value > TILE_LEVEL_MAX))
		return false;
	*level = (unsigned)value;
	return true;
}

static bool width_scan(struct lgp_view text, unsigned *width)
{
	uint64_t value;
	if (lgp_decimal_parse(text, &value) != LGP_OK || value < 1 || value >= LGP_TILE_WIDTH)
		return false;
	*width = (unsigned)value;
	return true;
}

static bool tile_scan(struct lgp_view path, struct lgp_tile *out)
{
	struct lgp_view rest = path, part;
	out->width = LGP_TILE_WIDTH;
	if (!take_until(&rest, '/', &part) || !level_scan(part, &out->level))
		return false;
	if (!take_until(&rest, '.', &part))
		return index_scan(rest, &out->index);
	if (!index_scan(part, &out->index) || !take_until(&rest, '/', &part))
		return false;
	return lgp_view_equal(part, LGP_VIEW("p")) && width_scan(rest, &out->width);
}

enum lgp_status lgp_tile_parse(struct lgp_view path, struct lgp_tile *out)
{
	struct lgp_tile tile;
	char again[LGP_TILE_PATH_MAX];
	if (!tile_scan(path, &tile))
		return lgp_fault(LGP_MALFORMED, "this is not the path of a tile");
	size_t len = lgp_tile_path(&tile, again);
	if (!lgp_view_equal(path, (struct lgp_view){again, len}))
		return lgp_fault(LGP_MALFORMED, "the path of a tile is not canonical");
	*out = tile;
	return LGP_OK;
}

unsigned lgp_tile_width(unsigned level, uint64_t index, uint64_t size)
{
	unsigned shift = level == LGP_TILE_ENTRIES ? 0 : level * LGP_TILE_HEIGHT;
	uint64_t hashes = shift < 64 ? size >> shift : 0;
	uint64_t full = hashes / LGP_TILE_WIDTH;
	if (index < full)
		return LGP_TILE_WIDTH;
	return index == full ? (unsigned)(hashes % LGP_TILE_WIDTH) : 0;
}
