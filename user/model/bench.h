/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * What a benchmark session has measured: the content of a results file. Times
 * are milliseconds. A number that is not known is NaN, or BENCH_UNKNOWN for a
 * count; why, says bench_results__missing(). An all-zero struct means zeros:
 * start from bench_run__init() and bench_results__add(), where all is unknown.
 */
#ifndef PPBPF_MODEL_BENCH_H
#define PPBPF_MODEL_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/report.h"

/* The parts of an iteration's time_split. All but the first three sum up to BENCH_TASK. */
enum bench_time {
	BENCH_WALL,
	BENCH_TASK,
	BENCH_ON_CPU,
	BENCH_ON_CPU_USER,	/* these two are parts of BENCH_ON_CPU */
	BENCH_ON_CPU_KERNEL,
	BENCH_RUN_QUEUE,
	BENCH_THROTTLED,
	BENCH_STOLEN,
	BENCH_BLOCKED,		/* + enum ppbpf_reason */
	BENCH_TIME_NR = BENCH_BLOCKED + PPBPF_REASON_NR,
};

enum bench_count {
	BENCH_MEMORY_PEAK_BYTES,
	BENCH_MINOR_FAULTS,
	BENCH_MAJOR_FAULTS,
	BENCH_VOLUNTARY_SWITCHES,
	BENCH_INVOLUNTARY_SWITCHES,
	BENCH_READ_BYTES,
	BENCH_WRITE_BYTES,
	BENCH_SENT_BYTES,
	BENCH_RECV_BYTES,
	BENCH_INSTRUCTIONS,
	BENCH_CYCLES,
	BENCH_CACHE_MISSES,
	BENCH_BRANCH_MISSES,
	BENCH_PROCESSES,	/* that lived in the run's tree */
	BENCH_CALLS,		/* of a function or region in a window; 1 in a run of its own */
	BENCH_COUNT_NR,
};

#define BENCH_UNKNOWN UINT64_MAX

/* Who ran while a run could have. */
struct bench_blame {
	char comm[PPBPF_COMM_LEN];	/* may lack its NUL */
	uint32_t pid;			/* 0: not known */
	double cpu_ms;
	bool followed;			/* one of the run's own processes: no interference */
};

/* One iteration. */
struct bench_run {
	double start;			/* seconds from the session's start; NaN: not known */
	uint32_t round;			/* of a session: runs of one round lie side by side */
	double ms[BENCH_TIME_NR];
	uint64_t counts[BENCH_COUNT_NR];
	double steal_ms;		/* of the machine meanwhile, all CPUs */
	struct bench_blame *blames;	/* most first; owned */
	size_t blame_count;
	bool blames_known;
	int exit_status;		/* as a shell sees it; -1: none, as for a region */
	char *outlier;			/* why it lies apart: "preempted by apt"; NULL: it does not */
};

enum bench_latency_value {
	BENCH_LATENCY_MEAN,
	BENCH_LATENCY_MIN,
	BENCH_LATENCY_P50,
	BENCH_LATENCY_P90,
	BENCH_LATENCY_P95,
	BENCH_LATENCY_P99,
	BENCH_LATENCY_P999,
	BENCH_LATENCY_MAX,
	BENCH_LATENCY_NR,
};

/* Latencies of the calls of a function or region, ms. */
struct bench_latency {
	uint64_t count;
	uint64_t lost;			/* calls that were not seen whole; BENCH_UNKNOWN */
	double values[BENCH_LATENCY_NR];
};

struct bench_parameter {
	char *name;
	char *value;
};

/* A shared object that a benchmark had mapped. */
struct bench_object {
	char *path;
	char *build_id;			/* hexadecimal; NULL: none */
	char *package;			/* NULL: not a package's */
	char *version;
};

/* What a file that --keep has stored is for. */
enum kept_role {
	KEPT_LIBRARY,
	KEPT_PROGRAM,			/* what was started */
	KEPT_INTERPRETER,		/* what the program's first line names */
	KEPT_SCRIPT,			/* what the program reads its code from */
	KEPT_NR,
};

/* A file that --keep has stored by its content. */
struct bench_kept {
	enum kept_role role;
	char *path;			/* where it was found */
	char *sha256;			/* of its content, hexadecimal: the name it is stored by */
};

/* One benchmark with one set of parameters. */
struct bench_result {
	char *name;
	char *release;			/* NULL: the file's */
	double timestamp;		/* Unix seconds; NaN: the file's */
	struct bench_parameter *parameters;
	size_t parameter_count;

	uint64_t iterations;
	double duration_ms;		/* of all counted iterations */
	double avg_ms, median_ms, min_ms, max_ms;
	double std_dev_ms;		/* divided by n - 1 */
	double throughput;		/* per second */
	double memory_peak_bytes;
	double cpu_avg_percent;

