/* test_server_json: what is read and refused, and what is written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/json.h"

static struct json_document *document;
static char error[JSON_ERROR_MAX];

static int set_up(void **state)
{
	(void)state;
	document = json_document_new();
	return document ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	json_document_free(document);
	return 0;
}

/* The text in memory of exactly its size, so that a sanitizer sees reads behind it. */
static bool parse_bytes(const char *bytes, size_t len)
{
	static char *copy;
	free(copy);
	copy = malloc(len ? len : 1);
	assert_non_null(copy);
	memcpy(copy, bytes, len);
	snprintf(error, sizeof error, "none");
	return json_parse_object(document, (struct lgp_view){copy, len}, error);
}

static void assert_parses(const char *text)
{
	if (!parse_bytes(text, strlen(text)))
		fail_msg("refused: %s\n%s", text, error);
}

static void assert_refused(const char *text, const char *reason)
{
	if (parse_bytes(text, strlen(text)))
		fail_msg("taken: %s", text);
	if (!strstr(error, reason))
		fail_msg("%s\nsaid: %s\nnot:  %s", text, error, reason);
	assert_int_equal(json_field_count(document), 0);
}

static struct json_value field(const char *name)
{
	for (size_t i = 0; i < json_field_count(document); i++)
		if (lgp_view_equal(json_field_name(document, i), lgp_view_of(name)))
			return json_field_value(document, i);
	fail_msg("no field %s", name);
	return (struct json_value){0};
}

static void assert_raw(struct json_value value, enum json_type type, const char *raw)
{
	assert_int_equal(value.type, type);
	assert_int_equal(value.raw.len, strlen(raw));
	assert_memory_equal(value.raw.ptr, raw, value.raw.len);
}

static void an_object_gives_its_fields_in_their_order(void **state)
{
	(void)state;
	assert_parses(" {\"customer\" : \"c-1\",\"amount\":2500,\r\n\t\"words\":null,\"a\":true,"
	              "\"b\":false,\"c\":[],\"d\":{} } \n");
	assert_int_equal(json_field_count(document), 7);
	assert_true(lgp_view_equal(json_field_name(document, 0), LGP_VIEW("customer")));
	assert_true(lgp_view_equal(json_field_name(document, 6), LGP_VIEW("d")));
	assert_raw(json_field_value(document, 0), JSON_STRING, "c-1");
	assert_raw(json_field_value(document, 1), JSON_NUMBER, "2500");
	assert_raw(field("words"), JSON_NULL, "null");
	assert_raw(field("a"), JSON_TRUE, "true");
	assert_raw(field("b"), JSON_FALSE, "false");
	assert_raw(field("c"), JSON_ARRAY, "[]");
	assert_raw(field("d"), JSON_OBJECT, "{}");
}

static void the_empty_object_has_no_fields(void **state)
{
	(void)state;
	assert_parses("{}");
	assert_int_equal(json_field_count(document), 0);
	assert_parses(" { } ");
	assert_int_equal(json_field_count(document), 0);
}

static void elements_and_members_are_found_behind_nested_ones(void **state)
{
	(void)state;
	struct json_value value;
	struct lgp_view name;
	assert_parses("{\"a\":[[1,[2]],{\"x\":[3],\"y\":{\"z\":4}},\"s\",5],\"b\":6}");
	assert_int_equal(json_field_count(document), 2);
	assert_raw(field("b"), JSON_NUMBER, "6");
	struct json_value array = field("a");
	assert_true(json_element(document, array, 0, &value));
	assert_raw(value, JSON_ARRAY, "[1,[2]]");
	assert_true(json_element(document, array, 2, &value));
	assert_raw(value, JSON_STRING, "s");
	assert_true(json_element(document, array, 3, &value));
	assert_raw(value, JSON_NUMBER, "5");
	assert_false(json_element(document, array, 4, &value));
	assert_true(json_element(document, array, 1, &value));
	struct json_value object = value;
	assert_true(json_member(document, object, 0, &name, &value));
	assert_true(lgp_view_equal(name, LGP_VIEW("x")));
	assert_raw(value, JSON_ARRAY, "[3]");
	assert_true(json_member(document, object, 1, &name, &value));
	assert_true(lgp_view_equal(name, LGP_VIEW("y")));
	assert_raw(value, JSON_OBJECT, "{\"z\":4}");
	assert_false(json_member(document, object, 2, &name, &value));
	assert_parses("{\"e\":[],\"o\":{}}");
	assert_false(json_element(document, field("e"), 0, &value));
	assert_false(json_member(document, field("o"), 0, &name, &value));
}

