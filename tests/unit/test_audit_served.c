/* test_audit_served: bundles, tiles and checkpoints taken apart, those of an
 * independent program and damaged ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lagniappe/codec.h"
#include "tlog_fixture.h"
#include "tools/audit/served.h"

static uint8_t cell[LGP_TILE_WIDTH], entry[LGP_TILE_WIDTH][LGP_ENTRY_LEN];
static char why[SERVED_WHY_MAX];

/* A bundle of `count` entries of our length; its length. */
static size_t make_bundle(uint8_t out[SERVED_BUNDLE_MAX], unsigned count)
{
	size_t len = 0;
	for (unsigned i = 0; i < count; i++) {
		out[len++] = LGP_ENTRY_LEN >> 8;
		out[len++] = LGP_ENTRY_LEN & 0xff;
		memset(out + len, (int)(i + 1), LGP_ENTRY_LEN);
		len += LGP_ENTRY_LEN;
	}
	return len;
}

/* In memory of its own length, so that a read behind its end is seen. */
static bool take(const uint8_t *bytes, size_t len, unsigned width)
{
	uint8_t *copy = malloc(len > 0 ? len : 1);
	assert_non_null(copy);
	memcpy(copy, bytes, len);
	bool exact = served_bundle(copy, len, width, cell, entry, why);
	free(copy);
	return exact;
}

static unsigned count_cells(enum cell which)
{
	unsigned count = 0;
	for (unsigned i = 0; i < LGP_TILE_WIDTH; i++)
		count += cell[i] == which;
	return count;
}

static void a_bundle_is_its_entries_and_nothing_besides(void **state)
{
	(void)state;
	static uint8_t bytes[SERVED_BUNDLE_MAX];
	for (unsigned width = 1; width <= LGP_TILE_WIDTH; width += 85) {
		size_t len = make_bundle(bytes, width);
		assert_true(take(bytes, len, width));
		assert_int_equal(count_cells(CELL_HERE), width);
		for (unsigned i = 0; i < width; i++)
			assert_int_equal(entry[i][LGP_ENTRY_LEN - 1], (uint8_t)(i + 1));
	}
	size_t len = make_bundle(bytes, 45);
	assert_false(take(bytes, len, 44));
	assert_string_equal(why, "258 bytes or more stand behind its 44 entries");
	assert_int_equal(count_cells(CELL_HERE), 44);
}

static void a_bundle_cut_anywhere_has_its_whole_entries_alone(void **state)
{
	(void)state;
	static uint8_t bytes[SERVED_BUNDLE_MAX];
	size_t len = make_bundle(bytes, 5);
	for (size_t cut = 0; cut < len; cut++) {
		assert_false(take(bytes, cut, 5));
		assert_int_equal(count_cells(CELL_HERE), cut / (2 + LGP_ENTRY_LEN));
		assert_non_null(strstr(why, "it ends after "));
	}
}

static void an_entry_of_another_length_is_told_and_the_rest_is_read(void **state)
{
	(void)state;
	struct fixture_file file;
	struct lgp_view text = fixture_read(&file, "tlog-300/tile/entries/001.p/44");
	assert_true(take((const uint8_t *)text.ptr, text.len, 44));
	assert_int_equal(count_cells(CELL_LENGTH), 44);
	static uint8_t bytes[SERVED_BUNDLE_MAX];
	size_t len = make_bundle(bytes, 3);
	bytes[0] = 0, bytes[1] = 1; /* one byte, and then garbage */
	assert_false(take(bytes, len, 3));
	assert_int_equal(cell[0], CELL_LENGTH);
}

