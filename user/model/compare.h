/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Did it get slower, and which part of the time grew? docs/statistics.md says by which
 * rules, and how often they err.
 */
#ifndef PPBPF_MODEL_COMPARE_H
#define PPBPF_MODEL_COMPARE_H

#include "model/bench.h"
#include "model/stats.h"

#define COMPARE_THRESHOLD 0.05
/* A difference is established below this chance, or this one when it was looked for four times. */
#define COMPARE_LEVEL 0.01
#define COMPARE_LEVEL_LOOK 0.0025

enum verdict {
	VERDICT_UNCHANGED,
	VERDICT_REGRESSION,
	VERDICT_IMPROVEMENT,
	VERDICT_INCONCLUSIVE,
	VERDICT_NR,
};

enum compare_method {
	METHOD_AVERAGES,	/* no runs: change_percent against the threshold, plainly */
	METHOD_STORED,		/* runs of two sessions */
	METHOD_INTERLEAVED,	/* runs of one session, in turns */
};

/* What can grow. */
enum component {
	COMPONENT_ON_CPU,	/* decides where it is known */
	COMPONENT_ELAPSED,	/* wall time less what others took */
	COMPONENT_MEMORY,	/* peak */
	COMPONENT_BLOCKED,	/* + enum ppbpf_reason */
	COMPONENT_NR = COMPONENT_BLOCKED + PPBPF_REASON_NR,
};

const char *verdict_name(enum verdict verdict);
const char *compare_method_name(enum compare_method method);
const char *component_name(enum component component);	/* "on_cpu", as in JSON */
const char *component_label(enum component component);	/* "on CPU", for people */

struct component_change {
	bool known;		/* in each run of both, and not 0 in all */
	bool counts;		/* may make a regression: a child's time is told by its own parts */
	double baseline;	/* medians: ms, or bytes for memory */
	double current;
	struct stats_shift shift;	/* ms or bytes; p corrected by Holm, but for the decider */
	double percent;		/* shift of the reference: own time for the decider, else wall */
	bool grew;		/* established, and beyond the threshold */
	bool shrank;
	bool named;		/* in the reason: a part of the change, if perhaps a small one */
};

/* Others that had the CPU while the benchmark wanted it. */
struct interference {
	bool known;
	struct stats_shift shift;	/* ms an iteration */
	bool grew;		/* established, beyond the threshold of the wall time */
	bool shrank;
	size_t runs;		/* of the current ones that lost more than the threshold to others */
	char comm[PPBPF_COMM_LEN + 1];	/* who took most; "" when that is not known */
	uint32_t pid;
};

struct comparison {
	const struct bench_result *current;
	const struct bench_result *baseline;
	char *title;		/* name and parameters */
	enum compare_method method;
	enum verdict verdict;
	double threshold;	/* as a share */
	double level;
	double change_ms, change_percent;	/* of the averages; NaN: not known */
	double throughput_change_percent;

	/* Without runs all of these are unknown: NaN. */
	enum component decider;		/* what the interval is of */
	enum component component;	/* what grew (or shrank) most; COMPONENT_NR: none */
	double shift_percent, low_percent, high_percent, p;
	double smallest_percent;	/* change that such runs would have shown */
	struct component_change changes[COMPONENT_NR];
	struct interference interference;
	char reason[320];	/* one line for a person, behind the verdict */
};

/* What a plot of each run shows: what changed, else the decider, else the wall time. */
enum component comparison__shown(const struct comparison *comparison);
/* ms, or bytes; NaN: not known. Of elapsed time it is the wall time. */
double bench_run__shown(const struct bench_run *run, enum component shown);

/* By name, as in JSON; COMPONENT_NR, VERDICT_NR: there is none. */
enum component component_find(const char *name);
enum verdict verdict_find(const char *name);

struct compare_options {
	double threshold;	/* of benchmarks without one of their own; as a share */
	double level;		/* 0: by whether runs were topped up */
	enum compare_method method;	/* of runs; 0: METHOD_STORED */
};

/* Compares one benchmark. What `out` holds is freed by comparison__clear(). 0 or -ENOMEM. */
int compare_pair(struct stats *stats, const struct bench_result *baseline,
		 const struct bench_result *current, const struct compare_options *options,
		 struct comparison *out);
void comparison__clear(struct comparison *comparison);

/*
 * Interleaved runs are topped up to 10, 20, 30 and 60 while a comparison at
 * COMPARE_LEVEL_LOOK is open. The number after `runs`; 0: there is none.
 */
size_t compare_next_look(size_t runs);
bool comparison__is_open(const struct comparison *comparison);

/* All of two files. Refers to their results, which must outlive it. */
struct compare_report {
	const struct bench_results *current;
	const struct bench_results *baseline;
	enum compare_method method;	/* the best that a benchmark had */
	double threshold;
	double timestamp;		/* Unix seconds */
	struct comparison *comparisons;	/* in the order of the current file */
	size_t count;
	size_t by_verdict[VERDICT_NR];
	const struct bench_result **missing;	/* in the baseline alone */
	size_t missing_count;
	const struct bench_result **added;	/* in the current file alone */
	size_t added_count;
	double overall_change_percent;	/* mean of change_percent; NaN: nothing was compared */
	char **warnings;
	size_t warning_count;
};

/* NULL: no memory. */
struct compare_report *compare_report__new(const struct bench_results *baseline,
					   const struct bench_results *current,
					   double threshold);
void compare_report__free(struct compare_report *report);

#endif
