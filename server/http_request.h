/* http_request: the bytes of one request, judged and taken apart.
 * Thread: loop.  No I/O.  RFC 9112 (message syntax), RFC 9110 (fields).
 *
 * llhttp finds the parts; everything is remembered as an offset from the
 * request's first byte, because the bytes move when more of them come.  What
 * llhttp lets pass and a stricter server behind or before us might read
 * otherwise (folded lines, a blank before the colon, several codings, two
 * Hosts) is refused here: two readers of one request must not differ. */
#ifndef LAGNIAPPE_SERVER_HTTP_REQUEST_H
#define LAGNIAPPE_SERVER_HTTP_REQUEST_H

/* llhttp has a number of its own by the name that http.h gives to a method. */
#define HTTP_GET LLHTTP_METHOD_GET
#include <llhttp.h>
#undef HTTP_GET

#include "server/http.h"

/* The fields that a handler or the connection asks for: symbol, name in lower
 * case, whether a second one is refused (what the two together would mean is
 * not defined, or is a way to smuggle). */
#define REQUEST_FIELD_LIST(X)                             \
	X(FIELD_HOST, "host", true)                       \
	X(FIELD_ACCEPT, "accept", false)                  \
	X(FIELD_EXPECT, "expect", false)                  \
	X(FIELD_PREFER, "prefer", false)                  \
	X(FIELD_IF_MATCH, "if-match", true)               \
	X(FIELD_REQUEST_ID, "x-request-id", false)        \
	X(FIELD_CONTENT_TYPE, "content-type", true)       \
	X(FIELD_AUTHORIZATION, "authorization", true)     \
	X(FIELD_CONTENT_LENGTH, "content-length", true)   \
	X(FIELD_IDEMPOTENCY_KEY, "idempotency-key", true) \
	X(FIELD_TRANSFER_ENCODING, "transfer-encoding", true)

enum request_field {
#define X(symbol, name, once) symbol,
	REQUEST_FIELD_LIST(X)
#undef X
	        FIELD_COUNT,
};

struct request_span {
	size_t off, len; /* off from the request's first byte; 0: not there */
};

enum request_step {
	REQUEST_MORE,    /* all bytes taken, more must come */
	REQUEST_WHOLE,   /* the request ends at request->parsed */
	REQUEST_REFUSED, /* request->refusal, request->detail */
};

struct http_request {
	llhttp_t parser;
	const struct http_handler *handler; /* borrowed: body_max */
	struct loop *loop;                  /* borrowed: for body_max */
	char *bytes;                        /* borrowed, during http_request_parse alone */
	size_t size;                        /* of bytes */
	size_t parsed;                      /* bytes that the parser has taken */
	struct request_span target, name, value, fields[FIELD_COUNT];
	size_t head_len;    /* with the empty line; 0 until it is known */
	size_t body_len;    /* so far; the body begins at head_len */
	size_t body_max;    /* what the handler allows */
	size_t field_bytes; /* names and values, trailers too */
	size_t framing;     /* bytes of chunks that are no body */
	unsigned field_count;
	int refusal;        /* HTTP status, 0 none */
	const char *detail; /* static text */
	bool in_value, keep_alive, head, expects_continue;
	bool bulk;      /* the body may become larger than HTTP_BODY_MAX */
	bool bulk_busy; /* set by the connection: there is no room for another such body */
};

void http_request_init(struct http_request *request, const struct http_handler *handler);
/* bytes: the request from its first byte on, *size of them, those before
 * request->parsed as the last call left them.  A body in chunks is moved
 * together in place; *size shrinks by what that saved.  Bounded: at most
 * target, header and body bounds are ever kept. */
enum request_step http_request_parse(struct http_request *request, char *bytes, size_t *size);
/* Whether a byte of a request has come. */
static inline bool http_request_begun(const struct http_request *request)
{
	return request->parsed != 0;
}
/* Whether the headers are whole. */
static inline bool http_request_in_body(const struct http_request *request)
{
	return request->head_len != 0;
}
/* The views of a whole request into its bytes, and its method. */
void http_request_fill(const struct http_request *request, const char *bytes, struct exchange *out);
/* The value of X-Request-Id where it is of the form [A-Za-z0-9._-]{1,63}, else ptr NULL. */
struct lgp_view http_request_id_given(const struct http_request *request, const char *bytes);

#endif
