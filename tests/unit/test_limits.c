/* test_limits: what a limit counts, for whom, until when, and which one is named. */
#include "limits_fixture.h"

#include "ledger/state.h"
#include "ledger/window.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static struct house h;

static int set_up(void **state)
{
	(void)state;
	house_open(&h);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	house_close(&h);
	return 0;
}

/* ---- every dimension ------------------------------------------------------------------- */

static const char *const scopes[] = {
        "",
        "scope.role staff\n",
        "scope.staff anna\n",
        "scope.site paris\n",
        "scope.budget front-desk\n",
        "scope.reason late-room\n",
};
static const char *const pers[] = {
        "customer-incident", "customer", "staff", "staff-customer", "site", "budget",
};
static const char *const windows[] = {"none",    "day",  "week",    "month",
                                      "quarter", "year", "lifetime"};
static const enum lgp_window window_of[] = {
        LGP_WINDOW_NONE,    LGP_WINDOW_DAY,  LGP_WINDOW_WEEK,     LGP_WINDOW_MONTH,
        LGP_WINDOW_QUARTER, LGP_WINDOW_YEAR, LGP_WINDOW_LIFETIME,
};

static struct giving usual(int64_t amount)
{
	return (struct giving){.incident = "room-12", .amount = amount};
}

/* A grant that the limit counts elsewhere: another of what it goes by. */
static struct giving elsewhere(unsigned per, int64_t amount)
{
	struct giving giving = usual(amount);
	switch (per) {
	case 0:
		giving.incident = "room-13";
		break;
	case 1:
	case 3:
		giving.customer = h.other;
		break;
	case 2:
		giving.token = h.eve_token;
		break;
	case 4:
		giving.site = "lyon";
		break;
	default:
		giving.budget = "bar";
	}
	return giving;
}

/* A grant that the scope is not about. */
static struct giving outside(unsigned scope, int64_t amount)
{
	struct giving giving = usual(amount);
	if (scope == 1 || scope == 2)
		giving.token = h.f.marc_token;
	else if (scope == 3)
		giving.site = "lyon";
	else if (scope == 4)
		giving.budget = "bar";
	else
		giving.reason = "gift";
	return giving;
}

static uint64_t put_probe(unsigned scope, bool counts, unsigned per, unsigned window)
{
	char text[256];
	snprintf(text, sizeof text, "id probe\n%sunit EUR\nmeasure %s\nper %s\nwindow %s\nmax %d\n",
	         scopes[scope], counts ? "count" : "amount", pers[per], windows[window],
	         counts ? 3 : 300);
	return house_limit(&h, text);
}

static void probe_period(unsigned window, int64_t max, int64_t resets_at_us)
{
	struct giving one = usual(1);
	int32_t end = window_end(window_of[window], house_today(&h), 0);
	if (end == WINDOW_FOREVER) {
		assert_int_equal(resets_at_us, INT64_MAX);
		house_go(&h, house_today(&h) + 800);
		binds(&h, &one, "probe", max, max);
		return;
	}
	assert_int_equal(resets_at_us, end * DAY_US);
	house_set_time(&h, end * DAY_US - 1);
	binds(&h, &one, "probe", max, max);
	house_set_time(&h, end * DAY_US);
	gives(&h, &one);
}

static void probe(unsigned scope, bool counts, unsigned per, unsigned window)
{
	struct giving third = usual(100), one = usual(1);
	struct giving away = elsewhere(per, 300), out = outside(scope, 1000);
	int64_t max = counts ? 3 : 300;
	/* Early in every period, so that all of it is still to come. */
	house_go(&h, window_end(LGP_WINDOW_YEAR, house_today(&h), 0));
	uint64_t version = put_probe(scope, counts, per, window);
	for (unsigned i = 0; i < 3; i++)
		gives(&h, &third);
	struct lgp_limit_use use = binds(&h, &one, "probe", max, max);
	assert_int_equal(use.version, version);
	assert_int_equal(used_in(&h, &one, "probe"), max);
	if (scope == 0)
		gives(&h, &away); /* with a scope it may be outside of that as well */
	else
		gives(&h, &out);
	binds(&h, &one, "probe", max, max);
	probe_period(window, max, use.resets_at_us);
	house_end_limit(&h, "probe");
	gives(&h, &third);
}

static void probe_scope(unsigned scope)
{
	for (unsigned per = 0; per < 6; per++)
		for (unsigned window = 0; window < 7; window++) {
			probe(scope, false, per, window);
			probe(scope, true, per, window);
		}
}

static void exactly_at_the_limit_passes_and_one_more_does_not_I5(void **state)
{
	(void)state;
	probe_scope(0);
}

static void limit_of_a_role_binds_that_role_in_every_dimension_I5(void **state)
{
	(void)state;
	probe_scope(1);
}

static void limit_of_a_person_binds_that_person_in_every_dimension_I5(void **state)
{
	(void)state;
	probe_scope(2);
}

static void limit_of_a_site_binds_that_site_in_every_dimension_I5(void **state)
{
	(void)state;
	probe_scope(3);
}

static void limit_of_a_budget_binds_that_budget_in_every_dimension_I5(void **state)
{
	(void)state;
	probe_scope(4);
}

static void limit_of_a_reason_binds_that_reason_in_every_dimension_I5(void **state)
{
	(void)state;
	probe_scope(5);
}

static void limit_per_grant_judges_each_alone_I5(void **state)
{
	(void)state;
	house_limit(&h, "id each\nunit EUR\nmeasure amount\nper grant\nwindow none\nmax 500\n");
	struct giving whole = usual(500), over = usual(501);
	gives(&h, &whole);
	gives(&h, &whole);
	struct lgp_limit_use use = binds(&h, &over, "each", 500, 0);
	assert_int_equal(use.resets_at_us, INT64_MAX);
	house_limit(&h, "id each\nmeasure count\nper grant\nwindow none\nmax 0\n");
	binds(&h, &whole, "each", 0, 0);
}

