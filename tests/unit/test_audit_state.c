/* test_audit_state: state.mdb, as the ledger writes it, against the audit's replay;
 * and each kind of its records changed, taken away, or added. */
#include "ledger_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "lagniappe/codec.h"
#include "tools/audit/snapshot.h"
#include "tools/audit/verify.h"

#define MAP_BYTES ((size_t)1 << 30)
#define PLACES_MAX 256

/* ---- a ledger with every kind of record --------------------------------------------------- */

static struct lgp_outcome grant(struct fixture *f, uint64_t token, uint64_t customer,
                                int64_t amount)
{
	struct lgp_command command = fixture_grant(f, amount);
	command.token = token;
	command.customer = customer;
	command.incident = slug("room-1");
	command.ask = true;
	struct lgp_outcome out = fixture_judge(f, &command);
	fixture_commit(f);
	return out;
}

static void define_limits(struct fixture *f)
{
	(void)fixture_define(f, LGP_KIND_LIMIT, f->finance,
	                     "id day\nunit EUR\nmeasure amount\nper staff\nwindow day\nmax 5000\n"
	                     "when_passed ask\n");
	(void)fixture_define(f, LGP_KIND_LIMIT, f->finance,
	                     "id pair\nmeasure count\nper staff-customer\nwindow month\nmax 90\n");
	(void)fixture_define(f, LGP_KIND_LIMIT, f->finance,
	                     "id room\nunit EUR\nmeasure amount\nper customer-incident\n"
	                     "window none\nmax 90000\n");
	(void)fixture_define(f, LGP_KIND_LIMIT, f->finance,
	                     "id visits\nmeasure incidents\nper customer\nwindow year\nmax 9\n");
	uint64_t ended = fixture_define(
	        f, LGP_KIND_LIMIT, f->finance,
	        "id old\nunit EUR\nmeasure amount\nper site\nwindow week\nmax 90000\n");
	struct lgp_command end = fixture_command(f, LGP_KIND_LIMIT_END, f->finance);
	end.refers_to = ended;
	(void)fixture_do(f, &end);
}

static void own_account(struct fixture *f)
{
	char text[64];
	struct lgp_command command = fixture_command(f, LGP_KIND_STAFF, f->admin);
	snprintf(text, sizeof text, "customer %llu\n", (unsigned long long)f->customer);
	command.amend = true;
	command.refers_to = f->marc;
	command.payload = lgp_view_of(text);
	(void)fixture_do(f, &command);
}

static void settle(struct fixture *f)
{
	if (lgp_state_freeze(f->ledger, true))
		assert_int_equal(lgp_applier_step(f->ledger), LGP_OK);
}

static void make_ledger(struct fixture *f)
{
	fixture_programme(f);
	define_limits(f);
	own_account(f);
	struct lgp_command other = fixture_command(f, LGP_KIND_CUSTOMER, f->anna_token);
	other.payload = LGP_VIEW("household elm-4\n");
	uint64_t customer = fixture_do(f, &other);
	uint64_t first = grant(f, f->anna_token, f->customer, 700).seq;
	(void)grant(f, f->marc_token, customer, 900);
	assert_int_equal(grant(f, f->anna_token, customer, 4500).entry.kind, LGP_KIND_ASK);
	struct lgp_command reversal = fixture_command(f, LGP_KIND_REVERSAL, f->anna_token);
	reversal.refers_to = first;
	reversal.amount = 300;
	(void)fixture_do(f, &reversal);
	settle(f);
}

/* ---- the audit ------------------------------------------------------------------------------- */

static int audit(const char *dir, unsigned threads, char **text)
{
	size_t len;
	FILE *out = open_memstream(text, &len);
	assert_non_null(out);
	struct verify_options options = {.ledger = dir, .out = out, .threads = threads};
	int code = verify_run(&options);
	assert_int_equal(fclose(out), 0);
	return code;
}

static void expect_clean(const char *dir, const char *line)
{
	char *text;
	for (unsigned threads = 1; threads <= 2; threads++) {
		if (audit(dir, threads, &text) != 0 || strstr(text, line) == NULL)
			fail_msg("expected \"%s\":\n%s", line, text);
		free(text);
	}
}

/* Every finding is of the state, and there is one. */
static void expect_state(const char *dir, const char *what)
{
	char *text;
	int code = audit(dir, 2, &text);
	size_t findings = 0, of_state = 0;
	for (const char *at = text; (at = strstr(at, "finding: ")) != NULL; at++) {
		findings++;
		of_state += strncmp(at, "finding: state ", 15) == 0;
	}
	if (code != 1 || findings == 0 || findings != of_state)
		fail_msg("%s: exit %d:\n%s", what, code, text);
	free(text);
}

