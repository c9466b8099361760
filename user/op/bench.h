/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* What the parts of ppbpf_bench() share; for bench*.c only. */
#ifndef PPBPF_OP_BENCH_H
#define PPBPF_OP_BENCH_H

#include "base/arena.h"
#include "base/err.h"
#include "collect/environment.h"
#include "model/bench_report.h"
#include "model/stats.h"
#include "model/suite.h"
#include "op/bench_group.h"
#include "op/result.h"
#include "ppbpf.h"
#include "sink/bench_table.h"

/* One of those that are compared; the only one, where nothing is. */
struct bench_version {
	char *name;		/* its release */
	char *const *argv;	/* NULL: as the suite says */
	bool is_kept;		/* what an earlier session has stored */
};

struct bench {
	const struct ppbpf_bench_options *options;
	struct ppbpf_result *result;
	struct bench_report *report;	/* the result's */
	struct err *err;		/* the same */
	struct arena arena;
	struct suite *suite;
	struct bench_results *baseline;	/* whose programs were kept; NULL: none is wanted */
	char *keep_folder;
	size_t wanted;			/* benchmarks that will run */
	struct bench_version *versions;
	size_t version_count;
	struct bench_session session;
	struct bench_table *table;	/* NULL: for nobody */
	struct cpu_ticks ticks;		/* of the machine, when it began */
	struct stats *stats;		/* of the comparisons; NULL until the first */
	char *session_id;
	double timestamp;
	uint64_t entered;		/* CLOCK_MONOTONIC */
};

/* Each returns 0 or a negative errno, and the bench's error. */
int bench__check_options(struct bench *bench);
/* Whom the session measures: the versions in the order that they are compared in. */
int bench__make_versions(struct bench *bench);
int bench__load_suite(struct bench *bench);
/* Sets the error; negative. */
int bench__no_memory(struct bench *bench);

#endif
