// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "sink/trace_html.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <time.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/units.h"
#include "model/operation.h"
#include "model/reason.h"
#include "model/report.h"
#include "model/trace_run.h"
#include "sink/html_page.h"
#include "sink/remarks.h"
#include "sink/span_text.h"
#include "sink/trace_assets.h"

/* What a browser draws at ease. */
#define ROWS_MAX 1000
#define OPERATIONS_SHOWN 100
#define VALUE_MAX 2000		/* bytes of an attribute that are shown */

static void put_string(struct json *json, const char *key, const char *value)
{
	json__key(json, key);
	json__string(json, value);
}

static void put_ms(struct json *json, const char *key, double ns)
{
	json__key(json, key);
	json__rounded(json, ns / 1e6, 6);
}

static void put_count(struct json *json, const char *key, uint64_t n)
{
	json__key(json, key);
	json__u64(json, n);
}

static void put_losses(struct buf *text, const struct trace_run *run)
{
	char count[UNITS_TEXT];
	size_t first = text->length;

	for (size_t i = 0; i < run->loss_count; i++)
		if (run->losses[i].n)
			buf__printf(text, "%s %s %s", text->length > first ? "," : "lost:",
				    format_count(count, run->losses[i].n), run->losses[i].name);
	if (text->length == first)
		buf__puts(text, "nothing lost");
}

static void put_about(struct json *json, const struct trace_run *run,
		      const struct report *report)
{
	char time[UNITS_TEXT], traces[UNITS_TEXT], observed[UNITS_TEXT], spans[UNITS_TEXT];
	struct buf about = BUF_INIT, quality = BUF_INIT, missing = BUF_INIT;
	struct utsname system;

	uname(&system);
	buf__printf(&about, "%s · %s of %s traces, %s spans",
		    format_seconds(time, run->seconds * 1e9),
		    format_count(traces, trace_stats__traces(run->stats)),
		    format_count(observed, run->counters[TRACES_OBSERVED]),
		    format_count(spans, trace_stats__spans(run->stats)));
	for (size_t i = 0; i < run->source_count; i++)
		buf__printf(&about, "%s%s", i ? ", " : " · ", run->sources[i].name);
	buf__printf(&about, " · %s, Linux %s", system.nodename, system.release);
	put_losses(&quality, run);
	remarks__unavailable(&missing, report);
	if (missing.length)
		buf__printf(&quality, " · %s", missing.data);
	put_string(json, "title", run->service ? run->service : "all services");
	put_string(json, "about", buf__str(&about));
	put_string(json, "quality", buf__str(&quality));
	buf__free(&about);
	buf__free(&quality);
	buf__free(&missing);
}

static int put_operation(struct json *json, const struct trace_run *run,
			 const struct operation_stats *operation)
{
	struct duration_figures figures;
	int err = operation_stats__figures(operation, &figures);

	if (err)
		return err;
	json__object_begin(json);
	put_string(json, "operation", operation->name);
	put_string(json, "service", operation->service);
	put_string(json, "kind", operation->kind > SPAN_KIND_INTERNAL ?
				 span_kind_name(operation->kind) : "");
	put_count(json, "count", operation->count);
	put_count(json, "errors", operation->errors);
	json__key(json, "rate");
	json__rounded(json, run->seconds > 0 ? operation->count / run->seconds : 0, 4);
	put_ms(json, "p50", figures.p50);
	put_ms(json, "p95", figures.p95);
	put_ms(json, "p99", figures.p99);
	put_ms(json, "max", figures.max);
	json__object_end(json);
	return 0;
}

static int put_operations(struct json *json, const struct trace_run *run, bool inner)
{
	const struct operation_stats **rows;
	int count = inner ? trace_stats__inner(run->stats, &rows) :
			    trace_stats__operations(run->stats, &rows), err = 0;

	if (count < 0)
		return count;
	json__key(json, inner ? "inner" : "operations");
	json__array_begin(json);
	for (int i = 0; i < count && i < OPERATIONS_SHOWN && !err; i++)
		err = put_operation(json, run, rows[i]);
	json__array_end(json);
	free(rows);
	return err;
}

/* A value as text; of an array or a list what it is. */
static void put_value(struct json *json, const struct attribute *value)
{
	struct buf text = BUF_INIT;

	switch (value->type) {
	case ATTRIBUTE_STRING:
		buf__append(&text, value->bytes.data,
			    value->bytes.length < VALUE_MAX ? value->bytes.length : VALUE_MAX);
		break;
	case ATTRIBUTE_BOOL:
		buf__puts(&text, value->n ? "true" : "false");
		break;
	case ATTRIBUTE_INT:
		buf__printf(&text, "%" PRId64, value->n);
		break;
	case ATTRIBUTE_DOUBLE:
		buf__printf(&text, "%g", value->number);
		break;
	case ATTRIBUTE_ARRAY:
	case ATTRIBUTE_LIST:
	case ATTRIBUTE_BYTES:
		buf__printf(&text, "(%s of %zu bytes)", value->type == ATTRIBUTE_ARRAY ? "an array" :
			    value->type == ATTRIBUTE_LIST ? "a list" : "bytes",
			    value->bytes.length);
		break;
	case ATTRIBUTE_NONE:
		break;
	}
	json__string_n(json, buf__str(&text), text.length);
	buf__free(&text);
}

