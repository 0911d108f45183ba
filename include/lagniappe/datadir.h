/* datadir: what lies in a data directory, and the keys in it.
 * Thread: any.  See DESIGN's table of files in ledger/README.md.
 *
 *   DIR/ledger.mdb      the log (kv tables: enum lgp_log_table), and DIR/ledger.wal-*
 *                       what is durable before it is in it (wal.h)
 *   DIR/state.mdb       what follows from it, and DIR/keys-*.run beside it
 *   DIR/people.mdb      personal data, sealed; DIR/people.keys the wrapped keys
 *   DIR/keys/           0700; signing, master, mac: 32 bytes each, 0600
 *   DIR/high-water      the last released checkpoint, as a signed note
 *   DIR/lock            held by the one writer */
#ifndef LAGNIAPPE_DATADIR_H
#define LAGNIAPPE_DATADIR_H

#include "lagniappe/kv.h"
#include "lagniappe/note.h"

/* The tables of ledger.mdb.  Integer keys unless said. */
enum lgp_log_table {
	LGP_LOG_ENTRIES,     /* seq -> 256 bytes */
	LGP_LOG_LEAVES,      /* strip -> 16 leaf hashes, zero behind the last */
	LGP_LOG_NODES,       /* tile level << 56 | strip -> 16 hashes of level >= 1 */
	LGP_LOG_CHECKPOINTS, /* size -> root, key id, signature */
	LGP_LOG_PAYLOADS,    /* 32-byte hash -> bytes */
	LGP_LOG_META,        /* name -> bytes: "format", "origin", "vkey", "wal" (wal.h) */
	LGP_LOG_TABLE_COUNT,
};
extern const struct lgp_kv_table lgp_log_tables[LGP_LOG_TABLE_COUNT];

#define LGP_LOG_FORMAT "lagniappe-ledger-1"
#define LGP_STRIP_HASHES 16 /* hashes in one stored strip of a tile: 512 bytes */
/* A checkpoint's value: root (32), key id (4), signature (64). */
#define LGP_CHECKPOINT_VALUE_LEN 100

/* Makes the names of what the directory holds durable. */
LGP_MUST_USE enum lgp_status lgp_directory_sync(const char *path);

/* Secrets.  Wiped by lgp_keys_wipe. */
struct lgp_keys {
	uint8_t signing_seed[32]; /* Ed25519 */
	uint8_t master[32];       /* wraps each person's key */
	uint8_t mac[32];          /* MACs and customer ids; never rotates */
};

/* LGP_EXISTS: there are keys.  Files 0600 in DIR/keys 0700, synced. */
LGP_MUST_USE enum lgp_status lgp_keys_create(const char *dir, const struct lgp_keys *keys);
/* LGP_MISSING; LGP_INVALID: readable by others, or not 32 bytes. */
LGP_MUST_USE enum lgp_status lgp_keys_load(const char *dir, struct lgp_keys *out);
void lgp_keys_wipe(struct lgp_keys *keys);

/* Customer ids: "c-" and 26 base32 characters that stand for the customer's
 * number, enciphered (AES-128 under a key derived from the MAC key), so that
 * ids tell nothing, cannot be guessed, and need no index.
 * One struct per thread. */
#define LGP_CUSTOMER_ID_LEN 28
struct lgp_idcipher;
LGP_MUST_USE enum lgp_status lgp_idcipher_new(const uint8_t mac_key[LGP_KEY_LEN],
                                              struct lgp_idcipher **out);
void lgp_idcipher_free(struct lgp_idcipher *cipher);
void lgp_customer_id(struct lgp_idcipher *cipher, uint64_t number, char out[LGP_CUSTOMER_ID_LEN]);
/* LGP_MALFORMED: not of the form.  LGP_MISSING: of the form, and never given. */
LGP_MUST_USE enum lgp_status lgp_customer_number(struct lgp_idcipher *cipher, struct lgp_view id,
                                                 uint64_t *number);

#endif
