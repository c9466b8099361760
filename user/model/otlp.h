/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Numbers of the fields of opentelemetry-proto's trace.proto, common.proto and their like. */
#ifndef PPBPF_MODEL_OTLP_H
#define PPBPF_MODEL_OTLP_H

#include "model/span.h"

struct buf;

enum {	/* ExportTraceServiceRequest, and TracesData */
	REQUEST_RESOURCE_SPANS = 1,
};

enum {	/* ResourceSpans */
	RESOURCE_SPANS_RESOURCE = 1, RESOURCE_SPANS_SCOPES = 2,
};

enum {	/* Resource */
	RESOURCE_ATTRIBUTES = 1,
};

enum {	/* ScopeSpans */
	SCOPE_SPANS_SCOPE = 1, SCOPE_SPANS_SPANS = 2,
};

enum {	/* InstrumentationScope */
	SCOPE_NAME = 1, SCOPE_VERSION = 2,
};

enum {	/* Span */
	SPAN_TRACE_ID = 1, SPAN_ID = 2, SPAN_TRACE_STATE = 3, SPAN_PARENT_ID = 4, SPAN_NAME = 5,
	SPAN_KIND = 6, SPAN_START = 7, SPAN_END = 8, SPAN_ATTRIBUTES = 9,
	SPAN_DROPPED_ATTRIBUTES = 10, SPAN_EVENTS = 11, SPAN_DROPPED_EVENTS = 12,
	SPAN_LINKS = 13, SPAN_DROPPED_LINKS = 14, SPAN_STATUS = 15, SPAN_FLAGS = 16,
};

enum {	/* Span.Event */
	EVENT_TIME = 1, EVENT_NAME = 2, EVENT_ATTRIBUTES = 3, EVENT_DROPPED_ATTRIBUTES = 4,
};

enum {	/* Span.Link */
	LINK_TRACE_ID = 1, LINK_SPAN_ID = 2, LINK_TRACE_STATE = 3, LINK_ATTRIBUTES = 4,
	LINK_DROPPED_ATTRIBUTES = 5, LINK_FLAGS = 6,
};

enum {	/* Status */
	STATUS_MESSAGE = 2, STATUS_CODE = 3,
};

enum {	/* ExportTraceServiceResponse, ExportTracePartialSuccess, google.rpc.Status */
	RESPONSE_PARTIAL_SUCCESS = 1,
	PARTIAL_REJECTED = 1, PARTIAL_MESSAGE = 2,
	RPC_STATUS_CODE = 1, RPC_STATUS_MESSAGE = 2,
};

/* Ids as bytes, the highest first, into a field; of a zero one nothing. */
void otlp_put_trace_id(struct buf *out, uint32_t field, const struct trace_id *id);
void otlp_put_id(struct buf *out, uint32_t field, uint64_t id);

#endif
