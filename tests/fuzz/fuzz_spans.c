// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Hostile spans. The first byte says in which encoding they come. Those that are taken are
 * put together to traces and written in every form; what is written in OTLP has to be read
 * as the same number of spans again.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/json.h"
#include "model/trace.h"
#include "receive/gunzip.h"
#include "receive/query.h"
#include "receive/spans_in.h"
#include "sink/jaeger_thrift.h"
#include "sink/otlp_json.h"
#include "sink/otlp_proto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int keep_span(const struct span *from, void *context)
{
	struct traces *traces = context;
	struct span *span = span__new(from);

	if (!span)
		abort();
	return traces__add(traces, span, 0);
}

static uint64_t spans_in(int (*read)(const void *, size_t, struct spans_in *),
			 const struct buf *body)
{
	struct spans_in in = { 0 };

	if (read(body->data, body->length, &in) || in.rejected)
		abort();
	return in.taken;
}

static bool write_trace(struct trace *trace, void *context)
{
	struct buf proto = BUF_INIT, text = BUF_INIT, process = BUF_INIT, spans = BUF_INIT,
		   batch = BUF_INIT;
	struct json *json = json__new_buf(&text, JSON_COMPACT);
	struct trace_row *rows = trace__rows(trace);

	(void)context;
	if (!json || !rows || otlp_proto__append(&proto, trace->spans) ||
	    otlp_json__line(json, trace->spans))
		abort();
	if (spans_in(otlp_proto__read, &proto) != trace->span_count ||
	    spans_in(otlp_json__read, &text) != trace->span_count)
		abort();
	jaeger_process(&process, trace->root->resource);
	for (const struct span *s = trace->spans; s; s = s->next)
		jaeger_span(&spans, s);
	jaeger_batch(&batch, &process, &spans, trace->span_count);
	if (spans_in(jaeger_thrift__read, &batch) != trace->span_count)
		abort();
	json__free(json);
	free(rows);
	buf__free(&proto);
	buf__free(&text);
	buf__free(&process);
	buf__free(&spans);
	buf__free(&batch);
	return false;
}

static void fuzz_gunzip(const uint8_t *data, size_t size)
{
	struct buf out = BUF_INIT;

	if (!gunzip(data, size, 1 << 16, &out) && out.length > 1 << 16)
		abort();
	buf__free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int (*const readers[])(const void *, size_t, struct spans_in *) = {
		otlp_proto__read, otlp_json__read, jaeger_thrift__read, jaeger_json__read,
		jaeger_v3__read,
	};
	const struct traces_config config = { .sampling_rate = 1, .size_max = 1 << 20,
					      .on_trace = write_trace };
	struct spans_in in = { .on_span = keep_span };
	struct traces *traces;
	uint8_t *copy;

	if (!size)
		return 0;
	/* so that the sanitizer sees where it ends */
	copy = malloc(size);
	for (size_t i = 1; i < size; i++)
		copy[i - 1] = data[i];
	if (data[0] % 6 == 5) {
		fuzz_gunzip(copy, size - 1);
		free(copy);
		return 0;
	}
	traces = traces__new(&config);
	if (!traces)
		abort();
	in.context = traces;
	spans_in__read(readers[data[0] % 6], copy, size - 1, &in);
	if (traces__finish(traces))
		abort();
	traces__free(traces);
	free(copy);
	return 0;
}
