/* problem: every answer that says no: code, HTTP status, title (RFC 9457).
 * Thread: any.
 * The one list.  Numbers are stored in refusal entries, so they are for ever;
 * those from 100 are the rules' and funds' and go on record, those below are
 * the request's own and use up no idempotency key. */
#ifndef LAGNIAPPE_PROBLEM_H
#define LAGNIAPPE_PROBLEM_H

#include "lagniappe/status.h"

/* symbol, number, code as answered, HTTP status, title */
#define LGP_PROBLEM_LIST(X)                                                                      \
	X(LGP_PROBLEM_MALFORMED, 1, "malformed", 400, "The request is not of its form")          \
	X(LGP_PROBLEM_KEY_MISSING, 2, "idempotency-key-missing", 400,                            \
	  "An Idempotency-Key is needed")                                                        \
	X(LGP_PROBLEM_UNAUTHENTICATED, 3, "unauthenticated", 401, "A valid token is needed")     \
	X(LGP_PROBLEM_FORBIDDEN, 4, "forbidden", 403, "This token may not do that")              \
	X(LGP_PROBLEM_NOT_FOUND, 5, "not-found", 404, "There is no such thing")                  \
	X(LGP_PROBLEM_METHOD, 6, "method-not-allowed", 405, "This address takes other methods")  \
	X(LGP_PROBLEM_TIMEOUT, 7, "request-timeout", 408, "The request did not come in time")    \
	X(LGP_PROBLEM_IN_FLIGHT, 8, "in-flight", 409, "The same request is still under way")     \
	X(LGP_PROBLEM_EXISTS, 9, "already-exists", 409, "It exists already")                     \
	X(LGP_PROBLEM_TOO_LARGE, 10, "too-large", 413, "The body is too large")                  \
	X(LGP_PROBLEM_MEDIA_TYPE, 11, "unsupported-media-type", 415,                             \
	  "This media type is not taken")                                                        \
	X(LGP_PROBLEM_KEY_REUSED, 12, "key-reused", 422, "The key was used with another body")   \
	X(LGP_PROBLEM_INVALID, 13, "invalid", 422,                                               \
	  "The request asks for something that cannot be")                                       \
	X(LGP_PROBLEM_THROTTLED, 14, "throttled", 429, "Too many requests")                      \
	X(LGP_PROBLEM_HEADERS, 15, "headers-too-large", 431, "The headers are too large")        \
	X(LGP_PROBLEM_INTERNAL, 16, "internal", 500, "The server failed")                        \
	X(LGP_PROBLEM_OVERLOADED, 17, "overloaded", 503, "The server is at its bound")           \
	X(LGP_PROBLEM_READ_ONLY, 18, "read-only", 503, "The ledger takes no writes now")         \
	X(LGP_PROBLEM_URI, 19, "uri-too-long", 414, "The address is too long")                   \
	X(LGP_PROBLEM_LENGTH, 20, "length-required", 411, "A Content-Length is needed")          \
	X(LGP_PROBLEM_PRECONDITION, 21, "precondition-failed", 412, "It was changed in between") \
	X(LGP_PROBLEM_ASKS, 22, "too-many-asks", 429, "Too many grants wait for approval")       \
	X(LGP_PROBLEM_STAFF_INACTIVE, 100, "staff-inactive", 403,                                \
	  "This member of staff is not active on this day")                                      \
	X(LGP_PROBLEM_SITE, 101, "site-not-allowed", 403,                                        \
	  "This member of staff does not work at the site")                                      \
	X(LGP_PROBLEM_BUDGET, 102, "budget-not-allowed", 403,                                    \
	  "This budget is not open to the member of staff")                                      \
	X(LGP_PROBLEM_BUDGET_UNIT, 103, "budget-unit-mismatch", 422,                             \
	  "The budget holds another unit")                                                       \
	X(LGP_PROBLEM_SELF_GRANT, 104, "self-grant", 403,                                        \
	  "Staff do not reward themselves or their household")                                   \
	X(LGP_PROBLEM_INSUFFICIENT_BUDGET, 105, "insufficient-budget", 409,                      \
	  "The budget has not that much available")                                              \
	X(LGP_PROBLEM_INSUFFICIENT_FUNDS, 106, "insufficient-funds", 409,                        \
	  "The customer does not hold that much")                                                \
	X(LGP_PROBLEM_ALREADY_REVERSED, 107, "already-reversed", 409, "It is reversed already")  \
	X(LGP_PROBLEM_NOT_REVERSIBLE, 108, "not-reversible", 422,                                \
	  "An entry of this kind is not reversed")                                               \
	X(LGP_PROBLEM_REVERSAL_FORBIDDEN, 109, "reversal-not-allowed", 403,                      \
	  "Not this person's to reverse")                                                        \
	X(LGP_PROBLEM_LIMIT_EXCEEDED, 110, "limit-exceeded", 403, "A limit does not allow it")   \
	X(LGP_PROBLEM_INCIDENT_REQUIRED, 111, "incident-required", 422,                          \
	  "A limit here goes by incident")                                                       \
	X(LGP_PROBLEM_AMOUNT_OVERFLOW, 112, "amount-overflow", 422,                              \
	  "The sum would not fit into 63 bits")                                                  \
	X(LGP_PROBLEM_REASON_KIND, 113, "reason-kind", 422, "This reason is not for that")       \
	X(LGP_PROBLEM_FOUR_EYES, 114, "four-eyes", 403,                                          \
	  "Who asked, or acts for who asked, does not decide")                                   \
	X(LGP_PROBLEM_AUTHORITY, 115, "no-authority", 403,                                       \
	  "This is beyond the authority of who decides")                                         \
	X(LGP_PROBLEM_DECIDED, 116, "already-decided", 409,                                      \
	  "It is decided already, or its time is over")                                          \
	X(LGP_PROBLEM_RING, 117, "ring-grant", 403, "Two members of staff do not reward each other")

enum lgp_problem {
	LGP_PROBLEM_NONE = 0,
#define X(symbol, number, code, status, title) symbol = number,
	LGP_PROBLEM_LIST(X)
#undef X
};

struct lgp_problem_info {
	enum lgp_problem problem;
	const char *code;
	int http_status;
	const char *title;
};

/* NULL for a number that is no problem. */
const struct lgp_problem_info *lgp_problem_info(unsigned number);
/* The i-th of the list, NULL past its end. */
const struct lgp_problem_info *lgp_problem_at(size_t i);
/* Whether it goes on record as a refusal entry and uses up its key. */
bool lgp_problem_recorded(enum lgp_problem problem);

#endif
