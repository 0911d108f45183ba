/* buf: a growable run of bytes with a stated bound, for building replies.
 * Thread: any, one owner.  A write that would pass the bound, or for which
 * memory runs out, sets failed and changes nothing; later writes do nothing.
 * So builders need one check at the end. */
#ifndef LAGNIAPPE_SERVER_BUF_H
#define LAGNIAPPE_SERVER_BUF_H

#include "lagniappe/status.h"

#include <string.h>

struct buf {
	char *ptr; /* owned */
	size_t len, cap, max;
	bool failed;
};

void buf_init(struct buf *buf, size_t max_bytes); /* allocates nothing yet */
void buf_deinit(struct buf *buf);
void buf_clear(struct buf *buf); /* keeps the memory, clears failed */
void buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_decimal(struct buf *buf, uint64_t value);
/* What buf_reserve does where there is not room to spare already. */
char *buf_make_room(struct buf *buf, size_t n);

/* Inline from here on: replies are built of a hundred short texts each, most of them
 * literals of known length. */

/* Room for n more bytes at ptr + len, or NULL. The caller adds to len. */
static inline char *buf_reserve(struct buf *buf, size_t n)
{
	return !buf->failed && n < buf->cap - buf->len ? buf->ptr + buf->len
	                                               : buf_make_room(buf, n);
}

static inline void buf_add(struct buf *buf, const void *bytes, size_t len)
{
	char *at;
	if (len == 0 || (at = buf_reserve(buf, len)) == NULL)
		return;
	memcpy(at, bytes, len);
	buf->len += len;
}

static inline void buf_text(struct buf *buf, const char *text)
{
	buf_add(buf, text, strlen(text));
}

static inline void buf_view(struct buf *buf, struct lgp_view view)
{
	buf_add(buf, view.ptr, view.len);
}

static inline struct lgp_view buf_contents(const struct buf *buf)
{
	return (struct lgp_view){buf->ptr, buf->len};
}

#endif
