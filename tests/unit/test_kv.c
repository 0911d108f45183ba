/* test_kv: the one door to the storage engine: what is committed stays, what
 * readers see, and which status stands for which trouble. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lagniappe/kv.h"

enum { NUMBERS, WORDS };

static const struct lgp_kv_table tables[] = {{"numbers", true}, {"words", false}};
static char dir[64], path[96];
static struct lgp_kv *kv;

static struct lgp_kv_options options(void)
{
	return (struct lgp_kv_options){
	        .tables = tables, .table_count = 2, .map_bytes = 1 << 20, .readers_max = 8};
}

static void must(enum lgp_status status)
{
	if (status != LGP_OK)
		fail_msg("%s: %s", lgp_status_text(status), lgp_fault_detail());
}

static void open_store(void)
{
	struct lgp_kv_options how = options();
	must(lgp_kv_open(path, &how, &kv));
}

static int setup(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/lagniappe-kv-XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/store.mdb", dir);
	open_store();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	char command[96];
	lgp_kv_close(kv);
	kv = NULL;
	snprintf(command, sizeof command, "rm -rf '%s'", dir);
	return system(command);
}

static struct lgp_kv_txn *writer(void)
{
	struct lgp_kv_txn *txn;
	must(lgp_kv_write_begin(kv, &txn));
	return txn;
}

static void put_word(struct lgp_kv_txn *txn, const char *key, const char *value)
{
	must(lgp_kv_put(txn, WORDS, lgp_view_of(key), lgp_view_of(value)));
}

static void commit_word(const char *key, const char *value)
{
	struct lgp_kv_txn *txn = writer();
	put_word(txn, key, value);
	must(lgp_kv_commit(txn));
}

static void expect_word(struct lgp_kv_txn *txn, const char *key, const char *value)
{
	struct lgp_view found;
	enum lgp_status status = lgp_kv_get(txn, WORDS, lgp_view_of(key), &found);
	if (value == NULL) {
		assert_int_equal(status, LGP_MISSING);
		return;
	}
	must(status);
	assert_true(lgp_view_equal(found, lgp_view_of(value)));
}

static void what_is_committed_is_there_after_reopening(void **state)
{
	(void)state;
	struct lgp_kv_txn *txn;
	commit_word("a", "one");
	commit_word("a", "two");
	commit_word("b", "");
	lgp_kv_close(kv);
	open_store();
	must(lgp_kv_read_begin(kv, &txn));
	expect_word(txn, "a", "two");
	expect_word(txn, "b", "");
	expect_word(txn, "c", NULL);
	uint64_t count;
	must(lgp_kv_count(txn, WORDS, &count));
	assert_int_equal(count, 2);
	lgp_kv_abort(txn);
}

static void what_is_aborted_never_was(void **state)
{
	(void)state;
	struct lgp_kv_txn *txn = writer();
	put_word(txn, "a", "one");
	expect_word(txn, "a", "one"); /* the writer sees its own */
	lgp_kv_abort(txn);
	lgp_kv_abort(NULL);
	txn = writer();
	expect_word(txn, "a", NULL);
	lgp_kv_abort(txn);
}

static void a_snapshot_stands_still_until_it_is_renewed(void **state)
{
	(void)state;
	struct lgp_kv_txn *txn;
	commit_word("a", "old");
	must(lgp_kv_read_begin(kv, &txn));
	commit_word("a", "new");
	expect_word(txn, "a", "old");
	lgp_kv_read_reset(txn);
	must(lgp_kv_read_renew(txn));
	expect_word(txn, "a", "new");
	lgp_kv_abort(txn);
}

static void a_transaction_that_was_reset_reads_nothing(void **state)
{
	(void)state;
	struct lgp_kv_txn *txn;
	struct lgp_view value;
	commit_word("a", "one");
	must(lgp_kv_read_begin(kv, &txn));
	lgp_kv_read_reset(txn);
	enum lgp_status status = lgp_kv_get(txn, WORDS, LGP_VIEW("a"), &value);
	assert_true(status != LGP_OK && status != LGP_MISSING);
	lgp_kv_abort(txn);
}

static void integers_sort_as_numbers_and_append_goes_upwards(void **state)
{
	(void)state;
	static const uint64_t numbers[] = {0, 1, 255, 256, 65536, UINT64_C(1) << 40, UINT64_MAX};
	struct lgp_kv_txn *txn = writer();
	struct lgp_kv_cursor *cursor;
	struct lgp_view key, value;
	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
		must(lgp_kv_append(txn, NUMBERS, LGP_KV_INTEGER(numbers[i]), LGP_VIEW("x")));
	assert_int_equal(lgp_kv_append(txn, NUMBERS, LGP_KV_INTEGER(256), LGP_VIEW("x")),
	                 LGP_CORRUPT);
	must(lgp_kv_cursor_open(txn, NUMBERS, &cursor));
	must(lgp_kv_seek(cursor, LGP_KV_INTEGER(2), &key, &value));
	for (size_t i = 2; i < sizeof numbers / sizeof numbers[0]; i++) {
		uint64_t number;
		assert_int_equal(key.len, sizeof number);
		memcpy(&number, key.ptr, sizeof number);
		assert_int_equal(number, numbers[i]);
		if (i + 1 < sizeof numbers / sizeof numbers[0])
			must(lgp_kv_next(cursor, &key, &value));
	}
	assert_int_equal(lgp_kv_next(cursor, &key, &value), LGP_MISSING);
	must(lgp_kv_last(cursor, &key, &value));
	lgp_kv_cursor_close(cursor);
	lgp_kv_abort(txn);
}

