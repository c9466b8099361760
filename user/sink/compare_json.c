// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "sink/compare_json.h"

#include <math.h>
#include <stdlib.h>

#include "sink/envelope.h"
#include "sink/fields.h"
#include "sink/self_json.h"

static void put_number(struct fields *fields, const char *key, double value, int decimals,
		       const char *why)
{
	if (isfinite(value))
		fields__number(fields, key, value, decimals);
	else
		fields__null(fields, key, why);
}

static void put_mb(struct fields *fields, const char *key, double bytes)
{
	if (isnan(bytes))
		fields__null(fields, key, "the results do not hold it");
	else
		fields__mb(fields, key, bytes);
}

static const char *why_no_interval(const struct comparison *c)
{
	return c->method == METHOD_AVERAGES ? "a file without runs: averages alone" :
					      "the baseline's is 0";
}

static const char *const not_held = "the results do not hold it";

static void put_averages(struct fields *fields, const struct comparison *c)
{
	const struct bench_result *now = c->current, *before = c->baseline;

	put_number(fields, "current_avg_ms", now->avg_ms, 6, "the benchmark failed");
	put_number(fields, "baseline_avg_ms", before->avg_ms, 6, "the benchmark failed");
	put_number(fields, "change_ms", c->change_ms, 6, "the benchmark failed");
	put_number(fields, "change_percent", c->change_percent, 6,
		   "the baseline's average is 0 or not known");
	put_number(fields, "current_throughput", now->throughput, 6, not_held);
	put_number(fields, "baseline_throughput", before->throughput, 6, not_held);
	put_number(fields, "throughput_change_percent", c->throughput_change_percent, 6, not_held);
	put_mb(fields, "current_memory_mb", now->memory_peak_bytes);
	put_mb(fields, "baseline_memory_mb", before->memory_peak_bytes);
}

static void put_interval(struct fields *fields, const struct comparison *c)
{
	const char *why = why_no_interval(c);

	put_number(fields, "shift_percent", c->shift_percent, 4, why);
	if (isfinite(c->low_percent) && isfinite(c->high_percent)) {
		fields__array_begin(fields, "interval_percent");
		fields__number(fields, NULL, c->low_percent, 4);
		fields__number(fields, NULL, c->high_percent, 4);
		fields__array_end(fields);
	} else {
		fields__null(fields, "interval_percent", why);
	}
	if (isnan(c->p))
		fields__null(fields, "p_value", why);
	else
		fields__double(fields, "p_value", c->p);
	if (c->component < COMPONENT_NR)
		fields__string(fields, "component", component_name(c->component));
	else
		fields__null(fields, "component", "no component has changed");
	fields__string(fields, "reason", c->reason);
	fields__number(fields, "threshold", c->threshold, 6);
	put_number(fields, "smallest_change_percent", c->smallest_percent, 4, why);
	fields__number(fields, "significance_level", c->level, 6);
	if (c->decider < COMPONENT_NR)
		fields__string(fields, "decided_by", component_name(c->decider));
	else
		fields__null(fields, "decided_by", "nothing could be compared");
}

/* What was known of both, in ms but for memory, in bytes. */
static void put_components(struct fields *fields, const struct comparison *c)
{
	fields__array_begin(fields, "components");
	for (int i = 0; i < COMPONENT_NR; i++) {
		const struct component_change *change = &c->changes[i];

		if (!change->known)
			continue;
		fields__object_begin(fields, NULL);
		fields__string(fields, "component", component_name(i));
		fields__string(fields, "unit", i == COMPONENT_MEMORY ? "bytes" : "ms");
		fields__number(fields, "baseline", change->baseline, 6);
		fields__number(fields, "current", change->current, 6);
		fields__number(fields, "shift", change->shift.shift, 6);
		fields__number(fields, "low", change->shift.low, 6);
		fields__number(fields, "high", change->shift.high, 6);
		put_number(fields, "percent", change->percent, 4, "the baseline's is 0");
		fields__double(fields, "p_value", change->shift.p);
		fields__bool(fields, "counts", change->counts);
		fields__bool(fields, "grew", change->grew);
		fields__bool(fields, "shrank", change->shrank);
		fields__bool(fields, "named", change->named);
		fields__object_end(fields);
	}
	fields__array_end(fields);
}

static void put_interference(struct fields *fields, const struct comparison *c)
{
	const struct interference *others = &c->interference;

	if (!others->known) {
		fields__null(fields, "interference", "nobody waited for a CPU, or nobody watched");
		return;
	}
	fields__object_begin(fields, "interference");
	fields__number(fields, "shift_ms", others->shift.shift, 6);
	fields__bool(fields, "grew", others->grew);
	fields__u64(fields, "runs", others->runs);
	if (others->comm[0])
		fields__string(fields, "comm", others->comm);
	else
		fields__null(fields, "comm", "nobody else was seen running");
	if (others->pid)
		fields__u64(fields, "pid", others->pid);
	else
		fields__null(fields, "pid", "nobody else was seen running");
	fields__object_end(fields);
}

