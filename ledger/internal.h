/* internal: the ledger's own parts, as its files share them.
 * Thread: the ledger thread, except what `released_lock` guards, and what an append works
 * with while it runs: the closed batch, the tree, append_reader, and the log. */
#ifndef LAGNIAPPE_LEDGER_INTERNAL_H
#define LAGNIAPPE_LEDGER_INTERNAL_H

#include "lagniappe/keyindex.h"
#include "lagniappe/ledger.h"
#include "limits.h"
#include "log.h"
#include "registry.h"
#include "state.h"

#include <pthread.h>

#define PATH_BYTES 512
#define BATCH_PAYLOAD_BYTES (1024 * 1024) /* then the batch is full */
#define BATCH_PAYLOADS 4096               /* the same */

struct payload {
	struct lgp_hash hash;
	size_t offset, len; /* in batch.payload_bytes */
	uint64_t seq;
};

/* Grants that wait for approval, by number; bounded by LGP_PENDING_MAX. */
struct pending {
	size_t count;
	struct {
		uint64_t seq, staff;
		int64_t until_us;
	} list[LGP_PENDING_MAX];
};

/* One is open, and judged into; the other is closed: on its way through the door, and
 * then readable, for its replies, until the next one is closed. */
struct batch {
	uint64_t first; /* the number of its first entry */
	size_t count;
	uint8_t *entries; /* LGP_BATCH_MAX * LGP_ENTRY_LEN */
	char *payload_bytes;
	size_t payload_used;
	struct payload *payloads;
	size_t payload_count;
	bool defines; /* its last entry changed a definition: nothing comes after */
	bool sealed, applied;
	int32_t day;            /* from when it is closed: the newest business date */
	struct pending pending; /* the same, where it changed what waits */
	bool pending_changed;
	struct lgp_checkpoint checkpoint; /* from when it is sealed */
	uint8_t signature[LGP_SIGNATURE_LEN];
	char note[LGP_CHECKPOINT_SIGNED_MAX];
	size_t note_len;
};

struct lgp_ledger {
	char dir[PATH_BYTES];
	int lock_fd, highwater_fd;
	_Atomic bool highwater_dirty;
	struct lgp_keys secrets;
	struct lgp_signer signer;
	struct lgp_calendar calendar;
	char zone[LGP_ZONE_MAX];
	size_t zone_len;
	size_t overlay_given; /* by who opened it; 0: overlay_fit decides */
	size_t overlay_bytes; /* a generation of changes is as large as this */
	struct logstore *log;
	struct log_reader log_reader;    /* the ledger thread's */
	struct log_reader append_reader; /* of who appends */
	bool log_held;                   /* a replay is between its begin and end */
	struct state *state;
	struct registry *registry;
	struct limits *limits;
	struct pending pending; /* with the open batch */
	struct pending shown;   /* what is durable: under released_lock */
	bool pending_changed;
	struct lgp_keyindex *keys;
	struct lgp_tree *tree;
	struct globals now;  /* with the open batch */
	int32_t applied_day; /* now.day as of what is applied */
	struct batch batches[2], *open, *closed;
	struct appender *appender; /* NULL: not needed yet */
	pthread_mutex_t released_lock;
	struct lgp_checkpoint released;
	char released_note[LGP_CHECKPOINT_SIGNED_MAX];
	size_t released_note_len;
};

struct lgp_reader {
	struct lgp_ledger *ledger;
	struct log_reader log;
	struct lgp_kv_txn *state; /* reset between calls */
};

/* One entry's consequences for the state (apply.c), and for the registry. */
LGP_MUST_USE enum lgp_status apply_entry(struct lgp_ledger *ledger, const struct lgp_entry *entry,
                                         struct lgp_view payload);
LGP_MUST_USE enum lgp_status
apply_definition(struct lgp_ledger *ledger, const struct lgp_entry *entry, struct lgp_view payload);
bool kind_defines(enum lgp_kind kind);

/* A name that is one however it is written in capitals: without them, zero-padded.
 * Households and incidents are told apart by it (household.c). */
void name_fold(struct lgp_view typed, char out[LGP_SLUG_MAX]);
/* What a customer's entry says of their household. */
LGP_MUST_USE enum lgp_status
apply_household(struct lgp_ledger *ledger, const struct lgp_entry *entry, struct lgp_view payload);

/* Limits' counters (count.c). */
struct limit_case limit_case_of(const struct lgp_ledger *ledger, const struct lgp_entry *entry);
/* The counter of a version for a case.  False: the case lacks what it goes by. */
bool counter_key(const struct limit_version *version, const struct limit_case *grant,
                 struct state_key *out);
