/* test_approvals: what waits, who decides, in whose authority, and until when. */
#include "limits_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static struct house h;

#define ANNAS_LIMIT                                                                            \
	"id day\nscope.role staff\nunit EUR\nmeasure amount\nper staff\nwindow day\nmax 100\n" \
	"when_passed ask\n"

static int set_up(void **state)
{
	(void)state;
	house_open(&h);
	house_limit(&h, ANNAS_LIMIT);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	house_close(&h);
	return 0;
}

static struct giving of(int64_t amount)
{
	return (struct giving){.amount = amount};
}

static uint64_t ask_for(int64_t amount)
{
	struct giving giving = of(amount);
	return asks(&h, &giving);
}

static struct lgp_outcome approve(uint64_t token, uint64_t seq)
{
	return house_decide(&h, LGP_KIND_GRANT, token, seq);
}

static struct lgp_outcome decline(uint64_t token, uint64_t seq)
{
	return house_decide(&h, LGP_KIND_DECLINE, token, seq);
}

static void approved(uint64_t token, uint64_t seq)
{
	struct lgp_outcome out = approve(token, seq);
	if (out.verdict != LGP_ACCEPTED)
		fail_msg("verdict %d, problem %d, field %s", out.verdict, out.problem, out.field);
	assert_int_equal(out.entry.kind, LGP_KIND_GRANT);
	assert_int_equal(out.entry.refers_to, seq);
}

static void not_approved(uint64_t token, uint64_t seq, enum lgp_problem problem)
{
	struct lgp_outcome out = approve(token, seq);
	assert_int_equal(out.problem, problem);
	assert_int_equal(out.verdict, LGP_REFUSED);
	assert_int_equal(out.entry.refers_to, seq);
}

static int64_t balance(enum lgp_class class, uint64_t owner)
{
	house_commit(&h);
	return fixture_balance(&h.f, class, owner);
}

static int64_t annas_day(void)
{
	struct giving giving = of(1);
	return used_in(&h, &giving, "day");
}

static size_t waiting(void)
{
	uint64_t list[8];
	size_t count;
	house_commit(&h);
	lgp_pending(h.f.ledger, 0, list, 8, &count);
	return count;
}

/* ---- asking -------------------------------------------------------------------------------- */

static void ask_sets_headroom_and_budget_aside(void **state)
{
	(void)state;
	int64_t available = balance(LGP_CLASS_BUDGET, h.f.budget);
	ask_for(150);
	assert_int_equal(balance(LGP_CLASS_BUDGET, h.f.budget), available - 150);
	assert_int_equal(balance(LGP_CLASS_RESERVED, h.f.budget), 150);
	assert_int_equal(balance(LGP_CLASS_CUSTOMER, h.f.customer), 0);
	assert_int_equal(annas_day(), 150);
	assert_int_equal(waiting(), 1);
	struct giving one = of(1);
	binds(&h, &one, "day", 100, 150);
}

static void nothing_is_asked_within_the_limit_or_without_saying_so(void **state)
{
	(void)state;
	struct giving within = of(100), over = of(1);
	within.ask = true;
	gives(&h, &within);
	binds(&h, &over, "day", 100, 100);
	assert_int_equal(waiting(), 0);
}

static void limit_that_refuses_is_not_asked_about(void **state)
{
	(void)state;
	house_limit(&h, "id hard\nunit EUR\nmeasure amount\nper grant\nwindow none\nmax 200\n");
	struct giving over = of(201);
	over.ask = true;
	binds(&h, &over, "hard", 200, 0);
}

static void ask_beyond_the_budget_is_refused(void **state)
{
	(void)state;
	struct giving vast = of(200000000);
	vast.ask = true;
	refuses(&h, &vast, LGP_PROBLEM_INSUFFICIENT_BUDGET);
	assert_int_equal(annas_day(), 0);
}

static void dry_ask_sets_nothing_aside(void **state)
{
	(void)state;
	struct giving dry = of(150);
	dry.ask = dry.dry = true;
	assert_int_equal(house_give(&h, &dry).entry.kind, LGP_KIND_ASK);
	assert_int_equal(annas_day(), 0);
	assert_int_equal(waiting(), 0);
}

static void ask_keeps_what_was_told_besides(void **state)
{
	(void)state;
	char text[256];
	size_t len;
	struct lgp_reader *reader;
	struct lgp_command command = fixture_grant(&h.f, 101);
	command.ask = true;
	command.payload = LGP_VIEW("occurred_at 2024-10-04T09:00:00.000000Z\n");
	struct lgp_outcome out = fixture_judge(&h.f, &command);
	fixture_commit(&h.f);
	assert_int_equal(lgp_reader_new(h.f.ledger, &reader), LGP_OK);
	assert_int_equal(lgp_read_payload(reader, &out.entry.hash, text, sizeof text - 1, &len),
	                 LGP_OK);
	lgp_reader_free(reader);
	text[len] = '\0';
	assert_non_null(
	        strstr(text, "occurred_at 2024-10-04T09:00:00.000000Z\nlimit day\nmax 100\n"));
	assert_non_null(strstr(text, "\nexpires 2024-10-07T12:00:"));
}

static void no_more_wait_than_the_bound(void **state)
{
	(void)state;
	struct giving one = of(101);
	char id[16];
	house_limit(&h,
	            "id all\nscope.role staff\nunit EUR\nmeasure amount\nper grant\nwindow none\n"
	            "max 1\nwhen_passed ask\n");
	for (unsigned i = 0; i < LGP_PENDING_MAX; i++) {
		if (i % LGP_PENDING_OF_ONE_MAX == 0) {
			snprintf(id, sizeof id, "s%u", i);
			house_staff(&h, id, "staff", 0, &one.token);
		}
		asks(&h, &one);
	}
	one.token = h.eve_token;
	one.ask = true;
	struct lgp_outcome out = house_give(&h, &one);
	assert_int_equal(out.verdict, LGP_DENIED);
	assert_int_equal(out.problem, LGP_PROBLEM_OVERLOADED);
	/* All of them lapse, over as many batches as it takes. */
	house_commit(&h);
	house_go(&h, FIRST_DAY + 4);
	bool any = true;
	while (any) {
		assert_int_equal(lgp_lapse(h.f.ledger, h.f.now_us, &any), LGP_OK);
		house_commit(&h);
	}
	assert_int_equal(waiting(), 0);
	assert_int_equal(balance(LGP_CLASS_RESERVED, h.f.budget), 0);
}

/* ---- deciding ------------------------------------------------------------------------------ */

static void approval_gives_what_was_asked_for(void **state)
{
	(void)state;
	int64_t available = balance(LGP_CLASS_BUDGET, h.f.budget);
	uint64_t seq = ask_for(150);
	struct lgp_outcome out = approve(h.f.marc_token, seq);
	assert_int_equal(out.verdict, LGP_ACCEPTED);
	assert_int_equal(out.entry.staff, h.f.anna);
	assert_int_equal(out.entry.actor, h.f.marc);
	assert_int_equal(out.entry.amount, 150);
	assert_int_equal(out.entry.balance, 150);
	assert_int_not_equal(out.entry.limit, 0);
	assert_int_equal(balance(LGP_CLASS_BUDGET, h.f.budget), available - 150);
	assert_int_equal(balance(LGP_CLASS_RESERVED, h.f.budget), 0);
	assert_int_equal(balance(LGP_CLASS_CUSTOMER, h.f.customer), 150);
	assert_int_equal(annas_day(), 150);
	assert_int_equal(waiting(), 0);
}

