/* test_ledger_model: tens of thousands of random commands, judged by the ledger
 * and by a small, slow, obvious model of it; every answer, balance and link is
 * compared (I1, I3, I4, I7, I10).
 *
 * LAGNIAPPE_SEED gives the seed, which is printed; LAGNIAPPE_STEPS how many. */
#include "lagniappe/codec.h"
#include "model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define SITES 3
#define UNITS 2
#define BUDGETS 4
#define STAFF 8
#define CUSTOMERS_MAX 300
#define GRANTS_MAX 40000
#define KEYS_MAX 60000
#define PARTIES_MAX 70000 /* by number: the newest entry of each */

/* ---- what the model knows --------------------------------------------------------- */

struct model_budget {
	uint64_t number;
	unsigned site, unit;
	int64_t available, allotted, history;
};

struct model_staff {
	uint64_t number, token;
	bool manager;
	unsigned site, budget, more_budgets; /* bits */
	uint64_t customer;
	int32_t until;
	bool token_over; /* they had left, and were changed since */
};

struct model_grant {
	uint64_t seq, customer, staff, actor, budget_number;
	unsigned budget, unit, site;
	int64_t amount, reversed;
	int32_t date;
};

struct model_key {
	struct lgp_command command;
	enum lgp_problem problem;
	struct lgp_entry entry;
};

static struct {
	int64_t now_us, last_us, time_us;
	uint64_t size, policy;
	uint64_t unit[UNITS], site[SITES], reason, earned_reason, admin, finance, till;
	struct model_budget budget[BUDGETS];
	struct model_staff staff[STAFF];
	uint64_t customer[CUSTOMERS_MAX], customer_site[CUSTOMERS_MAX];
	int64_t held[CUSTOMERS_MAX][UNITS];
	unsigned customers;
	uint64_t party;
	struct model_grant *grant;
	unsigned grants;
	struct model_key *key;
	unsigned keys;
	uint64_t *last; /* newest entry, by party's number */
	int64_t settlement[UNITS];
	unsigned tokens; /* of staff, given out so far */
	unsigned accepted, refused, denied, replayed;
} m;

static const char *const unit_code[UNITS] = {"EUR", "PTS"};
static const char *const site_id[SITES] = {"paris", "lyon", "nice"};
static const char *const budget_id[BUDGETS] = {"desk", "bar", "spa", "points"};

/* ---- driving the ledger -------------------------------------------------------------- */

static enum lgp_status utc_date(void *context, struct lgp_view zone, int64_t time_us, int32_t *days)
{
	(void)context;
	(void)zone;
	*days = (int32_t)(time_us / DAY_US);
	return LGP_OK;
}

static struct lgp_command new_command(enum lgp_kind kind, uint64_t token)
{
	struct lgp_command command = {.kind = kind, .token = token, .keyed = true};
	m.now_us += (int64_t)pick(50000);
	/* A clock that goes back does not take the ledger's time back. */
	command.time_us = chance(2) ? m.now_us - DAY_US : m.now_us;
	m.time_us = command.time_us > m.last_us ? command.time_us : m.last_us + 1;
	uint64_t key = ++model.random * UINT64_C(0x9e3779b97f4a7c15);
	memcpy(command.key_mac, &key, sizeof key);
	/* Some MACs share their first half, as they may. */
	if (chance(5))
		memset(command.key_mac, 0x55, 8);
	uint64_t tail = m.keys + 1;
	memcpy(command.key_mac + 8, &tail, sizeof tail);
	command.body_mac[3] = (uint8_t)pick(256);
	return command;
}

/* ---- links and order, for every entry ---------------------------------------------------- */

static void expect_entry(const struct lgp_entry *entry, uint64_t actor)
{
	assert_int_equal(entry->seq, m.size);
	assert_int_equal(entry->time_us, m.time_us);
	assert_int_equal(entry->policy, m.policy);
	assert_int_equal(entry->actor, actor);
	assert_int_equal(entry->prev_actor, m.last[actor]);
	if (entry->customer != 0 && entry->customer != entry->seq)
		assert_int_equal(entry->prev_customer, m.last[entry->customer]);
	if (entry->budget != 0 && entry->budget != entry->seq)
		assert_int_equal(entry->prev_budget, m.last[entry->budget]);
}

