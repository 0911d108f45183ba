/* test_ledger: commands through the door, and what readers then see. */
#include "ledger_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static struct fixture f;

static void grant_moves_from_budget_to_customer_I1(void **state)
{
	(void)state;
	struct lgp_command grant = fixture_grant(&f, 2500);
	struct lgp_outcome out = fixture_judge(&f, &grant);
	assert_int_equal(out.verdict, LGP_ACCEPTED);
	assert_int_equal(out.entry.balance, 2500);
	assert_int_equal(out.entry.business_date, FIRST_DAY);
	assert_int_equal(fixture_balance(&f, LGP_CLASS_CUSTOMER, f.customer), 0);
	fixture_commit(&f);
	assert_int_equal(fixture_balance(&f, LGP_CLASS_CUSTOMER, f.customer), 2500);
	assert_int_equal(fixture_balance(&f, LGP_CLASS_BUDGET, f.budget), 997500);
	assert_int_equal(fixture_balance(&f, LGP_CLASS_ISSUANCE, f.budget), -1000000);
}

static void thanks_moves_nothing_I1(void **state)
{
	(void)state;
	struct lgp_command thanks = fixture_command(&f, LGP_KIND_THANKS, f.anna_token);
	thanks.customer = f.customer;
	thanks.reason = slug("late-room");
	thanks.amount = 15;
	uint64_t seq = fixture_do(&f, &thanks);
	struct lgp_reader *reader;
	struct lgp_entry entry;
	assert_int_equal(lgp_reader_new(f.ledger, &reader), LGP_OK);
	assert_int_equal(lgp_read_entry(reader, seq, &entry), LGP_OK);
	lgp_reader_free(reader);
	assert_int_equal(entry.debit, LGP_CLASS_NONE);
	assert_int_equal(entry.amount, 15);
	assert_int_equal(fixture_balance(&f, LGP_CLASS_BUDGET, f.budget), 1000000);
}

static void key_acts_once_for_ever_I3(void **state)
{
	(void)state;
	struct lgp_command grant = fixture_grant(&f, 100);
	uint64_t seq = fixture_do(&f, &grant);
	struct lgp_outcome again = fixture_judge(&f, &grant);
	assert_int_equal(again.verdict, LGP_REPLAYED);
	assert_int_equal(again.seq, seq);
	fixture_reopen(&f);
	again = fixture_judge(&f, &grant);
	assert_int_equal(again.verdict, LGP_REPLAYED);
	assert_int_equal(again.seq, seq);
	assert_int_equal(lgp_batch_count(f.ledger), 0);
}

static void key_acts_once_within_a_batch_I3(void **state)
{
	(void)state;
	struct lgp_command grant = fixture_grant(&f, 100);
	struct lgp_outcome first = fixture_judge(&f, &grant), second = fixture_judge(&f, &grant);
	assert_int_equal(first.verdict, LGP_ACCEPTED);
	assert_int_equal(second.verdict, LGP_REPLAYED);
	assert_int_equal(second.seq, first.seq);
	fixture_commit(&f);
	assert_int_equal(fixture_balance(&f, LGP_CLASS_CUSTOMER, f.customer), 100);
}

static void key_with_another_body_is_a_conflict_I3(void **state)
{
	(void)state;
	struct lgp_command grant = fixture_grant(&f, 100);
	fixture_do(&f, &grant);
	grant.body_mac[0] ^= 1;
	struct lgp_outcome out = fixture_judge(&f, &grant);
	assert_int_equal(out.verdict, LGP_DENIED);
	assert_int_equal(out.problem, LGP_PROBLEM_KEY_REUSED);
}

static void refusal_is_recorded_and_replayed_I3(void **state)
{
	(void)state;
	struct lgp_command grant = fixture_grant(&f, 1000001);
	struct lgp_outcome out = fixture_judge(&f, &grant);
	assert_int_equal(out.verdict, LGP_REFUSED);
	assert_int_equal(out.problem, LGP_PROBLEM_INSUFFICIENT_BUDGET);
	fixture_commit(&f);
	struct lgp_outcome again = fixture_judge(&f, &grant);
	assert_int_equal(again.verdict, LGP_REPLAYED);
	assert_int_equal(again.entry.kind, LGP_KIND_REFUSAL);
	assert_int_equal(again.entry.asked, LGP_KIND_GRANT);
	assert_int_equal(again.entry.code, LGP_PROBLEM_INSUFFICIENT_BUDGET);
	assert_int_equal(again.entry.amount, 1000001);
}

