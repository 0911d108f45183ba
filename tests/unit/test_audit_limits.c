/* test_audit_limits: the audit's judgement of limits, approvals, refusals and of who
 * may act where, against ledgers that the ledger itself wrote: random programmes, grants and
 * decisions.  Either of the two that errs is found by the other. */
#include "ledger_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lagniappe/codec.h"
#include "tools/audit/counters.h"
#include "tools/audit/verify.h"

#define STEPS 4000
#define PEOPLE 4
#define CUSTOMERS 5
#define KEPT 64 /* of the newest grants and asks, to reverse and to decide on */
#define HOUR_US (INT64_C(3600) * 1000000)

struct run {
	struct fixture f;
	uint32_t random;
	uint64_t token[PEOPLE + 2]; /* two of staff, two managers, two integrations */
	uint64_t person[PEOPLE], customer[CUSTOMERS];
	uint64_t site[2];
	uint64_t granted[KEPT], asked[KEPT], delegated[KEPT];
	uint64_t limit[10];  /* numbers, by id */
	bool leaves[PEOPLE]; /* the server lets nobody in who has left */
	size_t grants, asks, delegations, tokens;
	size_t of_problem[256], of_kind[64];
};

static const char *const names[PEOPLE] = {"anna", "bea", "marc", "nina"};

static uint32_t draw(struct run *run, uint32_t below)
{
	run->random = run->random * 1664525 + 1013904223;
	return (run->random >> 8) % below;
}

static bool often(struct run *run, uint32_t of_100)
{
	return draw(run, 100) < of_100;
}

/* ---- two places, fifteen hours apart --------------------------------------------------- */

static int64_t offset_us(struct lgp_view zone)
{
	return lgp_view_equal(zone, LGP_VIEW("Pacific/Kiritimati")) ? 14 * HOUR_US : -HOUR_US;
}

static enum lgp_status date_at(void *context, struct lgp_view zone, int64_t time_us, int32_t *days)
{
	(void)context;
	*days = (int32_t)((time_us + offset_us(zone)) / DAY_US);
	return LGP_OK;
}

static enum lgp_status day_starts(void *context, struct lgp_view zone, int32_t days,
                                  int64_t *time_us)
{
	(void)context;
	*time_us = days * DAY_US - offset_us(zone);
	return LGP_OK;
}

static void reopen(struct run *run)
{
	struct lgp_options options = {
	        .log_map_bytes = (size_t)1 << 30,
	        .state_map_bytes = (size_t)1 << 30,
	        .calendar = {date_at, day_starts, NULL},
	};
	/* Sometimes state.mdb stands at the end, sometimes it is replayed. */
	if (often(run, 70) && lgp_state_freeze(run->f.ledger, true))
		assert_int_equal(lgp_applier_step(run->f.ledger), LGP_OK);
	fixture_close(&run->f);
	assert_int_equal(lgp_open(run->f.dir, &options, &run->f.ledger), LGP_OK);
}

/* ---- commands ---------------------------------------------------------------------------- */

static struct lgp_outcome act(struct run *run, const struct lgp_command *command)
{
	struct lgp_outcome out = fixture_judge(&run->f, command);
	if (out.verdict == LGP_REFUSED)
		run->of_problem[out.problem]++;
	if (out.verdict == LGP_ACCEPTED)
		run->of_kind[out.entry.kind]++;
	bool full = lgp_batch_full(run->f.ledger);
	if (lgp_batch_count(run->f.ledger) > 0 && (full || often(run, 30)))
		fixture_commit(&run->f);
	return out;
}

static void settle(struct run *run)
{
	if (lgp_batch_count(run->f.ledger) > 0)
		fixture_commit(&run->f);
}

static struct lgp_outcome define(struct run *run, enum lgp_kind kind, uint64_t token,
                                 const char *text)
{
	struct lgp_command command = fixture_command(&run->f, kind, token);
	command.payload = lgp_view_of(text);
	struct lgp_outcome out = act(run, &command);
	settle(run);
	return out;
}

static uint64_t defined(struct run *run, enum lgp_kind kind, const char *text)
{
	struct lgp_outcome out = define(run, kind, run->f.admin, text);
	assert_int_equal(out.verdict, LGP_ACCEPTED);
	return out.seq;
}

/* Keeps the token as it was where there may be none of the role. */
static void token_for(struct run *run, const char *lines, uint64_t *token)
{
	char text[512];
	snprintf(text, sizeof text, "%shash %064zu\n", lines, 100 + run->tokens++);
	struct lgp_outcome out = define(run, LGP_KIND_TOKEN, run->f.admin, text);
	if (out.verdict == LGP_ACCEPTED)
		*token = out.seq;
	assert_int_not_equal(*token, 0);
}