static void note_entry(const struct lgp_entry *entry)
{
	assert_true(entry->seq < PARTIES_MAX);
	m.last[entry->seq] = entry->seq;
	if (entry->customer != 0)
		m.last[entry->customer] = entry->seq;
	if (entry->budget != 0)
		m.last[entry->budget] = entry->seq;
	m.last[entry->actor] = entry->seq;
	m.last_us = entry->time_us;
	m.size = entry->seq + 1;
	if (lgp_noun_of(entry->kind) != NULL)
		m.policy = entry->seq;
}

/* Judges, compares with what the model expects, and keeps the key. */
static struct lgp_outcome ask(struct lgp_command *command, uint64_t actor,
                              enum lgp_problem expected)
{
	struct lgp_outcome out;
	must(lgp_judge(model.ledger, command, &out));
	if (out.problem != expected)
		fail_msg("kind %d at %llu: the ledger says %d (%s), the model %d", command->kind,
		         (unsigned long long)m.size, out.problem, out.field, expected);
	if (expected != LGP_PROBLEM_NONE && !lgp_problem_recorded(expected)) {
		assert_int_equal(out.verdict, LGP_DENIED);
		m.denied++;
		return out;
	}
	assert_int_equal(out.verdict, expected == LGP_PROBLEM_NONE ? LGP_ACCEPTED : LGP_REFUSED);
	expect_entry(&out.entry, actor);
	note_entry(&out.entry);
	if (m.keys < KEYS_MAX)
		m.key[m.keys++] = (struct model_key){*command, out.problem, out.entry};
	*(out.problem == LGP_PROBLEM_NONE ? &m.accepted : &m.refused) += 1;
	if (lgp_batch_full(model.ledger) || chance(20))
		commit_next();
	return out;
}

/* The date that the newest command's entry will have. */
static int32_t next_date(void)
{
	return (int32_t)(m.time_us / DAY_US);
}

/* ---- acts ------------------------------------------------------------------------------------ */

static uint64_t define(enum lgp_kind kind, const char *text)
{
	struct lgp_command command = new_command(kind, 1);
	command.payload = lgp_view_of(text);
	return ask(&command, 1, LGP_PROBLEM_NONE).seq;
}

static unsigned customer_index(uint64_t number)
{
	for (unsigned i = 0; i < m.customers; i++)
		if (m.customer[i] == number)
			return i;
	return CUSTOMERS_MAX;
}

/* Who has left, or came back and still shows the old token. */
static bool is_stranger(const struct model_staff *s)
{
	return s->token_over || next_date() >= s->until;
}

static void new_token(struct model_staff *s)
{
	char text[160];
	snprintf(text, sizeof text, "role %s\nsubject s%u\nhash %064u\n",
	         s->manager ? "manager" : "staff", (unsigned)(s - m.staff), ++m.tokens);
	s->token = define(LGP_KIND_TOKEN, text);
	s->token_over = false;
}

static void new_customer(void)
{
	const struct model_staff *staff = &m.staff[pick(STAFF)];
	bool by_till = chance(30);
	if (m.customers == CUSTOMERS_MAX)
		return;
	struct lgp_command command =
	        new_command(LGP_KIND_CUSTOMER, by_till ? m.till : staff->token);
	if (!by_till && is_stranger(staff)) {
		(void)ask(&command, staff->number, LGP_PROBLEM_UNAUTHENTICATED);
		return;
	}
	struct lgp_outcome out = ask(&command, by_till ? m.till : staff->number, LGP_PROBLEM_NONE);
	assert_int_equal(out.entry.customer, out.seq);
	m.customer[m.customers++] = out.seq;
}

struct grant_case {
	const struct model_staff *staff;
	uint64_t customer, actor;
	unsigned unit, budget, site;
	int64_t amount;
	bool earned;
};