static void decline_gives_everything_back(void **state)
{
	(void)state;
	int64_t available = balance(LGP_CLASS_BUDGET, h.f.budget);
	uint64_t seq = ask_for(150);
	struct lgp_outcome out = decline(h.f.marc_token, seq);
	assert_int_equal(out.verdict, LGP_ACCEPTED);
	assert_int_equal(balance(LGP_CLASS_BUDGET, h.f.budget), available);
	assert_int_equal(balance(LGP_CLASS_RESERVED, h.f.budget), 0);
	assert_int_equal(annas_day(), 0);
	struct giving full = of(100);
	gives(&h, &full);
}

static void who_asked_may_withdraw_and_a_colleague_may_not(void **state)
{
	(void)state;
	uint64_t seq = ask_for(150);
	assert_int_equal(decline(h.eve_token, seq).problem, LGP_PROBLEM_AUTHORITY);
	assert_int_equal(decline(h.f.anna_token, seq).verdict, LGP_ACCEPTED);
	assert_int_equal(annas_day(), 0);
}

static void decision_is_made_once(void **state)
{
	(void)state;
	uint64_t first = ask_for(150), second = ask_for(151);
	approved(h.f.marc_token, first);
	not_approved(h.nora_token, first, LGP_PROBLEM_DECIDED);
	assert_int_equal(decline(h.f.marc_token, first).problem, LGP_PROBLEM_DECIDED);
	decline(h.nora_token, second);
	not_approved(h.f.marc_token, second, LGP_PROBLEM_DECIDED);
	assert_int_equal(balance(LGP_CLASS_CUSTOMER, h.f.customer), 150);
}

static void only_an_ask_is_decided_on(void **state)
{
	(void)state;
	struct giving plain = of(10);
	uint64_t seq = gives(&h, &plain);
	assert_int_equal(approve(h.f.marc_token, seq).problem, LGP_PROBLEM_NOT_FOUND);
	assert_int_equal(decline(h.f.marc_token, seq).problem, LGP_PROBLEM_NOT_FOUND);
	assert_int_equal(approve(h.f.marc_token, 999999).problem, LGP_PROBLEM_NOT_FOUND);
}

static void ask_lapses_after_72_hours_to_the_microsecond(void **state)
{
	(void)state;
	int64_t available = balance(LGP_CLASS_BUDGET, h.f.budget);
	uint64_t early = ask_for(150);
	int64_t asked_us = h.f.now_us;
	uint64_t late = ask_for(151);
	int64_t late_us = h.f.now_us;
	house_set_time(&h, asked_us + LGP_PENDING_US - 1);
	approved(h.f.marc_token, early);
	house_set_time(&h, late_us + LGP_PENDING_US);
	uint64_t next = lgp_next_seq(h.f.ledger);
	not_approved(h.f.marc_token, late, LGP_PROBLEM_DECIDED);
	assert_int_equal(lgp_next_seq(h.f.ledger), next + 2); /* the lapse stands before */
	house_commit(&h);
	struct lgp_entry lapse;
	struct lgp_reader *reader;
	assert_int_equal(lgp_reader_new(h.f.ledger, &reader), LGP_OK);
	assert_int_equal(lgp_read_entry(reader, next, &lapse), LGP_OK);
	lgp_reader_free(reader);
	assert_int_equal(lapse.kind, LGP_KIND_LAPSE);
	assert_int_equal(lapse.refers_to, late);
	assert_int_equal(lapse.actor, 0);
	assert_int_equal(balance(LGP_CLASS_BUDGET, h.f.budget), available - 150);
	assert_int_equal(balance(LGP_CLASS_RESERVED, h.f.budget), 0);
	assert_int_equal(waiting(), 0);
}

static void idle_ledger_lapses_too(void **state)
{
	(void)state;
	bool any;
	ask_for(150);
	house_commit(&h);
	assert_int_equal(lgp_lapse(h.f.ledger, h.f.now_us + LGP_PENDING_US - 1, &any), LGP_OK);
	assert_false(any);
	assert_int_equal(lgp_lapse(h.f.ledger, h.f.now_us + LGP_PENDING_US, &any), LGP_OK);
	assert_true(any);
	house_commit(&h);
	assert_int_equal(waiting(), 0);
	assert_int_equal(lgp_lapse(h.f.ledger, h.f.now_us + LGP_PENDING_US, &any), LGP_OK);
	assert_false(any);
}

static void what_waits_survives_a_reopening_and_the_loss_of_the_state(void **state)
{
	(void)state;
	uint64_t first = ask_for(150), second = ask_for(151), third = ask_for(152);
	decline(h.f.marc_token, second);
	house_rebuild(&h);
	assert_int_equal(waiting(), 2);
	uint64_t list[8];
	size_t count;
	lgp_pending(h.f.ledger, 0, list, 8, &count);
	assert_int_equal(list[0], first);
	assert_int_equal(list[1], third);
	lgp_pending(h.f.ledger, first, list, 1, &count);
	assert_int_equal(count, 1);
	assert_int_equal(list[0], third);
	approved(h.f.marc_token, first);
	house_set_time(&h, h.f.now_us + LGP_PENDING_US + 10000);
	not_approved(h.f.marc_token, third, LGP_PROBLEM_DECIDED);
	house_rebuild(&h);
	assert_int_equal(waiting(), 0);
	assert_int_equal(balance(LGP_CLASS_RESERVED, h.f.budget), 0);
}

static void approval_is_of_its_own_day_and_counts_in_it(void **state)
{
	(void)state;
	house_limit(&h, "id month\nscope.staff anna\nunit EUR\nmeasure amount\nper staff\n"
	                "window month\nmax 1000\n");
	uint64_t seq = ask_for(150);
	house_go(&h, FIRST_DAY + 2);
	struct lgp_outcome out = approve(h.f.marc_token, seq);
	assert_int_equal(out.verdict, LGP_ACCEPTED);
	assert_int_equal(out.entry.business_date, FIRST_DAY + 2);
	assert_int_equal(annas_day(), 150);
	struct giving one = of(1);
	assert_int_equal(used_in(&h, &one, "month"), 150); /* once, not twice */
}

static void reversal_of_an_approved_grant_gives_back_to_giver_and_budget(void **state)
{
	(void)state;
	int64_t available = balance(LGP_CLASS_BUDGET, h.f.budget);
	uint64_t seq = ask_for(150);
	struct lgp_outcome out = approve(h.f.marc_token, seq);
	assert_int_equal(house_reverse(&h, h.nora_token, out.seq, 0).verdict, LGP_ACCEPTED);
	assert_int_equal(annas_day(), 0);
	assert_int_equal(balance(LGP_CLASS_BUDGET, h.f.budget), available);
	assert_int_equal(balance(LGP_CLASS_RESERVED, h.f.budget), 0);
	assert_int_equal(house_reverse(&h, h.nora_token, seq, 0).problem,
	                 LGP_PROBLEM_NOT_REVERSIBLE);
}

/* ---- four eyes (I6) --------------------------------------------------------------------------- */

