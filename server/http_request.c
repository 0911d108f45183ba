/* http_request: the bytes of one request, judged and taken apart.
 * Thread: loop.  See http_request.h. */
#include "server/http_request.h"

#include <string.h>
#include <strings.h>

#define CHUNK_FRAMING_SLACK (16 * 1024) /* bytes of sizes and extensions, see judge_chunks */
#define CHUNK_FRAMING_PER_BYTE 8        /* a chunk of one byte takes six */
#define HEAD_MAX (HTTP_TARGET_MAX + HTTP_HEADERS_MAX + 64) /* the method and version too */

static const struct {
	const char *name;
	size_t len;
	bool once;
} known_fields[FIELD_COUNT] = {
#define X(symbol, text, only_once) [symbol] = {text, sizeof(text) - 1, only_once},
        REQUEST_FIELD_LIST(X)
#undef X
};

/* RFC 9110 section 5.6.2: what a field's name may consist of. */
static const bool token_chars[256] = {
        ['!'] = true,         ['#'] = true,         ['$'] = true, ['%'] = true,
        ['&'] = true,         ['\''] = true,        ['*'] = true, ['+'] = true,
        ['-'] = true,         ['.'] = true,         ['^'] = true, ['_'] = true,
        ['`'] = true,         ['|'] = true,         ['~'] = true, ['0' ... '9'] = true,
        ['A' ... 'Z'] = true, ['a' ... 'z'] = true,
};

static int refuse(struct http_request *request, int status, const char *detail)
{
	request->refusal = status;
	request->detail = detail;
	return HPE_USER;
}

static struct http_request *request_of(const llhttp_t *parser)
{
	return parser->data;
}

static size_t offset_of(const struct http_request *request, const char *at)
{
	return (size_t)(at - request->bytes);
}

static struct lgp_view view_of(const char *bytes, struct request_span span)
{
	if (span.off == 0)
		return (struct lgp_view){NULL, 0};
	return (struct lgp_view){bytes + span.off, span.len};
}

/* Always there once the head is whole. */
static struct lgp_view target_of(const struct http_request *request, const char *bytes)
{
	return (struct lgp_view){bytes + request->target.off, request->target.len};
}

static struct lgp_view trimmed(struct lgp_view view)
{
	while (view.len > 0 && (view.ptr[view.len - 1] == ' ' || view.ptr[view.len - 1] == '\t'))
		view.len--;
	return view;
}

static bool view_is(struct lgp_view view, const char *text)
{
	return view.len == strlen(text) && strncasecmp(view.ptr, text, view.len) == 0;
}

static int on_url(llhttp_t *parser, const char *at, size_t len)
{
	struct http_request *request = request_of(parser);
	if (request->target.off == 0)
		request->target.off = offset_of(request, at);
	request->target.len += len;
	if (request->target.len > HTTP_TARGET_MAX)
		return refuse(request, 414, "the path and query are longer than 2048 bytes");
	return 0;
}

static int count_field_bytes(struct http_request *request, size_t len)
{
	request->field_bytes += len;
	if (request->field_bytes > HTTP_HEADERS_MAX)
		return refuse(request, 431, "the headers are larger than 16384 bytes");
	return 0;
}

static int on_header_field(llhttp_t *parser, const char *at, size_t len)
{
	struct http_request *request = request_of(parser);
	if (request->in_value || request->name.off == 0) {
		request->in_value = false;
		request->name = (struct request_span){offset_of(request, at), 0};
		request->value = (struct request_span){0, 0};
		if (++request->field_count > HTTP_HEADER_COUNT_MAX)
			return refuse(request, 431, "there are more than 64 headers");
	}
	request->name.len += len;
	return count_field_bytes(request, len + 4); /* the colon, a blank, the line's end */
}

static int on_header_value(llhttp_t *parser, const char *at, size_t len)
{
	struct http_request *request = request_of(parser);
	if (!request->in_value) {
		request->in_value = true;
		request->value = (struct request_span){offset_of(request, at), 0};
	}
	request->value.len += len;
	return count_field_bytes(request, len);
}

