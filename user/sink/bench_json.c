// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "sink/bench_json.h"

#include <math.h>

#include "model/bench_report.h"
#include "sink/compare_json.h"
#include "sink/envelope.h"
#include "sink/fields.h"
#include "sink/results_json.h"
#include "sink/self_json.h"


static const char nothing[] = "nothing was measured: see error";

static void json_number(struct fields *fields, const char *key, double value)
{
	if (isnan(value))
		fields__null(fields, key, "no benchmark has run to its end");
	else
		fields__number(fields, key, value, 6);
}

static void json_summary(struct fields *fields, const struct bench_report *report)
{
	struct bench_summary summary;

	bench_report__summarize(report, &summary);
	fields__object_begin(fields, "summary");
	json_number(fields, "avg_time_ms", summary.avg_time_ms);
	json_number(fields, "total_duration_ms", summary.total_duration_ms);
	json_number(fields, "avg_throughput", summary.avg_throughput);
	fields__u64(fields, "failed", summary.failed);
	fields__object_end(fields);
}

static void json_files(struct fields *fields, const struct bench_report *report)
{
	const struct bench_results *current = bench_report__current(report);

	if (current->path)
		fields__string(fields, "results_file", current->path);
	else
		fields__null(fields, "results_file", "the results were not saved: see error");
	fields__array_begin(fields, "results_files");
	for (size_t i = 0; i < report->version_count; i++)
		if (report->versions[i]->path)
			fields__string(fields, NULL, report->versions[i]->path);
	fields__array_end(fields);
}

/* The current version with the baseline; and each version with it, where there are more. */
static void json_comparisons(struct fields *fields, const struct bench_report *report)
{
	size_t count = report->comparisons ? report->version_count - 1 : 0;

	if (count)
		compare_json__data(fields, "comparison", report->comparisons[count - 1]);
	else
		fields__null(fields, "comparison", "nothing was compared: see --against");
	fields__array_begin(fields, "comparisons");
	for (size_t i = 0; i < count; i++)
		compare_json__data(fields, NULL, report->comparisons[i]);
	fields__array_end(fields);
}

static int json_data(struct fields *fields, const void *result)
{
	const struct bench_report *report = result;
	const struct bench_results *current = bench_report__current(report);
	char iso[TIME_ISO_TEXT];

	fields__object_begin(fields, NULL);
	fields__string(fields, "release_version", current->release);
	fields__number(fields, "timestamp", current->timestamp, 6);
	fields__string(fields, "timestamp_iso", time_iso(iso, current->timestamp));
	fields__u64(fields, "total_benchmarks", report->all.count);
	results_json__results(fields, &report->all);
	json_summary(fields, report);
	json_files(fields, report);
	json_comparisons(fields, report);
	fields__bool(fields, "interrupted", current->interrupted);
	results_json__environment(fields, current);
	fields__object_end(fields);
	return 0;
}

static void json_warnings(struct fields *fields, const struct bench_report *report)
{
	char text[512];

	fields__array_begin(fields, "warnings");
	for (size_t i = 0; i < report->warning_count; i++)
		fields__string(fields, NULL, report->warnings[i]);
	for (size_t i = 0; i < report->all.count; i++)
		for (size_t j = 0; j < report->all.results[i].warning_count; j++) {
			snprintf(text, sizeof(text), "%s: %s", report->all.results[i].name,
				 report->all.results[i].warnings[j]);
			fields__string(fields, NULL, text);
		}
	fields__array_end(fields);
}

static void json_measured(struct fields *fields, const struct bench_report *report)
{
	fields__u64(fields, "iterations", report->iterations);
	fields__bool(fields, "topped_up", report->topped_up);
	fields__u64(fields, "warmup_iterations", report->warmup);
	fields__bool(fields, "track_resources", report->track_resources);
	fields__string(fields, "output_dir", report->output_dir);
	fields__number(fields, "threshold", report->threshold, 6);
	json_warnings(fields, report);
	self_json__write(fields, &report->self);
	fields__object_begin(fields, "dropped");
	fields__u64(fields, "events_exit", report->lost_exits);
	fields__u64(fields, "calls", report->lost_calls);
	fields__object_end(fields);
}

static void json_unmeasured(struct fields *fields)
{
	static const char *const keys[] = {
		"iterations", "topped_up", "warmup_iterations", "track_resources", "output_dir", "threshold",
		"warnings", "self", "dropped",
	};

	fields__why(fields, "data", nothing);
	fields__nulls(fields, keys, sizeof(keys) / sizeof(keys[0]), nothing);
}

static void json_metadata(struct fields *fields, const void *result)
{
	if (result)
		json_measured(fields, result);
	else
		json_unmeasured(fields);
}

int bench_json__write(FILE *out, const struct bench_report *report,
		      const struct envelope *envelope)
{
	static const struct envelope_parts parts = {
		.operation = "run_benchmark_suite", .error_code = "BENCHMARK_ERROR",
		.data = json_data, .metadata = json_metadata,
	};
	bool measured = report && report->all.count;

	return envelope__write(out, envelope, &parts, measured ? report : NULL, measured, NULL);
}
