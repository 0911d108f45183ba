/* test_invariants: what must hold over a ledger's whole life, by the numbers of
 * ledger/README.md, and at the bounds where it could break. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <unistd.h>

#include "ledger_check.h"
#include "ledger_fixture.h"

#define CHECKPOINTS 40
#define KEYS_BEFORE_FREEZE (1 << 18)

static struct fixture f;

static void must(enum lgp_status status)
{
	if (status != LGP_OK)
		fail_msg("%s: %s", lgp_status_text(status), lgp_fault_detail());
}

/* ---- I1, I4 ----------------------------------------------------------------------------------- */

static struct lgp_outcome allot(int64_t amount)
{
	struct lgp_command allotment = fixture_command(&f, LGP_KIND_ALLOTMENT, f.finance);
	allotment.budget = slug("front-desk");
	allotment.amount = amount;
	struct lgp_outcome out = fixture_judge(&f, &allotment);
	fixture_commit(&f);
	return out;
}

static void units_are_conserved_through_every_kind_of_movement_I1(void **state)
{
	(void)state;
	uint64_t seed = 88172645463325252u, granted[300];
	unsigned grants = 0;
	for (unsigned i = 0; i < 300; i++) {
		seed ^= seed << 13;
		seed ^= seed >> 7;
		seed ^= seed << 17;
		struct lgp_command command;
		if (i % 11 == 10) {
			allot((int64_t)(seed % 90000) - 45000);
			continue;
		}
		if (i % 5 == 4 && grants > 0) {
			command = fixture_command(&f, LGP_KIND_REVERSAL, f.anna_token);
			command.refers_to = granted[seed % grants];
			command.amount = (int64_t)(seed % 900);
		} else {
			command = fixture_grant(&f, 1 + (int64_t)(seed % 20000));
		}
		struct lgp_outcome out = fixture_judge(&f, &command);
		if (out.verdict == LGP_ACCEPTED && command.kind == LGP_KIND_GRANT)
			granted[grants++] = out.seq;
		if (i % 3 == 0)
			fixture_commit(&f);
	}
	if (lgp_batch_count(f.ledger) > 0)
		fixture_commit(&f);
	assert_true(grants > 50);
	ledger_check_all(f.ledger);
}

static void a_budget_takes_all_of_63_bits_and_not_one_more_I1(void **state)
{
	(void)state;
	assert_int_equal(allot(INT64_MAX).problem, LGP_PROBLEM_AMOUNT_OVERFLOW);
	assert_int_equal(allot(INT64_MAX - 1000000).problem, LGP_PROBLEM_NONE);
	assert_int_equal(fixture_balance(&f, LGP_CLASS_BUDGET, f.budget), INT64_MAX);
	assert_int_equal(allot(1).problem, LGP_PROBLEM_AMOUNT_OVERFLOW);
	struct lgp_command all = fixture_grant(&f, INT64_MAX);
	assert_int_equal(fixture_judge(&f, &all).problem, LGP_PROBLEM_NONE);
	fixture_commit(&f);
	/* The budget has room again; what it was allotted in all has none, and must
	 * stay a number whose negative there is. */
	assert_int_equal(allot(1).problem, LGP_PROBLEM_AMOUNT_OVERFLOW);
	assert_int_equal(fixture_balance(&f, LGP_CLASS_ISSUANCE, f.budget), -INT64_MAX);
	assert_int_equal(allot(-1).problem, LGP_PROBLEM_INSUFFICIENT_BUDGET);
	ledger_check_all(f.ledger);
}

/* ---- I2 ----------------------------------------------------------------------------------------- */

static void every_checkpoint_is_consistent_with_every_earlier_one_I2(void **state)
{
	(void)state;
	struct lgp_checkpoint seen[CHECKPOINTS];
	for (unsigned i = 0; i < CHECKPOINTS; i++) {
		for (unsigned j = 0; j <= i % 7; j++) {
			struct lgp_command grant = fixture_grant(&f, 1);
			fixture_judge(&f, &grant);
		}
		fixture_commit(&f);
		lgp_released(f.ledger, &seen[i], NULL);
		if (i == CHECKPOINTS / 2)
			fixture_reopen(&f);
	}
	struct lgp_reader *reader;
	must(lgp_reader_new(f.ledger, &reader));
	struct lgp_node_source source = {lgp_read_node, reader};
	for (unsigned i = 0; i < CHECKPOINTS; i++) {
		for (unsigned j = 0; j <= i; j++) {
			struct lgp_proof proof;
			must(lgp_prove_consistency(&source, seen[j].size, seen[i].size, &proof));
			must(lgp_verify_consistency(seen[j].size, &seen[j].root, seen[i].size,
			                            &seen[i].root, &proof));
		}
	}
	lgp_reader_free(reader);
}

static size_t read_all(uint8_t *bytes, size_t room)
{
	struct lgp_reader *reader;
	size_t count;
	must(lgp_reader_new(f.ledger, &reader));
	must(lgp_read_entries(reader, 0, room, bytes, &count));
	lgp_reader_free(reader);
	return count;
}

