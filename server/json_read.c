/* json_read: one small JSON object, read strictly (RFC 8259, RFC 3629).
 * Thread: any, one owner.
 *
 * jsmn finds where things begin and end; it forgives a good deal, so a second
 * walk over its tokens and the gaps between them holds the text to the grammar.
 * The walk believes nothing of jsmn's but where a string ends.  It keeps a
 * stack of JSON_DEPTH_MAX frames and never calls itself, so that hostile text
 * costs bounded memory, and time in proportion to its length. */
#include "server/json.h"

#include <assert.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JSMN_STATIC
#define JSMN_STRICT
#define JSMN_PARENT_LINKS
#include <jsmn.h>

#define NAME_SHOWN_MAX 40 /* bytes of a field's name that an error repeats */

struct json_document {
	const char *text; /* borrowed */
	size_t root_fields;
	uint16_t root_name[JSON_FIELDS_MAX]; /* tokens; the value's is the next one */
	uint16_t next[JSON_TOKENS_MAX];      /* the token behind this one and all that is in it */
	jsmntok_t token[JSON_TOKENS_MAX];
};
static_assert(JSON_TOKENS_MAX <= UINT16_MAX, "a token's number fits");

/* An object or array that is open at this point of the walk. */
struct frame {
	bool object;
	bool escaped;     /* one of its names has an escape, so equal names may look different */
	uint16_t token;   /* its own */
	uint16_t name;    /* the last field's name, or that of the field it stands in; 0 none */
	uint16_t count;   /* of fields or elements so far */
	uint64_t lengths; /* bit n: a name of n bytes (modulo 64) was seen */
};

struct walk {
	struct json_document *document;
	const char *pos, *end;
	unsigned at, tokens; /* the next token, and how many jsmn found */
	unsigned depth;
	struct frame frame[JSON_DEPTH_MAX];
	char *error;
};

struct json_document *json_document_new(void)
{
	return calloc(1, sizeof(struct json_document));
}

void json_document_free(struct json_document *document)
{
	free(document);
}

/* --- characters --- */

static bool is_continuation(const char *ptr)
{
	return ((unsigned char)*ptr & 0xc0) == 0x80;
}

unsigned json_utf8_length(const char *ptr, size_t left)
{
	if (left == 0)
		return 0;
	unsigned char lead = (unsigned char)ptr[0];
	if (lead < 0x80)
		return 1;
	unsigned len = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
	if (lead < 0xc2 || lead > 0xf4 || left < len)
		return 0;
	for (unsigned i = 1; i < len; i++)
		if (!is_continuation(ptr + i))
			return 0;
	unsigned char second = (unsigned char)ptr[1];
	bool overlong = (lead == 0xe0 && second < 0xa0) || (lead == 0xf0 && second < 0x90);
	bool surrogate = lead == 0xed && second >= 0xa0;
	bool too_high = lead == 0xf4 && second >= 0x90;
	return overlong || surrogate || too_high ? 0 : len;
}

/* Four hexadecimal digits, or -1. */
static int32_t hex4(const char *ptr, const char *end)
{
	if (end - ptr < 4)
		return -1;
	int32_t value = 0;
	for (int i = 0; i < 4; i++) {
		char c = ptr[i];
		int32_t digit = c >= '0' && c <= '9'   ? c - '0'
		                : c >= 'a' && c <= 'f' ? c - 'a' + 10
		                : c >= 'A' && c <= 'F' ? c - 'A' + 10
		                                       : -1;
		if (digit < 0)
			return -1;
		value = value << 4 | digit;
	}
	return value;
}

/* \uXXXX, or two of them where they are a pair of surrogates; ptr is behind "\u". */
static const char *take_unicode_escape(const char *ptr, const char *end, uint32_t *out)
{
	int32_t high = hex4(ptr, end);
	if (high < 0 || (high >= 0xdc00 && high <= 0xdfff))
		return NULL;
	ptr += 4;
	*out = (uint32_t)high;
	if (high < 0xd800 || high > 0xdbff)
		return ptr;
	if (end - ptr < 6 || ptr[0] != '\\' || ptr[1] != 'u')
		return NULL;
	int32_t low = hex4(ptr + 2, end);
	if (low < 0xdc00 || low > 0xdfff)
		return NULL;
	*out = 0x10000 + ((uint32_t)(high - 0xd800) << 10) + (uint32_t)(low - 0xdc00);
	return ptr + 6;
}

