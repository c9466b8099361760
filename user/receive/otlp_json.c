// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/*
 * OTLP in JSON: protobuf's mapping, but ids in hexadecimal digits. Keys may come in any
 * order: what holds for all spans is looked for first.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_in.h"
#include "base/wire.h"
#include "model/otlp.h"
#include "receive/spans_in.h"

static void read_text(struct json_in *in, struct buf *out)
{
	buf__truncate(out, 0);
	if (!json_in__null(in))
		json_in__string(in, out);
}

/* The text of an id; another one than hexadecimal digits of that length is none. */
static void read_id_text(struct json_in *in, char *out, size_t size, size_t *length)
{
	struct buf text = BUF_INIT;

	read_text(in, &text);
	*length = text.length < size ? text.length : 0;
	memcpy(out, buf__str(&text), *length);
	buf__free(&text);
}

static void read_trace_id(struct json_in *in, struct trace_id *id)
{
	char text[TRACE_ID_TEXT];
	size_t length;

	read_id_text(in, text, sizeof(text), &length);
	if (trace_id_parse(text, length, id))
		*id = (struct trace_id){ 0 };
}

static void read_span_id(struct json_in *in, uint64_t *id)
{
	char text[SPAN_ID_TEXT];
	size_t length;

	read_id_text(in, text, sizeof(text), &length);
	if (span_id_parse(text, length, id))
		*id = 0;
}

static uint64_t read_u64(struct json_in *in)
{
	return json_in__null(in) ? 0 : json_in__u64(in);
}

static uint32_t read_u32(struct json_in *in)
{
	uint64_t n = read_u64(in);

	if (n > UINT32_MAX)
		json_in__refuse(in);
	return n;
}

/* A member of an enum: its number, or its name in the .proto file. */
static int read_enum(struct json_in *in, const char *const *names, int count)
{
	struct buf text = BUF_INIT;
	int found = 0;

	if (json_in__type(in) != JSON_IN_STRING) {
		uint64_t n = read_u64(in);

		return n < (uint64_t)count ? (int)n : 0;
	}
	json_in__string(in, &text);
	for (int i = 0; i < count; i++)
		if (!strcmp(buf__str(&text), names[i]))
			found = i;
	buf__free(&text);
	return found;
}

/* --- values -------------------------------------------------------------------- */

static int base64_digit(char c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *found;

	if (c == '-' || c == '_')
		c = c == '-' ? '+' : '/';
	found = c ? strchr(digits, c) : NULL;
	return found ? found - digits : -1;
}

/* Either alphabet, with or without padding; in place. -EBADMSG: other characters. */
static int decode_base64(struct buf *text)
{
	size_t length = 0;
	uint32_t bits = 0;
	int count = 0;

	for (size_t i = 0; i < text->length && text->data[i] != '='; i++) {
		int digit = base64_digit(text->data[i]);

		if (digit < 0)
			return -EBADMSG;
		bits = bits << 6 | digit;
		count += 6;
		if (count >= 8) {
			count -= 8;
			text->data[length++] = bits >> count;
		}
	}
	buf__truncate(text, length);
	return 0;
}

static void read_value(struct json_in *in, struct buf *out, int depth);
static void read_key_values(struct json_in *in, struct buf *out, uint32_t field, int depth);

static void read_string_value(struct json_in *in, struct buf *out, enum attribute_type type)
{
	struct buf text = BUF_INIT;

	json_in__string(in, &text);
	if (type == ATTRIBUTE_BYTES && !in->error && decode_base64(&text))
		json_in__refuse(in);
	wire_put_bytes(out, type, text.data, text.length);
	buf__free(&text);
}

/* {"values": [...]}, of an array or of a list. */
static void read_values(struct json_in *in, struct buf *out, enum attribute_type type, int depth)
{
	size_t begin = wire_begin(out, type), element;
	struct json_key key;

	if (depth >= ATTRIBUTE_DEPTH)
		json_in__refuse(in);
	json_in__object(in);
	while (json_in__key(in, &key)) {
		if (!json_key_is(&key, "values") || json_in__null(in)) {
			json_in__skip(in);
		} else if (type == ATTRIBUTE_LIST) {
			read_key_values(in, out, ATTRIBUTE, depth + 1);
		} else {
			json_in__array(in);
			while (json_in__element(in)) {
				element = wire_begin(out, ATTRIBUTE);
				read_value(in, out, depth + 1);
				wire_end(out, element);
			}
		}
	}
	wire_end(out, begin);
}

