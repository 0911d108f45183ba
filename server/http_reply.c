/* http_reply: what a handler says about its exchange, and the head of the reply
 * (RFC 9110, RFC 9112; RFC 6797 for Strict-Transport-Security).
 * Thread: loop. */
#include "server/http_reply.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

#include "server/output.h"

#define CONTENT_TYPE_MAX 128 /* "application/problem+json; charset=utf-8" is 39 */

/* The longest head: status line and fixed fields under 400 bytes, content type,
 * request id, and the handler's own. */
static_assert(CONN_HEAD_MAX >= 400 + CONTENT_TYPE_MAX + HTTP_REQUEST_ID_MAX +
                                       sizeof(((struct exchange *)0)->extra),
              "a head fits");

static const char *status_line(int status)
{
	switch (status) {
#define LINE(code, reason) \
	case code:         \
		return "HTTP/1.1 " #code " " reason "\r\n";
		LINE(200, "OK")
		LINE(201, "Created")
		LINE(202, "Accepted")
		LINE(204, "No Content")
		LINE(301, "Moved Permanently")
		LINE(302, "Found")
		LINE(303, "See Other")
		LINE(304, "Not Modified")
		LINE(400, "Bad Request")
		LINE(401, "Unauthorized")
		LINE(403, "Forbidden")
		LINE(404, "Not Found")
		LINE(405, "Method Not Allowed")
		LINE(406, "Not Acceptable")
		LINE(408, "Request Timeout")
		LINE(409, "Conflict")
		LINE(410, "Gone")
		LINE(411, "Length Required")
		LINE(412, "Precondition Failed")
		LINE(413, "Content Too Large")
		LINE(414, "URI Too Long")
		LINE(415, "Unsupported Media Type")
		LINE(422, "Unprocessable Content")
		LINE(428, "Precondition Required")
		LINE(429, "Too Many Requests")
		LINE(431, "Request Header Fields Too Large")
		LINE(500, "Internal Server Error")
		LINE(501, "Not Implemented")
		LINE(503, "Service Unavailable")
#undef LINE
	default:
		return NULL;
	}
}

/* A status without a name of its own: the reason may be empty (RFC 9112 section 4). */
static void add_status_line(struct buf *head, int status)
{
	const char *line = status_line(status);
	if (line != NULL) {
		buf_text(head, line);
		return;
	}
	buf_text(head, "HTTP/1.1 ");
	buf_decimal(head, (uint64_t)status);
	buf_text(head, " \r\n");
}

static bool has_line(const struct exchange *exchange, struct lgp_view name)
{
	const char *at = exchange->extra, *end = at + exchange->extra_len;
	while (at < end) {
		if ((size_t)(end - at) >= name.len && strncasecmp(at, name.ptr, name.len) == 0)
			return true;
		const char *line_end = memchr(at, '\n', (size_t)(end - at));
		at = line_end == NULL ? end : line_end + 1;
	}
	return false;
}

static void add_connection(struct buf *head, const struct conn *conn)
{
	if (conn->close_after)
		buf_text(head, "Connection: close\r\n");
	else if (conn->old_http)
		buf_text(head, "Connection: keep-alive\r\n");
}

static void add_content(struct buf *head, const char *content_type, size_t len)
{
	size_t type_len = strlen(content_type);
	require(type_len <= CONTENT_TYPE_MAX);
	buf_text(head, "Content-Type: ");
	buf_add(head, content_type, type_len);
	buf_text(head, "\r\nContent-Length: ");
	buf_decimal(head, len);
	buf_text(head, "\r\n");
}

/* In the loop's memory for it, which is in the cache. */
static void compose(struct work *work, int status, const char *content_type)
{
	struct conn *conn = work->conn;
	struct exchange *exchange = &work->exchange;
	struct buf *head = &conn->loop->head;
	bool bodiless = status == 204 || status == 304;
	buf_clear(head);
	add_status_line(head, status);
	buf_add(head, conn->loop->date, conn->loop->date_len);
	if (!bodiless)
		add_content(head, content_type, work->out.len);
	buf_text(head, "X-Request-Id: ");
	buf_text(head, exchange->request_id);
	buf_text(head, "\r\nX-Content-Type-Options: nosniff\r\n");
	if (exchange->extra_len == 0 || !has_line(exchange, LGP_VIEW("Cache-Control:")))
		buf_text(head, "Cache-Control: no-store\r\n");
	if (conn->tls != NULL)
		buf_text(head, "Strict-Transport-Security: max-age=31536000\r\n");
	add_connection(head, conn);
	buf_add(head, exchange->extra, exchange->extra_len);
	buf_text(head, "\r\n");
	require(!head->failed);
	work->head_len = head->len;
	work->body_len = bodiless || conn->head ? 0 : work->out.len;
}

/* The exchange is the first field of its work, and has been the handler's. */
static struct work *work_of(struct exchange *exchange)
{
	struct work *work = (struct work *)(void *)exchange;
	require(work->conn != NULL && work->conn->work == work &&
	        work->conn->state == CONN_HANDLING);
	return work;
}

/* A body that could not be built must not be sent in part. */
static int replace_failed_body(struct work *work)
{
	const struct http_handler *handler = &work->conn->loop->config->handler;
	work->exchange.extra_len = 0;
	buf_clear(&work->out);
	if (handler->refused != NULL)
		handler->refused(&work->exchange, 503,
		                 "the answer is larger than the server may send, or memory ran out",
		                 handler->context);
	if (work->out.failed)
		buf_clear(&work->out);
	return 503;
}

void http_reply(struct exchange *exchange, int status, const char *content_type)
{
	struct work *work = work_of(exchange);
	struct conn *conn = work->conn;
	const struct http_handler *handler = &conn->loop->config->handler;
	require(status >= 200 && status <= 599);
	if (work->out.failed) {
		status = replace_failed_body(work);
		content_type = HTTP_PROBLEM_TYPE;
	}
	if (conn->loop->stopping)
		conn->close_after = true;
	compose(work, status, content_type);
	conn_move(conn, CONN_WRITING);
	if (handler->replied != NULL)
		handler->replied(exchange, status, work->head_len + work->body_len,
		                 handler->context);
	output_reply(conn);
	conn_replied(conn);
}

void http_reply_header(struct exchange *exchange, const char *name, struct lgp_view value)
{
	size_t name_len = strlen(name), len;
	for (size_t i = 0; i < value.len; i++)
		if (value.ptr[i] == '\r' || value.ptr[i] == '\n' || value.ptr[i] == '\0')
			return;
	if (__builtin_add_overflow(name_len + 4, value.len, &len) ||
	    len > sizeof(exchange->extra) - exchange->extra_len)
		return;
	char *at = exchange->extra + exchange->extra_len;
	memcpy(at, name, name_len);
	memcpy(at + name_len, ": ", 2);
	if (value.len > 0)
		memcpy(at + name_len + 2, value.ptr, value.len);
	memcpy(at + len - 2, "\r\n", 2);
	exchange->extra_len += len;
}

void http_defer(struct exchange *exchange)
{
	struct work *work = work_of(exchange);
	conn_forget_request(exchange);
	conn_move(work->conn, CONN_DEFERRED);
}

struct exchange *http_resume(struct loop *loop, struct ticket ticket)
{
	if (ticket.slot >= loop->slots_used)
		return NULL;
	const struct loop_slot *slot = &loop->slots[ticket.slot];
	if (slot->conn == NULL || slot->generation != ticket.generation ||
	    slot->conn->state != CONN_DEFERRED)
		return NULL;
	return conn_resume(slot->conn);
}