static void who_asked_does_not_approve_I6(void **state)
{
	(void)state;
	not_approved(h.f.anna_token, ask_for(150), LGP_PROBLEM_FOUR_EYES);
}

static void manager_who_asked_does_not_approve_by_another_token_I6(void **state)
{
	(void)state;
	house_limit(&h, "id all\nunit EUR\nmeasure amount\nper customer\nwindow day\nmax 10\n"
	                "when_passed ask\n");
	struct giving marcs = of(50);
	marcs.token = h.f.marc_token;
	uint64_t seq = asks(&h, &marcs);
	not_approved(h.f.marc_token, seq, LGP_PROBLEM_FOUR_EYES);
	uint64_t token = fixture_define(
	        &h.f, LGP_KIND_TOKEN, h.f.admin,
	        "role manager\nsubject marc\n"
	        "hash 00000000000000000000000000000000000000000000000000000000deadbeef\n");
	not_approved(token, seq, LGP_PROBLEM_FOUR_EYES);
	approved(h.nora_token, seq);
}

static void till_that_asked_does_not_approve_nor_does_who_it_asked_for_I6(void **state)
{
	(void)state;
	struct lgp_command command = fixture_command(&h.f, LGP_KIND_GRANT, h.f.till_token);
	command.customer = h.f.customer;
	command.amount = 150;
	command.unit = slug("EUR");
	command.reason = slug("late-room");
	command.staff = slug("marc");
	command.ask = true;
	house_limit(&h, "id all\nunit EUR\nmeasure amount\nper customer\nwindow day\nmax 10\n"
	                "when_passed ask\n");
	uint64_t seq = fixture_do(&h.f, &command);
	not_approved(h.f.till_token, seq, LGP_PROBLEM_FOUR_EYES);
	not_approved(h.f.marc_token, seq, LGP_PROBLEM_FOUR_EYES);
	approved(h.nora_token, seq);
}

static void delegate_of_who_asked_does_not_approve_I6(void **state)
{
	(void)state;
	house_limit(&h, "id all\nunit EUR\nmeasure amount\nper customer\nwindow day\nmax 10\n"
	                "when_passed ask\n");
	struct giving marcs = of(50);
	marcs.token = h.f.marc_token;
	uint64_t seq = asks(&h, &marcs);
	uint64_t delegation = house_delegate(&h, h.f.marc_token,
	                                     "to nora\nunit EUR\nceiling 1\nuntil 2024-12-31\n");
	not_approved(h.nora_token, seq, LGP_PROBLEM_FOUR_EYES); /* in whatever matter */
	house_end(&h, LGP_KIND_DELEGATION_END, h.f.marc_token, delegation);
	approved(h.nora_token, seq);
}

static void nobody_approves_a_gift_to_themselves_I6(void **state)
{
	(void)state;
	char text[48];
	uint64_t seq = ask_for(150);
	snprintf(text, sizeof text, "customer %llu\n", (unsigned long long)h.f.customer);
	house_amend(&h, LGP_KIND_STAFF, h.f.marc, text);
	not_approved(h.f.marc_token, seq, LGP_PROBLEM_SELF_GRANT);
	house_delegate(&h, h.f.marc_token, "to eve\nunit EUR\nceiling 1000\nuntil 2024-12-31\n");
	not_approved(h.eve_token, seq, LGP_PROBLEM_AUTHORITY); /* nor by whom they sent */
	approved(h.nora_token, seq);
}

/* ---- authority ---------------------------------------------------------------------------------- */

static void staff_and_managers_of_other_sites_have_no_authority_I6(void **state)
{
	(void)state;
	uint64_t seq = ask_for(150);
	not_approved(h.eve_token, seq, LGP_PROBLEM_AUTHORITY);
	fixture_define(&h.f, LGP_KIND_STAFF, h.f.admin, "id paul\nrole manager\nsite lyon\n");
	uint64_t token = fixture_define(
	        &h.f, LGP_KIND_TOKEN, h.f.admin,
	        "role manager\nsubject paul\n"
	        "hash 00000000000000000000000000000000000000000000000000000000deadbeef\n");
	not_approved(token, seq, LGP_PROBLEM_AUTHORITY);
	assert_int_equal(decline(token, seq).problem, LGP_PROBLEM_AUTHORITY);
}

static void one_person_does_not_fill_the_queue_for_all(void **state)
{
	(void)state;
	uint64_t first = ask_for(101);
	for (unsigned i = 1; i < LGP_PENDING_OF_ONE_MAX; i++)
		ask_for(101);
	struct giving one = of(101);
	one.ask = true;
	struct lgp_outcome out = house_give(&h, &one);
	assert_int_equal(out.verdict, LGP_DENIED);
	assert_int_equal(out.problem, LGP_PROBLEM_ASKS);
	house_commit(&h);
	fixture_reopen(&h.f); /* whose they are is known again */
	assert_int_equal(house_give(&h, &one).problem, LGP_PROBLEM_ASKS);
	approved(h.f.marc_token, first);
	asks(&h, &one);
}

/* Nobody who left acts in a request that was under way: it is a stranger's. */
static void not_let_in(uint64_t token, uint64_t seq)
{
	struct lgp_outcome out = approve(token, seq);
	assert_int_equal(out.problem, LGP_PROBLEM_UNAUTHENTICATED);
	assert_int_equal(out.verdict, LGP_DENIED);
	assert_int_equal(decline(token, seq).problem, LGP_PROBLEM_UNAUTHENTICATED);
}

static void manager_who_left_has_no_authority_I6(void **state)
{
	(void)state;
	uint64_t seq = ask_for(150);
	house_amend(&h, LGP_KIND_STAFF, h.f.marc, "active_until 2024-10-04\n");
	not_let_in(h.f.marc_token, seq);
}

static void manager_approves_up_to_their_own_limits_and_no_further_I6(void **state)
{
	(void)state;
	house_limit(&h,
	            "id boss\nscope.role manager\nunit EUR\nmeasure amount\nper staff\nwindow day\n"
	            "max 500\n");
	struct giving own = of(100);
	own.token = h.f.marc_token;
	uint64_t first = ask_for(300), second = ask_for(101), third = ask_for(102);
	gives(&h, &own);
	approved(h.f.marc_token, first); /* 400 of marc's 500 */
	not_approved(h.f.marc_token, second, LGP_PROBLEM_AUTHORITY);
	approved(h.nora_token, second);
	own.amount = 101;
	binds(&h, &own, "boss", 500, 400);
	house_rebuild(&h);
	binds(&h, &own, "boss", 500, 400);
	house_set_time(&h, (FIRST_DAY + 1) * DAY_US + DAY_US / 2);
	approved(h.f.marc_token, third); /* another day */
}

static void reversal_gives_no_authority_back(void **state)
{
	(void)state;
	house_limit(&h,
	            "id boss\nscope.role manager\nunit EUR\nmeasure amount\nper staff\nwindow day\n"
	            "max 500\n");
	struct lgp_outcome out = approve(h.f.marc_token, ask_for(400));
	house_reverse(&h, h.nora_token, out.seq, 0);
	struct giving own = of(101);
	own.token = h.f.marc_token;
	binds(&h, &own, "boss", 500, 400);
}

