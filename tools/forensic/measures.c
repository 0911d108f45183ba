/* measures: see measures.h.  Thread: any.
 *
 * Cut-offs of the mean absolute deviation: as Nigrini gives them, and as the tools of
 * forensic analytics repeat them.  */
#include "tools/forensic/measures.h"

#include <math.h>

static const struct {
	unsigned least, most;
	double cut_offs[CONFORMITY_NONE];
} places[] = {
        [DIGIT_FIRST] = {1, 9, {.006, .012, .015}},
        [DIGIT_SECOND] = {0, 9, {.008, .010, .011}},
        [DIGITS_FIRST_TWO] = {10, 99, {.0012, .0018, .0022}},
};

unsigned digits_least(enum digit_place place)
{
	return places[place].least;
}

unsigned digits_most(enum digit_place place)
{
	return places[place].most;
}

unsigned digits_of(enum digit_place place, int64_t amount)
{
	require(amount >= 10);
	while (amount >= 100)
		amount /= 10;
	if (place == DIGITS_FIRST_TWO)
		return (unsigned)amount;
	return (unsigned)(place == DIGIT_FIRST ? amount / 10 : amount % 10);
}

double benford_expected(enum digit_place place, unsigned digits)
{
	double share = 0;
	if (place != DIGIT_SECOND)
		return log10(1 + 1.0 / digits);
	for (unsigned first = 1; first <= 9; first++)
		share += log10(1 + 1.0 / (10 * first + digits));
	return share;
}

double benford_mad(enum digit_place place, const size_t counts[MEASURES_DIGITS], size_t n)
{
	unsigned least = places[place].least, most = places[place].most;
	double sum = 0;
	require(n > 0);
	for (unsigned digits = least; digits <= most; digits++)
		sum += fabs((double)counts[digits] / (double)n - benford_expected(place, digits));
	return sum / (most - least + 1);
}

enum conformity benford_conformity(enum digit_place place, double mad)
{
	for (enum conformity at = CONFORMITY_CLOSE; at < CONFORMITY_NONE; at++)
		if (mad <= places[place].cut_offs[at])
			return at;
	return CONFORMITY_NONE;
}

const char *conformity_text(enum conformity conformity)
{
	static const char *const texts[] = {"close", "acceptable", "marginal", "none"};
	return texts[conformity];
}

double benford_cut_off(enum digit_place place, enum conformity conformity)
{
	require(conformity < CONFORMITY_NONE);
	return places[place].cut_offs[conformity];
}

double proportion_z(size_t count, size_t n, double expected)
{
	double difference = fabs((double)count / (double)n - expected);
	double correction = 1 / (2 * (double)n);
	if (correction < difference)
		difference -= correction;
	return difference / sqrt(expected * (1 - expected) / (double)n);
}

double halves_z(size_t a, size_t b)
{
	double n = (double)a + (double)b;
	double difference = fabs((double)a - (double)b);
	if (n == 0)
		return 0;
	return (difference > 1 ? difference - 1 : difference) / sqrt(n);
}

double mantissa(int64_t amount)
{
	double whole;
	require(amount > 0);
	return modf(log10((double)amount), &whole);
}

double collapsed(int64_t amount)
{
	int64_t power = 1;
	require(amount > 0);
	while (amount / power >= 10)
		power *= 10;
	return 10 * (double)amount / (double)power;
}

void moments_add(struct moments *moments, double value)
{
	double before = value - moments->mean;
	moments->count++;
	moments->mean += before / (double)moments->count;
	moments->squares += before * (value - moments->mean);
}

double moments_deviation(const struct moments *moments)
{
	return moments->count < 2 ? 0 : sqrt(moments->squares / (double)(moments->count - 1));
}

int64_t power_of_ten(unsigned n)
{
	int64_t power = 1;
	require(n <= 18);
	while (n-- > 0)
		power *= 10;
	return power;
}
