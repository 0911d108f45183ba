/* conn: one connection, and what it is doing.  See conn.h.
 * Thread: loop. */
#include "server/conn.h"

#include <linux/sockios.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "server/counter.h"
#include "server/http_reply.h"
#include "server/output.h"
#include "server/work.h"

#define AHEAD_BYTES_MAX (64 * 1024)         /* pipelined, while an exchange is under way */
#define LINGER_BYTES_MAX HTTP_BULK_BODY_MAX /* dropped after the last reply */

static const bool moves[CONN_CLOSED + 1][CONN_CLOSED + 1] = {
        [CONN_READING] = {[CONN_HANDLING] = true,
                          [CONN_WRITING] = true,
                          [CONN_LINGERING] = true,
                          [CONN_CLOSED] = true},
        [CONN_HANDLING] = {[CONN_DEFERRED] = true, [CONN_WRITING] = true, [CONN_CLOSED] = true},
        [CONN_DEFERRED] = {[CONN_HANDLING] = true, [CONN_CLOSED] = true},
        [CONN_WRITING] = {[CONN_READING] = true, [CONN_LINGERING] = true, [CONN_CLOSED] = true},
        [CONN_LINGERING] = {[CONN_CLOSED] = true},
};

void conn_move(struct conn *conn, enum conn_state to)
{
	require(moves[conn->state][to]);
	conn->state = to;
}

struct work *conn_work(struct conn *conn)
{
	if (conn->work != NULL)
		return conn->work;
	struct work *work = work_take(conn->loop);
	if (work == NULL)
		return NULL;
	work->conn = conn;
	work->request.parsed = 0;
	work->exchange.user = conn->user;
	conn->work = work;
	return work;
}

static void give_work(struct conn *conn)
{
	if (conn->work == NULL)
		return;
	conn->user = conn->work->exchange.user;
	work_give(conn->loop, conn->work);
	conn->work = NULL;
}

/* Closing. */

static void on_closed(uv_handle_t *handle)
{
	struct conn *conn = handle->data;
	struct loop *loop = conn->loop;
	const struct http_handler *handler = &loop->config->handler;
	require(!conn->runnable);
	give_work(conn);
	if (conn->user != NULL && handler->closed != NULL)
		handler->closed(conn->user, handler->context);
	if (conn->tls != NULL)
		tls_session_free(conn->tls);
	free(conn);
	loop_conn_gone(loop);
}

void conn_close(struct conn *conn)
{
	if (conn->state == CONN_CLOSED)
		return;
	conn_move(conn, CONN_CLOSED);
	deadline_clear(&conn->deadline);
	loop_slot_give(conn->loop, conn->slot);
	uv_close((uv_handle_t *)&conn->tcp, on_closed);
}

static void say_goodbye(struct conn *conn)
{
	if (conn->tls == NULL || !conn->handshaken)
		return;
	struct buf *wire = tls_wire_out(conn->loop->wire);
	tls_session_shutdown(conn->tls);
	uv_buf_t bytes = {wire->ptr, wire->len};
	if (wire->len > 0)
		uv_try_write((uv_stream_t *)&conn->tcp, &bytes, 1);
	buf_clear(wire);
}

static void arm(struct conn *conn, enum deadline_kind kind)
{
	/* What this turn did before may have taken long, and is not this one's time. */
	uv_update_time(&conn->loop->uv);
	deadline_set(&conn->loop->deadlines, &conn->deadline, kind, loop_now_ms(conn->loop));
}

/* A socket that is closed with bytes unread sends a reset, which can take the
 * reply from the peer's hands.  So our half is closed, and the peer's bytes are
 * dropped until it closes too. */
static void linger(struct conn *conn)
{
	uv_os_fd_t fd;
	conn_move(conn, CONN_LINGERING);
	say_goodbye(conn);
	if (conn->ended || uv_fileno((uv_handle_t *)&conn->tcp, &fd) != 0 ||
	    shutdown(fd, SHUT_WR) != 0) {
		conn_close(conn);
		return;
	}
	arm(conn, DEADLINE_LINGER);
}

static void close_quietly(struct conn *conn)
{
	say_goodbye(conn);
	conn_close(conn);
}

/* Reading on and stopping. */

static void on_allocate(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
	struct conn *conn = handle->data;
	(void)suggested;
	*out = uv_buf_init(conn->loop->read_bytes, LOOP_READ_BYTES);
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *bytes);

