/* audit_ledger: writes a ledger to measure the audit tool on: grants of six members
 * of staff and a till under three limits, thanks, reversals and refusals, in batches
 * of one size, by the library.  Time passes quickly, so that days begin and end.
 *
 *   audit_ledger DIR ENTRIES BATCH [CUSTOMERS [no-limits]]
 */
#include "lagniappe/ledger.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_US (INT64_C(86400) * 1000000)
#define STEP_US 200000 /* between two entries: 432,000 a day */
#define STAFF 6
#define KEPT 4096 /* of the newest grants, to reverse */

struct writer {
	struct lgp_ledger *ledger;
	uint64_t random[2];
	int64_t now_us;
	uint64_t first_customer, customers, batch;
	bool no_limits;
	uint64_t token[STAFF + 1]; /* the last is the till's */
	uint64_t granted[KEPT];    /* 0: none, or reversed */
	uint64_t by[KEPT];         /* its token */
};

static void must(enum lgp_status status)
{
	if (status == LGP_OK)
		return;
	fprintf(stderr, "audit_ledger: %s: %s\n", lgp_status_text(status), lgp_fault_detail());
	exit(2);
}

static uint64_t draw(struct writer *w, uint64_t below)
{
	uint64_t x = w->random[0], y = w->random[1];
	w->random[0] = y;
	x ^= x << 23;
	w->random[1] = x ^ y ^ (x >> 17) ^ (y >> 26);
	return (w->random[1] + y) % below;
}

static enum lgp_status utc_date(void *context, struct lgp_view zone, int64_t time_us, int32_t *days)
{
	(void)context;
	(void)zone;
	*days = (int32_t)(time_us / DAY_US);
	return LGP_OK;
}

static enum lgp_status utc_start(void *context, struct lgp_view zone, int32_t days,
                                 int64_t *time_us)
{
	(void)context;
	(void)zone;
	*time_us = days * DAY_US;
	return LGP_OK;
}

static void done(void *context, enum lgp_status status)
{
	(void)context;
	must(status);
}

static void commit(struct writer *w)
{
	if (lgp_batch_count(w->ledger) == 0)
		return;
	lgp_batch_seal(w->ledger);
	lgp_log_append(w->ledger, done, NULL);
	lgp_highwater_write(w->ledger);
	lgp_batch_apply(w->ledger);
	if (lgp_state_freeze(w->ledger, false))
		must(lgp_applier_step(w->ledger));
}

static struct lgp_command command(struct writer *w, enum lgp_kind kind, uint64_t token)
{
	struct lgp_command command = {.kind = kind, .token = token, .keyed = true};
	uint64_t key[2] = {draw(w, UINT64_MAX), draw(w, UINT64_MAX)};
	memcpy(command.key_mac, key, sizeof key);
	command.time_us = w->now_us += STEP_US;
	return command;
}

static struct lgp_outcome judge(struct writer *w, const struct lgp_command *command)
{
	struct lgp_outcome out;
	must(lgp_judge(w->ledger, command, &out));
	if (out.verdict == LGP_DENIED) {
		fprintf(stderr, "audit_ledger: denied: %d %s\n", out.problem, out.field);
		exit(2);
	}
	if (lgp_batch_full(w->ledger) || lgp_batch_count(w->ledger) >= w->batch)
		commit(w);
	return out;
}

static uint64_t define(struct writer *w, enum lgp_kind kind, uint64_t token, const char *text)
{
	struct lgp_command c = command(w, kind, token);
	c.payload = lgp_view_of(text);
	uint64_t seq = judge(w, &c).seq;
	commit(w);
	return seq;
}

static struct lgp_slug slug(const char *text)
{
	struct lgp_slug out = {0};
	require(lgp_slug_set(&out, lgp_view_of(text)));
	return out;
}

static void define_staff(struct writer *w)
{
	char text[256];
	for (unsigned i = 0; i < STAFF; i++) {
		snprintf(text, sizeof text, "id s-%u\nrole %s\nsite paris\nbudget desk\n", i,
		         i == 0 ? "manager" : "staff");
		(void)define(w, LGP_KIND_STAFF, 1, text);
		snprintf(text, sizeof text, "role %s\nsubject s-%u\nhash %064u\n",
		         i == 0 ? "manager" : "staff", i, 10 + i);
		w->token[i] = define(w, LGP_KIND_TOKEN, 1, text);
	}
	snprintf(text, sizeof text, "role integration\nhash %064u\n", 9u);
	w->token[STAFF] = define(w, LGP_KIND_TOKEN, 1, text);
}

