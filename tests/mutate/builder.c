/* builder: see builder.h.  Thread: one.
 * Sources: RFC 6962 section 2.1 for the tree, C2SP tlog-tiles for its rows. */
#include "builder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lagniappe/codec.h"
#include "lagniappe/problem.h"

#define START_US (INT64_C(1790000000) * 1000000)
#define DAY_US (INT64_C(86400) * 1000000)
#define LEVELS 16
#define MAP_BYTES ((size_t)256 << 20)

/* ---- entries --------------------------------------------------------------------- */

struct lgp_entry *build_add(struct build *build, enum lgp_kind kind, uint64_t actor)
{
	require(build->count < BUILD_MAX);
	size_t seq = build->count++;
	struct lgp_entry *entry = &build->entry[seq];
	struct lgp_hash key;
	*entry = (struct lgp_entry){.kind = kind, .actor = actor, .seq = seq};
	entry->time_us = START_US + (int64_t)seq * 7000000 + build->later_us;
	entry->business_date = (int32_t)(entry->time_us / DAY_US);
	if (kind != LGP_KIND_GENESIS) {
		lgp_hash_sha256(&seq, sizeof seq, &key);
		memcpy(entry->key_mac, key.bytes, LGP_MAC_LEN);
		memcpy(entry->body_mac, key.bytes + LGP_MAC_LEN, LGP_MAC_LEN);
	}
	return entry;
}

void build_payload(struct build *build, uint64_t seq, const char *text)
{
	struct lgp_entry *entry = &build->entry[seq];
	free(build->payload[seq]);
	build->payload[seq] = text != NULL ? strdup(text) : NULL;
	memset(&entry->hash, 0, sizeof entry->hash);
	entry->flags &= (uint8_t)~LGP_FLAG_PAYLOAD;
	if (text == NULL)
		return;
	entry->flags |= LGP_FLAG_PAYLOAD;
	lgp_hash_sha256(text, strlen(text), &entry->hash);
}

struct lgp_entry *build_find(struct build *build, enum lgp_kind kind, size_t n)
{
	size_t i = 0;
	while (build->entry[i].kind != kind || n-- > 0)
		require(++i < build->count);
	return &build->entry[i];
}

static uint32_t draw(struct build *build, uint32_t below)
{
	build->random = build->random * 1664525 + 1013904223;
	return (build->random >> 8) % below;
}

/* ---- the model ------------------------------------------------------------------------ */

static bool opens(const struct lgp_entry *entry)
{
	bool may = entry->kind < LGP_KIND_TOKEN_END || entry->kind == LGP_KIND_LIMIT ||
	           entry->kind == LGP_KIND_DELEGATION;
	return may && (entry->flags & LGP_FLAG_AMEND) == 0;
}

static bool changes_rule(const struct lgp_entry *entry)
{
	return (entry->kind >= LGP_KIND_UNIT && entry->kind <= LGP_KIND_TOKEN) ||
	       (entry->kind >= LGP_KIND_TOKEN_END && entry->kind <= LGP_KIND_DELEGATION_END);
}

static uint64_t last_of(const uint64_t *last, uint64_t number, uint64_t seq)
{
	return number >= seq ? 0 : last[number];
}

void build_complete(struct build *build)
{
	static uint64_t last[BUILD_MAX];
	static int64_t held[2][BUILD_MAX]; /* customers', by unit */
	uint64_t policy = 0;
	memset(last, 0, sizeof last);
	memset(held, 0, sizeof held);
	for (size_t seq = 0; seq < build->count; seq++) {
		struct lgp_entry *entry = &build->entry[seq];
		size_t unit = entry->unit == build->points;
		entry->seq = seq;
		entry->policy = policy;
		if (changes_rule(entry))
			policy = seq;
		if (entry->credit == LGP_CLASS_CUSTOMER)
			held[unit][entry->customer] += entry->amount;
		if (entry->debit == LGP_CLASS_CUSTOMER)
			held[unit][entry->customer] -= entry->amount;
		bool tells =
		        entry->customer != 0 && entry->unit != 0 && entry->customer < BUILD_MAX;
		entry->balance = tells ? held[unit][entry->customer] : 0;
		entry->prev_customer = last_of(last, entry->customer, seq);
		entry->prev_budget = last_of(last, entry->budget, seq);
		entry->prev_actor = last_of(last, entry->actor, seq);
		if (entry->customer == 0)
			entry->prev_customer = 0;
		if (entry->budget == 0)
			entry->prev_budget = 0;
		if (opens(entry))
			last[seq] = seq;
		if (entry->customer != 0 && entry->customer < BUILD_MAX)
			last[entry->customer] = seq;
		if (entry->budget != 0 && entry->budget < BUILD_MAX)
			last[entry->budget] = seq;
		if (entry->actor < BUILD_MAX)
			last[entry->actor] = seq;
	}
}

