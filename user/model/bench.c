// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "model/bench.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "model/reason.h"

#define PATH_BYTES 256

const char *bench_time_key(enum bench_time time)
{
	static const char *const keys[BENCH_BLOCKED] = {
		[BENCH_WALL] = "wall_ms",
		[BENCH_TASK] = "task_ms",
		[BENCH_ON_CPU] = "on_cpu_ms",
		[BENCH_ON_CPU_USER] = "on_cpu_user_ms",
		[BENCH_ON_CPU_KERNEL] = "on_cpu_kernel_ms",
		[BENCH_RUN_QUEUE] = "run_queue_ms",
		[BENCH_THROTTLED] = "throttled_ms",
		[BENCH_STOLEN] = "stolen_ms",
	};

	return time < BENCH_BLOCKED ? keys[time] : reasons[time - BENCH_BLOCKED].json;
}

const char *bench_count_key(enum bench_count count)
{
	static const char *const keys[BENCH_COUNT_NR] = {
		[BENCH_MEMORY_PEAK_BYTES] = "memory_peak_bytes",
		[BENCH_MINOR_FAULTS] = "minor_faults",
		[BENCH_MAJOR_FAULTS] = "major_faults",
		[BENCH_VOLUNTARY_SWITCHES] = "voluntary_switches",
		[BENCH_INVOLUNTARY_SWITCHES] = "involuntary_switches",
		[BENCH_READ_BYTES] = "read_bytes",
		[BENCH_WRITE_BYTES] = "write_bytes",
		[BENCH_SENT_BYTES] = "sent_bytes",
		[BENCH_RECV_BYTES] = "recv_bytes",
		[BENCH_INSTRUCTIONS] = "instructions",
		[BENCH_CYCLES] = "cycles",
		[BENCH_CACHE_MISSES] = "cache_misses",
		[BENCH_BRANCH_MISSES] = "branch_misses",
		[BENCH_PROCESSES] = "processes",
		[BENCH_CALLS] = "calls",
	};

	return keys[count];
}

const char *bench_latency_key(enum bench_latency_value value)
{
	static const char *const keys[BENCH_LATENCY_NR] = {
		[BENCH_LATENCY_MEAN] = "mean_ms", [BENCH_LATENCY_MIN] = "min_ms",
		[BENCH_LATENCY_P50] = "p50_ms", [BENCH_LATENCY_P90] = "p90_ms",
		[BENCH_LATENCY_P95] = "p95_ms", [BENCH_LATENCY_P99] = "p99_ms",
		[BENCH_LATENCY_P999] = "p999_ms", [BENCH_LATENCY_MAX] = "max_ms",
	};

	return keys[value];
}

struct bench_results *bench_results__new(void)
{
	struct bench_results *results = calloc(1, sizeof(*results));

	if (!results)
		return NULL;
	results->timestamp = NAN;
	results->environment.steal_percent = NAN;
	results->environment.pressure_cpu = NAN;
	results->environment.pressure_memory = NAN;
	results->environment.pressure_io = NAN;
	for (int i = 0; i < 3; i++)
		results->environment.load[i] = NAN;
	results->environment.turbo = -1;
	results->environment.smt = -1;
	results->environment.aslr = -1;
	results->reasons = report__new();
	if (!results->reasons) {
		free(results);
		return NULL;
	}
	return results;
}

static void free_runs(struct bench_result *result)
{
	for (size_t i = 0; i < result->run_count; i++) {
		free(result->runs[i].blames);
		free(result->runs[i].outlier);
	}
	free(result->runs);
}

