/* ledger: the append-only log, the state that follows from it, and the rules
 * by which a command becomes an entry or a refusal.
 *
 * Threads.  One thread, the ledger thread, opens, judges, closes batches and applies
 * them.  One thread, the applier, calls lgp_applier_step.
 * Any thread flushes the log, and reads through a reader of its own.
 *
 * A batch goes through a narrow door, so that one day another machine can
 * stand in it:
 *
 *   lgp_judge …         each command against durable state plus the batches that
 *                       are not yet: the open one, and one that is closed
 *   lgp_batch_close     the open batch gets no more, the next one opens
 *   lgp_log_append      the tree extended, the checkpoint signed, and all of it
 *                       durable, or a fault: then the outcome is unknown,
 *                       and the process stops, reopens and looks
 *   lgp_batch_apply     the batch becomes what readers see
 *
 * One batch at a time is closed and not applied.
 *
 * Deterministic: time, dates, ids, randomness and words' commitments come in
 * with the commands.  Invariants I1 to I11 are in ledger/README.md. */
#ifndef LAGNIAPPE_LEDGER_H
#define LAGNIAPPE_LEDGER_H

#include "lagniappe/datadir.h"
#include "lagniappe/entry.h"
#include "lagniappe/noun.h"
#include "lagniappe/problem.h"

#define LGP_BATCH_MAX 16384                           /* entries in one batch */
#define LGP_PARTY_SITES_MAX 15                        /* then the party is known everywhere */
#define LGP_LIMIT_VERSIONS_MAX 16                     /* of one limit that may still judge */
#define LGP_PENDING_MAX 4096                          /* grants that wait for approval */
#define LGP_PENDING_OF_ONE_MAX 64                     /* asked for by one member of staff */
#define LGP_DELEGATIONS_MAX 64                        /* in force, of one manager */
#define LGP_PENDING_US (INT64_C(72) * 3600 * 1000000) /* how long they wait */
#define LGP_TIME_JUMP_MAX_US \
	(INT64_C(86400) *    \
	 1000000) /* ahead of the last entry's at one step while the clock ran on */

struct lgp_ledger;
struct lgp_reader;

enum lgp_role {
	LGP_ROLE_NONE,
	LGP_ROLE_ADMIN,
	LGP_ROLE_FINANCE,
	LGP_ROLE_MANAGER,
	LGP_ROLE_STAFF,
	LGP_ROLE_INTEGRATION,
	LGP_ROLE_AUDITOR,
	LGP_ROLE_CUSTOMER,
	LGP_ROLE_COUNT,
};
/* The order of the names is the order of the enum, from ADMIN on. */
#define LGP_ROLE_CHOICES "admin|finance|manager|staff|integration|auditor|customer"
const char *lgp_role_name(enum lgp_role role);

struct lgp_slug {
	uint8_t len; /* 0: absent */
	char text[LGP_SLUG_MAX];
};
struct lgp_view lgp_slug_view(const struct lgp_slug *slug);
/* False: longer than LGP_SLUG_MAX. The form is not checked. */
bool lgp_slug_set(struct lgp_slug *slug, struct lgp_view text);

/* ---- The registry: nouns in memory ------------------------------------ */

struct lgp_numbers {
	uint16_t count;
	uint64_t *list; /* owned by the record */
};

enum lgp_staff_rewards { LGP_REWARD_NOT_SELF, LGP_REWARD_NOT_EACH_OTHER, LGP_REWARD_ANY };

/* From..until, each a business date or a moment; the absent ones are the least
 * and the greatest number. Half-open. */
struct lgp_span {
	int32_t from_day, until_day;
	int64_t from_us, until_us;
};

enum { LGP_REASON_DISCRETIONARY, LGP_REASON_EARNED, LGP_REASON_FEEDBACK, LGP_REASON_KINDNESS };

