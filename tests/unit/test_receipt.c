/* test_receipt: the proof that travels with an entry, against the vectors and
 * against everything that must not pass. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lagniappe/codec.h"
#include "tlog_fixture.h"

#define HEADER "c2sp.org/tlog-proof@v1\n"
#define LEAVES 300

static struct lgp_verifier known[2]; /* the log, its witness */
static struct lgp_hash leaves[LEAVES];
static struct fixture_file receipt_file, leaf_file;
static struct lgp_view receipt, leaf; /* entry 42 of 300 */

static int setup(void **state)
{
	(void)state;
	known[0] = fixture_verifier("tlog-300/log.vkey");
	known[1] = fixture_verifier("tlog-300/witness.vkey");
	vector_leaf_hashes(leaves, LEAVES);
	receipt = fixture_read(&receipt_file, "tlog-300/receipt.tlog-proof");
	leaf = fixture_read(&leaf_file, "tlog-300/leaf.bin");
	return 0;
}

/* What a check with `count` of the known keys says; `why` is in the detail. */
static void assert_verdict(struct lgp_view text, struct lgp_view bytes, size_t count,
                           enum lgp_status expected, const char *why)
{
	uint64_t index = 7;
	struct lgp_checkpoint checkpoint = {.size = 7};
	enum lgp_status status = lgp_receipt_verify(text, bytes, known, count, &index, &checkpoint);
	if (status != expected)
		fail_msg("%s (%s), expected %s: %s", lgp_status_text(status), lgp_fault_detail(),
		         lgp_status_text(expected), why);
	if (status == LGP_OK)
		return;
	assert_true(index == 7 && checkpoint.size == 7);
	if (strstr(lgp_fault_detail(), why) == NULL)
		fail_msg("'%s' does not say '%s'", lgp_fault_detail(), why);
}

static bool passes(struct lgp_view text, size_t count)
{
	uint64_t index;
	return lgp_receipt_verify(text, leaf, known, count, &index, NULL) == LGP_OK;
}

/* A receipt whose text before the checkpoint is the given one. */
struct text {
	size_t len;
	char bytes[LGP_RECEIPT_MAX + 4096];
};

static struct lgp_view with_head(struct text *out, const char *head)
{
	const char *checkpoint = strstr(receipt_file.bytes, "\n\n") + 2;
	size_t rest = receipt.len - (size_t)(checkpoint - receipt.ptr), len = strlen(head);
	assert_true(len + rest <= sizeof(out->bytes));
	memcpy(out->bytes, head, len);
	memcpy(out->bytes + len, checkpoint, rest);
	out->len = len + rest;
	return (struct lgp_view){out->bytes, out->len};
}

/* The vector's lines of hashes, from one to another, LFs included. */
static struct lgp_view hash_lines(unsigned from, unsigned to)
{
	const char *first = strstr(receipt_file.bytes, "index 42\n") + strlen("index 42\n");
	return (struct lgp_view){first + 45 * (size_t)from, 45 * (size_t)(to - from)};
}

#define HASHES 9 /* in the vector */
#define HEAD_MAX 1024

static char *put(char *at, struct lgp_view bytes)
{
	memcpy(at, bytes.ptr, bytes.len);
	at[bytes.len] = '\0';
	return at + bytes.len;
}

static void receipts_of_the_vectors_are_made_again_to_the_byte(void **state)
{
	static const struct {
		const char *dir;
		size_t index, size;
	} vectors[] = {{"tlog-5", 2, 5}, {"tlog-300", 42, 300}};
	(void)state;
	for (size_t v = 0; v < 2; v++) {
		struct rfc_nodes nodes = {leaves, vectors[v].size};
		struct lgp_node_source source = rfc_source(&nodes);
		struct fixture_file file, note_file;
		struct lgp_proof proof;
		char path[64];
		strcat(strcpy(path, vectors[v].dir), "/receipt.tlog-proof");
		struct lgp_view expected = fixture_read(&file, path);
		strcat(strcpy(path, vectors[v].dir), "/checkpoint");
		struct lgp_view note = fixture_read(&note_file, path);
		assert_int_equal(
		        lgp_prove_inclusion(&source, vectors[v].index, vectors[v].size, &proof),
		        LGP_OK);
		char *text = malloc(48 + 45 * proof.count + note.len);
		size_t len = lgp_receipt_format(vectors[v].index, &proof, note, text);
		assert_int_equal(len, expected.len);
		assert_memory_equal(text, expected.ptr, len);
		free(text);
	}
}