static void free_result(struct bench_result *result)
{
	free_runs(result);
	for (size_t i = 0; i < result->parameter_count; i++) {
		free(result->parameters[i].name);
		free(result->parameters[i].value);
	}
	for (size_t i = 0; i < result->object_count; i++) {
		free(result->objects[i].path);
		free(result->objects[i].build_id);
		free(result->objects[i].package);
		free(result->objects[i].version);
	}
	bench_result__forget_kept(result);
	for (size_t i = 0; i < result->warning_count; i++)
		free(result->warnings[i]);
	free(result->parameters);
	free(result->objects);
	free(result->warnings);
	free(result->latency);
	free(result->name);
	free(result->release);
	free(result->command);
	free(result->kind);
	free(result->throughput_unit);
	free(result->failure);
}

void bench_results__free(struct bench_results *results)
{
	struct bench_environment *environment;

	if (!results)
		return;
	environment = &results->environment;
	for (size_t i = 0; i < results->count; i++)
		free_result(&results->results[i]);
	free(results->results);
	free(environment->host);
	free(environment->kernel);
	free(environment->architecture);
	free(environment->cpu_model);
	free(environment->governor);
	free(environment->virtualization);
	free(results->path);
	free(results->release);
	free(results->session);
	report__free(results->reasons);
	free(results);
}

/*
 * Makes room for an element more, doubling: at counts that are powers of two.
 * Returns the element, zeroed, and counts it; NULL: no memory.
 */
static void *grow(void *array_pointer, size_t *count, size_t size)
{
	void **array = array_pointer;
	void *larger = *array;

	if (!(*count & (*count - 1))) {
		larger = reallocarray(*array, *count ? *count * 2 : 1, size);
		if (!larger)
			return NULL;
		*array = larger;
	}
	return memset((char *)larger + (*count)++ * size, 0, size);
}

struct bench_result *bench_results__add(struct bench_results *results, const char *name)
{
	char *copy = strdup(name);
	struct bench_result *result = NULL;

	if (copy)
		result = grow(&results->results, &results->count, sizeof(*result));
	if (!result) {
		free(copy);
		return NULL;
	}
	result->name = copy;
	result->timestamp = NAN;
	result->duration_ms = NAN;
	result->avg_ms = NAN;
	result->median_ms = NAN;
	result->min_ms = NAN;
	result->max_ms = NAN;
	result->std_dev_ms = NAN;
	result->throughput = NAN;
	result->memory_peak_bytes = NAN;
	result->cpu_avg_percent = NAN;
	result->threshold = NAN;
	return result;
}

int bench_results__missing(struct bench_results *results, const char *path, const char *why)
{
	return report__missing(results->reasons, path, "%s", why);
}

const char *bench_results__why_missing(const struct bench_results *results, const char *path)
{
	char part[PATH_BYTES];
	const char *why;
	char *dot;

	snprintf(part, sizeof(part), "%s", path);
	while (!(why = report__why_missing(results->reasons, part))) {
		dot = strrchr(part, '.');
		if (!dot)
			return NULL;
		*dot = '\0';
	}
	return why;
}

void bench_run__init(struct bench_run *run)
{
	*run = (struct bench_run){ .start = NAN, .steal_ms = NAN, .exit_status = -1 };
	for (int i = 0; i < BENCH_TIME_NR; i++)
		run->ms[i] = NAN;
	for (int i = 0; i < BENCH_COUNT_NR; i++)
		run->counts[i] = BENCH_UNKNOWN;
}

void bench_run__set_split(struct bench_run *run, uint64_t wall_ns, const struct ppbpf_split *split,
			  uint64_t user_ns, uint64_t kernel_ns)
{
	run->ms[BENCH_WALL] = wall_ns / 1e6;
	run->ms[BENCH_TASK] = split->life / 1e6;
	run->ms[BENCH_ON_CPU] = split->on_cpu / 1e6;
	run->ms[BENCH_ON_CPU_USER] = user_ns / 1e6;
	run->ms[BENCH_ON_CPU_KERNEL] = kernel_ns / 1e6;
	run->ms[BENCH_RUN_QUEUE] = split->run_queue / 1e6;
	run->ms[BENCH_THROTTLED] = split->throttled / 1e6;
	run->ms[BENCH_STOLEN] = split->stolen / 1e6;
	for (int i = 0; i < PPBPF_REASON_NR; i++)
		run->ms[BENCH_BLOCKED + i] = split->blocked[i] / 1e6;
}

