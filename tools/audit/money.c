/* money: see money.h.  Thread: one at a time. */
#include "tools/audit/money.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tools/audit/kinds.h"

#define OWNER_MAX (UINT64_MAX >> 8) /* an owner shares its word with the class */

enum lgp_status money_init(struct money *money, struct door *door, struct findings *findings)
{
	*money = (struct money){.door = door, .findings = findings};
	enum lgp_status status = slots_init(&money->accounts);
	if (status == LGP_OK)
		status = slots_init(&money->drift);
	if (status == LGP_OK)
		status = slots_init(&money->reversed);
	return status == LGP_OK ? slots_init(&money->held) : status;
}

void money_deinit(struct money *money)
{
	slots_deinit(&money->accounts);
	slots_deinit(&money->drift);
	slots_deinit(&money->reversed);
	slots_deinit(&money->held);
}

static enum lgp_status no_memory(void)
{
	return lgp_fault(LGP_NO_MEMORY, "no memory for another account");
}

/* ---- accounts --------------------------------------------------------------------- */

static uint64_t account_key(enum lgp_class class, uint64_t owner)
{
	return (uint64_t) class << 56 | (owner & OWNER_MAX);
}

int64_t money_balance(const struct money *money, enum lgp_class class, uint64_t owner,
                      uint64_t unit)
{
	if (!money->moved[class])
		return 0;
	const struct slot *slot = slots_find(&money->accounts, account_key(class, owner), unit);
	return slot != NULL ? slot->amount : 0;
}

bool money_account(const struct money *money, enum lgp_class class, uint64_t owner, uint64_t unit,
                   uint64_t *key, int64_t *balance)
{
	*key = account_key(class, owner);
	if (!money->moved[class])
		return false;
	if (owner > OWNER_MAX || (lgp_class_owner(class) == LGP_OWNER_NONE && owner != 0))
		return false;
	const struct slot *slot = slots_find(&money->accounts, *key, unit);
	if (slot != NULL)
		*balance = slot->amount;
	return slot != NULL;
}

void money_prefetch(const struct money *money, const struct lgp_entry *entry)
{
	if (entry->customer != 0 && entry->unit != 0)
		slots_prefetch(&money->accounts, account_key(LGP_CLASS_CUSTOMER, entry->customer),
		               entry->unit);
	if (entry->kind == LGP_KIND_REVERSAL && entry->refers_to < entry->seq)
		slots_prefetch(&money->reversed, entry->refers_to + 1, 0);
}

void money_fetch(const struct money *money, uint64_t owner, uint64_t unit)
{
	for (enum lgp_class class = LGP_CLASS_NONE + 1; class < LGP_CLASS_COUNT; class ++)
		if (money->moved[class])
			slots_prefetch(&money->accounts, account_key(class, owner), unit);
}

static enum lgp_status post(struct money *money, const struct lgp_entry *entry,
                            enum lgp_class class, int64_t amount)
{
	uint64_t owner = lgp_entry_owner(entry, class);
	struct slot *slot = slots_put(&money->accounts, account_key(class, owner), entry->unit);
	if (slot == NULL)
		return no_memory();
	money->moved[class] = true;
	int64_t before = slot->amount;
	if (__builtin_add_overflow(before, amount, &slot->amount)) {
		slot->amount = before;
		finding_entry(money->findings, RULE_CONSERVATION, entry->seq,
		              "%" PRId64 " and %" PRId64 " on the %s account of %" PRIu64
		              " do not fit into 63 bits",
		              before, amount, lgp_class_name(class), owner);
	}
	/* Told where it falls through the floor; what is below already was told. */
	if (lgp_class_floored(class) && slot->amount < 0 && before >= 0)
		finding_entry(money->findings, RULE_FLOOR, entry->seq,
		              "it takes %" PRId64 " from the %s account of %" PRIu64
		              ", which held %" PRId64 " of unit %" PRIu64,
		              -amount, lgp_class_name(class), owner, before, entry->unit);
	return LGP_OK;
}

static enum lgp_status move_amount(struct money *money, const struct lgp_entry *entry)
{
	if (entry->debit == LGP_CLASS_NONE)
		return LGP_OK;
	enum lgp_status status = post(money, entry, entry->debit, -entry->amount);
	return status == LGP_OK ? post(money, entry, entry->credit, entry->amount) : status;
}

/* ---- who moves what ----------------------------------------------------------------- */

