/* wal: batches on their way into ledger.mdb: the write-ahead log.
 *
 * What a batch puts into ledger.mdb is written here first, in one run of bytes and
 * with one sync, and is durable then.  ledger.mdb takes the batches of many syncs in
 * one transaction of its own, off the commit's way: its pages lie scattered, and it
 * needs two syncs, one for them and one for the page that names them.
 *
 * DIR/ledger.wal-0 and DIR/ledger.wal-1 take turns.  A generation is what goes into
 * ledger.mdb in one transaction; those of even number lie in the first file, those of
 * odd number in the second, each from its beginning on.  The next generation but one
 * is written over it, once ledger.mdb holds it and says so ("wal" in its table meta:
 * the generation's number, 8 bytes little-endian).  A record is a batch:
 *
 *   offset  size  meaning
 *        0    32  SHA-256 of all that follows, up to the end of the puts
 *       32     8  "lgp-wal1"
 *       40     8  generation, from 1
 *       48     8  the record's place in it, from 0
 *       56     8  size of the log that it goes on from
 *       64    32  root of that log; zeros where it is empty
 *       96     8  bytes of puts
 *      104    24  zeros
 *      128     …  puts, and zeros up to a multiple of LGP_WAL_ALIGN
 *
 * and a put is table(1) key length(1) value length(2) key value.  Integers are
 * little-endian; keys of integer tables are as ledger.mdb has them.  A generation ends
 * before the first record that is not of its form, number, place or hash: what was
 * being written when the power went was not acknowledged.  No record shares a block
 * of LGP_WAL_ALIGN bytes with another, so that none is written twice.
 *
 * Thread: who holds the writer, one at a time; what is in hand is the appending thread's. */
#ifndef LAGNIAPPE_WAL_H
#define LAGNIAPPE_WAL_H

#include "lagniappe/hash.h"

#define LGP_WAL_ALIGN 4096
#define LGP_WAL_PUTS_MAX ((size_t)8 << 20) /* bytes of one batch */
#define LGP_WAL_META "wal"

struct lgp_wal;

/* What a record goes on from. */
struct lgp_wal_base {
	uint64_t size;
	struct lgp_hash root;
};

/* Opens both files, and makes those that are not there; lgp_wal_turn is next.
 * LGP_IO, LGP_FULL, LGP_NO_MEMORY. */
LGP_MUST_USE enum lgp_status lgp_wal_open(const char *dir, struct lgp_wal **out);
void lgp_wal_close(struct lgp_wal *wal);
/* ledger.mdb holds all of it: nothing is left to be found. */
LGP_MUST_USE enum lgp_status lgp_wal_empty(struct lgp_wal *wal);
/* The next record is the first of this generation. */
void lgp_wal_turn(struct lgp_wal *wal, uint64_t generation);

/* Adds a put to the record in hand; copies.  LGP_NO_MEMORY: nothing changed. */
LGP_MUST_USE enum lgp_status lgp_wal_put(struct lgp_wal *wal, unsigned table, struct lgp_view key,
                                         struct lgp_view value);
/* The puts in hand; borrowed until the next one is added. */
struct lgp_view lgp_wal_puts(const struct lgp_wal *wal);
void lgp_wal_forget(struct lgp_wal *wal);
/* Durable when it returns LGP_OK; the puts stay in hand.  LGP_FULL: nothing was
 * written that counts.  LGP_IO: the outcome is unknown. */
LGP_MUST_USE enum lgp_status lgp_wal_commit(struct lgp_wal *wal, const struct lgp_wal_base *base);

/* Calls visit for each record of a generation, in order; there may be none.  Any
 * process may read: what is being written over meanwhile is not of the generation. */
typedef enum lgp_status (*lgp_wal_visit)(void *context, const struct lgp_wal_base *base,
                                         struct lgp_view puts);
LGP_MUST_USE enum lgp_status lgp_wal_read(const char *dir, uint64_t generation, lgp_wal_visit visit,
                                          void *context);
/* The newest generation that either file begins with a whole record of; 0: neither does. */
LGP_MUST_USE enum lgp_status lgp_wal_newest(const char *dir, uint64_t *generation);
struct lgp_wal_put {
	unsigned table;
	struct lgp_view key, value;
};
/* Takes the next put off the front.  False: there is none. */
bool lgp_wal_next(struct lgp_view *puts, struct lgp_wal_put *out);

#endif