static void cursors_of_an_empty_table_find_nothing(void **state)
{
	(void)state;
	struct lgp_kv_txn *txn;
	struct lgp_kv_cursor *cursor;
	struct lgp_view key, value;
	must(lgp_kv_read_begin(kv, &txn));
	must(lgp_kv_cursor_open(txn, WORDS, &cursor));
	assert_int_equal(lgp_kv_last(cursor, &key, &value), LGP_MISSING);
	assert_int_equal(lgp_kv_seek(cursor, LGP_VIEW("a"), &key, &value), LGP_MISSING);
	assert_int_equal(lgp_kv_next(cursor, &key, &value), LGP_MISSING);
	lgp_kv_cursor_close(cursor);
	lgp_kv_cursor_close(NULL);
	lgp_kv_abort(txn);
}

static void what_is_deleted_is_gone_and_a_second_time_missing(void **state)
{
	(void)state;
	commit_word("a", "one");
	struct lgp_kv_txn *txn = writer();
	must(lgp_kv_delete(txn, WORDS, LGP_VIEW("a")));
	assert_int_equal(lgp_kv_delete(txn, WORDS, LGP_VIEW("a")), LGP_MISSING);
	must(lgp_kv_commit(txn));
	txn = writer();
	expect_word(txn, "a", NULL);
	lgp_kv_abort(txn);
}

/* LGP_FULL wrote nothing, and what there was is all there. */
static void a_full_map_writes_nothing_and_reads_on(void **state)
{
	(void)state;
	static char page[4000];
	enum lgp_status status = LGP_OK;
	uint64_t committed = 0, used, bound;
	while (status == LGP_OK) {
		struct lgp_kv_txn *txn = writer();
		status = lgp_kv_append(txn, NUMBERS, LGP_KV_INTEGER(committed),
		                       (struct lgp_view){page, sizeof page});
		if (status == LGP_OK)
			status = lgp_kv_commit(txn);
		else
			lgp_kv_abort(txn);
		committed += status == LGP_OK;
	}
	assert_int_equal(status, LGP_FULL);
	assert_non_null(strstr(lgp_fault_detail(), path));
	assert_true(committed > 50);
	lgp_kv_size(kv, &used, &bound);
	assert_int_equal(bound, 1 << 20);
	assert_true(used <= bound);
	/* A larger map takes it. */
	struct lgp_kv_options larger = options();
	struct lgp_kv_txn *txn;
	uint64_t count;
	lgp_kv_close(kv);
	larger.map_bytes = 2 << 20;
	must(lgp_kv_open(path, &larger, &kv));
	must(lgp_kv_read_begin(kv, &txn));
	must(lgp_kv_count(txn, NUMBERS, &count));
	assert_int_equal(count, committed);
	lgp_kv_abort(txn);
	txn = writer();
	must(lgp_kv_append(txn, NUMBERS, LGP_KV_INTEGER(committed),
	                   (struct lgp_view){page, sizeof page}));
	must(lgp_kv_commit(txn));
}

static void more_readers_than_there_are_slots_are_turned_away(void **state)
{
	(void)state;
	struct lgp_kv_txn *held[8], *one_more;
	for (size_t i = 0; i < 8; i++)
		must(lgp_kv_read_begin(kv, &held[i]));
	assert_int_equal(lgp_kv_read_begin(kv, &one_more), LGP_OVERLOAD);
	lgp_kv_abort(held[0]);
	must(lgp_kv_read_begin(kv, &held[0]));
	for (size_t i = 0; i < 8; i++)
		lgp_kv_abort(held[i]);
}

/* A process that died while it read would keep its pages from being used again. */
static void slots_of_dead_readers_are_cleared(void **state)
{
	(void)state;
	commit_word("a", "one");
	lgp_kv_close(kv);
	kv = NULL;
	pid_t child = fork();
	if (child == 0) {
		struct lgp_kv_options how = options();
		struct lgp_kv_txn *txn;
		_exit(lgp_kv_open(path, &how, &kv) == LGP_OK &&
		                      lgp_kv_read_begin(kv, &txn) == LGP_OK &&
		                      kill(getpid(), SIGSTOP) == 0
		              ? 0
		              : 1);
	}
	int how;
	assert_int_equal(waitpid(child, &how, WUNTRACED), child);
	assert_true(WIFSTOPPED(how));
	open_store(); /* while it lives, so that the slots are shared */
	assert_int_equal(lgp_kv_clear_dead_readers(kv), 0);
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, &how, 0), child);
	assert_int_equal(lgp_kv_clear_dead_readers(kv), 1);
	assert_int_equal(lgp_kv_clear_dead_readers(kv), 0);
}

