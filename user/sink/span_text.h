/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Words for what spans are. */
#ifndef PPBPF_SINK_SPAN_TEXT_H
#define PPBPF_SINK_SPAN_TEXT_H

#include "model/span.h"

const char *span_kind_name(enum span_kind kind);	/* "server"; OTLP's, in small letters */
const char *span_source_name(enum span_source source);	/* "ebpf", "otlp" ... */

/* Who a span is of, for a person: its service, or the program where many are one service. */
const char *span_who(const struct span *span, const char *service);

#endif
