/* output: how bytes leave a connection.  See output.h.
 * Thread: loop. */
#include "server/output.h"

#include <string.h>

#define CORKED_REPLY_MAX (16 * 1024) /* larger ones are worth a write of their own */
#define TLS_SLICE_BYTES (256 * 1024) /* encrypted ahead of the socket */

static void pump(struct conn *conn);

bool output_finished(const struct work *work)
{
	return !work->in_flight && work->pending.len == 0 &&
	       work->sent == work->head_len + work->body_len;
}

static void on_write(uv_write_t *request, int status)
{
	struct work *work = request->data;
	struct conn *conn = work->conn;
	work->in_flight = false;
	if (conn->state == CONN_CLOSED)
		return;
	if (status < 0) {
		conn_close(conn);
		return;
	}
	if (work->flying.len > 0)
		buf_clear(&work->flying);
	else
		work->sent = work->head_len + work->body_len;
	pump(conn);
}

/* What the socket takes at once; 0 when it is full, or when the connection had
 * to be closed. */
static size_t try_write(struct conn *conn, const uv_buf_t *bufs, unsigned count)
{
	int written = uv_try_write((uv_stream_t *)&conn->tcp, bufs, count);
	if (written < 0 && written != UV_EAGAIN)
		conn_close(conn);
	return written < 0 ? 0 : (size_t)written;
}

/* True when all of it is with the kernel; else uv_write has the rest, or the
 * connection is closed. */
static bool send_now(struct conn *conn, uv_buf_t *bufs, unsigned count)
{
	size_t written = try_write(conn, bufs, count);
	if (conn->state == CONN_CLOSED)
		return false;
	while (count > 0 && written >= bufs->len) {
		written -= bufs->len;
		bufs++;
		count--;
	}
	if (count == 0)
		return true;
	bufs->base += written;
	bufs->len -= written;
	if (uv_write(&conn->work->write, (uv_stream_t *)&conn->tcp, bufs, count, on_write) != 0)
		conn_close(conn);
	else
		conn->work->in_flight = true;
	return false;
}

static void send_pending(struct conn *conn)
{
	struct work *work = conn->work;
	struct buf empty = work->flying;
	work->flying = work->pending;
	work->pending = empty;
	uv_buf_t bytes = {work->flying.ptr, work->flying.len};
	if (send_now(conn, &bytes, 1))
		buf_clear(&work->flying);
}

static void send_reply(struct conn *conn)
{
	struct work *work = conn->work;
	uv_buf_t bufs[2] = {{work->head, work->head_len}, {work->out.ptr, work->body_len}};
	if (send_now(conn, bufs, work->body_len == 0 ? 1 : 2))
		work->sent = work->head_len + work->body_len;
}

/* Hands bytes to the socket as far as it takes them, and keeps the others. */
static void send_or_keep(struct conn *conn, const struct buf *bytes)
{
	struct work *work = conn->work;
	size_t written = 0;
	if (!work->in_flight && work->pending.len == 0) {
		uv_buf_t all = {bytes->ptr, bytes->len};
		written = try_write(conn, &all, 1);
	}
	if (conn->state == CONN_CLOSED)
		return;
	buf_add(&work->pending, bytes->ptr + written, bytes->len - written);
	if (work->pending.failed)
		conn_close(conn);
}

static void take_wire(struct conn *conn)
{
	struct buf *wire = tls_wire_out(conn->loop->wire);
	if (wire->failed)
		conn_close(conn);
	else if (wire->len > 0 && conn->state != CONN_CLOSED)
		send_or_keep(conn, wire);
	buf_clear(wire);
}

static void start_pending(struct conn *conn)
{
	if (conn->state != CONN_CLOSED && !conn->work->in_flight && conn->work->pending.len > 0)
		send_pending(conn);
}

/* A session that cannot encrypt: what it left in the wire is nobody's now. */
static void break_off(struct conn *conn)
{
	buf_clear(tls_wire_out(conn->loop->wire));
	conn_close(conn);
}

/* The next slice of the reply through TLS; a large one is never in memory twice
 * as a whole. */
