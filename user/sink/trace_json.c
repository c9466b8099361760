// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "sink/trace_json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "model/operation.h"
#include "model/reason.h"
#include "model/report.h"
#include "model/trace_run.h"
#include "sink/fields.h"
#include "sink/self_json.h"
#include "sink/span_text.h"

#define NO_TRACE "no trace was collected"
/* Rows of a trace in the JSON; all spans are in the OTLP lines (--output). */
#define ROWS_MAX 500
/* Of the slowest traces in the JSON. */
#define SLOWEST_MAX 5

static void json_figures(struct fields *fields, const struct duration_figures *figures, bool any)
{
	const struct {
		const char *key;
		double ns;
	} rows[] = {
		{ "avg_duration_ms", figures->average }, { "p50_duration_ms", figures->p50 },
		{ "p95_duration_ms", figures->p95 }, { "p99_duration_ms", figures->p99 },
		{ "max_duration_ms", figures->max },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (any)
			fields__number(fields, rows[i].key, rows[i].ns / 1e6, 6);
		else
			fields__null(fields, rows[i].key, NO_TRACE);
	}
}

static void json_rate(struct fields *fields, uint64_t errors, uint64_t count)
{
	if (count)
		fields__number(fields, "error_rate", (double)errors / count, 9);
	else
		fields__null(fields, "error_rate", NO_TRACE);
}

static int json_operation(struct fields *fields, const struct trace_run *run,
			  const struct operation_stats *operation, bool inner)
{
	struct duration_figures figures;
	int err = operation_stats__figures(operation, &figures);

	if (err)
		return err;
	fields__object_begin(fields, NULL);
	fields__string(fields, "operation", operation->name);
	fields__string(fields, "service", operation->service);
	fields__string(fields, "kind", span_kind_name(operation->kind));
	if (!inner)
		fields__u64(fields, "traces_collected", operation->count);
	fields__u64(fields, "total_spans", inner ? operation->count : operation->spans);
	json_figures(fields, &figures, true);
	json_rate(fields, operation->errors, operation->count);
	fields__u64(fields, "errors", operation->errors);
	fields__number(fields, "rate_per_second",
		       run->seconds > 0 ? operation->count / run->seconds : 0, 6);
	fields__object_end(fields);
	return 0;
}

static int json_operations(struct fields *fields, const struct trace_run *run)
{
	const struct operation_stats **rows;
	int count, err = 0;

	for (int inner = 0; inner < 2 && !err; inner++) {
		count = inner ? trace_stats__inner(run->stats, &rows) :
				trace_stats__operations(run->stats, &rows);
		if (count < 0)
			return count;
		fields__array_begin(fields, inner ? "span_operations" : "operations");
		for (int i = 0; i < count && !err; i++)
			err = json_operation(fields, run, rows[i], inner);
		fields__array_end(fields);
		free(rows);
	}
	return err;
}

static void json_split(struct fields *fields, const struct span *span)
{
	const struct ppbpf_split *split = &span->split;

	if (!span->split_known) {
		fields__null(fields, "time_split", span->source == SPAN_FROM_EBPF ?
			     "told of requests that came in and had a thread for themselves" :
			     "spans that were sent carry none");
		return;
	}
	fields__object_begin(fields, "time_split");
	fields__ms(fields, "task_ms", split->life);
	fields__ms(fields, "on_cpu_ms", split->on_cpu);
	fields__ms(fields, "run_queue_ms", split->run_queue);
	if (span->throttled_known)
		fields__ms(fields, "throttled_ms", split->throttled);
	else
		fields__null(fields, "throttled_ms", "it is in run_queue_ms");
	fields__ms(fields, "stolen_ms", split->stolen);
	fields__object_begin(fields, "blocked");
	for (int i = 0; i < PPBPF_REASON_NR; i++)
		fields__ms(fields, reasons[i].json, split->blocked[i]);
	fields__object_end(fields);
	fields__object_end(fields);
}

