/* report: what is asked of a report, and the reports.
 * Thread: one at a time. */
#ifndef LAGNIAPPE_REPORT_REPORT_H
#define LAGNIAPPE_REPORT_REPORT_H

#include "tools/report/axis.h"
#include "tools/report/book.h"
#include "tools/sheet/sheet.h"

/* What is reported on.  Dates are business dates, half-open. */
struct request {
	int32_t from, until; /* INT32_MIN, INT32_MAX: not said */
	/* What the ledger knew then: entries up to this moment, or of business dates up
	 * to this one (history: imported by then); INT64_MAX, INT32_MAX: all. */
	int64_t as_of_us;
	int32_t as_of_day;
	const char *unit_code; /* NULL: all units */
	const char *by;        /* as given; NULL: the report's own */
	bool exclude_imported;
	bool list; /* --entries: list the entries too */
};

/* LGP_MALFORMED: lgp_fault_detail() says what is wrong. */
LGP_MUST_USE enum lgp_status request_dates(const char *from, const char *until,
                                           struct request *out);
/* A date, or a time as RFC 3339 writes it, in UTC. */
LGP_MUST_USE enum lgp_status request_as_of(const char *text, struct request *out);

struct report {
	struct request request;
	struct book *book;         /* borrowed, both */
	struct document *document; /* NULL for the journal */
	uint64_t unit;             /* what unit_code names, once it was read; 0: not yet */
	uint64_t read, skipped;    /* entries up to as_of, and behind it */
	int64_t last_us;           /* of those read */
	bool beyond;               /* a sum does not fit into 63 bits */
};

/* Reads the book up to as_of, as book_read does.
 * LGP_MALFORMED: the ledger has no such unit. */
LGP_MUST_USE enum lgp_status report_read(struct report *report, book_visit *visit, void *context);
/* Whether the entry is of the unit, and of a kind, that is asked for. */
bool report_takes(const struct report *report, const struct lgp_entry *entry);
/* Whether its business date is asked for. */
bool report_dates(const struct report *report, const struct lgp_entry *entry);
/* What --by says, or the report's own. */
LGP_MUST_USE enum lgp_status report_axes(const struct report *report, const char *otherwise,
                                         struct axes *out);

/* Cells.  A sum beyond 63 bits is kept in mind: report_finish tells. */
__extension__ void put_money(struct report *report, struct sheet *sheet, __int128 minor,
                             unsigned scale);
/* The name of what an entry names in a field; blank for 0. */
void put_name(const struct report *report, struct sheet *sheet, enum lgp_kind kind,
              uint64_t number);
/* Who acted: a member of staff, a customer, a token, the house. */
void put_actor(const struct report *report, struct sheet *sheet, uint64_t actor);
/* LGP_OVERLOAD: a sum was beyond 63 bits. */
LGP_MUST_USE enum lgp_status report_finish(const struct report *report);

/* What an entry has to do with spending. */
enum spend_way { SPENDING_NONE, SPENDING_GIVEN, SPENDING_BACK };
enum spend_way entry_spending(const struct lgp_entry *entry);

/* The reports: each fills the document. */
typedef enum lgp_status report_make(struct report *report);
report_make spend_make, limits_make, liability_make, approvals_make, refusals_make, people_make,
        entries_make;

/* The sheet "entries" of those that `takes` picks. */
typedef bool entry_filter(const struct report *report, const struct lgp_entry *entry);
LGP_MUST_USE enum lgp_status entries_sheet(struct report *report, entry_filter *takes);

/* A double-entry journal of what `takes` picks, which hledger and ledger read. */
LGP_MUST_USE enum lgp_status journal_write(struct report *report, entry_filter *takes, FILE *out);
entry_filter entry_moves, entry_spends, entry_is_liability;

#endif
