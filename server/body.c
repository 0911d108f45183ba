/* body: requests' JSON, decoded by tables of fields.
 * Thread: one loop's. */
#include "server/body.h"

#include "lagniappe/codec.h"
#include "server/calendar.h"
#include "server/http.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool body_init(struct body *body)
{
	*body = (struct body){.cap = 2 * HTTP_BODY_MAX};
	body->scratch = malloc(body->cap);
	return body->scratch != NULL;
}

void body_deinit(struct body *body)
{
	free(body->scratch);
	body->scratch = NULL;
}

__attribute__((format(printf, 3, 4))) static bool wrong(struct body *body, struct lgp_view field,
                                                        const char *format, ...)
{
	va_list args;
	size_t len = field.len < sizeof body->field - 1 ? field.len : sizeof body->field - 1;
	/* A name that is no ASCII word is not repeated: it could be anything. */
	for (size_t i = 0; i < len; i++)
		if (field.ptr[i] <= ' ' || field.ptr[i] > '~')
			len = 0;
	if (len > 0)
		memcpy(body->field, field.ptr, len);
	body->field[len] = '\0';
	va_start(args, format);
	(void)vsnprintf(body->detail, sizeof body->detail, format, args);
	va_end(args);
	return false;
}

/* ---- one value ----------------------------------------------------------------- */

/* Decodes a string into scratch. */
static bool take_string(struct body *body, struct json_value value, size_t max, bool lines,
                        struct lgp_view *out)
{
	size_t len = 0, room = body->cap - body->used;
	char *at = body->scratch + body->used;
	if (value.type != JSON_STRING ||
	    !json_string(value, at, max < room ? max : room, &len, lines))
		return false;
	*out = (struct lgp_view){at, len};
	body->used += len;
	return true;
}

static bool decode_text(struct body *body, const struct body_field *field, struct json_value value,
                        struct body_value *out)
{
	bool lines = field->type == BODY_WORDS;
	if (take_string(body, value, (size_t)field->max, lines, &out->text) &&
	    out->text.len >= (size_t)field->min)
		return true;
	return wrong(body, lgp_view_of(field->name),
	             "%s must be a string of %" PRId64 " to %" PRId64
	             " bytes of UTF-8 without control characters",
	             field->name, field->min, field->max);
}

static bool decode_integer(struct body *body, const struct body_field *field,
                           struct json_value value, struct body_value *out)
{
	char error[JSON_ERROR_MAX];
	if (!json_integer(value, &out->number, error))
		return wrong(body, lgp_view_of(field->name), "%s: %s", field->name, error);
	out->text = value.raw;
	if (out->number >= field->min && out->number <= field->max)
		return true;
	return wrong(body, lgp_view_of(field->name),
	             "%s must be from %" PRId64 " to %" PRId64 ", and is %" PRId64, field->name,
	             field->min, field->max, out->number);
}

static bool decode_list(struct body *body, const struct body_field *field, struct json_value value,
                        struct body_value *out)
{
	char *start = body->scratch + body->used;
	struct json_value element;
	size_t count = 0;
	bool good = value.type == JSON_ARRAY;
	for (; good && json_element(body->json, value, count, &element); count++) {
		struct lgp_view slug;
		if (count > 0)
			body->scratch[body->used++] = ',';
		good = count < LGP_LIST_MAX && body->cap - body->used > LGP_SLUG_MAX + 1 &&
		       take_string(body, element, LGP_SLUG_MAX, false, &slug) &&
		       lgp_slug_valid(slug);
	}
	out->text = (struct lgp_view){start, (size_t)(body->scratch + body->used - start)};
	if (good)
		return true;
	return wrong(body, lgp_view_of(field->name), "%s must be a list of at most %d slugs",
	             field->name, LGP_LIST_MAX);
}

/* Of the form of an id, though its last bits may be such as are never given. */
static bool looks_like_customer(struct lgp_view id)
{
	if (id.len != LGP_CUSTOMER_ID_LEN || id.ptr[0] != 'c' || id.ptr[1] != '-')
		return false;
	for (size_t i = 2; i < id.len; i++)
		if ((id.ptr[i] < 'a' || id.ptr[i] > 'z') && (id.ptr[i] < '2' || id.ptr[i] > '7'))
			return false;
	return true;
}

static bool decode_customer(struct body *body, const struct body_field *field,
                            struct json_value value, struct body_value *out)
{
	char id[LGP_CUSTOMER_ID_LEN];
	size_t len = 0;
	uint64_t number = 0;
	enum lgp_status status = LGP_MALFORMED;
	if (value.type == JSON_STRING && json_string(value, id, sizeof id, &len, false))
		status = lgp_customer_number(body->ids, (struct lgp_view){id, len}, &number);
	if (status == LGP_MALFORMED && !looks_like_customer((struct lgp_view){id, len}))
		return wrong(body, lgp_view_of(field->name),
		             "%s must be a customer's id: \"c-\" and 26 characters", field->name);
	/* Whether it exists comes after the shape and the key. */
	if (status != LGP_OK) {
		body->customer_unknown = true;
		number = UINT64_MAX; /* nobody's: the ledger will say so, in its turn */
	}
	out->number = (int64_t)number;
	return true;
}