static void scope_of_several_parts_needs_them_all(void **state)
{
	(void)state;
	house_limit(&h,
	            "id narrow\nscope.role staff\nscope.site paris\nscope.budget bar\n"
	            "scope.reason gift\nunit EUR\nmeasure amount\nper staff\nwindow day\nmax 10\n");
	struct giving all = {.site = "paris", .budget = "bar", .reason = "gift", .amount = 11};
	binds(&h, &all, "narrow", 10, 0);
	struct giving no_role = all, no_site = all, no_budget = all, no_reason = all;
	no_role.token = h.f.marc_token;
	no_site.site = "lyon";
	no_budget.budget = "front-desk";
	no_reason.reason = "late-room";
	gives(&h, &no_role);
	gives(&h, &no_site);
	gives(&h, &no_budget);
	gives(&h, &no_reason);
}

static void limit_of_another_unit_is_not_asked(void **state)
{
	(void)state;
	fixture_define(&h.f, LGP_KIND_UNIT, h.f.admin, "code PTS\nscale 0\nkind points\n");
	house_limit(&h, "id points\nunit PTS\nmeasure amount\nper staff\nwindow day\nmax 0\n");
	struct giving one = usual(1);
	gives(&h, &one);
}

static void count_limit_without_a_unit_counts_all_units(void **state)
{
	(void)state;
	house_limit(&h, "id twice\nmeasure count\nper customer\nwindow day\nmax 2\n");
	struct giving one = usual(1);
	gives(&h, &one);
	gives(&h, &one);
	binds(&h, &one, "twice", 2, 2);
}

static void incidents_of_a_customer_are_limited_and_grants_within_one_are_not(void **state)
{
	(void)state;
	house_limit(&h, "id trouble\nmeasure incidents\nper customer\nwindow month\nmax 2\n");
	struct giving a = {.incident = "A", .amount = 5}, b = {.incident = "B", .amount = 5};
	struct giving c = {.incident = "C", .amount = 5}, none = {.amount = 5};
	gives(&h, &a);
	gives(&h, &a);
	gives(&h, &b);
	gives(&h, &a);
	binds(&h, &c, "trouble", 2, 2);
	refuses(&h, &none, LGP_PROBLEM_INCIDENT_REQUIRED);
	c.customer = h.other;
	gives(&h, &c);
	c.customer = 0;
	house_go(&h, window_end(LGP_WINDOW_MONTH, house_today(&h), 0));
	gives(&h, &c);
}

static void incident_is_one_however_it_is_spelled(void **state)
{
	(void)state;
	house_limit(&h, "id promise\nunit EUR\nmeasure amount\nper customer-incident\nwindow none\n"
	                "max 200\n");
	house_limit(&h, "id trouble\nmeasure incidents\nper customer\nwindow month\nmax 2\n");
	struct giving typed = {.incident = "INC-7", .amount = 150};
	struct giving again = {.incident = "inc-7", .amount = 51}, rest = again;
	uint64_t first = gives(&h, &typed);
	assert_int_equal(used_in(&h, &again, "promise"), 150);
	binds(&h, &again, "promise", 200, 150);
	rest.incident = "Inc-7";
	rest.amount = 50;
	gives(&h, &rest);
	binds(&h, &rest, "promise", 200, 200);
	struct giving other = {.incident = "inc.7", .amount = 200};
	gives(&h, &other);
	other.incident = "INC-8";
	binds(&h, &other, "trouble", 2, 2);
	/* It is shown as it was typed, and given back to whatever counted it. */
	struct lgp_outcome back = house_reverse(&h, h.f.marc_token, first, 0);
	assert_int_equal(back.verdict, LGP_ACCEPTED);
	assert_true(lgp_view_equal(lgp_entry_incident(&back.entry), LGP_VIEW("INC-7")));
	house_rebuild(&h);
	assert_int_equal(used_in(&h, &again, "promise"), 50);
}

static void limit_by_incident_needs_one(void **state)
{
	(void)state;
	house_limit(&h, "id promise\nunit EUR\nmeasure amount\nper customer-incident\nwindow none\n"
	                "max 200000\n");
	struct giving none = {.amount = 1}, one = {.incident = "room-12", .amount = 200000};
	refuses(&h, &none, LGP_PROBLEM_INCIDENT_REQUIRED);
	gives(&h, &one);
	one.amount = 1;
	binds(&h, &one, "promise", 200000, 200000);
}

/* ---- which one is named ------------------------------------------------------------------ */

static void of_those_passed_the_least_remaining_is_named(void **state)
{
	(void)state;
	house_limit(&h, "id a\nunit EUR\nmeasure amount\nper staff\nwindow day\nmax 300\n");
	house_limit(&h, "id b\nunit EUR\nmeasure amount\nper customer\nwindow day\nmax 200\n");
	house_limit(&h, "id c\nunit EUR\nmeasure amount\nper budget\nwindow day\nmax 1000\n");
	struct giving grant = usual(301);
	binds(&h, &grant, "b", 200, 0);
	grant.amount = 150;
	grant.customer = h.other;
	gives(&h, &grant);
	grant.customer = 0;
	grant.amount = 250;
	binds(&h, &grant, "a", 300, 150);
	grant.amount = 180;
	binds(&h, &grant, "a", 300, 150);
}