static void a_tile_is_its_hashes_and_nothing_besides(void **state)
{
	(void)state;
	struct fixture_file file;
	static struct lgp_hash leaves[300], hash[LGP_TILE_WIDTH];
	unsigned count;
	vector_leaf_hashes(leaves, 300);
	struct lgp_view text = fixture_read(&file, "tlog-300/tile/0/001.p/44");
	const uint8_t *bytes = (const uint8_t *)text.ptr;
	assert_true(served_tile(bytes, text.len, 44, hash, &count, why));
	assert_int_equal(count, 44);
	assert_memory_equal(hash, leaves + 256, 44 * sizeof *hash);
	assert_false(served_tile(bytes, text.len, 43, hash, &count, why));
	assert_int_equal(count, 43);
	assert_string_equal(why, "32 bytes or more stand behind its 43 hashes");
	assert_false(served_tile(bytes, text.len - 1, 44, hash, &count, why));
	assert_int_equal(count, 43);
	assert_string_equal(why, "it ends after 43 whole hashes of 44");
}

static void a_checkpoints_own_signature_is_found_beside_witnesses(void **state)
{
	(void)state;
	struct fixture_file file;
	struct stored_checkpoint found;
	struct lgp_checkpoint opened;
	char origin[LGP_ORIGIN_MAX + 1], note[LGP_CHECKPOINT_SIGNED_MAX];
	struct lgp_verifier key = fixture_verifier("tlog-300/log.vkey");
	struct lgp_view text = fixture_read(&file, "tlog-300/checkpoint");
	const uint8_t *const ids[] = {NULL, key.id, (const uint8_t *)"none"};
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(served_checkpoint(text, ids[i], &found, origin), LGP_OK);
		assert_string_equal(origin, key.name);
		assert_int_equal(found.size, 300);
		assert_memory_equal(found.key_id, key.id, sizeof key.id);
		size_t len = lgp_checkpoint_format(&key,
		                                   &(struct lgp_checkpoint){found.size, found.root},
		                                   found.signature, note);
		assert_int_equal(
		        lgp_checkpoint_open((struct lgp_view){note, len}, &key, 1, &opened),
		        LGP_OK);
	}
}

/* A note under the origin "log", signed by the keys in their order. */
static struct lgp_view make_note(uint64_t size, const uint8_t *const seeds[], size_t count,
                                 char out[1024])
{
	struct lgp_checkpoint checkpoint = {.size = size};
	struct lgp_signer signer;
	char line[LGP_CHECKPOINT_SIGNED_MAX];
	uint8_t signature[LGP_SIGNATURE_LEN];
	size_t len = 0;
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(lgp_signer_init(&signer, LGP_VIEW("log"), seeds[i]), LGP_OK);
		lgp_checkpoint_sign(&signer, &checkpoint, signature);
		size_t n = lgp_checkpoint_format(&signer.public, &checkpoint, signature, line);
		const char *from = i == 0 ? line : strstr(line, "\n\n") + 2;
		n -= (size_t)(from - line);
		memcpy(out + len, from, n);
		len += n;
	}
	return (struct lgp_view){out, len};
}

static void of_two_signatures_of_the_log_the_one_by_its_key_is_taken(void **state)
{
	(void)state;
	static const uint8_t old[LGP_SECRET_SEED_LEN] = {1}, new[LGP_SECRET_SEED_LEN] = {2};
	const uint8_t *const seeds[] = {old, new};
	struct lgp_signer signers[2];
	struct stored_checkpoint found;
	char origin[LGP_ORIGIN_MAX + 1], note[1024];
	struct lgp_view text = make_note(7, seeds, 2, note);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(lgp_signer_init(&signers[i], LGP_VIEW("log"), seeds[i]), LGP_OK);
		assert_int_equal(served_checkpoint(text, signers[i].public.id, &found, origin),
		                 LGP_OK);
		assert_memory_equal(found.key_id, signers[i].public.id, 4);
	}
	assert_int_equal(served_checkpoint(text, NULL, &found, origin), LGP_OK);
	assert_memory_equal(found.key_id, signers[0].public.id, 4);
}

