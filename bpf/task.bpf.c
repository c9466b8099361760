// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/*
 * Tasks: the iterator that writes one record per live task on demand, the scan
 * that marks the first targets, and the life cycle (fork, exec, exit).
 */
#include "maps.bpf.h"
#include "compat.bpf.h"
#include "follow.bpf.h"

/* A record is too large for the stack. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct ppbpf_task_record);
} scratch SEC(".maps");

u64 snapshot_running[2][PPBPF_RUNNING_WORDS];

static __always_inline void mark_running(struct task_struct *task)
{
	u32 word = (u32)task->pid >> 6 & (PPBPF_RUNNING_WORDS - 1);

	__sync_fetch_and_or(&snapshot_running[snapshot.turn & 1][word], 1ULL << (task->pid & 63));
}

/*
 * Blocked when the last snapshot passed by, and ever since: told by a few loads
 * from the task alone, where its storage would cost as much as all the rest.
 */
static __always_inline bool is_quiet(struct task_struct *task)
{
	u32 word = (u32)task->pid >> 6 & (PPBPF_RUNNING_WORDS - 1);

	return have_sched_info() && sched_last_arrival(task) < snapshot.since &&
	       !(snapshot_running[~snapshot.turn & 1][word] >> (task->pid & 63) & 1);
}

/* Blocked since before it was last told of: user space knows how long that is now. */
static __always_inline bool unchanged(struct task_struct *task, struct task_state *state)
{
	if (!state || snapshot.all || !is_off(task))
		return false;
	/* volatile, or clang makes one load of this and the task's below, by either pointer */
	if (state->flags & PPBPF_TASK_FOLLOWED)
		return state->snapshot_out &&
		       state->snapshot_out == *(volatile u64 *)&state->out;
	return state->snapshot_runtime == task->se.sum_exec_runtime;
}

SEC("iter/task")
int task_snapshot(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct ppbpf_task_record *record;
	struct task_state *state;
	struct mm_struct *mm;
	u64 now = 0, executed = 0, out = 0;
	u32 zero = 0, size;

	if (!task)
		return 0;
	if (!is_off(task))
		mark_running(task);
	else if (snapshot.since && is_quiet(task))
		return 0;
	state = state_get(task);
	if (following() && !(state && state->flags & PPBPF_TASK_FOLLOWED) && !snapshot.everyone)
		return 0;
	if (unchanged(task, state))
		return 0;
	record = bpf_map_lookup_elem(&scratch, &zero);
	if (!record)
		return 0;
	__builtin_memset(&record->task, 0, sizeof(record->task));
	record_task(&record->task, task, state);
	if (task->on_cpu || waits_since(task) ||
	    (state && state->flags & PPBPF_TASK_FOLLOWED)) {
		now = sched_clock_estimate();
		executed = record_live(&record->task, task, now);
	}
	if (!state) {
		record->task.ppid = BPF_CORE_READ(task, real_parent, tgid);
		names_read(&record->task.names, task);
		record->task.leader_start_boot_ns =
			BPF_CORE_READ(task, group_leader, start_boottime);
	}
	if (task->exit_state)
		record->task.flags |= PPBPF_TASK_EXITING;
	mm = task->mm;
	/* the leader tells of the process, or any thread that outlives it; kernel threads borrow */
	if (mm && !(task->flags & PF_KTHREAD) &&
	    (task->pid == task->tgid || !BPF_CORE_READ(task, group_leader, mm))) {
		record_memory(&record->task, mm);
		record->task.flags |= PPBPF_TASK_MEMORY;
	}
	record->kind = PPBPF_RECORD_TASK;
	size = PPBPF_RECORD_TASK_SIZE;
	if (state) {
		if (state->flags & PPBPF_TASK_FOLLOWED) {
			if (snapshot.all)
				follow_settle(task, state);
			out = state->out;
			split_live(&record->split, state, task, executed, now);
			if (state->reason < PPBPF_REASON_NR && is_off(task) && out == state->out)
				record->task.idle = 1 + state->reason;
			record->kind = PPBPF_RECORD_FOLLOWED;
			size = PPBPF_RECORD_FOLLOWED_SIZE;
		}
		if (snapshot.detail) {
			__builtin_memcpy(record->run_queue_hist, state->run_queue_hist,
					 sizeof(record->run_queue_hist));
			record->kind = PPBPF_RECORD_DETAIL;
			size = PPBPF_RECORD_DETAIL_SIZE;
		}
	}
	record->size = size;
	if (bpf_seq_write(ctx->meta->seq, record, size) < 0)
		return 1;	/* the buffer is full: the kernel calls again with a fresh one */
	if (state) {
		state->snapshot_runtime = task->se.sum_exec_runtime;
		state->snapshot_out = record->task.idle ? out : 0;
	}
	return 0;
}

