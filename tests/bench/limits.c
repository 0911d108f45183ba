/* limits: what a grant costs the ledger thread in a large house: 10,000 limits,
 * 100,000 staff, judged, counted and in the batch; and what that takes in memory.
 *
 *   limits DIR [SECONDS [STAFF [LIMITS]]]
 *
 * Of the limits three are for everybody (a day, a week, an incident), and the rest
 * are one person's each.  Staff are of 100 sites with a budget each.  Prints one line
 * of JSON for each kind of judging: dry (judged alone), granted (written into the
 * batch as well, before its commit), refused (by a limit, dry), explained (headroom). */
#include "driven.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SITES 100
#define CUSTOMERS 10000
#define BATCH 100

struct bench {
	struct driven d;
	uint64_t staff, limits, first_customer, till;
};

static uint64_t resident_kib(void)
{
	unsigned long long pages = 0, all;
	FILE *file = fopen("/proc/self/statm", "r");
	if (file == NULL || fscanf(file, "%llu %llu", &all, &pages) != 2)
		pages = 0;
	if (file != NULL)
		fclose(file);
	return pages * (uint64_t)sysconf(_SC_PAGESIZE) / 1024;
}

/* ---- the house -------------------------------------------------------------------------- */

static void set_up_sites(struct bench *b)
{
	char text[128];
	define(&b->d, LGP_KIND_UNIT, 1, "code EUR\nscale 2\nkind money\n");
	define(&b->d, LGP_KIND_REASON, 1, "id late-room\nkind discretionary\n");
	for (unsigned i = 0; i < SITES; i++) {
		snprintf(text, sizeof text, "id site%u\ntimezone Etc/UTC\n", i);
		define(&b->d, LGP_KIND_SITE, 1, text);
		snprintf(text, sizeof text, "id budget%u\nsite site%u\nunit EUR\n", i, i);
		define(&b->d, LGP_KIND_BUDGET, 1, text);
		struct lgp_command allotment = command(&b->d, LGP_KIND_ALLOTMENT, 2);
		snprintf(text, sizeof text, "budget%u", i);
		set(&allotment.budget, text);
		allotment.amount = INT64_C(1) << 50;
		accepted(&b->d, &allotment);
	}
	b->till = define(&b->d, LGP_KIND_TOKEN, 1,
	                 "role integration\n"
	                 "hash 0000000000000000000000000000000000000000000000000000000000000001\n");
}

static void set_up_people(struct bench *b)
{
	char text[160];
	for (uint64_t i = 0; i < b->staff; i++) {
		snprintf(text, sizeof text,
		         "id s%llu\nrole staff\nsite site%llu\nbudget budget%llu\n",
		         (unsigned long long)i, (unsigned long long)(i % SITES),
		         (unsigned long long)(i % SITES));
		define(&b->d, LGP_KIND_STAFF, 1, text);
	}
	b->first_customer = lgp_next_seq(b->d.ledger);
	for (unsigned i = 0; i < CUSTOMERS; i++) {
		struct lgp_command c = command(&b->d, LGP_KIND_CUSTOMER, b->till);
		accepted(&b->d, &c);
	}
	commit(&b->d);
}

static void set_up_limits(struct bench *b)
{
	char text[256];
	if (b->limits == 0)
		return; /* to see what all the rest costs */
	define(&b->d, LGP_KIND_LIMIT, 2,
	       "id day\nscope.role staff\nunit EUR\nmeasure amount\nper staff\nwindow day\n"
	       "max 4611686018427387904\n");
	define(&b->d, LGP_KIND_LIMIT, 2,
	       "id week\nunit EUR\nmeasure amount\nper budget\nwindow week\n"
	       "max 4611686018427387904\n");
	define(&b->d, LGP_KIND_LIMIT, 2,
	       "id promise\nunit EUR\nmeasure amount\nper customer-incident\nwindow none\n"
	       "max 4611686018427387904\n");
	for (uint64_t i = 3; i < b->limits; i++) {
		snprintf(text, sizeof text,
		         "id l%llu\nscope.staff s%llu\nunit EUR\nmeasure amount\nper "
		         "staff-customer\n"
		         "window month\nmax 4611686018427387904\n",
		         (unsigned long long)i, (unsigned long long)(i % b->staff));
		define(&b->d, LGP_KIND_LIMIT, 2, text);
	}
}