static void of_equals_the_first_by_id_is_named(void **state)
{
	(void)state;
	house_limit(&h, "id m.2\nunit EUR\nmeasure amount\nper staff\nwindow day\nmax 100\n");
	house_limit(&h, "id m\nunit EUR\nmeasure amount\nper site\nwindow day\nmax 100\n");
	house_limit(&h, "id m-1\nunit EUR\nmeasure amount\nper budget\nwindow year\nmax 100\n");
	struct giving grant = usual(101);
	binds(&h, &grant, "m", 100, 0);
}

static void one_that_refuses_outranks_one_that_asks(void **state)
{
	(void)state;
	house_limit(&h, "id asks\nunit EUR\nmeasure amount\nper staff\nwindow day\nmax 10\n"
	                "when_passed ask\n");
	house_limit(&h, "id hard\nunit EUR\nmeasure amount\nper staff\nwindow day\nmax 100\n");
	struct giving grant = usual(50);
	grant.ask = true;
	struct lgp_outcome out = house_give(&h, &grant);
	assert_int_equal(out.entry.kind, LGP_KIND_ASK);
	grant.ask = false;
	binds(&h, &grant, "asks", 10, 50);
	grant.ask = true;
	grant.amount = 51;
	binds(&h, &grant, "hard", 100, 50);
}

static void explained_is_every_limit_that_meets_by_id(void **state)
{
	(void)state;
	house_limit(&h, "id z\nunit EUR\nmeasure amount\nper customer\nwindow day\nmax 300\n");
	house_limit(&h, "id b\nscope.staff anna\nunit EUR\nmeasure amount\nper staff\nwindow "
	                "week\nmax 200\n");
	house_limit(
	        &h,
	        "id c\nscope.staff eve\nunit EUR\nmeasure amount\nper staff\nwindow day\nmax 1\n");
	struct giving grant = usual(120);
	gives(&h, &grant);
	struct lgp_command who = fixture_command(&h.f, LGP_KIND_GRANT, h.f.anna_token);
	struct lgp_limit_use uses[4];
	size_t count;
	assert_int_equal(lgp_explain(h.f.ledger, &who, uses, 4, &count), LGP_OK);
	assert_int_equal(count, 2);
	assert_int_equal(uses[0].id.text[0], 'b');
	assert_int_equal(uses[0].used, 120);
	assert_int_equal(uses[0].remaining, 80);
	assert_false(uses[0].needs_customer);
	assert_int_equal(uses[0].resets_at_us, window_end(LGP_WINDOW_WEEK, FIRST_DAY, 0) * DAY_US);
	assert_true(uses[1].needs_customer);
	who.customer = h.f.customer;
	who.amount = 181;
	assert_int_equal(lgp_explain(h.f.ledger, &who, uses, 4, &count), LGP_OK);
	assert_false(uses[1].needs_customer);
	assert_int_equal(uses[1].used, 120);
	assert_true(uses[0].passed && uses[1].passed);
	assert_int_equal(lgp_explain(h.f.ledger, &who, uses, 1, &count), LGP_OK);
	assert_int_equal(count, 1);
}

static void what_is_explained_is_what_the_next_grant_is_told(void **state)
{
	(void)state;
	house_limit(&h, "id day\nunit EUR\nmeasure amount\nper staff\nwindow day\nmax 300\n");
	struct giving part = usual(77);
	gives(&h, &part);
	struct giving rest = usual(300 - used_in(&h, &part, "day"));
	struct giving more = usual(rest.amount + 1);
	binds(&h, &more, "day", 300, 77);
	gives(&h, &rest);
}

static void dry_grant_is_judged_and_uses_nothing(void **state)
{
	(void)state;
	house_limit(&h, "id day\nunit EUR\nmeasure amount\nper staff\nwindow day\nmax 300\n");
	struct giving dry = usual(300);
	dry.dry = true;
	uint64_t next = lgp_next_seq(h.f.ledger);
	gives(&h, &dry);
	gives(&h, &dry);
	dry.amount = 301;
	binds(&h, &dry, "day", 300, 0);
	assert_int_equal(lgp_next_seq(h.f.ledger), next);
}

static void refusal_by_a_limit_keeps_its_figures_under_its_key(void **state)
{
	(void)state;
	house_limit(&h, "id day\nunit EUR\nmeasure amount\nper staff\nwindow day\nmax 300\n");
	struct lgp_command command = fixture_grant(&h.f, 400);
	struct lgp_outcome out = fixture_judge(&h.f, &command);
	fixture_commit(&h.f);
	char text[256];
	size_t len;
	struct lgp_reader *reader;
	assert_int_equal(lgp_reader_new(h.f.ledger, &reader), LGP_OK);
	assert_int_equal(lgp_read_payload(reader, &out.entry.hash, text, sizeof text - 1, &len),
	                 LGP_OK);
	lgp_reader_free(reader);
	text[len] = '\0';
	assert_string_equal(text, "limit day\nmax 300\nused 0\nremaining 300\n"
	                          "resets_at 2024-10-05T00:00:00.000000Z\n");
	house_limit(&h, "id day\nunit EUR\nmeasure amount\nper staff\nwindow day\nmax 500\n");
	struct lgp_outcome again = fixture_judge(&h.f, &command);
	assert_int_equal(again.verdict, LGP_REPLAYED);
	assert_int_equal(again.seq, out.seq);
}

/* ---- weeks ------------------------------------------------------------------------------- */

