/* loop: one thread with its libuv loop.  See loop.h.
 * Thread: as loop.h says of each. */
#include "server/loop.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "server/counter.h"
#include "server/conn.h"
#include "server/work.h"

#define TICK_MS 250
#define LINGER_MS 2000
#define BACKLOG 1024

/* Posted calls. */

void loop_post_chain(struct loop *loop, struct loop_call *first, struct loop_call *last)
{
	last->next = NULL;
	pthread_mutex_lock(&loop->posts_lock);
	bool was_empty = loop->posts_first == NULL;
	if (was_empty)
		loop->posts_first = first;
	else
		loop->posts_last->next = first;
	loop->posts_last = last;
	pthread_mutex_unlock(&loop->posts_lock);
	if (was_empty)
		require(uv_async_send(&loop->wake) == 0);
}

void loop_post(struct loop *loop, struct loop_call *call)
{
	loop_post_chain(loop, call, call);
}

static void run_posts(struct loop *loop)
{
	pthread_mutex_lock(&loop->posts_lock);
	struct loop_call *call = loop->posts_first;
	loop->posts_first = loop->posts_last = NULL;
	pthread_mutex_unlock(&loop->posts_lock);
	while (call != NULL) {
		struct loop_call *next = call->next; /* the call may free itself */
		loop->turn_worked = true;
		call->call(loop, call);
		call = next;
	}
}

static void on_wake(uv_async_t *wake)
{
	run_posts(wake->data);
}

/* Turns. */

static void end_turn(struct loop *loop)
{
	const struct http_handler *handler = &loop->config->handler;
	/* What ends a turn may answer exchanges, and so begin others. */
	while (loop->turn_worked || loop->runnable != NULL) {
		conn_run_runnable(loop);
		loop->turn_worked = false;
		if (handler->turn_end != NULL)
			handler->turn_end(loop, handler->context);
	}
}

static void on_prepare(uv_prepare_t *prepare)
{
	end_turn(prepare->data);
}

static void on_check(uv_check_t *check)
{
	end_turn(check->data);
}

/* The tick: the date, and what is due. */

/* RFC 9110 section 5.6.7; the names are English whatever the locale is. */
static void set_date(struct loop *loop)
{
	static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
	                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	time_t now = time(NULL);
	struct tm tm;
	if ((int64_t)now == loop->date_s || gmtime_r(&now, &tm) == NULL)
		return;
	loop->date_s = (int64_t)now;
	int len = snprintf(loop->date, sizeof(loop->date),
	                   "Date: %s, %02d %s %04d %02d:%02d:%02d GMT\r\n", days[tm.tm_wday],
	                   tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min,
	                   tm.tm_sec);
	require(len > 0 && (size_t)len < sizeof(loop->date));
	loop->date_len = (size_t)len;
}

static void for_each_conn(struct loop *loop, void (*act)(struct conn *conn))
{
	for (uint32_t slot = 0; slot < loop->slots_used; slot++)
		if (loop->slots[slot].conn != NULL)
			act(loop->slots[slot].conn);
}

static struct conn *conn_of(struct deadline *deadline)
{
	return (struct conn *)(void *)((char *)deadline - offsetof(struct conn, deadline));
}

static void on_tick(uv_timer_t *tick)
{
	struct loop *loop = tick->data;
	struct deadline *due;
	enum deadline_kind kind;
	set_date(loop);
	while ((due = deadline_next_due(&loop->deadlines, loop_now_ms(loop), &kind)) != NULL)
		conn_on_deadline(conn_of(due), kind);
	if (loop->accept_again && !loop->stopping)
		conn_accept(loop);
	if (loop->stopping && loop_now_ms(loop) >= loop->drain_due_ms)
		for_each_conn(loop, conn_close);
}

/* Connections. */

static void on_connection(uv_stream_t *listener, int status)
{
	if (status == 0)
		conn_accept(listener->data);
}

