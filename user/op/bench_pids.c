// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "op/bench_pids.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/units.h"
#include "collect/named.h"
#include "model/bench_runs.h"
#include "op/bench.h"
#include "op/call_log.h"
#include "op/clock.h"
#include "op/dependencies.h"
#include "op/meter.h"
#include "op/stop.h"
#include "sink/bench_progress.h"

#define DURATION (10 * NSEC_PER_SEC)
#define WINDOW NSEC_PER_SEC
#define WINDOW_MIN (10 * NSEC_PER_MSEC)
#define SHORTEST 0.5	/* of a window: a shorter rest is none */

struct pids_run {
	struct bench *bench;
	struct meter *meter;
	struct call_log *log;
	const char *name;
	uint64_t duration_ns, window_ns;
	uint64_t warmup;		/* windows or calls that are not counted */
	uint64_t iterations;		/* to end with; 0: when the duration is over */
	double peak_bytes;
};

static int check_pids(struct bench *bench)
{
	const struct ppbpf_bench_options *o = bench->options;

	for (size_t i = 0; i < o->pid_count; i++)
		if (kill(o->pids[i], 0) && errno == ESRCH)
			return err__set(bench->err, ERR_NOT_FOUND, -ESRCH, "there is no process %d",
					o->pids[i]);
	if (o->window_ns && o->window_ns < WINDOW_MIN) {
		err__set(bench->err, ERR_USAGE, -EINVAL, "a window is 10 ms at least");
		err__hint(bench->err, "the default is --window 1s");
		return -EINVAL;
	}
	return 0;
}

/* "nginx (pid 811)", by what its command line begins with. */
static struct bench_result *add_result(struct bench *bench)
{
	const struct ppbpf_bench_options *o = bench->options;
	const char *kind = o->region ? "region" : o->function ? "function" : "window";
	struct buf command = BUF_INIT, name = BUF_INIT;
	struct bench_result *result;
	const char *word, *slash;
	int length;

	named__command(o->pids[0], &command);
	word = buf__str(&command);
	length = (int)strcspn(word, " ");
	for (slash = word; slash < word + length; slash++)
		if (*slash == '/' && slash + 1 < word + length) {
			length -= (int)(slash + 1 - word);
			word = slash + 1;
		}
	if (length)
		buf__printf(&name, "%.*s", length, word);
	else
		buf__printf(&name, "pid %d", o->pids[0]);
	result = bench_results__add(bench->report->versions[0],
				    o->name ? o->name : buf__str(&name));
	if (result) {
		result->kind = strdup(kind);
		result->command = *buf__str(&command) ? strdup(buf__str(&command)) : NULL;
		result->timestamp = bench->timestamp;
		result->warmup = 0;
	}
	buf__free(&command);
	buf__free(&name);
	return result;
}

static int attach(struct pids_run *run)
{
	struct bench *bench = run->bench;
	const struct ppbpf_bench_options *o = bench->options;
	struct call_log_options log = {
		.function = o->function, .region = o->region, .pids = o->pids,
		.pid_count = o->pid_count, .begin_ns = bench->entered, .seed = bench->entered,
		.limit = o->iterations,
	};
	int err;

	err = meter__new_pids(&bench->session.meter, o->pids, o->pid_count,
			      bench->report->versions[0], bench->err);
	run->meter = bench->session.meter;
	if (!err && (o->function || o->region)) {
		log.collector = meter__collector(run->meter);
		err = call_log__new(&run->log, &log, bench->err);
	}
	if (!err && run->log && call_log__note_missing(bench->report->versions[0]))
		err = bench__no_memory(bench);
	return err;
}

/* Until the window is over, or there is nothing more to wait for. */
static void wait_until(struct pids_run *run, uint64_t until)
{
	struct pollfd fds[] = {
		{ .fd = stop__fd(), .events = POLLIN },
		{ .fd = meter__ring_fd(run->meter), .events = POLLIN },
		{ .fd = run->log ? call_log__ring_fd(run->log) : -1, .events = POLLIN },
	};
	uint64_t now;

	while (!stop__requested() && (now = clock_ns(CLOCK_MONOTONIC)) < until) {
		struct timespec timeout = { (until - now) / NSEC_PER_SEC,
					    (until - now) % NSEC_PER_SEC };

		ppoll(fds, 3, &timeout, NULL);
		meter__drain(run->meter);
		if (run->log)
			call_log__drain(run->log);
		if (run->log && run->iterations && call_log__count(run->log) >= run->iterations)
			return;
	}
}