/* ---- a small programme ------------------------------------------------------------------ */

static void register_house(struct build *build)
{
	char text[512], vkey[LGP_VKEY_MAX];
	build_vkey(build->seed, BUILD_ORIGIN, vkey);
	snprintf(text, sizeof text, "origin " BUILD_ORIGIN "\ntimezone Europe/Paris\nvkey %s\n",
	         vkey);
	build_add(build, LGP_KIND_GENESIS, 0);
	build_payload(build, 0, text);
	for (int i = 0; i < 2; i++) {
		struct lgp_entry *token = build_add(build, LGP_KIND_TOKEN, 0);
		memset(token->key_mac, 0, sizeof token->key_mac);
		memset(token->body_mac, 0, sizeof token->body_mac);
		snprintf(text, sizeof text, "role %s\nhash %064d\n", i == 0 ? "admin" : "finance",
		         i);
		build_payload(build, token->seq, text);
	}
	build->admin = 1;
	build->finance = 2;
}

static struct lgp_entry *noun(struct build *build, enum lgp_kind kind, const char *text)
{
	struct lgp_entry *entry = build_add(build, kind, build->admin);
	build_payload(build, entry->seq, text);
	return entry;
}

static uint64_t add_budget(struct build *build, uint64_t unit, const char *text)
{
	struct lgp_entry *entry = noun(build, LGP_KIND_BUDGET, text);
	entry->site = build->site;
	entry->unit = unit;
	return entry->budget = entry->seq;
}

static uint64_t add_staff(struct build *build, const char *text)
{
	struct lgp_entry *entry = noun(build, LGP_KIND_STAFF, text);
	entry->site = build->site;
	return entry->staff = entry->seq;
}

static void add_token(struct build *build, const char *role, const char *subject, int secret)
{
	char text[256];
	snprintf(text, sizeof text, "role %s\nsubject %s\nhash %064d\n", role, subject, secret);
	(void)noun(build, LGP_KIND_TOKEN, text);
}

#define BUDGETS "budget front-desk\nbudgets points,lounge\n"

static void register_nouns(struct build *build)
{
	struct lgp_entry *entry = noun(build, LGP_KIND_UNIT, "code EUR\nscale 2\nkind money\n");
	build->eur = entry->unit = entry->seq;
	entry = noun(build, LGP_KIND_UNIT, "code PTS\nscale 0\nkind points\n");
	build->points = entry->unit = entry->seq;
	entry = noun(build, LGP_KIND_SITE, "id lobby\ntimezone Europe/Paris\n");
	build->site = entry->site = entry->seq;
	build->budget = add_budget(build, build->eur, "id front-desk\nsite lobby\nunit EUR\n");
	build->lounge = add_budget(build, build->eur, "id lounge\nsite lobby\nunit EUR\n");
	build->points_budget =
	        add_budget(build, build->points, "id points\nsite lobby\nunit PTS\n");
	entry = noun(build, LGP_KIND_REASON, "id late-room\nkind discretionary\n");
	build->reason = entry->reason = entry->seq;
	entry = noun(build, LGP_KIND_TOUCHPOINT, "id check-in\n");
	build->touchpoint = entry->touchpoint = entry->seq;
	build->staff = add_staff(build, "id s-1\nrole staff\nsite lobby\n" BUDGETS);
	build->other_staff = add_staff(build, "id s-2\nrole manager\nsite lobby\n" BUDGETS);
	add_token(build, "staff", "s-1", 4);
	entry = noun(build, LGP_KIND_TOKEN,
	             "role integration\nhash "
	             "00000000000000000000000000000000"
	             "00000000000000000000000000000009\n");
	build->till = entry->seq;
	entry = noun(build, LGP_KIND_TOUCHPOINT, "id check-in\nname Check-in\n");
	entry->flags |= LGP_FLAG_AMEND;
	entry->refers_to = entry->touchpoint = build->touchpoint;
}

