/* test_codec: texts of bytes, numbers, dates; one value has one text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "lagniappe/codec.h"
#include "tlog_fixture.h"

static void base64_agrees_with_rfc_4648(void **state)
{
	static const struct {
		const char *bytes, *text;
	} vectors[] = {{"", ""},
	               {"f", "Zg=="},
	               {"fo", "Zm8="},
	               {"foo", "Zm9v"},
	               {"foob", "Zm9vYg=="},
	               {"fooba", "Zm9vYmE="},
	               {"foobar", "Zm9vYmFy"},
	               {"\xfb\xff\xfe", "+//+"}};
	(void)state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		struct lgp_view text = lgp_view_of(vectors[i].text);
		size_t len = strlen(vectors[i].bytes);
		char out[16];
		uint8_t back[16];
		assert_int_equal(lgp_base64_encode(out, vectors[i].bytes, len), text.len);
		assert_memory_equal(out, text.ptr, text.len);
		assert_int_equal(lgp_base64_decode(text, back, sizeof(back), &len), LGP_OK);
		assert_int_equal(len, strlen(vectors[i].bytes));
		assert_memory_equal(back, vectors[i].bytes, len);
	}
}

static void base64_agrees_with_libsodium_at_every_length(void **state)
{
	uint8_t bytes[600], back[600];
	char ours[LGP_BASE64_LEN(600)], theirs[LGP_BASE64_LEN(600) + 1];
	uint64_t seed = 1;
	(void)state;
	for (size_t len = 0; len <= sizeof(bytes); len++) {
		for (size_t i = 0; i < len; i++)
			bytes[i] = (uint8_t)(fixture_random(&seed) >> 32);
		size_t text_len = lgp_base64_encode(ours, bytes, len), back_len;
		assert_int_equal(text_len, LGP_BASE64_LEN(len));
		sodium_bin2base64(theirs, sizeof(theirs), bytes, len,
		                  sodium_base64_VARIANT_ORIGINAL);
		assert_memory_equal(ours, theirs, text_len);
		struct lgp_view text = {ours, text_len};
		assert_int_equal(lgp_base64_decode(text, back, len, &back_len), LGP_OK);
		assert_int_equal(back_len, len);
		assert_memory_equal(back, bytes, len);
	}
}

static void base64_refused_unless_canonical(void **state)
{
	static const char *const texts[] = {
	        "Z",        "Zg",   "Zg=",      "Zg===",   "Zh==",         "Zm9=", "Z===", "====",
	        "=Zg=",     "Z=g=", "Zg==Zg==", "Zm9v\n",  "Zm9v\r\n\n\n", " Zm9", "Zm-v", "Zm_v",
	        "Zm9v====", "Zg=a", "Zm9vZ",    "Zm9\xc3", "Zm9v=AAA",     "Zm.v",
	};
	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		uint8_t out[16];
		size_t len;
		assert_int_equal(lgp_base64_decode(lgp_view_of(texts[i]), out, sizeof(out), &len),
		                 LGP_MALFORMED);
		assert_string_not_equal(lgp_fault_detail(), "");
	}
	uint8_t out[4];
	size_t len;
	assert_int_equal(lgp_base64_decode(LGP_VIEW("Zg\0="), out, 4, &len), LGP_MALFORMED);
}

/* All two-character heads: of 4,096, the 256 that end in four zero bits. */
static void base64_accepts_one_text_a_byte(void **state)
{
	unsigned accepted = 0;
	(void)state;
	for (unsigned a = 1; a < 256; a++)
		for (unsigned b = 1; b < 256; b++) {
			char text[4] = {(char)a, (char)b, '=', '='}, again[4];
			uint8_t out[3];
			size_t len;
			if (lgp_base64_decode((struct lgp_view){text, 4}, out, 3, &len) != LGP_OK)
				continue;
			assert_int_equal(len, 1);
			lgp_base64_encode(again, out, 1);
			assert_memory_equal(again, text, 4);
			accepted++;
		}
	assert_int_equal(accepted, 256);
}