static enum lgp_problem judge_grant(const struct grant_case *c, int32_t date, bool money)
{
	const struct model_staff *s = c->staff;
	unsigned i = customer_index(c->customer);
	if (c->actor == s->number && is_stranger(s))
		return LGP_PROBLEM_UNAUTHENTICATED;
	if (i == CUSTOMERS_MAX)
		return LGP_PROBLEM_NOT_FOUND;
	if (date >= s->until)
		return LGP_PROBLEM_STAFF_INACTIVE;
	if (c->site != s->site)
		return LGP_PROBLEM_SITE;
	if (s->customer == c->customer)
		return LGP_PROBLEM_SELF_GRANT;
	if (!money)
		return LGP_PROBLEM_NONE;
	if (c->budget != s->budget && (s->more_budgets >> c->budget & 1) == 0)
		return LGP_PROBLEM_BUDGET;
	if (m.budget[c->budget].unit != c->unit)
		return LGP_PROBLEM_BUDGET_UNIT;
	if (c->earned)
		return LGP_PROBLEM_REASON_KIND;
	if (c->amount > m.budget[c->budget].available)
		return LGP_PROBLEM_INSUFFICIENT_BUDGET;
	return m.held[i][c->unit] > INT64_MAX - c->amount ? LGP_PROBLEM_AMOUNT_OVERFLOW
	                                                  : LGP_PROBLEM_NONE;
}

static int64_t some_amount(unsigned budget)
{
	if (chance(5)) /* at the edge: the last unit, or one more */
		return m.budget[budget].available + (int64_t)pick(2) +
		       (m.budget[budget].available == 0);
	if (chance(1))
		return INT64_MAX;
	return 1 + (int64_t)pick(5000);
}

static struct grant_case some_case(void)
{
	struct grant_case c = {.staff = &m.staff[pick(STAFF)]};
	c.customer = chance(2) ? m.party : m.customer[pick(m.customers)];
	c.budget = chance(80) ? c.staff->budget : (unsigned)pick(BUDGETS);
	c.unit = chance(95) ? m.budget[c.budget].unit : (unsigned)pick(UNITS);
	c.site = chance(95) ? c.staff->site : (unsigned)pick(SITES);
	c.amount = some_amount(c.budget);
	c.earned = chance(2);
	return c;
}

static struct lgp_command case_command(struct grant_case *c, enum lgp_kind kind)
{
	bool by_till = kind == LGP_KIND_GRANT && chance(20);
	struct lgp_command command = new_command(kind, by_till ? m.till : c->staff->token);
	c->actor = by_till ? m.till : c->staff->number;
	command.customer = c->customer;
	command.amount = c->amount;
	command.reason = slug(c->earned ? "sale" : "late-room");
	command.unit = slug(unit_code[c->unit]);
	command.budget = slug(budget_id[c->budget]);
	if (chance(50) || c->site != c->staff->site)
		command.site = slug(site_id[c->site]);
	if (by_till) {
		char id[16];
		snprintf(id, sizeof id, "s%d", (int)(c->staff - m.staff));
		command.staff = slug(id);
	}
	return command;
}

static void grant(void)
{
	struct grant_case c = some_case();
	struct lgp_command command = case_command(&c, LGP_KIND_GRANT);
	enum lgp_problem expected = judge_grant(&c, next_date(), true);
	struct lgp_outcome out = ask(&command, c.actor, expected);
	if (expected != LGP_PROBLEM_NONE)
		return;
	unsigned i = customer_index(c.customer);
	m.held[i][c.unit] += c.amount;
	m.budget[c.budget].available -= c.amount;
	assert_int_equal(out.entry.balance, m.held[i][c.unit]);
	if (m.grants < GRANTS_MAX)
		m.grant[m.grants++] = (struct model_grant){
		        out.seq,
		        c.customer,
		        c.staff->number,
		        c.actor,
		        m.budget[c.budget].number,
		        c.budget,
		        c.unit,
		        c.site,
		        c.amount,
		        0,
		        out.entry.business_date,
		};
}

static void thank(void)
{
	struct grant_case c = some_case();
	struct lgp_command command = case_command(&c, LGP_KIND_THANKS);
	ask(&command, c.actor, judge_grant(&c, next_date(), false));
}

static enum lgp_problem judge_reversal(const struct model_grant *g, const struct model_staff *s,
                                       uint64_t actor, int64_t amount, int32_t date)
{
	if (s == NULL && actor != g->actor)
		return LGP_PROBLEM_REVERSAL_FORBIDDEN;
	if (s != NULL && is_stranger(s))
		return LGP_PROBLEM_UNAUTHENTICATED;
	if (s != NULL) {
		bool own = s->number == g->staff && date == g->date;
		bool over = s->number != g->staff && s->manager && s->site == g->site;
		if (!own && !over)
			return LGP_PROBLEM_REVERSAL_FORBIDDEN;
	}
	int64_t left = g->amount - g->reversed;
	if (left == 0 || amount > left)
		return LGP_PROBLEM_ALREADY_REVERSED;
	int64_t taken = amount != 0 ? amount : left;
	return m.held[customer_index(g->customer)][g->unit] < taken ? LGP_PROBLEM_INSUFFICIENT_FUNDS
	                                                            : LGP_PROBLEM_NONE;
}