static void register_people(struct build *build)
{
	for (size_t i = 0; i < sizeof build->customer / sizeof build->customer[0]; i++) {
		struct lgp_entry *entry = build_add(build, LGP_KIND_CUSTOMER, build->staff);
		entry->site = build->site;
		build->customer[i] = entry->customer = entry->seq;
	}
	struct lgp_entry *party = build_add(build, LGP_KIND_PARTY, build->admin);
	build->party = party->customer = party->seq;
}

static void allot(struct build *build, uint64_t budget, uint64_t unit, int64_t amount)
{
	struct lgp_entry *entry = build_add(build, LGP_KIND_ALLOTMENT, build->finance);
	entry->budget = budget;
	entry->unit = unit;
	entry->site = build->site;
	entry->amount = amount < 0 ? -amount : amount;
	entry->debit = amount < 0 ? LGP_CLASS_BUDGET : LGP_CLASS_ISSUANCE;
	entry->credit = amount < 0 ? LGP_CLASS_ISSUANCE : LGP_CLASS_BUDGET;
}

static struct lgp_entry *give(struct build *build, enum lgp_kind kind)
{
	uint64_t staff = draw(build, 2) == 0 ? build->staff : build->other_staff;
	struct lgp_entry *entry = build_add(build, kind, draw(build, 4) == 0 ? build->till : staff);
	entry->staff = staff;
	if (staff == build->other_staff)
		entry->flags |= LGP_FLAG_MANAGER;
	entry->customer = build->customer[draw(build, 8)];
	entry->site = build->site;
	entry->reason = build->reason;
	if (draw(build, 2) == 0)
		entry->touchpoint = build->touchpoint;
	return entry;
}

static void grant(struct build *build)
{
	struct lgp_entry *entry = give(build, LGP_KIND_GRANT);
	bool points = draw(build, 4) == 0;
	entry->budget = points ? build->points_budget : build->budget;
	entry->unit = points ? build->points : build->eur;
	entry->amount = 1 + draw(build, 500);
	entry->debit = LGP_CLASS_BUDGET;
	entry->credit = LGP_CLASS_CUSTOMER;
	memcpy(entry->incident, "room-12", 7);
}

static void thank(struct build *build)
{
	struct lgp_entry *entry = give(build, LGP_KIND_THANKS);
	entry->actor = entry->staff; /* tills do not thank */
	entry->amount = draw(build, 30);
}

static void refuse(struct build *build)
{
	grant(build);
	struct lgp_entry *entry = &build->entry[build->count - 1];
	entry->kind = LGP_KIND_REFUSAL;
	entry->asked = LGP_KIND_GRANT;
	entry->code = LGP_PROBLEM_INSUFFICIENT_BUDGET;
	entry->debit = entry->credit = LGP_CLASS_NONE;
	entry->amount += 100000000;
}

/* Half of the newest grant, or the whole of it, that was not touched yet. */
static void reverse(struct build *build, uint64_t granted, bool whole)
{
	struct lgp_entry *entry = build_add(build, LGP_KIND_REVERSAL, build->other_staff);
	const struct lgp_entry *of = &build->entry[granted];
	entry->staff = of->staff;
	entry->customer = of->customer;
	entry->site = of->site;
	entry->budget = of->budget;
	entry->reason = of->reason;
	entry->unit = of->unit;
	entry->amount = whole ? of->amount : (of->amount + 1) / 2;
	entry->debit = LGP_CLASS_CUSTOMER;
	entry->credit = LGP_CLASS_BUDGET;
	entry->refers_to = granted;
}

static void import(struct build *build)
{
	struct lgp_entry *entry = build_add(build, LGP_KIND_IMPORT, build->admin);
	bool refund = draw(build, 5) == 0;
	entry->business_date -= 4000;
	entry->staff = build->staff;
	entry->customer = draw(build, 2) == 0 ? build->party : 0;
	entry->site = build->site;
	entry->budget = build->budget;
	entry->reason = build->reason;
	entry->unit = build->eur;
	entry->amount = 1 + draw(build, 90000);
	entry->debit = refund ? LGP_CLASS_SETTLEMENT : LGP_CLASS_HISTORY;
	entry->credit = refund ? LGP_CLASS_HISTORY : LGP_CLASS_SETTLEMENT;
}