static void token_of_staff(struct run *run, size_t who)
{
	char text[64];
	snprintf(text, sizeof text, "role %s\nsubject %s\n", who < 2 ? "staff" : "manager",
	         names[who]);
	token_for(run, text, &run->token[who]);
}

static void amend(struct run *run, enum lgp_kind kind, uint64_t number, const char *text)
{
	struct lgp_command command = fixture_command(&run->f, kind, run->f.admin);
	command.payload = lgp_view_of(text);
	command.amend = true;
	command.refers_to = number;
	(void)act(run, &command);
	settle(run);
}

static void set_up(struct run *run)
{
	fixture_open(&run->f);
	reopen(run);
	run->f.unit = defined(run, LGP_KIND_UNIT, "code EUR\nscale 2\nkind money\n");
	run->site[0] = defined(run, LGP_KIND_SITE, "id paris\ntimezone Atlantic/Azores\n");
	run->site[1] = defined(run, LGP_KIND_SITE,
	                       "id far\ntimezone Pacific/Kiritimati\nweek_starts sunday\n");
	(void)defined(run, LGP_KIND_BUDGET, "id desk\nsite paris\nunit EUR\n");
	(void)defined(run, LGP_KIND_BUDGET, "id spa\nsite far\nunit EUR\n");
	(void)defined(run, LGP_KIND_REASON, "id late\nkind discretionary\n");
	(void)defined(run, LGP_KIND_REASON, "id cold\nkind discretionary\n");
	(void)defined(run, LGP_KIND_REASON, "id bonus\nkind earned\n");
	(void)defined(run, LGP_KIND_UNIT, "code PTS\nscale 0\nkind points\n");
	(void)defined(run, LGP_KIND_SITE, "id attic\ntimezone Atlantic/Azores\n");
	(void)defined(run, LGP_KIND_BUDGET, "id loft\nsite attic\nunit EUR\n");
	for (size_t i = 0; i < PEOPLE; i++) {
		char text[256];
		snprintf(text, sizeof text,
		         "id %s\nrole %s\nsite paris\nsites far\nbudget desk\nbudgets spa\n",
		         names[i], i < 2 ? "staff" : "manager");
		run->person[i] = defined(run, LGP_KIND_STAFF, text);
		token_of_staff(run, i);
	}
	token_for(run, "role integration\n", &run->token[PEOPLE]);
	token_for(run, "role integration\nsites paris\n", &run->token[PEOPLE + 1]);
	for (size_t i = 0; i < CUSTOMERS; i++) {
		struct lgp_command command =
		        fixture_command(&run->f, LGP_KIND_CUSTOMER, run->token[0]);
		run->customer[i] = act(run, &command).seq;
	}
	for (size_t i = 0; i < 2; i++) {
		struct lgp_command command =
		        fixture_command(&run->f, LGP_KIND_ALLOTMENT, run->f.finance);
		command.budget = slug(i == 0 ? "desk" : "spa");
		command.amount = 30000;
		(void)act(run, &command);
	}
	settle(run);
}

/* ---- limits ---------------------------------------------------------------------------------- */

static const char *one_of(struct run *run, const char *choices, char out[32])
{
	size_t count = 1, n;
	for (const char *at = choices; *at != '\0'; at++)
		count += *at == '|';
	for (n = draw(run, (uint32_t)count); n > 0; n--)
		choices = strchr(choices, '|') + 1;
	snprintf(out, 32, "%.*s", (int)strcspn(choices, "|"), choices);
	return out;
}

static size_t date_line(struct run *run, char *out, size_t room, const char *name, int32_t days)
{
	char date[LGP_DATE_LEN], time[LGP_TIME_LEN];
	if (often(run, 60)) {
		lgp_date_format(date, days);
		return (size_t)snprintf(out, room, "%s %.*s\n", name, LGP_DATE_LEN, date);
	}
	lgp_time_format(time, days * DAY_US + HOUR_US);
	return (size_t)snprintf(out, room, "%s %.*s\n", name, LGP_TIME_LEN, time);
}

#define ADD(...) at += (size_t)snprintf(text + at, sizeof text - at, __VA_ARGS__)

