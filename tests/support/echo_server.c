/* echo_server: a server on server/http.h alone, for tests from outside and for
 * measuring what a request costs without a ledger behind it.
 * Threads: main waits for a signal, loops serve, a worker answers what is deferred.
 *
 *   echo_server [--name value]...   host, port, loops, cert, key, header-ms, body-ms,
 *                                   idle-ms, write-ms, drain-ms
 *
 * Prints "listening PORT"; SIGTERM or SIGINT stops it.  Addresses:
 *
 *   /echo       the body again             /size?N     N bytes
 *   /defer?MS   the body again, later      /fields     what was understood
 *   /defer-size?N   N bytes, by another thread
 *   /bulk       takes large bodies         /none       takes no body
 *   /headers    headers of its own         /too-large  a reply beyond the bound
 *   /count      requests on this connection            /stats      counters
 *   /empty      204 */
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "server/http.h"

struct queue;

/* A deferred exchange on its way through the worker and back. */
struct job {
	struct loop_call call; /* first */
	struct loop *loop;
	struct ticket ticket;
	struct job *next;
	struct queue *queue;
	unsigned delay_ms;
	size_t size; /* of the answer, when it is not the body */
	size_t len;
	char body[];
};

struct worker {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct job *first, *last;
	bool ending;
};

/* A loop's: what it deferred in this turn, and how much is with the worker. */
struct queue {
	struct job *first, *last;
	unsigned under_way; /* under worker.lock */
};

static struct worker worker = {.lock = PTHREAD_MUTEX_INITIALIZER,
                               .changed = PTHREAD_COND_INITIALIZER};
static struct http_server *server;
static _Atomic uint64_t users_closed, tickets_stale, turns, replies;

static struct job *take_jobs(void)
{
	pthread_mutex_lock(&worker.lock);
	while (worker.first == NULL && !worker.ending)
		pthread_cond_wait(&worker.changed, &worker.lock);
	struct job *jobs = worker.first;
	worker.first = worker.last = NULL;
	pthread_mutex_unlock(&worker.lock);
	return jobs;
}

static void *run_worker(void *unused)
{
	struct job *job;
	(void)unused;
	while ((job = take_jobs()) != NULL) {
		while (job != NULL) {
			struct job *next = job->next;
			struct timespec delay = {job->delay_ms / 1000,
			                         (long)(job->delay_ms % 1000) * 1000000};
			if (job->delay_ms > 0)
				nanosleep(&delay, NULL);
			struct queue *queue = job->queue;
			loop_post(job->loop, &job->call);
			pthread_mutex_lock(&worker.lock);
			queue->under_way--;
			pthread_cond_broadcast(&worker.changed);
			pthread_mutex_unlock(&worker.lock);
			job = next;
		}
	}
	return NULL;
}

static void give_jobs(struct queue *queue)
{
	pthread_mutex_lock(&worker.lock);
	for (struct job *job = queue->first; job != NULL; job = job->next)
		queue->under_way++;
	if (worker.first == NULL)
		worker.first = queue->first;
	else
		worker.last->next = queue->first;
	worker.last = queue->last;
	pthread_cond_broadcast(&worker.changed);
	pthread_mutex_unlock(&worker.lock);
}

static size_t query_number(const struct exchange *exchange)
{
	size_t number = 0;
	for (size_t i = 0; i < exchange->query.len; i++)
		number = number * 10 + (size_t)(exchange->query.ptr[i] - '0');
	return number;
}

/* The letters a to w over and over, so that a piece out of place shows; doubled
 * rather than counted, so that it costs no more than a real body. */
static void add_letters(struct buf *out, size_t size)
{
	static const char letters[] = "abcdefghijklmnopqrstuvw";
	size_t done = size < sizeof(letters) - 1 ? size : sizeof(letters) - 1;
	char *at = buf_reserve(out, size);
	if (at == NULL)
		return;
	memcpy(at, letters, done);
	while (done < size) {
		size_t more = size - done < done ? size - done : done;
		memcpy(at + done, at, more);
		done += more;
	}
	out->len += size;
}

static void reply_size(struct exchange *exchange)
{
	add_letters(exchange->out, query_number(exchange));
	http_reply(exchange, 200, "text/plain");
}

static void answer_job(struct loop *loop, struct loop_call *call)
{
	struct job *job = (struct job *)(void *)call;
	struct exchange *exchange = http_resume(loop, job->ticket);
	if (exchange == NULL) {
		tickets_stale++;
	} else {
		buf_add(exchange->out, job->body, job->len);
		add_letters(exchange->out, job->size);
		http_reply(exchange, 200, "text/plain");
	}
	free(job);
}