static void act(struct build *build, uint64_t *reversible)
{
	uint32_t what = draw(build, 10);
	if (what < 2) {
		thank(build);
	} else if (what == 2) {
		refuse(build);
	} else if (what == 3) {
		import(build);
	} else if (what == 4 && *reversible != 0) {
		reverse(build, *reversible, draw(build, 2) == 0);
		*reversible = 0;
	} else {
		*reversible = build->count;
		grant(build);
		if (draw(build, 8) == 0)
			build_payload(build, *reversible, "limit l-1 12\n");
	}
}

/* ---- limits and approvals ----------------------------------------------------------------- */

static void define_people(struct build *build)
{
	allot(build, build->lounge, build->eur, 100000);
	build->other_manager = add_staff(build, "id s-3\nrole manager\nsite lobby\n");
	build->deputy = add_staff(build, "id s-4\nrole staff\nsite lobby\n");
	add_token(build, "manager", "s-2", 2);
	add_token(build, "manager", "s-3", 3);
	add_token(build, "staff", "s-4", 5);
}

static struct lgp_entry *part(struct build *build, enum build_part part, enum lgp_kind kind,
                              uint64_t actor)
{
	struct lgp_entry *entry = build_add(build, kind, actor);
	build->part[part] = entry->seq;
	return entry;
}

static void define_limit(struct build *build, enum build_part which, const char *text)
{
	build_payload(build, part(build, which, LGP_KIND_LIMIT, build->finance)->seq, text);
}

/* A grant, or an ask for one, out of the lounge's budget. */
static struct lgp_entry *give_there(struct build *build, enum build_part which, enum lgp_kind kind,
                                    uint64_t staff, size_t customer, int64_t amount)
{
	struct lgp_entry *entry = part(build, which, kind, staff);
	entry->staff = staff;
	entry->flags = staff == build->other_staff ? LGP_FLAG_MANAGER : 0;
	entry->customer = build->customer[customer];
	entry->site = build->site;
	entry->reason = build->reason;
	entry->budget = build->lounge;
	entry->unit = build->eur;
	entry->amount = amount;
	memcpy(entry->incident, "room-7", 6);
	if (kind != LGP_KIND_REFUSAL)
		entry->debit = LGP_CLASS_BUDGET;
	if (kind != LGP_KIND_REFUSAL)
		entry->credit = kind == LGP_KIND_ASK ? LGP_CLASS_RESERVED : LGP_CLASS_CUSTOMER;
	return entry;
}

static void ask_there(struct build *build, enum build_part which, size_t customer, int64_t amount)
{
	char text[160], time[LGP_TIME_LEN];
	struct lgp_entry *entry =
	        give_there(build, which, LGP_KIND_ASK, build->staff, customer, amount);
	entry->limit = build->part[PART_LIMIT_LARGE];
	lgp_time_format(time, entry->time_us + 3 * DAY_US);
	snprintf(text, sizeof text, "limit large\nmax 300\nused 0\nremaining 300\nexpires %.*s\n",
	         LGP_TIME_LEN, time);
	build_payload(build, entry->seq, text);
}

/* What decides on an ask, on its terms. */
static struct lgp_entry *decide(struct build *build, enum build_part which, enum lgp_kind kind,
                                uint64_t actor, enum build_part of)
{
	struct lgp_entry *entry = part(build, which, kind, actor);
	struct lgp_entry made = build->entry[build->part[of]];
	bool grant = kind == LGP_KIND_GRANT;
	made.kind = kind;
	made.flags &= LGP_FLAG_MANAGER;
	made.actor = actor;
	made.seq = entry->seq;
	made.time_us = entry->time_us;
	made.business_date = entry->business_date;
	memcpy(made.key_mac, entry->key_mac, sizeof made.key_mac);
	memcpy(made.body_mac, entry->body_mac, sizeof made.body_mac);
	memset(&made.hash, 0, sizeof made.hash);
	made.refers_to = build->part[of];
	made.limit = grant ? build->part[PART_LIMIT_LARGE] : 0;
	made.debit = kind == LGP_KIND_REFUSAL ? LGP_CLASS_NONE : LGP_CLASS_RESERVED;
	made.credit = kind == LGP_KIND_REFUSAL ? LGP_CLASS_NONE
	              : grant                  ? LGP_CLASS_CUSTOMER
	                                       : LGP_CLASS_BUDGET;
	*entry = made;
	if (grant)
		build_payload(build, entry->seq, "authority s-2\n");
	return entry;
}