static void put_runs(struct fields *fields, const char *key, const struct bench_result *result,
		     enum bench_time time)
{
	fields__array_begin(fields, key);
	for (size_t i = 0; i < result->run_count; i++)
		put_number(fields, NULL, result->runs[i].ms[time], 6, not_held);
	fields__array_end(fields);
}

/* Runs that lie apart: which of those in the lists beside it, from 0 on, and why. */
static void put_outliers(struct fields *fields, const struct bench_result *result)
{
	fields__array_begin(fields, "outliers");
	for (size_t i = 0; i < result->run_count; i++) {
		if (!result->runs[i].outlier)
			continue;
		fields__object_begin(fields, NULL);
		fields__u64(fields, "index", i);
		fields__string(fields, "cause", result->runs[i].outlier);
		fields__object_end(fields);
	}
	fields__array_end(fields);
}

static void put_split(struct fields *fields, const struct bench_result *result)
{
	fields__object_begin(fields, "time_split");
	for (int i = 0; i < BENCH_BLOCKED; i++)
		put_number(fields, bench_time_key(i), bench_result__mean_time(result, i), 6,
			   not_held);
	fields__object_begin(fields, "blocked");
	for (int i = BENCH_BLOCKED; i < BENCH_TIME_NR; i++)
		put_number(fields, bench_time_key(i), bench_result__mean_time(result, i), 6,
			   not_held);
	fields__object_end(fields);
	fields__object_end(fields);
}

/* What one side measured, means of its runs: enough for a report. */
static void put_side(struct fields *fields, const char *key, const struct bench_result *result,
		     enum component shown)
{
	fields__object_begin(fields, key);
	fields__u64(fields, "iterations", result->iterations);
	put_number(fields, "median_ms", result->median_ms, 6, not_held);
	put_number(fields, "min_ms", result->min_ms, 6, not_held);
	put_number(fields, "max_ms", result->max_ms, 6, not_held);
	put_number(fields, "std_dev_ms", result->std_dev_ms, 6, not_held);
	put_number(fields, "cpu_avg_percent", result->cpu_avg_percent, 3, not_held);
	fields__object_begin(fields, "runs");
	put_runs(fields, "wall_ms", result, BENCH_WALL);
	put_runs(fields, "on_cpu_ms", result, BENCH_ON_CPU);
	fields__array_begin(fields, "shown");
	for (size_t i = 0; i < result->run_count; i++)
		put_number(fields, NULL, bench_run__shown(&result->runs[i], shown), 6, not_held);
	fields__array_end(fields);
	put_outliers(fields, result);
	fields__object_end(fields);
	put_split(fields, result);
	fields__object_begin(fields, "resources");
	for (int i = 0; i < BENCH_COUNT_NR; i++)
		put_number(fields, bench_count_key(i), bench_result__mean_count(result, i), 3,
			   not_held);
	fields__object_end(fields);
	fields__object_end(fields);
}

static void put_comparison(struct fields *fields, const struct comparison *c)
{
	fields__object_begin(fields, NULL);
	fields__string(fields, "benchmark_name", c->current->name);
	put_averages(fields, c);
	fields__bool(fields, "is_regression", c->verdict == VERDICT_REGRESSION);
	fields__bool(fields, "is_improvement", c->verdict == VERDICT_IMPROVEMENT);
	fields__string(fields, "method", compare_method_name(c->method));
	fields__string(fields, "verdict", verdict_name(c->verdict));
	put_interval(fields, c);
	fields__object_begin(fields, "parameters");
	for (size_t i = 0; i < c->current->parameter_count; i++)
		fields__string(fields, c->current->parameters[i].name,
			       c->current->parameters[i].value);
	fields__object_end(fields);
	put_components(fields, c);
	put_interference(fields, c);
	fields__string(fields, "shown", component_name(comparison__shown(c)));
	put_side(fields, "current", c->current, comparison__shown(c));
	put_side(fields, "baseline", c->baseline, comparison__shown(c));
	fields__object_end(fields);
}

static void put_changed(struct fields *fields, const char *key,
			const struct compare_report *report, enum verdict verdict)
{
	fields__array_begin(fields, key);
	for (size_t i = 0; i < report->count; i++) {
		const struct comparison *c = &report->comparisons[i];

		if (c->verdict != verdict)
			continue;
		fields__object_begin(fields, NULL);
		fields__string(fields, "benchmark", c->title);
		put_number(fields, "change_percent", c->change_percent, 6,
			   "the baseline's average is 0 or not known");
		put_number(fields, "change_ms", c->change_ms, 6, "the benchmark failed");
		fields__object_end(fields);
	}
	fields__array_end(fields);
}

