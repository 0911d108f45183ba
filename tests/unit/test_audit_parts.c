/* test_audit_parts: the audit tool's own tree, sorter, maps and texts. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <cmocka.h>

#include "lagniappe/codec.h"
#include "tlog_fixture.h"
#include "tools/audit/counters.h"
#include "tools/audit/guard.h"
#include "tools/audit/kinds.h"
#include "tools/audit/merkle.h"
#include "tools/audit/roll.h"
#include "tools/audit/slots.h"
#include "tools/audit/sorter.h"
#include "tools/audit/text.h"
#include "tools/audit/yield.h"

/* ---- merkle ---------------------------------------------------------------------- */

static void roots_are_those_of_the_recursive_definition(void **state)
{
	(void)state;
	enum { N = 600 };
	static struct lgp_hash leaves[N];
	struct merkle tree = {0};
	struct lgp_hash tile[MERKLE_TILE_LEVELS], made, expected;
	vector_leaf_hashes(leaves, N);
	for (size_t n = 0; n <= N; n++) {
		merkle_root(&tree, &made);
		rfc_root(leaves, n, &expected);
		assert_memory_equal(made.bytes, expected.bytes, LGP_HASH_LEN);
		if (n < N)
			(void)merkle_append(&tree, &leaves[n], tile);
	}
}

static void a_tile_node_is_told_where_it_is_complete(void **state)
{
	(void)state;
	enum { N = 65536 };
	static struct lgp_hash leaves[N];
	struct merkle tree = {0};
	struct lgp_hash tile[MERKLE_TILE_LEVELS], expected;
	for (size_t i = 0; i < N; i++)
		lgp_hash_leaf(&i, sizeof i, &leaves[i]);
	for (size_t i = 0; i < N; i++) {
		unsigned tiles = merkle_append(&tree, &leaves[i], tile);
		assert_int_equal(tiles, i + 1 == N ? 2 : (i + 1) % 256 == 0);
		if (tiles == 0)
			continue;
		rfc_root(&leaves[i - 255], 256, &expected);
		assert_memory_equal(tile[0].bytes, expected.bytes, LGP_HASH_LEN);
	}
	rfc_root(leaves, N, &expected);
	assert_memory_equal(tile[1].bytes, expected.bytes, LGP_HASH_LEN);
}

/* ---- sorter ---------------------------------------------------------------------- */

struct pair {
	uint8_t key[16];
	uint64_t number;
};

static int by_key(const void *a, const void *b)
{
	const struct pair *left = a, *right = b;
	int order = memcmp(left->key, right->key, sizeof left->key);
	if (order != 0)
		return order;
	return left->number < right->number ? -1 : left->number > right->number;
}

/* same: of a hundred keys so many are one. */
static void sort_and_compare(size_t count, size_t buffer_bytes, unsigned same)
{
	struct sorter *sorter;
	struct pair *pairs = calloc(count + 1, sizeof *pairs);
	uint64_t number;
	const uint8_t *key;
	assert_non_null(pairs);
	assert_int_equal(sorter_new(16, 8, buffer_bytes, &sorter), LGP_OK);
	for (size_t i = 0; i < count; i++) {
		struct lgp_hash hash;
		size_t seed = i % 100 < same ? 0 : i;
		lgp_hash_sha256(&seed, sizeof seed, &hash);
		memcpy(pairs[i].key, hash.bytes, sizeof pairs[i].key);
		pairs[i].number = i;
		assert_int_equal(sorter_add(sorter, pairs[i].key, i), LGP_OK);
	}
	qsort(pairs, count, sizeof *pairs, by_key);
	assert_int_equal(sorter_finish(sorter), LGP_OK);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(sorter_next(sorter, &key, &number), LGP_OK);
		assert_memory_equal(key, pairs[i].key, sizeof pairs[i].key);
		assert_true(number == pairs[i].number);
	}
	assert_int_equal(sorter_next(sorter, &key, &number), LGP_MISSING);
	assert_int_equal(sorter_next(sorter, &key, &number), LGP_MISSING);
	sorter_free(sorter);
	free(pairs);
}

static void keys_come_in_order_from_memory(void **state)
{
	(void)state;
	sort_and_compare(0, 65536, 0);
	sort_and_compare(1, 65536, 0);
	sort_and_compare(1000, 65536, 10);
}