static void managers_promise_per_incident_binds_what_they_approve_I6(void **state)
{
	(void)state;
	house_limit(&h, "id staff.promise\nscope.role staff\nunit EUR\nmeasure amount\n"
	                "per customer-incident\nwindow none\nmax 2000\nwhen_passed ask\n");
	house_limit(&h, "id boss.promise\nscope.role manager\nunit EUR\nmeasure amount\n"
	                "per customer-incident\nwindow none\nmax 5000\n");
	house_end_limit(&h, "day");
	struct giving grant = {.incident = "room-12", .amount = 4000};
	uint64_t first = asks(&h, &grant);
	grant.amount = 1001;
	uint64_t second = asks(&h, &grant);
	approved(h.f.marc_token, first);
	not_approved(h.f.marc_token, second, LGP_PROBLEM_AUTHORITY);
	not_approved(h.nora_token, second,
	             LGP_PROBLEM_AUTHORITY); /* per incident, not per manager */
	house_rebuild(&h);
	not_approved(h.nora_token, second, LGP_PROBLEM_AUTHORITY);
}

static void grant_of_a_manager_is_not_counted_twice_when_another_approves(void **state)
{
	(void)state;
	house_limit(&h, "id boss\nscope.role manager\nunit EUR\nmeasure amount\nper customer\n"
	                "window day\nmax 100\n");
	house_limit(&h, "id all\nunit EUR\nmeasure amount\nper customer\nwindow day\nmax 10\n"
	                "when_passed ask\n");
	struct giving marcs = of(60);
	marcs.token = h.f.marc_token;
	approved(h.nora_token, asks(&h, &marcs));
	assert_int_equal(used_in(&h, &marcs, "boss"), 60);
	marcs.amount = 40;
	approved(h.nora_token, asks(&h, &marcs));
	house_rebuild(&h);
	assert_int_equal(used_in(&h, &marcs, "boss"), 100);
}

static void grant_of_a_manager_is_counted_once_in_every_week(void **state)
{
	(void)state;
	house_limit(&h, "id boss\nscope.role manager\nunit EUR\nmeasure amount\nper customer\n"
	                "window week\nmax 100\n");
	house_limit(&h, "id all\nunit EUR\nmeasure amount\nper customer\nwindow day\nmax 10\n"
	                "when_passed ask\n");
	struct giving marcs = of(60);
	marcs.token = h.f.marc_token;
	approved(h.nora_token, asks(&h, &marcs));
	marcs.site = "lyon"; /* whose weeks begin on Sunday */
	assert_int_equal(used_in(&h, &marcs, "boss"), 60);
}

static void
limit_that_asks_everyone_is_answered_by_an_approval_and_one_that_refuses_is_not(void **state)
{
	(void)state;
	house_limit(&h, "id each\nunit EUR\nmeasure amount\nper grant\nwindow none\nmax 120\n"
	                "when_passed ask\n");
	approved(h.f.marc_token, ask_for(121));
	uint64_t waits = ask_for(140);
	house_limit(&h, "id managers\nscope.role manager\nunit EUR\nmeasure amount\nper grant\n"
	                "window none\nmax 130\nwhen_passed ask\n");
	not_approved(h.f.marc_token, waits, LGP_PROBLEM_AUTHORITY);
	approved(h.f.marc_token, ask_for(130));
}

/* ---- delegation -------------------------------------------------------------------------------- */

static uint64_t eve_acts_for_marc(const char *scope, const char *rest)
{
	char text[192];
	snprintf(text, sizeof text, "to eve\n%sunit EUR\n%s", scope, rest);
	return house_delegate(&h, h.f.marc_token, text);
}

static void delegate_approves_up_to_the_ceiling(void **state)
{
	(void)state;
	eve_acts_for_marc("", "ceiling 200\nuntil 2024-12-31\n");
	uint64_t at = ask_for(200), over = ask_for(201);
	approved(h.eve_token, at);
	not_approved(h.eve_token, over, LGP_PROBLEM_AUTHORITY);
	assert_int_equal(decline(h.eve_token, over).problem, LGP_PROBLEM_AUTHORITY);
}

static void delegate_has_no_more_than_the_giver_and_uses_it_up(void **state)
{
	(void)state;
	house_limit(&h,
	            "id boss\nscope.staff marc\nunit EUR\nmeasure amount\nper staff\nwindow day\n"
	            "max 300\n");
	eve_acts_for_marc("", "ceiling 100000\nuntil 2024-12-31\n");
	uint64_t first = ask_for(301), second = ask_for(200);
	not_approved(h.eve_token, first, LGP_PROBLEM_AUTHORITY);
	approved(h.eve_token, second);
	struct giving own = of(101);
	own.token = h.f.marc_token;
	binds(&h, &own, "boss", 300, 200);
	not_approved(h.f.marc_token, first, LGP_PROBLEM_AUTHORITY);
	/* The outcome names it, to who has a say at the site. */
	struct lgp_outcome out = house_decide(&h, LGP_KIND_GRANT, h.f.marc_token, first);
	assert_true(lgp_view_equal(lgp_slug_view(&out.binding.id), LGP_VIEW("boss")));
	assert_int_equal(out.binding.max, 300);
	assert_int_equal(out.binding.used, 200);
	out = house_decide(&h, LGP_KIND_GRANT, h.eve_token, first);
	assert_int_equal(out.problem, LGP_PROBLEM_AUTHORITY);
	assert_int_equal(out.binding.limit, 0);
}

static void delegation_holds_within_its_scope_alone(void **state)
{
	(void)state;
	struct giving bar = of(150), gift = of(151), lyon = of(152), all = of(153);
	bar.budget = all.budget = "bar";
	gift.reason = all.reason = "gift";
	lyon.site = all.site = "lyon";
	uint64_t seq[] = {asks(&h, &bar), asks(&h, &gift), asks(&h, &lyon), asks(&h, &all)};
	uint64_t d = eve_acts_for_marc("scope.budget bar\n", "ceiling 999\nuntil 2024-12-31\n");
	not_approved(h.eve_token, seq[1], LGP_PROBLEM_AUTHORITY);
	approved(h.eve_token, seq[0]);
	house_end(&h, LGP_KIND_DELEGATION_END, h.f.marc_token, d);
	d = eve_acts_for_marc("scope.reason gift\n", "ceiling 999\nuntil 2024-12-31\n");
	not_approved(h.eve_token, seq[2], LGP_PROBLEM_AUTHORITY);
	approved(h.eve_token, seq[1]);
	house_end(&h, LGP_KIND_DELEGATION_END, h.f.marc_token, d);
	eve_acts_for_marc("scope.site lyon\nscope.budget bar\n", "ceiling 999\nuntil 2024-12-31\n");
	not_approved(h.eve_token, seq[2], LGP_PROBLEM_AUTHORITY);
	approved(h.eve_token, seq[3]);
}

static void delegation_of_another_unit_is_none(void **state)
{
	(void)state;
	fixture_define(&h.f, LGP_KIND_UNIT, h.f.admin, "code PTS\nscale 0\nkind points\n");
	house_delegate(&h, h.f.marc_token, "to eve\nunit PTS\nceiling 999\nuntil 2024-12-31\n");
	not_approved(h.eve_token, ask_for(150), LGP_PROBLEM_AUTHORITY);
}

