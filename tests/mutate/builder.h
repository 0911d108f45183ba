/* builder: ledgers made by hand for the audit's tests: a good one, and whatever
 * a forger could sign.
 * Thread: one.
 * Writes the tables of datadir.h itself and shares no rule with the ledger or
 * the audit tool: the model here is the third opinion. */
#ifndef LAGNIAPPE_TESTS_MUTATE_BUILDER_H
#define LAGNIAPPE_TESTS_MUTATE_BUILDER_H

#include "lagniappe/datadir.h"
#include "lagniappe/entry.h"

#define BUILD_MAX 8192 /* entries */
#define BUILD_ORIGIN "audit.example/ledger"

/* Entries of the part of the ledger that goes by limits and approvals. */
enum build_part {
	PART_LIMIT,           /* 1,000 a guest and month out of the lounge's budget; refuses */
	PART_LIMIT_LARGE,     /* 300 a grant that staff give out of it; asks */
	PART_LIMIT_INCIDENTS, /* 1 incident a guest and year in it; refuses */
	PART_GRANT,           /* 200 by staff */
	PART_REFUSAL,         /* of 900 more for the same guest */
	PART_ASK,             /* for 400 */
	PART_APPROVAL,        /* of that, by a manager */
	PART_ASK_DECLINED,
	PART_DECLINE,
	PART_DELEGATION, /* of 600, by the manager to a deputy */
	PART_ASK_DELEGATED,
	PART_APPROVAL_DELEGATED,
	PART_REVERSAL,          /* of the approved grant, whole */
	PART_GRANT_TO_MAX,      /* 1,000 for that guest, by a manager */
	PART_REFUSAL_INCIDENT,  /* there is none */
	PART_ASK_LAPSED,        /* nobody decides on it */
	PART_REFUSAL_FOUR_EYES, /* who asked for it would approve */
	PART_DELEGATION_END,
	PART_REFUSAL_AUTHORITY, /* the deputy would approve */
	PART_LIMIT_RAISED,      /* to 1,500 */
	PART_GRANT_RAISED,      /* 500 more */
	PART_REFUSAL_REVERSED,  /* the approved grant would be reversed again */
	PART_GRANT_SMALL,       /* 100 by staff */
	PART_LAPSE,             /* 73 hours after it was asked for */
	PART_REFUSAL_DECIDED,   /* it would be declined */
	PART_COUNT,
};

struct build {
	struct lgp_entry entry[BUILD_MAX];
	char *payload[BUILD_MAX]; /* owned; NULL: none */
	size_t count;
	size_t checkpoint[BUILD_MAX]; /* sizes */
	size_t checkpoint_count;
	uint8_t seed; /* of the signing key: every byte */
	/* Numbers of what was registered. */
	uint64_t admin, finance, eur, points, site, budget, points_budget, reason, touchpoint;
	uint64_t lounge, deputy, other_manager;
	uint64_t part[PART_COUNT];
	int64_t later_us; /* added to the time of what is added from now on */
	uint64_t staff, other_staff, till, customer[8], party;
	uint32_t random;
};

/* A good ledger of `count` entries, at least 128. */
struct build *build_good(size_t count);
void build_free(struct build *build);
/* Adds an entry with a time, a date, a key and an actor. */
struct lgp_entry *build_add(struct build *build, enum lgp_kind kind, uint64_t actor);
/* The entry's payload, replaced. NULL takes it away. */
void build_payload(struct build *build, uint64_t seq, const char *text);
/* The n-th entry of the kind, 0 the first. */
struct lgp_entry *build_find(struct build *build, enum lgp_kind kind, size_t n);
/* Links, balances and policies as a replay has them. */
void build_complete(struct build *build);
/* Writes DIR/ledger.mdb and DIR/high-water: hashes, checkpoints, signatures. */
void build_write(const struct build *build, const char *dir);
/* Another checkpoint as a signed note. */
void build_note(const struct build *build, size_t size, const char *path);
void build_vkey(uint8_t seed, const char *origin, char out[LGP_VKEY_MAX]);

/* Raw access to a written ledger, in one transaction each. */
void raw_get(const char *dir, enum lgp_log_table table, struct lgp_view key, void *out, size_t len);
void raw_put(const char *dir, enum lgp_log_table table, struct lgp_view key, const void *bytes,
             size_t len);
void raw_delete(const char *dir, enum lgp_log_table table, struct lgp_view key);
/* XORs one bit of a stored value. */
void raw_flip(const char *dir, enum lgp_log_table table, struct lgp_view key, size_t len,
              size_t at);

#endif