static void an_entry_never_changes_I2(void **state)
{
	(void)state;
	static uint8_t before[200 * LGP_ENTRY_LEN], after[200 * LGP_ENTRY_LEN];
	struct lgp_command grant = fixture_grant(&f, 100);
	uint64_t seq = fixture_do(&f, &grant);
	size_t count = read_all(before, 200);
	/* All that comes after it, of what speaks of it. */
	struct lgp_command reversal = fixture_command(&f, LGP_KIND_REVERSAL, f.anna_token);
	reversal.refers_to = seq;
	fixture_do(&f, &reversal);
	struct lgp_command change = fixture_command(&f, LGP_KIND_STAFF, f.admin);
	change.amend = true;
	change.refers_to = f.anna;
	change.payload = LGP_VIEW("role manager\n");
	fixture_do(&f, &change);
	fixture_reopen(&f);
	assert_true(read_all(after, 200) > count);
	assert_memory_equal(before, after, count * LGP_ENTRY_LEN);
}

/* ---- I3 ------------------------------------------------------------------------------------------- */

/* One customer and one member of staff: a few records that change again and
 * again never fill a layer, and their keys must leave memory all the same. */
static void keys_leave_memory_however_few_records_change_I3(void **state)
{
	(void)state;
	struct lgp_ledger_stats stats;
	struct lgp_command first = fixture_grant(&f, 1);
	uint64_t seq = fixture_do(&f, &first);
	bool frozen = false;
	for (unsigned i = 0; i < KEYS_BEFORE_FREEZE && !frozen; i++) {
		struct lgp_command grant = fixture_grant(&f, 1);
		uint64_t mixed = f.keys * UINT64_C(0x9e3779b97f4a7c15); /* as even as MACs are */
		memcpy(grant.key_mac, &mixed, sizeof mixed);
		fixture_judge(&f, &grant);
		if (!lgp_batch_full(f.ledger))
			continue;
		fixture_commit(&f);
		frozen = lgp_state_freeze(f.ledger, false);
	}
	assert_true(frozen);
	must(lgp_applier_step(f.ledger));
	lgp_stats(f.ledger, &stats);
	assert_true(stats.keys_recent < KEYS_BEFORE_FREEZE / 4);
	struct lgp_outcome again = fixture_judge(&f, &first);
	assert_int_equal(again.verdict, LGP_REPLAYED);
	assert_int_equal(again.seq, seq);
}

/* Half of two MACs may be the same; no key is taken for another. */
static void keys_that_begin_alike_are_two_keys_I3(void **state)
{
	(void)state;
	struct lgp_command one = fixture_grant(&f, 1), two = fixture_grant(&f, 2);
	memcpy(two.key_mac, one.key_mac, sizeof two.key_mac);
	two.key_mac[15] ^= 1;
	uint64_t first = fixture_do(&f, &one);
	uint64_t second = fixture_do(&f, &two);
	assert_int_not_equal(first, second);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(fixture_judge(&f, &one).seq, first);
		assert_int_equal(fixture_judge(&f, &two).seq, second);
		fixture_reopen(&f);
	}
}

/* ---- bounds of commands ------------------------------------------------------------------------------ */

/* As long as a definition may be: 96 nouns of 32 characters in two lists. */
static void the_longest_definition_is_judged_like_any_other(void **state)
{
	(void)state;
	char text[LGP_DEFINITION_MAX + 64];
	size_t len = (size_t)snprintf(text, sizeof text, "id otto\nrole staff\nsite paris\nsites ");
	for (unsigned i = 0; i < 60; i++)
		len += (size_t)snprintf(text + len, sizeof text - len, "%s%032u", i == 0 ? "" : ",",
		                        i);
	len += (size_t)snprintf(text + len, sizeof text - len, "\nbudgets ");
	for (unsigned i = 0; i < 63; i++)
		len += (size_t)snprintf(text + len, sizeof text - len, "%s%032u", i == 0 ? "" : ",",
		                        i);
	len = LGP_DEFINITION_MAX - 1; /* cuts the last slug, which may be shorter */
	text[len++] = '\n';
	assert_int_equal(len, LGP_DEFINITION_MAX);
	struct lgp_command command = fixture_command(&f, LGP_KIND_STAFF, f.admin);
	command.payload = (struct lgp_view){text, len};
	struct lgp_outcome out = fixture_judge(&f, &command);
	assert_int_equal(out.verdict, LGP_DENIED);
	assert_int_equal(out.problem, LGP_PROBLEM_NOT_FOUND);
	assert_string_equal(out.field, "sites");
}

