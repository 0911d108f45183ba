/* ledger_thread: the one thread that writes.
 * Thread: its own, save where said.
 *
 * The order of a commit, each step durable or harmless before the next:
 *   people committed -> batch closed -> log appended -> high-water written ->
 *   batch applied -> answers posted.
 * While a large batch is appended, on a thread of the ledger's, the next one is judged.
 * Upholds I9: nothing is answered before it is durable, and nothing that was judged by
 * what a batch will have done before that batch is. */
#include "server/ledger_thread.h"

#include "lagniappe/crashpoint.h"
#include "server/counter.h"
#include "server/judging.h"
#include "server/log.h"
#include "server/upkeep.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define IDLE_FREEZE_S 5 /* idle so long: state.mdb is brought up to the log */
#define BATCH_ROOM 4u   /* entries that one line may become, and some more */
#define EXIT_FAULT 70   /* EX_SOFTWARE */

const double ledger_commit_bounds_s[COMMIT_BUCKETS] = {
        .0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5};

struct ledger_thread {
	struct app *app;
	struct lgp_ledger *ledger; /* borrowed */
	pthread_t thread;
	struct judging *judging;
	/* The queue. */
	pthread_mutex_t lock;
	pthread_cond_t woken;
	struct job_chain queue;
	bool stopping;
	atomic_uint_least64_t jobs, bytes; /* admitted */
	atomic_bool read_only;
	bool full; /* the ledger took no more: the open batch can go nowhere */
	struct job_chain open, closed,
	        over; /* jobs, by where their batch is; over: to be answered */
	size_t near;  /* lines to come that were looked at ahead */
	/* The batch on its way. */
	bool appending; /* there is one */
	uint64_t closed_first, closed_count, closed_us;
	/* Under lock while it is. */
	bool append_over;
	enum lgp_status append_status;
	char append_detail[256];
	/* Posts, a chain a loop. */
	struct loop_call **post_first, **post_last;
	atomic_uint_least64_t overloads; /* counted by any */
	/* Counters, written here and read by anybody. */
	atomic_uint_least64_t batches, entries, batch_largest, commit_us,
	        commits_within[COMMIT_BUCKETS + 1];
};

/* The outcome is unknown, or the ledger contradicts itself: the only safe thing
 * is to stop, and to look again at the next start. */
_Noreturn static void stop_by_fault(const char *doing, enum lgp_status status)
{
	char text[300];
	log_line(LOG_ERROR, "stopped by a fault; nothing unacknowledged is promised; start again",
	         "doing=%s status=%d what=%s", doing, (int)status,
	         log_quote(text, sizeof text, lgp_view_of(lgp_fault_detail())));
	_exit(EXIT_FAULT);
}

/* ---- lines ----------------------------------------------------------------------- */

static void become_read_only(struct ledger_thread *t, const char *why)
{
	char text[300];
	log_line(LOG_ERROR, "the ledger takes no more writes", "why=%s",
	         log_quote(text, sizeof text, lgp_view_of(why)));
	atomic_store(&t->read_only, true);
}

/* False: no entry may bear the clock's time. */
static bool stamp(struct ledger_thread *t, int64_t *time_us)
{
	if (judging_stamp(t->judging, time_us))
		return true;
	become_read_only(t, "the clock jumped ahead by more than a day: set it right, then start "
	                    "again");
	return false;
}

/* Nothing from this entry on was written: what was accepted there did not happen, and
 * who was found to be there, or which key to have acted, may not have been.
 * people_lost: nor was what stands in people.mdb alone. */
static void undo_job(struct job *job, uint64_t from, bool people_lost)
{
	for (size_t i = 0; i < job->count; i++) {
		struct line *line = &job->lines[i];
		bool undone = line->verdict != LGP_DENIED || line->problem == LGP_PROBLEM_EXISTS ||
		              line->problem == LGP_PROBLEM_KEY_REUSED;
		if (undone && (line->settled ? people_lost : line->seq >= from))
			judging_deny(line, LGP_PROBLEM_READ_ONLY);
	}
}

/* A file takes no more, and nothing from this entry on, of the open batch on the latest,
 * was written.  The process goes on: what is read goes on being answered, and a restart
 * would find no more room.  running: the job whose lines are still being judged, or NULL. */