static void denial_uses_up_no_key_I3(void **state)
{
	(void)state;
	struct lgp_command grant = fixture_grant(&f, 100);
	grant.reason = slug("nowhere");
	struct lgp_outcome out = fixture_judge(&f, &grant);
	assert_int_equal(out.verdict, LGP_DENIED);
	assert_int_equal(out.problem, LGP_PROBLEM_NOT_FOUND);
	assert_string_equal(out.field, "reason");
	assert_int_equal(lgp_batch_count(f.ledger), 0);
	grant.reason = slug("late-room");
	fixture_do(&f, &grant);
}

static void dry_run_writes_nothing_and_uses_up_no_key(void **state)
{
	(void)state;
	struct lgp_command grant = fixture_grant(&f, 100);
	grant.dry = true;
	struct lgp_outcome out = fixture_judge(&f, &grant);
	assert_int_equal(out.verdict, LGP_ACCEPTED);
	assert_int_equal(out.entry.balance, 100);
	assert_int_equal(lgp_batch_count(f.ledger), 0);
	grant.dry = false;
	fixture_do(&f, &grant);
}

static void budget_is_spent_to_the_last_unit_and_not_beyond_I4(void **state)
{
	(void)state;
	struct lgp_command all = fixture_grant(&f, 1000000);
	fixture_do(&f, &all);
	struct lgp_command one = fixture_grant(&f, 1);
	struct lgp_outcome out = fixture_judge(&f, &one);
	assert_int_equal(out.problem, LGP_PROBLEM_INSUFFICIENT_BUDGET);
	fixture_commit(&f);
	assert_int_equal(fixture_balance(&f, LGP_CLASS_BUDGET, f.budget), 0);
}

static void links_lead_back_to_the_opening_entry_I7(void **state)
{
	(void)state;
	uint64_t seqs[3];
	for (unsigned i = 0; i < 3; i++) {
		struct lgp_command grant = fixture_grant(&f, 10);
		seqs[i] = fixture_do(&f, &grant);
	}
	struct lgp_reader *reader;
	struct lgp_party party;
	struct lgp_entry entry;
	assert_int_equal(lgp_reader_new(f.ledger, &reader), LGP_OK);
	assert_int_equal(lgp_read_party(reader, f.customer, &party), LGP_OK);
	assert_int_equal(party.last, seqs[2]);
	assert_int_equal(lgp_read_entry(reader, seqs[2], &entry), LGP_OK);
	assert_int_equal(entry.prev_customer, seqs[1]);
	assert_int_equal(lgp_read_entry(reader, seqs[0], &entry), LGP_OK);
	assert_int_equal(entry.prev_customer, f.customer);
	assert_int_equal(entry.prev_actor, f.customer); /* anna opened the customer */
	lgp_reader_free(reader);
}

static uint64_t reverse(uint64_t token, uint64_t seq, int64_t amount, enum lgp_problem expected)
{
	struct lgp_command reversal = fixture_command(&f, LGP_KIND_REVERSAL, token);
	reversal.refers_to = seq;
	reversal.amount = amount;
	struct lgp_outcome out = fixture_judge(&f, &reversal);
	assert_int_equal(out.problem, expected);
	if (lgp_batch_count(f.ledger) > 0)
		fixture_commit(&f);
	return out.seq;
}

static void giver_reverses_on_the_same_day_and_not_later(void **state)
{
	(void)state;
	struct lgp_command grant = fixture_grant(&f, 100);
	uint64_t first = fixture_do(&f, &grant);
	grant = fixture_grant(&f, 200);
	uint64_t second = fixture_do(&f, &grant);
	reverse(f.anna_token, first, 0, LGP_PROBLEM_NONE);
	assert_int_equal(fixture_balance(&f, LGP_CLASS_CUSTOMER, f.customer), 200);
	f.now_us += DAY_US;
	reverse(f.anna_token, second, 0, LGP_PROBLEM_REVERSAL_FORBIDDEN);
	reverse(f.marc_token, second, 0, LGP_PROBLEM_NONE);
	assert_int_equal(fixture_balance(&f, LGP_CLASS_BUDGET, f.budget), 1000000);
}