static void json_span(struct fields *fields, const struct trace *trace,
		      const struct trace_row *row)
{
	const struct span *span = row->span;
	struct buf operation = BUF_INIT;
	char id[SPAN_ID_TEXT];

	operation_of(&operation, span);
	fields__object_begin(fields, NULL);
	fields__string(fields, "span_id", span_id_text(id, span->span_id));
	if (span->parent_id)
		fields__string(fields, "parent_span_id", span_id_text(id, span->parent_id));
	else
		fields__null(fields, "parent_span_id", "a root has none");
	fields__u64(fields, "depth", row->depth);
	fields__string(fields, "service", span->resource->service);
	fields__string(fields, "name", span->name);
	fields__string(fields, "operation", buf__str(&operation));
	fields__string(fields, "kind", span_kind_name(span->kind));
	/* a clock of another host may be behind the root's */
	fields__number(fields, "start_ms",
		       ((double)span->start_ns - (double)trace->start_ns) / 1e6, 6);
	fields__ms(fields, "duration_ms", span__duration_ns(span));
	fields__bool(fields, "error", span__is_error(span));
	fields__string(fields, "source", span_source_name(span->source));
	json_split(fields, span);
	fields__object_end(fields);
	buf__free(&operation);
}

static int json_trace(struct fields *fields, const struct trace *trace)
{
	struct trace_row *rows = trace__rows(trace);
	char id[TRACE_ID_TEXT];

	if (!rows)
		return -ENOMEM;
	fields__object_begin(fields, NULL);
	fields__string(fields, "trace_id", trace_id_text(id, &trace->id));
	fields__ms(fields, "duration_ms", trace__duration_ns(trace));
	fields__number(fields, "start_unix_seconds", trace->start_ns / 1e9, 6);
	fields__bool(fields, "error", trace->errors > 0);
	fields__u64(fields, "total_spans", trace->span_count);
	fields__array_begin(fields, "spans");
	for (size_t i = 0; i < trace->span_count && i < ROWS_MAX; i++)
		json_span(fields, trace, &rows[i]);
	fields__array_end(fields);
	fields__object_end(fields);
	free(rows);
	return 0;
}

/* What was captured; @run is NULL when that is nothing. */
struct captured {
	const struct trace_run *run;
	const struct report *report;
};

static int json_data(struct fields *fields, const void *result)
{
	const struct trace_run *run = ((const struct captured *)result)->run;
	uint64_t traces = trace_stats__traces(run->stats);
	struct duration_figures figures;
	char id[TRACE_ID_TEXT];
	int err = trace_stats__figures(run->stats, &figures);

	if (err)
		return err;
	fields__object_begin(fields, NULL);
	fields__u64(fields, "traces_collected", traces);
	fields__array_begin(fields, "trace_ids");
	for (size_t i = 0; i < run->id_count; i++)
		fields__string(fields, NULL, trace_id_text(id, &run->ids[i]));
	fields__array_end(fields);
	json_figures(fields, &figures, traces > 0);
	json_rate(fields, trace_stats__errors(run->stats), traces);
	fields__u64(fields, "total_spans", trace_stats__spans(run->stats));
	err = json_operations(fields, run);
	fields__array_begin(fields, "slowest");
	for (size_t i = 0; i < run->slowest_count && i < SLOWEST_MAX && !err; i++)
		err = json_trace(fields, run->slowest[i]);
	fields__array_end(fields);
	fields__object_end(fields);
	return err;
}

/* --- metadata ------------------------------------------------------------------ */

static void json_sources(struct fields *fields, const struct trace_run *run)
{
	fields__array_begin(fields, "sources");
	for (size_t i = 0; i < run->source_count; i++)
		fields__string(fields, NULL, run->sources[i].name);
	fields__array_end(fields);
	fields__array_begin(fields, "source_details");
	for (size_t i = 0; i < run->source_count; i++) {
		fields__object_begin(fields, NULL);
		fields__string(fields, "source", run->sources[i].name);
		fields__string(fields, "description", run->sources[i].text);
		fields__u64(fields, "spans", run->sources[i].spans);
		fields__object_end(fields);
	}
	fields__array_end(fields);
}

