/* logstore: ledger.mdb, and what is durable before it is in it.  See logstore.c. */
#ifndef LAGNIAPPE_LEDGER_LOGSTORE_H
#define LAGNIAPPE_LEDGER_LOGSTORE_H

#include "lagniappe/datadir.h"
#include "lagniappe/noun.h"
#include "lagniappe/wal.h"

struct logstore;

/* Opens or makes the files in DIR, and brings into ledger.mdb what was durable and not
 * there yet.  LGP_CORRUPT: the write-ahead log goes on from another log. */
LGP_MUST_USE enum lgp_status logstore_open(const char *dir, size_t map_bytes,
                                           struct logstore **out);
/* Settles, where it was settled before and that can be; NULL is fine. */
void logstore_close(struct logstore *store);
struct lgp_kv *logstore_kv(struct logstore *store);

/* One thread at a time: what a batch puts, then all of it durable at once, and shown.
 * LGP_FULL: nothing was written.  Forget ends it either way. */
LGP_MUST_USE enum lgp_status logstore_put(struct logstore *store, enum lgp_log_table table,
                                          struct lgp_view key, struct lgp_view value);
LGP_MUST_USE enum lgp_status logstore_commit(struct logstore *store,
                                             const struct lgp_wal_base *base);
void logstore_forget(struct logstore *store);

/* Any thread: all that is durable now into ledger.mdb.  After a fault nothing is lost,
 * and the next one tries again. */
LGP_MUST_USE enum lgp_status logstore_flush(struct logstore *store);
/* Ledger thread, when the ledger is known to be whole, and at its end: a flush, after
 * which the write-ahead log is empty. */
LGP_MUST_USE enum lgp_status logstore_settle(struct logstore *store);
/* Bytes that wait for a flush, and whether they are so many that a commit may soon have
 * to do it itself.  Any thread. */
size_t logstore_waiting_bytes(struct logstore *store);
bool logstore_pressed(struct logstore *store);

/* Who reads: between begin and end; what is looked up is borrowed until the next look. */
struct log_reader {
	struct logstore *store;
	struct lgp_kv_txn *txn; /* owned */
	uint64_t flushed;       /* what had left the layers when its snapshot was taken */
	char value[LGP_DEFINITION_MAX];
};
LGP_MUST_USE enum lgp_status logstore_reader_init(struct log_reader *reader,
                                                  struct logstore *store);
void logstore_reader_deinit(struct log_reader *reader);
LGP_MUST_USE enum lgp_status logstore_begin(struct log_reader *reader);
void logstore_end(struct log_reader *reader);
/* LGP_MISSING. */
LGP_MUST_USE enum lgp_status logstore_get(struct log_reader *reader, enum lgp_log_table table,
                                          struct lgp_view key, struct lgp_view *value);

#endif
