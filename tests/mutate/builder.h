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

struct build {
	struct lgp_entry entry[BUILD_MAX];
	char *payload[BUILD_MAX]; /* owned; NULL: none */
	size_t count;
	size_t checkpoint[BUILD_MAX]; /* sizes */
	size_t checkpoint_count;
	uint8_t seed; /* of the signing key: every byte */
	/* Numbers of what was registered. */
	uint64_t admin, finance, eur, points, site, budget, points_budget, reason, touchpoint;
	uint64_t staff, other_staff, till, customer[8], party;
	uint32_t random;
};

/* A good ledger of `count` entries, at least 64. */
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
