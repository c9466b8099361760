/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * A live task comes to be followed, or is followed no more; and what it has so
 * far, with whatever is in progress. For programs outside of sched_switch.
 */
#ifndef PPBPF_FOLLOW_BPF_H
#define PPBPF_FOLLOW_BPF_H

#include "compat.bpf.h"
#include "filter.bpf.h"
#include "reason.bpf.h"
#include "record.bpf.h"
#include "split.bpf.h"

struct ppbpf_snapshot_request snapshot __weak;

/* Once: a task that neither a fork nor the scan has met has none yet. */
static __always_inline void state_name(struct task_state *state, struct task_struct *task)
{
	if (state->leader_start)
		return;
	state->leader_start = BPF_CORE_READ(task, group_leader, start_boottime);
	state->ppid = BPF_CORE_READ(task, real_parent, tgid);
	state->maxrss = BPF_CORE_READ(task, signal, maxrss);
	names_read(&state->names, task);
}

static __always_inline u64 run_delay_live(struct task_struct *task, u64 now)
{
	u64 queued = waits_since(task), delay = sched_run_delay(task);

	return queued && queued < now ? delay + now - queued : delay;
}

static __always_inline bool is_off(struct task_struct *task)
{
	return !*(volatile int *)&task->on_cpu && !waits_since(task);
}

/* Whether no switch came in between: then the parts belong together. */
static __noinline bool split_try(struct ppbpf_split *split, struct task_state *state,
				 struct task_struct *task, u64 executed, u64 now)
{
	u32 seq = *(volatile u32 *)&state->seq;
	struct interval interval;

	barrier();
	if (is_off(task) && sched_last_queued(task))
		state->asleep = now;
	__builtin_memcpy(split, &state->split, sizeof(*split));
	interval_measure(&interval, state, task, executed, now);
	/* what a slice lost to interrupts is known when it has ended */
	interval.ran = interval.slice;
	interval_add(split, &interval, state->reason, 0);
	barrier();
	return !(seq & 1) && seq == *(volatile u32 *)&state->seq;
}

/* Not a loop: up to 6.2 the verifier refuses those that a compiler enters in the middle. */
static __always_inline void split_live(struct ppbpf_split *split, struct task_state *state,
				       struct task_struct *task, u64 executed, u64 now)
{
	if (!split_try(split, state, task, executed, now) &&
	    !split_try(split, state, task, executed, now))
		split_try(split, state, task, executed, now);
}

/* The totals so far, with the slice and the wait in progress, wherever those begin. */
static __always_inline u64 record_live(struct ppbpf_task *out, struct task_struct *task, u64 now)
{
	u64 executed = cpu_time_live(task, now);

	out->values[PPBPF_CPU_NS] += executed - task->se.sum_exec_runtime;
	out->values[PPBPF_RUN_DELAY_NS] += run_delay_live(task, now) - sched_run_delay(task);
	return executed;
}

/* What it had until now is not counted. */
static __always_inline void count_from_now(struct task_struct *task, struct task_state *state,
					   u64 now)
{
	state->out = now;
	state->exec_runtime = cpu_time_live(task, now);
	record_totals(state->base, task);
	state->base[PPBPF_CPU_NS] = state->exec_runtime;
	state->base[PPBPF_RUN_DELAY_NS] = run_delay_live(task, now);
	__builtin_memset(&state->split, 0, sizeof(state->split));
	__builtin_memset(state->counted, 0, sizeof(state->counted));
	__builtin_memset(state->run_queue_hist, 0, sizeof(state->run_queue_hist));
}

static __always_inline void wait_begin(struct task_struct *task, struct task_state *state, u32 bits)
{
	state->reason = wait_reason(task, bits);
	if (state->reason == PPBPF_REASON_AGAIN)
		state->reason = PPBPF_REASON_SLEEP;	/* the call most often broken off */
	state->last_wait = state->reason;
}

/*
 * Starts following a live task in the middle of whatever it does. Its state is
 * read after it was seen off the CPU: before, it may have been on its way there.
 */
static __always_inline void follow_now(struct task_struct *task, struct task_state *state)
{
	bool on_cpu = *(volatile int *)&task->on_cpu;
	u64 now = sched_clock_estimate(), queued = waits_since(task);
	u32 bits;

	barrier();
	bits = task_state_bits(task);
	state->run_delay = sched_run_delay(task);
	state->out_cpu = task->thread_info.cpu;
	if (on_cpu) {
		state->flags |= STATE_SEEDED_ON_CPU;
		state->reason = PPBPF_REASON_OTHER;
	} else if (bits && !queued) {
		wait_begin(task, state, bits);
	} else {
		/* the part of the wait before now is not ours: it is added at the arrival */
		if (queued && queued < now)
			state->run_delay += now - queued;
		state->reason = PPBPF_REASON_RUN_QUEUE;
	}
	count_from_now(task, state, now);
	barrier();
	state->flags |= PPBPF_TASK_FOLLOWED;
}

/*
 * It came to be followed between its last switch and its being off the CPU: that
 * switch has told nothing of it. Another look finds it blocked without a reason.
 */
static __noinline int follow_settle(struct task_struct *task, struct task_state *state)
{
	u32 bits;

	if (!(state->flags & STATE_SEEDED_ON_CPU) && state->reason != PPBPF_REASON_RUN_QUEUE)
		return 0;
	if (!is_off(task))
		return 0;
	barrier();
	bits = task_state_bits(task);
	if (!bits)
		return 0;
	state->flags &= ~STATE_SEEDED_ON_CPU;
	state->run_delay = sched_run_delay(task);
	state->exec_runtime = task->se.sum_exec_runtime;
	wait_begin(task, state, bits);
	return 0;
}

/*
 * What it did until now is told at once, and what it does from now on counts
 * from nothing: a switch that is under way on another CPU may miss that it is
 * followed no more, and another look then tells of that little, too.
 */
static __always_inline void leave(struct task_struct *task, struct task_state *state)
{
	u64 now = sched_clock_estimate(), executed;
	struct ppbpf_exit_event *event;

	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event) {
		/* followed on until there is room: user space looks again */
		__sync_fetch_and_add(&snapshot.changes, 1);
		return;
	}
	event->kind = PPBPF_EVENT_LEAVE;
	event->pad = 0;
	event->end_boot_ns = bpf_ktime_get_boot_ns();
	__builtin_memset(&event->task, 0, sizeof(event->task));
	record_task(&event->task, task, state);
	executed = record_live(&event->task, task, now);
	split_live(&event->split, state, task, executed, now);
	__builtin_memcpy(event->run_queue_hist, state->run_queue_hist,
			 sizeof(event->run_queue_hist));
	count_from_now(task, state, now);
	__sync_fetch_and_and(&state->flags, ~PPBPF_TASK_FOLLOWED);
	__sync_fetch_and_add(&snapshot.changes, 1);
	bpf_ringbuf_submit(event, BPF_RB_FORCE_WAKEUP);
}

#endif /* PPBPF_FOLLOW_BPF_H */
