/* test_map: bytes to bytes in memory, against a plain array of pairs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ledger/map.h"

#define KEYS 5000

static const uint8_t house_seed[MAP_SEED_LEN] = "sixteen bytes ok";

static struct lgp_view text(const char *bytes)
{
	return lgp_view_of(bytes);
}

static void put(struct map *map, struct lgp_view key, struct lgp_view value)
{
	assert_true(map_put(map, key, value));
}

static void expect(const struct map *map, struct lgp_view key, struct lgp_view value)
{
	struct lgp_view found;
	assert_true(map_get(map, key, &found));
	assert_int_equal(found.len, value.len);
	assert_memory_equal(found.ptr, value.ptr, value.len);
}

static void expect_recalled(struct map *map, struct lgp_view key, struct lgp_view value)
{
	struct lgp_view found;
	uint32_t hash;
	assert_true(map_recall(map, key, &hash, &found));
	assert_int_equal(found.len, value.len);
	assert_memory_equal(found.ptr, value.ptr, value.len);
}

static struct lgp_view numbered(char room[32], const char *what, unsigned number)
{
	int len = snprintf(room, 32, "%s%u", what, number);
	return (struct lgp_view){room, (size_t)len};
}

static void what_was_put_is_found_and_nothing_else(void **state)
{
	(void)state;
	struct map *map = map_new(house_seed, map_siphash);
	char key[32], value[32];
	struct lgp_view found;
	for (unsigned i = 0; i < KEYS; i++)
		put(map, numbered(key, "key ", i), numbered(value, "", i));
	assert_int_equal(map_count(map), KEYS);
	for (unsigned i = 0; i < KEYS; i++)
		expect(map, numbered(key, "key ", i), numbered(value, "", i));
	assert_false(map_get(map, numbered(key, "key ", KEYS), &found));
	assert_false(map_get(map, text("key"), &found));
	assert_false(map_get(map, text(""), &found));
	map_free(map);
}

static void a_second_value_takes_the_firsts_place(void **state)
{
	(void)state;
	struct map *map = map_new(house_seed, map_siphash);
	put(map, text("a"), text("one"));
	put(map, text("b"), text("two"));
	put(map, text("a"), text("six")); /* as long */
	expect(map, text("a"), text("six"));
	put(map, text("a"), text("longer than before"));
	expect(map, text("a"), text("longer than before"));
	put(map, text("a"), text("x"));
	expect(map, text("a"), text("x"));
	put(map, text("a"), text(""));
	expect(map, text("a"), text(""));
	put(map, text("a"), text("longer than before"));
	expect(map, text("a"), text("longer than before"));
	expect(map, text("b"), text("two"));
	assert_int_equal(map_count(map), 2);
	map_free(map);
}

/* A state's keys differ in zeros and lengths. */
static void keys_are_bytes_with_zeros_in_them(void **state)
{
	(void)state;
	struct map *map = map_new(house_seed, map_siphash);
	for (size_t len = 0; len <= 17; len++) {
		const char zeros[17] = {0};
		char value = (char)len;
		put(map, (struct lgp_view){zeros, len}, (struct lgp_view){&value, 1});
	}
	assert_int_equal(map_count(map), 18);
	for (size_t len = 0; len <= 17; len++) {
		const char zeros[17] = {0};
		char value = (char)len;
		expect(map, (struct lgp_view){zeros, len}, (struct lgp_view){&value, 1});
	}
	map_free(map);
}

static void the_largest_key_and_value_fit(void **state)
{
	(void)state;
	struct map *map = map_new(house_seed, map_siphash);
	char *big = malloc(UINT16_MAX);
	assert_non_null(big);
	memset(big, 'k', UINT16_MAX);
	struct lgp_view view = {big, UINT16_MAX};
	put(map, view, view);
	put(map, text("small"), text("one"));
	expect(map, view, view);
	expect(map, text("small"), text("one"));
	free(big);
	map_free(map);
}

