/* upkeep: the threads that follow behind: one brings state.mdb forward, one ledger.mdb.
 * Thread: their own.  After a transaction that took t each rests for some times t: back
 * to back, its syncs would cost the commits' latency dearly.  Where changes come so fast
 * that they would be refused for want of memory, it does not rest. */
#include "server/upkeep.h"

#include "server/log.h"

#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define TRY_AGAIN_US INT64_C(10000000)
#define EXIT_FAULT 70
/* ledger.mdb follows the answers by about a tenth of a second, and what comes
 * together meanwhile goes into it together. */
#define LOG_REST_MIN_US 10000
#define LOG_REST_MAX_US 100000
#define LOG_REST_FACTOR 19

struct follower {
	struct upkeep *upkeep;
	const struct follower_kind *kind;
	pthread_t thread;
	bool started;
	pthread_mutex_t lock;
	pthread_cond_t woken;
	bool work, pressed, stopping;
};

struct upkeep {
	struct app *app;
	struct follower follower[UPKEEP_COUNT];
};

struct follower_kind {
	const char *no_room, *fault; /* what the log says of it */
	enum lgp_status (*step)(struct app *app, bool *more);
	/* How long to rest after a step that took so long. */
	uint64_t (*rest_us)(const struct app *app, uint64_t took_us);
	void (*done)(void); /* nothing more to do for now; or NULL */
};

/* ---- the two ------------------------------------------------------------------------ */

static enum lgp_status step_state(struct app *app, bool *more)
{
	return lgp_applier_part(app->ledger, more);
}

static uint64_t rest_of_state(const struct app *app, uint64_t took_us)
{
	uint64_t us = took_us * app->config.applier_rest_factor;
	return us < TRY_AGAIN_US ? us : TRY_AGAIN_US;
}

/* What a busy minute left free in the allocator's arenas goes back to the system, which
 * the allocator does by itself only at an arena's end. */
static void give_memory_back(void)
{
	(void)malloc_trim(0);
}

static enum lgp_status step_log(struct app *app, bool *more)
{
	*more = false;
	return lgp_log_flush(app->ledger);
}

static uint64_t rest_of_log(const struct app *app, uint64_t took_us)
{
	uint64_t us = took_us * LOG_REST_FACTOR;
	(void)app;
	return us < LOG_REST_MIN_US ? LOG_REST_MIN_US : us < LOG_REST_MAX_US ? us : LOG_REST_MAX_US;
}

static const struct follower_kind kinds[UPKEEP_COUNT] = {
        [UPKEEP_STATE] = {"state.mdb could not be written; trying again",
                          "state.mdb could not be written; start again", step_state, rest_of_state,
                          give_memory_back},
        [UPKEEP_LOG] = {"ledger.mdb could not be written; trying again",
                        "ledger.mdb could not be written; start again", step_log, rest_of_log,
                        NULL},
};

/* ---- the thread of each ---------------------------------------------------------------- */

static bool wait_for_work(struct follower *follower)
{
	(void)pthread_mutex_lock(&follower->lock);
	while (!follower->work && !follower->stopping)
		(void)pthread_cond_wait(&follower->woken, &follower->lock);
	bool stopping = follower->stopping && !follower->work;
	follower->work = false;
	(void)pthread_mutex_unlock(&follower->lock);
	return !stopping;
}

/* False: it is to stop. */
static bool rest(struct follower *follower, uint64_t us)
{
	struct timespec until;
	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	uint64_t ns = (uint64_t)until.tv_nsec + us * 1000;
	until.tv_sec += (time_t)(ns / 1000000000);
	until.tv_nsec = (long)(ns % 1000000000);
	(void)pthread_mutex_lock(&follower->lock);
	follower->pressed = false;
	while (!follower->stopping && !follower->pressed &&
	       pthread_cond_timedwait(&follower->woken, &follower->lock, &until) == 0)
		;
	bool stopping = follower->stopping;
	(void)pthread_mutex_unlock(&follower->lock);
	return !stopping;
}

