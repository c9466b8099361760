/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * libppbpf: the operations of ppbpf for programs. Each takes a struct of
 * options, fills a result, and returns an exit status of the command line: 0
 * success, 1 bad news, 2 usage, 3 this machine or privilege cannot do it, 4 an
 * error while doing it. The result's JSON is the command's own.
 *
 * Start from PPBPF_MONITOR_DEFAULTS: options may be added, always with a zero
 * that means the behaviour of before. Not thread-safe: one operation at a time.
 */
#ifndef PPBPF_H
#define PPBPF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

enum ppbpf_status {
	PPBPF_OK = 0,
	PPBPF_BAD_NEWS = 1,
	PPBPF_USAGE = 2,
	PPBPF_UNSUPPORTED = 3,
	PPBPF_FAILED = 4,
};

/* An operation's outcome; freed with ppbpf_result_free(). */
struct ppbpf_result;

/* The envelope ("ppbpf/1"), pretty-printed, owned by the result; NULL: no memory. */
const char *ppbpf_result_json(struct ppbpf_result *result);
/* The same, written as it is made. Negative errno. */
int ppbpf_result_write_json(const struct ppbpf_result *result, FILE *stream);
bool ppbpf_result_success(const struct ppbpf_result *result);
/* "" when there was no error; else one line each: what, and what to do. */
const char *ppbpf_result_error(const struct ppbpf_result *result);
const char *ppbpf_result_hint(const struct ppbpf_result *result);
/* COMMAND's exit status as a shell sees it, or -1. */
int ppbpf_result_command_status(const struct ppbpf_result *result);
void ppbpf_result_free(struct ppbpf_result *result);

/* What --format says of live output, and where it goes while the run lasts. */
enum ppbpf_monitor_live {
	PPBPF_LIVE_NONE,
	PPBPF_LIVE_TABLE,	/* refreshed in place on a terminal, else a line an interval */
	PPBPF_LIVE_JSONL,
	PPBPF_LIVE_CSV,
};

struct ppbpf_monitor_options {
	/* The target: one of these, or none for the whole machine. */
	const pid_t *pids;
	size_t pid_count;
	const char *comm;		/* a name with * and ? */
	const char *cgroup;		/* a cgroup's directory */
	const char *unit;		/* a unit of systemd; ".service" may be left out */
	const char *container;		/* the beginning of a container's id */
	char *const *command;		/* a program and its arguments, NULL at the end */
	const char *user;		/* whom COMMAND runs as; "-": who called sudo */
	bool no_children;		/* descendants are not followed */

	uint64_t interval_ns;		/* 10 ms to 1 h */
	uint64_t duration_ns;		/* 0: until the target ends or ppbpf_monitor_stop() */
	bool no_cpu, no_memory, no_disk, no_network;
	const char *metrics;		/* names, comma-separated; NULL: the default ones */
	bool pss;
	bool self;			/* turns the kernel's BPF statistics on while measuring */

	enum ppbpf_monitor_live live;
	int live_fd;			/* of the live output */
	int command_stdout_fd;		/* COMMAND's standard output; 0: as ours */
	const char *sort;		/* column of the live table and the summary */
	unsigned int top;		/* rows; 0: 10 */
	bool summary;			/* the one-screen summary at the end, to summary_fd */
	int summary_fd;
};

#define PPBPF_MONITOR_DEFAULTS { .interval_ns = 100000000ULL }

/*
 * Monitors until the duration is over, the target has ended, or stopped.
 * *result is always set (NULL only without memory).
 */
int ppbpf_monitor(const struct ppbpf_monitor_options *options, struct ppbpf_result **result);

/* The one-screen summary of a run, as for summary_fd. Negative errno. */
int ppbpf_result_write_summary(const struct ppbpf_result *result,
			       const struct ppbpf_monitor_options *options, FILE *stream);

struct ppbpf_bench_options {
	/* What is measured: one of these. */
	const char *suite;		/* a YAML file of benchmarks */
	char *const *command;		/* a program and its arguments, NULL at the end */
	const pid_t *pids;		/* processes that run already */
	size_t pid_count;

	const char *release;		/* NULL: "dev", or what `against` says */
	const char *name;		/* of COMMAND's or the processes' benchmark */
	const char *only;		/* just the suite's benchmarks of such names, with * and ? */

	/*
	 * Versions to compare, "NAME=COMMAND" each, run in turns; the first is the baseline,
	 * and `command`, if there is one, comes last. Or the baseline that a release's
	 * results have kept.
	 */
	const char *const *against;
	size_t against_count;
	const char *against_release;
	bool keep;			/* stores the programs for that, by content */

