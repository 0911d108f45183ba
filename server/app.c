/* app: the handler that serves the app: from http's callbacks to requests.
 * Thread: as http.h says of each callback. */
#include "server/app.h"

#include "server/auth.h"
#include "server/job.h"
#include "server/ledger_thread.h"
#include "server/log.h"
#include "server/metrics.h"
#include "server/request.h"
#include "server/worker.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int64_t app_time_us(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

uint64_t app_monotonic_us(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* ---- http's callbacks ----------------------------------------------------------------- */

static void on_request(struct exchange *exchange, void *context)
{
	(void)context;
	request_handle(exchange, loop_data(exchange->loop));
}

/* Memory is for those who may use it: a stranger's large body is not read. */
static size_t body_max(struct loop *loop, enum http_method method, struct lgp_view path,
                       struct lgp_view authorization, void *context)
{
	struct lgp_view id;
	char allow[ROUTE_ALLOW_MAX];
	(void)context;
	const struct route *route = route_find(method, path, &id, allow);
	return route != NULL && (route->flags & ROUTE_BULK) != 0 &&
	                       auth_allows(loop_data(loop), authorization, route->roles)
	               ? HTTP_BULK_BODY_MAX
	               : HTTP_BODY_MAX;
}

static enum lgp_problem problem_of(int status)
{
	switch (status) {
	case 408:
		return LGP_PROBLEM_TIMEOUT;
	case 411:
		return LGP_PROBLEM_LENGTH;
	case 413:
		return LGP_PROBLEM_TOO_LARGE;
	case 414:
		return LGP_PROBLEM_URI;
	case 431:
		return LGP_PROBLEM_HEADERS;
	case 503:
		return LGP_PROBLEM_OVERLOADED;
	default:
		return LGP_PROBLEM_MALFORMED;
	}
}

static void on_refused(struct exchange *exchange, int status, const char *detail, void *context)
{
	(void)context;
	buf_clear(exchange->out);
	if (status == 503)
		http_reply_header(exchange, "Retry-After", LGP_VIEW("1"));
	buf_text(exchange->out, "{");
	problem_write(exchange->out, problem_of(status), LGP_VIEW(""), lgp_view_of(detail));
	json_write_text(exchange->out, "request_id", lgp_view_of(exchange->request_id));
	buf_text(exchange->out, "}\n");
}

static void on_closed(void *user, void *context)
{
	(void)context;
	if (user != NULL)
		sodium_memzero(user, sizeof(struct session));
	free(user);
}

static void *on_loop_start(struct loop *loop, void *context)
{
	struct app *app = context;
	struct worker *worker = app->workers[loop_index(loop)];
	worker->loop = loop;
	return worker;
}

/* Jobs under way are posted to this loop: it must not end before them. */
static void on_loop_stop(struct loop *loop, void *context)
{
	struct worker *worker = loop_data(loop);
	const struct app *app = context;
	job_flush(worker);
	while (ledger_thread_pending(app->ledger_thread) > 0)
		(void)nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

static void on_turn_end(struct loop *loop, void *context)
{
	(void)context;
	job_flush(loop_data(loop));
}

static void on_replied(const struct exchange *exchange, int status, size_t bytes, void *context)
{
	struct worker *worker = loop_data(exchange->loop);
	const struct route *route = exchange->note;
	uint64_t took = app_monotonic_us() - exchange->started_us;
	(void)context;
	metrics_count(worker->counts, route, status, bytes, took);
	/* I8: the route's pattern, never the path: people write names into addresses. */
	if (log_enabled(LOG_DEBUG))
		log_line(LOG_DEBUG, "request", "method=%s route=%s status=%d bytes=%zu us=%llu",
		         route_method_name(exchange->method),
		         route != NULL ? route->pattern : "none", status, bytes,
		         (unsigned long long)took);
}

struct http_handler app_handler(struct app *app)
{
	return (struct http_handler){
	        .request = on_request,
	        .body_max = body_max,
	        .refused = on_refused,
	        .closed = on_closed,
	        .loop_start = on_loop_start,
	        .loop_stop = on_loop_stop,
	        .turn_end = on_turn_end,
	        .replied = on_replied,
	        .context = app,
	};
}
