/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* One run of a benchmark's command: started, waited for, and what it used. */
#ifndef PPBPF_OP_BENCH_RUN_H
#define PPBPF_OP_BENCH_RUN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "base/buf.h"

struct bench_run;
struct collector;
struct descendants;
struct launch;
struct meter;
struct tasks;

struct bench_outcome {
	pid_t pid;
	uint64_t begin_ns;		/* CLOCK_MONOTONIC, before the start */
	uint64_t wall_ns;		/* to the reaped exit */
	int error;			/* negative errno: it never ran */
	int status;			/* as a shell sees it; -1: it did not end by itself */
	struct rusage usage;		/* of it and of those that it waited for */
	bool timed_out;
	bool stopped;			/* ended because the user wants us to end */
	size_t left;			/* processes that outlived it, and were ended */
	char left_name[16];
	struct buf output;		/* the beginning of standard output, when it is wanted */
};

struct bench_execution {
	struct launch *launch;
	const struct descendants *descendants;
	uint64_t timeout_ns;		/* 0: none */
	bool want_output;
	bool deaf;			/* goes on when the user wants us to end */
	/* Called when one of the ring buffers fills up, and now and then; may be NULL. */
	int ring_fds[2];		/* -1: none */
	void (*drain)(void *context);
	void *context;
};

/* Fills *outcome; free its output. */
void bench_execution__run(const struct bench_execution *x, struct bench_outcome *outcome);

#endif
