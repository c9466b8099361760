// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/* A profile as a person and as a program read it. */
#include "unit.h"

#include <cjson/cJSON.h>

#include "profile_sample.h"

#include "base/err.h"
#include "base/term.h"
#include "base/text.h"
#include "sink/profile_json.h"
#include "sink/profile_summary.h"

static const struct term pipe_of_100 = { .utf8 = true, .width = 100 };

static char *summary(const struct term *term, struct profile_run *run)
{
	static char *text;
	static size_t length;
	FILE *file = open_memstream(&text, &length);

	run->measured = true;
	assert_int_equal(profile_summary__print(file, term, run), 0);
	fclose(file);
	return text;
}

static void assert_says(const char *text, const char *words)
{
	if (!strstr(text, words))
		fail_msg("\"%s\" is not in:\n%s", words, text);
}

static void a_screen_has_functions_and_paths(void **state)
{
	struct profile_run run;
	char *text;

	(void)state;
	sample_run(&run);
	text = summary(&pipe_of_100, &run);
	assert_says(text, "./app --fast · 1.50 s · 199 Hz cpu-clock, and every wait\n");
	assert_says(text, "lock 0.00 s · waiting for CPU 0.00 s");
	/* with waits, the kernel's part is its caller's */
	assert_says(text, "   81.9 %    81.9 %   deflate");
	assert_says(text, "  libz.so.1\n");
	assert_says(text, "(python)  report.py:212\n");
	assert_says(text, "   88.0 %   app > main\n");
	assert_says(text, "   72.3 %     deflate > [waiting: lock]\n");
	assert_says(text, "70 samples and waits, 65 complete, 5 failed (no unwind table 5) · nothing "
			  "lost");
	free(text);
	run.mode = MODE_ON_CPU;
	text = summary(&pipe_of_100, &run);
	assert_says(text, "    2.4 %     2.4 %   vfs_read");
	free(text);
	sample_run_free(&run);
}

static void nothing_is_wider_than_the_screen(void **state)
{
	const struct term plain = { .width = 60 };
	struct profile_run run;
	char *text, *line, *rest;

	(void)state;
	sample_run(&run);
	for (int i = 0; i < 2; i++) {
		run.threads = i;
		text = summary(&plain, &run);
		for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
			assert_in_range(text_width(line, true), 0, 60);
		free(text);
	}
	text = summary(&plain, &run);
	for (const char *at = text; *at; at++)
		assert_in_range(*at, '\n', '~');
	assert_says(text, "hottest paths of worker [101]");
	free(text);
	sample_run_free(&run);
}

static struct call_row *made_row(const char *name, uint64_t calls, uint64_t ns, bool timed)
{
	struct call_row *row = calloc(1, sizeof(*row));

	row->name = strdup(name);
	row->module = strdup("/usr/lib/libz.so.1");
	row->calls = calls;
	row->primitive_calls = calls ? calls - 1 : 0;
	row->timed = timed;
	row->why_untimed = timed ? NULL : "it has no probe at its begin";
	row->returned = timed ? calls : 0;
	row->self_ns = row->cumulative_ns = row->max_ns = ns;
	return row;
}

static void sample_calls(struct profile_run *run)
{
	struct call_row *rows[] = {
		made_row("never", 0, 0, true), made_row("rare", 2, 500, true),
		made_row("often", 9, 1500, true), made_row("counted", 5, 0, false),
		made_row("leaver", 1, 0, true),
	};
	struct calls calls = { .rows = rows, .count = LENGTH(rows) };

	rows[4]->returned = 0; /* exit() is called in it */
	calls.counters[PPBPF_CALL_LOST_RETURNS] = 3;
	run->mode = MODE_CALLS;
	run->event = NULL;
	run->profiler = "ebpf-uprobe";
	assert_int_equal(profile_run__take_calls(run, &calls), 0);
	for (size_t i = 0; i < LENGTH(rows); i++)
		call_row__free(rows[i]);
}

static void free_calls(struct profile_run *run)
{
	struct report *report = (struct report *)run->report;

	profile_run__free(run);
	report__free(report);
}

static void calls_are_a_table_of_their_own(void **state)
{
	struct calls_totals totals;
	struct profile_run run;
	char *text, *rest;

	(void)state;
	sample_run(&run);
	sample_calls(&run);
	assert_int_equal(run.calls.count, 4);
	profile_run__calls_totals(&run, &totals);
	assert_int_equal(totals.calls, 17);
	assert_int_equal(totals.primitive_calls, 13);
	assert_int_equal(totals.self_ns, 2000);
	text = summary(&pipe_of_100, &run);
	/* most time first */
	rest = strstr(text, "often  libz.so.1");
	assert_non_null(rest);
	assert_says(rest, "rare  libz.so.1");
	assert_null(strstr(text, "never"));
	assert_says(text, "        5         4        -        -        -        -        -  counted");
	assert_says(text, "        1         0        -        -        -        -        -  leaver");
	assert_says(text, "17 calls · lost: calls_without_begin 3");
	free(text);
	free_calls(&run);
}

