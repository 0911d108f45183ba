/* import: what the files of the importer share: a CSV file of spending, row by
 * row, to POST /v1/imports.
 * Thread: the tool's one.  Memory is bounded but for 32 bytes a distinct row,
 * by which equal rows are told apart, and the names that the file holds.
 *
 * Run again it changes nothing: a line's key follows from the row's content and
 * from how many equal rows came before it, and a name's id is asked from the
 * server before one is made. */
#ifndef LAGNIAPPE_TOOLS_IMPORT_H
#define LAGNIAPPE_TOOLS_IMPORT_H

#include "tools/common/csv.h"
#include "tools/lagniappe/lagniappe.h"
#include "tools/lagniappe/slug.h"
#include "tools/lagniappe/tally.h"

/* ---- columns: which column of the file is what ------------------------------------ */

enum column {
	COLUMN_DATE,
	COLUMN_AMOUNT,
	COLUMN_STAFF,
	COLUMN_REASON,
	COLUMN_PARTY,
	COLUMN_BUDGET,
	COLUMN_COUNT
};
#define COLUMN_ABSENT SIZE_MAX

struct columns_map {
	size_t at[COLUMN_COUNT]; /* COLUMN_ABSENT where the map does not name it */
};

/* "date=COL,amount=COL,…", COL a heading or a number from 1.  False: why says
 * what is wrong, in a sentence. */
LGP_MUST_USE bool columns_parse(const char *map, const struct csv_record *header,
                                struct columns_map *out, char why[256]);
const char *column_name(enum column column);

/* ---- names: ids for what the file names by text ----------------------------------- */

enum name_noun { NAME_BUDGET, NAME_REASON, NAME_STAFF, NAME_NOUNS };

struct names {
	struct session *session;
	const char *unit, *site;
	struct tally known;           /* noun and text -> place in slugs, from 1 */
	struct tally taken;           /* noun and id -> 1 */
	char (*slugs)[SLUG_TEXT_MAX]; /* owned */
	size_t count, room;
	size_t made[NAME_NOUNS];
	bool made_unit, made_site;
};

enum name_result {
	NAME_FOUND,
	NAME_REJECTED, /* the server does not take this one: why */
	NAME_FAULT,    /* cannot go on; said on standard error */
};

void names_init(struct names *names, struct session *session, const char *unit, const char *site);
void names_deinit(struct names *names);
#define NEW_UNIT "GBP" /* where neither the caller nor the ledger has one */
/* False: there are several, or no answer; said on standard error. */
LGP_MUST_USE bool names_choose_unit(struct names *names, char unit[LGP_SLUG_MAX + 1]);
/* Reads what the server has; makes unit and site where they are missing.
 * *scale: the unit's decimal places; the wanted ones for a new one.
 * False: said on standard error. */
LGP_MUST_USE bool names_prepare(struct names *names, const char *timezone, unsigned *scale);
/* The id of what the text names, made where it is missing.  budget: the id that
 * a new member of staff starts with.  *slug: borrowed until the next call. */
LGP_MUST_USE enum name_result names_find(struct names *names, enum name_noun noun,
                                         struct lgp_view text, const char *budget,
                                         const char **slug, char why[256]);

/* ---- lines: what is sent, and what became of it ------------------------------------ */

#define LINES_MAX 2000 /* in one request */
#define LINES_BYTES_MAX (4 * 1024 * 1024)
#define LINES_ROUNDS_MAX 8 /* goes at lines that the server was too busy for */

struct line {
	uint64_t at;      /* line of the file */
	int64_t amount;   /* minor units */
	char *json, *row; /* owned: what is sent; the row as CSV */
};

struct tallies {
	uint64_t rows, taken, there, rejected, without_reason;
	uint64_t spent_rows, refunded_rows;
	int64_t spent, refunded; /* minor units, refunded is negative */
};

struct rejects {
	const char *path;
	FILE *file;    /* NULL until the first */
	char *heading; /* owned: the file's header as CSV */
};

struct lines {
	struct session *session;
	struct tallies *tallies;
	struct rejects *rejects;
	struct line list[LINES_MAX];
	size_t count, bytes;
};

/* Takes over the line.  False: cannot go on, said on standard error. */
LGP_MUST_USE bool lines_add(struct lines *lines, struct line line);
LGP_MUST_USE bool lines_flush(struct lines *lines);
void lines_deinit(struct lines *lines);

/* Writes a row to the rejects' file, made at the first.  False: it cannot be
 * written, which was said. */
LGP_MUST_USE bool rejects_add(struct rejects *rejects, uint64_t line, const char *reason,
                              const char *row);
/* A record as one CSV line without its end, from field `first` on; to be freed;
 * NULL: no memory. */
char *rejects_row(const struct csv_record *record, size_t first);
LGP_MUST_USE bool rejects_close(struct rejects *rejects);

#define REJECTS_LINE "rejected_line"
#define REJECTS_REASON "rejected_reason"

#endif
