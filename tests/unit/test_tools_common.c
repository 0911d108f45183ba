/* test_tools_common: command lines by tables, aligned tables, the importer's
 * columns and rows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lagniappe/codec.h"
#include "tools/common/options.h"
#include "tools/common/table.h"
#include "tools/lagniappe/import_row.h"

static const struct option_row rows[] = {
        {"name", "TEXT", OPTION_REQUIRED, 0, "a name"},
        {"sites", "ID", OPTION_REPEATED, 0, "sites"},
        {"active_from", "DATE", 0, 0, "a day"},
        {"json", NULL, 0, 0, "a flag"},
        {0},
};

static struct options options;

static bool parse(int count, const char *const *words)
{
	options_init(&options);
	options_table(&options, rows);
	return options_parse(&options, count, (char *const *)(uintptr_t)words);
}
#define PARSE(...)                                                           \
	parse((int)(sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *)), \
	      (const char *[]){__VA_ARGS__})

static void options_and_arguments_come_in_any_order(void **state)
{
	(void)state;
	assert_true(PARSE("one", "--name", "-5", "--json", "two", "--active-from=2020-01-01"));
	assert_string_equal(options_get(&options, "name"), "-5");
	assert_string_equal(options_get(&options, "active_from"), "2020-01-01");
	assert_true(options_flag(&options, "json"));
	assert_int_equal(options.argument_count, 2);
	assert_string_equal(options.arguments[1], "two");
	assert_true(options_complete(&options));
}

static void help_shows_long_values_whole_and_meanings_in_one_column(void **state)
{
	static const char values[] =
	        "none|day|week|month|quarter|year|lifetime|and-many-more|at-last";
	static const struct option_row table[] = {
	        {"per_what", values, OPTION_REPEATED, 0, "long"},
	        {"max", "N", OPTION_REQUIRED, 0, "short"},
	        {"exactly-twenty-eight-colum", NULL, 0, 0, "fits"},
	        {"not-exactly-twenty-eight-col", NULL, 0, 0, "does not"},
	        {0},
	};
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	(void)state;
	options_help(table, out);
	fclose(out);
	assert_non_null(strstr(text, "  --per-what none|day|week|month|quarter|year|lifetime|"
	                             "and-many-more|at-last ...\n"
	                             "                               long\n"));
	assert_non_null(strstr(text, "  --max N                      short (required)\n"));
	assert_non_null(strstr(text, "  --exactly-twenty-eight-colum fits\n"));
	assert_non_null(strstr(text, "  --not-exactly-twenty-eight-col\n"
	                             "                               does not\n"));
	free(text);
}

static void words_behind_two_dashes_are_arguments(void **state)
{
	(void)state;
	assert_true(PARSE("--", "--name", "-"));
	assert_int_equal(options.argument_count, 2);
	assert_false(options_complete(&options));
	assert_string_equal(options.error, "--name is missing");
}

static void repeated_options_are_kept_and_others_refused(void **state)
{
	(void)state;
	assert_true(PARSE("--sites", "a", "--sites", "b", "--name", ""));
	assert_int_equal(options.given_count, 3);
	assert_string_equal(options.given[0].text, "a");
	assert_false(PARSE("--name", "a", "--name", "b"));
	assert_string_equal(options.error, "--name is given twice");
}

static void options_that_do_not_fit_are_named(void **state)
{
	(void)state;
	assert_false(PARSE("--nam", "x"));
	assert_non_null(strstr(options.error, "--nam"));
	assert_false(PARSE("--name"));
	assert_non_null(strstr(options.error, "needs a value"));
	assert_false(PARSE("--json=yes"));
	assert_non_null(strstr(options.error, "takes no value"));
}

static void tables_align_by_what_a_terminal_shows(void **state)
{
	struct table table;
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	(void)state;
	table_init(&table, 3);
	table.right[1] = true;
	static const char *const cells[] = {"name", "n", "x", "日本", "12", "y", "José", "7", ""};
	for (size_t i = 0; i < 9; i++)
		table_text(&table, cells[i]);
	assert_true(table_print(&table, out));
	fclose(out);
	assert_string_equal(text, "name   n  x\n日本  12  y\nJosé   7\n");
	free(text);
	table_deinit(&table);
}

static void control_characters_do_not_reach_the_terminal(void **state)
{
	struct table table;
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	(void)state;
	table_init(&table, 1);
	table_text(&table, "a\x1b[2J\xc2\x9b"
	                   "b\n");
	assert_true(table_print(&table, out));
	fclose(out);
	assert_string_equal(text, "a?[2J??b?\n");
	free(text);
	table_deinit(&table);
}

/* ---- The importer's columns and rows ------------------------------------------- */

