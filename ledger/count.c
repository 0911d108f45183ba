/* count: what each limit has used: counters of calendar periods.
 * Thread: ledger thread only.  Deterministic: the entry, the limits in memory
 * and the state.
 * Upholds I5 together with judge_limit.c, which asks before this counts. */
#include "internal.h"

#include "window.h"

#include <string.h>

/* The state of all counters is what apply writes: live and in a replay alike. */

struct limit_case limit_case_of(const struct lgp_ledger *ledger, const struct lgp_entry *entry)
{
	const struct lgp_record *site =
	        registry_get_kind(ledger->registry, LGP_KIND_SITE, entry->site);
	struct limit_case out = {
	        .role = (entry->flags & LGP_FLAG_MANAGER) != 0 ? LGP_ROLE_MANAGER : LGP_ROLE_STAFF,
	        .staff = entry->staff,
	        .site = entry->site,
	        .budget = entry->budget,
	        .reason = entry->reason,
	        .unit = entry->unit,
	        .customer = entry->customer,
	        .amount = entry->amount,
	        .date = entry->business_date,
	        .time_us = entry->time_us,
	        .week_starts = site != NULL ? site->as.site.week_starts : 0,
	};
	/* Else a promise per incident would be as many as there are spellings.  The entry
	 * keeps what was typed. */
	name_fold(lgp_entry_incident(entry), out.incident);
	return out;
}

bool counter_key(const struct limit_version *version, const struct limit_case *grant,
                 struct state_key *out)
{
	*out = state_key_period('C', window_end(version->window, grant->date, grant->week_starts),
	                        version->counts_from);
	switch (version->per) {
	case LGP_PER_GRANT:
		return false;
	case LGP_PER_CUSTOMER_INCIDENT:
		state_key_add(out, grant->customer);
		state_key_add_bytes(out, grant->incident, sizeof grant->incident);
		return grant->customer != 0 && grant->incident[0] != 0;
	case LGP_PER_CUSTOMER:
		state_key_add(out, grant->customer);
		return grant->customer != 0;
	case LGP_PER_STAFF:
		state_key_add(out, grant->staff);
		return true;
	case LGP_PER_STAFF_CUSTOMER:
		state_key_add(out, grant->staff);
		state_key_add(out, grant->customer);
		return grant->customer != 0;
	case LGP_PER_SITE:
		state_key_add(out, grant->site);
		return true;
	case LGP_PER_BUDGET:
		state_key_add(out, grant->budget);
		return true;
	}
	never("a limit's per");
}

struct state_key incident_key(const struct limit_version *version, const struct limit_case *grant)
{
	struct state_key key =
	        state_key_period('I', window_end(version->window, grant->date, grant->week_starts),
	                         version->counts_from);
	state_key_add(&key, grant->customer);
	state_key_add_bytes(&key, grant->incident, sizeof grant->incident);
	return key;
}

/* Adds to a number of the state, which never falls below zero: a limit that
 * was changed may be given back what it did not count. */
static enum lgp_status add_to(struct lgp_ledger *ledger, const struct state_key *key,
                              int64_t change, int64_t *sum)
{
	int64_t number;
	enum lgp_status status = state_number(ledger->state, key, &number);
	if (status != LGP_OK)
		return status;
	if (__builtin_add_overflow(number, change, &number))
		number = INT64_MAX; /* more than any maximum */
	if (number < 0)
		number = 0;
	*sum = number;
	return number == 0 ? state_delete(ledger->state, key_view(key))
	                   : state_number_put(ledger->state, key, number);
}

/* What is to be added to the counters of one grant: amount, and grants. */
struct change {
	struct lgp_ledger *ledger;
	const struct limit_case *grant;
	const struct lgp_entry *original; /* of a reversal or an ask taken out, else NULL */
	const struct lgp_entry *reversal; /* or NULL */
	const struct limit_case
	        *of_entry; /* for an authority: the grant as it was given, else NULL */
	int64_t amount, count;
};

static enum lgp_status count_incident(const struct change *change,
                                      const struct limit_version *version,
                                      const struct limit_case *grant,
                                      const struct state_key *counter, int64_t count)
{
	int64_t before, after, sum;
	struct state_key key = incident_key(version, grant);
	enum lgp_status status = state_number(change->ledger->state, &key, &before);
	if (status == LGP_OK)
		status = add_to(change->ledger, &key, count, &after);
	if (status != LGP_OK || (before > 0) == (after > 0))
		return status;
	return add_to(change->ledger, counter, after > 0 ? 1 : -1, &sum);
}

/* An approval counts against who approves, in what binds them as a person, save
 * where the counter is the one that holds the grant already. */
