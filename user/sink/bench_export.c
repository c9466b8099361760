// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "sink/bench_export.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "base/units.h"
#include "model/bench_report.h"

static double mean_of(const struct bench_result *result, enum bench_time part)
{
	double sum = 0;

	for (size_t i = 0; i < result->run_count; i++)
		sum += result->runs[i].ms[part];
	return result->run_count ? sum / result->run_count : NAN;
}

/* What tells results apart: the version's name when versions of one benchmark are compared. */
static const char *label_of(const struct bench_report *report, const struct bench_result *result)
{
	return report->version_count > 1 && report->versions[0]->count == 1 ? result->release :
									      result->name;
}

static void json_runs(struct json *json, const struct bench_result *result)
{
	json__key(json, "times");
	json__array_begin(json);
	for (size_t i = 0; i < result->run_count; i++)
		json__rounded(json, result->runs[i].ms[BENCH_WALL] / 1e3, 9);
	json__array_end(json);
	json__key(json, "memory_usage_byte");
	json__array_begin(json);
	for (size_t i = 0; i < result->run_count; i++)
		if (result->runs[i].counts[BENCH_MEMORY_PEAK_BYTES] != BENCH_UNKNOWN)
			json__u64(json, result->runs[i].counts[BENCH_MEMORY_PEAK_BYTES]);
		else
			json__null(json);
	json__array_end(json);
	json__key(json, "exit_codes");
	json__array_begin(json);
	for (size_t i = 0; i < result->run_count; i++)
		if (result->runs[i].exit_status >= 0)
			json__i64(json, result->runs[i].exit_status);
		else
			json__null(json);
	json__array_end(json);
}

static void json_result(struct json *json, const struct bench_report *report,
			const struct bench_result *result)
{
	const struct { const char *key; double ms; } numbers[] = {
		{ "mean", result->avg_ms }, { "stddev", result->std_dev_ms },
		{ "median", result->median_ms },
		{ "user", mean_of(result, BENCH_ON_CPU_USER) },
		{ "system", mean_of(result, BENCH_ON_CPU_KERNEL) },
		{ "min", result->min_ms }, { "max", result->max_ms },
	};

	json__object_begin(json);
	json__key(json, "command");
	json__string(json, label_of(report, result));
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		json__key(json, numbers[i].key);
		json__rounded(json, numbers[i].ms / 1e3, 9);
	}
	json_runs(json, result);
	if (result->parameter_count) {
		json__key(json, "parameters");
		json__object_begin(json);
		for (size_t i = 0; i < result->parameter_count; i++) {
			json__key(json, result->parameters[i].name);
			json__string(json, result->parameters[i].value);
		}
		json__object_end(json);
	}
	json__object_end(json);
}

int bench_export_json(FILE *out, const struct bench_report *report)
{
	struct json *json = json__new(out, JSON_PRETTY);
	int err;

	if (!json)
		return -ENOMEM;
	json__object_begin(json);
	json__key(json, "results");
	json__array_begin(json);
	for (size_t i = 0; i < report->all.count; i++)
		if (!report->all.results[i].failure)
			json_result(json, report, &report->all.results[i]);
	json__array_end(json);
	json__object_end(json);
	err = json__finish(json);
	json__free(json);
	return err;
}

/* As RFC 4180 quotes. */
static void csv_text(FILE *out, const char *text)
{
	if (!strpbrk(text, ",\"\r\n")) {
		fputs(text, out);
		return;
	}
	putc('"', out);
	for (; *text; text++) {
		if (*text == '"')
			putc('"', out);
		putc(*text, out);
	}
	putc('"', out);
}

/* Not known: empty. */
static void csv_number(FILE *out, double value, int decimals)
{
	putc(',', out);
	if (!isnan(value))
		fprintf(out, "%.*f", decimals, value);
}

static void csv_result(FILE *out, const struct bench_report *report,
		       const struct bench_result *result)
{
	static const enum bench_time parts[] = { BENCH_ON_CPU, BENCH_RUN_QUEUE, BENCH_THROTTLED,
						 BENCH_STOLEN };
	const double seconds[] = {
		result->avg_ms, result->std_dev_ms, result->median_ms,
		mean_of(result, BENCH_ON_CPU_USER), mean_of(result, BENCH_ON_CPU_KERNEL),
		result->min_ms, result->max_ms,
	};

	csv_text(out, label_of(report, result));
	for (size_t i = 0; i < sizeof(seconds) / sizeof(seconds[0]); i++)
		csv_number(out, seconds[i] / 1e3, 9);
	fputs(",", out);
	csv_text(out, result->release);
	fprintf(out, ",%llu", (unsigned long long)result->iterations);
	csv_number(out, result->throughput, 6);
	csv_number(out, result->memory_peak_bytes, 0);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		csv_number(out, mean_of(result, parts[i]) / 1e3, 9);
	for (int i = 0; i < PPBPF_REASON_NR; i++)
		csv_number(out, mean_of(result, BENCH_BLOCKED + i) / 1e3, 9);
	fputs("\n", out);
}

int bench_export_csv(FILE *out, const struct bench_report *report)
{
	fputs("command,mean,stddev,median,user,system,min,max,release,iterations,"
	      "throughput_ops_sec,memory_peak_bytes,on_cpu,run_queue,throttled,stolen", out);
	for (int i = 0; i < PPBPF_REASON_NR; i++) {
		const char *key = bench_time_key(BENCH_BLOCKED + i);

		fprintf(out, ",blocked_%.*s", (int)(strlen(key) - strlen("_ms")), key);
	}
	fputs("\n", out);
	for (size_t i = 0; i < report->all.count; i++)
		if (!report->all.results[i].failure)
			csv_result(out, report, &report->all.results[i]);
	return ferror(out) ? -EIO : 0;
}

/* Within a table a bar and a line's end would be the table's own. */
static void markdown_text(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '|' || *text == '`' || *text == '\\')
			putc('\\', out);
		putc((unsigned char)*text < ' ' ? ' ' : *text, out);
	}
}

static void markdown_result(FILE *out, const struct bench_report *report,
			    const struct bench_result *result)
{
	const double ms[] = { result->median_ms, result->min_ms, result->max_ms,
			      mean_of(result, BENCH_ON_CPU) };
	char mean[UNITS_TEXT], deviation[UNITS_TEXT], text[UNITS_TEXT];

	fputs("| ", out);
	markdown_text(out, label_of(report, result));
	if (result->failure) {
		fputs(" | failed: ", out);
		markdown_text(out, result->failure);
		fputs(" | | | | | |\n", out);
		return;
	}
	fprintf(out, " | %s ± %s", format_duration(mean, result->avg_ms * 1e6),
		format_duration(deviation, result->std_dev_ms * 1e6));
	for (size_t i = 0; i < sizeof(ms) / sizeof(ms[0]); i++)
		fprintf(out, " | %s", format_duration(text, ms[i] * 1e6));
	fprintf(out, " | %s |\n", format_bytes(text, result->memory_peak_bytes));
}

int bench_export_markdown(FILE *out, const struct bench_report *report)
{
	fputs("| Benchmark | Mean ± sd | Median | Min | Max | On CPU | Peak memory |\n"
	      "|:---|---:|---:|---:|---:|---:|---:|\n", out);
	for (size_t i = 0; i < report->all.count; i++)
		markdown_result(out, report, &report->all.results[i]);
	return ferror(out) ? -EIO : 0;
}
