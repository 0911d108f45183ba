/* openapi: the description of the interface, from the tables.
 * Thread: main, at start. */
#include "server/openapi.h"

#include "server/endpoints.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#define SLUG_PATTERN "^[a-z0-9][a-z0-9._-]{0,31}$"
#define CODE_PATTERN "^[A-Z][A-Z0-9._-]{0,31}$"
#define INCIDENT_PATTERN "^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$"
#define CUSTOMER_PATTERN "^c-[a-z2-7]{26}$"
#define DATE_PATTERN "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"

/* What answers look like.  They are open: fields may be added. */
static const char answers[] =
        "\"Receipt\":{\"type\":\"object\",\"required\":[\"leaf\",\"proof\"],\"properties\":{"
        "\"leaf\":{\"type\":\"string\",\"contentEncoding\":\"base64\"},"
        "\"proof\":{\"type\":\"string\",\"description\":\"C2SP tlog-proof\"},"
        "\"entry\":{\"$ref\":\"#/components/schemas/Entry\"}}},"
        "\"Entry\":{\"type\":\"object\",\"properties\":{"
        "\"seq\":{\"type\":\"integer\",\"minimum\":0},\"kind\":{\"type\":\"string\"},"
        "\"time\":{\"type\":\"string\",\"format\":\"date-time\"},"
        "\"business_date\":{\"type\":\"string\",\"format\":\"date\"},"
        "\"actor\":{\"type\":\"string\"},\"staff\":{\"type\":\"string\"},"
        "\"customer\":{\"type\":\"string\",\"pattern\":\"" CUSTOMER_PATTERN "\"},"
        "\"party\":{\"type\":\"integer\"},\"amount\":{\"type\":\"integer\"},"
        "\"minutes\":{\"type\":\"integer\"},\"unit\":{\"type\":\"string\"},"
        "\"reason\":{\"type\":\"string\"},\"budget\":{\"type\":\"string\"},"
        "\"site\":{\"type\":\"string\"},\"incident\":{\"type\":\"string\"},"
        "\"touchpoint\":{\"type\":\"string\"},\"refers_to\":{\"type\":\"integer\"},"
        "\"balance\":{\"type\":\"integer\"},\"asked\":{\"type\":\"string\"},"
        "\"refused\":{\"type\":\"string\"},\"policy\":{\"type\":\"integer\"},"
        "\"limits\":{\"type\":\"array\",\"items\":{\"$ref\":\"#/components/schemas/LimitUse\"}},"
        "\"previous_version\":{\"type\":\"integer\"},\"authority\":{\"type\":\"string\"},"
        "\"expires_at\":{\"type\":\"string\",\"format\":\"date-time\"},\"words\":{\"type\":"
        "\"string\"},"
        "\"previous\":{\"type\":\"integer\"},\"receipt_url\":{\"type\":\"string\"},"
        "\"dry_run\":{\"type\":\"boolean\"},"
        "\"receipt\":{\"$ref\":\"#/components/schemas/Receipt\"}}},"
        "\"Entries\":{\"type\":\"object\",\"required\":[\"entries\"],\"properties\":{"
        "\"entries\":{\"type\":\"array\",\"items\":{\"$ref\":\"#/components/schemas/Entry\"}},"
        "\"next_page_token\":{\"type\":\"string\"}}},"
        "\"Balances\":{\"type\":\"object\",\"required\":[\"balances\"],\"properties\":{"
        "\"balances\":{\"type\":\"array\",\"items\":{\"type\":\"object\","
        "\"required\":[\"unit\",\"available\",\"held\"],\"properties\":{"
        "\"unit\":{\"type\":\"string\"},\"available\":{\"type\":\"integer\"},"
        "\"held\":{\"type\":\"integer\"}}}}}},"
        "\"CustomerAnswer\":{\"type\":\"object\",\"properties\":{"
        "\"id\":{\"type\":\"string\",\"pattern\":\"" CUSTOMER_PATTERN "\"},"
        "\"name\":{\"type\":\"string\"},\"reference\":{\"type\":\"string\"},\"preferences\":{},"
        "\"household\":{\"type\":\"string\"},\"customer_since\":{\"type\":\"string\"},"
        "\"dry_run\":{\"type\":\"boolean\"},\"seq\":{\"type\":\"integer\"},"
        "\"receipt\":{\"$ref\":\"#/components/schemas/Receipt\"}}},"
        "\"LineAnswer\":{\"type\":\"object\",\"required\":[\"status\"],\"properties\":{"
        "\"status\":{\"type\":\"integer\"},\"seq\":{\"type\":\"integer\"},"
        "\"replayed\":{\"type\":\"boolean\"},"
        "\"problem\":{\"$ref\":\"#/components/schemas/Problem\"}}},"
        "\"Problem\":{\"type\":\"object\",\"required\":[\"type\",\"title\",\"status\"],"
        "\"properties\":{\"type\":{\"type\":\"string\",\"format\":\"uri-reference\"},"
        "\"title\":{\"type\":\"string\"},\"status\":{\"type\":\"integer\"},"
        "\"detail\":{\"type\":\"string\"},\"field\":{\"type\":\"string\"},"
        "\"seq\":{\"type\":\"integer\"},\"existing\":{\"type\":\"string\"},"
        "\"limit\":{\"type\":\"string\"},\"max\":{\"type\":\"integer\"},"
        "\"used\":{\"type\":\"integer\"},\"remaining\":{\"type\":\"integer\"},"
        "\"resets_at\":{\"type\":\"string\",\"format\":\"date-time\"},"
        "\"unit\":{\"type\":\"string\"},\"measure\":{\"type\":\"string\"},"
        "\"when_passed\":{\"type\":\"string\",\"enum\":[\"refuse\",\"ask\"]},"
        "\"limits\":{\"type\":\"array\",\"items\":{\"$ref\":\"#/components/schemas/LimitUse\"}},"
        "\"retry_after\":{\"type\":\"integer\"},"
        "\"dry_run\":{\"type\":\"boolean\"},\"request_id\":{\"type\":\"string\"}}}";