static void week_is_the_sites_own_and_counts_what_others_gave(void **state)
{
	(void)state;
	/* Friday 2024-10-04.  Paris counts from Monday, Lyon from Sunday. */
	house_limit(&h, "id week\nunit EUR\nmeasure amount\nper customer\nwindow week\nmax 100\n");
	struct giving paris = usual(60), lyon = usual(41);
	lyon.site = "lyon";
	gives(&h, &paris);
	binds(&h, &lyon, "week", 100, 60); /* one customer, one limit, two sites */
	house_go(&h, FIRST_DAY + 2);       /* Sunday: a new week at Lyon alone */
	lyon.amount = 50;
	gives(&h, &lyon);
	binds(&h, &paris, "week", 100, 110);
	lyon.amount = 51;
	binds(&h, &lyon, "week", 100, 50);
	house_go(&h, FIRST_DAY + 3); /* Monday: a new week at Paris */
	paris.amount = 101;
	binds(&h, &paris, "week", 100, 0);
	lyon.amount = 51;
	binds(&h, &lyon, "week", 100, 50);
}

static void moving_a_sites_week_start_frees_nothing_I5(void **state)
{
	(void)state;
	house_limit(&h, "id week\nunit EUR\nmeasure amount\nper staff\nwindow week\nmax 100\n");
	struct giving full = usual(100), one = usual(1);
	uint64_t seq = gives(&h, &full); /* on a Friday */
	house_amend(&h, LGP_KIND_SITE, h.f.site, "week_starts wednesday\n");
	binds(&h, &one, "week", 100, 100);
	house_amend(&h, LGP_KIND_SITE, h.f.site, "week_starts saturday\n");
	house_go(&h, FIRST_DAY + 1);
	gives(&h, &one);
	house_reverse(&h, h.f.marc_token, seq, 0);
	assert_int_equal(used_in(&h, &one, "week"), 1); /* of another week: gives nothing back */
	house_amend(&h, LGP_KIND_SITE, h.f.site, "week_starts monday\n");
	assert_int_equal(used_in(&h, &one, "week"), 1); /* of the same: it did */
	house_rebuild(&h);
}

/* ---- versions ------------------------------------------------------------------------------ */

static void changed_maximum_keeps_what_was_used(void **state)
{
	(void)state;
	struct giving half = usual(100), one = usual(1);
	house_limit(&h, "id day\nunit EUR\nmeasure amount\nper staff\nwindow day\nmax 200\n");
	gives(&h, &half);
	uint64_t lower = house_limit(
	        &h, "id day\nunit EUR\nmeasure amount\nper staff\nwindow day\nmax 100\n");
	assert_int_equal(binds(&h, &one, "day", 100, 100).version, lower);
	house_limit(
	        &h,
	        "id day\nunit EUR\nmeasure amount\nper staff\nwindow day\nmax 50\nnote tighter\n");
	binds(&h, &one, "day", 50, 100);
	house_limit(&h, "id day\nunit EUR\nmeasure amount\nper staff\nwindow day\nmax 101\n");
	gives(&h, &one);
	binds(&h, &one, "day", 101, 101);
}

static void changed_shape_starts_anew(void **state)
{
	(void)state;
	struct giving half = usual(100);
	house_limit(&h, "id day\nunit EUR\nmeasure amount\nper staff\nwindow day\nmax 100\n");
	gives(&h, &half);
	binds(&h, &half, "day", 100, 100);
	house_limit(&h, "id day\nunit EUR\nmeasure amount\nper staff\nwindow week\nmax 100\n");
	gives(&h, &half);
	binds(&h, &half, "day", 100, 100);
	house_limit(&h, "id day\nscope.role staff\nunit EUR\nmeasure amount\nper staff\nwindow "
	                "week\nmax 100\n");
	gives(&h, &half);
}

static void ended_limit_judges_no_more_and_begins_anew_when_put_again(void **state)
{
	(void)state;
	struct giving half = usual(100);
	house_limit(&h, "id day\nunit EUR\nmeasure amount\nper staff\nwindow day\nmax 100\n");
	gives(&h, &half);
	binds(&h, &half, "day", 100, 100);
	house_end_limit(&h, "day");
	gives(&h, &half);
	house_limit(&h, "id day\nunit EUR\nmeasure amount\nper staff\nwindow day\nmax 100\n");
	gives(&h, &half);
	binds(&h, &half, "day", 100, 100);
	house_rebuild(&h);
	binds(&h, &half, "day", 100, 100);
}

static void raise_with_an_end_gives_way_again(void **state)
{
	(void)state;
	struct giving full = usual(100), more = usual(50);
	house_limit(&h, "id month\nunit EUR\nmeasure amount\nper staff\nwindow month\nmax 100\n");
	gives(&h, &full);
	house_limit(&h, "id month\nunit EUR\nmeasure amount\nper staff\nwindow month\nmax 200\n"
	                "until 2024-10-06\n");
	gives(&h, &more);
	house_rebuild(&h);
	binds(&h, &full, "month", 200, 150);
	house_set_time(&h, (FIRST_DAY + 2) * DAY_US - 1);
	binds(&h, &full, "month", 200, 150);
	house_set_time(&h, (FIRST_DAY + 2) * DAY_US);
	binds(&h, &more, "month", 100, 150);
	house_rebuild(&h);
	binds(&h, &more, "month", 100, 150);
}

static void version_with_a_time_holds_to_the_microsecond(void **state)
{
	(void)state;
	struct giving one = usual(1);
	int64_t from = FIRST_DAY * DAY_US + DAY_US * 3 / 4; /* 18:00 */
	house_limit(&h, "id stop\nunit EUR\nmeasure amount\nper grant\nwindow none\nmax 0\n"
	                "from 2024-10-04T18:00:00.000000Z\nuntil 2024-10-04T18:00:00.000002Z\n");
	house_set_time(&h, from - 1);
	gives(&h, &one);
	h.f.now_us = from - 1000;
	binds(&h, &one, "stop", 0, 0);
	h.f.now_us = from - 1000; /* time increases by itself: one microsecond later */
	binds(&h, &one, "stop", 0, 0);
	h.f.now_us = from - 1000;
	gives(&h, &one);
}

