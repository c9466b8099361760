// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "unit.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/err.h"
#include "op/results_file.h"
#include "sink/results_json.h"
#include "store/results.h"

static char folder[FOLDER_LENGTH];

static int make_temporary(void **state)
{
	(void)state;
	return temporary_folder(folder);
}

static int remove_temporary(void **state)
{
	char path[400];
	DIR *dir = opendir(folder);
	struct dirent *entry;

	(void)state;
	while (dir && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		unlink(path);
	}
	closedir(dir);
	return rmdir(folder);
}

/* A result with every kind of field in it. */
static struct bench_results *example(void)
{
	const struct ppbpf_split split = { .life = 52100000, .on_cpu = 40000001,
					   .run_queue = 2000000, .throttled = 50000,
					   .stolen = 50000, .blocked[PPBPF_REASON_LOCK] = 9999999 };
	struct bench_results *results = bench_results__new();
	struct bench_result *result = bench_results__add(results, "parse");
	struct bench_blame blame = { .comm = "fifteen-letters", .pid = 812, .cpu_ms = 1.5 };
	struct bench_run run;

	results->release = strdup("v1.2.0");
	results->timestamp = 1795412714.25;
	results->session = strdup("0badcafe");
	results->environment_known = true;
	results->environment.cpu_model = strdup("a model");
	results->environment.load[0] = 0.5;
	results->environment.load[1] = 0.25;
	results->environment.load[2] = 1;
	results->environment.aslr = 2;
	bench_results__missing(results, "runs.instructions", "this machine has no PMU");
	result->command = strdup("./parse --size \"large one\"");
	result->threshold = 0.025;
	bench_result__add_parameter(result, "size", "large");
	bench_result__add_parameter(result, "level", "6");
	bench_result__add_object(result, "/lib/libz.so.1", "ab01", NULL, NULL);
	bench_result__add_kept(result, KEPT_INTERPRETER, "/usr/bin/parse", "00ff");
	bench_result__warn(result, "fewer than %d iterations", 10);
	bench_run__init(&run);
	run.round = 3;
	bench_run__set_split(&run, 52100007, &split, 30000000, 10000001);
	run.counts[BENCH_MEMORY_PEAK_BYTES] = 9007199254740991;
	run.counts[BENCH_MINOR_FAULTS] = 31;
	run.blames_known = true;
	run.blames = malloc(sizeof(blame));
	run.blames[0] = blame;
	run.blame_count = 1;
	run.exit_status = 0;
	run.outlier = strdup("preempted by apt");
	bench_result__add_run(result, &run);
	bench_run__init(&run);
	run.ms[BENCH_WALL] = 10;
	bench_result__add_run(result, &run);
	bench_result__summarize(result, 2);
	return results;
}

static struct bench_results *parsed(const char *text)
{
	struct err e = { 0 };
	struct bench_results *results = results__parse(text, strlen(text), "x.json", &e);

	if (!results)
		fail_msg("refused: %s", e.message);
	return results;
}

static void what_is_written_is_read_again(void **state)
{
	struct bench_results *before = example(), *after;
	const struct bench_result *a = &before->results[0], *b;
	char *text;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	(void)state;
	assert_int_equal(results_json__write(stream, before), 0);
	fclose(stream);
	after = parsed(text);
	b = &after->results[0];
	assert_string_equal(after->release, "v1.2.0");
	assert_string_equal(after->session, "0badcafe");
	assert_true(after->timestamp == before->timestamp);
	assert_string_equal(after->environment.cpu_model, "a model");
	assert_true(after->environment.load[1] == 0.25);
	assert_int_equal(after->environment.aslr, 2);
	assert_int_equal(after->environment.turbo, -1);
	assert_null(after->environment.governor);
	assert_true(isnan(after->environment.pressure_io));
	assert_string_equal(bench_results__why_missing(after, "runs.instructions"),
			    "this machine has no PMU");
	assert_true(bench_result__matches(a, b));
	assert_string_equal(b->command, a->command);
	assert_true(b->threshold == 0.025);
	assert_string_equal(b->objects[0].build_id, "ab01");
	assert_null(b->objects[0].package);
	assert_string_equal(b->kept[0].sha256, "00ff");
	assert_int_equal(b->kept[0].role, KEPT_INTERPRETER);
	assert_string_equal(b->warnings[0], "fewer than 10 iterations");
	assert_int_equal(b->run_count, 2);
	for (int i = 0; i < BENCH_TIME_NR; i++)
		assert_true(b->runs[0].ms[i] == a->runs[0].ms[i]);
	for (int i = 0; i < BENCH_COUNT_NR; i++)
		assert_true(b->runs[0].counts[i] == a->runs[0].counts[i]);
	assert_true(isnan(b->runs[1].ms[BENCH_ON_CPU]));
	assert_int_equal(b->runs[0].round, 3);
	assert_string_equal(b->runs[0].blames[0].comm, "fifteen-letters");
	assert_true(b->runs[0].blames[0].cpu_ms == 1.5);
	assert_true(b->runs[0].blames_known);
	assert_false(b->runs[1].blames_known);
	assert_string_equal(b->runs[0].outlier, "preempted by apt");
	assert_int_equal(b->runs[0].exit_status, 0);
	assert_int_equal(b->runs[1].exit_status, -1);
	assert_true(fabs(b->avg_ms - 31.0500035) < 1e-6);
	free(text);
	bench_results__free(after);
	bench_results__free(before);
}