static struct csv_record record_of(const char *const *fields, size_t count)
{
	struct csv_record record = {.line = 1, .count = count};
	for (size_t i = 0; i < count; i++)
		record.fields[i] = lgp_view_of(fields[i]);
	return record;
}
#define RECORD(...)                              \
	record_of((const char *[]){__VA_ARGS__}, \
	          sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *))

static void columns_go_by_heading_or_number(void **state)
{
	struct csv_record header = RECORD("When", "Sum", "Who", "Why", "Sum ");
	struct columns_map map;
	char why[256];
	(void)state;
	assert_true(columns_parse("date=when,amount=2,staff=Who,reason=Why", &header, &map, why));
	assert_int_equal(map.at[COLUMN_DATE], 0);
	assert_int_equal(map.at[COLUMN_AMOUNT], 1);
	assert_int_equal(map.at[COLUMN_REASON], 3);
	assert_true(map.at[COLUMN_PARTY] == COLUMN_ABSENT);
	assert_false(columns_parse("date=When,amount=Sum,staff=Who", &header, &map, why));
	assert_non_null(strstr(why, "2 columns"));
	assert_false(columns_parse("date=When,amount=6,staff=Who", &header, &map, why));
	assert_false(columns_parse("date=When,amount=2", &header, &map, why));
	assert_string_equal(why, "staff= is missing");
	assert_false(columns_parse("date=When,date=2", &header, &map, why));
	assert_false(columns_parse("day=When", &header, &map, why));
}

static struct row_rules rules(void)
{
	struct row_rules result = {.field_count = 6,
	                           .date_format = "%d/%m/%Y",
	                           .unit = "GBP",
	                           .scale = 2,
	                           .budget = "Imported"};
	for (size_t i = 0; i < COLUMN_COUNT; i++)
		result.columns.at[i] = i;
	return result;
}

static void rows_are_read_and_cleaned(void **state)
{
	/* date, amount, staff, reason, party, budget */
	struct csv_record record =
	        RECORD("07/01/2016", "-1,043.56", " E1 ", "", "tex \t sussex", "X");
	struct row_rules by = rules();
	struct tally seen;
	struct row row;
	char why[256];
	(void)state;
	tally_init(&seen);
	assert_true(row_read(&by, &record, &seen, &row, why));
	assert_int_equal(row.amount, -104356);
	assert_true(lgp_view_equal(row.staff, LGP_VIEW("E1")));
	assert_true(lgp_view_equal(row.party, LGP_VIEW("tex sussex")));
	assert_int_equal(row.reason.len, 0);
	tally_deinit(&seen);
}

