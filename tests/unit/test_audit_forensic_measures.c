/* test_audit_forensic_measures: the arithmetic of the tests on spending, against
 * published values and worked examples. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tools/forensic/measures.h"

static void near(double value, double wanted, double within)
{
	if (!(fabs(value - wanted) <= within))
		fail_msg("%.12f is not %.12f", value, wanted);
}

/* ---- Benford ------------------------------------------------------------------ */

static void expected_shares_are_the_published_ones(void **state)
{
	(void)state;
	near(benford_expected(DIGIT_FIRST, 1), .30103, 5e-6);
	near(benford_expected(DIGIT_FIRST, 9), .04576, 5e-6);
	near(benford_expected(DIGIT_SECOND, 0), .11968, 5e-6);
	near(benford_expected(DIGIT_SECOND, 9), .08500, 5e-6);
	near(benford_expected(DIGITS_FIRST_TWO, 10), .04139, 5e-6);
	near(benford_expected(DIGITS_FIRST_TWO, 99), .00436, 5e-6);
}

static void expected_shares_add_up_to_one(void **state)
{
	(void)state;
	for (enum digit_place place = DIGIT_FIRST; place <= DIGITS_FIRST_TWO; place++) {
		double sum = 0;
		for (unsigned at = digits_least(place); at <= digits_most(place); at++)
			sum += benford_expected(place, at);
		near(sum, 1, 1e-12);
	}
}

static void digits_are_those_of_the_amount(void **state)
{
	(void)state;
	assert_int_equal(digits_of(DIGIT_FIRST, 1000), 1);
	assert_int_equal(digits_of(DIGIT_SECOND, 1000), 0);
	assert_int_equal(digits_of(DIGITS_FIRST_TWO, 10), 10);
	assert_int_equal(digits_of(DIGITS_FIRST_TWO, 9999), 99);
	assert_int_equal(digits_of(DIGITS_FIRST_TWO, INT64_MAX), 92);
}

static void the_deviation_of_one_digit_alone_is_computed_by_hand(void **state)
{
	(void)state;
	size_t counts[MEASURES_DIGITS] = {[1] = 7};
	/* |1 - .30103| and the eight others whole: twice .69897, over nine. */
	near(benford_mad(DIGIT_FIRST, counts, 7), 2 * (1 - log10(2)) / 9, 1e-12);
}

static void conformity_goes_by_the_cut_offs(void **state)
{
	(void)state;
	assert_int_equal(benford_conformity(DIGITS_FIRST_TWO, .0012), CONFORMITY_CLOSE);
	assert_int_equal(benford_conformity(DIGITS_FIRST_TWO, .00121), CONFORMITY_ACCEPTABLE);
	assert_int_equal(benford_conformity(DIGITS_FIRST_TWO, .0022), CONFORMITY_MARGINAL);
	assert_int_equal(benford_conformity(DIGITS_FIRST_TWO, .00221), CONFORMITY_NONE);
	assert_int_equal(benford_conformity(DIGIT_FIRST, .0151), CONFORMITY_NONE);
	assert_int_equal(benford_conformity(DIGIT_FIRST, .0149), CONFORMITY_MARGINAL);
	assert_int_equal(benford_conformity(DIGIT_SECOND, .0111), CONFORMITY_NONE);
	assert_int_equal(benford_conformity(DIGIT_SECOND, .0109), CONFORMITY_MARGINAL);
	near(benford_cut_off(DIGIT_FIRST, CONFORMITY_CLOSE), .006, 0);
}

/* ---- Z ------------------------------------------------------------------------ */

static void z_has_the_correction_for_continuity(void **state)
{
	(void)state;
	/* 60 of 100 at one half: (.10 - .005) / .05. */
	near(proportion_z(60, 100, .5), 1.9, 1e-12);
	near(proportion_z(40, 100, .5), 1.9, 1e-12);
}

static void z_drops_a_correction_that_exceeds_the_difference(void **state)
{
	(void)state;
	/* 3 of 10 at .28: the difference .02 is below 1/20. */
	near(proportion_z(3, 10, .28), .02 / sqrt(.28 * .72 / 10), 1e-12);
	near(proportion_z(5, 10, .5), 0, 1e-12);
}

static void z_of_two_counts_is_that_of_the_published_example(void **state)
{
	(void)state;
	/* 285 just below against 42 just above: (243 - 1) / sqrt(327). */
	near(halves_z(285, 42), 242 / sqrt(327), 1e-12);
	near(halves_z(42, 285), 242 / sqrt(327), 1e-12);
	near(halves_z(0, 0), 0, 0);
}

/* ---- Mantissas and moments ------------------------------------------------------ */

static void mantissas_leave_powers_of_ten_out(void **state)
{
	(void)state;
	near(mantissa(2), log10(2), 1e-12);
	near(mantissa(2000), log10(2), 1e-12);
	near(mantissa(1), 0, 0);
}

static void collapsed_amounts_are_from_10_to_100(void **state)
{
	(void)state;
	near(collapsed(1), 10, 0);
	near(collapsed(99), 99, 0);
	near(collapsed(12345), 12.345, 1e-12);
	near(collapsed(100), 10, 0);
	near(collapsed(INT64_MAX), 92.23372036854776, 1e-9);
}

static void moments_are_those_of_a_sample(void **state)
{
	(void)state;
	static const double values[] = {2, 4, 4, 4, 5, 5, 7, 9};
	struct moments moments = {0};
	assert_true(moments_deviation(&moments) == 0);
	for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
		moments_add(&moments, values[i]);
	near(moments.mean, 5, 1e-12);
	near(moments_deviation(&moments), sqrt(32.0 / 7), 1e-12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(expected_shares_are_the_published_ones),
	        cmocka_unit_test(expected_shares_add_up_to_one),
	        cmocka_unit_test(digits_are_those_of_the_amount),
	        cmocka_unit_test(the_deviation_of_one_digit_alone_is_computed_by_hand),
	        cmocka_unit_test(conformity_goes_by_the_cut_offs),
	        cmocka_unit_test(z_has_the_correction_for_continuity),
	        cmocka_unit_test(z_drops_a_correction_that_exceeds_the_difference),
	        cmocka_unit_test(z_of_two_counts_is_that_of_the_published_example),
	        cmocka_unit_test(mantissas_leave_powers_of_ten_out),
	        cmocka_unit_test(collapsed_amounts_are_from_10_to_100),
	        cmocka_unit_test(moments_are_those_of_a_sample),
	};
	return cmocka_run_group_tests_name("audit_forensic_measures", tests, NULL, NULL);
}
