/* test_state: the layers over state.mdb: who sees what, and when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ledger/redo.h"
#include "ledger/state.h"
#include "ledger_fixture.h"

#define MAP_BYTES ((size_t)64 << 20)
#define READERS 3
#define KEYS 40
#define ROUNDS 400

static char dir[64], path[96];
static struct state *layers;
static struct state_position position;

static void must(enum lgp_status status)
{
	if (status != LGP_OK)
		fail_msg("%s: %s", lgp_status_text(status), lgp_fault_detail());
}

static const uint8_t seed[MAP_SEED_LEN] = "sixteen bytes ok";

static void open_state(void)
{
	must(state_open(path, MAP_BYTES, seed, &layers, &position));
}

static void reopen(void)
{
	state_close(layers);
	open_state();
}

static int setup(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/lagniappe-state-XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/state.mdb", dir);
	open_state();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	char command[96];
	state_close(layers);
	layers = NULL;
	snprintf(command, sizeof command, "rm -rf '%s'", dir);
	return system(command);
}

static void flush(void)
{
	for (bool more = true; more;)
		must(state_flush(layers, &more));
}

/* ---- small words -------------------------------------------------------------------- */

static void put(const char *key, const char *value)
{
	must(state_put(layers, lgp_view_of(key), lgp_view_of(value)));
}

/* What the ledger thread sees. */
static void sees(const char *key, const char *value)
{
	struct lgp_view found;
	enum lgp_status status = state_get(layers, lgp_view_of(key), &found);
	if (value == NULL) {
		assert_int_equal(status, LGP_MISSING);
		return;
	}
	must(status);
	if (!lgp_view_equal(found, lgp_view_of(value)))
		fail_msg("%s is %.*s, not %s", key, (int)found.len, found.ptr, value);
}

/* What everybody else sees. */
static void shows(const char *key, const char *value)
{
	struct lgp_kv_txn *txn;
	char out[STATE_VALUE_MAX];
	size_t len;
	must(lgp_kv_read_begin(state_kv(layers), &txn));
	lgp_kv_read_reset(txn);
	enum lgp_status status = state_read(layers, txn, lgp_view_of(key), out, &len);
	lgp_kv_abort(txn);
	if (value == NULL) {
		assert_int_equal(status, LGP_MISSING);
		return;
	}
	must(status);
	if (!lgp_view_equal((struct lgp_view){out, len}, lgp_view_of(value)))
		fail_msg("%s shows %.*s, not %s", key, (int)len, out, value);
}

static bool freeze_at(uint64_t at)
{
	struct state_position to = {.position = at, .root = {{(uint8_t)at}}};
	return state_freeze(layers, &to);
}

static void bring_to_file(uint64_t at)
{
	assert_true(freeze_at(at));
	flush();
	must(state_settle(layers));
}

/* ---- layers -------------------------------------------------------------------------- */

static void a_batch_is_seen_by_the_ledger_alone_until_it_is_published(void **state)
{
	(void)state;
	put("a", "1");
	sees("a", "1");
	shows("a", NULL);
	must(state_publish(layers));
	sees("a", "1");
	shows("a", "1");
	put("a", "2");
	sees("a", "2");
	shows("a", "1");
	must(state_publish(layers));
	shows("a", "2");
}

static void a_frozen_layer_is_shown_until_the_file_has_it(void **state)
{
	(void)state;
	put("a", "1");
	must(state_publish(layers));
	assert_true(freeze_at(1));
	assert_true(state_frozen(layers));
	sees("a", "1");
	shows("a", "1");
	put("a", "2"); /* over the frozen one */
	shows("a", "1");
	must(state_publish(layers));
	shows("a", "2");
	flush();
	shows("a", "2"); /* the file has 1 */
	must(state_settle(layers));
	assert_false(state_frozen(layers));
	sees("a", "2");
	shows("a", "2");
	bring_to_file(2);
	sees("a", "2");
	shows("a", "2");
}

