/* test_batches: one batch is judged while the one before it is on its way. */
#include "ledger_fixture.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#define LARGE 1000 /* entries: such a batch is appended beside */

static struct fixture f;

static struct lgp_outcome grant(int64_t amount)
{
	struct lgp_command command = fixture_grant(&f, amount);
	return fixture_judge(&f, &command);
}

static void granted(int64_t amount)
{
	assert_int_equal(grant(amount).verdict, LGP_ACCEPTED);
}

/* ---- one append, here or beside ----------------------------------------------------- */

static struct {
	pthread_mutex_t lock;
	pthread_cond_t woken;
	bool over;
	enum lgp_status status;
	pthread_t thread;
} appended = {.lock = PTHREAD_MUTEX_INITIALIZER, .woken = PTHREAD_COND_INITIALIZER};

static void note_end(void *context, enum lgp_status status)
{
	(void)context;
	pthread_mutex_lock(&appended.lock);
	appended.over = true;
	appended.status = status;
	appended.thread = pthread_self();
	pthread_cond_signal(&appended.woken);
	pthread_mutex_unlock(&appended.lock);
}

static void begin_append(void)
{
	appended.over = false;
	lgp_log_append(f.ledger, note_end, NULL);
}

static void end_append(void)
{
	pthread_mutex_lock(&appended.lock);
	while (!appended.over)
		pthread_cond_wait(&appended.woken, &appended.lock);
	pthread_mutex_unlock(&appended.lock);
	assert_int_equal(appended.status, LGP_OK);
	lgp_highwater_write(f.ledger);
	lgp_batch_apply(f.ledger);
}

static void append(void)
{
	assert_int_equal(lgp_log_append_here(f.ledger), LGP_OK);
	lgp_highwater_write(f.ledger);
	lgp_batch_apply(f.ledger);
}

/* ---- what the next batch knows of the one before -------------------------------------- */

static void a_key_of_the_closed_batch_acts_no_more_I3(void **state)
{
	(void)state;
	struct lgp_command command = fixture_grant(&f, 100);
	uint64_t seq = fixture_judge(&f, &command).seq;
	lgp_batch_close(f.ledger);
	for (int i = 0; i < 2; i++) {
		struct lgp_outcome again = fixture_judge(&f, &command);
		assert_int_equal(again.verdict, LGP_REPLAYED);
		assert_int_equal(again.seq, seq);
		if (i == 0)
			append();
	}
	assert_int_equal(lgp_batch_count(f.ledger), 0);
	assert_int_equal(fixture_balance(&f, LGP_CLASS_CUSTOMER, f.customer), 100);
}

/* Anna may give `first` and `rest` and no more, whichever batch they are in. */
static void gives_in_two_batches(int64_t first, int64_t rest, enum lgp_problem beyond)
{
	granted(first);
	lgp_batch_close(f.ledger);
	assert_int_equal(grant(rest + 1).problem, beyond);
	granted(rest);
	append();
	assert_int_equal(grant(1).problem, beyond);
	fixture_commit(&f);
}

static void what_the_closed_batch_spends_is_spent_I4(void **state)
{
	(void)state;
	gives_in_two_batches(999900, 100, LGP_PROBLEM_INSUFFICIENT_BUDGET);
	assert_int_equal(fixture_balance(&f, LGP_CLASS_BUDGET, f.budget), 0);
	assert_int_equal(fixture_balance(&f, LGP_CLASS_CUSTOMER, f.customer), 1000000);
}

static void what_the_closed_batch_counts_is_counted_I5(void **state)
{
	(void)state;
	fixture_define(&f, LGP_KIND_LIMIT, f.finance,
	               "id day\nunit EUR\nmeasure amount\nper staff\nwindow day\nmax 100\n");
	gives_in_two_batches(60, 40, LGP_PROBLEM_LIMIT_EXCEEDED);
}

static void links_and_running_balances_go_on_behind_it_I7(void **state)
{
	(void)state;
	uint64_t first = grant(5).seq;
	lgp_batch_close(f.ledger);
	struct lgp_outcome second = grant(6);
	assert_int_equal(second.seq, first + 1);
	assert_int_equal(second.entry.balance, 11);
	assert_int_equal(second.entry.prev_customer, first);
	append();
	struct lgp_outcome third = grant(7);
	assert_int_equal(third.entry.balance, 18);
	assert_int_equal(third.entry.prev_customer, second.seq);
	fixture_commit(&f);
}