static void keys_come_in_order_from_disk(void **state)
{
	(void)state;
	sort_and_compare(20000, 24 * 2 * 1000, 0);      /* 20 runs */
	sort_and_compare(20000, 24 * 2 * 1000, 60);     /* the same key in all of them */
	sort_and_compare(20001, 24 * 2 * 1000 + 7, 10); /* a last run of one */
	sort_and_compare(1000, 24 * 2 * 1000, 0);       /* exactly full */
	sort_and_compare(1001, 24 * 2 * 1000, 0);
}

/* ---- slots ------------------------------------------------------------------------ */

static void what_was_put_is_found_after_growing(void **state)
{
	(void)state;
	enum { N = 100000 };
	struct slots slots;
	assert_int_equal(slots_init(&slots), LGP_OK);
	for (uint64_t i = 1; i <= N; i++) {
		struct slot *slot = slots_put(&slots, i, i % 3);
		assert_non_null(slot);
		assert_int_equal(slot->number, 0);
		slot->number = i * 7;
		/* Wherever it stands between two doublings. */
		if (i > 1000)
			assert_true(slots_bytes(&slots) <= i * 64);
	}
	for (uint64_t i = 1; i <= N; i++) {
		const struct slot *slot = slots_find(&slots, i, i % 3);
		assert_non_null(slot);
		assert_true(slot->number == i * 7);
		assert_null(slots_find(&slots, i, 3));
		assert_true(slots_put(&slots, i, i % 3)->number == i * 7);
	}
	size_t seen = 0;
	for (size_t at = 0; slots_next(&slots, &at) != NULL;)
		seen++;
	assert_int_equal(seen, N);
	assert_int_equal(slots.count, N);
	slots_deinit(&slots);
}

/* Whoever writes a ledger chooses units and numbers, and knows this source. */
static void no_number_that_stays_the_same_makes_places_one(void **state)
{
	(void)state;
	static const uint64_t same[] = {0, 1, UINT64_MAX, UINT64_C(0xa0761d6478bd642f)};
	struct slots slots;
	assert_int_equal(slots_init(&slots), LGP_OK);
	slots.mask = 65535; /* no list is touched */
	for (size_t k = 0; k < sizeof same / sizeof same[0]; k++) {
		unsigned in_first = 0;
		size_t first = slots_place(&slots, 1, same[k]);
		for (uint64_t i = 1; i <= 4096; i++)
			in_first += slots_place(&slots, i, same[k]) == first;
		assert_in_range(in_first, 1, 64);
	}
	slots.mask = 63;
	slots_deinit(&slots);
}

/* ---- roll -------------------------------------------------------------------------- */

/* Close together but for each hundredth, then far apart, to the greatest. */
static uint64_t number_of(uint64_t i)
{
	if (i < 70000)
		return i + i / 100;
	return i < 70047 ? UINT64_C(1) << (i - 70000 + 17) : UINT64_MAX;
}

static void a_party_is_found_by_its_number_and_stays_in_its_place(void **state)
{
	(void)state;
	enum { N = 70048 };
	static struct party *party[N];
	struct roll roll;
	uint64_t at = 0, number, count = 0;
	assert_int_equal(roll_init(&roll), LGP_OK);
	assert_null(roll_find(&roll, 0));
	for (uint64_t i = 0; i < N; i++) {
		party[i] = roll_add(&roll, number_of(i));
		assert_non_null(party[i]);
		assert_true(party[i]->last == 0 && party[i]->unit == 0);
		party[i]->last = i;
	}
	assert_int_equal(roll.count, N);
	for (uint64_t i = 0; i < N; i++)
		assert_ptr_equal(roll_find(&roll, number_of(i)), party[i]);
	assert_null(roll_find(&roll, 100));
	assert_null(roll_find(&roll, UINT64_MAX - 1));
	for (struct party *next; (next = roll_next(&roll, &at, &number)) != NULL; count++)
		assert_true(next->last == count && number == number_of(count));
	assert_int_equal(count, N);
	roll_deinit(&roll);
}

static void a_party_takes_less_than_64_bytes(void **state)
{
	(void)state;
	struct roll roll;
	assert_int_equal(roll_init(&roll), LGP_OK);
	for (uint64_t i = 0; i < 100000; i++)
		assert_non_null(roll_add(&roll, 20 + i));
	assert_true(roll_bytes(&roll) <= UINT64_C(100000) * 64);
	roll_deinit(&roll);
}

/* ---- yield ------------------------------------------------------------------------- */