static void delegation_ends_at_its_moment_and_when_it_is_ended(void **state)
{
	(void)state;
	eve_acts_for_marc("", "ceiling 999\nuntil 2024-10-04T18:00:00.000000Z\n");
	uint64_t first = ask_for(150), second = ask_for(151), third = ask_for(152);
	house_set_time(&h, FIRST_DAY * DAY_US + DAY_US * 3 / 4 - 1);
	approved(h.eve_token, first);
	house_set_time(&h, FIRST_DAY * DAY_US + DAY_US * 3 / 4);
	not_approved(h.eve_token, second, LGP_PROBLEM_AUTHORITY);
	uint64_t d = eve_acts_for_marc("", "ceiling 999\nuntil 2024-10-05\n");
	approved(h.eve_token, second);
	house_end(&h, LGP_KIND_DELEGATION_END, h.f.marc_token, d);
	not_approved(h.eve_token, third, LGP_PROBLEM_AUTHORITY);
	eve_acts_for_marc("", "ceiling 999\nuntil 2024-10-05\n");
	house_go(&h, FIRST_DAY + 1);
	not_approved(h.eve_token, third, LGP_PROBLEM_AUTHORITY);
}

static void delegation_that_is_over_already_is_refused(void **state)
{
	static const struct {
		const char *until;
		bool good;
	} cases[] = {
	        {"2024-10-03", false},
	        {"2024-10-04", false},
	        {"2024-10-05", true},
	        {"2024-10-04T15:59:59.999999Z", false},
	        {"2024-10-04T16:00:01.000000Z", true},
	};
	(void)state;
	int64_t at = FIRST_DAY * DAY_US + DAY_US * 2 / 3;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char text[96];
		snprintf(text, sizeof text, "to eve\nunit EUR\nceiling 1\nuntil %s\n",
		         cases[i].until);
		struct lgp_command command =
		        fixture_command(&h.f, LGP_KIND_DELEGATION, h.f.marc_token);
		command.payload = lgp_view_of(text);
		command.time_us = at;
		struct lgp_outcome out = fixture_judge(&h.f, &command);
		house_commit(&h);
		assert_int_equal(out.verdict, cases[i].good ? LGP_ACCEPTED : LGP_DENIED);
		if (!cases[i].good) {
			assert_int_equal(out.problem, LGP_PROBLEM_INVALID);
			assert_string_equal(out.field, "until");
		}
	}
}

static void delegation_ends_with_the_givers_departure_or_role(void **state)
{
	(void)state;
	eve_acts_for_marc("", "ceiling 999\nuntil 2024-12-31\n");
	uint64_t first = ask_for(150);
	house_amend(&h, LGP_KIND_STAFF, h.f.marc, "role staff\n");
	not_approved(h.eve_token, first, LGP_PROBLEM_AUTHORITY);
	house_amend(&h, LGP_KIND_STAFF, h.f.marc, "role manager\nactive_until 2024-10-05\n");
	approved(h.eve_token, first);
	house_go(&h, FIRST_DAY + 1);
	not_approved(h.eve_token, ask_for(151), LGP_PROBLEM_AUTHORITY);
}

static void delegation_ends_with_the_delegates_departure(void **state)
{
	(void)state;
	eve_acts_for_marc("", "ceiling 999\nuntil 2024-12-31\n");
	uint64_t seq = ask_for(150);
	house_amend(&h, LGP_KIND_STAFF, h.eve, "active_until 2024-10-04\n");
	not_let_in(h.eve_token, seq);
}

static void who_comes_back_finds_no_delegation_that_ended_with_them(void **state)
{
	(void)state;
	eve_acts_for_marc("", "ceiling 999\nuntil 2024-12-31\n");
	const uint64_t both[] = {h.f.marc, h.eve};
	for (unsigned i = 0; i < 2; i++) {
		house_amend(&h, LGP_KIND_STAFF, both[i], "active_until 2024-10-04\n");
		struct lgp_command command = fixture_command(&h.f, LGP_KIND_STAFF, h.f.admin);
		command.amend = true;
		command.refers_to = both[i];
		command.payload = LGP_VIEW("active_until \n");
		struct lgp_outcome out = fixture_judge(&h.f, &command);
		assert_int_equal(out.problem, LGP_PROBLEM_INVALID);
		assert_string_equal(out.field, "active_until");
	}
	house_go(&h, FIRST_DAY + 100); /* when it would have ended */
	house_amend(&h, LGP_KIND_STAFF, h.f.marc, "active_until \n");
	house_amend(&h, LGP_KIND_STAFF, h.eve, "active_until \n");
	uint64_t token = fixture_define(
	        &h.f, LGP_KIND_TOKEN, h.f.admin,
	        "role staff\nsubject eve\n"
	        "hash 00000000000000000000000000000000000000000000000000000000000000ee\n");
	not_approved(token, ask_for(150), LGP_PROBLEM_AUTHORITY);
}

static void delegation_is_not_passed_on(void **state)
{
	(void)state;
	uint64_t ivy_token;
	house_staff(&h, "ivy", "staff", 0, &ivy_token);
	eve_acts_for_marc("", "ceiling 999\nuntil 2024-12-31\n");
	struct lgp_command command = fixture_command(&h.f, LGP_KIND_DELEGATION, h.eve_token);
	command.payload = LGP_VIEW("to ivy\nunit EUR\nceiling 999\nuntil 2024-12-31\n");
	struct lgp_outcome out = fixture_judge(&h.f, &command);
	assert_int_equal(out.problem, LGP_PROBLEM_FORBIDDEN);
	not_approved(ivy_token, ask_for(150), LGP_PROBLEM_AUTHORITY);
	/* Nor does who was a manager when they passed it on, and is staff now. */
	house_delegate(&h, h.nora_token, "to ivy\nunit EUR\nceiling 999\nuntil 2024-12-31\n");
	house_amend(&h, LGP_KIND_STAFF, h.nora, "role staff\n");
	not_approved(ivy_token, ask_for(150), LGP_PROBLEM_AUTHORITY);
}

static void delegation_is_its_givers_to_make_and_to_end(void **state)
{
	(void)state;
	struct lgp_command command = fixture_command(&h.f, LGP_KIND_DELEGATION, h.f.marc_token);
	command.payload = LGP_VIEW("to marc\nunit EUR\nceiling 1\nuntil 2024-12-31\n");
	assert_int_equal(fixture_judge(&h.f, &command).problem, LGP_PROBLEM_INVALID);
	command = fixture_command(&h.f, LGP_KIND_DELEGATION, h.f.marc_token);
	command.payload = LGP_VIEW("from nora\nto eve\nunit EUR\nceiling 100\nuntil 2024-12-31\n");
	struct lgp_outcome out = fixture_judge(&h.f, &command);
	fixture_commit(&h.f);
	assert_int_equal(out.verdict, LGP_ACCEPTED);
	const struct lgp_record *made = lgp_registry_get(h.f.ledger, out.seq);
	assert_int_equal(made->as.delegation.from, h.f.marc); /* whatever was said */
	command = fixture_command(&h.f, LGP_KIND_DELEGATION_END, h.nora_token);
	command.refers_to = out.seq;
	assert_int_equal(fixture_judge(&h.f, &command).problem, LGP_PROBLEM_FORBIDDEN);
	house_end(&h, LGP_KIND_DELEGATION_END, h.f.marc_token, out.seq);
	command = fixture_command(&h.f, LGP_KIND_DELEGATION_END, h.f.marc_token);
	command.refers_to = out.seq;
	assert_int_equal(fixture_judge(&h.f, &command).problem, LGP_PROBLEM_NOT_FOUND);
}