static void a_file_that_is_no_store_is_corrupt(void **state)
{
	(void)state;
	struct lgp_kv_options how = options();
	struct lgp_kv *other = NULL;
	static char junk[16384];
	memset(junk, 'j', sizeof junk);
	snprintf(path, sizeof path, "%s/junk.mdb", dir);
	int fd = open(path, O_WRONLY | O_CREAT, 0600);
	assert_true(write(fd, junk, sizeof junk) == sizeof junk);
	close(fd);
	assert_int_equal(lgp_kv_open(path, &how, &other), LGP_CORRUPT);
	assert_null(other);
	assert_int_equal(truncate(path, 100), 0);
	assert_int_equal(lgp_kv_open(path, &how, &other), LGP_CORRUPT);
}

/* What a meta page counts and the file has not must be a fault, and no signal. */
static void a_file_that_was_cut_short_is_corrupt_where_it_matters(void **state)
{
	(void)state;
	static char value[200];
	struct lgp_kv_options how = options();
	struct lgp_kv_txn *txn = writer();
	struct lgp_view found;
	struct stat whole;
	unsigned corrupt = 0;
	for (uint64_t i = 0; i < 2000; i++)
		must(lgp_kv_append(txn, NUMBERS, LGP_KV_INTEGER(i),
		                   (struct lgp_view){value, sizeof value}));
	must(lgp_kv_commit(txn));
	lgp_kv_close(kv);
	kv = NULL;
	assert_int_equal(stat(path, &whole), 0);
	assert_int_equal(truncate(path, whole.st_size / 2), 0);
	how.derived = true;
	assert_int_equal(lgp_kv_open(path, &how, &kv), LGP_CORRUPT);
	how.derived = false;
	enum lgp_status status = lgp_kv_open(path, &how, &kv);
	if (status == LGP_OK)
		status = lgp_kv_read_begin(kv, &txn);
	for (uint64_t i = 0; i < 2000 && status == LGP_OK; i++)
		corrupt += lgp_kv_get(txn, NUMBERS, LGP_KV_INTEGER(i), &found) == LGP_CORRUPT;
	assert_true(status == LGP_CORRUPT || corrupt > 500);
	if (status == LGP_OK)
		lgp_kv_abort(txn);
}

static void read_only_needs_the_file_and_its_tables(void **state)
{
	(void)state;
	static const struct lgp_kv_table others[] = {{"words", false}, {"elsewhere", false}};
	struct lgp_kv_options how = options();
	struct lgp_kv *reader = NULL;
	char none[96];
	commit_word("a", "one");
	lgp_kv_close(kv);
	kv = NULL;
	how.read_only = true;
	snprintf(none, sizeof none, "%s/none.mdb", dir);
	assert_int_equal(lgp_kv_open(none, &how, &reader), LGP_MISSING);
	assert_int_not_equal(access(none, F_OK), 0);
	struct lgp_kv_txn *txn;
	must(lgp_kv_open(path, &how, &reader));
	must(lgp_kv_read_begin(reader, &txn));
	expect_word(txn, "a", "one");
	lgp_kv_abort(txn);
	assert_int_not_equal(lgp_kv_write_begin(reader, &txn), LGP_OK);
	lgp_kv_close(reader);
	how.tables = others;
	assert_int_equal(lgp_kv_open(path, &how, &reader), LGP_CORRUPT);
}

static void a_directory_that_is_not_there_is_a_fault_that_names_it(void **state)
{
	(void)state;
	struct lgp_kv_options how = options();
	struct lgp_kv *other = NULL;
	assert_int_equal(lgp_kv_open("/nowhere/at/all.mdb", &how, &other), LGP_IO);
	assert_non_null(strstr(lgp_fault_detail(), "/nowhere/at/all.mdb"));
	lgp_kv_close(NULL);
}

static void files_are_their_owners_alone(void **state)
{
	(void)state;
	struct stat info;
	assert_int_equal(stat(path, &info), 0);
	assert_int_equal(info.st_mode & 0777, 0600);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        CASE(what_is_committed_is_there_after_reopening),
	        CASE(what_is_aborted_never_was),
	        CASE(a_snapshot_stands_still_until_it_is_renewed),
	        CASE(a_transaction_that_was_reset_reads_nothing),
	        CASE(integers_sort_as_numbers_and_append_goes_upwards),
	        CASE(cursors_of_an_empty_table_find_nothing),
	        CASE(what_is_deleted_is_gone_and_a_second_time_missing),
	        CASE(a_full_map_writes_nothing_and_reads_on),
	        CASE(more_readers_than_there_are_slots_are_turned_away),
	        CASE(slots_of_dead_readers_are_cleared),
	        CASE(a_file_that_is_no_store_is_corrupt),
	        CASE(a_file_that_was_cut_short_is_corrupt_where_it_matters),
	        CASE(read_only_needs_the_file_and_its_tables),
	        CASE(a_directory_that_is_not_there_is_a_fault_that_names_it),
	        CASE(files_are_their_owners_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
