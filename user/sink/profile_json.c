// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "sink/profile_json.h"

#include <math.h>
#include <string.h>

#include "base/units.h"
#include "model/profile_run.h"
#include "model/reason.h"
#include "model/report.h"
#include "sink/fields.h"
#include "sink/self_json.h"


static const char not_counted[] = "calls are counted in --mode calls, of the functions that "
				  "--function names";
static const char not_sampled[] = "nothing is sampled in --mode calls: every call is counted";
static const char no_debug_information[] = "no debug information was found for it";
static const char not_known[] = "not known";

static double seconds(uint64_t ns)
{
	return (double)ns / NSEC_PER_SEC;
}

/* Decimals that keep nanoseconds. */
static void put_seconds(struct fields *fields, const char *key, uint64_t ns)
{
	fields__number(fields, key, seconds(ns), 9);
}

static void put_percent(struct fields *fields, const char *key, uint64_t part, uint64_t whole)
{
	if (whole)
		fields__number(fields, key, 100.0 * part / whole, 4);
	else
		fields__null(fields, key, "the time of all is 0");
}

static void put_text(struct fields *fields, const char *key, const char *text, const char *why)
{
	if (text && text[0])
		fields__string(fields, key, text);
	else
		fields__null(fields, key, why);
}

static void put_line(struct fields *fields, uint32_t line)
{
	if (line)
		fields__u64(fields, "line", line);
	else
		fields__null(fields, "line", no_debug_information);
}

/* ---- sampled functions -------------------------------------------------- */

static const char *language(int kind)
{
	static const char *const names[FRAME_KIND_NR] = {
		[FRAME_KERNEL] = "kernel", [FRAME_NATIVE] = "native", [FRAME_PYTHON] = "python",
		[FRAME_JIT] = "jit", [FRAME_UNKNOWN] = NULL,
	};

	return names[kind];
}

