/* ledger_tests: the tests that need more than rows of spending: hours, reversals,
 * refusals, approvals, accounts of staff, limits and their changes.
 * Thread: one at a time.
 *
 * Each is one unit's, makes one sheet where it applies, ranked by a score that the
 * sheet states, and fills a result as the tests of tests.h do.  Definitions and
 * thresholds: README.md here. */
#ifndef LAGNIAPPE_FORENSIC_LEDGER_TESTS_H
#define LAGNIAPPE_FORENSIC_LEDGER_TESTS_H

#include "tools/forensic/evidence.h"
#include "tools/forensic/ledger_facts.h"

struct ledger_thresholds {
	unsigned grace_min;  /* minutes around opening hours that are no matter */
	unsigned late_days;  /* a reversal after more is late */
	unsigned raise_days; /* a limit that was raised for longer was changed for good */
	size_t min_n;        /* fewer are too few to judge a share or a ratio by */
	size_t refusals;     /* of one member of staff, from which on they are a finding */
	double reversal_share, pair_share; /* 0 to 1 */
};

/* Rows for a command's options, and their values.  False: error says why. */
extern const struct option_row ledger_threshold_rows[];
LGP_MUST_USE bool ledger_thresholds_read(struct ledger_thresholds *thresholds,
                                         const struct options *given, char error[256]);

/* One run of one test. */
struct ledger_run {
	const struct ledger_facts *facts;
	const struct ledger_thresholds *thresholds;
	const struct forensic_options *options; /* band, window, how many items are listed */
	uint32_t unit;
	unsigned scale;
	struct document *document;
	struct forensic_result *result;
};

/* LGP_NO_MEMORY; what a book's reading fails with. */
typedef enum lgp_status ledger_test_run(const struct ledger_run *run);

struct ledger_test {
	const char *name, *title;
	ledger_test_run *run;
};
extern const struct ledger_test ledger_tests[];
extern const size_t ledger_test_count;

ledger_test_run test_out_of_shift, test_day_off, test_after_leaving;
ledger_test_run test_redeem_lag;
ledger_test_run test_reversals;
ledger_test_run test_self_dealing;
ledger_test_run test_approver_pairs;
ledger_test_run test_limit_probing;
ledger_test_run test_limit_changes;
ledger_test_run test_below_limits;
ledger_test_run test_split_limits;

/* Whether the run's test looks at the act: of its unit, days, site and staff. */
bool ledger_run_wants(const struct ledger_run *run, const struct ledger_act *act);
/* The cell with the name of who or what the number stands for; blank for 0. */
void ledger_cell(struct sheet *sheet, const struct ledger_run *run, enum lgp_kind kind,
                 uint64_t number);
/* The same in text[], for sentences. */
const char *ledger_word(const struct ledger_run *run, enum lgp_kind kind, uint64_t number,
                        char text[BOOK_NAME_MAX]);

/* Items of a test, each with a score: writes those that are listed, best first, and
 * a note on the score. */
struct ledger_table {
	const char *name, *title;
	const struct sheet_column *columns;
	size_t column_count;
	const char *score; /* "Score: …" */
	void (*write)(struct sheet *sheet, const struct ledger_run *run, const void *items,
	              size_t at);
};
/* Sorts the ranking and frees it.  Hands the sheet back for notes, NULL: no memory. */
struct sheet *ledger_table_write(const struct ledger_run *run, const struct ledger_table *table,
                                 struct ranking *ranking, const void *items);

#endif
