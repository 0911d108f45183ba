/* judge_limit: whether a grant passes the limits in force (I5), and what each
 * has left.
 * Thread: ledger thread only.  Deterministic.
 *
 * All that meet a grant judge it.  One that refuses outranks one that asks; of
 * those that are passed the one with the least remaining is named, ties by id. */
#include "judge.h"

#include "lagniappe/codec.h"
#include "window.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One evaluation of all limits for one case. */
struct evaluation {
	struct lgp_ledger *ledger;
	const struct limit_case *grant;
	const struct lgp_entry *pending; /* an ask whose own share is not to count, or NULL */
	bool persons; /* only what goes by the person: an approver's own limits */
	bool incident_missing;
	bool exceeded;
	struct lgp_limit_use binding; /* when exceeded */
	struct lgp_limit_use *list;   /* every one that meets, or NULL */
	size_t count, max;
};

/* ---- one limit ------------------------------------------------------------------- */

static bool goes_by_incident(const struct limit_version *version)
{
	return version->per == LGP_PER_CUSTOMER_INCIDENT ||
	       version->measure == LGP_MEASURE_INCIDENTS;
}

/* A pending grant was counted when it was asked for; at its approval it must
 * not be counted twice.  True: this counter holds it. */
static bool holds_pending(const struct evaluation *e, const struct limit_version *version)
{
	if (e->pending == NULL || version->counts_from > e->pending->seq)
		return false;
	struct limit_case then = limit_case_of(e->ledger, e->pending);
	struct state_key a, b;
	return limit_meets(version, &then) && counter_key(version, &then, &a) &&
	       counter_key(version, e->grant, &b) && lgp_view_equal(key_view(&a), key_view(&b));
}

/* What the grant adds to the limit. */
static enum lgp_status share_of(const struct evaluation *e, const struct limit_version *version,
                                int64_t *share)
{
	*share = version->measure == LGP_MEASURE_AMOUNT ? e->grant->amount : 1;
	if (version->measure != LGP_MEASURE_INCIDENTS)
		return LGP_OK;
	int64_t grants;
	struct state_key key = incident_key(version, e->grant);
	enum lgp_status status = state_number(e->ledger->state, &key, &grants);
	if (status == LGP_OK && holds_pending(e, version))
		grants--;
	*share = grants > 0 ? 0 : 1; /* an incident that is counted already */
	return status;
}

static enum lgp_status used_of(const struct evaluation *e, const struct limit_version *version,
                               int64_t share, bool *known, int64_t *used)
{
	struct state_key key;
	*used = 0;
	*known = version->per == LGP_PER_GRANT;
	if (*known || !counter_key(version, e->grant, &key))
		return LGP_OK;
	*known = true;
	enum lgp_status status = state_number(e->ledger->state, &key, used);
	if (status == LGP_OK && holds_pending(e, version))
		*used -= share; /* what it adds now, it added when it was asked for */
	return status;
}

static enum lgp_status resets_at(const struct evaluation *e, const struct limit_version *version,
                                 int64_t *time_us)
{
	int32_t end = window_end(version->window, e->grant->date, e->grant->week_starts);
	*time_us = INT64_MAX;
	if (end == WINDOW_FOREVER)
		return LGP_OK;
	const struct lgp_record *site =
	        registry_get_kind(e->ledger->registry, LGP_KIND_SITE, e->grant->site);
	struct lgp_view zone =
	        site != NULL ? (struct lgp_view){site->as.site.zone, site->as.site.zone_len}
	                     : lgp_ledger_zone(e->ledger);
	return e->ledger->calendar.start(e->ledger->calendar.context, zone, end, time_us);
}

static enum lgp_status measure(const struct evaluation *e, const struct limit *limit,
                               const struct limit_version *version, struct lgp_limit_use *out)
{
	int64_t share, sum;
	bool known;
	*out = (struct lgp_limit_use){
	        .id = limit->id,
	        .limit = limit->number,
	        .version = version->seq,
	        .measure = version->measure,
	        .per = version->per,
	        .window = version->window,
	        .ask = version->ask,
	        .max = version->max,
	};
	enum lgp_status status = share_of(e, version, &share);
	if (status == LGP_OK)
		status = used_of(e, version, share, &known, &out->used);
	if (status != LGP_OK)
		return status;
	out->needs_customer = !known;
	out->remaining = out->used < out->max ? out->max - out->used : 0;
	out->passed = __builtin_add_overflow(out->used, share, &sum) || sum > out->max;
	return LGP_OK;
}

/* ---- all of them ------------------------------------------------------------------- */

static int compare_ids(const struct lgp_limit_use *a, const struct lgp_limit_use *b)
{
	size_t len = a->id.len < b->id.len ? a->id.len : b->id.len;
	int order = memcmp(a->id.text, b->id.text, len);
	return order != 0 ? order : (a->id.len > b->id.len) - (a->id.len < b->id.len);
}

