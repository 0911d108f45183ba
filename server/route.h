/* route: which address is answered by what, for whom.  One table; the router,
 * the roles, /openapi.json and the metrics all follow from it.
 * Thread: the table is for any; a struct request belongs to its loop. */
#ifndef LAGNIAPPE_SERVER_ROUTE_H
#define LAGNIAPPE_SERVER_ROUTE_H

#include "server/app.h"
#include "server/problems.h"

#define ROLE(name) (1u << LGP_ROLE_##name)
#define ROLES_TRIAL (ROLE(FINANCE) | ROLE(AUDITOR)) /* who look into rules and act by none */
#define ROLES_EVERY ((1u << LGP_ROLE_COUNT) - 2)

enum route_flag {
	ROUTE_OPEN = 1 << 0,   /* no token */
	ROUTE_LOG = 1 << 1,    /* no token with --log-public, else an auditor's */
	ROUTE_KEY = 1 << 2,    /* an Idempotency-Key is needed; dry_run is taken */
	ROUTE_BULK = 1 << 3,   /* NDJSON, a key a line; dry_run is taken */
	ROUTE_CHANGE = 1 << 4, /* a body of which any field may be left out */
	ROUTE_PAGES = 1 << 5,  /* page_size and page_token are taken */
	ROUTE_PATH = 1 << 6,   /* {id} is all that is left of the path */
	ROUTE_DRY = 1 << 7,    /* dry_run is taken */
	ROUTE_QUERY = 1 << 8,  /* body is the table of the query's parameters */
	ROUTE_TRIAL = 1 << 9,  /* with dry_run=true, for ROLES_TRIAL too */
};

/* What an answer looks like, for /openapi.json. */
enum route_answer {
	ANSWER_ENTRY,
	ANSWER_ENTRIES,
	ANSWER_NOUN,
	ANSWER_NOUNS,
	ANSWER_BUDGET,
	ANSWER_TOKEN,
	ANSWER_CUSTOMER,
	ANSWER_BALANCES,
	ANSWER_LINES,
	ANSWER_RECEIPT,
	ANSWER_NOTHING,
	ANSWER_TEXT,
	ANSWER_BYTES,
	ANSWER_OBJECT,
	ANSWER_GRANT, /* an entry; 202 where it waits for approval */
	ANSWER_DECLINE,
	ANSWER_APPROVALS,
	ANSWER_HEADROOM,
	ANSWER_LIMIT,
	ANSWER_VERSIONS,
};

/* Whose token asks. */
struct principal {
	uint64_t token,
	        subject; /* numbers; the subject is the token's own where it is nobody else */
	enum lgp_role role;
	int64_t expires_us;
	uint64_t site;                     /* staff: their home site, else 0 */
	int32_t active_from, active_until; /* staff: days, half-open */
	size_t zone_len;
	char zone[LGP_ZONE_MAX]; /* staff: their home site's */
};

struct request {
	struct exchange *exchange;
	struct worker *worker;
	struct app *app;
	const struct route *route;
	struct principal principal;
	struct lgp_view id; /* what stands for {id} */
	bool dry;
	uint64_t page_size; /* 1 to PAGE_SIZE_MAX */
	struct lgp_view page_token;
	bool has_after;
	uint64_t after;
};

#define PAGE_SIZE_DEFAULT 100
#define PAGE_SIZE_MAX 1000

struct route {
	enum http_method method;
	const char *pattern; /* segments; one of them may be {id} */
	unsigned roles, flags;
	enum lgp_kind noun; /* of the nouns' routes */
	const struct body_table
	        *body; /* NULL: no body, or the noun's; with ROUTE_QUERY its fields */
	void (*handle)(struct request *request);
	enum route_answer answer;
	const char *operation, *summary;
};

extern const struct route routes[];
extern const size_t route_count;

/* The route, and in *id what stands for {id}; NULL: allow has the methods that the
 * address takes ("GET, POST"), "" when there is no such address. */
#define ROUTE_ALLOW_MAX 64
const struct route *route_find(enum http_method method, struct lgp_view path, struct lgp_view *id,
                               char allow[ROUTE_ALLOW_MAX]);
const char *route_method_name(enum http_method method);

/* The body's table, of nouns too; NULL: none. */
const struct body_table *route_body(const struct route *route);

#endif
