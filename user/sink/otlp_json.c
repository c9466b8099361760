// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "sink/otlp_json.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/wire.h"
#include "model/otlp.h"
#include "sink/otlp_group.h"

/* 64-bit numbers are strings in protobuf's JSON. */
static void json_u64(struct json *json, const char *key, uint64_t n)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, n);
	json__key(json, key);
	json__string(json, text);
}

static void json_count(struct json *json, const char *key, uint64_t n)
{
	if (!n)
		return;
	json__key(json, key);
	json__u64(json, n);
}

static void json_text(struct json *json, const char *key, const char *text)
{
	if (!text || !*text)
		return;
	json__key(json, key);
	json__string(json, text);
}

static void json_double(struct json *json, double value)
{
	if (isnan(value))
		json__string(json, "NaN");
	else if (isinf(value))
		json__string(json, value > 0 ? "Infinity" : "-Infinity");
	else
		json__double(json, value);
}

static void json_base64(struct json *json, const struct bytes *bytes)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const uint8_t *at = bytes->data;
	struct buf text = BUF_INIT;

	for (size_t i = 0; i < bytes->length; i += 3) {
		size_t left = bytes->length - i;
		uint32_t bits = at[i] << 16 | (left > 1 ? at[i + 1] << 8 : 0) |
				(left > 2 ? at[i + 2] : 0);

		buf__putc(&text, digits[bits >> 18]);
		buf__putc(&text, digits[bits >> 12 & 63]);
		buf__putc(&text, left > 1 ? digits[bits >> 6 & 63] : '=');
		buf__putc(&text, left > 2 ? digits[bits & 63] : '=');
	}
	json__string(json, buf__str(&text));
	buf__free(&text);
}

static void json_value(struct json *json, const struct attribute *value);

static void json_key_value(struct json *json, const struct attribute *attribute)
{
	json__object_begin(json);
	json__key(json, "key");
	json__string_n(json, attribute->key.data, attribute->key.length);
	json__key(json, "value");
	json_value(json, attribute);
	json__object_end(json);
}

static void json_elements(struct json *json, const struct attribute *value)
{
	struct wire elements = wire__of(value->bytes.data, value->bytes.length);
	struct wire_field field;
	struct attribute element;

	json__object_begin(json);
	json__key(json, "values");
	json__array_begin(json);
	while (wire__next(&elements, &field) > 0) {
		if (field.number != ATTRIBUTE || field.type != WIRE_BYTES)
			continue;
		element = (struct attribute){ 0 };
		if (value->type == ATTRIBUTE_LIST &&
		    !attribute__read(wire__within(&field), &element))
			json_key_value(json, &element);
		else if (value->type == ATTRIBUTE_ARRAY &&
			 !attribute__read_value(wire__within(&field), &element))
			json_value(json, &element);
	}
	json__array_end(json);
	json__object_end(json);
}

/* An AnyValue. */
static void json_value(struct json *json, const struct attribute *value)
{
	static const char *const keys[] = {
		[ATTRIBUTE_STRING] = "stringValue", [ATTRIBUTE_BOOL] = "boolValue",
		[ATTRIBUTE_INT] = "intValue", [ATTRIBUTE_DOUBLE] = "doubleValue",
		[ATTRIBUTE_ARRAY] = "arrayValue", [ATTRIBUTE_LIST] = "kvlistValue",
		[ATTRIBUTE_BYTES] = "bytesValue",
	};
	char text[24];

	json__object_begin(json);
	if (value->type != ATTRIBUTE_NONE)
		json__key(json, keys[value->type]);
	switch (value->type) {
	case ATTRIBUTE_STRING:
		json__string_n(json, value->bytes.data, value->bytes.length);
		break;
	case ATTRIBUTE_BOOL:
		json__bool(json, value->n);
		break;
	case ATTRIBUTE_INT:
		snprintf(text, sizeof(text), "%" PRId64, value->n);
		json__string(json, text);
		break;
	case ATTRIBUTE_DOUBLE:
		json_double(json, value->number);
		break;
	case ATTRIBUTE_ARRAY:
	case ATTRIBUTE_LIST:
		json_elements(json, value);
		break;
	case ATTRIBUTE_BYTES:
		json_base64(json, &value->bytes);
		break;
	case ATTRIBUTE_NONE:
		break;
	}
	json__object_end(json);
}

/* The KeyValues in fields of that number, of a message or of struct bytes. */
static void json_attributes(struct json *json, struct wire message, uint32_t number)
{
	struct wire_field field;
	struct attribute attribute;

	json__key(json, "attributes");
	json__array_begin(json);
	while (wire__next(&message, &field) > 0)
		if (field.number == number && field.type == WIRE_BYTES &&
		    !attribute__read(wire__within(&field), &attribute))
			json_key_value(json, &attribute);
	json__array_end(json);
}

static void json_hex(struct json *json, const char *key, const struct wire_field *field)
{
	struct buf text = BUF_INIT;

	for (size_t i = 0; i < field->length; i++)
		buf__printf(&text, "%02x", field->data[i]);
	json__key(json, key);
	json__string(json, buf__str(&text));
	buf__free(&text);
}

