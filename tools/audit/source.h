/* source: where the audited ledger's bytes come from: a ledger.mdb, alone or
 * in a data directory, also while a server writes it; or a server's address.
 * Thread: one at a time.
 *
 * Of a file every call copies what it reads out of one read transaction of its
 * own and lets it go: at most a block (1,024 entries) or a batch at a time, so
 * the server's file does not grow for the audit's sake, and no lock of a writer
 * is taken.  What is read is judged up to the size that was fixed first; size_now
 * says how far the ledger had grown in the snapshot that a call read.
 *
 * Of a directory, what is durable in its write-ahead log and not in ledger.mdb yet
 * counts like the rest: it was acknowledged.
 *
 * A server shows its newest checkpoint, the tiles and entry bundles under it, and
 * payloads by their hashes; that checkpoint, read at the opening, is the size.
 * It may lie at each request.  What it showed of an entry once it must show
 * again (source_entry), or the entry counts as damaged.
 *
 * Damage is a value here, never an end: a cell or strip says what became of it,
 * and a call that could read nothing returns the fault.  A server that is gone,
 * or lets nobody in, is no damage: source_failure. */
#ifndef LAGNIAPPE_AUDIT_SOURCE_H
#define LAGNIAPPE_AUDIT_SOURCE_H

#include "lagniappe/datadir.h"
#include "lagniappe/entry.h"

#define BLOCK_ENTRIES 1024 /* 288 KiB a block: it stays in the processor's cache */
#define BLOCK_STRIPS (BLOCK_ENTRIES / LGP_STRIP_HASHES)
#define CHECKPOINTS_MAX 256       /* read at once */
#define PAYLOADS_MAX 256          /* read at once */
#define PAYLOADS_NAMED_MAX 64     /* asked for at once by their hashes */
#define PAYLOAD_LEN_MAX (1 << 20) /* bytes of one that is read */
/* Bytes of one among those; a ledger's have at most LGP_DEFINITION_MAX. */
#define PAYLOAD_NAMED_LEN_MAX (PAYLOAD_LEN_MAX / PAYLOADS_NAMED_MAX)

enum cell {
	CELL_HERE,
	CELL_MISSING,
	CELL_LENGTH,  /* it is there, and not as long as it must be */
	CELL_DAMAGED, /* its page cannot be read */
};

struct strip {
	enum cell cell;
	struct lgp_hash hash[LGP_STRIP_HASHES];
};

struct block {
	uint64_t first; /* a multiple of BLOCK_ENTRIES */
	unsigned count;
	bool empty;                  /* neither an entry nor a strip of leaves is there */
	uint64_t next_entry;         /* empty: the next entry that is there; UINT64_MAX: none */
	char cause[256];             /* of a damaged cell, the first one's */
	uint8_t cell[BLOCK_ENTRIES]; /* enum cell */
	uint8_t entry[BLOCK_ENTRIES][LGP_ENTRY_LEN];
	struct strip leaves[BLOCK_STRIPS];
};

struct stored_checkpoint {
	uint64_t size;
	enum cell cell;
	struct lgp_hash root;
	uint8_t key_id[4], signature[LGP_SIGNATURE_LEN];
};

struct payloads {
	size_t count;
	struct {
		struct lgp_hash key;
		size_t at, len; /* in bytes[]; len above PAYLOAD_LEN_MAX: not read */
	} list[PAYLOADS_MAX];
	uint8_t bytes[PAYLOAD_LEN_MAX];
};

struct source;

struct source_options {
	const char *ledger; /* a file, a data directory, or a server's URL */
	const char *token;  /* for a URL: a bearer token; NULL: none */
	const char *ca;     /* for a URL: a PEM file to trust; NULL: the system's */
};
/* options: borrowed for the call.
 * LGP_MISSING; LGP_MALFORMED: no URL of a server; LGP_FORMAT; LGP_IO, LGP_OVERLOAD,
 * LGP_INVALID: the server is not there, busy, or lets this token not in;
 * LGP_CORRUPT, *damaged set: there is a file, or an answer, and what is in it is no
 * ledger, or not any more. */
