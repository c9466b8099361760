/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * What is kept of a followed task as it leaves its CPU, until it leaves one again; and the
 * clock by which that is told. For programs on sched_switch.
 */
#ifndef PPBPF_SWITCH_BPF_H
#define PPBPF_SWITCH_BPF_H

#include "reason.bpf.h"
#include "split.bpf.h"

#define CLOCK_SAMPLE_NS 100000000ULL

static __always_inline void sample_clock(u64 now)
{
	if (now - clock_pair.sampled < CLOCK_SAMPLE_NS)
		return;
	clock_pair.offset = bpf_ktime_get_ns() - now;
	clock_pair.sampled = now;
}

/* Why it leaves: PPBPF_REASON_RUN_QUEUE when it could go on. */
static __always_inline u32 switch_reason(struct task_state *state, struct task_struct *prev,
					 bool preempt, u32 prev_state)
{
	u32 reason;

	if (preempt || !prev_state || prev_state & TASK_DEAD)
		return PPBPF_REASON_RUN_QUEUE;
	reason = wait_reason(prev, prev_state);
	if (reason == PPBPF_REASON_AGAIN)
		return state->last_wait;
	if (reason != PPBPF_REASON_STOPPED)
		state->last_wait = reason;
	return reason;
}

static __always_inline void remember_throttle(struct task_state *state, struct task_struct *prev)
{
	struct cfs_rq *cfs_rq = prev->se.cfs_rq;

	state->flags &= ~STATE_THROTTLED;
	state->cfs_rq = 0;
	if (!have_throttled_time() || !cfs_rq || !cfs_rq->runtime_enabled)
		return;
	state->cfs_rq = (u64)cfs_rq;
	state->throttled_time = cfs_rq->throttled_clock_self_time;
	if (task_is_throttled(prev))
		state->flags |= STATE_THROTTLED;
}

/* The next interval begins. */
static __always_inline void switch_remember(struct task_state *state, struct task_struct *prev,
					    u32 reason, u64 now)
{
	remember_throttle(state, prev);
	state->out = now;
	state->out_cpu = bpf_get_smp_processor_id();
	state->exec_runtime = prev->se.sum_exec_runtime;
	state->run_delay = sched_run_delay(prev);
	state->reason = reason;
}

#endif /* PPBPF_SWITCH_BPF_H */
