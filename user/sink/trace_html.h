/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#ifndef PPBPF_SINK_TRACE_HTML_H
#define PPBPF_SINK_TRACE_HTML_H

#include <stdio.h>

struct report;
struct trace_run;

/* A page of its own, which loads nothing: operations and waterfalls. 0 or a negative errno. */
int trace_html__write(FILE *out, const struct trace_run *run, const struct report *report);

#endif
