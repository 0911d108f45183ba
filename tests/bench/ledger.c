/* ledger: what the library alone does: grants judged, linked, hashed, signed
 * and made durable, in batches of 1, 100 and 1,000, with random customers and
 * keys and an applier beside it.
 *
 *   ledger DIR [SECONDS [CUSTOMERS [BATCH]]]
 *
 * Prints one line of JSON a batch size, or for the one that is given: grants a second,
 * the ledger thread's own microseconds a grant and how they are spent, commit p50 and
 * p99 in milliseconds, bytes of ledger.mdb an entry. */
#include "driven.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SAMPLES 1000000

struct bench {
	struct driven d;
	uint64_t first_customer, customers;
	double *samples;
	size_t sample_count;
};

static uint64_t set_up(struct bench *b)
{
	char token[128];
	struct driven *d = &b->d;
	define(d, LGP_KIND_UNIT, 1, "code EUR\nscale 2\nkind money\n");
	define(d, LGP_KIND_SITE, 1, "id paris\ntimezone Etc/UTC\n");
	define(d, LGP_KIND_BUDGET, 1, "id front-desk\nsite paris\nunit EUR\n");
	define(d, LGP_KIND_REASON, 1, "id late-room\nkind discretionary\n");
	define(d, LGP_KIND_STAFF, 1, "id anna\nrole staff\nsite paris\nbudget front-desk\n");
	snprintf(token, sizeof token, "role staff\nsubject anna\nhash %064d\n", 7);
	uint64_t staff_token = define(d, LGP_KIND_TOKEN, 1, token);
	struct lgp_command allotment = command(d, LGP_KIND_ALLOTMENT, 2);
	set(&allotment.budget, "front-desk");
	allotment.amount = INT64_C(1) << 60;
	accepted(d, &allotment);
	commit(d);
	b->first_customer = lgp_next_seq(d->ledger);
	for (uint64_t i = 0; i < b->customers; i++) {
		struct lgp_command c = command(d, LGP_KIND_CUSTOMER, staff_token);
		accepted(d, &c);
		if (i % 4096 == 0)
			commit(d);
	}
	commit(d);
	return staff_token;
}

static void report(struct bench *b, unsigned batch, uint64_t grants, double elapsed, double cpu,
                   uint64_t bytes)
{
	const struct driven *d = &b->d;
	double us = 1e6 / (double)grants;
	qsort(b->samples, b->sample_count, sizeof *b->samples, compare);
	printf("{\"batch\":%u,\"grants_per_s\":%.0f,\"cpu_us_per_grant\":%.2f,"
	       "\"judging_us\":%.2f,\"applying_us\":%.2f,\"appending_us\":%.2f,"
	       "\"commit_p50_ms\":%.3f,\"commit_p99_ms\":%.3f,\"bytes_per_entry\":%.0f}\n",
	       batch, (double)grants / elapsed, cpu * us, (cpu - d->applying_s - d->here_s) * us,
	       d->applying_s * us, (d->beside_s + d->here_s) * us,
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
			commands[i] = command(&b->d, LGP_KIND_GRANT, token);
			commands[i].customer =
			        b->first_customer + next_random(&b->d) % b->customers;
			commands[i].amount = 25;
			set(&commands[i].unit, "EUR");
			set(&commands[i].reason, "late-room");
			ahead[i] = &commands[i];
		}
		lgp_judge_near(b->d.ledger, ahead, count);
		for (unsigned i = 0; i < count; i++)
			accepted(&b->d, &commands[i]);
	}
}

static void run(struct bench *b, unsigned batch, double limit, uint64_t token)
{
	struct lgp_ledger_stats before, after;
	must(lgp_log_flush(b->d.ledger));
	lgp_stats(b->d.ledger, &before);
	uint64_t grants = 0;
	b->sample_count = 0;
	b->d.here_s = b->d.applying_s = 0;
	double beside = b->d.beside_s;
	double began = seconds(), now = began, cpu = thread_seconds();
	while (now - began < limit && b->sample_count < SAMPLES) {
		grant_batch(b, batch, token);
		commit(&b->d);
		now = seconds();
		b->samples[b->sample_count++] = b->d.commit_s;
		grants += batch;
	}
	settle(&b->d);
	cpu = thread_seconds() - cpu;
	b->d.beside_s -= beside;
	must(lgp_log_flush(b->d.ledger));
	lgp_stats(b->d.ledger, &after);
	report(b, batch, grants, now - began, cpu, after.log_used_bytes - before.log_used_bytes);
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "usage: ledger DIR [SECONDS [CUSTOMERS [BATCH]]]\n");
		return 2;
	}
	double limit = argc > 2 ? atof(argv[2]) : 3;
	struct bench b = {0};
	b.customers = argc > 3 ? strtoull(argv[3], NULL, 10) : 100000;
	b.samples = malloc(SAMPLES * sizeof *b.samples);
	require(b.samples != NULL);
	driven_open(&b.d, argv[1], "bench.example/ledger", 20000);
	uint64_t token = set_up(&b);
	driven_start_followers(&b.d);
	static const unsigned batches[] = {1, 10, 100, 1000};
	if (argc > 4)
		run(&b, (unsigned)strtoul(argv[4], NULL, 10), limit, token);
	for (size_t i = 0; argc <= 4 && i < sizeof batches / sizeof batches[0]; i++)
		run(&b, batches[i], limit, token);
	driven_close(&b.d);
	free(b.samples);
	return 0;
}