struct form {
	size_t max;
	const char *what;
};

/* The words' forms: how long, and how a message describes them. */
static struct form form_of(enum body_type type)
{
	switch (type) {
	case BODY_SLUG:
		return (struct form){LGP_SLUG_MAX,
		                     "a slug: 1 to 32 of a-z 0-9 . _ -, a letter or digit first"};
	case BODY_CODE:
		return (struct form){LGP_SLUG_MAX,
		                     "a code: 1 to 32 of A-Z 0-9 . _ -, a letter first"};
	case BODY_INCIDENT:
		return (struct form){LGP_SLUG_MAX,
		                     "1 to 32 of A-Z a-z 0-9 . _ -, a letter or digit first"};
	case BODY_DATE:
		return (struct form){LGP_DATE_LEN, "a date, YYYY-MM-DD"};
	case BODY_TIME:
		return (struct form){LGP_TIME_LEN,
		                     "a time in UTC by RFC 3339, as 2026-01-31T09:00:00Z"};
	case BODY_WHEN:
		return (struct form){LGP_TIME_LEN,
		                     "a date, YYYY-MM-DD, or a time in UTC by RFC 3339"};
	case BODY_CLOCK:
		return (struct form){5, "a time of day, HH:MM"};
	case BODY_ZONE:
		return (struct form){LGP_ZONE_MAX,
		                     "a known IANA time zone, for example Europe/Paris"};
	case BODY_SUBJECT:
		return (struct form){LGP_SLUG_MAX, "the id of a member of staff or of a customer"};
	default:
		return (struct form){0, ""};
	}
}

static bool word_good(const struct body_field *field, struct body_value *out)
{
	static const struct lgp_field clock = {.name = "", .type = LGP_FIELD_CLOCK};
	int32_t days;
	switch (field->type) {
	case BODY_SLUG:
	case BODY_SUBJECT:
		return lgp_slug_valid(out->text);
	case BODY_CODE:
		return lgp_code_valid(out->text);
	case BODY_INCIDENT:
		return lgp_incident_valid(out->text);
	case BODY_DATE:
		if (lgp_date_parse(out->text, &days) != LGP_OK)
			return false;
		out->number = days;
		return true;
	case BODY_WHEN:
		if (lgp_date_parse(out->text, &days) != LGP_OK)
			return lgp_time_parse(out->text, &out->number) == LGP_OK;
		out->number = days;
		return true;
	case BODY_TIME:
		return lgp_time_parse(out->text, &out->number) == LGP_OK;
	case BODY_CLOCK:
		return lgp_field_valid(&clock, out->text);
	case BODY_ZONE:
		return calendar_zone_known(out->text);
	default:
		return false;
	}
}

static bool decode_word(struct body *body, const struct body_field *field, struct json_value value,
                        struct body_value *out)
{
	struct form form = form_of(field->type);
	if (take_string(body, value, form.max, false, &out->text) && word_good(field, out))
		return true;
	return wrong(body, lgp_view_of(field->name), "%s must be %s", field->name, form.what);
}

static bool decode_choice(struct body *body, const struct body_field *field,
                          struct json_value value, struct body_value *out)
{
	if (take_string(body, value, LGP_TEXT_MAX, false, &out->text)) {
		out->number = lgp_choice_index(field->choices, out->text);
		if (out->number >= 0)
			return true;
	}
	return wrong(body, lgp_view_of(field->name), "%s must be one of %s", field->name,
	             field->choices);
}

static bool decode_json(struct body *body, const struct body_field *field, struct json_value value,
                        struct body_value *out)
{
	/* Of a string, raw is what stands between the quotes. */
	bool quoted = value.type == JSON_STRING;
	out->text = quoted ? (struct lgp_view){value.raw.ptr - 1, value.raw.len + 2} : value.raw;
	if (out->text.len <= (size_t)field->max)
		return true;
	return wrong(body, lgp_view_of(field->name), "%s must be at most %" PRId64 " bytes of JSON",
	             field->name, field->max);
}

