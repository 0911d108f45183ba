/* test_tree: the growing tree, the prover and the verifiers against RFC 6962's
 * recursive definitions, over all small trees; tiles against the vectors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lagniappe/codec.h"
#include "tlog_fixture.h"

#define SMALL 70   /* leaves of the exhaustive trees */
#define MEDIUM 600 /* leaves of the random ones */

static struct lgp_hash leaves[MEDIUM];

static int setup(void **state)
{
	(void)state;
	vector_leaf_hashes(leaves, MEDIUM);
	return 0;
}

static struct lgp_tree *tree_new(size_t max_leaves)
{
	struct lgp_tree *tree;
	assert_int_equal(lgp_tree_new(max_leaves, &tree), LGP_OK);
	return tree;
}

static void append(struct lgp_tree *tree, uint64_t from, uint64_t to)
{
	for (uint64_t i = from; i < to; i++)
		lgp_tree_append(tree, &leaves[i]);
	assert_true(lgp_tree_size(tree) == to);
}

/* Root and all of the batch's own proofs, against the RFC's definitions. */
static void assert_batch(struct lgp_tree *tree, size_t begin, size_t size)
{
	struct lgp_hash root, expected;
	struct lgp_proof proof, path;
	lgp_tree_root(tree, &root);
	rfc_root(leaves, size, &expected);
	assert_same_hash(&root, &expected);
	for (size_t i = begin; i < size; i++) {
		lgp_tree_prove(tree, i, &proof);
		rfc_path(leaves, i, size, &path);
		assert_same_proof(&proof, &path);
		assert_int_equal(lgp_verify_inclusion(&leaves[i], i, size, &root, &proof), LGP_OK);
	}
}

static void stand(struct lgp_tree *tree, uint64_t size)
{
	struct lgp_hash peaks[LGP_TREE_LEVELS];
	unsigned count = 0;
	for (unsigned level = 0; level < 32; level++)
		if (size >> level & 1)
			rfc_root(leaves + (((size >> level) - 1) << level), (size_t)1 << level,
			         &peaks[count++]);
	lgp_tree_stand(tree, size, peaks);
}

static void empty_tree_has_the_hash_of_nothing_for_root(void **state)
{
	struct lgp_tree *tree = tree_new(4);
	struct lgp_hash root, empty;
	(void)state;
	lgp_hash_sha256("", 0, &empty);
	lgp_tree_root(tree, &root);
	assert_same_hash(&root, &empty);
	lgp_tree_stand(tree, 0, NULL);
	lgp_tree_begin(tree);
	lgp_tree_root(tree, &root);
	assert_same_hash(&root, &empty);
	lgp_tree_free(tree);
}

static void tree_of_every_small_size_has_the_roots_and_proofs_of_the_rfc(void **state)
{
	(void)state;
	for (size_t begin = 0; begin <= SMALL; begin++) {
		struct lgp_tree *tree = tree_new(SMALL);
		stand(tree, begin);
		for (size_t size = begin; size <= SMALL; size++) {
			assert_batch(tree, begin, size);
			if (size < SMALL)
				append(tree, size, size + 1);
		}
		lgp_tree_free(tree);
	}
}

static void batches_of_any_split_give_what_one_by_one_gives(void **state)
{
	uint64_t seed = 3;
	(void)state;
	for (unsigned round = 0; round < 60; round++) {
		struct lgp_tree *tree = tree_new(64);
		for (size_t begin = 0; begin < 300;) {
			size_t size = begin + fixture_random(&seed) % 65;
			lgp_tree_begin(tree);
			append(tree, begin, size);
			if (round % 8 == 0)
				assert_batch(tree, begin, size);
			begin = size;
		}
		size_t size = lgp_tree_size(tree);
		struct lgp_hash root, expected;
		lgp_tree_root(tree, &root);
		rfc_root(leaves, size, &expected);
		assert_same_hash(&root, &expected);
		lgp_tree_free(tree);
	}
}