static enum request_field find_field(struct lgp_view name)
{
	for (unsigned i = 0; i < FIELD_COUNT; i++)
		if (known_fields[i].len == name.len &&
		    (known_fields[i].name[0] | 0x20) == (name.ptr[0] | 0x20) &&
		    strncasecmp(known_fields[i].name, name.ptr, name.len) == 0)
			return (enum request_field)i;
	return FIELD_COUNT;
}

static bool is_token(struct lgp_view name)
{
	for (size_t i = 0; i < name.len; i++)
		if (!token_chars[(unsigned char)name.ptr[i]])
			return false;
	return true;
}

static int on_header_value_complete(llhttp_t *parser)
{
	struct http_request *request = request_of(parser);
	request->in_value = true;
	/* A trailer field comes after the body that it could speak about: none
	 * is taken (RFC 9110 section 6.5.1). */
	if (http_request_in_body(request))
		return 0;
	struct lgp_view name = view_of(request->bytes, request->name);
	if (name.len == 0)
		return refuse(request, 400, "a header has no name");
	enum request_field field = find_field(name);
	if (field == FIELD_COUNT)
		return is_token(name)
		               ? 0
		               : refuse(request, 400,
		                        "a header's name has a character that no name may have");
	struct request_span *seen = &request->fields[field];
	if (seen->off != 0)
		return known_fields[field].once
		               ? refuse(request, 400, "a header that must stand once stands twice")
		               : 0;
	*seen = request->value;
	return 0;
}

/* Walks the head line by line: every line ends in CR LF, has no other CR and no
 * NUL, and is no continuation of the one before.  Returns the head's length
 * with the empty line, 0 when it is not of that form. */
static size_t head_measure(const char *bytes, size_t size)
{
	size_t at = 0;
	for (;;) {
		const char *end = memchr(bytes + at, '\n', size - at);
		if (end == NULL || end == bytes + at || end[-1] != '\r')
			return 0;
		size_t len = (size_t)(end - bytes) - at - 1;
		if (len == 0)
			return at + 2;
		if (bytes[at] == ' ' || bytes[at] == '\t' || memchr(bytes + at, '\r', len) != NULL)
			return 0;
		at += len + 2;
	}
}

static int judge_version(struct http_request *request)
{
	const llhttp_t *parser = &request->parser;
	if (parser->http_major != 1 || parser->http_minor > 1)
		return refuse(request, 400, "this server speaks HTTP/1.1 and HTTP/1.0 alone");
	/* RFC 9112 section 3.2. */
	if (parser->http_minor == 1 && request->fields[FIELD_HOST].off == 0)
		return refuse(request, 400, "the Host header is missing");
	if (parser->method == HTTP_CONNECT)
		return refuse(request, 501, "this server is no proxy");
	return 0;
}

/* RFC 9112 section 6: how long the body is, beyond what llhttp checks. */
static int judge_framing(struct http_request *request)
{
	struct lgp_view coding =
	        trimmed(view_of(request->bytes, request->fields[FIELD_TRANSFER_ENCODING]));
	if (coding.ptr == NULL)
		return 0;
	if (request->fields[FIELD_CONTENT_LENGTH].off != 0)
		return refuse(request, 400, "Content-Length stands beside Transfer-Encoding");
	if (request->parser.http_minor == 0)
		return refuse(request, 400, "HTTP/1.0 has no Transfer-Encoding");
	if (!view_is(coding, "chunked"))
		return refuse(request, 501, "no Transfer-Encoding but chunked is taken");
	return 0;
}

static bool begins(struct lgp_view target, struct lgp_view scheme)
{
	return target.len > scheme.len && target.ptr[0] != '/' &&
	       strncasecmp(target.ptr, scheme.ptr, scheme.len) == 0;
}

/* RFC 9112 section 3.2: a target is a path, or a whole address of http or https;
 * then the path is what follows the authority. */
static int judge_target(struct http_request *request)
{
	struct lgp_view target = target_of(request, request->bytes);
	size_t skip = begins(target, LGP_VIEW("http://"))    ? 7
	              : begins(target, LGP_VIEW("https://")) ? 8
	                                                     : 0;
	if (skip != 0) {
		const char *path = memchr(target.ptr + skip, '/', target.len - skip);
		skip = path == NULL ? target.len : (size_t)(path - target.ptr);
		request->target.off += skip;
		request->target.len -= skip;
		target = target_of(request, request->bytes);
	}
	if (target.len == 0 || target.ptr[0] != '/')
		return refuse(request, 400, "the request's target is no path");
	if (memchr(target.ptr, '#', target.len) != NULL)
		return refuse(request, 400, "the request's target has a fragment");
	return 0;
}