static void a_second_freeze_waits_until_the_first_is_settled(void **state)
{
	(void)state;
	put("a", "1");
	must(state_publish(layers));
	assert_true(freeze_at(1));
	put("a", "2");
	must(state_publish(layers));
	assert_false(freeze_at(2));
	must(state_settle(layers)); /* not written yet: it stays */
	assert_true(state_frozen(layers));
	flush();
	assert_false(freeze_at(2));
	must(state_settle(layers));
	assert_true(freeze_at(2));
	flush();
	flush(); /* nothing waits: nothing happens */
	must(state_settle(layers));
	assert_int_equal(state_file_position(layers), 2);
}

/* What was looked up and not there, or otherwise there, is looked up again. */
static void what_was_read_before_a_change_is_not_remembered(void **state)
{
	(void)state;
	sees("a", NULL);
	put("a", "1");
	sees("a", "1");
	must(state_publish(layers));
	sees("a", "1");
	sees("b", NULL);
	assert_true(freeze_at(1));
	sees("a", "1");
	flush();
	put("b", "1");
	must(state_publish(layers));
	sees("b", "1");
	must(state_settle(layers));
	sees("a", "1");
	put("a", "a longer value");
	sees("a", "a longer value");
	must(state_publish(layers));
	sees("a", "a longer value");
}

static void what_was_not_brought_to_the_file_is_gone_after_a_crash(void **state)
{
	(void)state;
	put("a", "1");
	must(state_publish(layers));
	bring_to_file(10);
	put("a", "2");
	must(state_publish(layers));
	assert_true(freeze_at(20));
	reopen();
	assert_int_equal(position.position, 10);
	assert_int_equal(position.root.bytes[0], 10);
	sees("a", "1");
	shows("a", "1");
}

static void how_full_a_layer_is_goes_by_what_is_in_it_now(void **state)
{
	(void)state;
	char key[16];
	for (unsigned round = 1; round <= 4; round++) {
		for (unsigned i = 0; i < 100000 && round < 3; i++) {
			snprintf(key, sizeof key, "%u", i);
			put(key, "twenty-four bytes of it.");
		}
		put("a", "1");
		assert_true(state_active_bytes(layers) == 0);
		must(state_publish(layers));
		/* Both maps were large once; a single record in one is no load. */
		assert_true(round < 3 ? state_active_bytes(layers) > 100000 * 30
		                      : state_active_bytes(layers) < 256);
		bring_to_file(round);
		assert_int_equal(state_active_bytes(layers), 0);
	}
}

/* ---- the file -------------------------------------------------------------------------- */

static void fill_file(void)
{
	put("a", "1");
	must(state_publish(layers));
	bring_to_file(10);
	state_close(layers);
	layers = NULL;
}

static void expect_made_anew(void)
{
	open_state();
	assert_int_equal(position.position, 0);
	assert_int_equal(state_file_position(layers), 0);
	sees("a", NULL);
	put("a", "2");
	must(state_publish(layers));
	bring_to_file(20);
	reopen();
	assert_int_equal(position.position, 20);
	sees("a", "2");
}

static void a_file_of_another_format_is_made_anew(void **state)
{
	(void)state;
	static const struct lgp_kv_table tables[] = {{"records", false}, {"meta", false}};
	struct lgp_kv_options how = {.tables = tables, .table_count = 2, .map_bytes = MAP_BYTES};
	struct lgp_kv *kv;
	struct lgp_kv_txn *txn;
	fill_file();
	must(lgp_kv_open(path, &how, &kv));
	must(lgp_kv_write_begin(kv, &txn));
	must(lgp_kv_put(txn, 1, LGP_VIEW("format"), LGP_VIEW("lagniappe-state-0")));
	must(lgp_kv_commit(txn));
	lgp_kv_close(kv);
	expect_made_anew();
}

