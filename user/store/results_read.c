// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/*
 * A results file is parsed a benchmark at a time: a tree of the whole would be many
 * times as large as the file.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "store/json_parts.h"
#include "store/reading.h"
#include "store/results.h"

static int read_split(const struct reading *r, const struct json_node *json, struct bench_run *run)
{
	struct in_order split = { .object = json }, blocked = { 0 };
	int err = reading__check(r, json, "time_split", false);

	if (err <= 0)
		return err;
	err = reading__part(r, json, "blocked", false, &blocked.object);
	for (int i = 0; err >= 0 && i < BENCH_TIME_NR; i++)
		err = reading__number(r, reading__next(i < BENCH_BLOCKED ? &split : &blocked,
						       bench_time_key(i)),
				  bench_time_key(i), &run->ms[i]);
	return err < 0 ? err : 0;
}

static int read_blame(const struct reading *r, const struct json_node *item,
		      struct bench_blame *blame)
{
	const struct json_node *comm = json_get(item, "comm");
	uint64_t pid = 0;
	int err;

	if (!json_text(comm))
		return reading__refuse(r, "interference has an entry without a comm");
	snprintf(blame->comm, sizeof(blame->comm), "%s", comm->text);
	blame->cpu_ms = NAN;
	err = reading__number(r, json_get(item, "cpu_ms"), "cpu_ms", &blame->cpu_ms);
	if (!err)
		err = reading__count(r, json_get(item, "pid"), "pid", &pid);
	blame->pid = pid <= INT32_MAX ? (uint32_t)pid : 0;
	blame->followed = json_is_true(json_get(item, "followed"));
	return err;
}

static int read_blames(const struct reading *r, const struct json_node *list, struct bench_run *run)
{
	const struct json_node *item;
	int err = reading__check(r, list, "interference", true), count;

	if (err <= 0)
		return err;
	run->blames_known = true;
	count = json_count(list);
	if (!count)
		return 0;
	run->blames = calloc(count, sizeof(*run->blames));
	if (!run->blames)
		return err__set(r->e, ERR_INTERNAL, -ENOMEM, "out of memory");
	err = 0;
	for (item = json_first(list); item; item = item->next)
		if (!err)
			err = read_blame(r, item, &run->blames[run->blame_count++]);
	return err;
}

static int read_run(const struct reading *r, const struct json_node *json, struct bench_run *run)
{
	struct in_order from = { .object = json };
	uint64_t round = 0;
	int err;

	if (!json_is(json, JSON_IN_OBJECT))
		return reading__refuse(r, "it is no object");
	err = reading__count(r, reading__next(&from, "round"), "round", &round);
	run->round = round <= UINT32_MAX ? (uint32_t)round : 0;
	if (!err)
		err = reading__number(r, reading__next(&from, "start"), "start", &run->start);
	if (!err)
		err = read_split(r, reading__next(&from, "time_split"), run);
	for (int i = 0; !err && i < BENCH_COUNT_NR; i++)
		err = reading__count(r, reading__next(&from, bench_count_key(i)),
				     bench_count_key(i), &run->counts[i]);
	if (!err)
		err = reading__number(r, reading__next(&from, "steal_ms"), "steal_ms", &run->steal_ms);
	if (!err)
		err = read_blames(r, reading__next(&from, "interference"), run);
	if (!err)
		err = reading__setting(r, reading__next(&from, "exit_status"), "exit_status",
				       &run->exit_status);
	return err ? err : reading__text(r, reading__next(&from, "outlier"), "outlier", &run->outlier);
}

static int read_runs(struct reading *r, const struct json_node *json, struct bench_result *result)
{
	const struct json_node *list, *item;
	struct bench_run run;
	int err = reading__part(r, json, "runs", true, &list);

	if (err <= 0)
		return err;
	err = bench_result__expect_runs(result, json_count(list));
	for (item = json_first(list); item && !err; item = item->next) {
		r->run++;
		bench_run__init(&run);
		/* owned by the result before anything is read, so that it frees it */
		err = bench_result__add_run(result, &run);
		if (!err)
			err = read_run(r, item, &result->runs[result->run_count - 1]);
	}
	r->run = 0;
	return err;
}

static int read_latency(const struct reading *r, const struct json_node *json,
			struct bench_result *result)
{
	const struct json_node *from;
	struct bench_latency *latency;
	int err = reading__part(r, json, "latency", false, &from);

	if (err <= 0)
		return err;
	latency = malloc(sizeof(*latency));
	if (!latency)
		return err__set(r->e, ERR_INTERNAL, -ENOMEM, "out of memory");
	result->latency = latency;
	latency->count = 0;
	latency->lost = BENCH_UNKNOWN;
	err = reading__count(r, json_get(from, "count"), "count", &latency->count);
	if (!err)
		err = reading__count(r, json_get(from, "lost"), "lost", &latency->lost);
	for (int i = 0; !err && i < BENCH_LATENCY_NR; i++) {
		latency->values[i] = NAN;
		err = reading__number(r, json_get(from, bench_latency_key(i)),
				      bench_latency_key(i), &latency->values[i]);
	}
	return err;
}