/* A clock that goes back does not give an ended token another hour. */
static void a_token_ends_by_the_ledgers_time(void **state)
{
	(void)state;
	char text[256];
	snprintf(text, sizeof text,
	         "role staff\nsubject anna\nexpires 2024-10-04T13:00:00.000000Z\nhash %064u\n", 5);
	uint64_t token = fixture_define(&f, LGP_KIND_TOKEN, f.admin, text);
	struct lgp_command grant = fixture_grant(&f, 1);
	grant.token = token;
	fixture_do(&f, &grant);
	grant = fixture_grant(&f, 1);
	grant.time_us = FIRST_DAY * DAY_US + 13 * (DAY_US / 24); /* by another, at the very end */
	fixture_do(&f, &grant);
	grant = fixture_grant(&f, 1); /* the clock has gone back */
	grant.token = token;
	assert_int_equal(fixture_judge(&f, &grant).problem, LGP_PROBLEM_UNAUTHENTICATED);
	grant.token = f.anna_token;
	struct lgp_outcome out = fixture_judge(&f, &grant);
	assert_int_equal(out.verdict, LGP_ACCEPTED);
	assert_int_equal(out.entry.time_us, FIRST_DAY * DAY_US + 13 * (DAY_US / 24) + 1);
	fixture_commit(&f);
}

/* ---- I11 ----------------------------------------------------------------------------------------------- */

static enum lgp_status open_status(void)
{
	struct lgp_options options = {.log_map_bytes = 1 << 26, .state_map_bytes = 1 << 26};
	struct lgp_ledger *ledger = NULL;
	enum lgp_status status = lgp_open(f.dir, &options, &ledger);
	lgp_close(ledger);
	return status;
}

/* As long as what was released, or longer, and not the same. */
static void a_fork_of_what_was_released_does_not_open_I11(void **state)
{
	(void)state;
	fixture_close(&f);
	shell("cp %s/ledger.mdb %s/old", f.dir, f.dir);
	fixture_reopen(&f);
	struct lgp_command grant = fixture_grant(&f, 1);
	fixture_do(&f, &grant);
	fixture_close(&f);
	shell("mv %s/high-water %s/released && mv %s/old %s/ledger.mdb", f.dir, f.dir, f.dir,
	      f.dir);
	fixture_reopen(&f);
	for (unsigned i = 0; i < 3; i++) {
		grant = fixture_grant(&f, 2);
		fixture_do(&f, &grant);
	}
	fixture_close(&f);
	assert_int_equal(open_status(), LGP_OK);
	shell("cp %s/released %s/high-water", f.dir, f.dir);
	assert_int_equal(open_status(), LGP_BEHIND);
	assert_non_null(strstr(lgp_fault_detail(), "not those of the checkpoint"));
}

static void a_ledger_ahead_of_its_high_water_opens_I11(void **state)
{
	(void)state;
	fixture_close(&f);
	shell("cp %s/high-water %s/released", f.dir, f.dir);
	fixture_reopen(&f);
	struct lgp_command grant = fixture_grant(&f, 1);
	fixture_do(&f, &grant);
	fixture_close(&f);
	shell("cp %s/released %s/high-water", f.dir, f.dir);
	assert_int_equal(open_status(), LGP_OK);
}

static void a_damaged_or_foreign_high_water_does_not_open_I11(void **state)
{
	(void)state;
	static const char *const damages[] = {
	        "truncate -s -1 %s/high-water",
	        "truncate -s 10 %s/high-water",
	        "printf x >> %s/high-water",
	        "printf x | dd of=%s/high-water bs=1 seek=3 conv=notrunc status=none",
	        "printf x | dd of=%s/high-water bs=1 seek=100 conv=notrunc status=none",
	        "head -c 100000 /dev/zero > %s/high-water",
	};
	fixture_close(&f);
	shell("cp %s/high-water %s/good", f.dir, f.dir);
	for (size_t i = 0; i < sizeof damages / sizeof damages[0]; i++) {
		char command[160];
		const char *at = strstr(damages[i], "%s");
		snprintf(command, sizeof command, "%.*s%s%s", (int)(at - damages[i]), damages[i],
		         f.dir, at + 2);
		shell("cp %s/good %s/high-water && %s", f.dir, f.dir, command);
		assert_int_equal(open_status(), LGP_BEHIND);
	}
	shell("cp %s/good %s/high-water", f.dir, f.dir);
	assert_int_equal(open_status(), LGP_OK);
}

#define CASE(name) FIXTURE_CASE(name, &f)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        CASE(units_are_conserved_through_every_kind_of_movement_I1),
	        CASE(a_budget_takes_all_of_63_bits_and_not_one_more_I1),
	        CASE(every_checkpoint_is_consistent_with_every_earlier_one_I2),
	        CASE(an_entry_never_changes_I2),
	        CASE(keys_leave_memory_however_few_records_change_I3),
	        CASE(keys_that_begin_alike_are_two_keys_I3),
	        CASE(the_longest_definition_is_judged_like_any_other),
	        CASE(a_token_ends_by_the_ledgers_time),
	        CASE(a_fork_of_what_was_released_does_not_open_I11),
	        CASE(a_ledger_ahead_of_its_high_water_opens_I11),
	        CASE(a_damaged_or_foreign_high_water_does_not_open_I11),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