static void a_file_that_is_no_store_is_made_anew(void **state)
{
	(void)state;
	static char junk[20000];
	fill_file();
	memset(junk, 'j', sizeof junk);
	int fd = open(path, O_WRONLY | O_TRUNC);
	assert_true(write(fd, junk, sizeof junk) == sizeof junk);
	close(fd);
	expect_made_anew();
}

/* A copy that was cut short must not be read behind its end. */
static void a_file_that_was_cut_short_is_made_anew(void **state)
{
	(void)state;
	struct stat info;
	char key[16];
	for (unsigned i = 0; i < 5000; i++) {
		snprintf(key, sizeof key, "%u", i);
		put(key, "twenty-four bytes of it.");
	}
	fill_file();
	assert_int_equal(stat(path, &info), 0);
	off_t lengths[] = {info.st_size - 4096, info.st_size / 2, 3 * 4096, 2 * 4096, 4096, 100, 0};
	for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
		assert_int_equal(truncate(path, lengths[i]), 0);
		expect_made_anew();
		state_close(layers);
		open_state();
		for (unsigned j = 0; j < 5000; j++) {
			snprintf(key, sizeof key, "%u", j);
			put(key, "twenty-four bytes of it.");
		}
		fill_file();
	}
	open_state();
}

static void resetting_starts_at_nothing(void **state)
{
	(void)state;
	put("a", "1");
	must(state_publish(layers));
	bring_to_file(10);
	must(state_reset(layers));
	assert_int_equal(state_file_position(layers), 0);
	sees("a", NULL);
	shows("a", NULL);
}

/* ---- the hash --------------------------------------------------------------------------- */

static void hash_of(struct lgp_hash *out)
{
	must(state_hash(layers, out));
}

static void the_hash_is_of_the_records_and_not_of_how_they_came_I10(void **state)
{
	(void)state;
	struct lgp_hash one, other;
	put("a", "1");
	put("b", "2");
	must(state_publish(layers));
	bring_to_file(10);
	hash_of(&one);
	must(state_reset(layers));
	put("b", "1");
	must(state_publish(layers));
	bring_to_file(3);
	put("b", "2");
	must(state_publish(layers));
	put("a", "1");
	must(state_publish(layers));
	bring_to_file(7);
	hash_of(&other);
	assert_memory_equal(&one, &other, sizeof one);
}

static void the_hash_tells_keys_from_values_and_records_from_each_other_I10(void **state)
{
	(void)state;
	static const char *const contents[][4] = {
	        {"a", "1", "b", "2"}, {"a", "1", "b", "3"}, {"a", "1b", "b", "2"},
	        {"a1", "", "b", "2"}, {"a", "", "1b", "2"}, {"a", "1b2", "c", ""},
	        {"a", "2", "b", "1"},
	};
	struct lgp_hash hash[sizeof contents / sizeof contents[0]];
	for (size_t i = 0; i < sizeof contents / sizeof contents[0]; i++) {
		must(state_reset(layers));
		put(contents[i][0], contents[i][1]);
		put(contents[i][2], contents[i][3]);
		must(state_publish(layers));
		bring_to_file(1);
		hash_of(&hash[i]);
		for (size_t j = 0; j < i; j++)
			assert_memory_not_equal(&hash[i], &hash[j], sizeof hash[i]);
	}
}

/* ---- records ----------------------------------------------------------------------------- */

static void put_account(uint64_t owner, uint64_t unit, const struct account *account)
{
	struct account *kept;
	must(state_account_change(layers, owner, unit, &kept));
	*kept = *account;
}

