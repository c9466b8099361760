// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "op/trace_out.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/json.h"
#include "model/trace_run.h"
#include "op/endpoint.h"
#include "sink/exporter.h"
#include "sink/otlp_json.h"

#define FLUSH_SECONDS 10	/* at the end, for what a backend has not taken yet */

struct trace_out {
	struct atomic_file *file;
	struct json *json;
	struct exporter *exporters[TRACE_EXPORTS_MAX];
	size_t exporter_count;
};

static int no_memory(struct err *e)
{
	return err__set(e, ERR_INTERNAL, -ENOMEM, "out of memory");
}

static int open_file(struct trace_out *out, const char *path, struct err *e)
{
	if (!path)
		return 0;
	out->file = atomic_file__open(path, e);
	if (!out->file)
		return e->code;
	out->json = json__new(atomic_file__stream(out->file), JSON_COMPACT);
	return out->json ? 0 : no_memory(e);
}

static int open_exporter(struct trace_out *out, const struct ppbpf_trace_options *options,
			 enum export_protocol protocol, const char *url, struct err *e)
{
	const struct exporter_config config = {
		.protocol = protocol,
		.url = url,
		.headers = options->headers,
		.header_count = protocol == EXPORT_OTLP ? options->header_count : 0,
		.compress = protocol == EXPORT_OTLP && !options->no_compression,
	};

	if (!url)
		return 0;
	out->exporters[out->exporter_count] = exporter__new(&config);
	return out->exporters[out->exporter_count++] ? 0 : no_memory(e);
}

int trace_out__new(struct trace_out **result, const struct ppbpf_trace_options *options,
		   const char *jaeger, struct err *e)
{
	struct trace_out *out = calloc(1, sizeof(*out));
	struct endpoint endpoint;
	int err = 0;

	*result = out;
	if (!out)
		return no_memory(e);
	if (options->otlp_endpoint)
		err = endpoint__parse(&endpoint, options->otlp_endpoint, "--otlp-endpoint", e);
	if (!err)
		err = open_file(out, options->spans_file, e);
	if (!err)
		err = open_exporter(out, options, EXPORT_OTLP, options->otlp_endpoint, e);
	if (!err)
		err = open_exporter(out, options, EXPORT_JAEGER, jaeger, e);
	return err;
}

void trace_out__free(struct trace_out *out)
{
	if (!out)
		return;
	for (size_t i = 0; i < out->exporter_count; i++)
		exporter__free(out->exporters[i]);
	json__free(out->json);
	atomic_file__free(out->file);
	free(out);
}

static int export_spans(struct trace_out *out, const struct span *spans)
{
	int err = 0;

	for (size_t i = 0; i < out->exporter_count && !err; i++)
		err = exporter__add(out->exporters[i], spans);
	return err;
}

int trace_out__spans(struct trace_out *out, const struct span *spans)
{
	int err = out->json ? otlp_json__line(out->json, spans) : 0;

	return err ? err : export_spans(out, spans);
}

int trace_out__finish(struct trace_out *out, struct err *e)
{
	for (size_t i = 0; i < out->exporter_count; i++)
		exporter__flush(out->exporters[i], FLUSH_SECONDS);
	return out->file ? atomic_file__commit(out->file, e) : 0;
}

int trace_out__report(const struct trace_out *out, struct trace_run *run)
{
	uint64_t rejected = 0, lost = 0;

	for (size_t i = 0; i < out->exporter_count; i++) {
		struct trace_export *export = &run->exports[run->export_count];
		struct exporter_report report;

		exporter__report(out->exporters[i], &report);
		*export = (struct trace_export){
			.url = strdup(exporter__url(out->exporters[i])),
			.spans = report.spans, .rejected = report.rejected, .lost = report.lost,
			.error = *report.error ? strdup(report.error) : NULL,
		};
		if (!export->url)
			return -ENOMEM;
		run->export_count++;
		rejected += report.rejected;
		lost += report.lost;
	}
	trace_run__lost(run, "export_spans_rejected", rejected);
	trace_run__lost(run, "export_spans_lost", lost);
	return 0;
}