/* The same, of limits and approvals. */
static const char limit_answers[] =
        ",\"LimitUse\":{\"type\":\"object\",\"properties\":{"
        "\"limit\":{\"type\":\"string\"},\"version\":{\"type\":\"integer\"},"
        "\"max\":{\"type\":\"integer\"},\"used\":{\"type\":\"integer\"},"
        "\"remaining\":{\"type\":\"integer\"},"
        "\"resets_at\":{\"type\":\"string\",\"format\":\"date-time\"},"
        "\"unit\":{\"type\":\"string\"},"
        "\"measure\":{\"type\":\"string\"},\"per\":{\"type\":\"string\"},"
        "\"window\":{\"type\":\"string\"},\"when_passed\":{\"type\":\"string\"},"
        "\"passed\":{\"type\":\"boolean\"},"
        "\"needs\":{\"type\":\"string\",\"enum\":[\"customer\",\"incident\"],\"description\":"
        "\"what to name before it is known how much is used\"}}},"
        "\"Headroom\":{\"type\":\"object\",\"required\":[\"limits\",\"budget\"],\"properties\":{"
        "\"limits\":{\"type\":\"array\",\"items\":{\"$ref\":\"#/components/schemas/LimitUse\"}},"
        "\"budget\":{\"type\":\"object\",\"required\":[\"id\",\"unit\",\"available\"],"
        "\"properties\":{\"id\":{\"type\":\"string\"},\"unit\":{\"type\":\"string\"},"
        "\"available\":{\"type\":\"integer\"}}}}},"
        "\"Approvals\":{\"type\":\"object\",\"required\":[\"approvals\"],\"properties\":{"
        "\"approvals\":{\"type\":\"array\",\"items\":{\"$ref\":\"#/components/schemas/Entry\"}},"
        "\"next_page_token\":{\"type\":\"string\"}}},"
        "\"LimitVersions\":{\"type\":\"object\",\"required\":[\"versions\"],\"properties\":{"
        "\"versions\":{\"type\":\"array\",\"items\":{\"$ref\":\"#/components/schemas/Limits\"}},"
        "\"ended\":{\"type\":\"boolean\"},"
        "\"next_page_token\":{\"type\":\"string\"}}}";

