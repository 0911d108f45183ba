/* load: the loop that sends and counts, on epoll.
 * Thread: the generator's one.
 *
 * It shares the machine with the server that it measures, so it is frugal: a
 * request's bytes are ready but for their slots, a reply is read once where it
 * lands, and sockets are watched edge-triggered, once for good. */
#include "tools/bench/load.h"

#include "tools/bench/reply.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define READ_BYTES ((size_t)256 << 10)
#define EVENTS_MAX 256
#define CLOSED_MAX 10000 /* connections lost before the run is given up */
#define SECOND_NS 1e9
#define NEVER_NS UINT64_MAX

struct channel {
	struct wire wire;
	struct request request;
	bool busy;
	size_t sent;          /* bytes of the request under way */
	uint64_t intended_ns; /* when it was due */
	struct channel *next_idle;
	char *part; /* owned: a reply's beginning, when it came in pieces */
	size_t part_len, part_room;
};

struct load {
	const struct load_plan *plan;
	struct load_result *result;
	struct channel *channels; /* owned */
	int epoll;
	struct channel *idle_first, *idle_last; /* open loop: the longest idle first */
	struct random_source random;
	uint64_t start_ns, from_ns, until_ns;
	uint64_t due_count; /* open loop: requests sent so far */
	uint64_t sent_count;
	unsigned busy_count;
	bool measuring;
	double generator_cpu, server_cpu; /* when measuring began */
	char *read_buffer;                /* owned */
	char *error;
	bool failed;
};

static uint64_t clock_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void fail(struct load *load, const char *what, const char *why)
{
	if (!load->failed)
		snprintf(load->error, ERROR_MAX, "%s: %s", what, why);
	load->failed = true;
}

/* ---- CPU time ------------------------------------------------------------------------ */

static double own_cpu(void)
{
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
}

/* proc(5), stat: the fields behind the name in brackets are 3 to 52; user and system
 * time are 14 and 15, in ticks. */
#define STAT_FIRST 3
#define STAT_USER 14

static double cpu_of(long pid)
{
	char path[64], text[1024];
	snprintf(path, sizeof path, "/proc/%ld/stat", pid);
	FILE *file = pid > 0 ? fopen(path, "r") : NULL;
	if (file == NULL)
		return NAN;
	size_t len = fread(text, 1, sizeof text - 1, file);
	fclose(file);
	text[len] = '\0';
	char *at = strrchr(text, ')');
	for (int field = STAT_FIRST - 1; at != NULL && field < STAT_USER; field++)
		at = strchr(at + 1, ' ');
	if (at == NULL)
		return NAN;
	unsigned long long user = strtoull(at, &at, 10), system = strtoull(at, NULL, 10);
	return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

static void begin_measuring(struct load *load)
{
	load->measuring = true;
	load->generator_cpu = own_cpu();
	load->server_cpu = cpu_of(load->plan->server_pid);
}

static void end_measuring(struct load *load)
{
	double server = cpu_of(load->plan->server_pid) - load->server_cpu;
	load->result->generator_cpu_seconds = own_cpu() - load->generator_cpu;
	load->result->server_cpu_seconds = isnan(server) ? -1 : server;
}

/* ---- sending --------------------------------------------------------------------------- */

static void watch(struct load *load, struct channel *channel)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
	                            .data.ptr = channel};
	if (epoll_ctl(load->epoll, EPOLL_CTL_ADD, channel->wire.fd, &event) != 0)
		fail(load, "epoll_ctl", strerror(errno));
}

static void open_wire(struct load *load, struct channel *channel)
{
	if (wire_open(&channel->wire, load->plan->target, load->error))
		watch(load, channel);
	else
		load->failed = true;
}

static void set_idle(struct load *load, struct channel *channel)
{
	channel->next_idle = NULL;
	if (load->idle_first == NULL)
		load->idle_first = channel;
	else
		load->idle_last->next_idle = channel;
	load->idle_last = channel;
}

static void set_free(struct load *load, struct channel *channel)
{
	channel->busy = false;
	channel->part_len = 0;
	load->busy_count--;
}

