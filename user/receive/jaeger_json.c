// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/*
 * What Jaeger's /api/traces answers: {"data": [{"spans": [...], "processes": {...}}]}. Made
 * for its page, and not documented; jaeger's model/json has its names.
 */
#include <errno.h>
#include <string.h>

#include "base/json_in.h"
#include "base/units.h"
#include "base/wire.h"
#include "model/otlp.h"
#include "receive/jaeger_tags.h"
#include "receive/query.h"
#include "receive/spans_in.h"

#define PROCESSES_MAX 64	/* of a trace */

struct process {
	struct buf key;		/* "p1" */
	struct resource *resource;
};

struct trace_json {
	struct process processes[PROCESSES_MAX];
	size_t count;
	struct span_draft draft;
	struct buf text;
	struct spans_in *in;
};

/* Ids are digits without their leading zeros. */
static void read_hex(struct json_in *json, struct buf *text, struct trace_id *id)
{
	char digits[TRACE_ID_TEXT];
	size_t length;

	*id = (struct trace_id){ 0 };
	buf__truncate(text, 0);
	json_in__string(json, text);
	length = text->length;
	if (length >= sizeof(digits))
		return;
	memset(digits, '0', sizeof(digits) - 1);
	memcpy(digits + sizeof(digits) - 1 - length, buf__str(text), length);
	if (trace_id_parse(digits, sizeof(digits) - 1, id))
		*id = (struct trace_id){ 0 };
}

static uint64_t read_span_id(struct json_in *json, struct buf *text)
{
	struct trace_id id;

	read_hex(json, text, &id);
	return id.high ? 0 : id.low;
}

/* A tag's value, whose type stands beside it and need not come first. */
static void read_tag(struct json_in *json, struct buf *key, struct buf *text,
		     struct jaeger_tag *tag)
{
	struct json_key name;

	*tag = (struct jaeger_tag){ .type = JAEGER_TAG_STRING };
	buf__truncate(key, 0);
	buf__truncate(text, 0);
	json_in__object(json);
	while (json_in__key(json, &name)) {
		if (json_key_is(&name, "key")) {
			json_in__string(json, key);
		} else if (!json_key_is(&name, "value")) {
			json_in__skip(json);
		} else if (json_in__type(json) == JSON_IN_BOOL) {
			tag->type = JAEGER_TAG_BOOL;
			tag->truth = json_in__bool(json);
		} else if (json_in__type(json) == JSON_IN_NUMBER) {
			struct json_in ahead = *json;

			tag->n = json_in__i64(&ahead);
			tag->type = ahead.error ? JAEGER_TAG_DOUBLE : JAEGER_TAG_LONG;
			tag->number = json_in__double(json);
		} else if (json_in__type(json) == JSON_IN_STRING) {
			json_in__string(json, text);
		} else {
			json_in__skip(json);
		}
	}
	tag->key = (struct bytes){ key->data, key->length };
	tag->text = (struct bytes){ text->data, text->length };
}

/* Each tag of an array goes to `take`. */
static void read_tags(struct json_in *json, void (*take)(const struct jaeger_tag *, void *),
		      void *context)
{
	struct buf key = BUF_INIT, text = BUF_INIT;
	struct jaeger_tag tag;

	if (json_in__null(json))
		return;
	json_in__array(json);
	while (json_in__element(json)) {
		read_tag(json, &key, &text, &tag);
		if (!json->error)
			take(&tag, context);
	}
	buf__free(&key);
	buf__free(&text);
}

static void take_attribute(const struct jaeger_tag *tag, void *context)
{
	jaeger_tag__put(context, ATTRIBUTE, tag);
}

static void take_span_tag(const struct jaeger_tag *tag, void *context)
{
	struct span_draft *draft = context;

	if (!jaeger_tag__take(draft, tag))
		jaeger_tag__put(&draft->attributes, ATTRIBUTE, tag);
}

static void take_field(const struct jaeger_tag *tag, void *context)
{
	if (bytes_equal(&tag->key, "event") && tag->type == JAEGER_TAG_STRING)
		wire_put_bytes(context, EVENT_NAME, tag->text.data, tag->text.length);
	else
		jaeger_tag__put(context, EVENT_ATTRIBUTES, tag);
}

static uint64_t read_us(struct json_in *json)
{
	uint64_t us = json_in__u64(json), ns;

	return __builtin_mul_overflow(us, NSEC_PER_USEC, &ns) ? 0 : ns;
}

static void read_logs(struct json_in *json, struct buf *out)
{
	struct json_key key;
	size_t begin;

	if (json_in__null(json))
		return;
	json_in__array(json);
	while (json_in__element(json)) {
		begin = wire_begin(out, SPAN_EVENTS);
		json_in__object(json);
		while (json_in__key(json, &key)) {
			if (json_key_is(&key, "timestamp"))
				wire_put_fixed64(out, EVENT_TIME, read_us(json));
			else if (json_key_is(&key, "fields"))
				read_tags(json, take_field, out);
			else
				json_in__skip(json);
		}
		wire_end(out, begin);
	}
}

