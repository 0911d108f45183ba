/* ledger_check: see ledger_check.h. */
#include "ledger_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

void shell(const char *format, ...)
{
	char command[1024];
	va_list args;
	va_start(args, format);
	int len = vsnprintf(command, sizeof command, format, args);
	va_end(args);
	assert_true(len > 0 && (size_t)len < sizeof command);
	if (system(command) != 0)
		fail_msg("failed: %s", command);
}

struct sum {
	enum lgp_class class;
	uint64_t owner, unit;
	int64_t balance;
};

struct walk {
	struct lgp_reader *reader;
	struct sum *sums;
	size_t count, room;
	uint64_t *last; /* by the party's number: its newest entry */
	uint64_t size;
};

static struct sum *sum_of(struct walk *walk, enum lgp_class class, uint64_t owner, uint64_t unit)
{
	for (size_t i = 0; i < walk->count; i++) {
		struct sum *sum = &walk->sums[i];
		if (sum->class == class && sum->owner == owner && sum->unit == unit)
			return sum;
	}
	if (walk->count == walk->room) {
		walk->room = walk->room == 0 ? 64 : 2 * walk->room;
		walk->sums = realloc(walk->sums, walk->room * sizeof *walk->sums);
		assert_non_null(walk->sums);
	}
	walk->sums[walk->count] = (struct sum){class, owner, unit, 0};
	return &walk->sums[walk->count++];
}

static void post(struct walk *walk, const struct lgp_entry *entry, enum lgp_class class,
                 int64_t amount)
{
	struct sum *sum = sum_of(walk, class, lgp_entry_owner(entry, class), entry->unit);
	sum->balance += amount;
	if (lgp_class_floored(class) && sum->balance < 0)
		fail_msg("entry %llu: %s falls to %lld (I4)", (unsigned long long)entry->seq,
		         lgp_class_name(class), (long long)sum->balance);
}

static void check_balance(struct walk *walk, const struct lgp_entry *entry)
{
	int64_t expected = 0;
	if (entry->customer != 0 && entry->unit != 0 && entry->kind != LGP_KIND_IMPORT)
		expected = sum_of(walk, LGP_CLASS_CUSTOMER, entry->customer, entry->unit)->balance;
	if (entry->balance != expected)
		fail_msg("entry %llu: balance %lld, not %lld (I7)", (unsigned long long)entry->seq,
		         (long long)entry->balance, (long long)expected);
}

static void check_link(struct walk *walk, const struct lgp_entry *entry, uint64_t party,
                       uint64_t prev)
{
	uint64_t expected = party == entry->seq ? 0 : walk->last[party];
	if (prev != expected)
		fail_msg("entry %llu: a link to %llu, not %llu (I7)",
		         (unsigned long long)entry->seq, (unsigned long long)prev,
		         (unsigned long long)expected);
}

static void visit(struct walk *walk, const struct lgp_entry *entry)
{
	if (entry->debit != LGP_CLASS_NONE) {
		post(walk, entry, entry->debit, -entry->amount);
		post(walk, entry, entry->credit, entry->amount);
	}
	check_balance(walk, entry);
	if (entry->customer != 0)
		check_link(walk, entry, entry->customer, entry->prev_customer);
	if (entry->budget != 0)
		check_link(walk, entry, entry->budget, entry->prev_budget);
	check_link(walk, entry, entry->actor, entry->prev_actor);
	walk->last[entry->seq] = entry->seq;
	if (entry->customer != 0)
		walk->last[entry->customer] = entry->seq;
	if (entry->budget != 0)
		walk->last[entry->budget] = entry->seq;
	walk->last[entry->actor] = entry->seq;
}

/* Per unit the accounts add up to nothing, and each is what readers see. */
static void check_sums(struct walk *walk)
{
	for (size_t i = 0; i < walk->count; i++) {
		const struct sum *sum = &walk->sums[i];
		int64_t total = 0, shown;
		for (size_t j = 0; j < walk->count; j++)
			if (walk->sums[j].unit == sum->unit)
				total += walk->sums[j].balance;
		assert_int_equal(total, 0); /* I1 */
		assert_int_equal(
		        lgp_read_balance(walk->reader, sum->class, sum->owner, sum->unit, &shown),
		        LGP_OK);
		assert_int_equal(shown, sum->balance);
	}
}

void ledger_check_all(struct lgp_ledger *ledger)
{
	struct lgp_checkpoint released;
	struct walk walk = {0};
	lgp_released(ledger, &released, NULL);
	walk.size = released.size;
	walk.last = calloc(walk.size, sizeof *walk.last);
	assert_non_null(walk.last);
	assert_int_equal(lgp_reader_new(ledger, &walk.reader), LGP_OK);
	for (uint64_t seq = 0; seq < walk.size; seq++) {
		struct lgp_entry entry;
		assert_int_equal(lgp_read_entry(walk.reader, seq, &entry), LGP_OK);
		assert_int_equal(entry.seq, seq);
		visit(&walk, &entry);
	}
	check_sums(&walk);
	lgp_reader_free(walk.reader);
	free(walk.sums);
	free(walk.last);
}
