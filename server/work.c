/* work: the pool of what connections need while they are busy.
 * Thread: loop.
 * Bounds: POOL_MAX of them are kept, each with at most KEEP_BYTES a buffer, so
 * that one large reply, or one busy minute, is not paid for ever. */
#include "server/work.h"

#include <stdlib.h>

#define POOL_MAX 1024
#define KEEP_BYTES (16 * 1024)
/* A head, the largest body, and what one read may bring beyond them. */
#define IN_MAX (HTTP_BULK_BODY_MAX + 8 * LOOP_READ_BYTES)
#define PENDING_MAX (2 * 1024 * 1024) /* the cork and a slice of TLS, with room */

struct work *work_take(struct loop *loop)
{
	struct work *work = loop->work_free;
	if (work != NULL) {
		loop->work_free = work->next_free;
		loop->work_free_count--;
	} else {
		work = calloc(1, sizeof(*work));
		if (work == NULL)
			return NULL;
		buf_init(&work->in, IN_MAX);
		buf_init(&work->out, HTTP_REPLY_MAX);
		buf_init(&work->pending, PENDING_MAX);
		buf_init(&work->flying, PENDING_MAX);
		work->exchange.loop = loop;
		work->exchange.out = &work->out;
		work->write.data = work;
	}
	work->next_free = NULL;
	return work;
}

static void empty(struct buf *buf)
{
	if (buf->cap > KEEP_BYTES)
		buf_deinit(buf);
	buf_clear(buf);
}

static void dispose(struct work *work)
{
	buf_deinit(&work->in);
	buf_deinit(&work->out);
	buf_deinit(&work->pending);
	buf_deinit(&work->flying);
	free(work);
}

void work_give(struct loop *loop, struct work *work)
{
	require(!work->in_flight);
	if (work->bulk)
		loop->bulk_bodies--;
	work->bulk = false;
	if (loop->work_free_count == POOL_MAX) {
		dispose(work);
		return;
	}
	empty(&work->in);
	empty(&work->out);
	empty(&work->pending);
	empty(&work->flying);
	work->conn = NULL;
	work->bytes = NULL;
	work->start = work->size = 0;
	work->head_len = work->body_len = work->sent = 0;
	work->exchange.user = NULL;
	work->next_free = loop->work_free;
	loop->work_free = work;
	loop->work_free_count++;
}

void work_free_pool(struct loop *loop)
{
	while (loop->work_free != NULL) {
		struct work *work = loop->work_free;
		loop->work_free = work->next_free;
		dispose(work);
	}
	loop->work_free_count = 0;
}