static void overlay_of_another_shape_gives_way_and_nothing_is_lost_meanwhile(void **state)
{
	(void)state;
	struct giving part = usual(60);
	house_limit(&h, "id fair\nunit EUR\nmeasure amount\nper staff\nwindow month\nmax 100\n");
	gives(&h, &part);
	house_limit(&h, "id fair\nunit EUR\nmeasure amount\nper budget\nwindow month\nmax 500\n"
	                "until 2024-10-06\n");
	uint64_t seq = gives(&h, &part); /* a new shape: 60 of 500 */
	assert_int_equal(used_in(&h, &part, "fair"), 60);
	house_reverse(&h, h.f.marc_token, seq, 20);
	assert_int_equal(used_in(&h, &part, "fair"), 40);
	house_go(&h, FIRST_DAY + 3);
	binds(&h, &part, "fair", 100,
	      100); /* 60 + 60 - 20: the older shape counted all the while */
	house_rebuild(&h);
	binds(&h, &part, "fair", 100, 100);
}

static void reversal_gives_back_to_no_shape_that_did_not_count_it_I5(void **state)
{
	(void)state;
	struct giving early = usual(50), late = usual(90);
	house_limit(&h, "id x\nunit EUR\nmeasure amount\nper staff\nwindow month\nmax 1000\n");
	uint64_t seq = gives(&h, &early);
	house_limit(&h, "id x\nunit EUR\nmeasure amount\nper customer\nwindow month\nmax 100\n");
	gives(&h, &late);
	house_reverse(&h, h.f.anna_token, seq, 0);
	assert_int_equal(used_in(&h, &early, "x"), 90);
	early.amount = 11;
	binds(&h, &early, "x", 100, 90);
}

static void bad_limits_are_refused_with_their_field(void **state)
{
	(void)state;
	static const struct {
		const char *text, *field;
		enum lgp_problem problem;
	} bad[] = {
	        {"id x\nmeasure amount\nper staff\nwindow day\nmax 1\n", "unit",
	         LGP_PROBLEM_INVALID},
	        {"id x\nunit GBP\nmeasure amount\nper staff\nwindow day\nmax 1\n", "unit",
	         LGP_PROBLEM_NOT_FOUND},
	        {"id x\nscope.site nice\nunit EUR\nmeasure amount\nper staff\nwindow day\nmax 1\n",
	         "scope.site", LGP_PROBLEM_NOT_FOUND},
	        {"id x\nscope.staff paul\nunit EUR\nmeasure amount\nper staff\nwindow day\nmax 1\n",
	         "scope.staff", LGP_PROBLEM_NOT_FOUND},
	        {"id x\nunit EUR\nmeasure amount\nper grant\nwindow day\nmax 1\n", "window",
	         LGP_PROBLEM_INVALID},
	        {"id x\nmeasure incidents\nper staff\nwindow day\nmax 1\n", "per",
	         LGP_PROBLEM_INVALID},
	        {"id x\nmeasure count\nper staff\nwindow day\nmax 1\nfrom 2024-10-05\nuntil "
	         "2024-10-04\n",
	         "until", LGP_PROBLEM_INVALID},
	        {"id x\nmeasure count\nper staff\nwindow day\nmax 1\nfrom 2024-10-05\nuntil "
	         "2024-10-05\n",
	         "until", LGP_PROBLEM_INVALID},
	        /* Over at every site, whatever the day is there. */
	        {"id x\nmeasure count\nper staff\nwindow day\nmax 1\nuntil 2024-10-01\n", "until",
	         LGP_PROBLEM_INVALID},
	        {"id x\nmeasure count\nper staff\nwindow day\nmax 1\n"
	         "until 2024-10-03T00:00:00.000000Z\n",
	         "until", LGP_PROBLEM_INVALID},
	        {"id x\nmeasure count\nper staff\nwindow day\nmax -1\n", "", LGP_PROBLEM_MALFORMED},
	        {"id x\nmeasure count\nper staff\nwindow hour\nmax 1\n", "", LGP_PROBLEM_MALFORMED},
	        {"id x\nscope.role finance\nmeasure count\nper staff\nwindow day\nmax 1\n", "",
	         LGP_PROBLEM_MALFORMED},
	};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct lgp_outcome out = house_try_limit(&h, bad[i].text);
		assert_int_equal(out.verdict, LGP_DENIED);
		assert_int_equal(out.problem, bad[i].problem);
		assert_string_equal(out.field, bad[i].field);
	}
}

static void span_of_a_date_and_a_time_that_cannot_meet_is_refused(void **state)
{
	(void)state;
	/* At no place of the world is it the 20th at or before the 10th's noon in UTC. */
	struct lgp_outcome out = house_try_limit(
	        &h, "id x\nmeasure count\nper staff\nwindow day\nmax 1\nfrom 2024-10-20\n"
	            "until 2024-10-10T12:00:00.000000Z\n");
	assert_int_equal(out.problem, LGP_PROBLEM_INVALID);
	assert_string_equal(out.field, "until");
	out = house_try_limit(&h, "id x\nmeasure count\nper staff\nwindow day\nmax 1\n"
	                          "from 2024-10-20T12:00:00.000000Z\nuntil 2024-10-10\n");
	assert_int_equal(out.problem, LGP_PROBLEM_INVALID);
}

