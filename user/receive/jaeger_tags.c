// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "receive/jaeger_tags.h"

#include <string.h>
#include <strings.h>

#include "base/wire.h"

void jaeger_tag__put(struct buf *out, uint32_t field, const struct jaeger_tag *tag)
{
	size_t outer = wire_begin(out, field), value;

	wire_put_bytes(out, KEY_VALUE_KEY, tag->key.data, tag->key.length);
	value = wire_begin(out, KEY_VALUE_VALUE);
	switch (tag->type) {
	case JAEGER_TAG_DOUBLE:
		wire_put_double(out, ATTRIBUTE_DOUBLE, tag->number);
		break;
	case JAEGER_TAG_BOOL:
		wire_put_varint(out, ATTRIBUTE_BOOL, tag->truth);
		break;
	case JAEGER_TAG_LONG:
		wire_put_varint(out, ATTRIBUTE_INT, tag->n);
		break;
	case JAEGER_TAG_BINARY:
		wire_put_bytes(out, ATTRIBUTE_BYTES, tag->binary.data, tag->binary.length);
		break;
	default:
		wire_put_bytes(out, ATTRIBUTE_STRING, tag->text.data, tag->text.length);
	}
	wire_end(out, value);
	wire_end(out, outer);
}

static bool text_is(const struct jaeger_tag *tag, const char *text)
{
	return tag->type == JAEGER_TAG_STRING && tag->text.length == strlen(text) &&
	       !strncasecmp(tag->text.data, text, tag->text.length);
}

static enum span_kind kind_of(const struct jaeger_tag *tag)
{
	static const char *const kinds[SPAN_KIND_NR] = {
		"unspecified", "internal", "server", "client", "producer", "consumer",
	};

	for (int i = 0; i < SPAN_KIND_NR; i++)
		if (text_is(tag, kinds[i]))
			return i;
	return SPAN_KIND_UNSPECIFIED;
}

static void set_status(struct span *span, const struct jaeger_tag *tag)
{
	if (text_is(tag, "ERROR"))
		span->status = SPAN_STATUS_ERROR;
	else if (text_is(tag, "OK"))
		span->status = SPAN_STATUS_OK;
}

bool jaeger_tag__take(struct span_draft *draft, const struct jaeger_tag *tag)
{
	struct buf *text = NULL;

	if (bytes_equal(&tag->key, "span.kind")) {
		draft->span.kind = kind_of(tag);
		return true;
	}
	if (bytes_equal(&tag->key, "otel.status_code")) {
		set_status(&draft->span, tag);
		return true;
	}
	if (bytes_equal(&tag->key, "error")) {
		if (draft->span.status == SPAN_STATUS_UNSET &&
		    ((tag->type == JAEGER_TAG_BOOL && tag->truth) || text_is(tag, "true")))
			draft->span.status = SPAN_STATUS_ERROR;
		return tag->type == JAEGER_TAG_BOOL;
	}
	if (bytes_equal(&tag->key, "otel.status_description"))
		text = &draft->status_message;
	else if (bytes_equal(&tag->key, "w3c.tracestate"))
		text = &draft->trace_state;
	else if (bytes_equal(&tag->key, "otel.scope.name") ||
		 bytes_equal(&tag->key, "otel.library.name"))
		text = &draft->scope;
	else if (bytes_equal(&tag->key, "otel.scope.version") ||
		 bytes_equal(&tag->key, "otel.library.version"))
		text = &draft->scope_version;
	if (!text || tag->type != JAEGER_TAG_STRING)
		return false;
	buf__truncate(text, 0);
	buf__append(text, tag->text.data, tag->text.length);
	return true;
}
