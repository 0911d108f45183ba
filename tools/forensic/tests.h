/* tests: the tests on spending that need its rows alone, as a table.
 * Thread: one at a time.
 *
 * A test makes one sheet, named after it, and tells in a result what it looked
 * at and how many findings it has.  A finding is an item beyond the threshold that
 * the test states; each names its entries and says why in plain words.  What
 * makes no sense with the rows at hand is not judged: the result says why.
 * Formulas, thresholds and which rows count: README.md here. */
#ifndef LAGNIAPPE_FORENSIC_TESTS_H
#define LAGNIAPPE_FORENSIC_TESTS_H

#include "tools/common/options.h"
#include "tools/forensic/spending.h"
#include "tools/sheet/sheet.h"

#define FORENSIC_NAMES_MAX 32  /* tests that --test names */
#define FORENSIC_WORDS_MAX 256 /* of a verdict */

struct forensic_options {
	int64_t limit;        /* minor units; 0: none was given */
	uint32_t band_ppm;    /* width of the band at the limit, millionths of it */
	unsigned window_days; /* in which grants may be one that was split; 1: the same day */
	size_t top;           /* items that a sheet lists at most; more are counted */
	const char *names[FORENSIC_NAMES_MAX]; /* borrowed; the tests wanted */
	size_t name_count;                     /* 0: all */
};

struct forensic_result {
	bool applies;
	size_t tested;   /* rows that the test looked at */
	size_t findings; /* what makes the exit status 1 */
	/* What the verdict rests on, where it is one number: static, NULL for none. */
	const char *measure;
	double value, threshold;
	char verdict[FORENSIC_WORDS_MAX]; /* or why it does not apply */
};

/* LGP_NO_MEMORY. */
typedef enum lgp_status forensic_test_run(const struct spendings *spendings,
                                          const struct forensic_options *options,
                                          struct document *document,
                                          struct forensic_result *result);

struct forensic_test {
	const char *name;  /* "same-same-same": of the sheet, for --test */
	const char *title; /* for people */
	forensic_test_run *run;
};

extern const struct forensic_test forensic_tests[];
extern const size_t forensic_test_count;

/* Rows for a command's options: --test, --limit, --band, --window, --top. */
extern const struct option_row forensic_option_rows[];
/* Defaults: no limit, 4 %, the same day; `top` by the format. */
void forensic_options_init(struct forensic_options *options, enum document_format format);
/* Reads them; amounts with at most `scale` decimals.  more: names that --test may
 * have besides forensic_tests', ended by NULL, or NULL.  False: error says why. */
LGP_MUST_USE bool forensic_options_read(struct forensic_options *options,
                                        const struct options *given, unsigned scale,
                                        const char *const *more, char error[256]);
/* Whether the test of this name is to be run. */
bool forensic_wanted(const struct forensic_options *options, const char *name);

/* The sheet "tests", a row for each test that was run: make it first. */
struct sheet *forensic_summary_new(struct document *document);
void forensic_summary_row(struct sheet *summary, const char *name, const char *title,
                          const struct forensic_result *result);
/* Runs the tests wanted, a row each in the summary, and adds their findings.
 * LGP_NO_MEMORY. */
LGP_MUST_USE enum lgp_status forensic_run(const struct spendings *spendings,
                                          const struct forensic_options *options,
                                          struct document *document, struct sheet *summary,
                                          size_t *findings);

/* The test does not apply; hands LGP_OK back. */
enum lgp_status forensic_inapplicable(struct forensic_result *result, const char *format, ...)
        __attribute__((format(printf, 2, 3)));
/* What the test found, in words. */
void forensic_verdict(struct forensic_result *result, const char *format, ...)
        __attribute__((format(printf, 2, 3)));

forensic_test_run test_first_digit, test_second_digit, test_first_two_digits;
forensic_test_run test_mantissa_arc, test_distortion;
forensic_test_run test_relative_size;
forensic_test_run test_same_same_same, test_same_same_different;
forensic_test_run test_repeated_amounts, test_number_frequency;
forensic_test_run test_round_amounts;
forensic_test_run test_split_grants;
forensic_test_run test_just_below_limit;
forensic_test_run test_concentration;
forensic_test_run test_peers;
forensic_test_run test_dispersion;

#endif