static void give_up(struct ledger_thread *t, struct job *running, uint64_t from, bool people_lost)
{
	char why[300];
	(void)snprintf(why, sizeof why, "%s: make room, or raise the bound, then start again",
	               lgp_fault_detail());
	if (!t->full)
		become_read_only(t, why);
	t->full = true;
	for (struct job *job = t->open.first; job != NULL; job = job->next)
		undo_job(job, from, people_lost);
	if (running != NULL)
		undo_job(running, from, people_lost);
}

static uint64_t open_first(const struct ledger_thread *t)
{
	return lgp_next_seq(t->ledger) - lgp_batch_count(t->ledger);
}

static void take_line(struct ledger_thread *t, struct job *job, struct line *line)
{
	const char *doing;
	if (line->problem != LGP_PROBLEM_NONE) {
		judging_deny(line, line->problem);
		return;
	}
	if (ledger_thread_read_only(t) || !stamp(t, &line->command.time_us)) {
		judging_deny(line, LGP_PROBLEM_READ_ONLY);
		return;
	}
	enum lgp_status status = judging_line(t->judging, job, line, &doing);
	if (status == LGP_FULL)
		give_up(t, job, open_first(t), true);
	else if (status != LGP_OK)
		stop_by_fault(doing, status);
}

/* ---- committing ------------------------------------------------------------------- */

/* On whichever thread appended. */
static void on_appended(void *context, enum lgp_status status)
{
	struct ledger_thread *t = context;
	if (status == LGP_OK) {
		crashpoint("log-appended");
		lgp_highwater_write(t->ledger);
		crashpoint("high-water-written");
	}
	(void)pthread_mutex_lock(&t->lock);
	t->append_status = status;
	if (status != LGP_OK)
		(void)snprintf(t->append_detail, sizeof t->append_detail, "%s", lgp_fault_detail());
	t->append_over = true;
	(void)pthread_cond_broadcast(&t->woken);
	(void)pthread_mutex_unlock(&t->lock);
}

static bool is_over(struct ledger_thread *t)
{
	(void)pthread_mutex_lock(&t->lock);
	bool over = t->append_over;
	(void)pthread_mutex_unlock(&t->lock);
	return over;
}

static enum lgp_status wait_for_append(struct ledger_thread *t)
{
	(void)pthread_mutex_lock(&t->lock);
	while (!t->append_over)
		(void)pthread_cond_wait(&t->woken, &t->lock);
	enum lgp_status status = t->append_status;
	(void)pthread_mutex_unlock(&t->lock);
	return status == LGP_OK ? LGP_OK : lgp_fault(status, "%s", t->append_detail);
}

static struct sealed *sealed_new(const struct lgp_ledger *ledger, uint64_t size)
{
	struct lgp_view text = lgp_batch_checkpoint(ledger);
	struct sealed *sealed = malloc(sizeof *sealed);
	if (sealed == NULL)
		stop_by_fault("answering", LGP_NO_MEMORY);
	require(text.len <= sizeof sealed->text);
	atomic_init(&sealed->references, 1);
	sealed->size = size;
	sealed->len = text.len;
	memcpy(sealed->text, text.ptr, text.len);
	return sealed;
}

/* Copies what the loop needs for the receipt, where one is wanted. */
static void prove(struct ledger_thread *t, struct job *job, struct sealed *sealed)
{
	const struct line *line = &job->line;
	if (job->bulk || job->dry || job->minimal || line->settled ||
	    (line->verdict != LGP_ACCEPTED && line->verdict != LGP_REFUSED))
		return;
	memcpy(job->leaf, lgp_batch_entry(t->ledger, line->seq), sizeof job->leaf);
	lgp_batch_prove(t->ledger, line->seq, &job->proof);
	(void)atomic_fetch_add(&sealed->references, 1);
	job->sealed = sealed;
	job->proven = true;
}

static void note_commit(struct ledger_thread *t, uint64_t entries, uint64_t took_us)
{
	size_t bucket = 0;
	while (bucket < COMMIT_BUCKETS && (double)took_us / 1e6 > ledger_commit_bounds_s[bucket])
		bucket++;
	count(&t->commits_within[bucket], 1);
	count(&t->batches, 1);
	count(&t->entries, entries);
	count(&t->commit_us, took_us);
	if (entries > value_of(&t->batch_largest))
		atomic_store_explicit(&t->batch_largest, entries, memory_order_relaxed);
}

