// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/*
 * Stacks: sampled on the CPU by a perf event, and of each wait at the switch
 * that it begins with. Counted by stack in the kernel; a stack is sent once.
 */
#include "rest.bpf.h"
#include "reason.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define TRACER_FRAMES 6 /* of the tracepoint and the program, at most */

u32 targets_added; /* by the last scan */
bool measuring;	   /* set when everything is attached */

/* `leader` is a process. */
static __always_inline bool target_add(struct task_struct *leader)
{
	u32 tgid = leader->tgid, start = leader->start_boottime, *known;

	known = bpf_map_lookup_elem(&stack_targets, &tgid);
	if (known && *known == start)
		return false;
	if (!bpf_map_update_elem(&stack_targets, &tgid, &start, BPF_ANY))
		return true;
	stack_count(PPBPF_STACK_LOST_TARGETS);
	return false;
}

/* User space reads what a target maps, and will map, before it is sampled in that. */
static __always_inline void target_tell(const struct ppbpf_names *names)
{
	struct ppbpf_module_event event = { .kind = PPBPF_STACK_EVENT_MODULE };

	event.pid = names->pid;
	event.proc_pid = names->proc_pid;
	if (bpf_ringbuf_output(&stack_events, &event, sizeof(event), BPF_RB_FORCE_WAKEUP))
		stack_count(PPBPF_STACK_LOST_MODULES);
}

/* Run by user space before anything is attached. */
SEC("syscall")
int stack_pid_view(void *ctx)
{
	pid_view_here();
	return 0;
}

/* Run until it adds nobody: descendants may come before their parents. */
SEC("iter/task")
int stack_scan(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct ppbpf_names names;
	u32 parent;

	if (!ctx->meta->seq_num)
		targets_added = 0;
	if (!task || task->pid != task->tgid || cfg_target_mode == PPBPF_TARGET_MACHINE)
		return 0;
	names_read(&names, task);
	parent = BPF_CORE_READ(task, real_parent, tgid);
	if (!is_target(task, &names, true) &&
	    !(cfg_children && bpf_map_lookup_elem(&stack_targets, &parent)))
		return 0;
	if (target_add(task)) {
		targets_added++;
		target_tell(&names);
	}
	return 0;
}

SEC("?tp_btf/sched_process_fork")
int BPF_PROG(stack_fork, struct task_struct *parent, struct task_struct *child)
{
	u32 tgid = parent->tgid;

	if (child->tgid != tgid && cfg_children && bpf_map_lookup_elem(&stack_targets, &tgid))
		target_add(child);
	return 0;
}

/* Its table is asked for before the first sample of it can come. */
SEC("tp_btf/sched_process_exec")
int BPF_PROG(stack_exec, struct task_struct *task)
{
	struct ppbpf_module_key key = { 0 };
	struct ppbpf_names names;
	struct file *file;

	names_read(&names, task);
	if (cfg_target_mode == PPBPF_TARGET_COMM && is_target(task, &names, false))
		target_add(task);
	file = is_sampled(task) ? BPF_CORE_READ(task, mm, exe_file) : 0;
	if (!file)
		return 0;
	module_key(&key, file);
	if (!bpf_map_lookup_elem(&modules, &key))
		module_ask(task, file, 0, 0);
	if (cfg_target_mode != PPBPF_TARGET_MACHINE)
		target_tell(&names);
	return 0;
}

/* Its number will come again. */
SEC("?tp_btf/sched_process_free")
int BPF_PROG(stack_free, struct task_struct *task)
{
	u32 tgid = task->tgid, *start;

	if (task->pid != task->tgid)
		return 0;
	start = bpf_map_lookup_elem(&stack_targets, &tgid);
	if (start && *start == (u32)task->start_boottime)
		bpf_map_delete_elem(&stack_targets, &tgid);
	return 0;
}

/* Walks the current task's user stack. Not static: the verifier walks it once. */
__noinline int walk_current(u32 use)
{
	u32 key = use;
	struct walk_context context = { .scratch = bpf_map_lookup_elem(&scratches, &key),
					.task = bpf_get_current_task_btf() };

	if (context.scratch)
		walk_user(&context, use);
	return 0;
}

/* The current task's stack's id; the stack itself is in the scratch memory. */
static __always_inline u64 walk_here(struct scratch *scratch, enum scratch_use use,
				     struct task_struct *task)
{
	if (walk_begin(scratch, task))
		walk_current(use);
	if (scratch->walk.end == PPBPF_STACK_PENDING)
		rest_send(use);
	return walk_finish(scratch);
}