static void a_text_that_is_not_one_object_is_refused(void **state)
{
	(void)state;
	assert_refused("", "there is no JSON");
	assert_refused(" \n", "there is no JSON");
	assert_refused("[]", "object must begin");
	assert_refused("1", "object must begin");
	assert_refused("\"a\"", "object must begin");
	assert_refused("null", "object must begin");
	assert_refused("}", "object must begin");
	assert_refused("\xef\xbb\xbf{}", "at byte 0: a JSON object must begin");
	assert_refused("{}{}", "at byte 2: something stands behind");
	assert_refused("{} x", "something stands behind");
	assert_refused("{}}", "something stands behind");
	assert_refused("{},", "something stands behind");
	assert_refused("{} //", "something stands behind");
	assert_false(parse_bytes("{}\0", 3));
	assert_non_null(strstr(error, "at byte 2: something stands behind"));
}

static void a_text_that_ends_early_is_refused(void **state)
{
	(void)state;
	static const char text[] = "{\"a\":[1,{\"b\":\"\\u00e9\"}],\"c\":true}";
	for (size_t len = 0; len < sizeof text - 1; len++) {
		if (parse_bytes(text, len))
			fail_msg("taken: %.*s", (int)len, text);
	}
	assert_refused("{\"a\":1", "at byte 6, field \"a\": the text ends");
	assert_refused("{\"a\":", "the text ends");
	assert_refused("{\"a\"", "the text ends");
	assert_refused("{", "the text ends");
	assert_refused("{\"a\":[1,", "the text ends");
	assert_refused("{\"a\":\"b", "no closing quote");
	assert_refused("{\"a\":\"b\\", "escape");
	assert_refused("{\"a", "no closing quote");
}

