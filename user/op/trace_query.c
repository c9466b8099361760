// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "op/trace_query.h"

#include <errno.h>
#include <stdlib.h>

#include "base/err.h"
#include "op/clock.h"
#include "op/endpoint.h"
#include "receive/query.h"

#define QUERY_URL "http://localhost:16686"

struct trace_query {
	const char *url;
	const char *service;
	uint64_t begin_ns;
	int (*on_span)(struct span *span, void *context);
	void *context;
	uint64_t spans;
};

int trace_query__new(struct trace_query **out, const struct ppbpf_trace_options *o,
		     int (*on_span)(struct span *span, void *context), void *context,
		     struct err *e)
{
	const char *url = o->query_url ? o->query_url : QUERY_URL;
	struct endpoint endpoint;
	struct trace_query *query;

	if (endpoint__parse(&endpoint, url, "--query-url", e))
		return e->code;
	if (!o->service) {
		err__set(e, ERR_NOT_FOUND, -EINVAL, "Jaeger is asked for the traces of a service");
		err__hint(e, "name it with --service");
		return e->code;
	}
	if (!endpoint__listens(&endpoint)) {
		err__set(e, ERR_IO, -ECONNREFUSED, "nobody listens at %s", url);
		err__hint(e, "--query-url says where Jaeger's page is");
		return e->code;
	}
	query = calloc(1, sizeof(*query));
	if (!query)
		return err__set(e, ERR_INTERNAL, -ENOMEM, "out of memory");
	*query = (struct trace_query){ .url = url, .service = o->service,
				       .begin_ns = clock_ns(CLOCK_REALTIME),
				       .on_span = on_span, .context = context };
	*out = query;
	return 0;
}

void trace_query__free(struct trace_query *query)
{
	free(query);
}

static int on_answer(const struct span *from, void *context)
{
	struct trace_query *query = context;
	struct span *span = span__new(from);

	if (!span)
		return -ENOMEM;
	/* Jaeger has it: it does not go there again */
	span->source = SPAN_FROM_QUERY;
	query->spans++;
	return query->on_span(span, query->context);
}

int trace_query__run(struct trace_query *query, struct err *e)
{
	struct spans_in in = { .on_span = on_answer, .context = query };
	const struct query window = { .url = query->url, .service = query->service,
				      .from_ns = query->begin_ns,
				      .to_ns = clock_ns(CLOCK_REALTIME) };

	return query__run(&window, &in, e);
}

const char *trace_query__url(const struct trace_query *query)
{
	return query->url;
}

uint64_t trace_query__spans(const struct trace_query *query)
{
	return query->spans;
}