static bool is_enough(const struct pids_run *run, const struct bench_result *result)
{
	if (!run->iterations)
		return false;
	return (run->log ? call_log__count(run->log) : result->run_count) >= run->iterations;
}

/* False in *alive: all processes have ended. */
static int measure_window(struct pids_run *run, struct bench_result *result, uint64_t begin,
			  bool *alive)
{
	struct bench_run window;
	int err = meter__window_end(run->meter, &window);
	bool whole;

	if (err)
		return err;
	*alive = meter__any_alive(run->meter);
	window.start = (begin - run->bench->entered) / 1e9;
	if (window.counts[BENCH_MEMORY_PEAK_BYTES] > run->peak_bytes)
		run->peak_bytes = window.counts[BENCH_MEMORY_PEAK_BYTES];
	whole = window.ms[BENCH_WALL] >= SHORTEST * run->window_ns / 1e6;
	if (run->log || !whole || run->warmup) {
		free(window.blames);
		if (!run->log && run->warmup)
			run->warmup--;
		return 0;
	}
	window.round = result->run_count;
	return bench_result__add_run(result, &window);
}

static int measure(struct pids_run *run, struct bench_result *result)
{
	uint64_t begin = clock_ns(CLOCK_MONOTONIC), end = begin + run->duration_ns, from, until;
	uint32_t total = (run->duration_ns + run->window_ns - 1) / run->window_ns, done = 0;
	bool alive = true;
	int err = meter__window_begin(run->meter);

	if (run->log)
		call_log__skip(run->log, run->warmup);
	while (!err && alive && !stop__requested() && !is_enough(run, result)) {
		from = clock_ns(CLOCK_MONOTONIC);
		until = begin + (done + 1) * run->window_ns;
		/* what is left of a window at the end is none */
		if (from >= end)
			break;
		bench_progress__run(run->bench->session.progress, result->name, done++, total,
				    false);
		wait_until(run, until < end ? until : end);
		err = measure_window(run, result, from, &alive);
	}
	if (!alive)
		bench_result__warn(result, "it ended before its time was over");
	return err;
}

static int conclude(struct pids_run *run, struct bench_result *result)
{
	struct bench *bench = run->bench;
	const struct ppbpf_bench_options *o = bench->options;
	int err = 0;

	if (run->log) {
		bench->session.lost_calls += call_log__lost(run->log);
		err = call_log__fill(run->log, result);
	}
	if (!err && !result->run_count) {
		bench->session.failure = ERR_NOT_FOUND;
		return asprintf(&result->failure, run->log ? "no call of %s came to its end meanwhile" :
				"it ended within the first window of %s",
				o->function ? o->function : o->region ? o->region : "time") < 0 ?
			       -ENOMEM : 0;
	}
	if (!err)
		err = bench_result__summarize(result, 1);
	if (!err)
		err = bench_result__mark_outliers(result);
	if (!err)
		err = bench_result__check_growth(result);
	if (!err)
		err = bench_result__check_noise(result);
	if (run->log && run->peak_bytes > 0)
		result->memory_peak_bytes = run->peak_bytes;
	return err;
}

int bench_pids__run(struct bench *bench)
{
	const struct ppbpf_bench_options *o = bench->options;
	struct pids_run run = {
		.bench = bench,
		.duration_ns = o->duration_ns ? o->duration_ns : DURATION,
		.window_ns = o->window_ns ? o->window_ns : WINDOW,
		.warmup = o->warmup > 0 ? o->warmup : 0, .iterations = o->iterations,
	};
	struct bench_result *result;
	int err = check_pids(bench);

	if (!err)
		err = attach(&run);
	if (err)
		goto out;
	/* so many windows, unless it is said how long */
	if (o->iterations && !o->duration_ns)
		run.duration_ns = run.log ? UINT64_MAX / 4 :
					    (o->iterations + run.warmup) * run.window_ns;
	result = add_result(bench);
	err = result ? dependencies__add_pid(bench->session.dependencies, result, o->pids[0]) :
		       -ENOMEM;
	if (!err)
		err = measure(&run, result);
	bench->session.stopped = stop__requested();
	if (!err)
		err = conclude(&run, result);
	if (err)
		err = err__set(bench->err, ERR_INTERNAL, err, "measuring the processes failed: %s",
			       strerror(-err));
out:
	call_log__free(run.log);
	return err;
}