static void commas_colons_and_brackets_must_be_exact(void **state)
{
	(void)state;
	static const struct {
		const char *text, *reason;
	} cases[] = {
	        {"{\"a\":1,}", "the name of a field must stand here"},
	        {"{,\"a\":1}", "the name of a field must stand here"},
	        {"{\"a\":1,,\"b\":2}", "the name of a field must stand here"},
	        {"{\"a\":1 \"b\":2}", "at byte 7, field \"a\": a comma or '}' is missing"},
	        {"{\"a\" 1}", "a colon is missing"},
	        {"{\"a\"}", "a colon is missing"},
	        {"{\"a\",\"b\"}", "a colon is missing"},
	        {"{\"a\"::1}", "a value is missing"},
	        {"{\"a\":1:2}", ""},
	        {"{\"a\":}", "a value is missing"},
	        {"{\"a\":,\"b\":1}", "a value is missing"},
	        {"{:1}", "the name of a field must stand here"},
	        {"{a:1}", "the name of a field must stand here"},
	        {"{'a':1}", "the name of a field must stand here"},
	        {"{1:1}", "the name of a field must stand here"},
	        {"{null:1}", "the name of a field must stand here"},
	        {"{{}:1}", "the name of a field must stand here"},
	        {"{[]:1}", "the name of a field must stand here"},
	        {"{\"a\":[1,]}", "a value is missing"},
	        {"{\"a\":[,1]}", "a value is missing"},
	        {"{\"a\":[,]}", "a value is missing"},
	        {"{\"a\":[1,,2]}", "a value is missing"},
	        {"{\"a\":[1 2]}", "a comma or ']' is missing"},
	        {"{\"a\":[\"b\":1]}", "a comma or ']' is missing"},
	        {"{\"a\":[1}", "a comma or ']' is missing"},
	        {"{\"a\":[1}]", "a comma or ']' is missing"},
	        {"{\"a\":1]", "a comma or '}' is missing"},
	        {"{\"a\":{\"b\":1]}", "a comma or '}' is missing"},
	        {"{]", "the name of a field must stand here"},
	        {"{\"a\":\"b\"\"c\"}", "a comma or '}' is missing"},
	        {"{\"a\":\"b\"1}", "a comma or '}' is missing"},
	        {"{\"a\":[]1}", "a comma or '}' is missing"},
	        {"{\"a\":[][]}", "a comma or '}' is missing"},
	        {"{\"a\":1 /* */}", "a comma or '}' is missing"},
	        {"{\"a\":\f1}", "a value is missing"},
	        {"{\"a\":\xc2\xa0"
	         "1}",
	         "a value is missing"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_refused(cases[i].text, cases[i].reason);
	assert_false(parse_bytes("{\0}", 3));
	assert_false(parse_bytes("{\"a\":\0 1}", 9));
	assert_false(parse_bytes("{\"a\":1\0}", 8));
}

static void literals_are_exact(void **state)
{
	(void)state;
	static const char *const bad[] = {"True",      "TRUE",      "tru", "truee", "nul",
	                                  "nulll",     "falsy",     "NaN", "nan",   "Infinity",
	                                  "undefined", "truefalse", "t",   "n",     "f",
	                                  "true\"\"",  "x",         "'a'"};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		char text[40];
		snprintf(text, sizeof text, "{\"a\":%s}", bad[i]);
		assert_refused(text, "at byte 5, field \"a\"");
	}
}

static void numbers_follow_the_grammar(void **state)
{
	(void)state;
	static const char *const good[] = {"0",
	                                   "-0",
	                                   "1",
	                                   "-1",
	                                   "10",
	                                   "0.0",
	                                   "0.10",
	                                   "1e1",
	                                   "1E+1",
	                                   "1e-1",
	                                   "1.5e300",
	                                   "-0.0e-0",
	                                   "123456789012345678901234567890",
	                                   "1e999"};
	static const char *const bad[] = {
	        "-",    "--1",   "+1",     "01",    "-01", "00",  "1.",       ".1",       "-.1",
	        "1.e1", "1e",    "1e+",    "1e1.5", "0x1", "1_0", "1a",       "1-",       "1-1",
	        "0e",   "1.2.3", "1\"a\"", "1{}",   "1[]", "1/2", "\xd9\xa1", "1\xd9\xa1"};
	char text[64];
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		snprintf(text, sizeof text, "{\"a\":%s}", good[i]);
		assert_parses(text);
		assert_raw(field("a"), JSON_NUMBER, good[i]);
	}
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		snprintf(text, sizeof text, "{\"a\":%s}", bad[i]);
		assert_refused(text, "field \"a\"");
		snprintf(text, sizeof text, "{\"a\":[0,%s]}", bad[i]);
		assert_refused(text, "field \"a\"");
	}
}

static void strings_hold_valid_utf8_alone(void **state)
{
	(void)state;
	static const char *const good[] = {"\xc2\x80",
	                                   "\xdf\xbf",
	                                   "\xe0\xa0\x80",
	                                   "\xed\x9f\xbf",
	                                   "\xee\x80\x80",
	                                   "\xef\xbf\xbf",
	                                   "\xf0\x90\x80\x80",
	                                   "\xf4\x8f\xbf\xbf",
	                                   "caf\xc3\xa9 \xe2\x82\xac",
	                                   "\x7f",
	                                   "12345678\xc3\xa9"};
	static const char *const bad[] = {"\x80",
	                                  "\xbf",
	                                  "\xc0\x80",
	                                  "\xc1\xbf",
	                                  "\xc3",
	                                  "\xc3x",
	                                  "\xe0\x9f\xbf",
	                                  "\xe2\x82",
	                                  "\xe2\x82x",
	                                  "\xed\xa0\x80",
	                                  "\xed\xbf\xbf",
	                                  "\xf0\x8f\xbf\xbf",
	                                  "\xf0\x90\x80",
	                                  "\xf4\x90\x80\x80",
	                                  "\xf5\x80\x80\x80",
	                                  "\xff",
	                                  "\xfe",
	                                  "12345678\xe9",
	                                  "1234567\xe9"};
	char text[64];
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		snprintf(text, sizeof text, "{\"a\":\"%s\"}", good[i]);
		assert_parses(text);
		snprintf(text, sizeof text, "{\"%s\":1}", good[i]);
		assert_parses(text);
	}
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		snprintf(text, sizeof text, "{\"a\":\"%s\"}", bad[i]);
		assert_refused(text, "not UTF-8");
		snprintf(text, sizeof text, "{\"%s\":1}", bad[i]);
		assert_refused(text, "not UTF-8");
	}
}

