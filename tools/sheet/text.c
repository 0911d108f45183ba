/* text: what comes in from outside, made fit to be shown.
 * Thread: one at a time.  UTF-8 as RFC 3629 has it, read by ICU. */
#include "tools/sheet/model.h"

#include <stdlib.h>
#include <string.h>
#include <unicode/utf8.h>

#define REPLACEMENT 0xfffd
#define ELLIPSIS "\xe2\x80\xa6"

/* What XML 1.0 does not allow, and what would steer a terminal. */
static bool shown(UChar32 c)
{
	if (c < 0x20)
		return c == '\t' || c == '\n' || c == '\r';
	return !(c >= 0x7f && c <= 0x9f) && c != 0xfffe && c != 0xffff;
}

static size_t put_code(char *out, UChar32 c)
{
	uint8_t bytes[U8_MAX_LENGTH];
	size_t len = 0;
	U8_APPEND_UNSAFE(bytes, len, (uint32_t)c);
	memcpy(out, bytes, len);
	return len;
}

/* Where a text of `len` bytes must be cut so that `room` more fit below max. */
static size_t cut_before(const char *out, size_t len, size_t room, size_t max)
{
	while (len > 0 && (len + room > max || ((unsigned char)out[len] & 0xc0) == 0x80))
		len--;
	return len;
}

size_t text_clean(char *out, size_t max, struct lgp_view text)
{
	const uint8_t *bytes = (const uint8_t *)text.ptr;
	size_t len = 0;
	require(max >= sizeof ELLIPSIS - 1);
	for (size_t i = 0; i < text.len;) {
		UChar32 c;
		char code[U8_MAX_LENGTH];
		U8_NEXT_OR_FFFD(bytes, i, text.len, c);
		size_t n = put_code(code, shown(c) ? c : REPLACEMENT);
		if (len + n > max) {
			out[len] = '\0';
			len = cut_before(out, len, sizeof ELLIPSIS - 1, max);
			memcpy(out + len, ELLIPSIS, sizeof ELLIPSIS - 1);
			len += sizeof ELLIPSIS - 1;
			break;
		}
		memcpy(out + len, code, n);
		len += n;
	}
	out[len] = '\0';
	return len;
}

char *text_copy(struct lgp_view text, size_t max)
{
	char *room = malloc(max + 1);
	if (room == NULL)
		return NULL;
	char *fitted = realloc(room, text_clean(room, max, text) + 1);
	return fitted != NULL ? fitted : room;
}