/* ---- records ---------------------------------------------------------------------------------- */

static const struct lgp_kv_table tables[] = {{"records", false}, {"meta", false}};

static struct lgp_kv *open_state(const struct fixture *f)
{
	char path[128];
	struct lgp_kv *kv;
	struct lgp_kv_options options = {
	        .tables = tables, .table_count = 2, .map_bytes = MAP_BYTES};
	snprintf(path, sizeof path, "%s/state.mdb", f->dir);
	assert_int_equal(lgp_kv_open(path, &options, &kv), LGP_OK);
	return kv;
}

struct record {
	char key[600], value[5000];
	size_t key_len, value_len;
};

/* The first records of each kind, by their first byte, and an 'N' by its tenth. */
static size_t read_records(const struct fixture *f, struct record *out)
{
	struct lgp_kv *kv = open_state(f);
	struct lgp_kv_txn *txn;
	struct lgp_kv_cursor *cursor;
	struct lgp_view key, value;
	size_t count = 0;
	assert_int_equal(lgp_kv_read_begin(kv, &txn), LGP_OK);
	assert_int_equal(lgp_kv_cursor_open(txn, 0, &cursor), LGP_OK);
	enum lgp_status status = lgp_kv_seek(cursor, LGP_VIEW("A"), &key, &value);
	for (; status == LGP_OK; status = lgp_kv_next(cursor, &key, &value)) {
		assert_true(count < PLACES_MAX && key.len <= sizeof out->key &&
		            value.len <= sizeof out->value);
		memcpy(out[count].key, key.ptr, key.len);
		memcpy(out[count].value, value.ptr, value.len);
		out[count].key_len = key.len;
		out[count++].value_len = value.len;
	}
	lgp_kv_cursor_close(cursor);
	lgp_kv_abort(txn);
	lgp_kv_close(kv);
	return count;
}

/* value_len 0: takes it away. */
static void put(const struct fixture *f, size_t table, const struct record *record)
{
	struct lgp_kv *kv = open_state(f);
	struct lgp_kv_txn *txn;
	struct lgp_view key = {record->key, record->key_len};
	struct lgp_view value = {record->value, record->value_len};
	assert_int_equal(lgp_kv_write_begin(kv, &txn), LGP_OK);
	assert_int_equal(value.len > 0 ? lgp_kv_put(txn, table, key, value)
	                               : lgp_kv_delete(txn, table, key),
	                 LGP_OK);
	assert_int_equal(lgp_kv_commit(txn), LGP_OK);
	lgp_kv_close(kv);
}

static void what_the_ledger_writes_is_what_a_replay_has(void **state)
{
	(void)state;
	struct fixture f;
	make_ledger(&f);
	fixture_close(&f);
	static struct record records[PLACES_MAX];
	bool kinds[256] = {false};
	size_t count = read_records(&f, records);
	for (size_t i = 0; i < count; i++)
		kinds[(uint8_t)records[i].key[0]] = true;
	for (const char *kind = "CDEGILNRW"; *kind != '\0'; kind++)
		if (!kinds[(uint8_t)*kind])
			fail_msg("there is no record %c to compare", *kind);
	char line[64];
	snprintf(line, sizeof line, "compared at size 26, %zu records\n", count);
	expect_clean(f.dir, line);
	fixture_remove(&f);
}

static void state_that_lags_is_compared_where_it_stands(void **state)
{
	(void)state;
	struct fixture f;
	make_ledger(&f);
	for (int i = 0; i < 5; i++)
		(void)grant(&f, f.marc_token, f.customer, 100);
	fixture_close(&f);
	expect_clean(f.dir, "compared at size 26, ");
	fixture_remove(&f);
}

static void every_record_that_is_changed_is_named(void **state)
{
	(void)state;
	struct fixture f;
	make_ledger(&f);
	fixture_close(&f);
	static struct record records[PLACES_MAX], changed;
	size_t count = read_records(&f, records);
	for (size_t i = 0; i < count; i++) {
		changed = records[i];
		/* Of a party the sites are not compared: its newest entry is. */
		bool party = changed.key[0] == 'N' && changed.key[9] == 'P';
		changed.value[party ? 1 : changed.value_len - 1] ^= 1;
		put(&f, 0, &changed);
		expect_state(f.dir, "a changed record");
		put(&f, 0, &records[i]);
	}
	expect_clean(f.dir, "compared at size 26, ");
	fixture_remove(&f);
}