static void a_grant_of_the_closed_batch_is_reversed_once(void **state)
{
	(void)state;
	uint64_t seq = grant(50).seq;
	lgp_batch_close(f.ledger);
	struct lgp_command command = fixture_command(&f, LGP_KIND_REVERSAL, f.anna_token);
	command.refers_to = seq;
	assert_int_equal(fixture_judge(&f, &command).verdict, LGP_ACCEPTED);
	append();
	lgp_batch_close(f.ledger);
	command = fixture_command(&f, LGP_KIND_REVERSAL, f.anna_token);
	command.refers_to = seq;
	assert_int_not_equal(fixture_judge(&f, &command).verdict, LGP_ACCEPTED);
	append();
	assert_int_equal(fixture_balance(&f, LGP_CLASS_CUSTOMER, f.customer), 0);
}

/* ---- who sees what, and when ---------------------------------------------------------- */

static void nobody_sees_a_batch_before_it_is_durable_I9(void **state)
{
	(void)state;
	struct lgp_reader *reader;
	struct lgp_entry entry;
	assert_int_equal(lgp_reader_new(f.ledger, &reader), LGP_OK);
	uint64_t first = grant(5).seq;
	lgp_batch_close(f.ledger);
	granted(6);
	assert_int_equal(fixture_balance(&f, LGP_CLASS_CUSTOMER, f.customer), 0);
	assert_int_equal(lgp_read_entry(reader, first, &entry), LGP_MISSING);
	append();
	assert_int_equal(fixture_balance(&f, LGP_CLASS_CUSTOMER, f.customer), 5);
	assert_int_equal(lgp_read_entry(reader, first, &entry), LGP_OK);
	assert_int_equal(lgp_read_entry(reader, first + 1, &entry), LGP_MISSING);
	fixture_commit(&f);
	assert_int_equal(fixture_balance(&f, LGP_CLASS_CUSTOMER, f.customer), 11);
	lgp_reader_free(reader);
}

static size_t shown(void)
{
	uint64_t list[8];
	size_t count;
	lgp_pending(f.ledger, 0, list, 8, &count);
	return count;
}

static void what_waits_is_shown_batch_by_batch_I9(void **state)
{
	(void)state;
	fixture_define(&f, LGP_KIND_LIMIT, f.finance,
	               "id day\nunit EUR\nmeasure amount\nper staff\nwindow day\nmax 100\n"
	               "when_passed ask\n");
	struct lgp_command command = fixture_grant(&f, 101);
	command.ask = true;
	assert_int_equal(fixture_judge(&f, &command).verdict, LGP_ACCEPTED);
	lgp_batch_close(f.ledger);
	command = fixture_grant(&f, 102);
	command.ask = true;
	assert_int_equal(fixture_judge(&f, &command).verdict, LGP_ACCEPTED);
	assert_int_equal(shown(), 0);
	append();
	assert_int_equal(shown(), 1);
	fixture_commit(&f);
	assert_int_equal(shown(), 2);
}

static void nothing_is_judged_behind_a_definition_on_its_way(void **state)
{
	(void)state;
	struct lgp_outcome out;
	struct lgp_command command = fixture_command(&f, LGP_KIND_REASON, f.admin);
	command.payload = LGP_VIEW("id late-bus\nkind discretionary\n");
	assert_int_equal(fixture_judge(&f, &command).verdict, LGP_ACCEPTED);
	lgp_batch_close(f.ledger);
	command = fixture_grant(&f, 5);
	command.reason = slug("late-bus");
	assert_true(lgp_batch_full(f.ledger));
	assert_int_equal(lgp_judge(f.ledger, &command, &out), LGP_OVERLOAD);
	append();
	assert_false(lgp_batch_full(f.ledger));
	assert_int_equal(fixture_judge(&f, &command).verdict, LGP_ACCEPTED);
	fixture_commit(&f);
}

/* ---- what is set aside, and found again ------------------------------------------------- */

