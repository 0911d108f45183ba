/* upkeep: the applier's thread.
 * Thread: its own.  After a transaction that took t it rests for applier-rest times t:
 * back to back, its syncs would cost the commits' latency dearly.  Where changes come
 * so fast that they would be refused for want of memory, it does not rest. */
#include "server/upkeep.h"

#include "server/log.h"

#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define REST_MAX_US INT64_C(10000000)
#define EXIT_FAULT 70

struct upkeep {
	struct app *app;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t woken;
	bool work, pressed, stopping;
};

static bool wait_for_work(struct upkeep *upkeep)
{
	(void)pthread_mutex_lock(&upkeep->lock);
	while (!upkeep->work && !upkeep->stopping)
		(void)pthread_cond_wait(&upkeep->woken, &upkeep->lock);
	bool stopping = upkeep->stopping && !upkeep->work;
	upkeep->work = false;
	(void)pthread_mutex_unlock(&upkeep->lock);
	return !stopping;
}

/* False: it is to stop. */
static bool rest(struct upkeep *upkeep, int64_t us)
{
	struct timespec until;
	us = us < REST_MAX_US ? us : REST_MAX_US;
	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += us / 1000000 + (until.tv_nsec + us % 1000000 * 1000) / 1000000000;
	until.tv_nsec = (until.tv_nsec + us % 1000000 * 1000) % 1000000000;
	(void)pthread_mutex_lock(&upkeep->lock);
	upkeep->pressed = false;
	while (!upkeep->stopping && !upkeep->pressed &&
	       pthread_cond_timedwait(&upkeep->woken, &upkeep->lock, &until) == 0)
		;
	bool stopping = upkeep->stopping;
	(void)pthread_mutex_unlock(&upkeep->lock);
	return !stopping;
}

/* False: there is no room for what changed, which stays in memory for another try. */
static bool step(struct upkeep *upkeep, bool *more)
{
	char text[300];
	enum lgp_status status = lgp_applier_part(upkeep->app->ledger, more);
	if (status == LGP_OK)
		return true;
	(void)log_quote(text, sizeof text, lgp_view_of(lgp_fault_detail()));
	if (status == LGP_FULL) {
		log_line(LOG_ERROR, "state.mdb could not be written; trying again", "what=%s",
		         text);
		return false;
	}
	/* What follows from the log can be made again; going on with less and less
	 * memory cannot be. */
	log_line(LOG_ERROR, "state.mdb could not be written; start again", "status=%d what=%s",
	         (int)status, text);
	_exit(EXIT_FAULT);
}

/* What a busy minute left free in the allocator's arenas goes back to the system, which
 * the allocator does by itself only at an arena's end. */
static void give_memory_back(void)
{
	(void)malloc_trim(0);
}

static void *run(void *context)
{
	struct upkeep *upkeep = context;
	bool more = false;
	while (more || wait_for_work(upkeep)) {
		uint64_t began = app_monotonic_us();
		if (step(upkeep, &more)) {
			uint64_t took = app_monotonic_us() - began;
			(void)rest(upkeep,
			           (int64_t)(took * upkeep->app->config.applier_rest_factor));
			if (!more)
				give_memory_back();
		} else if (rest(upkeep, REST_MAX_US)) {
			upkeep_wake(upkeep->app);
		}
	}
	return NULL;
}

void upkeep_wake(struct app *app)
{
	struct upkeep *upkeep = app->upkeep;
	(void)pthread_mutex_lock(&upkeep->lock);
	upkeep->work = true;
	(void)pthread_cond_broadcast(&upkeep->woken);
	(void)pthread_mutex_unlock(&upkeep->lock);
}

void upkeep_press(struct app *app)
{
	struct upkeep *upkeep = app->upkeep;
	(void)pthread_mutex_lock(&upkeep->lock);
	upkeep->pressed = true;
	(void)pthread_cond_broadcast(&upkeep->woken);
	(void)pthread_mutex_unlock(&upkeep->lock);
}

enum lgp_status upkeep_start(struct app *app, struct upkeep **out)
{
	pthread_condattr_t attributes;
	struct upkeep *upkeep = calloc(1, sizeof *upkeep);
	if (upkeep == NULL)
		return lgp_fault(LGP_NO_MEMORY, "the applier's thread");
	upkeep->app = app;
	(void)pthread_mutex_init(&upkeep->lock, NULL);
	(void)pthread_condattr_init(&attributes);
	(void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&upkeep->woken, &attributes);
	(void)pthread_condattr_destroy(&attributes);
	if (pthread_create(&upkeep->thread, NULL, run, upkeep) != 0) {
		free(upkeep);
		return lgp_fault(LGP_NO_MEMORY, "the applier's thread");
	}
	*out = upkeep;
	return LGP_OK;
}

void upkeep_stop(struct upkeep *upkeep)
{
	if (upkeep == NULL)
		return;
	(void)pthread_mutex_lock(&upkeep->lock);
	upkeep->stopping = true;
	(void)pthread_cond_broadcast(&upkeep->woken);
	(void)pthread_mutex_unlock(&upkeep->lock);
	(void)pthread_join(upkeep->thread, NULL);
	(void)pthread_mutex_destroy(&upkeep->lock);
	(void)pthread_cond_destroy(&upkeep->woken);
	free(upkeep);
}