static void put_limit(struct run *run)
{
	char text[1024], word[32];
	size_t at = 0, i = draw(run, 10);
	uint64_t max = often(run, 20) ? 1 + draw(run, 4) : 200 + draw(run, 4000);
	int32_t today = (int32_t)(run->f.now_us / DAY_US);
	bool incidents = often(run, 10);
	ADD("id l-%zu\n", i);
	if (often(run, 25))
		ADD("scope.role %s\n", often(run, 50) ? "staff" : "manager");
	if (often(run, 15))
		ADD("scope.staff %s\n", names[draw(run, PEOPLE)]);
	if (often(run, 20))
		ADD("scope.site %s\n", often(run, 50) ? "paris" : "far");
	if (often(run, 20))
		ADD("scope.budget %s\n", often(run, 50) ? "desk" : "spa");
	if (often(run, 20))
		ADD("scope.reason %s\n", often(run, 50) ? "late" : "cold");
	ADD("unit EUR\nmeasure %s\n", incidents        ? "incidents"
	                              : often(run, 60) ? "amount"
	                                               : "count");
	one_of(run, incidents ? "customer" : LGP_PER_CHOICES, word);
	ADD("per %s\nwindow ", word);
	bool grant = strcmp(word, "grant") == 0;
	ADD("%s\n", grant ? "none" : one_of(run, LGP_WINDOW_CHOICES, word));
	ADD("max %llu\n", (unsigned long long)(incidents ? 1 + draw(run, 3) : max));
	if (often(run, 60))
		ADD("when_passed %s\n", often(run, 75) ? "ask" : "refuse");
	if (often(run, 50))
		ADD("reversal %s\n", one_of(run, LGP_REVERSAL_CHOICES, word));
	if (often(run, 20))
		at += date_line(run, text + at, sizeof text - at, "from",
		                today + (int32_t)draw(run, 4) - 1);
	if (often(run, 30))
		at += date_line(run, text + at, sizeof text - at, "until",
		                today + 2 + (int32_t)draw(run, 9));
	struct lgp_outcome out = define(run, LGP_KIND_LIMIT, run->f.finance, text);
	if (out.verdict == LGP_ACCEPTED && out.entry.refers_to == 0)
		run->limit[i] = out.seq;
}

static void end_limit(struct run *run)
{
	struct lgp_command command = fixture_command(&run->f, LGP_KIND_LIMIT_END, run->f.finance);
	command.refers_to = run->limit[draw(run, 10)];
	if (command.refers_to != 0)
		(void)act(run, &command);
	settle(run);
}

/* ---- delegations -------------------------------------------------------------------------------- */

static void delegate(struct run *run)
{
	char text[512];
	size_t at = 0;
	int32_t today = (int32_t)(run->f.now_us / DAY_US);
	ADD("to %s\n", names[draw(run, PEOPLE)]);
	if (often(run, 20))
		ADD("scope.site %s\n", often(run, 50) ? "paris" : "far");
	if (often(run, 20))
		ADD("scope.budget %s\n", often(run, 50) ? "desk" : "spa");
	ADD("unit EUR\nceiling %u\n", 200 + draw(run, 600));
	at += date_line(run, text + at, sizeof text - at, "until",
	                today + 1 + (int32_t)draw(run, 12));
	size_t who = 2 + draw(run, 2);
	struct lgp_command command = fixture_command(&run->f, LGP_KIND_DELEGATION, run->token[who]);
	/* The giver is filled in; the form asks for it. */
	char whole[600];
	snprintf(whole, sizeof whole, "from %s\n%s", names[who], text);
	if (run->leaves[who])
		return;
	command.payload = lgp_view_of(whole);
	struct lgp_outcome out = act(run, &command);
	if (out.verdict == LGP_ACCEPTED)
		run->delegated[run->delegations++ % KEPT] = out.seq;
	settle(run);
}

static void end_delegation(struct run *run)
{
	size_t who = 2 + draw(run, 2);
	if (run->delegations == 0 || run->leaves[who])
		return;
	struct lgp_command command =
	        fixture_command(&run->f, LGP_KIND_DELEGATION_END, run->token[who]);
	size_t kept = run->delegations < KEPT ? run->delegations : KEPT;
	command.refers_to = run->delegated[draw(run, (uint32_t)kept)];
	(void)act(run, &command);
	settle(run);
}

/* ---- grants ----------------------------------------------------------------------------------------- */

/* Now and then what nobody may. */
static const char *place(struct run *run, const char *one, const char *other, const char *never)
{
	return often(run, 2) ? never : often(run, 60) ? one : other;
}

