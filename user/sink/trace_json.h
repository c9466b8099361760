/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#ifndef PPBPF_SINK_TRACE_JSON_H
#define PPBPF_SINK_TRACE_JSON_H

#include <stdio.h>

#include "sink/envelope.h"

struct report;
struct trace_run;

/*
 * The result of capture_distributed_traces, pretty-printed. `run` is NULL: nothing was
 * captured, and data is null. Returns 0 or a negative errno.
 */
int trace_json__write(FILE *out, const struct trace_run *run, const struct report *report,
		      const struct envelope *envelope);

#endif
