/* deadline: what is due, in which order, and what a later setting changes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/deadline.h"

static const unsigned after_ms[DEADLINE_NONE] = {
        [DEADLINE_HEADER] = 100, [DEADLINE_BODY] = 200,    [DEADLINE_IDLE] = 1000,
        [DEADLINE_WRITE] = 300,  [DEADLINE_LINGER] = 2000,
};

static struct deadlines deadlines;
static struct deadline a, b, c;

static int set_up(void **state)
{
	(void)state;
	deadlines_init(&deadlines, after_ms);
	deadline_init(&a);
	deadline_init(&b);
	deadline_init(&c);
	return 0;
}

static void assert_due(uint64_t now_ms, struct deadline *expected, enum deadline_kind expected_kind)
{
	enum deadline_kind kind = DEADLINE_NONE;
	assert_ptr_equal(deadline_next_due(&deadlines, now_ms, &kind), expected);
	assert_int_equal(kind, expected_kind);
}

static void nothing_is_due_before_its_time(void **state)
{
	(void)state;
	deadline_set(&deadlines, &a, DEADLINE_HEADER, 5);
	assert_due(104, NULL, DEADLINE_NONE);
	assert_due(105, &a, DEADLINE_HEADER);
	assert_due(105, NULL, DEADLINE_NONE);
	assert_int_equal(a.kind, DEADLINE_NONE);
}

static void those_of_one_kind_come_in_the_order_they_were_set(void **state)
{
	(void)state;
	deadline_set(&deadlines, &b, DEADLINE_IDLE, 0);
	deadline_set(&deadlines, &a, DEADLINE_IDLE, 1);
	deadline_set(&deadlines, &c, DEADLINE_IDLE, 500);
	assert_due(1200, &b, DEADLINE_IDLE);
	assert_due(1200, &a, DEADLINE_IDLE);
	assert_due(1200, NULL, DEADLINE_NONE);
	assert_due(1500, &c, DEADLINE_IDLE);
}

static void setting_again_replaces(void **state)
{
	(void)state;
	deadline_set(&deadlines, &a, DEADLINE_HEADER, 0);
	deadline_set(&deadlines, &b, DEADLINE_HEADER, 10);
	deadline_set(&deadlines, &a, DEADLINE_BODY, 20);
	assert_due(119, &b, DEADLINE_HEADER);
	assert_due(219, NULL, DEADLINE_NONE);
	assert_due(220, &a, DEADLINE_BODY);
}

static void one_that_is_cleared_is_never_due(void **state)
{
	(void)state;
	deadline_set(&deadlines, &a, DEADLINE_WRITE, 0);
	deadline_set(&deadlines, &b, DEADLINE_WRITE, 0);
	deadline_clear(&a);
	deadline_clear(&a);
	assert_due(10000, &b, DEADLINE_WRITE);
	assert_due(10000, NULL, DEADLINE_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup(nothing_is_due_before_its_time, set_up),
	        cmocka_unit_test_setup(those_of_one_kind_come_in_the_order_they_were_set, set_up),
	        cmocka_unit_test_setup(setting_again_replaces, set_up),
	        cmocka_unit_test_setup(one_that_is_cleared_is_never_due, set_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
