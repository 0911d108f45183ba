/* test_replay: the state is a function of the log (I10): whatever becomes of
 * state.mdb and the key runs, the same log gives the same state hash, and every
 * key is still known (I3). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <unistd.h>

#include "ledger_check.h"
#include "ledger_fixture.h"

#define GRANTS 60

/* The same on any machine and in any build: a change here is a change of the
 * entry's or the state's format, and needs a new version of it. */
static const char golden_root[] =
        "4c55db83ce53a0eb09786b61bbd55eac1354b69faee9d89f2dd3c753634a141d";
static const char golden_state[] =
        "9973dcdfba53a717fa83e779a1355d4b49ed00a29a43461da18be2b6509c4411";

static struct fixture f;
static struct lgp_hash truth; /* the state hash of the history */
static struct lgp_command asked[GRANTS];
static uint64_t became[GRANTS];

static void must(enum lgp_status status)
{
	if (status != LGP_OK)
		fail_msg("%s: %s", lgp_status_text(status), lgp_fault_detail());
}

/* ---- a small history with something of everything --------------------------------------- */

static void refuse(struct lgp_command *command, enum lgp_problem expected)
{
	struct lgp_outcome out = fixture_judge(&f, command);
	assert_int_equal(out.verdict, LGP_REFUSED);
	assert_int_equal(out.problem, expected);
	fixture_commit(&f);
}

static void more_nouns(void)
{
	fixture_define(&f, LGP_KIND_SITE, f.admin,
	               "id lyon\ntimezone Etc/UTC\nweek_starts sunday\n");
	fixture_define(&f, LGP_KIND_UNIT, f.admin, "code PTS\nscale 0\nkind points\n");
	fixture_define(&f, LGP_KIND_TOUCHPOINT, f.admin, "id lobby\nname The lobby\n");
	struct lgp_command change = fixture_command(&f, LGP_KIND_STAFF, f.admin);
	change.amend = true;
	change.refers_to = f.anna;
	change.payload = LGP_VIEW("sites lyon\nactive_until 2030-01-01\n");
	fixture_do(&f, &change);
	uint64_t token = fixture_define(
	        &f, LGP_KIND_TOKEN, f.admin,
	        "role integration\nsites lyon\nhash "
	        "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd\n");
	struct lgp_command end = fixture_command(&f, LGP_KIND_TOKEN_END, f.admin);
	end.refers_to = token;
	fixture_do(&f, &end);
}

static void imports(void)
{
	struct lgp_command party = fixture_command(&f, LGP_KIND_PARTY, f.admin);
	uint64_t number = fixture_do(&f, &party);
	for (int i = 0; i < 4; i++) {
		struct lgp_command import = fixture_command(&f, LGP_KIND_IMPORT, f.admin);
		import.customer = i % 2 == 0 ? number : 0;
		import.unit = slug("EUR");
		import.staff = slug("anna");
		import.reason = slug("late-room");
		import.budget = slug("front-desk");
		import.amount = i == 3 ? -700 : 1000 + i;
		import.business_date = 16800 + i;
		fixture_do(&f, &import);
	}
}

static void grants(void)
{
	struct lgp_command customer = fixture_command(&f, LGP_KIND_CUSTOMER, f.till_token);
	uint64_t other = fixture_do(&f, &customer);
	for (unsigned i = 0; i < GRANTS; i++) {
		asked[i] = fixture_grant(&f, 100 + i);
		asked[i].customer = i % 3 == 0 ? other : f.customer;
		asked[i].incident = slug(i % 2 == 0 ? "INC-1" : "");
		if (i % 4 == 0)
			asked[i].site = slug("lyon");
		struct lgp_outcome out = fixture_judge(&f, &asked[i]);
		assert_int_equal(out.verdict, LGP_ACCEPTED);
		became[i] = out.seq;
		if (i % 5 == 4)
			fixture_commit(&f);
	}
}

