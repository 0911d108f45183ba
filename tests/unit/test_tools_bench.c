/* What the load generator counts with, and how it finds where a reply ends. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

/* The generator is a program and no library: its parts are taken as they are. */
#include "tools/bench/histogram.c"
#include "tools/bench/reply.c"

/* ---- the histogram ---------------------------------------------------------------- */

static void every_value_is_in_a_bucket_whose_edge_is_at_most_two_percent_above(void **state)
{
	(void)state;
	for (uint64_t value = 1; value < VALUE_MAX / 3; value += value / 7 + 1) {
		uint64_t edge = histogram_edge(bucket_of(value));
		assert_true(edge >= value);
		assert_true(edge - value <= value / 50);
	}
}

static void buckets_follow_each_other_without_gap_or_overlap(void **state)
{
	(void)state;
	for (size_t i = 0; i + 1 < HISTOGRAM_BUCKETS; i++) {
		assert_int_equal(bucket_of(histogram_edge(i)), i);
		assert_int_equal(bucket_of(histogram_edge(i) + 1), i + 1);
	}
	assert_int_equal(histogram_edge(HISTOGRAM_BUCKETS - 1), VALUE_MAX);
}

static void quantiles_are_those_of_the_values(void **state)
{
	static struct histogram histogram;
	(void)state;
	for (uint64_t i = 1; i <= 1000; i++)
		histogram_add(&histogram, i * 1000);
	assert_in_range(histogram_at(&histogram, 0.5), 500000, 508000);
	assert_in_range(histogram_at(&histogram, 0.99), 990000, 1000000);
	assert_int_equal(histogram_at(&histogram, 1), 1000000);
	assert_int_equal(histogram.max_ns, 1000000);
	assert_int_equal(histogram.sum_ns, 500500000);
}

static void one_slow_answer_in_a_thousand_is_beyond_p99_and_is_the_maximum(void **state)
{
	static struct histogram histogram;
	(void)state;
	for (unsigned i = 0; i < 999; i++)
		histogram_add(&histogram, 100);
	histogram_add(&histogram, 1000000000);
	assert_in_range(histogram_at(&histogram, 0.99), 100, 102);
	assert_in_range(histogram_at(&histogram, 0.9995), 1000000000, 1000000000);
}

static void an_empty_histogram_answers_nothing(void **state)
{
	static const struct histogram histogram;
	(void)state;
	assert_int_equal(histogram_at(&histogram, 0.5), 0);
}

static void what_is_longer_than_the_longest_counts_as_that(void **state)
{
	static struct histogram histogram;
	(void)state;
	histogram_add(&histogram, UINT64_MAX);
	assert_int_equal(histogram.max_ns, VALUE_MAX);
	assert_int_equal(histogram.bucket[HISTOGRAM_BUCKETS - 1], 1);
}

/* ---- replies ------------------------------------------------------------------------ */

static enum reply_state parse(const char *text, struct reply *out)
{
	return reply_parse(lgp_view_of(text), out);
}

static void a_reply_ends_where_its_content_length_says(void **state)
{
	struct reply reply;
	(void)state;
	const char *text = "HTTP/1.1 201 Created\r\nDate: x\r\ncontent-length:  5\r\n\r\nhelloHTTP";
	assert_int_equal(parse(text, &reply), REPLY_WHOLE);
	assert_int_equal(reply.status, 201);
	assert_int_equal(reply.len, strlen(text) - 4);
	assert_true(lgp_view_equal(reply.body, LGP_VIEW("hello")));
}

static void seconds_to_retry_after_are_read_and_dates_are_not(void **state)
{
	struct reply reply;
	(void)state;
	assert_int_equal(
	        parse("HTTP/1.1 503 X\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n", &reply),
	        REPLY_WHOLE);
	assert_int_equal(reply.retry_after_s, 7);
	assert_int_equal(parse("HTTP/1.1 503 X\r\nContent-Length: 0\r\nretry-after: Sun, 22 Nov "
	                       "2026 10:00:00 GMT\r\n\r\n",
	                       &reply),
	                 REPLY_WHOLE);
	assert_int_equal(reply.retry_after_s, 0);
	assert_int_equal(parse("HTTP/1.1 200 X\r\nContent-Length: 0\r\n\r\n", &reply), REPLY_WHOLE);
	assert_int_equal(reply.retry_after_s, 0);
}

static void a_reply_is_partial_until_its_last_byte(void **state)
{
	struct reply reply;
	(void)state;
	const char *text = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc";
	for (size_t len = 0; len < strlen(text); len++)
		assert_int_equal(reply_parse((struct lgp_view){text, len}, &reply), REPLY_PARTIAL);
	assert_int_equal(parse(text, &reply), REPLY_WHOLE);
}

static void a_reply_without_an_end_is_refused(void **state)
{
	struct reply reply;
	(void)state;
	assert_int_equal(parse("HTTP/1.1 200 OK\r\n\r\n", &reply), REPLY_BAD);
	assert_int_equal(parse("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", &reply),
	                 REPLY_BAD);
	assert_int_equal(parse("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", &reply),
	                 REPLY_BAD);
	assert_int_equal(parse("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", &reply), REPLY_BAD);
}

static void what_is_no_reply_is_refused(void **state)
{
	struct reply reply;
	(void)state;
	assert_int_equal(parse("SSH-2.0-OpenSSH_9.2\r\n", &reply), REPLY_BAD);
	assert_int_equal(parse("HTTP/1.1 2xx OK\r\nContent-Length: 0\r\n\r\n", &reply), REPLY_BAD);
	assert_int_equal(parse("HTTP/1.1 100 Continue\r\n\r\n", &reply), REPLY_BAD);
}

static void no_content_needs_no_length(void **state)
{
	struct reply reply;
	(void)state;
	assert_int_equal(parse("HTTP/1.1 204 No Content\r\n\r\n", &reply), REPLY_WHOLE);
	assert_int_equal(reply.body.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(
	                every_value_is_in_a_bucket_whose_edge_is_at_most_two_percent_above),
	        cmocka_unit_test(buckets_follow_each_other_without_gap_or_overlap),
	        cmocka_unit_test(quantiles_are_those_of_the_values),
	        cmocka_unit_test(one_slow_answer_in_a_thousand_is_beyond_p99_and_is_the_maximum),
	        cmocka_unit_test(an_empty_histogram_answers_nothing),
	        cmocka_unit_test(what_is_longer_than_the_longest_counts_as_that),
	        cmocka_unit_test(a_reply_ends_where_its_content_length_says),
	        cmocka_unit_test(seconds_to_retry_after_are_read_and_dates_are_not),
	        cmocka_unit_test(a_reply_is_partial_until_its_last_byte),
	        cmocka_unit_test(a_reply_without_an_end_is_refused),
	        cmocka_unit_test(what_is_no_reply_is_refused),
	        cmocka_unit_test(no_content_needs_no_length),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
