// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "sink/results_json.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <time.h>

#include "base/json.h"
#include "sink/fields.h"

#define PATH_BYTES 128

struct writer {
	struct fields *fields;
	const struct bench_results *results;
};

static const char *why_null(const struct writer *w, const char *below, const char *key)
{
	char path[PATH_BYTES];
	const char *why;

	snprintf(path, sizeof(path), "%s%s", below, key);
	why = bench_results__why_missing(w->results, path);
	return why ? why : "it was not measured";
}

static void put_number(const struct writer *w, const char *below, const char *key, double value,
		       int decimals)
{
	if (isnan(value))
		fields__null(w->fields, key, why_null(w, below, key));
	else
		fields__number(w->fields, key, value, decimals);
}

static void put_count(const struct writer *w, const char *below, const char *key, uint64_t count)
{
	if (count == BENCH_UNKNOWN)
		fields__null(w->fields, key, why_null(w, below, key));
	else
		fields__u64(w->fields, key, count);
}

static void put_mb(const struct writer *w, const char *below, const char *key, double bytes)
{
	if (isnan(bytes))
		fields__null(w->fields, key, why_null(w, below, key));
	else
		fields__mb(w->fields, key, bytes);
}

static void put_text(const struct writer *w, const char *key, const char *text, const char *why)
{
	if (text)
		fields__string(w->fields, key, text);
	else
		fields__null(w->fields, key, why);
}

char *time_iso(char *out, double unix_seconds)
{
	time_t seconds = (time_t)floor(unix_seconds);
	unsigned int micros = (unsigned int)((unix_seconds - floor(unix_seconds)) * 1e6);
	char date[TIME_ISO_TEXT];
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out, TIME_ISO_TEXT, "%.19s.%06u+00:00", date, micros % 1000000);
	return out;
}

static void put_split(const struct writer *w, const struct bench_run *run)
{
	fields__object_begin(w->fields, "time_split");
	for (int i = 0; i < BENCH_BLOCKED; i++)
		put_number(w, "runs.time_split.", bench_time_key(i), run->ms[i], 6);
	fields__object_begin(w->fields, "blocked");
	for (int i = BENCH_BLOCKED; i < BENCH_TIME_NR; i++)
		put_number(w, "runs.time_split.blocked.", bench_time_key(i), run->ms[i], 6);
	fields__object_end(w->fields);
	fields__object_end(w->fields);
}

static void put_blames(const struct writer *w, const struct bench_run *run)
{
	if (!run->blames_known) {
		fields__null(w->fields, "interference", why_null(w, "runs.", "interference"));
		return;
	}
	fields__array_begin(w->fields, "interference");
	for (size_t i = 0; i < run->blame_count; i++) {
		fields__object_begin(w->fields, NULL);
		fields__comm(w->fields, "comm", run->blames[i].comm);
		if (run->blames[i].pid)
			fields__u64(w->fields, "pid", run->blames[i].pid);
		else
			fields__null(w->fields, "pid",
				     "too many processes: the rest is told by name");
		put_number(w, "runs.interference.", "cpu_ms", run->blames[i].cpu_ms, 6);
		fields__bool(w->fields, "followed", run->blames[i].followed);
		fields__object_end(w->fields);
	}
	fields__array_end(w->fields);
}

static void put_run(const struct writer *w, const struct bench_run *run)
{
	double peak = run->counts[BENCH_MEMORY_PEAK_BYTES] == BENCH_UNKNOWN ?
			      NAN : (double)run->counts[BENCH_MEMORY_PEAK_BYTES];

	fields__object_begin(w->fields, NULL);
	fields__u64(w->fields, "round", run->round);
	put_number(w, "runs.", "start", run->start, 6);
	put_split(w, run);
	put_mb(w, "runs.", "memory_peak_mb", peak);
	for (int i = 0; i < BENCH_COUNT_NR; i++)
		put_count(w, "runs.", bench_count_key(i), run->counts[i]);
	put_number(w, "runs.", "steal_ms", run->steal_ms, 6);
	put_blames(w, run);
	if (run->exit_status >= 0)
		fields__i64(w->fields, "exit_status", run->exit_status);
	else
		fields__null(w->fields, "exit_status", "ended by a signal, or not known");
	put_text(w, "outlier", run->outlier, "the run is none");
	fields__object_end(w->fields);
}