/* Run by user space before anything is attached: where ppbpf itself stands. */
SEC("syscall")
int pid_view_find(void *ctx)
{
	pid_view_here();
	return 0;
}

/* The run queues of all CPUs hang from the root's: no task there needs to be met. */
static __always_inline struct task_group *root_group(struct task_struct *task)
{
	struct task_group *group = task->sched_task_group, *parent;

	for (int i = 0; i < CGROUP_DEPTH; i++) {
		parent = BPF_CORE_READ(group, parent);
		if (!parent)
			break;
		group = parent;
	}
	return group;
}

/* A CPU counts from now on, not from its first switch: it may be long in coming. */
static long cpu_time_begin(u32 cpu, struct task_group **root)
{
	u32 zero = 0;
	struct cpu_time *time = bpf_map_lookup_percpu_elem(&cpu_times, &zero, cpu);
	struct cfs_rq **queues = BPF_CORE_READ(*root, cfs_rq), *queue = 0;
	struct task_struct *curr;
	struct rq *rq;

	if (!time || time->rq)
		return 0;
	bpf_probe_read_kernel(&queue, sizeof(queue), queues + cpu);
	rq = BPF_CORE_READ(queue, rq);
	curr = BPF_CORE_READ(rq, curr);
	time->exec = BPF_CORE_READ(curr, se.sum_exec_runtime);
	time->curr = (u64)curr;
	time->rq = (u64)rq;
	return 0;
}

/*
 * Gives every task its state, so that none is made on a switch, and marks the
 * targets. Run again until it marks nobody: a child forked by a process that
 * was not marked yet is met the next time.
 */
SEC("iter/task")
int task_seed(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct task_group *root;
	struct task_state *state;

	if (!ctx->meta->seq_num)
		bpf_loop(cfg_cpus, offset_find, 0, 0);
	if (!task)
		return 0;
	if (!following() && !ctx->meta->seq_num) {
		root = root_group(task);
		bpf_loop(cfg_cpus, cpu_time_begin, &root, 0);
	}
	state = state_create(task);
	if (!state)
		return 0;
	state_name(state, task);
	if (!(state->flags & STATE_SEEN)) {
		state->run_delay = sched_run_delay(task);
		state->flags |= STATE_SEEN;
	}
	if (!following() || task->exit_state)
		return 0;
	if (!(state->flags & PPBPF_TASK_FOLLOWED)) {
		if (is_target(task, &state->names, true)) {
			follow_now(task, state);
			snapshot.seeded++;
		}
	} else if (has_left(task)) {
		leave(task, state);
	} else {
		follow_settle(task, state);
	}
	return 0;
}

/* The process whose children are followed from birth, though it is not itself; 0: none. */
u32 runner;

/* Run by that process: its id as the kernel knows it, whatever its pid namespace. */
SEC("syscall")
int runner_set(void *ctx)
{
	runner = bpf_get_current_pid_tgid() >> 32;
	return 0;
}

