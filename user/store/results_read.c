// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/*
 * A results file is parsed a benchmark at a time: a tree of the whole would be many
 * times as large as the file.
 */
#include <cjson/cJSON.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "store/results.h"
#include "store/json_parts.h"

#define FILE_MAX (4UL << 30)
#define SCHEMA "ppbpf/"
#define SCHEMA_VERSION 1
/* beyond it a double is no longer exact, and a count no longer itself */
#define COUNT_MAX 9007199254740992.0

struct reading {
	const char *file;
	const char *benchmark;	/* NULL outside of one */
	size_t index;		/* of the benchmark in the file */
	size_t run;		/* 1 and up inside of one */
	struct err *e;
};

/* "FILE: results[3] (parse), run 7: avg_time_ms is no number" */
static int refuse(const struct reading *r, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static int refuse(const struct reading *r, const char *format, ...)
{
	struct buf what = BUF_INIT;
	va_list args;
	int err;

	buf__printf(&what, "%s: ", r->file);
	if (r->index)
		buf__printf(&what, "results[%zu]", r->index - 1);
	if (r->benchmark)
		buf__printf(&what, " (%.80s)", r->benchmark);
	if (r->run)
		buf__printf(&what, " runs[%zu]", r->run - 1);
	if (r->index)
		buf__puts(&what, ": ");
	va_start(args, format);
	buf__vprintf(&what, format, args);
	va_end(args);
	err = err__set(r->e, ERR_IO, -EINVAL, "%s", buf__str(&what));
	buf__free(&what);
	return err;
}

static const cJSON *get(const cJSON *object, const char *key)
{
	return cJSON_GetObjectItemCaseSensitive(object, key);
}

/* An object whose keys are asked for in about the order that they stand in. */
struct in_order {
	const cJSON *object;
	const cJSON *next;
};

static const cJSON *get_next(struct in_order *from, const char *key)
{
	const cJSON *begin = from->next ? from->next : from->object ? from->object->child : NULL;
	const cJSON *item = begin;

	/* round once, from where the last one was */
	while (item && (!item->string || *item->string != *key || strcmp(item->string, key))) {
		item = item->next ? item->next : from->object->child;
		if (item == begin)
			return NULL;
	}
	if (item)
		from->next = item->next;
	return item;
}

static bool is_absent(const cJSON *item)
{
	return !item || cJSON_IsNull(item);
}

/* A number from 0 on; what is absent or null stays as it is. */
static int read_number(const struct reading *r, const cJSON *item, const char *key, double *value)
{
	if (is_absent(item))
		return 0;
	if (!cJSON_IsNumber(item))
		return refuse(r, "%s is no number", key);
	if (!isfinite(item->valuedouble))
		return refuse(r, "%s is no finite number", key);
	if (item->valuedouble < 0)
		return refuse(r, "%s is negative", key);
	*value = item->valuedouble;
	return 0;
}

static int read_count(const struct reading *r, const cJSON *item, const char *key,
		      uint64_t *count)
{
	double value = NAN;
	int err = read_number(r, item, key, &value);

	if (err || isnan(value))
		return err;
	if (value > COUNT_MAX)
		return refuse(r, "%s is larger than 2^53", key);
	*count = (uint64_t)value;
	return 0;
}

static int read_text(const struct reading *r, const cJSON *item, const char *key, char **text)
{
	if (is_absent(item))
		return 0;
	if (!cJSON_IsString(item))
		return refuse(r, "%s is no string", key);
	*text = strdup(item->valuestring);
	return *text ? 0 : err__set(r->e, ERR_INTERNAL, -ENOMEM, "out of memory");
}

static int read_setting(const struct reading *r, const cJSON *item, const char *key, int *value)
{
	double number = NAN;
	int err = read_number(r, item, key, &number);

	if (!err && !isnan(number))
		*value = number < 16 ? (int)number : 16;
	return err;
}

/* Whether an object or array of that name is there: 1, 0, or negative for another thing. */
static int check_part(const struct reading *r, const cJSON *item, const char *key, bool array)
{
	if (is_absent(item))
		return 0;
	if (array ? cJSON_IsArray(item) : cJSON_IsObject(item))
		return 1;
	return refuse(r, "%s is no %s", key, array ? "array" : "object");
}

static int part(const struct reading *r, const cJSON *object, const char *key, bool array,
		const cJSON **out)
{
	*out = get(object, key);
	return check_part(r, *out, key, array);
}

static int read_split(const struct reading *r, const cJSON *json, struct bench_run *run)
{
	struct in_order split = { .object = json }, blocked = { 0 };
	int err = check_part(r, json, "time_split", false);

	if (err <= 0)
		return err;
	err = part(r, json, "blocked", false, &blocked.object);
	for (int i = 0; err >= 0 && i < BENCH_TIME_NR; i++)
		err = read_number(r, get_next(i < BENCH_BLOCKED ? &split : &blocked,
					      bench_time_key(i)),
				  bench_time_key(i), &run->ms[i]);
	return err < 0 ? err : 0;
}

static int read_blame(const struct reading *r, const cJSON *item, struct bench_blame *blame)
{
	const cJSON *comm = get(item, "comm");
	uint64_t pid = 0;
	int err;

	if (!cJSON_IsString(comm))
		return refuse(r, "interference has an entry without a comm");
	snprintf(blame->comm, sizeof(blame->comm), "%s", comm->valuestring);
	blame->cpu_ms = NAN;
	err = read_number(r, get(item, "cpu_ms"), "cpu_ms", &blame->cpu_ms);
	if (!err)
		err = read_count(r, get(item, "pid"), "pid", &pid);
	blame->pid = pid <= INT32_MAX ? (uint32_t)pid : 0;
	blame->followed = cJSON_IsTrue(get(item, "followed"));
	return err;
}

static int read_blames(const struct reading *r, const cJSON *list, struct bench_run *run)
{
	const cJSON *item;
	int err = check_part(r, list, "interference", true), count;

	if (err <= 0)
		return err;
	run->blames_known = true;
	count = cJSON_GetArraySize(list);
	if (!count)
		return 0;
	run->blames = calloc(count, sizeof(*run->blames));
	if (!run->blames)
		return err__set(r->e, ERR_INTERNAL, -ENOMEM, "out of memory");
	err = 0;
	cJSON_ArrayForEach(item, list)
		if (!err)
			err = read_blame(r, item, &run->blames[run->blame_count++]);
	return err;
}

static int read_run(const struct reading *r, const cJSON *json, struct bench_run *run)
{
	struct in_order from = { .object = json };
	uint64_t round = 0;
	int err;

	if (!cJSON_IsObject(json))
		return refuse(r, "it is no object");
	err = read_count(r, get_next(&from, "round"), "round", &round);
	run->round = round <= UINT32_MAX ? (uint32_t)round : 0;
	if (!err)
		err = read_number(r, get_next(&from, "start"), "start", &run->start);
	if (!err)
		err = read_split(r, get_next(&from, "time_split"), run);
	for (int i = 0; !err && i < BENCH_COUNT_NR; i++)
		err = read_count(r, get_next(&from, bench_count_key(i)), bench_count_key(i),
				 &run->counts[i]);
	if (!err)
		err = read_number(r, get_next(&from, "steal_ms"), "steal_ms", &run->steal_ms);
	if (!err)
		err = read_blames(r, get_next(&from, "interference"), run);
	if (!err)
		err = read_setting(r, get_next(&from, "exit_status"), "exit_status",
				   &run->exit_status);
	return err ? err : read_text(r, get_next(&from, "outlier"), "outlier", &run->outlier);
}

static int read_runs(struct reading *r, const cJSON *json, struct bench_result *result)
{
	const cJSON *list, *item;
	struct bench_run run;
	int err = part(r, json, "runs", true, &list);

	if (err <= 0)
		return err;
	err = 0;
	cJSON_ArrayForEach(item, list) {
		r->run++;
		bench_run__init(&run);
		/* owned by the result before anything is read, so that it frees it */
		err = bench_result__add_run(result, &run);
		if (!err)
			err = read_run(r, item, &result->runs[result->run_count - 1]);
		if (err)
			break;
	}
	r->run = 0;
	return err;
}

static int read_latency(const struct reading *r, const cJSON *json, struct bench_result *result)
{
	const cJSON *from;
	struct bench_latency *latency;
	int err = part(r, json, "latency", false, &from);

	if (err <= 0)
		return err;
	latency = malloc(sizeof(*latency));
	if (!latency)
		return err__set(r->e, ERR_INTERNAL, -ENOMEM, "out of memory");
	result->latency = latency;
	latency->count = 0;
	latency->lost = BENCH_UNKNOWN;
	err = read_count(r, get(from, "count"), "count", &latency->count);
	if (!err)
		err = read_count(r, get(from, "lost"), "lost", &latency->lost);
	for (int i = 0; !err && i < BENCH_LATENCY_NR; i++) {
		latency->values[i] = NAN;
		err = read_number(r, get(from, bench_latency_key(i)), bench_latency_key(i),
				  &latency->values[i]);
	}
	return err;
}

/* What is no string counts as it is written. */
static int read_parameters(const struct reading *r, const cJSON *json,
			   struct bench_result *result)
{
	const cJSON *list, *item;
	int err = part(r, json, "parameters", false, &list);
	char *text;

	if (err <= 0)
		return err;
	cJSON_ArrayForEach(item, list) {
		text = cJSON_IsString(item) ? strdup(item->valuestring) :
					      cJSON_PrintUnformatted(item);
		err = text ? bench_result__add_parameter(result, item->string, text) : -ENOMEM;
		free(text);
		if (err)
			return err__set(r->e, ERR_INTERNAL, -ENOMEM, "out of memory");
	}
	return 0;
}

static int read_objects(const struct reading *r, const cJSON *json, struct bench_result *result)
{
	static const char *const keys[] = { "path", "build_id", "package", "version" };
	const char *texts[4];
	const cJSON *list, *item, *text;
	int err = part(r, json, "dependencies", true, &list);

	if (err <= 0)
		return err;
	cJSON_ArrayForEach(item, list) {
		for (int i = 0; i < 4; i++) {
			text = get(item, keys[i]);
			texts[i] = cJSON_IsString(text) ? text->valuestring : NULL;
		}
		if (!texts[0])
			return refuse(r, "dependencies has an entry without a path");
		if (bench_result__add_object(result, texts[0], texts[1], texts[2], texts[3]))
			return err__set(r->e, ERR_INTERNAL, -ENOMEM, "out of memory");
	}
	return 0;
}

static int read_kept(const struct reading *r, const cJSON *json, struct bench_result *result)
{
	const cJSON *list, *item, *path, *sha256;
	int err = part(r, json, "kept", true, &list);

	if (err <= 0)
		return err;
	cJSON_ArrayForEach(item, list) {
		path = get(item, "path");
		sha256 = get(item, "sha256");
		if (!cJSON_IsString(path) || !cJSON_IsString(sha256))
			return refuse(r, "kept has an entry without a path or a sha256");
		if (bench_result__add_kept(result, path->valuestring, sha256->valuestring))
			return err__set(r->e, ERR_INTERNAL, -ENOMEM, "out of memory");
	}
	return 0;
}

static int read_warnings(const struct reading *r, const cJSON *json, struct bench_result *result)
{
	const cJSON *list, *item;
	int err = part(r, json, "warnings", true, &list);

	if (err <= 0)
		return err;
	cJSON_ArrayForEach(item, list)
		if (cJSON_IsString(item) && bench_result__warn(result, "%s", item->valuestring))
			return err__set(r->e, ERR_INTERNAL, -ENOMEM, "out of memory");
	return 0;
}

static int read_metadata(const struct reading *r, const cJSON *json, struct bench_result *result)
{
	const cJSON *from;
	int err = part(r, json, "metadata", false, &from);
	struct { const char *key; char **text; } texts[] = {
		{ "command", &result->command }, { "kind", &result->kind },
		{ "throughput_unit", &result->throughput_unit }, { "failure", &result->failure },
	};

	if (err <= 0)
		return err;
	err = 0;
	for (size_t i = 0; !err && i < sizeof(texts) / sizeof(texts[0]); i++)
		err = read_text(r, get(from, texts[i].key), texts[i].key, texts[i].text);
	if (!err)
		err = read_number(r, get(from, "threshold"), "threshold", &result->threshold);
	if (!err)
		err = read_count(r, get(from, "warmup_iterations"), "warmup_iterations",
				 &result->warmup);
	result->topped_up = cJSON_IsTrue(get(from, "topped_up"));
	result->memory_grows = cJSON_IsTrue(get(from, "memory_grows"));
	if (!err)
		err = read_parameters(r, from, result);
	if (!err)
		err = read_warnings(r, from, result);
	if (!err)
		err = read_objects(r, from, result);
	return err ? err : read_kept(r, from, result);
}

static int read_averages(const struct reading *r, const cJSON *json, struct bench_result *result)
{
	double peak_mb = NAN;
	const struct { const char *key; double *value; } numbers[] = {
		{ "timestamp", &result->timestamp },
		{ "duration_ms", &result->duration_ms },
		{ "avg_time_ms", &result->avg_ms },
		{ "median_time_ms", &result->median_ms },
		{ "min_time_ms", &result->min_ms },
		{ "max_time_ms", &result->max_ms },
		{ "std_dev_ms", &result->std_dev_ms },
		{ "throughput_ops_sec", &result->throughput },
		{ "memory_peak_mb", &peak_mb },
		{ "memory_peak_bytes", &result->memory_peak_bytes },
		{ "cpu_avg_percent", &result->cpu_avg_percent },
	};
	int err = 0;

	for (size_t i = 0; !err && i < sizeof(numbers) / sizeof(numbers[0]); i++)
		err = read_number(r, get(json, numbers[i].key), numbers[i].key, numbers[i].value);
	if (!err && isnan(result->memory_peak_bytes))
		result->memory_peak_bytes = peak_mb * 1048576;
	return err ? err : read_count(r, get(json, "iterations"), "iterations",
				      &result->iterations);
}

static int read_result(struct reading *r, const cJSON *json, struct bench_results *results)
{
	const cJSON *name = get(json, "benchmark_name");
	struct bench_result *result;
	int err;

	if (!cJSON_IsObject(json))
		return refuse(r, "it is no object");
	if (!cJSON_IsString(name) || !*name->valuestring)
		return refuse(r, "benchmark_name is missing");
	r->benchmark = name->valuestring;
	result = bench_results__add(results, name->valuestring);
	if (!result)
		return err__set(r->e, ERR_INTERNAL, -ENOMEM, "out of memory");
	err = read_averages(r, json, result);
	if (!err)
		err = read_text(r, get(json, "release_version"), "release_version",
				&result->release);
	if (!err)
		err = read_metadata(r, json, result);
	if (!err && !result->parameter_count)
		err = read_parameters(r, json, result);
	if (!err)
		err = read_latency(r, json, result);
	if (!err)
		err = read_runs(r, json, result);
	/* a benchmark that failed has no average, and says so */
	if (!err && isnan(result->avg_ms) && !result->failure)
		err = refuse(r, "avg_time_ms is missing");
	return err;
}

static int read_environment(const struct reading *r, const cJSON *json,
			    struct bench_results *results)
{
	struct bench_environment *to = &results->environment;
	const cJSON *from, *load;
	int err = part(r, json, "environment", false, &from);
	const struct { const char *key; char **text; } texts[] = {
		{ "host", &to->host }, { "kernel", &to->kernel },
		{ "architecture", &to->architecture }, { "cpu_model", &to->cpu_model },
		{ "governor", &to->governor }, { "virtualization", &to->virtualization },
	};
	const struct { const char *key; double *value; } numbers[] = {
		{ "steal_percent", &to->steal_percent },
		{ "pressure_cpu_percent", &to->pressure_cpu },
		{ "pressure_memory_percent", &to->pressure_memory },
		{ "pressure_io_percent", &to->pressure_io },
	};
	const struct { const char *key; int *value; } settings[] = {
		{ "turbo", &to->turbo }, { "smt", &to->smt }, { "aslr", &to->aslr },
	};

	if (err <= 0)
		return err;
	results->environment_known = true;
	err = part(r, from, "load_average", true, &load);
	for (int i = 0; err > 0 && i < 3; i++)
		if (read_number(r, cJSON_GetArrayItem(load, i), "load_average", &to->load[i]))
			return r->e->code;
	for (size_t i = 0; err >= 0 && i < sizeof(texts) / sizeof(texts[0]); i++)
		err = read_text(r, get(from, texts[i].key), texts[i].key, texts[i].text);
	for (size_t i = 0; err >= 0 && i < sizeof(numbers) / sizeof(numbers[0]); i++)
		err = read_number(r, get(from, numbers[i].key), numbers[i].key, numbers[i].value);
	for (size_t i = 0; err >= 0 && i < sizeof(settings) / sizeof(settings[0]); i++)
		err = read_setting(r, get(from, settings[i].key), settings[i].key,
				   settings[i].value);
	if (err >= 0)
		err = read_count(r, get(from, "cpu_count"), "cpu_count", &to->cpus);
	return err < 0 ? err : read_count(r, get(from, "memory_bytes"), "memory_bytes",
					  &to->memory_bytes);
}

/* Why fields are null: what is said of "results" is kept. */
static int read_reasons(const struct reading *r, const cJSON *json, struct bench_results *results)
{
	static const char prefix[] = "results.";
	const cJSON *list, *item;
	int err = part(r, json, "unavailable", false, &list);

	if (err <= 0)
		return err;
	cJSON_ArrayForEach(item, list) {
		if (!cJSON_IsString(item) || strncmp(item->string, prefix, strlen(prefix)))
			continue;
		if (bench_results__missing(results, item->string + strlen(prefix),
					   item->valuestring))
			return err__set(r->e, ERR_INTERNAL, -ENOMEM, "out of memory");
	}
	return 0;
}

static int check_schema(const struct reading *r, const cJSON *root)
{
	const cJSON *schema = get(root, "schema"), *operation = get(root, "operation");
	unsigned long version;
	char *end = NULL;

	if (cJSON_IsString(operation) && strcmp(operation->valuestring, "run_benchmark_suite"))
		return refuse(r, "it is the result of %.40s, not of a benchmark",
			      operation->valuestring);
	if (is_absent(schema))
		return 0;
	if (!cJSON_IsString(schema) || strncmp(schema->valuestring, SCHEMA, strlen(SCHEMA)))
		return refuse(r, "its schema is not ppbpf's");
	version = strtoul(schema->valuestring + strlen(SCHEMA), &end, 10);
	if (*end || end == schema->valuestring + strlen(SCHEMA))
		return refuse(r, "its schema is not ppbpf's");
	if (version > SCHEMA_VERSION)
		return refuse(r, "its schema is %.40s and this ppbpf knows " SCHEMA
			      "1: a newer ppbpf made it, and can read it", schema->valuestring);
	return 0;
}

/* All but the results. */
static int read_frame(const struct reading *r, const cJSON *root, struct bench_results *results)
{
	const cJSON *from = root, *data = get(root, "data"), *release;
	int err;

	if (!cJSON_IsObject(root))
		return refuse(r, "it is no object");
	err = check_schema(r, root);
	if (err)
		return err;
	if (cJSON_IsObject(data) && !get(root, "results"))
		from = data;
	if (!cJSON_IsArray(get(from, "results")))
		return refuse(r, get(from, "results") ? "results is no array" :
							"results is missing");
	release = get(from, "release_version");
	if (!cJSON_IsString(release))
		return refuse(r, "release_version is missing");
	results->interrupted = cJSON_IsTrue(get(from, "interrupted"));
	err = read_text(r, release, "release_version", &results->release);
	if (!err)
		err = read_number(r, get(from, "timestamp"), "timestamp", &results->timestamp);
	if (!err)
		err = read_text(r, get(from, "session"), "session", &results->session);
	if (!err)
		err = read_environment(r, from, results);
	return err ? err : read_reasons(r, from, results);
}

static int refuse_syntax(const struct reading *reading, const struct json_parts *parts,
			 const char *at)
{
	static const char *const words[] = {
		"NaN", "nan", "Infinity", "inf", "-Infinity", "-inf",
	};
	/* a line says where, better than a benchmark */
	const struct reading file = { .file = reading->file, .e = reading->e };
	const struct reading *r = &file;
	size_t line = 1;

	for (const char *c = parts->text; c < at; c++)
		line += *c == '\n';
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strncmp(at, words[i], strlen(words[i])))
			return refuse(r, "%s in line %zu is no number that JSON knows", words[i],
				      line);
	if (at >= parts->end)
		return refuse(r, "it ends in the middle, in line %zu: it was not written whole",
			      line);
	return refuse(r, "it is no JSON from line %zu, byte %zu on", line,
		      (size_t)(at - parts->text) + 1);
}

