/* state: what follows from the log, as canonical records in layers.
 *
 *   open     the delta of the batch that is being judged, and
 *   closed   of the one before it, on its way into the log: seen by the ledger thread
 *            alone; parties and accounts, which each entry looks at many times,
 *            decoded (cells.h)
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
 *   'C' end(4) shape(8) what…   used(8): amount, count or incidents of a limit's
 *                               period that ends before day `end`
 *   'D' number(8)               kind(1) ended(1) defined_at(8) definition text
 *   'E' grantor(8) staff(8)     1: the first rewarded the second
 *   'G'                         size(8) last time(8) policy(8) day(4)
 *   'H' customer(8)             the household's name, as it was typed
 *   'I' end(4) shape(8) customer(8) incident(32)
 *                               grants(8) counted in this incident, whose name is
 *                               without capitals here and in 'C'
 *   'L' limit(8) version(8)     counts_from(8) definition text
 *   'N' owner(8) 'A' unit(8)    four balances(8 each), by class: see slot_of
 *   'N' number(8) 'P'           kind(1) last(8) flags(1) sites(1) site(8)…
 *                               flags: 1 known everywhere, 2 a member of staff's
 *   'R' entry(8)                amount reversed(8)
 *   'W' entry(8)                until(8): the ask waits until that moment
 *
 * `end` has its sign bit flipped, so that it sorts.  A counter whose period
 * ended CLOSED_DAYS before the newest business date is closed: nothing asks for
 * it again, for at one moment the dates of two places are two days apart at the
 * most.  Closed counters are not part of the state: they are left out of the
 * hash, and the applier takes them out of the file when it comes by. */
#ifndef LAGNIAPPE_LEDGER_STATE_H
#define LAGNIAPPE_LEDGER_STATE_H

#include "lagniappe/ledger.h"
#include "map.h"

#define STATE_FORMAT "lagniappe-state-2"
#define STATE_VALUE_MAX (10 + LGP_DEFINITION_MAX)
#define ACCOUNT_SLOTS 4
#define RECORD_MAX (11 + 8 * LGP_PARTY_SITES_MAX) /* bytes of a party's or an account's record */
#define CLOSED_DAYS 3

struct state;

/* Keys and values as bytes, for both kinds of readers. */
struct state_key {
	uint8_t bytes[64];
	size_t len;
};
struct account {
	int64_t balance[ACCOUNT_SLOTS];
};

/* All that the state knows besides its records. */
struct globals {
	uint64_t size; /* entries applied */
	int64_t last_time_us;
	uint64_t policy;
	int32_t day; /* the newest business date of what was not imported */
};

/* What state.mdb says of itself.  position 0 when it is new or was not usable
 * and was made anew. */
struct state_position {
	uint64_t position;
	struct lgp_hash root; /* of the log at the position */
	int32_t day;          /* as in globals; not stored here */
};

/* seed: of the tables in memory; nothing that is kept depends on it. */
LGP_MUST_USE enum lgp_status state_open(const char *path, size_t map_bytes,
                                        const uint8_t seed[MAP_SEED_LEN], struct state **out,
                                        struct state_position *position);
void state_close(struct state *state);
/* Throws away the file and starts at position 0. */
LGP_MUST_USE enum lgp_status state_reset(struct state *state);

/* Raw records, the ledger thread's view: both deltas included. LGP_MISSING. value is
 * borrowed until the next call. */
LGP_MUST_USE enum lgp_status state_get(struct state *state, struct lgp_view key,
                                       struct lgp_view *value);
LGP_MUST_USE enum lgp_status state_put(struct state *state, struct lgp_view key,
                                       struct lgp_view value);
LGP_MUST_USE enum lgp_status state_delete(struct state *state, struct lgp_view key);

/* Brings near what the layers hold of a party and its accounts, in two steps of which
 * the second comes when the first has had time.  Returns what the second takes. */
uint32_t state_near_slots(const struct state *state, uint64_t number);
void state_near_items(const struct state *state, uint32_t hash);

/* The records that every entry looks at many times: the open batch holds them decoded,
 * and no raw record beside them. */
enum form { FORM_PARTY, FORM_ACCOUNT, FORMS };
struct record_form {
	size_t bytes; /* of the decoded */
	struct state_key (*key)(uint64_t first, uint64_t second);
	enum lgp_status (*decode)(struct lgp_view value, void *out);
	size_t (*encode)(const void *record, uint8_t out[RECORD_MAX]);
};
extern const struct record_form record_forms[FORMS]; /* record.c */
/* The decoded record, borrowed until the next call.  LGP_MISSING. */
LGP_MUST_USE enum lgp_status state_look(struct state *state, enum form form, uint64_t first,
                                        uint64_t second, const void **record);
