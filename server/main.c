/* main: lagniapped, from its arguments to its end.
 * Thread: main.  Once all is started it waits for a signal, and once a second
 * syncs high-water, off the answers' way.
 *
 * Started in the order ledger, people, workers, applier, ledger thread, loops; stopped in
 * the opposite order, so that each part finds what it needs. */
#include "server/ledger_thread.h"
#include "server/log.h"
#include "server/openapi.h"
#include "server/upkeep.h"
#include "server/worker.h"

#include <arpa/inet.h>
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Above what a request of a few thousand lines takes in one piece. */
#define ALLOCATOR_KEEPS_BYTES (2 * 1024 * 1024)

enum { EXIT_STOPPED = 0, EXIT_NOT_STARTED = 1, EXIT_USAGE = 2 };

/* The ledger thread's own: dates are asked for while judging. */
static enum lgp_status date_of(void *context, struct lgp_view zone, int64_t time_us, int32_t *days)
{
	return calendar_date(context, zone, time_us, days);
}

static enum lgp_status start_of(void *context, struct lgp_view zone, int32_t days, int64_t *time_us)
{
	return calendar_start_of(context, zone, days, time_us);
}

/* ---- what may not be started ------------------------------------------------------------ */

static bool is_loopback(const char *host)
{
	struct in_addr v4;
	struct in6_addr v6;
	if (inet_pton(AF_INET, host, &v4) == 1)
		return (ntohl(v4.s_addr) >> 24) == 127;
	if (inet_pton(AF_INET6, host, &v6) == 1)
		return IN6_IS_ADDR_LOOPBACK(&v6) != 0;
	return strcmp(host, "localhost") == 0;
}

static bool may_start(const struct config *config)
{
	enum log_level level;
	if (!log_level_parse(lgp_view_of(config->log_level), &level)) {
		(void)fprintf(stderr, "lagniapped: --log-level takes debug, info, warn or error\n");
		return false;
	}
	log_set_level(level);
	if (config->tls_cert == NULL && !is_loopback(config->host) && config->insecure_plain == 0) {
		(void)fprintf(stderr,
		              "lagniapped: %s is not loopback, and plain HTTP would show tokens to "
		              "everybody on the way.\nGive --tls-cert and --tls-key, or say "
		              "--insecure-plain if something in front of it does TLS.\n",
		              config->host);
		return false;
	}
	return true;
}

/* Why a file of the data directory cannot be had; 0: it can, or is not there at all. */
static int barred(const char *dir, const char *name)
{
	char path[4096];
	int len = snprintf(path, sizeof path, "%s/%s", dir, name);
	if (len < 0 || (size_t)len >= sizeof path || access(path, R_OK) == 0 || errno == ENOENT)
		return 0;
	return errno;
}

static bool there(const char *dir, const char *name)
{
	char path[4096];
	int len = snprintf(path, sizeof path, "%s/%s", dir, name);
	return len > 0 && (size_t)len < sizeof path && access(path, F_OK) == 0;
}

/* What to do about a data directory that does not open. */
static const char *advice(enum lgp_status status, const char *dir)
{
	static const char *const files[] = {"ledger.mdb", "lock", "keys/signing", "keys/master",
	                                    "keys/mac"};
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
		if (barred(dir, files[i]) == EACCES)
			return "run it as the owner of the data directory";
	switch (status) {
	case LGP_MISSING:
		return there(dir, "ledger.mdb")
		               ? "restore keys/ from your backup; without it this log cannot go on"
		               : "make one with `lagniappe init --data DIR --origin NAME "
		                 "--timezone ZONE`";
	case LGP_LOCKED:
		return "stop the other lagniapped first";
	case LGP_BEHIND:
		return "the ledger is older than a checkpoint that it released: it is a restored "
		       "or "
		       "rolled-back copy, and must not sign. Bring the newest ledger.mdb back";
	case LGP_FORMAT:
		return "use the version of lagniapped that made it, or a newer one";
	case LGP_FULL:
		return "make room on the disk, or raise --log-map";
	default:
		return "see ledger/README.md, files and what their loss means";
	}
}