static void giver_who_asked_lends_no_authority_I6(void **state)
{
	(void)state;
	house_limit(&h, "id all\nunit EUR\nmeasure amount\nper customer\nwindow day\nmax 10\n"
	                "when_passed ask\n");
	struct giving marcs = of(50);
	marcs.token = h.f.marc_token;
	uint64_t seq = asks(&h, &marcs);
	eve_acts_for_marc("", "ceiling 999\nuntil 2024-12-31\n");
	not_approved(h.eve_token, seq, LGP_PROBLEM_FOUR_EYES);
}

static void authority_does_not_come_round_through_who_acts_for_the_asker_I6(void **state)
{
	(void)state;
	house_limit(&h, "id all\nunit EUR\nmeasure amount\nper customer\nwindow day\nmax 10\n"
	                "when_passed ask\n");
	struct giving marcs = of(50);
	marcs.token = h.f.marc_token;
	uint64_t seq = asks(&h, &marcs);
	house_delegate(&h, h.f.marc_token, "to nora\nunit EUR\nceiling 999\nuntil 2024-12-31\n");
	house_delegate(&h, h.nora_token, "to eve\nunit EUR\nceiling 999\nuntil 2024-12-31\n");
	not_approved(h.nora_token, seq, LGP_PROBLEM_FOUR_EYES);
	not_approved(h.eve_token, seq, LGP_PROBLEM_AUTHORITY);
}

static void delegations_in_force_are_bounded(void **state)
{
	(void)state;
	const char *text = "to eve\nunit EUR\nceiling 1\nuntil 2024-10-06\n";
	uint64_t last = 0;
	for (unsigned i = 0; i < LGP_DELEGATIONS_MAX; i++)
		last = house_delegate(&h, h.f.marc_token, text);
	struct lgp_command command = fixture_command(&h.f, LGP_KIND_DELEGATION, h.f.marc_token);
	command.payload = lgp_view_of(text);
	assert_int_equal(fixture_judge(&h.f, &command).problem, LGP_PROBLEM_INVALID);
	house_delegate(&h, h.nora_token, text); /* another's */
	house_end(&h, LGP_KIND_DELEGATION_END, h.f.marc_token, last);
	house_delegate(&h, h.f.marc_token, text);
	/* Those whose time is over make room, and are forgotten. */
	house_go(&h, FIRST_DAY + 20);
	house_delegate(&h, h.f.marc_token, "to eve\nunit EUR\nceiling 1\nuntil 2024-12-31\n");
	assert_non_null(lgp_registry_delegation(h.f.ledger, h.f.marc, 0));
	assert_null(lgp_registry_delegation(h.f.ledger, h.f.marc, 1));
	assert_null(lgp_registry_delegation(h.f.ledger, h.eve, 2)); /* nora's is not, as yet */
}

static void token_of_other_sites_neither_reverses_nor_declines(void **state)
{
	(void)state;
	uint64_t token = fixture_define(
	        &h.f, LGP_KIND_TOKEN, h.f.admin,
	        "role manager\nsubject nora\nsites lyon\n"
	        "hash 00000000000000000000000000000000000000000000000000000000000000ff\n");
	uint64_t asked = ask_for(150);
	struct giving given = of(5);
	given.token = h.eve_token;
	uint64_t grant = gives(&h, &given);
	assert_int_equal(decline(token, asked).problem, LGP_PROBLEM_AUTHORITY);
	assert_int_equal(approve(token, asked).problem, LGP_PROBLEM_AUTHORITY);
	assert_int_equal(house_reverse(&h, token, grant, 0).problem,
	                 LGP_PROBLEM_REVERSAL_FORBIDDEN);
	assert_int_equal(house_reverse(&h, h.nora_token, grant, 0).verdict, LGP_ACCEPTED);
	assert_int_equal(decline(h.nora_token, asked).verdict, LGP_ACCEPTED);
}

static void manager_falls_back_on_anothers_authority(void **state)
{
	(void)state;
	house_limit(&h,
	            "id norm\nscope.staff nora\nunit EUR\nmeasure amount\nper staff\nwindow day\n"
	            "max 100\n");
	house_limit(&h,
	            "id marcs\nscope.staff marc\nunit EUR\nmeasure amount\nper staff\nwindow day\n"
	            "max 1000\n");
	house_delegate(&h, h.f.marc_token, "to nora\nunit EUR\nceiling 500\nuntil 2024-12-31\n");
	approved(h.nora_token, ask_for(150));
	struct giving noras = of(1), marcs = of(1);
	noras.token = h.nora_token;
	marcs.token = h.f.marc_token;
	assert_int_equal(used_in(&h, &noras, "norm"), 0);
	assert_int_equal(used_in(&h, &marcs, "marcs"), 150);
	house_rebuild(&h);
	assert_int_equal(used_in(&h, &marcs, "marcs"), 150);
}

/* ---- judged again ------------------------------------------------------------------------------- */

static void everything_is_judged_again_at_the_approval(void **state)
{
	(void)state;
	char text[48];
	uint64_t seq = ask_for(150);
	house_limit(&h, "id late\nunit EUR\nmeasure amount\nper customer\nwindow day\nmax 149\n");
	not_approved(h.f.marc_token, seq, LGP_PROBLEM_LIMIT_EXCEEDED);
	house_end_limit(&h, "late");
	house_amend(&h, LGP_KIND_STAFF, h.f.anna, "active_until 2024-10-04\n");
	not_approved(h.f.marc_token, seq, LGP_PROBLEM_STAFF_INACTIVE);
	house_amend(&h, LGP_KIND_STAFF, h.f.anna, "budget bar\nbudgets \nactive_until \n");
	not_approved(h.f.marc_token, seq, LGP_PROBLEM_BUDGET);
	snprintf(text, sizeof text, "budget front-desk\ncustomer %llu\n",
	         (unsigned long long)h.f.customer);
	house_amend(&h, LGP_KIND_STAFF, h.f.anna, text);
	not_approved(h.f.marc_token, seq, LGP_PROBLEM_SELF_GRANT);
	house_amend(&h, LGP_KIND_STAFF, h.f.anna, "customer \n");
	house_limit(&h,
	            "id incident\nunit EUR\nmeasure amount\nper customer-incident\nwindow none\n"
	            "max 9999\n");
	not_approved(h.f.marc_token, seq, LGP_PROBLEM_INCIDENT_REQUIRED);
	house_end_limit(&h, "incident");
	assert_int_equal(waiting(), 1);
	approved(h.f.marc_token, seq);
}

static void limit_that_turned_hard_names_what_was_used_without_the_ask(void **state)
{
	(void)state;
	struct giving sixty = of(60);
	gives(&h, &sixty);
	uint64_t seq = ask_for(50);
	house_limit(&h,
	            "id day\nscope.role staff\nunit EUR\nmeasure amount\nper staff\nwindow day\n"
	            "max 100\n");
	struct lgp_outcome out = approve(h.f.marc_token, seq);
	assert_int_equal(out.problem, LGP_PROBLEM_LIMIT_EXCEEDED);
	assert_int_equal(out.binding.used, 60);
	assert_int_equal(out.binding.remaining, 40);
	house_limit(&h,
	            "id day\nscope.role staff\nunit EUR\nmeasure amount\nper staff\nwindow day\n"
	            "max 110\n");
	approved(h.f.marc_token, seq); /* exactly at the limit */
}