static void versions_that_are_over_make_room_and_a_plain_one_replaces_all(void **state)
{
	(void)state;
	const char *base = "id x\nunit EUR\nmeasure amount\nper staff\nwindow month\nmax 100\n";
	struct giving sixty = usual(60);
	char text[160];
	struct lgp_outcome out;
	house_limit(&h, base);
	gives(&h, &sixty);
	for (unsigned i = 1; i < LGP_LIMIT_VERSIONS_MAX; i++) {
		snprintf(text, sizeof text, "%suntil 2024-10-06\n", base);
		house_limit(&h, text);
	}
	out = house_try_limit(&h, text);
	assert_int_equal(out.problem, LGP_PROBLEM_INVALID);
	house_go(&h, FIRST_DAY + 6);
	snprintf(text, sizeof text, "%suntil 2024-11-06\n", base);
	out = house_try_limit(&h, text);
	assert_int_equal(out.verdict, LGP_ACCEPTED);
	house_rebuild(&h);
	for (unsigned i = 2; i < LGP_LIMIT_VERSIONS_MAX; i++)
		house_limit(&h, text);
	assert_int_equal(house_try_limit(&h, text).problem, LGP_PROBLEM_INVALID);
	assert_int_equal(house_try_limit(&h, base).verdict, LGP_ACCEPTED);
	assert_int_equal(house_try_limit(&h, text).verdict, LGP_ACCEPTED);
	binds(&h, &sixty, "x", 100, 60); /* and nothing of what was used is forgotten */
}

static void version_that_is_over_is_forgotten_live_and_in_a_replay_alike_I10(void **state)
{
	(void)state;
	struct giving part = usual(60);
	house_limit(&h, "id x\nunit EUR\nmeasure amount\nper staff\nwindow month\nmax 900\n");
	house_limit(&h, "id x\nunit EUR\nmeasure amount\nper budget\nwindow month\nmax 500\n"
	                "until 2024-10-06\n");
	house_go(&h, FIRST_DAY + 6);
	house_limit(&h, "id x\nunit EUR\nmeasure amount\nper staff\nwindow month\nmax 100\n"
	                "until 2024-10-20\n");
	house_rebuild(&h);    /* now all of it is in the file, */
	fixture_reopen(&h.f); /* and comes from there */
	gives(&h, &part);     /* which the version that is over counts no more */
	house_rebuild(&h);
	binds(&h, &part, "x", 100, 60);
}

static void limit_guarded_by_a_version_changes_from_that_one_alone(void **state)
{
	(void)state;
	const char *text = "id x\nmeasure count\nper staff\nwindow day\nmax 1\n";
	struct lgp_command command = fixture_command(&h.f, LGP_KIND_LIMIT, h.f.finance);
	command.payload = lgp_view_of(text);
	command.expected = 5;
	assert_int_equal(fixture_judge(&h.f, &command).problem, LGP_PROBLEM_PRECONDITION);
	uint64_t first = house_limit(&h, text);
	command = fixture_command(&h.f, LGP_KIND_LIMIT, h.f.finance);
	command.payload = lgp_view_of(text);
	command.expected = first;
	struct lgp_outcome out = fixture_judge(&h.f, &command);
	fixture_commit(&h.f);
	assert_int_equal(out.verdict, LGP_ACCEPTED);
	assert_int_equal(out.entry.limit, first);
	assert_int_equal(out.entry.refers_to, first);
	command = fixture_command(&h.f, LGP_KIND_LIMIT_END, h.f.finance);
	command.refers_to = first;
	command.expected = first;
	assert_int_equal(fixture_judge(&h.f, &command).problem, LGP_PROBLEM_PRECONDITION);
	command.expected = out.seq;
	assert_int_equal(fixture_judge(&h.f, &command).verdict, LGP_ACCEPTED);
	fixture_commit(&h.f);
	/* Nor does it come back from its end under its last version. */
	command = fixture_command(&h.f, LGP_KIND_LIMIT, h.f.finance);
	command.payload = lgp_view_of(text);
	command.expected = out.seq;
	assert_int_equal(fixture_judge(&h.f, &command).problem, LGP_PROBLEM_PRECONDITION);
}

static void sites_date_does_not_go_back(void **state)
{
	(void)state;
	house_limit(&h, "id x\nunit EUR\nmeasure amount\nper staff\nwindow day\nmax 100\n");
	house_set_time(&h, (FIRST_DAY + 9) * DAY_US + DAY_US / 4);
	struct giving all = {.amount = 100};
	gives(&h, &all);
	struct lgp_command command = fixture_command(&h.f, LGP_KIND_SITE, h.f.admin);
	command.amend = true;
	command.refers_to = h.f.site;
	command.payload = LGP_VIEW("timezone Etc/GMT+12\n"); /* where it is yesterday */
	struct lgp_outcome out = fixture_judge(&h.f, &command);
	assert_int_equal(out.problem, LGP_PROBLEM_INVALID);
	assert_string_equal(out.field, "timezone");
	house_set_time(&h, (FIRST_DAY + 9) * DAY_US + DAY_US * 3 / 4);
	house_amend(&h, LGP_KIND_SITE, h.f.site, "timezone Etc/GMT+12\n"); /* the same day */
	binds(&h, &(struct giving){.amount = 1}, "x", 100, 100);
}

/* ---- reversals ------------------------------------------------------------------------------ */

static int64_t after_reversal(const char *measure, const char *reversal, int64_t amount,
                              int32_t later)
{
	char text[192];
	struct giving grant = usual(100);
	snprintf(text, sizeof text,
	         "id r\nunit EUR\nmeasure %s\nper customer\nwindow day\nmax 9000\nreversal %s\n",
	         measure, reversal);
	house_limit(&h, text);
	uint64_t seq = gives(&h, &grant);
	gives(&h, &grant);
	if (later > 0)
		house_go(&h, house_today(&h) + later);
	struct lgp_outcome out = house_reverse(&h, h.f.marc_token, seq, amount);
	assert_int_equal(out.verdict, LGP_ACCEPTED);
	int64_t used = used_in(&h, &grant, "r");
	house_end_limit(&h, "r");
	return used;
}