struct lgp_record {
	enum lgp_kind kind;
	uint64_t number;     /* the entry that opened it */
	uint64_t defined_at; /* the entry that defines it now */
	struct lgp_slug id;
	union {
		struct {
			uint8_t scale;
			bool points;
		} unit;
		struct {
			uint8_t zone_len, week_starts; /* 0 Monday */
			uint8_t staff_rewards;         /* enum lgp_staff_rewards */
			char zone[LGP_ZONE_MAX];
		} site;
		struct {
			uint64_t site, unit;
		} budget;
		struct {
			uint8_t kind;
		} reason;
		struct {
			enum lgp_role role;
			int32_t active_from,
			        active_until; /* days, half-open; INT32_MIN, INT32_MAX */
			uint64_t site, budget, customer;
			struct lgp_numbers sites, budgets; /* besides site and budget */
		} staff;
		struct {
			enum lgp_role role;
			bool ended;
			int64_t expires_us; /* INT64_MAX: does not */
			uint64_t subject;   /* party; the token's own number when nobody else */
			uint8_t hash[LGP_HASH_LEN]; /* SHA-256 of the secret */
			struct lgp_numbers sites;   /* none: all */
		} token;
		struct {
			bool ended;
		} limit;
		struct {
			bool ended;
			uint64_t from, to, unit, site, budget, reason; /* 0: any */
			int64_t ceiling;
			struct lgp_span span;
		} delegation;
	} as;
};

/* Any thread, between lock and unlock, which must be short and do no I/O; the
 * ledger thread needs no lock.  Records live until lgp_close and are changed
 * only under the other side of the lock. */
void lgp_registry_lock(struct lgp_ledger *ledger);
void lgp_registry_unlock(struct lgp_ledger *ledger);
/* Grows with every change; what was looked up at one version holds while it stays. Any thread, no lock. */
uint64_t lgp_registry_version(const struct lgp_ledger *ledger);
const struct lgp_record *lgp_registry_find(const struct lgp_ledger *ledger, enum lgp_kind noun,
                                           struct lgp_view id);
const struct lgp_record *lgp_registry_get(const struct lgp_ledger *ledger, uint64_t number);
const struct lgp_record *lgp_registry_token(const struct lgp_ledger *ledger,
                                            const uint8_t secret_hash[LGP_HASH_LEN]);
/* The noun's records in the order of their numbers: the first whose number is
 * above `after`, NULL at the end. */
const struct lgp_record *lgp_registry_next(const struct lgp_ledger *ledger, enum lgp_kind noun,
                                           uint64_t after);
/* The i-th delegation that a member of staff gave or has, NULL behind the last; those
 * that were ended are left out, those whose time is over may be. */
const struct lgp_record *lgp_registry_delegation(const struct lgp_ledger *ledger, uint64_t staff,
                                                 size_t i);
bool lgp_numbers_hold(const struct lgp_numbers *numbers, uint64_t number);
bool lgp_staff_at_site(const struct lgp_record *staff, uint64_t site);
bool lgp_staff_has_budget(const struct lgp_record *staff, uint64_t budget);

/* ---- Commands and outcomes -------------------------------------------- */

/* What is asked for.  Borrowed views live until the batch is applied. */
struct lgp_command {
	enum lgp_kind kind; /* the entry that it would become */
	uint64_t token;     /* whose: the token's number; 0 is the house, at init alone */
	bool dry;           /* judged, and not written */
	bool keyed;         /* key_mac counts */
	uint8_t key_mac[LGP_MAC_LEN], body_mac[LGP_MAC_LEN];
	int64_t time_us; /* stamped by the preparer; the ledger makes it increase */
	bool has_words;  /* words_commitment counts */
	struct lgp_hash words_commitment;
	struct lgp_view payload; /* canonical lines bound to the entry besides; may be empty */
	struct lgp_slug site, budget, unit, reason, touchpoint, staff, incident; /* len 0: absent */
	uint64_t customer;  /* its number, 0 absent; imports: the party's */
	uint64_t refers_to; /* what is reversed, amended, ended */
	int64_t amount; /* minor units; allotments and imports may be negative; reversals 0: all of it; thanks: minutes */
	int32_t business_date; /* imports alone: as told */
	bool ask;              /* grants: where a limit would ask for approval, ask */
	uint64_t
	        expected; /* limits: the version that must be in force, else a precondition fails; 0 any */
	bool amend; /* definitions: payload holds the changed fields alone; customers: their household */
};

/* The site's business date at a moment, from whoever knows time zones. */
struct lgp_calendar {
	enum lgp_status (*date)(void *context, struct lgp_view zone, int64_t time_us,
	                        int32_t *days);
	/* The first microsecond of a local day. */
	enum lgp_status (*start)(void *context, struct lgp_view zone, int32_t days,
	                         int64_t *time_us);
	void *context;
};

enum lgp_verdict {
	LGP_ACCEPTED, /* entry, at seq */
	LGP_REFUSED,  /* by rule or funds: the refusal is an entry, at seq */
	LGP_DENIED,   /* by the request's own fault: nothing is written, no key used */
	LGP_REPLAYED, /* the key acted before: seq is the entry that it became */
};

