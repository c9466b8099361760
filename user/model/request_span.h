/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Requests that the kernel saw, as spans by OpenTelemetry's semantic conventions. */
#ifndef PPBPF_MODEL_REQUEST_SPAN_H
#define PPBPF_MODEL_REQUEST_SPAN_H

#include <stdbool.h>
#include <stdint.h>

#include "model/request.h"
#include "model/span.h"

/* Keeps a resource a process. */
struct request_spans;

struct request_spans_config {
	const char *service;		/* service.name; NULL: each program's own name */
	int64_t unix_offset_ns;		/* CLOCK_REALTIME less CLOCK_MONOTONIC */
	bool queries;			/* query strings are kept: url.query */
};

/* NULL: no memory. */
struct request_spans *request_spans__new(const struct request_spans_config *config);
void request_spans__free(struct request_spans *spans);

/* NULL: no memory. */
struct span *request_spans__make(struct request_spans *spans, const struct request *request);

/* The processes that were met, as "nginx [811]", for a person; up to a few. */
struct buf;
void request_spans__processes(const struct request_spans *spans, struct buf *out);

/*
 * A traceparent header (W3C Trace Context): version 00, or a later one that begins like it.
 * 0 or -EINVAL.
 */
int traceparent_parse(const char *text, size_t length, struct trace_id *trace, uint64_t *parent,
		      uint8_t *flags);

#endif
