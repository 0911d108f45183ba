/* request: what every request goes through before its own handler.
 * Thread: the exchange's loop. */
#ifndef LAGNIAPPE_SERVER_REQUEST_H
#define LAGNIAPPE_SERVER_REQUEST_H

#include "server/route.h"

#define IDEMPOTENCY_KEY_MAX 255

/* Answers the exchange, or defers it. The handler of a route with a body finds
 * it decoded in worker->body. */
void request_handle(struct exchange *exchange, struct worker *worker);

/* Reads the Idempotency-Key into the command. False: 400 is answered. */
bool request_key(struct request *request, struct lgp_command *command);
/* The MAC of a key of the request's subject. */
void request_key_mac(const struct request *request, struct lgp_view key, uint8_t out[LGP_MAC_LEN]);
/* The MAC that tells whether a key came with the same body.  person_key: NULL,
 * or the key of the person whom the body tells about, so that after erasure
 * nobody can test guesses against it. */
void request_body_mac(const struct app *app, const uint8_t *person_key, struct lgp_view path,
                      struct lgp_view body, uint8_t out[LGP_MAC_LEN]);
/* False: 415 is answered. */
bool request_media_type(struct request *request);

#endif