static void control_characters_must_be_escaped(void **state)
{
	(void)state;
	for (int c = 0; c < 0x20; c++) {
		char text[] = "{\"a\":\"1234567?\"}";
		*strchr(text, '?') = (char)c;
		assert_false(parse_bytes(text, sizeof text - 1));
		assert_non_null(strstr(error, "at byte 13, field \"a\": a control character"));
		char name[] = "{\"?\":1}";
		*strchr(name, '?') = (char)c;
		assert_false(parse_bytes(name, sizeof name - 1));
	}
}

static void escapes_are_those_of_the_grammar(void **state)
{
	(void)state;
	static const char *const good[] = {
	        "\\\"",           "\\\\",           "\\/",  "\\b\\f\\n\\r\\t", "\\u0000", "\\u00E9",
	        "\\ud83d\\ude00", "\\uD83D\\uDE00", "\\\\u"};
	static const char *const bad[] = {"\\a",
	                                  "\\x41",
	                                  "\\'",
	                                  "\\0",
	                                  "\\u",
	                                  "\\u12",
	                                  "\\u12g4",
	                                  "\\U0041",
	                                  "\\ud83d",
	                                  "\\ud83dx",
	                                  "\\ud83d\\n",
	                                  "\\ud83d\\ud83d",
	                                  "\\ude00",
	                                  "\\ude00\\ud83d",
	                                  "\\ud83d\\u0041",
	                                  "\\u 123",
	                                  "\\u+123"};
	char text[64];
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		snprintf(text, sizeof text, "{\"a\":\"%s\"}", good[i]);
		assert_parses(text);
	}
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		snprintf(text, sizeof text, "{\"a\":\"%s\"}", bad[i]);
		assert_refused(text, "field \"a\": this escape");
		snprintf(text, sizeof text, "{\"%s\":1}", bad[i]);
		assert_refused(text, "this escape");
	}
}

static void a_field_given_twice_is_refused_at_any_level(void **state)
{
	(void)state;
	assert_refused("{\"a\":1,\"a\":1}", "at byte 7, field \"a\": this field is given twice");
	assert_refused("{\"amount\":1,\"b\":2,\"amount\":3}", "given twice");
	assert_refused("{\"a\":{\"b\":1,\"c\":2,\"b\":3}}",
	               "field \"b\": this field is given twice");
	assert_refused("{\"x\":[{\"b\":1},{\"b\":1,\"b\":1}]}", "given twice");
	assert_refused("{\"\":1,\"\":2}", "given twice");
	assert_refused("{\"a\":1,\"b\":2,\"c\":[3],\"d\":4,\"d\":5}", "given twice");
	assert_parses("{\"a\":\"b\",\"b\":\"a\",\"c\":[\"a\",\"a\"]}");
	assert_refused("{\"a\":[1,2],\"b\":{\"a\":1},\"a\":1}", "given twice");
}

static void a_field_given_twice_is_seen_through_its_escapes(void **state)
{
	(void)state;
	assert_refused("{\"amount\":1,\"\\u0061mount\":2}", "given twice");
	assert_refused("{\"\\u0061mount\":1,\"amount\":2}", "given twice");
	assert_refused("{\"\\u0061\":1,\"\\u0061\":2}", "given twice");
	assert_refused("{\"caf\xc3\xa9\":1,\"caf\\u00e9\":2}", "given twice");
	assert_refused("{\"\xf0\x9f\x98\x80\":1,\"\\ud83d\\ude00\":2}", "given twice");
	assert_refused("{\"a\\/b\":1,\"x\":0,\"a/b\":2}", "given twice");
	assert_parses("{\"\\u0061\":1,\"\\u0062\":2,\"c\":3,\"ab\":4,\"\":5}");
}

