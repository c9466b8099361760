/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#ifndef PPBPF_SINK_OTLP_PROTO_H
#define PPBPF_SINK_OTLP_PROTO_H

#include "model/span.h"

struct buf;

/*
 * Appends spans as ResourceSpans, each in a field 1: appended to one another they are one
 * ExportTraceServiceRequest. `next` of each leads to the next. 0 or -ENOMEM.
 */
int otlp_proto__append(struct buf *out, const struct span *spans);

#endif
