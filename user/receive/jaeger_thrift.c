// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/*
 * Jaeger's Batch (jaeger-idl, thrift/jaeger.thrift), bare: no message around it. Its spans
 * become OpenTelemetry's as the specification has it ("OpenTelemetry to Jaeger
 * Transformation", read backwards).
 */
#include <errno.h>
#include <string.h>

#include "base/units.h"
#include "base/wire.h"
#include "model/otlp.h"
#include "receive/jaeger_tags.h"
#include "receive/spans_in.h"
#include "receive/thrift.h"

enum {
	BATCH_PROCESS = 1, BATCH_SPANS = 2,
	PROCESS_SERVICE = 1, PROCESS_TAGS = 2,
	TAG_KEY = 1, TAG_TYPE = 2, TAG_STRING = 3, TAG_DOUBLE = 4, TAG_BOOL = 5, TAG_LONG = 6,
	TAG_BINARY = 7,
	LOG_TIME = 1, LOG_FIELDS = 2,
	REF_TYPE = 1, REF_TRACE_LOW = 2, REF_TRACE_HIGH = 3, REF_SPAN = 4,
	JAEGER_TRACE_LOW = 1, JAEGER_TRACE_HIGH = 2, JAEGER_SPAN_ID = 3, JAEGER_PARENT = 4,
	JAEGER_NAME = 5, JAEGER_REFS = 6, JAEGER_FLAGS = 7, JAEGER_START = 8,
	JAEGER_DURATION = 9, JAEGER_TAGS = 10, JAEGER_LOGS = 11,
};

#define REF_CHILD_OF 0

static void read_tag(struct thrift *in, struct jaeger_tag *tag)
{
	struct thrift_field field;

	*tag = (struct jaeger_tag){ 0 };
	while (thrift__field(in, &field)) {
		if (thrift__is(in, &field, TAG_KEY, THRIFT_STRING))
			tag->key = thrift__string(in);
		else if (thrift__is(in, &field, TAG_TYPE, THRIFT_I32))
			tag->type = thrift__i32(in);
		else if (thrift__is(in, &field, TAG_STRING, THRIFT_STRING))
			tag->text = thrift__string(in);
		else if (thrift__is(in, &field, TAG_DOUBLE, THRIFT_DOUBLE))
			tag->number = thrift__double(in);
		else if (thrift__is(in, &field, TAG_BOOL, THRIFT_BOOL))
			tag->truth = thrift__bool(in);
		else if (thrift__is(in, &field, TAG_LONG, THRIFT_I64))
			tag->n = thrift__i64(in);
		else if (thrift__is(in, &field, TAG_BINARY, THRIFT_STRING))
			tag->binary = thrift__string(in);
		else
			thrift__skip(in, field.type);
	}
}

static void read_span_tags(struct thrift *in, struct span_draft *draft)
{
	struct jaeger_tag tag;

	for (uint32_t count = thrift__list(in, THRIFT_STRUCT); count && !in->error; count--) {
		read_tag(in, &tag);
		if (!jaeger_tag__take(draft, &tag))
			jaeger_tag__put(&draft->attributes, ATTRIBUTE, &tag);
	}
}

/* Times in microseconds, which a stranger may have set to anything. */
static uint64_t to_ns(int64_t us)
{
	uint64_t ns;

	return us < 0 || __builtin_mul_overflow((uint64_t)us, NSEC_PER_USEC, &ns) ? 0 : ns;
}

