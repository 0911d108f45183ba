/* metrics: counted by each loop, written as Prometheus text (version 0.0.4).
 * Thread: see the header. */
#include "server/metrics.h"

#include "server/counter.h"

#include "server/endpoints.h"
#include "server/ledger_thread.h"

#include <inttypes.h>
#include <stdlib.h>

struct route_counts *metrics_new(void)
{
	return calloc(route_count + 1, sizeof(struct route_counts));
}

void metrics_count(struct route_counts *counts, const struct route *route, int status, size_t bytes,
                   uint64_t took_us)
{
	struct route_counts *of = &counts[route != NULL ? (size_t)(route - routes) : route_count];
	int class = status / 100;
	count(&of->replies[class >= 1 && class < STATUS_CLASSES ? class : 0], 1);
	count(&of->bytes, bytes);
	count(&of->us, took_us);
}

static void gauge(struct buf *out, const char *name, const char *type, const char *help,
                  uint64_t value)
{
	buf_printf(out,
	           "# HELP lagniappe_%s %s\n# TYPE lagniappe_%s %s\nlagniappe_%s %" PRIu64 "\n",
	           name, help, name, type, name, value);
}

static uint64_t sum(const struct app *app, size_t route, unsigned class)
{
	uint64_t total = 0;
	for (unsigned i = 0; i < app->loops; i++)
		total += value_of(&app->workers[i]->counts[route].replies[class]);
	return total;
}

static void write_requests(const struct app *app, struct buf *out)
{
	buf_text(out, "# HELP lagniappe_http_requests_total Replies by route and class of status.\n"
	              "# TYPE lagniappe_http_requests_total counter\n");
	for (size_t r = 0; r <= route_count; r++)
		for (unsigned class = 0; class < STATUS_CLASSES; class ++) {
			uint64_t count = sum(app, r, class);
			if (count > 0)
				buf_printf(
				        out,
				        "lagniappe_http_requests_total{method=\"%s\",route=\"%s\","
				        "status=\"%uxx\"} %" PRIu64 "\n",
				        r < route_count ? route_method_name(routes[r].method) : "-",
				        r < route_count ? routes[r].pattern : "none", class, count);
		}
	buf_text(out, "# HELP lagniappe_http_request_seconds_total Time from request to reply, by "
	              "route.\n# TYPE lagniappe_http_request_seconds_total counter\n");
	for (size_t r = 0; r < route_count; r++) {
		uint64_t us = 0;
		for (unsigned i = 0; i < app->loops; i++)
			us += value_of(&app->workers[i]->counts[r].us);
		if (us > 0)
			buf_printf(
			        out,
			        "lagniappe_http_request_seconds_total{method=\"%s\",route=\"%s\"} "
			        "%.6f\n",
			        route_method_name(routes[r].method), routes[r].pattern,
			        (double)us / 1e6);
	}
}

static void write_commits(struct buf *out, const struct ledger_thread_stats *stats)
{
	uint64_t cumulative = 0;
	buf_text(out, "# HELP lagniappe_commit_seconds Time to make a batch durable.\n"
	              "# TYPE lagniappe_commit_seconds histogram\n");
	for (size_t i = 0; i < COMMIT_BUCKETS; i++) {
		cumulative += stats->commits_within[i];
		buf_printf(out, "lagniappe_commit_seconds_bucket{le=\"%g\"} %" PRIu64 "\n",
		           ledger_commit_bounds_s[i], cumulative);
	}
	cumulative += stats->commits_within[COMMIT_BUCKETS];
	buf_printf(out,
	           "lagniappe_commit_seconds_bucket{le=\"+Inf\"} %" PRIu64 "\n"
	           "lagniappe_commit_seconds_sum %.6f\nlagniappe_commit_seconds_count %" PRIu64
	           "\n",
	           cumulative, (double)stats->commit_us / 1e6, cumulative);
}