static void refused(struct lgp_entry *entry, enum lgp_kind asked, enum lgp_problem problem)
{
	entry->asked = asked;
	entry->code = (uint16_t)problem;
}

static void define_limits(struct build *build)
{
	define_limit(build, PART_LIMIT,
	             "id guest\nscope.budget lounge\nunit EUR\nmeasure amount\nper customer\n"
	             "window month\nmax 1000\n");
	define_limit(build, PART_LIMIT_LARGE,
	             "id large\nscope.role staff\nscope.budget lounge\nunit EUR\nmeasure amount\n"
	             "per grant\nwindow none\nmax 300\nwhen_passed ask\n");
	define_limit(build, PART_LIMIT_INCIDENTS,
	             "id visits\nscope.budget lounge\nmeasure incidents\nper customer\n"
	             "window year\nmax 1\n");
}

static void ask_and_decide(struct build *build)
{
	struct lgp_entry *entry;
	(void)give_there(build, PART_GRANT, LGP_KIND_GRANT, build->staff, 0, 200);
	entry = give_there(build, PART_REFUSAL, LGP_KIND_REFUSAL, build->other_staff, 0, 900);
	refused(entry, LGP_KIND_GRANT, LGP_PROBLEM_LIMIT_EXCEEDED);
	entry->limit = build->part[PART_LIMIT];
	build_payload(build, entry->seq,
	              "limit guest\nmax 1000\nused 200\nremaining 800\n"
	              "resets_at 2026-09-30T22:00:00.000000Z\n");
	ask_there(build, PART_ASK, 1, 400);
	(void)decide(build, PART_APPROVAL, LGP_KIND_GRANT, build->other_staff, PART_ASK);
	ask_there(build, PART_ASK_DECLINED, 2, 500);
	(void)decide(build, PART_DECLINE, LGP_KIND_DECLINE, build->other_staff, PART_ASK_DECLINED);
	entry = part(build, PART_DELEGATION, LGP_KIND_DELEGATION, build->other_staff);
	build_payload(build, entry->seq,
	              "from s-2\nto s-4\nunit EUR\nceiling 600\nuntil 2026-12-01\n");
	ask_there(build, PART_ASK_DELEGATED, 3, 450);
	(void)decide(build, PART_APPROVAL_DELEGATED, LGP_KIND_GRANT, build->deputy,
	             PART_ASK_DELEGATED);
}

static void reverse_and_raise(struct build *build)
{
	struct lgp_entry *entry;
	build->part[PART_REVERSAL] = build->count;
	reverse(build, build->part[PART_APPROVAL], true);
	(void)give_there(build, PART_GRANT_TO_MAX, LGP_KIND_GRANT, build->other_staff, 1, 1000);
	entry = give_there(build, PART_REFUSAL_INCIDENT, LGP_KIND_REFUSAL, build->staff, 4, 50);
	refused(entry, LGP_KIND_GRANT, LGP_PROBLEM_INCIDENT_REQUIRED);
	memset(entry->incident, 0, sizeof entry->incident);
	ask_there(build, PART_ASK_LAPSED, 4, 350);
	entry = decide(build, PART_REFUSAL_FOUR_EYES, LGP_KIND_REFUSAL, build->staff,
	               PART_ASK_LAPSED);
	refused(entry, LGP_KIND_GRANT, LGP_PROBLEM_FOUR_EYES);
	part(build, PART_DELEGATION_END, LGP_KIND_DELEGATION_END, build->other_staff)->refers_to =
	        build->part[PART_DELEGATION];
	entry = decide(build, PART_REFUSAL_AUTHORITY, LGP_KIND_REFUSAL, build->deputy,
	               PART_ASK_LAPSED);
	refused(entry, LGP_KIND_GRANT, LGP_PROBLEM_AUTHORITY);
	define_limit(build, PART_LIMIT_RAISED,
	             "id guest\nscope.budget lounge\nunit EUR\nmeasure amount\nper customer\n"
	             "window month\nmax 1500\n");
	entry = &build->entry[build->part[PART_LIMIT_RAISED]];
	entry->flags |= LGP_FLAG_AMEND;
	entry->refers_to = entry->limit = build->part[PART_LIMIT];
	(void)give_there(build, PART_GRANT_RAISED, LGP_KIND_GRANT, build->other_staff, 1, 500);
}

