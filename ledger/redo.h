/* redo: one generation of changes, whole in a file, on its way into state.mdb.
 *
 * state.mdb takes a generation in several transactions, so that none is large.
 * Between the first and the last it is neither before nor behind it.  This file
 * is durable before the first and goes after the last: whoever finds state.mdb in
 * between writes the whole generation again from here.
 *
 *   "lagniappe-redo-1"(16) STATE_FORMAT(32, zeros behind it)
 *   position(8) root(32) day(4) records(8)
 *   and a record, in the order of the keys:
 *       key length(1) value length(2) key, value; no value: the record goes
 *   SHA-256 of all before it(32)
 *
 * Integers little-endian.  Thread: one at a time: the applier, or who opens. */
#ifndef LAGNIAPPE_LEDGER_REDO_H
#define LAGNIAPPE_LEDGER_REDO_H

#include "state.h"

struct redo;

/* Writes the file, durable, and opens it.  LGP_FULL, LGP_IO, LGP_NO_MEMORY: there is
 * no file. */
LGP_MUST_USE enum lgp_status redo_write(const char *path, const struct map *changes,
                                        const struct state_position *position, struct redo **out);
/* LGP_MISSING: there is none.  LGP_CORRUPT: it is not whole, so no transaction of
 * its generation was begun; or its records are of another format. */
LGP_MUST_USE enum lgp_status redo_open(const char *path, struct redo **out);
void redo_close(struct redo *redo);
/* No file is no fault. */
enum lgp_status redo_remove(const char *path);

/* Where the generation leads to. */
const struct state_position *redo_position(const struct redo *redo);
uint64_t redo_count(const struct redo *redo);
/* The next record; borrowed until the next call.  LGP_MISSING: that were all. */
LGP_MUST_USE enum lgp_status redo_next(struct redo *redo, struct lgp_view *key,
                                       struct lgp_view *value);

#endif