static void set_reading(struct conn *conn, bool on)
{
	if (conn->reading_stopped != on || conn->ended || conn->state == CONN_CLOSED)
		return;
	conn->reading_stopped = !on;
	if (!on)
		uv_read_stop((uv_stream_t *)&conn->tcp);
	else if (uv_read_start((uv_stream_t *)&conn->tcp, on_allocate, on_read) != 0)
		conn_close(conn);
}

/* The bytes that are not done with, in the work's own memory. */
static void keep_window(struct work *work)
{
	if (work->bytes != work->in.ptr) {
		buf_clear(&work->in);
		buf_add(&work->in, work->bytes + work->start, work->size - work->start);
		work->start = 0;
	} else if (work->start == work->size) {
		buf_clear(&work->in);
		work->start = 0;
	} else {
		work->in.len = work->size;
	}
	work->bytes = work->in.ptr;
	work->size = work->in.len;
}

static void append(struct work *work, const char *bytes, size_t len)
{
	if (work->start > 0) {
		work->in.len -= work->start;
		memmove(work->in.ptr, work->in.ptr + work->start, work->in.len);
		work->start = 0;
	}
	buf_add(&work->in, bytes, len);
	work->bytes = work->in.ptr;
	work->size = work->in.len;
}

/* Exchanges. */

void conn_forget_request(struct exchange *exchange)
{
	struct lgp_view none = {NULL, 0};
	exchange->path = exchange->query = exchange->body = none;
	exchange->authorization = exchange->idempotency_key = exchange->prefer = none;
	exchange->accept = exchange->content_type = exchange->if_match = none;
}

/* Who waits for an answer needs little of a work: it goes to who is busy, and so
 * stays in the cache. */
static void park(struct conn *conn)
{
	struct work *work = conn->work;
	if (work == NULL || conn_has_more(conn) || !output_finished(work) || work->bulk)
		return;
	const struct exchange *exchange = &work->exchange;
	if (!conn->parked) {
		if (exchange->extra_len > 0 || exchange->out->len > 0)
			return;
		conn->parked = true;
		conn->method = exchange->method;
		conn->started_us = exchange->started_us;
		conn->note = exchange->note;
		memcpy(conn->request_id, exchange->request_id, strlen(exchange->request_id) + 1);
	}
	give_work(conn);
}

struct exchange *conn_resume(struct conn *conn)
{
	struct work *work = conn_work(conn);
	if (work == NULL) {
		conn_close(conn);
		return NULL;
	}
	conn_move(conn, CONN_HANDLING);
	struct exchange *exchange = &work->exchange;
	if (!conn->parked)
		return exchange;
	conn->parked = false;
	conn_forget_request(exchange);
	exchange->ticket = (struct ticket){conn->slot, conn->loop->slots[conn->slot].generation};
	exchange->method = conn->method;
	exchange->started_us = conn->started_us;
	exchange->note = conn->note;
	memcpy(exchange->request_id, conn->request_id, strlen(conn->request_id) + 1);
	exchange->extra_len = 0;
	buf_clear(&work->out);
	return exchange;
}

static void set_request_id(struct exchange *exchange, struct lgp_view given)
{
	if (given.ptr == NULL) {
		loop_make_id(exchange->loop, exchange->request_id);
		return;
	}
	memcpy(exchange->request_id, given.ptr, given.len);
	exchange->request_id[given.len] = '\0';
}

static void begin_exchange(struct conn *conn, struct lgp_view id)
{
	struct loop *loop = conn->loop;
	struct exchange *exchange = &conn->work->exchange;
	deadline_clear(&conn->deadline);
	exchange->ticket = (struct ticket){conn->slot, ++loop->slots[conn->slot].generation};
	exchange->extra_len = 0;
	exchange->note = NULL;
	exchange->started_us = uv_hrtime() / 1000;
	set_request_id(exchange, id);
	buf_clear(&conn->work->out);
	count(&loop->stats.requests, 1);
	loop->turn_worked = true;
	conn_move(conn, CONN_HANDLING);
}

static void dispatch(struct conn *conn)
{
	struct work *work = conn->work;
	const struct http_handler *handler = &conn->loop->config->handler;
	struct http_request *request = &work->request;
	const char *bytes = work->bytes + work->start;
	http_request_fill(request, bytes, &work->exchange);
	conn->head = request->head;
	conn->old_http = request->parser.http_minor == 0;
	conn->close_after = !request->keep_alive;
	work->start += request->parsed;
	request->parsed = 0;
	begin_exchange(conn, http_request_id_given(request, bytes));
	handler->request(&work->exchange, handler->context);
	require(conn->state != CONN_HANDLING);
}