static int read_elements(struct reading *r, const struct json_parts *parts,
			 struct bench_results *results)
{
	const char *at = json_parts__first(parts), *next = NULL;
	cJSON *json;
	int err = 0;

	while (!err && *at != ']') {
		r->index++;
		r->benchmark = NULL;
		json = cJSON_ParseWithLengthOpts(at, parts->end - at, &next, 0);
		if (!json)
			return refuse_syntax(r, parts, next ? next : at);
		err = read_result(r, json, results);
		cJSON_Delete(json);
		if (!err && !json_parts__next(parts, next, &at))
			return refuse_syntax(r, parts, at);
	}
	return err;
}

struct bench_results *results__parse(const char *text, size_t length, const char *name,
				     struct err *e)
{
	struct bench_results *results = bench_results__new();
	struct reading reading = { .file = name, .e = e };
	struct json_parts parts;
	const char *at = NULL;
	cJSON *frame = NULL;
	int err;

	err = results ? json_parts__split(&parts, text, length) : -ENOMEM;
	if (err) {
		err__set(e, ERR_INTERNAL, err, "out of memory");
		goto out;
	}
	frame = cJSON_ParseWithLengthOpts(parts.frame, strlen(parts.frame) + 1, &at, 1);
	if (!frame)
		err = refuse_syntax(&reading, &parts, json_parts__place(&parts, at));
	else
		err = read_frame(&reading, frame, results);
	if (!err)
		err = read_elements(&reading, &parts, results);
out:
	cJSON_Delete(frame);
	json_parts__free(&parts);
	if (!err)
		return results;
	bench_results__free(results);
	return NULL;
}

struct bench_results *results__read(const char *path, struct err *e)
{
	struct bench_results *results = NULL;
	struct buf text = BUF_INIT;

	if (!read_file(path, FILE_MAX, &text, e))
		results = results__parse(buf__str(&text), text.length, path, e);
	buf__free(&text);
	if (results) {
		results->path = strdup(path);
		if (results->path)
			return results;
		err__set(e, ERR_INTERNAL, -ENOMEM, "out of memory");
		bench_results__free(results);
	}
	return NULL;
}