static void averages_follow_from_the_runs(void **state)
{
	static const double walls[] = { 2, 4, 4, 4, 5, 5, 7, 9 };
	struct bench_results *results = bench_results__new();
	struct bench_result *result = bench_results__add(results, "x");
	struct bench_run run;

	(void)state;
	for (size_t i = 0; i < LENGTH(walls); i++) {
		bench_run__init(&run);
		run.ms[BENCH_WALL] = walls[i];
		run.ms[BENCH_ON_CPU] = walls[i] / 2;
		run.counts[BENCH_MEMORY_PEAK_BYTES] = 100 * i;
		bench_result__add_run(result, &run);
	}
	assert_int_equal(bench_result__summarize(result, 3), 0);
	assert_int_equal(result->iterations, 8);
	assert_true(result->duration_ms == 40);
	assert_true(result->avg_ms == 5);
	assert_true(result->median_ms == 4.5);
	assert_true(result->min_ms == 2);
	assert_true(result->max_ms == 9);
	/* the sum of squares is 32 */
	assert_true(fabs(result->std_dev_ms - sqrt(32.0 / 7)) < 1e-12);
	assert_true(result->throughput == 600);
	assert_true(result->cpu_avg_percent == 50);
	assert_true(result->memory_peak_bytes == 700);
	bench_results__free(results);
}

#define FILE_OF(results) "{\"release_version\": \"v1\", \"results\": " results "}"
#define ONE(fields) FILE_OF("[{\"benchmark_name\": \"b\", " fields "}]")

static void averages_alone_are_enough(void **state)
{
	struct bench_results *results = parsed(
		"\xef\xbb\xbf{ \"release_version\": \"a\\\"results\\\"\", \"timestamp\": 5.5,\n"
		"\"total_benchmarks\": 2, \"other\": {\"results\": [[]]}, \"results\": [\n"
		"{\"benchmark_name\": \"one ]\", \"avg_time_ms\": 1.5, \"memory_peak_mb\": 2,"
		" \"metadata\": {\"parameters\": {\"n\": 5, \"b\": \"x\"}}} , "
		"{\"benchmark_name\": \"two\", \"avg_time_ms\": 0, \"memory_peak_mb\": null}\n]}");

	(void)state;
	assert_int_equal(results->count, 2);
	assert_string_equal(results->release, "a\"results\"");
	assert_string_equal(results->results[0].name, "one ]");
	assert_true(results->results[0].memory_peak_bytes == 2097152);
	assert_string_equal(results->results[0].parameters[0].name, "b");
	assert_string_equal(results->results[0].parameters[1].value, "5");
	assert_true(isnan(results->results[1].memory_peak_bytes));
	assert_true(isnan(results->results[1].max_ms));
	bench_results__free(results);
}

static void an_envelope_of_bench_is_read_as_well(void **state)
{
	struct bench_results *results = parsed(
		"{\"schema\": \"ppbpf/1\", \"operation\": \"run_benchmark_suite\", \"data\": "
		FILE_OF("[{\"benchmark_name\": \"b\", \"avg_time_ms\": 3}]") ", \"error\": null}");

	(void)state;
	assert_int_equal(results->count, 1);
	assert_true(results->results[0].avg_ms == 3);
	bench_results__free(results);
}