enum lgp_status loop_slot_take(struct loop *loop, struct conn *conn, uint32_t *slot)
{
	if (loop->slot_free != UINT32_MAX) {
		*slot = loop->slot_free;
		loop->slot_free = loop->slots[*slot].next_free;
	} else if (loop->slots_used < HTTP_CONNECTIONS_MAX) {
		*slot = loop->slots_used++;
	} else {
		return LGP_OVERLOAD;
	}
	loop->slots[*slot].conn = conn;
	loop->conn_count++;
	count(&loop->stats.open, 1);
	count(&loop->stats.total, 1);
	return LGP_OK;
}

void loop_slot_give(struct loop *loop, uint32_t slot)
{
	loop->slots[slot].conn = NULL;
	loop->slots[slot].generation++;
	loop->slots[slot].next_free = loop->slot_free;
	loop->slot_free = slot;
}

void loop_conn_gone(struct loop *loop)
{
	loop->conn_count--;
	count(&loop->stats.open, (uint64_t)-1);
	if (loop->stopping && loop->conn_count == 0)
		uv_stop(&loop->uv);
}

/* A bijection of the counter (SplitMix64's finalizer), so that ids do not repeat
 * and do not look like a count of our customers' requests. */
void loop_make_id(struct loop *loop, char out[17])
{
	static const char digits[16] = "0123456789abcdef";
	uint64_t bits = loop->id_seed + ++loop->id_count;
	bits = (bits ^ bits >> 30) * 0xbf58476d1ce4e5b9u;
	bits = (bits ^ bits >> 27) * 0x94d049bb133111ebu;
	bits ^= bits >> 31;
	for (unsigned i = 0; i < 16; i++)
		out[i] = digits[bits >> (60 - 4 * i) & 15];
	out[16] = '\0';
}

void *loop_data(struct loop *loop)
{
	return loop->data;
}

unsigned loop_index(const struct loop *loop)
{
	return loop->index;
}

/* Beginning and end. */

static void begin_stop(struct loop *loop, struct loop_call *call)
{
	(void)call;
	loop->stopping = true;
	loop->drain_due_ms = loop_now_ms(loop) + loop->config->options.drain_timeout_ms;
	uv_close((uv_handle_t *)&loop->listener, NULL);
	for_each_conn(loop, conn_drain);
	if (loop->conn_count == 0)
		uv_stop(&loop->uv);
}

static void *run_thread(void *argument)
{
	struct loop *loop = argument;
	const struct http_handler *handler = &loop->config->handler;
	if (handler->loop_start != NULL)
		loop->data = handler->loop_start(loop, handler->context);
	uv_run(&loop->uv, UV_RUN_DEFAULT);
	/* Those who posted are called, whatever they resume is gone.  loop_stop
	 * returns when nobody will post again: the loop's memory goes next. */
	run_posts(loop);
	end_turn(loop);
	if (handler->loop_stop != NULL)
		handler->loop_stop(loop, handler->context);
	run_posts(loop);
	return NULL;
}

static enum lgp_status fault(const char *what, int error)
{
	return lgp_fault(LGP_IO, "cannot start a loop: %s: %s", what, uv_strerror(error));
}

static bool take_memory(struct loop *loop)
{
	loop->slots = calloc(HTTP_CONNECTIONS_MAX, sizeof(*loop->slots));
	loop->read_bytes = malloc(LOOP_READ_BYTES);
	buf_init(&loop->cork, LOOP_CORK_BYTES);
	buf_init(&loop->head, CONN_HEAD_MAX);
	if (loop->slots == NULL || loop->read_bytes == NULL ||
	    buf_reserve(&loop->cork, LOOP_CORK_BYTES) == NULL ||
	    buf_reserve(&loop->head, CONN_HEAD_MAX) == NULL)
		return false;
	if (loop->config->tls == NULL)
		return true;
	loop->plain_bytes = malloc(LOOP_READ_BYTES);
	loop->wire = tls_wire_new();
	return loop->plain_bytes != NULL && loop->wire != NULL;
}

