/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Processes as ppbpf's user knows them. The kernel keeps a number for a process
 * in each pid namespace from the first one down to its own; ours may be any of
 * these, and the /proc that is mounted here may be of one above ours.
 */
#ifndef PPBPF_PIDNS_BPF_H
#define PPBPF_PIDNS_BPF_H

#include "maps.bpf.h"

#define PIDTYPE_TGID 1

/* Found before anything is attached. */
struct ppbpf_pid_view pid_view __weak;

/* The process's number in a namespace so far down; 0: it has none there. */
static __always_inline u32 pid_at(struct pid *pid, u32 level, u64 *ns)
{
	struct upid upid = { 0 };

	*ns = 0;
	if (!pid || BPF_CORE_READ(pid, level) < level)
		return 0;
	bpf_probe_read_kernel(&upid, sizeof(upid),
			      (void *)pid->numbers + level * sizeof(struct upid));
	*ns = (u64)upid.ns;
	return upid.nr;
}

/* Where the caller itself stands. */
static __always_inline void pid_view_here(void)
{
	struct pid *pid = bpf_get_current_task_btf()->thread_pid;

	pid_view.level = pid->level;
	pid_at(pid, pid->level, &pid_view.ns);
}

static __always_inline u32 pid_seen(struct pid *pid)
{
	u64 ns;
	u32 nr = pid_at(pid, pid_view.level, &ns);

	return ns == pid_view.ns ? nr : 0;
}

/* As the process knows itself, in a container below us. */
static __always_inline u32 pid_inner(struct pid *pid)
{
	u32 level = pid ? BPF_CORE_READ(pid, level) : 0;
	u64 ns;

	return level > pid_view.level ? pid_at(pid, level, &ns) : 0;
}

/* Outside of a namespace there is nothing else to look up: pid is all there is. */
static __always_inline void names_read(struct ppbpf_names *names, struct task_struct *task)
{
	struct pid *pid = BPF_CORE_READ(task, signal, pids[PIDTYPE_TGID]);
	u64 ns;

	names->pid = names->proc_pid = task->tgid;
	names->ppid = BPF_CORE_READ(task, real_parent, tgid);
	names->inner_pid = pid_inner(pid);
	if (!pid_view.level)
		return;
	names->pid = pid_seen(pid);
	names->ppid = pid_seen(BPF_CORE_READ(task, real_parent, signal, pids[PIDTYPE_TGID]));
	names->proc_pid = 0;
	if (names->pid && pid_view.proc_level >= 0)
		names->proc_pid = pid_at(pid, pid_view.proc_level, &ns);
}

/* Processes outside of our namespace are nobody's business here. */
static __always_inline bool is_seen(const struct ppbpf_names *names)
{
	return !pid_view.level || names->pid;
}

#endif /* PPBPF_PIDNS_BPF_H */
