// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "collect/features.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "base/text.h"
#include "collect/privilege.h"

static const struct {
	const char *name;
	const char *help;
} descriptions[FEATURE_NR] = {
	[FEATURE_NONE] = { "/proc and sysfs", "figures of the whole machine" },
	[FEATURE_BPF] = { "task iterator, sched_switch, task storage",
			  "exact CPU time, waits and their reasons, short-lived processes" },
	[FEATURE_SOCK_LENGTH] = { "socket tracepoints", "network bytes by process" },
	[FEATURE_TCP_STATE] = { "TCP state tracepoint", "connections opened and accepted" },
	[FEATURE_TCP_RETRANSMIT] = { "TCP retransmit tracepoint",
				     "segments sent again, by process" },
	[FEATURE_BLOCK] = { "block tracepoints", "operations and latencies by device" },
	[FEATURE_SCHED_INFO] = { "scheduler's delays",
				 "waits for a CPU, and what tasks are blocked by" },
	[FEATURE_TASK_IO] = { "I/O accounting", "disk bytes charged to who dirtied them" },
	[FEATURE_QUOTA_CLOCK] = { "clock of throttled time",
				  "throttling by a quota told from waiting for a CPU" },
	[FEATURE_RECLAIM] = { "reclaim tracepoint", "direct reclaims" },
	[FEATURE_OOM] = { "OOM tracepoint", "processes killed for want of memory" },
	[FEATURE_PSI] = { "pressure stall information", "stalls for CPU, memory and I/O" },
	[FEATURE_PMU] = { "hardware counters", "instructions, cycles, IPC, misses" },
};

const char *feature_name(enum feature feature)
{
	return descriptions[feature].name;
}

const char *feature_help(enum feature feature)
{
	return descriptions[feature].help;
}

/* The function type behind a tracepoint's typedef; NULL: no such tracepoint. */
static const struct btf_type *tracepoint_proto(const struct btf *btf, const char *name)
{
	char typedef_name[80];
	const struct btf_type *type;
	int id;

	snprintf(typedef_name, sizeof(typedef_name), "btf_trace_%s", name);
	id = btf__find_by_name_kind(btf, typedef_name, BTF_KIND_TYPEDEF);
	if (id < 0)
		return NULL;
	type = btf__type_by_id(btf, btf__type_by_id(btf, id)->type);
	if (!type || !btf_is_ptr(type))
		return NULL;
	type = btf__type_by_id(btf, type->type);
	return type && btf_is_func_proto(type) ? type : NULL;
}

/* Arguments that programs see: the first of the type is the probe's own data. */
static int tracepoint_arguments(const struct btf *btf, const char *name)
{
	const struct btf_type *proto = tracepoint_proto(btf, name);

	return proto ? (int)btf_vlen(proto) - 1 : -1;
}

/* Whether an argument (from 0) is a pointer to the named struct. */
static bool tracepoint_takes(const struct btf *btf, const char *name, int argument,
			     const char *struct_name)
{
	const struct btf_type *proto = tracepoint_proto(btf, name), *type;

	if (!proto || (int)btf_vlen(proto) < argument + 2)
		return false;
	type = btf__type_by_id(btf, btf_params(proto)[argument + 1].type);
	if (!type || !btf_is_ptr(type))
		return false;
	do
		type = btf__type_by_id(btf, type->type);
	while (type && (btf_is_const(type) || btf_is_volatile(type)));
	return type && btf_is_struct(type) &&
	       !strcmp(btf__name_by_offset(btf, type->name_off), struct_name);
}

/* Members of unnamed structs and unions count as the outer one's. */
static bool type_has(const struct btf *btf, const struct btf_type *type, const char *member,
		     int depth)
{
	const struct btf_member *m = type ? btf_members(type) : NULL;
	const char *name;

	if (!type || !btf_is_composite(type) || depth > 4)
		return false;
	for (int i = 0; i < btf_vlen(type); i++) {
		name = btf__name_by_offset(btf, m[i].name_off);
		if (!strcmp(name, member))
			return true;
		if (!*name && type_has(btf, btf__type_by_id(btf, m[i].type), member, depth + 1))
			return true;
	}
	return false;
}

static bool struct_has(const struct btf *btf, const char *name, const char *member)
{
	int id = btf__find_by_name_kind(btf, name, BTF_KIND_STRUCT);

	return id > 0 && type_has(btf, btf__type_by_id(btf, id), member, 0);
}

static void lacks(struct features *features, enum feature feature, const char *why)
{
	features->have[feature] = false;
	text_copy(features->why[feature], sizeof(features->why[feature]), why);
}

