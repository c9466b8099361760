// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/* OTLP in protobuf: ExportTraceServiceRequest, by the field numbers of opentelemetry-proto. */
#include <errno.h>
#include <endian.h>
#include <string.h>

#include "base/wire.h"
#include "model/otlp.h"
#include "receive/spans_in.h"

/* Of a field of bytes, which every message here is. */
static bool is_bytes(const struct wire_field *field)
{
	return field->type == WIRE_BYTES;
}

static int read_text(const struct wire_field *field, struct buf *out)
{
	if (!is_bytes(field))
		return -EBADMSG;
	buf__truncate(out, 0);
	return buf__append(out, field->data, field->length);
}

/* A KeyValue, checked, appended as our attributes are. */
static int add_attribute(const struct wire_field *field, struct buf *out)
{
	if (!is_bytes(field) || attribute__check(wire__within(field)))
		return -EBADMSG;
	wire_put_bytes(out, ATTRIBUTE, field->data, field->length);
	return 0;
}

static int read_number(const struct wire_field *field, enum wire_type type, uint64_t *out)
{
	if (field->type != type)
		return -EBADMSG;
	*out = field->value;
	return 0;
}

static int read_count(const struct wire_field *field, uint32_t *out)
{
	uint64_t n;

	if (read_number(field, WIRE_VARINT, &n))
		return -EBADMSG;
	*out = n;
	return 0;
}

/* Ids of another length are not valid, and are as if they were not there. */
static int read_id(const struct wire_field *field, uint64_t *out)
{
	uint64_t id;

	if (!is_bytes(field))
		return -EBADMSG;
	*out = 0;
	if (field->length == sizeof(id)) {
		memcpy(&id, field->data, sizeof(id));
		*out = be64toh(id);
	}
	return 0;
}

static int read_trace_id(const struct wire_field *field, struct trace_id *out)
{
	uint64_t halves[2];

	if (!is_bytes(field))
		return -EBADMSG;
	*out = (struct trace_id){ 0 };
	if (field->length == sizeof(halves)) {
		memcpy(halves, field->data, sizeof(halves));
		*out = (struct trace_id){ be64toh(halves[0]), be64toh(halves[1]) };
	}
	return 0;
}

/* An Event or a Link, checked, appended as it is. */
static int add_part(const struct wire_field *field, uint32_t attributes, struct buf *out)
{
	struct wire part = wire__within(field);
	struct wire_field f;
	int more;

	if (!is_bytes(field))
		return -EBADMSG;
	while ((more = wire__next(&part, &f)) > 0)
		if (f.number == attributes &&
		    (!is_bytes(&f) || attribute__check(wire__within(&f))))
			return -EBADMSG;
	if (more)
		return more;
	wire_put_bytes(out, field->number, field->data, field->length);
	return 0;
}

static int read_status(const struct wire_field *field, struct span_draft *draft)
{
	struct wire status = wire__within(field);
	struct wire_field f;
	int more, err = 0;
	uint64_t code;

	if (!is_bytes(field))
		return -EBADMSG;
	while (!err && (more = wire__next(&status, &f)) > 0) {
		if (f.number == STATUS_MESSAGE) {
			err = read_text(&f, &draft->status_message);
		} else if (f.number == STATUS_CODE) {
			err = read_number(&f, WIRE_VARINT, &code);
			draft->span.status = !err && code < SPAN_STATUS_NR ? code : 0;
		}
	}
	return err ? err : more;
}

static int read_kind(const struct wire_field *field, enum span_kind *out)
{
	uint64_t kind;

	if (read_number(field, WIRE_VARINT, &kind))
		return -EBADMSG;
	*out = kind < SPAN_KIND_NR ? kind : SPAN_KIND_UNSPECIFIED;
	return 0;
}

static int read_flags(const struct wire_field *field, uint32_t *out)
{
	uint64_t flags;

	if (read_number(field, WIRE_FIXED32, &flags))
		return -EBADMSG;
	*out = flags;
	return 0;
}

