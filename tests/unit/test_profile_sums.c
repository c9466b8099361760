// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/* Time by function, and the paths and trees that pictures are drawn from. */
#include "unit.h"

#include "profile_sample.h"

#include "model/profile_paths.h"
#include "model/profile_tree.h"

static const struct profile_total *total_of(const struct profile_stats *stats, uint32_t function)
{
	for (size_t i = 0; i < stats->function_count; i++)
		if (stats->functions[i].function == function)
			return &stats->functions[i];
	return NULL;
}

static void time_is_summed_by_function(void **state)
{
	static const struct {
		uint64_t self, cumulative;
	} wanted[F_NR] = {
		[F_MAIN] = { 0, 4100 },
		[F_WORK] = { 50, 550 },		/* once a stack, though it calls itself */
		[F_DEFLATE] = { 300, 3400 },
		[F_SUM] = { 200, 200 },
		[F_RENDER] = { 0, 100 },
		[F_VFS_READ] = { 100, 100 },
		[F_JITTED] = { 0, 50 },
		[F_SCHEDULE] = { 3500, 3500 },
	};
	struct profile_run run;
	uint64_t self = 0;

	(void)state;
	sample_run(&run);
	for (int i = 0; i < F_NR; i++) {
		const struct profile_total *total = total_of(&run.stats, i);

		assert_non_null(total);
		assert_int_equal(total->self_ns, wanted[i].self);
		assert_int_equal(total->cumulative_ns, wanted[i].cumulative);
		self += total->self_ns;
	}
	assert_int_equal(run.stats.total_ns, 4150);
	assert_int_equal(self, run.stats.total_ns);
	assert_int_equal(run.stats.total_count, 70);
	assert_int_equal(run.stats.ns[SAMPLE_ON_CPU], 650);
	assert_int_equal(run.stats.count[SAMPLE_OFF_CPU], 5);
	assert_int_equal(run.stats.reason_ns[PPBPF_REASON_LOCK], 3000);
	assert_int_equal(run.stats.reason_ns[PPBPF_REASON_RUN_QUEUE], 500);
	sample_run_free(&run);
}

static void most_comes_first(void **state)
{
	struct profile_run run;

	(void)state;
	sample_run(&run);
	profile_stats__sort(&run.stats, BY_CUMULATIVE);
	assert_int_equal(run.stats.functions[0].function, F_MAIN);
	assert_int_equal(run.stats.functions[1].function, F_SCHEDULE);
	assert_int_equal(run.stats.functions[2].function, F_DEFLATE);
	/* 100 ns both: the one that ran itself */
	assert_int_equal(run.stats.functions[5].function, F_VFS_READ);
	assert_int_equal(run.stats.functions[6].function, F_RENDER);
	profile_stats__sort(&run.stats, BY_SELF);
	assert_int_equal(run.stats.functions[0].function, F_SCHEDULE);
	assert_int_equal(run.stats.functions[1].function, F_DEFLATE);
	assert_int_equal(run.stats.functions[2].function, F_SUM);
	sample_run_free(&run);
}

static void a_profile_without_samples_has_no_times(void **state)
{
	struct profile *p = profile__new();
	struct profile_stats stats;

	(void)state;
	assert_int_equal(profile_stats__make(&stats, p), 0);
	profile_stats__sort(&stats, BY_SELF);
	assert_int_equal(stats.function_count, 0);
	assert_int_equal(stats.total_ns, 0);
	profile_stats__free(&stats);
	profile__free(p);
}

static void text_of(char *text, size_t size, const struct paths *paths, const struct path *path)
{
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < path->count; i++)
		used += snprintf(text + used, size - used, "%s%s", i ? ";" : "",
				 paths__step(paths, path->steps[i])->name);
}

