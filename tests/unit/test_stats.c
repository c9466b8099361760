// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/* The expected figures are what R 4.2 says: wilcox.test(), p.adjust(), qnorm(). */
#include "unit.h"

#include <math.h>
#include <stdlib.h>

#include "model/stats.h"

static void near(const char *what, double got, double expected, double relative)
{
	if (!(fabs(got - expected) <= relative * fabs(expected)))
		fail_msg("%s: %.15g, expected %.15g", what, got, expected);
}

#define NEAR(a, b, relative) near(#a, a, b, relative)

static struct stats *stats;

static int begin(void **state)
{
	(void)state;
	stats = stats__new();
	return stats ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	stats__free(stats);
	return 0;
}

struct fact {
	const double *x;
	size_t m;
	const double *y;
	size_t n;
	double confidence, p, shift, low, high;
	double tolerance;	/* R's root-finding stops somewhere on the flat */
	bool exact;
};

static void expect(const struct fact *fact)
{
	struct stats_shift got;

	assert_int_equal(stats__compare(stats, fact->x, fact->m, fact->y, fact->n,
					fact->confidence, &got), 0);
	NEAR(got.p, fact->p, 1e-12);
	NEAR(got.shift, fact->shift, fact->tolerance);
	NEAR(got.low, fact->low, fact->tolerance);
	NEAR(got.high, fact->high, fact->tolerance);
	assert_int_equal(got.exact, fact->exact);
	/* the other way round everything is mirrored */
	assert_int_equal(stats__compare(stats, fact->y, fact->n, fact->x, fact->m,
					fact->confidence, &got), 0);
	NEAR(got.p, fact->p, 1e-12);
	NEAR(-got.shift, fact->shift, fact->tolerance);
	NEAR(-got.high, fact->low, fact->tolerance);
}

static const double few_x[] = { 1.1, 2.2, 3.3, 4.4, 9.5 }, few_y[] = { 0.4, 1.9, 2.8, 3.1 };
static const double ten[] = { 0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46 };
static const double five[] = { 1.15, 0.88, 0.90, 0.74, 1.21 };
static const double ties_x[] = { 10, 11, 11, 12, 12, 12, 13, 14, 15, 15 };
static const double ties_y[] = { 9, 10, 10, 10, 11, 11, 12, 12, 13, 13 };
static const double apart_x[] = { 21.5, 22.5, 23.5, 24.5, 25.5, 26.5, 27.5, 28.5, 29.5, 30.5 };
static const double apart_y[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 };
/* rnorm(60, 52, 1.5) and rnorm(55, 50, 1.5) */
static const double many_x[] = {
	51.060, 52.275, 50.747, 54.393, 52.494, 50.769, 52.731, 53.107, 52.864, 51.542, 54.268,
	52.585, 51.068, 48.678, 53.687, 51.933, 51.976, 53.416, 53.232, 52.891, 53.378, 53.173,
	52.112, 49.016, 52.930, 51.916, 51.766, 49.794, 51.283, 52.627, 54.038, 51.846, 52.582,
	51.919, 49.934, 51.378, 51.409, 51.911, 53.650, 53.145, 51.753, 51.620, 53.045, 52.835,
	50.967, 50.939, 52.547, 53.153, 51.831, 53.322, 52.597, 51.082, 52.512, 50.306, 54.150,
	54.971, 51.449, 50.434, 52.855, 51.797,
};
static const double many_y[] = {
	53.602, 49.941, 51.035, 50.042, 48.885, 50.283, 47.293, 52.198, 50.230, 53.259, 50.713,
	48.935, 50.916, 48.599, 48.120, 50.437, 49.335, 50.002, 50.112, 49.116, 49.147, 49.797,
	51.767, 47.715, 50.891, 50.499, 51.595, 49.544, 50.555, 50.401, 49.186, 51.812, 51.741,
	51.050, 52.380, 50.838, 48.085, 49.140, 48.163, 49.290, 49.069, 50.063, 48.634, 50.237,
	49.018, 52.651, 51.075, 51.365, 50.576, 52.523, 49.046, 49.308, 52.148, 49.024, 49.689,
};

static void small_samples_have_the_exact_figures_of_r(void **state)
{
	const struct fact facts[] = {
		{ few_x, 5, few_y, 4, 0.99, 0.285714285714286, 1.35, -2, 9.1, 1e-12, true },
		{ ten, 10, five, 5, 0.99, 0.254412254412254, 0.305, -0.35, 1.01, 1e-12, true },
		{ ten, 10, five, 5, 0.95, 0.254412254412254, 0.305, -0.15, 0.76, 1e-12, true },
		{ apart_x, 10, apart_y, 10, 0.99, 1.0825088224469e-05, 20.5, 16.5, 24.5, 1e-12,
		  true },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(facts); i++)
		expect(&facts[i]);
}

static void ties_and_large_samples_have_its_approximations(void **state)
{
	const struct fact facts[] = {
		{ ties_x, 10, ties_y, 10, 0.99, 0.090662647813626, 1, -1, 4, 1e-12, false },
		{ many_x, 60, many_y, 55, 0.995, 1.97620944117511e-10, 2.05231942396029,
		  1.27805297640095, 2.77702948805260, 2e-4, false },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(facts); i++)
		expect(&facts[i]);
}

static void the_largest_exact_samples_agree(void **state)
{
	double x[49], y[49];
	const struct fact fact = { x, 49, y, 49, 0.99, 0.73954211544143, -1.997, -18.597, 14.103,
				   1e-9, true };

	(void)state;
	for (int i = 0; i < 49; i++) {
		x[i] = ((i + 1) * 7919 % 1009) / 10.0 + 0.003;
		y[i] = ((i + 1) * 6007 % 1013) / 10.0;
	}
	expect(&fact);
}