void features__lacks(struct features *features, enum feature feature, const char *why, ...)
{
	va_list args;

	features->have[feature] = false;
	va_start(args, why);
	vsnprintf(features->why[feature], sizeof(features->why[feature]), why, args);
	va_end(args);
}

/*
 * The protocols' functions stand in for the socket layer's tracepoints, all of them or none.
 * That their exits can be attached to is found out then: it takes BPF trampolines.
 */
static bool have_socket_functions(const struct btf *btf)
{
	static const char *const names[] = {
		"tcp_sendmsg", "tcp_sendpage", "tcp_recvmsg", "udp_sendmsg", "udp_recvmsg",
		"udpv6_sendmsg", "udpv6_recvmsg",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (btf__find_by_name_kind(btf, names[i], BTF_KIND_FUNC) < 0)
			return false;
	return true;
}

/* What everything that is exact stands on. */
static void probe_base(struct features *f, const struct btf *btf)
{
	static const char *const life[] = {
		"sched_process_fork", "sched_process_exec", "sched_process_exit",
		"sched_process_free",
	};

	f->has_iterator = struct_has(btf, "bpf_iter__task", "task");
	if (!f->has_iterator)
		lacks(f, FEATURE_BPF, "this kernel has no task iterator: Linux 5.8 or later has it");
	else if (!tracepoint_takes(btf, "sched_switch", 1, "task_struct"))
		lacks(f, FEATURE_BPF, "this kernel has no sched_switch tracepoint that programs can "
		      "attach to: Linux 5.19 or later has it");
	else if (!struct_has(btf, "cfs_rq", "rq"))
		lacks(f, FEATURE_BPF, "the kernel was built without CONFIG_FAIR_GROUP_SCHED");
	f->has_life = true;
	for (size_t i = 0; i < sizeof(life) / sizeof(life[0]); i++) {
		if (tracepoint_proto(btf, life[i]))
			continue;
		f->has_life = false;
		if (f->have[FEATURE_BPF])
			features__lacks(f, FEATURE_BPF, "this kernel has no %s tracepoint", life[i]);
	}
}

static void probe_btf(struct features *f, const struct btf *btf)
{
	probe_base(f, btf);
	f->switch_has_state = tracepoint_arguments(btf, "sched_switch") >= 4;
	f->sock_lengths = tracepoint_takes(btf, "sock_send_length", 0, "sock") &&
			  tracepoint_takes(btf, "sock_recv_length", 0, "sock");
	f->sock_exits = !f->sock_lengths && have_socket_functions(btf);
	if (!f->sock_lengths && !f->sock_exits)
		lacks(f, FEATURE_SOCK_LENGTH, "no sock_send_length tracepoint: Linux 6.3 or later has it");
	if (!tracepoint_takes(btf, "inet_sock_set_state", 0, "sock"))
		lacks(f, FEATURE_TCP_STATE, "no inet_sock_set_state tracepoint in this kernel");
	if (!tracepoint_takes(btf, "tcp_retransmit_skb", 0, "sock") ||
	    !struct_has(btf, "tcp_skb_cb", "tcp_gso_segs") ||
	    btf__find_by_name_kind(btf, "bpf_task_from_pid", BTF_KIND_FUNC) < 0)
		lacks(f, FEATURE_TCP_RETRANSMIT, "no tcp_retransmit_skb tracepoint, or programs may "
		      "not look a process up: Linux 6.2 or later has both");
	if (!tracepoint_takes(btf, "block_rq_issue", 0, "request") ||
	    !tracepoint_takes(btf, "block_rq_complete", 0, "request"))
		lacks(f, FEATURE_BLOCK, "no block_rq_issue tracepoint that names the request alone: "
		      "Linux 5.11 or later has it");
	if (!struct_has(btf, "sched_info", "run_delay"))
		lacks(f, FEATURE_SCHED_INFO, "the kernel was built without CONFIG_SCHED_INFO "
		      "(CONFIG_SCHEDSTATS or CONFIG_TASK_DELAY_ACCT brings it)");
	if (!struct_has(btf, "task_io_accounting", "write_bytes"))
		lacks(f, FEATURE_TASK_IO, "the kernel was built without CONFIG_TASK_IO_ACCOUNTING");
	if (!f->have[FEATURE_SCHED_INFO])
		lacks(f, FEATURE_QUOTA_CLOCK, f->why[FEATURE_SCHED_INFO]);
	else if (!struct_has(btf, "cfs_rq", "throttled_clock_self_time"))
		lacks(f, FEATURE_QUOTA_CLOCK, "no clock of throttled time: Linux 6.6 or later with "
		      "CONFIG_CFS_BANDWIDTH has it; throttling counts as run queue");
	if (!tracepoint_proto(btf, "mm_vmscan_direct_reclaim_begin"))
		lacks(f, FEATURE_RECLAIM, "no mm_vmscan_direct_reclaim_begin tracepoint in this kernel");
	if (!tracepoint_takes(btf, "mark_victim", 0, "task_struct"))
		lacks(f, FEATURE_OOM, "no mark_victim tracepoint that names the task: Linux 6.8 or "
		      "later has it");
}

static void probe_psi(struct features *f)
{
	if (access("/proc/pressure/cpu", R_OK))
		lacks(f, FEATURE_PSI, "the kernel was built without CONFIG_PSI, or psi=1 is missing "
		      "from its command line");
	else {
		/* there, but reading fails while PSI is off */
		FILE *file = fopen("/proc/pressure/cpu", "re");
		char line[64];

		if (!file || !fgets(line, sizeof(line), file))
			lacks(f, FEATURE_PSI, "PSI is off: boot the kernel with psi=1");
		if (file)
			fclose(file);
	}
}

/* The list of CPUs is empty, or "(null)", where there are none. */
static bool have_tickless_cpus(void)
{
	FILE *file = fopen("/sys/devices/system/cpu/nohz_full", "re");
	char line[64] = "";
	bool any;

	if (!file)
		return false;
	any = fgets(line, sizeof(line), file) && line[0] >= '0' && line[0] <= '9';
	fclose(file);
	return any;
}

static void probe_pmu(struct features *f)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_HARDWARE, .size = sizeof(attr),
		.config = PERF_COUNT_HW_INSTRUCTIONS, .disabled = 1,
	};
	int fd = syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);

	if (fd >= 0) {
		close(fd);
		return;
	}
	if (errno == EACCES || errno == EPERM)
		lacks(f, FEATURE_PMU, "not allowed: needs CAP_PERFMON or "
		      "kernel.perf_event_paranoid below 3");
	else
		lacks(f, FEATURE_PMU, "this machine has no PMU (virtual machines often hide it)");
}

