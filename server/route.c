/* route: the table of addresses, and the way through it.
 * Thread: any. */
#include "server/route.h"

#include "server/endpoints.h"

#include <stdio.h>
#include <string.h>

#define ADMIN ROLE(ADMIN)
#define FINANCE ROLE(FINANCE)
#define MANAGER ROLE(MANAGER)
#define STAFF ROLE(STAFF)
#define INTEGRATION ROLE(INTEGRATION)
#define AUDITOR ROLE(AUDITOR)
#define CUSTOMER ROLE(CUSTOMER)
#define BUT_CUSTOMERS (ROLES_EVERY & ~CUSTOMER)

/* clang-format off */
/* The four ways to a registered noun. */
#define NOUN(plural, one, kind, many, single) \
	{HTTP_GET, "/v1/" plural, many, ROUTE_PAGES, kind, NULL, nouns_list, ANSWER_NOUNS, \
	 "list_" plural, "All " plural ", in the order of their registration"}, \
	{HTTP_POST_, "/v1/" plural, ADMIN, ROUTE_KEY, kind, NULL, nouns_post, ANSWER_NOUN, \
	 "register_" one, "Registers a " one}, \
	{HTTP_GET, "/v1/" plural "/{id}", many, 0, kind, NULL, single, \
	 (kind) == LGP_KIND_BUDGET ? ANSWER_BUDGET : ANSWER_NOUN, "get_" one, "One " one}, \
	{HTTP_PATCH_, "/v1/" plural "/{id}", ADMIN, ROUTE_CHANGE, kind, NULL, nouns_patch, \
	 ANSWER_NOUN, "change_" one, "Changes the fields that are given"}

