/* http: connections, requests and replies (RFC 9110, RFC 9112), over TLS 1.3
 * or plain.  Knows nothing of the ledger: whoever starts the loops hands in a
 * handler.
 *
 * Glossary.  A loop is one thread with its own libuv loop, its own listening
 * socket (SO_REUSEPORT) and its own connections.  An exchange is one request
 * and its reply; a connection has one at a time, and pipelined requests wait
 * in its read buffer, so that memory is bounded and order is kept.  An exchange
 * that must wait is deferred, and named from then on by its ticket: the
 * connection may be gone when the answer comes.
 *
 * Thread: everything here belongs to the exchange's loop thread, except
 * http_server_*, which is the main thread's, and loop_post, which is for any. */
#ifndef LAGNIAPPE_SERVER_HTTP_H
#define LAGNIAPPE_SERVER_HTTP_H

#include "server/buf.h"

#define HTTP_TARGET_MAX 2048                 /* bytes of path and query: else 414 */
#define HTTP_HEADERS_MAX 16384               /* bytes of all headers: else 431 */
#define HTTP_HEADER_COUNT_MAX 64             /* else 431 */
#define HTTP_BODY_MAX (64 * 1024)            /* else 413 */
#define HTTP_BULK_BODY_MAX (8 * 1024 * 1024) /* where the handler allows it */
#define HTTP_BULK_BODIES_MAX 16 /* larger than HTTP_BODY_MAX, in memory of one loop: else 503 */
#define HTTP_REPLY_MAX (64 * 1024 * 1024)
#define HTTP_CONNECTIONS_MAX 16384 /* of one loop; then new ones are closed */
#define HTTP_REQUEST_ID_MAX 64

enum http_method {
	HTTP_GET,
	HTTP_HEAD_,
	HTTP_POST_,
	HTTP_PUT_,
	HTTP_PATCH_,
	HTTP_DELETE_,
	HTTP_OTHER
};

struct loop;

/* Names a deferred exchange. */
struct ticket {
	uint32_t slot, generation;
};

struct exchange {
	struct loop *loop;
	struct ticket ticket;
	enum http_method method;
	/* Borrowed, until the reply is given or the exchange is deferred. */
	struct lgp_view path, query; /* raw, path begins with '/', query without '?' */
	struct lgp_view body;
	struct lgp_view authorization, idempotency_key, prefer, accept, content_type, if_match;
	char request_id
	        [HTTP_REQUEST_ID_MAX]; /* the caller's when of a safe form, else ours; answered */
	struct buf *out;               /* the body of the reply is built here; empty at first */
	uint64_t started_us;           /* monotonic */
	void *user;                    /* the handler's own, per connection, NULL at first */
	const void *note;              /* and of this exchange: borrowed, NULL at first */
	char extra[512];               /* further header lines of the reply, each with CRLF */
	size_t extra_len;
};

struct http_handler {
	/* A whole request is here.  Calls http_reply or http_defer, once.  HEAD is
	 * handed in as GET with head handled by the connection. */
	void (*request)(struct exchange *exchange, void *context);
	/* The headers are here: how large may the body be of a caller who says this of who
	 * they are?  0 refuses any body. */
	size_t (*body_max)(struct loop *loop, enum http_method method, struct lgp_view path,
	                   struct lgp_view authorization, void *context);
	/* A request that could not be handed in (malformed, too large, too slow): builds the
	 * problem's body in exchange->out; http replies and closes.
	 * status: 400, 408, 411, 413, 414, 431, 501, 503; detail: what was wrong. */
	void (*refused)(struct exchange *exchange, int status, const char *detail, void *context);
	/* The connection goes: frees exchange->user. */
	void (*closed)(void *user, void *context);
	/* Called on the loop thread at start, before the first connection, and at its end. */
	void *(*loop_start)(struct loop *loop, void *context); /* its result: loop_data(loop) */
	void (*loop_stop)(struct loop *loop, void *context);
	/* Called once at the end of each turn of the loop that handled requests: a
	 * place to flush what was queued for other threads. */
	void (*turn_end)(struct loop *loop, void *context);
	/* After each reply: for the log and the metrics. */
	void (*replied)(const struct exchange *exchange, int status, size_t bytes, void *context);
	void *context;
};

struct http_options {
	const char *host;
	uint16_t port;                  /* 0: any, see http_server_port */
	unsigned loops;                 /* 1 or more */
	const char *tls_cert, *tls_key; /* PEM files, NULL for plain HTTP */
	unsigned header_timeout_ms;     /* from the first byte to the end of the headers: 408 */
	unsigned body_timeout_ms;       /* from the headers to the end of the body: 408 */
	unsigned idle_timeout_ms;       /* between requests: closed quietly */
	unsigned write_timeout_ms;      /* a reader that does not read: closed */
	unsigned drain_timeout_ms;      /* at stop: what is under way may take so long */
};

struct http_server;

/* Binds, starts the threads, returns when all listen.  Fault: LGP_IO (the address, the
 * certificate: lgp_fault_detail()), LGP_NO_MEMORY. */
LGP_MUST_USE enum lgp_status http_server_start(const struct http_options *options,
                                               const struct http_handler *handler,
                                               struct http_server **out);
uint16_t http_server_port(const struct http_server *server);
/* Stops listening, lets exchanges under way finish (replies with Connection:
 * close) up to the drain time-out, joins the threads.  Frees. */
void http_server_stop(struct http_server *server);

/* The body is exchange->out.  content_type is a static string.  Status 204 has no body. */
void http_reply(struct exchange *exchange, int status, const char *content_type);
/* Adds "Name: value" to the reply.  A value with CR or LF is left out. */
void http_reply_header(struct exchange *exchange, const char *name, struct lgp_view value);
/* The answer comes later: borrowed views die now. */
void http_defer(struct exchange *exchange);
/* The deferred exchange, or NULL when its connection is gone. Then http_reply. */
struct exchange *http_resume(struct loop *loop, struct ticket ticket);

void *loop_data(struct loop *loop);
unsigned loop_index(const struct loop *loop);
/* Any thread: runs call(loop, data) on the loop's thread, soon, in order; many
 * posts are one wake-up.  Never fails: a node in the caller's memory carries it. */
struct loop_call {
	struct loop_call *next; /* private */
	void (*call)(struct loop *loop, struct loop_call *self);
};
void loop_post(struct loop *loop, struct loop_call *call);
/* The same for a chain of calls linked by next, first to last: one lock, one wake-up. */
void loop_post_chain(struct loop *loop, struct loop_call *first, struct loop_call *last);

/* Counters of all loops, for /metrics. */
struct http_stats {
	uint64_t connections_open, connections_total, connections_refused, requests, tls_failures;
};
void http_server_stats(const struct http_server *server, struct http_stats *out);

#endif
