// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/* jaeger-idl's jaeger.thrift; how OpenTelemetry's spans become Jaeger's is in its specification. */
#include "sink/jaeger_thrift.h"

#include <endian.h>
#include <string.h>

#include "base/buf.h"
#include "base/units.h"
#include "base/wire.h"
#include "model/otlp.h"
#include "sink/otlp_group.h"
#include "sink/span_text.h"

enum { T_BOOL = 2, T_DOUBLE = 4, T_I32 = 8, T_I64 = 10, T_STRING = 11, T_STRUCT = 12, T_LIST = 15 };
enum { TAG_STRING, TAG_DOUBLE, TAG_BOOL, TAG_LONG, TAG_BINARY };

static void put_number(struct buf *out, uint64_t value, int bytes)
{
	uint64_t big = htobe64(value);

	buf__append(out, (const char *)&big + sizeof(big) - bytes, bytes);
}

static void put_field(struct buf *out, int type, int id)
{
	put_number(out, type, 1);
	put_number(out, id, 2);
}

static void put_i64(struct buf *out, int id, uint64_t value)
{
	put_field(out, T_I64, id);
	put_number(out, value, 8);
}

static void put_i32(struct buf *out, int id, uint32_t value)
{
	put_field(out, T_I32, id);
	put_number(out, value, 4);
}

static void put_string(struct buf *out, int id, const void *data, size_t length)
{
	put_field(out, T_STRING, id);
	put_number(out, length, 4);
	buf__append(out, data, length);
}

static void put_text(struct buf *out, int id, const char *text)
{
	put_string(out, id, text, strlen(text));
}

/* A list of structs, whose number is known when they are there. */
static size_t begin_list(struct buf *out, int id)
{
	put_field(out, T_LIST, id);
	put_number(out, T_STRUCT, 1);
	put_number(out, 0, 4);
	return out->length;
}

static void end_list(struct buf *out, size_t begin, uint32_t count)
{
	uint32_t big = htobe32(count);

	if (!out->error)
		memcpy(out->data + begin - sizeof(big), &big, sizeof(big));
}

static void end_struct(struct buf *out)
{
	put_number(out, 0, 1);
}

static void put_tag_text(struct buf *out, const char *key, const char *value)
{
	put_text(out, 1, key);
	put_i32(out, 2, TAG_STRING);
	put_text(out, 3, value);
	end_struct(out);
}

static uint64_t bits_of(double number)
{
	uint64_t bits;

	memcpy(&bits, &number, sizeof(bits));
	return bits;
}

static void put_tag(struct buf *out, const struct attribute *tag)
{
	put_string(out, 1, tag->key.data, tag->key.length);
	switch (tag->type) {
	case ATTRIBUTE_BOOL:
		put_i32(out, 2, TAG_BOOL);
		put_field(out, T_BOOL, 5);
		put_number(out, tag->n, 1);
		break;
	case ATTRIBUTE_INT:
		put_i32(out, 2, TAG_LONG);
		put_i64(out, 6, tag->n);
		break;
	case ATTRIBUTE_DOUBLE:
		put_i32(out, 2, TAG_DOUBLE);
		put_field(out, T_DOUBLE, 4);
		put_number(out, bits_of(tag->number), 8);
		break;
	case ATTRIBUTE_STRING:
		put_i32(out, 2, TAG_STRING);
		put_string(out, 3, tag->bytes.data, tag->bytes.length);
		break;
	default: /* Jaeger has no lists: as OTLP has them on the wire */
		put_i32(out, 2, TAG_BINARY);
		put_string(out, 7, tag->bytes.data, tag->bytes.length);
	}
	end_struct(out);
}

/* Those in fields of that number; returns how many. */
static uint32_t put_tags(struct buf *out, struct wire attributes, uint32_t number)
{
	struct wire_field field;
	struct attribute tag;
	uint32_t count = 0;

	while (wire__next(&attributes, &field) > 0) {
		if (field.number != number || field.type != WIRE_BYTES ||
		    attribute__read(wire__within(&field), &tag))
			continue;
		put_tag(out, &tag);
		count++;
	}
	return count;
}