SEC("perf_event")
int stack_sample(struct bpf_perf_event_data *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct pt_regs *sampled = (struct pt_regs *)ctx;
	struct scratch *scratch;
	u64 id;

	if (!task->pid || !measuring || !is_sampled(task))
		return 0;
	stack_count(PPBPF_STACK_SAMPLES);
	scratch = scratch_take(SCRATCH_SAMPLE, task);
	if (!scratch)
		return 0;
	if ((s64)sampled->ip < 0) /* the kernel's half of the addresses */
		walk_kernel(ctx, scratch, 0);
	id = walk_here(scratch, SCRATCH_SAMPLE, task);
	count_stack(task, scratch, id, PPBPF_STACK_ON_CPU, 0);
	scratch->busy = 0;
	return 0;
}

/* __schedule(), where such a stack begins; 0: not known. */
const volatile u64 cfg_schedule_start;
const volatile u64 cfg_schedule_end;

/* Frames of our own that a stack at the switch begins with: how many, is learned. */
u32 switch_skip = 2;

static __always_inline void walk_kernel_at_switch(void *ctx, struct scratch *scratch)
{
	u32 skip = switch_skip & 0xff, own = 0;
	u64 frame;

	walk_kernel(ctx, scratch, skip);
	for (u32 i = 0; i < TRACER_FRAMES && cfg_schedule_start; i++) {
		frame = scratch->event.frames[i];
		if (i < scratch->walk.count && frame >= cfg_schedule_start &&
		    frame < cfg_schedule_end) {
			own = i;
			break;
		}
	}
	if (!own)
		return;
	switch_skip = skip + own;
	scratch->walk.count = 0;
	scratch->walk.hash = 0;
	walk_kernel(ctx, scratch, (skip + own) & 0xff);
}

/* prev leaves its CPU: where, since when, and why. */
static __always_inline void off_begin(void *ctx, struct task_struct *prev, u32 reason)
{
	struct scratch *scratch;
	struct off_state *state;

	state = bpf_task_storage_get(&off_states, prev, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!state) {
		stack_count(PPBPF_STACK_LOST_OFF_STATE);
		return;
	}
	scratch = scratch_take(SCRATCH_SWITCH, prev);
	if (!scratch)
		return;
	walk_kernel_at_switch(ctx, scratch);
	state->stack = walk_here(scratch, SCRATCH_SWITCH, prev);
	if (reason == PPBPF_REASON_AGAIN)
		reason = state->last_wait;
	else if (reason < PPBPF_REASON_NR && reason != PPBPF_REASON_STOPPED)
		state->last_wait = reason;
	state->reason = reason;
	state->run_delay = sched_run_delay(prev);
	send_stack(scratch);
	scratch->busy = 0;
	state->since = bpf_ktime_get_ns();
}

/*
 * It comes back: blocked first, and then waiting for a CPU, by the scheduler's
 * own account (of which the wait that ends now is not yet a part).
 */
static __always_inline void off_end(struct task_struct *task, struct off_state *state)
{
	u64 off = bpf_ktime_get_ns() - state->since, waited, queued, clock;

	state->since = 0;
	waited = sched_run_delay(task) - state->run_delay;
	queued = sched_last_queued(task);
	clock = queued ? task_rq(task)->clock : 0;
	if (queued && queued < clock)
		waited += clock - queued;
	if (waited > off || state->reason == PPBPF_REASON_RUN_QUEUE)
		waited = off;
	stack_count(PPBPF_STACK_WAITS);
	if (off > waited)
		count_stack(task, 0, state->stack, state->reason, off - waited);
	if (waited)
		count_stack(task, 0, state->stack, PPBPF_REASON_RUN_QUEUE, waited);
}

SEC("?tp_btf/sched_switch")
int stack_switch(u64 *ctx)
{
	struct task_struct *prev = (struct task_struct *)ctx[1];
	struct task_struct *next = (struct task_struct *)ctx[2];
	u32 reason = PPBPF_REASON_RUN_QUEUE, prev_state;
	struct off_state *state;
	bool preempt = ctx[0];

	if (!measuring)
		return 0;
	if (prev->pid && is_sampled(prev)) {
		prev_state = cfg_switch_has_state ? (u32)ctx[3] : task_state_bits(prev);
		if (!preempt && prev_state)
			reason = wait_reason(prev, prev_state);
		if (preempt || !(prev_state & TASK_DEAD))
			off_begin(ctx, prev, reason);
	}
	state = next->pid ? bpf_task_storage_get(&off_states, next, 0, 0) : 0;
	if (state && state->since)
		off_end(next, state);
	return 0;
}

/* Run once at the end: waits that are still going on. */
SEC("iter/task")
int stack_waits(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct off_state *state;

	state = task && !task->on_cpu ? bpf_task_storage_get(&off_states, task, 0, 0) : 0;
	if (state && state->since)
		off_end(task, state);
	return 0;
}