static int not_started(const char *what, enum lgp_status status)
{
	const char *detail = lgp_fault_detail();
	(void)fprintf(stderr, "lagniapped: %s: %s\n", what,
	              detail[0] != '\0' ? detail : lgp_status_text(status));
	return EXIT_NOT_STARTED;
}

/* ---- start, wait, stop -------------------------------------------------------------------- */

/* A file that is there is never cut: what it holds is the least that its bound can be. */
static void warn_small_map(const struct app *app)
{
	struct lgp_ledger_stats stats;
	uint64_t asked = app->config.log_map_bytes;
	lgp_stats(app->ledger, &stats);
	if (asked != 0 && asked < stats.log_used_bytes)
		log_line(LOG_WARN, "--log-map is below what ledger.mdb holds: no write will fit",
		         "log_map=%llu used=%llu", (unsigned long long)asked,
		         (unsigned long long)stats.log_used_bytes);
}

static enum lgp_status open_files(struct app *app, struct calendar *calendar)
{
	const struct config *config = &app->config;
	const struct lgp_options options = {.log_map_bytes = config->log_map_bytes,
	                                    .state_map_bytes = config->state_map_bytes,
	                                    .overlay_bytes = config->overlay_bytes,
	                                    .calendar = {date_of, start_of, calendar}};
	enum lgp_status status = lgp_open(config->data, &options, &app->ledger);
	if (status != LGP_OK) {
		(void)not_started(config->data, status);
		(void)fprintf(stderr, "lagniapped: %s.\n", advice(status, config->data));
		return status;
	}
	warn_small_map(app);
	status = people_open(config->data, lgp_ledger_keys(app->ledger), lgp_next_seq(app->ledger),
	                     &app->people);
	if (status != LGP_OK)
		(void)not_started("the people's files", status);
	return status;
}

static enum lgp_status make_workers(struct app *app)
{
	struct buf text;
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	/* The ledger thread waits for the disk half of its time: a loop takes its core then. */
	app->loops = app->config.loops != 0 ? (unsigned)app->config.loops
	             : cores > 1            ? (unsigned)(cores < 256 ? cores : 256)
	                                    : 1;
	app->workers = calloc(app->loops, sizeof(struct worker *));
	buf_init(&text, OPENAPI_MAX);
	if (app->workers == NULL || !openapi_write(&text)) {
		buf_deinit(&text);
		return lgp_fault(LGP_NO_MEMORY, "starting");
	}
	app->openapi = text.ptr;
	app->openapi_len = text.len;
	enum lgp_status status = LGP_OK;
	for (unsigned i = 0; i < app->loops && status == LGP_OK; i++)
		status = worker_new(app, i, &app->workers[i]);
	return status;
}

static enum lgp_status start_http(struct app *app)
{
	const struct config *config = &app->config;
	const struct http_options options = {
	        .host = config->host,
	        .port = (uint16_t)config->port,
	        .loops = app->loops,
	        .tls_cert = config->tls_cert,
	        .tls_key = config->tls_key,
	        .header_timeout_ms = (unsigned)config->header_timeout_ms,
	        .body_timeout_ms = (unsigned)config->body_timeout_ms,
	        .idle_timeout_ms = (unsigned)config->idle_timeout_ms,
	        .write_timeout_ms = (unsigned)config->write_timeout_ms,
	        .drain_timeout_ms = (unsigned)config->drain_timeout_ms,
	};
	const struct http_handler handler = app_handler(app);
	struct http_server *server = NULL;
	enum lgp_status status = http_server_start(&options, &handler, &server);
	if (status == LGP_OK)
		atomic_store(&app->http, server);
	return status;
}

static void say_listening(const struct app *app)
{
	bool v6 = strchr(app->config.host, ':') != NULL;
	(void)fprintf(stderr, "listening on %s://%s%s%s:%u\n",
	              app->config.tls_cert != NULL ? "https" : "http", v6 ? "[" : "",
	              app->config.host, v6 ? "]" : "",
	              (unsigned)http_server_port(atomic_load(&app->http)));
}

