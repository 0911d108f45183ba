/* entry: one fact in the log, 256 bytes, the leaf of the tree.
 * Thread: any.  No I/O.
 *
 * The bytes, all integers little-endian, two's complement where signed:
 *
 *  offset size meaning
 *       0    1 format version, LGP_ENTRY_VERSION
 *       1    1 kind, enum lgp_kind
 *       2    1 flags, enum lgp_flag; unknown bits are refused
 *       3    1 refusals: the kind that was asked for; else 0
 *       4    2 refusals: the problem's code, enum lgp_problem; else 0
 *       6    1 debit: the class of the account that amount leaves, 0 none
 *       7    1 credit: the class of the account that it enters, 0 none
 *       8    8 seq: the entry's number, 0 the first
 *      16    8 time: microseconds since 1970 UTC, strictly increasing
 *      24    4 business date: days since 1970 in the site's zone
 *      28    4 expiry date: days since 1970, 0 none
 *      32    8 amount: minor units of unit; moved where debit and credit
 *              are set, else told (asked for in a refusal, minutes in thanks)
 *      40    8 balance: the customer's in the unit after this entry
 *      48    8 actor: the party whose token asked
 *      56    8 staff: the member of staff in whose name
 *      64    8 customer, or the other party of an import
 *      72    8 site
 *      80    8 budget
 *      88    8 reason
 *      96    8 touchpoint
 *     104    8 unit
 *     112    8 refers to: the entry that this one reverses, amends, ends, …
 *     120    8 the customer's previous entry
 *     128    8 the budget's previous entry
 *     136    8 the actor's previous entry
 *     144    8 policy: the last entry that changed a rule before this one
 *     152    8 limit: the version of the limit that bound; of a limit's
 *              definition, the version before it
 *     160   16 MAC of the idempotency key
 *     176   16 MAC of the request's body
 *     192   32 SHA-256 of the payload (LGP_FLAG_PAYLOAD) or keyed
 *              commitment to words (LGP_FLAG_WORDS), else 0
 *     224   32 incident: the slug, zero-padded
 *
 * A party (customer, staff, budget, site, token, …) is named by the number of
 * the entry that opened it.  0 is none: entry 0 opens the ledger itself, the
 * house, which acts before there is anybody else.  An opening entry names the
 * party that it opens by its own number, in the field of the party's kind
 * where it has one. */
#ifndef LAGNIAPPE_ENTRY_H
#define LAGNIAPPE_ENTRY_H

#include "lagniappe/hash.h"

#define LGP_ENTRY_LEN 256
#define LGP_ENTRY_VERSION 1
#define LGP_SLUG_MAX 32

/* symbol, stored number, name as answered.  Numbers are for ever. */
#define LGP_KIND_LIST(X)                                 \
	X(LGP_KIND_GENESIS, 1, "genesis")                \
	X(LGP_KIND_UNIT, 2, "unit")                      \
	X(LGP_KIND_SITE, 3, "site")                      \
	X(LGP_KIND_BUDGET, 4, "budget")                  \
	X(LGP_KIND_REASON, 5, "reason")                  \
	X(LGP_KIND_TOUCHPOINT, 6, "touchpoint")          \
	X(LGP_KIND_STAFF, 7, "staff")                    \
	X(LGP_KIND_TOKEN, 8, "token")                    \
	X(LGP_KIND_CUSTOMER, 9, "customer")              \
	X(LGP_KIND_PARTY, 10, "party")                   \
	X(LGP_KIND_TOKEN_END, 11, "token-end")           \
	X(LGP_KIND_LIMIT, 12, "limit")                   \
	X(LGP_KIND_LIMIT_END, 13, "limit-end")           \
	X(LGP_KIND_DELEGATION, 14, "delegation")         \
	X(LGP_KIND_DELEGATION_END, 15, "delegation-end") \
	X(LGP_KIND_ALLOTMENT, 16, "allotment")           \
	X(LGP_KIND_GRANT, 17, "grant")                   \
	X(LGP_KIND_THANKS, 18, "thanks")                 \
	X(LGP_KIND_REVERSAL, 19, "reversal")             \
	X(LGP_KIND_IMPORT, 20, "import")                 \
	X(LGP_KIND_ASK, 21, "ask")                       \
	X(LGP_KIND_DECLINE, 22, "decline")               \
	X(LGP_KIND_LAPSE, 23, "lapse")                   \
	X(LGP_KIND_REFUSAL, 32, "refusal")

enum lgp_kind {
#define X(symbol, number, name) symbol = number,
	LGP_KIND_LIST(X)
#undef X
};