/* The same to be changed where it is, until the batch is published.  LGP_MISSING: there
 * is none yet, and *record is all zero; with what is written it is there. */
LGP_MUST_USE enum lgp_status state_change(struct state *state, enum form form, uint64_t first,
                                          uint64_t second, void **record);

/* An account that nothing moved is all zero.  What is got by a change is the record
 * itself, to be changed where it is until the batch is published. */
LGP_MUST_USE enum lgp_status state_account(struct state *state, uint64_t owner, uint64_t unit,
                                           struct account *out);
LGP_MUST_USE enum lgp_status state_account_change(struct state *state, uint64_t owner,
                                                  uint64_t unit, struct account **out);
LGP_MUST_USE enum lgp_status state_party(struct state *state, uint64_t number,
                                         struct lgp_party *out);
/* LGP_MISSING: nobody opened it. */
LGP_MUST_USE enum lgp_status state_party_change(struct state *state, uint64_t number,
                                                struct lgp_party **out);
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

/* Calls visit for each record of a kind in the file, in the order of the keys. */
typedef enum lgp_status (*state_visit)(void *context, struct lgp_view key, struct lgp_view value);
LGP_MUST_USE enum lgp_status state_each(struct state *state, char record, state_visit visit,
                                        void *context);
/* A number and a record's flag, as 'W' and 'E' and counters have them. */
LGP_MUST_USE enum lgp_status state_number(struct state *state, const struct state_key *key,
                                          int64_t *out);
LGP_MUST_USE enum lgp_status state_number_put(struct state *state, const struct state_key *key,
                                              int64_t number);
bool counter_closed(int32_t end, int32_t day);

/* open -> closed, when the batch before it is published. */
void state_batch_close(struct state *state);
/* closed -> active, for all to see.  Whoever sees the change, in any record, also sees
 * what `also` did. */
LGP_MUST_USE enum lgp_status state_publish_with(struct state *state, void (*also)(void *context),
                                                void *context);
/* Both at once: open -> active. */
LGP_MUST_USE enum lgp_status state_publish(struct state *state);
/* Drops a frozen layer that the file holds now. */
LGP_MUST_USE enum lgp_status state_settle(struct state *state);
/* active -> frozen, when no batch is closed and not published.  False: the last one is
 * not in the file yet. */
bool state_freeze(struct state *state, const struct state_position *position);
bool state_frozen(const struct state *state);
size_t state_active_bytes(const struct state *state);
size_t state_layers_bytes(struct state *state); /* any thread */
/* Applier: frozen -> file, one durable transaction of as many as it takes.  *more: it
 * was not the last. */
LGP_MUST_USE enum lgp_status state_flush(struct state *state, bool *more);
bool state_merging(const struct state *state); /* there is more of it; the applier's own */
uint64_t state_file_position(const struct state *state);

/* SHA-256 over all records in order, key then value, each with its length before
 * it as 4 bytes LE.  Everything must be in the file (I10). */
LGP_MUST_USE enum lgp_status state_hash(struct state *state, struct lgp_hash *out);

/* Other threads: txn is the reader's own on state_kv, reset between calls.
 * Room for STATE_VALUE_MAX bytes in out. */
LGP_MUST_USE enum lgp_status state_read(struct state *state, struct lgp_kv_txn *txn,
                                        struct lgp_view key, char *out, size_t *len);
struct lgp_kv *state_kv(struct state *state);

struct state_key state_key_account(uint64_t owner, uint64_t unit);
struct state_key state_key_party(uint64_t number);
struct state_key state_key_number(char record, uint64_t number);
struct state_key state_key_pair(char record, uint64_t first, uint64_t second);
/* The beginning of a counter's key: its period and shape. */
struct state_key state_key_period(char record, int32_t end, uint64_t shape);
void state_key_add(struct state_key *key, uint64_t number);
void state_key_add_bytes(struct state_key *key, const void *bytes, size_t len);
enum lgp_status account_decode(struct lgp_view value, struct account *out);
enum lgp_status party_decode(struct lgp_view value, struct lgp_party *out);
static inline struct lgp_view key_view(const struct state_key *key)
{
	return (struct lgp_view){(const char *)key->bytes, key->len};
}

#endif
