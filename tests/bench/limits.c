/* limits: what a grant costs the ledger thread in a large house: 10,000 limits,
 * 100,000 staff, judged, counted and in the batch; and what that takes in memory.
 *
 *   limits DIR [SECONDS [STAFF [LIMITS]]]
 *
 * Of the limits three are for everybody (a day, a week, an incident), and the rest
 * are one person's each.  Staff are of 100 sites with a budget each.  Prints one line
 * of JSON for each kind of judging: dry (judged alone), granted (written into the
 * batch as well, before its commit), refused (by a limit, dry), explained (headroom). */
#include "lagniappe/codec.h"
#include "lagniappe/ledger.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define DAY_US (INT64_C(86400) * 1000000)
#define SITES 100
#define CUSTOMERS 10000
#define BATCH 100

struct bench {
	struct lgp_ledger *ledger;
	uint64_t staff, limits, first_customer, till;
	uint64_t random[2], keys;
	int64_t now_us;
	_Atomic bool frozen, stop;
};

static double seconds(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* The ledger thread's own time: what others do on the machine is not in it. */
static double thread_seconds(void)
{
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static uint64_t next_random(struct bench *b)
{
	uint64_t x = b->random[0], y = b->random[1];
	b->random[0] = y;
	x ^= x << 23;
	b->random[1] = x ^ y ^ (x >> 17) ^ (y >> 26);
	return b->random[1] + y;
}

static void must(enum lgp_status status)
{
	if (status == LGP_OK)
		return;
	fprintf(stderr, "limits bench: %s: %s\n", lgp_status_text(status), lgp_fault_detail());
	exit(2);
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

static void commit(struct bench *b)
{
	if (lgp_batch_count(b->ledger) == 0)
		return;
	lgp_batch_seal(b->ledger);
	lgp_log_append(b->ledger, done, NULL);
	lgp_batch_apply(b->ledger);
	if (lgp_state_freeze(b->ledger, false))
		atomic_store(&b->frozen, true);
}

static void *applier(void *context)
{
	struct bench *b = context;
	while (!atomic_load(&b->stop)) {
		if (atomic_exchange(&b->frozen, false))
			must(lgp_applier_step(b->ledger));
		else
			usleep(1000);
	}
	return NULL;
}

static struct lgp_command command(struct bench *b, enum lgp_kind kind, uint64_t token)
{
	struct lgp_command command = {.kind = kind, .token = token, .keyed = true};
	uint64_t key[2] = {next_random(b), ++b->keys};
	memcpy(command.key_mac, key, sizeof key);
	command.time_us = ++b->now_us;
	return command;
}

static struct lgp_outcome judge(struct bench *b, const struct lgp_command *command)
{
	struct lgp_outcome out;
	enum lgp_status status;
	while ((status = lgp_judge(b->ledger, command, &out)) == LGP_OVERLOAD) {
		commit(b);
		usleep(1000);
		if (lgp_state_freeze(b->ledger, false))
			atomic_store(&b->frozen, true);
	}
	must(status);
	return out;
}

static uint64_t accepted(struct bench *b, const struct lgp_command *command)
{
	struct lgp_outcome out = judge(b, command);
	if (out.verdict != LGP_ACCEPTED) {
		fprintf(stderr, "limits bench: refused: %d %s\n", out.problem, out.field);
		exit(2);
	}
	if (lgp_batch_full(b->ledger))
		commit(b);
	return out.seq;
}

static uint64_t define(struct bench *b, enum lgp_kind kind, uint64_t token, const char *text)
{
	struct lgp_command c = command(b, kind, token);
	c.payload = lgp_view_of(text);
	return accepted(b, &c);
}

static void set(struct lgp_slug *slug, const char *text)
{
	require(lgp_slug_set(slug, lgp_view_of(text)));
}

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
	define(b, LGP_KIND_UNIT, 1, "code EUR\nscale 2\nkind money\n");
	define(b, LGP_KIND_REASON, 1, "id late-room\nkind discretionary\n");
	for (unsigned i = 0; i < SITES; i++) {
		snprintf(text, sizeof text, "id site%u\ntimezone Etc/UTC\n", i);
		define(b, LGP_KIND_SITE, 1, text);
		snprintf(text, sizeof text, "id budget%u\nsite site%u\nunit EUR\n", i, i);
		define(b, LGP_KIND_BUDGET, 1, text);
		struct lgp_command allotment = command(b, LGP_KIND_ALLOTMENT, 2);
		snprintf(text, sizeof text, "budget%u", i);
		set(&allotment.budget, text);
		allotment.amount = INT64_C(1) << 50;
		accepted(b, &allotment);
	}
	b->till = define(b, LGP_KIND_TOKEN, 1,
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
		define(b, LGP_KIND_STAFF, 1, text);
	}
	b->first_customer = lgp_next_seq(b->ledger);
	for (unsigned i = 0; i < CUSTOMERS; i++) {
		struct lgp_command c = command(b, LGP_KIND_CUSTOMER, b->till);
		accepted(b, &c);
	}
	commit(b);
}

static void set_up_limits(struct bench *b)
{
	char text[256];
	if (b->limits == 0)
		return; /* to see what all the rest costs */
	define(b, LGP_KIND_LIMIT, 2,
	       "id day\nscope.role staff\nunit EUR\nmeasure amount\nper staff\nwindow day\n"
	       "max 4611686018427387904\n");
	define(b, LGP_KIND_LIMIT, 2,
	       "id week\nunit EUR\nmeasure amount\nper budget\nwindow week\n"
	       "max 4611686018427387904\n");
	define(b, LGP_KIND_LIMIT, 2,
	       "id promise\nunit EUR\nmeasure amount\nper customer-incident\nwindow none\n"
	       "max 4611686018427387904\n");
	for (uint64_t i = 3; i < b->limits; i++) {
		snprintf(text, sizeof text,
		         "id l%llu\nscope.staff s%llu\nunit EUR\nmeasure amount\nper "
		         "staff-customer\n"
		         "window month\nmax 4611686018427387904\n",
		         (unsigned long long)i, (unsigned long long)(i % b->staff));
		define(b, LGP_KIND_LIMIT, 2, text);
	}
}

/* ---- what is measured --------------------------------------------------------------------- */

static struct lgp_command grant(struct bench *b)
{
	char text[24];
	struct lgp_command c = command(b, LGP_KIND_GRANT, b->till);
	c.customer = b->first_customer + next_random(b) % CUSTOMERS;
	c.amount = 25;
	/* Those who have a limit of their own give as often as all the others. */
	uint64_t of = b->limits > 0 && next_random(b) % 2 == 0 ? b->limits : b->staff;
	snprintf(text, sizeof text, "s%llu", (unsigned long long)(next_random(b) % of % b->staff));
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
		must(lgp_explain(b->ledger, c, uses, 8, &count));
		require(count >= 3);
		return;
	}
	struct lgp_outcome out = judge(b, c);
	require(out.verdict == (what == REFUSED ? LGP_REFUSED : LGP_ACCEPTED));
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
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
		commit(b);
	}
	qsort(samples, count, sizeof *samples, compare);
	printf("{\"judging\":\"%s\",\"limits\":%llu,\"staff\":%llu,\"ns_mean\":%.0f,\"ns_p50\":%."
	       "0f,"
	       "\"ns_p99\":%.0f,\"grants\":%zu}\n",
	       name, (unsigned long long)b->limits, (unsigned long long)b->staff,
	       sum / (double)count, samples[count / 2], samples[count * 99 / 100], count * BATCH);
	fflush(stdout);
}

static void open_ledger(struct bench *b, const char *dir)
{
	struct lgp_keys keys = {.signing_seed = {1}, .master = {2}, .mac = {3}};
	struct lgp_genesis genesis = {
	        LGP_VIEW("bench.example/limits"), LGP_VIEW("Etc/UTC"), b->now_us, 20000, {1}, {2}};
	struct lgp_options options = {.calendar = {utc_date, utc_start, NULL}};
	must(lgp_create(dir, &keys, &genesis));
	must(lgp_open(dir, &options, &b->ledger));
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
	struct bench b = {.random = {88172645463325252u, 362436069u}, .now_us = 20000 * DAY_US};
	b.staff = argc > 3 ? strtoull(argv[3], NULL, 10) : 100000;
	b.limits = argc > 4 ? strtoull(argv[4], NULL, 10) : 10000;
	open_ledger(&b, argv[1]);
	pthread_t thread;
	require(pthread_create(&thread, NULL, applier, &b) == 0);
	measure_all(&b, argc > 2 ? atof(argv[2]) : 3);
	atomic_store(&b.stop, true);
	pthread_join(thread, NULL);
	lgp_close(b.ledger);
	return 0;
}