static void records_come_back_as_they_were_put(void **state)
{
	(void)state;
	struct account account = {{1, INT64_MIN, INT64_MAX, -1}}, account_now;
	struct lgp_party party = {.kind = LGP_KIND_CUSTOMER, .last = UINT64_MAX, .site_count = 15};
	struct lgp_party party_now;
	struct globals globals = {7, -5, 3, -11}, globals_now;
	int64_t reversed;
	for (unsigned i = 0; i < party.site_count; i++)
		party.sites[i] = UINT64_C(1) << (4 * i);
	put_account(1, 2, &account);
	must(state_party_put(layers, 1, &party));
	must(state_reversed_put(layers, 1, INT64_MAX));
	must(state_globals_put(layers, &globals));
	must(state_account(layers, 1, 2, &account_now));
	assert_memory_equal(&account, &account_now, sizeof account);
	must(state_account(layers, 2, 1, &account_now)); /* the other way round: nothing */
	assert_int_equal(account_now.balance[0], 0);
	must(state_party(layers, 1, &party_now));
	assert_int_equal(party_now.last, UINT64_MAX);
	assert_int_equal(party_now.site_count, 15);
	assert_memory_equal(party.sites, party_now.sites, sizeof party.sites);
	assert_int_equal(state_party(layers, 2, &party_now), LGP_MISSING);
	must(state_reversed(layers, 1, &reversed));
	assert_int_equal(reversed, INT64_MAX);
	must(state_globals(layers, &globals_now));
	assert_int_equal(globals_now.size, 7);
	assert_int_equal(globals_now.last_time_us, -5);
	assert_int_equal(globals_now.policy, 3);
}

static void records_of_a_wrong_size_are_corrupt(void **state)
{
	(void)state;
	struct account account;
	struct lgp_party party;
	struct globals globals;
	int64_t reversed;
	struct state_key key = state_key_account(1, 2);
	must(state_put(layers, key_view(&key), LGP_VIEW("short")));
	must(state_publish(layers));
	assert_int_equal(state_account(layers, 1, 2, &account), LGP_CORRUPT);
	key = state_key_party(1);
	must(state_put(layers, key_view(&key),
	               LGP_VIEW("1234567890\x02"
	                        "12345678")));
	must(state_publish(layers));
	assert_int_equal(state_party(layers, 1, &party), LGP_CORRUPT);
	must(state_put(layers, key_view(&key), LGP_VIEW("1234567890\xff")));
	must(state_publish(layers));
	assert_int_equal(state_party(layers, 1, &party), LGP_CORRUPT);
	key = state_key_number('R', 1);
	must(state_put(layers, key_view(&key), LGP_VIEW("123456789")));
	assert_int_equal(state_reversed(layers, 1, &reversed), LGP_CORRUPT);
	put("G", "12345678");
	assert_int_equal(state_globals(layers, &globals), LGP_CORRUPT);
}

/* As bytes, as the file and readers have it. */
static void shows_record(const struct state_key *key, const void *bytes, size_t len)
{
	struct lgp_kv_txn *txn;
	char out[STATE_VALUE_MAX];
	size_t out_len;
	must(lgp_kv_read_begin(state_kv(layers), &txn));
	lgp_kv_read_reset(txn);
	must(state_read(layers, txn, key_view(key), out, &out_len));
	lgp_kv_abort(txn);
	assert_int_equal(out_len, len);
	assert_memory_equal(out, bytes, len);
}

static void decoded_records_are_published_as_their_bytes(void **state)
{
	(void)state;
	static const uint8_t party_bytes[19] = {LGP_KIND_CUSTOMER, 7, [9] = 2, [10] = 1, [11] = 5};
	static const uint8_t account_bytes[32] = {3, [8] = 4};
	struct lgp_party party = {LGP_KIND_CUSTOMER, 7, false, true, 1, {5}};
	struct account account = {{3, 4}};
	struct state_key of_party = state_key_party(1), of_account = state_key_account(1, 2);
	for (uint64_t at = 1; at < 3; at++) {
		must(state_party_put(layers, 1, &party));
		put_account(1, 2, &account);
		must(state_publish(layers));
		shows_record(&of_party, party_bytes, sizeof party_bytes);
		shows_record(&of_account, account_bytes, sizeof account_bytes);
		bring_to_file(at);
		shows_record(&of_party, party_bytes, sizeof party_bytes);
		shows_record(&of_account, account_bytes, sizeof account_bytes);
	}
}