static void lapse(struct build *build)
{
	struct lgp_entry *entry;
	build->part[PART_REFUSAL_REVERSED] = build->count;
	reverse(build, build->part[PART_APPROVAL], true);
	entry = &build->entry[build->part[PART_REFUSAL_REVERSED]];
	entry->kind = LGP_KIND_REFUSAL;
	entry->debit = entry->credit = LGP_CLASS_NONE;
	refused(entry, LGP_KIND_REVERSAL, LGP_PROBLEM_ALREADY_REVERSED);
	(void)give_there(build, PART_GRANT_SMALL, LGP_KIND_GRANT, build->staff, 5, 100);
	build->later_us += INT64_C(73) * 3600 * 1000000;
	entry = decide(build, PART_LAPSE, LGP_KIND_LAPSE, 0, PART_ASK_LAPSED);
	memset(entry->key_mac, 0, sizeof entry->key_mac);
	memset(entry->body_mac, 0, sizeof entry->body_mac);
	entry = decide(build, PART_REFUSAL_DECIDED, LGP_KIND_REFUSAL, build->other_staff,
	               PART_ASK_LAPSED);
	refused(entry, LGP_KIND_DECLINE, LGP_PROBLEM_DECIDED);
}

/* Each rule of limits and approvals at work, in numbers that a reader can add up. */
static void discretion(struct build *build)
{
	define_people(build);
	define_limits(build);
	ask_and_decide(build);
	reverse_and_raise(build);
	lapse(build);
}

struct build *build_good(size_t count)
{
	require(count >= 128 && count <= BUILD_MAX);
	struct build *build = calloc(1, sizeof *build);
	require(build != NULL);
	build->random = 42;
	register_house(build);
	register_nouns(build);
	register_people(build);
	allot(build, build->budget, build->eur, 100000000);
	allot(build, build->points_budget, build->points, 5000000);
	allot(build, build->budget, build->eur, -5000);
	discretion(build);
	for (uint64_t reversible = 0; build->count < count - 1;)
		act(build, &reversible);
	struct lgp_entry *end = build_add(build, LGP_KIND_TOKEN_END, build->admin);
	end->refers_to = build->till;
	for (size_t size = 1; size < count; size += size < 4 ? 1 : 37)
		build->checkpoint[build->checkpoint_count++] = size;
	build->checkpoint[build->checkpoint_count++] = count;
	build_complete(build);
	return build;
}

void build_free(struct build *build)
{
	for (size_t i = 0; i < BUILD_MAX; i++)
		free(build->payload[i]);
	free(build);
}

/* ---- hashing and signing -------------------------------------------------------------------- */

/* Rows of complete nodes: row[l][i] covers [i * 2^l, (i + 1) * 2^l). */
struct rows {
	struct lgp_hash *row[LEVELS];
	size_t count[LEVELS];
};

static void make_rows(const struct build *build, struct rows *rows)
{
	uint8_t bytes[LGP_ENTRY_LEN];
	for (unsigned level = 0; level < LEVELS; level++) {
		rows->count[level] = build->count >> level;
		rows->row[level] = calloc(rows->count[level] + 1, sizeof(struct lgp_hash));
		require(rows->row[level] != NULL);
	}
	for (size_t i = 0; i < build->count; i++) {
		lgp_entry_encode(&build->entry[i], bytes);
		lgp_hash_leaf(bytes, sizeof bytes, &rows->row[0][i]);
	}
	for (unsigned level = 1; level < LEVELS; level++)
		for (size_t i = 0; i < rows->count[level]; i++)
			lgp_hash_node(&rows->row[level - 1][2 * i],
			              &rows->row[level - 1][2 * i + 1], &rows->row[level][i]);
}

static void free_rows(struct rows *rows)
{
	for (unsigned level = 0; level < LEVELS; level++)
		free(rows->row[level]);
}

