/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Traces for a person: operations, and the slowest traces as waterfalls. */
#ifndef PPBPF_SINK_TRACE_TABLE_H
#define PPBPF_SINK_TRACE_TABLE_H

#include <stdbool.h>
#include <stdio.h>

struct report;
struct term;
struct trace_run;

struct trace_table {
	unsigned int top;	/* operations to show; 0: 10, fewer where the screen is small */
	unsigned int slowest;	/* traces to show */
};

/* What is known so far, or at the end. `term` is what `out` goes to. Negative errno. */
int trace_table__print(FILE *out, const struct term *term, const struct trace_run *run,
		       const struct report *report, const struct trace_table *options);

/*
 * While the run goes on: on a terminal refreshed in place, elsewhere a line every ten
 * seconds.
 */
struct trace_view;

struct trace_view *trace_view__new(int fd, unsigned int top);	/* NULL: no memory */
/* Negative errno: -EPIPE when nobody reads any more. */
int trace_view__show(struct trace_view *view, const struct trace_run *run,
		     const struct report *report);
int trace_view__free(struct trace_view *view);

#endif