static enum http_method method_of(const struct http_request *request)
{
	switch (request->parser.method) {
	case LLHTTP_METHOD_GET:
	case HTTP_HEAD:
		return HTTP_GET;
	case HTTP_POST:
		return HTTP_POST_;
	case HTTP_PUT:
		return HTTP_PUT_;
	case HTTP_PATCH:
		return HTTP_PATCH_;
	case HTTP_DELETE:
		return HTTP_DELETE_;
	default:
		return HTTP_OTHER;
	}
}

static const char too_large[] = "the body is larger than this address takes from this caller";

/* The handler's bound, never past the one that holds for all.  A body that says
 * how long it is need not come at all to be refused. */
static int judge_body(struct http_request *request)
{
	const struct http_handler *handler = request->handler;
	struct lgp_view path = target_of(request, request->bytes);
	if ((request->parser.flags & F_CHUNKED) == 0 && request->parser.content_length == 0)
		return 0; /* there is none */
	const char *query = memchr(path.ptr, '?', path.len);
	if (query != NULL)
		path.len = (size_t)(query - path.ptr);
	struct lgp_view authorization =
	        trimmed(view_of(request->bytes, request->fields[FIELD_AUTHORIZATION]));
	request->body_max = handler->body_max == NULL
	                            ? HTTP_BODY_MAX
	                            : handler->body_max(request->loop, method_of(request), path,
	                                                authorization, handler->context);
	if (request->body_max > HTTP_BULK_BODY_MAX)
		request->body_max = HTTP_BULK_BODY_MAX;
	if (request->parser.content_length > request->body_max)
		return refuse(request, 413, too_large);
	request->bulk = request->body_max > HTTP_BODY_MAX &&
	                ((request->parser.flags & F_CHUNKED) != 0 ||
	                 request->parser.content_length > HTTP_BODY_MAX);
	if (request->bulk && request->bulk_busy)
		return refuse(request, 503,
		              "many large bodies are under way; try again in a second");
	return 0;
}

/* Blanks before a header's value are in no span: what came is measured too. */
static int judge_head_size(struct http_request *request, size_t bytes)
{
	return bytes > HEAD_MAX ? refuse(request, 431, "the headers are larger than 16384 bytes")
	                        : 0;
}

static int on_headers_complete(llhttp_t *parser)
{
	struct http_request *request = request_of(parser);
	size_t head_len = head_measure(request->bytes, request->size);
	if (head_len == 0)
		return refuse(request, 400, "a header line is folded, or does not end in CR LF");
	int error = judge_head_size(request, head_len);
	if (error == 0)
		error = judge_version(request);
	if (error == 0)
		error = judge_framing(request);
	if (error == 0)
		error = judge_target(request);
	if (error == 0)
		error = judge_body(request);
	if (error != 0)
		return error;
	request->head_len = head_len;
	request->keep_alive = llhttp_should_keep_alive(parser) != 0;
	request->head = parser->method == HTTP_HEAD;
	struct lgp_view expect = trimmed(view_of(request->bytes, request->fields[FIELD_EXPECT]));
	request->expects_continue =
	        parser->http_minor == 1 && expect.ptr != NULL && view_is(expect, "100-continue");
	/* An offer to change protocols is not taken up, and then it is as if it
	 * had not been made (RFC 9110 section 7.8). */
	parser->upgrade = 0;
	return 0;
}

/* A chunk says how long it is before it comes. */
static int on_chunk_header(llhttp_t *parser)
{
	struct http_request *request = request_of(parser);
	if (parser->content_length > request->body_max - request->body_len)
		return refuse(request, 413, too_large);
	return 0;
}

static int on_body(llhttp_t *parser, const char *at, size_t len)
{
	struct http_request *request = request_of(parser);
	if (len > request->body_max - request->body_len)
		return refuse(request, 413, too_large);
	char *end = request->bytes + request->head_len + request->body_len;
	if (end != at)
		memmove(end, at, len);
	request->body_len += len;
	return 0;
}