/* False: there is no room for what changed, which stays where it is for another try. */
static bool step(struct follower *follower, bool *more)
{
	char text[300];
	const struct follower_kind *kind = follower->kind;
	enum lgp_status status = kind->step(follower->upkeep->app, more);
	if (status == LGP_OK)
		return true;
	(void)log_quote(text, sizeof text, lgp_view_of(lgp_fault_detail()));
	if (status == LGP_FULL) {
		log_line(LOG_ERROR, kind->no_room, "what=%s", text);
		return false;
	}
	/* What is durable elsewhere is found at the next start; going on with less and less
	 * memory cannot be. */
	log_line(LOG_ERROR, kind->fault, "status=%d what=%s", (int)status, text);
	_exit(EXIT_FAULT);
}

static void *run(void *context)
{
	struct follower *follower = context;
	const struct app *app = follower->upkeep->app;
	bool more = false;
	while (more || wait_for_work(follower)) {
		uint64_t began = app_monotonic_us();
		if (step(follower, &more)) {
			(void)rest(follower,
			           follower->kind->rest_us(app, app_monotonic_us() - began));
			if (!more && follower->kind->done != NULL)
				follower->kind->done();
		} else if (rest(follower, TRY_AGAIN_US)) {
			upkeep_wake(follower->upkeep->app,
			            (enum upkeep_of)(follower->kind - kinds));
		}
	}
	return NULL;
}

/* Only who sleeps for want of work, or is to stop resting, is to be woken by the system. */
static void tell(struct follower *follower, bool *what)
{
	(void)pthread_mutex_lock(&follower->lock);
	bool told = *what;
	*what = true;
	if (!told)
		(void)pthread_cond_broadcast(&follower->woken);
	(void)pthread_mutex_unlock(&follower->lock);
}

void upkeep_wake(struct app *app, enum upkeep_of which)
{
	struct follower *follower = &app->upkeep->follower[which];
	tell(follower, &follower->work);
}

void upkeep_press(struct app *app, enum upkeep_of which)
{
	struct follower *follower = &app->upkeep->follower[which];
	tell(follower, &follower->pressed);
}

/* ---- start and stop ---------------------------------------------------------------------- */

static void follower_init(struct follower *follower, struct upkeep *upkeep,
                          const struct follower_kind *kind)
{
	pthread_condattr_t attributes;
	follower->upkeep = upkeep;
	follower->kind = kind;
	(void)pthread_mutex_init(&follower->lock, NULL);
	(void)pthread_condattr_init(&attributes);
	(void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&follower->woken, &attributes);
	(void)pthread_condattr_destroy(&attributes);
}

enum lgp_status upkeep_start(struct app *app, struct upkeep **out)
{
	bool good = true;
	struct upkeep *upkeep = calloc(1, sizeof *upkeep);
	if (upkeep == NULL)
		return lgp_fault(LGP_NO_MEMORY, "the followers' threads");
	upkeep->app = app;
	for (unsigned i = 0; i < UPKEEP_COUNT; i++) {
		struct follower *follower = &upkeep->follower[i];
		follower_init(follower, upkeep, &kinds[i]);
		good = good && pthread_create(&follower->thread, NULL, run, follower) == 0;
		follower->started = good;
	}
	*out = upkeep; /* stopped by who asked, whole or in part */
	return good ? LGP_OK : lgp_fault(LGP_NO_MEMORY, "the followers' threads");
}

static void follower_stop(struct follower *follower)
{
	(void)pthread_mutex_lock(&follower->lock);
	follower->stopping = true;
	(void)pthread_cond_broadcast(&follower->woken);
	(void)pthread_mutex_unlock(&follower->lock);
	if (follower->started)
		(void)pthread_join(follower->thread, NULL);
	(void)pthread_mutex_destroy(&follower->lock);
	(void)pthread_cond_destroy(&follower->woken);
}

void upkeep_stop(struct upkeep *upkeep)
{
	if (upkeep == NULL)
		return;
	for (unsigned i = 0; i < UPKEEP_COUNT; i++)
		follower_stop(&upkeep->follower[i]);
	free(upkeep);
}
