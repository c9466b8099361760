/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Where `ppbpf trace` has its spans from. */
#ifndef PPBPF_OP_TRACE_SOURCES_H
#define PPBPF_OP_TRACE_SOURCES_H

#include <stdbool.h>

#include "model/span.h"
#include "ppbpf.h"

struct err;
struct report;
struct trace_run;
struct trace_sources;

struct trace_sources_config {
	const struct ppbpf_trace_options *options;
	struct trace_run *run;		/* is told which sources there are */
	struct report *report;		/* and this which there are not */

	/* Takes a span over. 0 or -errno. */
	int (*on_span)(struct span *span, void *context);
	void *context;
};

/* Negative errno, told in *e: a source that was asked for cannot be had, or none can. */
int trace_sources__new(struct trace_sources **out, const struct trace_sources_config *config,
		       struct err *e);
void trace_sources__free(struct trace_sources *sources);	/* NULL is fine */

/* The Jaeger endpoint, if somebody else listens there: spans may be sent there. Else NULL. */
const char *trace_sources__other_jaeger(const struct trace_sources *sources);

/* Waits for spans, and for `stop_fd`, this long at most, and takes them. */
int trace_sources__run(struct trace_sources *sources, int timeout_ms, int stop_fd, struct err *e);
/* The last ones. */
int trace_sources__finish(struct trace_sources *sources, struct err *e);
/* Spans by source, and losses. */
void trace_sources__report(const struct trace_sources *sources, struct trace_run *run,
			   struct report *report);

#endif