/* The connection cannot be read on: where the next request begins is unknown. */
static void refuse(struct conn *conn, int status, const char *detail)
{
	struct work *work = conn->work;
	const struct http_handler *handler = &conn->loop->config->handler;
	struct exchange *exchange = &work->exchange;
	struct http_request *request = &work->request;
	exchange->method = HTTP_OTHER;
	conn_forget_request(exchange);
	conn->head = request->target.off != 0 && request->parser.method == HTTP_HEAD;
	conn->old_http = false;
	conn->close_after = true;
	struct lgp_view id = http_request_id_given(request, work->bytes + work->start);
	work->start = work->size;
	request->parsed = 0;
	begin_exchange(conn, id);
	if (handler->refused != NULL)
		handler->refused(exchange, status, detail, handler->context);
	http_reply(exchange, status, HTTP_PROBLEM_TYPE);
}

/* One request, or what there is of it. */
static void parse_step(struct conn *conn)
{
	struct work *work = conn->work;
	struct http_request *request = &work->request;
	if (!http_request_begun(request)) {
		/* Empty lines before a request are skipped (RFC 9112 section 2.2). */
		while (conn_has_more(conn) &&
		       (work->bytes[work->start] == '\r' || work->bytes[work->start] == '\n'))
			work->start++;
		if (!conn_has_more(conn))
			return;
		http_request_init(request, &conn->loop->config->handler);
		request->loop = conn->loop;
	}
	size_t size = work->size - work->start;
	request->bulk_busy = !work->bulk && conn->loop->bulk_bodies >= HTTP_BULK_BODIES_MAX;
	enum request_step step = http_request_parse(request, work->bytes + work->start, &size);
	if (request->bulk && !request->bulk_busy && !work->bulk) {
		work->bulk = true;
		conn->loop->bulk_bodies++;
	}
	switch (step) {
	case REQUEST_MORE:
		work->size = work->start + size;
		break;
	case REQUEST_WHOLE:
		dispatch(conn);
		break;
	case REQUEST_REFUSED:
		refuse(conn, request->refusal, request->detail);
		break;
	}
}

/* Whether the window holds bytes that the parser has not seen. */
static bool unparsed(const struct work *work)
{
	return work->start + work->request.parsed < work->size;
}

static void settle(struct conn *conn);

static void run(struct conn *conn)
{
	conn->running = true;
	while (conn->state == CONN_READING && unparsed(conn->work))
		parse_step(conn);
	output_flush(conn);
	conn->running = false;
	if (conn->state == CONN_CLOSED)
		return;
	keep_window(conn->work);
	if (conn->work->in.failed)
		conn_close(conn);
	else
		settle(conn);
}

/* Between requests, nothing kept: the work goes back. */
static void settle_idle(struct conn *conn)
{
	if (!conn->handshaken) { /* under the time-out that was set at the start */
		if (output_finished(conn->work))
			give_work(conn);
		return;
	}
	if (conn->ended || conn->loop->stopping) {
		close_quietly(conn);
		return;
	}
	if (output_finished(conn->work))
		give_work(conn);
	/* Set once: what is no request yet does not make the wait longer. */
	if (conn->deadline.kind != DEADLINE_IDLE)
		arm(conn, DEADLINE_IDLE);
}

static void settle_reading(struct conn *conn)
{
	struct http_request *request = &conn->work->request;
	if (!http_request_begun(request)) {
		settle_idle(conn);
		return;
	}
	if (conn->ended) {
		conn_close(conn);
		return;
	}
	/* A time-out counts from its first cause, so it is set once. */
	if (!http_request_in_body(request)) {
		if (conn->deadline.kind != DEADLINE_HEADER)
			arm(conn, DEADLINE_HEADER);
		return;
	}
	if (conn->deadline.kind != DEADLINE_BODY)
		arm(conn, DEADLINE_BODY);
	if (request->expects_continue && request->body_len == 0) {
		request->expects_continue = false;
		output_continue(conn);
	}
}

/* Bytes that the peer has not acknowledged.  The kernel's share counts: it takes
 * no more before a good part of its buffer is free, which a slow reader needs
 * longer for than the time-out. */