void features__without_bpf(struct features *f, const char *why)
{
	static const enum feature by_bpf[] = {
		FEATURE_BPF, FEATURE_SOCK_LENGTH, FEATURE_TCP_STATE, FEATURE_TCP_RETRANSMIT,
		FEATURE_BLOCK, FEATURE_SCHED_INFO, FEATURE_TASK_IO, FEATURE_QUOTA_CLOCK,
		FEATURE_RECLAIM, FEATURE_OOM,
	};

	for (size_t i = 0; i < sizeof(by_bpf) / sizeof(by_bpf[0]); i++)
		lacks(f, by_bpf[i], why);
}

void features__iterator_alone(struct features *f, const char *why)
{
	static const enum feature by_events[] = {
		FEATURE_BPF, FEATURE_SOCK_LENGTH, FEATURE_TCP_STATE, FEATURE_TCP_RETRANSMIT,
		FEATURE_BLOCK, FEATURE_QUOTA_CLOCK, FEATURE_RECLAIM, FEATURE_OOM,
	};

	f->iterator_alone = true;
	for (size_t i = 0; i < sizeof(by_events) / sizeof(by_events[0]); i++)
		lacks(f, by_events[i], why);
}

/* What the kernel sums by task or process; all else of these is counted or timed by programs. */
static bool is_of_iterator(const struct metric *metric)
{
	if (metric->scope == METRIC_SPLIT)
		return metric->index == SPLIT_ON_CPU || metric->index == SPLIT_RUN_QUEUE;
	return metric->scope == METRIC_PROCESS &&
	       (metric->index < PPBPF_COUNTED || metric->index >= PPBPF_SUMMED_NR);
}

/* What a kernel without an account keeps in no place. */
static const struct {
	enum feature feature;
	const char *path, *why;
} accounts[] = {
	{ FEATURE_SCHED_INFO, "/proc/self/schedstat", "no /proc/PID/schedstat: the kernel was built "
	  "without CONFIG_SCHED_INFO" },
	{ FEATURE_TASK_IO, "/proc/self/io", "no /proc/PID/io: the kernel was built without "
	  "CONFIG_TASK_IO_ACCOUNTING" },
};

/*
 * A process's metrics come from the task iterator as long as there is one, and otherwise all
 * from /proc; the machine's each from where it can.
 */
