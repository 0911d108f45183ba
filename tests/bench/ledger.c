/* ledger: what the library alone does: grants judged, linked, hashed, signed
 * and made durable, in batches of 1, 100 and 1,000, with random customers and
 * keys and an applier beside it.
 *
 *   ledger DIR [SECONDS [CUSTOMERS]]
 *
 * Prints one line of JSON a batch size: grants a second, commit p50 and p99 in
 * milliseconds, bytes of ledger.mdb an entry. */
#include "lagniappe/codec.h"
#include "lagniappe/ledger.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SAMPLES 1000000
#define DAY_US (INT64_C(86400) * 1000000)

struct bench {
	struct lgp_ledger *ledger;
	uint64_t first_customer, customers;
	uint64_t random[2];
	int64_t now_us;
	double *samples;
	size_t sample_count;
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
	fprintf(stderr, "ledger bench: %s: %s\n", lgp_status_text(status), lgp_fault_detail());
	exit(2);
}

static enum lgp_status utc_date(void *context, struct lgp_view zone, int64_t time_us, int32_t *days)
{
	(void)context;
	(void)zone;
	*days = (int32_t)(time_us / DAY_US);
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
	lgp_highwater_write(b->ledger);
	lgp_batch_apply(b->ledger);
	if (lgp_state_freeze(b->ledger, false))
		atomic_store(&b->frozen, true);
}

static void *applier(void *context)
{
	struct bench *b = context;
	while (!atomic_load(&b->stop)) {
		if (!atomic_exchange(&b->frozen, false)) {
			usleep(1000);
			continue;
		}
		double began = seconds();
		must(lgp_applier_step(b->ledger));
		usleep((useconds_t)((seconds() - began) *
		                    2e6)); /* a third of the disk's time at most */
	}
	return NULL;
}

static struct lgp_command command(struct bench *b, enum lgp_kind kind, uint64_t token)
{
	struct lgp_command command = {.kind = kind, .token = token, .keyed = true};
	uint64_t key[2] = {next_random(b), next_random(b)};
	memcpy(command.key_mac, key, sizeof key);
	command.time_us = ++b->now_us;
	return command;
}

static void judge(struct bench *b, const struct lgp_command *command)
{
	struct lgp_outcome out;
	enum lgp_status status;
	while ((status = lgp_judge(b->ledger, command, &out)) == LGP_OVERLOAD) {
		commit(b); /* the applier is behind: what a server answers 503 */
		usleep(1000);
		if (lgp_state_freeze(b->ledger, false))
			atomic_store(&b->frozen, true);
	}
	must(status);
	if (out.verdict != LGP_ACCEPTED) {
		fprintf(stderr, "ledger bench: refused: %d %s\n", out.problem, out.field);
		exit(2);
	}
}

static void define(struct bench *b, enum lgp_kind kind, const char *text)
{
	struct lgp_command c = command(b, kind, 1);
	c.payload = lgp_view_of(text);
	judge(b, &c);
	commit(b);
}

static void set(struct lgp_slug *slug, const char *text)
{
	require(lgp_slug_set(slug, lgp_view_of(text)));
}