enum lgp_measure { LGP_MEASURE_AMOUNT, LGP_MEASURE_COUNT, LGP_MEASURE_INCIDENTS };
enum lgp_per {
	LGP_PER_GRANT,
	LGP_PER_CUSTOMER_INCIDENT,
	LGP_PER_CUSTOMER,
	LGP_PER_STAFF,
	LGP_PER_STAFF_CUSTOMER,
	LGP_PER_SITE,
	LGP_PER_BUDGET,
};
enum lgp_window {
	LGP_WINDOW_NONE,
	LGP_WINDOW_DAY,
	LGP_WINDOW_WEEK,
	LGP_WINDOW_MONTH,
	LGP_WINDOW_QUARTER,
	LGP_WINDOW_YEAR,
	LGP_WINDOW_LIFETIME,
};

/* A limit and how much of it is used, for one grant. */
struct lgp_limit_use {
	struct lgp_slug id;
	uint64_t limit, version; /* its number, and the entry that defines what judged */
	enum lgp_measure measure;
	enum lgp_per per;
	enum lgp_window window;
	bool ask;            /* asks when passed, else refuses */
	bool passed;         /* the grant would pass it */
	bool needs_customer; /* counted for a customer, and none was named: used is not known */
	int64_t max, used, remaining; /* minor units, or a count; remaining is never below 0 */
	int64_t resets_at_us;         /* INT64_MAX: never */
};

struct lgp_outcome {
	enum lgp_verdict verdict;
	enum lgp_problem problem;
	char field[32]; /* of the command, that the problem is about; "" none */
	uint64_t seq;
	struct lgp_entry entry;       /* what was or, dry, would be written; replayed: what was */
	struct lgp_limit_use binding; /* with LIMIT_EXCEEDED and AUTHORITY, and of what asks */
};

/* ---- The life of a ledger ---------------------------------------------- */

struct lgp_options {
	size_t log_map_bytes,
	        state_map_bytes; /* 0: the defaults, 256 GiB and 64 GiB of address space */
	/* A generation of changed state in memory.  0: a quarter of state.mdb, 12 to 48 MiB. */
	size_t overlay_bytes;
	struct lgp_calendar calendar;
};

/* Makes the directory's files and entries 0 to 2: genesis, an admin token, a
 * finance token.  LGP_EXISTS: there is a ledger.  LGP_MALFORMED: the origin. */
struct lgp_genesis {
	struct lgp_view origin, timezone;
	int64_t time_us;
	int32_t business_date;
	uint8_t admin_hash[LGP_HASH_LEN], finance_hash[LGP_HASH_LEN]; /* of the tokens' secrets */
};
LGP_MUST_USE enum lgp_status lgp_create(const char *dir, const struct lgp_keys *keys,
                                        const struct lgp_genesis *genesis);

/* Opens for writing, takes DIR/lock, checks high-water, brings state forward to
 * the log's end, rebuilding it where it is missing, behind or of another format.
 * LGP_MISSING, LGP_LOCKED, LGP_BEHIND (I11), LGP_FORMAT, LGP_CORRUPT, LGP_IO. */
LGP_MUST_USE enum lgp_status lgp_open(const char *dir, const struct lgp_options *options,
                                      struct lgp_ledger **out);
void lgp_close(struct lgp_ledger *ledger);

const struct lgp_signer *lgp_ledger_signer(const struct lgp_ledger *ledger);
const struct lgp_keys *lgp_ledger_keys(const struct lgp_ledger *ledger);
/* The house's own zone, for what happens at no site.  Borrowed, for ever. */
struct lgp_view lgp_ledger_zone(const struct lgp_ledger *ledger);

/* ---- The ledger thread -------------------------------------------------- */

/* Brings near what these commands' judgement will touch, all of it at once: memory is
 * far slower than judging, when customers and keys are many.  At most LGP_NEAR_MAX. */
#define LGP_NEAR_MAX 8
void lgp_judge_near(struct lgp_ledger *ledger, const struct lgp_command *const commands[],
                    size_t count);

/* Turns one command into an entry of the open batch, or says why not.
 * Upholds I1, I3, I4, I7.  LGP_OK: *out says what happened.  LGP_OVERLOAD: the
 * overlay is full, nothing happened, try later.  A fault: stop serving. */
LGP_MUST_USE enum lgp_status lgp_judge(struct lgp_ledger *ledger, const struct lgp_command *command,
                                       struct lgp_outcome *out);
/* Ends what waited for approval for too long, by an entry each; lgp_judge does it
 * for the commands that it is given, and an idle server by this.  True in *any:
 * the batch has entries to commit. */
