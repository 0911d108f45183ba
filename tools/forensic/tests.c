/* tests: see tests.h: the table, and how its tests are run.
 * Thread: one at a time. */
#include "tools/forensic/tests.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

const struct forensic_test forensic_tests[] = {
        {"first-two-digits", "First two digits (Benford)", test_first_two_digits},
        {"first-digit", "First digits (Benford)", test_first_digit},
        {"second-digit", "Second digits (Benford)", test_second_digit},
        {"mantissa-arc", "Mantissa arc", test_mantissa_arc},
        {"distortion", "Distortion factor", test_distortion},
        {"relative-size", "Relative size factor", test_relative_size},
        {"same-same-same", "Same staff, day, customer and amount", test_same_same_same},
        {"same-same-different", "Same staff, day and amount, different customers",
         test_same_same_different},
        {"repeated-amounts", "Repeated amounts", test_repeated_amounts},
        {"number-frequency", "Number frequency factor of staff", test_number_frequency},
        {"round-amounts", "Round amounts", test_round_amounts},
        {"split-grants", "Split grants", test_split_grants},
        {"just-below-limit", "Just below the limit", test_just_below_limit},
        {"concentration", "Concentration on one customer", test_concentration},
        {"peers", "Staff against their peers", test_peers},
        {"dispersion", "Dispersion by reason and site", test_dispersion},
};
const size_t forensic_test_count = sizeof forensic_tests / sizeof forensic_tests[0];

static const struct sheet_column summary_columns[] = {
        {"test", "Test", SHEET_TEXT, 0},          {"title", "Title", SHEET_TEXT, 0},
        {"applies", "Applies", SHEET_TEXT, 0},    {"tested", "Rows", SHEET_COUNT, 0},
        {"findings", "Findings", SHEET_COUNT, 0}, {"measure", "Measure", SHEET_TEXT, 0},
        {"value", "Value", SHEET_RATIO, 8},       {"threshold", "Threshold", SHEET_RATIO, 4},
        {"verdict", "Verdict", SHEET_TEXT, 0},
};

struct sheet *forensic_summary_new(struct document *document)
{
	return sheet_new(document, "tests", "Tests", summary_columns,
	                 sizeof summary_columns / sizeof summary_columns[0]);
}

void forensic_summary_row(struct sheet *summary, const char *name, const char *title,
                          const struct forensic_result *result)
{
	bool measured = result->applies && result->measure != NULL;
	sheet_word(summary, name);
	sheet_word(summary, title);
	sheet_word(summary, result->applies ? "yes" : "no");
	sheet_count(summary, (int64_t)result->tested);
	sheet_count(summary, (int64_t)result->findings);
	sheet_word(summary, measured ? result->measure : "");
	sheet_ratio(summary, measured ? result->value : NAN);
	sheet_ratio(summary, measured && result->threshold > 0 ? result->threshold : NAN);
	sheet_word(summary, result->verdict);
}

static void __attribute__((format(printf, 3, 0)))
tell(struct forensic_result *result, const char *prefix, const char *format, va_list arguments)
{
	size_t len = strlen(prefix);
	memcpy(result->verdict, prefix, len);
	vsnprintf(result->verdict + len, sizeof result->verdict - len, format, arguments);
}

enum lgp_status forensic_inapplicable(struct forensic_result *result, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	result->applies = false;
	result->findings = 0;
	tell(result, "does not apply, because ", format, arguments);
	va_end(arguments);
	return LGP_OK;
}

void forensic_verdict(struct forensic_result *result, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	tell(result, "", format, arguments);
	va_end(arguments);
}

bool forensic_wanted(const struct forensic_options *options, const char *name)
{
	for (size_t i = 0; i < options->name_count; i++)
		if (strcmp(options->names[i], name) == 0)
			return true;
	return options->name_count == 0;
}

enum lgp_status forensic_run(const struct spendings *spendings,
                             const struct forensic_options *options, struct document *document,
                             struct sheet *summary, size_t *findings)
{
	for (size_t i = 0; i < forensic_test_count; i++) {
		const struct forensic_test *test = &forensic_tests[i];
		struct forensic_result result = {0};
		if (!forensic_wanted(options, test->name))
			continue;
		enum lgp_status status = test->run(spendings, options, document, &result);
		if (status != LGP_OK)
			return status;
		forensic_summary_row(summary, test->name, test->title, &result);
		*findings += result.findings;
	}
	return LGP_OK;
}