static void rollback_leaves_no_trace_of_the_batch(void **state)
{
	uint64_t seed = 4;
	struct lgp_tree *tree = tree_new(64);
	struct lgp_hash other, root, expected;
	(void)state;
	lgp_hash_sha256("never", 5, &other);
	for (size_t begin = 0; begin < 500;) {
		size_t size = begin + fixture_random(&seed) % 65;
		lgp_tree_begin(tree);
		for (uint64_t i = fixture_random(&seed) % 65; i > 0; i--)
			lgp_tree_append(tree, &other);
		if (size % 2 == 0)
			lgp_tree_root(tree, &root);
		lgp_tree_rollback(tree);
		assert_true(lgp_tree_size(tree) == begin);
		lgp_tree_root(tree, &root);
		rfc_root(leaves, begin, &expected);
		assert_same_hash(&root, &expected);
		append(tree, begin, size);
		assert_batch(tree, begin, size);
		begin = size;
	}
	lgp_tree_free(tree);
}

static void root_asked_for_early_does_not_go_stale(void **state)
{
	struct lgp_tree *tree = tree_new(64);
	(void)state;
	lgp_tree_begin(tree);
	for (size_t size = 1; size <= 64; size++) {
		append(tree, size - 1, size);
		assert_batch(tree, 0, size);
	}
	lgp_tree_free(tree);
}

/* Each complete node is handed out once, in order, by the batch that completed
 * it; and what was handed out is enough for every later proof. */
static void batches_hand_out_every_node_once(void **state)
{
	uint64_t seed = 5, next[LGP_TREE_LEVELS] = {0};
	struct lgp_tree *tree = tree_new(64);
	(void)state;
	for (size_t begin = 0; begin < 500;) {
		size_t size = begin + fixture_random(&seed) % 65;
		lgp_tree_begin(tree);
		append(tree, begin, size);
		for (unsigned level = 0; level < LGP_TREE_LEVELS; level++) {
			uint64_t first;
			const struct lgp_hash *nodes;
			size_t count = lgp_tree_completed(tree, level, &first, &nodes);
			assert_true(first == next[level]);
			for (size_t i = 0; i < count; i++) {
				struct lgp_hash expected;
				rfc_root(leaves + ((first + i) << level), (size_t)1 << level,
				         &expected);
				assert_same_hash(&nodes[i], &expected);
			}
			next[level] += count;
			assert_true(next[level] == size >> level);
		}
		begin = size;
	}
	lgp_tree_free(tree);
}

/* Peaks far to the right, which no test could reach one by one. */
static void tree_grows_at_the_far_end_of_its_range(void **state)
{
	uint64_t size = (UINT64_C(1) << 48) - 40;
	struct lgp_tree *tree = tree_new(64);
	struct lgp_hash peaks[LGP_TREE_LEVELS], root;
	struct lgp_proof proof;
	unsigned count = 0;
	(void)state;
	for (unsigned level = 0; level < 48; level++)
		if (size >> level & 1)
			lgp_hash_sha256(&level, sizeof(level), &peaks[count++]);
	lgp_tree_stand(tree, size, peaks);
	for (uint64_t i = 0; i < 39; i++)
		lgp_tree_append(tree, &leaves[i]);
	lgp_tree_root(tree, &root);
	for (uint64_t i = 0; i < 39; i++) {
		lgp_tree_prove(tree, size + i, &proof);
		assert_int_equal(
		        lgp_verify_inclusion(&leaves[i], size + i, size + 39, &root, &proof),
		        LGP_OK);
	}
	lgp_tree_free(tree);
}

static void prover_agrees_with_the_rfc_on_every_small_tree(void **state)
{
	struct rfc_nodes nodes = {leaves, 0};
	struct lgp_node_source source = rfc_source(&nodes);
	(void)state;
	for (size_t size = 0; size <= SMALL; size++) {
		struct lgp_hash root, expected;
		struct lgp_proof proof, path;
		nodes.count = size;
		assert_int_equal(lgp_prove_root(&source, size, &root), LGP_OK);
		rfc_root(leaves, size, &expected);
		assert_same_hash(&root, &expected);
		for (size_t i = 0; i < size; i++) {
			assert_int_equal(lgp_prove_inclusion(&source, i, size, &proof), LGP_OK);
			rfc_path(leaves, i, size, &path);
			assert_same_proof(&proof, &path);
		}
		for (size_t old = 0; old <= size; old++) {
			assert_int_equal(lgp_prove_consistency(&source, old, size, &proof), LGP_OK);
			rfc_consistency(leaves, old, size, &path);
			assert_same_proof(&proof, &path);
		}
	}
}

