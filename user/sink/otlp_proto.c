// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "sink/otlp_proto.h"

#include "base/buf.h"
#include "base/wire.h"
#include "model/otlp.h"
#include "sink/otlp_group.h"

static void put_text(struct buf *out, uint32_t field, const char *text)
{
	if (text && *text)
		wire_put_string(out, field, text);
}

static void put_count(struct buf *out, uint32_t field, uint64_t n)
{
	if (n)
		wire_put_varint(out, field, n);
}

/* Our attributes, under another number. */
static void put_attributes(struct buf *out, uint32_t number, const void *data, size_t length)
{
	struct wire attributes = wire__of(data, length);
	struct wire_field field;

	while (wire__next(&attributes, &field) > 0)
		if (field.type == WIRE_BYTES)
			wire_put_bytes(out, number, field.data, field.length);
}

static void put_status(struct buf *out, const struct span *span)
{
	size_t begin = wire_begin(out, SPAN_STATUS);

	put_text(out, STATUS_MESSAGE, span->status_message);
	put_count(out, STATUS_CODE, otlp_status(span));
	wire_end(out, begin);
}

static void put_span(struct buf *out, const struct span *span)
{
	size_t begin = wire_begin(out, SCOPE_SPANS_SPANS);
	struct buf attributes = BUF_INIT;

	otlp_attributes(&attributes, span);
	otlp_put_trace_id(out, SPAN_TRACE_ID, &span->trace_id);
	otlp_put_id(out, SPAN_ID, span->span_id);
	put_text(out, SPAN_TRACE_STATE, span->trace_state);
	otlp_put_id(out, SPAN_PARENT_ID, span->parent_id);
	put_text(out, SPAN_NAME, span->name);
	put_count(out, SPAN_KIND, span->kind);
	wire_put_fixed64(out, SPAN_START, span->start_ns);
	wire_put_fixed64(out, SPAN_END, span->end_ns);
	put_attributes(out, SPAN_ATTRIBUTES, attributes.data, attributes.length);
	put_count(out, SPAN_DROPPED_ATTRIBUTES, span->dropped_attributes);
	buf__append(out, span->events.data, span->events.length);
	put_count(out, SPAN_DROPPED_EVENTS, span->dropped_events);
	buf__append(out, span->links.data, span->links.length);
	put_count(out, SPAN_DROPPED_LINKS, span->dropped_links);
	put_status(out, span);
	if (span->flags)
		wire_put_fixed32(out, SPAN_FLAGS, span->flags);
	wire_end(out, begin);
	if (attributes.error)
		out->error = attributes.error;
	buf__free(&attributes);
}

static void put_scope(struct buf *out, const struct span *span)
{
	size_t begin = wire_begin(out, SCOPE_SPANS_SCOPE);

	put_text(out, SCOPE_NAME, otlp_scope(span));
	put_text(out, SCOPE_VERSION, otlp_scope_version(span));
	wire_end(out, begin);
}

static void put_group(struct buf *out, const struct otlp_group *group)
{
	const struct bytes *attributes = &group->spans[0]->resource->attributes;
	size_t begin = wire_begin(out, REQUEST_RESOURCE_SPANS), part;

	part = wire_begin(out, RESOURCE_SPANS_RESOURCE);
	put_attributes(out, RESOURCE_ATTRIBUTES, attributes->data, attributes->length);
	wire_end(out, part);
	for (size_t i = 0; i < group->count;) {
		const struct span *scope = group->spans[i];

		part = wire_begin(out, RESOURCE_SPANS_SCOPES);
		put_scope(out, scope);
		for (; i < group->count && otlp_same_scope(scope, group->spans[i]); i++)
			put_span(out, group->spans[i]);
		wire_end(out, part);
	}
	wire_end(out, begin);
}

int otlp_proto__append(struct buf *out, const struct span *spans)
{
	struct otlp_groups groups;
	struct otlp_group group;
	int err = otlp_groups__begin(&groups, spans);

	if (err)
		return err;
	while (otlp_groups__next(&groups, &group))
		put_group(out, &group);
	otlp_groups__end(&groups);
	return out->error;
}
