/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * The split of a followed task's time: one interval runs from a switch-out to
 * the next one, or to a snapshot in between. It is off the CPU first, blocked
 * and then waiting (the scheduler's run_delay tells how long), and on it then.
 */
#ifndef PPBPF_SPLIT_BPF_H
#define PPBPF_SPLIT_BPF_H

#include "compat.bpf.h"

struct interval {
	u64 arrival;	/* sched_clock when it came on its CPU; `now` if it did not */
	u64 off;	/* switch-out to arrival */
	u64 waited;	/* of that, runnable */
	u64 throttled;	/* of that, held back by a quota */
	u64 slice;	/* arrival to the end of the interval */
	u64 ran;	/* of that, executing; the rest went to interrupts or the hypervisor */
};

static __always_inline u64 elapsed(u64 from, u64 to)
{
	if (to >= from)
		return to - from;
	count(PPBPF_COUNT_CLOCK_SKEW, 1);
	return 0;
}

/* How much of a wait was throttling, by the group's clock since the last switch-out. */
static __always_inline u64 throttled_since(struct task_state *state, u64 waited, u64 now)
{
	struct cfs_rq *cfs_rq = (struct cfs_rq *)state->cfs_rq;
	u64 throttled, since;

	if (!have_throttled_time() || !(state->flags & STATE_THROTTLED) || !cfs_rq)
		return 0;
	throttled = BPF_CORE_READ(cfs_rq, throttled_clock_self_time) - state->throttled_time;
	since = BPF_CORE_READ(cfs_rq, throttled_clock_self);
	if (since && since < now)
		throttled += now - since;
	return throttled < waited ? throttled : waited;
}

/*
 * Since the last switch-out. `executed` is the task's sum_exec_runtime, with
 * the slice in progress when the task is on its CPU.
 */
static __always_inline void interval_measure(struct interval *interval, struct task_state *state,
					     struct task_struct *task, u64 executed, u64 now)
{
	u64 arrival = sched_last_arrival(task);
	u64 queued = waits_since(task);

	interval->waited = sched_run_delay(task) - state->run_delay;
	if (state->flags & STATE_SEEDED_ON_CPU) {
		arrival = state->out;
		interval->waited = 0;
	} else if (!have_sched_info()) {
		/* when it came on its CPU is told by what it ran; waits look blocked */
		arrival = now - (executed - state->exec_runtime);
		if (arrival > now || arrival < state->out)
			arrival = state->out;
	} else if (arrival <= state->out) {
		arrival = now;
		if (queued && queued < now)
			interval->waited += now - queued;
	}
	/* the kernel's account of the wait begins in its sleep: see waits_since() */
	if (state->asleep > state->out && state->asleep < arrival &&
	    interval->waited > arrival - state->asleep)
		interval->waited = arrival - state->asleep;
	interval->arrival = arrival;
	interval->off = elapsed(state->out, arrival);
	interval->slice = elapsed(arrival, now);
	interval->ran = executed - state->exec_runtime;
	if (interval->ran > interval->slice)
		interval->ran = interval->slice;
	if (interval->waited > interval->off)
		interval->waited = interval->off;
	interval->throttled = throttled_since(state, interval->waited, now);
}

/* `stolen` is the part of the wait in which the CPU ran no task at all. */
static __always_inline void interval_add(struct ppbpf_split *split, const struct interval *interval,
					 u32 reason, u64 stolen)
{
	u64 blocked = interval->off - interval->waited;

	split->life += interval->off + interval->slice;
	split->on_cpu += interval->ran;
	split->throttled += interval->throttled;
	split->run_queue += interval->waited - interval->throttled - stolen;
	split->stolen += stolen + interval->slice - interval->ran;
	/* runnable all the while, yet not queued: between two run queues */
	if (reason < PPBPF_REASON_NR)
		split->blocked[reason] += blocked;
	else
		split->run_queue += blocked;
}

/*
 * CPU time with the slice in progress. The sum is as old as its run queue's
 * clock: both are brought up to date together, at ticks and switches.
 */
static __always_inline u64 cpu_time_live(struct task_struct *task, u64 now)
{
	const struct rq *rq;
	u64 clock, again, sum;

	if (!task->on_cpu)
		return task->se.sum_exec_runtime;
	rq = task_rq(task);
	clock = *(volatile u64 *)&rq->clock;
	sum = *(volatile u64 *)&task->se.sum_exec_runtime;
	again = *(volatile u64 *)&rq->clock;
	if (again != clock)
		sum = *(volatile u64 *)&task->se.sum_exec_runtime;
	return sum + clock_age(again, now);
}

/* Whether no switch came in between: then all of it is of one interval. */
static __noinline bool split_try_here(struct ppbpf_split *out, struct task_struct *task,
				      struct task_state *state)
{
	u32 seq = *(volatile u32 *)&state->seq;
	struct interval interval;
	u64 arrival;

	barrier();
	__builtin_memcpy(out, &state->split, sizeof(*out));
	arrival = sched_last_arrival(task);
	if (arrival > state->out) {
		interval_measure(&interval, state, task, state->exec_runtime, arrival);
		interval_add(out, &interval, state->reason, 0);
	}
	barrier();
	return !(seq & 1) && seq == *(volatile u32 *)&state->seq;
}

/*
 * The thread's split up to its latest arrival on a CPU; what is since then is
 * on the CPU, and known by the clock. Without a clock of the run queue, which
 * cannot be read here: `life` and `on_cpu` are left to the caller. No loop:
 * see split_live().
 */
static __always_inline void split_here(struct ppbpf_split *out, struct task_struct *task,
				       struct task_state *state)
{
	if (!split_try_here(out, task, state) && !split_try_here(out, task, state))
		split_try_here(out, task, state);
}

static __always_inline u64 grown(u64 from, u64 to)
{
	return to > from ? to - from : 0;
}

/*
 * Of two splits of a thread the later one becomes what happened between them; the rest of
 * `duration` is on the CPU.
 */
static __always_inline void split_grow(struct ppbpf_split *later, const struct ppbpf_split *from,
				       u64 duration)
{
	u64 off;

	/* what of a wait is stolen time is found out only after the slice that follows it */
	later->run_queue = grown(from->run_queue, later->run_queue);
	later->throttled = grown(from->throttled, later->throttled);
	later->stolen = grown(from->stolen, later->stolen);
	off = later->run_queue + later->throttled;
	for (int i = 0; i < PPBPF_REASON_NR; i++) {
		later->blocked[i] = grown(from->blocked[i], later->blocked[i]);
		off += later->blocked[i];
	}
	/* of the slice that was under way all that it lost is counted at its end */
	later->stolen = later->stolen < grown(off, duration) ? later->stolen :
							       grown(off, duration);
	later->life = duration;
	later->on_cpu = grown(off + later->stolen, duration);
}

#endif /* PPBPF_SPLIT_BPF_H */