static void put_titles(struct fields *fields, const char *key,
		       const struct compare_report *report, enum verdict verdict)
{
	fields__array_begin(fields, key);
	for (size_t i = 0; i < report->count; i++)
		if (report->comparisons[i].verdict == verdict)
			fields__string(fields, NULL, report->comparisons[i].title);
	fields__array_end(fields);
}

static void put_alone(struct fields *fields, const char *key,
		      const struct bench_result *const *results, size_t count)
{
	char *title;

	fields__array_begin(fields, key);
	for (size_t i = 0; i < count; i++) {
		title = bench_result__title(results[i]);
		fields__string(fields, NULL, title ? title : results[i]->name);
		free(title);
	}
	fields__array_end(fields);
}

void compare_json__data(struct fields *fields, const char *key,
			const struct compare_report *report)
{
	fields__object_begin(fields, key);
	fields__string(fields, "current_version", report->current->release);
	fields__string(fields, "baseline_version", report->baseline->release);
	fields__number(fields, "timestamp", report->timestamp, 6);
	fields__u64(fields, "total_benchmarks", report->count);
	fields__array_begin(fields, "comparison_details");
	for (size_t i = 0; i < report->count; i++)
		put_comparison(fields, &report->comparisons[i]);
	fields__array_end(fields);
	fields__object_begin(fields, "regression_analysis");
	fields__bool(fields, "has_regression", report->by_verdict[VERDICT_REGRESSION] > 0);
	put_changed(fields, "regressed_benchmarks", report, VERDICT_REGRESSION);
	put_changed(fields, "improved_benchmarks", report, VERDICT_IMPROVEMENT);
	put_titles(fields, "unchanged_benchmarks", report, VERDICT_UNCHANGED);
	put_titles(fields, "inconclusive_benchmarks", report, VERDICT_INCONCLUSIVE);
	put_alone(fields, "missing_benchmarks", report->missing, report->missing_count);
	put_alone(fields, "new_benchmarks", report->added, report->added_count);
	put_number(fields, "overall_change_percent", report->overall_change_percent, 6,
		   "nothing could be compared");
	fields__object_end(fields);
	fields__object_end(fields);
}

static void put_compared(struct fields *fields, const struct compare_report *report)
{
	fields__string(fields, "baseline_version", report->baseline->release);
	fields__number(fields, "regression_threshold", report->threshold, 6);
	fields__bool(fields, "has_regressions", report->by_verdict[VERDICT_REGRESSION] > 0);
	fields__u64(fields, "regression_count", report->by_verdict[VERDICT_REGRESSION]);
	fields__string(fields, "method", compare_method_name(report->method));
	if (report->current->path)
		fields__string(fields, "current_file", report->current->path);
	else
		fields__null(fields, "current_file", "it was not read from a file");
	if (report->baseline->path)
		fields__string(fields, "baseline_file", report->baseline->path);
	else
		fields__null(fields, "baseline_file", "it was not read from a file");
	fields__strings(fields, "warnings", report->warnings, report->warning_count);
}

static void put_nothing_compared(struct fields *fields)
{
	static const char *const keys[] = {
		"baseline_version", "regression_threshold", "has_regressions",
		"regression_count", "method", "current_file", "baseline_file", "warnings",
	};

	fields__why(fields, "data", "nothing was compared: see error");
	fields__nulls(fields, keys, sizeof(keys) / sizeof(keys[0]),
		      "nothing was compared: see error");
}

/* @report is NULL when nothing was compared. */
struct compared {
	const struct compare_report *report;
	const struct report_self *self;
};

static int put_data(struct fields *fields, const void *result)
{
	compare_json__data(fields, NULL, ((const struct compared *)result)->report);
	return 0;
}

static void put_metadata(struct fields *fields, const void *result)
{
	const struct compared *compared = result;

	if (compared->report)
		put_compared(fields, compared->report);
	else
		put_nothing_compared(fields);
	self_json__alone(fields, compared->self);
}

int compare_json__write(FILE *out, const struct compare_report *report,
			const struct report_self *self, const struct envelope *envelope)
{
	static const struct envelope_parts parts = {
		.operation = "compare_with_baseline", .error_code = "COMPARISON_ERROR",
		.data = put_data, .metadata = put_metadata,
	};
	const struct compared compared = { .report = report, .self = self };

	return envelope__write(out, envelope, &parts, &compared, report, NULL);
}