static void equal_rows_have_keys_of_their_own_and_the_same_each_time(void **state)
{
	struct csv_record record = RECORD("07/01/2016", "1", "E1", "r", "p", "b");
	struct csv_record other = RECORD("07/01/2016", "1", "E1", "r", "pb", "");
	struct row_rules by = rules();
	char keys[2][2][64], why[256];
	struct row row;
	(void)state;
	for (int run = 0; run < 2; run++) {
		struct tally seen;
		tally_init(&seen);
		for (int i = 0; i < 2; i++) {
			assert_true(row_read(&by, &record, &seen, &row, why));
			strcpy(keys[run][i], row.key);
		}
		by.columns.at[COLUMN_BUDGET] = COLUMN_ABSENT;
		assert_true(row_read(&by, &other, &seen, &row, why));
		assert_string_not_equal(row.key, keys[run][0]);
		by.columns.at[COLUMN_BUDGET] = COLUMN_BUDGET;
		tally_deinit(&seen);
	}
	assert_string_not_equal(keys[0][0], keys[0][1]);
	assert_string_equal(keys[0][0], keys[1][0]);
	assert_string_equal(keys[0][1], keys[1][1]);
}

static void assert_rejected(struct csv_record record, const char *wanted)
{
	struct row_rules by = rules();
	struct tally seen;
	struct row row;
	char why[256];
	tally_init(&seen);
	assert_false(row_read(&by, &record, &seen, &row, why));
	tally_deinit(&seen);
	if (strstr(why, wanted) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", why, wanted);
}

static void rows_that_cannot_be_taken_say_why(void **state)
{
	char long_text[LGP_TEXT_MAX + 2];
	(void)state;
	memset(long_text, 'x', sizeof long_text - 1);
	long_text[sizeof long_text - 1] = '\0';
	assert_rejected(RECORD("", " ", "", "", "", ""), "blank");
	assert_rejected(RECORD("07/01/2016", "1", "E1"), "3 fields, the header 6");
	assert_rejected(RECORD("2016-01-07", "1", "E1", "r", "p", "b"),
	                "\"2016-01-07\" is not a day");
	assert_rejected(RECORD("07/01/2016", "1.234", "E1", "r", "p", "b"), "more decimals");
	assert_rejected(RECORD("07/01/2016", "0.00", "E1", "r", "p", "b"), "zero");
	assert_rejected(RECORD("07/01/2016", "1", "", "r", "p", "b"), "no staff");
	assert_rejected(RECORD("07/01/2016", "1", "E1", "r", "p", " "), "no budget");
	assert_rejected(RECORD("07/01/2016", "1", "E1", "r\x01", "p", "b"), "control character");
	assert_rejected(RECORD("07/01/2016", "1", "E1", long_text, "p", "b"), "at most 128 bytes");
}

static void text_of_just_the_bound_is_taken(void **state)
{
	char text[LGP_TEXT_MAX + 1] = "";
	struct csv_record record = RECORD("07/01/2016", "1", "E1", text, "p", "b");
	struct row_rules by = rules();
	struct tally seen;
	struct row row;
	char why[256];
	(void)state;
	memset(text, 'x', LGP_TEXT_MAX);
	text[LGP_TEXT_MAX] = '\0';
	record.fields[3] = lgp_view_of(text);
	tally_init(&seen);
	assert_true(row_read(&by, &record, &seen, &row, why));
	assert_int_equal(row.reason.len, LGP_TEXT_MAX);
	tally_deinit(&seen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(options_and_arguments_come_in_any_order),
	        cmocka_unit_test(help_shows_long_values_whole_and_meanings_in_one_column),
	        cmocka_unit_test(words_behind_two_dashes_are_arguments),
	        cmocka_unit_test(repeated_options_are_kept_and_others_refused),
	        cmocka_unit_test(options_that_do_not_fit_are_named),
	        cmocka_unit_test(tables_align_by_what_a_terminal_shows),
	        cmocka_unit_test(control_characters_do_not_reach_the_terminal),
	        cmocka_unit_test(columns_go_by_heading_or_number),
	        cmocka_unit_test(rows_are_read_and_cleaned),
	        cmocka_unit_test(equal_rows_have_keys_of_their_own_and_the_same_each_time),
	        cmocka_unit_test(rows_that_cannot_be_taken_say_why),
	        cmocka_unit_test(text_of_just_the_bound_is_taken),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
