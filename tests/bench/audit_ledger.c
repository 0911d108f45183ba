/* audit_ledger: writes a ledger to measure the audit tool on: grants of six members
 * of staff and a till under three limits, thanks, reversals and refusals, in batches
 * of one size, by the library.  Time passes quickly, so that days begin and end.
 *
 *   audit_ledger DIR ENTRIES BATCH [CUSTOMERS [no-limits]]
 */
#include "driven.h"

#include <stdio.h>
#include <stdlib.h>

#define STEP_US 200000 /* between two entries: 432,000 a day */
#define STAFF 6
#define KEPT 4096 /* of the newest grants, to reverse */

struct writer {
	struct driven driven;
	uint64_t first_customer, customers, batch;
	bool no_limits;
	uint64_t token[STAFF + 1]; /* the last is the till's */
	uint64_t granted[KEPT];    /* 0: none, or reversed */
	uint64_t by[KEPT];         /* its token */
};

static uint64_t draw(struct writer *w, uint64_t below)
{
	return next_random(&w->driven) % below;
}

static struct lgp_command ask(struct writer *w, enum lgp_kind kind, uint64_t token)
{
	w->driven.now_us += STEP_US - 1;
	return command(&w->driven, kind, token);
}

static struct lgp_outcome entered(struct writer *w, const struct lgp_command *command)
{
	struct lgp_outcome out = judge(&w->driven, command);
	if (out.verdict == LGP_DENIED) {
		fprintf(stderr, "audit_ledger: denied: %d %s\n", out.problem, out.field);
		exit(2);
	}
	if (lgp_batch_full(w->driven.ledger) || lgp_batch_count(w->driven.ledger) >= w->batch)
		commit(&w->driven);
	return out;
}

static uint64_t noun(struct writer *w, enum lgp_kind kind, uint64_t token, const char *text)
{
	struct lgp_command c = ask(w, kind, token);
	c.payload = lgp_view_of(text);
	uint64_t seq = entered(w, &c).seq;
	commit(&w->driven);
	return seq;
}

static void define_staff(struct writer *w)
{
	char text[256];
	for (unsigned i = 0; i < STAFF; i++) {
		snprintf(text, sizeof text, "id s-%u\nrole %s\nsite paris\nbudget desk\n", i,
		         i == 0 ? "manager" : "staff");
		(void)noun(w, LGP_KIND_STAFF, 1, text);
		snprintf(text, sizeof text, "role %s\nsubject s-%u\nhash %064u\n",
		         i == 0 ? "manager" : "staff", i, 10 + i);
		w->token[i] = noun(w, LGP_KIND_TOKEN, 1, text);
	}
	snprintf(text, sizeof text, "role integration\nhash %064u\n", 9u);
	w->token[STAFF] = noun(w, LGP_KIND_TOKEN, 1, text);
}

static void define_limits(struct writer *w)
{
	(void)noun(w, LGP_KIND_LIMIT, 2,
	           "id large\nunit EUR\nmeasure amount\nper grant\nwindow none\nmax 10000\n");
	(void)noun(w, LGP_KIND_LIMIT, 2,
	           "id guest\nunit EUR\nmeasure amount\nper customer\nwindow day\nmax 15000\n");
	(void)noun(w, LGP_KIND_LIMIT, 2,
	           "id desk\nmeasure count\nper staff\nwindow month\nmax 100000000\n");
}

static void set_up(struct writer *w)
{
	(void)noun(w, LGP_KIND_UNIT, 1, "code EUR\nscale 2\nkind money\n");
	(void)noun(w, LGP_KIND_SITE, 1, "id paris\ntimezone Etc/UTC\n");
	(void)noun(w, LGP_KIND_BUDGET, 1, "id desk\nsite paris\nunit EUR\n");
	(void)noun(w, LGP_KIND_REASON, 1, "id late\nkind discretionary\n");
	define_staff(w);
	if (!w->no_limits)
		define_limits(w);
	struct lgp_command allotment = ask(w, LGP_KIND_ALLOTMENT, 2);
	set(&allotment.budget, "desk");
	allotment.amount = INT64_C(1) << 60;
	(void)entered(w, &allotment);
	commit(&w->driven);
	w->first_customer = lgp_next_seq(w->driven.ledger);
	for (uint64_t i = 0; i < w->customers; i++) {
		struct lgp_command c = ask(w, LGP_KIND_CUSTOMER, w->token[1]);
		(void)entered(w, &c);
	}
}

static void give(struct writer *w, enum lgp_kind kind)
{
	size_t who = kind == LGP_KIND_GRANT ? draw(w, STAFF + 1) : draw(w, STAFF);
	size_t place = draw(w, KEPT);
	struct lgp_command c = ask(w, kind, w->token[who]);
	c.customer = w->first_customer + draw(w, w->customers);
	set(&c.reason, "late");
	if (who == STAFF)
		set(&c.staff, "s-1");
	if (kind == LGP_KIND_GRANT) {
		c.amount = 1 + (int64_t)draw(w, draw(w, 20) == 0 ? 12000 : 5000);
		set(&c.unit, "EUR");
		set(&c.incident, "room-1");
	}
	struct lgp_outcome out = entered(w, &c);
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
	struct lgp_command c = ask(w, LGP_KIND_REVERSAL, w->by[place]);
	c.refers_to = w->granted[place];
	w->granted[place] = 0;
	(void)entered(w, &c);
}

static void write_entries(struct writer *w, uint64_t entries)
{
	while (lgp_next_seq(w->driven.ledger) < entries) {
		uint64_t what = draw(w, 100);
		if (what < 5)
			reverse(w);
		else
			give(w, what < 15 ? LGP_KIND_THANKS : LGP_KIND_GRANT);
	}
	commit(&w->driven);
}

int main(int argc, char **argv)
{
	if (argc < 4) {
		fprintf(stderr, "usage: audit_ledger DIR ENTRIES BATCH [CUSTOMERS [no-limits]]\n");
		return 2;
	}
	static struct writer w;
	driven_open(&w.driven, argv[1], "bench.example/ledger", 20000);
	w.batch = strtoull(argv[3], NULL, 10);
	w.no_limits = argc > 5;
	w.customers = argc > 4 ? strtoull(argv[4], NULL, 10) : 100000;
	set_up(&w);
	write_entries(&w, strtoull(argv[2], NULL, 10));
	driven_close(&w.driven);
	return 0;
}