static const char *take_escape(const char *ptr, const char *end, uint32_t *out)
{
	static const char named[] = "\"\\/bfnrt";
	static const char meant[] = "\"\\/\b\f\n\r\t";
	if (end - ptr < 2)
		return NULL;
	if (ptr[1] == 'u')
		return take_unicode_escape(ptr + 2, end, out);
	const char *found = memchr(named, ptr[1], sizeof named - 1);
	if (!found)
		return NULL;
	*out = (unsigned char)meant[found - named];
	return ptr + 2;
}

/* The code point at ptr, escape or not, and the place behind it.  NULL: RFC
 * 8259 section 7 does not allow what stands there. */
static const char *take_char(const char *ptr, const char *end, uint32_t *out)
{
	unsigned char lead = (unsigned char)*ptr;
	if (lead == '\\')
		return take_escape(ptr, end, out);
	if (lead < 0x20)
		return NULL;
	unsigned len = json_utf8_length(ptr, (size_t)(end - ptr));
	if (len == 0)
		return NULL;
	uint32_t point = len == 1 ? lead : lead & (0x7fu >> len);
	for (unsigned i = 1; i < len; i++)
		point = point << 6 | ((unsigned char)ptr[i] & 0x3f);
	*out = point;
	return ptr + len;
}

static unsigned put_utf8(char out[4], uint32_t point)
{
	if (point < 0x80) {
		out[0] = (char)point;
		return 1;
	}
	unsigned len = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
	for (unsigned i = len - 1; i > 0; i--, point >>= 6)
		out[i] = (char)(0x80 | (point & 0x3f));
	out[0] = (char)((0xf00u >> len & 0xff) | point);
	return len;
}

/* Nonzero when one of the eight bytes needs a closer look: a control character,
 * a backslash, or not ASCII. */
static uint64_t special_bytes(const char *ptr)
{
	const uint64_t ones = 0x0101010101010101u, highs = 0x8080808080808080u;
	uint64_t word;
	memcpy(&word, ptr, sizeof word);
	uint64_t backslash = word ^ ones * '\\';
	return (word | ((word - ones * 0x20) & ~word) | ((backslash - ones) & ~backslash)) & highs;
}

static const char *skip_plain(const char *ptr, const char *end)
{
	while (end - ptr >= 8 && !special_bytes(ptr))
		ptr += 8;
	while (ptr < end && (unsigned char)*ptr >= 0x20 && (unsigned char)*ptr < 0x80 &&
	       *ptr != '\\')
		ptr++;
	return ptr;
}

/* --- errors --- */

static struct lgp_view token_text(const struct json_document *document, unsigned token)
{
	const jsmntok_t *found = &document->token[token];
	return (struct lgp_view){document->text + found->start,
	                         (size_t)(found->end - found->start)};
}

/* As much of the name as an error repeats, cut between characters. */
static int shown_length(struct lgp_view name)
{
	size_t len = name.len;
	if (len > NAME_SHOWN_MAX)
		for (len = NAME_SHOWN_MAX; len > 0 && is_continuation(name.ptr + len); len--)
			;
	return (int)len;
}

__attribute__((format(printf, 3, 4))) static bool fail(struct walk *walk, const char *where,
                                                       const char *format, ...)
{
	size_t byte = (size_t)(where - walk->document->text);
	unsigned name = walk->depth ? walk->frame[walk->depth - 1].name : 0;
	int used = snprintf(walk->error, JSON_ERROR_MAX, "at byte %zu", byte);
	if (name) {
		struct lgp_view text = token_text(walk->document, name);
		used += snprintf(walk->error + used, JSON_ERROR_MAX - (size_t)used,
		                 ", field \"%.*s\"", shown_length(text), text.ptr);
	}
	used += snprintf(walk->error + used, JSON_ERROR_MAX - (size_t)used, ": ");
	va_list args;
	va_start(args, format);
	vsnprintf(walk->error + used, JSON_ERROR_MAX - (size_t)used, format, args);
	va_end(args);
	return false;
}