static void json_exports(struct fields *fields, const struct trace_run *run)
{
	fields__array_begin(fields, "exports");
	for (size_t i = 0; i < run->export_count; i++) {
		const struct trace_export *export = &run->exports[i];

		fields__object_begin(fields, NULL);
		fields__string(fields, "url", export->url);
		fields__u64(fields, "spans", export->spans);
		fields__u64(fields, "rejected_spans", export->rejected);
		fields__u64(fields, "lost_spans", export->lost);
		if (export->error)
			fields__string(fields, "last_error", export->error);
		else
			fields__null(fields, "last_error", "there was none");
		fields__object_end(fields);
	}
	fields__array_end(fields);
}

static void json_captured(struct fields *fields, const struct trace_run *run,
			  const struct report *report)
{
	if (run->service)
		fields__string(fields, "service_name", run->service);
	else
		fields__null(fields, "service_name", "every service that was met: name one with "
			     "--service");
	fields__number(fields, "sampling_rate", run->sampling_rate, 9);
	fields__number(fields, "duration_seconds", run->seconds, 6);
	fields__u64(fields, "observed", run->counters[TRACES_OBSERVED]);
	fields__u64(fields, "observed_spans", run->counters[TRACES_OBSERVED_SPANS]);
	fields__u64(fields, "observed_errors", run->counters[TRACES_OBSERVED_ERRORS]);
	fields__u64(fields, "not_sampled_by_caller", run->counters[TRACES_UNSAMPLED]);
	fields__u64(fields, "traces_unfinished", run->counters[TRACES_UNFINISHED]);
	fields__u64(fields, "kept_for_errors", run->counters[TRACES_KEPT_FOR_ERRORS]);
	fields__u64(fields, "traces_of_other_services", run->counters[TRACES_OTHER_SERVICE]);
	fields__u64(fields, "traces_of_other_operations", run->counters[TRACES_OTHER_OPERATION]);
	fields__string(fields, "percentiles", trace_stats__sampled(run->stats) ?
		       "of a random sample" : "exact");
	json_sources(fields, run);
	json_exports(fields, run);
	fields__bool(fields, "interrupted", report->interrupted);
	self_json__write(fields, &report->self);
	fields__object_begin(fields, "dropped");
	for (size_t i = 0; i < run->loss_count; i++)
		fields__u64(fields, run->losses[i].name, run->losses[i].n);
	fields__object_end(fields);
	fields__strings(fields, "warnings", report->warnings, report->warning_count);
}

/* Whether it was met or not: who reads the figures has to know that it would not be in them. */
static void json_unseen(struct fields *fields, const struct trace_run *run)
{
	char name[64], why[256];

	for (size_t i = 0; i < run->unseen_count; i++) {
		const struct trace_unseen *unseen = &run->unseen[i];

		snprintf(name, sizeof(name), "requests.%s", unseen->name);
		snprintf(why, sizeof(why), "%s: %llu met", unseen->help,
			 (unsigned long long)unseen->met);
		fields__why(fields, name, why);
	}
}

static void json_nothing(struct fields *fields)
{
	static const char *const keys[] = {
		"service_name", "sampling_rate", "duration_seconds", "observed", "sources",
		"self", "dropped", "warnings",
	};

	fields__why(fields, "data", "nothing was captured: see error");
	fields__nulls(fields, keys, sizeof(keys) / sizeof(keys[0]),
		      "nothing was captured: see error");
}

static void json_metadata(struct fields *fields, const void *result)
{
	const struct captured *captured = result;

	if (captured->run) {
		json_captured(fields, captured->run, captured->report);
		json_unseen(fields, captured->run);
	} else {
		json_nothing(fields);
	}
}

int trace_json__write(FILE *out, const struct trace_run *run, const struct report *report,
		      const struct envelope *envelope)
{
	static const struct envelope_parts parts = {
		.operation = "capture_distributed_traces", .error_code = "TRACE_CAPTURE_ERROR",
		.data = json_data, .metadata = json_metadata,
	};
	const struct captured captured = { .run = run, .report = report };

	return envelope__write(out, envelope, &parts, &captured, run, report);
}