LGP_MUST_USE enum lgp_status lgp_lapse(struct lgp_ledger *ledger, int64_t time_us, bool *any);
/* Every limit that a grant like this would meet, by id; at most max of them,
 * *count how many.  command.customer, amount and incident may be absent: what is
 * left then is what a person can still give.  LGP_MISSING: the token, the staff
 * or a noun that it names is not there. */
LGP_MUST_USE enum lgp_status lgp_explain(struct lgp_ledger *ledger,
                                         const struct lgp_command *command,
                                         struct lgp_limit_use *out, size_t max, size_t *count);
/* The entry that a key became, durable or in a batch.  LGP_MISSING. */
LGP_MUST_USE enum lgp_status lgp_find_key(struct lgp_ledger *ledger, const uint8_t mac[LGP_MAC_LEN],
                                          struct lgp_entry *out);
/* Entries in the open batch, and whether nothing may be judged into it now: it is at its
 * bound, or its last entry changed a definition, or the closed batch's did and is not
 * applied. */
size_t lgp_batch_count(const struct lgp_ledger *ledger);
bool lgp_batch_full(const struct lgp_ledger *ledger);
/* The number that the next entry will have. */
uint64_t lgp_next_seq(const struct lgp_ledger *ledger);
/* The open batch has at least one entry, and the one before it is applied. */
void lgp_batch_close(struct lgp_ledger *ledger);
/* Extends the tree by the closed batch, signs, and appends.  Calls done once with LGP_OK
 * when the batch is durable (I9): before this returns, or, for a large batch, later on a
 * thread of the ledger's own, so that the next batch can be judged meanwhile.  LGP_FULL:
 * nothing was written, the ledger takes no more.  Other faults: unknown.
 * lgp_fault_detail() holds in done.  The ledger is not closed before it was called. */
typedef void (*lgp_log_done)(void *context, enum lgp_status status);
void lgp_log_append(struct lgp_ledger *ledger, lgp_log_done done, void *context);
/* The same of any batch, for who has nothing to do meanwhile. */
LGP_MUST_USE enum lgp_status lgp_log_append_here(struct lgp_ledger *ledger);
/* Shows the closed batch to readers, when it is durable. */
void lgp_batch_apply(struct lgp_ledger *ledger);
/* Of the batch that was applied last, until the next one is closed: proofs, the signed
 * checkpoint, an entry's bytes. */
void lgp_batch_prove(const struct lgp_ledger *ledger, uint64_t seq, struct lgp_proof *out);
struct lgp_view lgp_batch_checkpoint(const struct lgp_ledger *ledger);
const uint8_t *lgp_batch_entry(const struct lgp_ledger *ledger, uint64_t seq);

/* Writes high-water without a sync: call after the append. */
void lgp_highwater_write(struct lgp_ledger *ledger);
/* Any one thread: syncs it, when it was written since. */
LGP_MUST_USE enum lgp_status lgp_highwater_sync(struct lgp_ledger *ledger);

/* Any thread: brings into ledger.mdb what is durable in its write-ahead log alone, in one
 * transaction.  What waits is shown all the same, and a start finds it; appends do this
 * themselves where nobody does and much waits.  After a fault the next one tries again. */
LGP_MUST_USE enum lgp_status lgp_log_flush(struct lgp_ledger *ledger);

/* Whether so much waits for ledger.mdb that who flushes the log should not rest now, or an
 * append would have to wait for a flush.  Any thread. */
bool lgp_log_pressed(struct lgp_ledger *ledger);

/* Frees what readers hold whose process died; once a second.  Any thread. */
void lgp_clear_dead_readers(struct lgp_ledger *ledger);

/* Sets what changed aside for the applier, if the last set is done and there is
 * anything; force: however little it is.  No batch is closed and not applied; one may
 * be open.  True: there is work for the applier. */
bool lgp_state_freeze(struct lgp_ledger *ledger, bool force);
/* Whether a layer is full while another one still waits for the applier: it should not
 * rest now. */
bool lgp_state_pressed(const struct lgp_ledger *ledger);
/* Applier thread: writes what was set aside to the key runs and state.mdb.  A part is
 * one transaction of some megabytes, for who would rest in between; *more: it was not
 * the last. */
LGP_MUST_USE enum lgp_status lgp_applier_step(struct lgp_ledger *ledger);
LGP_MUST_USE enum lgp_status lgp_applier_part(struct lgp_ledger *ledger, bool *more);