static void reversals_in_parts_never_pass_the_whole(void **state)
{
	(void)state;
	struct lgp_command grant = fixture_grant(&f, 100);
	uint64_t seq = fixture_do(&f, &grant);
	reverse(f.anna_token, seq, 60, LGP_PROBLEM_NONE);
	reverse(f.anna_token, seq, 41, LGP_PROBLEM_ALREADY_REVERSED);
	reverse(f.anna_token, seq, 40, LGP_PROBLEM_NONE);
	reverse(f.anna_token, seq, 0, LGP_PROBLEM_ALREADY_REVERSED);
}

static void integration_reverses_its_own_alone(void **state)
{
	(void)state;
	struct lgp_command grant = fixture_grant(&f, 100);
	uint64_t annas = fixture_do(&f, &grant);
	grant = fixture_grant(&f, 100);
	grant.token = f.till_token;
	grant.staff = slug("anna");
	uint64_t tills = fixture_do(&f, &grant);
	reverse(f.till_token, annas, 0, LGP_PROBLEM_REVERSAL_FORBIDDEN);
	reverse(f.till_token, tills, 0, LGP_PROBLEM_NONE);
}

static void definition_ends_its_batch_and_its_second_is_denied(void **state)
{
	(void)state;
	struct lgp_command site = fixture_command(&f, LGP_KIND_SITE, f.admin);
	site.payload = LGP_VIEW("id lyon\ntimezone Etc/UTC\n");
	struct lgp_outcome out = fixture_judge(&f, &site);
	assert_int_equal(out.verdict, LGP_ACCEPTED);
	assert_true(lgp_batch_full(f.ledger));
	fixture_commit(&f);
	struct lgp_command second = fixture_command(&f, LGP_KIND_SITE, f.admin);
	second.payload = site.payload;
	assert_int_equal(fixture_judge(&f, &second).problem, LGP_PROBLEM_EXISTS);
}

static void amended_staff_leaves_and_grants_no_more(void **state)
{
	(void)state;
	struct lgp_command change = fixture_command(&f, LGP_KIND_STAFF, f.admin);
	change.amend = true;
	change.refers_to = f.anna;
	change.payload = LGP_VIEW("active_until 2024-10-04\n");
	fixture_do(&f, &change);
	struct lgp_command grant = fixture_grant(&f, 100);
	assert_int_equal(fixture_judge(&f, &grant).problem, LGP_PROBLEM_UNAUTHENTICATED);
	grant.token = f.till_token; /* in their name */
	assert_true(lgp_slug_set(&grant.staff, LGP_VIEW("anna")));
	assert_int_equal(fixture_judge(&f, &grant).problem, LGP_PROBLEM_STAFF_INACTIVE);
	fixture_commit(&f);
}

/* ---- who comes back --------------------------------------------------------------------- */

#define NEW_TOKEN                    \
	"role staff\nsubject anna\n" \
	"hash 00000000000000000000000000000000000000000000000000000000000000aa\n"

static struct lgp_outcome change_anna(const char *text)
{
	struct lgp_command change = fixture_command(&f, LGP_KIND_STAFF, f.admin);
	change.amend = true;
	change.refers_to = f.anna;
	change.payload = lgp_view_of(text);
	struct lgp_outcome out = fixture_judge(&f, &change);
	if (out.verdict == LGP_ACCEPTED)
		fixture_commit(&f);
	return out;
}

static enum lgp_problem tried_by(uint64_t token)
{
	struct lgp_command grant = fixture_grant(&f, 100);
	grant.token = token;
	struct lgp_outcome out = fixture_judge(&f, &grant);
	if (out.verdict == LGP_ACCEPTED)
		fixture_commit(&f);
	return out.problem;
}

static bool listed_as_ended(uint64_t token)
{
	lgp_registry_lock(f.ledger);
	bool ended = lgp_registry_get(f.ledger, token)->as.token.ended;
	lgp_registry_unlock(f.ledger);
	return ended;
}

