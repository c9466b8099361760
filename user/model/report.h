/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * What a monitoring run knows, for sinks to print: they see this and the
 * process table, and nothing of BPF.
 */
#ifndef PPBPF_MODEL_REPORT_H
#define PPBPF_MODEL_REPORT_H

#include "model/metric.h"
#include "model/tasks.h"

/* A number that may not be known; `why` then says so in one clause. */
struct value {
	bool known;
	uint64_t n;
};

/* Values an interval, thinned beyond a limit: peaks are kept. */
struct series {
	double *values;
	double *times;		/* seconds from the start, of each value's interval end */
	size_t count;
	size_t capacity;
	size_t stride;		/* intervals a value stands for */
	size_t pending;		/* intervals in the value that is being made */
	double sum;		/* of all intervals, weighted by their length */
	double weight;
	double peak;
	double low;
	double first;		/* of the first interval and of the latest one */
	double last;
};

struct report_blame {
	uint32_t tgid;		/* in the first pid namespace; 0: told by name, for want of room */
	uint32_t pid;		/* as ppbpf's user knows it; 0: not known, or outside */
	char comm[PPBPF_COMM_LEN];
	uint64_t ns;
	bool followed;		/* one of the target's own processes */
};

struct report_disk {
	uint32_t major;
	uint32_t minor;
	char name[32];		/* "vda" */
	struct ppbpf_disk by_op[PPBPF_IO_NR];
};

struct report_interface {
	char name[16];
	uint64_t values[INTERFACE_VALUE_NR];
};

struct report_program {
	char name[16];
	uint64_t run_ns;
	uint64_t runs;
};

/* ppbpf's own cost. */
struct report_self {
	double user_seconds;
	double system_seconds;
	uint64_t resident_bytes;
	uint64_t peak_resident_bytes;
	double attach_ms;		/* start of the program to everything attached */
	double start_cpu_seconds;	/* of user and system, spent until then */
	uint64_t snapshots;
	uint64_t snapshot_ns;
	bool bpf_known;			/* kernel.bpf_stats_enabled was on */
	uint64_t bpf_ns;
	uint64_t bpf_runs;
	struct report_program *programs;
	size_t program_count;
};

struct report_missing {
	char *name;		/* a field's path in data, "perf.instructions", or a metric's name */
	char *why;
};

/* Where figures of processes are from. */
enum report_source {
	REPORT_BY_EVENTS,	/* BPF: nothing is missed, however short */
	REPORT_BY_ITERATOR,	/* the task iterator alone, asked at every interval */
	REPORT_BY_PROC,		/* without BPF: /proc, read at every interval */
};

struct report {
	char *target;		/* as the user named it: "./build.sh", "pid 4242", "nginx*", "machine" */
	bool machine_wide;
	bool has_command;
	uint32_t command_pid;	/* that runs from the begin on, though it was made before; 0: none */
	int command_status;	/* exit status as a shell sees it; -1: not ended */
	uint64_t interval_ns;
	double duration;	/* seconds measured */
	uint64_t wall_ns;	/* from COMMAND's release to its end, else the measurement */
	uint64_t samples;
	struct metric_set wanted;
	bool tracked[4];	/* cpu, memory, disk, network */
	bool interrupted;	/* by the user */

	struct tasks *tasks;
	bool split_known;	/* somebody was followed: reasons are known */
	struct series cpu;	/* percent of one core */
	struct series memory;	/* bytes */

	uint64_t disk_read_bytes, disk_written_bytes;
	uint64_t net_sent_bytes, net_received_bytes;
	bool disk_known, network_known;
	enum report_source source;
	bool host_pids_hidden;	/* pids are those of a namespace below the host's, and no others known */
	uint64_t waited_peak_bytes;	/* without events, of COMMAND or one of those that it waited for */
	bool disk_hidden;	/* then some of the target's disk bytes may not be read */

	struct report_blame *blames;	/* most first */
	size_t blame_count;
	struct report_disk *disks;
	size_t disk_count;
	struct report_interface *interfaces;
	size_t interface_count;
	struct value machine[MACHINE_VALUE_NR];
	struct value perf[PERF_VALUE_NR];
	struct value cgroup[CGROUP_VALUE_NR];
	struct value named[NAMED_VALUE_NR];

	struct report_self self;
	uint64_t counters[PPBPF_COUNTER_NR];
	struct report_missing *missing;
	size_t missing_count;
	char **warnings;	/* one sentence each, for a person */
	size_t warning_count;
	char host[65];
	char kernel[65];
};

/* An interval as it ends, for live output. Differences over the interval. */
struct report_interval {
	double time;		/* seconds from the start, of its end */
	double seconds;		/* its length */
	double cpu_percent;
	uint64_t resident_bytes;
	uint64_t values[PPBPF_SUMMED_NR];
	struct ppbpf_split split;
};

struct report *report__new(void);
void report__free(struct report *report);
/* Says why a value is null; the first reason given for a name stays. */
int report__missing(struct report *report, const char *name, const char *why, ...)
	__attribute__((format(printf, 3, 4)));
const char *report__why_missing(const struct report *report, const char *name);
int report__warn(struct report *report, const char *why, ...)
	__attribute__((format(printf, 2, 3)));

int series__add(struct series *series, double time, double seconds, double value);
/* Weighted by the intervals' length; NaN when there was none. */
double series__average(const struct series *series);
void series__free(struct series *series);

/*
 * The most memory held at once, as far as is known: of the series, or of one of
 * its processes alone, which knows its own peak however short it lived.
 */
double report__memory_peak(const struct report *report);

/* Name of a loss counter in metadata.dropped; NULL for counters that are no loss. */
const char *counter_loss_name(enum ppbpf_counter counter);

/* The value below which a share (0 to 1) of a log2 histogram lies, interpolated; ns. */
double hist_quantile(const uint64_t *slots, size_t count, double share);
double hist_quantile32(const uint32_t *slots, size_t count, double share);

#endif