struct state_key incident_key(const struct limit_version *version, const struct limit_case *grant);
/* Counts a grant or an ask in every limit that it meets. */
LGP_MUST_USE enum lgp_status count_in(struct lgp_ledger *ledger, const struct lgp_entry *entry);
/* Takes an ask out again, whole: it came to nothing, or became a grant. */
LGP_MUST_USE enum lgp_status count_out(struct lgp_ledger *ledger, const struct lgp_entry *ask);
/* Gives back what each limit says that a reversal gives back. */
LGP_MUST_USE enum lgp_status count_back(struct lgp_ledger *ledger, const struct lgp_entry *original,
                                        const struct lgp_entry *reversal, bool whole);
/* Counts an approved grant against who approved it. */
LGP_MUST_USE enum lgp_status count_authority(struct lgp_ledger *ledger,
                                             const struct lgp_entry *entry, uint64_t authority);

/* The limit's version, into memory (apply_limit.c). */
LGP_MUST_USE enum lgp_status limit_load(struct lgp_ledger *ledger, uint64_t number,
                                        uint64_t version, uint64_t counts_from,
                                        struct lgp_view text);
LGP_MUST_USE enum lgp_status apply_limit(struct lgp_ledger *ledger, const struct lgp_entry *entry,
                                         struct lgp_view payload);
LGP_MUST_USE enum lgp_status apply_limit_end(struct lgp_ledger *ledger,
                                             const struct lgp_entry *entry);

/* LGP_OVERLOAD: LGP_PENDING_MAX wait already. */
LGP_MUST_USE enum lgp_status pending_add(struct pending *pending, const struct lgp_entry *ask,
                                         int64_t until_us);
/* How many one member of staff asked for. */
size_t pending_of(const struct pending *pending, uint64_t staff);
void pending_remove(struct pending *pending, uint64_t seq);
bool pending_holds(const struct pending *pending, uint64_t seq);

/* Completes the entry, applies it, and adds it to the batch (batch.c). */
LGP_MUST_USE enum lgp_status batch_add(struct lgp_ledger *ledger, struct lgp_entry *entry,
                                       struct lgp_view payload, bool keyed);
LGP_MUST_USE enum lgp_status batches_init(struct lgp_ledger *ledger);
void batches_deinit(struct lgp_ledger *ledger);
/* The next one, behind all that was judged. */
void batch_open(struct lgp_ledger *ledger);
/* Seals the closed batch: the tree extended, the checkpoint signed. */
void batch_seal(struct lgp_ledger *ledger);
/* The time that an entry asked for at this moment gets: times only increase. */
int64_t batch_time(const struct lgp_ledger *ledger, int64_t time_us);
/* Numbers, links, balance and policy of an entry that would come next. */
LGP_MUST_USE enum lgp_status batch_complete(struct lgp_ledger *ledger, struct lgp_entry *entry);
/* The entry, durable or in a batch.  LGP_MISSING. */
LGP_MUST_USE enum lgp_status batch_find(struct lgp_ledger *ledger, uint64_t seq,
                                        struct lgp_entry *out);
/* The parts that need no file. *out is to be closed even after a fault. */
LGP_MUST_USE enum lgp_status ledger_new(const char *dir, struct lgp_ledger **out);
/* What waits for approval, for other threads to see. */
void ledger_show_pending(struct lgp_ledger *ledger, const struct pending *pending);
/* Whose authority an approved grant's payload names: "authority <staff>". */
LGP_MUST_USE enum lgp_status approval_authority(const struct lgp_ledger *ledger,
                                                const struct lgp_entry *entry,
                                                struct lgp_view payload, uint64_t *authority);
void ledger_release(struct lgp_ledger *ledger, const struct lgp_checkpoint *checkpoint,
                    const char *note, size_t note_len);

/* The thread that appends beside (appender.c). */
void appender_free(struct appender *appender);

/* Sets overlay_bytes anew, for state.mdb as it is now (applier.c). */
void overlay_fit(struct lgp_ledger *ledger);

/* DIR/high-water (highwater.c). LGP_BEHIND when the ledger does not contain it. */
LGP_MUST_USE enum lgp_status highwater_check(struct lgp_ledger *ledger);

/* Whether state.mdb stands on this log: its root is the log's at its position. */
LGP_MUST_USE enum lgp_status replay_position_holds(struct lgp_ledger *ledger,
                                                   const struct state_position *position,
                                                   bool *holds);
/* Whether the key runs are this log's, as far as a few dozen samples tell. */
LGP_MUST_USE enum lgp_status replay_keys_hold(struct lgp_ledger *ledger, uint64_t covered,
                                              bool *holds);
/* Replays what the state lacks of the log (replay.c). */
LGP_MUST_USE enum lgp_status replay(struct lgp_ledger *ledger,
                                    const struct state_position *position, uint64_t keys_covered);

#endif