/* RFC 6962's own recursion, over n leaves from `first` on. */
static struct lgp_hash root_of(const struct rows *rows, size_t first, size_t n)
{
	unsigned level = 0;
	while ((size_t)2 << level <= n)
		level++;
	if ((size_t)1 << level == n)
		return rows->row[level][first >> level];
	size_t left_n = (size_t)1 << level;
	struct lgp_hash left = root_of(rows, first, left_n);
	struct lgp_hash right = root_of(rows, first + left_n, n - left_n);
	lgp_hash_node(&left, &right, &left);
	return left;
}

static void make_signer(uint8_t seed, const char *origin, struct lgp_signer *signer)
{
	uint8_t bytes[LGP_SECRET_SEED_LEN];
	memset(bytes, seed, sizeof bytes);
	require(lgp_signer_init(signer, lgp_view_of(origin), bytes) == LGP_OK);
}

void build_vkey(uint8_t seed, const char *origin, char out[LGP_VKEY_MAX])
{
	struct lgp_signer signer;
	make_signer(seed, origin, &signer);
	(void)lgp_vkey_format(&signer.public, out);
}

/* ---- writing ----------------------------------------------------------------------------------- */

static struct lgp_kv *open_store(const char *dir)
{
	char path[512];
	struct lgp_kv *kv;
	struct lgp_kv_options options = {
	        .tables = lgp_log_tables,
	        .table_count = LGP_LOG_TABLE_COUNT,
	        .map_bytes = MAP_BYTES,
	};
	snprintf(path, sizeof path, "%s/ledger.mdb", dir);
	require(lgp_kv_open(path, &options, &kv) == LGP_OK);
	return kv;
}

static void put(struct lgp_kv_txn *txn, enum lgp_log_table table, struct lgp_view key,
                const void *bytes, size_t len)
{
	require(lgp_kv_put(txn, table, key, (struct lgp_view){bytes, len}) == LGP_OK);
}

static void put_strips(struct lgp_kv_txn *txn, unsigned tile_level, const struct lgp_hash *hashes,
                       size_t count)
{
	for (size_t strip = 0; strip * LGP_STRIP_HASHES < count; strip++) {
		struct lgp_hash bytes[LGP_STRIP_HASHES] = {0};
		for (size_t i = 0; i < LGP_STRIP_HASHES && strip * LGP_STRIP_HASHES + i < count;
		     i++)
			bytes[i] = hashes[strip * LGP_STRIP_HASHES + i];
		put(txn, tile_level == 0 ? LGP_LOG_LEAVES : LGP_LOG_NODES,
		    LGP_KV_INTEGER((uint64_t)tile_level << 56 | strip), bytes, sizeof bytes);
	}
}

static void put_entries(const struct build *build, struct lgp_kv_txn *txn)
{
	uint8_t bytes[LGP_ENTRY_LEN];
	for (size_t i = 0; i < build->count; i++) {
		lgp_entry_encode(&build->entry[i], bytes);
		put(txn, LGP_LOG_ENTRIES, LGP_KV_INTEGER(i), bytes, sizeof bytes);
		if (build->payload[i] != NULL) {
			struct lgp_hash hash;
			lgp_hash_sha256(build->payload[i], strlen(build->payload[i]), &hash);
			put(txn, LGP_LOG_PAYLOADS,
			    (struct lgp_view){(const char *)hash.bytes, LGP_HASH_LEN},
			    build->payload[i], strlen(build->payload[i]));
		}
	}
}

static void put_checkpoints(const struct build *build, const struct rows *rows,
                            struct lgp_kv_txn *txn)
{
	struct lgp_signer signer;
	uint8_t bytes[LGP_CHECKPOINT_VALUE_LEN];
	make_signer(build->seed, BUILD_ORIGIN, &signer);
	for (size_t i = 0; i < build->checkpoint_count; i++) {
		size_t size = build->checkpoint[i];
		struct lgp_checkpoint checkpoint = {size, root_of(rows, 0, size)};
		memcpy(bytes, checkpoint.root.bytes, LGP_HASH_LEN);
		memcpy(bytes + LGP_HASH_LEN, signer.public.id, 4);
		lgp_checkpoint_sign(&signer, &checkpoint, bytes + LGP_HASH_LEN + 4);
		put(txn, LGP_LOG_CHECKPOINTS, LGP_KV_INTEGER(size), bytes, sizeof bytes);
	}
}