int bench_result__expect_runs(struct bench_result *result, size_t count)
{
	struct bench_run *larger;

	if (count <= result->run_room)
		return 0;
	larger = reallocarray(result->runs, count, sizeof(*larger));
	if (!larger)
		return -ENOMEM;
	result->runs = larger;
	result->run_room = count;
	return 0;
}

int bench_result__add_run(struct bench_result *result, const struct bench_run *run)
{
	if (result->run_count == result->run_room &&
	    bench_result__expect_runs(result, result->run_room ? result->run_room * 2 : 1))
		return -ENOMEM;
	result->runs[result->run_count++] = *run;
	return 0;
}

int bench_result__add_parameter(struct bench_result *result, const char *name, const char *value)
{
	struct bench_parameter added = { strdup(name), strdup(value) }, *last;
	size_t i;

	if (!added.name || !added.value ||
	    !grow(&result->parameters, &result->parameter_count, sizeof(added))) {
		free(added.name);
		free(added.value);
		return -ENOMEM;
	}
	last = &result->parameters[result->parameter_count - 1];
	for (i = result->parameter_count - 1; i && strcmp(last[-1].name, name) > 0; i--, last--)
		*last = last[-1];
	*last = added;
	return 0;
}

static bool copy_text(char **target, const char *text)
{
	*target = text ? strdup(text) : NULL;
	return !text || *target;
}

int bench_result__add_object(struct bench_result *result, const char *path, const char *build_id,
			     const char *package, const char *version)
{
	struct bench_object *object = grow(&result->objects, &result->object_count,
					   sizeof(*object));

	if (!object || !copy_text(&object->path, path) ||
	    !copy_text(&object->build_id, build_id) || !copy_text(&object->package, package) ||
	    !copy_text(&object->version, version))
		return -ENOMEM;
	return 0;
}

static const char *const role_names[KEPT_NR] = {
	[KEPT_LIBRARY] = "library", [KEPT_PROGRAM] = "program",
	[KEPT_INTERPRETER] = "interpreter", [KEPT_SCRIPT] = "script",
};

const char *kept_role_name(enum kept_role role)
{
	return role_names[role];
}

enum kept_role kept_role_find(const char *name)
{
	enum kept_role role = 0;

	while (role < KEPT_NR && strcmp(name, role_names[role]))
		role++;
	return role;
}

int bench_result__add_kept(struct bench_result *result, enum kept_role role, const char *path,
			   const char *sha256)
{
	struct bench_kept *kept = grow(&result->kept, &result->kept_count, sizeof(*kept));

	if (!kept || !copy_text(&kept->path, path) || !copy_text(&kept->sha256, sha256))
		return -ENOMEM;
	kept->role = role;
	return 0;
}

void bench_result__forget_kept(struct bench_result *result)
{
	for (size_t i = 0; i < result->kept_count; i++) {
		free(result->kept[i].path);
		free(result->kept[i].sha256);
	}
	free(result->kept);
	result->kept = NULL;
	result->kept_count = 0;
}

int bench_result__warn(struct bench_result *result, const char *format, ...)
{
	char *text, **added;
	va_list args;
	int length;

	va_start(args, format);
	length = vasprintf(&text, format, args);
	va_end(args);
	if (length < 0)
		return -ENOMEM;
	added = grow(&result->warnings, &result->warning_count, sizeof(*added));
	if (!added) {
		free(text);
		return -ENOMEM;
	}
	*added = text;
	return 0;
}

size_t bench_result__times(const struct bench_result *result, enum bench_time time, double *out)
{
	size_t n = 0;

	for (size_t i = 0; i < result->run_count; i++)
		if (!isnan(result->runs[i].ms[time]))
			out[n++] = result->runs[i].ms[time];
	return n;
}