/* What is no string counts as it is written. */
static int read_parameters(const struct reading *r, const struct json_node *json,
			   struct bench_result *result)
{
	const struct json_node *list, *item;
	int err = reading__part(r, json, "parameters", false, &list);
	char *text;

	if (err <= 0)
		return err;
	for (item = json_first(list); item; item = item->next) {
		text = json_text(item) ? strdup(item->text) : strndup(item->begin, item->length);
		err = text ? bench_result__add_parameter(result, item->key, text) : -ENOMEM;
		free(text);
		if (err)
			return err__set(r->e, ERR_INTERNAL, -ENOMEM, "out of memory");
	}
	return 0;
}

static int read_objects(const struct reading *r, const struct json_node *json,
			struct bench_result *result)
{
	static const char *const keys[] = { "path", "build_id", "package", "version" };
	const char *texts[4];
	const struct json_node *list, *item, *text;
	int err = reading__part(r, json, "dependencies", true, &list);

	if (err <= 0)
		return err;
	for (item = json_first(list); item; item = item->next) {
		for (int i = 0; i < 4; i++) {
			text = json_get(item, keys[i]);
			texts[i] = json_text(text) ? text->text : NULL;
		}
		if (!texts[0])
			return reading__refuse(r, "dependencies has an entry without a path");
		if (bench_result__add_object(result, texts[0], texts[1], texts[2], texts[3]))
			return err__set(r->e, ERR_INTERNAL, -ENOMEM, "out of memory");
	}
	return 0;
}

static int read_kept(const struct reading *r, const struct json_node *json,
		     struct bench_result *result)
{
	const struct json_node *list, *item, *path, *sha256;
	int err = reading__part(r, json, "kept", true, &list);
	enum kept_role role;
	const char *name;

	if (err <= 0)
		return err;
	for (item = json_first(list); item; item = item->next) {
		path = json_get(item, "path");
		sha256 = json_get(item, "sha256");
		name = json_text(json_get(item, "role"));
		/* earlier ones do not say: the program came first */
		role = name ? kept_role_find(name) : item == json_first(list) ? KEPT_PROGRAM :
										KEPT_LIBRARY;
		if (role == KEPT_NR)
			return reading__refuse(r, "kept has an entry with a role that is not known");
		if (!json_text(path) || !json_text(sha256))
			return reading__refuse(r, "kept has an entry without a path or a sha256");
		if (bench_result__add_kept(result, role, path->text, sha256->text))
			return err__set(r->e, ERR_INTERNAL, -ENOMEM, "out of memory");
	}
	return 0;
}

static int read_warnings(const struct reading *r, const struct json_node *json,
			 struct bench_result *result)
{
	const struct json_node *list, *item;
	int err = reading__part(r, json, "warnings", true, &list);

	if (err <= 0)
		return err;
	for (item = json_first(list); item; item = item->next)
		if (json_text(item) && bench_result__warn(result, "%s", item->text))
			return err__set(r->e, ERR_INTERNAL, -ENOMEM, "out of memory");
	return 0;
}

static int read_metadata(const struct reading *r, const struct json_node *json,
			 struct bench_result *result)
{
	const struct json_node *from;
	int err = reading__part(r, json, "metadata", false, &from);
	struct { const char *key; char **text; } texts[] = {
		{ "command", &result->command }, { "kind", &result->kind },
		{ "throughput_unit", &result->throughput_unit }, { "failure", &result->failure },
	};

	if (err <= 0)
		return err;
	err = 0;
	for (size_t i = 0; !err && i < sizeof(texts) / sizeof(texts[0]); i++)
		err = reading__text(r, json_get(from, texts[i].key), texts[i].key,
				    texts[i].text);
	if (!err)
		err = reading__number(r, json_get(from, "threshold"), "threshold", &result->threshold);
	if (!err)
		err = reading__count(r, json_get(from, "warmup_iterations"), "warmup_iterations",
				     &result->warmup);
	result->topped_up = json_is_true(json_get(from, "topped_up"));
	result->memory_grows = json_is_true(json_get(from, "memory_grows"));
	if (!err)
		err = read_parameters(r, from, result);
	if (!err)
		err = read_warnings(r, from, result);
	if (!err)
		err = read_objects(r, from, result);
	return err ? err : read_kept(r, from, result);
}

