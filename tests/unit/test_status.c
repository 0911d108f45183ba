/* test_status: the text of a status, and what a thread's last fault says. */
#include <setjmp.h>
#include <stdarg.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "lagniappe/status.h"

static void every_status_has_a_text_of_its_own(void **state)
{
	static const enum lgp_status all[] = {
#define X(name, text) name,
	        LGP_STATUS_LIST(X)
#undef X
	};
	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(lgp_status_text(all[i]), lgp_status_text(all[j]));
	assert_non_null(lgp_status_text((enum lgp_status)999));
}

static void *detail_of_a_new_thread(void *out)
{
	memcpy(out, lgp_fault_detail(), strlen(lgp_fault_detail()) + 1);
	(void)lgp_fault(LGP_IO, "of the other thread");
	return NULL;
}

static void fault_detail_is_each_threads_own(void **state)
{
	char other[256] = "not written";
	pthread_t thread;
	(void)state;
	assert_int_equal(lgp_fault(LGP_CORRUPT, "entry %d", 7), LGP_CORRUPT);
	assert_int_equal(pthread_create(&thread, NULL, detail_of_a_new_thread, other), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_string_equal(other, "");
	assert_string_equal(lgp_fault_detail(), "entry 7");
}

static void fault_detail_may_quote_the_one_below_it(void **state)
{
	(void)state;
	(void)lgp_fault(LGP_IO, "disk");
	(void)lgp_fault(LGP_IO, "file a: %s", lgp_fault_detail());
	assert_string_equal(lgp_fault_detail(), "file a: disk");
}

static void fault_detail_is_cut_at_255_bytes(void **state)
{
	char longer[1000];
	(void)state;
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	(void)lgp_fault(LGP_IO, "%s", longer);
	assert_int_equal(strlen(lgp_fault_detail()), 255);
}

static void views_are_equal_by_their_bytes(void **state)
{
	(void)state;
	assert_true(lgp_view_equal(lgp_view_of("ab"), LGP_VIEW("ab")));
	assert_false(lgp_view_equal(LGP_VIEW("ab"), LGP_VIEW("abc")));
	assert_false(lgp_view_equal(LGP_VIEW("ab"), LGP_VIEW("aB")));
	assert_true(lgp_view_equal((struct lgp_view){NULL, 0}, LGP_VIEW("")));
}

static void broken_promise_stops_the_program(void **state)
{
	int status = 0;
	(void)state;
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		(void)close(STDERR_FILENO);
		require(1 + 1 == 2);
		require(1 + 1 == 3);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(every_status_has_a_text_of_its_own),
	        cmocka_unit_test(fault_detail_is_each_threads_own),
	        cmocka_unit_test(fault_detail_may_quote_the_one_below_it),
	        cmocka_unit_test(fault_detail_is_cut_at_255_bytes),
	        cmocka_unit_test(views_are_equal_by_their_bytes),
	        cmocka_unit_test(broken_promise_stops_the_program),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
