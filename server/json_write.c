/* json_write: JSON text into a buffer (RFC 8259 section 7).
 * Thread: any, the buffer's owner. */
#include "server/json.h"

#include <string.h>

#include "lagniappe/codec.h"

/* What a byte becomes: 0 itself, 'u' \u00XX, 'x' part of a longer character,
 * else the letter behind a backslash.  '<', '>' and '&' are written as \u00XX,
 * so that an answer never becomes markup. */
static char escape_of(unsigned char byte)
{
	switch (byte) {
	case '"':
	case '\\':
		return (char)byte;
	case '\n':
		return 'n';
	case '\r':
		return 'r';
	case '\t':
		return 't';
	case '<':
	case '>':
	case '&':
	case 0x7f:
		return 'u';
	default:
		return byte < 0x20 ? 'u' : byte >= 0x80 ? 'x' : 0;
	}
}

static void write_escape(struct buf *out, unsigned char byte, char escape)
{
	static const char digits[] = "0123456789abcdef";
	if (escape != 'u') {
		buf_add(out, (char[]){'\\', escape}, 2);
		return;
	}
	char text[6] = {'\\', 'u', '0', '0', digits[byte >> 4], digits[byte & 15]};
	buf_add(out, text, sizeof text);
}

void json_write_string(struct buf *out, struct lgp_view text)
{
	buf_add(out, "\"", 1);
	size_t from = 0, i = 0;
	while (i < text.len) {
		unsigned char byte = (unsigned char)text.ptr[i];
		char escape = escape_of(byte);
		unsigned len = escape == 'x' ? json_utf8_length(text.ptr + i, text.len - i) : 1;
		if (escape == 0 || (escape == 'x' && len > 0)) {
			i += len;
			continue;
		}
		buf_add(out, text.ptr + from, i - from);
		if (escape == 'x')
			buf_add(out, "\xef\xbf\xbd", 3); /* U+FFFD for what is not UTF-8 */
		else
			write_escape(out, byte, escape);
		from = ++i;
	}
	buf_add(out, text.ptr + from, text.len - from);
	buf_add(out, "\"", 1);
}

static bool needs_comma(const struct buf *out)
{
	return out->len > 0 && !memchr("{[:\n", out->ptr[out->len - 1], 4);
}

void json_write_name(struct buf *out, const char *name)
{
	size_t len = strlen(name);
	char *ptr = buf_reserve(out, len + 4);
	if (!ptr)
		return;
	size_t used = 0;
	if (needs_comma(out))
		ptr[used++] = ',';
	ptr[used++] = '"';
	memcpy(ptr + used, name, len);
	used += len;
	ptr[used++] = '"';
	ptr[used++] = ':';
	out->len += used;
}

void json_write_text(struct buf *out, const char *name, struct lgp_view text)
{
	json_write_name(out, name);
	json_write_string(out, text);
}

void json_write_int(struct buf *out, const char *name, int64_t value)
{
	json_write_name(out, name);
	if (value < 0)
		buf_add(out, "-", 1);
	buf_decimal(out, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

void json_write_bool(struct buf *out, const char *name, bool value)
{
	json_write_name(out, name);
	buf_text(out, value ? "true" : "false");
}

void json_write_time(struct buf *out, const char *name, int64_t time_us)
{
	char text[LGP_TIME_LEN + 2];
	text[0] = text[LGP_TIME_LEN + 1] = '"';
	lgp_time_format(text + 1, time_us);
	json_write_name(out, name);
	buf_add(out, text, sizeof text);
}

void json_write_date(struct buf *out, const char *name, int32_t days)
{
	char text[LGP_DATE_LEN + 2];
	text[0] = text[LGP_DATE_LEN + 1] = '"';
	lgp_date_format(text + 1, days);
	json_write_name(out, name);
	buf_add(out, text, sizeof text);
}

void json_write_base64(struct buf *out, const char *name, const void *bytes, size_t len)
{
	json_write_name(out, name);
	char *ptr = buf_reserve(out, LGP_BASE64_LEN(len) + 2);
	if (!ptr)
		return;
	ptr[0] = '"';
	size_t used = lgp_base64_encode(ptr + 1, bytes, len);
	ptr[used + 1] = '"';
	out->len += used + 2;
}
