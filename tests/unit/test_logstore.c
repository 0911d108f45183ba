/* test_logstore: what is durable and not in ledger.mdb yet is read like the rest,
 * survives a kill, and goes on from its own log alone.
 *
 * A copy of the directory is what a kill leaves of it: what the process wrote is in
 * its files, and what it holds in memory is not. */
#include "ledger_check.h"
#include "ledger_fixture.h"

#include "lagniappe/tree.h"
#include "ledger/internal.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static struct fixture f;

static void grant(int64_t amount)
{
	struct lgp_command command = fixture_grant(&f, amount);
	fixture_do(&f, &command);
}

static void flush(void)
{
	assert_int_equal(lgp_log_flush(f.ledger), LGP_OK);
}

static uint64_t waiting(void)
{
	struct lgp_ledger_stats stats;
	lgp_stats(f.ledger, &stats);
	return stats.log_waiting_bytes;
}

/* What a kill leaves now, as another fixture; the number of its directory. */
static struct fixture killed(unsigned number)
{
	struct fixture copy = f;
	copy.ledger = NULL;
	int len = snprintf(copy.dir, sizeof copy.dir, "%.48s-%u", f.dir, number);
	assert_true(len > 0 && (size_t)len < sizeof copy.dir);
	shell("cp -r %s %s", f.dir, copy.dir);
	return copy;
}

/* It opens, is whole, and has every entry that was acknowledged. */
static void check_killed(struct fixture *copy)
{
	uint64_t size = lgp_next_seq(f.ledger);
	fixture_reopen(copy);
	assert_int_equal(lgp_next_seq(copy->ledger), size);
	ledger_check_all(copy->ledger);
	assert_int_equal(fixture_balance(copy, LGP_CLASS_CUSTOMER, copy->customer),
	                 fixture_balance(&f, LGP_CLASS_CUSTOMER, f.customer));
	fixture_remove(copy);
}

static void check_receipts(void)
{
	struct lgp_reader *reader;
	struct lgp_checkpoint head;
	assert_int_equal(lgp_reader_new(f.ledger, &reader), LGP_OK);
	struct lgp_node_source source = {lgp_read_node, reader};
	(void)lgp_released(f.ledger, &head, NULL);
	for (uint64_t seq = 0; seq < head.size; seq++) {
		uint8_t entry[LGP_ENTRY_LEN];
		size_t count;
		struct lgp_hash leaf;
		struct lgp_proof proof;
		assert_int_equal(lgp_read_entries(reader, seq, 1, entry, &count), LGP_OK);
		assert_int_equal(count, 1);
		lgp_hash_leaf(entry, sizeof entry, &leaf);
		assert_int_equal(lgp_prove_inclusion(&source, seq, head.size, &proof), LGP_OK);
		assert_int_equal(lgp_verify_inclusion(&leaf, seq, head.size, &head.root, &proof),
		                 LGP_OK);
	}
	lgp_reader_free(reader);
}

/* ---- cases ----------------------------------------------------------------------------- */

static void what_waits_for_ledger_mdb_is_read_and_proven_like_the_rest(void **state)
{
	(void)state;
	flush();
	assert_int_equal(waiting(), 0);
	for (int64_t i = 1; i <= 40; i++)
		grant(i);
	assert_true(waiting() > 40 * LGP_ENTRY_LEN);
	check_receipts();
	flush();
	assert_int_equal(waiting(), 0);
	check_receipts();
	ledger_check_all(f.ledger);
}

static void payloads_are_read_before_ledger_mdb_holds_them(void **state)
{
	(void)state;
	static const char text[] = "id waiting\nkind discretionary\n";
	char found[LGP_DEFINITION_MAX];
	size_t len;
	struct lgp_reader *reader;
	struct lgp_entry entry;
	uint64_t seq = fixture_define(&f, LGP_KIND_REASON, f.admin, text);
	assert_int_equal(lgp_reader_new(f.ledger, &reader), LGP_OK);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(lgp_read_entry(reader, seq, &entry), LGP_OK);
		assert_int_equal(lgp_read_payload(reader, &entry.hash, found, sizeof found, &len),
		                 LGP_OK);
		assert_memory_equal(found, text, sizeof text - 1);
		flush();
	}
	lgp_reader_free(reader);
}