const struct route routes[] = {
	/* Searched from here on: what is asked most stands first, and an address before a
	 * hole that would take it. */
	{HTTP_POST_, "/v1/grants", STAFF | MANAGER | INTEGRATION, ROUTE_KEY | ROUTE_TRIAL, 0, &grant_table,
	 grants_post, ANSWER_GRANT, "grant", "Grants a customer something from a budget"},
	{HTTP_POST_, "/v1/grants/batch", STAFF | MANAGER | INTEGRATION, ROUTE_BULK, 0, &grant_line_table,
	 grants_batch_post, ANSWER_LINES, "grant_batch", "Up to 8,192 grants, a line each; lines stand alone"},
	{HTTP_POST_, "/v1/thanks", STAFF | MANAGER, ROUTE_KEY, 0, &thanks_table, thanks_post, ANSWER_ENTRY,
	 "thank", "Thanks a customer; moves nothing"},
	{HTTP_GET, "/v1/customers/{id}/balances",
	 CUSTOMER | STAFF | MANAGER | INTEGRATION | FINANCE | AUDITOR, 0, 0, NULL, balances_get,
	 ANSWER_BALANCES, "get_balances", "What a customer holds, by unit; a customer may say me for their id"},
	{HTTP_GET, "/v1/customers/{id}/statement", CUSTOMER | MANAGER | AUDITOR, ROUTE_PAGES, 0, NULL,
	 statement_get, ANSWER_ENTRIES, "get_statement", "A customer's entries, newest first; to the customer (id, or me) without refusals"},
	{HTTP_POST_, "/v1/customers", STAFF | MANAGER | INTEGRATION, ROUTE_KEY, 0, &customer_table,
	 customers_post, ANSWER_CUSTOMER, "register_customer", "Registers a customer"},
	{HTTP_POST_, "/v1/customers/lookup", STAFF | MANAGER | INTEGRATION, 0, 0, &lookup_table,
	 customers_lookup, ANSWER_CUSTOMER, "look_up_customer", "Finds a customer by the house's reference"},
	{HTTP_GET, "/v1/customers/{id}", CUSTOMER | STAFF | MANAGER | INTEGRATION, 0, 0, NULL,
	 customers_get, ANSWER_CUSTOMER, "get_customer", "One customer"},
	{HTTP_PATCH_, "/v1/customers/{id}", CUSTOMER | STAFF | MANAGER | INTEGRATION, ROUTE_CHANGE, 0,
	 &customer_change_table, customers_patch, ANSWER_CUSTOMER, "change_customer",
	 "Changes what is kept of a customer"},
	{HTTP_GET, "/v1/entries", AUDITOR | FINANCE, ROUTE_PAGES, 0, NULL, entries_list, ANSWER_ENTRIES,
	 "list_entries", "The log from an entry on"},
	{HTTP_GET, "/v1/entries/{id}", ROLES_EVERY, 0, 0, NULL, entries_get, ANSWER_ENTRY, "get_entry",
	 "One entry, for its parties and auditors"},
	{HTTP_POST_, "/v1/entries/{id}/reverse", STAFF | MANAGER | INTEGRATION, ROUTE_KEY, 0,
	 &reverse_table, reverse_post, ANSWER_ENTRY, "reverse_entry", "Takes a grant back, whole or in part"},
	{HTTP_GET, "/v1/receipts/{id}", ROLES_EVERY, 0, 0, NULL, receipts_get, ANSWER_RECEIPT,
	 "get_receipt", "An entry's receipt under the newest checkpoint; text/plain: the tlog-proof"},
	{HTTP_GET, "/v1/payloads/{id}", AUDITOR, 0, 0, NULL, payloads_get, ANSWER_BYTES, "get_payload",
	 "The bytes that an entry binds by their hash"},
	{HTTP_POST_, "/v1/imports", ADMIN, ROUTE_BULK, 0, &import_line_table, imports_post, ANSWER_LINES,
	 "import_history", "Spending from before this ledger, a line each; lines stand alone"},
	{HTTP_POST_, "/v1/budgets/{id}/allotments", FINANCE, ROUTE_KEY, 0, &allotment_table,
	 allotments_post, ANSWER_ENTRY, "allot", "Gives to a budget, or takes back"},
	NOUN("units", "unit", LGP_KIND_UNIT, ROLES_EVERY, nouns_get),
	NOUN("sites", "site", LGP_KIND_SITE, BUT_CUSTOMERS, nouns_get),
	NOUN("budgets", "budget", LGP_KIND_BUDGET, ADMIN | FINANCE | MANAGER | STAFF | AUDITOR, budgets_get),
	NOUN("reasons", "reason", LGP_KIND_REASON, BUT_CUSTOMERS, nouns_get),
	NOUN("touchpoints", "touchpoint", LGP_KIND_TOUCHPOINT, BUT_CUSTOMERS, nouns_get),
	NOUN("staff", "staff", LGP_KIND_STAFF, BUT_CUSTOMERS, nouns_get),
	{HTTP_GET, "/v1/tokens", ADMIN | FINANCE | AUDITOR, ROUTE_PAGES, LGP_KIND_TOKEN, NULL, tokens_list,
	 ANSWER_NOUNS, "list_tokens", "All tokens, without their secrets"},
	{HTTP_POST_, "/v1/tokens", ADMIN | FINANCE, ROUTE_KEY, LGP_KIND_TOKEN, NULL, tokens_post,
	 ANSWER_TOKEN, "issue_token", "Issues a token; its secret is answered once"},
	{HTTP_GET, "/v1/tokens/{id}", ADMIN | FINANCE | AUDITOR, 0, LGP_KIND_TOKEN, NULL, tokens_get,
	 ANSWER_NOUN, "get_token", "One token, without its secret"},
	{HTTP_DELETE_, "/v1/tokens/{id}", ADMIN | FINANCE, 0, LGP_KIND_TOKEN, NULL, tokens_delete,
	 ANSWER_NOTHING, "end_token", "Ends a token"},
	{HTTP_GET, "/v1/limits", BUT_CUSTOMERS, ROUTE_PAGES, LGP_KIND_LIMIT, NULL, limit_list,
	 ANSWER_NOUNS, "list_limits", "The limits in force, and to come"},
	{HTTP_GET, "/v1/limits/{id}", BUT_CUSTOMERS, 0, LGP_KIND_LIMIT, NULL, limit_get, ANSWER_NOUN,
	 "get_limit", "One limit; its ETag is its version"},
	{HTTP_PUT_, "/v1/limits/{id}", FINANCE, ROUTE_DRY, LGP_KIND_LIMIT, NULL, limit_put, ANSWER_LIMIT,
	 "put_limit", "Sets a limit, new or in a new version; If-Match guards"},
	{HTTP_DELETE_, "/v1/limits/{id}", FINANCE, 0, LGP_KIND_LIMIT, NULL, limit_delete, ANSWER_NOTHING,
	 "end_limit", "Ends a limit; If-Match guards"},
	{HTTP_GET, "/v1/limits/{id}/versions", BUT_CUSTOMERS, ROUTE_PAGES, LGP_KIND_LIMIT, NULL,
	 limit_versions, ANSWER_VERSIONS, "list_limit_versions", "What a limit was, newest first"},
	{HTTP_GET, "/v1/staff/me/headroom", STAFF | MANAGER, ROUTE_QUERY, 0, &headroom_table, headroom_get,
	 ANSWER_HEADROOM, "get_headroom", "What one can still give, limit by limit and in the budget"},
	{HTTP_GET, "/v1/approvals", MANAGER | STAFF, ROUTE_PAGES, 0, NULL, approvals_list,
	 ANSWER_APPROVALS, "list_approvals", "Grants that wait for approval: at one's sites, and one's own"},
	{HTTP_POST_, "/v1/approvals/{id}/approve", MANAGER | STAFF, ROUTE_KEY, 0, &decision_table,
	 approvals_approve, ANSWER_ENTRY, "approve", "Approves what was asked for: the grant"},
	{HTTP_POST_, "/v1/approvals/{id}/decline", MANAGER | STAFF, ROUTE_KEY, 0, &decision_table,
	 approvals_decline, ANSWER_DECLINE, "decline", "Declines what was asked for, or withdraws it"},
	{HTTP_GET, "/v1/delegations", BUT_CUSTOMERS & ~INTEGRATION, ROUTE_PAGES, LGP_KIND_DELEGATION, NULL,
	 nouns_list, ANSWER_NOUNS, "list_delegations", "All delegations, those that have ended too"},
	{HTTP_POST_, "/v1/delegations", MANAGER, ROUTE_KEY, LGP_KIND_DELEGATION, NULL, nouns_post,
	 ANSWER_NOUN, "delegate", "Lends one's own authority to approve, up to a ceiling and an end"},
	{HTTP_GET, "/v1/delegations/{id}", BUT_CUSTOMERS & ~INTEGRATION, 0, LGP_KIND_DELEGATION, NULL,
	 delegations_get, ANSWER_NOUN, "get_delegation", "One delegation"},
	{HTTP_DELETE_, "/v1/delegations/{id}", MANAGER, 0, LGP_KIND_DELEGATION, NULL, delegations_delete,
	 ANSWER_NOTHING, "end_delegation", "Ends a delegation: its giver's to do"},
	{HTTP_GET, "/checkpoint", AUDITOR, ROUTE_LOG, 0, NULL, checkpoint_get, ANSWER_TEXT,
	 "get_checkpoint", "The newest signed checkpoint"},
	{HTTP_GET, "/log.vkey", AUDITOR, ROUTE_LOG, 0, NULL, vkey_get, ANSWER_TEXT, "get_log_vkey",
	 "The log's verifier key"},
	{HTTP_GET, "/tile/entries/{id}", AUDITOR, ROUTE_PATH, 0, NULL, tile_get, ANSWER_BYTES,
	 "get_entry_bundle", "A bundle of entries: they are for auditors alone"},
	{HTTP_GET, "/tile/{id}", AUDITOR, ROUTE_LOG | ROUTE_PATH, 0, NULL, tile_get, ANSWER_BYTES,
	 "get_tile", "A tile of hashes"},
	{HTTP_GET, "/problems", 0, ROUTE_OPEN, 0, NULL, problems_list, ANSWER_OBJECT, "list_problems",
	 "Every problem's code and status, and their precedence"},
	{HTTP_GET, "/problems/{id}", 0, ROUTE_OPEN, 0, NULL, problems_get, ANSWER_OBJECT, "get_problem",
	 "One problem's meaning"},
	{HTTP_GET, "/openapi.json", 0, ROUTE_OPEN, 0, NULL, openapi_get, ANSWER_OBJECT, "get_openapi",
	 "This description"},
	{HTTP_GET, "/metrics", 0, ROUTE_OPEN, 0, NULL, metrics_get, ANSWER_TEXT, "get_metrics",
	 "Prometheus text"},
	{HTTP_GET, "/healthz", 0, ROUTE_OPEN, 0, NULL, healthz_get, ANSWER_TEXT, "get_health",
	 "Whether the process runs"},
	{HTTP_GET, "/readyz", 0, ROUTE_OPEN, 0, NULL, readyz_get, ANSWER_TEXT, "get_readiness",
	 "Whether it takes writes"},
};
/* clang-format on */
const size_t route_count = sizeof routes / sizeof routes[0];

