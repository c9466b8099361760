/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* A Jaeger that is there already, as a source of spans: asked at the end. */
#ifndef PPBPF_OP_TRACE_QUERY_H
#define PPBPF_OP_TRACE_QUERY_H

#include <stdint.h>

#include "model/span.h"
#include "ppbpf.h"

struct err;
struct trace_query;

/* on_span takes a span over: 0 or -errno. Negative errno, told in *e. */
int trace_query__new(struct trace_query **out, const struct ppbpf_trace_options *options,
		     int (*on_span)(struct span *span, void *context), void *context,
		     struct err *e);
void trace_query__free(struct trace_query *query);	/* NULL is fine */

/* Asks for the traces from trace_query__new() on. Negative errno, told in *e. */
int trace_query__run(struct trace_query *query, struct err *e);

const char *trace_query__url(const struct trace_query *query);
uint64_t trace_query__spans(const struct trace_query *query);

#endif