/* An event's name is that of the field "event". */
static void read_log(struct thrift *in, struct buf *out)
{
	size_t begin = wire_begin(out, SPAN_EVENTS);
	struct thrift_field field;
	struct jaeger_tag tag;

	while (thrift__field(in, &field)) {
		if (thrift__is(in, &field, LOG_TIME, THRIFT_I64)) {
			wire_put_fixed64(out, EVENT_TIME, to_ns(thrift__i64(in)));
			continue;
		}
		if (!thrift__is(in, &field, LOG_FIELDS, THRIFT_LIST)) {
			thrift__skip(in, field.type);
			continue;
		}
		for (uint32_t n = thrift__list(in, THRIFT_STRUCT); n && !in->error; n--) {
			read_tag(in, &tag);
			if (bytes_equal(&tag.key, "event") && tag.type == JAEGER_TAG_STRING)
				wire_put_bytes(out, EVENT_NAME, tag.text.data, tag.text.length);
			else
				jaeger_tag__put(out, EVENT_ATTRIBUTES, &tag);
		}
	}
	wire_end(out, begin);
}

struct reference {
	int32_t type;
	struct trace_id trace;
	uint64_t span;
};

static void read_reference(struct thrift *in, struct reference *ref)
{
	struct thrift_field field;

	*ref = (struct reference){ 0 };
	while (thrift__field(in, &field)) {
		if (thrift__is(in, &field, REF_TYPE, THRIFT_I32))
			ref->type = thrift__i32(in);
		else if (thrift__is(in, &field, REF_TRACE_LOW, THRIFT_I64))
			ref->trace.low = thrift__i64(in);
		else if (thrift__is(in, &field, REF_TRACE_HIGH, THRIFT_I64))
			ref->trace.high = thrift__i64(in);
		else if (thrift__is(in, &field, REF_SPAN, THRIFT_I64))
			ref->span = thrift__i64(in);
		else
			thrift__skip(in, field.type);
	}
}

/*
 * The parent, if there is no field for it, is the first one in the same trace that this span
 * is a child of; all others are links. Read when the span's own ids are known.
 */
static void read_references(struct thrift in, struct span_draft *draft)
{
	struct span *span = &draft->span;
	struct reference ref;
	size_t begin;

	for (uint32_t count = thrift__list(&in, THRIFT_STRUCT); count && !in.error; count--) {
		read_reference(&in, &ref);
		if (ref.type == REF_CHILD_OF && trace_id_equal(&ref.trace, &span->trace_id) &&
		    (!span->parent_id || span->parent_id == ref.span)) {
			span->parent_id = ref.span;
			continue;
		}
		begin = wire_begin(&draft->links, SPAN_LINKS);
		otlp_put_trace_id(&draft->links, LINK_TRACE_ID, &ref.trace);
		otlp_put_id(&draft->links, LINK_SPAN_ID, ref.span);
		wire_end(&draft->links, begin);
	}
}

/* What of a span is a number; false: something else. */
static bool read_number(struct thrift *in, const struct thrift_field *field, struct span *span,
			uint64_t *duration)
{
	if (thrift__is(in, field, JAEGER_TRACE_LOW, THRIFT_I64))
		span->trace_id.low = thrift__i64(in);
	else if (thrift__is(in, field, JAEGER_TRACE_HIGH, THRIFT_I64))
		span->trace_id.high = thrift__i64(in);
	else if (thrift__is(in, field, JAEGER_SPAN_ID, THRIFT_I64))
		span->span_id = thrift__i64(in);
	else if (thrift__is(in, field, JAEGER_PARENT, THRIFT_I64))
		span->parent_id = thrift__i64(in);
	else if (thrift__is(in, field, JAEGER_FLAGS, THRIFT_I32))
		span->flags = thrift__i32(in) & 1;
	else if (thrift__is(in, field, JAEGER_START, THRIFT_I64))
		span->start_ns = to_ns(thrift__i64(in));
	else if (thrift__is(in, field, JAEGER_DURATION, THRIFT_I64))
		*duration = to_ns(thrift__i64(in));
	else
		return false;
	return true;
}