static void grant(struct run *run)
{
	size_t who = draw(run, PEOPLE + 2);
	struct lgp_command command = fixture_command(&run->f, LGP_KIND_GRANT, run->token[who]);
	command.customer = run->customer[draw(run, CUSTOMERS)];
	command.amount = often(run, 2) ? 100000 : 1 + draw(run, 500);
	command.unit = slug(often(run, 2) ? "PTS" : "EUR");
	command.reason = slug(place(run, "late", "cold", "bonus"));
	command.budget = slug(place(run, "desk", "spa", "loft"));
	command.site = slug(place(run, "paris", "far", "attic"));
	command.ask = often(run, 60);
	if (who >= PEOPLE)
		command.staff = slug(names[draw(run, PEOPLE)]);
	if (often(run, 92))
		command.incident = slug(often(run, 40)   ? who % 2 == 0 ? "room-1" : "Room-1"
		                        : often(run, 50) ? "room-2"
		                                         : "room-3");
	struct lgp_outcome out = act(run, &command);
	if (out.verdict != LGP_ACCEPTED)
		return;
	if (out.entry.kind == LGP_KIND_ASK)
		run->asked[run->asks++ % KEPT] = out.seq;
	else
		run->granted[run->grants++ % KEPT] = out.seq;
}

static void thank(struct run *run)
{
	struct lgp_command command =
	        fixture_command(&run->f, LGP_KIND_THANKS, run->token[draw(run, PEOPLE)]);
	command.customer = run->customer[draw(run, CUSTOMERS)];
	command.reason = slug(often(run, 50) ? "late" : "bonus");
	command.site = slug(place(run, "paris", "far", "attic"));
	command.amount = draw(run, 20);
	(void)act(run, &command);
}

/* Tills withdraw, and do not approve: that the server sees to. */
static void decide(struct run *run, enum lgp_kind kind)
{
	if (run->asks == 0)
		return;
	size_t kept = run->asks < KEPT ? run->asks : KEPT;
	uint32_t tokens = kind == LGP_KIND_DECLINE ? PEOPLE + 2 : PEOPLE;
	struct lgp_command command = fixture_command(&run->f, kind, run->token[draw(run, tokens)]);
	command.refers_to = often(run, 70) ? run->asked[(run->asks - 1) % KEPT]
	                                   : run->asked[draw(run, (uint32_t)kept)];
	struct lgp_outcome out = act(run, &command);
	if (out.verdict == LGP_ACCEPTED && kind == LGP_KIND_GRANT)
		run->granted[run->grants++ % KEPT] = out.seq;
}

static void reverse(struct run *run)
{
	if (run->grants == 0)
		return;
	size_t kept = run->grants < KEPT ? run->grants : KEPT;
	struct lgp_command command =
	        fixture_command(&run->f, LGP_KIND_REVERSAL, run->token[draw(run, PEOPLE + 2)]);
	command.refers_to = run->granted[draw(run, (uint32_t)kept)];
	if (often(run, 5))
		command.refers_to = 20 + draw(run, 100); /* whatever stands there */
	if (often(run, 40))
		command.amount = 1 + draw(run, 200);
	(void)act(run, &command);
}

static void change_site(struct run *run)
{
	char text[64], word[32];
	if (often(run, 50))
		snprintf(text, sizeof text, "week_starts %s\n",
		         often(run, 50) ? "monday" : "saturday");
	else
		snprintf(text, sizeof text, "staff_rewards %s\n",
		         one_of(run, LGP_STAFF_REWARDS_CHOICES, word));
	amend(run, LGP_KIND_SITE, run->site[draw(run, 2)], text);
}

/* Who comes and goes, works elsewhere, is a customer too. */
static void change_place(struct run *run, size_t who)
{
	char text[64] = "", date[LGP_DATE_LEN];
	uint32_t what = draw(run, 4);
	bool leaves = often(run, 40);
	if (what == 0)
		run->leaves[who] = leaves;
	if (what == 0 && leaves) {
		lgp_date_format(date, (int32_t)(run->f.now_us / DAY_US) + (int32_t)draw(run, 3));
		snprintf(text, sizeof text, "active_until %.*s\n", LGP_DATE_LEN, date);
	} else if (what == 0) {
		snprintf(text, sizeof text, "active_until \n");
	} else if (what == 1) {
		snprintf(text, sizeof text, "sites %s\n", often(run, 30) ? "" : "far");
	} else if (what == 2) {
		snprintf(text, sizeof text, "budgets %s\n", often(run, 30) ? "" : "spa");
	} else {
		snprintf(text, sizeof text, "customer %llu\n",
		         (unsigned long long)run->customer[who]);
	}
	amend(run, LGP_KIND_STAFF, run->person[who], text);
	if (what == 0 && !leaves)
		token_of_staff(run, who); /* who comes back finds the old one ended */
}