/* ---- requests' schemas ------------------------------------------------------------------- */

static void write_string_type(struct buf *out, const char *pattern)
{
	buf_text(out, "\"type\":\"string\"");
	json_write_text(out, "pattern", lgp_view_of(pattern));
}

static void write_choices(struct buf *out, const char *choices)
{
	buf_text(out, "\"type\":\"string\",\"enum\":[\"");
	for (; *choices != '\0'; choices++)
		buf_add(out, *choices == '|' ? "\",\"" : choices, *choices == '|' ? 3 : 1);
	buf_text(out, "\"]");
}

static void write_type(struct buf *out, const struct body_field *field)
{
	switch (field->type) {
	case BODY_SLUG:
		write_string_type(out, SLUG_PATTERN);
		return;
	case BODY_CODE:
		write_string_type(out, CODE_PATTERN);
		return;
	case BODY_INCIDENT:
		write_string_type(out, INCIDENT_PATTERN);
		return;
	case BODY_CUSTOMER:
		write_string_type(out, CUSTOMER_PATTERN);
		return;
	case BODY_DATE:
		write_string_type(out, DATE_PATTERN);
		return;
	case BODY_WHEN:
		buf_text(out, "\"type\":\"string\",\"anyOf\":[{\"format\":\"date\"},"
		              "{\"format\":\"date-time\"}]");
		return;
	case BODY_CLOCK:
		write_string_type(out, "^([01][0-9]|2[0-3]):[0-5][0-9]$");
		return;
	case BODY_TIME:
		buf_text(out, "\"type\":\"string\",\"format\":\"date-time\"");
		return;
	case BODY_ZONE:
	case BODY_SUBJECT:
		buf_text(out, "\"type\":\"string\"");
		return;
	case BODY_TEXT:
	case BODY_WORDS:
		buf_printf(out,
		           "\"type\":\"string\",\"minLength\":%" PRId64 ",\"maxLength\":%" PRId64,
		           field->min, field->max);
		return;
	case BODY_INTEGER:
		buf_printf(out,
		           "\"type\":[\"integer\",\"string\"],\"minimum\":%" PRId64
		           ",\"maximum\":%" PRId64 ",\"pattern\":\"^-?[0-9]+$\"",
		           field->min, field->max);
		return;
	case BODY_CHOICE:
		write_choices(out, field->choices);
		return;
	case BODY_REFS:
		buf_printf(out,
		           "\"type\":\"array\",\"maxItems\":%d,\"uniqueItems\":true,\"items\":{",
		           LGP_LIST_MAX);
		write_string_type(out, SLUG_PATTERN);
		buf_text(out, "}");
		return;
	case BODY_JSON:
		buf_text(out, "\"description\":\"any JSON\"");
		return;
	}
}

/* The object that a field "a.b" stands in: opened before its first field,
 * closed behind its last. */
static void write_group(struct buf *out, const struct body_table *table, size_t i, const char *open)
{
	const char *name = i < table->count ? table->fields[i].name : "";
	const char *before = i > 0 ? table->fields[i - 1].name : "";
	size_t len = strcspn(name, "."), len_before = strcspn(before, ".");
	bool grouped = name[len] == '.', grouped_before = before[len_before] == '.';
	if (grouped && grouped_before && len == len_before && memcmp(name, before, len) == 0)
		return;
	if (grouped_before)
		buf_text(out, "}}");
	if (!grouped)
		return;
	buf_text(out, i > 0 ? ",\"" : "\"");
	buf_add(out, name, len);
	buf_text(out, "\":{\"type\":\"object\",");
	buf_text(out, open);
	buf_text(out, "\"properties\":{");
}