static void paths_go_from_the_root_to_the_leaf(void **state)
{
	static const char *const wanted[] = {
		"app;main;work;work;deflate", "app;main;work;shop::sum<int;>",
		"app;main;Report.render;deflate;vfs_read", "app;[incomplete];</script>&<b>;work",
		"app;main;deflate;schedule;[waiting: lock]", "db;main;schedule;[waiting for a CPU]",
	};
	struct profile *p = sample_profile();
	struct paths *paths = paths__new(p, PATHS_PROCESS);
	struct path path;
	char text[200];

	(void)state;
	assert_true(profile__has_processes(p));
	assert_int_equal(paths__count(paths), LENGTH(wanted));
	for (size_t i = 0; i < LENGTH(wanted); i++) {
		paths__at(paths, i, &path);
		text_of(text, sizeof(text), paths, &path);
		assert_string_equal(text, wanted[i]);
		assert_int_equal(path.thread, 0);
	}
	assert_int_equal(path.samples, 2);
	assert_int_equal(path.ns, 500);
	paths__free(paths);
	paths__free(NULL);
	profile__free(p);
}

static void samples_that_differ_in_addresses_are_one_path(void **state)
{
	struct profile *p = sample_profile();
	struct profile_line line = { F_MAIN, 11 };
	struct frame frame = { .kind = FRAME_NATIVE, .address = 0x3000 };
	struct profile_sample sample = { .count = 1, .ns = 1 };
	struct paths *paths;
	struct path path;

	(void)state;
	for (int thread = 0; thread < 2; thread++) {
		for (int i = 0; i < 3; i++) {
			frame.address++;
			sample.stack = profile__stack(p, &frame, 1, STACK_COMPLETE, NULL);
			sample.thread = thread;
			assert_int_equal(profile__sample(p, &sample), 0);
			profile__name(p, profile__frame_count(p) - 1, &line, 1);
		}
	}
	paths = paths__new(p, 0);
	paths__at(paths, paths__count(paths) - 1, &path);
	assert_int_equal(path.count, 1);
	assert_int_equal(path.samples, 6);
	paths__free(paths);
	paths = paths__new(p, PATHS_APART);
	paths__at(paths, paths__count(paths) - 1, &path);
	assert_int_equal(path.samples, 3);
	assert_int_equal(path.thread, 1);
	paths__free(paths);
	paths = paths__new(p, PATHS_THREAD);
	paths__at(paths, paths__count(paths) - 1, &path);
	assert_string_equal(paths__step(paths, path.steps[0])->name, "worker [101]");
	paths__free(paths);
	profile__free(p);
}

static void a_tree_adds_up(void **state)
{
	struct profile *p = sample_profile();
	struct paths *paths = paths__new(p, PATHS_PROCESS | PATHS_APART);
	struct tree *tree = tree__new(paths, -1);
	const struct tree_node *root = tree__node(tree, 0), *node;

	(void)state;
	assert_int_equal(root->total_ns, 4150);
	assert_int_equal(root->self_ns, 0);
	assert_int_equal(root->samples, 70);
	for (size_t i = 0; i < tree__count(tree); i++) {
		uint64_t sum = tree__node(tree, i)->self_ns, before = UINT64_MAX;

		for (uint32_t at = tree__node(tree, i)->child; at != TREE_NONE; at = node->next) {
			node = tree__node(tree, at);
			assert_int_equal(node->parent, i);
			assert_true(node->total_ns <= before);
			before = node->total_ns;
			sum += node->total_ns;
		}
		assert_int_equal(sum, tree__node(tree, i)->total_ns);
	}
	node = tree__node(tree, root->child);
	assert_string_equal(paths__step(paths, node->step)->name, "app");
	assert_int_equal(node->total_ns, 3650);
	assert_int_equal(tree__node(tree, node->next)->total_ns, 500);
	assert_int_equal(tree__node(tree, tree__end(tree, 0))->self_ns, 300);
	tree__free(tree);
	tree = tree__new(paths, 1);
	assert_int_equal(tree__node(tree, 0)->total_ns, 3050);
	assert_int_equal(tree__end(tree, 0), TREE_NONE);
	tree__free(tree);
	tree__free(NULL);
	paths__free(paths);
	profile__free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(time_is_summed_by_function),
		cmocka_unit_test(most_comes_first),
		cmocka_unit_test(a_profile_without_samples_has_no_times),
		cmocka_unit_test(paths_go_from_the_root_to_the_leaf),
		cmocka_unit_test(samples_that_differ_in_addresses_are_one_path),
		cmocka_unit_test(a_tree_adds_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