static void returns_and_refusals(void)
{
	for (unsigned i = 0; i < GRANTS; i += 7) {
		struct lgp_command reversal = fixture_command(&f, LGP_KIND_REVERSAL, f.anna_token);
		reversal.refers_to = became[i];
		reversal.amount = i % 2 == 0 ? 0 : 30;
		fixture_do(&f, &reversal);
	}
	struct lgp_command thanks = fixture_command(&f, LGP_KIND_THANKS, f.marc_token);
	thanks.customer = f.customer;
	thanks.reason = slug("late-room");
	thanks.amount = 15;
	thanks.has_words = true;
	memset(&thanks.words_commitment, 0x77, sizeof thanks.words_commitment);
	fixture_do(&f, &thanks);
	struct lgp_command much = fixture_grant(&f, 100000000);
	refuse(&much, LGP_PROBLEM_INSUFFICIENT_BUDGET);
}

static void make_history(void)
{
	fixture_programme(&f);
	more_nouns();
	imports();
	grants();
	returns_and_refusals();
	must(lgp_state_hash(f.ledger, &truth));
}

/* ---- what must come out of it each time ---------------------------------------------------- */

static void expect_the_same_and_every_key_known(void)
{
	struct lgp_hash now;
	must(lgp_state_hash(f.ledger, &now));
	assert_memory_equal(&now, &truth, sizeof now);
	for (unsigned i = 0; i < GRANTS; i++) {
		struct lgp_outcome out = fixture_judge(&f, &asked[i]);
		if (out.verdict != LGP_REPLAYED || out.seq != became[i])
			fail_msg("grant %u is not known (I3)", i);
	}
	assert_int_equal(lgp_batch_count(f.ledger), 0);
	ledger_check_all(f.ledger);
}

static void reopen_and_expect_the_same(void)
{
	fixture_reopen(&f);
	expect_the_same_and_every_key_known();
	/* And once more, from what that start has written. */
	fixture_reopen(&f);
	expect_the_same_and_every_key_known();
}

static int setup(void **state)
{
	(void)state;
	make_history();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fixture_remove(&f);
	return 0;
}

/* ---- cases ----------------------------------------------------------------------------------- */

static void expect_hex(const struct lgp_hash *hash, const char *expected)
{
	char hex[2 * LGP_HASH_LEN + 1];
	for (size_t i = 0; i < LGP_HASH_LEN; i++)
		snprintf(hex + 2 * i, 3, "%02x", hash->bytes[i]);
	assert_string_equal(hex, expected);
}

static void a_fixed_history_has_the_root_and_the_state_that_it_always_had_I10(void **state)
{
	(void)state;
	struct lgp_checkpoint released;
	lgp_released(f.ledger, &released, NULL);
	expect_hex(&released.root, golden_root);
	expect_hex(&truth, golden_state);
}

static void state_deleted_comes_back_from_the_log_I10(void **state)
{
	(void)state;
	fixture_close(&f);
	shell("rm %s/state.mdb %s/state.mdb-lock", f.dir, f.dir);
	reopen_and_expect_the_same();
	fixture_close(&f);
	shell("rm %s/state.mdb %s/keys-*.run", f.dir, f.dir);
	reopen_and_expect_the_same();
}

static void state_cut_short_comes_back_from_the_log_I10(void **state)
{
	(void)state;
	static const char *const lengths[] = {"0", "1", "4096", "8192", "12288", "20480"};
	for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
		fixture_close(&f);
		shell("truncate -s %s %s/state.mdb", lengths[i], f.dir);
		reopen_and_expect_the_same();
	}
}

static void state_of_another_format_comes_back_from_the_log_I10(void **state)
{
	(void)state;
	static const struct lgp_kv_table tables[] = {{"records", false}, {"meta", false}};
	struct lgp_kv_options how = {.tables = tables, .table_count = 2, .map_bytes = 1 << 26};
	char path[96];
	struct lgp_kv *kv;
	struct lgp_kv_txn *txn;
	fixture_close(&f);
	snprintf(path, sizeof path, "%s/state.mdb", f.dir);
	must(lgp_kv_open(path, &how, &kv));
	must(lgp_kv_write_begin(kv, &txn));
	must(lgp_kv_put(txn, 1, LGP_VIEW("format"), LGP_VIEW("lagniappe-state-9")));
	must(lgp_kv_commit(txn));
	lgp_kv_close(kv);
	reopen_and_expect_the_same();
	fixture_close(&f);
	shell("head -c 30000 /dev/zero | tr '\\0' 'x' > %s", path);
	reopen_and_expect_the_same();
}