static void wait_for_end(struct app *app, const sigset_t *signals)
{
	const struct timespec second = {.tv_sec = 1};
	for (;;) {
		int signal = sigtimedwait(signals, NULL, &second);
		if (lgp_highwater_sync(app->ledger) != LGP_OK)
			log_line(LOG_WARN, "high-water could not be synced; trying again",
			         "detail=\"%s\"", lgp_fault_detail());
		lgp_clear_dead_readers(app->ledger);
		people_clear_dead_readers(app->people);
		if (signal == SIGTERM || signal == SIGINT)
			return;
	}
}

static void stop(struct app *app)
{
	atomic_store(&app->draining, true);
	struct http_server *server = atomic_load(&app->http);
	if (server != NULL)
		http_server_stop(server);
	ledger_thread_stop(app->ledger_thread);
	upkeep_stop(app->upkeep);
	for (unsigned i = 0; app->workers != NULL && i < app->loops; i++)
		worker_free(app->workers[i]);
	free(app->workers);
	free(app->openapi);
	people_close(app->people);
	if (app->ledger != NULL)
		lgp_close(app->ledger);
}

static enum lgp_status start(struct app *app)
{
	enum lgp_status status = make_workers(app);
	if (status == LGP_OK)
		status = upkeep_start(app, &app->upkeep);
	if (status == LGP_OK)
		status = ledger_thread_start(app, &app->ledger_thread);
	if (status == LGP_OK)
		status = start_http(app);
	if (status != LGP_OK)
		(void)not_started("starting", status);
	return status;
}

static int serve(struct app *app, struct calendar *calendar, const sigset_t *signals)
{
	enum lgp_status status = open_files(app, calendar);
	if (status == LGP_OK)
		status = start(app);
	if (status == LGP_OK) {
		struct lgp_checkpoint released;
		(void)lgp_released(app->ledger, &released, NULL);
		log_line(LOG_INFO, "started", "loops=%u entries=%llu", app->loops,
		         (unsigned long long)released.size);
		say_listening(app);
		wait_for_end(app, signals);
		log_line(LOG_INFO, "stopping", "%s", "");
	}
	stop(app);
	return status == LGP_OK ? EXIT_STOPPED : EXIT_NOT_STARTED;
}

/* Large bodies, and jobs of many lines, come and go by the thousand a second.  By itself
 * the allocator asks the system for each of them and gives it back, and each page of
 * them is a fault the next time.  The applier gives back what a busy minute left. */
static void keep_freed_memory(void)
{
	(void)mallopt(M_MMAP_THRESHOLD, ALLOCATOR_KEEPS_BYTES);
	(void)mallopt(M_TRIM_THRESHOLD, ALLOCATOR_KEEPS_BYTES);
}

int main(int argc, char **argv)
{
	static struct app app;
	struct calendar *calendar;
	char error[CONFIG_ERROR_MAX];
	bool help;
	sigset_t signals;
	if (!config_read(&app.config, argc, argv, &help, error)) {
		(void)fprintf(stderr, "lagniapped: %s\n", error);
		return EXIT_USAGE;
	}
	if (help) {
		config_help(stdout);
		return EXIT_STOPPED;
	}
	if (!may_start(&app.config))
		return EXIT_USAGE;
	/* Every thread inherits this: signals are for main to wait for. */
	(void)sigemptyset(&signals);
	(void)sigaddset(&signals, SIGTERM);
	(void)sigaddset(&signals, SIGINT);
	(void)pthread_sigmask(SIG_BLOCK, &signals, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN); /* a file at its bound is a full disk, and answered so */
	keep_freed_memory();
	body_tables_start();
	enum lgp_status status = calendar_new(&calendar);
	if (status != LGP_OK)
		return not_started("time zones", status);
	int code = serve(&app, calendar, &signals);
	calendar_free(calendar);
	return code;
}
