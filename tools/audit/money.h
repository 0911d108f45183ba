/* money: double entry, replayed.
 * Thread: one at a time. */
#ifndef LAGNIAPPE_AUDIT_MONEY_H
#define LAGNIAPPE_AUDIT_MONEY_H

#include "tools/audit/door.h"
#include "tools/audit/finding.h"
#include "tools/audit/parties.h"

struct money {
	struct door *door; /* borrowed, both */
	struct findings *findings;
	struct parties *parties;     /* borrowed; a customer's first account is in its record, */
	struct slots accounts;       /* all else here: class << 56 | owner, unit -> balance */
	uint64_t in_records;         /* accounts */
	struct slots drift;          /* customer, unit -> told balance minus replayed, once found */
	struct slots reversed;       /* grant + 1 -> how much of it was reversed */
	struct slots held;           /* budget + 1 -> the unit that it holds */
	struct lgp_entry original;   /* what the last reversal reverses; seq 0: it cannot be read */
	bool moved[LGP_CLASS_COUNT]; /* whether the class has any account yet */
};

/* The sums of one unit. */
struct unit_sums {
	uint64_t unit;
	__extension__ __int128 of_class[LGP_CLASS_COUNT], all;
	uint64_t accounts;
};

LGP_MUST_USE enum lgp_status money_init(struct money *money, struct door *door,
                                        struct findings *findings, struct parties *parties);
void money_deinit(struct money *money);
/* Brings near what the entry's judgement will ask for. */
void money_prefetch(const struct money *money, const struct lgp_entry *entry);
/* The same for all of an owner's accounts. */
void money_fetch(const struct money *money, uint64_t owner, uint64_t unit);
/* Moves the entry's amount; judges who may move what, floors, the running
 * balance and reversals.  LGP_NO_MEMORY. */
LGP_MUST_USE enum lgp_status money_judge(struct money *money, const struct lgp_entry *entry,
                                         const struct named *named);
/* Credits minus debits, by a replay; 0 for an account that nothing moved. */
int64_t money_balance(const struct money *money, enum lgp_class class, uint64_t owner,
                      uint64_t unit);
/* False: the budget is known to hold another unit. */
bool money_holds(const struct money *money, uint64_t budget, uint64_t unit);
/* The account's balance, and the key that it has or would have in `accounts`.  False:
 * nothing moved it. */
bool money_account(const struct money *money, enum lgp_class class, uint64_t owner, uint64_t unit,
                   uint64_t *key, int64_t *balance);
uint64_t money_account_count(const struct money *money);
/* The next account at or behind *at, as if it stood in `accounts`.  False: there is none.
 * Start at 0. */
bool money_account_next(const struct money *money, uint64_t *at, struct slot *out);
/* How much of a grant was reversed. */
int64_t money_reversed(const struct money *money, uint64_t grant);
/* The grant of the reversal that was judged last; NULL: none that can be read. */
const struct lgp_entry *money_original(const struct money *money, const struct lgp_entry *reversal);
/* Sums the accounts of each unit, in the units' order; the caller frees *out.
 * Judges that each unit's sum is zero.  LGP_NO_MEMORY. */
LGP_MUST_USE enum lgp_status money_sum(struct money *money, struct unit_sums **out, size_t *count);

#endif
