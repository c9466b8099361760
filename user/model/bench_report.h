/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* A session of benchmarks: its results, and how they came about. */
#ifndef PPBPF_MODEL_BENCH_REPORT_H
#define PPBPF_MODEL_BENCH_REPORT_H

#include "model/bench.h"
#include "model/compare.h"

struct bench_report {
	/* By version, in the order in which they were named; the last one is the current. */
	struct bench_results **versions;
	size_t version_count;
	uint32_t iterations;		/* asked for, of benchmarks that do not say themselves */
	bool topped_up;			/* more of them while the comparison is open */
	uint32_t warmup;
	bool track_resources;
	char *output_dir;
	double threshold;
	char **warnings;		/* of the session: one sentence each */
	size_t warning_count;
	struct report_self self;
	uint64_t lost_exits;		/* runs that lack what a process used */
	uint64_t lost_calls;
	/* Of each version but the first with the first; NULL where nothing is compared. */
	struct compare_report **comparisons;
	struct bench_results all;	/* every version's results, for sinks: a view, not owned */
};

struct bench_report *bench_report__new(void);
void bench_report__free(struct bench_report *report);

/* A version's results, empty. NULL: no memory. */
struct bench_results *bench_report__add(struct bench_report *report, const char *release,
					double timestamp);
int bench_report__warn(struct bench_report *report, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Brings the view of all results up to date; valid until one is added. 0 or -ENOMEM. */
int bench_report__view(struct bench_report *report);

/* The current version's; NULL: none. */
struct bench_results *bench_report__current(const struct bench_report *report);

/* Averages over the benchmarks of all versions that did not fail; NaN: none. */
struct bench_summary {
	double avg_time_ms;
	double total_duration_ms;
	double avg_throughput;
	size_t failed;
};

void bench_report__summarize(const struct bench_report *report, struct bench_summary *summary);

#endif