void jaeger_process(struct buf *out, const struct resource *resource)
{
	size_t tags;

	put_text(out, 1, resource->service);
	tags = begin_list(out, 2);
	end_list(out, tags, put_tags(out, wire__of(resource->attributes.data,
						   resource->attributes.length), ATTRIBUTE));
	end_struct(out);
}

static void put_span_tags(struct buf *out, const struct span *span)
{
	struct buf attributes = BUF_INIT;
	size_t tags = begin_list(out, 10);
	enum span_status status = otlp_status(span);
	uint32_t count;

	otlp_attributes(&attributes, span);
	count = put_tags(out, wire__of(attributes.data, attributes.length), ATTRIBUTE);
	buf__free(&attributes);
	if (span->kind > SPAN_KIND_INTERNAL) {
		put_tag_text(out, "span.kind", span_kind_name(span->kind));
		count++;
	}
	if (status != SPAN_STATUS_UNSET) {
		put_tag_text(out, "otel.status_code", status == SPAN_STATUS_ERROR ? "ERROR" : "OK");
		count++;
	}
	if (status == SPAN_STATUS_ERROR) {
		const struct attribute error = { .key = { "error", 5 }, .type = ATTRIBUTE_BOOL,
						 .n = 1 };

		put_tag(out, &error);
		count++;
	}
	if (span->status_message) {
		put_tag_text(out, "otel.status_description", span->status_message);
		count++;
	}
	if (*otlp_scope(span)) {
		put_tag_text(out, "otel.scope.name", otlp_scope(span));
		count++;
	}
	end_list(out, tags, count);
}

static void put_log(struct buf *out, struct wire event)
{
	struct wire again = event;
	struct wire_field field;
	size_t fields;
	uint64_t time = 0;
	struct attribute name = { .key = { "event", 5 }, .type = ATTRIBUTE_STRING };

	while (wire__next(&event, &field) > 0) {
		if (field.number == EVENT_TIME)
			time = field.value;
		else if (field.number == EVENT_NAME && field.type == WIRE_BYTES)
			name.bytes = (struct bytes){ field.data, field.length };
	}
	put_i64(out, 1, time / NSEC_PER_USEC);
	fields = begin_list(out, 2);
	put_tag(out, &name);
	end_list(out, fields, 1 + put_tags(out, again, EVENT_ATTRIBUTES));
	end_struct(out);
}

static void put_logs(struct buf *out, const struct span *span)
{
	struct wire events = wire__of(span->events.data, span->events.length);
	struct wire_field field;
	size_t logs = begin_list(out, 11);
	uint32_t count = 0;

	while (wire__next(&events, &field) > 0) {
		if (field.type != WIRE_BYTES)
			continue;
		put_log(out, wire__within(&field));
		count++;
	}
	end_list(out, logs, count);
}

void jaeger_span(struct buf *out, const struct span *span)
{
	put_i64(out, 1, span->trace_id.low);
	put_i64(out, 2, span->trace_id.high);
	put_i64(out, 3, span->span_id);
	put_i64(out, 4, span->parent_id);
	put_text(out, 5, span->name);
	put_i32(out, 7, 1);	/* sampled */
	put_i64(out, 8, span->start_ns / NSEC_PER_USEC);
	put_i64(out, 9, span__duration_ns(span) / NSEC_PER_USEC);
	put_span_tags(out, span);
	if (span->events.length)
		put_logs(out, span);
	end_struct(out);
}

void jaeger_batch(struct buf *out, const struct buf *process, const struct buf *spans,
		  size_t count)
{
	size_t begin;

	put_field(out, T_STRUCT, 1);
	buf__append(out, process->data, process->length);
	begin = begin_list(out, 2);
	buf__append(out, spans->data, spans->length);
	end_list(out, begin, count);
	end_struct(out);
}
