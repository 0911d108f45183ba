/* book: a ledger read from its first entry to its last, with the names that it
 * gives to what it counts.
 * Thread: one at a time.
 *
 * A book proves nothing (verify does) and judges nothing: it stops at the first
 * entry that it cannot read, and says which.  Names are those of definitions:
 * slugs and codes; a customer is "customer 123", by the entry that opened the
 * account, because a ledger holds no personal data (I8).
 * Memory: in proportion to the nouns, one block of entries. */
#ifndef LAGNIAPPE_REPORT_BOOK_H
#define LAGNIAPPE_REPORT_BOOK_H

#include "lagniappe/entry.h"
#include "lagniappe/noun.h"
#include "tools/audit/source.h"

#define BOOK_NAME_MAX 64

struct book;

struct book_noun {
	enum lgp_kind kind;
	uint64_t number;
	char name[BOOK_NAME_MAX];
	/* The definition in force where the reading stands; its text is kept. */
	struct lgp_definition definition;
};

/* ledger: as source_open takes it; token: a server's, or NULL.  Faults are as there. */
LGP_MUST_USE enum lgp_status book_open(const char *ledger, const char *token, struct book **out);
/* The same with all that source_open takes; options: borrowed for the call. */
LGP_MUST_USE enum lgp_status book_open_from(const struct source_options *options,
                                            struct book **out);
void book_close(struct book *book);

/* Called for each entry in order, after what the entry defines is known. */
typedef enum lgp_status book_visit(void *context, const struct book *book,
                                   const struct lgp_entry *entry);
/* Reads all entries, once for each call; what was defined by a former reading
 * stays known.  What `visit` returns but LGP_OK ends the reading.
 * LGP_CORRUPT: an entry that is missing or does not decode; lgp_fault_detail(). */
LGP_MUST_USE enum lgp_status book_read(struct book *book, book_visit *visit, void *context);

/* Entries in the reading; fixed when the book is opened. */
uint64_t book_size(const struct book *book);
/* NULL: the number names no noun that was read yet.  Valid until the book is closed. */
const struct book_noun *book_noun(const struct book *book, uint64_t number);
/* The i-th noun in the order of numbers, NULL past the end. */
const struct book_noun *book_noun_at(const struct book *book, size_t i);
/* The noun's name, or "customer 7", "party 7", "the house" (0), "entry 7", by the
 * kind given.  Writes at most BOOK_NAME_MAX bytes, NUL included; returns name. */
const char *book_name(const struct book *book, enum lgp_kind kind, uint64_t number,
                      char name[BOOK_NAME_MAX]);
/* Digits behind the point of a unit's amounts; 0 for what is no unit. */
unsigned book_scale(const struct book *book, uint64_t unit);

/* The limit that an entry names by one of its versions; NULL: none that was read. */
const struct book_noun *book_limit(const struct book *book, uint64_t version);
/* Another entry.  LGP_MISSING, LGP_CORRUPT. */
LGP_MUST_USE enum lgp_status book_entry(const struct book *book, uint64_t seq,
                                        struct lgp_entry *out);
/* The payload that an entry binds, in text[]; ptr NULL where it binds none.
 * LGP_CORRUPT: it is not there, or another. */
LGP_MUST_USE enum lgp_status book_payload(const struct book *book, const struct lgp_entry *entry,
                                          char text[LGP_DEFINITION_MAX], struct lgp_view *out);

#endif
