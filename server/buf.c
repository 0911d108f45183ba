/* buf: a growable run of bytes with a stated bound.  See buf.h.
 * Thread: any, one owner. */
#include "server/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "lagniappe/codec.h"

#define CAP_MIN 512 /* the first allocation, so that short texts do not creep */

void buf_init(struct buf *buf, size_t max_bytes)
{
	*buf = (struct buf){.max = max_bytes};
}

void buf_deinit(struct buf *buf)
{
	free(buf->ptr);
	*buf = (struct buf){.max = buf->max};
}

void buf_clear(struct buf *buf)
{
	buf->len = 0;
	buf->failed = false;
}

/* Doubles, so that a body built of many small writes is copied a bounded number
 * of times, and never passes the bound. */
static bool grow(struct buf *buf, size_t need)
{
	size_t cap = buf->cap < CAP_MIN ? CAP_MIN : buf->cap;
	while (cap < need)
		cap = cap > buf->max / 2 ? buf->max : cap * 2;
	if (cap > buf->max)
		cap = buf->max;
	char *ptr = realloc(buf->ptr, cap);
	if (ptr == NULL)
		return false;
	buf->ptr = ptr;
	buf->cap = cap;
	return true;
}

char *buf_make_room(struct buf *buf, size_t n)
{
	size_t need;
	if (buf->failed)
		return NULL;
	if (__builtin_add_overflow(buf->len, n, &need) || need > buf->max ||
	    ((need > buf->cap || buf->ptr == NULL) && !grow(buf, need))) {
		buf->failed = true;
		return NULL;
	}
	return buf->ptr + buf->len;
}

void buf_printf(struct buf *buf, const char *format, ...)
{
	va_list arguments, again;
	va_start(arguments, format);
	va_copy(again, arguments);
	/* Most texts fit into what is there; one that does not is measured, and
	 * written once more. */
	size_t room = buf->failed ? 0 : buf->cap - buf->len;
	int len = vsnprintf(room == 0 ? NULL : buf->ptr + buf->len, room, format, arguments);
	char *at;
	if (len < 0)
		buf->failed = true;
	else if (!buf->failed && (size_t)len < room)
		buf->len += (size_t)len;
	else if ((at = buf_reserve(buf, (size_t)len + 1)) != NULL)
		buf->len += (size_t)vsnprintf(at, (size_t)len + 1, format, again);
	va_end(again);
	va_end(arguments);
}

void buf_decimal(struct buf *buf, uint64_t value)
{
	char digits[20];
	buf_add(buf, digits, lgp_decimal_format(digits, value));
}
