/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Jaeger's tags, and which of them OpenTelemetry's spans have fields for. */
#ifndef PPBPF_RECEIVE_JAEGER_TAGS_H
#define PPBPF_RECEIVE_JAEGER_TAGS_H

#include <stdbool.h>
#include <stdint.h>

#include "receive/spans_in.h"

enum jaeger_tag_type {		/* TagType of jaeger.thrift */
	JAEGER_TAG_STRING, JAEGER_TAG_DOUBLE, JAEGER_TAG_BOOL, JAEGER_TAG_LONG, JAEGER_TAG_BINARY,
};

struct jaeger_tag {
	struct bytes key;
	int32_t type;
	struct bytes text, binary;
	double number;
	bool truth;
	int64_t n;
};

/* Appends it as a KeyValue in a field of that number. */
void jaeger_tag__put(struct buf *out, uint32_t field, const struct jaeger_tag *tag);

/* A span's tag that its kind, status, scope or trace state is made of; false: an attribute. */
bool jaeger_tag__take(struct span_draft *draft, const struct jaeger_tag *tag);

#endif