static void a_kill_between_any_two_steps_loses_nothing_I9(void **state)
{
	(void)state;
	unsigned number = 0;
	for (unsigned i = 0; i < 12; i++) {
		grant(1 + i);
		struct fixture before = killed(number++);
		check_killed(&before);
		if (i % 3 == 2)
			flush();
		struct fixture after = killed(number++);
		check_killed(&after);
	}
}

/* The turn has come, and the new generation has records too; the old one is not in
 * ledger.mdb, as when a flush is under way. */
static void a_kill_with_two_generations_under_way_loses_nothing_I9(void **state)
{
	(void)state;
	flush();
	struct fixture old = killed(0);
	grant(1);
	grant(2);
	flush();
	grant(3);
	struct fixture both = killed(1);
	shell("cp %s/ledger.mdb %s/", old.dir, both.dir);
	check_killed(&both);
	fixture_remove(&old);
}

static void a_record_that_is_not_whole_was_never_there_I9(void **state)
{
	(void)state;
	flush();
	grant(1);
	uint64_t size = lgp_next_seq(f.ledger);
	struct fixture copy = killed(0);
	grant(2); /* was being written when the power went */
	struct fixture torn = killed(1);
	for (unsigned i = 0; i < 2; i++) {
		char path[96];
		struct stat info;
		snprintf(path, sizeof path, "%s/ledger.wal-%u", torn.dir, i);
		assert_int_equal(stat(path, &info), 0);
		if (info.st_size == 2 * 4096)
			assert_int_equal(truncate(path, 2 * 4096 - 4000), 0);
	}
	shell("cp %s/high-water %s/", copy.dir, torn.dir);
	fixture_reopen(&torn);
	assert_int_equal(lgp_next_seq(torn.ledger), size);
	ledger_check_all(torn.ledger);
	struct lgp_command again = fixture_grant(&torn, 3);
	fixture_do(&torn, &again);
	ledger_check_all(torn.ledger);
	fixture_remove(&torn);
	fixture_remove(&copy);
}

static void one_of_another_history_is_not_taken_and_not_thrown_away_I2(void **state)
{
	(void)state;
	struct stat before, after;
	char path[96];
	struct lgp_options options = {.log_map_bytes = 1 << 26, .state_map_bytes = 1 << 26};
	struct lgp_ledger *ledger = NULL;
	fixture_close(&f);
	struct fixture other = killed(0);
	fixture_reopen(&f);
	fixture_reopen(&other);
	struct lgp_command theirs = fixture_grant(&other, 5);
	fixture_do(&other, &theirs);
	fixture_close(&other);
	grant(1);
	flush();
	grant(2); /* goes on from a log that the other one never was */
	shell("cp %s/ledger.wal-* %s/", f.dir, other.dir);
	shell("rm %s/high-water", other.dir);
	snprintf(path, sizeof path, "%s/ledger.wal-0", other.dir);
	assert_int_equal(stat(path, &before), 0);
	assert_int_equal(lgp_open(other.dir, &options, &ledger), LGP_CORRUPT);
	assert_non_null(strstr(lgp_fault_detail(), "ledger.wal"));
	assert_int_equal(stat(path, &after), 0);
	assert_int_equal(before.st_size, after.st_size);
	fixture_remove(&other);
}

static void a_ledger_that_was_closed_is_whole_without_it(void **state)
{
	(void)state;
	grant(1);
	uint64_t size = lgp_next_seq(f.ledger);
	fixture_close(&f);
	shell("rm %s/ledger.wal-*", f.dir);
	fixture_reopen(&f);
	assert_int_equal(lgp_next_seq(f.ledger), size);
	ledger_check_all(f.ledger);
}

/* Who flushes is asked to before it comes to that. */
static void much_that_waits_is_flushed_by_the_append_itself(void **state)
{
	(void)state;
	bool asked = false;
	assert_false(lgp_log_pressed(f.ledger));
	for (unsigned batch = 0; batch < 12; batch++) {
		for (unsigned i = 0; i < 4000; i++) {
			struct lgp_command thanks =
			        fixture_command(&f, LGP_KIND_THANKS, f.anna_token);
			thanks.customer = f.customer;
			thanks.reason = slug("late-room");
			assert_int_equal(fixture_judge(&f, &thanks).verdict, LGP_ACCEPTED);
		}
		size_t before = waiting();
		bool pressed = lgp_log_pressed(f.ledger);
		fixture_commit(&f);
		assert_true(waiting() < (size_t)12 << 20);
		assert_true(waiting() > before || pressed);
		asked = asked || pressed;
	}
	assert_true(asked);
	flush();
	assert_false(lgp_log_pressed(f.ledger));
	struct fixture copy = killed(0);
	check_killed(&copy);
}

