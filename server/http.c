/* http: a server as its loops.
 * Thread: main.  What a handler calls is in http_reply.c and loop.c. */
#include "server/http.h"

#include <stdlib.h>
#include <unistd.h>

#include "server/counter.h"
#include "server/listen.h"
#include "server/loop.h"

struct http_server {
	struct loop_config config;
	uint16_t port;
	unsigned running;     /* loops that have a thread */
	unsigned open;        /* loops that there are */
	struct loop *loops[]; /* owned, config.options.loops */
};

static void dispose(struct http_server *server)
{
	for (unsigned i = 0; i < server->running; i++)
		loop_ask_to_stop(server->loops[i]);
	for (unsigned i = 0; i < server->running; i++)
		loop_join(server->loops[i]);
	for (unsigned i = 0; i < server->open; i++)
		loop_close(server->loops[i]);
	tls_context_free(server->config.tls);
	free(server);
}

static enum lgp_status open_loops(struct http_server *server)
{
	const struct http_options *options = &server->config.options;
	int *fds = calloc(options->loops, sizeof(*fds));
	if (fds == NULL)
		return lgp_fault(LGP_NO_MEMORY, "no memory for %u loops", options->loops);
	enum lgp_status status = listen_bind(options->host, &server->port, fds, options->loops);
	unsigned used = status == LGP_OK ? 0 : options->loops;
	while (status == LGP_OK && used < options->loops) {
		status = loop_open(&server->config, used, fds[used], &server->loops[used]);
		used++;
		if (status == LGP_OK)
			server->open++;
	}
	while (used < options->loops)
		close(fds[used++]);
	free(fds);
	return status;
}

static enum lgp_status run_loops(struct http_server *server)
{
	while (server->running < server->open) {
		enum lgp_status status = loop_run_thread(server->loops[server->running]);
		if (status != LGP_OK)
			return status;
		server->running++;
	}
	return LGP_OK;
}

enum lgp_status http_server_start(const struct http_options *options,
                                  const struct http_handler *handler, struct http_server **out)
{
	require(options->loops > 0 && handler->request != NULL);
	require((options->tls_cert == NULL) == (options->tls_key == NULL));
	struct http_server *server =
	        calloc(1, sizeof(*server) + options->loops * sizeof(struct loop *));
	if (server == NULL)
		return lgp_fault(LGP_NO_MEMORY, "no memory for a server");
	server->config.handler = *handler;
	server->config.options = *options;
	server->port = options->port;
	enum lgp_status status = LGP_OK;
	if (options->tls_cert != NULL)
		status = tls_context_new(options->tls_cert, options->tls_key, &server->config.tls);
	if (status == LGP_OK)
		status = open_loops(server);
	/* Told before the threads begin: a handler may ask for the counters. */
	*out = server;
	if (status == LGP_OK)
		status = run_loops(server);
	if (status != LGP_OK) {
		*out = NULL;
		dispose(server);
	}
	return status;
}

uint16_t http_server_port(const struct http_server *server)
{
	return server->port;
}

void http_server_stop(struct http_server *server)
{
	dispose(server);
}

void http_server_stats(const struct http_server *server, struct http_stats *out)
{
	*out = (struct http_stats){0};
	for (unsigned i = 0; i < server->open; i++) {
		const struct loop_stats *stats = &server->loops[i]->stats;
		out->connections_open += value_of(&stats->open);
		out->connections_total += value_of(&stats->total);
		out->connections_refused += value_of(&stats->refused);
		out->requests += value_of(&stats->requests);
		out->tls_failures += value_of(&stats->tls_failures);
	}
}
