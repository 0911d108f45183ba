/* apply: what one entry does to the state.  Live and in a replay alike, so
 * that the state is a function of the log (I10).
 * Thread: ledger thread only.  Deterministic: reads the entry, its payload and
 * the state; no clock, no randomness.
 * Checks I1 (double entry), I4 (floors) and I7 (links, running balances) of
 * every entry that it is given: LGP_CORRUPT, and the caller stops. */
#include "internal.h"

#include "lagniappe/codec.h"

#include <string.h>

static enum lgp_status broken(const struct lgp_entry *entry, const char *what)
{
	return lgp_fault(LGP_CORRUPT, "entry %llu: %s", (unsigned long long)entry->seq, what);
}

bool kind_defines(enum lgp_kind kind)
{
	return lgp_noun_of(kind) != NULL || kind == LGP_KIND_TOKEN_END ||
	       kind == LGP_KIND_LIMIT_END || kind == LGP_KIND_DELEGATION_END;
}

/* ---- money ------------------------------------------------------------------- */

static enum lgp_status post(struct lgp_ledger *ledger, const struct lgp_entry *entry,
                            enum lgp_class class, int64_t amount)
{
	struct account *account;
	uint64_t owner = lgp_entry_owner(entry, class);
	enum lgp_status status = state_account_change(ledger->state, owner, entry->unit, &account);
	if (status != LGP_OK)
		return status;
	int64_t *balance = &account->balance[slot_of(class)];
	if (__builtin_add_overflow(*balance, amount, balance))
		return broken(entry, "a balance leaves 63 bits");
	if (lgp_class_floored(class) && *balance < 0)
		return broken(entry, "a balance falls below its floor (I4)");
	return LGP_OK;
}

static enum lgp_status move_amount(struct lgp_ledger *ledger, const struct lgp_entry *entry)
{
	if (entry->debit == LGP_CLASS_NONE)
		return LGP_OK;
	enum lgp_status status = post(ledger, entry, entry->debit, -entry->amount);
	return status == LGP_OK ? post(ledger, entry, entry->credit, entry->amount) : status;
}

static enum lgp_status check_balance(struct lgp_ledger *ledger, const struct lgp_entry *entry)
{
	struct account account = {0};
	if (entry->customer != 0 && entry->unit != 0 && entry->kind != LGP_KIND_IMPORT) {
		enum lgp_status status =
		        state_account(ledger->state, entry->customer, entry->unit, &account);
		if (status != LGP_OK)
			return status;
	}
	int64_t balance = account.balance[slot_of(LGP_CLASS_CUSTOMER)] +
	                  account.balance[slot_of(LGP_CLASS_EARNED)];
	return balance == entry->balance ? LGP_OK
	                                 : broken(entry, "its running balance is wrong (I7)");
}

/* ---- links -------------------------------------------------------------------- */

static bool opens_party(const struct lgp_entry *entry)
{
	switch (entry->kind) {
	case LGP_KIND_GENESIS:
	case LGP_KIND_CUSTOMER:
	case LGP_KIND_PARTY:
	case LGP_KIND_BUDGET:
	case LGP_KIND_STAFF:
	case LGP_KIND_TOKEN:
		return (entry->flags & LGP_FLAG_AMEND) == 0;
	default:
		return false;
	}
}

static void see_at(struct lgp_party *party, uint64_t site)
{
	if (site == 0 || party->everywhere)
		return;
	for (unsigned i = 0; i < party->site_count; i++)
		if (party->sites[i] == site)
			return;
	if (party->site_count == LGP_PARTY_SITES_MAX) {
		party->everywhere = true;
		party->site_count = 0;
		return;
	}
	party->sites[party->site_count++] = site;
}

static enum lgp_status open_party(struct lgp_ledger *ledger, const struct lgp_entry *entry)
{
	struct lgp_party party = {.kind = entry->kind, .last = entry->seq};
	if (entry->kind == LGP_KIND_CUSTOMER) {
		see_at(&party, entry->site);
		party.everywhere = entry->site == 0;
	}
	return state_party_put(ledger->state, entry->seq, &party);
}

/* One link: the party's newest entry must be the one that this entry names. */
struct link {
	uint64_t number, prev;
	struct lgp_party *party; /* NULL: this entry opens it */
};