/* False: there is no room. */
static bool commit_people(struct ledger_thread *t)
{
	crashpoint("before-people");
	enum lgp_status status = people_commit(t->app->people);
	if (status != LGP_OK && status != LGP_FULL)
		stop_by_fault("committing people.mdb", status);
	crashpoint("people-committed");
	return status == LGP_OK;
}

/* Gives the applier what changed, when it is free for it. */
static void offer_state(struct ledger_thread *t, bool force)
{
	if (t->full) /* a batch that came to nothing may stand in the door */
		return;
	if (lgp_state_freeze(t->ledger, force))
		upkeep_wake(t->app, UPKEEP_STATE);
	else if (lgp_state_pressed(t->ledger))
		upkeep_press(t->app, UPKEEP_STATE);
}

/* The batch on its way came to nothing, and so does the one that was judged behind it. */
static void give_both_up(struct ledger_thread *t, struct job *running)
{
	for (struct job *job = t->closed.first; job != NULL; job = job->next)
		undo_job(job, t->closed_first, false);
	/* What stands in people.mdb alone need not be undone, unless it was already. */
	bool people_lost = t->full || !commit_people(t);
	(void)lgp_fault(LGP_FULL, "%s", t->append_detail);
	give_up(t, running, t->closed_first, people_lost);
}

/* The closed batch is durable: it is shown, and proven. */
static void show_closed(struct ledger_thread *t)
{
	lgp_batch_apply(t->ledger);
	crashpoint("applied");
	note_commit(t, t->closed_count, app_monotonic_us() - t->closed_us);
	upkeep_wake(t->app, UPKEEP_LOG);
	if (lgp_log_pressed(t->ledger))
		upkeep_press(t->app, UPKEEP_LOG);
	struct sealed *sealed = sealed_new(t->ledger, t->closed_first + t->closed_count);
	for (struct job *job = t->closed.first; job != NULL; job = job->next)
		prove(t, job, sealed);
	sealed_release(sealed);
	offer_state(t, false);
}

/* Waits for the batch on its way; its jobs are over then. */
static void end_commit(struct ledger_thread *t, struct job *running)
{
	enum lgp_status status = wait_for_append(t);
	t->appending = false;
	if (status == LGP_OK)
		show_closed(t);
	else if (status == LGP_FULL)
		give_both_up(t, running);
	else
		stop_by_fault("appending", status);
	job_chain_add(&t->over, job_chain_take(&t->closed));
}

static void append(struct ledger_thread *t, struct job *running)
{
	t->closed_first = open_first(t);
	t->closed_count = lgp_batch_count(t->ledger);
	t->closed_us = app_monotonic_us();
	lgp_batch_close(t->ledger);
	t->closed = job_chain_take(&t->open);
	t->append_over = false;
	t->appending = true;
	lgp_log_append(t->ledger, on_appended, t);
	if (is_over(t))
		end_commit(t, running);
}

/* Sends the open batch on its way, unless one is. */
static void begin_commit(struct ledger_thread *t, struct job *running)
{
	if (t->appending)
		return;
	/* A batch that did not fit stands in the door; nothing was judged since. */
	if (!t->full && !commit_people(t))
		give_up(t, running, open_first(t), true);
	if (!t->full && lgp_batch_count(t->ledger) > 0) {
		append(t, running);
		return;
	}
	job_chain_add(&t->over, job_chain_take(&t->open)); /* nothing was written for these */
	offer_state(t, false);
}

/* ---- answering --------------------------------------------------------------------- */

static void post_over(struct ledger_thread *t)
{
	unsigned loops = t->app->loops;
	memset(t->post_first, 0, loops * sizeof t->post_first[0]);
	uint64_t jobs = 0, bytes = 0;
	for (struct job *job = job_chain_take(&t->over).first, *next; job != NULL; job = next) {
		unsigned i = job->worker->index;
		next = job->next;
		job->call.next = NULL;
		if (t->post_first[i] == NULL)
			t->post_first[i] = &job->call;
		else
			t->post_last[i]->next = &job->call;
		t->post_last[i] = &job->call;
		jobs++;
		bytes += job->bytes;
	}
	for (unsigned i = 0; i < loops; i++)
		if (t->post_first[i] != NULL)
			loop_post_chain(t->app->workers[i]->loop, t->post_first[i],
			                t->post_last[i]);
	/* Only now: whoever waits for none to be pending may end the loops. */
	(void)atomic_fetch_sub(&t->bytes, bytes);
	(void)atomic_fetch_sub(&t->jobs, jobs);
}

