// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "unit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/compare.h"

#define LOCK (COMPONENT_BLOCKED + PPBPF_REASON_LOCK)
#define DISK (COMPONENT_BLOCKED + PPBPF_REASON_DISK)
#define SLEEP (COMPONENT_BLOCKED + PPBPF_REASON_SLEEP)
#define CHILD (COMPONENT_BLOCKED + PPBPF_REASON_CHILD)

/* What runs of a made-up benchmark take, in ms, each with 1 % of noise. */
struct recipe {
	double on_cpu, lock, disk, child, others, memory_mb;
	int runs;
};

static struct stats *stats;
static struct bench_results *files[2];

static int begin(void **state)
{
	(void)state;
	stats = stats__new();
	files[0] = bench_results__new();
	files[1] = bench_results__new();
	files[0]->release = strdup("v1");
	files[1]->release = strdup("v2");
	srand48(42);
	return stats ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	stats__free(stats);
	bench_results__free(files[0]);
	bench_results__free(files[1]);
	return 0;
}

static double noisy(double value)
{
	return value * (0.99 + 0.02 * drand48());
}

static void add_blame(struct bench_run *run, const char *comm, bool followed, double ms)
{
	run->blames = realloc(run->blames, (run->blame_count + 1) * sizeof(*run->blames));
	run->blames[run->blame_count] = (struct bench_blame){ .pid = 812, .cpu_ms = ms,
							      .followed = followed };
	snprintf(run->blames[run->blame_count++].comm, PPBPF_COMM_LEN, "%s", comm);
}

static struct bench_result *made(struct bench_results *file, const char *name,
				 const struct recipe *recipe)
{
	struct bench_result *result = bench_results__add(file, name);

	for (int i = 0; i < recipe->runs; i++) {
		struct bench_run run;

		bench_run__init(&run);
		for (int k = BENCH_TASK; k < BENCH_TIME_NR; k++)
			run.ms[k] = 0;
		run.ms[BENCH_ON_CPU] = noisy(recipe->on_cpu);
		run.ms[BENCH_BLOCKED + PPBPF_REASON_LOCK] = noisy(recipe->lock);
		run.ms[BENCH_BLOCKED + PPBPF_REASON_DISK] = noisy(recipe->disk);
		run.ms[BENCH_BLOCKED + PPBPF_REASON_CHILD] = noisy(recipe->child);
		run.ms[BENCH_RUN_QUEUE] = noisy(recipe->others);
		run.ms[BENCH_WALL] = run.ms[BENCH_ON_CPU] + run.ms[BENCH_RUN_QUEUE] +
				     run.ms[BENCH_BLOCKED + PPBPF_REASON_LOCK] +
				     run.ms[BENCH_BLOCKED + PPBPF_REASON_DISK];
		run.counts[BENCH_MEMORY_PEAK_BYTES] = noisy(recipe->memory_mb) * 1048576;
		run.blames_known = true;
		if (recipe->others > 0)
			add_blame(&run, "apt", false, recipe->others);
		bench_result__add_run(result, &run);
	}
	bench_result__summarize(result, 1);
	return result;
}

static const struct recipe plain = { .on_cpu = 50, .lock = 5, .disk = 5, .memory_mb = 100,
				     .runs = 20 };

static struct comparison compared(const struct recipe *before, const struct recipe *after,
				  enum compare_method method)
{
	const struct compare_options options = { .threshold = 0.05, .method = method };
	struct comparison c;
	const struct bench_result *baseline = made(files[0], "x", before);
	const struct bench_result *current = made(files[1], "x", after);

	assert_int_equal(compare_pair(stats, baseline, current, &options, &c), 0);
	/* the results may move when more are added, and are not needed any more */
	comparison__clear(&c);
	return c;
}

static void expect(const struct comparison *c, enum verdict verdict, int component,
		   const char *reason)
{
	if (c->verdict != verdict || (int)c->component != component || !strstr(c->reason, reason))
		fail_msg("%s by %s: %s (expected %s: %s)", verdict_name(c->verdict),
			 c->component < COMPONENT_NR ? component_name(c->component) : "nothing",
			 c->reason, verdict_name(verdict), reason);
}

