/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#ifndef PPBPF_SINK_JAEGER_THRIFT_H
#define PPBPF_SINK_JAEGER_THRIFT_H

#include <stddef.h>

#include "model/span.h"

struct buf;

/*
 * Jaeger's Batch in parts, as TBinaryProtocol has them: a Process, and Spans, which may be
 * appended to one another. jaeger_batch() puts them together.
 */
void jaeger_process(struct buf *out, const struct resource *resource);
void jaeger_span(struct buf *out, const struct span *span);
void jaeger_batch(struct buf *out, const struct buf *process, const struct buf *spans,
		  size_t count);

#endif
