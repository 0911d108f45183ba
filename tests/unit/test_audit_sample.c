/* test_audit_sample: the generator, and the two ways of drawing.
 * The figures of the generator come from Python's hashlib. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tools/forensic/sample.h"

static struct drawer seeded(const char *seed)
{
	struct drawer drawer;
	assert_true(drawer_init(&drawer, seed));
	return drawer;
}

static void numbers_are_those_that_sha_256_gives(void **state)
{
	(void)state;
	struct drawer drawer = seeded("2016");
	assert_true(drawer_number(&drawer) == UINT64_C(3443718096908706690));
	assert_true(drawer_number(&drawer) == UINT64_C(2683947624336298058));
	assert_true(drawer_number(&drawer) == UINT64_C(6334727580413226831));
}

static void numbers_below_a_bound_are_remainders(void **state)
{
	(void)state;
	static const uint64_t expected[] = {0, 8, 1, 6, 3, 3, 0, 9};
	struct drawer drawer = seeded("2016");
	for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
		assert_int_equal(drawer_below(&drawer, 10), expected[i]);
	assert_int_equal(drawer.next, 8);
	assert_int_equal(drawer_below(&drawer, 1), 0);
}

static void numbers_that_would_spread_unevenly_are_passed_over(void **state)
{
	(void)state;
	const uint64_t bound = (UINT64_C(1) << 63) + 1;
	struct drawer drawer = seeded("a");
	assert_true(drawer_below(&drawer, bound) == UINT64_C(4277397766100068249));
	assert_int_equal(drawer.next, 4);
	drawer = seeded("2016"); /* a bound that divides 2^64 passes over none */
	assert_true(drawer_below(&drawer, UINT64_C(1) << 63) == UINT64_C(3443718096908706690));
	assert_int_equal(drawer.next, 1);
}

static void seeds_are_words_of_some_length(void **state)
{
	(void)state;
	struct drawer drawer;
	char text[SAMPLE_SEED_MAX + 2];
	memset(text, 'a', sizeof text);
	text[SAMPLE_SEED_MAX + 1] = '\0';
	assert_false(drawer_init(&drawer, text));
	text[SAMPLE_SEED_MAX] = '\0';
	assert_true(drawer_init(&drawer, text));
	assert_true(drawer_init(&drawer, "2026-Q3_a.b"));
	assert_false(drawer_init(&drawer, ""));
	assert_false(drawer_init(&drawer, "a b"));
	assert_false(drawer_init(&drawer, "a:1"));
	assert_false(drawer_init(&drawer, "\xc3\xa9"));
}

/* ---- monetary units ------------------------------------------------------------------------ */

static const uint64_t amounts[] = {1, 2, 3, 40, 5, 1, 20, 3, 7, 18};
#define ITEMS (sizeof amounts / sizeof amounts[0])
#define BOOK 100

static void each_unit_has_the_same_chance(void **state)
{
	(void)state;
	for (uint64_t size = 1; size <= BOOK; size++) {
		uint64_t hits[ITEMS] = {0};
		for (uint64_t start = 0; start < BOOK; start++) {
			struct mus mus;
			mus_init(&mus, BOOK, size, start);
			for (size_t i = 0; i < ITEMS; i++)
				hits[i] += mus_hits(&mus, amounts[i]);
			assert_int_equal(mus.hits, size);
		}
		/* Over all starts each of BOOK units is hit `size` times. */
		for (size_t i = 0; i < ITEMS; i++)
			assert_int_equal(hits[i], size * amounts[i]);
	}
}

static void items_of_an_interval_or_more_are_always_hit(void **state)
{
	(void)state;
	for (uint64_t start = 0; start < BOOK; start++) {
		struct mus mus;
		mus_init(&mus, BOOK, 7, start); /* the interval is 14.28… */
		for (size_t i = 0; i < ITEMS; i++) {
			bool whole = mus_whole(&mus, amounts[i]);
			assert_int_equal(whole, amounts[i] >= 15);
			assert_true(mus_hits(&mus, amounts[i]) > 0 || !whole);
		}
	}
}

static void the_interval_itself_is_whole(void **state)
{
	(void)state;
	struct mus mus;
	mus_init(&mus, BOOK, 5, 0);
	assert_true(mus_whole(&mus, 20));
	assert_false(mus_whole(&mus, 19));
}

static void the_largest_book_is_drawn_from(void **state)
{
	(void)state;
	struct mus mus;
	const uint64_t book = INT64_MAX;
	mus_init(&mus, book, SAMPLE_SIZE_MAX, book - 1);
	uint64_t hits = mus_hits(&mus, book / 2);
	hits += mus_hits(&mus, book - book / 2);
	assert_int_equal(hits, SAMPLE_SIZE_MAX);
}

/* ---- attributes ------------------------------------------------------------------------------ */

static void no_entry_is_drawn_twice(void **state)
{
	(void)state;
	uint64_t drawn[1000];
	bool seen[1000] = {false};
	struct drawer drawer = seeded("2016");
	assert_int_equal(attribute_draw(&drawer, 1000, 1000, drawn), LGP_OK);
	for (size_t i = 0; i < 1000; i++) {
		assert_in_range(drawn[i], 0, 999);
		assert_false(seen[drawn[i]]);
		seen[drawn[i]] = true;
	}
}

static void drawn_entries_are_the_first_different_numbers(void **state)
{
	(void)state;
	static const uint64_t expected[] = {0, 8, 1, 6, 3, 9}; /* 3 and 0 came before */
	uint64_t drawn[6];
	struct drawer drawer = seeded("2016");
	assert_int_equal(attribute_draw(&drawer, 10, 6, drawn), LGP_OK);
	assert_memory_equal(drawn, expected, sizeof expected);
}

static void each_entry_is_drawn_about_as_often(void **state)
{
	(void)state;
	unsigned times[20] = {0};
	for (unsigned i = 0; i < 2000; i++) {
		char seed[16];
		uint64_t drawn[5];
		snprintf(seed, sizeof seed, "s%u", i);
		struct drawer drawer = seeded(seed);
		assert_int_equal(attribute_draw(&drawer, 20, 5, drawn), LGP_OK);
		for (size_t k = 0; k < 5; k++)
			times[drawn[k]]++;
	}
	for (size_t i = 0; i < 20; i++)
		assert_in_range(times[i], 400, 600); /* 500, and 5 deviations of 19.4 */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(numbers_are_those_that_sha_256_gives),
	        cmocka_unit_test(numbers_below_a_bound_are_remainders),
	        cmocka_unit_test(numbers_that_would_spread_unevenly_are_passed_over),
	        cmocka_unit_test(seeds_are_words_of_some_length),
	        cmocka_unit_test(each_unit_has_the_same_chance),
	        cmocka_unit_test(items_of_an_interval_or_more_are_always_hit),
	        cmocka_unit_test(the_interval_itself_is_whole),
	        cmocka_unit_test(the_largest_book_is_drawn_from),
	        cmocka_unit_test(no_entry_is_drawn_twice),
	        cmocka_unit_test(drawn_entries_are_the_first_different_numbers),
	        cmocka_unit_test(each_entry_is_drawn_about_as_often),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