static int on_message_complete(llhttp_t *parser)
{
	(void)parser;
	return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
        .on_url = on_url,
        .on_header_field = on_header_field,
        .on_header_value = on_header_value,
        .on_header_value_complete = on_header_value_complete,
        .on_headers_complete = on_headers_complete,
        .on_chunk_header = on_chunk_header,
        .on_body = on_body,
        .on_message_complete = on_message_complete,
};

void http_request_init(struct http_request *request, const struct http_handler *handler)
{
	*request = (struct http_request){.handler = handler};
	llhttp_init(&request->parser, HTTP_REQUEST, &settings);
	request->parser.data = request;
}

/* Sizes and extensions of chunks are dropped as they come, so they take no
 * memory; a body that consists of them alone would still take our time. */
static int judge_chunks(struct http_request *request)
{
	request->framing += request->parsed - request->head_len - request->body_len;
	return request->framing > CHUNK_FRAMING_SLACK + CHUNK_FRAMING_PER_BYTE * request->body_len
	               ? refuse(request, 400, "the body's chunks are mostly framing")
	               : 0;
}

static enum request_step judge_part(struct http_request *request, size_t *size)
{
	request->parsed = *size;
	if (!http_request_in_body(request))
		return judge_head_size(request, *size) == 0 ? REQUEST_MORE : REQUEST_REFUSED;
	if ((request->parser.flags & F_CHUNKED) == 0)
		return REQUEST_MORE;
	if (judge_chunks(request) != 0)
		return REQUEST_REFUSED;
	*size = request->parsed = request->head_len + request->body_len;
	return REQUEST_MORE;
}

enum request_step http_request_parse(struct http_request *request, char *bytes, size_t *size)
{
	llhttp_t *parser = &request->parser;
	request->bytes = bytes;
	request->size = *size;
	llhttp_errno_t error =
	        llhttp_execute(parser, bytes + request->parsed, *size - request->parsed);
	if (error == HPE_OK)
		return judge_part(request, size);
	if (error == HPE_PAUSED) {
		request->parsed = offset_of(request, llhttp_get_error_pos(parser));
		return REQUEST_WHOLE;
	}
	if (request->refusal == 0)
		refuse(request, 400, llhttp_get_error_reason(parser));
	return REQUEST_REFUSED;
}

void http_request_fill(const struct http_request *request, const char *bytes, struct exchange *out)
{
	struct lgp_view target = target_of(request, bytes);
	const char *query = memchr(target.ptr, '?', target.len);
	out->method = method_of(request);
	out->path = target;
	out->query = (struct lgp_view){NULL, 0};
	if (query != NULL) {
		out->path.len = (size_t)(query - target.ptr);
		out->query = (struct lgp_view){query + 1, target.len - out->path.len - 1};
	}
	out->body = (struct lgp_view){bytes + request->head_len, request->body_len};
	const struct request_span *fields = request->fields;
	out->authorization = trimmed(view_of(bytes, fields[FIELD_AUTHORIZATION]));
	out->idempotency_key = trimmed(view_of(bytes, fields[FIELD_IDEMPOTENCY_KEY]));
	out->prefer = trimmed(view_of(bytes, fields[FIELD_PREFER]));
	out->accept = trimmed(view_of(bytes, fields[FIELD_ACCEPT]));
	out->content_type = trimmed(view_of(bytes, fields[FIELD_CONTENT_TYPE]));
	out->if_match = trimmed(view_of(bytes, fields[FIELD_IF_MATCH]));
}

static bool id_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '.' || c == '_' || c == '-';
}

struct lgp_view http_request_id_given(const struct http_request *request, const char *bytes)
{
	struct lgp_view id = trimmed(view_of(bytes, request->fields[FIELD_REQUEST_ID]));
	bool safe = id.len > 0 && id.len < HTTP_REQUEST_ID_MAX;
	for (size_t i = 0; safe && i < id.len; i++)
		safe = id_char(id.ptr[i]);
	return safe ? id : (struct lgp_view){NULL, 0};
}