/* More than a batch may look at without a change: what is beyond the bound is looked at
 * again, and is what it is. */
static void decoded_records_beyond_the_bound_are_not_kept(void **state)
{
	(void)state;
	struct lgp_party party = {.kind = LGP_KIND_CUSTOMER, .last = 9}, now;
	must(state_party_put(layers, UINT64_C(1) << 40, &party));
	must(state_publish(layers));
	for (uint64_t i = 1; i < 5 * LGP_BATCH_MAX; i++)
		assert_int_equal(state_party(layers, i, &now), LGP_MISSING);
	must(state_party(layers, UINT64_C(1) << 40, &now));
	assert_int_equal(now.last, 9);
	assert_int_equal(state_party(layers, 1, &now), LGP_MISSING);
	now.last = 10;
	must(state_party_put(layers, UINT64_C(1) << 40, &now));
	must(state_party(layers, UINT64_C(1) << 40, &party));
	assert_int_equal(party.last, 10);
}

/* ---- threads ------------------------------------------------------------------------------ */

static struct {
	_Atomic bool over, work;
	_Atomic unsigned went_back;
	_Atomic uint64_t highest; /* published */
} race;

static void key_of(unsigned i, char key[16])
{
	snprintf(key, 16, "key %u", i);
}

/* Each key's value only grows, and what was published before a look is seen. */
static void *read_on(void *context)
{
	(void)context;
	uint64_t last[KEYS] = {0};
	struct lgp_kv_txn *txn;
	char out[STATE_VALUE_MAX], key[16];
	must(lgp_kv_read_begin(state_kv(layers), &txn));
	lgp_kv_read_reset(txn);
	while (!atomic_load(&race.over)) {
		for (unsigned i = 0; i < KEYS; i++) {
			size_t len;
			uint64_t value = 0, published = i == 0 ? atomic_load(&race.highest) : 0;
			key_of(i, key);
			enum lgp_status status =
			        state_read(layers, txn, lgp_view_of(key), out, &len);
			if (status == LGP_OK)
				memcpy(&value, out, sizeof value);
			if (value < last[i] || value < published ||
			    (status != LGP_OK && status != LGP_MISSING))
				atomic_fetch_add(&race.went_back, 1);
			last[i] = value;
		}
	}
	lgp_kv_abort(txn);
	return NULL;
}

static void *flush_on(void *context)
{
	(void)context;
	while (!atomic_load(&race.over))
		if (atomic_exchange(&race.work, false))
			flush();
	return NULL;
}

static void publish_round(uint64_t round)
{
	char key[16];
	for (unsigned i = 0; i < KEYS; i++) {
		/* Each key changes in rounds of its own, so that it lies in every layer. */
		if (i != 0 && round % (i + 1) != 0)
			continue;
		key_of(i, key);
		must(state_put(layers, lgp_view_of(key),
		               (struct lgp_view){(char *)&round, sizeof round}));
	}
	must(state_publish(layers));
	atomic_store(&race.highest, round);
}

static void a_reader_never_sees_a_value_go_back(void **state)
{
	(void)state;
	pthread_t reader[READERS], applier;
	memset(&race, 0, sizeof race);
	for (unsigned i = 0; i < READERS; i++)
		assert_int_equal(pthread_create(&reader[i], NULL, read_on, NULL), 0);
	assert_int_equal(pthread_create(&applier, NULL, flush_on, NULL), 0);
	unsigned frozen = 0;
	for (uint64_t round = 1; round <= ROUNDS || frozen < 20; round++) {
		publish_round(round);
		must(state_settle(layers));
		if (!freeze_at(round))
			continue;
		atomic_store(&race.work, true);
		frozen++;
	}
	atomic_store(&race.over, true);
	for (unsigned i = 0; i < READERS; i++)
		pthread_join(reader[i], NULL);
	pthread_join(applier, NULL);
	assert_true(state_file_position(layers) > 0);
	assert_int_equal(race.went_back, 0);
}

