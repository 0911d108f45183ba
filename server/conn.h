/* conn: one connection, and what it is doing.
 * Thread: loop.
 *
 *            whole request               http_defer
 *   READING ───────────────► HANDLING ◄─────────────► DEFERRED
 *    ▲  │  conn_dispatch      │        http_resume
 *    │  │                     │ http_reply
 *    │  │ cork_flush falls    ▼
 *    │  └─────────────────► WRITING ──────────────► LINGERING
 *    └────────────────────────┘    to be closed       until the peer closes too
 *     all is written
 *
 * and conn_close leads from each to CLOSED, which ends in the close callback. */
#ifndef LAGNIAPPE_SERVER_CONN_H
#define LAGNIAPPE_SERVER_CONN_H

#include "server/http_request.h"
#include "server/loop.h"

#define CONN_HEAD_MAX 1536 /* bytes of a reply's head; see http_reply.c */

enum conn_state {
	CONN_READING,   /* between requests, or within one */
	CONN_HANDLING,  /* the handler has the exchange */
	CONN_DEFERRED,  /* the handler will come back to it */
	CONN_WRITING,   /* output is not all with the kernel yet */
	CONN_LINGERING, /* we are done, the peer may still be sending */
	CONN_CLOSED,
};

/* What a connection needs while it is busy, and only then: from the first byte
 * of a request until its reply is written, save while the exchange is deferred.
 * Pooled by the loop. */
struct work {
	struct exchange exchange; /* first: handlers hold its address */
	struct conn *conn;        /* borrowed */
	struct work *next_free;

	struct http_request request;
	/* The window: bytes that have come and are not done with.  [start, size)
	 * begins with request's first byte.  It is `in`, or during a run the
	 * loop's own read buffer. */
	char *bytes;
	size_t start, size;
	struct buf in;

	struct buf out;            /* the reply's body */
	char head[CONN_HEAD_MAX];  /* of a reply that was not written at once */
	size_t head_len, body_len; /* the reply to be written: of head, of out */
	size_t sent;               /* of both together */
	struct buf pending;        /* goes out as it is, before the reply */
	struct buf flying;         /* what was pending and is uv_write's now */
	bool bulk;                 /* counted in loop->bulk_bodies, until it is given back */
	bool in_flight;            /* uv_write has flying, or where that is empty the reply */
	uv_write_t write;
};

struct conn {
	uv_tcp_t tcp;
	struct loop *loop;
	struct work *work;       /* owned, NULL while idle */
	struct tls_session *tls; /* owned, NULL for plain HTTP */
	void *user;              /* the handler's, while there is no work */
	struct deadline deadline;
	struct conn *next_runnable;
	size_t write_left; /* not read by the peer when the write time-out was set */
	size_t lingered;   /* bytes dropped while lingering */
	uint32_t slot;
	enum conn_state state;
	bool running;         /* conn_run is on the stack */
	bool runnable;        /* in the loop's list */
	bool handshaken;      /* true for plain HTTP */
	bool reading_stopped; /* the window is full */
	bool ended;           /* the peer sends no more */
	bool close_after;     /* this reply is the last */
	bool old_http, head;  /* of the request in hand: HTTP/1.0, HEAD */
	bool parked;          /* deferred, and what follows is of its exchange */
	enum http_method method;
	uint64_t started_us;
	const void *note;
	char request_id[HTTP_REQUEST_ID_MAX];
};

/* Accepts one from the loop's listener, or refuses it. */
void conn_accept(struct loop *loop);
/* Any state; the memory goes later. */
void conn_close(struct conn *conn);
/* Only moves that the table in conn.c allows. */
void conn_move(struct conn *conn, enum conn_state to);
/* NULL when memory has run out. */
struct work *conn_work(struct conn *conn);
/* The views of a request whose bytes go. */
void conn_forget_request(struct exchange *exchange);
/* The exchange that was deferred, for its handler; NULL: memory ran out, it is closed. */
struct exchange *conn_resume(struct conn *conn);
/* All output is with the kernel: what comes next. */
void conn_written(struct conn *conn);
/* A reply was given, and may have gone in part: the peer's time to read begins. */
void conn_replied(struct conn *conn);
/* Whether more of the window waits to be parsed in this run. */
static inline bool conn_has_more(const struct conn *conn)
{
	return conn->work->start < conn->work->size;
}
/* Parses what those in the loop's list have. */
void conn_run_runnable(struct loop *loop);
void conn_on_deadline(struct conn *conn, enum deadline_kind kind);
/* At stop: closes when nothing is under way. */
void conn_drain(struct conn *conn);

#endif