static void write_verdicts(struct buf *out, const struct ledger_thread_stats *stats)
{
	buf_printf(out,
	           "# HELP lagniappe_verdicts_total Commands by what the ledger said.\n"
	           "# TYPE lagniappe_verdicts_total counter\n"
	           "lagniappe_verdicts_total{verdict=\"accepted\"} %" PRIu64 "\n"
	           "lagniappe_verdicts_total{verdict=\"refused\"} %" PRIu64 "\n"
	           "lagniappe_verdicts_total{verdict=\"denied\"} %" PRIu64 "\n"
	           "lagniappe_verdicts_total{verdict=\"replayed\"} %" PRIu64 "\n",
	           stats->accepted, stats->refused, stats->denied, stats->replayed);
}

static void write_ledger(const struct app *app, struct buf *out)
{
	struct ledger_thread_stats thread;
	struct lgp_ledger_stats ledger;
	struct lgp_checkpoint released;
	ledger_thread_stats(app->ledger_thread, &thread);
	lgp_stats(app->ledger, &ledger);
	(void)lgp_released(app->ledger, &released, NULL);
	gauge(out, "queue_jobs", "gauge", "Requests waiting for the ledger.", thread.pending_jobs);
	gauge(out, "queue_bytes", "gauge", "Bytes that they hold.", thread.pending_bytes);
	gauge(out, "overloads_total", "counter", "Requests turned away at a bound.",
	      thread.overloads);
	gauge(out, "batches_total", "counter", "Batches committed.", thread.batches);
	gauge(out, "batch_entries_total", "counter", "Entries in them.", thread.entries);
	gauge(out, "batch_entries_max", "gauge", "Entries in the largest.", thread.batch_largest);
	write_commits(out, &thread);
	write_verdicts(out, &thread);
	gauge(out, "ledger_entries", "gauge", "Entries released.", released.size);
	gauge(out, "ledger_used_bytes", "gauge", "Of ledger.mdb.", ledger.log_used_bytes);
	gauge(out, "ledger_map_bytes", "gauge", "The bound of ledger.mdb.", ledger.log_map_bytes);
	gauge(out, "ledger_waiting_bytes", "gauge",
	      "Durable in ledger.wal, and not in ledger.mdb yet.", ledger.log_waiting_bytes);
	gauge(out, "state_position", "gauge", "Entries that state.mdb holds.",
	      ledger.state_position);
	gauge(out, "overlay_bytes", "gauge", "Changed state in memory.", ledger.overlay_bytes);
	gauge(out, "keys_recent", "gauge", "Idempotency keys in memory alone.", ledger.keys_recent);
	gauge(out, "keys_stored", "gauge", "Idempotency keys in runs.", ledger.keys_stored);
	gauge(out, "key_runs", "gauge", "Runs of keys.", ledger.key_runs);
	gauge(out, "key_memory_bytes", "gauge", "Memory of the keys.", ledger.key_memory_bytes);
	gauge(out, "read_only", "gauge", "Whether writes are turned away.",
	      ledger_thread_read_only(app->ledger_thread) ? 1 : 0);
}

void metrics_get(struct request *request)
{
	struct buf *out = request->exchange->out;
	struct http_stats http = {0};
	const struct http_server *server = atomic_load(&request->app->http);
	if (server != NULL)
		http_server_stats(server, &http);
	gauge(out, "connections_open", "gauge", "Connections open now.", http.connections_open);
	gauge(out, "connections_total", "counter", "Connections accepted.", http.connections_total);
	gauge(out, "connections_refused_total", "counter", "Connections closed at the bound.",
	      http.connections_refused);
	gauge(out, "tls_failures_total", "counter", "Handshakes that failed.", http.tls_failures);
	write_requests(request->app, out);
	write_ledger(request->app, out);
	http_reply(request->exchange, 200, "text/plain; version=0.0.4; charset=utf-8");
}