static void read_value_of(struct json_in *in, const struct json_key *key, struct buf *out,
			  int depth)
{
	if (json_key_is(key, "stringValue"))
		read_string_value(in, out, ATTRIBUTE_STRING);
	else if (json_key_is(key, "bytesValue"))
		read_string_value(in, out, ATTRIBUTE_BYTES);
	else if (json_key_is(key, "boolValue"))
		wire_put_varint(out, ATTRIBUTE_BOOL, json_in__bool(in));
	else if (json_key_is(key, "intValue"))
		wire_put_varint(out, ATTRIBUTE_INT, json_in__i64(in));
	else if (json_key_is(key, "doubleValue"))
		wire_put_double(out, ATTRIBUTE_DOUBLE, json_in__double(in));
	else if (json_key_is(key, "arrayValue"))
		read_values(in, out, ATTRIBUTE_ARRAY, depth);
	else if (json_key_is(key, "kvlistValue"))
		read_values(in, out, ATTRIBUTE_LIST, depth);
	else
		json_in__skip(in);
}

/* An AnyValue's fields. */
static void read_value(struct json_in *in, struct buf *out, int depth)
{
	struct json_key key;

	if (json_in__null(in))
		return;
	json_in__object(in);
	while (json_in__key(in, &key))
		if (!json_in__null(in))
			read_value_of(in, &key, out, depth);
}

static void read_key_value(struct json_in *in, struct buf *out, int depth)
{
	struct buf name = BUF_INIT;
	struct json_key key;
	size_t value;

	json_in__object(in);
	while (json_in__key(in, &key)) {
		if (json_key_is(&key, "key")) {
			read_text(in, &name);
			wire_put_bytes(out, KEY_VALUE_KEY, name.data, name.length);
		} else if (json_key_is(&key, "value")) {
			value = wire_begin(out, KEY_VALUE_VALUE);
			read_value(in, out, depth);
			wire_end(out, value);
		} else {
			json_in__skip(in);
		}
	}
	buf__free(&name);
}

/* An array of KeyValues, each into a field of that number. */
static void read_key_values(struct json_in *in, struct buf *out, uint32_t field, int depth)
{
	size_t begin;

	if (json_in__null(in))
		return;
	json_in__array(in);
	while (json_in__element(in)) {
		begin = wire_begin(out, field);
		read_key_value(in, out, depth);
		wire_end(out, begin);
	}
}

/* --- spans --------------------------------------------------------------------- */

static void put_text(struct json_in *in, struct buf *out, uint32_t field)
{
	struct buf text = BUF_INIT;

	read_text(in, &text);
	wire_put_bytes(out, field, text.data, text.length);
	buf__free(&text);
}

static void read_event(struct json_in *in, struct buf *out)
{
	size_t begin = wire_begin(out, SPAN_EVENTS);
	struct json_key key;

	json_in__object(in);
	while (json_in__key(in, &key)) {
		if (json_key_is(&key, "timeUnixNano"))
			wire_put_fixed64(out, EVENT_TIME, read_u64(in));
		else if (json_key_is(&key, "name"))
			put_text(in, out, EVENT_NAME);
		else if (json_key_is(&key, "attributes"))
			read_key_values(in, out, EVENT_ATTRIBUTES, 0);
		else if (json_key_is(&key, "droppedAttributesCount"))
			wire_put_varint(out, EVENT_DROPPED_ATTRIBUTES, read_u32(in));
		else
			json_in__skip(in);
	}
	wire_end(out, begin);
}

static void put_trace_id(struct json_in *in, struct buf *out)
{
	struct trace_id id;

	read_trace_id(in, &id);
	otlp_put_trace_id(out, LINK_TRACE_ID, &id);
}

static void put_span_id(struct json_in *in, struct buf *out)
{
	uint64_t id;

	read_span_id(in, &id);
	otlp_put_id(out, LINK_SPAN_ID, id);
}