static void equal_values_are_no_difference(void **state)
{
	const double same[] = { 3, 3, 3, 3, 3, 3, 3, 3, 3, 3 };
	const double other[] = { 2, 2, 2, 2, 2, 2, 2, 2, 2, 2 };
	const double x[] = { 3, 3, 3, 4 }, y[] = { 2, 3, 3, 3 };
	struct stats_shift got;

	(void)state;
	assert_int_equal(stats__compare(stats, same, 10, same, 10, 0.99, &got), 0);
	assert_true(got.p == 1 && got.shift == 0 && got.low == 0 && got.high == 0);
	assert_int_equal(stats__compare(stats, same, 10, other, 10, 0.99, &got), 0);
	NEAR(got.p, 1.59379116880663e-05, 1e-12);
	assert_true(got.shift == 1 && got.low == 1 && got.high == 1);
	assert_int_equal(stats__compare(stats, x, 4, y, 4, 0.99, &got), 0);
	NEAR(got.p, 0.256839257957857, 1e-12);
}

static void one_value_each_tells_nothing(void **state)
{
	const double x = 5, y = 3;
	struct stats_shift got;

	(void)state;
	assert_int_equal(stats__compare(stats, &x, 1, &y, 1, 0.99, &got), 0);
	assert_true(got.p == 1 && got.shift == 2 && got.low == 2 && got.high == 2);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Against all differences, sorted; with outliers, ties and samples of unlike size. */
static void the_shift_is_the_median_of_all_differences(void **state)
{
	static double x[200], y[150], all[200 * 150];

	(void)state;
	srand48(7);
	for (int trial = 0; trial < 300; trial++) {
		size_t m = 1 + lrand48() % 200, n = 1 + lrand48() % 150, count = 0;
		double step = trial % 3 ? 1e-9 : 0.5, expected;
		struct stats_shift got;

		for (size_t i = 0; i < m; i++)
			x[i] = round(drand48() * 20 / step) * step + (lrand48() % 9 ? 0 : 1e6);
		for (size_t i = 0; i < n; i++)
			y[i] = round(drand48() * 20 / step) * step;
		for (size_t i = 0; i < m; i++)
			for (size_t j = 0; j < n; j++)
				all[count++] = x[i] - y[j];
		qsort(all, count, sizeof(*all), by_value);
		expected = (all[(count - 1) / 2] + all[count / 2]) / 2;
		assert_int_equal(stats__compare(stats, x, m, y, n, 0.99, &got), 0);
		assert_true(got.shift == expected);
		assert_true(got.low <= got.shift && got.shift <= got.high);
		assert_true(bsearch(&got.low, all, count, sizeof(*all), by_value) != NULL);
	}
}

static void holm_corrects_as_r_does(void **state)
{
	double a[] = { 0.01, 0.02, 0.03, 0.04, 0.05 };
	double b[] = { 0.001, 0.01, 0.02, 0.04, 0.8, 0.0005 };
	double c[] = { 0.04, 0.001, 0.2, 0.04 };
	const double a_r[] = { 0.05, 0.08, 0.09, 0.09, 0.09 };
	const double b_r[] = { 0.005, 0.04, 0.06, 0.08, 0.8, 0.003 };
	const double c_r[] = { 0.12, 0.004, 0.2, 0.12 };

	(void)state;
	stats_holm(a, LENGTH(a));
	stats_holm(b, LENGTH(b));
	stats_holm(c, LENGTH(c));
	for (size_t i = 0; i < LENGTH(a); i++)
		NEAR(a[i], a_r[i], 1e-12);
	for (size_t i = 0; i < LENGTH(b); i++)
		NEAR(b[i], b_r[i], 1e-12);
	for (size_t i = 0; i < LENGTH(c); i++)
		NEAR(c[i], c_r[i], 1e-12);
	stats_holm(a, 0);
}

static void quantiles_of_the_normal_distribution(void **state)
{
	double values[] = { 5, 1, 9, 3 };

	(void)state;
	NEAR(stats_normal_quantile(0.995), 2.575829303548900, 1e-12);
	NEAR(stats_normal_quantile(0.99875), 3.023341439739153, 1e-12);
	NEAR(stats_normal_quantile(0.95), 1.644853626951472, 1e-12);
	assert_true(stats_normal_quantile(0.5) == 0);
	assert_true(stats_median(values, 4) == 4);
	assert_true(stats_median(values, 3) == 3);
	assert_true(isnan(stats_median(values, 0)));
}

static void the_smallest_change_is_found_in_95_of_100(void **state)
{
	/* half an interval of 99 % is 2.576 standard deviations */
	const struct stats_shift shift = { .low = -2.575829303548900, .high = 2.575829303548900 };

	(void)state;
	NEAR(stats_smallest_change(&shift, 0.99, 1), 2.575829303548900 + 1.644853626951472, 1e-12);
	NEAR(stats_smallest_change(&shift, 0.99, 5), 5 + 1.644853626951472, 1e-12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(small_samples_have_the_exact_figures_of_r),
		cmocka_unit_test(ties_and_large_samples_have_its_approximations),
		cmocka_unit_test(the_largest_exact_samples_agree),
		cmocka_unit_test(equal_values_are_no_difference),
		cmocka_unit_test(one_value_each_tells_nothing),
		cmocka_unit_test(the_shift_is_the_median_of_all_differences),
		cmocka_unit_test(holm_corrects_as_r_does),
		cmocka_unit_test(quantiles_of_the_normal_distribution),
		cmocka_unit_test(the_smallest_change_is_found_in_95_of_100),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