/* The field's name in its object. */
static const char *inner_name(const struct body_field *field)
{
	const char *dot = strchr(field->name, '.');
	return dot != NULL ? dot + 1 : field->name;
}

static void write_property(struct buf *out, const struct body_field *field, bool change)
{
	bool clearable = change && (field->rules & BODY_CLEARABLE) != 0 && field->type != BODY_JSON;
	json_write_name(out, inner_name(field));
	buf_text(out, clearable ? "{\"anyOf\":[{" : "{");
	write_type(out, field);
	if (clearable)
		buf_text(out, "},{\"type\":\"null\"}]");
	if (field->type != BODY_JSON)
		json_write_text(out, "description", lgp_view_of(field->help));
	buf_text(out, "}");
}

static bool is_fixed(const struct lgp_noun *noun, const signed char *index, size_t i)
{
	return noun != NULL && index[i] >= 0 &&
	       (noun->fields[index[i]].rules & LGP_FIELD_FIXED) != 0;
}

/* noun: whose fixed fields a change leaves out, or NULL. */
static void write_schema(struct buf *out, const char *name, const struct body_table *table,
                         const struct lgp_noun *noun, bool change)
{
	const signed char *index = NULL;
	bool first = true;
	if (noun != NULL)
		(void)body_table_of(noun, &index);
	json_write_name(out, name);
	buf_text(out, "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{");
	for (size_t i = 0; i < table->count; i++) {
		write_group(out, table, i, "\"additionalProperties\":false,");
		if (!change || !is_fixed(noun, index, i))
			write_property(out, &table->fields[i], change);
	}
	write_group(out, table, table->count, "");
	buf_text(out, "}");
	if (change) {
		buf_text(out, ",\"minProperties\":1}");
		return;
	}
	buf_text(out, ",\"required\":[");
	for (size_t i = 0; i < table->count; i++)
		if ((table->fields[i].rules & BODY_REQUIRED) != 0) {
			buf_text(out, first ? "" : ",");
			json_write_string(out, lgp_view_of(table->fields[i].name));
			first = false;
		}
	buf_text(out, "]}");
}

/* The name of the schema that a route's body has. */
static void body_name(const struct route *route, char out[64])
{
	const struct body_table *table = route_body(route);
	bool change = (route->flags & ROUTE_CHANGE) != 0 && route->noun != 0;
	size_t len = strlen(table->name);
	memcpy(out, table->name, len + 1);
	out[0] = (char)toupper((unsigned char)out[0]);
	memcpy(out + len, change ? "Change" : "", change ? 7 : 1);
	if (route->noun != 0 && !change)
		memcpy(out + len, "New", 4);
}

static void write_bodies(struct buf *out)
{
	char name[64];
	for (size_t i = 0; i < route_count; i++) {
		if (route_body(&routes[i]) == NULL)
			continue;
		body_name(&routes[i], name);
		write_schema(out, name, route_body(&routes[i]),
		             routes[i].noun != 0 ? lgp_noun_of(routes[i].noun) : NULL,
		             (routes[i].flags & ROUTE_CHANGE) != 0);
	}
}

