/* test_hash: digests against published vectors and Python's hashlib. */
#include <setjmp.h>
#include <stdarg.h>
#include <pthread.h>
#include <string.h>

#include <cmocka.h>

#include "lagniappe/codec.h"
#include "lagniappe/hash.h"

static void assert_hex(const void *bytes, size_t len, const char *expected)
{
	char hex[2 * LGP_HASH_LEN];
	assert_int_equal(strlen(expected), 2 * len);
	lgp_hex_encode(hex, bytes, len);
	assert_memory_equal(hex, expected, 2 * len);
}

static void sha256_agrees_with_fips_180(void **state)
{
	struct lgp_hash hash;
	(void)state;
	lgp_hash_sha256("", 0, &hash);
	assert_hex(hash.bytes, 32,
	           "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	lgp_hash_sha256("abc", 3, &hash);
	assert_hex(hash.bytes, 32,
	           "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	char many[1000];
	memset(many, 'a', sizeof(many));
	lgp_hash_sha256(many, sizeof(many), &hash);
	/* python3: hashlib.sha256(b'a' * 1000) */
	assert_hex(hash.bytes, 32,
	           "41edece42d63e8d9bf515a9ba6932e1c20cbc9f5a5d134645adb5db1b9737ea3");
}

static void leaves_and_nodes_carry_their_prefix(void **state)
{
	struct lgp_hash leaf, node, expected;
	uint8_t input[1 + 2 * LGP_HASH_LEN] = {0x01};
	(void)state;
	lgp_hash_leaf("", 0, &leaf);
	/* The hash of an empty leaf in RFC 6962's own tests. */
	assert_hex(leaf.bytes, 32,
	           "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
	lgp_hash_sha256("right", 5, &expected);
	memcpy(input + 1, leaf.bytes, LGP_HASH_LEN);
	memcpy(input + 1 + LGP_HASH_LEN, expected.bytes, LGP_HASH_LEN);
	lgp_hash_node(&leaf, &expected, &node);
	lgp_hash_sha256(input, sizeof(input), &expected);
	assert_true(lgp_hash_equal(&node, &expected));
	assert_false(lgp_hash_equal(&node, &leaf));
}

static void leaves_of_every_length_are_hashed_alike(void **state)
{
	uint8_t input[1 + 1100];
	(void)state;
	for (size_t i = 0; i < sizeof(input); i++)
		input[i] = (uint8_t)(i * 7);
	input[0] = 0x00;
	for (size_t len = 0; len < sizeof(input); len++) {
		struct lgp_hash leaf, expected;
		lgp_hash_leaf(input + 1, len, &leaf);
		lgp_hash_sha256(input, 1 + len, &expected);
		assert_true(lgp_hash_equal(&leaf, &expected));
	}
}

static void node_may_be_written_over_either_child(void **state)
{
	struct lgp_hash left, right, expected, over;
	(void)state;
	lgp_hash_sha256("l", 1, &left);
	lgp_hash_sha256("r", 1, &right);
	lgp_hash_node(&left, &right, &expected);
	over = left;
	lgp_hash_node(&over, &right, &over);
	assert_true(lgp_hash_equal(&over, &expected));
	over = right;
	lgp_hash_node(&left, &over, &over);
	assert_true(lgp_hash_equal(&over, &expected));
}

static void hashes_differ_when_any_byte_does(void **state)
{
	struct lgp_hash a, b;
	(void)state;
	lgp_hash_sha256("a", 1, &a);
	for (unsigned i = 0; i < LGP_HASH_LEN; i++) {
		b = a;
		b.bytes[i] ^= 1;
		assert_false(lgp_hash_equal(&a, &b));
	}
	b = a;
	assert_true(lgp_hash_equal(&a, &b));
}

static void key_of_ascending_bytes(uint8_t key[LGP_KEY_LEN])
{
	for (unsigned i = 0; i < LGP_KEY_LEN; i++)
		key[i] = (uint8_t)i;
}

/* python3: hashlib.blake2b(key=bytes(range(32)), digest_size=16), updated with
 * the domain byte, then each part behind its length as 8 bytes little-endian. */
static void macs_agree_with_another_blake2b(void **state)
{
	uint8_t key[LGP_KEY_LEN], mac[LGP_MAC_LEN], subject[8], body[200];
	struct lgp_hash commitment;
	(void)state;
	key_of_ascending_bytes(key);
	lgp_put_le(subject, 7, 8);
	for (unsigned i = 0; i < sizeof(body); i += 2)
		memcpy(body + i, "{}", 2);
	struct lgp_view key_parts[] = {{(const char *)subject, 8}, LGP_VIEW("key-1")};
	lgp_mac(key, LGP_MAC_IDEMPOTENCY_KEY, key_parts, 2, mac);
	assert_hex(mac, sizeof(mac), "c004aa32573cf994aa486531228ae2ce");
	struct lgp_view body_parts[] = {
	        LGP_VIEW("POST"), LGP_VIEW("/v1/grants"), {(const char *)body, sizeof(body)}};
	lgp_mac(key, LGP_MAC_BODY, body_parts, 3, mac);
	assert_hex(mac, sizeof(mac), "2a1a80bc17fd4a42287e53a3fb5c793d");
	lgp_mac(key, LGP_MAC_REFERENCE, NULL, 0, mac);
	assert_hex(mac, sizeof(mac), "682b64a2070da39e4aaadc6ab1fbae02");
	lgp_commit(key,
	           LGP_VIEW("gr\xc3\xbc\xc3\x9f"
	                    "e"),
	           &commitment);
	assert_hex(commitment.bytes, sizeof(commitment.bytes),
	           "25f4440e1eac2e3e53a334de9d3e6611543e57f041a6e9793a6f846a425c87fe");
}

static void macs_differ_by_key_domain_and_where_parts_end(void **state)
{
	uint8_t key[LGP_KEY_LEN], other_key[LGP_KEY_LEN], mac[LGP_MAC_LEN], other[LGP_MAC_LEN];
	struct lgp_view ab_c[] = {LGP_VIEW("ab"), LGP_VIEW("c")};
	struct lgp_view a_bc[] = {LGP_VIEW("a"), LGP_VIEW("bc")};
	struct lgp_view abc[] = {LGP_VIEW("abc"), {NULL, 0}};
	(void)state;
	key_of_ascending_bytes(key);
	key_of_ascending_bytes(other_key);
	other_key[31] ^= 1;
	lgp_mac(key, LGP_MAC_BODY, ab_c, 2, mac);
	lgp_mac(key, LGP_MAC_BODY, a_bc, 2, other);
	assert_memory_not_equal(mac, other, LGP_MAC_LEN);
	lgp_mac(key, LGP_MAC_PARTY, ab_c, 2, other);
	assert_memory_not_equal(mac, other, LGP_MAC_LEN);
	lgp_mac(other_key, LGP_MAC_BODY, ab_c, 2, other);
	assert_memory_not_equal(mac, other, LGP_MAC_LEN);
	lgp_mac(key, LGP_MAC_BODY, abc, 1, mac);
	lgp_mac(key, LGP_MAC_BODY, abc, 2, other);
	assert_memory_not_equal(mac, other, LGP_MAC_LEN);
}

static void *hash_in_a_thread(void *seed)
{
	struct lgp_hash hash;
	lgp_hash_sha256(seed, 8, &hash);
	for (unsigned i = 0; i < 20000; i++)
		lgp_hash_node(&hash, &hash, &hash);
	memcpy(seed, hash.bytes, 8);
	return NULL;
}

static void threads_hash_side_by_side(void **state)
{
	uint64_t alone = 42, together[4] = {42, 42, 42, 42};
	pthread_t threads[4];
	(void)state;
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, hash_in_a_thread, &together[i]),
		                 0);
	hash_in_a_thread(&alone);
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		assert_true(together[i] == alone);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(sha256_agrees_with_fips_180),
	        cmocka_unit_test(leaves_and_nodes_carry_their_prefix),
	        cmocka_unit_test(leaves_of_every_length_are_hashed_alike),
	        cmocka_unit_test(node_may_be_written_over_either_child),
	        cmocka_unit_test(hashes_differ_when_any_byte_does),
	        cmocka_unit_test(macs_agree_with_another_blake2b),
	        cmocka_unit_test(macs_differ_by_key_domain_and_where_parts_end),
	        cmocka_unit_test(threads_hash_side_by_side),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