#define HOLE "{id}"

/* Whether the path is of the route's pattern; then *id is what stands in its hole, or
 * ptr NULL where it has none. */
static bool matches(const struct route *route, struct lgp_view path, struct lgp_view *id)
{
	const char *pattern = route->pattern, *at = path.ptr, *end = path.ptr + path.len;
	while (*pattern != '\0' && *pattern != '{') {
		if (at == end || *at != *pattern)
			return false;
		at++;
		pattern++;
	}
	if (*pattern == '\0') {
		*id = (struct lgp_view){NULL, 0};
		return at == end;
	}
	const char *slash = memchr(at, '/', (size_t)(end - at));
	const char *stop = slash == NULL || (route->flags & ROUTE_PATH) != 0 ? end : slash;
	const char *rest = pattern + sizeof HOLE - 1;
	*id = (struct lgp_view){at, (size_t)(stop - at)};
	return stop > at && (size_t)(end - stop) == strlen(rest) &&
	       memcmp(stop, rest, (size_t)(end - stop)) == 0;
}

const char *route_method_name(enum http_method method)
{
	static const char *const names[] = {"GET",   "HEAD",   "POST", "PUT",
	                                    "PATCH", "DELETE", "OTHER"};
	require((size_t)method < sizeof names / sizeof names[0]);
	return names[method];
}