static size_t unread_by_peer(const struct conn *conn)
{
	uv_os_fd_t fd;
	int in_kernel = 0;
	if (uv_fileno((const uv_handle_t *)&conn->tcp, &fd) != 0 ||
	    ioctl(fd, SIOCOUTQ, &in_kernel) != 0)
		in_kernel = 0;
	return uv_stream_get_write_queue_size((const uv_stream_t *)&conn->tcp) + (size_t)in_kernel;
}

/* After a run, or when a reply has gone: what is waited for now. */
static void settle(struct conn *conn)
{
	switch (conn->state) {
	case CONN_READING:
		settle_reading(conn);
		break;
	case CONN_DEFERRED:
		if (conn->ended)
			conn_close(conn);
		else
			park(conn);
		break;
	case CONN_WRITING:
		if (conn->deadline.kind == DEADLINE_WRITE)
			break;
		conn->write_left = unread_by_peer(conn);
		arm(conn, DEADLINE_WRITE);
		break;
	case CONN_LINGERING:
		give_work(conn);
		break;
	case CONN_HANDLING:
	case CONN_CLOSED:
		break;
	}
	const struct work *work = conn->work;
	if (conn->state != CONN_CLOSED)
		set_reading(conn, work == NULL || conn->state == CONN_READING ||
		                          work->size - work->start < AHEAD_BYTES_MAX);
}

/* Input waits for the end of the turn, so that a handler that replies is not
 * called for the next request before it returns. */
static void make_runnable(struct conn *conn)
{
	if (conn->runnable)
		return;
	conn->runnable = true;
	conn->next_runnable = conn->loop->runnable;
	conn->loop->runnable = conn;
}

void conn_run_runnable(struct loop *loop)
{
	while (loop->runnable != NULL) {
		struct conn *conn = loop->runnable;
		loop->runnable = conn->next_runnable;
		conn->runnable = false;
		if (conn->state == CONN_READING && conn->work != NULL)
			run(conn);
	}
}

void conn_written(struct conn *conn)
{
	if (conn->state == CONN_WRITING && conn->close_after)
		linger(conn);
	else if (conn->state == CONN_WRITING)
		conn_move(conn, CONN_READING);
	if (conn->running)
		return;
	if (conn->state == CONN_READING && unparsed(conn->work))
		make_runnable(conn);
	else
		settle(conn);
}

void conn_replied(struct conn *conn)
{
	if (!conn->running && conn->state == CONN_WRITING)
		settle(conn);
}

/* Input. */

static void take_input(struct conn *conn, char *bytes, size_t len)
{
	struct work *work = conn_work(conn);
	if (work == NULL) {
		conn_close(conn);
		return;
	}
	if (work->start == work->size && !http_request_begun(&work->request)) {
		work->bytes = bytes;
		work->start = 0;
		work->size = len;
	} else {
		append(work, bytes, len);
		if (work->in.failed) {
			conn_close(conn);
			return;
		}
	}
	run(conn);
}

static void on_end(struct conn *conn)
{
	conn->ended = true;
	uv_read_stop((uv_stream_t *)&conn->tcp);
	/* Who waits for an answer keeps the connection open; what is being
	 * written may still be wanted. */
	if (conn->state == CONN_WRITING || conn->runnable)
		return;
	conn_close(conn);
}

static void fail_handshake(struct conn *conn)
{
	struct buf *wire = tls_wire_out(conn->loop->wire);
	count(&conn->loop->stats.tls_failures, 1);
	/* The alert, if there is one to send. */
	uv_buf_t bytes = {wire->ptr, wire->len};
	if (wire->len > 0)
		uv_try_write((uv_stream_t *)&conn->tcp, &bytes, 1);
	buf_clear(wire);
	if (conn->work == NULL || output_finished(conn->work)) {
		give_work(conn);
		linger(conn);
	} else {
		conn_close(conn);
	}
}

/* True when the session is ready for data. */
static bool handshake(struct conn *conn)
{
	if (conn->handshaken)
		return true;
	enum tls_result result = tls_session_handshake(conn->tls);
	if (result == TLS_FAILED || result == TLS_CLOSED) {
		fail_handshake(conn);
		return false;
	}
	output_wire(conn);
	if (result != TLS_DONE || conn->state == CONN_CLOSED)
		return false;
	conn->handshaken = true;
	deadline_clear(&conn->deadline);
	return true;
}