static void who_comes_back_needs_a_new_token(void **state)
{
	(void)state;
	assert_int_equal(change_anna("active_until 2024-10-04\n").verdict, LGP_ACCEPTED);
	uint64_t early = fixture_define(&f, LGP_KIND_TOKEN, f.admin, NEW_TOKEN);
	assert_int_equal(change_anna("active_until \n").verdict, LGP_ACCEPTED);
	assert_int_equal(tried_by(f.anna_token), LGP_PROBLEM_UNAUTHENTICATED);
	assert_int_equal(tried_by(early), LGP_PROBLEM_UNAUTHENTICATED);
	assert_true(listed_as_ended(f.anna_token) && listed_as_ended(early));
	assert_false(listed_as_ended(f.marc_token) || listed_as_ended(f.till_token));
	uint64_t token = fixture_define(
	        &f, LGP_KIND_TOKEN, f.admin,
	        "role staff\nsubject anna\n"
	        "hash 00000000000000000000000000000000000000000000000000000000000000ab\n");
	assert_int_equal(tried_by(token), LGP_PROBLEM_NONE);
	fixture_reopen(&f); /* from the log, and then from what state.mdb holds */
	assert_int_equal(tried_by(f.anna_token), LGP_PROBLEM_UNAUTHENTICATED);
	assert_true(lgp_state_freeze(f.ledger, true));
	assert_int_equal(lgp_applier_step(f.ledger), LGP_OK);
	fixture_reopen(&f);
	assert_int_equal(tried_by(f.anna_token), LGP_PROBLEM_UNAUTHENTICATED);
	assert_int_equal(tried_by(token), LGP_PROBLEM_NONE);
}

static void tokens_of_who_stays_live_through_changes(void **state)
{
	(void)state;
	assert_int_equal(change_anna("active_until 2024-10-05\n").verdict, LGP_ACCEPTED);
	assert_int_equal(change_anna("active_until 2024-10-06\n").verdict, LGP_ACCEPTED);
	assert_int_equal(tried_by(f.anna_token), LGP_PROBLEM_NONE);
	f.now_us += DAY_US;
	assert_int_equal(change_anna("active_until \n").verdict, LGP_ACCEPTED);
	assert_int_equal(tried_by(f.anna_token), LGP_PROBLEM_NONE);
}

/* Left unnoticed, by the date alone; noticed by a change that brings nobody back. */
static void who_left_by_the_calendar_has_left_all_the_same(void **state)
{
	(void)state;
	assert_int_equal(change_anna("active_until 2024-10-05\n").verdict, LGP_ACCEPTED);
	f.now_us += DAY_US;
	assert_int_equal(change_anna("active_until 2024-10-04\n").verdict, LGP_ACCEPTED);
	assert_true(listed_as_ended(f.anna_token));
	assert_int_equal(change_anna("active_until \n").verdict, LGP_ACCEPTED);
	assert_int_equal(tried_by(f.anna_token), LGP_PROBLEM_UNAUTHENTICATED);
}

/* Six in the morning at paris, the evening before at the end of the world. */
static void nobody_comes_back_by_moving_to_where_it_is_yesterday(void **state)
{
	(void)state;
	fixture_define(&f, LGP_KIND_SITE, f.admin, "id end\ntimezone Etc/GMT+12\n");
	f.now_us = (FIRST_DAY + 1) * DAY_US + DAY_US / 4;
	assert_int_equal(change_anna("active_until 2024-10-05\n").verdict, LGP_ACCEPTED);
	static const char *const moves[] = {"site end\n", "site end\nactive_until 2024-10-09\n",
	                                    "site end\nactive_until \n"};
	for (size_t i = 0; i < sizeof moves / sizeof moves[0]; i++) {
		struct lgp_outcome out = change_anna(moves[i]);
		assert_int_equal(out.problem, LGP_PROBLEM_INVALID);
		assert_string_equal(out.field, "site");
	}
	f.now_us += DAY_US / 2; /* there too */
	assert_int_equal(change_anna("site end\nsites paris\nactive_until \n").verdict,
	                 LGP_ACCEPTED);
	assert_int_equal(tried_by(f.anna_token), LGP_PROBLEM_UNAUTHENTICATED);
}

static void ended_token_is_nobody(void **state)
{
	(void)state;
	struct lgp_command end = fixture_command(&f, LGP_KIND_TOKEN_END, f.admin);
	end.refers_to = f.anna_token;
	fixture_do(&f, &end);
	struct lgp_command grant = fixture_grant(&f, 100);
	assert_int_equal(fixture_judge(&f, &grant).problem, LGP_PROBLEM_UNAUTHENTICATED);
	fixture_reopen(&f);
	assert_int_equal(fixture_judge(&f, &grant).problem, LGP_PROBLEM_UNAUTHENTICATED);
}