/* An approved grant takes what its ask set aside. */
static bool may_move(const struct kind_info *info, const struct lgp_entry *entry)
{
	enum lgp_class debit = entry->debit, credit = entry->credit;
	if (info == NULL)
		return false;
	if (entry->kind == LGP_KIND_GRANT && entry->refers_to != 0)
		return debit == LGP_CLASS_RESERVED && credit == LGP_CLASS_CUSTOMER;
	if (debit == info->debit && credit == info->credit)
		return true;
	return (info->rules & KIND_BACK) != 0 && debit == info->credit && credit == info->debit;
}

static enum lgp_status note_budget(struct money *money, const struct lgp_entry *entry)
{
	if (entry->kind != LGP_KIND_BUDGET || (entry->flags & LGP_FLAG_AMEND) != 0)
		return LGP_OK;
	struct slot *slot = slots_put(&money->held, entry->seq + 1, 0);
	if (slot == NULL)
		return no_memory();
	slot->number = entry->unit;
	return LGP_OK;
}

bool money_holds(const struct money *money, uint64_t budget, uint64_t unit)
{
	const struct slot *slot =
	        budget != UINT64_MAX ? slots_find(&money->held, budget + 1, 0) : NULL;
	return slot == NULL || slot->number == unit;
}

static void judge_move(struct money *money, const struct lgp_entry *entry)
{
	const struct kind_info *info = kind_info(entry->kind);
	if (!may_move(info, entry))
		finding_entry(money->findings, RULE_MOVE, entry->seq,
		              "a %s moves its amount from %s to %s, which is not its to do",
		              lgp_kind_name(entry->kind), lgp_class_name(entry->debit),
		              lgp_class_name(entry->credit));
	else if (entry->debit != LGP_CLASS_NONE && entry->budget == 0)
		finding_entry(money->findings, RULE_MOVE, entry->seq,
		              "a %s moves %" PRId64 " and names no budget",
		              lgp_kind_name(entry->kind), entry->amount);
	else if (entry->debit != LGP_CLASS_NONE && !money_holds(money, entry->budget, entry->unit))
		finding_entry(money->findings, RULE_MOVE, entry->seq,
		              "a %s moves unit %" PRIu64 ", which its budget %" PRIu64
		              " does not hold",
		              lgp_kind_name(entry->kind), entry->unit, entry->budget);
	else if (entry->debit != LGP_CLASS_NONE && entry->amount == 0)
		finding_entry(money->findings, RULE_MOVE, entry->seq, "a %s moves nothing",
		              lgp_kind_name(entry->kind));
}

/* ---- running balances ----------------------------------------------------------------- */

/* A wrong balance is told once: the next ones, wrong by as much, follow. */
static enum lgp_status judge_balance(struct money *money, const struct lgp_entry *entry)
{
	int64_t replayed = 0, off;
	if (entry->customer != 0 && entry->unit != 0 && kind_meant(entry) != LGP_KIND_IMPORT &&
	    __builtin_add_overflow(
	            money_balance(money, LGP_CLASS_CUSTOMER, entry->customer, entry->unit),
	            money_balance(money, LGP_CLASS_EARNED, entry->customer, entry->unit),
	            &replayed))
		replayed = INT64_MAX;
	if (entry->balance == replayed)
		return LGP_OK;
	if (__builtin_sub_overflow(entry->balance, replayed, &off))
		off = 0;
	if (entry->customer != 0) {
		struct slot *slot = slots_put(&money->drift, entry->customer, entry->unit);
		if (slot == NULL)
			return no_memory();
		if (slot->amount == off && off != 0)
			return LGP_OK;
		slot->amount = off;
	}
	finding_entry(money->findings, RULE_BALANCE, entry->seq,
	              "it tells a balance of %" PRId64 ", a replay has %" PRId64
	              ", of customer %" PRIu64 " in unit %" PRIu64,
	              entry->balance, replayed, entry->customer, entry->unit);
	return LGP_OK;
}

/* ---- reversals -------------------------------------------------------------------------- */

static bool read_grant(struct money *money, const struct lgp_entry *entry, struct lgp_entry *grant)
{
	uint8_t bytes[LGP_ENTRY_LEN];
	enum lgp_status status = entry->refers_to < entry->seq
	                                 ? door_entry(money->door, entry->refers_to, bytes)
	                                 : LGP_MISSING;
	if (status == LGP_OK)
		status = lgp_entry_decode(bytes, grant);
	if (status == LGP_OK && grant->kind == LGP_KIND_GRANT)
		return true;
	finding_entry(money->findings, RULE_REVERSAL, entry->seq,
	              "it refers to entry %" PRIu64 ", which is %s%s", entry->refers_to,
	              status == LGP_OK ? "a " : "no grant",
	              status == LGP_OK ? lgp_kind_name(grant->kind) : " that can be read");
	return false;
}

