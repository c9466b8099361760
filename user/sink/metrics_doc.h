/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* The metric table and the reasons of waiting, for people and for programs. */
#ifndef PPBPF_SINK_METRICS_DOC_H
#define PPBPF_SINK_METRICS_DOC_H

#include <stdbool.h>
#include <stdio.h>

struct term;

/* docs/metrics.md. Negative errno when it cannot be written; so do the others. */
int metrics_doc__markdown(FILE *out);

/* What this machine and privilege make of a metric. */
struct metric_here {
	const char *why_not;	/* NULL: it can be had */
	bool otherwise;		/* then from metric->otherwise, for want of what it needs */
};

/* `here` has an entry for each row of metrics[]. */
int metrics_doc__table(FILE *out, const struct term *term, const struct metric_here *here);
int metrics_doc__json(FILE *out, const struct metric_here *here);

#endif