static void asked_incident_is_counted_once(void **state)
{
	(void)state;
	house_end_limit(&h, "day");
	house_limit(
	        &h,
	        "id new\nmeasure incidents\nper customer\nwindow day\nmax 1\nwhen_passed ask\n");
	struct giving a = {.incident = "A", .amount = 5}, b = {.incident = "B", .amount = 5};
	gives(&h, &a);
	uint64_t seq = asks(&h, &b);
	house_limit(&h, "id new\nmeasure incidents\nper customer\nwindow day\nmax 1\n");
	struct lgp_outcome out = approve(h.f.marc_token, seq);
	assert_int_equal(out.problem, LGP_PROBLEM_LIMIT_EXCEEDED);
	assert_int_equal(out.binding.used, 1);
	house_limit(&h, "id new\nmeasure incidents\nper customer\nwindow day\nmax 2\n");
	approved(h.f.marc_token, seq);
	assert_int_equal(used_in(&h, &a, "new"), 2);
	gives(&h, &b);
}

static void ask_is_given_back_to_the_shape_that_counted_it(void **state)
{
	(void)state;
	house_limit(&h, "id m\nunit EUR\nmeasure amount\nper staff\nwindow month\nmax 200\n");
	uint64_t seq = ask_for(150);
	house_limit(&h, "id m\nunit EUR\nmeasure amount\nper customer\nwindow month\nmax 999\n"
	                "until 2024-10-06\n");
	decline(h.f.marc_token, seq);
	house_go(&h, FIRST_DAY + 3);
	struct giving full = of(100);
	assert_int_equal(used_in(&h, &full, "m"), 0);
	house_rebuild(&h);
	assert_int_equal(used_in(&h, &full, "m"), 0);
}

static void limit_that_came_later_does_not_give_back_an_ask(void **state)
{
	(void)state;
	struct giving eighty = of(80);
	uint64_t seq = ask_for(150);
	house_limit(&h, "id new\nunit EUR\nmeasure amount\nper budget\nwindow day\nmax 100\n");
	eighty.token = h.eve_token;
	gives(&h, &eighty);
	decline(h.f.marc_token, seq);
	assert_int_equal(used_in(&h, &eighty, "new"), 80);
}

/* ---- rewards among staff ------------------------------------------------------------------------ */

struct pair {
	uint64_t ann, bob; /* staff */
	uint64_t ann_token, bob_token, ann_customer, bob_customer;
};

static struct pair make_pair(void)
{
	struct pair pair = {.ann_customer = house_customer(&h), .bob_customer = house_customer(&h)};
	pair.ann = house_staff(&h, "ann", "staff", pair.ann_customer, &pair.ann_token);
	pair.bob = house_staff(&h, "bob", "staff", pair.bob_customer, &pair.bob_token);
	return pair;
}

static struct giving to(uint64_t token, uint64_t customer)
{
	return (struct giving){.token = token, .customer = customer, .amount = 1};
}

static void staff_do_not_reward_themselves_unless_the_site_says_so(void **state)
{
	(void)state;
	struct pair pair = make_pair();
	struct giving self = to(pair.ann_token, pair.ann_customer);
	struct giving each[] = {to(pair.ann_token, pair.bob_customer),
	                        to(pair.bob_token, pair.ann_customer)};
	refuses(&h, &self, LGP_PROBLEM_SELF_GRANT);
	gives(&h, &each[0]);
	gives(&h, &each[1]);
	house_amend(&h, LGP_KIND_SITE, h.f.site, "staff_rewards any\n");
	gives(&h, &self);
	self.site = "lyon";
	refuses(&h, &self, LGP_PROBLEM_SELF_GRANT);
}

/* Told by a manager unless said; NULL takes it away. */
static struct lgp_outcome lives(uint64_t token, uint64_t customer, const char *text)
{
	struct lgp_command command = fixture_command(&h.f, LGP_KIND_CUSTOMER, token);
	command.amend = true;
	command.refers_to = customer;
	command.payload = lgp_view_of(text);
	struct lgp_outcome out = fixture_judge(&h.f, &command);
	house_commit(&h);
	return out;
}

static uint64_t registered(const char *text)
{
	struct lgp_command command = fixture_command(&h.f, LGP_KIND_CUSTOMER, h.f.anna_token);
	command.payload = lgp_view_of(text);
	return fixture_do(&h.f, &command);
}

static void staff_do_not_reward_whom_they_live_with(void **state)
{
	(void)state;
	struct pair pair = make_pair();
	uint64_t spouse = registered("customer_since 2020-01-01\nhousehold Elm-4\n");
	struct giving gift = to(pair.ann_token, spouse), bobs = to(pair.bob_token, spouse);
	gives(&h, &gift); /* nobody knows yet */
	struct lgp_outcome told = lives(h.f.marc_token, pair.ann_customer, "household elm-4\n");
	assert_int_equal(told.verdict, LGP_ACCEPTED);
	assert_int_equal(told.entry.customer, pair.ann_customer);
	assert_int_equal(told.entry.refers_to, pair.ann_customer);
	refuses(&h, &gift, LGP_PROBLEM_SELF_GRANT);
	gives(&h, &bobs);
	struct lgp_command thanks = fixture_command(&h.f, LGP_KIND_THANKS, pair.ann_token);
	thanks.customer = spouse;
	thanks.reason = slug("late-room");
	assert_int_equal(fixture_judge(&h.f, &thanks).problem, LGP_PROBLEM_SELF_GRANT);
	struct lgp_command till = fixture_command(&h.f, LGP_KIND_GRANT, h.f.till_token);
	till.customer = spouse; /* nor in their name */
	till.staff = slug("ann");
	till.amount = 1;
	till.unit = slug("EUR");
	till.reason = slug("late-room");
	assert_int_equal(fixture_judge(&h.f, &till).problem, LGP_PROBLEM_SELF_GRANT);
	house_rebuild(&h);
	refuses(&h, &gift, LGP_PROBLEM_SELF_GRANT);
	house_amend(&h, LGP_KIND_SITE, h.f.site, "staff_rewards any\n");
	gives(&h, &gift);
	gift.site = "lyon";
	refuses(&h, &gift, LGP_PROBLEM_SELF_GRANT);
	assert_int_equal(lives(h.f.till_token, spouse, "").verdict, LGP_ACCEPTED); /* moved out */
	gives(&h, &gift);
	house_rebuild(&h);
	gives(&h, &gift);
}