/* ---- what fails ---------------------------------------------------------------------------- */

/* No file may grow beyond so many bytes. */
static void bound_files(rlim_t bytes)
{
	struct rlimit bound;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &bound), 0);
	bound.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &bound), 0);
}

static void *flush_once(void *status)
{
	*(enum lgp_status *)status = lgp_log_flush(f.ledger);
	return NULL;
}

/* Grants are acknowledged behind a flush that waits, and then finds no room. */
static void flush_in_vain_behind(int64_t amount)
{
	struct lgp_kv_txn *txn;
	enum lgp_status status;
	pthread_t flusher;
	flush();
	grant(amount);
	assert_int_equal(lgp_kv_write_begin(logstore_kv(f.ledger->log), &txn), LGP_OK);
	assert_int_equal(pthread_create(&flusher, NULL, flush_once, &status), 0);
	usleep(100000); /* it has turned, and waits for the file */
	grant(amount + 1);
	grant(amount + 2);
	bound_files(8192);
	lgp_kv_abort(txn);
	assert_int_equal(pthread_join(flusher, NULL), 0);
	bound_files(RLIM_INFINITY);
	assert_int_not_equal(status, LGP_OK);
}

static void a_stop_after_a_flush_in_vain_loses_nothing_I9(void **state)
{
	(void)state;
	flush_in_vain_behind(1);
	uint64_t size = lgp_next_seq(f.ledger);
	fixture_close(&f);
	fixture_reopen(&f);
	assert_int_equal(lgp_next_seq(f.ledger), size);
	ledger_check_all(f.ledger);
}

static void a_flush_after_one_in_vain_leaves_nothing_waiting(void **state)
{
	(void)state;
	flush_in_vain_behind(1);
	flush();
	assert_int_equal(waiting(), 0);
	ledger_check_all(f.ledger);
}

static enum lgp_status open_status(const char *dir)
{
	struct lgp_options options = {.log_map_bytes = 1 << 30, .state_map_bytes = 1 << 30};
	struct lgp_ledger *ledger = NULL;
	enum lgp_status status = lgp_open(dir, &options, &ledger);
	if (status == LGP_OK)
		lgp_close(ledger);
	return status;
}

/* An older ledger.mdb by mistake: what the newer one needs is still there afterwards. */
static void what_belongs_to_a_newer_ledger_is_not_thrown_away_I9(void **state)
{
	(void)state;
	flush();
	struct fixture old = killed(0);
	for (unsigned i = 0; i < 3; i++) {
		grant(1);
		flush();
	}
	grant(7);
	struct fixture copy = killed(1);
	shell("mv %s/ledger.mdb %s/newest && cp %s/ledger.mdb %s/", copy.dir, copy.dir, old.dir,
	      copy.dir);
	assert_int_equal(open_status(copy.dir), LGP_CORRUPT);
	assert_non_null(strstr(lgp_fault_detail(), "newer ledger.mdb"));
	shell("mv %s/newest %s/ledger.mdb", copy.dir, copy.dir);
	check_killed(&copy);
	fixture_remove(&old);
}

static void damage(const char *dir, unsigned file, long at)
{
	char path[96];
	snprintf(path, sizeof path, "%s/ledger.wal-%u", dir, file);
	FILE *wal = fopen(path, "r+");
	assert_non_null(wal);
	assert_int_equal(fseek(wal, at, SEEK_SET), 0);
	int byte = fgetc(wal);
	if (byte != EOF) {
		assert_int_equal(fseek(wal, at, SEEK_SET), 0);
		fputc(byte ^ 1, wal);
	}
	assert_int_equal(fclose(wal), 0);
}

/* A record in the middle is damaged: nothing is taken over, and with files that are
 * whole again all of it is. */
static void a_damaged_record_leaves_ledger_mdb_as_it_was_I9(void **state)
{
	(void)state;
	flush();
	struct fixture old = killed(0);
	grant(1);
	grant(2);
	grant(3);
	flush();
	grant(4);
	struct fixture copy = killed(1);
	shell("cp %s/ledger.mdb %s/", old.dir, copy.dir);
	for (unsigned twice = 0; twice < 2; twice++) {
		damage(copy.dir, 0, 4096 + 200);
		damage(copy.dir, 1, 4096 + 200);
		if (twice == 0)
			assert_int_equal(open_status(copy.dir), LGP_CORRUPT);
	}
	check_killed(&copy);
	fixture_remove(&old);
}