/* The same through the ledger's own doors: grants go on while the applier works
 * and others look. */
static struct fixture f;
static uint64_t size_before; /* the grants' */

static void *look_on(void *context)
{
	struct lgp_reader *reader;
	int64_t last = 0;
	uint64_t last_entry = 0, last_size = 0;
	(void)context;
	must(lgp_reader_new(f.ledger, &reader));
	while (!atomic_load(&race.over)) {
		int64_t held;
		struct lgp_party party;
		struct lgp_entry entry;
		struct lgp_checkpoint released;
		lgp_released(f.ledger, &released, NULL);
		must(lgp_read_balance(reader, LGP_CLASS_CUSTOMER, f.customer, f.unit, &held));
		must(lgp_read_party(reader, f.customer, &party));
		/* Each grant is of 1; what is released is also shown, and what is shown
		 * can be read. */
		if (held < last || held < (int64_t)(released.size - size_before) ||
		    party.last < last_entry || released.size < last_size ||
		    lgp_read_entry(reader, party.last, &entry) != LGP_OK)
			atomic_fetch_add(&race.went_back, 1);
		last = held;
		last_entry = party.last;
		last_size = released.size;
	}
	lgp_reader_free(reader);
	return NULL;
}

static void *apply_on(void *context)
{
	(void)context;
	while (!atomic_load(&race.over))
		if (atomic_exchange(&race.work, false))
			must(lgp_applier_step(f.ledger));
	return NULL;
}