static void reversal_gives_back_what_the_limit_says(void **state)
{
	(void)state;
	assert_int_equal(after_reversal("amount", "amount", 0, 0), 100);
	assert_int_equal(after_reversal("amount", "amount", 30, 0), 170);
	assert_int_equal(after_reversal("amount", "amount-and-count", 0, 0), 100);
	assert_int_equal(after_reversal("amount", "nothing", 0, 0), 200);
	assert_int_equal(after_reversal("count", "amount", 0, 0), 2);
	assert_int_equal(after_reversal("count", "amount-and-count", 0, 0), 1);
	assert_int_equal(after_reversal("count", "amount-and-count", 99, 0), 2); /* not the whole */
	assert_int_equal(after_reversal("count", "nothing", 0, 0), 2);
}

static void reversal_in_a_later_period_gives_nothing_back(void **state)
{
	(void)state;
	struct giving grant = usual(100);
	assert_int_equal(after_reversal("amount", "amount", 0, 1), 0);
	house_limit(&h, "id month\nunit EUR\nmeasure amount\nper staff\nwindow month\nmax 9000\n");
	uint64_t seq = gives(&h, &grant), late = gives(&h, &grant);
	house_go(&h, window_end(LGP_WINDOW_MONTH, house_today(&h), 0) - 1);
	house_reverse(&h, h.f.marc_token, seq, 0);
	assert_int_equal(used_in(&h, &grant, "month"), 100); /* another day, the same month */
	house_go(&h, house_today(&h) + 1);
	gives(&h, &grant);
	house_reverse(&h, h.f.marc_token, late, 0);
	assert_int_equal(used_in(&h, &grant, "month"), 100);
}

static void count_comes_back_with_the_last_part(void **state)
{
	(void)state;
	house_limit(
	        &h,
	        "id n\nmeasure count\nper staff\nwindow day\nmax 2\nreversal amount-and-count\n");
	struct giving grant = usual(100);
	uint64_t seq = gives(&h, &grant);
	gives(&h, &grant);
	house_reverse(&h, h.f.anna_token, seq, 60);
	binds(&h, &grant, "n", 2, 2);
	house_reverse(&h, h.f.anna_token, seq, 40);
	gives(&h, &grant);
	binds(&h, &grant, "n", 2, 2);
}

static void incident_is_free_again_when_its_last_grant_is_taken_back(void **state)
{
	(void)state;
	house_limit(&h, "id i\nmeasure incidents\nper customer\nwindow week\nmax 1\n"
	                "reversal amount-and-count\n");
	struct giving a = {.incident = "A", .amount = 5}, b = {.incident = "B", .amount = 5};
	uint64_t first = gives(&h, &a), second = gives(&h, &a);
	house_reverse(&h, h.f.anna_token, first, 0);
	binds(&h, &b, "i", 1, 1);
	house_reverse(&h, h.f.anna_token, second, 0);
	gives(&h, &b);
	binds(&h, &a, "i", 1, 1);
	house_rebuild(&h);
	binds(&h, &a, "i", 1, 1);
}

static void terms_of_a_reversal_are_those_of_its_moment(void **state)
{
	(void)state;
	struct giving grant = usual(50);
	const char *base = "id r\nunit EUR\nmeasure amount\nper staff\nwindow month\nmax 100\n";
	char text[160];
	house_limit(&h, base);
	uint64_t first = gives(&h, &grant), second = gives(&h, &grant);
	snprintf(text, sizeof text, "%sreversal nothing\nuntil 2024-10-06\n", base);
	house_limit(&h, text);
	house_reverse(&h, h.f.marc_token, first, 0);
	assert_int_equal(used_in(&h, &grant, "r"), 100);
	house_go(&h, FIRST_DAY + 3);
	house_reverse(&h, h.f.marc_token, second, 0);
	assert_int_equal(used_in(&h, &grant, "r"), 50);
}

/* ---- counters ------------------------------------------------------------------------------- */

static enum lgp_status add_one(void *context, struct lgp_view key, struct lgp_view value)
{
	(void)key;
	(void)value;
	++*(size_t *)context;
	return LGP_OK;
}

static size_t counters_in_file(void)
{
	struct state *file;
	struct state_position position;
	char path[128];
	size_t count = 0;
	fixture_close(&h.f);
	snprintf(path, sizeof path, "%s/state.mdb", h.f.dir);
	assert_int_equal(state_open(path, (size_t)1 << 30, (const uint8_t[MAP_SEED_LEN]){0}, &file,
	                            &position),
	                 LGP_OK);
	assert_int_equal(state_each(file, 'C', add_one, &count), LGP_OK);
	assert_int_equal(state_each(file, 'I', add_one, &count), LGP_OK);
	state_close(file);
	fixture_reopen(&h.f);
	return count;
}

static void closed_counters_leave_the_hash_and_the_file(void **state)
{
	(void)state;
	struct lgp_hash hash;
	struct giving grant = usual(1);
	house_limit(&h, "id day\nunit EUR\nmeasure amount\nper staff\nwindow day\nmax 9\n");
	house_limit(&h, "id trouble\nmeasure incidents\nper customer\nwindow day\nmax 9\n");
	for (unsigned i = 0; i < 10; i++) {
		gives(&h, &grant);
		house_go(&h, house_today(&h) + 1);
	}
	house_commit(&h);
	assert_int_equal(lgp_state_hash(h.f.ledger, &hash), LGP_OK);
	assert_true(counters_in_file() <=
	            3 * 4); /* three of them each day, for the days that are open */
	house_go(&h, house_today(&h) + 10);
	gives(&h, &grant);
	house_rebuild(&h);
	assert_int_equal(counters_in_file(), 3);
	gives(&h, &grant);
	assert_int_equal(used_in(&h, &grant, "day"), 2);
}