static bool decode_value(struct body *body, const struct body_field *field, struct json_value value,
                         struct body_value *out)
{
	out->present = true;
	if (value.type == JSON_NULL && (field->rules & BODY_CLEARABLE) != 0) {
		out->cleared = true;
		out->text = LGP_VIEW("");
		return true;
	}
	switch (field->type) {
	case BODY_TEXT:
	case BODY_WORDS:
		return decode_text(body, field, value, out);
	case BODY_INTEGER:
		return decode_integer(body, field, value, out);
	case BODY_REFS:
		return decode_list(body, field, value, out);
	case BODY_CUSTOMER:
		return decode_customer(body, field, value, out);
	case BODY_CHOICE:
		return decode_choice(body, field, value, out);
	case BODY_JSON:
		return decode_json(body, field, value, out);
	default:
		return decode_word(body, field, value, out);
	}
}

/* ---- the whole --------------------------------------------------------------------- */

/* The field's index; callers mostly send the fields in the table's order, so the
 * search begins behind the last one found. */
static size_t field_index(const struct body_table *table, struct lgp_view name, size_t from)
{
	for (size_t n = 0; n < table->count; n++) {
		size_t i = from + n < table->count ? from + n : from + n - table->count;
		if (strlen(table->fields[i].name) == name.len &&
		    memcmp(table->fields[i].name, name.ptr, name.len) == 0)
			return i;
	}
	return table->count;
}

/* Whether the table has fields inside an object of this name. */
static bool is_group(const struct body_table *table, struct lgp_view name)
{
	for (size_t i = 0; i < table->count && name.len > 0; i++)
		if (strncmp(table->fields[i].name, name.ptr, name.len) == 0 &&
		    table->fields[i].name[name.len] == '.')
			return true;
	return false;
}

/* One value of an inner object, by its name in the table: "scope.role". */
static bool decode_member(struct body *body, const struct body_table *table, struct lgp_view group,
                          struct lgp_view name, struct json_value value)
{
	char text[sizeof body->field];
	int len = snprintf(text, sizeof text, "%.*s.%.*s", (int)group.len, group.ptr, (int)name.len,
	                   name.ptr);
	size_t f = table->count;
	struct lgp_view path = {text, len < (int)sizeof text ? (size_t)len : sizeof text - 1};
	if (len < (int)sizeof text)
		f = field_index(table, path, 0);
	if (f == table->count)
		return wrong(body, path, "this field is not known here");
	if (!decode_value(body, &table->fields[f], value, &body->value[f]))
		return false;
	body->personal |= (table->fields[f].rules & BODY_PERSONAL) != 0;
	return !body->value[f].cleared ||
	       wrong(body, path, "%s is left out where it has no value", table->fields[f].name);
}

static bool decode_group(struct body *body, const struct body_table *table, struct lgp_view group,
                         struct json_value object)
{
	struct lgp_view name;
	struct json_value value;
	if (object.type != JSON_OBJECT)
		return wrong(body, group, "%.*s must be an object", (int)group.len, group.ptr);
	for (size_t i = 0; json_member(body->json, object, i, &name, &value); i++)
		if (!decode_member(body, table, group, name, value))
			return false;
	return true;
}

static bool required_there(struct body *body, const struct body_table *table)
{
	for (size_t i = 0; i < table->count; i++)
		if ((table->fields[i].rules & BODY_REQUIRED) != 0 && !body->value[i].present)
			return wrong(body, lgp_view_of(table->fields[i].name), "%s is needed",
			             table->fields[i].name);
	return true;
}

bool body_decode(struct body *body, const struct body_table *table, bool partial,
                 struct json_document *json, struct lgp_idcipher *ids, struct lgp_view text)
{
	char error[JSON_ERROR_MAX];
	require(table->count <= BODY_FIELDS_MAX);
	memset(body->value, 0, table->count * sizeof body->value[0]);
	body->json = json;
	body->ids = ids;
	body->used = 0;
	body->personal = body->customer_unknown = false;
	if (text.len == 0)
		return wrong(body, LGP_VIEW(""), "the body must be a JSON object, and is empty");
	if (!json_parse_object(json, text, error))
		return wrong(body, LGP_VIEW(""), "the body is not the JSON that is taken here: %s",
		             error);
	size_t count = json_field_count(json), at = 0;
	for (size_t i = 0; i < count; i++) {
		struct lgp_view name = json_field_name(json, i);
		size_t f = field_index(table, name, at);
		if (f == table->count && is_group(table, name)) {
			if (!decode_group(body, table, name, json_field_value(json, i)))
				return false;
			continue;
		}
		if (f == table->count || memchr(name.ptr, '.', name.len) != NULL)
			return wrong(body, name, "this field is not known here");
		if (!decode_value(body, &table->fields[f], json_field_value(json, i),
		                  &body->value[f]))
			return false;
		if (body->value[f].cleared && !partial)
			return wrong(body, name, "%s is left out where it has no value",
			             table->fields[f].name);
		body->personal |= (table->fields[f].rules & BODY_PERSONAL) != 0;
		at = f + 1;
	}
	if (partial && count == 0)
		return wrong(body, LGP_VIEW(""), "there is nothing to change");
	return partial || required_there(body, table);
}

