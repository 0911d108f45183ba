/* appender: the thread on which a large batch becomes durable while the next one is
 * judged.  Started by the first one; one at a time is handed to it.
 * Thread: its own; the ledger thread hands over, and ends it. */
#include "internal.h"

#include <stdlib.h>

/* Fewer entries are appended where they are closed: to wake a thread, and to be woken by
 * it, costs a hundred microseconds of the processors, as much as it is to judge fifty. */
#define BESIDE_MIN 200

struct appender {
	struct lgp_ledger *ledger;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t woken;
	lgp_log_done done; /* NULL: nothing is to be appended */
	void *context;
	bool stopping;
};

/* False: the end. */
static bool take(struct appender *appender, lgp_log_done *done, void **context)
{
	pthread_mutex_lock(&appender->lock);
	while (appender->done == NULL && !appender->stopping)
		pthread_cond_wait(&appender->woken, &appender->lock);
	*done = appender->done;
	*context = appender->context;
	appender->done = NULL;
	pthread_mutex_unlock(&appender->lock);
	return *done != NULL;
}

static void *run(void *context)
{
	struct appender *appender = context;
	lgp_log_done done;
	void *whose;
	while (take(appender, &done, &whose))
		done(whose, lgp_log_append_here(appender->ledger));
	return NULL;
}

static struct appender *appender_new(struct lgp_ledger *ledger)
{
	struct appender *appender = calloc(1, sizeof *appender);
	if (appender == NULL)
		return NULL;
	appender->ledger = ledger;
	pthread_mutex_init(&appender->lock, NULL);
	pthread_cond_init(&appender->woken, NULL);
	if (pthread_create(&appender->thread, NULL, run, appender) == 0)
		return appender;
	pthread_mutex_destroy(&appender->lock);
	pthread_cond_destroy(&appender->woken);
	free(appender);
	return NULL;
}

void appender_free(struct appender *appender)
{
	if (appender == NULL)
		return;
	pthread_mutex_lock(&appender->lock);
	appender->stopping = true;
	pthread_cond_signal(&appender->woken);
	pthread_mutex_unlock(&appender->lock);
	pthread_join(appender->thread, NULL);
	pthread_mutex_destroy(&appender->lock);
	pthread_cond_destroy(&appender->woken);
	free(appender);
}

static void hand_over(struct appender *appender, lgp_log_done done, void *context)
{
	pthread_mutex_lock(&appender->lock);
	require(appender->done == NULL);
	appender->done = done;
	appender->context = context;
	pthread_cond_signal(&appender->woken);
	pthread_mutex_unlock(&appender->lock);
}

void lgp_log_append(struct lgp_ledger *ledger, lgp_log_done done, void *context)
{
	bool beside = ledger->closed->count >= BESIDE_MIN;
	if (beside && ledger->appender == NULL)
		ledger->appender = appender_new(ledger);
	if (beside && ledger->appender != NULL) /* NULL: no thread is to be had */
		hand_over(ledger->appender, done, context);
	else
		done(context, lgp_log_append_here(ledger));
}
