/* money: see money.h.  Thread: one at a time. */
#include "tools/audit/money.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tools/audit/kinds.h"

#define OWNER_MAX (UINT64_MAX >> 8)  /* an owner shares its word with the class */
#define NEAR_MAX 4096                /* so many accounts are near without being asked for */
#define IN_SLOTS (UINT64_C(1) << 63) /* of a place among all accounts */

enum lgp_status money_init(struct money *money, struct door *door, struct findings *findings,
                           struct parties *parties)
{
	*money = (struct money){.door = door, .findings = findings, .parties = parties};
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

/* owned_by: the owner's record; NULL: none.  NULL: nothing moved it. */
static int64_t *find_account(const struct money *money, enum lgp_class class, uint64_t owner,
                             struct party *owned_by, uint64_t unit)
{
	if (!money->moved[class])
		return NULL;
	if (class == LGP_CLASS_CUSTOMER && owned_by != NULL && owned_by->unit == unit)
		return &owned_by->balance;
	struct slot *slot = slots_find(&money->accounts, account_key(class, owner), unit);
	return slot != NULL ? &slot->amount : NULL;
}

/* Made with 0 where nothing moved it.  NULL: no memory. */
static int64_t *put_account(struct money *money, enum lgp_class class, uint64_t owner,
                            struct party *owned_by, uint64_t unit)
{
	int64_t *balance = find_account(money, class, owner, owned_by, unit);
	if (balance != NULL)
		return balance;
	money->moved[class] = true;
	if (class == LGP_CLASS_CUSTOMER && owned_by != NULL && owned_by->unit == 0) {
		owned_by->unit = unit;
		money->in_records++;
		return &owned_by->balance;
	}
	struct slot *slot = slots_put(&money->accounts, account_key(class, owner), unit);
	return slot != NULL ? &slot->amount : NULL;
}

int64_t money_balance(const struct money *money, enum lgp_class class, uint64_t owner,
                      uint64_t unit)
{
	const int64_t *balance =
	        find_account(money, class, owner, parties_find(money->parties, owner), unit);
	return balance != NULL ? *balance : 0;
}

bool money_account(const struct money *money, enum lgp_class class, uint64_t owner, uint64_t unit,
                   uint64_t *key, int64_t *balance)
{
	*key = account_key(class, owner);
	if (owner > OWNER_MAX || (lgp_class_owner(class) == LGP_OWNER_NONE && owner != 0) ||
	    !money->moved[class])
		return false;
	const int64_t *found =
	        find_account(money, class, owner, parties_find(money->parties, owner), unit);
	if (found != NULL)
		*balance = *found;
	return found != NULL;
}

uint64_t money_account_count(const struct money *money)
{
	return money->in_records + money->accounts.count;
}

static bool next_in_records(const struct money *money, uint64_t *at, struct slot *out)
{
	uint64_t number;
	const struct party *party;
	while ((party = roll_next(&money->parties->roll, at, &number)) != NULL) {
		*out = (struct slot){.key = account_key(LGP_CLASS_CUSTOMER, number),
		                     .sub = party->unit,
		                     .amount = party->balance};
		if (party->unit != 0)
			return true;
	}
	return false;
}

bool money_account_next(const struct money *money, uint64_t *at, struct slot *out)
{
	if (*at < IN_SLOTS) {
		if (next_in_records(money, at, out))
			return true;
		*at = IN_SLOTS;
	}
	size_t place = (size_t)(*at - IN_SLOTS);
	const struct slot *slot = slots_next(&money->accounts, &place);
	*at = IN_SLOTS + place;
	if (slot != NULL)
		*out = *slot;
	return slot != NULL;
}

void money_prefetch(const struct money *money, const struct lgp_entry *entry)
{
	if (money->accounts.count > NEAR_MAX && entry->customer != 0 && entry->unit != 0)
		slots_prefetch(&money->accounts, account_key(LGP_CLASS_CUSTOMER, entry->customer),
		               entry->unit);
	if (entry->kind == LGP_KIND_REVERSAL && entry->refers_to < entry->seq)
		slots_prefetch(&money->reversed, entry->refers_to + 1, 0);
}

void money_fetch(const struct money *money, uint64_t owner, uint64_t unit)
{
	if (money->accounts.count <= NEAR_MAX)
		return;
	for (enum lgp_class class = LGP_CLASS_NONE + 1; class < LGP_CLASS_COUNT; class ++)
		if (money->moved[class])
			slots_prefetch(&money->accounts, account_key(class, owner), unit);
}

static enum lgp_status post(struct money *money, const struct lgp_entry *entry,
                            const struct named *named, enum lgp_class class, int64_t amount)
{
	uint64_t owner = lgp_entry_owner(entry, class);
	int64_t *balance = put_account(money, class, owner, named->of[FIELD_CUSTOMER], entry->unit);
	if (balance == NULL)
		return no_memory();
	int64_t before = *balance;
	if (__builtin_add_overflow(before, amount, balance)) {
		*balance = before;
		finding_entry(money->findings, RULE_CONSERVATION, entry->seq,
		              "%" PRId64 " and %" PRId64 " on the %s account of %" PRIu64
		              " do not fit into 63 bits",
		              before, amount, lgp_class_name(class), owner);
	}
	/* Told where it falls through the floor; what is below already was told. */
	if (lgp_class_floored(class) && *balance < 0 && before >= 0)
		finding_entry(money->findings, RULE_FLOOR, entry->seq,
		              "it takes %" PRId64 " from the %s account of %" PRIu64
		              ", which held %" PRId64 " of unit %" PRIu64,
		              -amount, lgp_class_name(class), owner, before, entry->unit);
	return LGP_OK;
}

static enum lgp_status move_amount(struct money *money, const struct lgp_entry *entry,
                                   const struct named *named)
{
	if (entry->debit == LGP_CLASS_NONE)
		return LGP_OK;
	enum lgp_status status = post(money, entry, named, entry->debit, -entry->amount);
	return status == LGP_OK ? post(money, entry, named, entry->credit, entry->amount) : status;
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

/* What the entry's customer has in its unit; INT64_MAX: more than fits. */
static int64_t balance_of(const struct money *money, const struct lgp_entry *entry,
                          struct party *customer)
{
	const int64_t *given =
	        find_account(money, LGP_CLASS_CUSTOMER, entry->customer, customer, entry->unit);
	const int64_t *earned =
	        find_account(money, LGP_CLASS_EARNED, entry->customer, customer, entry->unit);
	int64_t sum;
	return __builtin_add_overflow(given != NULL ? *given : 0, earned != NULL ? *earned : 0,
	                              &sum)
	               ? INT64_MAX
	               : sum;
}

/* A wrong balance is told once: the next ones, wrong by as much, follow. */
static enum lgp_status judge_balance(struct money *money, const struct lgp_entry *entry,
                                     const struct named *named)
{
	int64_t replayed = 0, off;
	if (entry->customer != 0 && entry->unit != 0 && kind_meant(entry) != LGP_KIND_IMPORT)
		replayed = balance_of(money, entry, named->of[FIELD_CUSTOMER]);
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

enum lgp_status money_judge(struct money *money, const struct lgp_entry *entry,
                            const struct named *named)
{
	judge_move(money, entry);
	enum lgp_status status = note_budget(money, entry);
	if (status == LGP_OK)
		status = move_amount(money, entry, named);
	if (status == LGP_OK)
		status = judge_balance(money, entry, named);
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
	struct slot account;
	*out = NULL;
	*count = 0;
	for (uint64_t at = 0; money_account_next(money, &at, &account);) {
		struct unit_sums *sums = sums_of(out, count, account.sub);
		if (sums == NULL)
			return no_memory();
		sums->of_class[account.key >> 56] += account.amount;
		sums->all += account.amount;
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