static void base64_never_writes_past_its_room(void **state)
{
	uint8_t out[4] = {9, 9, 9, 9};
	size_t len;
	(void)state;
	assert_int_equal(lgp_base64_decode(LGP_VIEW("Zm9v"), out, 2, &len), LGP_MALFORMED);
	assert_int_equal(lgp_base64_decode(LGP_VIEW("Zm8="), out, 2, &len), LGP_OK);
	assert_int_equal(out[2], 9);
}

static void hexadecimal_is_lower_case_and_of_exact_length(void **state)
{
	char text[8];
	uint8_t out[4];
	(void)state;
	lgp_hex_encode(text, "\x00\x9a\xfb\xff", 4);
	assert_memory_equal(text, "009afbff", 8);
	assert_int_equal(lgp_hex_decode(LGP_VIEW("009afbff"), out, 4), LGP_OK);
	assert_memory_equal(out, "\x00\x9a\xfb\xff", 4);
	assert_int_equal(lgp_hex_decode(LGP_VIEW("009AFBFF"), out, 4), LGP_MALFORMED);
	assert_int_equal(lgp_hex_decode(LGP_VIEW("009afbf"), out, 4), LGP_MALFORMED);
	assert_int_equal(lgp_hex_decode(LGP_VIEW("009afbff0"), out, 4), LGP_MALFORMED);
	assert_int_equal(lgp_hex_decode(LGP_VIEW("009afbff00"), out, 4), LGP_MALFORMED);
	assert_int_equal(lgp_hex_decode(LGP_VIEW("009afbfg"), out, 4), LGP_MALFORMED);
	assert_int_equal(lgp_hex_decode(LGP_VIEW(""), out, 0), LGP_OK);
}

static void base32_agrees_with_rfc_4648(void **state)
{
	static const uint8_t bytes[16] = "foobarfoobarfoob";
	char text[LGP_BASE32_ID_LEN];
	uint8_t back[16];
	(void)state;
	lgp_base32_encode16(text, bytes);
	/* python3: base64.b32encode(b'foobarfoobarfoob').lower().rstrip(b'=') */
	assert_memory_equal(text, "mzxw6ytbojtg633cmfzgm33pmi", LGP_BASE32_ID_LEN);
	assert_int_equal(lgp_base32_decode16((struct lgp_view){text, LGP_BASE32_ID_LEN}, back),
	                 LGP_OK);
	assert_memory_equal(back, bytes, 16);
}

static void base32_round_trips_and_refuses_spare_bits(void **state)
{
	uint64_t seed = 2;
	(void)state;
	for (unsigned round = 0; round < 2000; round++) {
		uint8_t bytes[16], back[16];
		char text[LGP_BASE32_ID_LEN];
		struct lgp_view view = {text, LGP_BASE32_ID_LEN};
		lgp_put_le(bytes, fixture_random(&seed), 8);
		lgp_put_le(bytes + 8, fixture_random(&seed), 8);
		lgp_base32_encode16(text, bytes);
		assert_int_equal(lgp_base32_decode16(view, back), LGP_OK);
		assert_memory_equal(back, bytes, 16);
		/* Any other character anywhere is another id or none. */
		unsigned at = round % LGP_BASE32_ID_LEN;
		text[at] = (char)(round >> 2 & 0xff ? round >> 2 & 0xff : '8');
		if (lgp_base32_decode16(view, back) != LGP_OK)
			continue;
		char again[LGP_BASE32_ID_LEN];
		lgp_base32_encode16(again, back);
		assert_memory_equal(again, text, LGP_BASE32_ID_LEN);
	}
	uint8_t out[16];
	const char *const refused[] = {
	        "aaaaaaaaaaaaaaaaaaaaaaaaab", "aaaaaaaaaaaaaaaaaaaaaaaaad",
	        "aaaaaaaaaaaaaaaaaaaaaaaaa",  "aaaaaaaaaaaaaaaaaaaaaaaaaaa",
	        "Aaaaaaaaaaaaaaaaaaaaaaaaaa", "1aaaaaaaaaaaaaaaaaaaaaaaaa",
	        "8aaaaaaaaaaaaaaaaaaaaaaaaa", "=aaaaaaaaaaaaaaaaaaaaaaaaa",
	};
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		assert_int_equal(lgp_base32_decode16(lgp_view_of(refused[i]), out), LGP_MALFORMED);
	assert_int_equal(lgp_base32_decode16(LGP_VIEW("aaaaaaaaaaaaaaaaaaaaaaaaae"), out), LGP_OK);
	assert_int_equal(out[15], 1);
}

