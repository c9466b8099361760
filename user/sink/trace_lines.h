/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#ifndef PPBPF_SINK_TRACE_LINES_H
#define PPBPF_SINK_TRACE_LINES_H

#include <stdbool.h>

struct page;
struct trace;

/* A trace as a waterfall. `first`: it is the slowest of all. 0 or -ENOMEM. */
int trace_lines__waterfall(struct page *page, const struct trace *trace, const char *service,
			   bool first);

#endif