static void a_balance_never_goes_back_while_grants_and_the_applier_go_on(void **state)
{
	(void)state;
	pthread_t reader[READERS], applier;
	int64_t granted = 0;
	memset(&race, 0, sizeof race);
	fixture_programme(&f);
	size_before = lgp_next_seq(f.ledger);
	for (unsigned i = 0; i < READERS; i++)
		assert_int_equal(pthread_create(&reader[i], NULL, look_on, NULL), 0);
	assert_int_equal(pthread_create(&applier, NULL, apply_on, NULL), 0);
	for (unsigned frozen = 0; granted < 300 || frozen < 10; granted++) {
		struct lgp_command grant = fixture_grant(&f, 1);
		fixture_do(&f, &grant);
		if (!lgp_state_freeze(f.ledger, true))
			continue;
		atomic_store(&race.work, true);
		frozen++;
	}
	atomic_store(&race.over, true);
	for (unsigned i = 0; i < READERS; i++)
		pthread_join(reader[i], NULL);
	pthread_join(applier, NULL);
	assert_int_equal(race.went_back, 0);
	assert_int_equal(fixture_balance(&f, LGP_CLASS_CUSTOMER, f.customer), granted);
	fixture_remove(&f);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* ---- a generation in several steps ------------------------------------------------------ */

#define MANY 80000 /* more than two steps take of small records */

static char redo[96];

static struct lgp_view numbered(char room[32], unsigned i)
{
	return (struct lgp_view){room, (size_t)snprintf(room, 32, "k%06u", i)};
}

static void put_many(const char *value)
{
	char key[32];
	for (unsigned i = 0; i < MANY; i++)
		must(state_put(layers, numbered(key, i), lgp_view_of(value)));
	must(state_publish(layers));
}

static void all_show(const char *value)
{
	char key[32];
	for (unsigned i = 0; i < MANY; i += 997)
		shows((numbered(key, i), key), value);
	shows((numbered(key, MANY - 1), key), value);
}

/* One generation in the file at 1, the next one as far as `steps` of it. */
static void merge_some(unsigned steps)
{
	bool more = true;
	snprintf(redo, sizeof redo, "%s/state.redo", dir);
	put_many("old");
	bring_to_file(1);
	assert_int_equal(access(redo, F_OK), -1);
	put_many("new");
	assert_true(freeze_at(2));
	for (unsigned i = 0; i < steps; i++) {
		must(state_flush(layers, &more));
		assert_true(more);
	}
}

static void a_large_generation_takes_several_steps_and_is_shown_all_the_while(void **state)
{
	(void)state;
	bool more = true;
	struct stat info;
	merge_some(1);
	assert_int_equal(stat(redo, &info), 0);
	assert_int_equal(info.st_mode & 0777, 0600);
	assert_true(state_merging(layers));
	assert_int_equal(state_file_position(layers), 1);
	all_show("new");
	must(state_settle(layers)); /* not done yet */
	assert_true(state_frozen(layers));
	while (more) {
		must(state_flush(layers, &more));
		all_show("new");
	}
	must(state_settle(layers));
	assert_int_equal(state_file_position(layers), 2);
	assert_int_equal(access(redo, F_OK), -1);
	all_show("new");
}

static void a_generation_that_was_cut_off_is_ended_at_the_next_opening_I10(void **state)
{
	(void)state;
	for (unsigned steps = 1; steps <= 2; steps++) {
		merge_some(steps);
		reopen();
		assert_int_equal(position.position, 2);
		assert_int_equal(position.root.bytes[0], 2);
		all_show("new");
		assert_int_equal(access(redo, F_OK), -1);
		must(state_reset(layers));
	}
}

static void a_generation_that_was_written_down_and_not_begun_is_forgotten(void **state)
{
	(void)state;
	merge_some(0);
	FILE *file = fopen(redo, "w");
	assert_non_null(file);
	assert_int_equal(fclose(file), 0);
	reopen();
	assert_int_equal(position.position, 1);
	all_show("old");
	assert_int_equal(access(redo, F_OK), -1);
}

static void spoil_redo(off_t at)
{
	int fd = open(redo, O_RDWR);
	char byte;
	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &byte, 1, at), 1);
	byte = (char)(byte ^ 1);
	assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	assert_int_equal(close(fd), 0);
}

static void without_what_would_end_it_the_file_is_made_anew_I10(void **state)
{
	(void)state;
	static const off_t spoilt[] = {-1, 0, 16, 70, 100000}; /* -1: taken away */
	for (size_t i = 0; i < sizeof spoilt / sizeof spoilt[0]; i++) {
		merge_some(1);
		if (spoilt[i] < 0)
			assert_int_equal(unlink(redo), 0);
		else
			spoil_redo(spoilt[i]);
		reopen();
		assert_int_equal(position.position, 0);
		all_show(NULL);
		assert_int_equal(access(redo, F_OK), -1);
	}
}

static void a_redo_file_cut_at_any_length_is_not_whole(void **state)
{
	(void)state;
	merge_some(1);
	struct stat info;
	assert_int_equal(stat(redo, &info), 0);
	for (off_t len = info.st_size - 1; len >= 0; len = len * 3 / 4 - 1) {
		struct redo *opened;
		assert_int_equal(truncate(redo, len), 0);
		assert_int_equal(redo_open(redo, &opened), LGP_CORRUPT);
	}
	reopen();
	assert_int_equal(position.position, 0);
}

/* A file that is left over, whatever it says, is not this generation's unless state.mdb
 * is marked for it. */
static void a_redo_file_that_was_left_over_is_not_taken_for_another(void **state)
{
	(void)state;
	struct map *map = map_new(seed, map_siphash);
	struct state_position to = {.position = 2, .root = {{2}}};
	struct redo *left_over;
	merge_some(0);
	assert_true(map_put(map, lgp_view_of("k000000"), lgp_view_of("left over")));
	must(redo_write(redo, map, &to, &left_over));
	redo_close(left_over);
	flush();
	must(state_settle(layers));
	all_show("new");
	map_free(map);
}

