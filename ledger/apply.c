/* apply: what one entry does to the state.  Live and in a replay alike, so
 * that the state is a function of the log (I10).
 * Thread: ledger thread only.  Deterministic: reads the entry, its payload and
 * the state; no clock, no randomness.
 * Checks I1 (double entry), I4 (floors) and I7 (links, running balances) of
 * every entry that it is given: LGP_CORRUPT, and the caller stops. */
#include "internal.h"

#include <string.h>

static enum lgp_status broken(const struct lgp_entry *entry, const char *what)
{
	return lgp_fault(LGP_CORRUPT, "entry %llu: %s", (unsigned long long)entry->seq, what);
}

bool kind_defines(enum lgp_kind kind)
{
	return lgp_noun_of(kind) != NULL || kind == LGP_KIND_TOKEN_END;
}

/* ---- money ------------------------------------------------------------------- */

static enum lgp_status post(struct lgp_ledger *ledger, const struct lgp_entry *entry,
                            enum lgp_class class, int64_t amount)
{
	struct account account;
	uint64_t owner = lgp_entry_owner(entry, class);
	enum lgp_status status = state_account(ledger->state, owner, entry->unit, &account);
	if (status != LGP_OK)
		return status;
	int64_t *balance = &account.balance[slot_of(class)];
	if (__builtin_add_overflow(*balance, amount, balance))
		return broken(entry, "a balance leaves 63 bits");
	if (lgp_class_floored(class) && *balance < 0)
		return broken(entry, "a balance falls below its floor (I4)");
	return state_account_put(ledger->state, owner, entry->unit, &account);
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
	struct lgp_party party;
};

static enum lgp_status check_link(struct lgp_ledger *ledger, const struct lgp_entry *entry,
                                  struct link *link)
{
	if (link->number == entry->seq) /* it opens the party */
		return link->prev == 0 ? LGP_OK : broken(entry, "it links back from an opening (I7)");
	enum lgp_status status = state_party(ledger->state, link->number, &link->party);
	if (status == LGP_MISSING)
		return broken(entry, "it names a party that was never opened");
	if (status == LGP_OK && link->party.last != link->prev)
		return broken(entry, "a previous-entry link is wrong (I7)");
	return status;
}

static enum lgp_status write_link(struct lgp_ledger *ledger, const struct lgp_entry *entry,
                                  struct link *link)
{
	if (link->number == entry->seq)
		return LGP_OK;
	link->party.last = entry->seq;
	if (link->party.kind == LGP_KIND_CUSTOMER && entry->kind != LGP_KIND_REFUSAL)
		see_at(&link->party, entry->site);
	return state_party_put(ledger->state, link->number, &link->party);
}

static enum lgp_status follow_links(struct lgp_ledger *ledger, const struct lgp_entry *entry)
{
	struct link links[3];
	unsigned count = 0;
	if (entry->customer != 0)
		links[count++] = (struct link){entry->customer, entry->prev_customer, {0}};
	if (entry->budget != 0)
		links[count++] = (struct link){entry->budget, entry->prev_budget, {0}};
	links[count++] = (struct link){entry->actor, entry->prev_actor, {0}};
	/* All are checked before one is written: a customer may be the actor too. */
	for (unsigned i = 0; i < count; i++) {
		enum lgp_status status = check_link(ledger, entry, &links[i]);
		if (status != LGP_OK)
			return status;
	}
	for (unsigned i = 0; i < count; i++) {
		enum lgp_status status = write_link(ledger, entry, &links[i]);
		if (status != LGP_OK)
			return status;
	}
	return opens_party(entry) ? open_party(ledger, entry) : LGP_OK;
}

/* ---- kinds --------------------------------------------------------------------- */

static enum lgp_status count_reversal(struct lgp_ledger *ledger, const struct lgp_entry *entry)
{
	int64_t reversed;
	enum lgp_status status = state_reversed(ledger->state, entry->refers_to, &reversed);
	if (status != LGP_OK)
		return status;
	if (__builtin_add_overflow(reversed, entry->amount, &reversed))
		return broken(entry, "it reverses more than there is");
	return state_reversed_put(ledger->state, entry->refers_to, reversed);
}

static uint64_t defined_number(const struct lgp_entry *entry)
{
	return (entry->flags & LGP_FLAG_AMEND) != 0 ? entry->refers_to : entry->seq;
}

static enum lgp_status end_token(struct lgp_ledger *ledger, const struct lgp_entry *entry)
{
	struct state_key key = state_key_number('D', entry->refers_to);
	struct lgp_view value;
	enum lgp_status status = state_get(ledger->state, key_view(&key), &value);
	if (status == LGP_MISSING || (status == LGP_OK && value.len < 10))
		return broken(entry, "it ends a token that was never issued");
	if (status != LGP_OK)
		return status;
	char text[LGP_DEFINITION_MAX];
	struct lgp_view definition = {text, value.len - 10};
	memcpy(text, value.ptr + 10, definition.len);
	return state_definition_put(ledger->state, entry->refers_to, LGP_KIND_TOKEN, true, entry->seq,
	                            definition);
}

static enum lgp_status apply_kind(struct lgp_ledger *ledger, const struct lgp_entry *entry,
                                  struct lgp_view payload)
{
	if (entry->kind == LGP_KIND_REVERSAL)
		return count_reversal(ledger, entry);
	if (entry->kind == LGP_KIND_TOKEN_END)
		return end_token(ledger, entry);
	if (lgp_noun_of(entry->kind) != NULL)
		return state_definition_put(ledger->state, defined_number(entry), entry->kind, false,
		                            entry->seq, payload);
	return LGP_OK;
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
	return LGP_OK;
}

enum lgp_status apply_definition(struct lgp_ledger *ledger, const struct lgp_entry *entry,
                                 struct lgp_view payload)
{
	if (entry->kind == LGP_KIND_TOKEN_END) {
		registry_end_token(ledger->registry, entry->refers_to);
		return LGP_OK;
	}
	return registry_define(ledger->registry, defined_number(entry), entry->kind, entry->seq,
	                       payload);
}