const char *features__why_missing(const struct features *features, const struct metric *metric)
{
	bool of_tasks = metric->scope == METRIC_PROCESS || metric->scope == METRIC_SPLIT;

	if (features->iterator_alone && of_tasks) {
		if (!is_of_iterator(metric))
			return features->why[FEATURE_BPF];
		if (metric->needs == FEATURE_BPF)
			return NULL;
		return features->have[metric->needs] ? NULL : features->why[metric->needs];
	}
	if (features->have[metric->needs])
		return NULL;
	if (!metric->otherwise || (of_tasks && features->have[FEATURE_BPF]))
		return features->why[metric->needs];
	for (size_t i = 0; i < sizeof(accounts) / sizeof(accounts[0]); i++)
		if (metric->needs == accounts[i].feature && access(accounts[i].path, F_OK))
			return accounts[i].why;
	return NULL;
}

bool features__is_otherwise(const struct features *features, const struct metric *metric)
{
	if (features->iterator_alone && is_of_iterator(metric))
		return false;
	return !features->have[metric->needs];
}

const char *features__btf_path(void)
{
	const char *path = getenv("PPBPF_BTF");

	return path && *path ? path : NULL;
}

static struct btf *kernel_btf(void)
{
	const char *path = features__btf_path();

	return path ? btf__parse(path, NULL) : btf__load_vmlinux_btf();
}

int features__may_run(struct features *f, struct err *e)
{
	char missing[PRIVILEGE_TEXT], why[FEATURE_WHY];

	if (!strcmp(privilege__lockdown(missing), "confidentiality")) {
		features__without_bpf(f, "lockdown=confidentiality forbids BPF programs to read the "
				      "kernel's memory: boot with lockdown=integrity");
		err__set(e, ERR_PERMISSION, -EPERM, "lockdown=confidentiality forbids BPF programs to "
			 "read the kernel's memory");
		err__hint(e, "boot the kernel with lockdown=integrity, which allows them");
		return -EPERM;
	}
	if (*privilege__missing_for_bpf(missing)) {
		snprintf(why, sizeof(why), "needs %s: run it as root or with sudo", missing);
		features__without_bpf(f, why);
		err__set(e, ERR_PERMISSION, -EPERM, "BPF needs %s here", missing);
		err__hint(e, "%s", privilege__how_to_get_bpf());
		return -EPERM;
	}
	return 0;
}

int features__probe(struct features *f, struct err *e)
{
	struct btf *btf;
	int err;

	memset(f, 0, sizeof(*f));
	for (size_t i = 0; i < FEATURE_NR; i++)
		f->have[i] = true;
	libbpf_set_print(NULL);	/* what it would say is said by *e */
	probe_psi(f);
	probe_pmu(f);
	f->tickless = have_tickless_cpus();
	btf = kernel_btf();
	if (!btf && features__btf_path()) {
		features__without_bpf(f, "PPBPF_BTF names no description of the kernel's types");
		return err__set(e, ERR_USAGE, -EINVAL, "%s: %s", f->why[FEATURE_BPF],
				features__btf_path());
	}
	if (!btf) {
		features__without_bpf(f, "the kernel describes its types nowhere (no /sys/kernel/btf/vmlinux): "
			      "it needs CONFIG_DEBUG_INFO_BTF");
		err__set(e, ERR_UNSUPPORTED_KERNEL, -ENOSYS, "this kernel has no BTF");
		err__hint(e, "use a kernel built with CONFIG_DEBUG_INFO_BTF=y: the distributions' are");
		return -ENOSYS;
	}
	probe_btf(f, btf);
	f->has_cast = btf__find_by_name_kind(btf, "bpf_rdonly_cast", BTF_KIND_FUNC) > 0;
	f->iter_by_process = struct_has(btf, "bpf_iter_aux_info", "task");
	btf__free(btf);
	err = features__may_run(f, e);
	if (err)
		return err;
	if (f->have[FEATURE_BPF])
		return 0;
	err__set(e, ERR_UNSUPPORTED_KERNEL, -ENOSYS, "%s", f->why[FEATURE_BPF]);
	if (f->has_iterator)
		features__iterator_alone(f, e->message);
	else
		features__without_bpf(f, e->message);
	return -ENOSYS;
}

int features__cgroup_subsys(const char *controller)
{
	struct btf *btf = kernel_btf();
	const struct btf_enum *value;
	const struct btf_type *type;
	char name[64];
	int id, index = -ENOENT;

	if (!btf)
		return -ENOENT;
	/* the kernel calls blkio "io" */
	snprintf(name, sizeof(name), "%s_cgrp_id",
		 strcmp(controller, "blkio") ? controller : "io");
	id = btf__find_by_name_kind(btf, "cgroup_subsys_id", BTF_KIND_ENUM);
	type = id < 0 ? NULL : btf__type_by_id(btf, id);
	for (int i = 0; type && i < btf_vlen(type); i++) {
		value = &btf_enum(type)[i];
		if (!strcmp(btf__name_by_offset(btf, value->name_off), name))
			index = value->val;
	}
	btf__free(btf);
	return index;
}
