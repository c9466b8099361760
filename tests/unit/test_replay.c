// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/*
 * Recorded runs, compared again and again: how often is a change seen that is none, and
 * how often is a true one found? In tests/statistics, four sessions on a noisy machine, of
 * 220 rounds each: gzip of a file (command 0), of another one of the same size (1), and of
 * one 5 % larger (2, measured +4.6 to +5.0 % on CPU), in random order. A line: round,
 * command, and in us wall time, time on the CPU, and time that it waited for one.
 */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "model/compare.h"

enum { ROUNDS = 220, COMMANDS = 3 };

static const char *const sessions[] = {
	"gzip-ambient", "gzip-burst", "gzip-quiet", "gzip-steady",
};

static double recorded[LENGTH(sessions)][COMMANDS][ROUNDS][3];	/* ms */
static struct stats *stats;

static int load(void **state)
{
	char path[100];
	int round, command, us[3], lines;

	(void)state;
	for (size_t i = 0; i < LENGTH(sessions); i++) {
		FILE *file;

		snprintf(path, sizeof(path), "tests/statistics/%s.csv", sessions[i]);
		file = fopen(path, "r");
		if (!file)
			return -1;
		for (lines = 0; fscanf(file, "%d,%d,%d,%d,%d\n", &round, &command, &us[0], &us[1],
				       &us[2]) == 5; lines++)
			for (int k = 0; k < 3; k++)
				recorded[i][command][round][k] = us[k] / 1000.0;
		fclose(file);
		if (lines != ROUNDS * COMMANDS)
			return -1;
	}
	stats = stats__new();
	return stats ? 0 : -1;
}

static int unload(void **state)
{
	(void)state;
	stats__free(stats);
	return 0;
}

/* The runs of a command in `count` rounds from one on, each slowed down by a factor. */
static struct bench_result *runs_of(struct bench_results *results, int session, int command,
				    int first, int count, double factor)
{
	struct bench_result *result = bench_results__add(results, "gzip");

	for (int i = 0; i < count; i++) {
		const double *ms = recorded[session][command][(first + i) % ROUNDS];
		struct bench_run run;

		bench_run__init(&run);
		run.ms[BENCH_WALL] = ms[0] + ms[1] * (factor - 1);
		run.ms[BENCH_ON_CPU] = ms[1] * factor;
		run.ms[BENCH_RUN_QUEUE] = ms[2];
		bench_result__add_run(result, &run);
	}
	bench_result__summarize(result, 1);
	return result;
}

struct trial {
	int session, baseline, current, first;
	int other;		/* session of the current runs; -1: the same, in turns */
	double threshold, factor;
};

static enum verdict compare_at(const struct trial *trial, int runs, double level)
{
	struct bench_results *a = bench_results__new(), *b = bench_results__new();
	const struct compare_options options = { .threshold = trial->threshold, .level = level,
						 .method = trial->other < 0 ?
							 METHOD_INTERLEAVED : METHOD_STORED };
	struct bench_result *baseline, *current;
	struct comparison comparison;
	enum verdict verdict;

	baseline = runs_of(a, trial->session, trial->baseline, trial->first, runs, 1);
	current = runs_of(b, trial->other < 0 ? trial->session : trial->other, trial->current,
			  trial->first, runs, trial->factor);
	assert_int_equal(compare_pair(stats, baseline, current, &options, &comparison), 0);
	verdict = comparison.verdict;
	comparison__clear(&comparison);
	bench_results__free(a);
	bench_results__free(b);
	return verdict;
}

/* As ppbpf bench does it: more runs while the answer is open. */
static enum verdict top_up(const struct trial *trial)
{
	enum verdict verdict = VERDICT_INCONCLUSIVE;
	size_t runs = 0;

	while (verdict == VERDICT_INCONCLUSIVE && (runs = compare_next_look(runs)))
		verdict = compare_at(trial, (int)runs, COMPARE_LEVEL_LOOK);
	return verdict;
}