static bool fail_early_end(struct walk *walk)
{
	return fail(walk, walk->end, "the text ends before the object does");
}

/* --- the walk --- */

static void skip_blanks(struct walk *walk)
{
	while (walk->pos < walk->end && (*walk->pos == ' ' || *walk->pos == '\n' ||
	                                 *walk->pos == '\r' || *walk->pos == '\t'))
		walk->pos++;
}

/* jsmn's next token, if it is what stands at start; else jsmn gave up before it. */
static const jsmntok_t *token_at(const struct walk *walk, jsmntype_t type, const char *start)
{
	const jsmntok_t *token = &walk->document->token[walk->at];
	if (walk->at >= walk->tokens || token->type != type ||
	    walk->document->text + token->start != start)
		return NULL;
	return token;
}

static bool fail_no_token(struct walk *walk, const char *where)
{
	if (walk->at == JSON_TOKENS_MAX)
		return fail(walk, where, "more than %d values and names", JSON_TOKENS_MAX);
	return fail(walk, where, "this is not JSON");
}

static bool fail_string(struct walk *walk, const char *where)
{
	if (*where == '\\')
		return fail(walk, where, "this escape is not JSON's, or half of a pair is missing");
	if ((unsigned char)*where < 0x20)
		return fail(walk, where, "a control character must be escaped");
	return fail(walk, where, "these bytes are not UTF-8");
}

/* At an opening quote.  Where jsmn found no string, the reason is looked for up
 * to the end of the text. */
static bool check_string(struct walk *walk)
{
	const char *start = walk->pos + 1;
	const jsmntok_t *token = token_at(walk, JSMN_STRING, start);
	if (!token && walk->at == JSON_TOKENS_MAX)
		return fail_no_token(walk, walk->pos);
	const char *end = token ? walk->document->text + token->end : walk->end;
	const char *ptr = start;
	while ((ptr = skip_plain(ptr, end)) < end) {
		uint32_t point;
		const char *behind = take_char(ptr, end, &point);
		if (!behind)
			return fail_string(walk, ptr);
		ptr = behind;
	}
	if (!token)
		return fail(walk, walk->pos, "this string has no closing quote");
	walk->pos = end + 1;
	walk->at++;
	walk->document->next[walk->at - 1] = (uint16_t)walk->at;
	return true;
}

static const char *skip_digits(const char *ptr, const char *end)
{
	while (ptr < end && *ptr >= '0' && *ptr <= '9')
		ptr++;
	return ptr;
}

/* RFC 8259 section 6; what is wrong, or NULL. */
static const char *number_trouble(const char *ptr, const char *end)
{
	if (*ptr == '-')
		ptr++;
	const char *integer = ptr;
	ptr = skip_digits(ptr, end);
	if (ptr == integer)
		return "a number needs a digit here";
	if (*integer == '0' && ptr - integer > 1)
		return "a number has no leading zero";
	if (ptr < end && *ptr == '.') {
		const char *fraction = ++ptr;
		ptr = skip_digits(ptr, end);
		if (ptr == fraction)
			return "a number needs a digit behind its point";
	}
	if (ptr < end && (*ptr == 'e' || *ptr == 'E')) {
		ptr++;
		if (ptr < end && (*ptr == '+' || *ptr == '-'))
			ptr++;
		const char *exponent = ptr;
		ptr = skip_digits(ptr, end);
		if (ptr == exponent)
			return "a number needs a digit in its exponent";
	}
	return ptr == end ? NULL : "this is not a number";
}

static bool is_literal(struct lgp_view text)
{
	return lgp_view_equal(text, LGP_VIEW("true")) || lgp_view_equal(text, LGP_VIEW("false")) ||
	       lgp_view_equal(text, LGP_VIEW("null"));
}