static void read_link(struct json_in *in, struct buf *out)
{
	size_t begin = wire_begin(out, SPAN_LINKS);
	struct json_key key;

	json_in__object(in);
	while (json_in__key(in, &key)) {
		if (json_key_is(&key, "traceId"))
			put_trace_id(in, out);
		else if (json_key_is(&key, "spanId"))
			put_span_id(in, out);
		else if (json_key_is(&key, "traceState"))
			put_text(in, out, LINK_TRACE_STATE);
		else if (json_key_is(&key, "attributes"))
			read_key_values(in, out, LINK_ATTRIBUTES, 0);
		else if (json_key_is(&key, "droppedAttributesCount"))
			wire_put_varint(out, LINK_DROPPED_ATTRIBUTES, read_u32(in));
		else if (json_key_is(&key, "flags"))
			wire_put_fixed32(out, LINK_FLAGS, read_u32(in));
		else
			json_in__skip(in);
	}
	wire_end(out, begin);
}

static void read_parts(struct json_in *in, void (*read)(struct json_in *in, struct buf *out),
		       struct buf *out)
{
	if (json_in__null(in))
		return;
	json_in__array(in);
	while (json_in__element(in))
		read(in, out);
}

static void read_status(struct json_in *in, struct span_draft *draft)
{
	static const char *const codes[] = {
		"STATUS_CODE_UNSET", "STATUS_CODE_OK", "STATUS_CODE_ERROR",
	};
	struct json_key key;

	if (json_in__null(in))
		return;
	json_in__object(in);
	while (json_in__key(in, &key)) {
		if (json_key_is(&key, "code"))
			draft->span.status = read_enum(in, codes, SPAN_STATUS_NR);
		else if (json_key_is(&key, "message"))
			read_text(in, &draft->status_message);
		else
			json_in__skip(in);
	}
}

/* What of a span is a number or an id; false: something else. */
static bool read_scalar(struct json_in *in, const struct json_key *key, struct span *span)
{
	static const char *const kinds[] = {
		"SPAN_KIND_UNSPECIFIED", "SPAN_KIND_INTERNAL", "SPAN_KIND_SERVER",
		"SPAN_KIND_CLIENT", "SPAN_KIND_PRODUCER", "SPAN_KIND_CONSUMER",
	};

	if (json_key_is(key, "traceId"))
		read_trace_id(in, &span->trace_id);
	else if (json_key_is(key, "spanId"))
		read_span_id(in, &span->span_id);
	else if (json_key_is(key, "parentSpanId"))
		read_span_id(in, &span->parent_id);
	else if (json_key_is(key, "kind"))
		span->kind = read_enum(in, kinds, SPAN_KIND_NR);
	else if (json_key_is(key, "startTimeUnixNano"))
		span->start_ns = read_u64(in);
	else if (json_key_is(key, "endTimeUnixNano"))
		span->end_ns = read_u64(in);
	else if (json_key_is(key, "droppedAttributesCount"))
		span->dropped_attributes = read_u32(in);
	else if (json_key_is(key, "droppedEventsCount"))
		span->dropped_events = read_u32(in);
	else if (json_key_is(key, "droppedLinksCount"))
		span->dropped_links = read_u32(in);
	else if (json_key_is(key, "flags"))
		span->flags = read_u32(in);
	else
		return false;
	return true;
}

static void read_span_field(struct json_in *in, const struct json_key *key,
			    struct span_draft *draft)
{
	if (read_scalar(in, key, &draft->span))
		return;
	if (json_key_is(key, "name"))
		read_text(in, &draft->name);
	else if (json_key_is(key, "traceState"))
		read_text(in, &draft->trace_state);
	else if (json_key_is(key, "attributes"))
		read_key_values(in, &draft->attributes, ATTRIBUTE, 0);
	else if (json_key_is(key, "events"))
		read_parts(in, read_event, &draft->events);
	else if (json_key_is(key, "links"))
		read_parts(in, read_link, &draft->links);
	else if (json_key_is(key, "status"))
		read_status(in, draft);
	else
		json_in__skip(in);
}

