/* http: reads what one server has at several addresses, some of them at a time.
 * Thread: one at a time.  Sources: RFC 9110 and RFC 9112, through libcurl.
 *
 * Nothing that the server does can hold the audit for ever or fill its memory:
 * each answer has room for so many bytes and no more, each attempt has its time,
 * and attempts are counted.  Redirects are not followed: the token would go along. */
#ifndef LAGNIAPPE_AUDIT_HTTP_H
#define LAGNIAPPE_AUDIT_HTTP_H

#include "lagniappe/status.h"

#define HTTP_FLIGHT_MAX 4             /* connections: answers that are under way at once */
#define HTTP_ATTEMPTS_MAX 5           /* of one address, while the server is busy or gone */
#define HTTP_PATIENCE_MS 30000        /* for a connection, and for an answer to move on */
#define HTTP_HEADER_MAX (64 * 1024)   /* bytes of one answer's header */
#define HTTP_REFUSAL_MAX (256 * 1024) /* bytes of an answer that is not a 200 */
#define HTTP_PATH_MAX 128
#define HTTP_TYPE_MAX 48

struct http;

struct http_options {
	const char *url;      /* http:// or https://, a path before the addresses is fine */
	const char *token;    /* NULL: none is sent */
	const char *ca;       /* a PEM file to trust; NULL: the system's */
	unsigned patience_ms; /* 0: HTTP_PATIENCE_MS; an attempt may take ten times that */
};

struct http_call {
	char path[HTTP_PATH_MAX]; /* begins with '/' */
	uint8_t *out;             /* borrowed: room for the body */
	size_t room;
	/* The answer. */
	long status; /* 0: there is none */
	size_t len;
	bool longer;              /* the body of a 200 went on behind `room` bytes */
	char type[HTTP_TYPE_MAX]; /* its Content-Type, printable; "" none */
};

/* LGP_MALFORMED: not such a URL, or a file that holds no certificates;
 * LGP_NO_MEMORY.  options: copied. */
LGP_MUST_USE enum lgp_status http_new(const struct http_options *options, struct http **out);
void http_free(struct http *http);
/* Asks for all of them.  LGP_OK: each has an answer, whatever its status.
 * LGP_IO: one has none: no connection, no certificate to trust, an answer that
 * broke off or took too long; LGP_OVERLOAD: the server was busy at every attempt. */
LGP_MUST_USE enum lgp_status http_get(struct http *http, struct http_call *calls, size_t count);

#endif