static void a_directory_is_served_while_its_lock_is_held(void **state)
{
	(void)state;
	char dir[] = "/tmp/lagniappe-yield-XXXXXX", lock[64], ledger[64];
	assert_non_null(mkdtemp(dir));
	snprintf(lock, sizeof lock, "%s/lock", dir);
	snprintf(ledger, sizeof ledger, "%s/ledger.mdb", dir);
	assert_false(yield_is_served(ledger));
	FILE *file = fopen(lock, "w");
	assert_non_null(file);
	assert_false(yield_is_served(ledger));
	assert_int_equal(flock(fileno(file), LOCK_EX), 0);
	assert_true(yield_is_served(ledger));
	assert_int_equal(fclose(file), 0);
	assert_false(yield_is_served(ledger));
	assert_int_equal(unlink(lock), 0);
	assert_int_equal(rmdir(dir), 0);
}

/* ---- kinds ------------------------------------------------------------------------- */

static void every_kind_is_in_the_table(void **state)
{
	(void)state;
	for (unsigned kind = 0; kind < 256; kind++) {
		const struct kind_info *info = kind_info((enum lgp_kind)kind);
		assert_int_equal(info != NULL, lgp_kind_name(kind) != NULL);
		if (info != NULL)
			assert_int_equal(info->kind, kind);
	}
}

/* ---- texts ------------------------------------------------------------------------- */

static void amounts_have_the_unit_s_places(void **state)
{
	(void)state;
	char text[AMOUNT_MAX];
	assert_string_equal(amount_text(0, 0, text), "0");
	assert_string_equal(amount_text(0, 2, text), "0.00");
	assert_string_equal(amount_text(-5, 2, text), "-0.05");
	assert_string_equal(amount_text(123456, 2, text), "1234.56");
	assert_string_equal(amount_text(123456, 0, text), "123456");
	assert_string_equal(amount_text(INT64_MIN, 9, text), "-9223372036.854775808");
	__extension__ __int128 large = (__int128)INT64_MAX * INT64_MAX;
	assert_string_equal(amount_text(large, 0, text), "85070591730234615847396907784232501249");
}

static void counts_are_grouped(void **state)
{
	(void)state;
	char text[COUNT_MAX];
	assert_string_equal(count_text(0, text), "0");
	assert_string_equal(count_text(999, text), "999");
	assert_string_equal(count_text(1000, text), "1,000");
	assert_string_equal(count_text(UINT64_MAX, text), "18,446,744,073,709,551,615");
}

static void moments_beyond_the_calendar_are_numbers(void **state)
{
	(void)state;
	char text[MOMENT_MAX];
	assert_string_equal(moment_text(0, text), "1970-01-01T00:00:00.000000Z");
	assert_string_equal(moment_text(INT64_C(253402300799999999), text),
	                    "9999-12-31T23:59:59.999999Z");
	assert_string_equal(moment_text(INT64_C(253402300800000000), text),
	                    "253402300800000000 us");
	assert_string_equal(moment_text(INT64_C(-62135596800000000), text),
	                    "0001-01-01T00:00:00.000000Z");
	assert_string_equal(moment_text(INT64_MIN, text), "-9223372036854775808 us");
}

/* ---- guard -------------------------------------------------------------------------- */

static enum lgp_status raise_signal(void *number)
{
	(void)raise(*(int *)number);
	return LGP_OK;
}

static enum lgp_status say_missing(void *context)
{
	(void)context;
	return LGP_MISSING;
}

static void a_signal_in_a_guarded_call_is_a_fault(void **state)
{
	(void)state;
	int signals[] = {SIGBUS, SIGSEGV, SIGABRT};
	guard_init();
	for (size_t round = 0; round < 100; round++)
		assert_int_equal(guard_call(raise_signal, &signals[round % 3]), LGP_CORRUPT);
	assert_int_equal(guard_call(say_missing, NULL), LGP_MISSING);
}

/* ---- counters --------------------------------------------------------------------- */

static int32_t day_of(const char *date)
{
	int32_t days;
	assert_int_equal(lgp_date_parse(lgp_view_of(date), &days), LGP_OK);
	return days;
}