static void a_generation_ends_before_the_open_batch_I10(void **state)
{
	(void)state;
	struct lgp_hash live, again;
	granted(5);
	lgp_batch_close(f.ledger);
	struct lgp_command open = fixture_grant(&f, 6);
	uint64_t seq = fixture_judge(&f, &open).seq;
	append();
	assert_true(lgp_state_freeze(f.ledger, true));
	granted(7);
	assert_int_equal(lgp_applier_step(f.ledger), LGP_OK);
	granted(8);
	struct lgp_ledger_stats stats;
	lgp_stats(f.ledger, &stats);
	assert_int_equal(stats.state_position, seq);
	fixture_reopen(&f); /* what was not closed is gone */
	assert_int_equal(lgp_next_seq(f.ledger), seq);
	assert_int_equal(fixture_balance(&f, LGP_CLASS_CUSTOMER, f.customer), 5);
	assert_int_equal(fixture_judge(&f, &open).verdict, LGP_ACCEPTED);
	lgp_batch_close(f.ledger);
	granted(7);
	append();
	assert_true(lgp_state_freeze(f.ledger, true));
	fixture_commit(&f);
	assert_int_equal(lgp_applier_step(f.ledger), LGP_OK);
	assert_int_equal(lgp_state_hash(f.ledger, &live), LGP_OK);
	fixture_reopen(&f);
	assert_int_equal(fixture_judge(&f, &open).verdict, LGP_REPLAYED);
	assert_int_equal(lgp_state_hash(f.ledger, &again), LGP_OK);
	assert_memory_equal(&live, &again, sizeof live);
}

/* ---- beside ----------------------------------------------------------------------------- */

static void prove_all(uint64_t first, size_t count)
{
	struct lgp_checkpoint checkpoint;
	lgp_released(f.ledger, &checkpoint, NULL);
	assert_int_equal(checkpoint.size, first + count);
	for (size_t i = 0; i < count; i++) {
		struct lgp_proof proof;
		struct lgp_hash leaf;
		lgp_batch_prove(f.ledger, first + i, &proof);
		lgp_hash_leaf(lgp_batch_entry(f.ledger, first + i), LGP_ENTRY_LEN, &leaf);
		assert_int_equal(lgp_verify_inclusion(&leaf, first + i, checkpoint.size,
		                                      &checkpoint.root, &proof),
		                 LGP_OK);
	}
}

static void large_batches_are_appended_while_the_next_is_judged_I9(void **state)
{
	(void)state;
	uint64_t first = lgp_next_seq(f.ledger), closed = 0;
	for (int batch = 0; batch < 8; batch++) {
		for (int i = 0; i < LARGE; i++)
			granted(1);
		if (batch > 0) {
			end_append();
			assert_int_equal(fixture_balance(&f, LGP_CLASS_CUSTOMER, f.customer),
			                 batch * LARGE);
			prove_all(closed, LARGE);
		}
		closed = lgp_next_seq(f.ledger) - LARGE;
		lgp_batch_close(f.ledger);
		begin_append();
	}
	end_append();
	assert_false(pthread_equal(appended.thread, pthread_self()));
	fixture_reopen(&f);
	assert_int_equal(lgp_next_seq(f.ledger), first + 8 * LARGE);
	assert_int_equal(fixture_balance(&f, LGP_CLASS_CUSTOMER, f.customer), 8 * LARGE);
}

static void small_batches_are_durable_when_the_append_returns(void **state)
{
	(void)state;
	granted(1);
	lgp_batch_close(f.ledger);
	begin_append();
	assert_true(appended.over);
	assert_true(pthread_equal(appended.thread, pthread_self()));
	end_append();
}

int main(void)
{
#define TEST(name) FIXTURE_CASE(name, &f)
	const struct CMUnitTest tests[] = {
	        TEST(a_key_of_the_closed_batch_acts_no_more_I3),
	        TEST(what_the_closed_batch_spends_is_spent_I4),
	        TEST(what_the_closed_batch_counts_is_counted_I5),
	        TEST(links_and_running_balances_go_on_behind_it_I7),
	        TEST(a_grant_of_the_closed_batch_is_reversed_once),
	        TEST(nobody_sees_a_batch_before_it_is_durable_I9),
	        TEST(what_waits_is_shown_batch_by_batch_I9),
	        TEST(nothing_is_judged_behind_a_definition_on_its_way),
	        TEST(a_generation_ends_before_the_open_batch_I10),
	        TEST(large_batches_are_appended_while_the_next_is_judged_I9),
	        TEST(small_batches_are_durable_when_the_append_returns),
	};
	return cmocka_run_group_tests_name("batches", tests, NULL, NULL);
}
