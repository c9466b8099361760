// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "model/stats.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* From here on the normal approximation is near enough, as in R. */
#define EXACT_BELOW 50
#define INSERTION_MAX 64
/* What R's qwilcox() allows for rounding. */
#define FUZZ (64 * 2.220446049250313e-16)

/* The distribution of W for two sample sizes, when nothing differs. */
struct distribution {
	struct distribution *next;
	size_t m, n;
	double *at_most;	/* P(W <= i), for i from 0 to m * n */
};

struct room {
	double *values;
	size_t capacity;
};

struct stats {
	struct distribution *distributions;
	struct room x, y, differences;
};

/* Two sorted samples. */
struct samples {
	const double *x, *y;
	size_t m, n;
};

struct stats *stats__new(void)
{
	return calloc(1, sizeof(struct stats));
}

void stats__free(struct stats *stats)
{
	struct distribution *next;

	if (!stats)
		return;
	for (struct distribution *d = stats->distributions; d; d = next) {
		next = d->next;
		free(d->at_most);
		free(d);
	}
	free(stats->x.values);
	free(stats->y.values);
	free(stats->differences.values);
	free(stats);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* What a benchmark has is sorted sooner than qsort() is set up. */
static void sort(double *values, size_t count)
{
	if (count > INSERTION_MAX) {
		qsort(values, count, sizeof(*values), by_value);
		return;
	}
	for (size_t i = 1; i < count; i++) {
		double value = values[i];
		size_t at = i;

		for (; at > 0 && values[at - 1] > value; at--)
			values[at] = values[at - 1];
		values[at] = value;
	}
}

double stats_median(double *values, size_t count)
{
	if (!count)
		return NAN;
	sort(values, count);
	return (values[(count - 1) / 2] + values[count / 2]) / 2;
}

/* Chances above a value of the standard normal distribution. */
static double normal_above(double z)
{
	return erfc(z / M_SQRT2) / 2;
}

double stats_normal_quantile(double share)
{
	double z = 0, step;

	/* Newton from the left: the chance is concave there, so that it never overshoots */
	do {
		step = (share - 1 + normal_above(z)) * sqrt(2 * M_PI) * exp(z * z / 2);
		z += step;
	} while (step > 1e-12);
	return z;
}

/*
 * Of the numbers 1 to m + n, in how many ways do m of them sum up to each value? An
 * item after the other, as for a knapsack; only additions, so that nothing cancels.
 */
static double *count_ways(size_t m, size_t n)
{
	size_t sums = m * n + 1;
	double *ways = calloc((m + 1) * sums, sizeof(*ways));

	if (!ways)
		return NULL;
	/* sums are kept less the least that so many items can have: item i then adds i - k */
	ways[0] = 1;
	for (size_t item = 1; item <= m + n; item++)
		for (size_t k = item < m ? item : m; k > 0; k--) {
			size_t adds = item - k;

			if (adds > n)
				break;
			for (size_t sum = adds; sum < sums; sum++)
				ways[k * sums + sum] += ways[(k - 1) * sums + sum - adds];
		}
	memmove(ways, ways + m * sums, sums * sizeof(*ways));
	return ways;
}

static const struct distribution *distribution_of(struct stats *stats, size_t m, size_t n)
{
	struct distribution *d;
	double total = 0, sum = 0;

	for (d = stats->distributions; d; d = d->next)
		if (d->m == m && d->n == n)
			return d;
	d = calloc(1, sizeof(*d));
	if (!d)
		return NULL;
	d->m = m;
	d->n = n;
	d->at_most = count_ways(m, n);
	if (!d->at_most) {
		free(d);
		return NULL;
	}
	for (size_t i = 0; i <= m * n; i++)
		total += d->at_most[i];
	for (size_t i = 0; i <= m * n; i++) {
		sum += d->at_most[i];
		d->at_most[i] = sum / total;
	}
	d->next = stats->distributions;
	stats->distributions = d;
	return d;
}

/*
 * W: how many pairs have x above y, equal ones counting half. *ties: the sum of t^3 - t
 * over the groups of t equal values.
 */
static double rank_sum(const struct samples *s, double *ties)
{
	size_t i = 0, j = 0, below;
	double w = 0, value, t;

	*ties = 0;
	while (i < s->m || j < s->n) {
		value = j == s->n || (i < s->m && s->x[i] <= s->y[j]) ? s->x[i] : s->y[j];
		below = j;
		t = 0;
		while (j < s->n && s->y[j] == value) {
			j++;
			t++;
		}
		for (; i < s->m && s->x[i] == value; i++, t++)
			w += below + (j - below) / 2.0;
		*ties += t * t * t - t;
	}
	return w;
}

/* The standard deviation of W. */
static double deviation(const struct samples *s, double ties)
{
	double m = s->m, n = s->n, all = m + n;

	return sqrt(m * n / 12 * (all + 1 - ties / (all * (all - 1))));
}

static double exact_p(const struct distribution *d, double w)
{
	double pairs = (double)d->m * d->n, p;

	/* the distribution is symmetric: the upper tail is the lower one, mirrored */
	p = d->at_most[(size_t)(w > pairs / 2 ? pairs - w : w)];
	return fmin(2 * p, 1);
}

static double normal_p(const struct samples *s, double w, double ties)
{
	double sd = deviation(s, ties);
	double off = fabs(w - (double)s->m * s->n / 2) - 0.5;

	if (!(sd > 0) || off < 0)
		return 1;
	return fmin(2 * normal_above(off / sd), 1);
}

/* How many of the pairs' differences are at most `limit`: the larger x, the larger y must be. */
static size_t differences_up_to(const struct samples *s, double limit)
{
	size_t count = 0, j = 0;

	for (size_t i = 0; i < s->m; i++) {
		while (j < s->n && s->x[i] - s->y[j] > limit)
			j++;
		count += s->n - j;
	}
	return count;
}

/* Those in (low, high], sorted; returns how many. */
static size_t collect(const struct samples *s, double low, double high, double *out)
{
	size_t count = 0, begin = 0, end = 0;

	for (size_t i = 0; i < s->m; i++) {
		while (begin < s->n && s->x[i] - s->y[begin] > high)
			begin++;
		while (end < s->n && s->x[i] - s->y[end] > low)
			end++;
		for (size_t j = begin; j < end; j++)
			out[count++] = s->x[i] - s->y[j];
	}
	sort(out, count);
	return count;
}

/*
 * The k-th smallest (1 and up) of all differences, without making them all: the range
 * is halved until few are left in it. `room` holds m + n values.
 */
static double nth_difference(const struct samples *s, size_t k, double *room)
{
	double low = nextafter(s->x[0] - s->y[s->n - 1], -INFINITY);
	double high = s->x[s->m - 1] - s->y[0], middle;
	size_t below = 0, up_to = s->m * s->n, count;

	while (up_to - below > s->m + s->n) {
		middle = low + (high - low) / 2;
		if (!(middle > low && middle < high))
			return high;	/* that many are equal */
		count = differences_up_to(s, middle);
		if (count >= k) {
			high = middle;
			up_to = count;
		} else {
			low = middle;
			below = count;
		}
	}
	collect(s, low, high, room);
	return room[k - below - 1];
}

/* The rank among the differences at which the interval begins; it ends at the mirrored one. */
static size_t interval_rank(const struct samples *s, const struct distribution *d, double ties,
			    double confidence)
{
	double tail = (1 - confidence) / 2, pairs = (double)s->m * s->n, rank;
	size_t w = 0;

	if (d) {
		while (d->at_most[w] * (1 + FUZZ) < tail)
			w++;
		return w ? w : 1;
	}
	/* where the shifted test is just not significant, with its continuity correction */
	rank = floor(pairs / 2 - 0.5 - stats_normal_quantile(1 - tail) * deviation(s, ties)) + 1;
	return rank > 1 ? (size_t)rank : 1;
}

static int reserve(struct room *room, size_t count)
{
	double *larger;

	if (count <= room->capacity)
		return 0;
	larger = reallocarray(room->values, count, sizeof(*larger));
	if (!larger)
		return -ENOMEM;
	room->values = larger;
	room->capacity = count;
	return 0;
}

static int sorted_copy(struct room *room, const double *values, size_t count)
{
	if (reserve(room, count))
		return -ENOMEM;
	memcpy(room->values, values, count * sizeof(*values));
	sort(room->values, count);
	return 0;
}

/* Ties within a sample; those between the samples go when one of them is shifted. */
static double ties_within(const double *sorted, size_t count)
{
	const struct samples alone = { .x = sorted, .m = count };
	double ties;

	rank_sum(&alone, &ties);
	return ties;
}

int stats__compare(struct stats *stats, const double *x, size_t x_count, const double *y,
		   size_t y_count, double confidence, struct stats_shift *out)
{
	struct samples s = { .m = x_count, .n = y_count };
	const struct distribution *d = NULL;
	size_t pairs = x_count * y_count, rank;
	double w, ties, *room;

	if (sorted_copy(&stats->x, x, x_count) || sorted_copy(&stats->y, y, y_count) ||
	    reserve(&stats->differences, x_count + y_count))
		return -ENOMEM;
	s.x = stats->x.values;
	s.y = stats->y.values;
	room = stats->differences.values;
	w = rank_sum(&s, &ties);
	out->exact = !(ties > 0) && x_count < EXACT_BELOW && y_count < EXACT_BELOW;
	if (out->exact) {
		d = distribution_of(stats, x_count, y_count);
		if (!d)
			return -ENOMEM;
	}
	out->p = d ? exact_p(d, w) : normal_p(&s, w, ties);
	rank = interval_rank(&s, d, ties_within(s.x, s.m) + ties_within(s.y, s.n), confidence);
	out->low = nth_difference(&s, rank, room);
	out->high = nth_difference(&s, pairs + 1 - rank, room);
	out->shift = (nth_difference(&s, (pairs + 1) / 2, room) +
		      nth_difference(&s, pairs / 2 + 1, room)) / 2;
	return 0;
}

struct ranked {
	double p;
	size_t index;
};

static int by_p(const void *a, const void *b)
{
	return by_value(&((const struct ranked *)a)->p, &((const struct ranked *)b)->p);
}

void stats_holm(double *p, size_t count)
{
	struct ranked ranked[STATS_FAMILY_MAX];
	double largest = 0;

	for (size_t i = 0; i < count; i++)
		ranked[i] = (struct ranked){ p[i], i };
	qsort(ranked, count, sizeof(*ranked), by_p);
	for (size_t i = 0; i < count; i++) {
		largest = fmax(largest, fmin((count - i) * ranked[i].p, 1));
		p[ranked[i].index] = largest;
	}
}

double stats_smallest_change(const struct stats_shift *shift, double confidence, double gate)
{
	double z = stats_normal_quantile((1 + confidence) / 2), found = stats_normal_quantile(0.95);
	double sd = (shift->high - shift->low) / 2 / z;

	return fmax(z * sd, gate) + found * sd;
}