size_t bench_result__counts(const struct bench_result *result, enum bench_count count,
			    double *out)
{
	size_t n = 0;

	for (size_t i = 0; i < result->run_count; i++)
		if (result->runs[i].counts[count] != BENCH_UNKNOWN)
			out[n++] = (double)result->runs[i].counts[count];
	return n;
}

double bench_result__mean_time(const struct bench_result *result, enum bench_time time)
{
	double sum = 0;
	size_t n = 0;

	for (size_t i = 0; i < result->run_count; i++)
		if (!isnan(result->runs[i].ms[time])) {
			sum += result->runs[i].ms[time];
			n++;
		}
	return n ? sum / n : NAN;
}

double bench_result__mean_count(const struct bench_result *result, enum bench_count count)
{
	double sum = 0;
	size_t n = 0;

	for (size_t i = 0; i < result->run_count; i++)
		if (result->runs[i].counts[count] != BENCH_UNKNOWN) {
			sum += (double)result->runs[i].counts[count];
			n++;
		}
	return n ? sum / n : NAN;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Of the walls: in two passes, as sums of squares lose what differs little. */
static void summarize_walls(struct bench_result *result, double *walls, size_t n)
{
	double squares = 0;

	result->duration_ms = 0;
	for (size_t i = 0; i < n; i++)
		result->duration_ms += walls[i];
	result->avg_ms = result->duration_ms / n;
	for (size_t i = 0; i < n; i++)
		squares += (walls[i] - result->avg_ms) * (walls[i] - result->avg_ms);
	result->std_dev_ms = n > 1 ? sqrt(squares / (n - 1)) : NAN;
	qsort(walls, n, sizeof(*walls), by_value);
	result->min_ms = walls[0];
	result->max_ms = walls[n - 1];
	result->median_ms = (walls[(n - 1) / 2] + walls[n / 2]) / 2;
}

static void summarize_resources(struct bench_result *result, double *values, size_t walls)
{
	size_t n = bench_result__times(result, BENCH_ON_CPU, values);
	double cpu = 0;

	for (size_t i = 0; i < n; i++)
		cpu += values[i];
	if (n == walls && result->duration_ms > 0)
		result->cpu_avg_percent = 100 * cpu / result->duration_ms;
	n = bench_result__counts(result, BENCH_MEMORY_PEAK_BYTES, values);
	for (size_t i = 0; i < n; i++)
		result->memory_peak_bytes = fmax(result->memory_peak_bytes, values[i]);
}

int bench_result__summarize(struct bench_result *result, double per_iteration)
{
	double *values;
	size_t n;

	result->iterations = result->run_count;
	if (!result->run_count)
		return 0;
	values = calloc(result->run_count, sizeof(*values));
	if (!values)
		return -ENOMEM;
	n = bench_result__times(result, BENCH_WALL, values);
	if (n) {
		summarize_walls(result, values, n);
		if (result->duration_ms > 0)
			result->throughput = 1000 * per_iteration * n / result->duration_ms;
		summarize_resources(result, values, n);
	}
	free(values);
	return 0;
}

bool bench_result__matches(const struct bench_result *a, const struct bench_result *b)
{
	if (strcmp(a->name, b->name) || a->parameter_count != b->parameter_count)
		return false;
	for (size_t i = 0; i < a->parameter_count; i++)
		if (strcmp(a->parameters[i].name, b->parameters[i].name) ||
		    strcmp(a->parameters[i].value, b->parameters[i].value))
			return false;
	return true;
}

char *bench_result__title(const struct bench_result *result)
{
	struct buf title = BUF_INIT;

	buf__puts(&title, result->name);
	for (size_t i = 0; i < result->parameter_count; i++)
		buf__printf(&title, " %s=%s", result->parameters[i].name,
			    result->parameters[i].value);
	return buf__take(&title, NULL);
}
