/* measures: the arithmetic of the tests, without rows or sheets.
 * Thread: any.  Pure functions; doubles for statistics alone.
 * Formulas and cut-offs: README.md here. */
#ifndef LAGNIAPPE_FORENSIC_MEASURES_H
#define LAGNIAPPE_FORENSIC_MEASURES_H

#include "lagniappe/status.h"

#define MEASURES_Z 1.96      /* above it a share differs, at 5 % */
#define MEASURES_DIGITS 100  /* room for counts by digits */
#define BENFORD_MEAN 39.0865 /* of amounts collapsed to 10 … 100 */

enum digit_place { DIGIT_FIRST, DIGIT_SECOND, DIGITS_FIRST_TWO };
enum conformity { CONFORMITY_CLOSE, CONFORMITY_ACCEPTABLE, CONFORMITY_MARGINAL, CONFORMITY_NONE };

/* The least and the greatest digits at the place: 1 9, 0 9, 10 99. */
unsigned digits_least(enum digit_place place);
unsigned digits_most(enum digit_place place);
/* The digits of an amount of at least 10. */
unsigned digits_of(enum digit_place place, int64_t amount);

/* The share that Benford's law expects. */
double benford_expected(enum digit_place place, unsigned digits);
/* Mean absolute deviation of the shares from the expected ones; n is not 0. */
double benford_mad(enum digit_place place, const size_t counts[MEASURES_DIGITS], size_t n);
enum conformity benford_conformity(enum digit_place place, double mad);
/* "close", "acceptable", "marginal", "none" */
const char *conformity_text(enum conformity conformity);
/* The greatest deviation that the conformity allows; not of CONFORMITY_NONE. */
double benford_cut_off(enum digit_place place, enum conformity conformity);

/* How far count of n is from the expected share, in standard deviations, with
 * the correction for continuity, which is dropped where it exceeds the difference. */
double proportion_z(size_t count, size_t n, double expected);
/* How far two counts are from being equal, in standard deviations, corrected too. */
double halves_z(size_t a, size_t b);

/* The fraction of the logarithm; amount above 0. */
double mantissa(int64_t amount);
/* The amount moved to 10 … 100 by powers of ten. */
double collapsed(int64_t amount);

/* Mean and deviation of what was added, one after the other (Welford). */
struct moments {
	size_t count;
	double mean, squares;
};
void moments_add(struct moments *moments, double value);
/* Of a sample (n − 1); 0 for fewer than two. */
double moments_deviation(const struct moments *moments);

/* 10^n, n at most 18. */
int64_t power_of_ten(unsigned n);

#endif
