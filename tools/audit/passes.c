/* passes: what the limits let pass, and whether a refusal is deserved.
 * Thread: one at a time. */
#include "tools/audit/decisions.h"

#include <inttypes.h>
#include <stdarg.h>

#include "lagniappe/codec.h"
#include "lagniappe/problem.h"
#include "tools/audit/text.h"

#define DAY_US (INT64_C(86400) * 1000000)
#define WAITS_US (INT64_C(72) * 3600 * 1000000)

void passes_version(struct decisions *decisions, const struct lgp_entry *entry, uint64_t version)
{
	/* That there is none needs no replay. */
	if (entry->limit == version || (decisions->lost && version != 0))
		return;
	finding_entry(decisions->findings, RULE_LIMIT_VERSION, entry->seq,
	              "it names the version %" PRIu64 " of a limit, a replay has %" PRIu64,
	              entry->limit, version);
}

/* ---- figures --------------------------------------------------------------------------- */

/* What an ask and a refusal tell of the limit that bound. */
struct figures {
	struct lgp_view id;
	int64_t max, used, remaining;
	int64_t resets_us;  /* INT64_MAX: never */
	int64_t expires_us; /* INT64_MAX: not told */
};

static bool number_line(struct lgp_view text, const char *name, int64_t *out)
{
	uint64_t number;
	if (lgp_decimal_parse(text_line(text, name), &number) != LGP_OK || number > INT64_MAX)
		return false;
	*out = (int64_t)number;
	return true;
}

static bool time_line(struct lgp_view text, const char *name, int64_t *out)
{
	struct lgp_view value = text_line(text, name);
	*out = INT64_MAX;
	return value.ptr == NULL || lgp_time_parse(value, out) == LGP_OK;
}

static bool read_figures(struct lgp_view text, struct figures *out)
{
	out->id = text_line(text, "limit");
	return lgp_slug_valid(out->id) && number_line(text, "max", &out->max) &&
	       number_line(text, "used", &out->used) &&
	       number_line(text, "remaining", &out->remaining) &&
	       time_line(text, "resets_at", &out->resets_us) &&
	       time_line(text, "expires", &out->expires_us);
}

/* A local day begins within a day of midnight UTC. */
static bool resets_well(const struct decisions *decisions, const struct lgp_entry *entry,
                        const struct limit_version *binding, int64_t resets_us)
{
	int32_t end = period_end(binding->window, entry->business_date,
	                         programme_week(&decisions->programme, entry->site));
	if (end == PERIOD_FOREVER || resets_us == INT64_MAX)
		return end == PERIOD_FOREVER && resets_us == INT64_MAX;
	int64_t off = resets_us - end * DAY_US;
	return off > -DAY_US && off < DAY_US;
}

static void compare_figures(struct decisions *decisions, const struct lgp_entry *entry,
                            const struct figures *told, const struct limit_verdict *verdict)
{
	if (!lgp_view_equal(told->id, verdict->id) || told->max != verdict->binding->max ||
	    told->used != verdict->used || told->remaining != verdict->remaining)
		finding_entry(decisions->findings, RULE_FIGURES, entry->seq,
		              "it tells of the limit %.*s, max %" PRId64 ", used %" PRId64
		              ", remaining %" PRId64 "; a replay has %.*s, %" PRId64 ", %" PRId64
		              ", %" PRId64,
		              (int)told->id.len, told->id.ptr, told->max, told->used,
		              told->remaining, (int)verdict->id.len, verdict->id.ptr,
		              verdict->binding->max, verdict->used, verdict->remaining);
	else if (!resets_well(decisions, entry, verdict->binding, told->resets_us))
		finding_entry(decisions->findings, RULE_FIGURES, entry->seq,
		              "it tells that the limit %.*s resets at another time than its "
		              "window does",
		              (int)told->id.len, told->id.ptr);
}

/* verdict NULL: what a replay would tell is not known. */
static void judge_figures(struct decisions *decisions, const struct lgp_entry *entry,
                          const struct limit_verdict *verdict)
{
	struct figures told;
	struct lgp_view text = decisions_payload(decisions, entry);
	if (text.ptr == NULL && (entry->flags & LGP_FLAG_PAYLOAD) != 0)
		return; /* said by RULE_PAYLOAD_MISSING */
	if (!read_figures(text, &told)) {
		finding_entry(decisions->findings, RULE_FIGURES, entry->seq,
		              "it does not tell the limit that bound, its maximum, and what is "
		              "used and remaining");
		return;
	}
	if (entry->kind == LGP_KIND_ASK && told.expires_us != entry->time_us + WAITS_US)
		finding_entry(decisions->findings, RULE_FIGURES, entry->seq,
		              "it tells another end of its time than 72 hours after it was asked");
	if (verdict != NULL)
		compare_figures(decisions, entry, &told, verdict);
}

