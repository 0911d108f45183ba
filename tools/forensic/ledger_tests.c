/* ledger_tests: the table of tests that need a ledger, and what they share.
 * Thread: one at a time. */
#include "tools/forensic/ledger_tests.h"

#include <stdio.h>
#include <stdlib.h>

#include "lagniappe/codec.h"

const struct ledger_test ledger_tests[] = {
        {"split-limits", "Split grants, by the limits in force", test_split_limits},
        {"below-limits", "Just below the limits in force", test_below_limits},
        {"approver-pairs", "Who approves for whom", test_approver_pairs},
        {"out-of-shift", "Outside the site's hours", test_out_of_shift},
        {"day-off", "On a day off", test_day_off},
        {"after-leaving", "Before joining or after leaving", test_after_leaving},
        {"redeem-lag", "From grant to first redemption", test_redeem_lag},
        {"reversals", "Reversals by member of staff", test_reversals},
        {"self-dealing", "To staff's own accounts and each other's", test_self_dealing},
        {"limit-probing", "Feeling for the limit", test_limit_probing},
        {"limit-changes", "Limits raised for a while", test_limit_changes},
};
const size_t ledger_test_count = sizeof ledger_tests / sizeof ledger_tests[0];

/* ---- thresholds ------------------------------------------------------------------------- */

const struct option_row ledger_threshold_rows[] = {
        {"shift-grace", "MINUTES", 0, 0, "around a site's hours that are no matter; 15"},
        {"late-days", "DAYS", 0, 0, "a reversal after more is late; 30"},
        {"raise-days", "DAYS", 0, 0, "a limit raised for longer was changed for good; 31"},
        {"min-n", "N", 0, 0, "fewer are too few to judge a share or a ratio by; 5"},
        {"refusals", "N", 0, 0, "of one member of staff, from which on they are a finding; 3"},
        {"reversal-share", "PERCENT", 0, 0,
         "of one's grants reversed, above which it is a finding; 20"},
        {"pair-share", "PERCENT", 0, 0,
         "of one's approvals by one approver, from which on it is a finding; 80"},
        {0},
};

static bool read_number(const struct options *given, const char *name, uint64_t max, uint64_t *out,
                        char error[256])
{
	const char *text = options_get(given, name);
	if (text == NULL || (lgp_decimal_parse(lgp_view_of(text), out) == LGP_OK && *out <= max))
		return true;
	snprintf(error, 256, "--%s takes a whole number up to %llu, not '%s'", name,
	         (unsigned long long)max, text);
	return false;
}

bool ledger_thresholds_read(struct ledger_thresholds *thresholds, const struct options *given,
                            char error[256])
{
	uint64_t grace = 15, late = 30, raise = 31, min_n = 5, refusals = 3, reversal = 20,
	         pair = 80;
	if (!read_number(given, "shift-grace", 1440, &grace, error) ||
	    !read_number(given, "late-days", 36500, &late, error) ||
	    !read_number(given, "raise-days", 36500, &raise, error) ||
	    !read_number(given, "min-n", 1000000, &min_n, error) ||
	    !read_number(given, "refusals", 1000000, &refusals, error) ||
	    !read_number(given, "reversal-share", 100, &reversal, error) ||
	    !read_number(given, "pair-share", 100, &pair, error))
		return false;
	*thresholds = (struct ledger_thresholds){
	        .grace_min = (unsigned)grace,
	        .late_days = (unsigned)late,
	        .raise_days = (unsigned)raise,
	        .min_n = (size_t)min_n,
	        .refusals = (size_t)refusals,
	        .reversal_share = (double)reversal / 100,
	        .pair_share = (double)pair / 100,
	};
	return true;
}

/* ---- what tests share ------------------------------------------------------------------------ */

bool ledger_run_wants(const struct ledger_run *run, const struct ledger_act *act)
{
	return act->wanted && act->unit == run->unit;
}

const char *ledger_word(const struct ledger_run *run, enum lgp_kind kind, uint64_t number,
                        char text[BOOK_NAME_MAX])
{
	return book_name(run->facts->command->book, kind, number, text);
}

void ledger_cell(struct sheet *sheet, const struct ledger_run *run, enum lgp_kind kind,
                 uint64_t number)
{
	char text[BOOK_NAME_MAX];
	if (number == 0)
		sheet_blank(sheet);
	else
		sheet_word(sheet, ledger_word(run, kind, number, text));
}

struct sheet *ledger_table_write(const struct ledger_run *run, const struct ledger_table *table,
                                 struct ranking *ranking, const void *items)
{
	struct sheet *sheet = NULL;
	if (ranking_sort(ranking) == LGP_OK) {
		size_t listed =
		        ranking->count < run->options->top ? ranking->count : run->options->top;
		sheet = sheet_new(run->document, table->name, table->title, table->columns,
		                  table->column_count);
		for (size_t i = 0; i < listed; i++)
			table->write(sheet, run, items, ranking->list[i].at);
		run->result->findings = ranking->count;
		run->result->measure = "highest score";
		run->result->value = ranking->count > 0 ? ranking->list[0].score : 0;
		sheet_note(sheet, "%s", table->score);
		sheet_cut_note(sheet, listed, ranking->count);
	}
	ranking_deinit(ranking);
	return sheet;
}