	unsigned int iterations;	/* exact, for all; 0: as the suite says, or 10 */
	int warmup;			/* for all; -1: as the suite says, or 3 */
	uint64_t timeout_ns;		/* of a run whose benchmark has none of its own; 0: none */
	double threshold;		/* a share: what counts as a change */
	const char *user;		/* whom the benchmarks run as; "-": who called sudo */
	bool no_resources;		/* times alone */

	const char *function;		/* GLOB[@MODULE]: each call is an iteration */
	const char *region;		/* of ppbpf_mark.h: each pass is one */
	uint64_t duration_ns;		/* of measuring `pids`; 0: 10 s */
	uint64_t window_ns;		/* an iteration of `pids` without function and region; 0: 1 s */

	const char *output_dir;		/* NULL: "./benchmarks" */
	bool show_output;		/* of what is run: standard output to command_stdout_fd */
	int command_stdout_fd;
	bool table;			/* for a person, to table_fd, as it goes */
	int table_fd;
	bool progress;			/* a refreshed line on standard error, where that is a terminal */
	bool strict;			/* an inconclusive comparison is bad news, too */
};

#define PPBPF_BENCH_DEFAULTS { .warmup = -1, .threshold = 0.05 }

/*
 * Runs benchmarks and saves their results. PPBPF_BAD_NEWS when one of them failed, or a
 * comparison found a regression. *result is always set (NULL only without memory).
 */
int ppbpf_bench(const struct ppbpf_bench_options *options, struct ppbpf_result **result);

/* Ends a running ppbpf_bench() soon, keeping what was measured; safe in a signal handler. */
void ppbpf_bench_stop(void);

/* The results of ppbpf_bench() for other programs. Negative errno. */
enum ppbpf_bench_format {
	PPBPF_BENCH_HYPERFINE,		/* as `hyperfine --export-json` */
	PPBPF_BENCH_CSV,
	PPBPF_BENCH_MARKDOWN,
	PPBPF_BENCH_ANNOTATIONS,	/* GitHub's, of regressions among versions that were compared */
	PPBPF_BENCH_SUMMARY,		/* the comparisons, or what was measured, for its job summary */
};
int ppbpf_bench_export(const struct ppbpf_result *result, enum ppbpf_bench_format format,
		       FILE *stream);

/* A commented suite with every key. */
const char *ppbpf_bench_example(void);

enum ppbpf_profile_mode {
	PPBPF_PROFILE_ON_CPU,		/* samples of what runs */
	PPBPF_PROFILE_OFF_CPU,		/* every wait, by its length */
	PPBPF_PROFILE_WALL,		/* both */
	PPBPF_PROFILE_CALLS,		/* every call of `functions` */
};

struct ppbpf_profile_options {
	/* The target, as for ppbpf_monitor(). */
	const pid_t *pids;
	size_t pid_count;
	const char *comm;
	const char *cgroup;
	const char *unit;
	const char *container;
	char *const *command;
	const char *user;
	bool no_children;

	enum ppbpf_profile_mode mode;
	const char *const *functions;	/* "GLOB[@MODULE]", "py:MODULE.NAME" */
	size_t function_count;
	unsigned int frequency;		/* samples a second and CPU, to 4999; 0: 199, machine-wide 49 */
	uint64_t duration_ns;		/* 0: until the target ends or ppbpf_profile_stop() */

	unsigned int top;		/* functions; 0: 10 */
	bool threads;			/* each thread by itself */
	bool no_save;
	const char *output_dir;		/* NULL: "./profiles" */
	const char *formats;		/* comma-separated; NULL: "pprof,folded,speedscope,html" */

	int command_stdout_fd;		/* COMMAND's standard output; 0: as ours */
	bool summary;			/* what a person wants to see at the end, to summary_fd */
	int summary_fd;
	bool progress;			/* says on standard error what has begun, and its cost */
};

#define PPBPF_PROFILE_DEFAULTS { 0 }

/*
 * Profiles until the duration is over, the target has ended, or stopped; saves
 * the files. *result is always set (NULL only without memory).
 */
int ppbpf_profile(const struct ppbpf_profile_options *options, struct ppbpf_result **result);

/* What it prints to summary_fd. Negative errno. */
int ppbpf_profile_write_summary(const struct ppbpf_result *result, FILE *stream);

/* Ends a running ppbpf_profile() soon; safe in a signal handler. */
void ppbpf_profile_stop(void);

/* Ends a running ppbpf_monitor() soon; safe in a signal handler. */
void ppbpf_monitor_stop(void);

struct ppbpf_compare_options {
	const char *results;		/* a results file, or a version whose latest one is meant */
	const char *baseline;		/* the same */
	const char *output_dir;		/* where versions are looked for; NULL: ./benchmarks */
	double threshold;		/* a share; benchmarks may have their own */
	bool strict;			/* an inconclusive benchmark is bad news as well */
	bool allow_missing;		/* no results of the baseline are no error */
};

