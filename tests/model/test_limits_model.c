/* test_limits_model: random limits, grants, reversals, asks, decisions, delegations
 * and clocks, judged by the ledger and by a small, slow, obvious model.  The model
 * keeps the list of all that was given, and finds what a limit has used by walking
 * that list; it has a calendar of its own, made day by day.  Every answer is
 * compared: the verdict, the limit that is named, its maximum, used, remaining and
 * when it resets (I5, I6).
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

#define HOUR_US (INT64_C(3600) * 1000000)
#define FIRST_DAY 20000 /* 2024-10-04 */
#define DAYS_MAX 20000
#define SITES 2
#define BUDGETS 3
#define REASONS 2
#define STAFF 7
#define CUSTOMERS 5
#define INCIDENTS 4 /* 0: none */
#define LIMITS 8
#define ITEMS_MAX 60000
#define DELEGATIONS_MAX 4000
#define FOREVER INT32_MAX

/* ---- what the model knows ------------------------------------------------------------- */

struct person {
	uint64_t number, token;
	bool manager;
	bool both_sites; /* else the first alone */
	int customer;    /* -1: none */
};

/* What a limit sees of a grant.  All are indexes. */
struct facts {
	int staff, site, budget, reason, customer, incident; /* -1 customer: not named */
	bool manager;
	int64_t amount;
	int32_t date;
	int64_t time_us;
};

/* One thing that was counted: a grant, a grant that waits, or a share in one's authority. */
struct item {
	uint64_t seq;
	struct facts facts;
	bool counted, waits, authority;
	struct facts own; /* with authority: the grant itself */
	int64_t reversed, until_us;
	uint64_t actor;
};

struct version {
	uint64_t seq, counts_from;
	int role, staff, site, budget, reason, unit; /* -1: any; role: 1 managers */
	enum lgp_measure measure;
	enum lgp_per per;
	enum lgp_window window;
	int reversal; /* 0 amount, 1 amount and count, 2 nothing */
	bool ask;
	int64_t max;
	int32_t from_day, until_day;
	int64_t from_us, until_us;
};

struct limit {
	uint64_t number; /* 0: never put */
	unsigned count;
	struct version version[LGP_LIMIT_VERSIONS_MAX];
};

/* What a reversal gave back to one shape. */
struct back {
	uint64_t counts_from;
	unsigned item;
	int64_t amount, count;
	int32_t date;
};

struct delegation {
	uint64_t number;
	int from, to, site, budget, reason, unit;
	int64_t ceiling, until_us;
	int32_t until_day;
	bool ended;
};

/* The model's word on one limit. */
struct word {
	unsigned limit;
	const struct version *version;
	int64_t used, share;
	bool known, passed;
};

static struct {
	uint64_t keys;
	int64_t now_us, last_us;
	uint64_t size;
	int week_starts[SITES];
	struct person staff[STAFF];
	uint64_t site[SITES], budget[BUDGETS], customer[CUSTOMERS], till;
	int household[CUSTOMERS]; /* 0: none is known */
	int64_t available[BUDGETS], reserved[BUDGETS], held[CUSTOMERS][2];
	struct limit limit[LIMITS];
	struct item *item;
	unsigned items;
	struct back *back;
	unsigned backs;
	struct delegation delegation[DELEGATIONS_MAX];
	unsigned delegations;
	bool rewarded[STAFF][CUSTOMERS];
	/* The calendar, from FIRST_DAY on: the number of the period that holds a day. */
	int32_t week[7][DAYS_MAX], month[DAYS_MAX], quarter[DAYS_MAX], year[DAYS_MAX];
	unsigned granted, asked, approved, refused, bound, lapsed, reversals, unapproved;
} m;

static const char *const site_id[SITES] = {"paris", "tokyo"};
static const int64_t site_offset_us[SITES] = {0, 9 * HOUR_US};
static const char *const budget_id[BUDGETS] = {"desk", "bar", "points"};
static const int budget_unit[BUDGETS] = {0, 0, 1};
static const char *const unit_code[2] = {"EUR", "PTS"};
static const char *const reason_id[REASONS] = {"late-room", "gift"};
/* As it may be typed; it is one all the same. */
static const char *const incident_id[INCIDENTS][3] = {
        {"", "", ""}, {"A", "a", "a"}, {"b.2", "B.2", "b.2"}, {"room-12", "Room-12", "ROOM-12"}};
static const char *const weekday[7] = {"monday", "tuesday",  "wednesday", "thursday",
                                       "friday", "saturday", "sunday"};

static int any_or(unsigned percent, unsigned n)
{
	return chance(percent) ? -1 : (int)pick(n);
}

/* ---- the calendar, day by day ---------------------------------------------------------- */

