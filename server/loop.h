/* loop: one thread with its libuv loop, its listening socket, its connections,
 * and the calls that other threads post to it.
 * Thread: the loop's own, except what http.h says of loop_post, and
 * loop_open, loop_run_thread, loop_ask_to_stop and loop_close, which are the
 * main thread's.
 * Lock: posts_lock alone, a leaf: nothing is called while it is held. */
#ifndef LAGNIAPPE_SERVER_LOOP_H
#define LAGNIAPPE_SERVER_LOOP_H

#include <pthread.h>
#include <stdatomic.h>
#include <uv.h>

#include "server/deadline.h"
#include "server/http.h"
#include "server/tls.h"

#define LOOP_READ_BYTES (64 * 1024) /* one read at most */
#define LOOP_CORK_BYTES (64 * 1024) /* replies gathered into one write */
#define LOOP_DATE_MAX 40

struct conn;
struct work;

/* What all loops of a server share, read-only while they run. */
struct loop_config {
	struct http_handler handler;
	struct http_options options;
	struct tls_context *tls; /* owned by the server, NULL for plain HTTP */
};

/* A ticket's slot.  The generation outlives the connection, so that an old
 * ticket never finds a new one. */
struct loop_slot {
	struct conn *conn; /* NULL: free */
	uint32_t generation, next_free;
};

/* Written by the loop's thread, read by any. */
struct loop_stats {
	_Atomic uint64_t open, total, refused, requests, tls_failures;
};

struct loop {
	uv_loop_t uv;
	uv_tcp_t listener;
	uv_timer_t tick;
	uv_async_t wake;
	uv_prepare_t prepare; /* both end a turn: what the poll brought, */
	uv_check_t check;     /* and what write callbacks did before the next */
	pthread_t thread;
	const struct loop_config *config; /* borrowed */
	unsigned index;
	void *data; /* the handler's */

	pthread_mutex_t posts_lock;
	struct loop_call *posts_first, *posts_last; /* under posts_lock */
	struct loop_call stop_call;

	struct loop_slot *slots;        /* owned, HTTP_CONNECTIONS_MAX */
	uint32_t slot_free, slots_used; /* slot_free: UINT32_MAX none */
	unsigned conn_count;
	struct deadlines deadlines;
	struct work *work_free; /* owned: the pool, last used first */
	unsigned work_free_count;
	unsigned bulk_bodies;  /* works that hold, or may come to hold, a large body */
	struct conn *runnable; /* have input to parse, this turn */

	char *read_bytes;         /* owned, LOOP_READ_BYTES */
	char *plain_bytes;        /* owned, the same; TLS only */
	struct tls_wire *wire;    /* owned; TLS only */
	struct buf head;          /* of the reply that is being given */
	struct buf cork;          /* replies not yet written, of one connection */
	struct conn *cork_conn;   /* borrowed: whose they are */
	char date[LOOP_DATE_MAX]; /* "Date: …" with CRLF */
	size_t date_len;
	int64_t date_s;             /* of date */
	uint64_t id_seed, id_count; /* for request ids of ours */

	bool accept_again; /* one could not be taken for want of memory */
	bool turn_worked;  /* this turn handled requests or calls */
	bool stopping;
	uint64_t drain_due_ms;
	struct loop_stats stats;
};

static inline uint64_t loop_now_ms(const struct loop *loop)
{
	return uv_now(&loop->uv);
}

/* Takes over fd, a bound socket, whatever comes of it; begins to listen.
 * LGP_IO, LGP_NO_MEMORY: nothing is left. */
LGP_MUST_USE enum lgp_status loop_open(const struct loop_config *config, unsigned index, int fd,
                                       struct loop **out);
LGP_MUST_USE enum lgp_status loop_run_thread(struct loop *loop);
/* Once; the thread ends when its connections have gone, or the drain time is over. */
void loop_ask_to_stop(struct loop *loop);
void loop_join(struct loop *loop);
/* The thread has ended, or was never started.  Frees. */
void loop_close(struct loop *loop);

/* LGP_OVERLOAD when HTTP_CONNECTIONS_MAX are open. */
LGP_MUST_USE enum lgp_status loop_slot_take(struct loop *loop, struct conn *conn, uint32_t *slot);
/* At once when the connection closes: its tickets name nothing from then on. */
void loop_slot_give(struct loop *loop, uint32_t slot);
/* The connection's memory goes. */
void loop_conn_gone(struct loop *loop);
/* Room for 17 characters: 16 and NUL.  Unique in this loop. */
void loop_make_id(struct loop *loop, char out[17]);

#endif
