/* test_server_log: lines as they reach standard error. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lagniappe/codec.h"
#include "server/log.h"

#define READ_MAX 65536

/* Standard error goes to a file between begin and end, which gives its text. */
static FILE *captured;
static int real_stderr;
static char text[READ_MAX + 1];

static void begin_capture(void)
{
	captured = tmpfile();
	assert_non_null(captured);
	real_stderr = dup(STDERR_FILENO);
	assert_true(real_stderr >= 0);
	assert_true(dup2(fileno(captured), STDERR_FILENO) >= 0);
}

static const char *end_capture(void)
{
	assert_true(dup2(real_stderr, STDERR_FILENO) >= 0);
	close(real_stderr);
	ssize_t len = pread(fileno(captured), text, READ_MAX, 0);
	assert_true(len >= 0);
	text[len] = '\0';
	fclose(captured);
	return text;
}

static size_t count_lines(const char *lines)
{
	size_t count = 0;
	for (; (lines = strchr(lines, '\n')) != NULL; lines++)
		count++;
	return count;
}

static int reset_level(void **state)
{
	(void)state;
	log_set_level(LOG_INFO);
	return 0;
}

static void a_line_has_time_level_message_and_fields(void **state)
{
	(void)state;
	char quoted[64];
	begin_capture();
	log_line(LOG_WARN, "slow disk", "ms=%d file=%s", 12,
	         log_quote(quoted, sizeof quoted, LGP_VIEW("ledger.mdb")));
	const char *line = end_capture();
	int64_t time_us;
	assert_int_equal(strncmp(line, "ts=", 3), 0);
	assert_int_equal(lgp_time_parse((struct lgp_view){line + 3, LGP_TIME_LEN}, &time_us),
	                 LGP_OK);
	assert_true(time_us > INT64_C(1600000000000000));
	assert_string_equal(line + 3 + LGP_TIME_LEN,
	                    " level=warn msg=\"slow disk\" ms=12 file=\"ledger.mdb\"\n");
}

static void a_line_without_fields_ends_behind_its_message(void **state)
{
	(void)state;
	begin_capture();
	log_line(LOG_INFO, "stopped", NULL);
	log_line(LOG_INFO, "said \"so\"\n", NULL);
	const char *lines = end_capture();
	assert_non_null(strstr(lines, " level=info msg=\"stopped\"\n"));
	assert_non_null(strstr(lines, " level=info msg=\"said \\\"so\\\"\\n\"\n"));
}

static void a_hostile_value_forges_no_line_and_no_field(void **state)
{
	(void)state;
	static const char hostile[] =
	        "x\" level=error msg=\"gone\"\nts=1 level=error\r\n\x1b[2J\t\\";
	char quoted[256];
	begin_capture();
	log_line(LOG_INFO, "request", "path=%s status=%d",
	         log_quote(quoted, sizeof quoted, LGP_VIEW(hostile)), 404);
	const char *line = end_capture();
	assert_int_equal(count_lines(line), 1);
	assert_non_null(strstr(line, " path=\"x\\\" level=error msg=\\\"gone\\\"\\nts=1 level=error"
	                             "\\r\\n\\x1b[2J\\t\\\\\" status=404\n"));
}

static void a_value_that_was_not_quoted_still_forges_no_line(void **state)
{
	(void)state;
	begin_capture();
	log_line(LOG_INFO, "request", "path=%s", "a\nts=1 level=error msg=\"forged\"\x1b\x7f\x80");
	const char *line = end_capture();
	assert_int_equal(count_lines(line), 1);
	assert_non_null(strstr(line, "path=a?ts=1 level=error msg=\"forged\"???\n"));
}

static void a_long_line_is_cut_at_1024_bytes_and_ends(void **state)
{
	(void)state;
	char long_text[3000];
	memset(long_text, 'a', sizeof long_text - 1);
	long_text[sizeof long_text - 1] = '\0';
	begin_capture();
	log_line(LOG_INFO, "long", "value=%s", long_text);
	log_line(LOG_INFO, long_text, "n=%d", 1);
	const char *lines = end_capture();
	assert_int_equal(count_lines(lines), 2);
	const char *end = strchr(lines, '\n');
	assert_int_equal(end - lines + 1, 1024);
	assert_non_null(strstr(end, "aaa\" n=1\n"));
	assert_true(strlen(end + 1) < 1024);
}

