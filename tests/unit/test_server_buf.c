/* buf: what it holds after growing, at its bound, and after failing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/buf.h"

static void assert_holds(const struct buf *buf, const char *text)
{
	assert_false(buf->failed);
	assert_int_equal(buf->len, strlen(text));
	assert_memory_equal(buf->ptr, text, buf->len);
}

static void starts_empty_without_memory(void **state)
{
	(void)state;
	struct buf buf;
	buf_init(&buf, 100);
	assert_null(buf.ptr);
	assert_int_equal(buf.len, 0);
	assert_int_equal(buf_contents(&buf).len, 0);
	buf_deinit(&buf);
}

static void appends_in_order(void **state)
{
	(void)state;
	struct buf buf;
	buf_init(&buf, 1000);
	buf_text(&buf, "a");
	buf_add(&buf, "bcd", 2);
	buf_view(&buf, LGP_VIEW("de"));
	buf_view(&buf, (struct lgp_view){NULL, 0});
	buf_printf(&buf, "<%d %s>", -7, "x");
	buf_decimal(&buf, 0);
	buf_text(&buf, "/");
	buf_decimal(&buf, UINT64_MAX);
	assert_holds(&buf, "abcde<-7 x>0/18446744073709551615");
	buf_deinit(&buf);
}

static void keeps_what_it_held_when_it_grows(void **state)
{
	(void)state;
	struct buf buf;
	buf_init(&buf, 1 << 20);
	for (unsigned i = 0; i < 100000; i++)
		buf_add(&buf, &(char){(char)('a' + i % 26)}, 1);
	assert_false(buf.failed);
	assert_int_equal(buf.len, 100000);
	for (unsigned i = 0; i < 100000; i++)
		assert_int_equal(buf.ptr[i], 'a' + i % 26);
	buf_deinit(&buf);
}

static void filled_exactly_to_its_bound_it_holds(void **state)
{
	(void)state;
	struct buf buf;
	buf_init(&buf, 10);
	buf_text(&buf, "0123456789");
	assert_holds(&buf, "0123456789");
	assert_true(buf.cap <= 10);
	buf_deinit(&buf);
}

static void one_byte_past_the_bound_fails_and_changes_nothing(void **state)
{
	(void)state;
	struct buf buf;
	buf_init(&buf, 10);
	buf_text(&buf, "01234567");
	buf_text(&buf, "89a");
	assert_true(buf.failed);
	assert_int_equal(buf.len, 8);
	assert_memory_equal(buf.ptr, "01234567", 8);
	buf_deinit(&buf);
}

static void after_a_failure_nothing_is_added_until_cleared(void **state)
{
	(void)state;
	struct buf buf;
	buf_init(&buf, 4);
	buf_text(&buf, "abcdef");
	buf_text(&buf, "a");
	buf_printf(&buf, "%d", 1);
	buf_decimal(&buf, 1);
	assert_null(buf_reserve(&buf, 1));
	assert_true(buf.failed);
	assert_int_equal(buf.len, 0);
	buf_clear(&buf);
	buf_text(&buf, "ok");
	assert_holds(&buf, "ok");
	buf_deinit(&buf);
}

static void a_size_that_overflows_fails(void **state)
{
	(void)state;
	struct buf buf;
	buf_init(&buf, SIZE_MAX);
	buf_text(&buf, "a");
	assert_null(buf_reserve(&buf, SIZE_MAX));
	assert_true(buf.failed);
	assert_int_equal(buf.len, 1);
	buf_deinit(&buf);
}

static void clearing_keeps_the_memory(void **state)
{
	(void)state;
	struct buf buf;
	buf_init(&buf, 1000);
	buf_text(&buf, "abc");
	const char *before = buf.ptr;
	buf_clear(&buf);
	buf_text(&buf, "d");
	assert_ptr_equal(buf.ptr, before);
	assert_holds(&buf, "d");
	buf_deinit(&buf);
}

static void reserved_room_is_writable_and_counts_only_when_added(void **state)
{
	(void)state;
	struct buf buf;
	buf_init(&buf, 10000);
	buf_text(&buf, "ab");
	char *at = buf_reserve(&buf, 5000);
	assert_non_null(at);
	memset(at, 'x', 5000);
	assert_int_equal(buf.len, 2);
	buf.len += 5000;
	assert_int_equal(buf.ptr[5001], 'x');
	buf_deinit(&buf);
}

/* The text's end meets the end of what is allocated: vsnprintf wants a byte for
 * its NUL, which is not part of the contents. */
static void printf_at_every_fill_of_the_first_allocation(void **state)
{
	(void)state;
	for (size_t fill = 500; fill < 520; fill++) {
		struct buf buf;
		buf_init(&buf, 4096);
		for (size_t i = 0; i < fill; i++)
			buf_text(&buf, ".");
		buf_printf(&buf, "%s", "12345678");
		assert_false(buf.failed);
		assert_int_equal(buf.len, fill + 8);
		assert_memory_equal(buf.ptr + fill, "12345678", 8);
		buf_deinit(&buf);
	}
}

static void printf_past_the_bound_fails_and_changes_nothing(void **state)
{
	(void)state;
	struct buf buf;
	buf_init(&buf, 8);
	buf_text(&buf, "abc");
	buf_printf(&buf, "%s", "defghi");
	assert_true(buf.failed);
	assert_int_equal(buf.len, 3);
	assert_memory_equal(buf.ptr, "abc", 3);
	buf_deinit(&buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(starts_empty_without_memory),
	        cmocka_unit_test(appends_in_order),
	        cmocka_unit_test(keeps_what_it_held_when_it_grows),
	        cmocka_unit_test(filled_exactly_to_its_bound_it_holds),
	        cmocka_unit_test(one_byte_past_the_bound_fails_and_changes_nothing),
	        cmocka_unit_test(after_a_failure_nothing_is_added_until_cleared),
	        cmocka_unit_test(a_size_that_overflows_fails),
	        cmocka_unit_test(clearing_keeps_the_memory),
	        cmocka_unit_test(reserved_room_is_writable_and_counts_only_when_added),
	        cmocka_unit_test(printf_at_every_fill_of_the_first_allocation),
	        cmocka_unit_test(printf_past_the_bound_fails_and_changes_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