static void prover_hands_on_what_its_source_says(void **state)
{
	struct rfc_nodes nodes = {leaves, 6};
	struct lgp_node_source source = rfc_source(&nodes);
	struct lgp_proof proof;
	struct lgp_hash root;
	(void)state;
	assert_int_equal(lgp_prove_inclusion(&source, 0, 7, &proof), LGP_CORRUPT);
	assert_int_equal(lgp_prove_consistency(&source, 3, 7, &proof), LGP_CORRUPT);
	assert_int_equal(lgp_prove_root(&source, 7, &root), LGP_CORRUPT);
}

static void assert_inclusion_refused(uint64_t index, uint64_t size, const struct lgp_hash *root,
                                     const struct lgp_proof *proof)
{
	assert_int_equal(lgp_verify_inclusion(&leaves[index], index, size, root, proof),
	                 LGP_INVALID);
}

/* Hashes left out, added, swapped; another leaf; another place. */
static void assert_reshaped_inclusion_refused(size_t i, size_t size, const struct lgp_hash *root,
                                              const struct lgp_proof *proof)
{
	struct lgp_proof bad = *proof;
	bad.hash[bad.count++] = *root;
	assert_inclusion_refused(i, size, root, &bad);
	bad.count = LGP_PROOF_MAX + 1;
	assert_inclusion_refused(i, size, root, &bad);
	for (unsigned gone = 0; gone < proof->count; gone++) {
		bad = *proof;
		memmove(&bad.hash[gone], &bad.hash[gone + 1],
		        (LGP_PROOF_MAX - gone - 1) * sizeof(bad.hash[0]));
		bad.count--;
		assert_inclusion_refused(i, size, root, &bad);
	}
	if (proof->count > 1) {
		bad = *proof;
		bad.hash[0] = proof->hash[1];
		bad.hash[1] = proof->hash[0];
		assert_inclusion_refused(i, size, root, &bad);
	}
	for (size_t other = 0; other < size; other++)
		if (other != i) {
			assert_inclusion_refused(other, size, root, proof);
			assert_int_equal(lgp_verify_inclusion(&leaves[i], other, size, root, proof),
			                 LGP_INVALID);
		}
	assert_inclusion_refused(i, i, root, proof);
	assert_inclusion_refused(i, 0, root, proof);
}

static void inclusion_refused_when_anything_is_changed(void **state)
{
	(void)state;
	for (size_t size = 1; size <= SMALL; size++) {
		struct lgp_hash root;
		struct lgp_proof proof;
		rfc_root(leaves, size, &root);
		for (size_t i = 0; i < size; i++) {
			rfc_path(leaves, i, size, &proof);
			assert_int_equal(lgp_verify_inclusion(&leaves[i], i, size, &root, &proof),
			                 LGP_OK);
			if (i % 3 == 0 || i == size - 1)
				assert_reshaped_inclusion_refused(i, size, &root, &proof);
		}
	}
}

static void inclusion_refused_when_any_bit_is_flipped(void **state)
{
	static const size_t sizes[] = {1, 2, 3, 5, 8, 13, 33, 64, 70};
	(void)state;
	for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
		struct lgp_hash root, bad_root;
		struct lgp_proof proof;
		size_t size = sizes[s];
		rfc_root(leaves, size, &root);
		for (size_t i = 0; i < size; i += 1 + i / 4) {
			rfc_path(leaves, i, size, &proof);
			for (unsigned bit = 0; bit < 256 * proof.count; bit++) {
				uint8_t *byte = &proof.hash[bit / 256].bytes[bit % 256 / 8];
				*byte ^= (uint8_t)(1u << bit % 8);
				assert_inclusion_refused(i, size, &root, &proof);
				*byte ^= (uint8_t)(1u << bit % 8);
			}
			for (unsigned bit = 0; bit < 256; bit++) {
				bad_root = root;
				bad_root.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
				assert_inclusion_refused(i, size, &bad_root, &proof);
			}
		}
	}
}

