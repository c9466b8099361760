// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/* The files of a profile, read back: by cJSON, zlib and protobuf-c. */
#include "unit.h"

#include <cjson/cJSON.h>
#include <zlib.h>

#include "profile_sample.h"

#include "proto/pprof.pb-c.h"
#include "sink/profile_folded.h"
#include "sink/profile_pprof.h"
#include "sink/profile_speedscope.h"

static char *written(int (*write)(FILE *out, const struct profile_run *run),
		     const struct profile_run *run, size_t *length)
{
	char *text;
	FILE *file = open_memstream(&text, length);

	assert_int_equal(write(file, run), 0);
	assert_int_equal(fclose(file), 0);
	return text;
}

static void folded_stacks_are_lines(void **state)
{
	struct profile_run run;
	size_t length;
	char *text;

	(void)state;
	sample_run(&run);
	text = written(profile_folded__write, &run, &length);
	/* microseconds, whose sum is that of all times: 0.3 + 0.2 + 0.1 + 0.05 + 3 + 0.5 */
	assert_string_equal(text, "app;main;deflate;schedule;[waiting: lock] 3\n"
				  "db;main;schedule;[waiting for a CPU] 1\n");
	free(text);
	run.mode = MODE_ON_CPU;
	text = written(profile_folded__write, &run, &length);
	assert_string_equal(text, "app;main;work;work;deflate 30\n"
				  "app;main;work;shop::sum<int:> 20\n"
				  "app;main;Report.render (report.py);deflate;vfs_read 10\n"
				  "app;[incomplete];</script>&<b>;work 5\n"
				  "app;main;deflate;schedule;[waiting: lock] 3\n"
				  "db;main;schedule;[waiting for a CPU] 2\n");
	free(text);
	run.threads = true;
	text = written(profile_folded__write, &run, &length);
	assert_non_null(strstr(text, "\nworker [101];[incomplete];</script>&<b>;work 5\n"));
	free(text);
	sample_run_free(&run);
}

static double number(const cJSON *object, const char *key)
{
	const cJSON *item = cJSON_GetObjectItem(object, key);

	assert_true(cJSON_IsNumber(item));
	return item->valuedouble;
}

static const char *string(const cJSON *object, const char *key)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItem(object, key));

	assert_non_null(text);
	return text;
}

static void check_part(const cJSON *part, const cJSON *frames, double total)
{
	const cJSON *samples = cJSON_GetObjectItem(part, "samples"), *sample, *frame;
	const cJSON *weights = cJSON_GetObjectItem(part, "weights"), *weight;
	double sum = 0;

	assert_string_equal(string(part, "type"), "sampled");
	assert_string_equal(string(part, "unit"), "nanoseconds");
	assert_int_equal(cJSON_GetArraySize(samples), cJSON_GetArraySize(weights));
	cJSON_ArrayForEach(weight, weights)
		sum += weight->valuedouble;
	assert_true(sum == total);
	assert_true(number(part, "endValue") == total);
	cJSON_ArrayForEach(sample, samples)
		cJSON_ArrayForEach(frame, sample)
			assert_true(frame->valuedouble < cJSON_GetArraySize(frames));
}

static void speedscope_gets_two_profiles(void **state)
{
	const cJSON *frames, *parts, *sample;
	struct profile_run run;
	size_t length;
	cJSON *root;
	char *text;

	(void)state;
	sample_run(&run);
	text = written(profile_speedscope__write, &run, &length);
	root = cJSON_Parse(text);
	assert_non_null(root);
	assert_string_equal(string(root, "$schema"),
			    "https://www.speedscope.app/file-format-schema.json");
	frames = cJSON_GetObjectItem(cJSON_GetObjectItem(root, "shared"), "frames");
	parts = cJSON_GetObjectItem(root, "profiles");
	assert_int_equal(cJSON_GetArraySize(parts), 2);
	assert_string_equal(string(cJSON_GetArrayItem(parts, 0), "name"), "./app --fast, on CPU");
	check_part(cJSON_GetArrayItem(parts, 0), frames, 650);
	check_part(cJSON_GetArrayItem(parts, 1), frames, 3500);
	sample = cJSON_GetArrayItem(cJSON_GetObjectItem(cJSON_GetArrayItem(parts, 0), "samples"), 2);
	assert_int_equal(cJSON_GetArraySize(sample), 5);
	sample = cJSON_GetArrayItem(frames, cJSON_GetArrayItem(sample, 2)->valuedouble);
	assert_string_equal(string(sample, "name"), "Report.render");
	assert_string_equal(string(sample, "file"), "/srv/report.py");
	assert_true(number(sample, "line") == 212);
	cJSON_Delete(root);
	free(text);
	run.threads = true;
	text = written(profile_speedscope__write, &run, &length);
	root = cJSON_Parse(text);
	parts = cJSON_GetObjectItem(root, "profiles");
	assert_int_equal(cJSON_GetArraySize(parts), 4);
	assert_string_equal(string(cJSON_GetArrayItem(parts, 1), "name"), "worker [101], on CPU");
	cJSON_Delete(root);
	free(text);
	sample_run_free(&run);
}

