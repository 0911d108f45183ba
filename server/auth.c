/* auth: bearer tokens (RFC 6750), stored as the SHA-256 of their secrets.
 * Thread: the exchange's loop. */
#include "server/auth.h"

#include "lagniappe/hash.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SCHEME "Bearer "

struct session *session_of(struct exchange *exchange)
{
	if (exchange->user == NULL)
		exchange->user = calloc(1, sizeof(struct session));
	return exchange->user;
}

/* The header's secret, or ptr NULL. */
static struct lgp_view secret_of(struct lgp_view authorization)
{
	const size_t scheme = sizeof SCHEME - 1;
	if (authorization.len <= scheme || authorization.len > AUTHORIZATION_MAX ||
	    strncasecmp(authorization.ptr, SCHEME, scheme) != 0)
		return (struct lgp_view){NULL, 0};
	struct lgp_view secret = {authorization.ptr + scheme, authorization.len - scheme};
	for (size_t i = 0; i < secret.len; i++)
		if (secret.ptr[i] <= ' ' || secret.ptr[i] > '~')
			return (struct lgp_view){NULL, 0};
	return secret;
}

/* Registry lock held. */
static void fill_staff(const struct lgp_ledger *ledger, const struct lgp_record *staff,
                       struct principal *out)
{
	const struct lgp_record *site = lgp_registry_get(ledger, staff->as.staff.site);
	out->site = staff->as.staff.site;
	out->active_from = staff->as.staff.active_from;
	out->active_until = staff->as.staff.active_until;
	if (site != NULL && site->kind == LGP_KIND_SITE) {
		out->zone_len = site->as.site.zone_len;
		memcpy(out->zone, site->as.site.zone, out->zone_len);
	}
}

static bool look_up(struct lgp_ledger *ledger, struct lgp_view secret, struct principal *out)
{
	struct lgp_hash hash;
	lgp_hash_sha256(secret.ptr, secret.len, &hash);
	*out = (struct principal){.active_from = INT32_MIN, .active_until = INT32_MAX};
	lgp_registry_lock(ledger);
	const struct lgp_record *token = lgp_registry_token(ledger, hash.bytes);
	bool good = token != NULL && !token->as.token.ended;
	if (good) {
		const struct lgp_record *subject =
		        lgp_registry_get(ledger, token->as.token.subject);
		out->token = token->number;
		out->subject = token->as.token.subject;
		out->role = token->as.token.role;
		out->expires_us = token->as.token.expires_us;
		if (subject != NULL && subject->kind == LGP_KIND_STAFF) {
			fill_staff(ledger, subject, out);
			/* Promoted or not: another role needs another token. */
			good = subject->as.staff.role == out->role;
		}
	}
	lgp_registry_unlock(ledger);
	return good;
}

/* What runs out by itself is asked each time. */
static bool in_force(struct worker *worker, const struct principal *principal)
{
	int64_t now = app_time_us();
	int32_t today;
	if (now >= principal->expires_us)
		return false;
	if (principal->active_from == INT32_MIN && principal->active_until == INT32_MAX)
		return true;
	struct lgp_view zone = {principal->zone, principal->zone_len};
	return calendar_date(worker->calendar, zone, now, &today) == LGP_OK &&
	       today >= principal->active_from && today < principal->active_until;
}

/* In a time that does not tell where they differ. */
static bool same_secret(const char *a, const char *b, size_t len)
{
	const uint8_t *left = (const uint8_t *)a, *right = (const uint8_t *)b;
	int differ = 0;
	for (; len >= 16; len -= 16, left += 16, right += 16)
		differ |= crypto_verify_16(left, right);
	return (differ | sodium_memcmp(left, right, len)) == 0;
}

bool auth_peek(struct request *request)
{
	struct session *session = session_of(request->exchange);
	struct lgp_view header = request->exchange->authorization;
	uint64_t version = lgp_registry_version(request->app->ledger);
	if (session == NULL)
		return false;
	if (session->len == 0 || session->version != version || session->len != header.len ||
	    !same_secret(session->authorization, header.ptr, header.len)) {
		struct lgp_view secret = secret_of(header);
		session->len = 0;
		if (secret.ptr == NULL ||
		    !look_up(request->app->ledger, secret, &session->principal))
			return false;
		memcpy(session->authorization, header.ptr, header.len);
		session->len = header.len;
		session->version = version;
	}
	request->principal = session->principal;
	return in_force(request->worker, &request->principal);
}

bool auth_allows(struct worker *worker, struct lgp_view authorization, unsigned roles)
{
	struct principal principal;
	struct lgp_view secret = secret_of(authorization);
	return secret.ptr != NULL && look_up(worker->app->ledger, secret, &principal) &&
	       in_force(worker, &principal) && (roles & (1u << principal.role)) != 0;
}

bool auth_token(struct request *request)
{
	if (auth_peek(request))
		return true;
	/* One answer for a token that never was, has ended, ran out, or whose subject
	 * has left: a guesser learns nothing. */
	problem_reply(request->exchange, LGP_PROBLEM_UNAUTHENTICATED, NULL,
	              "send `Authorization: Bearer TOKEN` with a token that is in force");
	return false;
}

bool auth_role(struct request *request, unsigned roles)
{
	if ((roles & (1u << request->principal.role)) != 0)
		return true;
	problem_reply(request->exchange, LGP_PROBLEM_FORBIDDEN, NULL,
	              "a token of the role %s may not do this",
	              lgp_role_name(request->principal.role));
	return false;
}

bool auth_at_site(const struct request *request, uint64_t site)
{
	struct lgp_ledger *ledger = request->app->ledger;
	lgp_registry_lock(ledger);
	const struct lgp_record *subject = lgp_registry_get(ledger, request->principal.subject);
	const struct lgp_record *token = lgp_registry_get(ledger, request->principal.token);
	bool good = token != NULL && token->kind == LGP_KIND_TOKEN &&
	            (token->as.token.sites.count == 0 ||
	             lgp_numbers_hold(&token->as.token.sites, site));
	if (good && subject != NULL && subject->kind == LGP_KIND_STAFF)
		good = lgp_staff_at_site(subject, site);
	lgp_registry_unlock(ledger);
	return good;
}
