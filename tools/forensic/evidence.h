/* evidence: what the tests' sheets have in common: which rows were looked at,
 * and the entries that stand behind an item.
 * Thread: one at a time. */
#ifndef LAGNIAPPE_FORENSIC_EVIDENCE_H
#define LAGNIAPPE_FORENSIC_EVIDENCE_H

#include "tools/forensic/clusters.h"
#include "tools/forensic/tests.h"

#define EVIDENCE_SHOWN 20 /* entries named of one item; more are counted */

/* What the rows have. */
struct profile {
	size_t spending, refunds, zeros; /* amounts above, below and of 0 */
	bool staff, party, date, reason, incident;
};
struct profile profile_of(const struct spendings *spendings);
/* A note: which rows the test looked at, and how many it left out. */
void profile_note(const struct profile *profile, const struct spendings *spendings,
                  struct sheet *sheet);

/* Whether the test's item is an amount spent: tests look at nothing else. */
bool is_spending(const struct spending *row);
/* One whole of the currency, in minor units. */
int64_t whole_unit(const struct spendings *spendings);

/* The entries behind an item, in the order they were added. */
struct evidence {
	uint64_t refs[EVIDENCE_SHOWN];
	size_t count; /* all of them */
};
void evidence_add(struct evidence *evidence, uint64_t ref);
/* Those of the keys from `from` to `end`. */
struct evidence evidence_of(const struct clusters *clusters, size_t from, size_t end);
/* The cell "entries": "12, 15 and 30 more". */
void sheet_evidence(struct sheet *sheet, const struct evidence *evidence);

/* A cell of text, formatted. */
void sheet_words(struct sheet *sheet, const char *format, ...)
        __attribute__((format(printf, 2, 3)));
/* A name's cell, blank where there is none. */
void sheet_name(struct sheet *sheet, const struct spendings *spendings, uint32_t name);
/* A sum's cell; blank where it is beyond what a cell holds. */
__extension__ void sheet_sum(struct sheet *sheet, __int128 minor, unsigned scale);
/* A mean's or a deviation's cell, rounded to the minor unit. */
void sheet_rounded(struct sheet *sheet, double minor, unsigned scale);
/* A cell that says "yes" or nothing. */
void sheet_mark(struct sheet *sheet, bool yes);
/* A note where a ranking is longer than what is listed. */
void sheet_cut_note(struct sheet *sheet, size_t listed, size_t count);

#endif