static void items_keep_the_order_of_their_first_put(void **state)
{
	(void)state;
	struct map *map = map_new(house_seed, map_siphash);
	static const char *const order[] = {"m", "a", "z", "b"};
	for (size_t i = 0; i < 4; i++)
		put(map, text(order[i]), text("1"));
	put(map, text("a"), text("2"));
	for (size_t i = 0; i < 4; i++) {
		struct map_item item = map_item(map, i);
		assert_memory_equal(item.key.ptr, order[i], 1);
		assert_int_equal(item.value.ptr[0], order[i][0] == 'a' ? '2' : '1');
		assert_int_equal(item.hash, map_hash(map, item.key));
	}
	map_free(map);
}

static void sorted_order_is_that_of_bytes_a_prefix_first(void **state)
{
	(void)state;
	struct map *map = map_new(house_seed, map_siphash);
	static const char *const sorted[] = {"",
	                                     "A",
	                                     "AA",
	                                     "AA and sixteen bytes",
	                                     "AA and sixteen bytes more",
	                                     "AB",
	                                     "B",
	                                     "a",
	                                     "\x7f",
	                                     "\x80",
	                                     "\xff",
	                                     "\xff\xff"};
	static const unsigned mixed[] = {7, 3, 9, 0, 11, 5, 1, 8, 2, 10, 6, 4};
	const size_t count = sizeof sorted / sizeof sorted[0];
	for (size_t i = 0; i < count; i++)
		put(map, text(sorted[mixed[i]]), text("v"));
	size_t *order = map_sorted(map);
	assert_non_null(order);
	for (size_t i = 0; i < count; i++) {
		struct lgp_view key = map_item(map, order[i]).key;
		assert_int_equal(key.len, strlen(sorted[i]));
		assert_memory_equal(key.ptr, sorted[i], key.len);
	}
	free(order);
	map_free(map);
}

static void an_empty_map_sorts_to_nothing(void **state)
{
	(void)state;
	struct map *map = map_new(house_seed, map_siphash);
	size_t *order = map_sorted(map);
	assert_non_null(order);
	assert_int_equal(map_count(map), 0);
	free(order);
	map_clear(map);
	map_free(map);
	map_free(NULL);
}

/* Small after large, large after small: both ways of clearing. */
static void a_cleared_map_is_empty_and_can_be_used_again(void **state)
{
	(void)state;
	struct map *map = map_new(house_seed, map_siphash);
	static const unsigned rounds[] = {3, KEYS, 1, 7, 500, 2, 0, 100};
	char key[32], value[32];
	for (size_t round = 0; round < sizeof rounds / sizeof rounds[0]; round++) {
		for (unsigned i = 0; i < rounds[round]; i++)
			put(map, numbered(key, "k", i), numbered(value, "v", i + (unsigned)round));
		assert_int_equal(map_count(map), rounds[round]);
		for (unsigned i = 0; i < rounds[round]; i++)
			expect(map, numbered(key, "k", i),
			       numbered(value, "v", i + (unsigned)round));
		map_clear(map);
		assert_int_equal(map_count(map), 0);
		for (unsigned i = 0; i < KEYS; i++) {
			struct lgp_view found;
			assert_false(map_get(map, numbered(key, "k", i), &found));
		}
	}
	map_free(map);
}

/* What is used says how full a layer is; what is held says what it costs. */
static void what_is_used_goes_back_to_nothing_when_it_is_cleared(void **state)
{
	(void)state;
	struct map *map = map_new(house_seed, map_siphash);
	char key[32];
	assert_int_equal(map_used(map), 0);
	for (unsigned i = 0; i < 400000; i++)
		put(map, numbered(key, "key ", i), text("twenty-four bytes of it."));
	assert_true(map_used(map) >= 400000 * (24 + 10));
	assert_true(map_used(map) <= map_bytes(map));
	size_t bytes = map_bytes(map);
	map_clear(map);
	assert_int_equal(map_used(map), 0);
	assert_true(map_bytes(map) < bytes);
	put(map, text("k"), text("v"));
	assert_true(map_used(map) < 128);
	map_free(map);
}