static void reverse(void)
{
	if (m.grants == 0)
		return;
	/* Mostly young ones, which their givers may still take back. */
	unsigned back = chance(70) && m.grants > 20 ? (unsigned)pick(20) : (unsigned)pick(m.grants);
	struct model_grant *g = &m.grant[m.grants - 1 - back];
	bool by_till = chance(20);
	const struct model_staff *s = by_till ? NULL : &m.staff[pick(STAFF)];
	for (unsigned i = 0; !by_till && i < STAFF && chance(60); i++)
		if (m.staff[i].number == g->staff)
			s = &m.staff[i];
	uint64_t actor = by_till ? m.till : s->number;
	struct lgp_command command = new_command(LGP_KIND_REVERSAL, by_till ? m.till : s->token);
	command.refers_to = g->seq;
	command.amount =
	        chance(50) ? 0
	                   : 1 + (int64_t)pick((uint64_t)(g->amount < 9000 ? g->amount : 9000) + 5);
	enum lgp_problem expected = judge_reversal(g, s, actor, command.amount, next_date());
	struct lgp_outcome out = ask(&command, actor, expected);
	if (expected != LGP_PROBLEM_NONE)
		return;
	int64_t taken = command.amount != 0 ? command.amount : g->amount - g->reversed;
	unsigned i = customer_index(g->customer);
	g->reversed += taken;
	m.held[i][g->unit] -= taken;
	m.budget[g->budget].available += taken;
	assert_int_equal(out.entry.amount, taken);
	assert_int_equal(out.entry.balance, m.held[i][g->unit]);
	assert_int_equal(out.entry.budget, g->budget_number);
}

static void allot(void)
{
	struct model_budget *b = &m.budget[pick(BUDGETS)];
	struct lgp_command command = new_command(LGP_KIND_ALLOTMENT, 2);
	command.budget = slug(budget_id[b - m.budget]);
	command.amount = chance(60) ? 1 + (int64_t)pick(200000) : -1 - (int64_t)pick(150000);
	enum lgp_problem expected = b->available + command.amount < 0
	                                    ? LGP_PROBLEM_INSUFFICIENT_BUDGET
	                                    : LGP_PROBLEM_NONE;
	ask(&command, 2, expected);
	if (expected != LGP_PROBLEM_NONE)
		return;
	b->available += command.amount;
	b->allotted += command.amount;
}

static void import(void)
{
	struct model_budget *b = &m.budget[pick(BUDGETS)];
	unsigned unit = chance(95) ? b->unit : 1 - b->unit;
	struct lgp_command command = new_command(LGP_KIND_IMPORT, 1);
	command.budget = slug(budget_id[b - m.budget]);
	command.unit = slug(unit_code[unit]);
	command.staff = slug("s0");
	command.reason = slug("late-room");
	command.customer = chance(50) ? m.party : 0;
	command.business_date = (int32_t)pick(20000);
	command.amount = (int64_t)pick(100000) - 20000;
	if (command.amount == 0)
		command.amount = 1;
	enum lgp_problem expected = unit == b->unit ? LGP_PROBLEM_NONE : LGP_PROBLEM_BUDGET_UNIT;
	struct lgp_outcome out = ask(&command, 1, expected);
	assert_int_equal(out.entry.business_date, command.business_date);
	assert_int_equal(out.entry.balance, 0);
	if (expected != LGP_PROBLEM_NONE)
		return;
	b->history -= command.amount;
	m.settlement[unit] += command.amount;
}

