/* test_server_throttle: refusals are counted by token and minute, and a flood is
 * not forgotten for those who are refused once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "server/throttle.h"

#define SECOND UINT64_C(1000000)
#define START (100 * SECOND)

static void note(struct throttle *throttle, uint64_t token, unsigned times, uint64_t now_us)
{
	for (unsigned i = 0; i < times; i++)
		throttle_note(throttle, token, now_us);
}

static void a_token_waits_when_it_had_its_refusals(void **state)
{
	(void)state;
	struct throttle *throttle = throttle_new(3);
	note(throttle, 7, 2, START);
	assert_int_equal(throttle_wait_s(throttle, 7, START), 0);
	note(throttle, 7, 1, START + 5 * SECOND);
	assert_int_equal(throttle_wait_s(throttle, 7, START + 5 * SECOND), 56);
	assert_int_equal(throttle_wait_s(throttle, 8, START + 5 * SECOND), 0);
	throttle_free(throttle);
}

static void a_minute_later_it_begins_again(void **state)
{
	(void)state;
	struct throttle *throttle = throttle_new(3);
	note(throttle, 7, 9, START);
	assert_int_equal(throttle_wait_s(throttle, 7, START + 60 * SECOND - 1), 1);
	assert_int_equal(throttle_wait_s(throttle, 7, START + 60 * SECOND), 0);
	note(throttle, 7, 2, START + 60 * SECOND);
	assert_int_equal(throttle_wait_s(throttle, 7, START + 61 * SECOND), 0);
	note(throttle, 7, 1, START + 61 * SECOND);
	assert_int_equal(throttle_wait_s(throttle, 7, START + 61 * SECOND), 60);
	throttle_free(throttle);
}

static void none_is_any_number(void **state)
{
	(void)state;
	struct throttle *throttle = throttle_new(0);
	note(throttle, 7, 1000, START);
	assert_int_equal(throttle_wait_s(throttle, 7, START), 0);
	throttle_free(throttle);
}

/* However many others are refused once, the flood stays known. */
static void a_flood_is_not_pushed_out_by_many_others(void **state)
{
	(void)state;
	struct throttle *throttle = throttle_new(10);
	note(throttle, 7, 10, START);
	for (uint64_t token = 100; token < 50100; token++)
		throttle_note(throttle, token, START + 1);
	assert_int_not_equal(throttle_wait_s(throttle, 7, START + 2), 0);
	throttle_free(throttle);
}

static void a_slot_whose_minute_is_over_is_taken_first(void **state)
{
	(void)state;
	struct throttle *throttle = throttle_new(10);
	for (uint64_t token = 1; token < 20000; token++)
		note(throttle, token, 5, START);
	uint64_t later = START + 61 * SECOND;
	note(throttle, 90001, 10, later);
	for (uint64_t token = 30000; token < 50000; token++)
		throttle_note(throttle, token, later);
	assert_int_not_equal(throttle_wait_s(throttle, 90001, later), 0);
	throttle_free(throttle);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_token_waits_when_it_had_its_refusals),
	        cmocka_unit_test(a_minute_later_it_begins_again),
	        cmocka_unit_test(none_is_any_number),
	        cmocka_unit_test(a_flood_is_not_pushed_out_by_many_others),
	        cmocka_unit_test(a_slot_whose_minute_is_over_is_taken_first),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