/*
 * `parent` is the caller. The child has not run; its life starts at its
 * start_time, which CLOCK_MONOTONIC counts.
 */
SEC("tp_btf/sched_process_fork")
int BPF_PROG(sched_process_fork, struct task_struct *parent, struct task_struct *child)
{
	struct task_state *state = state_create(child), *mine;
	bool thread = child->tgid == parent->tgid;

	if (!state)
		return 0;
	state_name(state, child);
	state->flags = STATE_SEEN;
	if (!following())
		return 0;
	/* a cgroup's member begins in it, or was put elsewhere from birth */
	if (cfg_target_mode == PPBPF_TARGET_CGROUP) {
		if (!is_target(child, &state->names, false))
			return 0;
	} else {
		mine = state_get(parent);
		if (!(mine && mine->flags & PPBPF_TASK_FOLLOWED && (thread || cfg_children)) &&
		    !(runner && runner == parent->tgid && !thread))
			return 0;
	}
	state->out = child->start_time - clock_pair.offset;
	state->reason = PPBPF_REASON_OTHER;
	state->flags |= PPBPF_TASK_FOLLOWED;
	if (!thread)
		__sync_fetch_and_add(&snapshot.changes, 1);
	return 0;
}

static __always_inline void exec_event(struct task_struct *task, struct task_state *state)
{
	struct ppbpf_exec_event *event;
	u64 start, length;

	event = event_reserve(sizeof(*event), PPBPF_LOST_EVENTS_EXEC);
	if (!event)
		return;
	event->kind = PPBPF_EVENT_EXEC;
	event->flags = state->flags & PPBPF_TASK_FOLLOWED;
	event->tgid = task->tgid;
	event->ppid = state->ppid;
	event->leader_start_boot_ns = state->leader_start;
	event->names = state->names;
	event->boot_ns = bpf_ktime_get_boot_ns();
	bpf_probe_read_kernel(event->comm, sizeof(event->comm), task->comm);
	start = BPF_CORE_READ(task, mm, arg_start);
	length = BPF_CORE_READ(task, mm, arg_end) - start;
	event->args_full = length < (1u << 31) ? length : 0;
	if (length > sizeof(event->args))
		length = sizeof(event->args);
	barrier_var(length);	/* or clang forgets the bound in a copy the verifier sees */
	if (length > sizeof(event->args) ||
	    bpf_probe_read_user(event->args, length, (void *)start))
		length = 0;
	event->args_len = length;
	event_submit(event);
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(sched_process_exec, struct task_struct *task)
{
	struct task_state *state = state_create(task);

	if (!state)
		return 0;
	state_name(state, task);
	if (following() && !(state->flags & PPBPF_TASK_FOLLOWED)) {
		if (!is_target(task, &state->names, false))
			return 0;
		follow_now(task, state);
		__sync_fetch_and_add(&snapshot.changes, 1);
	}
	if (!is_seen(&state->names))
		return 0;
	state->peak_rss = 0;
	state->maxrss = task->signal->maxrss;
	exec_event(task, state);
	return 0;
}

/*
 * Since 6.16 the task still has its memory here. Before, a process that ends has put its mark
 * where those of the programs that it ran before are: unless theirs is larger, it is known.
 */
SEC("tp_btf/sched_process_exit")
int BPF_PROG(sched_process_exit, struct task_struct *task)
{
	struct task_state *state = state_get(task);
	struct mm_struct *mm = task->mm;
	struct rss_walk walk;
	u64 most;

	if (!state || task->flags & PF_KTHREAD ||
	    (following() && !(state->flags & PPBPF_TASK_FOLLOWED)))
		return 0;
	state->threads = task->signal->nr_threads;
	if (mm) {
		rss_read(&walk, mm);
		state->peak_rss = peak_pages(mm, &walk);
		return 0;
	}
	most = task->signal->maxrss;
	if (most > state->maxrss)
		state->peak_rss = most;
	return 0;
}