/* SHA-256 over the canonical records of the state at the log's end, sorted
 * (I10).  Ledger thread, no batch open, applier idle. */
LGP_MUST_USE enum lgp_status lgp_state_hash(struct lgp_ledger *ledger, struct lgp_hash *out);

/* ---- Readers -------------------------------------------------------------- */

LGP_MUST_USE enum lgp_status lgp_reader_new(struct lgp_ledger *ledger, struct lgp_reader **out);
void lgp_reader_free(struct lgp_reader *reader);

/* What is durable and released: the newest checkpoint.  note holds at least
 * LGP_CHECKPOINT_SIGNED_MAX bytes, may be NULL.  Any thread. */
size_t lgp_released(struct lgp_ledger *ledger, struct lgp_checkpoint *checkpoint, char *note);

/* Raw bytes of entries from seq on, up to max and the released size, into out;
 * *count how many.  Past the end *count is 0. */
LGP_MUST_USE enum lgp_status lgp_read_entries(struct lgp_reader *reader, uint64_t seq, size_t max,
                                              uint8_t *out, size_t *count);
/* LGP_MISSING: not released yet. */
LGP_MUST_USE enum lgp_status lgp_read_entry(struct lgp_reader *reader, uint64_t seq,
                                            struct lgp_entry *out);
/* The payload with this hash, copied: room for max bytes, *len its length.
 * LGP_MISSING.  LGP_OVERLOAD: longer than max. */
LGP_MUST_USE enum lgp_status lgp_read_payload(struct lgp_reader *reader,
                                              const struct lgp_hash *hash, char *out, size_t max,
                                              size_t *len);
/* Nodes of the released tree, for lgp_prove_*: context is the reader. */
enum lgp_status lgp_read_node(void *reader, unsigned level, uint64_t index, struct lgp_hash *out);
/* A tile's bytes as served: hashes, or an entry bundle; *len 0: no such tile
 * at the released size.  out: LGP_TILE_BYTES_MAX. */
#define LGP_TILE_BYTES_MAX (LGP_TILE_WIDTH * (2 + LGP_ENTRY_LEN))
LGP_MUST_USE enum lgp_status lgp_read_tile(struct lgp_reader *reader, const struct lgp_tile *tile,
                                           uint8_t *out, size_t *len);

struct lgp_party {
	enum lgp_kind kind;
	uint64_t last;   /* its newest entry */
	bool everywhere; /* known at every site */
	bool of_staff;   /* the customer account of a member of staff */
	uint8_t site_count;
	uint64_t sites[LGP_PARTY_SITES_MAX];
};
/* LGP_MISSING: no such party. */
LGP_MUST_USE enum lgp_status lgp_read_party(struct lgp_reader *reader, uint64_t number,
                                            struct lgp_party *out);
/* The name of the customer's household as it was typed; *len 0: none is known. */
LGP_MUST_USE enum lgp_status lgp_read_household(struct lgp_reader *reader, uint64_t customer,
                                                char out[LGP_SLUG_MAX], size_t *len);
/* Credits minus debits; 0 for an account that nothing moved.  owner: 0 where
 * the class has none. */
LGP_MUST_USE enum lgp_status lgp_read_balance(struct lgp_reader *reader, enum lgp_class class,
                                              uint64_t owner, uint64_t unit, int64_t *out);
/* The same of several classes of one owner, all of one moment, by one look. */
LGP_MUST_USE enum lgp_status lgp_read_balances(struct lgp_reader *reader, uint64_t owner,
                                               uint64_t unit, const enum lgp_class *classes,
                                               size_t count, int64_t *out);
/* How much of an entry is reversed already. */
LGP_MUST_USE enum lgp_status lgp_read_reversed(struct lgp_reader *reader, uint64_t seq,
                                               int64_t *out);
/* Grants that wait for approval, by number, from `after` on: at most max, *count
 * how many.  Any thread. */
void lgp_pending(struct lgp_ledger *ledger, uint64_t after, uint64_t *out, size_t max,
                 size_t *count);
/* A noun's definition text, copied. LGP_MISSING. */
LGP_MUST_USE enum lgp_status lgp_read_definition(struct lgp_reader *reader, uint64_t number,
                                                 char out[LGP_DEFINITION_MAX], size_t *len);

struct lgp_ledger_stats {
	uint64_t log_used_bytes, log_map_bytes, log_waiting_bytes, state_position, overlay_bytes,
	        keys_recent, keys_stored, key_runs, key_memory_bytes;
};
void lgp_stats(struct lgp_ledger *ledger, struct lgp_ledger_stats *out);

#endif