static void judge_same(struct money *money, const struct lgp_entry *entry, const char *name,
                       uint64_t mine, uint64_t grants)
{
	if (mine != grants)
		finding_entry(money->findings, RULE_REVERSAL, entry->seq,
		              "its %s is %" PRIu64 ", that of the grant %" PRIu64 " is %" PRIu64,
		              name, mine, entry->refers_to, grants);
}

int64_t money_reversed(const struct money *money, uint64_t grant)
{
	const struct slot *slot =
	        grant != UINT64_MAX ? slots_find(&money->reversed, grant + 1, 0) : NULL;
	return slot != NULL ? slot->amount : 0;
}

const struct lgp_entry *money_original(const struct money *money, const struct lgp_entry *reversal)
{
	return money->original.seq != 0 && money->original.seq == reversal->refers_to
	               ? &money->original
	               : NULL;
}

static enum lgp_status judge_reversal(struct money *money, const struct lgp_entry *entry)
{
	struct lgp_entry grant;
	if (entry->kind != LGP_KIND_REVERSAL)
		return LGP_OK;
	money->original.seq = 0;
	if (!read_grant(money, entry, &grant))
		return LGP_OK;
	money->original = grant;
	money->original.seq = entry->refers_to;
	judge_same(money, entry, "customer", entry->customer, grant.customer);
	judge_same(money, entry, "unit", entry->unit, grant.unit);
	judge_same(money, entry, "budget", entry->budget, grant.budget);
	struct slot *slot = slots_put(&money->reversed, entry->refers_to + 1, 0);
	if (slot == NULL)
		return no_memory();
	int64_t before = slot->amount;
	if (__builtin_add_overflow(before, entry->amount, &slot->amount))
		slot->amount = INT64_MAX;
	if (slot->amount > grant.amount)
		finding_entry(money->findings, RULE_OVER_REVERSED, entry->seq,
		              "of the grant %" PRIu64 " over %" PRId64 ", %" PRId64
		              " were reversed before, and it reverses %" PRId64,
		              entry->refers_to, grant.amount, before, entry->amount);
	return LGP_OK;
}

enum lgp_status money_judge(struct money *money, const struct lgp_entry *entry)
{
	judge_move(money, entry);
	enum lgp_status status = note_budget(money, entry);
	if (status == LGP_OK)
		status = move_amount(money, entry);
	if (status == LGP_OK)
		status = judge_balance(money, entry);
	return status == LGP_OK ? judge_reversal(money, entry) : status;
}

/* ---- sums -------------------------------------------------------------------------------- */

static struct unit_sums *sums_of(struct unit_sums **list, size_t *count, uint64_t unit)
{
	for (size_t i = 0; i < *count; i++)
		if ((*list)[i].unit == unit)
			return &(*list)[i];
	struct unit_sums *more = realloc(*list, (*count + 1) * sizeof *more);
	if (more == NULL)
		return NULL;
	*list = more;
	more[*count] = (struct unit_sums){.unit = unit};
	return &more[(*count)++];
}

static int by_unit(const void *a, const void *b)
{
	const struct unit_sums *left = a, *right = b;
	return left->unit < right->unit ? -1 : left->unit > right->unit;
}

enum lgp_status money_sum(struct money *money, struct unit_sums **out, size_t *count)
{
	const struct slot *slot;
	*out = NULL;
	*count = 0;
	for (size_t at = 0; (slot = slots_next(&money->accounts, &at)) != NULL;) {
		struct unit_sums *sums = sums_of(out, count, slot->sub);
		if (sums == NULL)
			return no_memory();
		sums->of_class[slot->key >> 56] += slot->amount;
		sums->all += slot->amount;
		sums->accounts++;
	}
	if (*count > 0)
		qsort(*out, *count, sizeof **out, by_unit);
	for (size_t i = 0; i < *count; i++)
		if ((*out)[i].all != 0)
			finding_ledger(money->findings, RULE_CONSERVATION,
			               "the accounts of unit %" PRIu64 " do not sum up to zero",
			               (*out)[i].unit);
	return LGP_OK;
}