	/* metadata */
	char *command;			/* as a person would type it */
	char *kind;			/* "command", "region", "function", "window" */
	char *throughput_unit;		/* "operations" or "bytes"; NULL: iterations */
	double threshold;		/* its own, as a share; NaN: the run's */
	uint64_t warmup;
	bool topped_up;			/* as long as the answer was open: looked at more than once */
	bool memory_grows;		/* from iteration to iteration */
	char *failure;			/* why it failed, in one clause; NULL: it did not */

	struct bench_run *runs;
	size_t run_count, run_room;
	struct bench_latency *latency;	/* NULL: none */
	struct bench_object *objects;
	size_t object_count;
	struct bench_kept *kept;	/* the program first, then what it maps */
	size_t kept_count;
	char **warnings;		/* one sentence each */
	size_t warning_count;
};

/* The machine, as it was when the session began. */
struct bench_environment {
	char *host, *kernel, *architecture, *cpu_model, *governor, *virtualization;
	uint64_t cpus;
	uint64_t memory_bytes;
	double load[3];			/* averages of 1, 5 and 15 minutes; the first NaN: not known */
	double steal_percent;		/* over the session */
	double pressure_cpu, pressure_memory, pressure_io;	/* PSI some, percent of 10 s */
	int turbo, smt, aslr;		/* 0, 1, (aslr 2); -1: not known */
};

struct bench_results {
	char *path;			/* the file it came from or went to; NULL: none */
	char *release;
	double timestamp;
	/*
	 * Results with the same session were measured in turns, round by round in
	 * random order: only these are method "interleaved". NULL: not interleaved.
	 */
	char *session;
	bool interrupted;		/* the suite was not run to its end */
	struct bench_environment environment;
	bool environment_known;
	struct bench_result *results;
	size_t count;
	struct report *reasons;		/* holds why fields are null, and nothing else */
};

/* How a field is called in JSON; times of blocking stand in "blocked". */
const char *bench_time_key(enum bench_time time);
const char *bench_count_key(enum bench_count count);
const char *bench_latency_key(enum bench_latency_value value);

struct bench_results *bench_results__new(void);
void bench_results__free(struct bench_results *results);

/* A new result at the end, all unknown. Pointers to the others end. NULL: no memory. */
struct bench_result *bench_results__add(struct bench_results *results, const char *name);

/*
 * Says why a field of the results is null: its path below "results"
 * ("runs.time_split.run_queue_ms", "runs.read_bytes", "memory_peak_mb"), or the
 * beginning of one ("runs.time_split"). The first reason stays. 0 or -ENOMEM.
 */
int bench_results__missing(struct bench_results *results, const char *path, const char *why);
/* NULL when no reason was given for the path or what it is a part of. */
const char *bench_results__why_missing(const struct bench_results *results, const char *path);

/* All unknown. */
void bench_run__init(struct bench_run *run);
/* From the kernel's split; user and kernel are parts of on_cpu. */
void bench_run__set_split(struct bench_run *run, uint64_t wall_ns, const struct ppbpf_split *split,
			  uint64_t user_ns, uint64_t kernel_ns);
/* Makes room for so many runs in all, where they are known. 0 or -ENOMEM. */
int bench_result__expect_runs(struct bench_result *result, size_t count);
/* Adds a copy of a run and takes over what it owns. 0 or -ENOMEM, and then nothing is taken. */
int bench_result__add_run(struct bench_result *result, const struct bench_run *run);
/* Values are compared as text; kept sorted by name. 0 or -ENOMEM. */
int bench_result__add_parameter(struct bench_result *result, const char *name, const char *value);
int bench_result__add_object(struct bench_result *result, const char *path, const char *build_id,
			     const char *package, const char *version);
int bench_result__add_kept(struct bench_result *result, enum kept_role role, const char *path,
			   const char *sha256);
void bench_result__forget_kept(struct bench_result *result);
/* As in JSON; KEPT_NR: there is none of that name. */
const char *kept_role_name(enum kept_role role);
enum kept_role kept_role_find(const char *name);
int bench_result__warn(struct bench_result *result, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/*
 * Averages, extremes, throughput (of `per_iteration` operations or bytes in each),
 * memory and CPU from the runs. Without a run all stay unknown. 0 or -ENOMEM.
 */
int bench_result__summarize(struct bench_result *result, double per_iteration);
/*
 * What the runs have in one field: the known values in order, into `out` with room for
 * run_count. Returns how many.
 */
size_t bench_result__times(const struct bench_result *result, enum bench_time time, double *out);
size_t bench_result__counts(const struct bench_result *result, enum bench_count count,
			    double *out);

/* Means of the known values of all runs; NaN: there is none. */
double bench_result__mean_time(const struct bench_result *result, enum bench_time time);
double bench_result__mean_count(const struct bench_result *result, enum bench_count count);

/* Name and parameters of two results are the same. */
bool bench_result__matches(const struct bench_result *a, const struct bench_result *b);
/* "parse size=large", for people; the caller frees it. NULL: no memory. */
char *bench_result__title(const struct bench_result *result);

#endif