/* ---- what passed ------------------------------------------------------------------------- */

static void judge_incident(struct decisions *decisions, const struct lgp_entry *entry,
                           const struct limit_verdict *verdict)
{
	if (verdict->incident_missing)
		finding_entry(decisions->findings, RULE_INCIDENT, entry->seq,
		              "it names no incident, by which a limit in force goes");
}

static void tell_over(struct decisions *decisions, const struct lgp_entry *entry,
                      const struct limit_verdict *verdict)
{
	finding_entry(decisions->findings, RULE_OVER_LIMIT, entry->seq,
	              "its amount is %" PRId64 "; the limit %.*s (version %" PRIu64
	              ") lets pass %" PRId64 ", used were %" PRId64 ", remaining %" PRId64,
	              entry->amount, (int)verdict->id.len, verdict->id.ptr, verdict->binding->seq,
	              verdict->binding->max, verdict->used, verdict->remaining);
}

/* An approval lets pass what asks. */
void passes_grant(struct decisions *decisions, const struct lgp_entry *entry,
                  const struct lgp_entry *ask)
{
	struct limit_verdict verdict;
	if (decisions->lost)
		return;
	bounds_judge(&decisions->bounds, entry, ask, &verdict);
	judge_incident(decisions, entry, &verdict);
	bool approved = verdict.exceeded && entry->refers_to != 0 && verdict.binding->asks;
	if (verdict.exceeded && !approved)
		tell_over(decisions, entry, &verdict);
	passes_version(decisions, entry, approved ? verdict.binding->seq : 0);
}

void passes_ask(struct decisions *decisions, const struct lgp_entry *entry)
{
	struct limit_verdict verdict;
	if (decisions->lost) {
		judge_figures(decisions, entry, NULL);
		return;
	}
	bounds_judge(&decisions->bounds, entry, NULL, &verdict);
	judge_incident(decisions, entry, &verdict);
	if (verdict.exceeded && !verdict.binding->asks)
		tell_over(decisions, entry, &verdict);
	else if (!verdict.exceeded)
		finding_entry(decisions->findings, RULE_ASK, entry->seq,
		              "it asks for approval of %" PRId64
		              ", and a replay finds no limit that it passes",
		              entry->amount);
	else
		passes_version(decisions, entry, verdict.binding->seq);
	judge_figures(decisions, entry,
	              verdict.exceeded && verdict.binding->asks ? &verdict : NULL);
}

/* ---- what was refused ---------------------------------------------------------------------- */

static void __attribute__((format(printf, 3, 4)))
undeserved(struct decisions *decisions, const struct lgp_entry *entry, const char *format, ...)
{
	char text[256];
	const struct lgp_problem_info *problem = lgp_problem_info(entry->code);
	va_list arguments;
	va_start(arguments, format);
	if (vsnprintf(text, sizeof text, format, arguments) < 0)
		text[0] = '\0';
	va_end(arguments);
	finding_entry(decisions->findings, RULE_UNDESERVED, entry->seq, "it is refused with %s: %s",
	              problem != NULL ? problem->code : "an unknown code", text);
}

static void refused_by_limit(struct decisions *decisions, const struct lgp_entry *entry,
                             const struct limit_verdict *verdict)
{
	bool decides = entry->refers_to != 0;
	if (verdict->incident_missing || !verdict->exceeded ||
	    (decides && verdict->binding->asks)) {
		undeserved(decisions, entry, "a replay finds no limit that %" PRId64 " %s",
		           entry->amount,
		           decides ? "passes and an approval does not lift" : "passes");
		judge_figures(decisions, entry, NULL);
		return;
	}
	passes_version(decisions, entry, verdict->binding->seq);
	judge_figures(decisions, entry, verdict);
}