static void receipts_of_the_vectors_hold(void **state)
{
	static const char *const dirs[] = {"tlog-5", "tlog-300"};
	static const uint64_t indexes[] = {2, 42}, sizes[] = {5, 300};
	(void)state;
	for (size_t v = 0; v < 2; v++)
		for (size_t count = 1; count <= 2; count++) {
			struct fixture_file file, entry_file;
			struct lgp_checkpoint checkpoint;
			struct lgp_hash root;
			uint64_t index;
			char path[64];
			strcat(strcpy(path, dirs[v]), "/receipt.tlog-proof");
			struct lgp_view text = fixture_read(&file, path);
			strcat(strcpy(path, dirs[v]), "/leaf.bin");
			struct lgp_view entry = fixture_read(&entry_file, path);
			assert_int_equal(
			        lgp_receipt_verify(text, entry, known, count, &index, &checkpoint),
			        LGP_OK);
			rfc_root(leaves, sizes[v], &root);
			assert_true(index == indexes[v] && checkpoint.size == sizes[v]);
			assert_same_hash(&checkpoint.root, &root);
		}
}

static void receipt_is_taken_apart_into_what_was_put_in(void **state)
{
	struct lgp_receipt parsed;
	struct lgp_proof proof;
	(void)state;
	rfc_path(leaves, 42, LEAVES, &proof);
	assert_int_equal(lgp_receipt_parse(receipt, &parsed), LGP_OK);
	assert_true(parsed.index == 42);
	assert_same_proof(&parsed.proof, &proof);
	assert_true(parsed.checkpoint.ptr + parsed.checkpoint.len == receipt.ptr + receipt.len);
	assert_memory_equal(parsed.checkpoint.ptr, "ledger.example/grants\n300\n", 26);
}

/* From the ledger's own parts alone: every leaf of every small tree. */
static void receipts_of_every_small_tree_hold_for_their_leaf_alone(void **state)
{
	uint8_t seed[LGP_SECRET_SEED_LEN] = {5}, signature[LGP_SIGNATURE_LEN];
	struct lgp_signer signer;
	static char text[LGP_RECEIPT_MAX];
	char note[LGP_CHECKPOINT_SIGNED_MAX];
	(void)state;
	assert_int_equal(lgp_signer_init(&signer, LGP_VIEW("a.example/l"), seed), LGP_OK);
	for (uint64_t size = 1; size <= 24; size++) {
		struct lgp_checkpoint checkpoint = {.size = size};
		rfc_root(leaves, size, &checkpoint.root);
		lgp_checkpoint_sign(&signer, &checkpoint, signature);
		size_t note_len =
		        lgp_checkpoint_format(&signer.public, &checkpoint, signature, note);
		for (uint64_t i = 0; i < size; i++) {
			struct lgp_proof proof;
			rfc_path(leaves, i, size, &proof);
			size_t len = lgp_receipt_format(i, &proof,
			                                (struct lgp_view){note, note_len}, text);
			for (uint64_t j = i; j <= i + 1; j++) {
				char bytes[VECTOR_LEAF_MAX];
				size_t bytes_len = vector_leaf(j, bytes);
				uint64_t index = 99;
				enum lgp_status status =
				        lgp_receipt_verify((struct lgp_view){text, len},
				                           (struct lgp_view){bytes, bytes_len},
				                           &signer.public, 1, &index, NULL);
				assert_int_equal(status, i == j ? LGP_OK : LGP_INVALID);
				assert_true(index == (i == j ? i : 99));
			}
		}
	}
}

static void receipt_refused_for_another_leaf(void **state)
{
	char changed[VECTOR_LEAF_MAX];
	(void)state;
	for (size_t bit = 0; bit < 8 * leaf.len; bit++) {
		memcpy(changed, leaf.ptr, leaf.len);
		changed[bit / 8] = (char)(changed[bit / 8] ^ 1 << bit % 8);
		assert_verdict(receipt, (struct lgp_view){changed, leaf.len}, 2, LGP_INVALID,
		               "do not lead to the root");
	}
	assert_verdict(receipt, (struct lgp_view){leaf.ptr, leaf.len - 1}, 2, LGP_INVALID,
	               "do not lead to the root");
	assert_verdict(receipt, (struct lgp_view){NULL, 0}, 2, LGP_INVALID,
	               "do not lead to the root");
}