static void a_mark_of_a_wrong_size_makes_the_file_anew(void **state)
{
	(void)state;
	struct lgp_kv_txn *txn;
	merge_some(1);
	reopen();
	must(lgp_kv_write_begin(state_kv(layers), &txn));
	must(lgp_kv_put(txn, 1, lgp_view_of("merging"), lgp_view_of("of another size")));
	must(lgp_kv_commit(txn));
	reopen();
	assert_int_equal(position.position, 0);
	all_show(NULL);
}

/* The disk, full: nothing of the file stays, and nothing is lost. */
static void a_generation_without_room_for_its_redo_is_tried_again(void **state)
{
	(void)state;
	struct rlimit before, small;
	bool more;
	merge_some(0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = before;
	small.rlim_cur = 100000;
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_int_equal(state_flush(layers, &more), LGP_FULL);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_false(more);
	assert_int_equal(access(redo, F_OK), -1);
	all_show("new");
	flush();
	must(state_settle(layers));
	assert_int_equal(state_file_position(layers), 2);
	all_show("new");
}

/* What is deleted in a generation is gone from the file, and what comes with it too. */
static void records_go_with_their_generation(void **state)
{
	(void)state;
	char key[32];
	bool more = true;
	merge_some(0);
	while (more)
		must(state_flush(layers, &more));
	must(state_settle(layers));
	for (unsigned i = 0; i < MANY; i++)
		must(state_delete(layers, numbered(key, i)));
	must(state_publish(layers));
	assert_true(freeze_at(3));
	must(state_flush(layers, &more));
	assert_true(more);
	reopen();
	assert_int_equal(position.position, 3);
	all_show(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        CASE(a_batch_is_seen_by_the_ledger_alone_until_it_is_published),
	        CASE(a_frozen_layer_is_shown_until_the_file_has_it),
	        CASE(a_second_freeze_waits_until_the_first_is_settled),
	        CASE(what_was_read_before_a_change_is_not_remembered),
	        CASE(what_was_not_brought_to_the_file_is_gone_after_a_crash),
	        CASE(how_full_a_layer_is_goes_by_what_is_in_it_now),
	        CASE(a_file_of_another_format_is_made_anew),
	        CASE(a_file_that_is_no_store_is_made_anew),
	        CASE(a_file_that_was_cut_short_is_made_anew),
	        CASE(resetting_starts_at_nothing),
	        CASE(the_hash_is_of_the_records_and_not_of_how_they_came_I10),
	        CASE(the_hash_tells_keys_from_values_and_records_from_each_other_I10),
	        CASE(records_come_back_as_they_were_put),
	        CASE(records_of_a_wrong_size_are_corrupt),
	        CASE(decoded_records_are_published_as_their_bytes),
	        CASE(decoded_records_beyond_the_bound_are_not_kept),
	        CASE(a_large_generation_takes_several_steps_and_is_shown_all_the_while),
	        CASE(a_generation_that_was_cut_off_is_ended_at_the_next_opening_I10),
	        CASE(a_generation_that_was_written_down_and_not_begun_is_forgotten),
	        CASE(without_what_would_end_it_the_file_is_made_anew_I10),
	        CASE(a_redo_file_cut_at_any_length_is_not_whole),
	        CASE(a_redo_file_that_was_left_over_is_not_taken_for_another),
	        CASE(a_mark_of_a_wrong_size_makes_the_file_anew),
	        CASE(a_generation_without_room_for_its_redo_is_tried_again),
	        CASE(records_go_with_their_generation),
	        CASE(a_reader_never_sees_a_value_go_back),
	        cmocka_unit_test(a_balance_never_goes_back_while_grants_and_the_applier_go_on),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