static void put_latency(const struct writer *w, const struct bench_latency *latency)
{
	fields__object_begin(w->fields, "latency");
	fields__u64(w->fields, "count", latency->count);
	put_count(w, "latency.", "lost", latency->lost);
	for (int i = 0; i < BENCH_LATENCY_NR; i++)
		put_number(w, "latency.", bench_latency_key(i), latency->values[i], 6);
	fields__object_end(w->fields);
}

static void put_objects(const struct writer *w, const struct bench_result *result)
{
	fields__array_begin(w->fields, "dependencies");
	for (size_t i = 0; i < result->object_count; i++) {
		const struct bench_object *object = &result->objects[i];

		fields__object_begin(w->fields, NULL);
		fields__string(w->fields, "path", object->path);
		put_text(w, "build_id", object->build_id, "the file has none");
		put_text(w, "package", object->package, "no package has the file");
		put_text(w, "version", object->version, "no package has the file");
		fields__object_end(w->fields);
	}
	fields__array_end(w->fields);
}

static void put_kept(const struct writer *w, const struct bench_result *result)
{
	fields__array_begin(w->fields, "kept");
	for (size_t i = 0; i < result->kept_count; i++) {
		fields__object_begin(w->fields, NULL);
		fields__string(w->fields, "role", kept_role_name(result->kept[i].role));
		fields__string(w->fields, "path", result->kept[i].path);
		fields__string(w->fields, "sha256", result->kept[i].sha256);
		fields__object_end(w->fields);
	}
	fields__array_end(w->fields);
}

static void put_metadata(const struct writer *w, const struct bench_result *result)
{
	fields__object_begin(w->fields, "metadata");
	put_text(w, "command", result->command, "there is none: it was attached to");
	put_text(w, "kind", result->kind, "not told");
	fields__object_begin(w->fields, "parameters");
	for (size_t i = 0; i < result->parameter_count; i++)
		fields__string(w->fields, result->parameters[i].name,
			       result->parameters[i].value);
	fields__object_end(w->fields);
	if (isnan(result->threshold))
		fields__null(w->fields, "threshold", "the benchmark has none of its own");
	else
		fields__number(w->fields, "threshold", result->threshold, 6);
	fields__u64(w->fields, "warmup_iterations", result->warmup);
	put_text(w, "throughput_unit", result->throughput_unit, "the benchmark names none");
	fields__bool(w->fields, "topped_up", result->topped_up);
	fields__bool(w->fields, "memory_grows", result->memory_grows);
	put_text(w, "failure", result->failure, "it did not fail");
	fields__array_begin(w->fields, "warnings");
	for (size_t i = 0; i < result->warning_count; i++)
		fields__string(w->fields, NULL, result->warnings[i]);
	fields__array_end(w->fields);
	put_objects(w, result);
	put_kept(w, result);
	fields__object_end(w->fields);
}

static void put_result(const struct writer *w, const struct bench_result *result)
{
	const struct bench_results *all = w->results;

	fields__object_begin(w->fields, NULL);
	fields__string(w->fields, "benchmark_name", result->name);
	fields__string(w->fields, "release_version",
		       result->release ? result->release : all->release);
	put_number(w, "", "timestamp",
		   isnan(result->timestamp) ? all->timestamp : result->timestamp, 6);
	put_number(w, "", "duration_ms", result->duration_ms, 6);
	fields__u64(w->fields, "iterations", result->iterations);
	put_number(w, "", "avg_time_ms", result->avg_ms, 6);
	put_number(w, "", "min_time_ms", result->min_ms, 6);
	put_number(w, "", "max_time_ms", result->max_ms, 6);
	put_number(w, "", "std_dev_ms", result->std_dev_ms, 6);
	put_number(w, "", "throughput_ops_sec", result->throughput, 6);
	put_mb(w, "", "memory_peak_mb", result->memory_peak_bytes);
	put_number(w, "", "cpu_avg_percent", result->cpu_avg_percent, 3);
	put_metadata(w, result);
	put_number(w, "", "median_time_ms", result->median_ms, 6);
	put_number(w, "", "memory_peak_bytes", result->memory_peak_bytes, 0);
	if (result->latency)
		put_latency(w, result->latency);
	else
		fields__null(w->fields, "latency", "no calls were timed");
	fields__array_begin(w->fields, "runs");
	for (size_t i = 0; i < result->run_count; i++)
		put_run(w, &result->runs[i]);
	fields__array_end(w->fields);
	fields__object_end(w->fields);
}