static void names_of_one_length_or_one_beginning_are_told_apart(void **state)
{
	(void)state;
	assert_parses("{\"ab\":1,\"ba\":2,\"a\":3,\"abc\":4,\"abd\":5}");
	assert_parses("{\"a\":{\"a\":{\"a\":1}},\"b\":{\"a\":1}}");
	/* 1 and 65 bytes: the same bit of the lengths that were seen. */
	assert_parses("{\"a\":1,\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	              "a\":2}");
}

static void depth_is_bounded(void **state)
{
	(void)state;
	assert_parses("{\"a\":[[[[[[[]]]]]]]}");
	assert_refused("{\"a\":[[[[[[[[]]]]]]]]}", "at byte 12, field \"a\": nested deeper than 8");
	assert_parses("{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{}}}}}}}}");
	assert_refused("{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{}}}}}}}}}",
	               "nested deeper than 8");
	enum { LEN = 65536 };
	char *text = malloc(LEN);
	assert_non_null(text);
	memset(text, '[', LEN);
	memcpy(text, "{\"a\":", 5);
	assert_false(parse_bytes(text, LEN));
	assert_non_null(strstr(error, "nested deeper"));
	free(text);
}

static size_t write_fields(char *text, int count)
{
	size_t used = (size_t)sprintf(text, "{");
	for (int i = 0; i < count; i++)
		used += (size_t)sprintf(text + used, "%s\"f%d\":%d", i ? "," : "", i, i);
	return used + (size_t)sprintf(text + used, "}");
}

static void fields_of_one_object_are_bounded(void **state)
{
	(void)state;
	char text[2048];
	assert_true(parse_bytes(text, write_fields(text, JSON_FIELDS_MAX)));
	assert_int_equal(json_field_count(document), JSON_FIELDS_MAX);
	assert_raw(field("f63"), JSON_NUMBER, "63");
	assert_false(parse_bytes(text, write_fields(text, JSON_FIELDS_MAX + 1)));
	assert_non_null(strstr(error, "more than 64 fields in one object"));
}

static size_t write_elements(char *text, int count, const char *element)
{
	size_t used = (size_t)sprintf(text, "{\"a\":[");
	for (int i = 0; i < count; i++)
		used += (size_t)sprintf(text + used, "%s%s", i ? "," : "", element);
	return used + (size_t)sprintf(text + used, "]}");
}

static void values_of_one_text_are_bounded(void **state)
{
	(void)state;
	static const char *const elements[] = {"1", "\"s\"", "[]", "{}", "null"};
	char text[8192];
	/* The object, the name and the array count too. */
	for (size_t i = 0; i < sizeof elements / sizeof elements[0]; i++) {
		assert_true(
		        parse_bytes(text, write_elements(text, JSON_TOKENS_MAX - 3, elements[i])));
		assert_false(
		        parse_bytes(text, write_elements(text, JSON_TOKENS_MAX - 2, elements[i])));
		assert_non_null(strstr(error, "field \"a\": more than 512 values and names"));
	}
}

static void a_long_name_is_cut_between_characters_in_errors(void **state)
{
	(void)state;
	assert_refused("{\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\xc3\xa9zzzzzzzzzzzzzzzzzz\":x}",
	               "field \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\": ");
	char text[3000] = "{\"";
	memset(text + 2, 'n', 2500);
	strcpy(text + 2502, "\":1.}");
	assert_refused(text, "a digit behind its point");
	assert_true(strlen(error) < JSON_ERROR_MAX);
}

static void a_refused_text_leaves_nothing_of_the_one_before(void **state)
{
	(void)state;
	assert_parses("{\"a\":1}");
	assert_refused("{\"a\":1,\"b\":}", "a value is missing");
	assert_parses("{\"b\":2}");
	assert_int_equal(json_field_count(document), 1);
}

static void assert_string(const char *raw, bool newline, const char *expected)
{
	char out[64];
	size_t len = 999;
	struct json_value value = {.type = JSON_STRING, .raw = lgp_view_of(raw)};
	bool taken = json_string(value, out, sizeof out, &len, newline);
	if (taken != (expected != NULL))
		fail_msg("%s: %s", raw, taken ? "taken" : "refused");
	if (taken) {
		assert_int_equal(len, strlen(expected));
		assert_memory_equal(out, expected, len);
	}
}

