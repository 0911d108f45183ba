/* keyformat: the bytes of a run (drawn in keyrun.h), for its reader and writer.
 * Thread: any. */
#ifndef LEDGER_KEYFORMAT_H
#define LEDGER_KEYFORMAT_H

#include "keyrun.h"
#include "lagniappe/codec.h"

#define KEYRUN_MAGIC "LGPKEYS1"
#define KEYRUN_MAGIC_LEN 8
#define KEYRUN_HEADER_LEN 64
#define KEYRUN_SUMMED_LEN 48 /* of the header, below the digest */
#define KEYRUN_DIGEST_LEN 16
#define KEYRUN_RECORD_LEN 14
#define KEYRUN_LINE_LEN 64
#define KEYRUN_LINE_RECORDS 34 /* on average */
#define KEYRUN_WORDS 7
/* Records under one link of the check's chain.  A line holds more only where
 * someone found MACs that agree in their first bytes. */
#define KEYRUN_LINK_RECORDS 256

static inline uint64_t keyrun_lines(uint64_t count)
{
	return (count + KEYRUN_LINE_RECORDS - 1) / KEYRUN_LINE_RECORDS;
}

static inline uint64_t keyrun_records_offset(uint64_t lines)
{
	return KEYRUN_HEADER_LEN + lines * KEYRUN_LINE_LEN;
}

/* prefix * lines / 2^64; lines < 2^32. */
static inline uint64_t keyrun_line_of(uint64_t prefix, uint64_t lines)
{
	uint64_t low = (prefix & UINT32_MAX) * lines;

	return ((prefix >> 32) * lines + (low >> 32)) >> 32;
}

/* The low bits of the prefix, six a word: the high ones chose the line. */
static inline uint64_t keyrun_bit(uint64_t prefix, unsigned word)
{
	return 1ull << (prefix >> 6 * word & 63);
}

/* The check's next link; the first starts from 0. */
uint64_t keyrun_check(uint64_t before, const uint8_t *records, size_t count);

/* LGP_OK, or a fault that names the file and the cause.  Whole or a fault. */
LGP_MUST_USE enum lgp_status keyrun_pread(const struct keyrun_dir *dir, const char *name, int fd,
                                          void *out, size_t len, uint64_t offset);
LGP_MUST_USE enum lgp_status keyrun_pwrite(const struct keyrun_dir *dir, const char *name, int fd,
                                           const void *bytes, size_t len, uint64_t offset);
/* The fault of the system call that just failed. */
LGP_MUST_USE enum lgp_status keyrun_io_fault(const struct keyrun_dir *dir, const char *name,
                                             const char *action);

#endif
