/* problems: answers that say no, as problem+json (RFC 9457).
 * Thread: the exchange's loop. */
#include "server/problems.h"

#include "server/json.h"
#include "server/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define DETAIL_MAX 512

const char *problem_field(enum lgp_problem problem)
{
	switch (problem) {
	case LGP_PROBLEM_STAFF_INACTIVE:
		return "staff";
	case LGP_PROBLEM_SITE:
		return "site";
	case LGP_PROBLEM_BUDGET:
		return "budget";
	case LGP_PROBLEM_BUDGET_UNIT:
		return "unit";
	case LGP_PROBLEM_SELF_GRANT:
	case LGP_PROBLEM_RING:
		return "customer";
	case LGP_PROBLEM_REASON_KIND:
		return "reason";
	case LGP_PROBLEM_INCIDENT_REQUIRED:
		return "incident";
	case LGP_PROBLEM_NOT_REVERSIBLE:
	case LGP_PROBLEM_REVERSAL_FORBIDDEN:
	case LGP_PROBLEM_FOUR_EYES:
	case LGP_PROBLEM_AUTHORITY:
	case LGP_PROBLEM_DECIDED:
		return "seq";
	default:
		return "amount";
	}
}

/* What is said where nobody said more: what it means, and what to do. */
static const char *meaning(enum lgp_problem problem)
{
	switch (problem) {
	case LGP_PROBLEM_KEY_REUSED:
		return "this Idempotency-Key came with another request before; use a new one";
	case LGP_PROBLEM_OVERLOADED:
		return "too much is under way; try again in a second";
	case LGP_PROBLEM_READ_ONLY:
		return "the server's log says why; what is read goes on being answered";
	case LGP_PROBLEM_INVALID:
		return "the request contradicts what is registered";
	case LGP_PROBLEM_STAFF_INACTIVE:
		return "on the site's day of today the member of staff has not begun, or has left";
	case LGP_PROBLEM_SITE:
		return "name a site of the member of staff, or leave it out for their own";
	case LGP_PROBLEM_BUDGET:
		return "name a budget of the member of staff, or leave it out for their own";
	case LGP_PROBLEM_BUDGET_UNIT:
		return "name the budget's own unit, or another budget";
	case LGP_PROBLEM_SELF_GRANT:
		return "this customer is the member of staff, or of their household: a colleague "
		       "has to decide";
	case LGP_PROBLEM_INSUFFICIENT_BUDGET:
		return "the budget's available amount is less; GET /v1/budgets/{id} (budgets "
		       "show, headroom) says how much it is. Ask finance for an allotment";
	case LGP_PROBLEM_INSUFFICIENT_FUNDS:
		return "the customer's available amount is less";
	case LGP_PROBLEM_ALREADY_REVERSED:
		return "less than this is left of the entry";
	case LGP_PROBLEM_NOT_REVERSIBLE:
		return "only grants are reversed";
	case LGP_PROBLEM_REVERSAL_FORBIDDEN:
		return "the giver reverses on the same business day; later, or for others, a "
		       "manager "
		       "of the site who did not give it; an integration its own";
	case LGP_PROBLEM_REASON_KIND:
		return "name a reason of another kind";
	case LGP_PROBLEM_LIMIT_EXCEEDED:
		return "give what remains, wait until the limit starts again, or, where "
		       "when_passed is ask, ask for approval with if_over=ask (--if-over ask)";
	case LGP_PROBLEM_INCIDENT_REQUIRED:
		return "name the incident that it makes up for";
	case LGP_PROBLEM_RING:
		return "at this site staff do not reward who has rewarded them";
	case LGP_PROBLEM_FOUR_EYES:
		return "somebody else has to decide: neither who asked nor who acts for them";
	case LGP_PROBLEM_AUTHORITY:
		return "a manager of the site decides within their own limits, or who holds their "
		       "delegation within its ceiling; with dry_run=true (--dry-run) the limit "
		       "that binds is named";
	case LGP_PROBLEM_DECIDED:
		return "it was approved, declined, or waited for too long; the customer's "
		       "statement says which";
	case LGP_PROBLEM_PRECONDITION:
		return "the version that If-Match names is not in force; read it again";
	case LGP_PROBLEM_THROTTLED:
		return "too many of your requests were refused; what the rules allow goes "
		       "through all the same";
	case LGP_PROBLEM_ASKS:
		return "one member of staff may have 64 grants waiting: wait for a decision, or "
		       "withdraw one (decline it)";
	case LGP_PROBLEM_AMOUNT_OVERFLOW:
		return "the amount, or the sum that it would make, is beyond what is counted";
	default:
		return lgp_problem_info(problem)->title;
	}
}