/* ---- nouns ---------------------------------------------------------------------------- */

#define NOUNS_MAX 16
#define TOKEN_SECONDS_MAX (INT64_C(86400) * 3660) /* ten years */

struct noun_table {
	struct body_table table;
	struct body_field fields[BODY_FIELDS_MAX];
	signed char index[BODY_FIELDS_MAX];
};
static struct noun_table noun_tables[NOUNS_MAX];

static enum body_type type_of(const struct lgp_field *field)
{
	switch (field->type) {
	case LGP_FIELD_SLUG:
		return BODY_SLUG;
	case LGP_FIELD_CODE:
		return BODY_CODE;
	case LGP_FIELD_CHOICE:
		return BODY_CHOICE;
	case LGP_FIELD_NUMBER:
		return BODY_INTEGER;
	case LGP_FIELD_DATE:
		return BODY_DATE;
	case LGP_FIELD_TIME:
		return BODY_TIME;
	case LGP_FIELD_WHEN:
		return BODY_WHEN;
	case LGP_FIELD_CLOCK:
		return BODY_CLOCK;
	case LGP_FIELD_ZONE:
		return BODY_ZONE;
	case LGP_FIELD_REF:
		return field->noun == LGP_KIND_UNIT ? BODY_CODE : BODY_SLUG;
	case LGP_FIELD_REFS:
		return BODY_REFS;
	case LGP_FIELD_CUSTOMER:
		return BODY_CUSTOMER;
	default:
		return BODY_TEXT;
	}
}

static void add_field(struct noun_table *out, struct body_field field, int index)
{
	require(out->table.count < BODY_FIELDS_MAX);
	out->fields[out->table.count] = field;
	out->index[out->table.count++] = (signed char)index;
}

static void add_noun_field(struct noun_table *out, const struct lgp_noun *noun, size_t i)
{
	const struct lgp_field *field = &noun->fields[i];
	bool token = noun->kind == LGP_KIND_TOKEN;
	bool subject = token && strcmp(field->name, "subject") == 0;
	/* A token's customer comes as its subject, its end as expires_in. */
	if ((field->rules & LGP_FIELD_SECRET) != 0 ||
	    (token && (field->type == LGP_FIELD_TIME || field->type == LGP_FIELD_CUSTOMER)))
		return;
	/* Who delegates is who asks. */
	if (noun->kind == LGP_KIND_DELEGATION && strcmp(field->name, "from") == 0)
		return;
	/* Everything has a name, though the ledger could do without. */
	bool required =
	        (field->rules & LGP_FIELD_REQUIRED) != 0 || strcmp(field->name, "name") == 0;
	/* A limit's id is in its address. */
	if (noun->kind == LGP_KIND_LIMIT && strcmp(field->name, "id") == 0)
		required = false;
	add_field(out,
	          (struct body_field){.name = field->name,
	                              .type = subject ? BODY_SUBJECT : type_of(field),
	                              .rules = required ? BODY_REQUIRED : BODY_CLEARABLE,
	                              .choices = field->choices,
	                              .min = field->type == LGP_FIELD_TEXT ? 1 : 0,
	                              .max = field->type == LGP_FIELD_TEXT ? LGP_TEXT_MAX
	                                                                   : (int64_t)field->max,
	                              .help = field->help},
	          (int)i);
}

static void make_table(struct noun_table *out, const struct lgp_noun *noun)
{
	out->table = (struct body_table){noun->plural, 0, out->fields};
	for (size_t i = 0; i < noun->field_count; i++)
		add_noun_field(out, noun, i);
	if (noun->personal_name)
		add_field(out,
		          (struct body_field){"name", BODY_TEXT, BODY_PERSONAL | BODY_REQUIRED,
		                              NULL, 1, LGP_TEXT_MAX, "the person's name, sealed"},
		          -1);
	if (noun->kind == LGP_KIND_TOKEN)
		add_field(out,
		          (struct body_field){"expires_in", BODY_INTEGER, BODY_REQUIRED, NULL, 1,
		                              TOKEN_SECONDS_MAX, "seconds until it ends by itself"},
		          -1);
}

void body_tables_start(void)
{
	for (size_t i = 0; lgp_noun_at(i) != NULL; i++) {
		require(i < NOUNS_MAX);
		if (noun_tables[i].table.fields == NULL)
			make_table(&noun_tables[i], lgp_noun_at(i));
	}
}

const struct body_table *body_table_of(const struct lgp_noun *noun, const signed char **index)
{
	size_t i = 0;
	while (lgp_noun_at(i) != noun)
		require(lgp_noun_at(i++) != NULL);
	if (index != NULL)
		*index = noun_tables[i].index;
	return &noun_tables[i].table;
}
