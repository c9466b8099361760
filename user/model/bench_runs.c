// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "model/bench_runs.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "model/reason.h"

#define OUTLIER_RUNS 5		/* fewer say nothing of what is usual */
#define OUTLIER_SCORE 3.5
#define OUTLIER_SHARE 0.02
#define MAD_TO_SIGMA 0.6745
#define CAUSE_SHARE 0.25	/* a part has to explain so much of what is too much */
#define GROWTH_RUNS 8
#define GROWTH_Z 3.09		/* p < 0.001, one-sided */
#define GROWTH_SHARE 0.01
#define GROWTH_BYTES (128 * 1024)
#define NOISE_SHARE 0.10	/* of its tasks' lives: waiting for others, or stolen */

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Sorts them. */
static double median(double *values, size_t n)
{
	if (!n)
		return NAN;
	qsort(values, n, sizeof(*values), by_value);
	return (values[(n - 1) / 2] + values[n / 2]) / 2;
}

static const struct bench_blame *worst_blame(const struct bench_run *run)
{
	for (size_t i = 0; i < run->blame_count; i++)
		if (!run->blames[i].followed)
			return &run->blames[i];
	return NULL;
}

static void name_part(char *out, size_t size, const struct bench_run *run, int part, double extra)
{
	const struct bench_blame *blame = worst_blame(run);
	const char *sign = extra < 0 ? "less" : "more";
	char time[UNITS_TEXT];

	format_duration(time, fabs(extra) * 1e6);
	if (part == BENCH_ON_CPU)
		snprintf(out, size, "%s %s on CPU", time, sign);
	else if (part == BENCH_RUN_QUEUE && blame && extra > 0)
		snprintf(out, size, "preempted by %.*s, waited %s for a CPU", PPBPF_COMM_LEN,
			 blame->comm, time);
	else if (part == BENCH_RUN_QUEUE)
		snprintf(out, size, "waited %s %s for a CPU", time, sign);
	else if (part == BENCH_THROTTLED)
		snprintf(out, size, "throttled for %s %s by its quota", time, sign);
	else if (part == BENCH_STOLEN)
		snprintf(out, size, "the hypervisor took %s %s", time, sign);
	else
		snprintf(out, size, "waited %s %s for %s", time, sign,
			 reasons[part - BENCH_BLOCKED].name);
}

/* Of the wall time, what lies before its first task began and after its last one ended. */
static double outside(const double *ms)
{
	return ms[BENCH_WALL] - ms[BENCH_TASK];
}

/* The part that differs most from its median, if that explains anything. */
static char *cause_of(const struct bench_run *run, const double *medians, double extra)
{
	double most = fabs(extra) * CAUSE_SHARE, late = outside(run->ms) - outside(medians);
	char text[128] = "its cause is not known", time[UNITS_TEXT];
	int cause = -1;

	if (late > most) {
		snprintf(text, sizeof(text), "%s more until it was started, or its end was seen",
			 format_duration(time, late * 1e6));
		most = late;
	}

	for (int part = BENCH_ON_CPU; part < BENCH_TIME_NR; part++) {
		double more = run->ms[part] - medians[part];

		if (part == BENCH_ON_CPU_USER || part == BENCH_ON_CPU_KERNEL || isnan(more) ||
		    more * extra <= 0 || fabs(more) < most)
			continue;
		most = fabs(more);
		cause = part;
	}
	if (cause >= 0)
		name_part(text, sizeof(text), run, cause, run->ms[cause] - medians[cause]);
	return strdup(text);
}

int bench_result__mark_outliers(struct bench_result *result)
{
	double *values = calloc(result->run_count + 1, sizeof(*values));
	double medians[BENCH_TIME_NR], mad, extra;
	int err = values ? 0 : -ENOMEM;

	for (int part = 0; part < BENCH_TIME_NR && values; part++)
		medians[part] = median(values, bench_result__times(result, part, values));
	if (err || result->run_count < OUTLIER_RUNS) {
		free(values);
		return err;
	}
	for (size_t i = 0; i < result->run_count; i++)
		values[i] = fabs(result->runs[i].ms[BENCH_WALL] - medians[BENCH_WALL]);
	mad = median(values, result->run_count);
	for (size_t i = 0; i < result->run_count && !err; i++) {
		struct bench_run *run = &result->runs[i];

		extra = run->ms[BENCH_WALL] - medians[BENCH_WALL];
		if (fabs(extra) * MAD_TO_SIGMA <= OUTLIER_SCORE * mad ||
		    fabs(extra) < OUTLIER_SHARE * medians[BENCH_WALL])
			continue;
		free(run->outlier);
		run->outlier = cause_of(run, medians, extra);
		err = run->outlier ? 0 : -ENOMEM;
	}
	free(values);
	return err;
}

/* How much more often values go up than down, in standard deviations without a trend. */
static double mann_kendall(const double *values, size_t n)
{
	double variance = n * (n - 1.0) * (2.0 * n + 5) / 18;
	long s = 0;

	for (size_t i = 0; i < n; i++)
		for (size_t j = i + 1; j < n; j++)
			s += (values[j] > values[i]) - (values[j] < values[i]);
	return (s - (s > 0)) / sqrt(variance);
}

int bench_result__check_growth(struct bench_result *result)
{
	double *peaks = calloc(result->run_count + 1, sizeof(*peaks)), first, last;
	char from[UNITS_TEXT], to[UNITS_TEXT];
	size_t n, third;
	int err = 0;

	if (!peaks)
		return -ENOMEM;
	n = bench_result__counts(result, BENCH_MEMORY_PEAK_BYTES, peaks);
	if (n >= GROWTH_RUNS && n == result->run_count && mann_kendall(peaks, n) > GROWTH_Z) {
		third = n / 3;
		first = median(peaks, third);
		last = median(peaks + n - third, third);
		result->memory_grows = last - first >= GROWTH_BYTES &&
				       last - first >= GROWTH_SHARE * first;
		if (result->memory_grows)
			err = bench_result__warn(result, "its memory grows from iteration to "
						 "iteration: from %s to %s over %zu of them",
						 format_bytes(from, first), format_bytes(to, last),
						 n);
	}
	free(peaks);
	return err;
}

/* Of all runs, as far as it is known; ms. */
static double sum_of(const struct bench_result *result, enum bench_time part)
{
	double sum = 0;

	for (size_t i = 0; i < result->run_count; i++)
		if (!isnan(result->runs[i].ms[part]))
			sum += result->runs[i].ms[part];
	return sum;
}

int bench_result__check_noise(struct bench_result *result)
{
	double lives = sum_of(result, BENCH_TASK), stolen = sum_of(result, BENCH_STOLEN);
	double waited = 0;

	if (!(lives > 0))
		return 0;

	/* who runs in the tree at the same time is no neighbour */
	for (size_t i = 0; i < result->run_count; i++)
		for (size_t j = 0; j < result->runs[i].blame_count; j++)
			if (!result->runs[i].blames[j].followed)
				waited += result->runs[i].blames[j].cpu_ms;
	if (waited > NOISE_SHARE * lives)
		return bench_result__warn(result, "a noisy machine: others had its CPU for %.0f %% "
					  "of its time", 100 * waited / lives);
	if (stolen > NOISE_SHARE * lives)
		return bench_result__warn(result, "a noisy machine: the hypervisor took %.0f %% of "
					  "its time", 100 * stolen / lives);
	return 0;
}