static void who_makes_people_does_not_make_money(void **state)
{
	(void)state;
	static const struct {
		bool by_finance;
		const char *role;
		enum lgp_problem expected;
	} cases[] = {
	        {false, "finance", LGP_PROBLEM_FORBIDDEN},
	        {false, "auditor", LGP_PROBLEM_FORBIDDEN},
	        {false, "integration", LGP_PROBLEM_NONE},
	        {true, "admin", LGP_PROBLEM_FORBIDDEN},
	        {true, "integration", LGP_PROBLEM_FORBIDDEN},
	        {true, "auditor", LGP_PROBLEM_NONE},
	        {true, "finance", LGP_PROBLEM_NONE},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char text[256];
		snprintf(text, sizeof text, "role %s\nhash %064zu\n", cases[i].role, i + 100);
		struct lgp_command token = fixture_command(
		        &f, LGP_KIND_TOKEN, cases[i].by_finance ? f.finance : f.admin);
		token.payload = lgp_view_of(text);
		assert_int_equal(fixture_judge(&f, &token).problem, cases[i].expected);
		if (lgp_batch_count(f.ledger) > 0)
			fixture_commit(&f);
	}
}

static void imported_spending_draws_on_no_allotment_I4(void **state)
{
	(void)state;
	struct lgp_command party = fixture_command(&f, LGP_KIND_PARTY, f.admin);
	party.keyed = false;
	uint64_t number = fixture_do(&f, &party);
	struct lgp_command import = fixture_command(&f, LGP_KIND_IMPORT, f.admin);
	import.customer = number;
	import.unit = slug("EUR");
	import.staff = slug("anna");
	import.reason = slug("late-room");
	import.budget = slug("front-desk");
	import.amount = 5000000;
	import.business_date = 16800;
	struct lgp_outcome out = fixture_judge(&f, &import);
	assert_int_equal(out.verdict, LGP_ACCEPTED);
	assert_int_equal(out.entry.business_date, 16800);
	assert_int_equal(out.entry.balance, 0);
	fixture_commit(&f);
	import = fixture_command(&f, LGP_KIND_IMPORT, f.admin);
	import.unit = slug("EUR");
	import.staff = slug("anna");
	import.reason = slug("late-room");
	import.budget = slug("front-desk");
	import.amount = -6000000;
	import.business_date = 16801;
	fixture_do(&f, &import);
	assert_int_equal(fixture_balance(&f, LGP_CLASS_HISTORY, f.budget), 1000000);
	assert_int_equal(fixture_balance(&f, LGP_CLASS_SETTLEMENT, 0), -1000000);
	assert_int_equal(fixture_balance(&f, LGP_CLASS_BUDGET, f.budget), 1000000);
}

static void receipt_of_every_entry_verifies(void **state)
{
	(void)state;
	struct lgp_command a = fixture_grant(&f, 1), b = fixture_grant(&f, 2);
	struct lgp_outcome first = fixture_judge(&f, &a), second = fixture_judge(&f, &b);
	fixture_commit(&f);
	uint64_t seqs[] = {first.seq, second.seq};
	for (unsigned i = 0; i < 2; i++) {
		struct lgp_proof proof;
		char receipt[LGP_RECEIPT_MAX];
		uint64_t index;
		lgp_batch_prove(f.ledger, seqs[i], &proof);
		size_t len = lgp_receipt_format(seqs[i], &proof, lgp_batch_checkpoint(f.ledger),
		                                receipt);
		assert_int_equal(
		        lgp_receipt_verify(
		                (struct lgp_view){receipt, len},
		                (struct lgp_view){(const char *)lgp_batch_entry(f.ledger, seqs[i]),
		                                  LGP_ENTRY_LEN},
		                &lgp_ledger_signer(f.ledger)->public, 1, &index, NULL),
		        LGP_OK);
		assert_int_equal(index, seqs[i]);
	}
}

static void proofs_of_old_entries_come_from_the_file(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 600; i++) {
		struct lgp_command grant = fixture_grant(&f, 1);
		fixture_judge(&f, &grant);
		if (i % 7 == 0)
			fixture_commit(&f);
	}
	fixture_commit(&f);
	struct lgp_reader *reader;
	struct lgp_checkpoint checkpoint;
	assert_int_equal(lgp_reader_new(f.ledger, &reader), LGP_OK);
	lgp_released(f.ledger, &checkpoint, NULL);
	struct lgp_node_source source = {lgp_read_node, reader};
	for (uint64_t seq = 0; seq < checkpoint.size; seq += 13) {
		uint8_t bytes[LGP_ENTRY_LEN];
		size_t count;
		struct lgp_hash leaf;
		struct lgp_proof proof;
		assert_int_equal(lgp_read_entries(reader, seq, 1, bytes, &count), LGP_OK);
		lgp_hash_leaf(bytes, sizeof bytes, &leaf);
		assert_int_equal(lgp_prove_inclusion(&source, seq, checkpoint.size, &proof),
		                 LGP_OK);
		assert_int_equal(
		        lgp_verify_inclusion(&leaf, seq, checkpoint.size, &checkpoint.root, &proof),
		        LGP_OK);
	}
	lgp_reader_free(reader);
}