static void a_string_is_given_with_its_escapes_resolved(void **state)
{
	(void)state;
	assert_string("", false, "");
	assert_string("late-room", false, "late-room");
	assert_string("a\\\"b\\\\c\\/d", false, "a\"b\\c/d");
	assert_string("caf\\u00e9 caf\xc3\xa9", false, "caf\xc3\xa9 caf\xc3\xa9");
	assert_string("\\u20ac\\u0041\\ud83d\\ude00", false, "\xe2\x82\xac\x41\xf0\x9f\x98\x80");
	assert_string("\\udbff\\udfff", false, "\xf4\x8f\xbf\xbf");
	assert_string("\\u07ff\\u0800\\uffff", false, "\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf");
}

static void a_string_holds_no_control_characters(void **state)
{
	(void)state;
	static const char *const bad[] = {"\\u0000",  "\\u0001", "\\u001f", "\\b",     "\\f",
	                                  "\\r",      "\\u007f", "\x7f",    "\\u0080", "\xc2\x80",
	                                  "\xc2\x9f", "\\u009f", "a\x7f",   "\\ud800", "\xff"};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		assert_string(bad[i], false, NULL);
		assert_string(bad[i], true, NULL);
	}
	assert_string("\\n", false, NULL);
	assert_string("\\t", false, NULL);
	assert_string("\\u000a", false, NULL);
	assert_string("a\\nb\\tc", true, "a\nb\tc");
	assert_string("\xc2\xa0", false, "\xc2\xa0");
}

static void a_string_longer_than_its_room_is_refused(void **state)
{
	(void)state;
	static const char *const texts[] = {"12345678", "1234567\\n", "123456\xc3\xa9",
	                                    "12345\\u20ac", "1234\\ud83d\\ude00"};
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		char *out = malloc(8);
		size_t len;
		struct json_value value = {.type = JSON_STRING, .raw = lgp_view_of(texts[i])};
		assert_non_null(out);
		assert_true(json_string(value, out, 8, &len, true));
		assert_int_equal(len, 8);
		assert_false(json_string(value, out, 7, &len, true));
		assert_false(json_string(value, out, 0, &len, true));
		free(out);
	}
}

static void assert_integer(enum json_type type, const char *raw, int64_t expected)
{
	int64_t found = 1;
	if (!json_integer((struct json_value){.type = type, .raw = lgp_view_of(raw)}, &found,
	                  error))
		fail_msg("%s: %s", raw, error);
	assert_int_equal(found, expected);
}

static void an_integer_is_a_number_or_digits_in_quotes(void **state)
{
	(void)state;
	static const enum json_type types[] = {JSON_NUMBER, JSON_STRING};
	for (size_t i = 0; i < 2; i++) {
		assert_integer(types[i], "0", 0);
		assert_integer(types[i], "2500", 2500);
		assert_integer(types[i], "-2500", -2500);
		assert_integer(types[i], "9223372036854775807", INT64_MAX);
		assert_integer(types[i], "-9223372036854775808", INT64_MIN);
	}
}

static void no_integer(enum json_type type, const char *raw, const char *reason)
{
	int64_t found = 77;
	struct json_value value = {.type = type, .raw = lgp_view_of(raw)};
	if (json_integer(value, &found, error))
		fail_msg("taken: %s", raw);
	if (!strstr(error, reason))
		fail_msg("%s said: %s", raw, error);
	assert_int_equal(found, 77);
}