static bool counts_for_authority(const struct change *change, const struct limit_version *version,
                                 const struct limit_case *grant, const struct state_key *key)
{
	struct limit_case own = *change->of_entry;
	struct state_key counted;
	own.week_starts = grant->week_starts;
	if (!limit_binds_person(version))
		return false;
	return !limit_meets(version, &own) || !counter_key(version, &own, &counted) ||
	       !lgp_view_equal(key_view(key), key_view(&counted));
}

/* What a reversal gives back of amount and count: in the same period, and as the
 * limit says now. */
static void take_terms(const struct change *change, const struct limit *limit,
                       const struct limit_version *version, const struct limit_case *grant,
                       int64_t *amount, int64_t *count)
{
	const struct lgp_entry *reversal = change->reversal;
	const struct limit_version *terms = limit_terms(limit, version->counts_from,
	                                                reversal->business_date, reversal->time_us);
	bool same = window_end(version->window, grant->date, grant->week_starts) ==
	            window_end(version->window, reversal->business_date, grant->week_starts);
	if (!same || terms->reversal == REVERSAL_NOTHING)
		*amount = 0;
	if (!same || terms->reversal != REVERSAL_AMOUNT_AND_COUNT)
		*count = 0;
}

/* In one period of one shape. */
static enum lgp_status count_period(const struct change *change, const struct limit *limit,
                                    const struct limit_version *version,
                                    const struct limit_case *grant)
{
	struct state_key key;
	int64_t sum, amount = change->amount, count = change->count;
	int32_t end = window_end(version->window, grant->date, grant->week_starts);
	if (!counter_key(version, grant, &key) || counter_closed(end, change->ledger->now.day))
		return LGP_OK;
	if (change->of_entry != NULL && !counts_for_authority(change, version, grant, &key))
		return LGP_OK;
	if (change->reversal != NULL)
		take_terms(change, limit, version, grant, &amount, &count);
	switch (version->measure) {
	case LGP_MEASURE_AMOUNT:
		return amount == 0 ? LGP_OK : add_to(change->ledger, &key, amount, &sum);
	case LGP_MEASURE_COUNT:
		return count == 0 ? LGP_OK : add_to(change->ledger, &key, count, &sum);
	case LGP_MEASURE_INCIDENTS:
		return count == 0 || grant->incident[0] == 0
		               ? LGP_OK
		               : count_incident(change, version, grant, &key, count);
	}
	never("a limit's measure");
}

/* Sites begin their weeks on different days, and may change it; one customer or
 * budget may be of several.  So a week is counted as all seven weeks that hold
 * its day, and each site asks for its own. */
static enum lgp_status count_one(void *context, const struct limit *limit,
                                 const struct limit_version *version)
{
	const struct change *change = context;
	struct limit_case grant = *change->grant;
	/* What a shape did not count, it does not give back. */
	if (change->original != NULL && version->counts_from > change->original->seq)
		return LGP_OK;
	if (version->window != LGP_WINDOW_WEEK)
		return count_period(change, limit, version, &grant);
	enum lgp_status status = LGP_OK;
	for (grant.week_starts = 0; grant.week_starts < 7 && status == LGP_OK; grant.week_starts++)
		status = count_period(change, limit, version, &grant);
	return status;
}

static enum lgp_status count_all(struct change *change)
{
	return limits_each_shape(change->ledger->limits, change->grant, count_one, change);
}

enum lgp_status count_in(struct lgp_ledger *ledger, const struct lgp_entry *entry)
{
	struct limit_case grant = limit_case_of(ledger, entry);
	struct change change = {
	        .ledger = ledger, .grant = &grant, .amount = entry->amount, .count = 1};
	return count_all(&change);
}

enum lgp_status count_out(struct lgp_ledger *ledger, const struct lgp_entry *ask)
{
	struct limit_case grant = limit_case_of(ledger, ask);
	struct change change = {.ledger = ledger,
	                        .grant = &grant,
	                        .original = ask,
	                        .amount = -ask->amount,
	                        .count = -1};
	return count_all(&change);
}

enum lgp_status count_back(struct lgp_ledger *ledger, const struct lgp_entry *original,
                           const struct lgp_entry *reversal, bool whole)
{
	struct limit_case grant = limit_case_of(ledger, original);
	struct change change = {
	        .ledger = ledger,
	        .grant = &grant,
	        .original = original,
	        .amount = -reversal->amount,
	        .count = whole ? -1 : 0,
	        .reversal = reversal,
	};
	return count_all(&change);
}

enum lgp_status count_authority(struct lgp_ledger *ledger, const struct lgp_entry *entry,
                                uint64_t authority)
{
	struct limit_case own = limit_case_of(ledger, entry), grant = own;
	grant.staff = authority;
	grant.role = LGP_ROLE_MANAGER;
	struct change change = {.ledger = ledger,
	                        .grant = &grant,
	                        .amount = entry->amount,
	                        .count = 1,
	                        .of_entry = &own};
	return count_all(&change);
}