static void put_attributes(struct json *json, const struct span *span)
{
	struct wire wire = wire__of(span->attributes.data, span->attributes.length);
	struct attribute attribute;

	json__key(json, "attributes");
	json__array_begin(json);
	while (attributes__next(&wire, &attribute)) {
		json__array_begin(json);
		json__string_n(json, attribute.key.data, attribute.key.length);
		put_value(json, &attribute);
		json__array_end(json);
	}
	if (span->status_message) {
		json__array_begin(json);
		json__string(json, "status");
		json__string(json, span->status_message);
		json__array_end(json);
	}
	json__array_end(json);
}

static void put_part(struct json *json, const char *name, uint64_t ns)
{
	json__array_begin(json);
	json__string(json, name);
	json__rounded(json, ns / 1e6, 6);
	json__array_end(json);
}

static void put_split(struct json *json, const struct span *span)
{
	const struct ppbpf_split *split = &span->split;

	if (!span->split_known)
		return;
	json__key(json, "split");
	json__array_begin(json);
	put_part(json, "on CPU", split->on_cpu);
	put_part(json, "waiting for CPU", split->run_queue);
	put_part(json, "throttled", split->throttled);
	put_part(json, "stolen", split->stolen);
	for (int i = 0; i < PPBPF_REASON_NR; i++)
		put_part(json, reasons[i].name, split->blocked[i]);
	json__array_end(json);
}

static void put_span(struct json *json, const struct trace_run *run, const struct trace *trace,
		     const struct trace_row *row)
{
	const struct span *span = row->span;
	struct buf operation = BUF_INIT;
	char id[SPAN_ID_TEXT];

	operation_of(&operation, span);
	json__object_begin(json);
	put_string(json, "id", span_id_text(id, span->span_id));
	put_count(json, "depth", row->depth);
	put_string(json, "service", span->resource->service);
	put_string(json, "who", span_who(span, run->service));
	put_string(json, "operation", buf__str(&operation));
	put_string(json, "kind", span_kind_name(span->kind));
	put_ms(json, "start", span->start_ns - trace->start_ns);
	put_ms(json, "ms", span__duration_ns(span));
	json__key(json, "error");
	json__bool(json, span__is_error(span));
	put_split(json, span);
	put_attributes(json, span);
	json__object_end(json);
	buf__free(&operation);
}

static void put_time(struct json *json, uint64_t ns)
{
	time_t seconds = ns / NSEC_PER_SEC;
	char text[40];
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &tm);
	put_string(json, "time", text);
}

static int put_trace(struct json *json, const struct trace_run *run, const struct trace *trace)
{
	struct trace_row *rows = trace__rows(trace);
	struct buf operation = BUF_INIT;
	char id[TRACE_ID_TEXT];

	if (!rows)
		return -ENOMEM;
	operation_of(&operation, trace->root);
	json__object_begin(json);
	put_string(json, "id", trace_id_text(id, &trace->id));
	put_string(json, "operation", buf__str(&operation));
	put_ms(json, "ms", trace__duration_ns(trace));
	put_ms(json, "length", trace->end_ns - trace->start_ns);
	put_time(json, trace->start_ns);
	json__key(json, "error");
	json__bool(json, trace->errors > 0);
	put_count(json, "count", trace->span_count);
	put_count(json, "more", trace->span_count > ROWS_MAX ? trace->span_count - ROWS_MAX : 0);
	json__key(json, "spans");
	json__array_begin(json);
	for (size_t i = 0; i < trace->span_count && i < ROWS_MAX; i++)
		put_span(json, run, trace, &rows[i]);
	json__array_end(json);
	json__object_end(json);
	buf__free(&operation);
	free(rows);
	return 0;
}

static int put_data(struct buf *out, const struct trace_run *run, const struct report *report)
{
	struct json *json = json__new_buf(out, JSON_COMPACT);
	int err;

	if (!json)
		return -ENOMEM;
	json__object_begin(json);
	put_about(json, run, report);
	err = put_operations(json, run, false);
	if (!err)
		err = put_operations(json, run, true);
	json__key(json, "traces");
	json__array_begin(json);
	for (size_t i = 0; i < run->slowest_count && !err; i++)
		err = put_trace(json, run, run->slowest[i]);
	json__array_end(json);
	json__object_end(json);
	if (!err)
		err = json__finish(json);
	json__free(json);
	return err;
}

int trace_html__write(FILE *out, const struct trace_run *run, const struct report *report)
{
	const struct html_page page = {
		.title = "ppbpf trace",
		.css = waterfall_css, .css_end = waterfall_css_end,
		.html = waterfall_html, .html_end = waterfall_html_end,
		.js = waterfall_js, .js_end = waterfall_js_end,
	};
	struct buf data = BUF_INIT;
	int err = put_data(&data, run, report);

	if (!err)
		err = html_page__write(out, &page, &data);
	buf__free(&data);
	return err;
}