static int read_span_field(const struct wire_field *field, struct span_draft *draft)
{
	struct span *span = &draft->span;

	switch (field->number) {
	case SPAN_TRACE_ID:
		return read_trace_id(field, &span->trace_id);
	case SPAN_ID:
		return read_id(field, &span->span_id);
	case SPAN_TRACE_STATE:
		return read_text(field, &draft->trace_state);
	case SPAN_PARENT_ID:
		return read_id(field, &span->parent_id);
	case SPAN_NAME:
		return read_text(field, &draft->name);
	case SPAN_KIND:
		return read_kind(field, &span->kind);
	case SPAN_START:
		return read_number(field, WIRE_FIXED64, &span->start_ns);
	case SPAN_END:
		return read_number(field, WIRE_FIXED64, &span->end_ns);
	case SPAN_ATTRIBUTES:
		return add_attribute(field, &draft->attributes);
	case SPAN_DROPPED_ATTRIBUTES:
		return read_count(field, &span->dropped_attributes);
	case SPAN_EVENTS:
		return add_part(field, EVENT_ATTRIBUTES, &draft->events);
	case SPAN_DROPPED_EVENTS:
		return read_count(field, &span->dropped_events);
	case SPAN_LINKS:
		return add_part(field, LINK_ATTRIBUTES, &draft->links);
	case SPAN_DROPPED_LINKS:
		return read_count(field, &span->dropped_links);
	case SPAN_STATUS:
		return read_status(field, draft);
	case SPAN_FLAGS:
		return read_flags(field, &span->flags);
	default:
		return 0;
	}
}

static int read_span(const struct wire_field *field, struct span_draft *draft,
		     struct resource *resource, struct spans_in *in)
{
	struct wire message = wire__within(field);
	struct wire_field f;
	int more, err = 0;

	if (!is_bytes(field))
		return -EBADMSG;
	span_draft__clear(draft);
	while (!err && (more = wire__next(&message, &f)) > 0)
		err = read_span_field(&f, draft);
	if (err || more)
		return err ? err : more;
	draft->span.source = SPAN_FROM_OTLP;
	draft->span.resource = resource;
	return span_draft__emit(draft, in);
}

static int read_scope(const struct wire_field *field, struct span_draft *draft)
{
	struct wire scope = wire__within(field);
	struct wire_field f;
	int more, err = 0;

	if (!is_bytes(field))
		return -EBADMSG;
	while (!err && (more = wire__next(&scope, &f)) > 0) {
		if (f.number == SCOPE_NAME)
			err = read_text(&f, &draft->scope);
		else if (f.number == SCOPE_VERSION)
			err = read_text(&f, &draft->scope_version);
	}
	return err ? err : more;
}

/* The order of fields is the sender's choice: what holds for all spans is looked for first. */
static int read_scope_spans(const struct wire_field *field, struct span_draft *draft,
			    struct resource *resource, struct spans_in *in)
{
	struct wire message = wire__within(field), again = message;
	struct wire_field f;
	int more, err = 0;

	if (!is_bytes(field))
		return -EBADMSG;
	buf__truncate(&draft->scope, 0);
	buf__truncate(&draft->scope_version, 0);
	while (!err && (more = wire__next(&message, &f)) > 0)
		if (f.number == SCOPE_SPANS_SCOPE)
			err = read_scope(&f, draft);
	while (!err && (more = wire__next(&again, &f)) > 0)
		if (f.number == SCOPE_SPANS_SPANS)
			err = read_span(&f, draft, resource, in);
	return err ? err : more;
}

static int read_resource(const struct wire_field *field, struct buf *attributes)
{
	struct wire message = wire__within(field);
	struct wire_field f;
	int more, err = 0;

	if (!is_bytes(field))
		return -EBADMSG;
	while (!err && (more = wire__next(&message, &f)) > 0)
		if (f.number == RESOURCE_ATTRIBUTES)
			err = add_attribute(&f, attributes);
	return err ? err : more;
}

static int read_resource_spans(const struct wire_field *field, struct span_draft *draft,
			       struct spans_in *in)
{
	struct wire message = wire__within(field), again = message;
	struct buf attributes = BUF_INIT;
	struct resource *resource = NULL;
	struct wire_field f;
	int more = 0, err = is_bytes(field) ? 0 : -EBADMSG;

	while (!err && (more = wire__next(&message, &f)) > 0)
		if (f.number == RESOURCE_SPANS_RESOURCE)
			err = read_resource(&f, &attributes);
	if (!err && !more)
		resource = spans_in__resource(in, &attributes, &err);
	while (!err && (more = wire__next(&again, &f)) > 0)
		if (f.number == RESOURCE_SPANS_SCOPES)
			err = read_scope_spans(&f, draft, resource, in);
	resource__put(resource);
	buf__free(&attributes);
	return err ? err : more;
}

int otlp_proto__read(const void *body, size_t length, struct spans_in *in)
{
	struct wire message = wire__of(body, length);
	struct span_draft draft = { 0 };
	struct wire_field f;
	int more = 0, err = 0;

	while (!err && (more = wire__next(&message, &f)) > 0)
		if (f.number == REQUEST_RESOURCE_SPANS)
			err = read_resource_spans(&f, &draft, in);
	span_draft__free(&draft);
	return err ? err : more;
}