#define PPBPF_COMPARE_DEFAULTS { .threshold = 0.05 }

/* Did it get slower? PPBPF_BAD_NEWS: yes. *result is always set (NULL only without memory). */
int ppbpf_compare(const struct ppbpf_compare_options *options, struct ppbpf_result **result);

/* A comparison in other forms. Negative errno; -EINVAL when nothing was compared. */
enum ppbpf_compare_format {
	PPBPF_COMPARE_TABLE,
	PPBPF_COMPARE_TABLE_ALL,	/* however many benchmarks there are */
	PPBPF_COMPARE_MARKDOWN,		/* GitHub's job summary */
	PPBPF_COMPARE_ANNOTATIONS,	/* ::error and ::warning of GitHub Actions */
	PPBPF_COMPARE_JUNIT,
};
int ppbpf_compare_write(const struct ppbpf_result *result, enum ppbpf_compare_format format,
			FILE *stream);

struct ppbpf_report_options {
	const char *input;		/* a comparison (as JSON), or a results file */
	const char *output;		/* .html, .md or .json; NULL: charts alone */
	const char *svg_dir;		/* the charts as files; NULL: none */
	bool charts, no_charts;		/* neither: in HTML */
	/* With a results file: what it is compared with, as for ppbpf_compare(). */
	const char *baseline;
	const char *output_dir;
	double threshold;
};

#define PPBPF_REPORT_DEFAULTS { .threshold = 0.05 }

/* The page that people read. *result is always set (NULL only without memory). */
int ppbpf_report(const struct ppbpf_report_options *options, struct ppbpf_result **result);

/* The verdict, in one line. Negative errno; -EINVAL when nothing was reported. */
int ppbpf_report_headline(const struct ppbpf_result *result, FILE *stream);

enum ppbpf_trace_source {
	PPBPF_TRACE_EBPF = 1,		/* requests as the kernel sees them */
	PPBPF_TRACE_RECEIVE = 2,	/* what instrumented services send */
	PPBPF_TRACE_QUERY = 4,		/* what Jaeger has */
};

struct ppbpf_trace_options {
	const char *service;		/* NULL: all */
	unsigned int sources;		/* of enum ppbpf_trace_source; 0: those that can be had */

	/* Which processes are the service, for the kernel's part. */
	const pid_t *pids;
	size_t pid_count;
	const char *comm;		/* a name with * and ? */
	const uint16_t *ports;		/* who listens there */
	size_t port_count;		/* 8 at most */
	const char *unit;		/* a unit of systemd */
	const char *container;		/* the beginning of a container's id */
	bool no_children;		/* what they start is not */
	bool queries;			/* query strings of requests are kept: url.query */
	bool tls;			/* probe OpenSSL to look into what is encrypted */
	double tls_budget;		/* a share of a CPU that this may cost the service; 0: any */

	uint64_t duration_ns;		/* 0: until ppbpf_trace_stop() */
	double sampling_rate;		/* 0.0 to 1.0, by trace id */
	bool keep_errors;		/* traces with errors are kept whatever the rate */
	const char *const *operations;	/* patterns; none: all */
	size_t operation_count;

	const char *jaeger_endpoint;	/* NULL: http://localhost:14268/api/traces */
	const char *query_url;		/* NULL: http://localhost:16686 */
	const char *otlp_endpoint;	/* where spans are sent to; NULL: nowhere */
	const char *const *headers;	/* "Name: value" of those requests */
	size_t header_count;
	bool no_compression;		/* of those requests */

	const char *listen_address;	/* NULL: 127.0.0.1 and ::1 */
	uint16_t otlp_port;		/* 0: not listened on */

	const char *spans_file;		/* collected spans as lines of OTLP's JSON; NULL: none */
	bool table;			/* for a person, to table_fd, at the end */
	int table_fd;
	bool live;			/* and while it goes on */
	unsigned int top;		/* operations to show; 0: 10 */
	unsigned int slowest;		/* traces to show */
};

#define PPBPF_TRACE_DEFAULTS \
	{ .duration_ns = 60000000000ULL, .sampling_rate = 1, .otlp_port = 4318, .slowest = 1, \
	  .tls_budget = 0.05 }

/* Captures traces. *result is always set (NULL only without memory). */
int ppbpf_trace(const struct ppbpf_trace_options *options, struct ppbpf_result **result);

/* The operations and the slowest traces as a page. Negative errno; -EINVAL: nothing was captured. */
int ppbpf_trace_write_html(const struct ppbpf_result *result, FILE *stream);

/* Ends a running ppbpf_trace() soon, keeping what was captured; safe in a signal handler. */
void ppbpf_trace_stop(void);

const char *ppbpf_version(void);

#ifdef __cplusplus
}
#endif

#endif
