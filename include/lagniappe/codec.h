/* codec: text forms of bytes and numbers, canonical only.
 * Thread: any.  Decoders refuse every form that the encoder would not write
 * (RFC 4648 section 3.5: padding bits zero, padding present; decimals without
 * leading zeros or signs), so that one value has one text. */
#ifndef LAGNIAPPE_CODEC_H
#define LAGNIAPPE_CODEC_H

#include "lagniappe/status.h"

#include <string.h>

/* Characters that n bytes take in base64 (RFC 4648 section 4), padding included. */
#define LGP_BASE64_LEN(n) (((n) + 2) / 3 * 4)

/* Writes exactly LGP_BASE64_LEN(len) characters, no NUL; returns that count. */
size_t lgp_base64_encode(char *out, const void *bytes, size_t len);
/* Decodes into out (room for max bytes), *len the bytes written.
 * LGP_MALFORMED: not canonical, or longer than max. */
LGP_MUST_USE enum lgp_status lgp_base64_decode(struct lgp_view text, void *out, size_t max,
                                               size_t *len);

/* Lower-case hexadecimal; writes 2 * len characters, no NUL. */
void lgp_hex_encode(char *out, const void *bytes, size_t len);
/* text must be exactly 2 * len lower-case digits. */
LGP_MUST_USE enum lgp_status lgp_hex_decode(struct lgp_view text, void *out, size_t len);

/* RFC 4648 section 6 alphabet in lower case, unpadded: 16 bytes <-> 26 characters. */
#define LGP_BASE32_ID_LEN 26
void lgp_base32_encode16(char out[LGP_BASE32_ID_LEN], const uint8_t bytes[16]);
LGP_MUST_USE enum lgp_status lgp_base32_decode16(struct lgp_view text, uint8_t out[16]);

/* Decimal without sign, leading zeros or blanks; "0" is zero. */
LGP_MUST_USE enum lgp_status lgp_decimal_parse(struct lgp_view text, uint64_t *out);
/* Writes at most 20 characters, no NUL; returns the count. */
size_t lgp_decimal_format(char out[20], uint64_t value);

/* Days since 1970-01-01 <-> "YYYY-MM-DD" (proleptic Gregorian, years 0001 to 9999). */
#define LGP_DATE_LEN 10
LGP_MUST_USE enum lgp_status lgp_date_parse(struct lgp_view text, int32_t *days);
void lgp_date_format(char out[LGP_DATE_LEN], int32_t days);
/* Microseconds since the epoch <-> "YYYY-MM-DDTHH:MM:SS.uuuuuuZ" (RFC 3339 UTC). The parser
 * takes 0 to 6 digits of fraction and the letter Z alone as zone. */
#define LGP_TIME_LEN 27
LGP_MUST_USE enum lgp_status lgp_time_parse(struct lgp_view text, int64_t *time_us);
void lgp_time_format(char out[LGP_TIME_LEN], int64_t time_us);

/* A number whose bytes lie in memory in this order, whatever the machine's is. */
static inline uint64_t lgp_little(uint64_t value)
{
	return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? value : __builtin_bswap64(value);
}

static inline uint64_t lgp_big(uint64_t value)
{
	return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? value : __builtin_bswap64(value);
}

/* Unaligned little-endian integers of 1 to 8 bytes. */
static inline void lgp_put_le(uint8_t *out, uint64_t value, unsigned bytes)
{
	value = lgp_little(value);
	memcpy(out, &value, bytes);
}

static inline uint64_t lgp_get_le(const uint8_t *in, unsigned bytes)
{
	uint64_t value = 0;
	memcpy(&value, in, bytes);
	return lgp_little(value);
}

/* Big-endian, where bytes must sort as numbers do. */
static inline void lgp_put_be(uint8_t *out, uint64_t value, unsigned bytes)
{
	value = lgp_big(value << (64 - 8 * bytes));
	memcpy(out, &value, bytes);
}

static inline uint64_t lgp_get_be(const uint8_t *in, unsigned bytes)
{
	uint64_t value = 0;
	memcpy(&value, in, bytes);
	return lgp_big(value) >> (64 - 8 * bytes);
}

#endif
