/* load: the loop that sends and counts, on epoll.
 * Thread: the generator's one.
 *
 * It shares the machine with the server that it measures, so it is frugal: a
 * request's bytes are ready but for their slots, a reply is read once where it
 * lands, and sockets are watched edge-triggered, once for good. */
#include "tools/bench/load.h"

#include "tools/bench/cpu.h"

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
	uint64_t again_ns;    /* when to send it again; 0: it is under way */
	bool late;            /* it was sent again when the time was over */
	struct channel *next; /* idle, or waiting to ask again */
	char *part;           /* owned: a reply's beginning, when it came in pieces */
	size_t part_len, part_room;
};

struct load {
	const struct load_plan *plan;
	struct load_result *result;
	struct channel *channels; /* owned */
	int epoll;
	struct channel *idle_first, *idle_last; /* open loop: the longest idle first */
	struct channel *waiting;                /* to ask again */
	uint64_t waiting_until_ns;              /* the first of them */
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

static void begin_measuring(struct load *load)
{
	load->measuring = true;
	load->generator_cpu = cpu_own();
	load->server_cpu = cpu_of(load->plan->server_pid);
}

static void end_measuring(struct load *load)
{
	double server = cpu_of(load->plan->server_pid) - load->server_cpu;
	load->result->generator_cpu_seconds = cpu_own() - load->generator_cpu;
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
	channel->next = NULL;
	if (load->idle_first == NULL)
		load->idle_first = channel;
	else
		load->idle_last->next = channel;
	load->idle_last = channel;
}

static void set_free(struct load *load, struct channel *channel)
{
	channel->busy = false;
	channel->part_len = 0;
	load->busy_count--;
}

/* The server ended it: the request under way counts as lost; one that waits to be
 * sent again does not. */
static void reopen(struct load *load, struct channel *channel)
{
	if (channel->busy && channel->again_ns == 0) {
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
	channel->late = false;
	channel->intended_ns = intended_ns;
	load->busy_count++;
	load->sent_count++;
	push(load, channel);
}

/* ---- when to send ------------------------------------------------------------------------ */

static uint64_t earliest(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

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
		load->idle_first = channel->next;
		load->due_count++;
		begin(load, channel, due);
	}
	return NEVER_NS;
}

static void wait_to_ask(struct load *load, struct channel *channel, double seconds)
{
	channel->again_ns = clock_ns() + (uint64_t)(seconds * SECOND_NS);
	channel->part_len = 0;
	channel->next = load->waiting;
	load->waiting = channel;
	load->waiting_until_ns = earliest(load->waiting_until_ns, channel->again_ns);
}

/* The same bytes once more, under the same keys.  Returns when to come back. */
static uint64_t send_again(struct load *load, uint64_t now_ns)
{
	struct channel **at = &load->waiting;
	if (now_ns < load->waiting_until_ns)
		return load->waiting_until_ns;
	load->waiting_until_ns = NEVER_NS;
	while (*at != NULL && !load->failed) {
		struct channel *channel = *at;
		if (channel->again_ns > now_ns) {
			load->waiting_until_ns =
			        earliest(load->waiting_until_ns, channel->again_ns);
			at = &channel->next;
			continue;
		}
		*at = channel->next;
		channel->again_ns = 0;
		channel->sent = 0;
		channel->late = now_ns >= load->until_ns;
		push(load, channel);
	}
	return load->waiting_until_ns;
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

/* Seconds after which to ask again; 0: the request is done with. */
static double count(struct load *load, struct channel *channel, const struct reply *reply)
{
	enum mode_kind kind = load->plan->mode.kind;
	struct tally_time time = {.due_ns = channel->intended_ns,
	                          .now_ns = clock_ns(),
	                          .measured = channel->intended_ns >= load->from_ns,
	                          .late = channel->late};
	if (kind == MODE_CUSTOMER && reply->status / 100 == 2)
		take_customer(load, reply->body);
	return tally_reply(load->result, kind, &channel->request, reply, &time, &load->random);
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
	double wait_seconds;
	if (!channel->busy || channel->again_ns != 0) {
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
		wait_seconds = count(load, channel, &reply);
		if (wait_seconds > 0) {
			wait_to_ask(load, channel, wait_seconds);
			return true;
		}
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

static void loop(struct load *load)
{
	uint64_t now = clock_ns();
	while (!load->failed && !over(load, now)) {
		uint64_t next = earliest(send_due(load, now), send_again(load, now));
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
		turn(load, now, earliest(send_again(load, now), limit));
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
	struct load load = {.plan = plan,
	                    .result = result,
	                    .error = error,
	                    .epoll = -1,
	                    .waiting_until_ns = NEVER_NS};
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
