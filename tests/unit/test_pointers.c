/* test_pointers: pointers by numbers, against a plain array. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "ledger/pointers.h"

#define NUMBERS 20000

static char place[NUMBERS];
static size_t seen[NUMBERS], seen_count;

static void note(void *pointer)
{
	seen[(char *)pointer - place]++;
	seen_count++;
}

static void what_was_put_is_found_and_nothing_else(void **state)
{
	(void)state;
	struct pointers *pointers = pointers_new();
	assert_non_null(pointers);
	assert_null(pointers_get(pointers, 0));
	for (uint64_t i = 0; i < NUMBERS; i++)
		assert_true(pointers_put(pointers, i * 7, &place[i]));
	for (uint64_t i = 0; i < NUMBERS; i++)
		assert_ptr_equal(pointers_get(pointers, i * 7), &place[i]);
	assert_null(pointers_get(pointers, 1));
	assert_null(pointers_get(pointers, NUMBERS * 7));
	assert_null(pointers_get(pointers, UINT64_MAX));
	pointers_free(pointers);
}

static void numbers_that_share_their_low_bits_do_not_crowd(void **state)
{
	(void)state;
	struct pointers *pointers = pointers_new();
	for (uint64_t i = 0; i < 200; i++)
		assert_true(pointers_put(pointers, i << 56, &place[i]));
	for (uint64_t i = 0; i < 200; i++)
		assert_ptr_equal(pointers_get(pointers, i << 56), &place[i]);
	pointers_free(pointers);
}

static void a_second_pointer_takes_the_firsts_place(void **state)
{
	(void)state;
	struct pointers *pointers = pointers_new();
	assert_true(pointers_put(pointers, 5, &place[0]));
	assert_true(pointers_put(pointers, 5, &place[1]));
	assert_ptr_equal(pointers_get(pointers, 5), &place[1]);
	seen_count = 0;
	pointers_each(pointers, note);
	assert_int_equal(seen_count, 1);
	pointers_free(pointers);
}

static void each_is_visited_once(void **state)
{
	(void)state;
	struct pointers *pointers = pointers_new();
	for (uint64_t i = 0; i < NUMBERS; i++) {
		seen[i] = 0;
		assert_true(pointers_put(pointers, UINT64_MAX - i, &place[i]));
	}
	pointers_each(pointers, note);
	for (size_t i = 0; i < NUMBERS; i++)
		assert_int_equal(seen[i], 1);
	pointers_free(pointers);
	pointers_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(what_was_put_is_found_and_nothing_else),
	        cmocka_unit_test(numbers_that_share_their_low_bits_do_not_crowd),
	        cmocka_unit_test(a_second_pointer_takes_the_firsts_place),
	        cmocka_unit_test(each_is_visited_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
