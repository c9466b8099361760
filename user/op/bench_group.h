/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * A benchmark and the versions of it that are compared: one, or several that
 * run in turns. Warm-up, rounds in random order, and what is told of each run.
 */
#ifndef PPBPF_OP_BENCH_GROUP_H
#define PPBPF_OP_BENCH_GROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "model/bench.h"
#include "model/suite.h"

struct bench_progress;
struct call_log;
struct dependencies;
struct descendants;
struct launch;
struct meter;

/* What all benchmarks of a session share. */
struct bench_session {
	struct meter *meter;
	struct descendants *descendants;
	struct dependencies *dependencies;
	struct bench_progress *progress;	/* NULL: nobody looks */
	uint32_t iterations;		/* given by the user: exact, for every benchmark; 0: not given */
	int warmup;			/* the same; -1: not given */
	const char *keep_folder;	/* where programs are kept, absolute; NULL: they are not */
	bool run_kept;			/* all are run from there: a baseline can be run in no other way */
	struct arena *arena;		/* of the session */
	uint64_t timeout_ns;		/* of benchmarks without their own; 0: none */
	const char *user;		/* the same; NULL: who calls */
	int stdout_fd, stderr_fd;	/* of what is run; -1: /dev/null */
	uint64_t begin_ns;		/* CLOCK_MONOTONIC */
	uint64_t random;		/* state of the generator */
	uint64_t lost_calls;
	enum err_cause failure;		/* of the first benchmark that failed */
	bool stopped;
};

struct bench_contender {
	struct bench_results *results;	/* of its version */
	size_t index;			/* its result in there */
	char *const *argv;
	bool is_kept;			/* what its result has kept is run */
	struct launch *launch;
	struct call_log *log;		/* of its region or function; NULL: its runs are iterations */
	double peak_bytes;		/* of memory, over its runs; 0: not known */
	bool mapped_known;		/* its first run has told what it maps */
	bool left_told;			/* that it leaves processes behind */
};

/* Whether interleaved runs have not decided yet, after so many rounds: one more look is due. */
typedef bool (*bench_open_fn)(const struct bench_contender *contenders, size_t count,
			      void *context);

struct bench_group {
	const struct suite_benchmark *b;
	struct bench_contender *contenders;
	size_t count;
	bench_open_fn is_open;		/* asked where there is more than one contender */
	void *context;
};

struct bench_result *contender_result(const struct bench_contender *contender);

/*
 * Runs it. A benchmark that fails says so in its result and is no error; the error
 * is for what ends the session. 0 or negative errno.
 */
int bench_group__run(struct bench_session *s, struct bench_group *group, struct err *e);

#endif