static void put_meta(const struct build *build, struct lgp_kv_txn *txn)
{
	char vkey[LGP_VKEY_MAX];
	build_vkey(build->seed, BUILD_ORIGIN, vkey);
	put(txn, LGP_LOG_META, LGP_VIEW("format"), LGP_LOG_FORMAT, strlen(LGP_LOG_FORMAT));
	put(txn, LGP_LOG_META, LGP_VIEW("origin"), BUILD_ORIGIN, strlen(BUILD_ORIGIN));
	put(txn, LGP_LOG_META, LGP_VIEW("vkey"), vkey, strlen(vkey));
}

static void write_note(const struct build *build, const struct rows *rows, size_t size,
                       const char *path)
{
	struct lgp_signer signer;
	uint8_t signature[LGP_SIGNATURE_LEN];
	char note[LGP_CHECKPOINT_SIGNED_MAX];
	struct lgp_checkpoint checkpoint = {size, root_of(rows, 0, size)};
	make_signer(build->seed, BUILD_ORIGIN, &signer);
	lgp_checkpoint_sign(&signer, &checkpoint, signature);
	size_t len = lgp_checkpoint_format(&signer.public, &checkpoint, signature, note);
	FILE *file = fopen(path, "w");
	require(file != NULL && fwrite(note, 1, len, file) == len && fclose(file) == 0);
}

void build_note(const struct build *build, size_t size, const char *path)
{
	struct rows rows;
	make_rows(build, &rows);
	write_note(build, &rows, size, path);
	free_rows(&rows);
}

void build_write(const struct build *build, const char *dir)
{
	struct rows rows;
	struct lgp_kv *kv = open_store(dir);
	struct lgp_kv_txn *txn;
	char path[512];
	require(lgp_kv_write_begin(kv, &txn) == LGP_OK);
	make_rows(build, &rows);
	put_entries(build, txn);
	put_strips(txn, 0, rows.row[0], rows.count[0]);
	put_strips(txn, 1, rows.row[8], rows.count[8]);
	put_checkpoints(build, &rows, txn);
	put_meta(build, txn);
	require(lgp_kv_commit(txn) == LGP_OK);
	lgp_kv_close(kv);
	snprintf(path, sizeof path, "%s/high-water", dir);
	write_note(build, &rows, build->count, path);
	free_rows(&rows);
}

/* ---- raw access ---------------------------------------------------------------------------------- */

void raw_get(const char *dir, enum lgp_log_table table, struct lgp_view key, void *out, size_t len)
{
	struct lgp_kv *kv = open_store(dir);
	struct lgp_kv_txn *txn;
	struct lgp_view value;
	require(lgp_kv_read_begin(kv, &txn) == LGP_OK);
	require(lgp_kv_get(txn, table, key, &value) == LGP_OK && value.len == len);
	memcpy(out, value.ptr, len);
	lgp_kv_abort(txn);
	lgp_kv_close(kv);
}

void raw_put(const char *dir, enum lgp_log_table table, struct lgp_view key, const void *bytes,
             size_t len)
{
	struct lgp_kv *kv = open_store(dir);
	struct lgp_kv_txn *txn;
	require(lgp_kv_write_begin(kv, &txn) == LGP_OK);
	put(txn, table, key, bytes, len);
	require(lgp_kv_commit(txn) == LGP_OK);
	lgp_kv_close(kv);
}

void raw_delete(const char *dir, enum lgp_log_table table, struct lgp_view key)
{
	struct lgp_kv *kv = open_store(dir);
	struct lgp_kv_txn *txn;
	require(lgp_kv_write_begin(kv, &txn) == LGP_OK);
	require(lgp_kv_delete(txn, table, key) == LGP_OK);
	require(lgp_kv_commit(txn) == LGP_OK);
	lgp_kv_close(kv);
}

void raw_flip(const char *dir, enum lgp_log_table table, struct lgp_view key, size_t len, size_t at)
{
	uint8_t bytes[1024];
	require(len <= sizeof bytes && at < len);
	raw_get(dir, table, key, bytes, len);
	bytes[at] ^= 1;
	raw_put(dir, table, key, bytes, len);
}
