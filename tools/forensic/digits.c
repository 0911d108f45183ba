/* digits: Benford's law of first, second and first-two digits.
 * Thread: one at a time.
 *
 * Amounts of at least ten currency units; whether the law can be expected of them
 * is judged first (denominations.h).  The verdict is that of the mean absolute
 * deviation; digits that stand out are the items, and findings where the whole
 * does not conform: of 90 pairs about 4 stand out by chance. */
#include "tools/forensic/denominations.h"
#include "tools/forensic/evidence.h"
#include "tools/forensic/measures.h"

struct digits {
	enum digit_place place;
	size_t n, above; /* amounts; digits that come too often */
	size_t counts[MEASURES_DIGITS];
	unsigned ranks[MEASURES_DIGITS]; /* 1: stands out most; 0: does not */
	struct evidence evidence[MEASURES_DIGITS];
};

enum sign { SPENT, REFUNDED, BOTH };

/* The amount of the row if it has digits to test, else 0. */
static int64_t amount_of(const struct spendings *spendings, const struct spending *row,
                         enum sign sign)
{
	int64_t least = DIGITS_UNITS_LEAST * whole_unit(spendings);
	if (sign != REFUNDED && row->amount >= least)
		return row->amount;
	/* INT64_MIN has no opposite; nothing spends that. */
	return sign != SPENT && row->amount <= -least && row->amount != INT64_MIN ? -row->amount
	                                                                          : 0;
}

static void count_digits(const struct spendings *spendings, enum sign sign, struct digits *digits)
{
	for (size_t i = 0; i < spendings->count; i++) {
		const struct spending *row = &spendings->rows[i];
		int64_t amount = amount_of(spendings, row, sign);
		if (amount == 0)
			continue;
		unsigned at = digits_of(digits->place, amount);
		digits->n++;
		digits->counts[at]++;
		evidence_add(&digits->evidence[at], row->ref);
	}
}

static double z_of(const struct digits *digits, unsigned at)
{
	return proportion_z(digits->counts[at], digits->n, benford_expected(digits->place, at));
}

static bool too_often(const struct digits *digits, unsigned at)
{
	return (double)digits->counts[at] > benford_expected(digits->place, at) * (double)digits->n;
}

/* Those that stand out upwards, the greatest Z first. */
static enum lgp_status rank_digits(struct digits *digits)
{
	struct ranking ranking = {0};
	for (unsigned at = digits_least(digits->place); at <= digits_most(digits->place); at++)
		if (too_often(digits, at) && z_of(digits, at) > MEASURES_Z)
			ranking_add(&ranking, z_of(digits, at), at);
	enum lgp_status status = ranking_sort(&ranking);
	digits->above = ranking.count;
	for (unsigned i = 0; status == LGP_OK && i < ranking.count; i++)
		digits->ranks[ranking.list[i].at] = i + 1;
	ranking_deinit(&ranking);
	return status;
}

static const struct sheet_column columns[] = {
        {"digits", "Digits", SHEET_TEXT, 0},
        {"count", "Count", SHEET_COUNT, 0},
        {"share", "Share", SHEET_RATIO, 6},
        {"expected", "Expected", SHEET_RATIO, 6},
        {"difference", "Difference", SHEET_RATIO, 6},
        {"z", "Z", SHEET_RATIO, 4},
        {"rank", "Rank", SHEET_COUNT, 0},
        {"entries", "Entries", SHEET_TEXT, 0},
        {"why", "Why", SHEET_TEXT, 0},
};

static const char *const place_words[] = {
        [DIGIT_FIRST] = "the first digit",
        [DIGIT_SECOND] = "the second digit",
        [DIGITS_FIRST_TWO] = "the first digits",
};

static void write_digit(struct sheet *sheet, const struct digits *digits, unsigned at)
{
	double share = (double)digits->counts[at] / (double)digits->n;
	double expected = benford_expected(digits->place, at);
	sheet_words(sheet, "%u", at);
	sheet_count(sheet, (int64_t)digits->counts[at]);
	sheet_ratio(sheet, share);
	sheet_ratio(sheet, expected);
	sheet_ratio(sheet, share - expected);
	sheet_ratio(sheet, z_of(digits, at));
	if (digits->ranks[at] == 0) {
		sheet_blank(sheet);
		sheet_blank(sheet);
		sheet_blank(sheet);
		return;
	}
	sheet_count(sheet, digits->ranks[at]);
	sheet_evidence(sheet, &digits->evidence[at]);
	sheet_words(sheet, "%zu amounts have %s %u; %.0f were expected", digits->counts[at],
	            place_words[digits->place], at, expected * (double)digits->n);
}