/* Why what is asked for cannot be, by its field. */
static const char *reason(struct lgp_view field)
{
	static const struct {
		const char *field, *reason;
	} reasons[] = {
	        {"until", "it must be later than now and than the beginning, and a limit may have "
	                  "at most 16 versions that end: one without from and until takes their "
	                  "place"},
	        {"window", "a limit per grant has no window: say none"},
	        {"unit", "an amount is counted in a unit: name it"},
	        {"per", "incidents are counted per customer"},
	        {"to", "nobody delegates to themselves, nor has more than 64 delegations in force: "
	               "end one"},
	        {"active_until", "they have left, and their delegations with them: those must be "
	                         "ended, or run out, before they come back"},
	        {"site", "they have left, and where this site is it is still the day before: move "
	                 "them when they would have left there too"},
	        {"timezone", "a site's date does not go back: change the zone at an hour at which "
	                     "both have the same date"},
	        {"budget", "the member of staff has no budget of their own: name one"},
	};
	for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
		if (lgp_view_equal(field, lgp_view_of(reasons[i].field)))
			return reasons[i].reason;
	return meaning(LGP_PROBLEM_INVALID);
}

struct lgp_view problem_detail(enum lgp_problem problem, struct lgp_view field, char *out,
                               size_t max)
{
	int len = 0;
	if (field.len > 0 && problem == LGP_PROBLEM_NOT_FOUND)
		len = snprintf(out, max, "the %.*s that the request names is not known",
		               (int)field.len, field.ptr);
	else if (field.len > 0 && problem == LGP_PROBLEM_EXISTS)
		len = snprintf(out, max, "there is one with this %.*s", (int)field.len, field.ptr);
	else
		return lgp_view_of(problem == LGP_PROBLEM_INVALID ? reason(field)
		                                                  : meaning(problem));
	return (struct lgp_view){out, len > 0 && (size_t)len < max ? (size_t)len : 0};
}

void problem_write(struct buf *out, enum lgp_problem problem, struct lgp_view field,
                   struct lgp_view detail)
{
	const struct lgp_problem_info *info = lgp_problem_info(problem);
	require(info != NULL);
	char said[DETAIL_MAX];
	if (detail.len == 0)
		detail = problem_detail(problem, field, said, sizeof said);
	buf_text(out, "\"type\":\"/problems/");
	buf_text(out, info->code);
	buf_text(out, "\",\"title\":\"");
	buf_text(out, info->title);
	buf_text(out, "\",\"status\":");
	buf_decimal(out, (uint64_t)info->http_status);
	if (detail.len > 0)
		json_write_text(out, "detail", detail);
	if (field.len > 0)
		json_write_text(out, "field", field);
}

static void add_headers(struct exchange *exchange, enum lgp_problem problem)
{
	if (problem == LGP_PROBLEM_UNAUTHENTICATED)
		http_reply_header(exchange, "WWW-Authenticate", LGP_VIEW("Bearer"));
	if (problem == LGP_PROBLEM_OVERLOADED)
		http_reply_header(exchange, "Retry-After", LGP_VIEW("1"));
}

void problem_begin(struct exchange *exchange, enum lgp_problem problem, struct lgp_view field,
                   struct lgp_view detail)
{
	buf_clear(exchange->out);
	buf_text(exchange->out, "{");
	problem_write(exchange->out, problem, field, detail);
}

void problem_end(struct exchange *exchange, enum lgp_problem problem)
{
	json_write_text(exchange->out, "request_id", lgp_view_of(exchange->request_id));
	buf_text(exchange->out, "}\n");
	add_headers(exchange, problem);
	http_reply(exchange, lgp_problem_info(problem)->http_status, "application/problem+json");
}

void problem_reply(struct exchange *exchange, enum lgp_problem problem, const char *field,
                   const char *format, ...)
{
	char detail[DETAIL_MAX];
	va_list args;
	va_start(args, format);
	(void)vsnprintf(detail, sizeof detail, format, args);
	va_end(args);
	problem_begin(exchange, problem, field != NULL ? lgp_view_of(field) : LGP_VIEW(""),
	              lgp_view_of(detail));
	problem_end(exchange, problem);
}

void problem_fault(struct exchange *exchange, enum lgp_status status, const char *what)
{
	char text[300];
	if (status == LGP_OVERLOAD) {
		problem_reply(exchange, LGP_PROBLEM_OVERLOADED, NULL, "try again in a second");
		return;
	}
	log_line(LOG_ERROR, "a request met a fault", "what=%s status=%d detail=%s", what,
	         (int)status, log_quote(text, sizeof text, lgp_view_of(lgp_fault_detail())));
	problem_reply(exchange, LGP_PROBLEM_INTERNAL, NULL,
	              "the fault is in the server's log under this request_id");
}