static void state_of_another_ledger_is_not_believed_I10(void **state)
{
	(void)state;
	struct fixture other;
	/* Shorter than ours, so that its size alone does not give it away. */
	fixture_programme(&other);
	struct lgp_command grant = fixture_grant(&other, 77);
	fixture_do(&other, &grant);
	struct lgp_hash ignored;
	must(lgp_state_hash(other.ledger, &ignored));
	fixture_close(&other);
	fixture_close(&f);
	shell("cp %s/state.mdb %s/state.mdb && rm -f %s/keys-*.run && cp %s/keys-*.run %s/",
	      other.dir, f.dir, f.dir, other.dir, f.dir);
	reopen_and_expect_the_same();
	shell("rm -rf '%s'", other.dir);
}

/* The same ledger, restored from a copy, went another way for a while. */
static void state_and_keys_of_a_fork_are_not_believed_I10(void **state)
{
	(void)state;
	struct fixture fork = f;
	fixture_close(&f);
	strcpy(fork.dir, f.dir);
	shell("cp -r %s %s-fork", f.dir, f.dir);
	strcat(fork.dir, "-fork");
	fork.ledger = NULL;
	fixture_reopen(&fork);
	for (unsigned i = 0; i < 10; i++) {
		struct lgp_command grant = fixture_grant(&fork, 1000 + i);
		fixture_do(&fork, &grant);
	}
	struct lgp_hash ignored;
	must(lgp_state_hash(fork.ledger, &ignored));
	fixture_close(&fork);
	/* Ours goes on too, by other keys, and further. */
	fixture_reopen(&f);
	f.keys += 1000;
	for (unsigned i = 0; i < 20; i++) {
		asked[i] = fixture_grant(&f, 1 + i);
		became[i] = fixture_do(&f, &asked[i]);
	}
	must(lgp_state_hash(f.ledger, &truth));
	fixture_close(&f);
	shell("cp %s/state.mdb %s/state.mdb && rm -f %s/keys-*.run && cp %s/keys-*.run %s/",
	      fork.dir, f.dir, f.dir, fork.dir, f.dir);
	reopen_and_expect_the_same();
	/* The keys alone, beside a state that is ours. */
	fixture_close(&f);
	shell("rm -f %s/keys-*.run && cp %s/keys-*.run %s/", f.dir, fork.dir, f.dir);
	reopen_and_expect_the_same();
	shell("rm -rf '%s'", fork.dir);
}

static void key_runs_deleted_come_back_from_the_log_I3(void **state)
{
	(void)state;
	fixture_close(&f);
	shell("ls %s/keys-*.run > /dev/null && rm %s/keys-*.run", f.dir, f.dir);
	reopen_and_expect_the_same();
}

static void key_runs_of_another_ledger_are_not_believed_I3(void **state)
{
	(void)state;
	struct fixture other;
	fixture_programme(&other);
	other.keys = 1 << 20;
	for (unsigned i = 0; i < 20; i++) {
		struct lgp_command grant = fixture_grant(&other, 1);
		fixture_do(&other, &grant);
	}
	struct lgp_hash ignored;
	must(lgp_state_hash(other.ledger, &ignored));
	fixture_close(&other);
	fixture_close(&f);
	shell("rm %s/keys-*.run && cp %s/keys-*.run %s/", f.dir, other.dir, f.dir);
	reopen_and_expect_the_same();
	shell("rm -rf '%s'", other.dir);
}

/* state.mdb stands anywhere behind the log, the key runs at it, or anywhere else:
 * a crash can leave each pair. */