/* The deviation of other rows, beside that of the verdict. */
static void note_others(const struct spendings *spendings, enum digit_place place, enum sign sign,
                        struct sheet *sheet)
{
	struct digits digits = {.place = place};
	const char *what = sign == REFUNDED ? "refunds" : "spending and refunds together";
	count_digits(spendings, sign, &digits);
	if (digits.n > 0)
		sheet_note(sheet, "Of %s, by absolute value: %zu amounts, MAD %.8f.", what,
		           digits.n, benford_mad(place, digits.counts, digits.n));
	else
		sheet_note(sheet, "Of %s: no amount.", what);
}

static void write_sheet(const struct spendings *spendings, const struct digits *digits,
                        const char *title, struct document *document,
                        const struct forensic_result *result)
{
	enum digit_place place = digits->place;
	const char *name = place == DIGIT_FIRST    ? "first-digit"
	                   : place == DIGIT_SECOND ? "second-digit"
	                                           : "first-two-digits";
	struct profile profile = profile_of(spendings);
	struct sheet *sheet =
	        sheet_new(document, name, title, columns, sizeof columns / sizeof columns[0]);
	for (unsigned at = digits_least(place); at <= digits_most(place); at++)
		write_digit(sheet, digits, at);
	sheet_chart(sheet, SHEET_CHART_BARS, 0, 2);
	sheet_note(sheet, "MAD %.8f: %s", result->value, result->verdict);
	sheet_note(
	        sheet,
	        "Cut-offs: close %.4f, acceptable %.4f, marginal %.4f; above it nothing conforms.",
	        benford_cut_off(place, CONFORMITY_CLOSE),
	        benford_cut_off(place, CONFORMITY_ACCEPTABLE),
	        benford_cut_off(place, CONFORMITY_MARGINAL));
	sheet_note(sheet, "Ranked by Z: digits that come too often with Z above %.2f.", MEASURES_Z);
	profile_note(&profile, spendings, sheet);
	sheet_note(sheet, "Of these, %zu are of %d currency units or more.", digits->n,
	           DIGITS_UNITS_LEAST);
	note_others(spendings, place, REFUNDED, sheet);
	note_others(spendings, place, BOTH, sheet);
}

static void judge(const struct digits *digits, struct forensic_result *result)
{
	double mad = benford_mad(digits->place, digits->counts, digits->n);
	enum conformity conformity = benford_conformity(digits->place, mad);
	result->measure = "MAD";
	result->value = mad;
	result->threshold = benford_cut_off(digits->place, CONFORMITY_MARGINAL);
	if (conformity != CONFORMITY_NONE) {
		forensic_verdict(result, "the digits conform to Benford's law: %s",
		                 conformity_text(conformity));
		return;
	}
	/* Where none comes too often by itself, the whole is the finding. */
	result->findings = digits->above > 0 ? digits->above : 1;
	forensic_verdict(result,
	                 "the digits do not conform to Benford's law: were some amounts "
	                 "chosen? %zu come too often",
	                 digits->above);
}

static enum lgp_status test_digits(const struct spendings *spendings, enum digit_place place,
                                   const char *title, struct document *document,
                                   struct forensic_result *result)
{
	struct digits digits = {.place = place};
	enum lgp_status status = denominations_judge(spendings, result);
	if (status != LGP_OK || !result->applies)
		return status;
	count_digits(spendings, SPENT, &digits);
	status = rank_digits(&digits);
	if (status != LGP_OK)
		return status;
	judge(&digits, result);
	write_sheet(spendings, &digits, title, document, result);
	return LGP_OK;
}

enum lgp_status test_first_digit(const struct spendings *spendings,
                                 const struct forensic_options *options, struct document *document,
                                 struct forensic_result *result)
{
	(void)options;
	return test_digits(spendings, DIGIT_FIRST, "First digits", document, result);
}

enum lgp_status test_second_digit(const struct spendings *spendings,
                                  const struct forensic_options *options, struct document *document,
                                  struct forensic_result *result)
{
	(void)options;
	return test_digits(spendings, DIGIT_SECOND, "Second digits", document, result);
}

enum lgp_status test_first_two_digits(const struct spendings *spendings,
                                      const struct forensic_options *options,
                                      struct document *document, struct forensic_result *result)
{
	(void)options;
	return test_digits(spendings, DIGITS_FIRST_TWO, "First two digits", document, result);
}
