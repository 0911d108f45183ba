/* test_audit_wal: of a directory, what is durable in the write-ahead log alone is shown
 * like the rest.  The same ledger with and without ledger.mdb having taken it over must
 * look the same. */
#include "ledger_check.h"
#include "ledger_fixture.h"
#include "tools/audit/source.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static struct fixture f;
static char waiting[sizeof f.dir]; /* a copy in which much waits; f.dir's own ledger.mdb has all */

static void grants(unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		struct lgp_command grant = fixture_grant(&f, 1 + i);
		fixture_do(&f, &grant);
	}
}

static void define(const char *id)
{
	char text[96];
	snprintf(text, sizeof text, "id %s\nkind discretionary\n", id);
	fixture_define(&f, LGP_KIND_REASON, f.admin, text);
}

/* Two generations wait: the copy's ledger.mdb is from before both. */
static int setup(void **state)
{
	(void)state;
	fixture_programme(&f);
	grants(20);
	assert_int_equal(lgp_log_flush(f.ledger), LGP_OK);
	snprintf(waiting, sizeof waiting, "%.40s-waiting", f.dir);
	shell("cp %s/ledger.mdb %s.mdb", f.dir, f.dir);
	define("first");
	grants(17);
	assert_int_equal(lgp_log_flush(f.ledger), LGP_OK);
	define("second");
	grants(300);
	shell("cp -r %s %s && mv %s.mdb %s/ledger.mdb", f.dir, waiting, f.dir, waiting);
	assert_int_equal(lgp_log_flush(f.ledger), LGP_OK);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fixture_remove(&f);
	shell("rm -rf %s", waiting);
	return 0;
}

static struct source *open_source(const char *dir)
{
	struct source *source;
	bool damaged;
	struct source_options options = {.ledger = dir};
	assert_int_equal(source_open(&options, &source, &damaged), LGP_OK);
	return source;
}

static void same_payloads(struct source *a, struct source *b)
{
	struct payloads *x = malloc(sizeof *x), *y = malloc(sizeof *y);
	struct lgp_hash after;
	size_t all = 0;
	do {
		const struct lgp_hash *from = all > 0 ? &after : NULL;
		assert_int_equal(source_payloads(a, from, x), LGP_OK);
		assert_int_equal(source_payloads(b, from, y), LGP_OK);
		/* One may need more steps than the other: they meet at the first. */
		assert_true((x->count == 0) == (y->count == 0));
		if (x->count == 0)
			break;
		assert_memory_equal(&x->list[0].key, &y->list[0].key, LGP_HASH_LEN);
		assert_int_equal(x->list[0].len, y->list[0].len);
		assert_memory_equal(x->bytes + x->list[0].at, y->bytes + y->list[0].at,
		                    x->list[0].len);
		after = x->list[0].key;
		all++;
	} while (true);
	assert_true(all > 10);
	free(x);
	free(y);
}

static void same_strips(struct source *a, struct source *b, enum lgp_log_table table,
                        unsigned level, uint64_t count)
{
	uint64_t behind;
	for (uint64_t i = 0; i <= count; i++) {
		struct strip x, y;
		uint64_t size_x, size_y, key = (uint64_t)level << 56 | i;
		source_strip(a, table, key, &x, &size_x);
		source_strip(b, table, key, &y, &size_y);
		assert_int_equal(x.cell, y.cell);
		assert_int_equal(size_x, size_y);
		if (x.cell == CELL_HERE)
			assert_memory_equal(x.hash, y.hash, sizeof x.hash);
	}
	assert_int_equal(source_strip_behind(a, table, level, &behind), LGP_MISSING);
	assert_int_equal(source_strip_behind(b, table, level, &behind), LGP_MISSING);
}

static void same_blocks(struct source *a, struct source *b, uint64_t size)
{
	struct block *x = calloc(1, sizeof *x), *y = calloc(1, sizeof *y);
	for (x->first = y->first = 0; x->first < size; x->first += BLOCK_ENTRIES) {
		source_block(a, size, x);
		source_block(b, size, y);
		y->first = x->first;
		assert_int_equal(x->count, y->count);
		assert_false(x->empty || y->empty);
		assert_memory_equal(x->cell, y->cell, x->count);
		assert_memory_equal(x->entry, y->entry, x->count * sizeof x->entry[0]);
		for (unsigned i = 0; i * LGP_STRIP_HASHES < x->count; i++)
			assert_memory_equal(x->leaves[i].hash, y->leaves[i].hash,
			                    sizeof x->leaves[i].hash);
	}
	free(x);
	free(y);
}