static enum lgp_status check_link(struct lgp_ledger *ledger, const struct lgp_entry *entry,
                                  struct link *link)
{
	if (link->number == entry->seq)
		return link->prev == 0 ? LGP_OK
		                       : broken(entry, "it links back from an opening (I7)");
	enum lgp_status status = state_party_change(ledger->state, link->number, &link->party);
	if (status == LGP_MISSING)
		return broken(entry, "it names a party that was never opened");
	if (status == LGP_OK && link->party->last != link->prev)
		return broken(entry, "a previous-entry link is wrong (I7)");
	return status;
}

static void write_link(const struct lgp_entry *entry, struct lgp_party *party)
{
	party->last = entry->seq;
	if (party->kind == LGP_KIND_CUSTOMER && entry->kind != LGP_KIND_REFUSAL)
		see_at(party, entry->site);
}

static enum lgp_status follow_links(struct lgp_ledger *ledger, const struct lgp_entry *entry)
{
	struct link links[3];
	unsigned count = 0;
	if (entry->customer != 0)
		links[count++] = (struct link){entry->customer, entry->prev_customer, NULL};
	if (entry->budget != 0)
		links[count++] = (struct link){entry->budget, entry->prev_budget, NULL};
	links[count++] = (struct link){entry->actor, entry->prev_actor, NULL};
	/* All are checked before one is written: a customer may be the actor too. */
	for (unsigned i = 0; i < count; i++) {
		enum lgp_status status = check_link(ledger, entry, &links[i]);
		if (status != LGP_OK)
			return status;
	}
	for (unsigned i = 0; i < count; i++)
		if (links[i].party != NULL)
			write_link(entry, links[i].party);
	return opens_party(entry) ? open_party(ledger, entry) : LGP_OK;
}

/* ---- kinds --------------------------------------------------------------------- */

static enum lgp_status apply_reversal(struct lgp_ledger *ledger, const struct lgp_entry *entry)
{
	int64_t reversed;
	struct lgp_entry original;
	enum lgp_status status = batch_find(ledger, entry->refers_to, &original);
	if (status == LGP_OK)
		status = state_reversed(ledger->state, entry->refers_to, &reversed);
	if (status != LGP_OK)
		return status;
	if (__builtin_add_overflow(reversed, entry->amount, &reversed) ||
	    reversed > original.amount)
		return broken(entry, "it reverses more than there is");
	status = state_reversed_put(ledger->state, entry->refers_to, reversed);
	return status == LGP_OK ? count_back(ledger, &original, entry, reversed == original.amount)
	                        : status;
}

/* A staff member who rewards another is remembered, for rings of two. */
static enum lgp_status note_reward(struct lgp_ledger *ledger, const struct lgp_entry *entry)
{
	struct lgp_party party;
	enum lgp_status status = state_party(ledger->state, entry->customer, &party);
	if (status != LGP_OK || !party.of_staff)
		return status;
	struct state_key key = state_key_pair('E', entry->staff, entry->customer);
	return state_number_put(ledger->state, &key, 1);
}

static enum lgp_status end_wait(struct lgp_ledger *ledger, const struct lgp_entry *entry)
{
	struct lgp_entry ask;
	struct state_key key = state_key_number('W', entry->refers_to);
	if (!pending_holds(&ledger->pending, entry->refers_to))
		return broken(entry, "it decides what does not wait");
	enum lgp_status status = batch_find(ledger, entry->refers_to, &ask);
	if (status == LGP_OK)
		status = count_out(ledger, &ask);
	if (status == LGP_OK)
		status = state_delete(ledger->state, key_view(&key));
	pending_remove(&ledger->pending, entry->refers_to);
	ledger->pending_changed = true;
	return status;
}

static enum lgp_status apply_grant(struct lgp_ledger *ledger, const struct lgp_entry *entry,
                                   struct lgp_view payload)
{
	enum lgp_status status = LGP_OK;
	if (entry->refers_to != 0) {
		uint64_t authority;
		status = approval_authority(ledger, entry, payload, &authority);
		if (status == LGP_OK)
			status = end_wait(ledger, entry);
		if (status == LGP_OK)
			status = count_authority(ledger, entry, authority);
	}
	if (status == LGP_OK)
		status = count_in(ledger, entry);
	return status == LGP_OK ? note_reward(ledger, entry) : status;
}