static enum lgp_status consistency(size_t old, size_t size, const struct lgp_proof *proof)
{
	struct lgp_hash old_root, root;
	rfc_root(leaves, old, &old_root);
	rfc_root(leaves, size, &root);
	return lgp_verify_consistency(old, &old_root, size, &root, proof);
}

static void consistency_holds_for_every_pair_of_small_sizes(void **state)
{
	struct lgp_proof proof;
	(void)state;
	for (size_t size = 0; size <= SMALL; size++)
		for (size_t old = 0; old <= size; old++) {
			rfc_consistency(leaves, old, size, &proof);
			assert_int_equal(consistency(old, size, &proof), LGP_OK);
		}
}

static void consistency_refused_when_hashes_are_missing_or_too_many(void **state)
{
	(void)state;
	for (size_t size = 0; size <= SMALL; size++)
		for (size_t old = 0; old <= size; old++) {
			struct lgp_proof proof, bad;
			rfc_consistency(leaves, old, size, &proof);
			bad = proof;
			bad.hash[bad.count++] = leaves[0];
			assert_int_equal(consistency(old, size, &bad), LGP_INVALID);
			bad.count = LGP_PROOF_MAX + 1;
			assert_int_equal(consistency(old, size, &bad), LGP_INVALID);
			for (unsigned gone = 0; gone < proof.count; gone++) {
				bad = proof;
				memmove(&bad.hash[gone], &bad.hash[gone + 1],
				        (LGP_PROOF_MAX - gone - 1) * sizeof(bad.hash[0]));
				bad.count--;
				assert_int_equal(consistency(old, size, &bad), LGP_INVALID);
			}
		}
}

static void consistency_refused_when_any_bit_is_flipped(void **state)
{
	(void)state;
	for (size_t size = 0; size <= 40; size += 1 + size / 8)
		for (size_t old = 0; old <= size; old++) {
			struct lgp_hash roots[2];
			struct lgp_proof proof;
			rfc_root(leaves, old, &roots[0]);
			rfc_root(leaves, size, &roots[1]);
			rfc_consistency(leaves, old, size, &proof);
			for (unsigned bit = 0; bit < 256 * (proof.count + 2); bit += 3) {
				struct lgp_hash *hash =
				        bit < 512 ? &roots[bit / 256] : &proof.hash[bit / 256 - 2];
				/* Nothing is claimed of a root that is grown from nothing. */
				if (old == 0 && hash == &roots[1] && size > 0)
					continue;
				hash->bytes[bit % 256 / 8] ^= (uint8_t)(1u << bit % 8);
				assert_int_equal(lgp_verify_consistency(old, &roots[0], size,
				                                        &roots[1], &proof),
				                 LGP_INVALID);
				hash->bytes[bit % 256 / 8] ^= (uint8_t)(1u << bit % 8);
			}
		}
}

static void consistency_refused_for_a_rewritten_or_shrunken_tree(void **state)
{
	struct lgp_hash rewritten[SMALL], old_root, root;
	(void)state;
	for (size_t old = 1; old < SMALL; old++) {
		struct lgp_proof proof;
		memcpy(rewritten, leaves, sizeof(rewritten));
		rewritten[old / 2].bytes[0] ^= 1;
		rfc_root(leaves, old, &old_root);
		rfc_root(rewritten, SMALL, &root);
		rfc_consistency(rewritten, old, SMALL, &proof);
		assert_int_equal(lgp_verify_consistency(old, &old_root, SMALL, &root, &proof),
		                 LGP_INVALID);
		assert_int_equal(lgp_verify_consistency(SMALL, &root, old, &old_root, &proof),
		                 LGP_INVALID);
	}
}