/* What on_span returned is an error of the reading, too. */
static void read_span(struct json_in *json, struct span_draft *draft, struct resource *resource,
		      struct spans_in *in)
{
	struct json_key key;
	int err;

	span_draft__clear(draft);
	json_in__object(json);
	while (json_in__key(json, &key))
		read_span_field(json, &key, draft);
	if (json->error)
		return;
	draft->span.source = SPAN_FROM_OTLP;
	draft->span.resource = resource;
	err = span_draft__emit(draft, in);
	if (err) {
		json_in__refuse(json);
		json->error = err;
	}
}

static void read_scope(struct json_in *in, struct span_draft *draft)
{
	struct json_key key;

	if (json_in__null(in))
		return;
	json_in__object(in);
	while (json_in__key(in, &key)) {
		if (json_key_is(&key, "name"))
			read_text(in, &draft->scope);
		else if (json_key_is(&key, "version"))
			read_text(in, &draft->scope_version);
		else
			json_in__skip(in);
	}
}

static void read_spans(struct json_in *json, struct span_draft *draft, struct resource *resource,
		       struct spans_in *in)
{
	if (json_in__null(json))
		return;
	json_in__array(json);
	while (json_in__element(json))
		read_span(json, draft, resource, in);
}

static void read_scope_spans(struct json_in *json, struct span_draft *draft,
			     struct resource *resource, struct spans_in *in)
{
	struct json_in ahead = *json;
	struct json_key key;

	buf__truncate(&draft->scope, 0);
	buf__truncate(&draft->scope_version, 0);
	json_in__object(&ahead);
	while (json_in__key(&ahead, &key))
		if (json_key_is(&key, "scope"))
			read_scope(&ahead, draft);
		else
			json_in__skip(&ahead);
	json_in__object(json);
	while (json_in__key(json, &key))
		if (json_key_is(&key, "spans"))
			read_spans(json, draft, resource, in);
		else
			json_in__skip(json);
	if (ahead.error)
		json_in__refuse(json);
}

static void read_resource(struct json_in *in, struct buf *attributes)
{
	struct json_key key;

	if (json_in__null(in))
		return;
	json_in__object(in);
	while (json_in__key(in, &key))
		if (json_key_is(&key, "attributes"))
			read_key_values(in, attributes, ATTRIBUTE, 0);
		else
			json_in__skip(in);
}

static void read_scopes(struct json_in *json, struct span_draft *draft, struct resource *resource,
			struct spans_in *in)
{
	if (json_in__null(json))
		return;
	json_in__array(json);
	while (json_in__element(json))
		read_scope_spans(json, draft, resource, in);
}

static void read_resource_spans(struct json_in *json, struct span_draft *draft,
				struct spans_in *in)
{
	struct json_in ahead = *json;
	struct buf attributes = BUF_INIT;
	struct resource *resource = NULL;
	struct json_key key;
	int err = 0;

	json_in__object(&ahead);
	while (json_in__key(&ahead, &key))
		if (json_key_is(&key, "resource"))
			read_resource(&ahead, &attributes);
		else
			json_in__skip(&ahead);
	if (ahead.error)
		json_in__refuse(json);
	else
		resource = spans_in__resource(in, &attributes, &err);
	if (err) {
		json_in__refuse(json);
		json->error = err;
	}
	json_in__object(json);
	while (json_in__key(json, &key))
		if (json_key_is(&key, "scopeSpans") ||
		    json_key_is(&key, "instrumentationLibrarySpans"))
			read_scopes(json, draft, resource, in);
		else
			json_in__skip(json);
	resource__put(resource);
	buf__free(&attributes);
}

int otlp_json__read(const void *body, size_t length, struct spans_in *in)
{
	struct span_draft draft = { 0 };
	struct json_in json;
	struct json_key key;

	json_in__begin(&json, body, length);
	json_in__object(&json);
	while (json_in__key(&json, &key)) {
		if (!json_key_is(&key, "resourceSpans") || json_in__null(&json)) {
			json_in__skip(&json);
			continue;
		}
		json_in__array(&json);
		while (json_in__element(&json))
			read_resource_spans(&json, &draft, in);
	}
	span_draft__free(&draft);
	return json_in__finish(&json);
}