static void put_no_calls(struct fields *fields)
{
	static const char *const keys[] = { "calls", "primitive_calls", "per_call", "min_time",
					    "p50_time", "p95_time", "p99_time", "max_time" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		fields__null(fields, keys[i], not_counted);
}

static void put_function(struct fields *fields, const struct profile_run *run,
			 const struct profile_total *total)
{
	const struct profile_function *function = profile__function_at(run->profile,
								       total->function);
	uint64_t all = run->stats.total_ns;

	fields__object_begin(fields, NULL);
	fields__string(fields, "name", function->name);
	put_text(fields, "module", function->module, not_known);
	put_text(fields, "file", function->file, no_debug_information);
	put_line(fields, function->line);
	put_text(fields, "language", language(function->kind), not_known);
	put_seconds(fields, "self_time", total->self_ns);
	put_seconds(fields, "cumulative_time", total->cumulative_ns);
	put_percent(fields, "self_percent", total->self_ns, all);
	put_percent(fields, "cumulative_percent", total->cumulative_ns, all);
	put_no_calls(fields);
	fields__u64(fields, "self_samples", total->self_count);
	fields__u64(fields, "cumulative_samples", total->cumulative_count);
	fields__object_end(fields);
}

static void put_sampled(struct fields *fields, const struct profile_run *run)
{
	fields__array_begin(fields, "top_functions");
	for (size_t i = 0; i < run->stats.function_count && i < run->top; i++)
		put_function(fields, run, &run->stats.functions[i]);
	fields__array_end(fields);
}

/* ---- counted calls ------------------------------------------------------ */

static const char *call_language(enum call_kind kind)
{
	return kind == CALL_PYTHON ? "python" : "native";
}

static const char *base_name(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	return slash && slash[1] ? slash + 1 : path;
}

static const char no_return[] = "no call has returned yet";

static void put_quantile(struct fields *fields, const char *key, const struct call_row *row,
			 double share)
{
	double ns = call_row__quantile(row, share);

	if (isnan(ns))
		fields__null(fields, key, no_return);
	else
		fields__number(fields, key, ns / NSEC_PER_SEC, 9);
}

static void put_times(struct fields *fields, const struct call_row *row, uint64_t all)
{
	put_seconds(fields, "self_time", row->self_ns);
	put_seconds(fields, "cumulative_time", row->cumulative_ns);
	put_percent(fields, "self_percent", row->self_ns, all);
	put_percent(fields, "cumulative_percent", row->cumulative_ns, all);
	if (row->primitive_calls)
		fields__number(fields, "per_call",
			       seconds(row->cumulative_ns) / row->primitive_calls, 9);
	else
		fields__null(fields, "per_call", "no call of it began");
	put_seconds(fields, "min_time", row->min_ns);
	put_seconds(fields, "max_time", row->max_ns);
	put_quantile(fields, "p50_time", row, 0.5);
	put_quantile(fields, "p95_time", row, 0.95);
	put_quantile(fields, "p99_time", row, 0.99);
}

static void put_no_times(struct fields *fields, const struct call_row *row)
{
	static const char *const keys[] = {
		"self_time", "cumulative_time", "self_percent", "cumulative_percent", "per_call",
		"min_time", "max_time", "p50_time", "p95_time", "p99_time",
	};

	const char *why = row->why_untimed ? row->why_untimed : not_known;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		fields__null(fields, keys[i], row->timed ? no_return : why);
}

static void put_row(struct fields *fields, const struct call_row *row, uint64_t all)
{
	fields__object_begin(fields, NULL);
	fields__string(fields, "name", row->name);
	put_text(fields, "module", row->kind == CALL_PYTHON ? row->module : base_name(row->module),
		 not_known);
	put_text(fields, "file", row->file, "not looked up for counted calls of native functions");
	if (row->line)
		fields__u64(fields, "line", row->line);
	else
		fields__null(fields, "line", "not looked up for counted calls of native functions");
	fields__string(fields, "language", call_language(row->kind));
	fields__u64(fields, "calls", row->calls);
	fields__u64(fields, "primitive_calls", row->primitive_calls);
	if (row->timed && row->returned)
		put_times(fields, row, all);
	else
		put_no_times(fields, row);
	fields__null(fields, "self_samples", not_sampled);
	fields__null(fields, "cumulative_samples", not_sampled);
	fields__object_end(fields);
}

static void put_counted(struct fields *fields, const struct profile_run *run)
{
	struct calls_totals totals;

	profile_run__calls_totals(run, &totals);
	fields__array_begin(fields, "top_functions");
	for (size_t i = 0; i < run->calls.count && i < run->top; i++)
		put_row(fields, run->calls.rows[i], totals.self_ns);
	fields__array_end(fields);
}

/* ---- data --------------------------------------------------------------- */

static void put_totals(struct fields *fields, const struct profile_run *run)
{
	struct calls_totals totals;

	if (run->mode != MODE_CALLS) {
		put_seconds(fields, "total_time", run->stats.total_ns);
		fields__null(fields, "primitive_calls", not_counted);
		fields__null(fields, "total_calls", not_counted);
		fields__u64(fields, "samples", run->stats.total_count);
		return;
	}
	profile_run__calls_totals(run, &totals);
	if (totals.timed)
		put_seconds(fields, "total_time", totals.self_ns);
	else
		fields__null(fields, "total_time", "none of these functions is timed");
	fields__u64(fields, "primitive_calls", totals.primitive_calls);
	fields__u64(fields, "total_calls", totals.calls);
	fields__null(fields, "samples", not_sampled);
}

static void put_files(struct fields *fields, const struct profile_run *run)
{
	const char *pprof = NULL, *why = "the format pprof was not asked for";

	for (size_t i = 0; i < run->file_count; i++)
		if (!strcmp(run->files[i].format, "pprof"))
			pprof = run->files[i].path;
	if (!run->save)
		why = "nothing is saved with --no-save";
	else if (run->mode == MODE_CALLS)
		why = "counted calls have no stacks to save";
	else if (!run->file_count)
		why = "no file was written";
	put_text(fields, "profile_file", pprof, why);
	fields__array_begin(fields, "profile_files");
	for (size_t i = 0; i < run->file_count; i++)
		fields__string(fields, NULL, run->files[i].path);
	fields__array_end(fields);
}

static void put_tallies(struct fields *fields, const char *key,
			const struct profile_tally *tallies, size_t count)
{
	fields__object_begin(fields, key);
	for (size_t i = 0; i < count; i++)
		fields__u64(fields, tallies[i].name, tallies[i].count);
	fields__object_end(fields);
}

static void put_unwind(struct fields *fields, const struct profile_run *run)
{
	struct profile_quality quality;

	if (run->mode == MODE_CALLS) {
		fields__null(fields, "unwind", not_sampled);
		fields__null(fields, "unwind_reasons", not_sampled);
		fields__null(fields, "frames", not_sampled);
		return;
	}
	profile__quality(run->profile, &quality);
	fields__object_begin(fields, "unwind");
	fields__u64(fields, "complete", quality.by_end[STACK_COMPLETE]);
	fields__u64(fields, "truncated", quality.by_end[STACK_TRUNCATED]);
	fields__u64(fields, "failed", quality.by_end[STACK_FAILED]);
	fields__object_end(fields);
	put_tallies(fields, "unwind_reasons", quality.reasons, quality.reason_count);
	fields__object_begin(fields, "frames");
	fields__u64(fields, "distinct", quality.frames);
	fields__u64(fields, "without_name", quality.nameless_frames);
	fields__u64(fields, "without_lines_for_want_of_time", run->frames_without_lines);
	fields__object_end(fields);
}

/* Time off the CPU by what was waited for, as monitor's time_split tells it apart. */
static void put_off_cpu(struct fields *fields, const struct profile_run *run)
{
	const struct profile_stats *stats = &run->stats;

	if (run->mode != MODE_OFF_CPU && run->mode != MODE_WALL) {
		fields__null(fields, "off_cpu", "waits are measured in --mode off-cpu and wall");
		return;
	}
	fields__object_begin(fields, "off_cpu");
	fields__ms(fields, "total_ms", stats->ns[SAMPLE_OFF_CPU]);
	fields__u64(fields, "waits", stats->count[SAMPLE_OFF_CPU]);
	fields__ms(fields, "run_queue_ms", stats->reason_ns[PPBPF_REASON_RUN_QUEUE]);
	for (int i = 0; i < PPBPF_REASON_NR; i++)
		fields__ms(fields, reasons[i].json, stats->reason_ns[i]);
	fields__object_end(fields);
}

static int put_data(struct fields *fields, const void *result)
{
	const struct profile_run *run = result;

	fields__object_begin(fields, NULL);
	fields__string(fields, "function_name", run->report->target);
	put_totals(fields, run);
	if (run->mode == MODE_CALLS)
		put_counted(fields, run);
	else
		put_sampled(fields, run);
	put_files(fields, run);
	put_unwind(fields, run);
	put_off_cpu(fields, run);
	if (run->report->command_status >= 0)
		fields__i64(fields, "operation_result", run->report->command_status);
	else
		fields__null(fields, "operation_result", "no COMMAND, or it did not end");
	fields__object_end(fields);
	return 0;
}

/* ---- metadata ----------------------------------------------------------- */

static void put_dropped(struct fields *fields, const struct profile_run *run)
{
	struct profile_quality quality = { 0 };

	if (run->profile)
		profile__quality(run->profile, &quality);
	fields__object_begin(fields, "dropped");
	for (size_t i = 0; i < quality.lost_count; i++)
		fields__u64(fields, quality.lost[i].name, quality.lost[i].count);
	for (int i = 0; run->mode == MODE_CALLS && i < PPBPF_CALL_COUNTER_NR; i++)
		if (call_loss_name(i))
			fields__u64(fields, call_loss_name(i), run->calls.counters[i]);
	fields__object_end(fields);
}

static void put_measured(struct fields *fields, const struct profile_run *run)
{
	const struct report *report = run->report;

	fields__string(fields, "target", report->target);
	fields__string(fields, "profiler", run->profiler);
	fields__u64(fields, "top_n", run->top);
	fields__bool(fields, "saved", run->file_count);
	if (run->event)
		fields__u64(fields, "frequency_hz", run->frequency);
	else
		fields__null(fields, "frequency_hz", "nothing is sampled in this mode: each wait or "
			     "call is counted");
	put_text(fields, "event", run->event, "nothing is sampled in this mode");
	fields__string(fields, "mode", profile_mode_name(run->mode));
	fields__number(fields, "duration_seconds", run->seconds, 6);
	fields__bool(fields, "interrupted", report->interrupted);
	put_text(fields, "cost", run->cost, "what a call costs to time is measured in --mode calls");
	self_json__write(fields, &report->self);
	put_dropped(fields, run);
	fields__strings(fields, "warnings", report->warnings, report->warning_count);
}

static void put_unmeasured(struct fields *fields)
{
	static const char *const keys[] = {
		"target", "profiler", "top_n", "saved", "frequency_hz", "event", "mode",
		"duration_seconds", "interrupted", "cost", "self", "dropped", "warnings",
	};
	static const char why[] = "nothing was measured: see error";

	fields__why(fields, "data", why);
	fields__nulls(fields, keys, sizeof(keys) / sizeof(keys[0]), why);
}

static void put_metadata(struct fields *fields, const void *result)
{
	if (result)
		put_measured(fields, result);
	else
		put_unmeasured(fields);
}

int profile_json__write(FILE *out, const struct profile_run *run, const struct envelope *envelope)
{
	static const struct envelope_parts parts = {
		.operation = "profile_code_execution", .error_code = "PROFILE_ERROR",
		.data = put_data, .metadata = put_metadata,
	};
	bool measured = run && run->measured;

	return envelope__write(out, envelope, &parts, measured ? run : NULL, measured,
			       run ? run->report : NULL);
}