static void defer(struct exchange *exchange, unsigned delay_ms, size_t size)
{
	struct queue *queue = loop_data(exchange->loop);
	struct job *job = malloc(sizeof(*job) + exchange->body.len);
	require(job != NULL);
	*job = (struct job){.call.call = answer_job,
	                    .loop = exchange->loop,
	                    .ticket = exchange->ticket,
	                    .queue = queue,
	                    .delay_ms = delay_ms,
	                    .size = size,
	                    .len = exchange->body.len};
	memcpy(job->body, exchange->body.ptr, exchange->body.len);
	if (queue->first == NULL)
		queue->first = job;
	else
		queue->last->next = job;
	queue->last = job;
	http_defer(exchange);
}

static void reply_later(struct exchange *exchange)
{
	defer(exchange, (unsigned)query_number(exchange), 0);
}

static void reply_size_later(struct exchange *exchange)
{
	defer(exchange, 0, query_number(exchange));
}

static void end_turn(struct loop *loop, void *context)
{
	struct queue *queue = loop_data(loop);
	(void)context;
	turns++;
	if (queue->first != NULL)
		give_jobs(queue);
	queue->first = queue->last = NULL;
}

static void add_field(struct buf *out, const char *name, struct lgp_view value)
{
	if (value.ptr == NULL)
		return;
	buf_text(out, name);
	buf_text(out, "=");
	buf_view(out, value);
	buf_text(out, "\n");
}

static void reply_fields(struct exchange *exchange)
{
	struct buf *out = exchange->out;
	buf_printf(out, "method=%d\n", (int)exchange->method);
	add_field(out, "path", exchange->path);
	add_field(out, "query", exchange->query);
	add_field(out, "authorization", exchange->authorization);
	add_field(out, "idempotency-key", exchange->idempotency_key);
	add_field(out, "prefer", exchange->prefer);
	add_field(out, "accept", exchange->accept);
	add_field(out, "content-type", exchange->content_type);
	add_field(out, "if-match", exchange->if_match);
	add_field(out, "body", exchange->body);
	http_reply(exchange, 200, "text/plain");
}

static void reply_count(struct exchange *exchange)
{
	if (exchange->user == NULL)
		exchange->user = calloc(1, sizeof(unsigned));
	require(exchange->user != NULL);
	buf_decimal(exchange->out, ++*(unsigned *)exchange->user);
	http_reply(exchange, 200, "text/plain");
}

static void reply_headers(struct exchange *exchange)
{
	http_reply_header(exchange, "Cache-Control", LGP_VIEW("max-age=60"));
	http_reply_header(exchange, "X-Good", LGP_VIEW("yes"));
	http_reply_header(exchange, "X-Split", LGP_VIEW("a\r\nX-Injected: b"));
	http_reply(exchange, 299, "text/plain");
}

static void reply_stats(struct exchange *exchange)
{
	struct http_stats stats;
	http_server_stats(server, &stats);
	buf_printf(exchange->out,
	           "{\"open\":%" PRIu64 ",\"total\":%" PRIu64 ",\"refused\":%" PRIu64
	           ",\"requests\":%" PRIu64 ",\"tls_failures\":%" PRIu64
	           ",\"users_closed\":%" PRIu64 ",\"tickets_stale\":%" PRIu64 ",\"turns\":%" PRIu64
	           ",\"replies\":%" PRIu64 "}",
	           stats.connections_open, stats.connections_total, stats.connections_refused,
	           stats.requests, stats.tls_failures, users_closed, tickets_stale, turns, replies);
	http_reply(exchange, 200, "application/json");
}

static void reply_echo(struct exchange *exchange)
{
	buf_view(exchange->out, exchange->body);
	http_reply(exchange, 200, "text/plain");
}

static void reply_too_large(struct exchange *exchange)
{
	buf_reserve(exchange->out, (size_t)HTTP_REPLY_MAX + 1);
	http_reply(exchange, 200, "text/plain");
}

static void reply_empty(struct exchange *exchange)
{
	http_reply(exchange, 204, "");
}

static void reply_missing(struct exchange *exchange)
{
	http_reply(exchange, 404, "text/plain");
}

static const struct {
	const char *path;
	void (*act)(struct exchange *exchange);
} routes[] = {
        {"/size", reply_size},     {"/echo", reply_echo},   {"/bulk", reply_echo},
        {"/none", reply_echo},     {"/defer", reply_later}, {"/defer-size", reply_size_later},
        {"/fields", reply_fields}, {"/count", reply_count}, {"/headers", reply_headers},
        {"/stats", reply_stats},   {"/empty", reply_empty}, {"/too-large", reply_too_large},
};

