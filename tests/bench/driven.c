/* driven: see driven.h. */
#include "driven.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static double clock_seconds(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

double seconds(void)
{
	return clock_seconds(CLOCK_MONOTONIC);
}

double thread_seconds(void)
{
	return clock_seconds(CLOCK_THREAD_CPUTIME_ID);
}

int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

void must(enum lgp_status status)
{
	if (status == LGP_OK)
		return;
	fprintf(stderr, "bench: %s: %s\n", lgp_status_text(status), lgp_fault_detail());
	exit(2);
}

void set(struct lgp_slug *slug, const char *text)
{
	require(lgp_slug_set(slug, lgp_view_of(text)));
}

/* ---- judging and committing ------------------------------------------------------------- */

uint64_t next_random(struct driven *d)
{
	uint64_t x = d->random[0], y = d->random[1];
	d->random[0] = y;
	x ^= x << 23;
	d->random[1] = x ^ y ^ (x >> 17) ^ (y >> 26);
	return d->random[1] + y;
}

struct lgp_command command(struct driven *d, enum lgp_kind kind, uint64_t token)
{
	struct lgp_command command = {.kind = kind, .token = token, .keyed = true};
	uint64_t key[2] = {next_random(d), next_random(d)};
	memcpy(command.key_mac, key, sizeof key);
	command.time_us = ++d->now_us;
	return command;
}

static void done(void *context, enum lgp_status status)
{
	struct driven *d = context;
	must(status);
	lgp_highwater_write(d->ledger);
	pthread_mutex_lock(&d->lock);
	d->durable = true;
	d->durable_at = seconds();
	if (!pthread_equal(pthread_self(), d->thread))
		d->beside_s = thread_seconds();
	pthread_cond_signal(&d->woken);
	pthread_mutex_unlock(&d->lock);
}

static void offer_state(struct driven *d)
{
	if (!lgp_state_freeze(d->ledger, false))
		return;
	if (d->beside)
		atomic_store(&d->frozen, true);
	else
		must(lgp_applier_step(d->ledger));
}

static bool is_durable(struct driven *d)
{
	pthread_mutex_lock(&d->lock);
	bool durable = d->durable;
	pthread_mutex_unlock(&d->lock);
	return durable;
}

void settle(struct driven *d)
{
	if (!d->closed)
		return;
	pthread_mutex_lock(&d->lock);
	while (!d->durable)
		pthread_cond_wait(&d->woken, &d->lock);
	pthread_mutex_unlock(&d->lock);
	double began = thread_seconds();
	d->closed = false;
	d->commit_s = d->durable_at - d->closed_at;
	lgp_batch_apply(d->ledger);
	offer_state(d);
	d->applying_s += thread_seconds() - began;
}

void commit(struct driven *d)
{
	settle(d);
	if (lgp_batch_count(d->ledger) == 0)
		return;
	d->closed = true;
	d->durable = false;
	d->closed_at = seconds();
	lgp_batch_close(d->ledger);
	double began = thread_seconds();
	lgp_log_append(d->ledger, done, d);
	d->here_s += thread_seconds() - began;
	if (!d->beside || is_durable(d))
		settle(d);
}

struct lgp_outcome judge(struct driven *d, const struct lgp_command *command)
{
	struct lgp_outcome out;
	enum lgp_status status;
	while ((status = lgp_judge(d->ledger, command, &out)) == LGP_OVERLOAD) {
		bool waited = lgp_batch_full(d->ledger);
		commit(d);
		settle(d);
		if (!waited)
			usleep(1000);
		offer_state(d);
	}
	must(status);
	return out;
}

uint64_t accepted(struct driven *d, const struct lgp_command *command)
{
	struct lgp_outcome out = judge(d, command);
	if (out.verdict != LGP_ACCEPTED) {
		fprintf(stderr, "bench: refused: %d %s\n", out.problem, out.field);
		exit(2);
	}
	if (lgp_batch_full(d->ledger))
		commit(d);
	return out.seq;
}

uint64_t define(struct driven *d, enum lgp_kind kind, uint64_t token, const char *text)
{
	struct lgp_command c = command(d, kind, token);
	c.payload = lgp_view_of(text);
	return accepted(d, &c);
}

/* ---- life ----------------------------------------------------------------------------------- */

static void *apply(void *context)
{
	struct driven *d = context;
	while (!atomic_load(&d->stop)) {
		if (!atomic_exchange(&d->frozen, false)) {
			usleep(1000);
			continue;
		}
		double began = seconds();
		must(lgp_applier_step(d->ledger));
		/* A third of the disk's time at most. */
		usleep((useconds_t)((seconds() - began) * 2e6));
	}
	return NULL;
}

static void *follow_log(void *context)
{
	struct driven *d = context;
	while (!atomic_load(&d->stop)) {
		double began = seconds();
		must(lgp_log_flush(d->ledger));
		/* As the server's: a twentieth of the disk's time at most, or as it must. */
		double until = seconds() + 0.01 + (seconds() - began) * 19;
		while (seconds() < until && !lgp_log_pressed(d->ledger) && !atomic_load(&d->stop))
			usleep(1000);
	}
	return NULL;
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

void driven_open(struct driven *d, const char *dir, const char *origin, int32_t day)
{
	*d = (struct driven){.lock = PTHREAD_MUTEX_INITIALIZER,
	                     .woken = PTHREAD_COND_INITIALIZER,
	                     .thread = pthread_self(),
	                     .random = {88172645463325252u, 362436069u},
	                     .now_us = day * DAY_US};
	struct lgp_keys keys = {.signing_seed = {1}, .master = {2}, .mac = {3}};
	struct lgp_genesis genesis = {
	        lgp_view_of(origin), LGP_VIEW("Etc/UTC"), d->now_us, day, {1}, {2}};
	struct lgp_options options = {.calendar = {utc_date, utc_start, NULL}};
	must(lgp_create(dir, &keys, &genesis));
	must(lgp_open(dir, &options, &d->ledger));
}

void driven_start_followers(struct driven *d)
{
	d->beside = true;
	require(pthread_create(&d->applier, NULL, apply, d) == 0);
	require(pthread_create(&d->log_follower, NULL, follow_log, d) == 0);
}

void driven_close(struct driven *d)
{
	settle(d);
	atomic_store(&d->stop, true);
	if (d->beside) {
		pthread_join(d->applier, NULL);
		pthread_join(d->log_follower, NULL);
	}
	lgp_close(d->ledger);
}