/* Other kinds of signatures are shorter or longer than ours. */
static void signatures_of_other_lengths_under_the_logs_name_are_passed_over(void **state)
{
	(void)state;
	static const uint8_t seed[LGP_SECRET_SEED_LEN] = {1};
	static const size_t lengths[] = {5, 67, 69, 76};
	const uint8_t *const seeds[] = {seed};
	struct stored_checkpoint expected, found;
	char origin[LGP_ORIGIN_MAX + 1], note[1024], longer[1500], blob[LGP_BASE64_LEN(76)];
	uint8_t bytes[76];
	memset(bytes, 9, sizeof bytes);
	struct lgp_view text = make_note(7, seeds, 1, note);
	size_t head = (size_t)(strstr(note, "\n\n") + 2 - note);
	assert_int_equal(served_checkpoint(text, NULL, &expected, origin), LGP_OK);
	for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
		size_t n = lgp_base64_encode(blob, bytes, lengths[i]);
		int len = snprintf(longer, sizeof longer, "%.*s\xe2\x80\x94 log %.*s\n%.*s",
		                   (int)head, note, (int)n, blob, (int)(text.len - head),
		                   note + head);
		assert_int_equal(served_checkpoint((struct lgp_view){longer, (size_t)len}, NULL,
		                                   &found, origin),
		                 LGP_OK);
		assert_memory_equal(&found, &expected, sizeof found);
	}
}

static void what_is_no_checkpoint_is_refused(void **state)
{
	(void)state;
	struct fixture_file file;
	struct stored_checkpoint found;
	char origin[LGP_ORIGIN_MAX + 1];
	struct lgp_view text = fixture_read(&file, "tlog-300/checkpoint");
	for (size_t len = 0; len < text.len; len++) {
		char *copy = malloc(len > 0 ? len : 1);
		assert_non_null(copy);
		memcpy(copy, text.ptr, len);
		enum lgp_status status =
		        served_checkpoint((struct lgp_view){copy, len}, NULL, &found, origin);
		/* Cut behind the log's own line it is whole again: the witness is gone. */
		assert_int_equal(status, copy[len > 0 ? len - 1 : 0] == '\n' && len > 150
		                                 ? LGP_OK
		                                 : LGP_MALFORMED);
		free(copy);
	}
	assert_int_equal(served_checkpoint(LGP_VIEW("<html>\n\n</html>\n"), NULL, &found, origin),
	                 LGP_MALFORMED);
}

static void a_checkpoint_of_more_entries_than_a_log_can_hold_is_refused(void **state)
{
	(void)state;
	static const uint8_t seed[LGP_SECRET_SEED_LEN] = {1};
	const uint8_t *const seeds[] = {seed};
	const uint64_t most = UINT64_C(1) << 48, sizes[] = {most, most + 1, INT64_MAX};
	struct stored_checkpoint found;
	char origin[LGP_ORIGIN_MAX + 1], note[1024];
	for (size_t i = 0; i < 3; i++) {
		struct lgp_view text = make_note(sizes[i], seeds, 1, note);
		assert_int_equal(served_checkpoint(text, NULL, &found, origin),
		                 i == 0 ? LGP_OK : LGP_MALFORMED);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_bundle_is_its_entries_and_nothing_besides),
	        cmocka_unit_test(a_bundle_cut_anywhere_has_its_whole_entries_alone),
	        cmocka_unit_test(an_entry_of_another_length_is_told_and_the_rest_is_read),
	        cmocka_unit_test(a_tile_is_its_hashes_and_nothing_besides),
	        cmocka_unit_test(a_checkpoints_own_signature_is_found_beside_witnesses),
	        cmocka_unit_test(of_two_signatures_of_the_log_the_one_by_its_key_is_taken),
	        cmocka_unit_test(signatures_of_other_lengths_under_the_logs_name_are_passed_over),
	        cmocka_unit_test(what_is_no_checkpoint_is_refused),
	        cmocka_unit_test(a_checkpoint_of_more_entries_than_a_log_can_hold_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