/* The account that would have given the amount; NONE: no floor could refuse it. */
static enum lgp_class giving(const struct lgp_entry *entry)
{
	if (entry->code == LGP_PROBLEM_INSUFFICIENT_FUNDS)
		return entry->asked == LGP_KIND_REVERSAL ? LGP_CLASS_CUSTOMER : LGP_CLASS_NONE;
	if (entry->asked == LGP_KIND_GRANT && entry->refers_to != 0)
		return LGP_CLASS_RESERVED;
	return entry->asked == LGP_KIND_GRANT || entry->asked == LGP_KIND_ASK ||
	                       entry->asked == LGP_KIND_ALLOTMENT
	               ? LGP_CLASS_BUDGET
	               : LGP_CLASS_NONE;
}

static void refused_for_funds(struct decisions *decisions, const struct lgp_entry *entry)
{
	enum lgp_class class = giving(entry);
	int64_t held = class == LGP_CLASS_NONE
	                       ? INT64_MAX
	                       : money_balance(decisions->money, class,
	                                       lgp_entry_owner(entry, class), entry->unit);
	if (entry->amount <= held)
		undeserved(decisions, entry,
		           "%" PRId64 " are asked for, and the %s account holds %" PRId64,
		           entry->amount, lgp_class_name(class), held);
}

static void refused_as_reversed(struct decisions *decisions, const struct lgp_entry *entry)
{
	uint8_t bytes[LGP_ENTRY_LEN];
	struct lgp_entry grant;
	if (entry->asked != LGP_KIND_REVERSAL || entry->refers_to >= entry->seq ||
	    door_entry(decisions->door, entry->refers_to, bytes) != LGP_OK ||
	    lgp_entry_decode(bytes, &grant) != LGP_OK || grant.kind != LGP_KIND_GRANT) {
		undeserved(decisions, entry, "entry %" PRIu64 " is no grant that can be read",
		           entry->refers_to);
		return;
	}
	int64_t left = grant.amount - money_reversed(decisions->money, entry->refers_to);
	if (left > 0 && entry->amount <= left)
		undeserved(decisions, entry,
		           "of the grant %" PRIu64 ", %" PRId64 " are left, and %" PRId64
		           " are asked for",
		           entry->refers_to, left, entry->amount);
}

/* Funds are looked at behind the limits: what lacked them then had passed none, or
 * asked for approval, and names the limit that bound. */
static bool behind_limits(const struct lgp_entry *entry)
{
	bool grant = entry->asked == LGP_KIND_GRANT || entry->asked == LGP_KIND_ASK;
	return grant && (entry->code == LGP_PROBLEM_AMOUNT_OVERFLOW ||
	                 entry->code == LGP_PROBLEM_INSUFFICIENT_BUDGET);
}

static void judge_code(struct decisions *decisions, const struct lgp_entry *entry,
                       const struct lgp_entry *ask)
{
	struct limit_verdict verdict;
	bounds_judge(&decisions->bounds, entry, ask, &verdict);
	switch (entry->code) {
	case LGP_PROBLEM_LIMIT_EXCEEDED:
		refused_by_limit(decisions, entry, &verdict);
		return;
	case LGP_PROBLEM_INCIDENT_REQUIRED:
		if (!verdict.incident_missing)
			undeserved(decisions, entry, "no limit in force goes by incident");
		break;
	case LGP_PROBLEM_INSUFFICIENT_BUDGET:
	case LGP_PROBLEM_INSUFFICIENT_FUNDS:
		refused_for_funds(decisions, entry);
		break;
	case LGP_PROBLEM_ALREADY_REVERSED:
		refused_as_reversed(decisions, entry);
		break;
	default:
		if (standing_refuses(entry) && !standing_refusal_holds(decisions, entry, ask))
			undeserved(decisions, entry, "that is not the case");
		break;
	}
	passes_version(decisions, entry,
	               behind_limits(entry) && verdict.exceeded ? verdict.binding->seq : 0);
}

void passes_refusal(struct decisions *decisions, const struct lgp_entry *entry,
                    const struct lgp_entry *ask)
{
	if (decisions->lost) {
		if (entry->code == LGP_PROBLEM_LIMIT_EXCEEDED)
			judge_figures(decisions, entry, NULL);
		return;
	}
	if (ask != NULL && !approvals_refusal_holds(decisions, entry, ask)) {
		undeserved(decisions, entry, "the ask %" PRIu64 " %s", ask->seq,
		           entry->code == LGP_PROBLEM_DECIDED        ? "waits"
		           : !approvals_waiting(decisions, ask->seq) ? "is decided"
		                                                     : "is the actor's to decide");
		return;
	}
	judge_code(decisions, entry, ask);
}