static void the_same_is_unchanged(void **state)
{
	struct comparison c = compared(&plain, &plain, METHOD_INTERLEAVED);

	(void)state;
	expect(&c, VERDICT_UNCHANGED, COMPONENT_NR, "would have shown +");
	assert_int_equal(c.decider, COMPONENT_ON_CPU);
	assert_true(c.low_percent < c.shift_percent && c.shift_percent < c.high_percent);
	assert_true(c.smallest_percent >= 5 && c.smallest_percent < 6);
	assert_true(c.p >= 0.01);
}

static void each_component_is_named(void **state)
{
	static const struct {
		size_t field;
		double to;
		int component;
		const char *reason;
		double percent;		/* of the wall time of 60, but for the first and last */
	} cases[] = {
		{ offsetof(struct recipe, on_cpu), 55, COMPONENT_ON_CPU, "on CPU +", 10 },
		{ offsetof(struct recipe, lock), 10, LOCK, "lock +", 5.0 / 60 * 100 },
		{ offsetof(struct recipe, disk), 11, DISK, "disk +", 6.0 / 60 * 100 },
		{ offsetof(struct recipe, memory_mb), 110, COMPONENT_MEMORY, "memory +", 10 },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct recipe after = plain;
		struct comparison c;

		*(double *)((char *)&after + cases[i].field) = cases[i].to;
		c = compared(&plain, &after, METHOD_STORED);
		expect(&c, VERDICT_REGRESSION, cases[i].component, cases[i].reason);
		assert_true(fabs(c.shift_percent - cases[i].percent) < 1);
		assert_true(c.p < 0.01);
		assert_non_null(strstr(c.reason, "no interference"));
		c = compared(&after, &plain, METHOD_STORED);
		expect(&c, VERDICT_IMPROVEMENT, cases[i].component, "-");
	}
}

static void a_part_below_the_threshold_of_the_wall_time_does_not_count(void **state)
{
	struct recipe after = plain;
	struct comparison c;

	(void)state;
	after.lock = 7;		/* 40 % more, 3 % of the wall time */
	c = compared(&plain, &after, METHOD_INTERLEAVED);
	expect(&c, VERDICT_UNCHANGED, COMPONENT_NR, "");
}

static void two_components_are_named_together(void **state)
{
	struct recipe after = plain;
	struct comparison c;

	(void)state;
	after.on_cpu = 58;
	after.lock = 10;
	c = compared(&plain, &after, METHOD_INTERLEAVED);
	expect(&c, VERDICT_REGRESSION, COMPONENT_ON_CPU, "on CPU +");
	assert_non_null(strstr(c.reason, ", lock +"));
}

static void the_largest_part_is_named_first(void **state)
{
	struct recipe after = plain;
	struct comparison c;

	(void)state;
	/* reading takes CPU time, too */
	after.on_cpu = 54;
	after.disk = 15;
	c = compared(&plain, &after, METHOD_INTERLEAVED);
	expect(&c, VERDICT_REGRESSION, DISK, "disk +");
	assert_non_null(strstr(c.reason, ", on CPU +"));
	/* and so does filling memory */
	after = plain;
	after.on_cpu = 53.5;
	after.memory_mb = 120;
	c = compared(&plain, &after, METHOD_INTERLEAVED);
	expect(&c, VERDICT_REGRESSION, COMPONENT_MEMORY, "memory +");
	assert_non_null(strstr(c.reason, ", on CPU +"));
}

/* Whoever holds the lock sleeps 5 ms more; others wait for the lock for anything up to `spread`. */
static void sleep_more(struct bench_result *result, double ms, double spread)
{
	for (size_t i = 0; i < result->run_count; i++) {
		result->runs[i].ms[BENCH_BLOCKED + PPBPF_REASON_SLEEP] = noisy(ms);
		result->runs[i].ms[BENCH_BLOCKED + PPBPF_REASON_LOCK] = 1 + spread * drand48();
	}
}