static void bad_files_are_refused_in_one_line(void **state)
{
	static const struct { const char *text, *why; } cases[] = {
		{ "", "it ends in the middle, in line 1" },
		{ "[]", "it is no object" },
		{ "{}", "results is missing" },
		{ "{\"results\": 5, \"release_version\": \"v1\"}", "results is no array" },
		{ "{\"results\": []}", "release_version is missing" },
		{ FILE_OF("[5]"), "results[0]: it is no object" },
		{ FILE_OF("[{\"avg_time_ms\": 1}]"), "results[0]: benchmark_name is missing" },
		{ ONE("\"iterations\": 3"), "results[0] (b): avg_time_ms is missing" },
		{ ONE("\"avg_time_ms\": null"), "results[0] (b): avg_time_ms is missing" },
		{ ONE("\"avg_time_ms\": \"5\""), "results[0] (b): avg_time_ms is no number" },
		{ ONE("\n\"avg_time_ms\": NaN"), "NaN in line 2 is no number that JSON knows" },
		{ ONE("\"avg_time_ms\": -Infinity"), "-Infinity in line 1 is no number" },
		{ ONE("\"avg_time_ms\": 1e999"), "avg_time_ms is no finite number" },
		{ ONE("\"avg_time_ms\": -1"), "avg_time_ms is negative" },
		{ ONE("\"avg_time_ms\": 1, \"timestamp\": 1e300"), "timestamp is no time" },
		{ ONE("\"avg_time_ms\": 1, \"runs\": [{}, {\"time_split\": {\"wall_ms\": -1}}]"),
		  "results[0] (b) runs[1]: wall_ms is negative" },
		{ ONE("\"avg_time_ms\": 1, \"runs\": {}"), "runs is no array" },
		{ ONE("\"avg_time_ms\": 1, \"runs\": [{\"read_bytes\": 1e16}]"),
		  "read_bytes is larger than 2^53" },
		{ ONE("\"avg_time_ms\": 1, \"metadata\": {\"kept\": [{}]}"),
		  "kept has an entry without a path" },
		{ ONE("\"avg_time_ms\": 1e300"), "avg_time_ms is larger than anything measured" },
		{ FILE_OF("[{\"benchmark_name\": \"b\", \"avg_time_ms\": 1},]"), "it is no JSON" },
		{ FILE_OF("[{\"benchmark_name\": \"b\", \"avg_time_ms\": 1} 5]"), "it is no JSON" },
		{ FILE_OF("[]") "x", "it is no JSON from line 1, byte 41 on" },
		{ "{\"release_version\": \"v1\", \"results\": [{\"benchmark_name\": \"b\"",
		  "it ends in the middle" },
		{ "{\"schema\": \"ppbpf/2\", \"results\": []}", "its schema is ppbpf/2" },
		{ "{\"schema\": \"else\", \"results\": []}", "its schema is not ppbpf's" },
		{ "{\"operation\": \"monitor_resource_usage\", \"data\": {}}",
		  "it is the result of monitor_resource_usage, not of a benchmark" },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct err e = { 0 };

		assert_null(results__parse(cases[i].text, strlen(cases[i].text), "x.json", &e));
		if (!strstr(e.message, cases[i].why) || strncmp(e.message, "x.json: ", 8) ||
		    strchr(e.message, '\n'))
			fail_msg("%s: %s", cases[i].text, e.message);
		assert_int_equal(e.cause, ERR_IO);
	}
}

static char *saved(const char *release, double timestamp)
{
	struct bench_results *results = example();
	struct err e = { 0 };
	char *name;

	free(results->release);
	results->release = strdup(release);
	results->timestamp = timestamp;
	if (results_file__save(results, folder, &e))
		fail_msg("%s", e.message);
	name = strdup(strrchr(results->path, '/') + 1);
	bench_results__free(results);
	return name;
}

static void expect_saved(const char *release, double timestamp, const char *expected)
{
	char *name = saved(release, timestamp);

	assert_string_equal(name, expected);
	free(name);
}

static void expect_found(const char *release, const char *except, const char *expected)
{
	struct err e = { 0 };
	char path[200];
	struct bench_results *found;

	snprintf(path, sizeof(path), "%s/%s", folder, except ? except : "");
	found = results__find(folder, release, except ? path : NULL, &e);
	if (!expected) {
		assert_null(found);
		assert_int_equal(e.cause, ERR_NOT_FOUND);
		return;
	}
	if (!found)
		fail_msg("%s", e.message);
	assert_string_equal(strrchr(found->path, '/') + 1, expected);
	bench_results__free(found);
}