static bool outranks(const struct lgp_limit_use *a, const struct lgp_limit_use *b)
{
	if (a->ask != b->ask)
		return !a->ask;
	if (a->remaining != b->remaining)
		return a->remaining < b->remaining;
	return compare_ids(a, b) < 0;
}

static enum lgp_status look_at(void *context, const struct limit *limit,
                               const struct limit_version *version)
{
	struct evaluation *e = context;
	struct lgp_limit_use use;
	if (e->persons && !limit_binds_approver(version))
		return LGP_OK;
	if (goes_by_incident(version) && e->grant->incident[0] == 0)
		e->incident_missing = true;
	enum lgp_status status = measure(e, limit, version, &use);
	if (status != LGP_OK)
		return status;
	if (e->list != NULL && e->count < e->max) {
		status = resets_at(e, version, &use.resets_at_us);
		e->list[e->count++] = use;
	}
	if (status == LGP_OK && use.passed && (!e->exceeded || outranks(&use, &e->binding))) {
		status = resets_at(e, version, &use.resets_at_us);
		e->binding = use;
		e->exceeded = true;
	}
	return status;
}

static enum lgp_status evaluate(struct evaluation *e)
{
	return limits_each(e->ledger->limits, e->grant, look_at, e);
}

enum lgp_problem judge_limits(struct judgement *judgement, const struct lgp_entry *pending,
                              bool *asks)
{
	struct limit_case grant = limit_case_of(judgement->ledger, judgement->entry);
	struct evaluation e = {.ledger = judgement->ledger, .grant = &grant, .pending = pending};
	enum lgp_status status = evaluate(&e);
	*asks = false;
	if (status != LGP_OK)
		return fault_in(judgement, status);
	if (e.incident_missing)
		return problem_at(judgement, LGP_PROBLEM_INCIDENT_REQUIRED, "incident");
	if (!e.exceeded)
		return LGP_PROBLEM_NONE;
	*asks = e.binding.ask;
	judgement->binding = e.binding;
	judgement->entry->limit = e.binding.version;
	return problem_at(judgement, LGP_PROBLEM_LIMIT_EXCEEDED, "amount");
}

/* Whether this manager could give it on their own authority. */
enum lgp_problem judge_authority(struct judgement *judgement, const struct lgp_entry *ask,
                                 uint64_t manager)
{
	struct limit_case grant = limit_case_of(judgement->ledger, judgement->entry);
	grant.staff = manager;
	grant.role = LGP_ROLE_MANAGER;
	struct evaluation e = {
	        .ledger = judgement->ledger, .grant = &grant, .pending = ask, .persons = true};
	enum lgp_status status = evaluate(&e);
	if (status != LGP_OK)
		return fault_in(judgement, status);
	/* Of who decides and of who lent it to them, the first one's is told. */
	if (e.exceeded && judgement->binding.limit == 0)
		judgement->binding = e.binding;
	return e.exceeded ? LGP_PROBLEM_AUTHORITY : LGP_PROBLEM_NONE;
}

/* The figures of the limit that bound, for the answer to be the same for ever,
 * behind what the payload holds already. */
void judge_keep_binding(struct judgement *judgement)
{
	const struct lgp_limit_use *use = &judgement->binding;
	char time[LGP_TIME_LEN];
	bool resets = use->resets_at_us != INT64_MAX;
	if (resets)
		lgp_time_format(time, use->resets_at_us);
	size_t room = sizeof judgement->payload - judgement->payload_len;
	int len = snprintf(judgement->payload + judgement->payload_len, room,
	                   "limit %.*s\nmax %lld\nused %lld\nremaining %lld\n%s%.*s%s", use->id.len,
	                   use->id.text, (long long)use->max, (long long)use->used,
	                   (long long)use->remaining, resets ? "resets_at " : "",
	                   resets ? LGP_TIME_LEN : 0, time, resets ? "\n" : "");
	require(len > 0 && (size_t)len < room);
	judgement->payload_len += (size_t)len;
}

/* ---- explaining ---------------------------------------------------------------------- */

static int compare_uses(const void *a, const void *b)
{
	return compare_ids(a, b);
}

enum lgp_status lgp_explain(struct lgp_ledger *ledger, const struct lgp_command *command,
                            struct lgp_limit_use *out, size_t max, size_t *count)
{
	struct lgp_entry entry;
	struct judgement judgement;
	bool lapsed;
	*count = 0;
	enum lgp_status status = lgp_lapse(ledger, command->time_us, &lapsed);
	if (status != LGP_OK)
		return status;
	enum lgp_problem problem = judge_prepare(ledger, command, &entry, &judgement);
	if (judgement.status != LGP_OK)
		return judgement.status;
	if (problem != LGP_PROBLEM_NONE)
		return LGP_MISSING;
	struct limit_case grant = limit_case_of(ledger, &entry);
	struct evaluation e = {.ledger = ledger, .grant = &grant, .list = out, .max = max};
	status = evaluate(&e);
	if (status != LGP_OK)
		return status;
	qsort(out, e.count, sizeof *out, compare_uses);
	*count = e.count;
	return LGP_OK;
}
