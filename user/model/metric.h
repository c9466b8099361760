/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * The metric table: what each number is, in one place. Options (--metrics),
 * columns, JSON keys, `ppbpf metrics` and docs/metrics.md follow from it.
 */
#ifndef PPBPF_MODEL_METRIC_H
#define PPBPF_MODEL_METRIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ppbpf_abi.h"

enum metric_scope {
	METRIC_PROCESS,		/* index: enum ppbpf_value */
	METRIC_MACHINE,		/* index: enum machine_value */
	METRIC_SPLIT,		/* index: enum split_value; the split of a target's time */
	METRIC_DEVICE,		/* index: enum device_value; a block device by operation */
	METRIC_INTERFACE,	/* index: enum interface_value */
	METRIC_PERF,		/* index: enum perf_value; the target's hardware counters */
	METRIC_CGROUP,		/* index: enum cgroup_value; the target's cgroup */
	METRIC_NAMED,		/* index: enum named_value; only for processes named by pid */
	METRIC_SCOPE_NR,
};

enum metric_subject {
	SUBJECT_CPU,
	SUBJECT_SCHEDULER,
	SUBJECT_MEMORY,
	SUBJECT_DISK,
	SUBJECT_NETWORK,
	SUBJECT_MACHINE,
	SUBJECT_PERF,
	SUBJECT_NR,
};

enum metric_kind {
	METRIC_COUNTER,		/* only goes up; shown as the difference over the measurement */
	METRIC_GAUGE,		/* as it is now */
	METRIC_PEAK,		/* the largest so far */
	METRIC_HISTOGRAM,
};

enum metric_unit {
	UNIT_NS,
	UNIT_US,
	UNIT_MS,
	UNIT_BYTES,
	UNIT_COUNT,
	UNIT_PERCENT,
};

enum machine_value {
	MACHINE_CPUS,
	MACHINE_MEMORY_TOTAL_BYTES,
	MACHINE_MEMORY_AVAILABLE_BYTES,
	MACHINE_SWAP_USED_BYTES,
	MACHINE_DISK_READ_BYTES,
	MACHINE_DISK_WRITTEN_BYTES,
	MACHINE_TCP_OPENED,
	MACHINE_TCP_ACCEPTED,
	MACHINE_TCP_RETRANSMITS,
	MACHINE_STEAL_NS,
	MACHINE_PROCESSES_FORKED,
	MACHINE_DIRECT_RECLAIMS,
	MACHINE_OOM_KILLS,
	MACHINE_PSI_CPU_SOME_US,	/* the kernel counts stalls in microseconds */
	MACHINE_PSI_MEMORY_SOME_US,
	MACHINE_PSI_MEMORY_FULL_US,
	MACHINE_PSI_IO_SOME_US,
	MACHINE_PSI_IO_FULL_US,
	MACHINE_VALUE_NR,
};

enum split_value {
	SPLIT_ON_CPU,
	SPLIT_RUN_QUEUE,
	SPLIT_THROTTLED,
	SPLIT_STOLEN,
	SPLIT_BLOCKED,			/* + enum ppbpf_reason */
	SPLIT_VALUE_NR = SPLIT_BLOCKED + PPBPF_REASON_NR,
};

enum device_value {
	DEVICE_OPERATIONS,
	DEVICE_BYTES,
	DEVICE_ERRORS,
	DEVICE_QUEUE_LATENCY,
	DEVICE_SERVICE_LATENCY,
	DEVICE_VALUE_NR,
};

enum interface_value {
	INTERFACE_RECEIVED_BYTES,
	INTERFACE_SENT_BYTES,
	INTERFACE_RECEIVED_PACKETS,
	INTERFACE_SENT_PACKETS,
	INTERFACE_RECEIVE_DROPS,
	INTERFACE_SEND_DROPS,
	INTERFACE_RECEIVE_ERRORS,
	INTERFACE_SEND_ERRORS,
	INTERFACE_VALUE_NR,
};

enum perf_value {
	PERF_INSTRUCTIONS,
	PERF_CYCLES,
	PERF_CACHE_MISSES,
	PERF_BRANCH_MISSES,
	PERF_VALUE_NR,
};

enum cgroup_value {
	CGROUP_MEMORY_BYTES,
	CGROUP_MEMORY_LIMIT_BYTES,
	CGROUP_VALUE_NR,
};

enum named_value {
	NAMED_PSS_BYTES,
	NAMED_OPEN_FILES,
	NAMED_VALUE_NR,
};

/* What a metric needs of the kernel; probed in user/collect/features.c. */
enum feature {
	FEATURE_NONE,		/* nothing that a supported kernel could lack */
	FEATURE_BPF,		/* BTF, the task iterator, sched_switch, task storage */
	FEATURE_SOCK_LENGTH,	/* sock_send_length, sock_recv_length: Linux 6.3 */
	FEATURE_TCP_STATE,
	FEATURE_TCP_RETRANSMIT,	/* and bpf_task_from_pid(): Linux 6.2 */
	FEATURE_BLOCK,
	FEATURE_SCHED_INFO,	/* CONFIG_SCHED_INFO */
	FEATURE_TASK_IO,	/* CONFIG_TASK_IO_ACCOUNTING */
	FEATURE_QUOTA_CLOCK,	/* cfs_rq.throttled_clock_self_time: Linux 6.6 */
	FEATURE_RECLAIM,
	FEATURE_OOM,
	FEATURE_PSI,
	FEATURE_PMU,
	FEATURE_NR,
};

struct metric {
	const char *name;	/* subject.noun: what --metrics takes */
	const char *json;	/* key in JSON, column in CSV */
	const char *otel;	/* OpenTelemetry's name, or ours in its manner */
	const char *help;	/* one sentence for a person */
	const char *source;	/* in the kernel */
	const char *otherwise;	/* where it comes from without `needs`; NULL: from nowhere */
	enum metric_scope scope;
	enum metric_subject subject;
	enum metric_kind kind;
	enum metric_unit unit;
	enum feature needs;
	uint32_t index;		/* into its scope's values */
	bool on_request;	/* costs more: only when --metrics (or an option) names it */
};

extern const struct metric metrics[];
extern const size_t metrics_count;

/* The metric of a scope's index; NULL when the table has none. */
const struct metric *metric_of(enum metric_scope scope, uint32_t index);

/* By name, or OpenTelemetry's; NULL when unknown: then *nearest is the likeliest one meant, or NULL. */
const struct metric *metric_find(const char *name, const char **nearest);

const char *metric_unit_name(enum metric_unit unit);	/* "ns", "us", "By", "1", "%": UCUM */
const char *metric_subject_name(enum metric_subject subject);
const char *metric_kind_name(enum metric_kind kind);

/* Which metrics a run collects: one flag a row of the table. */
struct metric_set {
	bool on[128];
};

void metric_set__default(struct metric_set *set);	/* all but those on request */
void metric_set__clear_subject(struct metric_set *set, enum metric_subject subject);
bool metric_set__has(const struct metric_set *set, const struct metric *metric);
bool metric_set__has_subject(const struct metric_set *set, enum metric_subject subject);
bool metric_set__has_index(const struct metric_set *set, enum metric_scope scope, uint32_t index);

#endif
