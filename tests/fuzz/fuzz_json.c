/* fuzz_json: hostile text into the JSON reader (a libFuzzer target).
 * Beyond memory safety: what is taken, written out and read again is the same. */
#include <stdlib.h>
#include <string.h>

#include "server/json.h"

#define TEXT_MAX (64 * 1024)

static struct json_document *first, *second;
static struct buf out;

static void write_value(const struct json_document *document, struct json_value value);

static void write_members(const struct json_document *document, struct json_value object)
{
	struct lgp_view name;
	struct json_value value;
	for (size_t i = 0; json_member(document, object, i, &name, &value); i++) {
		buf_text(&out, i ? ",\"" : "\"");
		buf_view(&out, name);
		buf_text(&out, "\":");
		write_value(document, value);
	}
}

static void write_elements(const struct json_document *document, struct json_value array)
{
	struct json_value value;
	for (size_t i = 0; json_element(document, array, i, &value); i++) {
		buf_text(&out, i ? "," : "");
		write_value(document, value);
	}
}

/* Strings that people may send are written from what they mean, others as they stand. */
static void write_string(struct json_value value)
{
	static char bytes[TEXT_MAX];
	size_t len;
	if (json_string(value, bytes, sizeof bytes, &len, true)) {
		json_write_string(&out, (struct lgp_view){bytes, len});
		return;
	}
	buf_text(&out, "\"");
	buf_view(&out, value.raw);
	buf_text(&out, "\"");
}

static void write_value(const struct json_document *document, struct json_value value)
{
	int64_t number;
	char error[JSON_ERROR_MAX];
	(void)json_integer(value, &number, error);
	switch (value.type) {
	case JSON_OBJECT:
		buf_text(&out, "{");
		write_members(document, value);
		buf_text(&out, "}");
		break;
	case JSON_ARRAY:
		buf_text(&out, "[");
		write_elements(document, value);
		buf_text(&out, "]");
		break;
	case JSON_STRING:
		write_string(value);
		break;
	default:
		buf_view(&out, value.raw);
	}
}

static void write_root(const struct json_document *document)
{
	buf_clear(&out);
	buf_text(&out, "{");
	for (size_t i = 0; i < json_field_count(document); i++) {
		buf_text(&out, i ? ",\"" : "\"");
		buf_view(&out, json_field_name(document, i));
		buf_text(&out, "\":");
		write_value(document, json_field_value(document, i));
	}
	buf_text(&out, "}");
	require(!out.failed);
}

/* Writes the text of one document, reads it, and writes that: nothing may change. */
static void check_round_trip(void)
{
	char error[JSON_ERROR_MAX];
	write_root(first);
	size_t len = out.len;
	char *text = malloc(len);
	require(text != NULL);
	memcpy(text, out.ptr, len);
	require(json_parse_object(second, (struct lgp_view){text, len}, error));
	require(json_field_count(second) == json_field_count(first));
	write_root(second);
	require(out.len == len && memcmp(out.ptr, text, len) == 0);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!first) {
		first = json_document_new();
		second = json_document_new();
		require(first && second);
		buf_init(&out, 8 * TEXT_MAX);
	}
	if (size > TEXT_MAX)
		return 0;
	char error[JSON_ERROR_MAX] = "";
	struct lgp_view text = {(const char *)data, size};
	if (json_parse_object(first, text, error))
		check_round_trip();
	else
		require(error[0] != '\0' && json_field_count(first) == 0);
	return 0;
}
