/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#ifndef PPBPF_SINK_MONITOR_SUMMARY_H
#define PPBPF_SINK_MONITOR_SUMMARY_H

#include <stdbool.h>
#include <stdio.h>

struct report;
struct term;

struct monitor_summary {
	const char *sort;	/* a name that monitor_sort__valid() knows; NULL: cpu */
	unsigned int top;	/* processes to show; 0: 10, fewer where the screen is small */
};

/* One screen of what was measured. `term` is what `out` goes to. Negative errno. */
int monitor_summary__print(FILE *out, const struct term *term, const struct report *report,
			   const struct monitor_summary *options);

#endif
