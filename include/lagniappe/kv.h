/* kv: ordered key-value files, and the one door to the storage engine
 * (LMDB: ledger/kv.c alone includes its header).
 * Thread: an environment is for any thread; a transaction or cursor is for
 * the thread that uses it, one at a time.  One write transaction at once.
 * Every fault comes with lgp_fault_detail(): the call, the file, the cause. */
#ifndef LAGNIAPPE_KV_H
#define LAGNIAPPE_KV_H

#include "lagniappe/status.h"

#define LGP_KV_TABLES_MAX 8
#define LGP_KV_KEY_MAX 511 /* bytes, LMDB's own bound */

struct lgp_kv;
struct lgp_kv_txn;
struct lgp_kv_cursor;

/* A named table; index its place in lgp_kv_options.tables. */
struct lgp_kv_table {
	const char *name;
	bool integer_key; /* keys are native uint64_t */
};

struct lgp_kv_options {
	const struct lgp_kv_table *tables;
	size_t table_count; /* at most LGP_KV_TABLES_MAX */
	size_t map_bytes;   /* the file's upper bound, fixed while open */
	bool read_only;     /* a file that is never written; no lock file is needed */
	bool derived;       /* can be made again: LGP_CORRUPT when it was cut short */
	unsigned readers_max;
};

/* Opens or creates the single file `path` (and path-lock).
 * LGP_MISSING: read_only and no such file.  LGP_CORRUPT: not a store. */
LGP_MUST_USE enum lgp_status lgp_kv_open(const char *path, const struct lgp_kv_options *options,
                                         struct lgp_kv **out);
void lgp_kv_close(struct lgp_kv *kv);
/* Frees the slots of readers whose process died; returns how many. */
int lgp_kv_clear_dead_readers(struct lgp_kv *kv);
/* Bytes of the file in use, and its bound. */
void lgp_kv_size(struct lgp_kv *kv, uint64_t *used_bytes, uint64_t *map_bytes);

/* Readers see the last durable commit.  Reset lets a snapshot go and keeps the
 * slot, renew takes the newest snapshot. */
LGP_MUST_USE enum lgp_status lgp_kv_read_begin(struct lgp_kv *kv, struct lgp_kv_txn **out);
void lgp_kv_read_reset(struct lgp_kv_txn *txn);
LGP_MUST_USE enum lgp_status lgp_kv_read_renew(struct lgp_kv_txn *txn);
LGP_MUST_USE enum lgp_status lgp_kv_write_begin(struct lgp_kv *kv, struct lgp_kv_txn **out);
/* Durable when it returns LGP_OK.  After a fault the outcome is unknown, save
 * for LGP_FULL, which wrote nothing.  Ends the transaction either way. */
LGP_MUST_USE enum lgp_status lgp_kv_commit(struct lgp_kv_txn *txn);
void lgp_kv_abort(struct lgp_kv_txn *txn); /* also ends readers; NULL is fine */

/* *value is borrowed and dies with the transaction (or its reset), or at the
 * next write through it. LGP_MISSING: no such key. */
LGP_MUST_USE enum lgp_status lgp_kv_get(struct lgp_kv_txn *txn, size_t table, struct lgp_view key,
                                        struct lgp_view *value);
LGP_MUST_USE enum lgp_status lgp_kv_put(struct lgp_kv_txn *txn, size_t table, struct lgp_view key,
                                        struct lgp_view value);
/* key must sort behind every key of the table.  LGP_CORRUPT: it does not. */
LGP_MUST_USE enum lgp_status lgp_kv_append(struct lgp_kv_txn *txn, size_t table,
                                           struct lgp_view key, struct lgp_view value);
/* LGP_MISSING: there was none. */
LGP_MUST_USE enum lgp_status lgp_kv_delete(struct lgp_kv_txn *txn, size_t table,
                                           struct lgp_view key);
LGP_MUST_USE enum lgp_status lgp_kv_count(struct lgp_kv_txn *txn, size_t table, uint64_t *out);
/* Pages that hold its records. */
LGP_MUST_USE enum lgp_status lgp_kv_leaves(struct lgp_kv_txn *txn, size_t table, uint64_t *out);

/* Cursors read in key order.  seek: the first key at or behind the given one.
 * All of them: LGP_MISSING at the end; what they give is borrowed as above. */
LGP_MUST_USE enum lgp_status lgp_kv_cursor_open(struct lgp_kv_txn *txn, size_t table,
                                                struct lgp_kv_cursor **out);
void lgp_kv_cursor_close(struct lgp_kv_cursor *cursor); /* before its transaction ends */
LGP_MUST_USE enum lgp_status lgp_kv_seek(struct lgp_kv_cursor *cursor, struct lgp_view key,
                                         struct lgp_view *found, struct lgp_view *value);
LGP_MUST_USE enum lgp_status lgp_kv_next(struct lgp_kv_cursor *cursor, struct lgp_view *key,
                                         struct lgp_view *value);
LGP_MUST_USE enum lgp_status lgp_kv_last(struct lgp_kv_cursor *cursor, struct lgp_view *key,
                                         struct lgp_view *value);
/* lgp_kv_append for many: goes on from where the last one ended. */
LGP_MUST_USE enum lgp_status lgp_kv_cursor_append(struct lgp_kv_cursor *cursor, struct lgp_view key,
                                                  struct lgp_view value);

/* A key of an integer_key table, for the statement that it stands in. */
#define LGP_KV_INTEGER(number) ((struct lgp_view){(const char *)&(uint64_t){(number)}, 8})

#endif