static const char *primitive_end(const struct walk *walk)
{
	const char *ptr = walk->pos;
	while (ptr < walk->end && !memchr(" \t\r\n,]}", *ptr, 7))
		ptr++;
	return ptr;
}

static bool check_primitive(struct walk *walk)
{
	const char *start = walk->pos;
	const jsmntok_t *token = token_at(walk, JSMN_PRIMITIVE, start);
	const char *end = token ? walk->document->text + token->end : primitive_end(walk);
	if (*start == '-' || (*start >= '0' && *start <= '9')) {
		const char *trouble = number_trouble(start, end);
		if (trouble)
			return fail(walk, start, "%s", trouble);
	} else if (!is_literal((struct lgp_view){start, (size_t)(end - start)})) {
		return fail(walk, start, "a value is missing, or is not one of JSON's");
	}
	if (!token)
		return end == walk->end ? fail_early_end(walk) : fail_no_token(walk, start);
	walk->pos = end;
	walk->at++;
	walk->document->next[walk->at - 1] = (uint16_t)walk->at;
	return true;
}

/* At '{' or '['. */
static bool open_container(struct walk *walk)
{
	bool object = *walk->pos == '{';
	if (walk->depth == JSON_DEPTH_MAX)
		return fail(walk, walk->pos, "nested deeper than %d levels", JSON_DEPTH_MAX);
	if (!token_at(walk, object ? JSMN_OBJECT : JSMN_ARRAY, walk->pos))
		return fail_no_token(walk, walk->pos);
	uint16_t name = walk->depth ? walk->frame[walk->depth - 1].name : 0;
	walk->frame[walk->depth++] =
	        (struct frame){.object = object, .token = (uint16_t)walk->at, .name = name};
	walk->at++;
	walk->pos++;
	return true;
}

/* Behind '}' or ']' of the innermost container. */
static void close_container(struct walk *walk)
{
	struct json_document *document = walk->document;
	const struct frame *frame = &walk->frame[--walk->depth];
	document->token[frame->token].size = frame->count;
	document->next[frame->token] = (uint16_t)walk->at;
	walk->pos++;
}

static bool check_value(struct walk *walk)
{
	switch (*walk->pos) {
	case '{':
	case '[':
		return open_container(walk);
	case '"':
		return check_string(walk);
	default:
		return check_primitive(walk);
	}
}

/* Whether two checked strings say the same once their escapes are resolved. */
static bool same_string(struct lgp_view a, struct lgp_view b)
{
	const char *a_end = a.ptr + a.len, *b_end = b.ptr + b.len;
	while (a.ptr < a_end && b.ptr < b_end) {
		uint32_t left, right;
		a.ptr = take_char(a.ptr, a_end, &left);
		b.ptr = take_char(b.ptr, b_end, &right);
		if (left != right)
			return false;
	}
	return a.ptr == a_end && b.ptr == b_end;
}

/* Whether an earlier field of the innermost object has the name.  Most often
 * the lengths alone tell that none has. */
static bool name_repeated(struct walk *walk, unsigned name)
{
	const struct json_document *document = walk->document;
	struct frame *frame = &walk->frame[walk->depth - 1];
	struct lgp_view text = token_text(document, name);
	uint64_t length = UINT64_C(1) << text.len % 64;
	if (memchr(text.ptr, '\\', text.len))
		frame->escaped = true;
	bool seen = frame->lengths & length;
	frame->lengths |= length;
	if (!seen && !frame->escaped)
		return false;
	unsigned other = frame->token + 1u;
	for (unsigned i = 0; i < frame->count; i++, other = document->next[other + 1]) {
		struct lgp_view earlier = token_text(document, other);
		if (frame->escaped ? same_string(earlier, text) : lgp_view_equal(earlier, text))
			return true;
	}
	return false;
}