static void nobody_says_whom_they_live_with_themselves(void **state)
{
	(void)state;
	struct pair pair = make_pair();
	uint64_t spouse = registered("household Elm-4\n"), token;
	uint64_t own = registered("household Elm-4\n");
	const char *moved = "household Oak-9\n";
	house_staff(&h, "mona", "manager", own, &token);
	const uint64_t whom[] = {own, spouse};
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(lives(token, whom[i], moved).problem, LGP_PROBLEM_FORBIDDEN);
		assert_int_equal(lives(token, whom[i], "").problem, LGP_PROBLEM_FORBIDDEN);
	}
	assert_int_equal(lives(pair.ann_token, spouse, moved).problem, LGP_PROBLEM_FORBIDDEN);
	assert_int_equal(lives(h.f.admin, spouse, moved).problem, LGP_PROBLEM_FORBIDDEN);
	assert_int_equal(lives(h.f.finance, spouse, moved).problem, LGP_PROBLEM_FORBIDDEN);
	assert_int_equal(lives(h.f.marc_token, spouse, "household not one\n").problem,
	                 LGP_PROBLEM_MALFORMED);
	assert_int_equal(lives(h.f.marc_token, h.f.marc, moved).problem, LGP_PROBLEM_NOT_FOUND);
	assert_int_equal(lives(h.f.marc_token, spouse, moved).verdict, LGP_ACCEPTED);
	struct giving gift = to(token, spouse);
	gives(&h, &gift);
}

static void nobody_approves_a_gift_to_their_household_I6(void **state)
{
	(void)state;
	char text[48];
	uint64_t own = registered("household Elm-4\n"), seq = ask_for(150);
	snprintf(text, sizeof text, "customer %llu\n", (unsigned long long)own);
	house_amend(&h, LGP_KIND_STAFF, h.f.marc, text);
	assert_int_equal(lives(h.nora_token, h.f.customer, "household Elm-4\n").verdict,
	                 LGP_ACCEPTED);
	house_amend(&h, LGP_KIND_SITE, h.f.site, "staff_rewards any\n");
	not_approved(h.f.marc_token, seq, LGP_PROBLEM_SELF_GRANT);
	house_delegate(&h, h.f.marc_token, "to eve\nunit EUR\nceiling 1000\nuntil 2024-12-31\n");
	not_approved(h.eve_token, seq, LGP_PROBLEM_AUTHORITY); /* nor by whom they sent */
	approved(h.nora_token, seq);
}

static void two_do_not_reward_each_other_where_the_site_says_so(void **state)
{
	(void)state;
	struct pair pair = make_pair();
	house_amend(&h, LGP_KIND_SITE, h.f.site, "staff_rewards not-each-other\n");
	struct giving there = to(pair.ann_token, pair.bob_customer);
	struct giving back = to(pair.bob_token, pair.ann_customer);
	struct giving self = to(pair.ann_token, pair.ann_customer);
	refuses(&h, &self, LGP_PROBLEM_SELF_GRANT);
	gives(&h, &there);
	gives(&h, &there);
	refuses(&h, &back, LGP_PROBLEM_RING);
	house_rebuild(&h);
	refuses(&h, &back, LGP_PROBLEM_RING);
	back.customer = h.f.customer;
	gives(&h, &back);
}

static void ring_is_closed_at_the_approval_too(void **state)
{
	(void)state;
	struct pair pair = make_pair();
	house_amend(&h, LGP_KIND_SITE, h.f.site, "staff_rewards not-each-other\n");
	struct giving there = to(pair.ann_token, pair.bob_customer);
	struct giving back = to(pair.bob_token, pair.ann_customer);
	there.amount = 101;
	uint64_t seq = asks(&h, &there);
	gives(&h, &back);
	not_approved(h.f.marc_token, seq, LGP_PROBLEM_RING);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        CASE(ask_sets_headroom_and_budget_aside),
	        CASE(nothing_is_asked_within_the_limit_or_without_saying_so),
	        CASE(limit_that_refuses_is_not_asked_about),
	        CASE(ask_beyond_the_budget_is_refused),
	        CASE(dry_ask_sets_nothing_aside),
	        CASE(ask_keeps_what_was_told_besides),
	        CASE(no_more_wait_than_the_bound),
	        CASE(one_person_does_not_fill_the_queue_for_all),
	        CASE(approval_gives_what_was_asked_for),
	        CASE(decline_gives_everything_back),
	        CASE(who_asked_may_withdraw_and_a_colleague_may_not),
	        CASE(decision_is_made_once),
	        CASE(only_an_ask_is_decided_on),
	        CASE(ask_lapses_after_72_hours_to_the_microsecond),
	        CASE(idle_ledger_lapses_too),
	        CASE(what_waits_survives_a_reopening_and_the_loss_of_the_state),
	        CASE(approval_is_of_its_own_day_and_counts_in_it),
	        CASE(reversal_of_an_approved_grant_gives_back_to_giver_and_budget),
	        CASE(who_asked_does_not_approve_I6),
	        CASE(manager_who_asked_does_not_approve_by_another_token_I6),
	        CASE(till_that_asked_does_not_approve_nor_does_who_it_asked_for_I6),
	        CASE(delegate_of_who_asked_does_not_approve_I6),
	        CASE(nobody_approves_a_gift_to_themselves_I6),
	        CASE(staff_and_managers_of_other_sites_have_no_authority_I6),
	        CASE(manager_who_left_has_no_authority_I6),
	        CASE(manager_approves_up_to_their_own_limits_and_no_further_I6),
	        CASE(reversal_gives_no_authority_back),
	        CASE(managers_promise_per_incident_binds_what_they_approve_I6),
	        CASE(grant_of_a_manager_is_not_counted_twice_when_another_approves),
	        CASE(grant_of_a_manager_is_counted_once_in_every_week),
	        CASE(limit_that_asks_everyone_is_answered_by_an_approval_and_one_that_refuses_is_not),
	        CASE(delegate_approves_up_to_the_ceiling),
	        CASE(delegate_has_no_more_than_the_giver_and_uses_it_up),
	        CASE(delegation_holds_within_its_scope_alone),
	        CASE(delegation_of_another_unit_is_none),
	        CASE(delegation_that_is_over_already_is_refused),
	        CASE(delegation_ends_at_its_moment_and_when_it_is_ended),
	        CASE(delegation_ends_with_the_givers_departure_or_role),
	        CASE(delegation_ends_with_the_delegates_departure),
	        CASE(who_comes_back_finds_no_delegation_that_ended_with_them),
	        CASE(delegation_is_not_passed_on),
	        CASE(delegation_is_its_givers_to_make_and_to_end),
	        CASE(giver_who_asked_lends_no_authority_I6),
	        CASE(authority_does_not_come_round_through_who_acts_for_the_asker_I6),
	        CASE(delegations_in_force_are_bounded),
	        CASE(token_of_other_sites_neither_reverses_nor_declines),
	        CASE(manager_falls_back_on_anothers_authority),
	        CASE(everything_is_judged_again_at_the_approval),
	        CASE(limit_that_turned_hard_names_what_was_used_without_the_ask),
	        CASE(asked_incident_is_counted_once),
	        CASE(ask_is_given_back_to_the_shape_that_counted_it),
	        CASE(limit_that_came_later_does_not_give_back_an_ask),
	        CASE(staff_do_not_reward_themselves_unless_the_site_says_so),
	        CASE(staff_do_not_reward_whom_they_live_with),
	        CASE(nobody_says_whom_they_live_with_themselves),
	        CASE(nobody_approves_a_gift_to_their_household_I6),
	        CASE(two_do_not_reward_each_other_where_the_site_says_so),
	        CASE(ring_is_closed_at_the_approval_too),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