/* The server ended it: the request under way counts as lost. */
static void reopen(struct load *load, struct channel *channel)
{
	if (channel->busy) {
		if (++load->result->closed == CLOSED_MAX)
			fail(load, "the server",
			     "it keeps closing connections under their requests");
		set_free(load, channel);
		set_idle(load, channel);
	}
	wire_close(&channel->wire);
	if (!load->failed)
		open_wire(load, channel);
}

static void push(struct load *load, struct channel *channel)
{
	const struct request *request = &channel->request;
	while (channel->sent < request->len) {
		ssize_t len = wire_write(&channel->wire, request->bytes + channel->sent,
		                         request->len - channel->sent);
		if (len < 0)
			reopen(load, channel);
		if (len <= 0)
			return;
		channel->sent += (size_t)len;
	}
}

static void begin(struct load *load, struct channel *channel, uint64_t intended_ns)
{
	request_fill(&channel->request, load->plan->programme, &load->random);
	channel->busy = true;
	channel->sent = 0;
	channel->intended_ns = intended_ns;
	load->busy_count++;
	load->sent_count++;
	push(load, channel);
}

/* ---- when to send ------------------------------------------------------------------------ */

static bool over(const struct load *load, uint64_t now_ns)
{
	return now_ns >= load->until_ns ||
	       (load->plan->stop_at != 0 && load->sent_count >= load->plan->stop_at);
}

static uint64_t due_ns(const struct load *load, uint64_t i)
{
	return load->start_ns + (uint64_t)((double)i * SECOND_NS / load->plan->rate);
}

/* Sends what is due; returns when there is next something to do. */
static uint64_t send_due(struct load *load, uint64_t now_ns)
{
	bool closed_loop = load->plan->rate <= 0;
	while (load->idle_first != NULL && !load->failed) {
		uint64_t due = closed_loop ? now_ns : due_ns(load, load->due_count);
		if (over(load, now_ns) || due >= load->until_ns)
			return NEVER_NS;
		if (due > now_ns)
			return due;
		struct channel *channel = load->idle_first;
		load->idle_first = channel->next_idle;
		load->due_count++;
		begin(load, channel, due);
	}
	return NEVER_NS;
}

/* What was due and never sent waited at least until the end. */
static void count_unsent(struct load *load)
{
	if (load->plan->rate <= 0)
		return;
	for (;; load->due_count++) {
		uint64_t due = due_ns(load, load->due_count);
		if (due >= load->until_ns)
			return;
		if (due < load->from_ns)
			continue;
		load->result->unsent++;
		histogram_add(&load->result->latency, load->until_ns - due);
	}
}

/* ---- receiving --------------------------------------------------------------------------- */

/* Lines that begin with {"status":201. */
static uint64_t count_accepted(struct lgp_view body)
{
	static const char accepted[] = "{\"status\":201";
	uint64_t count = 0;
	const char *at = body.ptr, *end = body.ptr + body.len;
	while (at != NULL && (size_t)(end - at) >= sizeof accepted - 1) {
		count += memcmp(at, accepted, sizeof accepted - 1) == 0;
		at = memchr(at, '\n', (size_t)(end - at));
		at = at == NULL ? NULL : at + 1;
	}
	return count;
}

/* A customer's id out of the answer to its registration. */
static void take_customer(struct load *load, struct lgp_view body)
{
	static const char member[] = "\"id\":\"";
	const char *at = memmem(body.ptr, body.len, member, sizeof member - 1);
	size_t left = at == NULL ? 0 : body.len - (size_t)(at - body.ptr) - (sizeof member - 1);
	if (left < LGP_CUSTOMER_ID_LEN ||
	    !programme_add_customer(load->plan->programme,
	                            (struct lgp_view){at + sizeof member - 1, LGP_CUSTOMER_ID_LEN}))
		fail(load, "registering customers", "an answer without an id");
}

