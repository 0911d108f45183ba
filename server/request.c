/* request: what every request goes through before its own handler: token, role,
 * query, body, in the order that /problems publishes.
 * Thread: the exchange's loop. */
#include "server/request.h"

#include "lagniappe/codec.h"
#include "server/auth.h"
#include "server/endpoints.h"

#include <string.h>
#include <strings.h>

/* ---- the query ------------------------------------------------------------------- */

static bool query_wrong(struct request *request, struct lgp_view name, const char *what)
{
	char field[32] = "";
	memcpy(field, name.ptr, name.len < sizeof field - 1 ? name.len : sizeof field - 1);
	for (char *at = field; *at != '\0'; at++)
		if (*at <= ' ' || *at > '~')
			*at = '?';
	problem_reply(request->exchange, LGP_PROBLEM_MALFORMED, field, "%s: %s", field, what);
	return false;
}

static bool read_dry_run(struct request *request, struct lgp_view name, struct lgp_view value)
{
	if (!lgp_view_equal(value, LGP_VIEW("true")) && !lgp_view_equal(value, LGP_VIEW("false")))
		return query_wrong(request, name, "must be true or false");
	request->dry = value.len == 4;
	return true;
}

static bool read_page_size(struct request *request, struct lgp_view name, struct lgp_view value)
{
	if (lgp_decimal_parse(value, &request->page_size) != LGP_OK || request->page_size == 0 ||
	    request->page_size > PAGE_SIZE_MAX)
		return query_wrong(request, name, "must be a number from 1 to 1000");
	return true;
}

static bool read_parameter(struct request *request, struct lgp_view name, struct lgp_view value)
{
	unsigned flags = request->route->flags;
	if ((flags & (ROUTE_KEY | ROUTE_BULK | ROUTE_DRY)) != 0 &&
	    lgp_view_equal(name, LGP_VIEW("dry_run")))
		return read_dry_run(request, name, value);
	if ((flags & ROUTE_PAGES) != 0) {
		if (lgp_view_equal(name, LGP_VIEW("page_size")))
			return read_page_size(request, name, value);
		if (lgp_view_equal(name, LGP_VIEW("page_token"))) {
			request->page_token = value;
			return true;
		}
		if (request->route->answer == ANSWER_ENTRIES &&
		    lgp_view_equal(name, LGP_VIEW("after"))) {
			request->has_after = true;
			if (lgp_decimal_parse(value, &request->after) != LGP_OK)
				return query_wrong(request, name, "must be an entry's number");
			return true;
		}
	}
	if ((flags & ROUTE_QUERY) != 0) {
		/* Gathered as JSON, to be decoded by the route's table. */
		struct buf *out = request->exchange->out;
		buf_text(out, out->len == 0 ? "{" : ",");
		json_write_string(out, name);
		buf_text(out, ":");
		json_write_string(out, value);
		return true;
	}
	return query_wrong(request, name, "this parameter is not known here");
}

/* The query's parameters, into worker->body like a body's fields. */
static bool decode_query(struct request *request)
{
	struct worker *worker = request->worker;
	struct buf *out = request->exchange->out;
	if ((request->route->flags & ROUTE_QUERY) == 0)
		return true;
	buf_text(out, out->len == 0 ? "{}" : "}");
	bool good = !out->failed && body_decode(&worker->body, request->route->body, false,
	                                        worker->json, worker->ids, buf_contents(out));
	buf_clear(out);
	if (!good)
		problem_reply(
		        request->exchange, LGP_PROBLEM_MALFORMED, worker->body.field, "%s",
		        worker->body.field[0] != '\0'
		                ? worker->body.detail
		                : "the query's parameters are not of their form, or come twice");
	return good;
}

/* Whether the parameter stands in the query before this one. */
static bool came_before(struct lgp_view query, struct lgp_view name)
{
	for (const char *at = query.ptr; at < name.ptr;) {
		const char *end = memchr(at, '&', (size_t)(name.ptr - at));
		require(end != NULL);
		if ((size_t)(end - at) >= name.len && memcmp(at, name.ptr, name.len) == 0 &&
		    (at[name.len] == '=' || at[name.len] == '&'))
			return true;
		at = end + 1;
	}
	return false;
}