static void repeat(void)
{
	if (m.keys == 0)
		return;
	const struct model_key *known = &m.key[pick(m.keys)];
	struct lgp_command command = known->command;
	struct lgp_outcome out;
	bool changed = chance(30);
	if (changed)
		command.body_mac[0] ^= 1;
	command.time_us = m.now_us;
	must(lgp_judge(model.ledger, &command, &out));
	if (changed) {
		assert_int_equal(out.verdict, LGP_DENIED);
		assert_int_equal(out.problem, LGP_PROBLEM_KEY_REUSED);
		return;
	}
	assert_int_equal(out.verdict, LGP_REPLAYED);
	assert_int_equal(out.seq, known->entry.seq);
	uint8_t a[LGP_ENTRY_LEN], b[LGP_ENTRY_LEN];
	lgp_entry_encode(&out.entry, a);
	lgp_entry_encode(&known->entry, b);
	assert_memory_equal(a, b, sizeof a);
	m.replayed++;
}

static void change_staff(void)
{
	struct model_staff *s = &m.staff[1 + pick(STAFF - 1)];
	char text[160], day[LGP_DATE_LEN];
	int32_t until = chance(50) ? INT32_MAX : next_date() + (int32_t)pick(3);
	unsigned more = (unsigned)pick(1u << BUDGETS);
	int len = 0;
	text[0] = '\0';
	if (more == 0)
		len += snprintf(text, sizeof text, "budgets \n");
	for (unsigned i = 0; i < BUDGETS; i++)
		if ((more >> i & 1) != 0)
			len += snprintf(text + len, sizeof text - (size_t)len, "%s%s",
			                len == 0 ? "budgets " : ",", budget_id[i]);
	if (more != 0)
		len += snprintf(text + len, sizeof text - (size_t)len, "\n");
	lgp_date_format(day, until == INT32_MAX ? 0 : until);
	snprintf(text + len, sizeof text - (size_t)len, "active_until %.*s\n",
	         until == INT32_MAX ? 0 : LGP_DATE_LEN, day);
	struct lgp_command command = new_command(LGP_KIND_STAFF, 1);
	command.amend = true;
	command.refers_to = s->number;
	command.payload = lgp_view_of(text);
	s->token_over = s->token_over || next_date() >= s->until;
	ask(&command, 1, LGP_PROBLEM_NONE);
	s->until = until;
	s->more_budgets = more;
	if (s->token_over && chance(80))
		new_token(s);
}

/* ---- comparing what readers see ------------------------------------------------------------- */

static int64_t balance(struct lgp_reader *reader, enum lgp_class class, uint64_t owner,
                       unsigned unit)
{
	int64_t out;
	must(lgp_read_balance(reader, class, owner, m.unit[unit], &out));
	return out;
}

static void compare_all(void)
{
	struct lgp_reader *reader;
	int64_t sum[UNITS];
	commit();
	must(lgp_reader_new(model.ledger, &reader));
	for (unsigned u = 0; u < UNITS; u++) {
		sum[u] = balance(reader, LGP_CLASS_SETTLEMENT, 0, u);
		assert_int_equal(sum[u], m.settlement[u]);
		for (unsigned i = 0; i < m.customers; i++) {
			int64_t held = balance(reader, LGP_CLASS_CUSTOMER, m.customer[i], u);
			assert_int_equal(held, m.held[i][u]);
			sum[u] += held;
		}
	}
	for (unsigned i = 0; i < BUDGETS; i++) {
		const struct model_budget *b = &m.budget[i];
		int64_t available = balance(reader, LGP_CLASS_BUDGET, b->number, b->unit);
		int64_t issued = balance(reader, LGP_CLASS_ISSUANCE, b->number, b->unit);
		int64_t history = balance(reader, LGP_CLASS_HISTORY, b->number, b->unit);
		assert_int_equal(available, b->available);
		assert_int_equal(-issued, b->allotted);
		assert_int_equal(history, b->history);
		sum[b->unit] += available + issued + history;
	}
	for (unsigned u = 0; u < UNITS; u++)
		assert_int_equal(sum[u], 0); /* I1 */
	struct lgp_party party;
	for (unsigned i = 0; i < m.customers; i++) {
		must(lgp_read_party(reader, m.customer[i], &party));
		assert_int_equal(party.last, m.last[m.customer[i]]);
	}
	lgp_reader_free(reader);
}