static void same_checkpoints(struct source *a, struct source *b, uint64_t count)
{
	static struct stored_checkpoint x[CHECKPOINTS_MAX], y[CHECKPOINTS_MAX];
	uint64_t from = 0, all = 0;
	size_t n, m;
	do {
		assert_int_equal(source_checkpoints(a, from, x, &n), LGP_OK);
		assert_int_equal(source_checkpoints(b, from, y, &m), LGP_OK);
		assert_int_equal(n, m);
		for (size_t i = 0; i < n; i++) {
			assert_int_equal(x[i].size, y[i].size);
			assert_memory_equal(&x[i].root, &y[i].root, sizeof x[i].root);
			assert_memory_equal(x[i].signature, y[i].signature, LGP_SIGNATURE_LEN);
			from = x[i].size + 1;
		}
		all += n;
	} while (n > 0);
	assert_int_equal(all, count);
}

static void same_ledger(struct source *a, struct source *b, const struct extent *extent)
{
	uint8_t x[LGP_ENTRY_LEN], y[LGP_ENTRY_LEN];
	for (uint64_t seq = 0; seq < extent->size; seq++) {
		assert_int_equal(source_entry(a, seq, x), LGP_OK);
		assert_int_equal(source_entry(b, seq, y), LGP_OK);
		assert_memory_equal(x, y, sizeof x);
	}
	assert_int_equal(source_entry(a, extent->size, x), LGP_MISSING);
	same_blocks(a, b, extent->size);
	same_strips(a, b, LGP_LOG_LEAVES, 0, extent->size / LGP_STRIP_HASHES);
	same_strips(a, b, LGP_LOG_NODES, 1, 1);
	same_checkpoints(a, b, extent->checkpoints);
	same_payloads(a, b);
}

static void what_waits_is_shown_like_the_rest(void **state)
{
	(void)state;
	struct source *a = open_source(waiting), *b = open_source(f.dir);
	struct extent x, y;
	assert_int_equal(source_extent(a, &x), LGP_OK);
	assert_int_equal(source_extent(b, &y), LGP_OK);
	assert_int_equal(x.size, lgp_next_seq(f.ledger));
	assert_memory_equal(&x, &y, sizeof x);
	same_ledger(a, b, &x);
	source_close(a);
	source_close(b);
}

/* Another process: two that have one store open must not be one. */
static void open_and_close(const char *dir)
{
	int status;
	pid_t pid = fork();
	if (pid == 0) {
		struct fixture copy = f;
		copy.ledger = NULL;
		strcpy(copy.dir, dir);
		fixture_reopen(&copy);
		fixture_close(&copy);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* What was held when the size was fixed goes into ledger.mdb while the audit reads. */
static void a_flush_in_the_middle_changes_nothing(void **state)
{
	(void)state;
	struct extent x;
	struct source *a = open_source(waiting), *b = open_source(f.dir);
	assert_int_equal(source_extent(a, &x), LGP_OK);
	assert_int_equal(x.size, lgp_next_seq(f.ledger));
	open_and_close(waiting);
	same_ledger(a, b, &x);
	source_close(a);
	source_close(b);
}

static void a_payload_is_found_by_its_hash_wherever_it_is(void **state)
{
	(void)state;
	struct source *a = open_source(waiting), *b = open_source(f.dir);
	struct extent extent;
	unsigned found = 0;
	assert_int_equal(source_extent(a, &extent), LGP_OK);
	for (uint64_t seq = 0; seq < extent.size; seq++) {
		uint8_t bytes[LGP_ENTRY_LEN];
		char x[LGP_DEFINITION_MAX], y[LGP_DEFINITION_MAX];
		size_t n, m;
		struct lgp_entry entry;
		assert_int_equal(source_entry(b, seq, bytes), LGP_OK);
		assert_int_equal(lgp_entry_decode(bytes, &entry), LGP_OK);
		if ((entry.flags & LGP_FLAG_PAYLOAD) == 0)
			continue;
		assert_int_equal(source_payload(a, &entry.hash, x, sizeof x, &n), LGP_OK);
		assert_int_equal(source_payload(b, &entry.hash, y, sizeof y, &m), LGP_OK);
		assert_int_equal(n, m);
		assert_memory_equal(x, y, n);
		assert_int_equal(source_payload(a, &entry.hash, x, n - 1, &n), LGP_OVERLOAD);
		found++;
	}
	assert_true(found > 10);
	source_close(a);
	source_close(b);
}

static void a_ledger_mdb_by_itself_is_what_it_holds(void **state)
{
	(void)state;
	char path[112];
	struct extent alone, whole;
	snprintf(path, sizeof path, "%s/ledger.mdb", waiting);
	struct source *a = open_source(path), *b = open_source(waiting);
	assert_int_equal(source_extent(a, &alone), LGP_OK);
	assert_int_equal(source_extent(b, &whole), LGP_OK);
	assert_int_equal(whole.size - alone.size, 319);
	source_close(a);
	source_close(b);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        CASE(what_waits_is_shown_like_the_rest),
	        CASE(a_flush_in_the_middle_changes_nothing),
	        CASE(a_payload_is_found_by_its_hash_wherever_it_is),
	        CASE(a_ledger_mdb_by_itself_is_what_it_holds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
