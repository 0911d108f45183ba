/* source: where the audited ledger's bytes come from: a ledger.mdb, alone or
 * in a data directory, also while a server writes it.
 * Thread: one at a time.
 *
 * Every call copies what it reads out of one read transaction of its own and
 * lets it go: at most a block (1,024 entries) or a batch at a time, so the
 * server's file does not grow for the audit's sake, and no lock of a writer is
 * taken.  What is read is judged up to the size that was fixed first; size_now
 * says how far the ledger had grown in the snapshot that a call read.
 *
 * Damage is a value here, never an end: a cell or strip says what became of it,
 * and a call that could read nothing returns the fault. */
#ifndef LAGNIAPPE_AUDIT_SOURCE_H
#define LAGNIAPPE_AUDIT_SOURCE_H

#include "lagniappe/datadir.h"
#include "lagniappe/entry.h"

#define BLOCK_ENTRIES 1024 /* 288 KiB a block: it stays in the processor's cache */
#define BLOCK_STRIPS (BLOCK_ENTRIES / LGP_STRIP_HASHES)
#define CHECKPOINTS_MAX 256       /* read at once */
#define PAYLOADS_MAX 256          /* read at once */
#define PAYLOAD_LEN_MAX (1 << 20) /* bytes of one that is read */

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

/* ledger: the file or the directory.
 * LGP_MISSING; LGP_MALFORMED: an address; LGP_FORMAT; LGP_CORRUPT, *damaged set:
 * there is a file, and what is in it is no ledger, or not any more. */
LGP_MUST_USE enum lgp_status source_open(const char *ledger, struct source **out, bool *damaged);
void source_close(struct source *source);
/* The data directory, "" for a file alone. */
const char *source_directory(const struct source *source);

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
/* Payloads behind the key `after` (NULL: from the first), in the order of
 * their keys; count 0 at the end. */
LGP_MUST_USE enum lgp_status source_payloads(struct source *source, const struct lgp_hash *after,
                                             struct payloads *out);
/* The payload kept under this hash.  LGP_MISSING; LGP_OVERLOAD: longer. */
LGP_MUST_USE enum lgp_status source_payload(struct source *source, const struct lgp_hash *key,
                                            void *out, size_t room, size_t *len);

#endif