/* Decrypts what the wire holds, a buffer at a time. */
static void take_plain(struct conn *conn)
{
	enum tls_result result;
	do {
		size_t len = 0, more = 0;
		while ((result = tls_session_read(conn->tls, conn->loop->plain_bytes + len,
		                                  LOOP_READ_BYTES - len, &more)) == TLS_DONE) {
			len += more;
			if (len == LOOP_READ_BYTES)
				break;
		}
		if (conn->state != CONN_LINGERING)
			output_wire(conn);
		if (len > 0 && conn->state != CONN_LINGERING && conn->state != CONN_CLOSED)
			take_input(conn, conn->loop->plain_bytes, len);
	} while (result == TLS_DONE && conn->state != CONN_CLOSED);
	if (conn->state == CONN_CLOSED)
		return;
	if (result == TLS_CLOSED)
		on_end(conn);
	else if (result == TLS_FAILED)
		conn_close(conn);
}

static void take_cipher(struct conn *conn, const char *bytes, size_t len)
{
	struct tls_wire *wire = conn->loop->wire;
	tls_wire_put(wire, bytes, len);
	if (handshake(conn))
		take_plain(conn);
	tls_wire_put(wire, NULL, 0);
	buf_clear(tls_wire_out(wire));
	if (conn->state == CONN_READING && !conn->runnable && conn_work(conn) != NULL)
		settle(conn);
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *bytes)
{
	struct conn *conn = stream->data;
	if (count == 0 || conn->state == CONN_CLOSED)
		return;
	if (count == UV_EOF) {
		on_end(conn);
	} else if (count < 0) {
		conn_close(conn);
	} else if (conn->state == CONN_LINGERING) {
		conn->lingered += (size_t)count;
		if (conn->lingered > LINGER_BYTES_MAX)
			conn_close(conn);
	} else if (conn->tls != NULL) {
		take_cipher(conn, bytes->base, (size_t)count);
	} else {
		take_input(conn, bytes->base, (size_t)count);
	}
}

/* Beginning. */

static bool prepare(struct conn *conn)
{
	struct loop *loop = conn->loop;
	conn->handshaken = loop->config->tls == NULL;
	if (!conn->handshaken) {
		conn->tls = tls_session_new(loop->config->tls, loop->wire);
		if (conn->tls == NULL)
			return false;
	}
	uv_tcp_nodelay(&conn->tcp, 1);
	return uv_read_start((uv_stream_t *)&conn->tcp, on_allocate, on_read) == 0;
}

static void on_refused(uv_handle_t *handle)
{
	free(handle->data);
}

void conn_accept(struct loop *loop)
{
	struct conn *conn = calloc(1, sizeof(*conn));
	/* libuv waits with the next one until this one is taken. */
	loop->accept_again = conn == NULL || uv_tcp_init(&loop->uv, &conn->tcp) != 0;
	if (loop->accept_again) {
		free(conn);
		return;
	}
	conn->loop = loop;
	conn->tcp.data = conn;
	deadline_init(&conn->deadline);
	if (uv_accept((uv_stream_t *)&loop->listener, (uv_stream_t *)&conn->tcp) != 0 ||
	    loop_slot_take(loop, conn, &conn->slot) != LGP_OK) {
		count(&loop->stats.refused, 1);
		uv_close((uv_handle_t *)&conn->tcp, on_refused);
		return;
	}
	if (prepare(conn))
		arm(conn, conn->tls != NULL ? DEADLINE_HEADER : DEADLINE_IDLE);
	else
		conn_close(conn);
}

void conn_on_deadline(struct conn *conn, enum deadline_kind kind)
{
	bool reading = conn->state == CONN_READING && conn->handshaken;
	if (kind == DEADLINE_WRITE && unread_by_peer(conn) != conn->write_left) {
		conn->write_left = unread_by_peer(conn); /* slow, but it reads */
		arm(conn, DEADLINE_WRITE);
	} else if (kind == DEADLINE_HEADER && reading) {
		refuse(conn, 408, "the headers did not come in time");
	} else if (kind == DEADLINE_BODY && reading) {
		refuse(conn, 408, "the body did not come in time");
	} else if (kind == DEADLINE_IDLE) {
		close_quietly(conn);
	} else {
		conn_close(conn);
	}
}

void conn_drain(struct conn *conn)
{
	bool busy = conn->state != CONN_READING ||
	            (conn->work != NULL &&
	             (http_request_begun(&conn->work->request) || !output_finished(conn->work)));
	if (!busy && !conn->runnable)
		close_quietly(conn);
}
