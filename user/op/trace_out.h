/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Where collected spans go: a file, and other backends. */
#ifndef PPBPF_OP_TRACE_OUT_H
#define PPBPF_OP_TRACE_OUT_H

#include "model/span.h"
#include "ppbpf.h"

struct err;
struct trace_out;
struct trace_run;

/* `jaeger`: where somebody takes Jaeger's spans; NULL: nowhere. Negative errno, in *e. */
int trace_out__new(struct trace_out **out, const struct ppbpf_trace_options *options,
		   const char *jaeger, struct err *e);
/* What was not finished is discarded. NULL is fine. */
void trace_out__free(struct trace_out *out);

/* Spans of a trace, a list by `next`. 0 or -errno. */
int trace_out__spans(struct trace_out *out, const struct span *spans);
/* Writes and sends what is left. Negative errno, told in *e. */
int trace_out__finish(struct trace_out *out, struct err *e);
/* What was sent where, and what was lost. 0 or -ENOMEM. */
int trace_out__report(const struct trace_out *out, struct trace_run *run);

#endif