static void decimals_round_trip_to_the_last_bit(void **state)
{
	static const uint64_t values[] = {0, 1, 9, 10, 99, 100, 12345678901234567890u, UINT64_MAX};
	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		char ours[20], theirs[32];
		size_t len = lgp_decimal_format(ours, values[i]);
		int expected =
		        snprintf(theirs, sizeof(theirs), "%llu", (unsigned long long)values[i]);
		assert_int_equal(len, expected);
		assert_memory_equal(ours, theirs, len);
		uint64_t back = 7;
		assert_int_equal(lgp_decimal_parse((struct lgp_view){ours, len}, &back), LGP_OK);
		assert_true(back == values[i]);
	}
}

static void decimals_refused_unless_canonical(void **state)
{
	static const char *const texts[] = {
	        "",
	        "00",
	        "01",
	        "+1",
	        "-1",
	        " 1",
	        "1 ",
	        "1a",
	        "0x1",
	        "1.0",
	        "1e3",
	        "18446744073709551616",
	        "99999999999999999999",
	        "184467440737095516150",
	        "\xd9\xa1",
	};
	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		uint64_t out = 7;
		assert_int_equal(lgp_decimal_parse(lgp_view_of(texts[i]), &out), LGP_MALFORMED);
		assert_true(out == 7);
	}
}

/* Walks the calendar as people do, all 3,652,059 days of it. */
static void dates_count_every_day_of_the_calendar(void **state)
{
	static const unsigned month_days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int32_t day = -719162;
	(void)state;
	for (unsigned y = 1; y <= 9999; y++) {
		bool leap = y % 400 == 0 || (y % 4 == 0 && y % 100 != 0);
		for (unsigned m = 1; m <= 12; m++) {
			unsigned last = month_days[m - 1] + (m == 2 && leap);
			for (unsigned d = 1; d <= last; d++, day++) {
				char text[LGP_DATE_LEN];
				const char expected[] = {(char)('0' + y / 1000),
				                         (char)('0' + y / 100 % 10),
				                         (char)('0' + y / 10 % 10),
				                         (char)('0' + y % 10),
				                         '-',
				                         (char)('0' + m / 10),
				                         (char)('0' + m % 10),
				                         '-',
				                         (char)('0' + d / 10),
				                         (char)('0' + d % 10)};
				int32_t back = 0;
				lgp_date_format(text, day);
				assert_memory_equal(text, expected, LGP_DATE_LEN);
				struct lgp_view view = {text, LGP_DATE_LEN};
				assert_int_equal(lgp_date_parse(view, &back), LGP_OK);
				assert_int_equal(back, day);
			}
		}
	}
	assert_int_equal(day, 2932897);
}

static void dates_refused_that_no_calendar_has(void **state)
{
	static const char *const texts[] = {
	        "2023-02-29", "1900-02-29",  "2024-02-30", "2024-04-31", "2024-13-01", "2024-00-01",
	        "2024-01-00", "2024-01-32",  "0000-01-01", "2024-1-01",  "2024-01-1",  "2024/01/01",
	        "24-01-01",   "2024-01-01 ", "+024-01-01", "2024-01-0a", "",           "20240101",
	};
	int32_t days = 0;
	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(lgp_date_parse(lgp_view_of(texts[i]), &days), LGP_MALFORMED);
	assert_int_equal(lgp_date_parse(LGP_VIEW("2000-02-29"), &days), LGP_OK);
	assert_int_equal(days, 11016);
	assert_int_equal(lgp_date_parse(LGP_VIEW("1970-01-01"), &days), LGP_OK);
	assert_int_equal(days, 0);
}