/* A node's two children, handed in as a leaf: the prefix keeps them apart. */
static void receipt_refused_when_a_node_poses_as_a_leaf(void **state)
{
	static struct text text;
	char head[HEAD_MAX], pair[2 * LGP_HASH_LEN];
	(void)state;
	memcpy(pair, leaves[42].bytes, LGP_HASH_LEN);
	memcpy(pair + LGP_HASH_LEN, leaves[43].bytes, LGP_HASH_LEN);
	char *at = put(head, LGP_VIEW(HEADER "index 42\n"));
	at = put(at, hash_lines(1, HASHES));
	(void)put(at, LGP_VIEW("\n"));
	assert_verdict(with_head(&text, head), (struct lgp_view){pair, sizeof(pair)}, 1,
	               LGP_INVALID, "8 hashes where 9 belong");
}

/* Up to the witness's line: what stands there may be another's, unknown. */
static void receipt_refused_when_any_bit_is_flipped(void **state)
{
	size_t end = (size_t)(strstr(receipt_file.bytes, "witness.example") - receipt.ptr);
	(void)state;
	for (size_t bit = 0; bit < 8 * end; bit++) {
		char *byte = &receipt_file.bytes[bit / 8];
		*byte = (char)(*byte ^ 1 << bit % 8);
		assert_false(passes(receipt, 2));
		*byte = (char)(*byte ^ 1 << bit % 8);
	}
	assert_true(passes(receipt, 2));
}

static void receipt_refused_when_cut_short(void **state)
{
	size_t witness = (size_t)(strstr(receipt_file.bytes, "witness.example") - receipt.ptr) - 4;
	(void)state;
	for (size_t len = 0; len < receipt.len; len++) {
		/* In room of its own, so that a sanitizer sees what is read past it. */
		char *cut = malloc(len + 1);
		memcpy(cut + 1, receipt.ptr, len);
		assert_true(passes((struct lgp_view){cut + 1, len}, 2) == (len == witness));
		free(cut);
	}
}

static void receipt_refused_when_a_byte_is_put_in(void **state)
{
	static const char bytes[] = "\n\r A=0+-\x80\xe2\t";
	static char grown[4096];
	size_t end = (size_t)(strstr(receipt_file.bytes, "witness.example") - receipt.ptr);
	(void)state;
	for (size_t at = 0; at < end; at++)
		for (size_t b = 0; b < sizeof(bytes); b++) {
			memcpy(grown, receipt.ptr, at);
			grown[at] = bytes[b];
			memcpy(grown + at + 1, receipt.ptr + at, receipt.len - at);
			assert_false(passes((struct lgp_view){grown, receipt.len + 1}, 2));
		}
	memcpy(grown, receipt.ptr, receipt.len);
	for (size_t b = 0; b < sizeof(bytes); b++) {
		grown[receipt.len] = bytes[b];
		assert_false(passes((struct lgp_view){grown, receipt.len + 1}, 2));
	}
}

static void receipt_refused_when_its_hashes_are_not_exactly_those(void **state)
{
	static struct text text;
	char head[HEAD_MAX], *at;
	(void)state;
	for (unsigned gone = 0; gone < HASHES; gone++) {
		at = put(head, LGP_VIEW(HEADER "index 42\n"));
		at = put(at, hash_lines(0, gone));
		at = put(at, hash_lines(gone + 1, HASHES));
		(void)put(at, LGP_VIEW("\n"));
		assert_verdict(with_head(&text, head), leaf, 2, LGP_INVALID,
		               "8 hashes where 9 belong");
	}
	for (unsigned more = 0; more <= HASHES; more++) {
		at = put(head, LGP_VIEW(HEADER "index 42\n"));
		at = put(at, hash_lines(0, more));
		at = put(at, hash_lines(0, 1));
		at = put(at, hash_lines(more, HASHES));
		(void)put(at, LGP_VIEW("\n"));
		assert_verdict(with_head(&text, head), leaf, 2, LGP_INVALID,
		               "10 hashes where 9 belong");
	}
	for (unsigned first = 0; first + 1 < HASHES; first++) {
		at = put(head, LGP_VIEW(HEADER "index 42\n"));
		at = put(at, hash_lines(0, first));
		at = put(at, hash_lines(first + 1, first + 2));
		at = put(at, hash_lines(first, first + 1));
		at = put(at, hash_lines(first + 2, HASHES));
		(void)put(at, LGP_VIEW("\n"));
		assert_verdict(with_head(&text, head), leaf, 2, LGP_INVALID,
		               "do not lead to the root");
	}
}

