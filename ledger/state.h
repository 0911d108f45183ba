/* state: what follows from the log, as canonical records in layers.
 *
 *   delta    the open batch, seen by the ledger thread alone
 *   active   durable, changed since the last freeze
 *   frozen   durable, on its way into the file
 *   file     state.mdb at its position
 *
 * A lookup takes the uppermost.  A batch's delta is published once it is
 * durable, so that readers see nothing else.  A frozen layer is dropped only
 * after the file holds it, and readers look at the layers before they take
 * their snapshot of the file: so nobody sees a value go back.
 *
 * Threads: ledger (all that is not said), applier (state_flush), any
 * (state_read, under lock for the layers).
 *
 * Records, keys big-endian so that they sort, values little-endian:
 *
 *   key                         value
 *   'A' owner(8) unit(8)        three balances(8 each), by class: see slot_of
 *   'D' number(8)               kind(1) ended(1) defined_at(8) definition text
 *   'G'                         size(8) last time(8) policy(8)
 *   'P' number(8)               kind(1) last(8) everywhere(1) sites(1) site(8)…
 *   'R' entry(8)                amount reversed(8)
 */
#ifndef LAGNIAPPE_LEDGER_STATE_H
#define LAGNIAPPE_LEDGER_STATE_H

#include "lagniappe/ledger.h"

#define STATE_FORMAT "lagniappe-state-1"
#define STATE_VALUE_MAX (10 + LGP_DEFINITION_MAX)
#define ACCOUNT_SLOTS 3

struct state;

struct account {
	int64_t balance[ACCOUNT_SLOTS];
};

/* All that the state knows besides its records. */
struct globals {
	uint64_t size; /* entries applied */
	int64_t last_time_us;
	uint64_t policy;
};

/* What state.mdb says of itself.  position 0 when it is new or was not usable
 * and was made anew. */
struct state_position {
	uint64_t position;
	struct lgp_hash root; /* of the log at the position */
};

LGP_MUST_USE enum lgp_status state_open(const char *path, size_t map_bytes, struct state **out,
                                        struct state_position *position);
void state_close(struct state *state);
/* Throws away the file and starts at position 0. */
LGP_MUST_USE enum lgp_status state_reset(struct state *state);

/* Raw records, the ledger thread's view: delta included. LGP_MISSING. value is
 * borrowed until the next call. */
LGP_MUST_USE enum lgp_status state_get(struct state *state, struct lgp_view key,
                                       struct lgp_view *value);
LGP_MUST_USE enum lgp_status state_put(struct state *state, struct lgp_view key,
                                       struct lgp_view value);

/* The record forms.  An account that nothing moved is all zero. */
LGP_MUST_USE enum lgp_status state_account(struct state *state, uint64_t owner, uint64_t unit,
                                           struct account *out);
LGP_MUST_USE enum lgp_status state_account_put(struct state *state, uint64_t owner, uint64_t unit,
                                               const struct account *account);
LGP_MUST_USE enum lgp_status state_party(struct state *state, uint64_t number,
                                         struct lgp_party *out);
LGP_MUST_USE enum lgp_status state_party_put(struct state *state, uint64_t number,
                                             const struct lgp_party *party);
LGP_MUST_USE enum lgp_status state_reversed(struct state *state, uint64_t seq, int64_t *out);
LGP_MUST_USE enum lgp_status state_reversed_put(struct state *state, uint64_t seq, int64_t amount);
LGP_MUST_USE enum lgp_status state_definition_put(struct state *state, uint64_t number,
                                                  enum lgp_kind kind, bool ended,
                                                  uint64_t defined_at, struct lgp_view text);
LGP_MUST_USE enum lgp_status state_globals(struct state *state, struct globals *out);
LGP_MUST_USE enum lgp_status state_globals_put(struct state *state, const struct globals *globals);
/* Which of its owner's balances a class is. */
unsigned slot_of(enum lgp_class class);

/* Calls visit for each definition in the file, in the order of their numbers. */
typedef enum lgp_status (*state_visit)(void *context, uint64_t number, enum lgp_kind kind,
                                       bool ended, uint64_t defined_at, struct lgp_view text);
LGP_MUST_USE enum lgp_status state_definitions(struct state *state, state_visit visit,
                                               void *context);

/* delta -> active, for all to see. */
LGP_MUST_USE enum lgp_status state_publish(struct state *state);
/* The same; whoever sees the change, in any record, also sees what `also` did. */
LGP_MUST_USE enum lgp_status state_publish_with(struct state *state, void (*also)(void *context),
                                                void *context);
/* Drops a frozen layer that the file holds now.  Between batches. */
LGP_MUST_USE enum lgp_status state_settle(struct state *state);
/* active -> frozen.  False: the last one is not in the file yet. */
bool state_freeze(struct state *state, const struct state_position *position);
bool state_frozen(const struct state *state);
size_t state_active_bytes(const struct state *state);
size_t state_layers_bytes(struct state *state); /* any thread */
/* Applier: frozen -> file, one durable transaction. */
LGP_MUST_USE enum lgp_status state_flush(struct state *state);
uint64_t state_file_position(const struct state *state);

/* SHA-256 over all records in order, key then value, each with its length before
 * it as 4 bytes LE.  Everything must be in the file (I10). */
LGP_MUST_USE enum lgp_status state_hash(struct state *state, struct lgp_hash *out);

/* Other threads: txn is the reader's own on state_kv, reset between calls.
 * Room for STATE_VALUE_MAX bytes in out. */
LGP_MUST_USE enum lgp_status state_read(struct state *state, struct lgp_kv_txn *txn,
                                        struct lgp_view key, char *out, size_t *len);
struct lgp_kv *state_kv(struct state *state);

/* Keys and values as bytes, for both kinds of readers. */
struct state_key {
	uint8_t bytes[17];
	size_t len;
};
struct state_key state_key_account(uint64_t owner, uint64_t unit);
struct state_key state_key_number(char record, uint64_t number);
enum lgp_status account_decode(struct lgp_view value, struct account *out);
enum lgp_status party_decode(struct lgp_view value, struct lgp_party *out);
static inline struct lgp_view key_view(const struct state_key *key)
{
	return (struct lgp_view){(const char *)key->bytes, key->len};
}

#endif
