/* keyrun: one immutable run of the key index: a file of sorted records and
 * the filter over them.  Inside ledger/ only.
 * Thread: writers, cursors, open, load and close are the applier's; find is
 * the ledger thread's, at the same time as all of these but close.
 *
 * File keys-<from>-<to>.run, entry numbers of 20 digits, to exclusive.
 * Integers little-endian unless said:
 *
 *  offset size meaning
 *       0    8 magic "LGPKEYS1", the last character is the format's version
 *       8    8 count: records
 *      16    8 from: the first entry whose key can be in here
 *      24    8 to: the entry behind the last
 *      32    8 lines: ceil(count / 34)
 *      40    8 zero
 *      48   16 BLAKE2b-128 of bytes 0 to 47 and of all lines
 *      64   64 * lines
 *     ...   14 * count: records, sorted by prefix, newest first within one
 *
 * A record: the first 8 bytes of the MAC (big-endian as a number, so that bytes
 * sort as numbers do), then the entry's number in 6 bytes: a log holds fewer
 * than 2^48 entries.
 *
 * MACs are uniform, so prefix * lines / 2^64 names a record's line, about 34
 * records share one, and lines are in the order of their records.  A line:
 *
 *       0    4 records in the lines before this one
 *       4    4 check: low half of the chained SipHash of the line's records
 *       8   56 filter: 7 words of 64 bits; each record sets one bit in each
 *
 * So one line of memory says where to read and what must come back: a miss
 * costs one cache line, a hit one read of half a kilobyte, and a record that
 * rotted on the disk is noticed, not missed.  34 records a line keep a key
 * within 1.89 bytes of memory and 15.89 of disk: below 2 and 32 even while a
 * merge has all of it on the disk twice. */
#ifndef LEDGER_KEYRUN_H
#define LEDGER_KEYRUN_H

#include "lagniappe/keyindex.h"

#define KEYRUN_NAME_LEN 50 /* without NUL */
#define KEYRUN_TMP_SUFFIX ".tmp"
#define KEYRUN_COUNT_MAX UINT32_MAX       /* records in one run */
#define KEYRUN_SEQ_MAX ((1ull << 48) - 1) /* the largest entry number */

/* Where runs live.  Outlives everything opened in it. */
struct keyrun_dir {
	int fd;
	char *path; /* for messages */
};

struct keyrun_record {
	uint64_t prefix, seq;
};

struct keyrun;
struct keyrun_writer;
struct keyrun_cursor;

void keyrun_name_format(char out[KEYRUN_NAME_LEN + 1], uint64_t from, uint64_t to);
bool keyrun_name_parse(const char *name, uint64_t *from, uint64_t *to);

/* Deletes DIR/name; that there is none is fine.  LGP_IO. */
LGP_MUST_USE enum lgp_status keyrun_delete(const struct keyrun_dir *dir, const char *name);
LGP_MUST_USE enum lgp_status keyrun_dir_sync(const struct keyrun_dir *dir);

/* Opens and checks the header; the filter stays on the disk until
 * keyrun_load, and find is slower by a read until then.
 * LGP_CORRUPT, LGP_FORMAT: the file is of no use (the caller deletes it). */
LGP_MUST_USE enum lgp_status keyrun_open(const struct keyrun_dir *dir, uint64_t from, uint64_t to,
                                         struct keyrun **out);
/* Brings the filter into memory and checks it.  Loaded already: LGP_OK.
 * LGP_CORRUPT: find says so too from now on. */
LGP_MUST_USE enum lgp_status keyrun_load(struct keyrun *run);
bool keyrun_loaded(struct keyrun *run);
void keyrun_close(struct keyrun *run); /* NULL is fine */

uint64_t keyrun_from(const struct keyrun *run);
uint64_t keyrun_to(const struct keyrun *run);
uint64_t keyrun_count(const struct keyrun *run);
uint64_t keyrun_memory(struct keyrun *run);

/* Starts to fetch the line that find will look at. */
void keyrun_prefetch(struct keyrun *run, uint64_t prefix);
/* As lgp_keyindex_find.  LGP_CORRUPT: records contradict their check; the file
 * was deleted, so that the next open finds the gap and the caller fills it. */
LGP_MUST_USE enum lgp_status keyrun_find(struct keyrun *run, uint64_t prefix,
                                         lgp_keyindex_candidate candidate, void *context);

/* Writes a run of exactly count records under a temporary name. */
LGP_MUST_USE enum lgp_status keyrun_writer_new(const struct keyrun_dir *dir, uint64_t from,
                                               uint64_t to, uint64_t count,
                                               struct keyrun_writer **out);
/* Records come in the file's order.  LGP_CORRUPT: they do not. */
LGP_MUST_USE enum lgp_status keyrun_writer_add(struct keyrun_writer *writer,
                                               const struct keyrun_record *record);
/* Durable under its name when LGP_OK; *out is open and not loaded.  Frees the
 * writer either way. */
LGP_MUST_USE enum lgp_status keyrun_writer_finish(struct keyrun_writer *writer,
                                                  struct keyrun **out);
/* Deletes the temporary file.  NULL is fine. */
void keyrun_writer_abort(struct keyrun_writer *writer);

/* Reads all records in order, and checks them.  The run is loaded and stays
 * open until the cursor is freed. */
LGP_MUST_USE enum lgp_status keyrun_cursor_new(struct keyrun *run, struct keyrun_cursor **out);
void keyrun_cursor_free(struct keyrun_cursor *cursor); /* NULL is fine */
/* LGP_MISSING: behind the last.  LGP_CORRUPT as keyrun_find. */
LGP_MUST_USE enum lgp_status keyrun_cursor_next(struct keyrun_cursor *cursor,
                                                struct keyrun_record *out);

#endif