static void state_behind_by_any_number_is_brought_forward_I10(void **state)
{
	(void)state;
	struct fixture g;
	char kept[96];
	unsigned marks = 0;
	fixture_programme(&g);
	snprintf(kept, sizeof kept, "%s-kept", g.dir);
	for (unsigned i = 0; i < 12; i++) {
		struct lgp_command grant = fixture_grant(&g, 5);
		fixture_do(&g, &grant);
		assert_true(lgp_state_freeze(g.ledger, true));
		must(lgp_applier_step(g.ledger));
		shell("mkdir -p %s/%u && cp %s/state.mdb %s/keys-*.run %s/%u/", kept, marks, g.dir,
		      g.dir, kept, marks);
		marks++;
	}
	struct lgp_hash expected, now;
	must(lgp_state_hash(g.ledger, &expected));
	for (unsigned at = 0; at < marks; at++) {
		for (unsigned keys_at = at; keys_at < marks; keys_at += 5) {
			fixture_close(&g);
			shell("rm -f %s/keys-*.run && cp %s/%u/state.mdb %s/%u/keys-*.run %s/",
			      g.dir, kept, at, kept, keys_at, g.dir);
			fixture_reopen(&g);
			must(lgp_state_hash(g.ledger, &now));
			assert_memory_equal(&now, &expected, sizeof now);
		}
	}
	assert_int_equal(fixture_balance(&g, LGP_CLASS_CUSTOMER, g.customer), 60);
	shell("rm -rf '%s'", kept);
	fixture_remove(&g);
}

/* A long log, so that replay sets keys and records aside on its way. */
static void a_long_log_is_replayed_in_bounded_layers_I10(void **state)
{
	(void)state;
	struct lgp_hash before, after;
	for (unsigned i = 0; i < 9000; i++) {
		struct lgp_command grant = fixture_grant(&f, 1);
		fixture_judge(&f, &grant);
		if (i % 1000 == 999)
			fixture_commit(&f);
	}
	must(lgp_state_hash(f.ledger, &before));
	fixture_close(&f);
	shell("rm %s/state.mdb", f.dir);
	fixture_reopen(&f);
	must(lgp_state_hash(f.ledger, &after));
	assert_memory_equal(&before, &after, sizeof before);
}

/* A log that contradicts itself is not served, and the fault says where. */
static void a_changed_entry_is_found_by_the_replay(void **state)
{
	(void)state;
	struct lgp_kv_options how = {
	        .tables = lgp_log_tables, .table_count = LGP_LOG_TABLE_COUNT, .map_bytes = 1 << 26};
	struct lgp_options options = {.log_map_bytes = 1 << 26, .state_map_bytes = 1 << 26};
	char path[96];
	uint8_t bytes[LGP_ENTRY_LEN];
	struct lgp_kv *kv;
	struct lgp_kv_txn *txn;
	struct lgp_view value;
	struct lgp_ledger *ledger = NULL;
	fixture_close(&f);
	snprintf(path, sizeof path, "%s/ledger.mdb", f.dir);
	must(lgp_kv_open(path, &how, &kv));
	must(lgp_kv_write_begin(kv, &txn));
	must(lgp_kv_get(txn, LGP_LOG_ENTRIES, LGP_KV_INTEGER(became[3]), &value));
	memcpy(bytes, value.ptr, sizeof bytes);
	bytes[32] ^= 1; /* the amount */
	must(lgp_kv_put(txn, LGP_LOG_ENTRIES, LGP_KV_INTEGER(became[3]),
	                (struct lgp_view){(char *)bytes, sizeof bytes}));
	must(lgp_kv_commit(txn));
	lgp_kv_close(kv);
	shell("rm %s/state.mdb", f.dir);
	assert_int_equal(lgp_open(f.dir, &options, &ledger), LGP_CORRUPT);
	char seq[32];
	snprintf(seq, sizeof seq, "entry %llu", (unsigned long long)became[3]);
	assert_non_null(strstr(lgp_fault_detail(), seq));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        CASE(a_fixed_history_has_the_root_and_the_state_that_it_always_had_I10),
	        CASE(state_deleted_comes_back_from_the_log_I10),
	        CASE(state_cut_short_comes_back_from_the_log_I10),
	        CASE(state_of_another_format_comes_back_from_the_log_I10),
	        CASE(state_of_another_ledger_is_not_believed_I10),
	        CASE(state_and_keys_of_a_fork_are_not_believed_I10),
	        CASE(key_runs_deleted_come_back_from_the_log_I3),
	        CASE(key_runs_of_another_ledger_are_not_believed_I3),
	        cmocka_unit_test(state_behind_by_any_number_is_brought_forward_I10),
	        CASE(a_long_log_is_replayed_in_bounded_layers_I10),
	        CASE(a_changed_entry_is_found_by_the_replay),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
