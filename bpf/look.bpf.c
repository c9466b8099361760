// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/*
 * The task iterator alone, for kernels that offer no more: nothing is attached, and nobody is
 * followed. Each look passes by all tasks, and says of a thread what the kernel keeps of it, and
 * of its process what it keeps of dead threads and of children that were waited for.
 */
#include "record.bpf.h"
#include "filter.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define SIGNAL_GROUP_EXIT 0x4

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct ppbpf_look);
} look_scratch SEC(".maps");

SEC("syscall")
int look_pid_view(void *ctx)
{
	pid_view_here();
	return 0;
}

static __always_inline void held_times(struct ppbpf_look *look, struct signal_struct *signal)
{
	u64 *dead = look->dead, *held = look->held;

	dead[PPBPF_CPU_NS] = BPF_CORE_READ(signal, sum_sched_runtime);
	dead[PPBPF_UTIME_NS] = BPF_CORE_READ(signal, utime);
	dead[PPBPF_STIME_NS] = BPF_CORE_READ(signal, stime);
	dead[PPBPF_MINOR_FAULTS] = BPF_CORE_READ(signal, min_flt);
	dead[PPBPF_MAJOR_FAULTS] = BPF_CORE_READ(signal, maj_flt);
	held[PPBPF_UTIME_NS] = BPF_CORE_READ(signal, cutime);
	held[PPBPF_STIME_NS] = BPF_CORE_READ(signal, cstime);
	held[PPBPF_CPU_NS] = held[PPBPF_UTIME_NS] + held[PPBPF_STIME_NS];
	held[PPBPF_MINOR_FAULTS] = BPF_CORE_READ(signal, cmin_flt);
	held[PPBPF_MAJOR_FAULTS] = BPF_CORE_READ(signal, cmaj_flt);
}

/* Of these the kernel has one sum for both, or they are of threads that were seen alive. */
static __always_inline void held_counts(struct ppbpf_look *look, struct signal_struct *signal)
{
	u64 *held = look->held;

	held[PPBPF_VOLUNTARY_SWITCHES] = BPF_CORE_READ(signal, nvcsw) +
					 BPF_CORE_READ(signal, cnvcsw);
	held[PPBPF_INVOLUNTARY_SWITCHES] = BPF_CORE_READ(signal, nivcsw) +
					   BPF_CORE_READ(signal, cnivcsw);
	if (!bpf_core_field_exists(signal->ioac.read_bytes))
		return;
	held[PPBPF_READ_BYTES] = BPF_CORE_READ(signal, ioac.read_bytes);
	held[PPBPF_WRITE_BYTES] = BPF_CORE_READ(signal, ioac.write_bytes);
	held[PPBPF_CANCELLED_WRITE_BYTES] = BPF_CORE_READ(signal, ioac.cancelled_write_bytes);
}

static __always_inline void look_process(struct ppbpf_look *look, struct task_struct *task)
{
	struct signal_struct *signal = task->signal;
	struct mm_struct *mm = task->mm;

	held_times(look, signal);
	held_counts(look, signal);
	look->task.exit_code = signal->flags & SIGNAL_GROUP_EXIT ? signal->group_exit_code :
								   task->exit_code;
	/* a kernel thread's is lent to it */
	if (!mm || task->flags & PF_KTHREAD)
		return;
	record_memory(&look->task, mm);
	look->task.flags |= PPBPF_TASK_MEMORY;
	look->start_code = mm->start_code;
}

SEC("iter/task")
int task_look(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct ppbpf_look *look;
	u32 zero = 0;

	if (!ctx->meta->seq_num)
		bpf_loop(cfg_cpus, offset_find, 0, 0);
	look = task ? bpf_map_lookup_elem(&look_scratch, &zero) : 0;
	if (!look)
		return 0;
	__builtin_memset(look, 0, sizeof(*look));
	record_task(&look->task, task, 0);
	names_read(&look->task.names, task);
	look->task.ppid = look->task.names.ppid;
	look->tid = pid_view.level ? pid_seen(task->thread_pid) : task->pid;
	look->exit_state = task->exit_state;
	if (cfg_target_mode == PPBPF_TARGET_CGROUP)
		look->in_cgroup = cgroup_matches(task);
	/* the leader tells of the process; its memory any thread that outlives it */
	if (task->pid == task->tgid || (task->mm && !BPF_CORE_READ(task, group_leader, mm)))
		look_process(look, task);
	bpf_seq_write(ctx->meta->seq, look, sizeof(*look));
	return 0;
}