static int month_length(int year, int month)
{
	static const int length[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	return month == 1 && leap ? 29 : length[month];
}

static void make_calendar(void)
{
	int year = 2024, month = 9, day = 3; /* 2024-10-04, a Friday; all from 0 */
	int32_t week[7] = {0};
	for (int i = 0; i < DAYS_MAX; i++) {
		for (int starts = 0; starts < 7; starts++) {
			week[starts] += (4 + i) % 7 == starts;
			m.week[starts][i] = week[starts];
		}
		m.year[i] = year;
		m.quarter[i] = year * 4 + month / 3;
		m.month[i] = year * 12 + month;
		if (++day == month_length(year, month)) {
			day = 0;
			if (++month == 12) {
				month = 0;
				year++;
			}
		}
	}
}

static int32_t period(enum lgp_window window, int32_t date, int week_starts)
{
	require(date >= FIRST_DAY && date < FIRST_DAY + DAYS_MAX);
	switch (window) {
	case LGP_WINDOW_DAY:
		return date;
	case LGP_WINDOW_WEEK:
		return m.week[week_starts][date - FIRST_DAY];
	case LGP_WINDOW_MONTH:
		return m.month[date - FIRST_DAY];
	case LGP_WINDOW_QUARTER:
		return m.quarter[date - FIRST_DAY];
	case LGP_WINDOW_YEAR:
		return m.year[date - FIRST_DAY];
	default:
		return 0;
	}
}

static int32_t next_period(enum lgp_window window, int32_t date, int week_starts)
{
	int32_t next = date;
	if (window == LGP_WINDOW_NONE || window == LGP_WINDOW_LIFETIME)
		return FOREVER;
	while (period(window, next, week_starts) == period(window, date, week_starts))
		next++;
	return next;
}

static int32_t date_at(int site, int64_t time_us)
{
	return (int32_t)((time_us + (site >= 0 ? site_offset_us[site] : 0)) / DAY_US);
}

static int64_t offset_of(struct lgp_view zone)
{
	return lgp_view_equal(zone, LGP_VIEW("Asia/Tokyo")) ? 9 * HOUR_US : 0;
}

static enum lgp_status zone_date(void *context, struct lgp_view zone, int64_t time_us,
                                 int32_t *days)
{
	(void)context;
	*days = (int32_t)((time_us + offset_of(zone)) / DAY_US);
	return LGP_OK;
}

static enum lgp_status zone_start(void *context, struct lgp_view zone, int32_t days,
                                  int64_t *time_us)
{
	(void)context;
	*time_us = days * DAY_US - offset_of(zone);
	return LGP_OK;
}

/* ---- driving the ledger ------------------------------------------------------------------ */

static int64_t entry_time(int64_t time_us)
{
	return time_us > m.last_us ? time_us : m.last_us + 1;
}

static struct lgp_command new_command(enum lgp_kind kind, uint64_t token)
{
	struct lgp_command command = {.kind = kind, .token = token, .keyed = true};
	m.now_us += (int64_t)pick(240 * 1000000);
	command.time_us = chance(2) ? m.now_us - HOUR_US : m.now_us;
	m.keys++;
	memcpy(command.key_mac, &m.keys, sizeof m.keys);
	command.key_mac[15] = 1;
	command.body_mac[0] = 7;
	return command;
}

/* An entry was written. */
static void advance(int64_t time_us)
{
	m.last_us = entry_time(time_us);
	m.size++;
}

static void release(struct item *item)
{
	int budget = item->facts.budget;
	item->counted = item->waits = false;
	m.reserved[budget] -= item->facts.amount;
}

/* What lapses does so by an entry before the command's, in order. */
static void lapse(int64_t time_us)
{
	for (unsigned i = 0; i < m.items; i++) {
		struct item *item = &m.item[i];
		if (!item->waits || item->until_us > entry_time(time_us))
			continue;
		release(item);
		m.available[item->facts.budget] += item->facts.amount;
		advance(time_us);
		m.lapsed++;
	}
}

static struct lgp_outcome judge(const struct lgp_command *command)
{
	struct lgp_outcome out;
	must(lgp_judge(model.ledger, command, &out));
	return out;
}

/* The written entry has the model's number and time. */
static void written(const struct lgp_command *command, const struct lgp_outcome *out)
{
	assert_int_equal(out->seq, m.size);
	assert_int_equal(out->entry.time_us, entry_time(command->time_us));
	advance(command->time_us);
}

static uint64_t define(enum lgp_kind kind, uint64_t token, uint64_t amends, const char *text)
{
	struct lgp_command command = new_command(kind, token);
	command.payload = lgp_view_of(text);
	command.amend = amends != 0 && kind != LGP_KIND_LIMIT;
	command.refers_to = kind == LGP_KIND_LIMIT ? 0 : amends;
	lapse(command.time_us);
	struct lgp_outcome out = judge(&command);
	if (out.verdict != LGP_ACCEPTED)
		fail_msg("%s: problem %d, %s", text, out.problem, out.field);
	written(&command, &out);
	commit();
	return out.seq;
}

/* ---- what a limit has used --------------------------------------------------------------- */

static bool meets(const struct version *v, const struct facts *f)
{
	return (v->role < 0 || (v->role == 1) == f->manager) &&
	       (v->staff < 0 || v->staff == f->staff) && (v->site < 0 || v->site == f->site) &&
	       (v->budget < 0 || v->budget == f->budget) &&
	       (v->reason < 0 || v->reason == f->reason) &&
	       (v->unit < 0 || v->unit == budget_unit[f->budget]);
}

/* Whether both are counted together, periods aside. */
static bool together(const struct version *v, const struct facts *a, const struct facts *b)
{
	switch (v->per) {
	case LGP_PER_GRANT:
		return false;
	case LGP_PER_CUSTOMER_INCIDENT:
		return a->customer == b->customer && a->incident == b->incident && a->incident != 0;
	case LGP_PER_CUSTOMER:
		return a->customer == b->customer;
	case LGP_PER_STAFF:
		return a->staff == b->staff;
	case LGP_PER_STAFF_CUSTOMER:
		return a->staff == b->staff && a->customer == b->customer;
	case LGP_PER_SITE:
		return a->site == b->site;
	case LGP_PER_BUDGET:
		return a->budget == b->budget;
	}
	return false;
}

static bool binds_person(const struct version *v)
{
	return v->per == LGP_PER_GRANT || v->per == LGP_PER_STAFF ||
	       v->per == LGP_PER_STAFF_CUSTOMER || v->role >= 0 || v->staff >= 0;
}

static bool binds_approver(const struct version *v)
{
	return binds_person(v) && (!v->ask || v->role >= 0 || v->staff >= 0);
}

static bool same_period(const struct version *v, int32_t a, int32_t b, int week_starts)
{
	return period(v->window, a, week_starts) == period(v->window, b, week_starts);
}

static bool shape_counts(const struct version *v, const struct item *item)
{
	if (!item->counted || item->seq <= v->counts_from || !meets(v, &item->facts))
		return false;
	if (!item->authority)
		return true;
	/* An approval is counted in what binds the approver as a person, and not
	 * where the grant is counted for who gave it already. */
	return binds_person(v) && !(meets(v, &item->own) && together(v, &item->own, &item->facts));
}

/* What reversals gave back of an item to this shape, in the week of this site. */
static void given_back(const struct version *v, unsigned item, int week_starts, int64_t *amount,
                       int64_t *count)
{
	*amount = *count = 0;
	for (unsigned i = 0; i < m.backs; i++) {
		const struct back *back = &m.back[i];
		if (back->item != item || back->counts_from != v->counts_from ||
		    !same_period(v, m.item[item].facts.date, back->date, week_starts))
			continue;
		*amount += back->amount;
		*count += back->count;
	}
}

/* Walks all that was ever given.  without: an item that is decided on, or -1. */
static int64_t used_by(const struct version *v, const struct facts *f, int without,
                       bool *incident_known)
{
	int64_t used = 0, of_incident[INCIDENTS] = {0};
	for (unsigned i = 0; i < m.items; i++) {
		const struct item *item = &m.item[i];
		int week_starts = m.week_starts[f->site];
		int64_t amount, count;
		if ((int)i == without || !shape_counts(v, item) || !together(v, &item->facts, f) ||
		    !same_period(v, item->facts.date, f->date, week_starts))
			continue;
		given_back(v, i, week_starts, &amount, &count);
		if (v->measure == LGP_MEASURE_AMOUNT)
			used += item->facts.amount - amount;
		if (v->measure == LGP_MEASURE_COUNT)
			used += 1 - count;
		if (v->measure == LGP_MEASURE_INCIDENTS)
			of_incident[item->facts.incident] += 1 - count;
	}
	for (unsigned i = 1; v->measure == LGP_MEASURE_INCIDENTS && i < INCIDENTS; i++)
		used += of_incident[i] > 0;
	*incident_known = f->incident != 0 && of_incident[f->incident] > 0;
	return used;
}

static const struct version *version_now(const struct limit *limit, const struct facts *f)
{
	for (unsigned i = limit->count; i-- > 0;) {
		const struct version *v = &limit->version[i];
		if (f->date >= v->from_day && f->date < v->until_day && f->time_us >= v->from_us &&
		    f->time_us < v->until_us)
			return v;
	}
	return NULL;
}

static struct word word_of(unsigned limit, const struct version *v, const struct facts *f,
                           int without)
{
	struct word word = {.limit = limit, .version = v, .known = true};
	bool incident_known;
	word.used = used_by(v, f, without, &incident_known);
	word.share = v->measure == LGP_MEASURE_AMOUNT  ? f->amount
	             : v->measure == LGP_MEASURE_COUNT ? 1
	                                               : !incident_known;
	if (v->per == LGP_PER_CUSTOMER_INCIDENT)
		word.known = f->customer >= 0 && f->incident != 0;
	if (v->per == LGP_PER_CUSTOMER || v->per == LGP_PER_STAFF_CUSTOMER)
		word.known = f->customer >= 0;
	if (!word.known)
		word.used = 0;
	word.passed = word.used + word.share > v->max;
	return word;
}

static int64_t remaining(const struct word *word)
{
	return word->used < word->version->max ? word->version->max - word->used : 0;
}

/* Limits are looked at in the order of their ids: a tie goes to the earlier. */
static bool outranks(const struct word *a, const struct word *b)
{
	if (a->version->ask != b->version->ask)
		return !a->version->ask;
	return remaining(a) < remaining(b);
}

/* True: passed, and *binding names it. */
static bool over_limit(const struct facts *f, int without, bool person, bool *no_incident,
                       struct word *binding)
{
	bool over = false;
	*no_incident = false;
	for (unsigned i = 0; i < LIMITS; i++) {
		const struct version *v = version_now(&m.limit[i], f);
		if (v == NULL || !meets(v, f) || (person && !binds_approver(v)))
			continue;
		bool by_incident =
		        v->per == LGP_PER_CUSTOMER_INCIDENT || v->measure == LGP_MEASURE_INCIDENTS;
		*no_incident = *no_incident || (by_incident && f->incident == 0);
		struct word word = word_of(i, v, f, without);
		if (word.passed && (!over || outranks(&word, binding)))
			*binding = word;
		over = over || word.passed;
	}
	return over;
}

/* ---- comparing ------------------------------------------------------------------------------ */

static void same_use(const struct lgp_limit_use *use, const struct word *word,
                     const struct facts *f)
{
	const struct version *v = word->version;
	char id[8];
	snprintf(id, sizeof id, "l%u", word->limit);
	assert_true(lgp_view_equal(lgp_slug_view(&use->id), lgp_view_of(id)));
	assert_int_equal(use->limit, m.limit[word->limit].number);
	assert_int_equal(use->version, v->seq);
	assert_int_equal(use->max, v->max);
	assert_int_equal(use->ask, v->ask);
	assert_int_equal(use->needs_customer, !word->known);
	assert_int_equal(use->used, word->used);
	assert_int_equal(use->remaining, remaining(word));
	assert_int_equal(use->passed, word->passed);
	int32_t next = next_period(v->window, f->date, m.week_starts[f->site]);
	assert_int_equal(use->resets_at_us,
	                 next == FOREVER ? INT64_MAX : next * DAY_US - site_offset_us[f->site]);
}

static void same_refusal(const struct lgp_command *command, const struct lgp_outcome *out,
                         enum lgp_problem problem, const struct word *binding,
                         const struct facts *f)
{
	if (out->problem != problem || out->verdict != LGP_REFUSED)
		fail_msg("verdict %d, problem %d, expected %d", out->verdict, out->problem,
		         problem);
	if (problem == LGP_PROBLEM_LIMIT_EXCEEDED)
		same_use(&out->binding, binding, f);
	m.refused++;
	m.bound += problem == LGP_PROBLEM_LIMIT_EXCEEDED;
	if (!command->dry)
		written(command, out);
}

/* ---- grants ---------------------------------------------------------------------------------- */

/* The person's own account, or of who lives with them. */
static bool is_own(const struct person *p, int customer)
{
	return p->customer >= 0 && customer >= 0 &&
	       (p->customer == customer ||
	        (m.household[customer] != 0 && m.household[customer] == m.household[p->customer]));
}

static enum lgp_problem rule_rewards(const struct facts *f)
{
	const struct person *giver = &m.staff[f->staff];
	if (giver->customer < 0)
		return LGP_PROBLEM_NONE;
	if (is_own(giver, f->customer))
		return LGP_PROBLEM_SELF_GRANT;
	for (unsigned i = 0; f->site == 1 && i < STAFF; i++) /* Tokyo: not each other */
		if (m.staff[i].customer == f->customer && m.rewarded[i][giver->customer])
			return LGP_PROBLEM_RING;
	return LGP_PROBLEM_NONE;
}

static struct facts random_facts(void)
{
	struct facts f = {
	        .staff = (int)pick(STAFF),
	        .budget = (int)pick(BUDGETS),
	        .reason = (int)pick(REASONS),
	        .customer = (int)pick(CUSTOMERS),
	        .incident = chance(5) ? 0 : 1 + (int)pick(INCIDENTS - 1),
	        .amount = 1 + (int64_t)pick(60),
	};
	f.site = m.staff[f.staff].both_sites ? (int)pick(SITES) : 0;
	f.manager = m.staff[f.staff].manager;
	return f;
}

static struct lgp_command grant_command(const struct facts *f)
{
	struct lgp_command command = new_command(LGP_KIND_GRANT, m.staff[f->staff].token);
	command.customer = f->customer >= 0 ? m.customer[f->customer] : 0;
	command.amount = f->amount;
	command.unit = slug(unit_code[budget_unit[f->budget]]);
	command.site = slug(site_id[f->site]);
	command.budget = slug(budget_id[f->budget]);
	command.reason = slug(reason_id[f->reason]);
	command.incident = slug(incident_id[f->incident][pick(3)]);
	return command;
}

static void at_moment(struct facts *f, const struct lgp_command *command)
{
	f->time_us = entry_time(command->time_us);
	f->date = date_at(f->site, f->time_us);
}

static struct item *add_item(uint64_t seq, const struct facts *f)
{
	assert_true(m.items < ITEMS_MAX);
	m.item[m.items] = (struct item){.seq = seq, .facts = *f, .counted = true};
	return &m.item[m.items++];
}

static void keep_ask(const struct lgp_command *command, const struct lgp_outcome *out,
                     const struct facts *f)
{
	assert_int_equal(out->entry.kind, LGP_KIND_ASK);
	m.asked++;
	if (command->dry)
		return;
	struct item *item = add_item(out->seq, f);
	item->waits = true;
	item->actor = m.staff[f->staff].number;
	item->until_us = f->time_us + LGP_PENDING_US;
	m.available[f->budget] -= f->amount;
	m.reserved[f->budget] += f->amount;
	written(command, out);
}

static void note_reward(const struct facts *f)
{
	for (unsigned i = 0; i < STAFF; i++)
		if (m.staff[i].customer == f->customer)
			m.rewarded[f->staff][f->customer] = true;
}

static void keep_grant(const struct lgp_command *command, const struct lgp_outcome *out,
                       const struct facts *f)
{
	assert_int_equal(out->entry.kind, LGP_KIND_GRANT);
	assert_int_equal(out->entry.business_date, f->date);
	m.granted++;
	if (command->dry)
		return;
	add_item(out->seq, f);
	m.available[f->budget] -= f->amount;
	m.held[f->customer][budget_unit[f->budget]] += f->amount;
	assert_int_equal(out->entry.balance, m.held[f->customer][budget_unit[f->budget]]);
	note_reward(f);
	written(command, out);
}

static void step_grant(void)
{
	struct facts f = random_facts();
	struct lgp_command command = grant_command(&f);
	struct word binding;
	bool no_incident;
	command.ask = chance(60);
	command.dry = chance(5);
	lapse(command.time_us);
	at_moment(&f, &command);
	struct lgp_outcome out = judge(&command);
	enum lgp_problem problem = rule_rewards(&f);
	bool over = over_limit(&f, -1, false, &no_incident, &binding);
	bool asks = false;
	if (problem == LGP_PROBLEM_NONE && no_incident)
		problem = LGP_PROBLEM_INCIDENT_REQUIRED;
	if (problem == LGP_PROBLEM_NONE && over) {
		asks = binding.version->ask && command.ask;
		problem = asks ? LGP_PROBLEM_NONE : LGP_PROBLEM_LIMIT_EXCEEDED;
	}
	if (problem == LGP_PROBLEM_NONE && m.available[f.budget] < f.amount)
		problem = LGP_PROBLEM_INSUFFICIENT_BUDGET;
	if (problem != LGP_PROBLEM_NONE) {
		same_refusal(&command, &out, problem, &binding, &f);
		return;
	}
	if (out.verdict != LGP_ACCEPTED)
		fail_msg("problem %d, limit %.*s, used %lld of %lld", out.problem,
		         out.binding.id.len, out.binding.id.text, (long long)out.binding.used,
		         (long long)out.binding.max);
	if (asks)
		keep_ask(&command, &out, &f);
	else
		keep_grant(&command, &out, &f);
}

static void step_explain(void)
{
	struct facts f = random_facts();
	if (chance(30))
		f.customer = -1;
	if (chance(30))
		f.amount = 0;
	struct lgp_command command = grant_command(&f);
	struct lgp_limit_use uses[LIMITS + 1];
	size_t count, i = 0;
	lapse(command.time_us);
	at_moment(&f, &command);
	must(lgp_explain(model.ledger, &command, uses, LIMITS + 1, &count));
	for (unsigned limit = 0; limit < LIMITS; limit++) {
		const struct version *v = version_now(&m.limit[limit], &f);
		if (v == NULL || !meets(v, &f))
			continue;
		struct word word = word_of(limit, v, &f, -1);
		assert_true(i < count);
		same_use(&uses[i++], &word, &f);
	}
	assert_int_equal(i, count);
}

/* ---- reversals --------------------------------------------------------------------------------- */

static const struct version *terms_at(const struct limit *limit, uint64_t counts_from,
                                      const struct facts *f)
{
	const struct version *newest = NULL, *now = NULL;
	struct limit of_shape = {.count = 0};
	for (unsigned i = 0; i < limit->count; i++)
		if (limit->version[i].counts_from == counts_from) {
			of_shape.version[of_shape.count++] = limit->version[i];
			newest = &limit->version[i];
		}
	now = version_now(&of_shape, f);
	for (unsigned i = 0; now != NULL && i < limit->count; i++)
		if (limit->version[i].seq == now->seq)
			return &limit->version[i];
	return newest;
}

static void give_back(unsigned item, int64_t amount, bool whole, const struct facts *when)
{
	for (unsigned i = 0; i < LIMITS; i++)
		for (unsigned j = 0; j < m.limit[i].count; j++) {
			uint64_t shape = m.limit[i].version[j].counts_from;
			bool first = true;
			for (unsigned k = 0; k < j; k++)
				first = first && m.limit[i].version[k].counts_from != shape;
			const struct version *terms = terms_at(&m.limit[i], shape, when);
			if (!first || terms->reversal == 2)
				continue;
			m.back = realloc(m.back, (m.backs + 1) * sizeof *m.back);
			m.back[m.backs++] = (struct back){
			        shape, item, amount, whole && terms->reversal == 1, when->date};
		}
}

static void step_reversal(void)
{
	if (m.items == 0)
		return;
	unsigned at = m.items - 1 - (unsigned)pick(m.items < 40 ? m.items : 40);
	struct item *item = &m.item[at];
	if (item->waits || item->authority || !item->counted)
		return;
	const struct person *who = &m.staff[chance(30) ? (unsigned)item->facts.staff : pick(STAFF)];
	struct lgp_command command = new_command(LGP_KIND_REVERSAL, who->token);
	struct facts when = {.site = item->facts.site};
	command.refers_to = item->seq;
	command.amount = chance(50) ? 0 : 1 + (int64_t)pick((uint64_t)item->facts.amount);
	lapse(command.time_us);
	at_moment(&when, &command);
	struct lgp_outcome out = judge(&command);
	int64_t left = item->facts.amount - item->reversed;
	int64_t amount = command.amount != 0 ? command.amount : left;
	bool gave = who == &m.staff[item->facts.staff];
	bool may = gave ? when.date == item->facts.date
	                : who->manager && (who->both_sites || item->facts.site == 0);
	if (!may || left == 0 || amount > left) {
		same_refusal(&command, &out,
		             may ? LGP_PROBLEM_ALREADY_REVERSED : LGP_PROBLEM_REVERSAL_FORBIDDEN,
		             NULL, NULL);
		return;
	}
	assert_int_equal(out.verdict, LGP_ACCEPTED);
	item->reversed += amount;
	give_back(at, amount, item->reversed == item->facts.amount, &when);
	m.available[item->facts.budget] += amount;
	m.held[item->facts.customer][budget_unit[item->facts.budget]] -= amount;
	m.reversals++;
	written(&command, &out);
}

/* ---- decisions --------------------------------------------------------------------------------- */

static bool runs(const struct delegation *d, const struct facts *f)
{
	return !d->ended && f->date < d->until_day && f->time_us < d->until_us;
}

static bool covers(const struct delegation *d, const struct facts *f)
{
	return runs(d, f) && d->unit == budget_unit[f->budget] && f->amount <= d->ceiling &&
	       (d->site < 0 || d->site == f->site) && (d->budget < 0 || d->budget == f->budget) &&
	       (d->reason < 0 || d->reason == f->reason);
}

static bool manages(const struct person *p, const struct facts *f)
{
	return p->manager && (p->both_sites || f->site == 0);
}

static bool acts_for_asker(int who, const struct facts *f)
{
	for (unsigned i = 0; i < m.delegations; i++)
		if (m.delegation[i].to == who && m.delegation[i].from == f->staff &&
		    runs(&m.delegation[i], f))
			return true;
	return false;
}

static bool within_own_limits(int who, const struct facts *f, int without)
{
	struct facts theirs = *f;
	struct word binding;
	bool no_incident;
	theirs.staff = who;
	theirs.manager = true;
	return !over_limit(&theirs, without, true, &no_incident, &binding);
}

/* In whose authority this person decides; -1: nobody's. */
static int authority_of(int who, const struct facts *f, int without)
{
	if (manages(&m.staff[who], f) && within_own_limits(who, f, without))
		return who;
	for (unsigned i = 0; i < m.delegations; i++) {
		const struct delegation *d = &m.delegation[i];
		if (d->to == who && covers(d, f) && d->from != f->staff &&
		    !acts_for_asker(d->from, f) && !is_own(&m.staff[d->from], f->customer) &&
		    manages(&m.staff[d->from], f) && within_own_limits(d->from, f, without))
			return d->from;
	}
	return -1;
}

static int some_ask(void)
{
	for (unsigned tries = 0; m.items > 0 && tries < 50; tries++) {
		unsigned at = m.items - 1 - (unsigned)pick(m.items < 400 ? m.items : 400);
		if (m.item[at].actor != 0 && (m.item[at].waits || chance(5)))
			return (int)at;
	}
	return -1;
}

static void keep_approval(const struct lgp_command *command, const struct lgp_outcome *out, int at,
                          const struct facts *f, int authority)
{
	assert_int_equal(out->entry.kind, LGP_KIND_GRANT);
	assert_int_equal(out->entry.business_date, f->date);
	release(&m.item[at]);
	add_item(out->seq, f);
	struct item *share = add_item(out->seq, f);
	share->authority = true;
	share->own = *f;
	share->facts.staff = authority;
	share->facts.manager = true;
	m.held[f->customer][budget_unit[f->budget]] += f->amount;
	note_reward(f);
	m.approved++;
	written(command, out);
}

static void step_approve(void)
{
	int at = some_ask(), who = chance(80) ? 3 + (int)pick(STAFF - 3) : (int)pick(STAFF);
	if (at < 0)
		return;
	struct lgp_command command = new_command(LGP_KIND_GRANT, m.staff[who].token);
	command.refers_to = m.item[at].seq;
	lapse(command.time_us);
	struct facts f = m.item[at].facts;
	at_moment(&f, &command);
	struct lgp_outcome out = judge(&command);
	struct word binding;
	bool no_incident;
	int authority = -1;
	enum lgp_problem problem = LGP_PROBLEM_NONE;
	if (!m.item[at].waits)
		problem = LGP_PROBLEM_DECIDED;
	else if (who == f.staff || acts_for_asker(who, &f))
		problem = LGP_PROBLEM_FOUR_EYES;
	else if (is_own(&m.staff[who], f.customer))
		problem = LGP_PROBLEM_SELF_GRANT;
	else if ((authority = authority_of(who, &f, at)) < 0)
		problem = LGP_PROBLEM_AUTHORITY;
	else if ((problem = rule_rewards(&f)) == LGP_PROBLEM_NONE) {
		bool over = over_limit(&f, at, false, &no_incident, &binding);
		if (no_incident)
			problem = LGP_PROBLEM_INCIDENT_REQUIRED;
		else if (over && !binding.version->ask)
			problem = LGP_PROBLEM_LIMIT_EXCEEDED;
	}
	if (problem != LGP_PROBLEM_NONE) {
		same_refusal(&command, &out, problem, &binding, &f);
		m.unapproved++;
		return;
	}
	if (out.verdict != LGP_ACCEPTED)
		fail_msg("problem %d at an approval", out.problem);
	keep_approval(&command, &out, at, &f, authority);
}

static void step_decline(void)
{
	int at = some_ask(), who = (int)pick(STAFF);
	if (at < 0)
		return;
	struct item *item = &m.item[at];
	struct lgp_command command = new_command(LGP_KIND_DECLINE, m.staff[who].token);
	command.refers_to = item->seq;
	lapse(command.time_us);
	struct facts f = item->facts;
	at_moment(&f, &command);
	struct lgp_outcome out = judge(&command);
	enum lgp_problem problem = LGP_PROBLEM_NONE;
	if (!item->waits)
		problem = LGP_PROBLEM_DECIDED;
	else if (who != f.staff && !manages(&m.staff[who], &f) && authority_of(who, &f, at) < 0)
		problem = LGP_PROBLEM_AUTHORITY;
	if (problem != LGP_PROBLEM_NONE) {
		same_refusal(&command, &out, problem, NULL, NULL);
		return;
	}
	assert_int_equal(out.verdict, LGP_ACCEPTED);
	release(item);
	m.available[f.budget] += f.amount;
	written(&command, &out);
}

/* ---- definitions --------------------------------------------------------------------------------- */

static void write_when(char *text, size_t max, const char *field, int32_t day, int64_t time_us)
{
	size_t len = strlen(text);
	if (day != INT32_MIN && day != INT32_MAX) {
		char date[LGP_DATE_LEN];
		lgp_date_format(date, day);
		snprintf(text + len, max - len, "%s %.*s\n", field, (int)sizeof date, date);
	} else if (time_us != INT64_MIN && time_us != INT64_MAX) {
		char time[LGP_TIME_LEN];
		lgp_time_format(time, time_us);
		snprintf(text + len, max - len, "%s %.*s\n", field, (int)sizeof time, time);
	}
}

static void random_span(struct version *v)
{
	int32_t today = date_at(-1, m.now_us);
	v->from_day = INT32_MIN;
	v->until_day = INT32_MAX;
	v->from_us = INT64_MIN;
	v->until_us = INT64_MAX;
	if (chance(50))
		return;
	if (chance(50)) {
		if (chance(40))
			v->from_day = today - 3 + (int32_t)pick(8);
		if (chance(70))
			v->until_day = (v->from_day != INT32_MIN ? v->from_day : today) + 1 +
			               (int32_t)pick(12);
	} else {
		if (chance(40))
			v->from_us = m.now_us + ((int64_t)pick(100) - 30) * HOUR_US;
		if (chance(70))
			v->until_us = (v->from_us != INT64_MIN ? v->from_us : m.now_us) +
			              (1 + (int64_t)pick(200)) * HOUR_US;
	}
}

static void random_terms(struct version *v)
{
	v->ask = chance(65);
	v->reversal = (int)pick(3);
	v->max = v->measure == LGP_MEASURE_AMOUNT ? (int64_t)pick(500) : (int64_t)pick(14);
	if (v->measure == LGP_MEASURE_INCIDENTS)
		v->max = (int64_t)pick(4);
	if (v->per == LGP_PER_GRANT && v->measure == LGP_MEASURE_AMOUNT)
		v->max = 25 + (int64_t)pick(60);
	random_span(v);
}

static void random_shape(struct version *v)
{
	*v = (struct version){
	        .role = chance(50)   ? -1
	                : chance(65) ? 0
	                             : 1,
	        .staff = any_or(75, STAFF),
	        .site = any_or(70, SITES),
	        .budget = any_or(75, BUDGETS),
	        .reason = any_or(80, REASONS),
	        .unit = chance(60) ? 0 : any_or(50, 2),
	        .measure = (enum lgp_measure)(chance(60) ? 0 : pick(3)),
	        .per = (enum lgp_per)(chance(12) ? LGP_PER_GRANT : 1 + (int)pick(6)),
	        .window = (enum lgp_window)pick(7),
	};
	if (v->measure == LGP_MEASURE_INCIDENTS)
		v->per = LGP_PER_CUSTOMER;
	if (v->per == LGP_PER_GRANT)
		v->window = LGP_WINDOW_NONE;
	if (v->measure == LGP_MEASURE_AMOUNT && v->unit < 0)
		v->unit = 0;
}

static const char *choice(const char *choices, unsigned index, char out[32])
{
	while (index-- > 0)
		choices = strchr(choices, '|') + 1;
	snprintf(out, 32, "%.*s", (int)strcspn(choices, "|"), choices);
	return out;
}

static void write_limit(char *text, size_t max, unsigned limit, const struct version *v)
{
	char a[32], b[32], c[32], d[32];
	int len = snprintf(text, max, "id l%u\n", limit);
	if (v->role >= 0)
		len += snprintf(text + len, max - (size_t)len, "scope.role %s\n",
		                v->role == 1 ? "manager" : "staff");
	if (v->staff >= 0)
		len += snprintf(text + len, max - (size_t)len, "scope.staff s%d\n", v->staff);
	if (v->site >= 0)
		len += snprintf(text + len, max - (size_t)len, "scope.site %s\n", site_id[v->site]);
	if (v->budget >= 0)
		len += snprintf(text + len, max - (size_t)len, "scope.budget %s\n",
		                budget_id[v->budget]);
	if (v->reason >= 0)
		len += snprintf(text + len, max - (size_t)len, "scope.reason %s\n",
		                reason_id[v->reason]);
	if (v->unit >= 0)
		len += snprintf(text + len, max - (size_t)len, "unit %s\n", unit_code[v->unit]);
	snprintf(text + len, max - (size_t)len,
	         "measure %s\nper %s\nwindow %s\nmax %lld\nwhen_passed %s\nreversal %s\n",
	         choice(LGP_MEASURE_CHOICES, v->measure, a), choice(LGP_PER_CHOICES, v->per, b),
	         choice(LGP_WINDOW_CHOICES, v->window, c), (long long)v->max,
	         v->ask ? "ask" : "refuse", choice(LGP_REVERSAL_CHOICES, (unsigned)v->reversal, d));
	write_when(text, max, "from", v->from_day, v->from_us);
	write_when(text, max, "until", v->until_day, v->until_us);
}

static bool is_over(const struct version *v, int64_t time_us)
{
	return v->until_us <= time_us ||
	       (v->until_day != FOREVER && v->until_day + 3 <= date_at(-1, time_us));
}

static bool same_shape(const struct version *a, const struct version *b)
{
	return a->role == b->role && a->staff == b->staff && a->site == b->site &&
	       a->budget == b->budget && a->reason == b->reason && a->unit == b->unit &&
	       a->measure == b->measure && a->per == b->per && a->window == b->window;
}

static void install(struct limit *limit, struct version *made, int64_t time_us)
{
	unsigned kept = 0;
	bool for_ever = made->from_day == INT32_MIN && made->until_day == INT32_MAX &&
	                made->from_us == INT64_MIN && made->until_us == INT64_MAX;
	made->counts_from = made->seq;
	for (unsigned i = 0; i < limit->count; i++) {
		struct version v = limit->version[i];
		if (is_over(&v, time_us))
			continue;
		if (same_shape(&v, made))
			made->counts_from = v.counts_from;
		limit->version[kept++] = v;
	}
	limit->count = for_ever ? 0 : kept;
	limit->version[limit->count++] = *made;
}

static bool has_room(const struct limit *limit, const struct version *made, int64_t time_us)
{
	unsigned live = 0;
	for (unsigned i = 0; i < limit->count; i++)
		live += !is_over(&limit->version[i], time_us);
	bool for_ever = made->from_day == INT32_MIN && made->until_day == INT32_MAX &&
	                made->from_us == INT64_MIN && made->until_us == INT64_MAX;
	return for_ever || live < LGP_LIMIT_VERSIONS_MAX;
}

static void step_limit(void)
{
	unsigned at = (unsigned)pick(LIMITS);
	struct limit *limit = &m.limit[at];
	struct version made;
	char text[512];
	if (limit->count > 0 && chance(65))
		made = limit->version[pick(limit->count)];
	else
		random_shape(&made);
	random_terms(&made);
	write_limit(text, sizeof text, at, &made);
	struct lgp_command command = new_command(LGP_KIND_LIMIT, 2);
	command.payload = lgp_view_of(text);
	lapse(command.time_us);
	int64_t time_us = entry_time(command.time_us);
	struct lgp_outcome out = judge(&command);
	/* What is over at every site could judge nothing. */
	if (!has_room(limit, &made, time_us) || is_over(&made, time_us)) {
		assert_int_equal(out.problem, LGP_PROBLEM_INVALID);
		return;
	}
	if (out.verdict != LGP_ACCEPTED)
		fail_msg("%sproblem %d, %s", text, out.problem, out.field);
	written(&command, &out);
	commit();
	if (limit->number == 0)
		limit->number = out.seq;
	made.seq = out.seq;
	install(limit, &made, time_us);
}

static void end_noun(enum lgp_kind kind, uint64_t token, uint64_t number)
{
	struct lgp_command command = new_command(kind, token);
	command.refers_to = number;
	lapse(command.time_us);
	struct lgp_outcome out = judge(&command);
	assert_int_equal(out.verdict, LGP_ACCEPTED);
	written(&command, &out);
	commit();
}

static void step_limit_end(void)
{
	struct limit *limit = &m.limit[pick(LIMITS)];
	if (limit->count == 0)
		return;
	end_noun(LGP_KIND_LIMIT_END, 2, limit->number);
	limit->count = 0;
}

/* Whether the manager may have as many in force as there may be. */
static bool delegates_enough(int from)
{
	unsigned count = 0;
	for (unsigned i = 0; i < m.delegations; i++) {
		const struct delegation *d = &m.delegation[i];
		count += d->from == from && !d->ended && m.now_us < d->until_us &&
		         date_at(-1, m.now_us) <= d->until_day;
	}
	return count >= LGP_DELEGATIONS_MAX;
}

static void step_delegation(void)
{
	struct delegation d = {.from = (int)pick(STAFF), .to = (int)pick(STAFF)};
	char text[256];
	if (!m.staff[d.from].manager || d.from == d.to || m.delegations == DELEGATIONS_MAX ||
	    delegates_enough(d.from))
		return;
	d.site = any_or(70, SITES);
	d.budget = any_or(70, BUDGETS);
	d.reason = any_or(80, REASONS);
	d.unit = chance(80) ? 0 : 1;
	d.ceiling = (int64_t)pick(80);
	d.until_day = INT32_MAX;
	d.until_us = INT64_MAX;
	if (chance(50))
		d.until_day = date_at(-1, m.now_us + HOUR_US) + 1 + (int32_t)pick(12);
	else
		d.until_us = m.now_us + (1 + (int64_t)pick(300)) * HOUR_US;
	int len = snprintf(text, sizeof text, "to s%d\n", d.to);
	if (d.site >= 0)
		len += snprintf(text + len, sizeof text - (size_t)len, "scope.site %s\n",
		                site_id[d.site]);
	if (d.budget >= 0)
		len += snprintf(text + len, sizeof text - (size_t)len, "scope.budget %s\n",
		                budget_id[d.budget]);
	if (d.reason >= 0)
		len += snprintf(text + len, sizeof text - (size_t)len, "scope.reason %s\n",
		                reason_id[d.reason]);
	snprintf(text + len, sizeof text - (size_t)len, "unit %s\nceiling %lld\n",
	         unit_code[d.unit], (long long)d.ceiling);
	write_when(text, sizeof text, "until", d.until_day, d.until_us);
	d.number = define(LGP_KIND_DELEGATION, m.staff[d.from].token, 0, text);
	m.delegation[m.delegations++] = d;
}

static void step_delegation_end(void)
{
	if (m.delegations == 0)
		return;
	struct delegation *d =
	        &m.delegation[m.delegations - 1 - pick(m.delegations < 5 ? m.delegations : 5)];
	if (d->ended)
		return;
	end_noun(LGP_KIND_DELEGATION_END, m.staff[d->from].token, d->number);
	d->ended = true;
}

/* A token is of its subject's role, and dead when that changes. */
static void issue_token(unsigned i)
{
	char text[192];
	snprintf(text, sizeof text, "role %s\nsubject s%u\nhash %064llx\n",
	         m.staff[i].manager ? "manager" : "staff", i, (unsigned long long)m.size);
	m.staff[i].token = define(LGP_KIND_TOKEN, 1, 0, text);
}

/* Somebody moves in with somebody, or out. */
static void step_household(void)
{
	static const char *const names[][2] = {{"", ""},
	                                       {"household H-1\n", "household h-1\n"},
	                                       {"household b\n", "household B\n"}};
	int customer = (int)pick(CUSTOMERS), to = (int)pick(3);
	define(LGP_KIND_CUSTOMER, m.till, m.customer[customer], names[to][pick(2)]);
	m.household[customer] = to;
}

/* A manager becomes staff or a manager again; a site begins its weeks another day. */
static void step_amend(void)
{
	char text[64];
	if (chance(30)) {
		step_household();
		return;
	}
	if (chance(50)) {
		unsigned site = (unsigned)pick(SITES);
		m.week_starts[site] = (int)pick(7);
		snprintf(text, sizeof text, "week_starts %s\n", weekday[m.week_starts[site]]);
		define(LGP_KIND_SITE, 1, m.site[site], text);
		return;
	}
	struct person *p = &m.staff[3 + pick(STAFF - 3)];
	p->manager = !p->manager;
	snprintf(text, sizeof text, "role %s\n", p->manager ? "manager" : "staff");
	define(LGP_KIND_STAFF, 1, p->number, text);
	issue_token((unsigned)(p - m.staff));
}

static void step_allot(void)
{
	unsigned budget = (unsigned)pick(BUDGETS);
	if (m.available[budget] > 300)
		return;
	struct lgp_command command = new_command(LGP_KIND_ALLOTMENT, 2);
	command.budget = slug(budget_id[budget]);
	command.amount = 4000;
	lapse(command.time_us);
	struct lgp_outcome out = judge(&command);
	assert_int_equal(out.verdict, LGP_ACCEPTED);
	m.available[budget] += 4000;
	written(&command, &out);
}

/* To shortly before or after the end of a period of a site, or just on. */
static void step_clock(void)
{
	static const enum lgp_window windows[] = {
	        LGP_WINDOW_DAY,  LGP_WINDOW_DAY,     LGP_WINDOW_DAY,  LGP_WINDOW_WEEK,
	        LGP_WINDOW_WEEK, LGP_WINDOW_QUARTER, LGP_WINDOW_MONTH};
	unsigned site = (unsigned)pick(SITES);
	enum lgp_window window = chance(2) ? LGP_WINDOW_YEAR : windows[pick(7)];
	if (window > LGP_WINDOW_WEEK && chance(60))
		window = LGP_WINDOW_DAY;
	int32_t next = next_period(window, date_at((int)site, m.now_us), m.week_starts[site]);
	int64_t at = next * DAY_US - site_offset_us[site] + (int64_t)pick(3) * 1000000 - 1000000;
	if (at > m.now_us)
		m.now_us = at;
	assert_true(date_at(1, m.now_us) < FIRST_DAY + DAYS_MAX - 800);
}

static void compare_balances(void)
{
	struct lgp_reader *reader;
	int64_t balance;
	uint64_t list[64];
	size_t count, waits = 0;
	commit();
	must(lgp_reader_new(model.ledger, &reader));
	for (unsigned i = 0; i < BUDGETS; i++) {
		const struct lgp_record *unit = lgp_registry_find(
		        model.ledger, LGP_KIND_UNIT, lgp_view_of(unit_code[budget_unit[i]]));
		must(lgp_read_balance(reader, LGP_CLASS_BUDGET, m.budget[i], unit->number,
		                      &balance));
		assert_int_equal(balance, m.available[i]);
		must(lgp_read_balance(reader, LGP_CLASS_RESERVED, m.budget[i], unit->number,
		                      &balance));
		assert_int_equal(balance, m.reserved[i]);
	}
	lgp_reader_free(reader);
	lgp_pending(model.ledger, 0, list, 64, &count);
	for (unsigned i = 0; i < m.items; i++)
		if (m.item[i].waits && waits < 64) {
			assert_int_equal(list[waits], m.item[i].seq);
			waits++;
		}
	assert_int_equal(count, waits);
}

/* ---- the run ------------------------------------------------------------------------------------ */

static void step(void)
{
	static const struct {
		unsigned weight; /* of a thousand */
		void (*act)(void);
	} steps[] = {
	        {500, step_grant},    {120, step_approve},
	        {20, step_decline},   {90, step_reversal},
	        {110, step_explain},  {20, step_clock},
	        {28, step_limit},     {8, step_limit_end},
	        {8, step_delegation}, {3, step_delegation_end},
	        {6, step_amend},      {60, step_allot},
	        {20, commit},         {7, compare_balances},
	};
	uint64_t at = pick(1000);
	size_t i = 0;
	while (at >= steps[i].weight)
		at -= steps[i++].weight;
	steps[i].act();
	if (lgp_batch_count(model.ledger) > 0 && chance(10))
		commit_next();
	if (pick(1500) == 0)
		model_reopen(chance(50));
}

static void set_up_staff(int i)
{
	struct person *p = &m.staff[i];
	char text[256];
	p->manager = i >= 3;
	p->both_sites = i != 2 && i != 6;
	p->customer = i == 0 ? 0 : i == 1 ? 1 : i == 3 ? 2 : -1;
	int len = snprintf(text, sizeof text,
	                   "id s%d\nrole %s\nsite paris\n%sbudget desk\nbudgets bar,points\n", i,
	                   p->manager ? "manager" : "staff", p->both_sites ? "sites tokyo\n" : "");
	if (p->customer >= 0)
		snprintf(text + len, sizeof text - (size_t)len, "customer %llu\n",
		         (unsigned long long)m.customer[p->customer]);
	p->number = define(LGP_KIND_STAFF, 1, 0, text);
	issue_token((unsigned)i);
}

static void set_up(void)
{
	define(LGP_KIND_UNIT, 1, 0, "code EUR\nscale 2\nkind money\n");
	define(LGP_KIND_UNIT, 1, 0, "code PTS\nscale 0\nkind points\n");
	m.site[0] = define(LGP_KIND_SITE, 1, 0, "id paris\ntimezone Etc/UTC\n");
	m.site[1] = define(LGP_KIND_SITE, 1, 0,
	                   "id tokyo\ntimezone Asia/Tokyo\nweek_starts sunday\n"
	                   "staff_rewards not-each-other\n");
	m.week_starts[1] = 6;
	m.budget[0] = define(LGP_KIND_BUDGET, 1, 0, "id desk\nsite paris\nunit EUR\n");
	m.budget[1] = define(LGP_KIND_BUDGET, 1, 0, "id bar\nsite tokyo\nunit EUR\n");
	m.budget[2] = define(LGP_KIND_BUDGET, 1, 0, "id points\nsite paris\nunit PTS\n");
	define(LGP_KIND_REASON, 1, 0, "id late-room\nkind discretionary\n");
	define(LGP_KIND_REASON, 1, 0, "id gift\nkind discretionary\n");
	m.till = define(LGP_KIND_TOKEN, 1, 0,
	                "role integration\n"
	                "hash 00000000000000000000000000000000000000000000000000000000000000ff\n");
	for (unsigned i = 0; i < CUSTOMERS; i++) {
		struct lgp_command command = new_command(LGP_KIND_CUSTOMER, m.till);
		struct lgp_outcome out = judge(&command);
		assert_int_equal(out.verdict, LGP_ACCEPTED);
		written(&command, &out);
		m.customer[i] = out.seq;
	}
	commit();
	for (int i = 0; i < STAFF; i++)
		set_up_staff(i);
}

static uint64_t start(void)
{
	const struct lgp_calendar calendar = {zone_date, zone_start, NULL};
	memset(&m, 0, sizeof m);
	m.now_us = FIRST_DAY * DAY_US + 2 * HOUR_US;
	m.item = calloc(ITEMS_MAX, sizeof *m.item);
	make_calendar();
	m.size = 3;
	m.last_us = m.now_us + 2;
	return model_start("model.example/limits", m.now_us, &calendar, 20000);
}

static void finish(void)
{
	model_finish();
	free(m.item);
	free(m.back);
}

static void ledger_and_model_agree_on_every_limit_and_every_decision_I5_I6(void **state)
{
	(void)state;
	uint64_t steps = start();
	set_up();
	for (uint64_t i = 0; i < steps; i++)
		step();
	compare_balances();
	model_reopen(true);
	compare_balances();
	fprintf(stderr,
	        "# %u granted, %u asked, %u approved, %u not, %u lapsed, %u reversed, %u refused, "
	        "%u of "
	        "them by a limit; %d days\n",
	        m.granted, m.asked, m.approved, m.unapproved, m.lapsed, m.reversals, m.refused,
	        m.bound, date_at(-1, m.now_us) - FIRST_DAY);
	if (steps >= 10000)
		assert_true(m.granted > 0 && m.approved > 0 && m.unapproved > 0 && m.lapsed > 0 &&
		            m.reversals > 0 && m.bound > 0);
	finish();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(ledger_and_model_agree_on_every_limit_and_every_decision_I5_I6),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
