/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Calls of a function, or passes of a region, as iterations of a benchmark: the
 * first ones can be left out as warm-up; of more than can be kept a fair sample is.
 */
#ifndef PPBPF_OP_CALL_LOG_H
#define PPBPF_OP_CALL_LOG_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct bench_result;
struct bench_run;
struct call_log;
struct collector;
struct err;

struct call_log_options {
	const char *function;		/* GLOB[@MODULE], or */
	const char *region;
	const pid_t *pids;		/* where it is looked for, or */
	size_t pid_count;
	const char *command;		/* the program's path */
	const struct collector *collector;	/* whose tasks are timed */
	uint64_t begin_ns;		/* of the session, CLOCK_MONOTONIC */
	uint64_t seed;			/* of the samples */
	uint64_t limit;			/* calls that count, the first ones; 0: all */
};

/* A function that is not there: ERR_NOT_FOUND. */
int call_log__new(struct call_log **out, const struct call_log_options *options, struct err *e);
void call_log__free(struct call_log *log);

int call_log__ring_fd(const struct call_log *log);
void call_log__drain(void *log);

/* The next calls are not counted. */
void call_log__skip(struct call_log *log, uint64_t calls);
/* Calls that were counted since it was made. */
uint64_t call_log__count(const struct call_log *log);
/* Calls whose end came, counted or not. */
uint64_t call_log__seen(const struct call_log *log);
uint64_t call_log__lost(struct call_log *log);

/* An iteration for each call that was kept, and the latencies of all. 0 or -ENOMEM. */
int call_log__fill(struct call_log *log, struct bench_result *result);

/*
 * One iteration for all calls since the last time: their mean. 0, -ENOENT when there was
 * none, or -ENOMEM. For runs of versions in turns: the calls of one process are no
 * independent samples.
 */
int call_log__mean(struct call_log *log, struct bench_run *run);

/* What the kernel cannot tell of a single call, in the results' reasons. */
struct bench_results;
int call_log__note_missing(struct bench_results *results);

#endif
