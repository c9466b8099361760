// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "sink/span_text.h"

#include <string.h>

const char *span_kind_name(enum span_kind kind)
{
	static const char *const names[SPAN_KIND_NR] = {
		"unspecified", "internal", "server", "client", "producer", "consumer",
	};

	return names[kind];
}

const char *span_source_name(enum span_source source)
{
	static const char *const names[SPAN_SOURCE_NR] = { "ebpf", "otlp", "jaeger", "query" };

	return names[source];
}

const char *span_who(const struct span *span, const char *service)
{
	const struct resource *resource = span->resource;

	if (service && *resource->process && !strcmp(resource->service, service) &&
	    span->source == SPAN_FROM_EBPF)
		return resource->process;
	return resource->service;
}
