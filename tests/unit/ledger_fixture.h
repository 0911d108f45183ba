/* ledger_fixture: a small ledger in a directory of its own, for tests.
 * A day is 86,400 seconds from midnight UTC here, so that dates are plain. */
#ifndef LAGNIAPPE_TESTS_LEDGER_FIXTURE_H
#define LAGNIAPPE_TESTS_LEDGER_FIXTURE_H

#include "lagniappe/ledger.h"

#define DAY_US (INT64_C(86400) * 1000000)
#define FIRST_DAY 20000 /* 2024-10-04 */

struct fixture {
	char dir[64];
	struct lgp_ledger *ledger;
	int64_t now_us;
	uint64_t admin, finance;                         /* tokens */
	uint64_t unit, site, budget, reason, anna, marc; /* numbers */
	uint64_t anna_token, marc_token, till_token;
	uint64_t customer;
	uint64_t keys; /* given out so far */
};

/* An initialised, open ledger with nobody in it. */
void fixture_open(struct fixture *f);
/* And with the usual people, one customer, and 1,000,000 allotted. */
void fixture_programme(struct fixture *f);
void fixture_close(struct fixture *f);
void fixture_reopen(struct fixture *f);
/* Removes the directory. */
void fixture_remove(struct fixture *f);

/* A case over fixture_programme's, made before it and removed after it. */
#define FIXTURE_CASE(name, fixture) \
	cmocka_unit_test_prestate_setup_teardown(name, fixture_set_up, fixture_tear_down, fixture)
int fixture_set_up(void **state);
int fixture_tear_down(void **state);

struct lgp_slug slug(const char *text);
/* A command by this token with a key of its own. */
struct lgp_command fixture_command(struct fixture *f, enum lgp_kind kind, uint64_t token);
struct lgp_command fixture_grant(struct fixture *f, int64_t amount);
/* Judges; the fault is asserted away. */
struct lgp_outcome fixture_judge(struct fixture *f, const struct lgp_command *command);
/* Closes, appends and applies what was judged. */
void fixture_commit(struct fixture *f);
/* Both, for one accepted command; returns its number. */
uint64_t fixture_do(struct fixture *f, const struct lgp_command *command);
uint64_t fixture_define(struct fixture *f, enum lgp_kind kind, uint64_t token, const char *text);
int64_t fixture_balance(struct fixture *f, enum lgp_class class, uint64_t owner);

#endif