static void give_memory(struct loop *loop)
{
	work_free_pool(loop);
	tls_wire_free(loop->wire);
	free(loop->plain_bytes);
	buf_deinit(&loop->cork);
	buf_deinit(&loop->head);
	free(loop->read_bytes);
	free(loop->slots);
	pthread_mutex_destroy(&loop->posts_lock);
	free(loop);
}

static enum lgp_status open_handles(struct loop *loop, int fd)
{
	int error;
	uv_loop_t *uv = &loop->uv;
	loop->listener.data = loop->tick.data = loop->wake.data = loop;
	loop->prepare.data = loop->check.data = loop;
	if ((error = uv_async_init(uv, &loop->wake, on_wake)) != 0) {
		close(fd);
		return fault("a wake-up", error);
	}
	uv_tcp_init(uv, &loop->listener);
	if ((error = uv_tcp_open(&loop->listener, fd)) != 0) {
		close(fd);
		return fault("its socket", error);
	}
	uv_timer_init(uv, &loop->tick);
	uv_timer_start(&loop->tick, on_tick, TICK_MS, TICK_MS);
	uv_prepare_init(uv, &loop->prepare);
	uv_prepare_start(&loop->prepare, on_prepare);
	uv_check_init(uv, &loop->check);
	uv_check_start(&loop->check, on_check);
	error = uv_listen((uv_stream_t *)&loop->listener, BACKLOG, on_connection);
	return error == 0 ? LGP_OK : fault("listening", error);
}

static void set_up(struct loop *loop)
{
	const struct http_options *options = &loop->config->options;
	const unsigned after_ms[DEADLINE_NONE] = {
	        [DEADLINE_HEADER] = options->header_timeout_ms,
	        [DEADLINE_BODY] = options->body_timeout_ms,
	        [DEADLINE_IDLE] = options->idle_timeout_ms,
	        [DEADLINE_WRITE] = options->write_timeout_ms,
	        [DEADLINE_LINGER] = LINGER_MS,
	};
	deadlines_init(&loop->deadlines, after_ms);
	loop->slot_free = UINT32_MAX;
	loop->stop_call.call = begin_stop;
	set_date(loop);
	if (getrandom(&loop->id_seed, sizeof(loop->id_seed), 0) != sizeof(loop->id_seed))
		loop->id_seed = uv_hrtime(); /* ids need to differ, not to be secret */
}

enum lgp_status loop_open(const struct loop_config *config, unsigned index, int fd,
                          struct loop **out)
{
	struct loop *loop = calloc(1, sizeof(*loop));
	if (loop == NULL) {
		close(fd);
		return lgp_fault(LGP_NO_MEMORY, "no memory for a loop");
	}
	loop->config = config;
	loop->index = index;
	pthread_mutex_init(&loop->posts_lock, NULL);
	set_up(loop);
	if (!take_memory(loop) || uv_loop_init(&loop->uv) != 0) {
		close(fd);
		give_memory(loop);
		return lgp_fault(LGP_NO_MEMORY, "no memory for a loop");
	}
	enum lgp_status status = open_handles(loop, fd);
	if (status == LGP_OK)
		*out = loop;
	else
		loop_close(loop);
	return status;
}

/* Signals are the main thread's; a write to a socket that is gone is an error
 * here, and no SIGPIPE. */
enum lgp_status loop_run_thread(struct loop *loop)
{
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	int error = pthread_create(&loop->thread, NULL, run_thread, loop);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return error == 0 ? LGP_OK
	                  : lgp_fault(LGP_NO_MEMORY, "cannot start a thread: %s", strerror(error));
}

void loop_ask_to_stop(struct loop *loop)
{
	loop_post(loop, &loop->stop_call);
}

void loop_join(struct loop *loop)
{
	pthread_join(loop->thread, NULL);
}

static void close_handle(uv_handle_t *handle, void *unused)
{
	(void)unused;
	if (!uv_is_closing(handle))
		uv_close(handle, NULL);
}

void loop_close(struct loop *loop)
{
	uv_walk(&loop->uv, close_handle, NULL);
	uv_run(&loop->uv, UV_RUN_DEFAULT);
	require(uv_loop_close(&loop->uv) == 0);
	give_memory(loop);
}