static void what_is_no_integer_is_refused_with_its_reason(void **state)
{
	(void)state;
	no_integer(JSON_NUMBER, "1.0", "without fraction or exponent");
	no_integer(JSON_NUMBER, "1e3", "without fraction or exponent");
	no_integer(JSON_NUMBER, "1E3", "without fraction or exponent");
	no_integer(JSON_STRING, "1.5", "without fraction or exponent");
	no_integer(JSON_NUMBER, "-0", "zero without a sign");
	no_integer(JSON_STRING, "007", "without leading zeros");
	no_integer(JSON_STRING, "-07", "without leading zeros");
	no_integer(JSON_STRING, "+7", "of digits alone");
	no_integer(JSON_STRING, "", "of digits alone");
	no_integer(JSON_STRING, "-", "of digits alone");
	no_integer(JSON_STRING, " 7", "of digits alone");
	no_integer(JSON_STRING, "7 ", "of digits alone");
	no_integer(JSON_STRING, "0x7", "of digits alone");
	no_integer(JSON_STRING, "\\u0037", "of digits alone");
	no_integer(JSON_STRING, "\xd9\xa7", "of digits alone");
	no_integer(JSON_NUMBER, "9223372036854775808", "above 9223372036854775807");
	no_integer(JSON_STRING, "-9223372036854775809", "below -9223372036854775808");
	no_integer(JSON_STRING, "99999999999999999999999999", "above");
	no_integer(JSON_TRUE, "true", "whole number");
	no_integer(JSON_NULL, "null", "whole number");
	no_integer(JSON_ARRAY, "[1]", "whole number");
	no_integer(JSON_OBJECT, "{}", "whole number");
}

static void assert_written(struct buf *out, const char *expected)
{
	assert_false(out->failed);
	if (out->len != strlen(expected) || memcmp(out->ptr, expected, out->len) != 0)
		fail_msg("wrote %.*s\nnot   %s", (int)out->len, out->ptr, expected);
	buf_clear(out);
}

static void fields_are_written_with_the_commas_between_them(void **state)
{
	(void)state;
	struct buf out;
	buf_init(&out, 4096);
	json_write_name(&out, "a");
	assert_written(&out, "\"a\":");
	buf_text(&out, "{}\n");
	json_write_name(&out, "a");
	assert_written(&out, "{}\n\"a\":");
	buf_text(&out, "{");
	json_write_int(&out, "seq", 0);
	json_write_int(&out, "most", INT64_MAX);
	json_write_int(&out, "least", INT64_MIN);
	json_write_name(&out, "receipt");
	buf_text(&out, "{");
	json_write_bool(&out, "yes", true);
	json_write_bool(&out, "no", false);
	buf_text(&out, "}");
	json_write_name(&out, "list");
	buf_text(&out, "[{");
	json_write_text(&out, "x", LGP_VIEW("["));
	json_write_text(&out, "y", LGP_VIEW(""));
	buf_text(&out, "}]}\n{");
	json_write_int(&out, "z", -7);
	buf_text(&out, "}");
	assert_written(&out,
	               "{\"seq\":0,\"most\":9223372036854775807,"
	               "\"least\":-9223372036854775808,\"receipt\":{\"yes\":true,\"no\":false},"
	               "\"list\":[{\"x\":\"[\",\"y\":\"\"}]}\n{\"z\":-7}");
	buf_deinit(&out);
}

static void times_dates_and_bytes_have_their_forms(void **state)
{
	(void)state;
	struct buf out;
	buf_init(&out, 4096);
	json_write_time(&out, "time", 1700000000000001);
	json_write_date(&out, "business_date", 19675);
	json_write_base64(&out, "leaf", "\xfb\xff\xfe\x00", 4);
	json_write_base64(&out, "none", "", 0);
	assert_written(&out,
	               "\"time\":\"2023-11-14T22:13:20.000001Z\",\"business_date\":\"2023-11-14\","
	               "\"leaf\":\"+//+AA==\",\"none\":\"\"");
	buf_deinit(&out);
}

static void written_strings_never_become_markup_or_break_out(void **state)
{
	(void)state;
	struct buf out;
	buf_init(&out, 4096);
	json_write_string(&out, LGP_VIEW("a\"b\\c/d\n\r\t\b\f\x01\x1f\x7f<i>&amp;"));
	assert_written(&out, "\"a\\\"b\\\\c/d\\n\\r\\t\\u0008\\u000c\\u0001\\u001f\\u007f"
	                     "\\u003ci\\u003e\\u0026amp;\"");
	json_write_string(&out, (struct lgp_view){"a\0b", 3});
	assert_written(&out, "\"a\\u0000b\"");
	json_write_string(&out, LGP_VIEW("caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"));
	assert_written(&out, "\"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\"");
	buf_deinit(&out);
}