/* The methods that the address takes. */
static void list_methods(struct lgp_view path, char allow[ROUTE_ALLOW_MAX])
{
	struct lgp_view id;
	size_t used = 0;
	for (size_t i = 0; i < route_count; i++) {
		if (!matches(&routes[i], path, &id))
			continue;
		int len = snprintf(allow + used, ROUTE_ALLOW_MAX - used, "%s%s",
		                   used > 0 ? ", " : "", route_method_name(routes[i].method));
		if (len > 0 && (size_t)len < ROUTE_ALLOW_MAX - used)
			used += (size_t)len;
	}
	allow[used] = '\0';
}

const struct route *route_find(enum http_method method, struct lgp_view path, struct lgp_view *id,
                               char allow[ROUTE_ALLOW_MAX])
{
	for (size_t i = 0; i < route_count; i++)
		if (routes[i].method == method && matches(&routes[i], path, id))
			return &routes[i];
	list_methods(path, allow);
	return NULL;
}

const struct body_table *route_body(const struct route *route)
{
	bool writes = route->method == HTTP_POST_ || route->method == HTTP_PUT_ ||
	              route->method == HTTP_PATCH_;
	if ((route->flags & ROUTE_QUERY) != 0)
		return NULL;
	const struct lgp_noun *noun = route->noun != 0 ? lgp_noun_of(route->noun) : NULL;
	return route->body == NULL && writes && noun != NULL ? body_table_of(noun, NULL)
	                                                     : route->body;
}
