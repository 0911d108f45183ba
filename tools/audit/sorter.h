/* sorter: numbered keys brought into order, on disk where they do not fit.
 * Thread: one at a time.
 *
 * Memory: one buffer of SORTER_BUFFER_BYTES, however many are added.  Full
 * buffers are sorted and written to a temporary file without a name (in
 * $TMPDIR or /tmp), which are merged when they are read back.  Equal keys come
 * in the order of their numbers. */
#ifndef LAGNIAPPE_AUDIT_SORTER_H
#define LAGNIAPPE_AUDIT_SORTER_H

#include "lagniappe/status.h"

#define SORTER_BUFFER_BYTES (24u << 20)
#define SORTER_KEY_MAX 32
#define SORTER_RUNS_MAX 4096 /* then no more are taken: 4 * 10^9 records of 12 bytes */

struct sorter;

/* key_len: 2 to SORTER_KEY_MAX bytes, evenly spread (hashes, MACs), or it is slow.
 * number_len: bytes that hold every number, 8 at most; with the key 8 at least.
 * buffer_bytes: SORTER_BUFFER_BYTES, or less in tests. */
LGP_MUST_USE enum lgp_status sorter_new(size_t key_len, size_t number_len, size_t buffer_bytes,
                                        struct sorter **out);
void sorter_free(struct sorter *sorter);
/* LGP_IO, LGP_OVERLOAD. */
LGP_MUST_USE enum lgp_status sorter_add(struct sorter *sorter, const uint8_t *key, uint64_t number);
/* After the last one was added; then read them in order. */
LGP_MUST_USE enum lgp_status sorter_finish(struct sorter *sorter);
/* LGP_MISSING at the end.  key is borrowed until the next call. */
LGP_MUST_USE enum lgp_status sorter_next(struct sorter *sorter, const uint8_t **key,
                                         uint64_t *number);

#endif