/* A noun as answered: its fields, its entry, its receipt. */
static void write_noun_answer(struct buf *out, const struct lgp_noun *noun)
{
	const struct body_table *table = body_table_of(noun, NULL);
	char name[64];
	size_t len = strlen(noun->plural);
	memcpy(name, noun->plural, len + 1);
	name[0] = (char)toupper((unsigned char)name[0]);
	json_write_name(out, name);
	buf_text(out, "{\"type\":\"object\",\"properties\":{");
	for (size_t i = 0; i < table->count; i++) {
		const struct body_field *field = &table->fields[i];
		write_group(out, table, i, "");
		json_write_name(out, inner_name(field));
		buf_text(out, "{");
		if (field->type == BODY_INTEGER)
			buf_text(out, "\"type\":\"integer\"");
		else
			write_type(out, field);
		buf_text(out, "}");
	}
	write_group(out, table, table->count, "");
	if (noun->kind == LGP_KIND_LIMIT)
		buf_text(out, ",\"version\":{\"type\":\"integer\"}");
	if (noun->kind == LGP_KIND_DELEGATION)
		buf_text(out, ",\"id\":{\"type\":\"string\",\"pattern\":\"^d-[0-9]+$\"},"
		              "\"from\":{\"type\":\"string\"},\"ended\":{\"type\":\"boolean\"}");
	if (noun->kind == LGP_KIND_TOKEN)
		buf_text(out, ",\"id\":{\"type\":\"string\",\"pattern\":\"^t-[0-9]+$\"},"
		              "\"token\":{\"type\":\"string\"},\"ended\":{\"type\":\"boolean\"},"
		              "\"expires\":{\"type\":\"string\",\"format\":\"date-time\"}");
	if (noun->kind == LGP_KIND_BUDGET)
		buf_text(out, ",\"available\":{\"type\":\"integer\"},\"reserved\":{\"type\":"
		              "\"integer\"},\"allotted\":{\"type\":\"integer\"},\"spent\":{"
		              "\"type\":\"integer\"},\"imported\":"
		              "{\"type\":\"integer\"}");
	buf_text(out, ",\"seq\":{\"type\":\"integer\"},\"dry_run\":{\"type\":\"boolean\"},"
	              "\"receipt\":{\"$ref\":\"#/components/schemas/Receipt\"}}}");
}

/* ---- paths --------------------------------------------------------------------------------- */

static void write_query(struct buf *out, const char *name, const char *schema)
{
	buf_printf(out, ",{\"name\":\"%s\",\"in\":\"query\",\"schema\":%s}", name, schema);
}

static void write_parameters(struct buf *out, const struct route *route)
{
	buf_text(out, ",\"parameters\":[{\"name\":\"X-Request-Id\",\"in\":\"header\",\"schema\":"
	              "{\"type\":\"string\"}}");
	if (strstr(route->pattern, "{id}") != NULL)
		buf_text(out, ",{\"name\":\"id\",\"in\":\"path\",\"required\":true,\"schema\":"
		              "{\"type\":\"string\"}}");
	if ((route->flags & ROUTE_KEY) != 0)
		buf_text(out, ",{\"name\":\"Idempotency-Key\",\"in\":\"header\",\"required\":true,"
		              "\"schema\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":257}},"
		              "{\"name\":\"Prefer\",\"in\":\"header\",\"schema\":{\"type\":"
		              "\"string\"},\"description\":\"return=minimal: the number alone\"}");
	for (size_t i = 0; (route->flags & ROUTE_QUERY) != 0 && i < route->body->count; i++) {
		buf_printf(out, ",{\"name\":\"%s\",\"in\":\"query\",\"schema\":{",
		           route->body->fields[i].name);
		write_type(out, &route->body->fields[i]);
		buf_text(out, "}");
		json_write_text(out, "description", lgp_view_of(route->body->fields[i].help));
		buf_text(out, "}");
	}
	if (strcmp(route->pattern, "/v1/limits/{id}") == 0 && route->method != HTTP_GET)
		buf_text(out, ",{\"name\":\"If-Match\",\"in\":\"header\",\"schema\":{\"type\":"
		              "\"string\"},\"description\":\"the version that must be in force\"}");
	if ((route->flags & (ROUTE_KEY | ROUTE_BULK | ROUTE_DRY)) != 0)
		write_query(out, "dry_run", "{\"type\":\"boolean\"}");
	if ((route->flags & ROUTE_PAGES) != 0) {
		write_query(out, "page_size",
		            "{\"type\":\"integer\",\"minimum\":1,\"maximum\":1000}");
		write_query(out, "page_token", "{\"type\":\"string\"}");
	}
	if (route->answer == ANSWER_ENTRIES)
		write_query(out, "after", "{\"type\":\"integer\",\"minimum\":0}");
	buf_text(out, "]");
}