struct rates {
	int trials, by_verdict[VERDICT_NR];
};

/* Over all sessions and windows; both commands without a change against each other, too. */
static struct rates replay(double threshold, double factor, int current, int runs)
{
	struct rates rates = { 0 };

	for (size_t session = 0; session < LENGTH(sessions); session++)
		for (int first = 0; first < ROUNDS; first += 5) {
			struct trial trial = {
				.session = session, .baseline = first % 2, .first = first,
				.current = current < 0 ? !(first % 2) : current,
				.other = -1, .threshold = threshold, .factor = factor,
			};

			rates.trials++;
			rates.by_verdict[runs ? compare_at(&trial, runs, COMPARE_LEVEL) :
						top_up(&trial)]++;
		}
	print_message("# threshold %.1f %%, %s, %s%d: of %d %d regressions, %d improvements, "
		      "%d unchanged, %d inconclusive\n", 100 * threshold,
		      current == 2 ? "5 % slower" : factor > 1 ? "made slower" : "no change",
		      runs ? "runs " : "topped up ", runs, rates.trials,
		      rates.by_verdict[VERDICT_REGRESSION], rates.by_verdict[VERDICT_IMPROVEMENT],
		      rates.by_verdict[VERDICT_UNCHANGED], rates.by_verdict[VERDICT_INCONCLUSIVE]);
	return rates;
}

static void the_same_is_no_regression(void **state)
{
	static const double thresholds[] = { 0.025, 0.05 };

	(void)state;
	for (size_t i = 0; i < LENGTH(thresholds); i++) {
		static const int runs[] = { 0, 20, 30, 60 };

		for (size_t j = 0; j < LENGTH(runs); j++) {
			struct rates rates = replay(thresholds[i], 1, -1, runs[j]);

			/* at most 1 % */
			assert_true(rates.by_verdict[VERDICT_REGRESSION] * 100 <= rates.trials);
			assert_true(rates.by_verdict[VERDICT_IMPROVEMENT] * 100 <= rates.trials);
		}
	}
}

static void slowdowns_are_found(void **state)
{
	struct rates rates = replay(0.025, 1, 2, 0);

	(void)state;
	assert_true(rates.by_verdict[VERDICT_REGRESSION] * 100 >= 95 * rates.trials);
	rates = replay(0.05, 1.075, -1, 0);
	assert_true(rates.by_verdict[VERDICT_REGRESSION] * 100 >= 95 * rates.trials);
	replay(0.05, 1, 2, 0);
	replay(0.025, 1, 2, 10);
	replay(0.025, 1, 2, 30);
}

/* The same command in two sessions: why results that were not rerun are warned of. */
static void another_session_may_look_like_a_change(void **state)
{
	static const double thresholds[] = { 0.025, 0.05 };

	(void)state;
	for (size_t i = 0; i < LENGTH(thresholds); i++) {
		int trials = 0, regressions = 0;

		for (size_t pair = 0; pair < LENGTH(sessions) * LENGTH(sessions); pair++)
			for (int first = 0; first < ROUNDS; first += 5) {
				struct trial trial = {
					.session = pair / LENGTH(sessions),
					.other = pair % LENGTH(sessions), .first = first,
					.threshold = thresholds[i], .factor = 1,
				};

				if (trial.session == trial.other)
					continue;
				trials++;
				regressions += compare_at(&trial, 20, COMPARE_LEVEL) ==
					       VERDICT_REGRESSION;
			}
		print_message("# threshold %.1f %%, stored, 20 runs: of %d %d regressions\n",
			      100 * thresholds[i], trials, regressions);
		/* 25 % and 12 %, if what neighbours do were not told apart */
		assert_true(regressions * 100 <= 10 * trials);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_is_no_regression),
		cmocka_unit_test(slowdowns_are_found),
		cmocka_unit_test(another_session_may_look_like_a_change),
	};

	return cmocka_run_group_tests(tests, load, unload);
}