static void counters_survive_a_reopening_and_the_loss_of_the_state(void **state)
{
	(void)state;
	struct giving grant = usual(60);
	house_limit(&h, "id day\nunit EUR\nmeasure amount\nper staff\nwindow day\nmax 100\n");
	house_limit(&h, "id week\nunit EUR\nmeasure amount\nper customer\nwindow week\nmax 1000\n");
	gives(&h, &grant);
	house_commit(&h);
	fixture_reopen(&h.f);
	binds(&h, &grant, "day", 100, 60);
	house_rebuild(&h);
	binds(&h, &grant, "day", 100, 60);
	assert_int_equal(used_in(&h, &grant, "week"), 60);
}

static void grants_of_one_batch_count_against_each_other_I5(void **state)
{
	(void)state;
	house_limit(&h, "id day\nunit EUR\nmeasure amount\nper budget\nwindow day\nmax 1000\n");
	struct giving one = usual(1);
	unsigned passed = 0;
	for (unsigned i = 0; i < 1100; i++)
		passed += house_give(&h, &one).verdict == LGP_ACCEPTED;
	assert_int_equal(passed, 1000);
	assert_int_equal(lgp_batch_count(h.f.ledger), 1100);
}

static void sums_near_the_end_of_63_bits_do_not_wrap_I5(void **state)
{
	(void)state;
	house_limit(&h, "id vast\nunit EUR\nmeasure amount\nper budget\nwindow day\n"
	                "max 9223372036854775807\n");
	struct giving grant = usual(100);
	gives(&h, &grant);
	grant.amount = INT64_MAX;
	binds(&h, &grant, "vast", INT64_MAX, 100);
}

static void imported_history_uses_up_nothing(void **state)
{
	(void)state;
	house_limit(&h, "id day\nunit EUR\nmeasure amount\nper staff\nwindow day\nmax 100\n");
	struct lgp_command import = fixture_command(&h.f, LGP_KIND_IMPORT, h.f.admin);
	import.amount = 5000;
	import.unit = slug("EUR");
	import.staff = slug("anna");
	import.budget = slug("front-desk");
	import.reason = slug("late-room");
	import.business_date = FIRST_DAY;
	fixture_do(&h.f, &import);
	struct giving full = usual(100);
	gives(&h, &full);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        CASE(exactly_at_the_limit_passes_and_one_more_does_not_I5),
	        CASE(limit_of_a_role_binds_that_role_in_every_dimension_I5),
	        CASE(limit_of_a_person_binds_that_person_in_every_dimension_I5),
	        CASE(limit_of_a_site_binds_that_site_in_every_dimension_I5),
	        CASE(limit_of_a_budget_binds_that_budget_in_every_dimension_I5),
	        CASE(limit_of_a_reason_binds_that_reason_in_every_dimension_I5),
	        CASE(limit_per_grant_judges_each_alone_I5),
	        CASE(scope_of_several_parts_needs_them_all),
	        CASE(limit_of_another_unit_is_not_asked),
	        CASE(count_limit_without_a_unit_counts_all_units),
	        CASE(incidents_of_a_customer_are_limited_and_grants_within_one_are_not),
	        CASE(incident_is_one_however_it_is_spelled),
	        CASE(limit_by_incident_needs_one),
	        CASE(of_those_passed_the_least_remaining_is_named),
	        CASE(of_equals_the_first_by_id_is_named),
	        CASE(one_that_refuses_outranks_one_that_asks),
	        CASE(explained_is_every_limit_that_meets_by_id),
	        CASE(what_is_explained_is_what_the_next_grant_is_told),
	        CASE(dry_grant_is_judged_and_uses_nothing),
	        CASE(refusal_by_a_limit_keeps_its_figures_under_its_key),
	        CASE(week_is_the_sites_own_and_counts_what_others_gave),
	        CASE(moving_a_sites_week_start_frees_nothing_I5),
	        CASE(changed_maximum_keeps_what_was_used),
	        CASE(changed_shape_starts_anew),
	        CASE(ended_limit_judges_no_more_and_begins_anew_when_put_again),
	        CASE(raise_with_an_end_gives_way_again),
	        CASE(version_with_a_time_holds_to_the_microsecond),
	        CASE(overlay_of_another_shape_gives_way_and_nothing_is_lost_meanwhile),
	        CASE(reversal_gives_back_to_no_shape_that_did_not_count_it_I5),
	        CASE(bad_limits_are_refused_with_their_field),
	        CASE(span_of_a_date_and_a_time_that_cannot_meet_is_refused),
	        CASE(versions_that_are_over_make_room_and_a_plain_one_replaces_all),
	        CASE(version_that_is_over_is_forgotten_live_and_in_a_replay_alike_I10),
	        CASE(limit_guarded_by_a_version_changes_from_that_one_alone),
	        CASE(sites_date_does_not_go_back),
	        CASE(reversal_gives_back_what_the_limit_says),
	        CASE(reversal_in_a_later_period_gives_nothing_back),
	        CASE(count_comes_back_with_the_last_part),
	        CASE(incident_is_free_again_when_its_last_grant_is_taken_back),
	        CASE(terms_of_a_reversal_are_those_of_its_moment),
	        CASE(closed_counters_leave_the_hash_and_the_file),
	        CASE(counters_survive_a_reopening_and_the_loss_of_the_state),
	        CASE(grants_of_one_batch_count_against_each_other_I5),
	        CASE(sums_near_the_end_of_63_bits_do_not_wrap_I5),
	        CASE(imported_history_uses_up_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
