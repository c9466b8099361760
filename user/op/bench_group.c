// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "op/bench_group.h"

#include <errno.h>
#include <math.h>
#include <regex.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/units.h"
#include "collect/mapped.h"
#include "model/bench_runs.h"
#include "model/compare.h"
#include "op/bench_run.h"
#include "op/call_log.h"
#include "op/clock.h"
#include "op/dependencies.h"
#include "op/keep.h"
#include "op/launch.h"
#include "op/meter.h"
#include "op/random.h"
#include "op/stop.h"
#include "sink/bench_progress.h"
#include "store/kept.h"

#define ITERATIONS 10
#define WARMUP 3

struct bench_result *contender_result(const struct bench_contender *contender)
{
	return &contender->results->results[contender->index];
}

/* What is emptied while a run lasts. */
struct run_context {
	struct meter *meter;
	struct call_log *log;
	struct mapped *mapped;
};

static void fail(struct bench_session *s, struct bench_contender *c, enum err_cause cause,
		 const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The first reason stays. */
static void fail(struct bench_session *s, struct bench_contender *c, enum err_cause cause,
		 const char *format, ...)
{
	struct bench_result *result = contender_result(c);
	va_list args;

	if (result->failure)
		return;
	if (!s->failure)
		s->failure = cause;
	va_start(args, format);
	if (vasprintf(&result->failure, format, args) < 0)
		result->failure = NULL;
	va_end(args);
}

static bool failed(const struct bench_group *group)
{
	for (size_t i = 0; i < group->count; i++)
		if (contender_result(&group->contenders[i])->failure)
			return true;
	return false;
}

/* "exit status 3", "killed by SIGSEGV": how a run went that did not go well. */
static char *describe_status(char *out, size_t size, int status)
{
	const char *name = status > 128 ? sigabbrev_np(status - 128) : NULL;

	if (name)
		snprintf(out, size, "killed by SIG%s", name);
	else
		snprintf(out, size, "exit status %d", status);
	return out;
}

static struct launch_options base_options(const struct bench_session *s,
					  const struct suite_benchmark *b)
{
	return (struct launch_options){
		.env = b->env, .cwd = b->cwd, .user = b->user ? b->user : s->user,
		.stdout_fd = s->stdout_fd, .stderr_fd = s->stderr_fd,
	};
}

/* A command around the runs: not measured, and not followed. False: it failed, and why is told. */
static bool run_helper(struct bench_session *s, struct bench_group *group, const char *what,
		       const struct suite_command *command)
{
	struct launch_options options = base_options(s, group->b);
	/* what setup has made is cleaned up when we are stopped, too */
	struct bench_execution x = { .descendants = s->descendants, .ring_fds = { -1, -1 },
				     .deaf = command == &group->b->cleanup };
	struct bench_outcome outcome = { .status = -1 };
	struct err e = { 0 };
	char text[64];

	if (!command->argv)
		return true;
	options.argv = command->argv;
	if (launch__new(&x.launch, &options, &e)) {
		for (size_t i = 0; i < group->count; i++)
			fail(s, &group->contenders[i], e.cause, "%s: %s", what, e.message);
		return false;
	}
	meter__pause(s->meter, true);
	x.timeout_ns = group->b->timeout_ns ? group->b->timeout_ns : s->timeout_ns;
	bench_execution__run(&x, &outcome);
	meter__pause(s->meter, false);
	launch__free(x.launch);
	buf__free(&outcome.output);
	if (outcome.stopped) {
		s->stopped = true;
		return false;
	}
	if (outcome.error)
		snprintf(text, sizeof(text), "%s", strerror(-outcome.error));
	else if (outcome.timed_out)
		snprintf(text, sizeof(text), "timed out");
	else if (outcome.status)
		describe_status(text, sizeof(text), outcome.status);
	else
		return true;
	for (size_t i = 0; i < group->count; i++)
		fail(s, &group->contenders[i], outcome.timed_out ? ERR_TIMEOUT : ERR_INTERNAL,
		     "%s failed: %s", what, text);
	return false;
}

static void tell_of_left(struct bench_contender *c, const struct bench_outcome *o)
{
	/* one that had to be ended is not left behind by anybody */
	if (!o->left || c->left_told || o->timed_out || o->stopped)
		return;
	c->left_told = true;
	bench_result__warn(contender_result(c), "it left %zu process%s behind (%s), which %s ended",
			   o->left, o->left == 1 ? "" : "es", o->left_name,
			   o->left == 1 ? "was" : "were");
}

static bool output_matches(const struct suite_benchmark *b, const struct buf *output)
{
	regex_t regex;
	bool matches;

	if (!b->output)
		return true;
	if (regcomp(&regex, b->output, REG_EXTENDED | REG_NEWLINE | REG_NOSUB))
		return false;
	matches = !regexec(&regex, buf__str(output), 0, NULL, 0);
	regfree(&regex);
	return matches;
}

/* False: the run failed, or there shall be no more. `which` is "iteration 3". */
static bool check_run(struct bench_session *s, struct bench_group *group,
		      struct bench_contender *c, const struct bench_outcome *o, const char *which)
{
	const struct suite_benchmark *b = group->b;
	uint64_t timeout = b->timeout_ns ? b->timeout_ns : s->timeout_ns;
	char text[UNITS_TEXT];

	tell_of_left(c, o);
	if (o->stopped || stop__requested()) {
		s->stopped = true;
		return false;
	}
	if (o->error)
		fail(s, c, o->error == -ENOENT ? ERR_NOT_FOUND : ERR_PERMISSION,
		     "%s cannot be run: %s", c->argv[0], strerror(-o->error));
	else if (o->timed_out)
		fail(s, c, ERR_TIMEOUT, "timed out after %s in %s, and was ended",
		     format_duration(text, timeout), which);
	else if (!suite_benchmark__status_is_well(b, o->status))
		fail(s, c, ERR_INTERNAL, "%s in %s",
		     describe_status(text, sizeof(text), o->status), which);
	else if (!output_matches(b, &o->output))
		fail(s, c, ERR_INTERNAL, "its output does not match \"%s\" in %s", b->output,
		     which);
	return !contender_result(c)->failure;
}

static void drain(void *context)
{
	const struct run_context *rings = context;

	meter__drain(rings->meter);
	if (rings->log)
		call_log__drain(rings->log);
	if (rings->mapped)
		mapped__drain(rings->mapped);
}

static void keep(struct bench_session *s, const struct suite_benchmark *b,
		 struct bench_contender *c, const char *const *paths, size_t count)
{
	const struct keep what = {
		.folder = s->keep_folder, .program = launch__path(c->launch), .argv = c->argv,
		.cwd = b->cwd, .mapped = paths, .mapped_count = count,
	};

	if (s->keep_folder && !c->is_kept)
		keep__store(&what, contender_result(c));
}

/* What the first run has mapped: the others will do the same. */
static int note_mapped(struct bench_session *s, const struct suite_benchmark *b,
		       struct bench_contender *c, struct mapped *mapped)
{
	const char *const *paths;
	size_t count;
	int err;

	c->mapped_known = true;
	if (!mapped) {
		keep(s, b, c, NULL, 0);
		return 0;
	}
	mapped__drain(mapped);
	paths = mapped__paths(mapped, &count);
	err = dependencies__add(s->dependencies, contender_result(c), paths, count);
	keep(s, b, c, paths, count);
	mapped__free(mapped);
	return err;
}

/* One run with what belongs before and after it; what it owns is the caller's. */
static int run_once(struct bench_session *s, struct bench_group *group, struct bench_contender *c,
		    const char *which, struct bench_run *run, bool *went_well)
{
	struct run_context context = { s->meter, c->log, NULL };
	struct bench_execution x = {
		.launch = c->launch, .descendants = s->descendants,
		.timeout_ns = group->b->timeout_ns ? group->b->timeout_ns : s->timeout_ns,
		.want_output = group->b->output, .drain = drain, .context = &context,
		.ring_fds = { meter__ring_fd(s->meter), c->log ? call_log__ring_fd(c->log) : -1 },
	};
	struct bench_outcome outcome = { .status = -1 };
	int err;

	*went_well = run_helper(s, group, "prepare", &group->b->prepare);
	if (!*went_well)
		return 0;
	if (!c->mapped_known)
		context.mapped = mapped__new();
	err = meter__begin(s->meter);
	if (err)
		return err;
	bench_execution__run(&x, &outcome);
	err = meter__end(s->meter, &outcome, run);
	if (!c->mapped_known && !err)
		err = note_mapped(s, group->b, c, context.mapped);
	if (c->log)
		call_log__drain(c->log);
	run->start = (outcome.begin_ns - s->begin_ns) / 1e9;
	*went_well = check_run(s, group, c, &outcome, which);
	buf__free(&outcome.output);
	if (*went_well)
		*went_well = run_helper(s, group, "conclude", &group->b->conclude);
	return err;
}

static int warm_up(struct bench_session *s, struct bench_group *group, uint32_t count)
{
	struct bench_run run;
	bool well = true;
	char which[64];
	int err = 0;

	for (uint32_t i = 0; i < count && well && !err; i++)
		for (size_t j = 0; j < group->count && well && !err; j++) {
			bench_run__init(&run);
			snprintf(which, sizeof(which), "warm-up run %u", i + 1);
			bench_progress__run(s->progress, group->b->name, i, count, true);
			err = run_once(s, group, &group->contenders[j], which, &run, &well);
			if (group->contenders[j].log)
				call_log__mean(group->contenders[j].log, &run);
			free(run.blames);
		}
	return err;
}

/* Fisher and Yates */
static void shuffle(struct bench_session *s, size_t *order, size_t count)
{
	for (size_t i = 0; i < count; i++)
		order[i] = i;
	for (size_t i = count; i > 1; i--) {
		size_t j = random_below(&s->random, i), kept = order[i - 1];

		order[i - 1] = order[j];
		order[j] = kept;
	}
}

static void note_peak(struct bench_contender *c, const struct bench_run *run)
{
	uint64_t peak = run->counts[BENCH_MEMORY_PEAK_BYTES];

	if (peak != BENCH_UNKNOWN && peak > c->peak_bytes)
		c->peak_bytes = peak;
}

/* The run's calls instead of the run: others' doings are known of the whole of it alone. */
static bool take_calls(struct bench_session *s, struct bench_group *group,
		       struct bench_contender *c, struct bench_run *run)
{
	uint64_t peak = run->counts[BENCH_MEMORY_PEAK_BYTES];
	double start = run->start;

	free(run->blames);
	bench_run__init(run);
	run->start = start;
	run->counts[BENCH_MEMORY_PEAK_BYTES] = peak;
	if (!call_log__mean(c->log, run))
		return true;
	fail(s, c, ERR_NOT_FOUND, "it never came through %s \"%s\"",
	     group->b->region ? "region" : "function",
	     group->b->region ? group->b->region : group->b->function);
	return false;
}

static int iterate_once(struct bench_session *s, struct bench_group *group,
			struct bench_contender *c, uint32_t round, bool *well)
{
	struct bench_run run;
	char which[64];
	int err;

	bench_run__init(&run);
	snprintf(which, sizeof(which), "iteration %u", round + 1);
	err = run_once(s, group, c, which, &run, well);
	run.round = round;
	note_peak(c, &run);
	if (!err && *well && c->log)
		*well = take_calls(s, group, c, &run);
	if (!err && *well)
		err = bench_result__add_run(contender_result(c), &run);
	else
		free(run.blames);
	return err;
}

static int rounds(struct bench_session *s, struct bench_group *group, uint32_t from, uint32_t to)
{
	size_t *order = calloc(group->count, sizeof(*order));
	bool well = true;
	int err = order ? 0 : -ENOMEM;

	for (uint32_t round = from; round < to && well && !err; round++) {
		shuffle(s, order, group->count);
		for (size_t i = 0; i < group->count && well && !err; i++) {
			bench_progress__run(s->progress, group->b->name, round, to, false);
			err = iterate_once(s, group, &group->contenders[order[i]], round, &well);
		}
	}
	free(order);
	return err;
}

/* Runs the program until it has made so many calls: each of them is an iteration. */
static int iterate_calls(struct bench_session *s, struct bench_group *group, uint32_t wanted,
			 uint32_t warmup)
{
	struct bench_contender *c = &group->contenders[0];
	bool well = true;
	int err = 0;

	while (call_log__count(c->log) < wanted && well && !err) {
		uint64_t before = call_log__count(c->log);
		struct bench_run run;

		bench_run__init(&run);
		call_log__skip(c->log, warmup);
		bench_progress__run(s->progress, group->b->name, before, wanted, false);
		err = run_once(s, group, c, "its run", &run, &well);
		note_peak(c, &run);
		if (!err && well)
			well = take_calls(s, group, c, &run);
		free(run.blames);
	}
	return err;
}

/* All rounds: those that were asked for, or until the looks at the results have decided. */
static int iterate(struct bench_session *s, struct bench_group *group, uint32_t warmup)
{
	uint32_t asked = s->iterations ? s->iterations : group->b->iterations, done = 0, next;
	int err;

	if (group->count == 1 && group->contenders[0].log)
		return iterate_calls(s, group, asked ? asked : ITERATIONS, warmup);
	if (asked || group->count == 1)
		return rounds(s, group, 0, asked ? asked : ITERATIONS);
	for (size_t i = 0; i < group->count; i++)
		contender_result(&group->contenders[i])->topped_up = true;
	do {
		next = compare_next_look(done);
		err = rounds(s, group, done, next);
		done = next;
	} while (!err && !s->stopped && !failed(group) && compare_next_look(done) &&
		 group->is_open(group->contenders, group->count, group->context));
	return err;
}

/* What times the benchmark's region or function, where that is what it is about. */
static bool prepare_log(struct bench_session *s, struct bench_group *group,
			struct bench_contender *c)
{
	const struct suite_benchmark *b = group->b;
	uint32_t asked = s->iterations ? s->iterations : b->iterations;
	struct call_log_options options = {
		.function = b->function, .region = b->region, .command = launch__path(c->launch),
		.collector = meter__collector(s->meter), .begin_ns = s->begin_ns,
		.seed = s->random, .limit = group->count == 1 ? asked : 0,
	};
	struct err e = { 0 };

	if (!b->function && !b->region)
		return true;
	if (!options.collector)
		fail(s, c, ERR_PERMISSION, "a %s is timed by the kernel's tracepoints, which "
		     "cannot be had here", b->region ? "region" : "function");
	else if (call_log__new(&c->log, &options, &e))
		fail(s, c, e.cause, "%s%s%s", e.message, *e.hint ? "; " : "", e.hint);
	return c->log;
}

static bool prepare_launch(struct bench_session *s, struct bench_group *group,
			   struct bench_contender *c)
{
	struct launch_options options = base_options(s, group->b);
	const struct bench_result *result = contender_result(c);
	struct err e = { 0 };
	char *path = NULL;

	launch__free(c->launch);
	c->launch = NULL;
	options.stdin_path = group->b->stdin_path;
	options.argv = c->argv;
	if (c->is_kept) {
		options.argv = kept__argv(s->arena, s->keep_folder, result->kept,
					  result->kept_count, c->argv, &path, &e);
		options.path = path;
	}
	if (!options.argv || launch__new(&c->launch, &options, &e)) {
		fail(s, c, e.cause, "%s%s%s", e.message, *e.hint ? "; " : "", e.hint);
		return false;
	}
	return true;
}

static bool prepare_launches(struct bench_session *s, struct bench_group *group)
{
	bool well = true;

	for (size_t i = 0; i < group->count; i++) {
		struct bench_contender *c = &group->contenders[i];

		if (!contender_result(c)->failure && prepare_launch(s, group, c) &&
		    prepare_log(s, group, c))
			continue;
		well = false;
	}
	return well;
}

/*
 * A kept program starts by way of its loader, which takes its time: so that this is no
 * difference, the others are kept as well, after a run that tells what they map, and
 * run in the same way.
 */
static int run_from_kept(struct bench_session *s, struct bench_group *group, bool *well)
{
	int err = 0;

	for (size_t i = 0; i < group->count && s->run_kept && *well && !err; i++) {
		struct bench_contender *c = &group->contenders[i];
		struct bench_run run;

		if (c->is_kept)
			continue;
		bench_run__init(&run);
		err = run_once(s, group, c, "its first run", &run, well);
		free(run.blames);
		if (err || !*well)
			break;
		c->is_kept = contender_result(c)->kept_count > 0;
		if (!c->is_kept)
			bench_result__warn(contender_result(c), "it is run from where it is, and the "
					   "other one from where it was kept: they do not start alike");
		*well = prepare_launch(s, group, c);
	}
	return err;
}

/* The versions that could not run on because another one of them failed. */
static void fail_others(struct bench_session *s, struct bench_group *group)
{
	const char *which = NULL;

	for (size_t i = 0; i < group->count; i++)
		if (contender_result(&group->contenders[i])->failure)
			which = group->contenders[i].results->release;
	for (size_t i = 0; i < group->count && which; i++)
		fail(s, &group->contenders[i], ERR_INTERNAL,
		     "not measured to its end, as %s failed", which);
}

static double per_iteration(const struct suite_benchmark *b)
{
	return b->throughput_unit == THROUGHPUT_NONE ? 1 : b->throughput;
}

/* What its runs say. A failed one has no averages: half of the runs are not what was asked for. */
static int conclude(struct bench_session *s, struct bench_group *group, struct bench_contender *c)
{
	struct bench_result *result = contender_result(c);
	int err;

	if (s->stopped && !result->run_count)
		fail(s, c, ERR_INTERNAL, "interrupted before its first iteration");
	else if (s->stopped)
		bench_result__warn(result, "interrupted after %zu iterations", result->run_count);

	if (result->failure) {
		result->iterations = result->run_count;
		return 0;
	}
	err = c->log && group->count == 1 ? call_log__fill(c->log, result) : 0;
	if (!err)
		err = bench_result__summarize(result, per_iteration(group->b));
	if (c->log && c->peak_bytes > 0)
		result->memory_peak_bytes = c->peak_bytes;
	if (c->log)
		s->lost_calls += call_log__lost(c->log);
	if (!err)
		err = bench_result__mark_outliers(result);
	if (!err)
		err = bench_result__check_growth(result);
	if (!err)
		err = bench_result__check_noise(result);
	return err;
}

static uint32_t warmup_of(const struct bench_session *s, const struct suite_benchmark *b)
{
	if (s->warmup >= 0)
		return s->warmup;
	return b->warmup_given ? b->warmup : WARMUP;
}

int bench_group__run(struct bench_session *s, struct bench_group *group, struct err *e)
{
	uint32_t warmup = warmup_of(s, group->b);
	bool well = true;
	int err = 0;

	for (size_t i = 0; i < group->count; i++)
		contender_result(&group->contenders[i])->warmup = warmup;
	if (prepare_launches(s, group) && run_helper(s, group, "setup", &group->b->setup)) {
		err = run_from_kept(s, group, &well);
		if (!err && well && (group->count > 1 || !group->contenders[0].log))
			err = warm_up(s, group, warmup);
		if (!err && well && !s->stopped && !failed(group))
			err = iterate(s, group, warmup);
	}
	run_helper(s, group, "cleanup", &group->b->cleanup);
	fail_others(s, group);
	for (size_t i = 0; i < group->count; i++) {
		if (!err)
			err = conclude(s, group, &group->contenders[i]);
		call_log__free(group->contenders[i].log);
		group->contenders[i].log = NULL;
		launch__free(group->contenders[i].launch);
		group->contenders[i].launch = NULL;
	}
	if (err)
		return err__set(e, ERR_INTERNAL, err, "out of memory");
	return 0;
}
