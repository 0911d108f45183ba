/* client: one HTTP conversation with a server, by libcurl.
 * Thread: one owner.
 *
 * Every request that writes carries an Idempotency-Key, or keys in its lines,
 * so each may be sent again: after a connection that failed, 429, 503 and 409
 * in-flight, with the same key, at most CLIENT_ATTEMPTS_MAX times. */
#ifndef LAGNIAPPE_TOOLS_CLIENT_H
#define LAGNIAPPE_TOOLS_CLIENT_H

#include "lagniappe/status.h"

#include <jansson.h>

#define CLIENT_ATTEMPTS_MAX 6
#define CLIENT_WAIT_MAX_MS 15000             /* before one attempt */
#define CLIENT_ANSWER_MAX (64 * 1024 * 1024) /* bytes */
#define CLIENT_KEY_MAX 40

struct client;

struct client_options {
	const char *url;   /* http://HOST:PORT, without a path */
	const char *token; /* NULL: none is sent */
	const char *ca;    /* PEM file to trust, NULL: the system's */
};

struct call {
	const char *method, *path; /* the path with its query, escaped */
	struct lgp_view body;      /* ptr NULL: none */
	const char *content_type;
	const char *accept;   /* NULL: application/json */
	const char *key;      /* Idempotency-Key, NULL: none */
	const char *if_match; /* a version, NULL: none */
};

struct reply {
	long status;
	char *body; /* owned, with a NUL behind it */
	size_t len;
	json_t *json; /* owned, NULL where the answer is not JSON */
	bool replayed;
};

/* Borrows the options' texts.  NULL: the URL is not one, or no memory; *why
 * says which. */
struct client *client_new(const struct client_options *options, const char **why);
void client_free(struct client *client);

/* True: there is an answer, whatever its status; reply_deinit() it.
 * False: no answer could be had; client_error() says why. */
LGP_MUST_USE bool client_call(struct client *client, const struct call *call, struct reply *reply);
const char *client_error(const struct client *client);
void reply_deinit(struct reply *reply);

/* A random Idempotency-Key. */
void client_key(char out[CLIENT_KEY_MAX]);
/* text as one segment of a path; to be freed; NULL: no memory. */
char *client_escape(struct client *client, const char *text);

#endif