static void read_span_fields(struct thrift *in, struct span_draft *draft)
{
	struct thrift references = { 0 };
	struct thrift_field field;
	uint64_t duration = 0;
	struct bytes name;

	while (thrift__field(in, &field)) {
		if (read_number(in, &field, &draft->span, &duration))
			continue;
		if (thrift__is(in, &field, JAEGER_NAME, THRIFT_STRING)) {
			name = thrift__string(in);
			buf__truncate(&draft->name, 0);
			buf__append(&draft->name, name.data, name.length);
		} else if (thrift__is(in, &field, JAEGER_TAGS, THRIFT_LIST)) {
			read_span_tags(in, draft);
		} else if (thrift__is(in, &field, JAEGER_LOGS, THRIFT_LIST)) {
			for (uint32_t n = thrift__list(in, THRIFT_STRUCT); n && !in->error; n--)
				read_log(in, &draft->events);
		} else {
			if (thrift__is(in, &field, JAEGER_REFS, THRIFT_LIST))
				references = *in;
			thrift__skip(in, field.type);
		}
	}
	if (references.at && !in->error)
		read_references(references, draft);
	if (__builtin_add_overflow(draft->span.start_ns, duration, &draft->span.end_ns))
		draft->span.end_ns = draft->span.start_ns;
}

static int read_span(struct thrift *in, struct span_draft *draft, struct resource *resource,
		     struct spans_in *spans)
{
	span_draft__clear(draft);
	buf__truncate(&draft->scope, 0);
	buf__truncate(&draft->scope_version, 0);
	read_span_fields(in, draft);
	if (in->error)
		return in->error;
	draft->span.source = SPAN_FROM_JAEGER;
	draft->span.resource = resource;
	return span_draft__emit(draft, spans);
}

static void read_process(struct thrift *in, struct buf *attributes)
{
	struct thrift_field field;
	struct bytes service;
	struct jaeger_tag tag;

	while (thrift__field(in, &field)) {
		if (thrift__is(in, &field, PROCESS_SERVICE, THRIFT_STRING)) {
			service = thrift__string(in);
			attribute_text(attributes, "service.name", service.data, service.length);
		} else if (thrift__is(in, &field, PROCESS_TAGS, THRIFT_LIST)) {
			for (uint32_t n = thrift__list(in, THRIFT_STRUCT); n && !in->error; n--) {
				read_tag(in, &tag);
				if (bytes_equal(&tag.key, "hostname"))
					tag.key = (struct bytes){ "host.name", 9 };
				jaeger_tag__put(attributes, ATTRIBUTE, &tag);
			}
		} else {
			thrift__skip(in, field.type);
		}
	}
}

static int read_spans(struct thrift *in, struct resource *resource, struct spans_in *spans)
{
	struct span_draft draft = { 0 };
	int err = 0;

	for (uint32_t n = thrift__list(in, THRIFT_STRUCT); n && !in->error && !err; n--)
		err = read_span(in, &draft, resource, spans);
	span_draft__free(&draft);
	return err;
}

/* Both fields are required; the process is looked for first, whatever their order. */
static int find_process(struct thrift in, struct buf *attributes)
{
	bool process = false, spans = false;
	struct thrift_field field;

	while (thrift__field(&in, &field)) {
		if (thrift__is(&in, &field, BATCH_PROCESS, THRIFT_STRUCT)) {
			process = true;
			read_process(&in, attributes);
		} else {
			spans |= thrift__is(&in, &field, BATCH_SPANS, THRIFT_LIST);
			thrift__skip(&in, field.type);
		}
	}
	if (in.error || !process || !spans || in.at != in.end)
		return -EBADMSG;
	return 0;
}

int jaeger_thrift__read(const void *body, size_t length, struct spans_in *spans)
{
	struct thrift in = thrift__of(body, length);
	struct buf attributes = BUF_INIT;
	struct resource *resource = NULL;
	struct thrift_field field;
	int err = find_process(in, &attributes);

	if (!err)
		resource = spans_in__resource(spans, &attributes, &err);
	while (!err && thrift__field(&in, &field)) {
		if (thrift__is(&in, &field, BATCH_SPANS, THRIFT_LIST))
			err = read_spans(&in, resource, spans);
		else
			thrift__skip(&in, field.type);
	}
	resource__put(resource);
	buf__free(&attributes);
	return err ? err : in.error;
}
