/* test_server_config: what is said on the command line outranks the file, and
 * what is wrong is said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "server/config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ARGUMENTS(...)                          \
	{                                       \
		"lagniapped", __VA_ARGS__, NULL \
	}
#define READ(config, arguments)                                                                  \
	config_read(config, (int)(sizeof arguments / sizeof arguments[0]) - 1, arguments, &help, \
	            error)

static char error[CONFIG_ERROR_MAX];
static bool help;

static void defaults_stand_where_nothing_is_said(void **state)
{
	char *arguments[] = ARGUMENTS("--data", "/d");
	struct config config;
	(void)state;
	assert_true(READ(&config, arguments));
	assert_string_equal(config.data, "/d");
	assert_string_equal(config.host, "127.0.0.1");
	assert_int_equal(config.port, 8080);
	assert_int_equal(config.log_public, 0);
	assert_int_equal(config.queue_jobs, 8192);
}

static void an_address_may_be_v6(void **state)
{
	char *arguments[] = ARGUMENTS("--data", "/d", "--listen", "[::1]:0", "--log-public");
	struct config config;
	(void)state;
	assert_true(READ(&config, arguments));
	assert_string_equal(config.host, "::1");
	assert_int_equal(config.port, 0);
	assert_int_equal(config.log_public, 1);
}

static void assert_refused(char **arguments, int count, const char *says)
{
	struct config config;
	assert_false(config_read(&config, count, arguments, &help, error));
	assert_non_null(strstr(error, says));
}
#define REFUSED(says, ...)                                                                   \
	do {                                                                                 \
		char *arguments[] = ARGUMENTS(__VA_ARGS__);                                  \
		assert_refused(arguments, (int)(sizeof arguments / sizeof arguments[0]) - 1, \
		               says);                                                        \
	} while (0)

static void what_is_wrong_is_said(void **state)
{
	(void)state;
	REFUSED("--data", "--log-public");
	REFUSED("HOST:PORT", "--data", "/d", "--listen", "8080");
	REFUSED("HOST:PORT", "--data", "/d", "--listen", "::1:80");
	REFUSED("HOST:PORT", "--data", "/d", "--listen", "h:65536");
	REFUSED("no option", "--data", "/d", "--colour", "red");
	REFUSED("needs a value", "--data");
	REFUSED("go together", "--data", "/d", "--tls-cert", "c.pem");
	REFUSED("from 0 to 256", "--data", "/d", "--loops", "257");
	REFUSED("cannot be read", "--data", "/d", "--config", "/nowhere/at/all");
}

static char *config_file(const char *text)
{
	static char path[] = "/tmp/lagniappe-config-XXXXXX";
	strcpy(path, "/tmp/lagniappe-config-XXXXXX");
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	(void)close(fd);
	return path;
}

static void the_command_line_outranks_the_file(void **state)
{
	char *path = config_file("# a comment\n\n data = /file \nloops=3\nqueue-jobs = 5\n");
	char *arguments[] = ARGUMENTS("--config", path, "--loops", "2");
	struct config config;
	(void)state;
	assert_true(READ(&config, arguments));
	assert_string_equal(config.data, "/file");
	assert_int_equal(config.loops, 2);
	assert_int_equal(config.queue_jobs, 5);
	(void)unlink(path);
}

static void a_wrong_line_is_named(void **state)
{
	char *path = config_file("data = /file\nloops = many\n");
	(void)state;
	REFUSED("line 2", "--config", path);
	(void)unlink(path);
	path = config_file("data\n");
	REFUSED("name = value", "--config", path);
	(void)unlink(path);
}

static void help_needs_nothing_else(void **state)
{
	char *arguments[] = ARGUMENTS("--help");
	struct config config;
	(void)state;
	assert_true(READ(&config, arguments));
	assert_true(help);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(defaults_stand_where_nothing_is_said),
	        cmocka_unit_test(an_address_may_be_v6),
	        cmocka_unit_test(what_is_wrong_is_said),
	        cmocka_unit_test(the_command_line_outranks_the_file),
	        cmocka_unit_test(a_wrong_line_is_named),
	        cmocka_unit_test(help_needs_nothing_else),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