static void define_limits(struct writer *w)
{
	(void)define(w, LGP_KIND_LIMIT, 2,
	             "id large\nunit EUR\nmeasure amount\nper grant\nwindow none\nmax 10000\n");
	(void)define(w, LGP_KIND_LIMIT, 2,
	             "id guest\nunit EUR\nmeasure amount\nper customer\nwindow day\nmax 15000\n");
	(void)define(w, LGP_KIND_LIMIT, 2,
	             "id desk\nmeasure count\nper staff\nwindow month\nmax 100000000\n");
}

static void set_up(struct writer *w)
{
	(void)define(w, LGP_KIND_UNIT, 1, "code EUR\nscale 2\nkind money\n");
	(void)define(w, LGP_KIND_SITE, 1, "id paris\ntimezone Etc/UTC\n");
	(void)define(w, LGP_KIND_BUDGET, 1, "id desk\nsite paris\nunit EUR\n");
	(void)define(w, LGP_KIND_REASON, 1, "id late\nkind discretionary\n");
	define_staff(w);
	if (!w->no_limits)
		define_limits(w);
	struct lgp_command allotment = command(w, LGP_KIND_ALLOTMENT, 2);
	allotment.budget = slug("desk");
	allotment.amount = INT64_C(1) << 60;
	(void)judge(w, &allotment);
	commit(w);
	w->first_customer = lgp_next_seq(w->ledger);
	for (uint64_t i = 0; i < w->customers; i++) {
		struct lgp_command c = command(w, LGP_KIND_CUSTOMER, w->token[1]);
		(void)judge(w, &c);
	}
}

static void give(struct writer *w, enum lgp_kind kind)
{
	size_t who = kind == LGP_KIND_GRANT ? draw(w, STAFF + 1) : draw(w, STAFF);
	size_t place = draw(w, KEPT);
	struct lgp_command c = command(w, kind, w->token[who]);
	c.customer = w->first_customer + draw(w, w->customers);
	c.reason = slug("late");
	if (who == STAFF)
		c.staff = slug("s-1");
	if (kind == LGP_KIND_GRANT) {
		c.amount = 1 + (int64_t)draw(w, draw(w, 20) == 0 ? 12000 : 5000);
		c.unit = slug("EUR");
		c.incident = slug("room-1");
	}
	struct lgp_outcome out = judge(w, &c);
	if (kind != LGP_KIND_GRANT || out.verdict != LGP_ACCEPTED)
		return;
	w->granted[place] = out.seq;
	w->by[place] = w->token[who];
}

static void reverse(struct writer *w)
{
	size_t place = draw(w, KEPT);
	if (w->granted[place] == 0)
		return;
	struct lgp_command c = command(w, LGP_KIND_REVERSAL, w->by[place]);
	c.refers_to = w->granted[place];
	w->granted[place] = 0;
	(void)judge(w, &c);
}

static void write_entries(struct writer *w, uint64_t entries)
{
	while (lgp_next_seq(w->ledger) < entries) {
		uint64_t what = draw(w, 100);
		if (what < 5)
			reverse(w);
		else
			give(w, what < 15 ? LGP_KIND_THANKS : LGP_KIND_GRANT);
	}
	commit(w);
}

int main(int argc, char **argv)
{
	if (argc < 4) {
		fprintf(stderr, "usage: audit_ledger DIR ENTRIES BATCH [CUSTOMERS [no-limits]]\n");
		return 2;
	}
	static struct writer w = {.random = {88172645463325252u, 362436069u},
	                          .now_us = 20000 * DAY_US};
	w.batch = strtoull(argv[3], NULL, 10);
	w.no_limits = argc > 5;
	w.customers = argc > 4 ? strtoull(argv[4], NULL, 10) : 100000;
	struct lgp_keys keys = {.signing_seed = {1}, .master = {2}, .mac = {3}};
	struct lgp_genesis genesis = {
	        LGP_VIEW("bench.example/ledger"), LGP_VIEW("Etc/UTC"), w.now_us, 20000, {1}, {2}};
	struct lgp_options options = {.calendar = {utc_date, utc_start, NULL}};
	must(lgp_create(argv[1], &keys, &genesis));
	must(lgp_open(argv[1], &options, &w.ledger));
	set_up(&w);
	write_entries(&w, strtoull(argv[2], NULL, 10));
	lgp_close(w.ledger);
	return 0;
}
