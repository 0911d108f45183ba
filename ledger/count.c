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
	const struct lgp_record *site = registry_get_kind(ledger->registry, LGP_KIND_SITE, entry->site);
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
	memcpy(out.incident, entry->incident, sizeof out.incident);
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
static enum lgp_status add_to(struct lgp_ledger *ledger, const struct state_key *key, int64_t change,
                              int64_t *sum)
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
	int64_t amount, count;
	int32_t on; /* the business date of the change */
	bool reversal, authority;
};

static enum lgp_status count_incident(const struct change *change,
                                      const struct limit_version *version,
                                      const struct state_key *counter, int64_t count)
{
	int64_t before, after, sum;
	struct state_key key = incident_key(version, change->grant);
	enum lgp_status status = state_number(change->ledger->state, &key, &before);
	if (status == LGP_OK)
		status = add_to(change->ledger, &key, count, &after);
	if (status != LGP_OK || (before > 0) == (after > 0))
		return status;
	return add_to(change->ledger, counter, after > 0 ? 1 : -1, &sum);
}

static enum lgp_status count_one(void *context, const struct limit *limit,
                                 const struct limit_version *version)
{
	const struct change *change = context;
	struct state_key key;
	int64_t sum, amount = change->amount, count = change->count;
	(void)limit;
	if (!counter_key(version, change->grant, &key))
		return LGP_OK;
	if (change->authority && version->per != LGP_PER_STAFF &&
	    version->per != LGP_PER_STAFF_CUSTOMER)
		return LGP_OK; /* the others count the grant once, by who asked */
	/* What a shape did not count, it does not give back. */
	if (change->original != NULL && version->counts_from > change->original->seq)
		return LGP_OK;
	int32_t end = window_end(version->window, change->grant->date, change->grant->week_starts);
	if (counter_closed(end, change->ledger->now.day))
		return LGP_OK;
	if (change->reversal) {
		bool same = end == window_end(version->window, change->on, change->grant->week_starts);
		if (!same || version->reversal == REVERSAL_NOTHING)
			return LGP_OK;
		if (version->reversal == REVERSAL_AMOUNT)
			count = 0;
	}
	switch (version->measure) {
	case LGP_MEASURE_AMOUNT:
		return amount == 0 ? LGP_OK : add_to(change->ledger, &key, amount, &sum);
	case LGP_MEASURE_COUNT:
		return count == 0 ? LGP_OK : add_to(change->ledger, &key, count, &sum);
	case LGP_MEASURE_INCIDENTS:
		return count == 0 || change->grant->incident[0] == 0
		               ? LGP_OK
		               : count_incident(change, version, &key, count);
	}
	never("a limit's measure");
}

static enum lgp_status count_all(struct change *change)
{
	return limits_each(change->ledger->limits, change->grant, count_one, change);
}

enum lgp_status count_in(struct lgp_ledger *ledger, const struct lgp_entry *entry)
{
	struct limit_case grant = limit_case_of(ledger, entry);
	struct change change = {.ledger = ledger, .grant = &grant, .amount = entry->amount, .count = 1};
	return count_all(&change);
}

enum lgp_status count_out(struct lgp_ledger *ledger, const struct lgp_entry *ask)
{
	struct limit_case grant = limit_case_of(ledger, ask);
	struct change change = {
	        .ledger = ledger, .grant = &grant, .original = ask, .amount = -ask->amount, .count = -1};
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
	        .on = reversal->business_date,
	        .reversal = true,
	};
	return count_all(&change);
}

enum lgp_status count_authority(struct lgp_ledger *ledger, const struct lgp_entry *entry,
                                uint64_t authority)
{
	struct limit_case grant = limit_case_of(ledger, entry);
	grant.staff = authority;
	grant.role = LGP_ROLE_MANAGER;
	struct change change = {.ledger = ledger,
	                        .grant = &grant,
	                        .amount = entry->amount,
	                        .count = 1,
	                        .authority = true};
	return count_all(&change);
}