static void a_lock_that_cannot_be_told_is_not_excluded(void **state)
{
	static const struct {
		double spread;
		bool told;
	} cases[] = { { 40, true }, { 0.5, false } };
	const struct compare_options options = { .threshold = 0.05, .method = METHOD_INTERLEAVED };
	const struct recipe recipe = { .on_cpu = 30, .memory_mb = 100, .runs = 10 };
	struct bench_result *baseline, *current;
	struct comparison c;

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		baseline = made(files[0], "x", &recipe);
		current = made(files[1], "x", &recipe);
		sleep_more(baseline, 5, cases[i].spread);
		sleep_more(current, 10, cases[i].spread);
		assert_int_equal(compare_pair(stats, baseline, current, &options, &c), 0);
		expect(&c, VERDICT_REGRESSION, SLEEP, "sleep +");
		assert_int_equal(strstr(c.reason, "perhaps with a lock held") != NULL, cases[i].told);
		comparison__clear(&c);
	}
}

static void a_neighbour_is_no_regression(void **state)
{
	struct recipe after = plain;
	struct comparison c;

	(void)state;
	after.others = 20;
	after.lock = 15;	/* whoever holds it waits for a CPU */
	after.on_cpu = 55;	/* the cache is shared */
	c = compared(&plain, &after, METHOD_STORED);
	expect(&c, VERDICT_INCONCLUSIVE, COMPONENT_NR, "apt [812] ran in 20 of 20 runs");
	/* its own, as no neighbour does that */
	after.on_cpu = 80;
	c = compared(&plain, &after, METHOD_STORED);
	expect(&c, VERDICT_REGRESSION, COMPONENT_ON_CPU, "apt [812] ran in 20 of 20 runs");
	/* memory is not taken by who has the CPU */
	after = plain;
	after.others = 20;
	after.memory_mb = 120;
	c = compared(&plain, &after, METHOD_STORED);
	expect(&c, VERDICT_REGRESSION, COMPONENT_MEMORY, "memory +");
	/* a neighbour of both is none of the difference */
	after = plain;
	after.others = 20;
	c = compared(&after, &after, METHOD_INTERLEAVED);
	expect(&c, VERDICT_UNCHANGED, COMPONENT_NR, "");
}

static void a_calmer_machine_is_no_improvement(void **state)
{
	struct recipe before = plain;
	struct comparison c;

	(void)state;
	before.others = 20;
	before.on_cpu = 55;
	before.lock = 15;
	c = compared(&before, &plain, METHOD_STORED);
	expect(&c, VERDICT_UNCHANGED, COMPONENT_NR, "");
}

static void waiting_for_a_child_is_told_by_what_the_child_does(void **state)
{
	struct recipe before = plain, after = plain;
	struct comparison c;

	(void)state;
	before.child = 50;
	after.child = 80;
	c = compared(&before, &after, METHOD_INTERLEAVED);
	expect(&c, VERDICT_UNCHANGED, COMPONENT_NR, "");
	assert_true(c.changes[CHILD].known && !c.changes[CHILD].counts);
}

/* Twice the wall time with all parts as they were: what ran side by side does no more. */
static void less_in_parallel_is_a_regression(void **state)
{
	struct bench_result *before = made(files[0], "x", &plain), *after = made(files[1], "x",
										 &plain);
	const struct compare_options options = { .threshold = 0.05 };
	struct comparison c;

	(void)state;
	for (size_t i = 0; i < after->run_count; i++)
		after->runs[i].ms[BENCH_WALL] *= 2;
	assert_int_equal(compare_pair(stats, before, after, &options, &c), 0);
	expect(&c, VERDICT_REGRESSION, COMPONENT_ELAPSED, "elapsed +");
	comparison__clear(&c);
}

static void own_processes_are_no_neighbours(void **state)
{
	struct recipe recipe = plain;
	struct bench_result *before, *after;
	const struct compare_options options = { .threshold = 0.05 };
	struct comparison c;

	(void)state;
	before = made(files[0], "x", &plain);
	recipe.others = 20;
	after = made(files[1], "x", &recipe);
	for (size_t i = 0; i < after->run_count; i++) {
		after->runs[i].blames[0].followed = true;
		after->runs[i].blames[0].cpu_ms = after->runs[i].ms[BENCH_RUN_QUEUE];
	}
	assert_int_equal(compare_pair(stats, before, after, &options, &c), 0);
	/* its own processes take the CPU from each other, and it takes longer for it */
	expect(&c, VERDICT_REGRESSION, COMPONENT_ELAPSED, "elapsed +");
	comparison__clear(&c);
}