static enum lgp_status apply_ask(struct lgp_ledger *ledger, const struct lgp_entry *entry)
{
	struct state_key key = state_key_number('W', entry->seq);
	int64_t until_us = entry->time_us + LGP_PENDING_US;
	enum lgp_status status = count_in(ledger, entry);
	if (status == LGP_OK)
		status = state_number_put(ledger->state, &key, until_us);
	if (status == LGP_OK)
		status = pending_add(&ledger->pending, entry, until_us);
	ledger->pending_changed = true;
	return status;
}

static uint64_t defined_number(const struct lgp_entry *entry)
{
	return (entry->flags & LGP_FLAG_AMEND) != 0 ? entry->refers_to : entry->seq;
}

/* The definition stays, marked as no longer in force. */
static enum lgp_status end_definition(struct lgp_ledger *ledger, const struct lgp_entry *entry,
                                      uint64_t number)
{
	struct state_key key = state_key_number('D', number);
	struct lgp_view value;
	enum lgp_status status = state_get(ledger->state, key_view(&key), &value);
	if (status == LGP_MISSING || (status == LGP_OK && value.len < 10))
		return broken(entry, "it ends what was never defined");
	if (status != LGP_OK)
		return status;
	char text[LGP_DEFINITION_MAX];
	struct lgp_view definition = {text, value.len - 10};
	enum lgp_kind kind = (enum lgp_kind)value.ptr[0];
	uint64_t defined_at = lgp_get_le((const uint8_t *)value.ptr + 2, 8);
	memcpy(text, value.ptr + 10, definition.len);
	status = state_definition_put(ledger->state, number, kind, true, defined_at, definition);
	return status == LGP_OK && kind == LGP_KIND_LIMIT ? apply_limit_end(ledger, entry) : status;
}

/* Whether the entry changes one of staff who had left: then what they had of tokens is
 * over for good, also if they come back.  The registry is of before the entry. */
static bool had_left(const struct lgp_ledger *ledger, const struct lgp_entry *entry)
{
	const struct lgp_record *staff = NULL;
	if (entry->kind == LGP_KIND_STAFF && (entry->flags & LGP_FLAG_AMEND) != 0)
		staff = registry_get_kind(ledger->registry, LGP_KIND_STAFF, entry->refers_to);
	return staff != NULL && staff->as.staff.active_until <= entry->business_date;
}

/* The subject's tokens that nobody ended, by number: the first above `after`. */
static const struct lgp_record *next_token_of(const struct lgp_ledger *ledger, uint64_t subject,
                                              uint64_t after)
{
	const struct lgp_record *at = registry_next(ledger->registry, LGP_KIND_TOKEN, after);
	while (at != NULL && (at->as.token.subject != subject || at->as.token.ended))
		at = registry_next(ledger->registry, LGP_KIND_TOKEN, at->number);
	return at;
}

static enum lgp_status end_tokens(struct lgp_ledger *ledger, const struct lgp_entry *entry)
{
	enum lgp_status status = LGP_OK;
	const struct lgp_record *at = next_token_of(ledger, entry->refers_to, 0);
	for (; at != NULL && status == LGP_OK;
	     at = next_token_of(ledger, entry->refers_to, at->number))
		status = end_definition(ledger, entry, at->number);
	return status;
}

/* A customer account of a member of staff is marked, so that a grant to it is
 * known as a reward among staff. */
static enum lgp_status mark_customer(struct lgp_ledger *ledger, struct lgp_view text)
{
	struct lgp_definition definition;
	uint64_t number;
	struct lgp_party *party;
	enum lgp_status status =
	        lgp_definition_parse(lgp_noun_of(LGP_KIND_STAFF), text, true, &definition);
	if (status != LGP_OK)
		return status;
	struct lgp_view customer = lgp_definition_get(&definition, "customer");
	if (customer.ptr == NULL)
		return LGP_OK;
	require(lgp_decimal_parse(customer, &number) == LGP_OK);
	status = state_party_change(ledger->state, number, &party);
	if (status == LGP_OK)
		party->of_staff = true;
	return status;
}

static enum lgp_status apply_noun(struct lgp_ledger *ledger, const struct lgp_entry *entry,
                                  struct lgp_view payload)
{
	enum lgp_status status = state_definition_put(ledger->state, defined_number(entry),
	                                              entry->kind, false, entry->seq, payload);
	if (status == LGP_OK && entry->kind == LGP_KIND_STAFF)
		status = mark_customer(ledger, payload);
	if (status == LGP_OK && had_left(ledger, entry))
		status = end_tokens(ledger, entry);
	if (status == LGP_OK && entry->kind == LGP_KIND_LIMIT)
		status = apply_limit(ledger, entry, payload);
	return status;
}