static void state_is_the_same_from_the_log_alone_I10(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 50; i++) {
		struct lgp_command grant = fixture_grant(&f, 1 + i);
		fixture_do(&f, &grant);
	}
	struct lgp_hash before, after;
	char path[128];
	assert_int_equal(lgp_state_hash(f.ledger, &before), LGP_OK);
	fixture_close(&f);
	snprintf(path, sizeof path, "%s/state.mdb", f.dir);
	assert_int_equal(unlink(path), 0);
	fixture_reopen(&f);
	assert_int_equal(lgp_state_hash(f.ledger, &after), LGP_OK);
	assert_memory_equal(&before, &after, sizeof before);
	struct lgp_command grant = fixture_grant(&f, 1);
	fixture_do(&f, &grant);
	assert_int_equal(lgp_state_hash(f.ledger, &after), LGP_OK);
	assert_memory_not_equal(&before, &after, sizeof before);
}

static void second_writer_is_locked_out(void **state)
{
	(void)state;
	struct lgp_options options = {0};
	struct lgp_ledger *second = NULL;
	assert_int_equal(lgp_open(f.dir, &options, &second), LGP_LOCKED);
}

static void ledger_behind_its_high_water_does_not_open_I11(void **state)
{
	(void)state;
	char command[256];
	fixture_close(&f);
	snprintf(command, sizeof command, "cp %s/ledger.mdb %s/old", f.dir, f.dir);
	assert_int_equal(system(command), 0);
	fixture_reopen(&f);
	struct lgp_command grant = fixture_grant(&f, 1);
	fixture_do(&f, &grant);
	fixture_close(&f);
	snprintf(command, sizeof command, "mv %s/old %s/ledger.mdb", f.dir, f.dir);
	assert_int_equal(system(command), 0);
	struct lgp_options options = {0};
	struct lgp_ledger *ledger = NULL;
	assert_int_equal(lgp_open(f.dir, &options, &ledger), LGP_BEHIND);
	snprintf(command, sizeof command, "rm %s/high-water", f.dir);
	assert_int_equal(system(command), 0);
	fixture_reopen(&f);
}

#define CASE(name) FIXTURE_CASE(name, &f)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        CASE(grant_moves_from_budget_to_customer_I1),
	        CASE(thanks_moves_nothing_I1),
	        CASE(key_acts_once_for_ever_I3),
	        CASE(key_acts_once_within_a_batch_I3),
	        CASE(key_with_another_body_is_a_conflict_I3),
	        CASE(refusal_is_recorded_and_replayed_I3),
	        CASE(denial_uses_up_no_key_I3),
	        CASE(dry_run_writes_nothing_and_uses_up_no_key),
	        CASE(budget_is_spent_to_the_last_unit_and_not_beyond_I4),
	        CASE(links_lead_back_to_the_opening_entry_I7),
	        CASE(giver_reverses_on_the_same_day_and_not_later),
	        CASE(reversals_in_parts_never_pass_the_whole),
	        CASE(integration_reverses_its_own_alone),
	        CASE(definition_ends_its_batch_and_its_second_is_denied),
	        CASE(amended_staff_leaves_and_grants_no_more),
	        CASE(who_comes_back_needs_a_new_token),
	        CASE(tokens_of_who_stays_live_through_changes),
	        CASE(who_left_by_the_calendar_has_left_all_the_same),
	        CASE(nobody_comes_back_by_moving_to_where_it_is_yesterday),
	        CASE(ended_token_is_nobody),
	        CASE(who_makes_people_does_not_make_money),
	        CASE(imported_spending_draws_on_no_allotment_I4),
	        CASE(receipt_of_every_entry_verifies),
	        CASE(proofs_of_old_entries_come_from_the_file),
	        CASE(state_is_the_same_from_the_log_alone_I10),
	        CASE(second_writer_is_locked_out),
	        CASE(ledger_behind_its_high_water_does_not_open_I11),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