/* A field's name and its colon.  pos is where a name should begin. */
static bool check_name(struct walk *walk)
{
	struct frame *frame = &walk->frame[walk->depth - 1];
	const char *start = walk->pos;
	unsigned name = walk->at;
	if (*start != '"')
		return fail(walk, start, "the name of a field must stand here, in quotes");
	if (frame->count == JSON_FIELDS_MAX)
		return fail(walk, start, "more than %d fields in one object", JSON_FIELDS_MAX);
	if (!check_string(walk))
		return false;
	bool repeated = name_repeated(walk, name);
	frame->name = (uint16_t)name;
	if (repeated)
		return fail(walk, start, "this field is given twice");
	if (walk->depth == 1)
		walk->document->root_name[frame->count] = (uint16_t)name;
	frame->count++;
	skip_blanks(walk);
	if (walk->pos == walk->end)
		return fail_early_end(walk);
	if (*walk->pos != ':')
		return fail(walk, walk->pos, "a colon is missing behind the name");
	walk->pos++;
	skip_blanks(walk);
	return walk->pos < walk->end ? true : fail_early_end(walk);
}

/* A member or element of the innermost container. */
static bool check_item(struct walk *walk)
{
	struct frame *frame = &walk->frame[walk->depth - 1];
	if (frame->object) {
		if (!check_name(walk))
			return false;
	} else {
		frame->count++;
	}
	return check_value(walk);
}

/* Behind an item: a comma and the next, or the end of the container. */
static bool check_separator(struct walk *walk)
{
	const struct frame *frame = &walk->frame[walk->depth - 1];
	if (*walk->pos == (frame->object ? '}' : ']')) {
		close_container(walk);
		return true;
	}
	if (*walk->pos != ',')
		return fail(walk, walk->pos, "a comma or '%c' is missing",
		            frame->object ? '}' : ']');
	walk->pos++;
	skip_blanks(walk);
	return walk->pos < walk->end ? check_item(walk) : fail_early_end(walk);
}

/* One step inside the innermost container.  An empty frame is one just opened. */
static bool check_step(struct walk *walk)
{
	const struct frame *frame = &walk->frame[walk->depth - 1];
	skip_blanks(walk);
	if (walk->pos == walk->end)
		return fail_early_end(walk);
	if (frame->count == 0 && *walk->pos != (frame->object ? '}' : ']'))
		return check_item(walk);
	return check_separator(walk);
}

static bool check_text(struct walk *walk)
{
	skip_blanks(walk);
	if (walk->pos == walk->end)
		return fail(walk, walk->pos, "there is no JSON here");
	if (*walk->pos != '{')
		return fail(walk, walk->pos, "a JSON object must begin here");
	if (!open_container(walk))
		return false;
	while (walk->depth > 0)
		if (!check_step(walk))
			return false;
	skip_blanks(walk);
	if (walk->pos < walk->end)
		return fail(walk, walk->pos, "something stands behind the object");
	return true;
}

bool json_parse_object(struct json_document *document, struct lgp_view text,
                       char error[JSON_ERROR_MAX])
{
	document->root_fields = 0;
	if (text.len > INT_MAX) {
		snprintf(error, JSON_ERROR_MAX, "longer than %d bytes", INT_MAX);
		return false;
	}
	document->text = text.len ? text.ptr : "";
	jsmn_parser parser;
	jsmn_init(&parser);
	/* Its verdict does not matter: the walk comes to where it gave up, and says why. */
	(void)jsmn_parse(&parser, document->text, text.len, document->token, JSON_TOKENS_MAX);
	struct walk walk;
	walk.document = document;
	walk.pos = document->text;
	walk.end = document->text + text.len;
	walk.at = 0;
	walk.tokens = parser.toknext;
	walk.depth = 0;
	walk.error = error;
	if (!check_text(&walk))
		return false;
	document->root_fields = walk.frame[0].count;
	return true;
}

/* --- what was read --- */

static struct json_value value_of(const struct json_document *document, unsigned token)
{
	struct json_value value = {.raw = token_text(document, token), .token = (int)token};
	switch (document->token[token].type) {
	case JSMN_OBJECT:
		value.type = JSON_OBJECT;
		break;
	case JSMN_ARRAY:
		value.type = JSON_ARRAY;
		break;
	case JSMN_STRING:
		value.type = JSON_STRING;
		break;
	default:
		value.type = *value.raw.ptr == 't'   ? JSON_TRUE
		             : *value.raw.ptr == 'f' ? JSON_FALSE
		             : *value.raw.ptr == 'n' ? JSON_NULL
		                                     : JSON_NUMBER;
	}
	return value;
}

