/* reply: where an HTTP/1.1 reply ends.
 * Thread: any. */
#include "tools/bench/reply.h"

#include <string.h>
#include <strings.h>

static const char begin[] = "HTTP/1.1 ";
#define BEGIN_LEN (sizeof begin - 1)
#define STATUS_LINE_MIN (BEGIN_LEN + 3)
#define RETRY_AFTER_MAX 3600 /* seconds; longer ones are not waited for */

static bool read_status(const char *at, unsigned *status)
{
	*status = 0;
	for (unsigned i = 0; i < 3; i++) {
		if (at[i] < '0' || at[i] > '9')
			return false;
		*status = *status * 10 + (unsigned)(at[i] - '0');
	}
	return *status >= 200; /* nothing asks for interim replies */
}

struct header {
	const char *name; /* lower case, with its colon */
	size_t len;
};
static const struct header content_length = {"content-length:", sizeof "content-length:" - 1};
static const struct header retry_after = {"retry-after:", sizeof "retry-after:" - 1};

/* The number that a line of this header holds; -1: another line, or not a number. */
static long long read_number(const struct header *header, const char *line, size_t len)
{
	long long value = 0;
	size_t at = header->len;
	if (len <= at || (line[0] | 0x20) != header->name[0] ||
	    strncasecmp(line, header->name, at) != 0)
		return -1;
	while (at < len && line[at] == ' ')
		at++;
	if (at == len)
		return -1;
	for (; at < len && line[at] != '\r'; at++) {
		if (line[at] < '0' || line[at] > '9' || value > (long long)REPLY_MAX)
			return -1;
		value = value * 10 + (line[at] - '0');
	}
	return value;
}

enum reply_state reply_parse(struct lgp_view bytes, struct reply *out)
{
	const char *at = bytes.ptr, *end = bytes.ptr + bytes.len;
	long long length = -1, wait = -1;
	if (bytes.len < STATUS_LINE_MIN)
		return REPLY_PARTIAL;
	if (memcmp(at, begin, BEGIN_LEN) != 0 || !read_status(at + BEGIN_LEN, &out->status))
		return REPLY_BAD;
	for (;;) {
		const char *lf = memchr(at, '\n', (size_t)(end - at));
		if (lf == NULL)
			return bytes.len > REPLY_MAX ? REPLY_BAD : REPLY_PARTIAL;
		size_t len = (size_t)(lf - at);
		if (len <= 1) {
			at = lf + 1;
			break;
		}
		if (length < 0)
			length = read_number(&content_length, at, len);
		if (wait < 0)
			wait = read_number(&retry_after, at, len);
		at = lf + 1;
	}
	if (length < 0 && out->status == 204)
		length = 0;
	size_t head = (size_t)(at - bytes.ptr);
	if (length < 0 || (size_t)length > REPLY_MAX - head)
		return REPLY_BAD;
	out->len = head + (size_t)length;
	out->body = (struct lgp_view){at, (size_t)length};
	out->retry_after_s = wait > 0 && wait <= RETRY_AFTER_MAX ? (unsigned)wait : 0;
	return bytes.len < out->len ? REPLY_PARTIAL : REPLY_WHOLE;
}
