/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Whether two samples differ, and by how much, without a word about how they are
 * distributed: Mann-Whitney's test, the Hodges-Lehmann shift with its interval, Holm's
 * correction. The figures are those of R (wilcox.test, p.adjust).
 */
#ifndef PPBPF_MODEL_STATS_H
#define PPBPF_MODEL_STATS_H

#include <stdbool.h>
#include <stddef.h>

/* Keeps tables and room between calls. */
struct stats;

struct stats *stats__new(void); /* NULL: no memory */
void stats__free(struct stats *stats);

/* How sample x lies to sample y. */
struct stats_shift {
	double p;		/* two-sided; 1 when all values are equal */
	double shift;		/* the median of all differences x - y */
	double low, high;	/* the interval of the shift */
	bool exact;		/* p is: below 50 values each, and no two are equal */
};

/*
 * Neither sample may be empty or hold a NaN. The interval has the asked confidence (0.99)
 * where so few values can give it, else it is the widest there is. Takes O(n log n).
 * Returns 0 or -ENOMEM.
 */
int stats__compare(struct stats *stats, const double *x, size_t x_count, const double *y,
		   size_t y_count, double confidence, struct stats_shift *out);

/* Corrects the p-values of a family of up to STATS_FAMILY_MAX tests, in place. */
#define STATS_FAMILY_MAX 64
void stats_holm(double *p, size_t count);

/* Of values in any order, which are sorted by it. NaN for none. */
double stats_median(double *values, size_t count);

/* The standard normal value that lies above a share (0.5 to 1) of all. */
double stats_normal_quantile(double share);

/*
 * The change that a comparison with an interval this wide finds in 95 of 100 cases:
 * established at the interval's confidence, and its estimate beyond `gate`. All in one unit.
 */
double stats_smallest_change(const struct stats_shift *shift, double confidence, double gate);

#endif