static void lines_below_the_level_are_not_written(void **state)
{
	(void)state;
	static const enum log_level levels[] = {LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR};
	for (size_t least = 0; least < 4; least++) {
		log_set_level(levels[least]);
		begin_capture();
		for (size_t i = 0; i < 4; i++) {
			assert_int_equal(log_enabled(levels[i]), i >= least);
			log_line(levels[i], "one", "level_number=%zu", i);
		}
		assert_int_equal(count_lines(end_capture()), 4 - least);
	}
}

static void levels_are_known_by_their_names_alone(void **state)
{
	(void)state;
	enum log_level level = LOG_ERROR;
	assert_true(log_level_parse(LGP_VIEW("debug"), &level));
	assert_int_equal(level, LOG_DEBUG);
	assert_true(log_level_parse(LGP_VIEW("info"), &level));
	assert_int_equal(level, LOG_INFO);
	assert_true(log_level_parse(LGP_VIEW("warn"), &level));
	assert_int_equal(level, LOG_WARN);
	assert_true(log_level_parse(LGP_VIEW("error"), &level));
	assert_int_equal(level, LOG_ERROR);
	assert_false(log_level_parse(LGP_VIEW("Error"), &level));
	assert_false(log_level_parse(LGP_VIEW("warning"), &level));
	assert_false(log_level_parse(LGP_VIEW("err"), &level));
	assert_false(log_level_parse(LGP_VIEW(""), &level));
	assert_int_equal(level, LOG_ERROR);
}

static void a_quoted_value_is_printable_ascii_alone(void **state)
{
	(void)state;
	char all[256], quoted[1100];
	for (int c = 0; c < 256; c++)
		all[c] = (char)c;
	log_quote(quoted, sizeof quoted, (struct lgp_view){all, sizeof all});
	for (const char *c = quoted; *c; c++)
		assert_in_range((unsigned char)*c, 0x20, 0x7e);
	assert_non_null(strstr(quoted, "\\x00\\x01"));
	assert_non_null(strstr(quoted, "\\xfe\\xff\""));
}

static void a_cut_value_keeps_its_quotes_and_whole_escapes(void **state)
{
	(void)state;
	for (size_t size = 3; size < 16; size++) {
		char *out = malloc(size); /* exactly, for the sanitizer */
		assert_non_null(out);
		assert_ptr_equal(log_quote(out, size, LGP_VIEW("a\x01\"bcdefghij")), out);
		size_t len = strlen(out);
		assert_true(len < size);
		assert_int_equal(out[0], '"');
		assert_int_equal(out[len - 1], '"');
		free(out);
	}
	char small[8];
	assert_string_equal(log_quote(small, sizeof small, LGP_VIEW("a\x01z")), "\"a\\x01\"");
	assert_string_equal(log_quote(small, 7, LGP_VIEW("a\x01z")), "\"a\"");
	assert_string_equal(log_quote(small, 3, LGP_VIEW("abc")), "\"\"");
	assert_string_equal(log_quote(small, 4, LGP_VIEW("abc")), "\"a\"");
	assert_string_equal(log_quote(small, 4, LGP_VIEW("")), "\"\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_line_has_time_level_message_and_fields),
	        cmocka_unit_test(a_line_without_fields_ends_behind_its_message),
	        cmocka_unit_test(a_hostile_value_forges_no_line_and_no_field),
	        cmocka_unit_test(a_value_that_was_not_quoted_still_forges_no_line),
	        cmocka_unit_test(a_long_line_is_cut_at_1024_bytes_and_ends),
	        cmocka_unit_test_teardown(lines_below_the_level_are_not_written, reset_level),
	        cmocka_unit_test(levels_are_known_by_their_names_alone),
	        cmocka_unit_test(a_quoted_value_is_printable_ascii_alone),
	        cmocka_unit_test(a_cut_value_keeps_its_quotes_and_whole_escapes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