static bool read_query(struct request *request)
{
	struct lgp_view rest = request->exchange->query;
	request->page_size = PAGE_SIZE_DEFAULT;
	while (rest.len > 0) {
		const char *end = memchr(rest.ptr, '&', rest.len);
		size_t len = end != NULL ? (size_t)(end - rest.ptr) : rest.len;
		const char *equals = memchr(rest.ptr, '=', len);
		size_t name_len = equals != NULL ? (size_t)(equals - rest.ptr) : len;
		struct lgp_view name = {rest.ptr, name_len};
		struct lgp_view value = equals != NULL
		                                ? (struct lgp_view){equals + 1, len - name_len - 1}
		                                : LGP_VIEW("");
		if (len > 0 && came_before(request->exchange->query, name))
			return query_wrong(request, name, "comes twice");
		if (len > 0 && !read_parameter(request, name, value))
			return false;
		size_t used = end != NULL ? len + 1 : len;
		rest = (struct lgp_view){rest.ptr + used, rest.len - used};
	}
	return true;
}

/* ---- the body ---------------------------------------------------------------------- */

/* The media type without its parameters; absent is fine. */
static bool media_type_is(struct lgp_view header, struct lgp_view wanted)
{
	const char *semicolon = header.len > 0 ? memchr(header.ptr, ';', header.len) : NULL;
	size_t len = semicolon != NULL ? (size_t)(semicolon - header.ptr) : header.len;
	while (len > 0 && (header.ptr[len - 1] == ' ' || header.ptr[len - 1] == '\t'))
		len--;
	return header.len == 0 ||
	       (len == wanted.len && strncasecmp(header.ptr, wanted.ptr, len) == 0);
}

bool request_media_type(struct request *request)
{
	bool bulk = (request->route->flags & ROUTE_BULK) != 0;
	struct lgp_view header = request->exchange->content_type;
	if (media_type_is(header, LGP_VIEW("application/json")) ||
	    (bulk && media_type_is(header, LGP_VIEW("application/x-ndjson"))))
		return true;
	problem_reply(request->exchange, LGP_PROBLEM_MEDIA_TYPE, NULL, "send %s",
	              bulk ? "application/x-ndjson" : "application/json");
	return false;
}

static bool read_body(struct request *request, const struct body_table *table)
{
	struct worker *worker = request->worker;
	bool partial = (request->route->flags & ROUTE_CHANGE) != 0;
	struct lgp_view text = request->exchange->body;
	if (!request_media_type(request))
		return false;
	/* Where nothing need be said, nothing may be. */
	if (text.len == 0 && table == &decision_table)
		text = LGP_VIEW("{}");
	if (body_decode(&worker->body, table, partial, worker->json, worker->ids, text))
		return true;
	problem_reply(request->exchange, LGP_PROBLEM_MALFORMED, worker->body.field, "%s",
	              worker->body.detail);
	return false;
}

/* ---- the idempotency key --------------------------------------------------------------- */

/* Takes off the quotes of a string as RFC 8941 has it; \" and \\ are the only
 * escapes, and nobody needs them in a key. */
static bool key_of(struct lgp_view header, struct lgp_view *key)
{
	if (header.len >= 2 && header.ptr[0] == '"' && header.ptr[header.len - 1] == '"')
		header = (struct lgp_view){header.ptr + 1, header.len - 2};
	for (size_t i = 0; i < header.len; i++)
		if (header.ptr[i] <= ' ' || header.ptr[i] > '~' || header.ptr[i] == '"')
			return false;
	*key = header;
	return header.len >= 1 && header.len <= IDEMPOTENCY_KEY_MAX;
}