static uint64_t set_up(struct bench *b)
{
	char token[128];
	define(b, LGP_KIND_UNIT, "code EUR\nscale 2\nkind money\n");
	define(b, LGP_KIND_SITE, "id paris\ntimezone Etc/UTC\n");
	define(b, LGP_KIND_BUDGET, "id front-desk\nsite paris\nunit EUR\n");
	define(b, LGP_KIND_REASON, "id late-room\nkind discretionary\n");
	define(b, LGP_KIND_STAFF, "id anna\nrole staff\nsite paris\nbudget front-desk\n");
	snprintf(token, sizeof token, "role staff\nsubject anna\nhash %064d\n", 7);
	define(b, LGP_KIND_TOKEN, token);
	uint64_t staff_token = lgp_next_seq(b->ledger) - 1;
	struct lgp_command allotment = command(b, LGP_KIND_ALLOTMENT, 2);
	set(&allotment.budget, "front-desk");
	allotment.amount = INT64_C(1) << 60;
	judge(b, &allotment);
	commit(b);
	b->first_customer = lgp_next_seq(b->ledger);
	for (uint64_t i = 0; i < b->customers; i++) {
		struct lgp_command c = command(b, LGP_KIND_CUSTOMER, staff_token);
		judge(b, &c);
		if (lgp_batch_full(b->ledger) || i % 4096 == 0)
			commit(b);
	}
	commit(b);
	return staff_token;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static void report(struct bench *b, unsigned batch, uint64_t grants, double elapsed, double cpu,
                   uint64_t bytes)
{
	qsort(b->samples, b->sample_count, sizeof *b->samples, compare);
	printf("{\"batch\":%u,\"grants_per_s\":%.0f,\"cpu_us_per_grant\":%.2f,"
	       "\"commit_p50_ms\":%.3f,\"commit_p99_ms\":%.3f,\"bytes_per_entry\":%.0f}\n",
	       batch, (double)grants / elapsed, cpu / (double)grants * 1e6,
	       b->samples[b->sample_count / 2] * 1e3, b->samples[b->sample_count * 99 / 100] * 1e3,
	       (double)bytes / (double)grants);
	fflush(stdout);
}

/* As the server does: what comes next is looked at ahead. */
static void grant_batch(struct bench *b, unsigned batch, uint64_t token)
{
	struct lgp_command commands[LGP_NEAR_MAX];
	const struct lgp_command *ahead[LGP_NEAR_MAX];
	for (unsigned done = 0, count; done < batch; done += count) {
		count = batch - done < LGP_NEAR_MAX ? batch - done : LGP_NEAR_MAX;
		for (unsigned i = 0; i < count; i++) {
			commands[i] = command(b, LGP_KIND_GRANT, token);
			commands[i].customer = b->first_customer + next_random(b) % b->customers;
			commands[i].amount = 25;
			set(&commands[i].unit, "EUR");
			set(&commands[i].reason, "late-room");
			ahead[i] = &commands[i];
		}
		lgp_judge_near(b->ledger, ahead, count);
		for (unsigned i = 0; i < count; i++)
			judge(b, &commands[i]);
	}
}

static void run(struct bench *b, unsigned batch, double limit, uint64_t token)
{
	struct lgp_ledger_stats before, after;
	lgp_stats(b->ledger, &before);
	uint64_t grants = 0;
	b->sample_count = 0;
	double began = seconds(), now = began, cpu = thread_seconds();
	while (now - began < limit && b->sample_count < SAMPLES) {
		grant_batch(b, batch, token);
		commit(b);
		double then = now;
		now = seconds();
		b->samples[b->sample_count++] = now - then;
		grants += batch;
	}
	lgp_stats(b->ledger, &after);
	cpu = thread_seconds() - cpu;
	report(b, batch, grants, now - began, cpu, after.log_used_bytes - before.log_used_bytes);
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "usage: ledger DIR [SECONDS [CUSTOMERS]]\n");
		return 2;
	}
	double limit = argc > 2 ? atof(argv[2]) : 3;
	struct bench b = {.random = {88172645463325252u, 362436069u}, .now_us = 20000 * DAY_US};
	b.customers = argc > 3 ? strtoull(argv[3], NULL, 10) : 100000;
	b.samples = malloc(SAMPLES * sizeof *b.samples);
	require(b.samples != NULL);
	struct lgp_keys keys = {.signing_seed = {1}, .master = {2}, .mac = {3}};
	struct lgp_genesis genesis = {
	        LGP_VIEW("bench.example/ledger"), LGP_VIEW("Etc/UTC"), b.now_us, 20000, {1}, {2}};
	struct lgp_options options = {.calendar = {utc_date, NULL, NULL}};
	must(lgp_create(argv[1], &keys, &genesis));
	must(lgp_open(argv[1], &options, &b.ledger));
	uint64_t token = set_up(&b);
	pthread_t thread;
	require(pthread_create(&thread, NULL, applier, &b) == 0);
	static const unsigned batches[] = {1, 10, 100, 1000};
	for (size_t i = 0; i < sizeof batches / sizeof batches[0]; i++)
		run(&b, batches[i], limit, token);
	atomic_store(&b.stop, true);
	pthread_join(thread, NULL);
	lgp_close(b.ledger);
	free(b.samples);
	return 0;
}
