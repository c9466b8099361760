/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* The metric table and the reasons of waiting, for people and for programs. */
#ifndef PPBPF_SINK_METRICS_DOC_H
#define PPBPF_SINK_METRICS_DOC_H

#include <stdio.h>

struct term;

/* docs/metrics.md. Negative errno when it cannot be written; so do the others. */
int metrics_doc__markdown(FILE *out);

/*
 * `why_not` has an entry for each row of metrics[]: why this machine or
 * privilege cannot give it, NULL where it can.
 */
int metrics_doc__table(FILE *out, const struct term *term, const char *const *why_not);
int metrics_doc__json(FILE *out, const char *const *why_not);

#endif