void request_key_mac(const struct request *request, struct lgp_view key, uint8_t out[LGP_MAC_LEN])
{
	uint8_t subject[8];
	lgp_put_le(subject, request->principal.subject, 8);
	const struct lgp_view parts[] = {{(const char *)subject, sizeof subject}, key};
	lgp_mac(lgp_ledger_keys(request->app->ledger)->mac, LGP_MAC_IDEMPOTENCY_KEY, parts, 2, out);
}

bool request_key(struct request *request, struct lgp_command *command)
{
	struct lgp_view key;
	if (key_of(request->exchange->idempotency_key, &key)) {
		request_key_mac(request, key, command->key_mac);
		command->keyed = true;
		return true;
	}
	problem_reply(request->exchange,
	              request->exchange->idempotency_key.len == 0 ? LGP_PROBLEM_KEY_MISSING
	                                                          : LGP_PROBLEM_MALFORMED,
	              "Idempotency-Key", "send an Idempotency-Key of 1 to %d visible characters",
	              IDEMPOTENCY_KEY_MAX);
	return false;
}

void request_body_mac(const struct app *app, const uint8_t *person_key, struct lgp_view path,
                      struct lgp_view body, uint8_t out[LGP_MAC_LEN])
{
	const struct lgp_view parts[] = {LGP_VIEW("POST"), path, body};
	if (person_key != NULL)
		lgp_mac(person_key, LGP_MAC_PERSONAL, parts, 3, out);
	else
		lgp_mac(lgp_ledger_keys(app->ledger)->mac, LGP_MAC_BODY, parts, 3, out);
}

/* ---- all of it ------------------------------------------------------------------------------ */

/* Whether dry_run=true stands in the query.  That all of it is of its form is judged
 * behind the role. */
static bool is_trial(struct lgp_view query)
{
	static const char words[] = "dry_run=true";
	for (const char *at = query.ptr, *end = query.ptr + query.len; at < end; at++) {
		const char *next = memchr(at, '&', (size_t)(end - at));
		size_t len = (size_t)((next != NULL ? next : end) - at);
		if (len == sizeof words - 1 && memcmp(at, words, len) == 0)
			return true;
		at += len;
	}
	return false;
}

static bool admitted(struct request *request)
{
	unsigned flags = request->route->flags, roles = request->route->roles;
	if ((flags & ROUTE_TRIAL) != 0 && is_trial(request->exchange->query))
		roles |= ROLES_TRIAL;
	if ((flags & ROUTE_OPEN) != 0 ||
	    ((flags & ROUTE_LOG) != 0 && request->app->config.log_public != 0))
		return true;
	return auth_token(request) && auth_role(request, roles);
}

static void no_route(struct request *request, const char *allow)
{
	if (allow[0] == '\0') {
		problem_reply(request->exchange, LGP_PROBLEM_NOT_FOUND, NULL,
		              "there is nothing at this address; see /openapi.json");
		return;
	}
	http_reply_header(request->exchange, "Allow", lgp_view_of(allow));
	problem_reply(request->exchange, LGP_PROBLEM_METHOD, NULL, "this address takes %s", allow);
}

void request_handle(struct exchange *exchange, struct worker *worker)
{
	char allow[ROUTE_ALLOW_MAX] = "";
	struct request request = {.exchange = exchange, .worker = worker, .app = worker->app};
	request.route = route_find(exchange->method, exchange->path, &request.id, allow);
	exchange->note = request.route; /* for the log and the metrics */
	if (request.route == NULL) {
		no_route(&request, allow);
		return;
	}
	if (!admitted(&request) || !read_query(&request) || !decode_query(&request))
		return;
	if (exchange->method == HTTP_GET && (request.route->flags & (ROUTE_LOG | ROUTE_PATH)) == 0)
		http_reply_header(exchange, "Cache-Control", LGP_VIEW("no-store"));
	const struct body_table *table = route_body(request.route);
	if (table != NULL && (request.route->flags & ROUTE_BULK) == 0 &&
	    !read_body(&request, table))
		return;
	request.route->handle(&request);
}