static void every_record_that_is_taken_away_is_named(void **state)
{
	(void)state;
	struct fixture f;
	make_ledger(&f);
	fixture_close(&f);
	static struct record records[PLACES_MAX], gone;
	size_t count = read_records(&f, records);
	for (size_t i = 0; i < count; i++) {
		gone = records[i];
		gone.value_len = 0;
		put(&f, 0, &gone);
		expect_state(f.dir, "a record taken away");
		put(&f, 0, &records[i]);
	}
	fixture_remove(&f);
}

static void a_record_too_many_is_named(void **state)
{
	(void)state;
	struct fixture f;
	make_ledger(&f);
	fixture_close(&f);
	static struct record records[PLACES_MAX], added, gone;
	size_t count = read_records(&f, records);
	for (size_t i = 0; i < count; i++) {
		added = records[i];
		if (added.key[0] == 'G')
			continue;
		/* Another number in the same kind's key; an account's or counter's, the last. */
		bool last = added.key_len > 17;
		added.key[last ? added.key_len - 1 : 7] ^= 0x40;
		put(&f, 0, &added);
		expect_state(f.dir, "a record too many");
		gone = added;
		gone.value_len = 0;
		put(&f, 0, &gone);
	}
	added = (struct record){.key = "X", .key_len = 1, .value = "x", .value_len = 1};
	put(&f, 0, &added);
	expect_state(f.dir, "a record of no kind");
	fixture_remove(&f);
}

static void change_parties(const struct fixture *f, const uint64_t *number, size_t count)
{
	struct lgp_kv *kv = open_state(f);
	struct lgp_kv_txn *txn;
	assert_int_equal(lgp_kv_write_begin(kv, &txn), LGP_OK);
	for (size_t i = 0; i < count; i++) {
		char key[10] = "N", changed[64];
		struct lgp_view value;
		lgp_put_be((uint8_t *)key + 1, number[i], 8);
		key[9] = 'P';
		assert_int_equal(lgp_kv_get(txn, 0, (struct lgp_view){key, 10}, &value), LGP_OK);
		assert_true(value.len <= sizeof changed);
		memcpy(changed, value.ptr, value.len);
		changed[1] ^= 1;
		assert_int_equal(lgp_kv_put(txn, 0, (struct lgp_view){key, 10},
		                            (struct lgp_view){changed, value.len}),
		                 LGP_OK);
	}
	assert_int_equal(lgp_kv_commit(txn), LGP_OK);
	lgp_kv_close(kv);
}

static void expect_findings(const char *dir, size_t count)
{
	char *text;
	size_t findings = 0;
	assert_int_equal(audit(dir, 1, &text), 1);
	for (const char *at = text; (at = strstr(at, "finding: state ")) != NULL; at++)
		findings++;
	assert_int_equal(findings, count);
	free(text);
}

/* The copy is made, and read back, in pieces of 4,096 records. */
static void state_of_several_pieces_is_compared_whole(void **state)
{
	(void)state;
	struct fixture f;
	uint64_t customer[3 * 4096];
	make_ledger(&f);
	for (size_t i = 0; i < 3 * 4096; i++) {
		struct lgp_command command = fixture_command(&f, LGP_KIND_CUSTOMER, f.anna_token);
		customer[i] = fixture_judge(&f, &command).seq;
		if (i % 512 == 511)
			fixture_commit(&f);
	}
	settle(&f);
	fixture_close(&f);
	char line[64];
	snprintf(line, sizeof line, "compared at size %llu, ",
	         (unsigned long long)customer[3 * 4096 - 1] + 1);
	expect_clean(f.dir, line);
	/* Where the second piece ends, and around: each of their newest entries.  The
	 * records of the third lie where they lay. */
	change_parties(&f, customer + 2 * 4096 - 112, 128);
	expect_findings(f.dir, 128);
	fixture_remove(&f);
}

static void another_root_or_a_later_position_is_named(void **state)
{
	(void)state;
	struct fixture f;
	make_ledger(&f);
	fixture_close(&f);
	static struct record mark = {.key = "position", .key_len = 8, .value_len = 40};
	mark.value[0] = 26;
	put(&f, 1, &mark);
	expect_state(f.dir, "another root");
	mark.value[0] = 27;
	put(&f, 1, &mark);
	expect_state(f.dir, "a position behind the end");
	mark.value[0] = 0;
	put(&f, 1, &mark);
	expect_clean(f.dir, "state.mdb: not compared: nothing of this format");
	fixture_remove(&f);
}