static void on_request(struct exchange *exchange, void *context)
{
	(void)context;
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		if (lgp_view_equal(exchange->path, lgp_view_of(routes[i].path))) {
			routes[i].act(exchange);
			return;
		}
	}
	reply_missing(exchange);
}

static size_t body_max(struct loop *loop, enum http_method method, struct lgp_view path,
                       struct lgp_view authorization, void *context)
{
	(void)loop;
	(void)method;
	(void)authorization;
	(void)context;
	if (lgp_view_equal(path, LGP_VIEW("/bulk")))
		return HTTP_BULK_BODY_MAX;
	return lgp_view_equal(path, LGP_VIEW("/none")) ? 0 : HTTP_BODY_MAX;
}

static void on_refused(struct exchange *exchange, int status, const char *detail, void *context)
{
	(void)context;
	buf_printf(exchange->out, "{\"status\":%d,\"detail\":\"%s\"}", status, detail);
}

static void on_closed(void *user, void *context)
{
	(void)context;
	users_closed++;
	free(user);
}

static void on_replied(const struct exchange *exchange, int status, size_t bytes, void *context)
{
	(void)exchange;
	(void)status;
	(void)bytes;
	(void)context;
	replies++;
}

static void *start_loop(struct loop *loop, void *context)
{
	(void)loop;
	(void)context;
	struct queue *queue = calloc(1, sizeof(*queue));
	require(queue != NULL);
	return queue;
}

/* After this nothing may be posted to the loop: what is under way must arrive. */
static void stop_loop(struct loop *loop, void *context)
{
	struct queue *queue = loop_data(loop);
	(void)context;
	pthread_mutex_lock(&worker.lock);
	while (queue->under_way > 0)
		pthread_cond_wait(&worker.changed, &worker.lock);
	pthread_mutex_unlock(&worker.lock);
	free(queue);
}

/* Sets what --name says. */
static bool set_option(struct http_options *options, const char *name, const char *value)
{
	const struct {
		const char *name;
		unsigned *to;
	} numbers[] = {
	        {"--header-ms", &options->header_timeout_ms},
	        {"--body-ms", &options->body_timeout_ms},
	        {"--idle-ms", &options->idle_timeout_ms},
	        {"--write-ms", &options->write_timeout_ms},
	        {"--drain-ms", &options->drain_timeout_ms},
	        {"--loops", &options->loops},
	};
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (strcmp(name, numbers[i].name) == 0) {
			*numbers[i].to = (unsigned)strtoul(value, NULL, 10);
			return true;
		}
	}
	if (strcmp(name, "--port") == 0)
		options->port = (uint16_t)strtoul(value, NULL, 10);
	else if (strcmp(name, "--host") == 0)
		options->host = value;
	else if (strcmp(name, "--cert") == 0)
		options->tls_cert = value;
	else if (strcmp(name, "--key") == 0)
		options->tls_key = value;
	else
		return false;
	return true;
}

static void end_worker(void)
{
	pthread_mutex_lock(&worker.lock);
	worker.ending = true;
	pthread_cond_broadcast(&worker.changed);
	pthread_mutex_unlock(&worker.lock);
	pthread_join(worker.thread, NULL);
}

int main(int count, char **arguments)
{
	struct http_options options = {
	        .host = "127.0.0.1",
	        .loops = 1,
	        .header_timeout_ms = 10000,
	        .body_timeout_ms = 10000,
	        .idle_timeout_ms = 60000,
	        .write_timeout_ms = 10000,
	        .drain_timeout_ms = 2000,
	};
	const struct http_handler handler = {
	        .request = on_request,
	        .body_max = body_max,
	        .refused = on_refused,
	        .closed = on_closed,
	        .loop_start = start_loop,
	        .loop_stop = stop_loop,
	        .turn_end = end_turn,
	        .replied = on_replied,
	};
	for (int i = 1; i < count; i += 2) {
		if (i + 1 == count || !set_option(&options, arguments[i], arguments[i + 1])) {
			fprintf(stderr, "echo_server: %s is no option with a value\n",
			        arguments[i]);
			return 2;
		}
	}
	sigset_t ends;
	int caught;
	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	pthread_sigmask(SIG_BLOCK, &ends, NULL);
	require(pthread_create(&worker.thread, NULL, run_worker, NULL) == 0);
	if (http_server_start(&options, &handler, &server) != LGP_OK) {
		fprintf(stderr, "echo_server: %s\n", lgp_fault_detail());
		end_worker();
		return 1;
	}
	printf("listening %u\n", (unsigned)http_server_port(server));
	fflush(stdout);
	sigwait(&ends, &caught);
	http_server_stop(server);
	end_worker();
	return 0;
}