static void write_text(const char *name, const char *text)
{
	char path[200];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "w");
	fputs(text, file);
	fclose(file);
}

static void files_are_named_by_release_and_time_and_found_by_release(void **state)
{
	struct err e = { 0 };

	(void)state;
	expect_saved("v1/x y", 1795412714.9, "benchmark_v1_x_y_1795412714.json");
	expect_saved("v1/x y", 1795412714.1, "benchmark_v1_x_y_1795412714_2.json");
	expect_saved("v1:x y", 1795412714, "benchmark_v1_x_y_1795412714_3.json");
	expect_saved("v1/x y", 999999999, "benchmark_v1_x_y_999999999.json");
	expect_saved("v2", 1795412714, "benchmark_v2_1795412714.json");
	expect_saved("v2_5", 1795412715, "benchmark_v2_5_1795412715.json");
	write_text("benchmark_v2.json", "no results file by its name");
	write_text("benchmark_v2_17.json.bak", "nor is this");
	write_text("notes_v2_1895412714.json", "nor this");
	expect_found("v1/x y", NULL, "benchmark_v1_x_y_1795412714_2.json");
	expect_found("v1/x y", "benchmark_v1_x_y_1795412714_2.json",
		     "benchmark_v1_x_y_1795412714.json");
	expect_found("v1:x y", NULL, "benchmark_v1_x_y_1795412714_3.json");
	expect_found("v1:x y", "benchmark_v1_x_y_1795412714_3.json", NULL);
	expect_found("v2", NULL, "benchmark_v2_1795412714.json");
	expect_found("v2_5", NULL, "benchmark_v2_5_1795412715.json");
	expect_found("v3", NULL, NULL);
	assert_null(results__find(folder, "v3", NULL, &e));
	assert_string_equal(e.hint, "there are results of v2_5, v1_x_y, v2");
	/* the latest one is broken: an older one would be a wrong answer */
	write_text("benchmark_v2_1795412800.json", "{");
	err__clear(&e);
	assert_null(results__find(folder, "v2", NULL, &e));
	assert_non_null(strstr(e.message, "benchmark_v2_1795412800.json: it ends in the middle"));
}

/* Eight processes at once: eight files, each whole. */
static void two_that_save_at_once_lose_nothing(void **state)
{
	enum { WRITERS = 8 };
	int files = 0, status;
	struct dirent *entry;
	DIR *dir;

	(void)state;
	for (int i = 0; i < WRITERS; i++)
		if (!fork()) {
			free(saved("same", 1795412714));
			_exit(0);
		}
	for (int i = 0; i < WRITERS; i++) {
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	dir = opendir(folder);
	while ((entry = readdir(dir))) {
		char path[400];
		struct err e = { 0 };

		if (entry->d_name[0] == '.' && strlen(entry->d_name) < 3)
			continue;
		files++;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		struct bench_results *results = results__read(path, &e);

		if (!results)
			fail_msg("%s", e.message);
		bench_results__free(results);
	}
	closedir(dir);
	assert_int_equal(files, WRITERS);
}

static void a_missing_folder_is_made(void **state)
{
	struct bench_results *results = example();
	struct err e = { 0 };
	char path[200];

	(void)state;
	snprintf(path, sizeof(path), "%s/a/b/", folder);
	assert_int_equal(results_file__save(results, path, &e), 0);
	assert_int_equal(unlink(results->path), 0);
	assert_int_equal(rmdir(path), 0);
	snprintf(path, sizeof(path), "%s/a", folder);
	assert_int_equal(rmdir(path), 0);
	write_text("file", "");
	snprintf(path, sizeof(path), "%s/file/b", folder);
	assert_int_not_equal(results_file__save(results, path, &e), 0);
	assert_non_null(strstr(e.message, "cannot make the folder"));
	bench_results__free(results);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read_again),
		cmocka_unit_test(averages_follow_from_the_runs),
		cmocka_unit_test(averages_alone_are_enough),
		cmocka_unit_test(an_envelope_of_bench_is_read_as_well),
		cmocka_unit_test(bad_files_are_refused_in_one_line),
		cmocka_unit_test_setup_teardown(
			files_are_named_by_release_and_time_and_found_by_release, make_temporary,
			remove_temporary),
		cmocka_unit_test_setup_teardown(two_that_save_at_once_lose_nothing,
						make_temporary, remove_temporary),
		cmocka_unit_test_setup_teardown(a_missing_folder_is_made, make_temporary,
						remove_temporary),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