/* Who moves in with whom, or out; told by whoever may and who may not. */
static void change_household(struct run *run)
{
	static const char *const lines[] = {"household elm-4\n", "household Elm-4\n",
	                                    "household oak\n", ""};
	struct lgp_command command =
	        fixture_command(&run->f, LGP_KIND_CUSTOMER, run->token[draw(run, PEOPLE + 2)]);
	command.amend = true;
	command.refers_to = run->customer[draw(run, CUSTOMERS)];
	command.payload = lgp_view_of(lines[draw(run, 4)]);
	(void)act(run, &command);
}

static void change_people(struct run *run)
{
	char text[64];
	size_t who = draw(run, PEOPLE);
	if (often(run, 30)) {
		change_site(run);
		return;
	}
	if (often(run, 60)) {
		change_place(run, who);
		return;
	}
	if (often(run, 30)) {
		change_household(run);
		return;
	}
	snprintf(text, sizeof text, "role %s\n", often(run, 30) == (who < 2) ? "manager" : "staff");
	amend(run, LGP_KIND_STAFF, run->person[who], text);
}

static void allot(struct run *run)
{
	struct lgp_command command = fixture_command(&run->f, LGP_KIND_ALLOTMENT, run->f.finance);
	command.budget = slug(often(run, 50) ? "desk" : "spa");
	command.amount = often(run, 20) ? -1000000 : 3000;
	(void)act(run, &command);
}

static void step(struct run *run)
{
	uint32_t what = draw(run, 1000);
	if (often(run, 3))
		run->f.now_us += draw(run, 40) * HOUR_US;
	else
		run->f.now_us += draw(run, 1200) * INT64_C(1000000);
	if (what < 25)
		put_limit(run);
	else if (what < 33)
		end_limit(run);
	else if (what < 45)
		delegate(run);
	else if (what < 50)
		end_delegation(run);
	else if (what < 65)
		change_people(run);
	else if (what < 80)
		allot(run);
	else if (what < 200)
		decide(run, LGP_KIND_GRANT);
	else if (what < 225)
		decide(run, LGP_KIND_DECLINE);
	else if (what < 290)
		reverse(run);
	else if (what < 294) {
		settle(run);
		reopen(run);
	} else if (what < 320)
		thank(run);
	else
		grant(run);
}

/* ---- the audit ----------------------------------------------------------------------------------- */

static int audit(const char *dir, char **text)
{
	size_t len;
	FILE *out = open_memstream(text, &len);
	assert_non_null(out);
	struct verify_options options = {.ledger = dir, .out = out};
	int code = verify_run(&options);
	assert_int_equal(fclose(out), 0);
	return code;
}

static void judge_seed(uint32_t seed)
{
	static struct run run;
	char *text;
	run = (struct run){.random = seed};
	set_up(&run);
	for (size_t i = 0; i < STEPS; i++)
		step(&run);
	settle(&run);
	int code = audit(run.f.dir, &text);
	if (getenv("LAGNIAPPE_TEST_TELL") != NULL) {
		for (size_t i = 0; i < 64; i++)
			if (run.of_kind[i] > 0)
				print_message("%s %zu\n", lgp_kind_name((unsigned)i),
				              run.of_kind[i]);
		for (size_t i = 0; i < 256; i++)
			if (run.of_problem[i] > 0)
				print_message("%s %zu\n", lgp_problem_info((unsigned)i)->code,
				              run.of_problem[i]);
	}
	if (code != 0)
		fail_msg("seed %u, %s:\n%s", seed, run.f.dir, text);
	free(text);
	/* A programme in which nothing happens proves nothing. */
	assert_true(run.of_kind[LGP_KIND_GRANT] > 100 && run.of_kind[LGP_KIND_ASK] > 10);
	assert_true(run.of_problem[LGP_PROBLEM_LIMIT_EXCEEDED] > 100);
	fixture_remove(&run.f);
}

static void what_the_ledger_judges_the_audit_finds_right(void **state)
{
	/* Those that have found something before. */
	static const uint32_t seeds[] = {1, 11, 20, 58};
	const char *given = getenv("LAGNIAPPE_TEST_SEED");
	(void)state;
	if (given != NULL) {
		judge_seed((uint32_t)strtoul(given, NULL, 10));
		return;
	}
	for (size_t i = 0; i < sizeof seeds / sizeof seeds[0]; i++)
		judge_seed(seeds[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(what_the_ledger_judges_the_audit_finds_right),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