static enum lgp_status apply_kind(struct lgp_ledger *ledger, const struct lgp_entry *entry,
                                  struct lgp_view payload)
{
	switch (entry->kind) {
	case LGP_KIND_GRANT:
		return apply_grant(ledger, entry, payload);
	case LGP_KIND_ASK:
		return apply_ask(ledger, entry);
	case LGP_KIND_DECLINE:
	case LGP_KIND_LAPSE:
		return end_wait(ledger, entry);
	case LGP_KIND_REVERSAL:
		return apply_reversal(ledger, entry);
	case LGP_KIND_CUSTOMER:
		return apply_household(ledger, entry, payload);
	case LGP_KIND_TOKEN_END:
	case LGP_KIND_LIMIT_END:
	case LGP_KIND_DELEGATION_END:
		return end_definition(ledger, entry, entry->refers_to);
	default:
		return lgp_noun_of(entry->kind) != NULL ? apply_noun(ledger, entry, payload)
		                                        : LGP_OK;
	}
}

static enum lgp_status check_order(const struct lgp_ledger *ledger, const struct lgp_entry *entry)
{
	if (entry->seq != ledger->now.size)
		return broken(entry, "it is not the next number");
	if (entry->time_us <= ledger->now.last_time_us && entry->seq != 0)
		return broken(entry, "its time does not increase");
	if (entry->policy != ledger->now.policy)
		return broken(entry, "it names another policy than the one in force");
	return LGP_OK;
}

enum lgp_status apply_entry(struct lgp_ledger *ledger, const struct lgp_entry *entry,
                            struct lgp_view payload)
{
	enum lgp_status status = check_order(ledger, entry);
	if (status == LGP_OK)
		status = move_amount(ledger, entry);
	if (status == LGP_OK)
		status = check_balance(ledger, entry);
	if (status == LGP_OK)
		status = follow_links(ledger, entry);
	if (status == LGP_OK)
		status = apply_kind(ledger, entry, payload);
	if (status != LGP_OK)
		return status;
	ledger->now.size = entry->seq + 1;
	ledger->now.last_time_us = entry->time_us;
	if (kind_defines(entry->kind))
		ledger->now.policy = entry->seq;
	if (entry->kind != LGP_KIND_IMPORT && entry->business_date > ledger->now.day)
		ledger->now.day = entry->business_date;
	return LGP_OK;
}

/* A limit's newest version: what apply_limit wrote. */
static enum lgp_status load_newest(struct lgp_ledger *ledger, uint64_t number,
                                   const struct lgp_entry *entry)
{
	struct state_key key = state_key_pair('L', number, entry->seq);
	struct lgp_view value;
	enum lgp_status status =
	        limits_forget(ledger->limits, number, entry->business_date, entry->time_us);
	if (status == LGP_OK)
		status = state_get(ledger->state, key_view(&key), &value);
	if (status != LGP_OK)
		return status == LGP_MISSING ? LGP_CORRUPT : status;
	return limit_load(ledger, number, entry->seq, lgp_get_le((const uint8_t *)value.ptr, 8),
	                  (struct lgp_view){value.ptr + 8, value.len - 8});
}

enum lgp_status apply_definition(struct lgp_ledger *ledger, const struct lgp_entry *entry,
                                 struct lgp_view payload)
{
	if (lgp_noun_of(entry->kind) == NULL) { /* the end of one */
		if (entry->kind == LGP_KIND_LIMIT_END)
			limits_drop(ledger->limits, entry->refers_to);
		registry_end(ledger->registry, entry->refers_to);
		return LGP_OK;
	}
	if (had_left(ledger, entry)) { /* before they are seen to be back */
		const struct lgp_record *at = next_token_of(ledger, entry->refers_to, 0);
		for (; at != NULL; at = next_token_of(ledger, entry->refers_to, at->number))
			registry_end(ledger->registry, at->number);
	}
	if (entry->kind == LGP_KIND_DELEGATION)
		registry_forget_delegations(ledger->registry, entry->staff, entry->business_date,
		                            entry->time_us);
	enum lgp_status status = registry_define(ledger->registry, defined_number(entry),
	                                         entry->kind, entry->seq, payload);
	if (status == LGP_OK && entry->kind == LGP_KIND_LIMIT)
		status = load_newest(ledger, defined_number(entry), entry);
	return status;
}