size_t json_field_count(const struct json_document *document)
{
	return document->root_fields;
}

struct lgp_view json_field_name(const struct json_document *document, size_t i)
{
	require(i < document->root_fields);
	return token_text(document, document->root_name[i]);
}

struct json_value json_field_value(const struct json_document *document, size_t i)
{
	require(i < document->root_fields);
	return value_of(document, document->root_name[i] + 1u);
}

bool json_element(const struct json_document *document, struct json_value array, size_t i,
                  struct json_value *out)
{
	require(array.type == JSON_ARRAY);
	if (i >= (size_t)document->token[array.token].size)
		return false;
	unsigned token = (unsigned)array.token + 1;
	for (; i > 0; i--)
		token = document->next[token];
	*out = value_of(document, token);
	return true;
}

bool json_member(const struct json_document *document, struct json_value object, size_t i,
                 struct lgp_view *name, struct json_value *out)
{
	require(object.type == JSON_OBJECT);
	if (i >= (size_t)document->token[object.token].size)
		return false;
	unsigned token = (unsigned)object.token + 1;
	for (; i > 0; i--)
		token = document->next[token + 1];
	*name = token_text(document, token);
	*out = value_of(document, token + 1);
	return true;
}

/* C0, DEL and C1: never part of a text that people wrote. */
static bool is_control(uint32_t point)
{
	return point < 0x20 || (point >= 0x7f && point <= 0x9f);
}

bool json_string(struct json_value value, char *out, size_t max, size_t *len, bool allow_newline)
{
	require(value.type == JSON_STRING);
	const char *end = value.raw.ptr + value.raw.len;
	const char *ptr = skip_plain(value.raw.ptr, end);
	size_t used = (size_t)(ptr - value.raw.ptr);
	if (used > max || memchr(value.raw.ptr, 0x7f, used))
		return false;
	memcpy(out, value.raw.ptr, used);
	while (ptr < end) {
		uint32_t point;
		ptr = take_char(ptr, end, &point);
		if (!ptr)
			return false;
		if (is_control(point) && !(allow_newline && (point == '\n' || point == '\t')))
			return false;
		char bytes[4];
		unsigned count = put_utf8(bytes, point);
		if (max - used < count)
			return false;
		memcpy(out + used, bytes, count);
		used += count;
	}
	*len = used;
	return true;
}

static const char *integer_trouble(struct lgp_view text, int64_t *out)
{
	size_t sign = text.len > 0 && text.ptr[0] == '-';
	const char *digits = text.ptr + sign, *end = text.ptr + text.len;
	if (digits == end || skip_digits(digits, end) != end) {
		bool decimal = memchr(text.ptr, '.', text.len) || memchr(text.ptr, 'e', text.len) ||
		               memchr(text.ptr, 'E', text.len);
		return decimal ? "must be a whole number, without fraction or exponent"
		               : "must be a whole number, of digits alone";
	}
	if (*digits == '0' && (sign || end - digits > 1))
		return "must be a whole number without leading zeros, and zero without a sign";
	int64_t value = 0;
	for (; digits < end; digits++) {
		int64_t digit = *digits - '0';
		if (__builtin_mul_overflow(value, (int64_t)10, &value) ||
		    __builtin_add_overflow(value, sign ? -digit : digit, &value))
			return sign ? "must not be below -9223372036854775808"
			            : "must not be above 9223372036854775807";
	}
	*out = value;
	return NULL;
}

bool json_integer(struct json_value value, int64_t *out, char error[JSON_ERROR_MAX])
{
	const char *trouble = "must be a whole number";
	if (value.type == JSON_NUMBER || value.type == JSON_STRING)
		trouble = integer_trouble(value.raw, out);
	if (trouble)
		snprintf(error, JSON_ERROR_MAX, "%s", trouble);
	return !trouble;
}