/* The lines from here on, of this job and those behind it. */
static void look_ahead(struct ledger_thread *t, const struct job *job, size_t from)
{
	const struct lgp_command *commands[LGP_NEAR_MAX];
	size_t count = 0;
	for (; job != NULL && count < LGP_NEAR_MAX; job = job->next, from = 0)
		for (size_t i = from; i < job->count && count < LGP_NEAR_MAX; i++)
			commands[count++] = &job->lines[i].command;
	lgp_judge_near(t->ledger, commands, count);
	t->near = count;
}

static bool crowded(const struct ledger_thread *t)
{
	return lgp_batch_full(t->ledger) || lgp_batch_count(t->ledger) > LGP_BATCH_MAX - BATCH_ROOM;
}

/* Until the open batch takes one more command. */
static void make_way(struct ledger_thread *t, struct job *running)
{
	while (crowded(t) && !t->full) {
		if (t->appending)
			end_commit(t, running);
		else
			begin_commit(t, running);
		post_over(t);
	}
}

static void take_job(struct ledger_thread *t, struct job *job)
{
	for (size_t i = 0; i < job->count; i++) {
		if (t->near == 0)
			look_ahead(t, job, i);
		t->near--;
		make_way(t, job);
		take_line(t, job, &job->lines[i]);
	}
	job_chain_add_one(&t->open, job);
}

/* ---- the queue ------------------------------------------------------------------------ */

/* Waits for jobs and takes all of them.  NULL: the append of the batch on its way is
 * over, or an idle while, or the end. */
static struct job *take_queue(struct ledger_thread *t, bool *stopping)
{
	struct timespec until;
	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += IDLE_FREEZE_S;
	(void)pthread_mutex_lock(&t->lock);
	while (t->queue.first == NULL && !t->stopping && !(t->appending && t->append_over) &&
	       pthread_cond_timedwait(&t->woken, &t->lock, &until) != ETIMEDOUT)
		;
	struct job *jobs = job_chain_take(&t->queue).first;
	*stopping = t->stopping;
	(void)pthread_mutex_unlock(&t->lock);
	return jobs;
}

/* Nobody asks, but time passes: what waited for approval for too long lapses. */
static void idle(struct ledger_thread *t)
{
	int64_t now;
	bool any = true;
	while (any && !ledger_thread_read_only(t) && stamp(t, &now)) {
		enum lgp_status status = lgp_lapse(t->ledger, now, &any);
		if (status != LGP_OK)
			stop_by_fault("ending what waited for approval", status);
		if (!any)
			break;
		begin_commit(t, NULL);
		if (t->appending)
			end_commit(t, NULL);
	}
	offer_state(t, true);
}

/* The batch on its way is waited for; what was judged meanwhile is sent behind it. */
static void advance(struct ledger_thread *t)
{
	end_commit(t, NULL);
	begin_commit(t, NULL);
	post_over(t);
}

static void take_jobs(struct ledger_thread *t, struct job *jobs)
{
	for (struct job *next; jobs != NULL; jobs = next) {
		next = jobs->next;
		if (t->appending && is_over(t))
			advance(t);
		take_job(t, jobs);
	}
	begin_commit(t, NULL);
	post_over(t);
}

static void *run(void *context)
{
	struct ledger_thread *t = context;
	bool stopping;
	for (;;) {
		struct job *jobs = take_queue(t, &stopping);
		if (jobs != NULL) {
			take_jobs(t, jobs);
			continue;
		}
		if (t->appending) {
			advance(t);
			continue;
		}
		if (!ledger_thread_read_only(t))
			idle(t);
		if (stopping) /* and what changed is on its way into state.mdb */
			return NULL;
	}
}