static void note_refusal(struct load_result *result, const struct reply *reply)
{
	if (result->refusal[0] == '\0')
		snprintf(result->refusal, sizeof result->refusal, "%u %.*s", reply->status,
		         (int)(reply->body.len < 200 ? reply->body.len : 200), reply->body.ptr);
}

static void count(struct load *load, const struct channel *channel, const struct reply *reply)
{
	struct load_result *result = load->result;
	const struct mode *mode = &load->plan->mode;
	uint64_t lines = 1;
	result->status[reply->status < STATUS_MAX ? reply->status : 0]++;
	if (reply->status / 100 != 2) {
		note_refusal(result, reply);
		return;
	}
	if (mode->kind == MODE_CUSTOMER)
		take_customer(load, reply->body);
	if (mode->kind == MODE_BATCH) {
		lines = count_accepted(reply->body);
		result->refused_lines += mode->lines - lines;
		if (lines < mode->lines)
			note_refusal(result, reply);
	}
	if (channel->intended_ns < load->from_ns)
		return;
	result->answered++;
	result->accepted_lines += lines;
	result->request_bytes += channel->request.len;
	result->reply_bytes += reply->len;
	histogram_add(&result->latency, clock_ns() - channel->intended_ns);
	if (mode->kind == MODE_GRANT)
		receipts_see(&result->receipts, &load->random, reply->body);
}

static bool keep_part(struct channel *channel, struct lgp_view bytes)
{
	size_t len = channel->part_len + bytes.len;
	if (len > channel->part_room) {
		char *part = realloc(channel->part, 2 * len);
		if (part == NULL)
			return false;
		channel->part = part;
		channel->part_room = 2 * len;
	}
	memcpy(channel->part + channel->part_len, bytes.ptr, bytes.len);
	channel->part_len = len;
	return true;
}

/* Bytes came.  True: the reply is whole, and was counted. */
static bool take(struct load *load, struct channel *channel, struct lgp_view bytes)
{
	struct reply reply;
	if (!channel->busy) {
		fail(load, "the server", "it sent a reply that nobody asked for");
		return true;
	}
	if (channel->part_len > 0 && !keep_part(channel, bytes)) {
		fail(load, "a reply", "memory ran out");
		return true;
	}
	if (channel->part_len > 0)
		bytes = (struct lgp_view){channel->part, channel->part_len};
	switch (reply_parse(bytes, &reply)) {
	case REPLY_WHOLE:
		if (reply.len < bytes.len)
			fail(load, "the server", "it sent more than the reply");
		count(load, channel, &reply);
		set_free(load, channel);
		set_idle(load, channel);
		return true;
	case REPLY_PARTIAL:
		if (channel->part_len == 0 && !keep_part(channel, bytes))
			fail(load, "a reply", "memory ran out");
		return load->failed;
	case REPLY_BAD:
		break;
	}
	fail(load, "the server", "a reply that is not HTTP/1.1 with a Content-Length");
	return true;
}

static void pull(struct load *load, struct channel *channel)
{
	for (;;) {
		ssize_t len = wire_read(&channel->wire, load->read_buffer, READ_BYTES);
		if (len < 0)
			reopen(load, channel);
		if (len <= 0)
			return;
		if (take(load, channel, (struct lgp_view){load->read_buffer, (size_t)len}))
			return;
	}
}

static void on_event(struct load *load, const struct epoll_event *event)
{
	struct channel *channel = event->data.ptr;
	if (channel->busy && channel->sent < channel->request.len)
		push(load, channel);
	if ((event->events & ~(unsigned)EPOLLOUT) != 0 && !load->failed)
		pull(load, channel);
}

/* ---- the whole ----------------------------------------------------------------------------- */

/* Waits until wake_ns at most, and serves what happened. */
static void turn(struct load *load, uint64_t now_ns, uint64_t wake_ns)
{
	struct epoll_event events[EVENTS_MAX];
	uint64_t wait_ns = wake_ns > now_ns ? wake_ns - now_ns : 0;
	struct timespec wait = {(time_t)(wait_ns / 1000000000u), (long)(wait_ns % 1000000000u)};
	int ready = epoll_pwait2(load->epoll, events, EVENTS_MAX, &wait, NULL);
	if (ready < 0 && errno != EINTR)
		fail(load, "epoll_pwait2", strerror(errno));
	for (int i = 0; i < ready && !load->failed; i++) {
		on_event(load, &events[i]);
		if (load->idle_first != NULL)
			send_due(load, clock_ns()); /* not after them all: that would be late */
	}
}