static int read_averages(const struct reading *r, const struct json_node *json,
			 struct bench_result *result)
{
	double peak_mb = NAN;
	const struct { const char *key; double *value; } numbers[] = {
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
	int err = reading__time(r, json_get(json, "timestamp"), "timestamp",
				&result->timestamp);

	for (size_t i = 0; !err && i < sizeof(numbers) / sizeof(numbers[0]); i++)
		err = reading__number(r, json_get(json, numbers[i].key), numbers[i].key,
				      numbers[i].value);
	if (!err && isnan(result->memory_peak_bytes))
		result->memory_peak_bytes = peak_mb * 1048576;
	return err ? err : reading__count(r, json_get(json, "iterations"), "iterations",
					  &result->iterations);
}

static int read_result(struct reading *r, const struct json_node *json, void *context)
{
	struct bench_results *results = context;
	const struct json_node *name = json_get(json, "benchmark_name");
	struct bench_result *result;
	int err;

	if (!json_is(json, JSON_IN_OBJECT))
		return reading__refuse(r, "it is no object");
	if (!json_text(name) || !*name->text)
		return reading__refuse(r, "benchmark_name is missing");
	r->benchmark = name->text;
	result = bench_results__add(results, name->text);
	if (!result)
		return err__set(r->e, ERR_INTERNAL, -ENOMEM, "out of memory");
	err = read_averages(r, json, result);
	if (!err)
		err = reading__text(r, json_get(json, "release_version"), "release_version",
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
		err = reading__refuse(r, "avg_time_ms is missing");
	return err;
}

static int read_environment(const struct reading *r, const struct json_node *json,
			    struct bench_results *results)
{
	struct bench_environment *to = &results->environment;
	const struct json_node *from, *load;
	int err = reading__part(r, json, "environment", false, &from);
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
	err = reading__part(r, from, "load_average", true, &load);
	for (int i = 0; err > 0 && i < 3; i++)
		if (reading__number(r, json_at(load, i), "load_average", &to->load[i]))
			return r->e->code;
	for (size_t i = 0; err >= 0 && i < sizeof(texts) / sizeof(texts[0]); i++)
		err = reading__text(r, json_get(from, texts[i].key), texts[i].key,
				    texts[i].text);
	for (size_t i = 0; err >= 0 && i < sizeof(numbers) / sizeof(numbers[0]); i++)
		err = reading__number(r, json_get(from, numbers[i].key), numbers[i].key,
				      numbers[i].value);
	for (size_t i = 0; err >= 0 && i < sizeof(settings) / sizeof(settings[0]); i++)
		err = reading__setting(r, json_get(from, settings[i].key), settings[i].key,
				       settings[i].value);
	if (err >= 0)
		err = reading__count(r, json_get(from, "cpu_count"), "cpu_count", &to->cpus);
	return err < 0 ? err : reading__count(r, json_get(from, "memory_bytes"), "memory_bytes",
					      &to->memory_bytes);
}

/* Why fields are null: what is said of "results" is kept. */
static int read_reasons(const struct reading *r, const struct json_node *json,
			struct bench_results *results)
{
	static const char prefix[] = "results.";
	const struct json_node *list, *item;
	int err = reading__part(r, json, "unavailable", false, &list);

	if (err <= 0)
		return err;
	for (item = json_first(list); item; item = item->next) {
		if (!json_text(item) || strncmp(item->key, prefix, strlen(prefix)))
			continue;
		if (bench_results__missing(results, item->key + strlen(prefix),
					   item->text))
			return err__set(r->e, ERR_INTERNAL, -ENOMEM, "out of memory");
	}
	return 0;
}

/* All but the results. */
static int read_frame(const struct reading *r, const struct json_node *root,
		      struct bench_results *results)
{
	const struct json_node *from = root, *data = json_get(root, "data"), *release;
	int err;

	if (!json_is(root, JSON_IN_OBJECT))
		return reading__refuse(r, "it is no object");
	err = reading__check_schema(r, root, "run_benchmark_suite");
	if (err)
		return err;
	if (json_is(data, JSON_IN_OBJECT) && !json_get(root, "results"))
		from = data;
	if (!json_is(json_get(from, "results"), JSON_IN_ARRAY))
		return reading__refuse(r, json_get(from, "results") ? "results is no array" :
							"results is missing");
	release = json_get(from, "release_version");
	if (!json_text(release))
		return reading__refuse(r, "release_version is missing");
	results->interrupted = json_is_true(json_get(from, "interrupted"));
	err = reading__text(r, release, "release_version", &results->release);
	if (!err)
		err = reading__time(r, json_get(from, "timestamp"), "timestamp",
				    &results->timestamp);
	if (!err)
		err = reading__text(r, json_get(from, "session"), "session", &results->session);
	if (!err)
		err = read_environment(r, from, results);
	return err ? err : read_reasons(r, from, results);
}

struct bench_results *results__parse(const char *text, size_t length, const char *name,
				     struct err *e)
{
	struct bench_results *results = bench_results__new();
	struct reading reading = { .file = name, .list = "results", .e = e };
	struct json_parts parts;
	struct json_tree tree = JSON_TREE_INIT;
	const struct json_node *frame;
	int err;

	err = results ? json_parts__split(&parts, text, length, "results") : -ENOMEM;
	if (err) {
		err__set(e, ERR_INTERNAL, err, "out of memory");
		goto out;
	}
	err = reading__frame(&reading, &parts, &tree, &frame);
	if (!err)
		err = read_frame(&reading, frame, results);
	if (!err)
		err = reading__elements(&reading, &parts, read_result, results);
out:
	json_tree__free(&tree);
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

	if (!read_file(path, READING_FILE_MAX, &text, e))
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
