/* keyindex: which entry an idempotency key became, for ever, in 16 bytes of
 * disk and under 2 bytes of memory a key.
 * Thread: find and add are the ledger thread's; flush and merge the applier's.
 *
 * Recent keys are in memory; older ones in immutable sorted runs on disk, each
 * with a filter in memory.  A run holds (first 8 bytes of the MAC, seq) sorted
 * by MAC.  What find gives are candidates: the caller compares the whole MAC
 * with the entry's, for ever is too long for a hash of 8 bytes to be trusted. */
#ifndef LAGNIAPPE_KEYINDEX_H
#define LAGNIAPPE_KEYINDEX_H

#include "lagniappe/hash.h"

struct lgp_keyindex;

/* Opens the runs in dir.  log_size: runs that reach beyond it are of another
 * history and are deleted; 0 deletes all.  *covered: every key of entries below it is in the
 * runs; the caller adds the rest from the log.  Runs that are damaged, of
 * another format, or that leave a gap are deleted, and *covered says so. */
LGP_MUST_USE enum lgp_status lgp_keyindex_open(const char *dir, uint64_t log_size,
                                               uint64_t *covered, struct lgp_keyindex **out);
void lgp_keyindex_close(struct lgp_keyindex *index);

/* In the order of the entries (require()d); one below *covered is there already
 * and is passed over.  LGP_OVERLOAD: 2^24 keys in memory, and no freeze. */
LGP_MUST_USE enum lgp_status lgp_keyindex_add(struct lgp_keyindex *index,
                                              const uint8_t mac[LGP_MAC_LEN], uint64_t seq);

/* Brings near what finding and adding these MACs will touch, in two steps of which the
 * second comes when the first has had time. */
void lgp_keyindex_near(struct lgp_keyindex *index, const uint8_t *const macs[], size_t count,
                       bool second);

/* Calls candidate for each entry that may have been asked for under this MAC,
 * newest first, until it returns true (found) or a fault goes to *status. */
typedef bool (*lgp_keyindex_candidate)(void *context, uint64_t seq, enum lgp_status *status);
/* LGP_OK found, LGP_MISSING, or a fault. */
LGP_MUST_USE enum lgp_status lgp_keyindex_find(struct lgp_keyindex *index,
                                               const uint8_t mac[LGP_MAC_LEN],
                                               lgp_keyindex_candidate candidate, void *context);

/* Ledger thread: sets the keys of all entries below `upto` aside for the next
 * flush; false when the last set is not written yet. */
bool lgp_keyindex_freeze(struct lgp_keyindex *index, uint64_t upto);
/* Applier: writes what was set aside as a run (temporary file, sync, rename,
 * sync of the directory), merging runs of like size.  Nothing set aside: LGP_OK. */
LGP_MUST_USE enum lgp_status lgp_keyindex_flush(struct lgp_keyindex *index);

/* Keys in memory only, keys in runs, bytes of memory, runs. */
struct lgp_keyindex_stats {
	uint64_t recent, stored, memory_bytes, runs;
};
void lgp_keyindex_stats(struct lgp_keyindex *index, struct lgp_keyindex_stats *out);

#endif