static void few_runs_establish_nothing(void **state)
{
	struct recipe few = plain, slow = plain;
	struct comparison c;

	(void)state;
	few.runs = 4;
	slow.runs = 4;
	slow.on_cpu = 100;
	c = compared(&few, &slow, METHOD_INTERLEAVED);
	expect(&c, VERDICT_INCONCLUSIVE, COMPONENT_NR,
	       "4 runs cannot establish a change: it takes 5 of each");
	few.runs = slow.runs = 5;
	c = compared(&few, &slow, METHOD_INTERLEAVED);
	expect(&c, VERDICT_REGRESSION, COMPONENT_ON_CPU, "on CPU +");
}

static void looks_ask_for_more(void **state)
{
	struct bench_result *before = made(files[0], "x", &plain), *after;
	const struct compare_options options = { .threshold = 0.05 };
	struct recipe slow = plain;
	struct comparison c;

	(void)state;
	slow.on_cpu = 55;
	after = made(files[1], "x", &slow);
	after->topped_up = true;
	assert_int_equal(compare_pair(stats, before, after, &options, &c), 0);
	assert_true(c.level == COMPARE_LEVEL_LOOK);
	assert_false(comparison__is_open(&c));
	comparison__clear(&c);
	assert_int_equal(compare_next_look(0), 10);
	assert_int_equal(compare_next_look(10), 20);
	assert_int_equal(compare_next_look(20), 30);
	assert_int_equal(compare_next_look(30), 60);
	assert_int_equal(compare_next_look(60), 0);
}

static void runs_without_a_split_are_judged_by_wall_time(void **state)
{
	struct recipe slow = plain;
	struct bench_result *before = made(files[0], "x", &plain), *after;
	const struct compare_options options = { .threshold = 0.05 };
	struct comparison c;

	(void)state;
	slow.on_cpu = 60;
	after = made(files[1], "x", &slow);
	for (size_t i = 0; i < after->run_count; i++)
		for (int k = BENCH_TASK; k < BENCH_TIME_NR; k++)
			after->runs[i].ms[k] = NAN;
	assert_int_equal(compare_pair(stats, before, after, &options, &c), 0);
	expect(&c, VERDICT_REGRESSION, COMPONENT_ELAPSED, "elapsed +");
	comparison__clear(&c);
}

static void add_average(struct bench_results *file, const char *name, double ms, double threshold)
{
	struct bench_result *result = bench_results__add(file, name);

	result->avg_ms = ms;
	result->threshold = threshold;
	if (isnan(ms))
		result->failure = strdup("exit status 1");
}

static void averages_are_compared_plainly(void **state)
{
	static const struct {
		double before, after, threshold;
		enum verdict verdict;
	} cases[] = {
		{ 100, 105, NAN, VERDICT_UNCHANGED },	/* not above */
		{ 1.0, 1.05, NAN, VERDICT_UNCHANGED },
		{ 100, 105.1, NAN, VERDICT_REGRESSION },
		{ 100, 94.9, NAN, VERDICT_IMPROVEMENT },
		{ 100, 95, NAN, VERDICT_UNCHANGED },
		{ 100, 120, 0.3, VERDICT_UNCHANGED },
		{ 100, 102, 0.01, VERDICT_REGRESSION },
		{ 0, 5, NAN, VERDICT_INCONCLUSIVE },
		{ 100, NAN, NAN, VERDICT_INCONCLUSIVE },
	};
	struct compare_report *report;
	char name[8];

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		snprintf(name, sizeof(name), "%zu", i);
		add_average(files[0], name, cases[i].before, NAN);
		add_average(files[1], name, cases[i].after, cases[i].threshold);
	}
	add_average(files[0], "gone", 1, NAN);
	add_average(files[1], "added", 1, NAN);
	report = compare_report__new(files[0], files[1], 0.05);
	assert_int_equal(report->count, LENGTH(cases));
	for (size_t i = 0; i < LENGTH(cases); i++) {
		assert_int_equal(report->comparisons[i].verdict, cases[i].verdict);
		assert_int_equal(report->comparisons[i].method, METHOD_AVERAGES);
		assert_true(isnan(report->comparisons[i].p));
	}
	assert_string_equal(report->comparisons[8].reason, "it failed: exit status 1");
	assert_int_equal(report->by_verdict[VERDICT_REGRESSION], 2);
	assert_int_equal(report->missing_count, 1);
	assert_string_equal(report->missing[0]->name, "gone");
	assert_int_equal(report->added_count, 1);
	assert_string_equal(report->added[0]->name, "added");
	/* the mean of those that are known */
	assert_true(fabs(report->overall_change_percent -
			 (5 + 5 + 5.1 - 5.1 - 5 + 20 + 2) / 7) < 1e-9);
	assert_int_equal(report->warning_count, 1);
	compare_report__free(report);
}

