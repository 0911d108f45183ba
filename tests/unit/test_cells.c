/* test_cells: values by two numbers, against a plain array. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ledger/cells.h"

#define NUMBERS 700

/* One whose low bits are often alike. */
static uint32_t hash_of(uint64_t first)
{
	return (uint32_t)first % 50 * 7;
}

static struct cell *add(struct cells *cells, uint64_t first, uint64_t second)
{
	uint64_t value = first * 1000 + second;
	struct cell *cell = cells_add(cells, first, second, hash_of(first));
	assert_non_null(cell);
	assert_false(cell->there || cell->changed);
	memcpy(cell->value, &value, sizeof value);
	return cell;
}

static void expect(const struct cells *cells, uint64_t first, uint64_t second)
{
	uint64_t value;
	const struct cell *cell = cells_find(cells, first, second, hash_of(first));
	assert_non_null(cell);
	memcpy(&value, cell->value, sizeof value);
	assert_int_equal(value, first * 1000 + second);
}

static void what_was_added_is_found_and_nothing_else(void **state)
{
	(void)state;
	struct cells *cells = cells_new(sizeof(uint64_t));
	assert_null(cells_find(cells, 0, 0, hash_of(0)));
	for (uint64_t i = 0; i < NUMBERS; i++)
		add(cells, i, i % 3);
	assert_int_equal(cells->count, NUMBERS);
	for (uint64_t i = 0; i < NUMBERS; i++) {
		expect(cells, i, i % 3);
		assert_null(cells_find(cells, i, i % 3 + 1, hash_of(i)));
	}
	assert_null(cells_find(cells, NUMBERS, 0, hash_of(NUMBERS)));
	cells_free(cells);
}

static void they_keep_the_order_in_which_they_came(void **state)
{
	(void)state;
	struct cells *cells = cells_new(sizeof(uint64_t));
	for (uint64_t i = 0; i < NUMBERS; i++)
		add(cells, NUMBERS - i, 7);
	for (uint64_t i = 0; i < NUMBERS; i++)
		assert_int_equal(cells_at(cells, i)->first, NUMBERS - i);
	cells_free(cells);
}

/* Few in a table that was once large are taken out one by one. */
static void a_cleared_table_is_empty_and_can_be_used_again(void **state)
{
	(void)state;
	struct cells *cells = cells_new(sizeof(uint64_t));
	for (unsigned round = 0; round < 20; round++) {
		uint64_t count = round % 2 == 0 ? NUMBERS : 30;
		for (uint64_t i = 0; i < count; i++)
			add(cells, i, round);
		for (uint64_t i = 0; i < count; i++)
			expect(cells, i, round);
		cells_clear(cells);
		assert_int_equal(cells->count, 0);
		for (uint64_t i = 0; i < count; i++)
			assert_null(cells_find(cells, i, round, hash_of(i)));
	}
	cells_clear(cells);
	cells_free(cells);
	cells_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(what_was_added_is_found_and_nothing_else),
	        cmocka_unit_test(they_keep_the_order_in_which_they_came),
	        cmocka_unit_test(a_cleared_table_is_empty_and_can_be_used_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