static void json_event(struct json *json, struct wire event)
{
	struct wire again = event;
	struct wire_field field;

	json__object_begin(json);
	while (wire__next(&event, &field) > 0) {
		if (field.number == EVENT_TIME) {
			json_u64(json, "timeUnixNano", field.value);
		} else if (field.number == EVENT_NAME && field.type == WIRE_BYTES) {
			json__key(json, "name");
			json__string_n(json, (const char *)field.data, field.length);
		} else if (field.number == EVENT_DROPPED_ATTRIBUTES) {
			json_count(json, "droppedAttributesCount", field.value);
		}
	}
	json_attributes(json, again, EVENT_ATTRIBUTES);
	json__object_end(json);
}

static void json_link(struct json *json, struct wire link)
{
	struct wire again = link;
	struct wire_field field;

	json__object_begin(json);
	while (wire__next(&link, &field) > 0) {
		if (field.number == LINK_TRACE_ID && field.type == WIRE_BYTES) {
			json_hex(json, "traceId", &field);
		} else if (field.number == LINK_SPAN_ID && field.type == WIRE_BYTES) {
			json_hex(json, "spanId", &field);
		} else if (field.number == LINK_TRACE_STATE && field.type == WIRE_BYTES) {
			json__key(json, "traceState");
			json__string_n(json, (const char *)field.data, field.length);
		} else if (field.number == LINK_DROPPED_ATTRIBUTES) {
			json_count(json, "droppedAttributesCount", field.value);
		} else if (field.number == LINK_FLAGS) {
			json_count(json, "flags", field.value);
		}
	}
	json_attributes(json, again, LINK_ATTRIBUTES);
	json__object_end(json);
}

static void json_parts(struct json *json, const char *key, const struct bytes *parts,
		       void (*write)(struct json *json, struct wire part))
{
	struct wire wire = wire__of(parts->data, parts->length);
	struct wire_field field;

	if (!parts->length)
		return;
	json__key(json, key);
	json__array_begin(json);
	while (wire__next(&wire, &field) > 0)
		if (field.type == WIRE_BYTES)
			write(json, wire__within(&field));
	json__array_end(json);
}

static void json_ids(struct json *json, const struct span *span)
{
	char trace[TRACE_ID_TEXT], id[SPAN_ID_TEXT];

	json_text(json, "traceId", trace_id_text(trace, &span->trace_id));
	json_text(json, "spanId", span_id_text(id, span->span_id));
	json_text(json, "traceState", span->trace_state);
	if (span->parent_id)
		json_text(json, "parentSpanId", span_id_text(id, span->parent_id));
}

static void json_status(struct json *json, const struct span *span)
{
	json__key(json, "status");
	json__object_begin(json);
	json_text(json, "message", span->status_message);
	json_count(json, "code", otlp_status(span));
	json__object_end(json);
}

static void json_span(struct json *json, const struct span *span)
{
	struct buf attributes = BUF_INIT;

	otlp_attributes(&attributes, span);
	json__object_begin(json);
	json_ids(json, span);
	json_count(json, "flags", span->flags);
	json__key(json, "name");
	json__string(json, span->name);
	json__key(json, "kind");
	json__u64(json, span->kind);
	json_u64(json, "startTimeUnixNano", span->start_ns);
	json_u64(json, "endTimeUnixNano", span->end_ns);
	json_attributes(json, wire__of(attributes.data, attributes.length), ATTRIBUTE);
	json_count(json, "droppedAttributesCount", span->dropped_attributes);
	json_parts(json, "events", &span->events, json_event);
	json_count(json, "droppedEventsCount", span->dropped_events);
	json_parts(json, "links", &span->links, json_link);
	json_count(json, "droppedLinksCount", span->dropped_links);
	json_status(json, span);
	json__object_end(json);
	buf__free(&attributes);
}

static void json_scope(struct json *json, const struct span *span)
{
	json__key(json, "scope");
	json__object_begin(json);
	json_text(json, "name", otlp_scope(span));
	json_text(json, "version", otlp_scope_version(span));
	json__object_end(json);
}

static void json_group(struct json *json, const struct otlp_group *group)
{
	const struct span *first = group->spans[0];

	json__object_begin(json);
	json__key(json, "resource");
	json__object_begin(json);
	json_attributes(json, wire__of(first->resource->attributes.data,
				       first->resource->attributes.length), ATTRIBUTE);
	json__object_end(json);
	json__key(json, "scopeSpans");
	json__array_begin(json);
	for (size_t i = 0; i < group->count;) {
		const struct span *scope = group->spans[i];

		json__object_begin(json);
		json_scope(json, scope);
		json__key(json, "spans");
		json__array_begin(json);
		for (; i < group->count && otlp_same_scope(scope, group->spans[i]); i++)
			json_span(json, group->spans[i]);
		json__array_end(json);
		json__object_end(json);
	}
	json__array_end(json);
	json__object_end(json);
}

int otlp_json__line(struct json *json, const struct span *spans)
{
	struct otlp_groups groups;
	struct otlp_group group;
	int err = otlp_groups__begin(&groups, spans);

	if (err)
		return err;
	json__object_begin(json);
	json__key(json, "resourceSpans");
	json__array_begin(json);
	while (otlp_groups__next(&groups, &group))
		json_group(json, &group);
	json__array_end(json);
	json__object_end(json);
	otlp_groups__end(&groups);
	return json__finish(json);
}