/* Roots made up to fit a proof of another length: the sizes forbid it. */
static void consistency_refused_when_the_roots_fit_and_the_sizes_do_not(void **state)
{
	struct lgp_hash old_root, root;
	struct lgp_proof proof = {.count = 0};
	(void)state;
	for (uint64_t old = 1; old <= 32; old *= 2)
		for (uint64_t size = old + 1; size < SMALL; size++)
			assert_int_equal(
			        lgp_verify_consistency(old, &leaves[0], size, &leaves[0], &proof),
			        LGP_INVALID);
	for (size_t old = 3; old < SMALL; old += 2) {
		rfc_root(leaves, old, &old_root);
		rfc_root(leaves, SMALL, &root);
		rfc_consistency(leaves, old, SMALL, &proof);
		proof.hash[proof.count++] = leaves[0];
		lgp_hash_node(&leaves[0], &old_root, &old_root);
		lgp_hash_node(&leaves[0], &root, &root);
		assert_int_equal(lgp_verify_consistency(old, &old_root, SMALL, &root, &proof),
		                 LGP_INVALID);
	}
}

/* "old 100", the hashes, an empty line. */
static void consistency_proof_of_the_witness_request_is_made_again(void **state)
{
	static const struct {
		const char *path;
		size_t old, size;
	} vectors[] = {{"tlog-5/add-checkpoint.req", 3, 5},
	               {"tlog-300/add-checkpoint.req", 100, 300}};
	(void)state;
	for (size_t v = 0; v < 2; v++) {
		struct fixture_file file;
		struct lgp_view request = fixture_read(&file, vectors[v].path);
		struct rfc_nodes nodes = {leaves, vectors[v].size};
		struct lgp_node_source source = rfc_source(&nodes);
		struct lgp_proof proof;
		char text[64 * 45 + 16];
		assert_int_equal(
		        lgp_prove_consistency(&source, vectors[v].old, vectors[v].size, &proof),
		        LGP_OK);
		size_t at = (size_t)snprintf(text, sizeof(text), "old %zu\n", vectors[v].old);
		for (unsigned i = 0; i < proof.count; i++) {
			lgp_base64_encode(text + at, proof.hash[i].bytes, LGP_HASH_LEN);
			text[at + 44] = '\n';
			at += 45;
		}
		text[at++] = '\n';
		assert_true(request.len > at);
		assert_memory_equal(text, request.ptr, at);
		assert_int_equal(consistency(vectors[v].old, vectors[v].size, &proof), LGP_OK);
	}
}

/* Every tile of the vectors, under its own path, from a batch's nodes. */
static void tiles_of_the_vectors_are_made_again(void **state)
{
	static const struct {
		unsigned long size;
		struct lgp_tile tile;
		const char *path;
	} vectors[] = {{5, {0, 0, 5}, "0/000.p/5"},
	               {300, {0, 0, 256}, "0/000"},
	               {300, {0, 1, 44}, "0/001.p/44"},
	               {300, {1, 0, 1}, "1/000.p/1"}};
	(void)state;
	for (size_t v = 0; v < sizeof(vectors) / sizeof(vectors[0]); v++) {
		struct lgp_tree *tree = tree_new(300);
		const struct lgp_tile *tile = &vectors[v].tile;
		const struct lgp_hash *nodes;
		uint64_t first;
		char path[LGP_TILE_PATH_MAX], name[96];
		struct fixture_file file;
		append(tree, 0, vectors[v].size);
		size_t count =
		        lgp_tree_completed(tree, tile->level * LGP_TILE_HEIGHT, &first, &nodes);
		assert_true(count >= tile->index * LGP_TILE_WIDTH + tile->width);
		assert_int_equal(lgp_tile_width(tile->level, tile->index, vectors[v].size),
		                 tile->width);
		size_t len = lgp_tile_path(tile, path);
		assert_int_equal(len, strlen(vectors[v].path));
		assert_memory_equal(path, vectors[v].path, len);
		(void)snprintf(name, sizeof(name), "tlog-%lu/tile/%s", vectors[v].size,
		               vectors[v].path);
		struct lgp_view bytes = fixture_read(&file, name);
		assert_int_equal(bytes.len, tile->width * LGP_HASH_LEN);
		assert_memory_equal(nodes + tile->index * LGP_TILE_WIDTH, bytes.ptr, bytes.len);
		lgp_tree_free(tree);
	}
}