static void receipt_says_which_of_its_steps_failed(void **state)
{
	static const struct {
		const char *before, *after; /* around the vector's hashes */
		enum lgp_status status;
		const char *why;
	} cases[] = {
	        {"c2sp.org/tlog-proof@v2\nindex 42\n", "\n", LGP_MALFORMED, "first line"},
	        {"index 42\n", "\n", LGP_MALFORMED, "first line"},
	        {HEADER, "\n", LGP_MALFORMED, "index <number>"},
	        {HEADER "index 042\n", "\n", LGP_MALFORMED, "index <number>"},
	        {HEADER "index -1\n", "\n", LGP_MALFORMED, "index <number>"},
	        {HEADER "index  42\n", "\n", LGP_MALFORMED, "index <number>"},
	        {HEADER "Index 42\n", "\n", LGP_MALFORMED, "index <number>"},
	        {HEADER "index 42\r\n", "\n", LGP_MALFORMED, "index <number>"},
	        {HEADER "index 18446744073709551616\n", "\n", LGP_MALFORMED, "index <number>"},
	        {HEADER "index 18446744073709551615\n", "\n", LGP_INVALID, "there is no leaf"},
	        {HEADER "index 300\n", "\n", LGP_INVALID, "there is no leaf 300"},
	        {HEADER "index 43\n", "\n", LGP_INVALID, "do not lead to the root"},
	        {HEADER "index 42\n", "QUJD\n\n", LGP_MALFORMED, "hash 10 is not base64"},
	        {HEADER "index 42\n", "", LGP_MALFORMED, "hash 10 is not base64"},
	        {HEADER "index 42\n", "\n\n", LGP_MALFORMED, "not an origin"},
	        {HEADER "extra \nindex 42\n", "\n", LGP_MALFORMED, "extra line"},
	        {HEADER "extra A\nindex 42\n", "\n", LGP_MALFORMED, "extra line"},
	        {HEADER "extra AB==\nindex 42\n", "\n", LGP_MALFORMED, "extra line"},
	        {HEADER "extra AA==\nextra AA==\nindex 42\n", "\n", LGP_MALFORMED,
	         "index <number>"},
	        {HEADER "index 42\nextra AA==\n", "\n", LGP_MALFORMED, "hash 1 is not base64"},
	        {HEADER "extra AA==\nindex 42\n", "\n", LGP_OK, "extra is passed over"},
	        {HEADER "index 42\n", "\n", LGP_OK, "the vector itself"},
	};
	static struct text text;
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char head[HEAD_MAX], *at = put(head, lgp_view_of(cases[i].before));
		at = put(at, hash_lines(0, HASHES));
		(void)put(at, lgp_view_of(cases[i].after));
		assert_verdict(with_head(&text, head), leaf, 2, cases[i].status, cases[i].why);
	}
	assert_verdict((struct lgp_view){NULL, 0}, leaf, 1, LGP_MALFORMED, "first line");
	assert_verdict(LGP_VIEW(HEADER "index 0\n"), leaf, 1, LGP_MALFORMED, "it ends before");
	assert_verdict(LGP_VIEW(HEADER "index 0\n\n"), leaf, 1, LGP_MALFORMED, "not an origin");
}

static void receipt_refused_under_the_wrong_key(void **state)
{
	struct lgp_verifier other[1] = {known[1]};
	uint64_t index = 7;
	(void)state;
	assert_int_equal(lgp_receipt_verify(receipt, leaf, other, 1, &index, NULL), LGP_INVALID);
	assert_non_null(strstr(lgp_fault_detail(), "is a witness's"));
	other[0] = known[0];
	other[0].key[0] ^= 1;
	assert_int_equal(lgp_receipt_verify(receipt, leaf, other, 1, &index, NULL), LGP_INVALID);
	assert_non_null(strstr(lgp_fault_detail(), "does not hold"));
	assert_true(index == 7);
}

/* The proof is right for its own tree; the checkpoint is another's. */
static void receipt_refused_under_an_older_checkpoint(void **state)
{
	static struct text text;
	struct fixture_file file;
	struct lgp_view old = fixture_read(&file, "tlog-300/checkpoint.old");
	struct lgp_proof proof;
	(void)state;
	rfc_path(leaves, 42, LEAVES, &proof);
	text.len = lgp_receipt_format(42, &proof, old, text.bytes);
	assert_verdict((struct lgp_view){text.bytes, text.len}, leaf, 1, LGP_INVALID,
	               "9 hashes where 7 belong");
	rfc_path(leaves, 42, 100, &proof);
	text.len = lgp_receipt_format(42, &proof, old, text.bytes);
	assert_verdict((struct lgp_view){text.bytes, text.len}, leaf, 1, LGP_OK, "its own");
}