static void bytes_that_are_not_utf8_are_written_as_the_replacement_character(void **state)
{
	(void)state;
	struct buf out;
	buf_init(&out, 4096);
	json_write_string(&out, LGP_VIEW("a\xff\xc3(\xe2\x82"));
	assert_written(&out, "\"a\xef\xbf\xbd\xef\xbf\xbd(\xef\xbf\xbd\xef\xbf\xbd\"");
	json_write_string(&out, LGP_VIEW("\xed\xa0\x80z"));
	assert_written(&out, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz\"");
	buf_deinit(&out);
}

static void a_full_buffer_says_so_and_is_not_overrun(void **state)
{
	(void)state;
	for (size_t max = 0; max < 60; max++) {
		struct buf out;
		buf_init(&out, max);
		json_write_text(&out, "words", LGP_VIEW("caf\xc3\xa9 <b>\n"));
		json_write_time(&out, "time", 0);
		json_write_base64(&out, "leaf", "abc", 3);
		assert_true(out.failed);
		assert_true(out.len <= max);
		buf_deinit(&out);
	}
}

static void what_is_written_reads_back_as_it_was(void **state)
{
	(void)state;
	char text[128], back[128];
	size_t used = 0, len;
	for (int c = 0x20; c < 0x7f; c++)
		text[used++] = (char)c;
	memcpy(text + used, "\n\t\xc3\xa9\xf0\x9f\x98\x80", 8);
	used += 8;
	struct buf out;
	buf_init(&out, 4096);
	buf_text(&out, "{");
	json_write_text(&out, "words", (struct lgp_view){text, used});
	buf_text(&out, "}");
	assert_true(parse_bytes(out.ptr, out.len));
	assert_true(json_string(field("words"), back, sizeof back, &len, true));
	assert_int_equal(len, used);
	assert_memory_equal(back, text, len);
	buf_deinit(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(an_object_gives_its_fields_in_their_order),
	        cmocka_unit_test(the_empty_object_has_no_fields),
	        cmocka_unit_test(elements_and_members_are_found_behind_nested_ones),
	        cmocka_unit_test(a_text_that_is_not_one_object_is_refused),
	        cmocka_unit_test(a_text_that_ends_early_is_refused),
	        cmocka_unit_test(commas_colons_and_brackets_must_be_exact),
	        cmocka_unit_test(literals_are_exact),
	        cmocka_unit_test(numbers_follow_the_grammar),
	        cmocka_unit_test(strings_hold_valid_utf8_alone),
	        cmocka_unit_test(control_characters_must_be_escaped),
	        cmocka_unit_test(escapes_are_those_of_the_grammar),
	        cmocka_unit_test(a_field_given_twice_is_refused_at_any_level),
	        cmocka_unit_test(a_field_given_twice_is_seen_through_its_escapes),
	        cmocka_unit_test(names_of_one_length_or_one_beginning_are_told_apart),
	        cmocka_unit_test(depth_is_bounded),
	        cmocka_unit_test(fields_of_one_object_are_bounded),
	        cmocka_unit_test(values_of_one_text_are_bounded),
	        cmocka_unit_test(a_long_name_is_cut_between_characters_in_errors),
	        cmocka_unit_test(a_refused_text_leaves_nothing_of_the_one_before),
	        cmocka_unit_test(a_string_is_given_with_its_escapes_resolved),
	        cmocka_unit_test(a_string_holds_no_control_characters),
	        cmocka_unit_test(a_string_longer_than_its_room_is_refused),
	        cmocka_unit_test(an_integer_is_a_number_or_digits_in_quotes),
	        cmocka_unit_test(what_is_no_integer_is_refused_with_its_reason),
	        cmocka_unit_test(fields_are_written_with_the_commas_between_them),
	        cmocka_unit_test(times_dates_and_bytes_have_their_forms),
	        cmocka_unit_test(written_strings_never_become_markup_or_break_out),
	        cmocka_unit_test(bytes_that_are_not_utf8_are_written_as_the_replacement_character),
	        cmocka_unit_test(a_full_buffer_says_so_and_is_not_overrun),
	        cmocka_unit_test(what_is_written_reads_back_as_it_was),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