static void entry_bundles_of_the_vectors_hold_the_leaves(void **state)
{
	struct fixture_file file;
	struct lgp_view bundle = fixture_read(&file, "tlog-300/tile/entries/001.p/44");
	size_t at = 0;
	(void)state;
	for (uint64_t i = 256; i < 300; i++) {
		char leaf[VECTOR_LEAF_MAX];
		size_t len = vector_leaf(i, leaf);
		assert_true(at + 2 + len <= bundle.len);
		assert_int_equal(lgp_get_be((const uint8_t *)bundle.ptr + at, 2), len);
		assert_memory_equal(bundle.ptr + at + 2, leaf, len);
		at += 2 + len;
	}
	assert_int_equal(at, bundle.len);
}

static void tile_paths_read_back_as_they_were_written(void **state)
{
	static const struct {
		struct lgp_tile tile;
		const char *path;
	} vectors[] = {
	        {{0, 0, 256}, "0/000"},
	        {{0, 0, 1}, "0/000.p/1"},
	        {{0, 999, 255}, "0/999.p/255"},
	        {{0, 1000, 256}, "0/x001/000"},
	        {{3, 1234067, 256}, "3/x001/x234/067"},
	        {{3, 1234067, 7}, "3/x001/x234/067.p/7"},
	        {{63, 1, 256}, "63/001"},
	        {{LGP_TILE_ENTRIES, 42, 256}, "entries/042"},
	        {{LGP_TILE_ENTRIES, 1000000, 12}, "entries/x001/x000/000.p/12"},
	        {{LGP_TILE_ENTRIES, UINT64_MAX, 255},
	         "entries/x018/x446/x744/x073/x709/x551/615.p/255"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		char path[LGP_TILE_PATH_MAX];
		struct lgp_tile tile;
		size_t len = lgp_tile_path(&vectors[i].tile, path);
		assert_int_equal(len, strlen(vectors[i].path));
		assert_memory_equal(path, vectors[i].path, len);
		assert_int_equal(lgp_tile_parse((struct lgp_view){path, len}, &tile), LGP_OK);
		assert_int_equal(tile.level, vectors[i].tile.level);
		assert_true(tile.index == vectors[i].tile.index);
		assert_int_equal(tile.width, vectors[i].tile.width);
	}
}

static void tile_paths_refused_unless_canonical(void **state)
{
	static const char *const paths[] = {
	        "",
	        "0",
	        "0/",
	        "/000",
	        "0/0",
	        "0/00",
	        "0/0000",
	        "0/001/000",
	        "0/x000/000",
	        "0/x000/x001/000",
	        "0/x001",
	        "0/x001/",
	        "0/x001/x000",
	        "0/x001/00",
	        "0/x01/000",
	        "0/X001/000",
	        "00/000",
	        "64/000",
	        "-1/000",
	        "256/000",
	        "data/000",
	        "entries",
	        "Entries/000",
	        "0/000.p",
	        "0/000.p/",
	        "0/000.p/0",
	        "0/000.p/256",
	        "0/000.p/01",
	        "0/000.p/1/",
	        "0/000.p/1.p/1",
	        "0/000.q/1",
	        "0/000/p/1",
	        "0/000.P/1",
	        " 0/000",
	        "0/000 ",
	        "0/000\n",
	        "0//000",
	        "0/000x",
	        "0/x",
	        "0/+01",
	        "0/x018/x446/x744/x073/x709/x551/616",
	        "0/x999/x999/x999/x999/x999/x999/x999/999",
	        "0/../000",
	        "0/000.p/-1",
	        "0/0x0",
	        "0/.p/1",
	        "0/000.",
	};
	struct lgp_tile tile;
	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (lgp_tile_parse(lgp_view_of(paths[i]), &tile) != LGP_MALFORMED)
			fail_msg("taken: %s", paths[i]);
	assert_int_equal(lgp_tile_parse((struct lgp_view){"0/000\0", 6}, &tile), LGP_MALFORMED);
}

/* Paths changed at random: what is taken, writes itself again. */
static void tile_paths_have_one_text_each(void **state)
{
	static const char letters[] = "0123456789x/.p";
	uint64_t seed = 6;
	unsigned taken = 0;
	(void)state;
	for (unsigned round = 0; round < 200000; round++) {
		struct lgp_tile tile = {(unsigned)(fixture_random(&seed) % 65),
		                        fixture_random(&seed) >> fixture_random(&seed) % 64,
		                        1 + (unsigned)(fixture_random(&seed) % 256)};
		char path[LGP_TILE_PATH_MAX], again[LGP_TILE_PATH_MAX];
		size_t len = lgp_tile_path(&tile, path);
		uint64_t random = fixture_random(&seed);
		path[random % len] = letters[(random >> 16) % (sizeof(letters) - 1)];
		if (lgp_tile_parse((struct lgp_view){path, len}, &tile) != LGP_OK)
			continue;
		taken++;
		assert_int_equal(lgp_tile_path(&tile, again), len);
		assert_memory_equal(again, path, len);
	}
	assert_in_range(taken, 10000, 190000);
}

static void tile_widths_cover_the_tree_and_no_more(void **state)
{
	(void)state;
	for (uint64_t size = 0; size < 140000; size += 1 + size / 50)
		for (unsigned level = 0; level < 4; level++) {
			uint64_t hashes = size >> (8 * level), sum = 0;
			for (uint64_t i = 0; i <= hashes / 256 + 1; i++)
				sum += lgp_tile_width(level, i, size);
			assert_true(sum == hashes);
			assert_int_equal(lgp_tile_width(level, hashes / 256, size), hashes % 256);
		}
	assert_int_equal(lgp_tile_width(LGP_TILE_ENTRIES, 1, 300), 44);
	assert_int_equal(lgp_tile_width(LGP_TILE_ENTRIES, 2, 300), 0);
	assert_int_equal(lgp_tile_width(63, 0, UINT64_MAX), 0);
	assert_int_equal(lgp_tile_width(7, 0, UINT64_MAX), 255);
	assert_int_equal(lgp_tile_width(0, UINT64_MAX, UINT64_MAX), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(empty_tree_has_the_hash_of_nothing_for_root),
	        cmocka_unit_test(tree_of_every_small_size_has_the_roots_and_proofs_of_the_rfc),
	        cmocka_unit_test(batches_of_any_split_give_what_one_by_one_gives),
	        cmocka_unit_test(rollback_leaves_no_trace_of_the_batch),
	        cmocka_unit_test(root_asked_for_early_does_not_go_stale),
	        cmocka_unit_test(batches_hand_out_every_node_once),
	        cmocka_unit_test(tree_grows_at_the_far_end_of_its_range),
	        cmocka_unit_test(prover_agrees_with_the_rfc_on_every_small_tree),
	        cmocka_unit_test(prover_hands_on_what_its_source_says),
	        cmocka_unit_test(inclusion_refused_when_anything_is_changed),
	        cmocka_unit_test(inclusion_refused_when_any_bit_is_flipped),
	        cmocka_unit_test(consistency_holds_for_every_pair_of_small_sizes),
	        cmocka_unit_test(consistency_refused_when_hashes_are_missing_or_too_many),
	        cmocka_unit_test(consistency_refused_when_any_bit_is_flipped),
	        cmocka_unit_test(consistency_refused_for_a_rewritten_or_shrunken_tree),
	        cmocka_unit_test(consistency_refused_when_the_roots_fit_and_the_sizes_do_not),
	        cmocka_unit_test(consistency_proof_of_the_witness_request_is_made_again),
	        cmocka_unit_test(tiles_of_the_vectors_are_made_again),
	        cmocka_unit_test(entry_bundles_of_the_vectors_hold_the_leaves),
	        cmocka_unit_test(tile_paths_read_back_as_they_were_written),
	        cmocka_unit_test(tile_paths_refused_unless_canonical),
	        cmocka_unit_test(tile_paths_have_one_text_each),
	        cmocka_unit_test(tile_widths_cover_the_tree_and_no_more),
	};
	return cmocka_run_group_tests(tests, setup, NULL);
}