static void receipt_bounds_are_kept(void **state)
{
	static struct text text;
	char head[LGP_PROOF_MAX * 45 + 256], *at = put(head, LGP_VIEW(HEADER "index 42\n"));
	(void)state;
	for (unsigned i = 0; i <= LGP_PROOF_MAX; i++)
		at = put(at, hash_lines(0, 1));
	(void)put(at, LGP_VIEW("\n"));
	assert_verdict(with_head(&text, head), leaf, 1, LGP_MALFORMED, "more than 64 hashes");
	memset(text.bytes, 'A', LGP_RECEIPT_MAX + 1);
	assert_verdict((struct lgp_view){text.bytes, LGP_RECEIPT_MAX + 1}, leaf, 1, LGP_MALFORMED,
	               "is the most that is read");
}

/* The longest receipt that there can be here fits the room that is asked for. */
static void longest_receipt_fits_the_room_that_its_caller_makes(void **state)
{
	struct lgp_proof proof = {.count = LGP_PROOF_MAX};
	struct lgp_receipt parsed;
	struct fixture_file file;
	struct lgp_view note = fixture_read(&file, "tlog-300/checkpoint");
	uint64_t index = (UINT64_C(1) << LGP_TREE_LEVELS) - 1;
	size_t room = 48 + 45 * proof.count + note.len;
	char *text = malloc(room);
	(void)state;
	memset(proof.hash, 0xa5, sizeof(proof.hash));
	size_t len = lgp_receipt_format(index, &proof, note, text);
	assert_in_range(len, room - 2, room);
	assert_int_equal(lgp_receipt_parse((struct lgp_view){text, len}, &parsed), LGP_OK);
	assert_true(parsed.index == index);
	assert_same_proof(&parsed.proof, &proof);
	free(text);
}

/* Stretches changed at random: never a crash, and never another index. */
static void changed_receipts_are_never_taken_for_another(void **state)
{
	static struct fixture_file changed;
	uint64_t seed = 8;
	unsigned taken = 0;
	(void)state;
	for (unsigned round = 0; round < 20000; round++) {
		uint64_t index = 42, random = fixture_random(&seed);
		memcpy(changed.bytes, receipt.ptr, receipt.len);
		size_t from = random % receipt.len, count = 1 + (random >> 32) % 60;
		size_t source = (random >> 16) % receipt.len;
		for (size_t i = 0; i < count && from + i < receipt.len; i++)
			changed.bytes[from + i] = round % 2 == 0
			                                  ? receipt.ptr[(source + i) % receipt.len]
			                                  : (char)fixture_random(&seed);
		struct lgp_view text = {changed.bytes, receipt.len};
		if (lgp_receipt_verify(text, leaf, known, 2, &index, NULL) == LGP_OK)
			taken++;
		assert_true(index == 42);
	}
	/* The witness's name is 18 bytes of about 800. */
	assert_in_range(taken, 0, 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(receipts_of_the_vectors_are_made_again_to_the_byte),
	        cmocka_unit_test(receipts_of_the_vectors_hold),
	        cmocka_unit_test(receipt_is_taken_apart_into_what_was_put_in),
	        cmocka_unit_test(receipts_of_every_small_tree_hold_for_their_leaf_alone),
	        cmocka_unit_test(receipt_refused_for_another_leaf),
	        cmocka_unit_test(receipt_refused_when_a_node_poses_as_a_leaf),
	        cmocka_unit_test(receipt_refused_when_any_bit_is_flipped),
	        cmocka_unit_test(receipt_refused_when_cut_short),
	        cmocka_unit_test(receipt_refused_when_a_byte_is_put_in),
	        cmocka_unit_test(receipt_refused_when_its_hashes_are_not_exactly_those),
	        cmocka_unit_test(receipt_says_which_of_its_steps_failed),
	        cmocka_unit_test(receipt_refused_under_the_wrong_key),
	        cmocka_unit_test(receipt_refused_under_an_older_checkpoint),
	        cmocka_unit_test(receipt_bounds_are_kept),
	        cmocka_unit_test(longest_receipt_fits_the_room_that_its_caller_makes),
	        cmocka_unit_test(changed_receipts_are_never_taken_for_another),
	};
	return cmocka_run_group_tests(tests, setup, NULL);
}