static cJSON *written(struct profile_run *run, const struct err *error)
{
	struct envelope envelope = { .success = !error, .duration = 2, .error = error };
	size_t length;
	char *text;
	FILE *file = open_memstream(&text, &length);
	cJSON *root;

	assert_int_equal(profile_json__write(file, run, &envelope), 0);
	fclose(file);
	root = cJSON_Parse(text);
	assert_non_null(root);
	free(text);
	return root;
}

static const cJSON *at(const cJSON *root, const char *path)
{
	char *copy = strdup(path), *rest, *part;

	for (part = strtok_r(copy, ".", &rest); part; part = strtok_r(NULL, ".", &rest)) {
		root = *part >= '0' && *part <= '9' ? cJSON_GetArrayItem(root, atoi(part)) :
						      cJSON_GetObjectItem(root, part);
		if (!root)
			fail_msg("%s: there is no %s", path, part);
	}
	free(copy);
	return root;
}

static void the_json_has_what_was_sampled(void **state)
{
	struct profile_run run;
	cJSON *root;

	(void)state;
	sample_run(&run);
	run.measured = true;
	run.top = 2;
	profile_stats__sort(&run.stats, BY_CUMULATIVE);
	root = written(&run, NULL);
	assert_int_equal(cJSON_GetArraySize(at(root, "data.top_functions")), 2);
	assert_string_equal(at(root, "data.top_functions.0.name")->valuestring, "main");
	assert_true(at(root, "data.top_functions.0.cumulative_time")->valuedouble == 4.1e-6);
	assert_true(at(root, "data.total_time")->valuedouble == 4.15e-6);
	assert_int_equal(at(root, "data.samples")->valuedouble, 70);
	assert_int_equal(at(root, "data.unwind.failed")->valuedouble, 5);
	assert_int_equal(at(root, "data.unwind_reasons.no unwind table")->valuedouble, 5);
	assert_true(cJSON_IsNull(at(root, "data.total_calls")));
	assert_true(cJSON_IsString(at(root, "metadata.unavailable.total_calls")));
	assert_true(cJSON_IsNull(at(root, "data.profile_file")));
	assert_string_equal(at(root, "metadata.mode")->valuestring, "wall");
	assert_int_equal(at(root, "metadata.frequency_hz")->valuedouble, 199);
	cJSON_Delete(root);
	sample_run_free(&run);
}

static void the_json_has_what_was_counted(void **state)
{
	struct profile_run run;
	cJSON *root;

	(void)state;
	sample_run(&run);
	sample_calls(&run);
	run.measured = true;
	root = written(&run, NULL);
	assert_int_equal(at(root, "data.total_calls")->valuedouble, 17);
	assert_int_equal(at(root, "data.top_functions.0.calls")->valuedouble, 9);
	assert_true(at(root, "data.top_functions.0.self_percent")->valuedouble == 75);
	assert_string_equal(at(root, "data.top_functions.0.module")->valuestring, "libz.so.1");
	assert_string_equal(at(root, "data.top_functions.2.name")->valuestring, "counted");
	assert_true(cJSON_IsNull(at(root, "data.top_functions.2.self_time")));
	assert_string_equal(at(root, "data.top_functions.3.name")->valuestring, "leaver");
	assert_true(cJSON_IsNull(at(root, "data.top_functions.3.per_call")));
	assert_true(cJSON_IsNull(at(root, "data.samples")));
	assert_true(cJSON_IsNull(at(root, "data.unwind")));
	assert_int_equal(at(root, "metadata.dropped.calls_without_begin")->valuedouble, 3);
	cJSON_Delete(root);
	free_calls(&run);
}

static void an_error_has_no_data(void **state)
{
	struct err error = { 0 };
	struct profile_run run;
	cJSON *root;

	(void)state;
	err__set(&error, ERR_NOT_FOUND, -1, "no process has the pid 7");
	sample_run(&run);
	root = written(&run, &error);
	assert_true(cJSON_IsNull(at(root, "data")));
	assert_string_equal(at(root, "error.code")->valuestring, "PROFILE_ERROR");
	assert_string_equal(at(root, "error.cause")->valuestring, "not_found");
	assert_true(cJSON_IsNull(at(root, "metadata.mode")));
	cJSON_Delete(root);
	sample_run_free(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_screen_has_functions_and_paths),
		cmocka_unit_test(nothing_is_wider_than_the_screen),
		cmocka_unit_test(calls_are_a_table_of_their_own),
		cmocka_unit_test(the_json_has_what_was_sampled),
		cmocka_unit_test(the_json_has_what_was_counted),
		cmocka_unit_test(an_error_has_no_data),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
