/* auth: whose token asks, and what the connection remembers of it.
 * Thread: the exchange's loop. */
#ifndef LAGNIAPPE_SERVER_AUTH_H
#define LAGNIAPPE_SERVER_AUTH_H

#include "server/route.h"

#define AUTHORIZATION_MAX 256

/* What a connection remembers (exchange->user): the same header at the same
 * registry version names the same principal, so that the secret is hashed once. */
struct session {
	uint64_t version;
	size_t len; /* 0: nothing is remembered */
	struct principal principal;
	char authorization[AUTHORIZATION_MAX]; /* last: mostly short, and what is read is near */
};

/* The connection's session, made at its first request; NULL: no memory. */
struct session *session_of(struct exchange *exchange);

/* Who asks, into request->principal. False: 401 is answered. */
bool auth_token(struct request *request);
/* Whether the role may. False: 403 is answered. */
bool auth_role(struct request *request, unsigned roles);
/* Whether a token would be good, when one is not needed: no answer is given. */
bool auth_peek(struct request *request);
/* Whether this header's token is in force and of one of the roles, before there is an
 * exchange.  No answer is given. */
bool auth_allows(struct worker *worker, struct lgp_view authorization, unsigned roles);
/* Whether the token holds at the site, and its member of staff, if it has one, works there. */
bool auth_at_site(const struct request *request, uint64_t site);

#endif