void results_json__results(struct fields *fields, const struct bench_results *results)
{
	const struct writer w = { fields, results };

	fields__array_begin(fields, "results");
	for (size_t i = 0; i < results->count; i++)
		put_result(&w, &results->results[i]);
	fields__array_end(fields);
}

/* -1: not known */
static void put_setting(const struct writer *w, const char *key, int value)
{
	if (value < 0)
		fields__null(w->fields, key, "this machine does not tell it");
	else
		fields__i64(w->fields, key, value);
}

static void put_known(const struct writer *w, const char *key, const char *text)
{
	if (text)
		fields__string(w->fields, key, text);
	else
		fields__null(w->fields, key, "this machine does not tell it");
}

static void put_numbers(const struct writer *w, const struct bench_environment *environment)
{
	const struct { const char *key; double value; } values[] = {
		{ "steal_percent", environment->steal_percent },
		{ "pressure_cpu_percent", environment->pressure_cpu },
		{ "pressure_memory_percent", environment->pressure_memory },
		{ "pressure_io_percent", environment->pressure_io },
	};

	if (isnan(environment->load[0])) {
		fields__null(w->fields, "load_average", "it was not recorded");
	} else {
		fields__array_begin(w->fields, "load_average");
		for (int i = 0; i < 3; i++)
			fields__number(w->fields, NULL, environment->load[i], 2);
		fields__array_end(w->fields);
	}
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		if (isnan(values[i].value))
			fields__null(w->fields, values[i].key, "this kernel does not tell it");
		else
			fields__number(w->fields, values[i].key, values[i].value, 3);
}

void results_json__environment(struct fields *fields, const struct bench_results *results)
{
	const struct bench_environment *environment = &results->environment;
	const struct writer w = { fields, results };

	if (!results->environment_known) {
		fields__null(fields, "environment", "it was not recorded");
		return;
	}
	fields__object_begin(fields, "environment");
	put_known(&w, "host", environment->host);
	put_known(&w, "kernel", environment->kernel);
	put_known(&w, "architecture", environment->architecture);
	put_known(&w, "cpu_model", environment->cpu_model);
	fields__u64(fields, "cpu_count", environment->cpus);
	fields__u64(fields, "memory_bytes", environment->memory_bytes);
	put_known(&w, "governor", environment->governor);
	put_known(&w, "virtualization", environment->virtualization);
	put_setting(&w, "turbo", environment->turbo);
	put_setting(&w, "smt", environment->smt);
	put_setting(&w, "aslr", environment->aslr);
	put_numbers(&w, environment);
	fields__object_end(fields);
}

static void put_file(struct fields *fields, const struct bench_results *results)
{
	const struct writer w = { fields, results };
	char iso[TIME_ISO_TEXT];

	fields__object_begin(fields, NULL);
	fields__string(fields, "schema", "ppbpf/1");
	fields__string(fields, "release_version", results->release);
	put_number(&w, "", "timestamp", results->timestamp, 6);
	if (isnan(results->timestamp))
		fields__null(fields, "timestamp_iso", "it was not recorded");
	else
		fields__string(fields, "timestamp_iso", time_iso(iso, results->timestamp));
	fields__u64(fields, "total_benchmarks", results->count);
	put_text(&w, "session", results->session, "not told");
	fields__bool(fields, "interrupted", results->interrupted);
	fields__string(fields, "ppbpf_version", PPBPF_VERSION);
	results_json__environment(fields, results);
	results_json__results(fields, results);
}

int results_json__write(FILE *out, const struct bench_results *results)
{
	struct json *json = json__new(out, JSON_COMPACT);
	struct fields *fields = json ? fields__new(json, NULL) : NULL;
	int err = -ENOMEM, written;

	if (fields) {
		put_file(fields, results);
		err = fields__unavailable(fields, "unavailable");
		fields__object_end(fields);
		written = json__finish(json);
		if (written)
			err = written;
	}
	fields__free(fields);
	json__free(json);
	return err;
}
