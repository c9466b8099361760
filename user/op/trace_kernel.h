/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* The kernel as a source of spans: user/collect/requests.h. */
#ifndef PPBPF_OP_TRACE_KERNEL_H
#define PPBPF_OP_TRACE_KERNEL_H

#include <stdint.h>

#include "model/span.h"
#include "ppbpf.h"

struct err;
struct report;
struct trace_kernel;
struct trace_run;
struct trace_source;

/*
 * on_span takes a span over: 0 or -errno. Requests that the service makes to `own_ports` are
 * left out. Negative errno, told in *e.
 */
int trace_kernel__new(struct trace_kernel **out, const struct ppbpf_trace_options *options,
		      const uint16_t own_ports[2],
		      int (*on_span)(struct span *span, void *context), void *context,
		      struct err *e);
void trace_kernel__free(struct trace_kernel *kernel);	/* NULL is fine */

int trace_kernel__fd(const struct trace_kernel *kernel);
/* To be called every 100 ms or so. Negative errno, told in *e. */
int trace_kernel__drain(struct trace_kernel *kernel, struct err *e);
/* Detaches; what is under way comes as it is. */
int trace_kernel__stop(struct trace_kernel *kernel, struct err *e);

/* What was seen of whom, what was lost, and what was met that cannot be seen. */
void trace_kernel__report(struct trace_kernel *kernel, struct trace_source *source,
			  struct trace_run *run, struct report *report);

#endif