static Pprof__Profile *read_pprof(const struct profile_run *run)
{
	static uint8_t plain[65536];
	size_t length;
	char *packed = written(profile_pprof__write, run, &length);
	z_stream stream = { .next_in = (uint8_t *)packed, .avail_in = length,
			    .next_out = plain, .avail_out = sizeof(plain) };
	Pprof__Profile *profile;

	assert_int_equal(inflateInit2(&stream, 15 + 16), Z_OK);
	assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
	inflateEnd(&stream);
	free(packed);
	profile = pprof__profile__unpack(NULL, stream.total_out, plain);
	assert_non_null(profile);
	return profile;
}

static void pprof_has_values_by_mode(void **state)
{
	static const struct {
		enum profile_mode mode;
		size_t types;
		int64_t last_sum;
	} cases[] = { { MODE_ON_CPU, 2, 4150 }, { MODE_OFF_CPU, 2, 4150 }, { MODE_WALL, 5, 4150 } };
	struct profile_run run;

	(void)state;
	sample_run(&run);
	for (size_t i = 0; i < LENGTH(cases); i++) {
		Pprof__Profile *profile;
		int64_t sum = 0;

		run.mode = cases[i].mode;
		profile = read_pprof(&run);
		assert_int_equal(profile->n_sample_type, cases[i].types);
		assert_int_equal(profile->default_sample_type,
				 profile->sample_type[cases[i].types - 1]->type);
		for (size_t n = 0; n < profile->n_sample; n++) {
			assert_int_equal(profile->sample[n]->n_value, cases[i].types);
			sum += profile->sample[n]->value[cases[i].types - 1];
		}
		assert_int_equal(sum, cases[i].last_sum);
		pprof__profile__free_unpacked(profile, NULL);
	}
	sample_run_free(&run);
}

static void pprof_names_what_it_has(void **state)
{
	struct profile_run run;
	Pprof__Profile *profile;
	Pprof__Location *location;
	Pprof__Function *function;
	Pprof__Sample *sample;

	(void)state;
	sample_run(&run);
	profile = read_pprof(&run);
	assert_string_equal(profile->string_table[0], "");
	assert_int_equal(profile->n_sample, 6);
	assert_int_equal(profile->n_function, F_NR);
	assert_int_equal(profile->n_mapping, 5);
	assert_string_equal(profile->string_table[profile->mapping[0]->filename], "/usr/bin/app");
	assert_string_equal(profile->string_table[profile->mapping[0]->build_id], "ab01");
	assert_int_equal(profile->mapping[0]->id, 4); /* the program stands first */
	sample = profile->sample[1];
	assert_int_equal(sample->n_location_id, 2);
	location = profile->location[sample->location_id[0] - 1];
	assert_int_equal(location->mapping_id, 4);
	assert_int_equal(location->n_line, 2);
	function = profile->function[location->line[0]->function_id - 1];
	assert_string_equal(profile->string_table[function->name], "shop::sum<int;>");
	assert_string_equal(profile->string_table[function->filename], "/src/sum.h");
	assert_int_equal(location->line[1]->line, 25);
	sample = profile->sample[4];
	assert_int_equal(sample->value[0], 0);
	assert_int_equal(sample->value[2], 3);
	assert_int_equal(sample->n_label, 5);
	assert_string_equal(profile->string_table[sample->label[4]->str], "lock");
	assert_int_equal(sample->label[3]->num, 101);
	assert_int_equal(profile->time_nanos, 1795412714000000000LL);
	assert_int_equal(profile->duration_nanos, 1500000000);
	assert_int_equal(profile->period, 1000000000 / 199);
	pprof__profile__free_unpacked(profile, NULL);
	sample_run_free(&run);
}

static void a_full_disk_is_told(void **state)
{
	static int (*const sinks[])(FILE *out, const struct profile_run *run) = {
		profile_folded__write, profile_speedscope__write, profile_pprof__write,
	};
	struct profile_run run;

	(void)state;
	sample_run(&run);
	for (size_t i = 0; i < LENGTH(sinks); i++) {
		FILE *full = fopen("/dev/full", "w");

		setbuf(full, NULL);
		assert_true(sinks[i](full, &run) < 0);
		fclose(full);
	}
	sample_run_free(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(folded_stacks_are_lines),
		cmocka_unit_test(speedscope_gets_two_profiles),
		cmocka_unit_test(pprof_has_values_by_mode),
		cmocka_unit_test(pprof_names_what_it_has),
		cmocka_unit_test(a_full_disk_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