static void a_period_ends_where_the_calendar_says(void **state)
{
	(void)state;
	static const struct {
		enum window window;
		unsigned week;
		const char *date, *end;
	} cases[] = {
	        {WINDOW_DAY, 0, "2024-02-28", "2024-02-29"},
	        {WINDOW_MONTH, 0, "2024-02-28", "2024-03-01"},
	        {WINDOW_MONTH, 0, "2023-02-28", "2023-03-01"},
	        {WINDOW_MONTH, 0, "1900-02-28", "1900-03-01"},
	        {WINDOW_MONTH, 0, "2000-02-29", "2000-03-01"},
	        {WINDOW_MONTH, 0, "2026-12-31", "2027-01-01"},
	        {WINDOW_QUARTER, 0, "2026-03-31", "2026-04-01"},
	        {WINDOW_QUARTER, 0, "2026-04-01", "2026-07-01"},
	        {WINDOW_QUARTER, 0, "2026-11-22", "2027-01-01"},
	        {WINDOW_YEAR, 0, "1969-12-31", "1970-01-01"},
	        {WINDOW_YEAR, 0, "1600-01-01", "1601-01-01"},
	        {WINDOW_WEEK, 0, "2026-11-22", "2026-11-23"}, /* a Sunday */
	        {WINDOW_WEEK, 6, "2026-11-22", "2026-11-29"},
	        {WINDOW_WEEK, 5, "2026-11-22", "2026-11-28"},
	        {WINDOW_WEEK, 0, "1969-12-29", "1970-01-05"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_int_equal(period_end(cases[i].window, day_of(cases[i].date), cases[i].week),
		                 day_of(cases[i].end));
	assert_int_equal(period_end(WINDOW_NONE, 0, 0), PERIOD_FOREVER);
	assert_int_equal(period_end(WINDOW_LIFETIME, 0, 0), PERIOD_FOREVER);
}

static void counters_of_a_closed_period_leave_memory(void **state)
{
	(void)state;
	struct counters counters;
	struct counter day = {.end = 101, .what = 'C', .shape = 7, .first = 1}, ever = day;
	int64_t sum;
	ever.end = PERIOD_FOREVER;
	assert_int_equal(counters_init(&counters), LGP_OK);
	counters_reach(&counters, 100);
	assert_int_equal(counters_add(&counters, &day, 5, &sum), LGP_OK);
	assert_int_equal(counters_add(&counters, &ever, 8, &sum), LGP_OK);
	counters_reach(&counters, 103);
	assert_int_equal(counters_get(&counters, &day), 5);
	assert_int_equal(counters.count, 2);
	counters_reach(&counters, 104);
	assert_int_equal(counters_get(&counters, &day), 0);
	assert_int_equal(counters.count, 1);
	assert_int_equal(counters_add(&counters, &ever, -9, &sum), LGP_OK);
	assert_int_equal(sum, 0);
	counters_deinit(&counters);
}

static void counters_that_differ_in_one_part_are_two(void **state)
{
	(void)state;
	struct counters counters;
	struct counter of[8];
	int64_t sum;
	for (size_t i = 0; i < 8; i++)
		of[i] = (struct counter){
		        .end = 101, .what = 'C', .shape = 7, .first = 1, .incident = "room-1"};
	of[1].end = 102;
	of[2].what = 'I';
	of[3].shape = 8;
	of[4].first = 2;
	of[5].second = 1;
	memset(of[6].incident, 0, sizeof of[6].incident);
	of[7].incident[LGP_SLUG_MAX - 1] = 'x';
	assert_int_equal(counters_init(&counters), LGP_OK);
	for (size_t i = 0; i < 8; i++) {
		assert_int_equal(counters_get(&counters, &of[i]), 0);
		assert_int_equal(counters_add(&counters, &of[i], 1 + (int64_t)i, &sum), LGP_OK);
	}
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(counters_get(&counters, &of[i]), 1 + (int64_t)i);
	counters_deinit(&counters);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(roots_are_those_of_the_recursive_definition),
	        cmocka_unit_test(a_tile_node_is_told_where_it_is_complete),
	        cmocka_unit_test(keys_come_in_order_from_memory),
	        cmocka_unit_test(keys_come_in_order_from_disk),
	        cmocka_unit_test(what_was_put_is_found_after_growing),
	        cmocka_unit_test(no_number_that_stays_the_same_makes_places_one),
	        cmocka_unit_test(a_party_is_found_by_its_number_and_stays_in_its_place),
	        cmocka_unit_test(a_party_takes_less_than_64_bytes),
	        cmocka_unit_test(a_directory_is_served_while_its_lock_is_held),
	        cmocka_unit_test(every_kind_is_in_the_table),
	        cmocka_unit_test(amounts_have_the_unit_s_places),
	        cmocka_unit_test(counts_are_grouped),
	        cmocka_unit_test(moments_beyond_the_calendar_are_numbers),
	        cmocka_unit_test(a_signal_in_a_guarded_call_is_a_fault),
	        cmocka_unit_test(a_period_ends_where_the_calendar_says),
	        cmocka_unit_test(counters_of_a_closed_period_leave_memory),
	        cmocka_unit_test(counters_that_differ_in_one_part_are_two),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