static uint64_t earliest(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static void loop(struct load *load)
{
	uint64_t now = clock_ns();
	while (!load->failed && !over(load, now)) {
		uint64_t next = send_due(load, now);
		if (!load->measuring && now >= load->from_ns)
			begin_measuring(load);
		uint64_t mark = load->measuring ? load->until_ns : load->from_ns;
		turn(load, clock_ns(), earliest(next, mark));
		now = clock_ns();
	}
	if (!load->measuring)
		begin_measuring(load);
	end_measuring(load);
	uint64_t limit = now + (uint64_t)(DRAIN_SECONDS * SECOND_NS);
	while (!load->failed && load->busy_count > 0 && now < limit) {
		turn(load, now, limit);
		now = clock_ns();
	}
	load->result->unanswered = load->busy_count;
}

static bool open_channels(struct load *load)
{
	const struct load_plan *plan = load->plan;
	for (unsigned i = 0; i < plan->connections && !load->failed; i++) {
		struct channel *channel = &load->channels[i];
		const char *token = plan->programme->tokens[i % plan->programme->token_count];
		if (!request_build(&channel->request, &plan->mode, plan->target->authority, token))
			fail(load, "requests", "memory ran out");
		else
			open_wire(load, channel);
		set_idle(load, channel);
	}
	return !load->failed;
}

static void close_channels(struct load *load)
{
	for (unsigned i = 0; i < load->plan->connections && load->channels != NULL; i++) {
		struct channel *channel = &load->channels[i];
		wire_close(&channel->wire);
		request_deinit(&channel->request);
		free(channel->part);
	}
	free(load->channels);
	free(load->read_buffer);
	if (load->epoll >= 0)
		close(load->epoll);
}

static bool prepare(struct load *load)
{
	const struct load_plan *plan = load->plan;
	struct rlimit files;
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files); /* else socket() says so */
	}
	load->channels = calloc(plan->connections, sizeof *load->channels);
	load->read_buffer = malloc(READ_BYTES);
	load->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (load->channels == NULL || load->read_buffer == NULL)
		fail(load, "connections", "memory ran out");
	else if (load->epoll < 0)
		fail(load, "epoll_create1", strerror(errno));
	else if (getrandom(&load->random, sizeof load->random, 0) != sizeof load->random)
		fail(load, "getrandom", strerror(errno));
	for (unsigned i = 0; i < plan->connections && load->channels != NULL; i++)
		load->channels[i].wire.fd = -1;
	return !load->failed;
}

bool load_run(const struct load_plan *plan, struct load_result *result, char error[ERROR_MAX])
{
	struct load load = {.plan = plan, .result = result, .error = error, .epoll = -1};
	*result = (struct load_result){0};
	require(plan->connections > 0 && plan->programme->token_count > 0);
	require(plan->programme->customer_count > 0 || plan->mode.kind == MODE_CUSTOMER);
	if (prepare(&load) && open_channels(&load)) {
		load.start_ns = clock_ns();
		load.from_ns = load.start_ns + (uint64_t)(plan->warmup_seconds * SECOND_NS);
		load.until_ns = load.from_ns + (uint64_t)(plan->seconds * SECOND_NS);
		loop(&load);
		count_unsent(&load);
	}
	close_channels(&load);
	return !load.failed;
}

void load_result_deinit(struct load_result *result)
{
	receipts_deinit(&result->receipts);
}

uint64_t load_errors(const struct load_result *result)
{
	uint64_t errors = result->refused_lines + result->closed + result->unanswered;
	for (unsigned status = 0; status < STATUS_MAX; status++)
		if (status / 100 != 2)
			errors += result->status[status];
	return errors;
}