static void state_that_is_gone_or_garbage_is_told(void **state)
{
	(void)state;
	struct fixture f;
	char path[128];
	make_ledger(&f);
	fixture_close(&f);
	snprintf(path, sizeof path, "%s/state.mdb", f.dir);
	FILE *file = fopen(path, "r+");
	assert_non_null(file);
	for (int i = 0; i < 3 * 4096; i++)
		assert_int_not_equal(fputc(i * 7, file), EOF);
	assert_int_equal(fclose(file), 0);
	expect_state(f.dir, "garbage");
	assert_int_equal(remove(path), 0);
	expect_clean(f.dir, "state.mdb: not there");
	fixture_remove(&f);
}

/* What meets an entry is found some entries ahead; the week is the site's by then. */
static void a_week_that_changes_is_that_of_the_moment(void **state)
{
	(void)state;
	struct fixture f;
	fixture_programme(&f);
	(void)fixture_define(&f, LGP_KIND_LIMIT, f.finance,
	                     "id week\nunit EUR\nmeasure amount\nper site\nwindow week\n"
	                     "max 1000\n");
	assert_int_equal(grant(&f, f.anna_token, f.customer, 1000).verdict, LGP_ACCEPTED);
	for (size_t i = 0; i < 32; i++) { /* so that the limit is known that far ahead */
		struct lgp_command other = fixture_command(&f, LGP_KIND_CUSTOMER, f.anna_token);
		(void)fixture_do(&f, &other);
	}
	f.now_us += DAY_US; /* from Friday to Saturday */
	struct lgp_command command = fixture_command(&f, LGP_KIND_SITE, f.admin);
	command.amend = true;
	command.refers_to = f.site;
	command.payload = LGP_VIEW("week_starts saturday\n");
	(void)fixture_do(&f, &command);
	assert_int_equal(grant(&f, f.anna_token, f.customer, 1000).verdict, LGP_ACCEPTED);
	settle(&f);
	fixture_close(&f);
	expect_clean(f.dir, "compared at size ");
	fixture_remove(&f);
}

/* ---- between two positions -------------------------------------------------------------- */

static struct record meta_of(const char *name, const char *value, size_t len)
{
	struct record record = {.key_len = strlen(name), .value_len = len};
	memcpy(record.key, name, record.key_len);
	memcpy(record.value, value, len);
	return record;
}

static enum snapshot_is look(const char *dir, unsigned patience_ms)
{
	struct snapshot *snapshot;
	enum snapshot_is is;
	assert_int_equal(snapshot_take(dir, patience_ms, &is, &snapshot), LGP_OK);
	snapshot_free(snapshot);
	return is;
}

static void state_between_two_positions_is_waited_for(void **state)
{
	(void)state;
	struct fixture f;
	make_ledger(&f);
	fixture_close(&f);
	struct record merging = meta_of("merging", "12345678", 8);
	put(&f, 1, &merging);
	assert_int_equal(look(f.dir, 50), SNAPSHOT_BETWEEN);
	pid_t child = fork();
	if (child == 0) { /* whoever brings it forward, and comes to the end */
		merging.value_len = 0;
		usleep(200000);
		put(&f, 1, &merging);
		_exit(0);
	}
	assert_int_equal(look(f.dir, SNAPSHOT_PATIENCE_MS), SNAPSHOT_HERE);
	assert_int_equal(waitpid(child, NULL, 0), child);
	expect_clean(f.dir, "compared at size ");
	fixture_remove(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(what_the_ledger_writes_is_what_a_replay_has),
	        cmocka_unit_test(state_that_lags_is_compared_where_it_stands),
	        cmocka_unit_test(every_record_that_is_changed_is_named),
	        cmocka_unit_test(every_record_that_is_taken_away_is_named),
	        cmocka_unit_test(a_record_too_many_is_named),
	        cmocka_unit_test(state_of_several_pieces_is_compared_whole),
	        cmocka_unit_test(a_week_that_changes_is_that_of_the_moment),
	        cmocka_unit_test(another_root_or_a_later_position_is_named),
	        cmocka_unit_test(state_that_is_gone_or_garbage_is_told),
	        cmocka_unit_test(state_between_two_positions_is_waited_for),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
