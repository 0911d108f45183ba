/* keyrecent: the keys of the newest entries, in memory.  Inside ledger/ only.
 * Thread: one writer (the ledger thread); once split off, read by any.
 *
 * Keys lie in the order of their entries.  The hash table over them grows by
 * one bucket with every key (linear hashing), in chunks that never move: no
 * add ever stops to rehash a million keys.  20 bytes a key. */
#ifndef LEDGER_KEYRECENT_H
#define LEDGER_KEYRECENT_H

#include "keyrun.h"

#define KEYRECENT_CHUNK 131072u /* 2 MiB of keys */
#define KEYRECENT_CHUNKS_MAX 128u
#define KEYRECENT_KEYS_MAX (KEYRECENT_CHUNK * KEYRECENT_CHUNKS_MAX) /* 2^24 */

struct keyrecent;

/* The keys of entries from `from` on.  LGP_NO_MEMORY. */
LGP_MUST_USE enum lgp_status keyrecent_new(uint64_t from, struct keyrecent **out);
void keyrecent_free(struct keyrecent *recent); /* NULL is fine */

/* seq at or behind the last one added.  LGP_NO_MEMORY; LGP_OVERLOAD:
 * KEYRECENT_KEYS_MAX keys, or 2^32 entries, and no freeze. */
LGP_MUST_USE enum lgp_status keyrecent_add(struct keyrecent *recent, uint64_t prefix, uint64_t seq);
/* As lgp_keyindex_find. */
LGP_MUST_USE enum lgp_status keyrecent_find(const struct keyrecent *recent, uint64_t prefix,
                                            lgp_keyindex_candidate candidate, void *context);

/* Brings near what a find will touch: the bucket, then, once that is here, its key. */
void keyrecent_near_bucket(const struct keyrecent *recent, uint64_t prefix);
void keyrecent_near_key(const struct keyrecent *recent, uint64_t prefix);
/* The same of what an add will move out of the bucket that it splits, when `before` adds
 * come before it. */
void keyrecent_near_split(const struct keyrecent *recent, size_t before);

/* Moves the keys of entries from `upto` on into a new one; what stays is
 * [from, upto) and takes no more.  A fault changes nothing. */
LGP_MUST_USE enum lgp_status keyrecent_split(struct keyrecent *recent, uint64_t upto,
                                             struct keyrecent **newer);

/* The keys in the order of a run, owned by the caller: free().  NULL for none. */
LGP_MUST_USE enum lgp_status keyrecent_sort(const struct keyrecent *recent,
                                            struct keyrun_record **out);

uint64_t keyrecent_from(const struct keyrecent *recent);
uint64_t keyrecent_to(const struct keyrecent *recent); /* once split off: upto */
uint64_t keyrecent_count(const struct keyrecent *recent);
uint64_t keyrecent_memory(const struct keyrecent *recent);

#endif