/* Cut in the zeros behind its puts, a record would be whole. */
static void an_append_without_room_left_nothing_I9(void **state)
{
	(void)state;
	flush();
	uint64_t size = lgp_next_seq(f.ledger);
	struct lgp_command command = fixture_grant(&f, 5);
	assert_int_equal(fixture_judge(&f, &command).verdict, LGP_ACCEPTED);
	lgp_batch_close(f.ledger);
	bound_files(4000);
	enum lgp_status status = lgp_log_append_here(f.ledger);
	bound_files(RLIM_INFINITY);
	assert_int_equal(status, LGP_FULL);
	struct fixture copy = killed(0);
	fixture_reopen(&copy);
	assert_int_equal(lgp_next_seq(copy.ledger), size);
	fixture_remove(&copy);
}

/* ---- several threads -------------------------------------------------------------------- */

static atomic_bool stop;

static void *flush_again_and_again(void *unused)
{
	(void)unused;
	while (!atomic_load(&stop))
		if (lgp_log_flush(f.ledger) != LGP_OK)
			return (void *)"a flush failed";
	return NULL;
}

/* All that is released is there, whatever is flushed meanwhile. */
static void *read_again_and_again(void *unused)
{
	(void)unused;
	struct lgp_reader *reader;
	struct lgp_checkpoint head;
	struct lgp_entry entry;
	struct lgp_hash root;
	uint64_t seen = 0;
	if (lgp_reader_new(f.ledger, &reader) != LGP_OK)
		return (void *)"no reader";
	const char *wrong = NULL;
	struct lgp_node_source source = {lgp_read_node, reader};
	while (wrong == NULL && !atomic_load(&stop)) {
		(void)lgp_released(f.ledger, &head, NULL);
		if (head.size < seen)
			wrong = "the log became shorter";
		seen = head.size;
		for (uint64_t seq = head.size; seq-- > 0 && head.size - seq < 20;)
			if (lgp_read_entry(reader, seq, &entry) != LGP_OK || entry.seq != seq)
				wrong = "a released entry is not there";
		if (lgp_prove_root(&source, head.size, &root) != LGP_OK ||
		    !lgp_hash_equal(&root, &head.root))
			wrong = "a released root cannot be proven";
	}
	lgp_reader_free(reader);
	return (void *)(uintptr_t)wrong;
}

static void readers_see_all_that_is_released_while_it_is_flushed(void **state)
{
	(void)state;
	pthread_t flusher, reader[2];
	void *wrong;
	atomic_store(&stop, false);
	assert_int_equal(pthread_create(&flusher, NULL, flush_again_and_again, NULL), 0);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&reader[i], NULL, read_again_and_again, NULL), 0);
	for (int64_t i = 1; i <= 300; i++)
		grant(i);
	atomic_store(&stop, true);
	assert_int_equal(pthread_join(flusher, &wrong), 0);
	assert_null(wrong);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(pthread_join(reader[i], &wrong), 0);
		if (wrong != NULL)
			fail_msg("%s", (const char *)wrong);
	}
	ledger_check_all(f.ledger);
}

#define CASE(name) FIXTURE_CASE(name, &f)

int main(void)
{
	(void)signal(SIGXFSZ, SIG_IGN);
	const struct CMUnitTest tests[] = {
	        CASE(what_waits_for_ledger_mdb_is_read_and_proven_like_the_rest),
	        CASE(payloads_are_read_before_ledger_mdb_holds_them),
	        CASE(a_kill_between_any_two_steps_loses_nothing_I9),
	        CASE(a_kill_with_two_generations_under_way_loses_nothing_I9),
	        CASE(a_record_that_is_not_whole_was_never_there_I9),
	        CASE(one_of_another_history_is_not_taken_and_not_thrown_away_I2),
	        CASE(a_ledger_that_was_closed_is_whole_without_it),
	        CASE(much_that_waits_is_flushed_by_the_append_itself),
	        CASE(a_stop_after_a_flush_in_vain_loses_nothing_I9),
	        CASE(a_flush_after_one_in_vain_leaves_nothing_waiting),
	        CASE(what_belongs_to_a_newer_ledger_is_not_thrown_away_I9),
	        CASE(a_damaged_record_leaves_ledger_mdb_as_it_was_I9),
	        CASE(an_append_without_room_left_nothing_I9),
	        CASE(readers_see_all_that_is_released_while_it_is_flushed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