LGP_MUST_USE enum lgp_status source_open(const struct source_options *options, struct source **out,
                                         bool *damaged);
void source_close(struct source *source);
/* The data directory, "" for a file alone. */
const char *source_directory(const struct source *source);

/* What this source cannot show of a ledger, in words for people; ends with NULL. */
const char *const *source_unshown(const struct source *source);

/* After any call: LGP_OK, or why it answers no more and lgp_fault_detail().  What
 * was missing or damaged since then tells nothing about the ledger. */
LGP_MUST_USE enum lgp_status source_failure(const struct source *source);
/* The same as a flag, for whoever must be silent by then. */
const _Atomic bool *source_failed(const struct source *source);

/* What is wrong with an answer, in whole: bytes behind a bundle's end, a tile that
 * breaks off, a status that is none of an answer. */
struct complaint {
	uint64_t seq; /* the first entry that the answer was about; UINT64_MAX: none */
	char text[256];
};
/* The next one; false: there is none.  A file gives no cause to complain. */
bool source_complaint(struct source *source, struct complaint *out);

struct extent {
	uint64_t size;        /* the last entry's number and one; 0: none */
	uint64_t entries;     /* how many are there */
	uint64_t checkpoints; /* and of these */
	uint64_t covered;     /* the last checkpoint's size; 0: none */
};
LGP_MUST_USE enum lgp_status source_extent(struct source *source, struct extent *out);

/* Up to room bytes; LGP_MISSING; LGP_OVERLOAD: longer. */
LGP_MUST_USE enum lgp_status source_meta(struct source *source, const char *name, char *out,
                                         size_t room, size_t *len);
/* Fills the block from block->first on, up to `size`.  Never fails: cells do. */
void source_block(struct source *source, uint64_t size, struct block *block);
/* One entry's bytes. */
LGP_MUST_USE enum lgp_status source_entry(struct source *source, uint64_t seq,
                                          uint8_t out[LGP_ENTRY_LEN]);
/* A strip of table LGP_LOG_LEAVES or LGP_LOG_NODES.  *size_now may be NULL. */
void source_strip(struct source *source, enum lgp_log_table table, uint64_t key, struct strip *out,
                  uint64_t *size_now);
/* The first strip of a table behind those that a tile level has at the ledger's
 * size, or of a level above.  LGP_MISSING. */
LGP_MUST_USE enum lgp_status source_strip_behind(struct source *source, enum lgp_log_table table,
                                                 unsigned level, uint64_t *key);
/* Checkpoints of sizes from `from` on, in their order; *count 0 at the end. */
LGP_MUST_USE enum lgp_status source_checkpoints(struct source *source, uint64_t from,
                                                struct stored_checkpoint out[CHECKPOINTS_MAX],
                                                size_t *count);
/* Whether source_payloads can be called, else source_payloads_named. */
bool source_lists_payloads(const struct source *source);
/* Payloads behind the key `after` (NULL: from the first), in the order of
 * their keys; count 0 at the end. */
LGP_MUST_USE enum lgp_status source_payloads(struct source *source, const struct lgp_hash *after,
                                             struct payloads *out);
/* Those of these hashes, up to PAYLOADS_NAMED_MAX, that are there, in this order;
 * len above PAYLOAD_LEN_MAX: not read, and a complaint says why. */
LGP_MUST_USE enum lgp_status source_payloads_named(struct source *source,
                                                   const struct lgp_hash *keys, size_t count,
                                                   struct payloads *out);
/* The payload kept under this hash.  LGP_MISSING; LGP_OVERLOAD: longer;
 * LGP_INVALID: a server's, and it hashes to another. */
LGP_MUST_USE enum lgp_status source_payload(struct source *source, const struct lgp_hash *key,
                                            void *out, size_t room, size_t *len);

#endif