enum lgp_flag {
	LGP_FLAG_PAYLOAD = 1 << 0, /* the hash binds a payload beside the log */
	LGP_FLAG_WORDS = 1 << 1,   /* the hash is a keyed commitment to words */
	LGP_FLAG_AMEND = 1 << 2,   /* a definition that replaces the one of refers_to */
	LGP_FLAG_MANAGER = 1 << 3, /* the member of staff was a manager then */
	LGP_FLAGS_KNOWN = (1 << 4) - 1,
};

/* Account classes.  An account is (class, owner, unit); the owner is the
 * entry's own customer or budget, or nobody.  Balances are credits minus
 * debits; the sum over all accounts of a unit is zero (I1). */
#define LGP_CLASS_LIST(X)                                               \
	X(LGP_CLASS_NONE, 0, "none", LGP_OWNER_NONE, false)             \
	X(LGP_CLASS_ISSUANCE, 1, "issuance", LGP_OWNER_BUDGET, false)   \
	X(LGP_CLASS_BUDGET, 2, "budget", LGP_OWNER_BUDGET, true)        \
	X(LGP_CLASS_CUSTOMER, 3, "customer", LGP_OWNER_CUSTOMER, true)  \
	X(LGP_CLASS_EARNED, 4, "earned", LGP_OWNER_CUSTOMER, true)      \
	X(LGP_CLASS_HELD, 5, "held", LGP_OWNER_CUSTOMER, true)          \
	X(LGP_CLASS_SETTLEMENT, 6, "settlement", LGP_OWNER_NONE, false) \
	X(LGP_CLASS_BREAKAGE, 7, "breakage", LGP_OWNER_NONE, false)     \
	X(LGP_CLASS_HISTORY, 8, "history", LGP_OWNER_BUDGET, false)     \
	X(LGP_CLASS_RESERVED, 9, "reserved", LGP_OWNER_BUDGET, true)

enum lgp_owner { LGP_OWNER_NONE, LGP_OWNER_BUDGET, LGP_OWNER_CUSTOMER };

/* symbol, stored number, name, owner, whether zero is its floor (I4).
 * ISSUANCE is kept per budget (0: none), so that what a budget was allotted is
 * minus its issuance.  HISTORY is what imported spending drew on a budget
 * before this ledger funded it; it stands apart from what is available.
 * RESERVED is what waits for an approval. */
enum lgp_class {
#define X(symbol, number, name, owner, floored) symbol = number,
	LGP_CLASS_LIST(X)
#undef X
	        LGP_CLASS_COUNT,
};

struct lgp_entry {
	enum lgp_kind kind;
	enum lgp_kind asked; /* refusals alone: what it would have been */
	uint8_t flags;
	uint16_t code; /* enum lgp_problem, refusals alone */
	enum lgp_class debit, credit;
	uint64_t seq;
	int64_t time_us;
	int32_t business_date; /* days since 1970-01-01 */
	int32_t expiry_date;   /* the same, 0 none */
	int64_t amount;        /* minor units, or minutes; never negative */
	int64_t balance;       /* minor units */
	uint64_t actor, staff, customer, site, budget, reason, touchpoint, unit;
	uint64_t refers_to;
	uint64_t prev_customer, prev_budget, prev_actor;
	uint64_t policy, limit;
	uint8_t key_mac[LGP_MAC_LEN];
	uint8_t body_mac[LGP_MAC_LEN];
	struct lgp_hash hash;
	char incident[LGP_SLUG_MAX]; /* zero-padded, not terminated when full */
};

void lgp_entry_encode(const struct lgp_entry *entry, uint8_t out[LGP_ENTRY_LEN]);
/* LGP_FORMAT: another version.  LGP_CORRUPT: an unknown kind, class or flag, a
 * code outside a refusal, a negative amount, one-sided accounts, a floored account
 * without an owner,
 * bytes behind the end of the incident.  lgp_fault_detail() names the field.
 * What decodes encodes to the same bytes. */
LGP_MUST_USE enum lgp_status lgp_entry_decode(const uint8_t bytes[LGP_ENTRY_LEN],
                                              struct lgp_entry *out);

/* What lgp_entry_decode asks of the fields, before they are bytes. */
LGP_MUST_USE enum lgp_status lgp_entry_check(const struct lgp_entry *entry);

/* "grant", …; NULL for a number that is no kind. */
const char *lgp_kind_name(unsigned kind);
const char *lgp_class_name(unsigned class);
/* LGP_CLASS_COUNT is out of range: require()d. */
enum lgp_owner lgp_class_owner(enum lgp_class class);
bool lgp_class_floored(enum lgp_class class);
/* The owner's number of an entry's account, 0 for accounts that nobody owns. */
uint64_t lgp_entry_owner(const struct lgp_entry *entry, enum lgp_class class);
struct lgp_view lgp_entry_incident(const struct lgp_entry *entry);

#endif