/* ---- what is measured --------------------------------------------------------------------- */

static struct lgp_command grant(struct bench *b)
{
	char text[24];
	struct lgp_command c = command(&b->d, LGP_KIND_GRANT, b->till);
	c.customer = b->first_customer + next_random(&b->d) % CUSTOMERS;
	c.amount = 25;
	/* Those who have a limit of their own give as often as all the others. */
	uint64_t of = b->limits > 0 && next_random(&b->d) % 2 == 0 ? b->limits : b->staff;
	snprintf(text, sizeof text, "s%llu",
	         (unsigned long long)(next_random(&b->d) % of % b->staff));
	set(&c.staff, text);
	set(&c.unit, "EUR");
	set(&c.reason, "late-room");
	set(&c.incident, "room-412");
	return c;
}

enum measured { DRY, GRANTED, REFUSED, EXPLAINED };

static void judge_one(struct bench *b, enum measured what, const struct lgp_command *c)
{
	struct lgp_limit_use uses[8];
	size_t count;
	if (what == EXPLAINED) {
		must(lgp_explain(b->d.ledger, c, uses, 8, &count));
		require(count >= 3);
		return;
	}
	struct lgp_outcome out = judge(&b->d, c);
	require(out.verdict == (what == REFUSED ? LGP_REFUSED : LGP_ACCEPTED));
}

static void measure(struct bench *b, const char *name, enum measured what, double limit)
{
	static double samples[100000];
	size_t count = 0;
	double sum = 0, began = seconds();
	while (seconds() - began < limit && count < sizeof samples / sizeof samples[0]) {
		struct lgp_command commands[BATCH];
		for (unsigned i = 0; i < BATCH; i++) {
			commands[i] = grant(b);
			commands[i].dry = what != GRANTED;
			if (what == REFUSED)
				commands[i].amount = INT64_MAX - 1;
		}
		double then = thread_seconds();
		for (unsigned i = 0; i < BATCH; i++)
			judge_one(b, what, &commands[i]);
		samples[count] = (thread_seconds() - then) / BATCH * 1e9;
		sum += samples[count++];
		commit(&b->d);
	}
	qsort(samples, count, sizeof *samples, compare);
	printf("{\"judging\":\"%s\",\"limits\":%llu,\"staff\":%llu,\"ns_mean\":%.0f,\"ns_p50\":%."
	       "0f,"
	       "\"ns_p99\":%.0f,\"grants\":%zu}\n",
	       name, (unsigned long long)b->limits, (unsigned long long)b->staff,
	       sum / (double)count, samples[count / 2], samples[count * 99 / 100], count * BATCH);
	fflush(stdout);
}

static void measure_all(struct bench *b, double limit)
{
	uint64_t empty = resident_kib();
	set_up_sites(b);
	set_up_people(b);
	uint64_t people = resident_kib();
	set_up_limits(b);
	printf("{\"memory_kib\":{\"staff\":%llu,\"limits\":%llu}}\n",
	       (unsigned long long)(people - empty), (unsigned long long)(resident_kib() - people));
	measure(b, "dry", DRY, limit);
	measure(b, "granted", GRANTED, limit);
	measure(b, "dry, once counted", DRY, limit);
	if (b->limits == 0)
		return;
	measure(b, "refused", REFUSED, limit);
	measure(b, "explained", EXPLAINED, limit);
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "usage: limits DIR [SECONDS [STAFF [LIMITS]]]\n");
		return 2;
	}
	struct bench b = {0};
	b.staff = argc > 3 ? strtoull(argv[3], NULL, 10) : 100000;
	b.limits = argc > 4 ? strtoull(argv[4], NULL, 10) : 10000;
	driven_open(&b.d, argv[1], "bench.example/limits", 20000);
	driven_start_followers(&b.d);
	measure_all(&b, argc > 2 ? atof(argv[2]) : 3);
	driven_close(&b.d);
	return 0;
}
