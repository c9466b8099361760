/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* The charts of a report, each an SVG. Their colours are classes of the page's style sheet. */
#ifndef PPBPF_SINK_REPORT_SVG_H
#define PPBPF_SINK_REPORT_SVG_H

#include <stdio.h>

#include "base/buf.h"
#include "model/compare.h"

/* Colours and type, light and dark: what the charts need, and what the page adds. */
void report_style(FILE *out);

/* Whose runs a chart lays under each other: the baseline first; one of them may be NULL. */
struct chart_sides {
	const struct bench_result *results[2];
	const char *names[2];
	enum component shown;
	double threshold;	/* as a share */
	const struct comparison *comparison;	/* NULL: results alone */
};

/* Every run as a dot, in the order that they ran from top to bottom, with their medians. */
void chart_strip(FILE *out, const struct chart_sides *sides);
/* "run 3, 14.2 ms: preempted by apt": a run that lies apart. */
void chart_outlier(struct buf *out, const struct bench_result *result, size_t run);
/* Where the time of a run goes, on average; without a split the averages with their extremes. */
void chart_split(FILE *out, const struct chart_sides *sides);
/* The shift with its interval, against 0 and the threshold; `small`: for a row of a table. */
void chart_shift(FILE *out, const struct comparison *comparison, double limit_percent, bool small);
/* How far chart_shift() reaches, to show these comparisons on one scale. */
double chart_shift_limit(const struct comparison *const *comparisons, size_t count);

/* What can be drawn of it. */
bool chart_has_runs(const struct chart_sides *sides);

/* Parts of a run's time in the order of the bars, for a legend: name and class of each. */
struct chart_part {
	enum bench_time time;
	const char *label;
	const char *class;
};
extern const struct chart_part chart_parts[];
extern const size_t chart_part_count;

#endif