static void random_puts_agree_with_an_array(void **state)
{
	(void)state;
	enum { RANGE = 700 };
	static char model[RANGE][24];
	static size_t model_len[RANGE];
	uint64_t seed = 88172645463325252u;
	struct map *map = map_new(house_seed, map_siphash);
	unsigned known = 0;
	memset(model_len, 0xff, sizeof model_len);
	for (unsigned i = 0; i < 100000; i++) {
		seed ^= seed << 13;
		seed ^= seed >> 7;
		seed ^= seed << 17;
		unsigned at = (unsigned)(seed % RANGE);
		size_t len = (seed >> 20) % 24;
		char key[32];
		known += model_len[at] == SIZE_MAX;
		memset(model[at], (int)(seed >> 40), len);
		model_len[at] = len;
		struct lgp_view name = numbered(key, "n", at), value = {model[at], len};
		if ((seed >> 50) % 2 == 0)
			put(map, name, value);
		else
			assert_true(map_put_marked(map, name, value));
		if ((seed >> 52) % 2 == 0)
			expect_recalled(map, name, value);
	}
	assert_int_equal(map_count(map), known);
	for (unsigned at = 0; at < RANGE; at++) {
		char key[32];
		if (model_len[at] != SIZE_MAX)
			expect(map, numbered(key, "n", at),
			       (struct lgp_view){model[at], model_len[at]});
	}
	map_free(map);
}

static void marks_stay_on_their_items(void **state)
{
	(void)state;
	struct map *map = map_new(house_seed, map_siphash);
	put(map, text("read"), text("1"));
	assert_true(map_put_marked(map, text("changed"), text("1")));
	put(map, text("read, then changed"), text("1"));
	assert_true(map_put_marked(map, text("read, then changed"), text("a longer value")));
	put(map, text("changed"), text("a longer value than before")); /* takes a new item */
	assert_false(map_item(map, 0).marked);
	assert_true(map_item(map, 1).marked);
	assert_true(map_item(map, 2).marked);
	map_clear(map);
	put(map, text("changed"), text("1"));
	assert_false(map_item(map, 0).marked);
	map_free(map);
}

/* A key is recalled with its newest value, in whatever item it lies, and not after
 * it was cleared; who is not there is told the hash to put it by. */
static void what_is_recalled_is_never_stale(void **state)
{
	(void)state;
	struct map *map = map_new(house_seed, map_siphash);
	struct lgp_view found, key = text("a key of some length");
	uint32_t hash = 0;
	assert_false(map_recall(map, key, &hash, &found));
	assert_int_equal(hash, map_hash(map, key));
	assert_true(map_put_hashed(map, key, hash, text("1")));
	expect_recalled(map, key, text("1"));
	assert_true(map_put_marked(map, key, text("2")));
	expect_recalled(map, key, text("2"));
	put(map, key, text("longer than it was"));
	expect_recalled(map, key, text("longer than it was"));
	assert_true(map_put_marked(map, key, text("longer again than it ever was")));
	expect_recalled(map, key, text("longer again than it ever was"));
	put(map, key, text(""));
	expect_recalled(map, key, text(""));
	map_clear(map);
	assert_false(map_recall(map, key, &hash, &found));
	assert_false(map_recall(map, text(""), &hash, &found));
	map_free(map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(what_was_put_is_found_and_nothing_else),
	        cmocka_unit_test(a_second_value_takes_the_firsts_place),
	        cmocka_unit_test(keys_are_bytes_with_zeros_in_them),
	        cmocka_unit_test(the_largest_key_and_value_fit),
	        cmocka_unit_test(items_keep_the_order_of_their_first_put),
	        cmocka_unit_test(sorted_order_is_that_of_bytes_a_prefix_first),
	        cmocka_unit_test(an_empty_map_sorts_to_nothing),
	        cmocka_unit_test(a_cleared_map_is_empty_and_can_be_used_again),
	        cmocka_unit_test(what_is_used_goes_back_to_nothing_when_it_is_cleared),
	        cmocka_unit_test(marks_stay_on_their_items),
	        cmocka_unit_test(what_is_recalled_is_never_stale),
	        cmocka_unit_test(random_puts_agree_with_an_array),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
