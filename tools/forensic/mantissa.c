/* mantissa: measures of all digits at once: the mantissa arc and the distortion
 * factor.
 * Thread: one at a time.
 *
 * Both say something of the whole and nothing of an entry, and the arc's p falls
 * with the number of amounts whatever they are: they are told, and are never
 * findings by themselves. */
#include <math.h>

#include "tools/forensic/denominations.h"
#include "tools/forensic/evidence.h"
#include "tools/forensic/measures.h"

#define P_LEAST 0.05

static const double pi = 3.14159265358979323846;

static const struct sheet_column arc_columns[] = {
        {"amounts", "Amounts", SHEET_COUNT, 0},
        {"x", "Centre x", SHEET_RATIO, 8},
        {"y", "Centre y", SHEET_RATIO, 8},
        {"l_squared", "L²", SHEET_RATIO, 10},
        {"p", "p", SHEET_RATIO, 10},
};

static void write_arc(const struct spendings *spendings, double x, double y,
                      struct document *document, const struct forensic_result *result)
{
	struct profile profile = profile_of(spendings);
	struct sheet *sheet = sheet_new(document, "mantissa-arc", "Mantissa arc", arc_columns,
	                                sizeof arc_columns / sizeof arc_columns[0]);
	sheet_count(sheet, (int64_t)result->tested);
	sheet_ratio(sheet, x);
	sheet_ratio(sheet, y);
	sheet_ratio(sheet, x * x + y * y);
	sheet_ratio(sheet, result->value);
	sheet_note(sheet, "%s", result->verdict);
	sheet_note(sheet,
	           "p = e^(-n L^2), the chance of a centre so far off if Benford's law holds.  It "
	           "falls with n: of many amounts the MAD of first two digits says more.");
	profile_note(&profile, spendings, sheet);
}

enum lgp_status test_mantissa_arc(const struct spendings *spendings,
                                  const struct forensic_options *options, struct document *document,
                                  struct forensic_result *result)
{
	(void)options;
	double x = 0, y = 0;
	enum lgp_status status = denominations_judge(spendings, result);
	if (status != LGP_OK || !result->applies)
		return status;
	for (size_t i = 0; i < spendings->count; i++) {
		const struct spending *row = &spendings->rows[i];
		if (!digits_count(spendings, row))
			continue;
		double angle = 2 * pi * mantissa(row->amount);
		x += cos(angle);
		y += sin(angle);
	}
	x /= (double)result->tested;
	y /= (double)result->tested;
	result->measure = "p";
	result->value = exp(-(double)result->tested * (x * x + y * y));
	result->threshold = P_LEAST;
	forensic_verdict(result,
	                 "a measure, no finding: the mantissas %s spread evenly over the circle",
	                 result->value < P_LEAST ? "are not" : "may well be");
	write_arc(spendings, x, y, document, result);
	return LGP_OK;
}

static const struct sheet_column distortion_columns[] = {
        {"amounts", "Amounts", SHEET_COUNT, 0},
        {"mean", "Mean of the collapsed", SHEET_RATIO, 6},
        {"expected", "Expected", SHEET_RATIO, 6},
        {"distortion", "Distortion factor", SHEET_RATIO, 8},
};

enum lgp_status test_distortion(const struct spendings *spendings,
                                const struct forensic_options *options, struct document *document,
                                struct forensic_result *result)
{
	(void)options;
	struct profile profile = profile_of(spendings);
	double sum = 0;
	enum lgp_status status = denominations_judge(spendings, result);
	if (status != LGP_OK || !result->applies)
		return status;
	for (size_t i = 0; i < spendings->count; i++)
		if (digits_count(spendings, &spendings->rows[i]))
			sum += collapsed(spendings->rows[i].amount);
	double mean = sum / (double)result->tested;
	result->measure = "distortion factor";
	result->value = (mean - BENFORD_MEAN) / BENFORD_MEAN;
	forensic_verdict(result, "a measure, no finding: amounts lean %s by %.2f %%",
	                 result->value < 0 ? "low" : "high", 100 * fabs(result->value));
	struct sheet *sheet =
	        sheet_new(document, "distortion", "Distortion factor", distortion_columns,
	                  sizeof distortion_columns / sizeof distortion_columns[0]);
	sheet_count(sheet, (int64_t)result->tested);
	sheet_ratio(sheet, mean);
	sheet_ratio(sheet, BENFORD_MEAN);
	sheet_ratio(sheet, result->value);
	sheet_note(sheet, "%s", result->verdict);
	profile_note(&profile, spendings, sheet);
	return LGP_OK;
}