static void benchmarks_match_by_name_and_parameters(void **state)
{
	struct compare_report *report;

	(void)state;
	for (int i = 0; i < 2; i++) {
		add_average(files[i], "x", i ? 2 : 1, NAN);
		bench_result__add_parameter(&files[i]->results[0], "size", "1");
		bench_result__add_parameter(&files[i]->results[0], "level", i ? "6" : "9");
		add_average(files[i], "x", 1, NAN);
		bench_result__add_parameter(&files[i]->results[1], i ? "b" : "a", "2");
		bench_result__add_parameter(&files[i]->results[1], i ? "a" : "b", "2");
	}
	report = compare_report__new(files[0], files[1], 0.05);
	assert_int_equal(report->count, 1);
	assert_string_equal(report->comparisons[0].title, "x a=2 b=2");
	assert_int_equal(report->missing_count, 1);
	assert_int_equal(report->added_count, 1);
	compare_report__free(report);
}

/* Two of a name in one file: nobody can tell which is which, but the answer is always the same. */
static void twins_are_warned_of(void **state)
{
	struct compare_report *report;

	(void)state;
	add_average(files[0], "x", 10, NAN);
	add_average(files[0], "x", 20, NAN);
	add_average(files[0], "y", 1, NAN);
	add_average(files[1], "x", 10, NAN);
	report = compare_report__new(files[0], files[1], 0.05);
	assert_int_equal(report->comparisons[0].verdict, VERDICT_UNCHANGED);
	assert_string_equal(report->warnings[0], "the results of v1 hold \"x\" more than once: of a "
			    "baseline the first counts");
	compare_report__free(report);
}

static void other_machines_are_warned_of(void **state)
{
	struct compare_report *report;

	(void)state;
	made(files[0], "x", &plain);
	made(files[1], "x", &plain);
	for (int i = 0; i < 2; i++) {
		files[i]->environment_known = true;
		files[i]->environment.kernel = strdup(i ? "6.18" : "6.1");
		files[i]->environment.host = strdup("same");
		files[i]->environment.cpus = 2;
		files[i]->environment.load[0] = 3 * i;
	}
	report = compare_report__new(files[0], files[1], 0.05);
	assert_int_equal(report->method, METHOD_STORED);
	assert_int_equal(report->warning_count, 3);
	assert_string_equal(report->warnings[1], "another kernel: 6.18, the baseline's was 6.1");
	assert_string_equal(report->warnings[2], "another load: 3.00, the baseline's was 0.00");
	compare_report__free(report);
	files[0]->session = strdup("s");
	files[1]->session = strdup("s");
	report = compare_report__new(files[0], files[1], 0.05);
	assert_int_equal(report->method, METHOD_INTERLEAVED);
	assert_int_equal(report->warning_count, 0);
	compare_report__free(report);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_same_is_unchanged),
		TEST(each_component_is_named),
		TEST(a_part_below_the_threshold_of_the_wall_time_does_not_count),
		TEST(two_components_are_named_together),
		TEST(the_largest_part_is_named_first),
		TEST(a_lock_that_cannot_be_told_is_not_excluded),
		TEST(a_neighbour_is_no_regression),
		TEST(a_calmer_machine_is_no_improvement),
		TEST(waiting_for_a_child_is_told_by_what_the_child_does),
		TEST(less_in_parallel_is_a_regression),
		TEST(own_processes_are_no_neighbours),
		TEST(few_runs_establish_nothing),
		TEST(looks_ask_for_more),
		TEST(runs_without_a_split_are_judged_by_wall_time),
		TEST(averages_are_compared_plainly),
		TEST(benchmarks_match_by_name_and_parameters),
		TEST(twins_are_warned_of),
		TEST(other_machines_are_warned_of),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