static void step(void)
{
	uint64_t dice = pick(1000);
	if (dice < 2)
		model_reopen(chance(30));
	else if (dice < 10)
		compare_all();
	else if (dice < 20)
		m.now_us += (int64_t)pick(DAY_US);
	else if (dice < 40)
		change_staff();
	else if (dice < 70)
		new_customer();
	else if (dice < 130)
		allot();
	else if (dice < 200)
		import();
	else if (dice < 300)
		repeat();
	else if (dice < 400)
		thank();
	else if (dice < 550)
		reverse();
	else
		grant();
}

/* ---- setting up -------------------------------------------------------------------------------- */

static void set_up_staff(unsigned i)
{
	struct model_staff *s = &m.staff[i];
	char text[200];
	*s = (struct model_staff){.manager = i % 3 == 2,
	                          .site = i % SITES,
	                          .budget = i % BUDGETS,
	                          .until = INT32_MAX};
	if (i == 1)
		s->customer = m.customer[0];
	int len =
	        snprintf(text, sizeof text, "id s%u\nrole %s\nsite %s\nbudget %s\n", i,
	                 s->manager ? "manager" : "staff", site_id[s->site], budget_id[s->budget]);
	if (s->customer != 0)
		snprintf(text + len, sizeof text - (size_t)len, "customer %llu\n",
		         (unsigned long long)s->customer);
	s->number = define(LGP_KIND_STAFF, text);
	new_token(s);
}

static void set_up(void)
{
	m.unit[0] = define(LGP_KIND_UNIT, "code EUR\nscale 2\nkind money\n");
	m.unit[1] = define(LGP_KIND_UNIT, "code PTS\nscale 0\nkind points\n");
	for (unsigned i = 0; i < SITES; i++) {
		char text[64];
		snprintf(text, sizeof text, "id %s\ntimezone Etc/UTC\n", site_id[i]);
		m.site[i] = define(LGP_KIND_SITE, text);
	}
	for (unsigned i = 0; i < BUDGETS; i++) {
		char text[96];
		m.budget[i] = (struct model_budget){.site = i % SITES, .unit = i == 3};
		snprintf(text, sizeof text, "id %s\nsite %s\nunit %s\n", budget_id[i],
		         site_id[i % SITES], unit_code[i == 3]);
		m.budget[i].number = define(LGP_KIND_BUDGET, text);
	}
	m.reason = define(LGP_KIND_REASON, "id late-room\nkind discretionary\n");
	m.earned_reason = define(LGP_KIND_REASON, "id sale\nkind earned\n");
	m.till = define(LGP_KIND_TOKEN,
	                "role integration\n"
	                "hash 00000000000000000000000000000000000000000000000000000000000000ff\n");
	struct lgp_command customer = new_command(LGP_KIND_CUSTOMER, m.till);
	m.customer[m.customers++] = ask(&customer, m.till, LGP_PROBLEM_NONE).seq;
	struct lgp_command party = new_command(LGP_KIND_PARTY, 1);
	m.party = ask(&party, 1, LGP_PROBLEM_NONE).seq;
	for (unsigned i = 0; i < STAFF; i++)
		set_up_staff(i);
}

static uint64_t start(void)
{
	const struct lgp_calendar calendar = {utc_date, NULL, NULL};
	memset(&m, 0, sizeof m);
	m.now_us = 20000 * DAY_US;
	m.grant = calloc(GRANTS_MAX, sizeof *m.grant);
	m.key = calloc(KEYS_MAX, sizeof *m.key);
	m.last = calloc(PARTIES_MAX, sizeof *m.last);
	m.last[1] = 1;
	m.last[2] = 2;
	m.size = 3;
	m.policy = 2;
	m.last_us = m.now_us + 2;
	return model_start("model.example/ledger", m.now_us, &calendar, 30000);
}

static void ledger_and_model_agree_on_every_answer_I1_I3_I4_I7_I10(void **state)
{
	(void)state;
	uint64_t steps = start();
	set_up();
	for (uint64_t i = 0; i < steps; i++)
		step();
	compare_all();
	model_reopen(true);
	compare_all();
	fprintf(stderr, "# %u accepted, %u refused, %u denied, %u replayed\n", m.accepted,
	        m.refused, m.denied, m.replayed);
	assert_true(m.accepted > 0 && m.refused > 0 && m.denied > 0 && m.replayed > 0);
	model_finish();
	free(m.grant);
	free(m.key);
	free(m.last);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(ledger_and_model_agree_on_every_answer_I1_I3_I4_I7_I10),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