static void write_request_body(struct buf *out, const struct route *route)
{
	char name[64];
	if (route_body(route) == NULL)
		return;
	body_name(route, name);
	buf_printf(out,
	           ",\"requestBody\":{\"required\":true,\"content\":{\"%s\":{\"schema\":{\"$ref\":"
	           "\"#/components/schemas/%s\"}}}}",
	           (route->flags & ROUTE_BULK) != 0 ? "application/x-ndjson" : "application/json",
	           name);
}

/* The media type and the schema of a good answer; a noun's is named by its plural. */
static const char *answer_schema(const struct route *route, const char **media)
{
	*media = "application/json";
	switch (route->answer) {
	case ANSWER_ENTRY:
	case ANSWER_GRANT:
	case ANSWER_DECLINE:
		return "Entry";
	case ANSWER_APPROVALS:
		return "Approvals";
	case ANSWER_HEADROOM:
		return "Headroom";
	case ANSWER_VERSIONS:
		return "LimitVersions";
	case ANSWER_ENTRIES:
		return "Entries";
	case ANSWER_CUSTOMER:
		return "CustomerAnswer";
	case ANSWER_BALANCES:
		return "Balances";
	case ANSWER_RECEIPT:
		return "Receipt";
	case ANSWER_LINES:
		*media = "application/x-ndjson";
		return "LineAnswer";
	case ANSWER_TEXT:
		*media = "text/plain";
		return NULL;
	case ANSWER_BYTES:
		*media = "application/octet-stream";
		return NULL;
	default:
		return NULL;
	}
}

static void write_noun_reference(struct buf *out, const struct lgp_noun *noun, bool list)
{
	if (list) {
		buf_text(out, "{\"type\":\"object\",\"properties\":{");
		json_write_string(out, lgp_view_of(noun->plural));
		buf_text(out, ":{\"type\":\"array\",\"items\":");
	}
	buf_printf(out, "{\"$ref\":\"#/components/schemas/%c%s\"}",
	           toupper((unsigned char)noun->plural[0]), noun->plural + 1);
	if (list)
		buf_text(out, "},\"next_page_token\":{\"type\":\"string\"}}}");
}

static void write_content(struct buf *out, const struct route *route)
{
	const char *media, *schema = answer_schema(route, &media);
	if (route->answer == ANSWER_NOTHING)
		return;
	buf_printf(out, ",\"content\":{\"%s\":{\"schema\":", media);
	if (schema != NULL)
		buf_printf(out, "{\"$ref\":\"#/components/schemas/%s\"}", schema);
	else if (route->noun != 0)
		write_noun_reference(out, lgp_noun_of(route->noun), route->answer == ANSWER_NOUNS);
	else
		buf_text(out, route->answer == ANSWER_OBJECT ? "{\"type\":\"object\"}"
		                                             : "{\"type\":\"string\"}");
	buf_text(out, "}");
	if (route->answer == ANSWER_RECEIPT)
		buf_text(out, ",\"text/plain\":{\"schema\":{\"type\":\"string\"}}");
	buf_text(out, "}");
}

static void write_responses(struct buf *out, const struct route *route)
{
	bool created =
	        (route->flags & (ROUTE_KEY | ROUTE_DRY)) != 0 && route->answer != ANSWER_DECLINE;
	buf_printf(out, ",\"responses\":{\"%s\":{\"description\":\"%s\"",
	           created                           ? "201"
	           : route->answer == ANSWER_NOTHING ? "204"
	                                             : "200",
	           created ? "Done, and durable" : "As asked");
	write_content(out, route);
	buf_text(out, "}");
	if (created) {
		buf_text(out, route->answer == ANSWER_LIMIT
		                      ? ",\"200\":{\"description\":\"A new version; or, a dry run\""
		                      : ",\"200\":{\"description\":\"A dry run: what would be\"");
		write_content(out, route);
		buf_text(out, "}");
	}
	if (route->answer == ANSWER_GRANT) {
		buf_text(out, ",\"202\":{\"description\":\"It waits for approval\"");
		write_content(out, route);
		buf_text(out, "}");
	}
	buf_text(out, ",\"default\":{\"$ref\":\"#/components/responses/Problem\"}}");
}