static void times_round_trip_around_the_epoch_and_far_from_it(void **state)
{
	static const struct {
		int64_t us;
		const char *text;
	} vectors[] = {
	        {0, "1970-01-01T00:00:00.000000Z"},
	        {-1, "1969-12-31T23:59:59.999999Z"},
	        {INT64_C(1790000000123456), "2026-09-21T14:13:20.123456Z"},
	        {INT64_C(951782400000000), "2000-02-29T00:00:00.000000Z"},
	        {INT64_C(-62135596800000000), "0001-01-01T00:00:00.000000Z"},
	        {INT64_C(253402300799999999), "9999-12-31T23:59:59.999999Z"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		char text[LGP_TIME_LEN];
		int64_t back = 7;
		lgp_time_format(text, vectors[i].us);
		assert_memory_equal(text, vectors[i].text, LGP_TIME_LEN);
		assert_int_equal(lgp_time_parse(lgp_view_of(vectors[i].text), &back), LGP_OK);
		assert_true(back == vectors[i].us);
	}
}

static void times_take_up_to_six_digits_of_fraction(void **state)
{
	static const struct {
		const char *text;
		int64_t us;
	} vectors[] = {{"1970-01-01T00:00:01Z", 1000000},
	               {"1970-01-01T00:00:01.5Z", 1500000},
	               {"1970-01-01T00:00:01.05Z", 1050000},
	               {"1970-01-01T00:00:01.000001Z", 1000001}};
	int64_t us;
	(void)state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		assert_int_equal(lgp_time_parse(lgp_view_of(vectors[i].text), &us), LGP_OK);
		assert_true(us == vectors[i].us);
	}
}

static void times_refused_unless_utc_and_of_the_form(void **state)
{
	static const char *const texts[] = {
	        "1970-01-01T00:00:01",
	        "1970-01-01T00:00:01z",
	        "1970-01-01t00:00:01Z",
	        "1970-01-01 00:00:01Z",
	        "1970-01-01T00:00:01+00:00",
	        "1970-01-01T00:00:01.Z",
	        "1970-01-01T00:00:01.0000001Z",
	        "1970-01-01T00:00:01,5Z",
	        "1970-01-01T24:00:00Z",
	        "1970-01-01T00:60:00Z",
	        "1970-01-01T00:00:60Z",
	        "1970-02-30T00:00:00Z",
	        "1970-01-01T0:00:00Z",
	        "1970-01-01T00:00:00ZZ",
	        "1970-01-01T00:00:00.12 Z",
	        "1970-01-01",
	        "",
	};
	int64_t us = 7;
	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(lgp_time_parse(lgp_view_of(texts[i]), &us), LGP_MALFORMED);
	assert_true(us == 7);
}

static void integers_are_stored_alike_on_every_machine(void **state)
{
	uint8_t bytes[8];
	(void)state;
	lgp_put_le(bytes, 0x0102030405060708u, 8);
	assert_memory_equal(bytes, "\x08\x07\x06\x05\x04\x03\x02\x01", 8);
	assert_true(lgp_get_le(bytes, 8) == 0x0102030405060708u);
	assert_true(lgp_get_le(bytes, 3) == 0x060708);
	lgp_put_be(bytes, 0x0102030405060708u, 8);
	assert_memory_equal(bytes, "\x01\x02\x03\x04\x05\x06\x07\x08", 8);
	assert_true(lgp_get_be(bytes, 8) == 0x0102030405060708u);
	assert_true(lgp_get_be(bytes, 3) == 0x010203);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(base64_agrees_with_rfc_4648),
	        cmocka_unit_test(base64_agrees_with_libsodium_at_every_length),
	        cmocka_unit_test(base64_refused_unless_canonical),
	        cmocka_unit_test(base64_accepts_one_text_a_byte),
	        cmocka_unit_test(base64_never_writes_past_its_room),
	        cmocka_unit_test(hexadecimal_is_lower_case_and_of_exact_length),
	        cmocka_unit_test(base32_agrees_with_rfc_4648),
	        cmocka_unit_test(base32_round_trips_and_refuses_spare_bits),
	        cmocka_unit_test(decimals_round_trip_to_the_last_bit),
	        cmocka_unit_test(decimals_refused_unless_canonical),
	        cmocka_unit_test(dates_count_every_day_of_the_calendar),
	        cmocka_unit_test(dates_refused_that_no_calendar_has),
	        cmocka_unit_test(times_round_trip_around_the_epoch_and_far_from_it),
	        cmocka_unit_test(times_take_up_to_six_digits_of_fraction),
	        cmocka_unit_test(times_refused_unless_utc_and_of_the_form),
	        cmocka_unit_test(integers_are_stored_alike_on_every_machine),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
