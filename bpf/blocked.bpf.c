// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/*
 * Stacks of tasks that were off their CPU when the measurement began: their
 * switch was not seen. An iterator that may sleep reads their memory; it shares
 * the maps of stack.bpf.c, and is run once.
 */
#define WALK_FOREIGN
#include "walk.bpf.h"
#include "reason.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

u64 blocked_since; /* CLOCK_MONOTONIC: when the measurement began */

static __always_inline u64 walk_blocked(struct task_struct *task)
{
	struct scratch *scratch = scratch_take(SCRATCH_BLOCKED, task);
	struct walk_context context = { .scratch = scratch, .task = task };
	u64 id;

	if (!scratch)
		return 0;
	walk_kernel_frames(scratch, bpf_get_task_stack(task, scratch->event.frames,
						       PPBPF_KERNEL_FRAMES_MAX * sizeof(u64), 0));
	if (walk_begin(scratch, task))
		walk_user(&context, SCRATCH_BLOCKED);
	id = walk_finish(scratch);
	send_stack(scratch);
	scratch->busy = 0;
	return id;
}

SEC("iter.s/task")
int stack_blocked(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct off_state *state;
	u32 bits;

	if (!task || !task->pid || task->on_cpu || task->exit_state || !is_sampled(task))
		return 0;
	state = bpf_task_storage_get(&off_states, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!state) {
		stack_count(PPBPF_STACK_LOST_OFF_STATE);
		return 0;
	}
	if (state->since) /* its switch was seen */
		return 0;
	bits = task_state_bits(task);
	state->reason = bits ? wait_reason(task, bits) : PPBPF_REASON_RUN_QUEUE;
	if (state->reason == PPBPF_REASON_AGAIN)
		state->reason = PPBPF_REASON_OTHER;
	state->last_wait = state->reason;
	state->run_delay = sched_run_delay(task);
	state->stack = walk_blocked(task);
	/* it may have come back meanwhile, unseen: then there is nothing to tell */
	if (state->stack && !task->on_cpu)
		state->since = blocked_since;
	return 0;
}