/* The parent is the first that a span is a child of. */
static void read_references(struct json_in *json, struct trace_json *t)
{
	struct json_key key;
	uint64_t id;
	bool child;

	if (json_in__null(json))
		return;
	json_in__array(json);
	while (json_in__element(json)) {
		id = 0;
		child = true;
		json_in__object(json);
		while (json_in__key(json, &key)) {
			if (json_key_is(&key, "spanID")) {
				id = read_span_id(json, &t->text);
			} else if (json_key_is(&key, "refType")) {
				buf__truncate(&t->text, 0);
				json_in__string(json, &t->text);
				child = !strcmp(buf__str(&t->text), "CHILD_OF");
			} else {
				json_in__skip(json);
			}
		}
		if (child && !t->draft.span.parent_id)
			t->draft.span.parent_id = id;
	}
}

static struct resource *resource_of(const struct trace_json *t, const struct buf *key)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->processes[i].key.length == key->length &&
		    !memcmp(t->processes[i].key.data, key->data, key->length))
			return t->processes[i].resource;
	return NULL;
}

static void read_span_field(struct json_in *json, const struct json_key *key,
			    struct trace_json *t, uint64_t *duration)
{
	struct span *span = &t->draft.span;

	if (json_key_is(key, "traceID")) {
		read_hex(json, &t->text, &span->trace_id);
	} else if (json_key_is(key, "spanID")) {
		span->span_id = read_span_id(json, &t->text);
	} else if (json_key_is(key, "operationName")) {
		buf__truncate(&t->draft.name, 0);
		json_in__string(json, &t->draft.name);
	} else if (json_key_is(key, "startTime")) {
		span->start_ns = read_us(json);
	} else if (json_key_is(key, "duration")) {
		*duration = read_us(json);
	} else if (json_key_is(key, "references")) {
		read_references(json, t);
	} else if (json_key_is(key, "tags")) {
		read_tags(json, take_span_tag, &t->draft);
	} else if (json_key_is(key, "logs")) {
		read_logs(json, &t->draft.events);
	} else if (json_key_is(key, "processID")) {
		buf__truncate(&t->text, 0);
		json_in__string(json, &t->text);
		span->resource = resource_of(t, &t->text);
	} else {
		json_in__skip(json);
	}
}

static void read_span(struct json_in *json, struct trace_json *t)
{
	struct json_key key;
	uint64_t duration = 0;
	int err;

	span_draft__clear(&t->draft);
	buf__truncate(&t->draft.scope, 0);
	buf__truncate(&t->draft.scope_version, 0);
	json_in__object(json);
	while (json_in__key(json, &key))
		read_span_field(json, &key, t, &duration);
	if (json->error)
		return;
	t->draft.span.source = SPAN_FROM_QUERY;
	if (__builtin_add_overflow(t->draft.span.start_ns, duration, &t->draft.span.end_ns))
		t->draft.span.end_ns = t->draft.span.start_ns;
	/* without a process nobody knows whose it is */
	if (t->in->on_span && !t->draft.span.resource)
		t->draft.span.span_id = 0;
	err = span_draft__emit(&t->draft, t->in);
	if (err) {
		json_in__refuse(json);
		json->error = err;
	}
}

static void read_process(struct json_in *json, struct buf *attributes)
{
	struct buf service = BUF_INIT;
	struct json_key key;

	json_in__object(json);
	while (json_in__key(json, &key)) {
		if (json_key_is(&key, "serviceName")) {
			json_in__string(json, &service);
			attribute_text(attributes, "service.name", buf__str(&service),
				       service.length);
		} else if (json_key_is(&key, "tags")) {
			read_tags(json, take_attribute, attributes);
		} else {
			json_in__skip(json);
		}
	}
	buf__free(&service);
}

static void read_processes(struct json_in *json, struct trace_json *t)
{
	struct json_key key;
	int err;

	json_in__object(json);
	while (json_in__key(json, &key)) {
		struct buf attributes = BUF_INIT;
		struct process *process = &t->processes[t->count];

		read_process(json, &attributes);
		if (t->count < PROCESSES_MAX && !json->error && key.length <= sizeof(key.text)) {
			buf__append(&process->key, key.text, key.length);
			process->resource = spans_in__resource(t->in, &attributes, &err);
			t->count++;
		}
		buf__free(&attributes);
	}
}

static void read_trace(struct json_in *json, struct spans_in *in)
{
	struct trace_json t = { .in = in };
	struct json_in ahead = *json;
	struct json_key key;

	json_in__object(&ahead);
	while (json_in__key(&ahead, &key))
		if (json_key_is(&key, "processes"))
			read_processes(&ahead, &t);
		else
			json_in__skip(&ahead);
	if (ahead.error)
		json_in__refuse(json);
	json_in__object(json);
	while (json_in__key(json, &key)) {
		if (!json_key_is(&key, "spans")) {
			json_in__skip(json);
			continue;
		}
		json_in__array(json);
		while (json_in__element(json))
			read_span(json, &t);
	}
	for (size_t i = 0; i < t.count; i++) {
		resource__put(t.processes[i].resource);
		buf__free(&t.processes[i].key);
	}
	span_draft__free(&t.draft);
	buf__free(&t.text);
}

int jaeger_json__read(const void *body, size_t length, struct spans_in *in)
{
	struct json_in json;
	struct json_key key;

	json_in__begin(&json, body, length);
	json_in__object(&json);
	while (json_in__key(&json, &key)) {
		if (!json_key_is(&key, "data") || json_in__null(&json)) {
			json_in__skip(&json);
			continue;
		}
		json_in__array(&json);
		while (json_in__element(&json))
			read_trace(&json, in);
	}
	return json_in__finish(&json);
}
