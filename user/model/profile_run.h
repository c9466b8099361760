/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* A profiling run as a whole: what was asked for, what was found, for sinks to print. */
#ifndef PPBPF_MODEL_PROFILE_RUN_H
#define PPBPF_MODEL_PROFILE_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/calls.h"
#include "model/profile.h"
#include "model/profile_stats.h"

enum profile_mode { MODE_ON_CPU, MODE_OFF_CPU, MODE_WALL, MODE_CALLS, MODE_NR };

/* "on-cpu", ... as on the command line and in the JSON. */
const char *profile_mode_name(enum profile_mode mode);

/* A file that was written. */
struct profile_file {
	const char *format;	/* "pprof", "folded", "speedscope", "html", "json" */
	char *path;
};

#define PROFILE_FILES_MAX 5

struct report;

struct profile_run {
	bool measured;			/* else there is nothing to show but an error */
	const struct report *report;	/* target, host, warnings, what is missing, own cost */
	char *title;			/* the target for a person: "python3.11 [4242]" */
	enum profile_mode mode;
	unsigned int frequency;		/* samples a second and CPU */
	const char *event;		/* what it sampled by: "cpu-clock", "cycles"; NULL: nothing */
	const char *profiler;		/* metadata.profiler */
	bool threads;			/* a tree for each thread */
	unsigned int top;
	double seconds;			/* measured */
	uint64_t start_ns;		/* CLOCK_REALTIME, when it began */
	struct profile *profile;	/* NULL: nothing was sampled */
	struct profile_stats stats;
	struct calls calls;		/* MODE_CALLS: of functions that were called, most first */
	char *cost;			/* of timing a call, as a sentence; NULL: not known */
	uint64_t frames_without_lines;	/* there was no time to look them up */
	bool save;
	struct profile_file files[PROFILE_FILES_MAX];
	size_t file_count;
};

/* Copies the rows of functions that were called, and the counters. 0 or -ENOMEM. */
int profile_run__take_calls(struct profile_run *run, const struct calls *calls);

/* Sums over all rows. */
struct calls_totals {
	uint64_t calls;
	uint64_t primitive_calls;
	uint64_t self_ns;
	bool timed;	/* one row is */
};

void profile_run__calls_totals(const struct profile_run *run, struct calls_totals *totals);

/* Frees what it holds, but the report. */
void profile_run__free(struct profile_run *run);

#endif