static void write_roles(struct buf *out, const char *name, unsigned roles)
{
	bool first = true;
	buf_printf(out, ",\"%s\":[", name);
	for (unsigned role = LGP_ROLE_ADMIN; role < LGP_ROLE_COUNT; role++)
		if ((roles & (1u << role)) != 0) {
			buf_printf(out, "%s\"%s\"", first ? "" : ",",
			           lgp_role_name((enum lgp_role)role));
			first = false;
		}
	buf_text(out, "]");
}

static void write_security(struct buf *out, const struct route *route)
{
	if ((route->flags & ROUTE_OPEN) != 0) {
		buf_text(out, ",\"security\":[]");
		return;
	}
	buf_text(out, (route->flags & ROUTE_LOG) != 0 ? ",\"security\":[{},{\"bearer\":[]}]"
	                                              : ",\"security\":[{\"bearer\":[]}]");
	write_roles(out, "x-roles", route->roles);
	if ((route->flags & ROUTE_TRIAL) != 0)
		write_roles(out, "x-roles-with-dry-run", route->roles | ROLES_TRIAL);
}

static void write_operation(struct buf *out, const struct route *route)
{
	char method[16] = "";
	const char *name = route_method_name(route->method);
	for (size_t i = 0; name[i] != '\0'; i++)
		method[i] = (char)tolower((unsigned char)name[i]);
	json_write_name(out, method);
	buf_text(out, "{\"operationId\":");
	json_write_string(out, lgp_view_of(route->operation));
	json_write_text(out, "summary", lgp_view_of(route->summary));
	write_security(out, route);
	write_parameters(out, route);
	write_request_body(out, route);
	write_responses(out, route);
	buf_text(out, "}");
}

/* All methods of an address together. */
static void write_paths(struct buf *out)
{
	buf_text(out, ",\"paths\":{");
	for (size_t i = 0; i < route_count; i++) {
		bool seen = false;
		for (size_t j = 0; j < i; j++)
			seen |= strcmp(routes[i].pattern, routes[j].pattern) == 0;
		if (seen)
			continue;
		json_write_name(out, routes[i].pattern);
		buf_text(out, "{");
		for (size_t j = i; j < route_count; j++)
			if (strcmp(routes[i].pattern, routes[j].pattern) == 0)
				write_operation(out, &routes[j]);
		buf_text(out, "}");
	}
	buf_text(out, "}");
}

bool openapi_write(struct buf *out)
{
	buf_text(out, "{\"openapi\":\"3.1.0\",\"info\":{\"title\":\"Lagniappe\",\"version\":\"1\","
	              "\"description\":\"Grants and thanks from the front line, in a ledger whose "
	              "every entry carries its proof.\"}");
	write_paths(out);
	buf_text(out, ",\"components\":{\"securitySchemes\":{\"bearer\":{\"type\":\"http\","
	              "\"scheme\":\"bearer\"}},\"responses\":{\"Problem\":{\"description\":"
	              "\"RFC 9457; the codes are at /problems\",\"content\":{"
	              "\"application/problem+json\":{\"schema\":{\"$ref\":"
	              "\"#/components/schemas/Problem\"}}}}},\"schemas\":{");
	buf_text(out, answers);
	buf_text(out, limit_answers);
	write_bodies(out);
	for (size_t i = 0; lgp_noun_at(i) != NULL; i++)
		write_noun_answer(out, lgp_noun_at(i));
	buf_text(out, "}}}\n");
	return !out->failed;
}