void ledger_thread_submit(struct ledger_thread *t, struct job_chain jobs)
{
	(void)pthread_mutex_lock(&t->lock);
	bool empty = t->queue.first == NULL;
	job_chain_add(&t->queue, jobs);
	if (empty)
		(void)pthread_cond_broadcast(&t->woken);
	(void)pthread_mutex_unlock(&t->lock);
}

enum lgp_problem ledger_thread_admit(struct ledger_thread *t, size_t bytes)
{
	const struct config *config = &t->app->config;
	if (ledger_thread_read_only(t))
		return LGP_PROBLEM_READ_ONLY;
	if (atomic_fetch_add(&t->jobs, 1) < config->queue_jobs) {
		uint64_t held = atomic_fetch_add(&t->bytes, bytes);
		/* One job alone always fits, however small the bound is set. */
		if (held == 0 || held + bytes <= config->queue_bytes)
			return LGP_PROBLEM_NONE;
		(void)atomic_fetch_sub(&t->bytes, bytes);
	}
	(void)atomic_fetch_sub(&t->jobs, 1);
	(void)atomic_fetch_add_explicit(&t->overloads, 1, memory_order_relaxed);
	return LGP_PROBLEM_OVERLOADED;
}

void ledger_thread_release(struct ledger_thread *t, size_t bytes)
{
	(void)atomic_fetch_sub(&t->bytes, bytes);
	(void)atomic_fetch_sub(&t->jobs, 1);
}

uint64_t ledger_thread_pending(const struct ledger_thread *t)
{
	return atomic_load(&t->jobs);
}

bool ledger_thread_read_only(const struct ledger_thread *t)
{
	return atomic_load_explicit(&t->read_only, memory_order_relaxed);
}

void ledger_thread_stats(const struct ledger_thread *t, struct ledger_thread_stats *out)
{
	const struct judged_counters *judged = judging_counters(t->judging);
	*out = (struct ledger_thread_stats){
	        .pending_jobs = value_of(&t->jobs),
	        .pending_bytes = value_of(&t->bytes),
	        .batches = value_of(&t->batches),
	        .entries = value_of(&t->entries),
	        .batch_largest = value_of(&t->batch_largest),
	        .commit_us = value_of(&t->commit_us),
	        .accepted = value_of(&judged->accepted),
	        .refused = value_of(&judged->refused),
	        .denied = value_of(&judged->denied),
	        .replayed = value_of(&judged->replayed),
	        .overloads = value_of(&t->overloads) + value_of(&judged->overloads),
	};
	for (size_t i = 0; i <= COMMIT_BUCKETS; i++)
		out->commits_within[i] = value_of(&t->commits_within[i]);
}

/* ---- start and stop ------------------------------------------------------------------- */

static void free_thread(struct ledger_thread *t)
{
	(void)pthread_mutex_destroy(&t->lock);
	(void)pthread_cond_destroy(&t->woken);
	judging_free(t->judging);
	free(t->post_first);
	free(t->post_last);
	free(t);
}

enum lgp_status ledger_thread_start(struct app *app, struct ledger_thread **out)
{
	pthread_condattr_t attributes;
	struct ledger_thread *t = calloc(1, sizeof *t);
	if (t == NULL)
		return lgp_fault(LGP_NO_MEMORY, "the ledger thread");
	t->app = app;
	t->ledger = app->ledger;
	(void)pthread_mutex_init(&t->lock, NULL);
	(void)pthread_condattr_init(&attributes);
	(void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&t->woken, &attributes);
	(void)pthread_condattr_destroy(&attributes);
	t->post_first = calloc(app->loops, sizeof(struct loop_call *));
	t->post_last = calloc(app->loops, sizeof(struct loop_call *));
	t->judging = judging_new(app);
	if (t->post_first == NULL || t->post_last == NULL || t->judging == NULL ||
	    pthread_create(&t->thread, NULL, run, t) != 0) {
		free_thread(t);
		return lgp_fault(LGP_NO_MEMORY, "the ledger thread");
	}
	*out = t;
	return LGP_OK;
}

void ledger_thread_stop(struct ledger_thread *t)
{
	if (t == NULL)
		return;
	(void)pthread_mutex_lock(&t->lock);
	t->stopping = true;
	(void)pthread_cond_broadcast(&t->woken);
	(void)pthread_mutex_unlock(&t->lock);
	(void)pthread_join(t->thread, NULL);
	free_thread(t);
}