static void seal_reply(struct conn *conn)
{
	struct work *work = conn->work;
	bool sound = true;
	if (work->sent == 0) {
		sound = tls_session_write(conn->tls, work->head, work->head_len);
		work->sent = work->head_len;
	}
	size_t at = work->sent - work->head_len;
	size_t slice = work->body_len - at;
	if (slice > TLS_SLICE_BYTES)
		slice = TLS_SLICE_BYTES;
	if (!sound || (slice > 0 && !tls_session_write(conn->tls, work->out.ptr + at, slice))) {
		break_off(conn);
		return;
	}
	work->sent += slice;
	take_wire(conn);
}

static void pump(struct conn *conn)
{
	struct work *work = conn->work;
	while (conn->state != CONN_CLOSED && !work->in_flight && !output_finished(work)) {
		if (work->pending.len > 0)
			send_pending(conn);
		else if (conn->tls != NULL)
			seal_reply(conn);
		else
			send_reply(conn);
	}
	if (conn->state != CONN_CLOSED && output_finished(work))
		conn_written(conn);
}

/* Bytes that are whole replies: no reply in hand is begun after them here. */
static void add(struct conn *conn, const struct buf *bytes)
{
	if (conn->state == CONN_CLOSED)
		return;
	if (conn->tls == NULL)
		send_or_keep(conn, bytes);
	else if (tls_session_write(conn->tls, bytes->ptr, bytes->len))
		take_wire(conn);
	else
		break_off(conn);
	start_pending(conn);
	if (conn->state == CONN_READING && !output_finished(conn->work))
		conn_move(conn, CONN_WRITING);
}

void output_flush(struct conn *conn)
{
	struct loop *loop = conn->loop;
	struct buf *cork = &loop->cork;
	if (cork->len == 0 || loop->cork_conn != conn)
		return;
	add(conn, cork);
	buf_clear(cork);
}

/* Whether the reply is better gathered than written from where it is: others may
 * follow at once, TLS would make a record each of head and body, and the kernel
 * takes one run of bytes faster than two.  The cork is one connection's at a time;
 * a handler may answer another one in between. */
static bool worth_corking(const struct conn *conn, size_t bytes)
{
	const struct loop *loop = conn->loop;
	return !conn->close_after && bytes <= CORKED_REPLY_MAX &&
	       (loop->cork.len == 0 || loop->cork_conn == conn);
}

/* False when there is something before it that the socket did not take. */
static bool cork_reply(struct conn *conn)
{
	struct work *work = conn->work;
	struct loop *loop = conn->loop;
	if (loop->cork.len + work->head_len + work->body_len > LOOP_CORK_BYTES)
		output_flush(conn);
	if (conn->state == CONN_CLOSED || work->in_flight || work->pending.len > 0)
		return false;
	buf_add(&loop->cork, loop->head.ptr, loop->head.len);
	buf_add(&loop->cork, work->out.ptr, work->body_len);
	require(!loop->cork.failed);
	loop->cork_conn = conn;
	work->sent = work->head_len + work->body_len;
	return true;
}

void output_reply(struct conn *conn)
{
	struct work *work = conn->work;
	work->sent = 0;
	if (!worth_corking(conn, work->head_len + work->body_len))
		output_flush(conn);
	else if (cork_reply(conn)) {
		if (!conn->running || !conn_has_more(conn))
			output_flush(conn);
		if (conn->state == CONN_WRITING && output_finished(work))
			conn_written(conn);
		return;
	}
	if (conn->state == CONN_CLOSED)
		return;
	memcpy(work->head, conn->loop->head.ptr, work->head_len);
	pump(conn);
}

void output_continue(struct conn *conn)
{
	char line[] = "HTTP/1.1 100 Continue\r\n\r\n";
	add(conn, &(struct buf){.ptr = line, .len = sizeof(line) - 1});
}

void output_wire(struct conn *conn)
{
	struct buf *wire = tls_wire_out(conn->loop->wire);
	if (wire->len == 0 && !wire->failed)
		return;
	if (conn_work(conn) == NULL) {
		buf_clear(wire);
		conn_close(conn);
		return;
	}
	take_wire(conn);
	start_pending(conn);
}
