/* encoding: see encoding.h.  Thread: any, one owner.
 * UTF-8: RFC 3629.  UTF-16: RFC 2781. */
#include "tools/common/encoding.h"

#include <string.h>

#define REPLACEMENT 0xfffd

void decoder_init(struct decoder *decoder, FILE *in)
{
	decoder->in = in;
	decoder->encoding = ENCODING_BYTES;
	decoder->begun = false;
	decoder->bytes = 0;
	decoder->high = 0;
}

/* Bytes of the mark at the file's start. */
static size_t find_mark(struct decoder *decoder, size_t len)
{
	const unsigned char *p = decoder->raw;
	decoder->begun = true;
	if (len >= 3 && p[0] == 0xef && p[1] == 0xbb && p[2] == 0xbf)
		decoder->encoding = ENCODING_UTF8;
	else if (len >= 2 && p[0] == 0xff && p[1] == 0xfe)
		decoder->encoding = ENCODING_UTF16LE;
	else if (len >= 2 && p[0] == 0xfe && p[1] == 0xff)
		decoder->encoding = ENCODING_UTF16BE;
	return decoder->encoding == ENCODING_BYTES ? 0 : decoder->encoding == ENCODING_UTF8 ? 3 : 2;
}

size_t put_utf8(char *out, uint32_t c)
{
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	static const uint32_t leads[] = {0, 0, 0xc0, 0xe0, 0xf0};
	for (size_t i = n; i-- > 1; c >>= 6)
		out[i] = (char)(0x80 | (c & 0x3f));
	out[0] = (char)(leads[n] | c);
	return n;
}

/* One unit of UTF-16; a surrogate without its other half becomes U+FFFD. */
static size_t put_unit(struct decoder *decoder, uint32_t unit, char *out)
{
	size_t len = 0;
	bool low = unit >= 0xdc00 && unit < 0xe000;
	if (decoder->high != 0 && low) {
		len = put_utf8(out, 0x10000 + ((decoder->high - 0xd800) << 10) + (unit - 0xdc00));
		decoder->high = 0;
		return len;
	}
	if (decoder->high != 0)
		len = put_utf8(out, REPLACEMENT);
	decoder->high = unit >= 0xd800 && unit < 0xdc00 ? unit : 0;
	if (decoder->high != 0)
		return len;
	return len + put_utf8(out + len, low ? REPLACEMENT : unit);
}

/* At most 3 bytes of UTF-8 for 2 of UTF-16, and 3 for a half that waited. */
static size_t from_utf16(struct decoder *decoder, const unsigned char *raw, size_t len, char *out)
{
	size_t at = 0;
	bool little = decoder->encoding == ENCODING_UTF16LE;
	for (size_t i = 0; i + 1 < len; i += 2) {
		uint32_t unit = little ? raw[i] | (uint32_t)raw[i + 1] << 8
		                       : (uint32_t)raw[i] << 8 | raw[i + 1];
		at += put_unit(decoder, unit, out + at);
	}
	/* fread fills the chunk unless the file ends: half a unit is its last byte. */
	if (len % 2 == 1)
		at += put_utf8(out + at, REPLACEMENT);
	return at;
}

size_t decoder_read(struct decoder *decoder, char *out)
{
	size_t len = fread(decoder->raw, 1, ENCODING_CHUNK, decoder->in);
	size_t mark = decoder->begun ? 0 : find_mark(decoder, len);
	decoder->bytes += len;
	if (decoder->encoding == ENCODING_UTF16LE || decoder->encoding == ENCODING_UTF16BE)
		return from_utf16(decoder, decoder->raw + mark, len - mark, out);
	memcpy(out, decoder->raw + mark, len - mark);
	return len - mark;
}

/* The length of the well-formed sequence at p, 0 when it is none. */
static size_t utf8_length(const unsigned char *p, size_t len)
{
	if (p[0] < 0x80)
		return 1;
	size_t n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	if (p[0] < 0xc2 || p[0] > 0xf4 || n > len)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	bool overlong = (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xf0 && p[1] < 0x90);
	bool surrogate = p[0] == 0xed && p[1] > 0x9f;
	bool beyond = p[0] == 0xf4 && p[1] > 0x8f;
	return overlong || surrogate || beyond ? 0 : n;
}

bool text_is_utf8(struct lgp_view text)
{
	for (size_t i = 0, n; i < text.len; i += n) {
		n = utf8_length((const unsigned char *)text.ptr + i, text.len - i);
		if (n == 0)
			return false;
	}
	return true;
}

/* Where windows-1252 differs from Latin-1; five bytes are left open. */
static const uint16_t windows_1252[32] = {
        0x20ac,      REPLACEMENT, 0x201a, 0x0192, 0x201e, 0x2026,      0x2020, 0x2021,
        0x02c6,      0x2030,      0x0160, 0x2039, 0x0152, REPLACEMENT, 0x017d, REPLACEMENT,
        REPLACEMENT, 0x2018,      0x2019, 0x201c, 0x201d, 0x2022,      0x2013, 0x2014,
        0x02dc,      0x2122,      0x0161, 0x203a, 0x0153, REPLACEMENT, 0x017e, 0x0178,
};

struct lgp_view text_from_1252(struct lgp_view text, char **spare)
{
	char *start = *spare;
	for (size_t i = 0; i < text.len; i++) {
		unsigned char byte = (unsigned char)text.ptr[i];
		*spare += put_utf8(*spare,
		                   byte >= 0x80 && byte < 0xa0 ? windows_1252[byte - 0x80] : byte);
	}
	return (struct lgp_view){start, (size_t)(*spare - start)};
}
