/* spending: discretionary payments, from a ledger or from any file, as the tests
 * see them: one row each, names as small numbers.
 * Thread: one at a time.
 *
 * Memory: 48 bytes a row, and the names. */
#ifndef LAGNIAPPE_FORENSIC_SPENDING_H
#define LAGNIAPPE_FORENSIC_SPENDING_H

#include "lagniappe/status.h"

#define SPENDING_NO_TIME INT64_MIN
#define SPENDING_NO_DATE INT32_MIN
#define SPENDING_ROWS_MAX (1u << 27)

struct spending {
	uint64_t ref;   /* the entry's number, or the file's line */
	int64_t amount; /* minor units; negative: a refund */
	int64_t time_us;
	int32_t date; /* business date, days since 1970-01-01 */
	/* Names, 0 none. */
	uint32_t staff, party, incident, reason, site;
	bool manager; /* the giver's role */
};

struct spendings {
	struct spending *rows; /* owned */
	size_t count, room;
	unsigned scale;       /* digits behind the point */
	char unit[33];        /* "" where the file names none */
	const char *ref_word; /* "entry" or "line": what ref is called */
	struct names *names;  /* owned; one numbering for all kinds of name */
	bool failed;          /* memory ran out */
};

/* LGP_NO_MEMORY. */
LGP_MUST_USE enum lgp_status spendings_init(struct spendings *spendings, const char *ref_word);
void spendings_deinit(struct spendings *spendings);
/* The name's number, made where it is new; 0 for an empty one. */
uint32_t spendings_name(struct spendings *spendings, struct lgp_view name);
/* "" for 0. */
const char *spendings_text(const struct spendings *spendings, uint32_t name);
/* Copies the row.  LGP_NO_MEMORY, LGP_OVERLOAD. */
LGP_MUST_USE enum lgp_status spendings_add(struct spendings *spendings, const struct spending *row);

#endif
