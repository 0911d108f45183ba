/* test_problem: the table of what is answered when the answer is no. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lagniappe/problem.h"

static size_t problem_count(void)
{
	size_t count = 0;
	while (lgp_problem_at(count))
		count++;
	return count;
}

static void every_number_leads_to_its_line(void **state)
{
	(void)state;
	assert_true(problem_count() > 30);
	for (size_t i = 0; i < problem_count(); i++) {
		const struct lgp_problem_info *info = lgp_problem_at(i);
		assert_ptr_equal(lgp_problem_info((unsigned)info->problem), info);
	}
}

static void numbers_that_are_no_problem_have_no_line(void **state)
{
	(void)state;
	assert_null(lgp_problem_info(LGP_PROBLEM_NONE));
	assert_null(lgp_problem_info(99));
	assert_null(lgp_problem_info(65535));
	assert_null(lgp_problem_info(UINT32_MAX));
	assert_null(lgp_problem_at(SIZE_MAX));
}

/* They are stored in refusals: whoever renumbers breaks every ledger there is. */
static void numbers_codes_and_statuses_are_those_that_ledgers_hold(void **state)
{
	(void)state;
	static const struct {
		unsigned number;
		const char *code;
		int status;
	} lines[] = {
	        {1, "malformed", 400},
	        {2, "idempotency-key-missing", 400},
	        {3, "unauthenticated", 401},
	        {4, "forbidden", 403},
	        {5, "not-found", 404},
	        {9, "already-exists", 409},
	        {12, "key-reused", 422},
	        {17, "overloaded", 503},
	        {100, "staff-inactive", 403},
	        {101, "site-not-allowed", 403},
	        {102, "budget-not-allowed", 403},
	        {103, "budget-unit-mismatch", 422},
	        {104, "self-grant", 403},
	        {105, "insufficient-budget", 409},
	        {106, "insufficient-funds", 409},
	        {107, "already-reversed", 409},
	        {108, "not-reversible", 422},
	        {109, "reversal-not-allowed", 403},
	        {110, "limit-exceeded", 403},
	        {111, "incident-required", 422},
	        {112, "amount-overflow", 422},
	        {113, "reason-kind", 422},
	};
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		const struct lgp_problem_info *info = lgp_problem_info(lines[i].number);
		assert_non_null(info);
		assert_string_equal(info->code, lines[i].code);
		assert_int_equal(info->http_status, lines[i].status);
	}
}

static void numbers_and_codes_are_given_once(void **state)
{
	(void)state;
	for (size_t i = 0; i < problem_count(); i++) {
		for (size_t j = 0; j < i; j++) {
			assert_int_not_equal(lgp_problem_at(i)->problem,
			                     lgp_problem_at(j)->problem);
			assert_string_not_equal(lgp_problem_at(i)->code, lgp_problem_at(j)->code);
		}
	}
}

static void codes_are_slugs_and_statuses_are_errors(void **state)
{
	(void)state;
	for (size_t i = 0; i < problem_count(); i++) {
		const struct lgp_problem_info *info = lgp_problem_at(i);
		size_t len = strlen(info->code);
		assert_int_equal(strspn(info->code, "abcdefghijklmnopqrstuvwxyz-"), len);
		assert_in_range(len, 1, 32);
		assert_in_range(info->http_status, 400, 599);
		assert_true(strlen(info->title) > 0);
	}
}

static void only_rules_and_funds_go_on_record(void **state)
{
	(void)state;
	assert_false(lgp_problem_recorded(LGP_PROBLEM_NONE));
	assert_false(lgp_problem_recorded(LGP_PROBLEM_KEY_REUSED));
	assert_false(lgp_problem_recorded(LGP_PROBLEM_OVERLOADED));
	assert_true(lgp_problem_recorded(LGP_PROBLEM_STAFF_INACTIVE));
	assert_true(lgp_problem_recorded(LGP_PROBLEM_REASON_KIND));
	for (size_t i = 0; i < problem_count(); i++) {
		const struct lgp_problem_info *info = lgp_problem_at(i);
		assert_int_equal(lgp_problem_recorded(info->problem), info->problem >= 100);
		/* What uses up no key is never on record. */
		int status = info->http_status;
		if (status == 400 || status == 401 || status == 404 || status == 429 ||
		    status >= 500)
			assert_false(lgp_problem_recorded(info->problem));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(every_number_leads_to_its_line),
	        cmocka_unit_test(numbers_that_are_no_problem_have_no_line),
	        cmocka_unit_test(numbers_codes_and_statuses_are_those_that_ledgers_hold),
	        cmocka_unit_test(numbers_and_codes_are_given_once),
	        cmocka_unit_test(codes_are_slugs_and_statuses_are_errors),
	        cmocka_unit_test(only_rules_and_funds_go_on_record),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
