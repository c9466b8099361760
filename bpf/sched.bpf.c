// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/*
 * The one program on sched_switch. For every task: run queue delay, from the
 * scheduler's own account. For followed tasks: where the time since their last
 * switch went, and who had the CPU while they waited for it. It reads no clock
 * but the run queue's and does nothing at wakeups: all is known when a task
 * leaves its CPU.
 */
#include "maps.bpf.h"
#include "compat.bpf.h"
#include "filter.bpf.h"
#include "history.bpf.h"
#include "record.bpf.h"
#include "switch.bpf.h"

static __always_inline void cpu_time_add(struct task_struct *prev, struct task_struct *next,
					 const struct rq *rq)
{
	u32 zero = 0;
	struct cpu_time *time = bpf_map_lookup_elem(&cpu_times, &zero);

	if (!time)
		return;
	/* some kernels let a switch pass untraced: what it began is nobody's */
	if (time->curr == (u64)prev && prev->pid)
		time->total += prev->se.sum_exec_runtime - time->exec;
	time->exec = next->se.sum_exec_runtime;
	time->curr = (u64)next;
	time->rq = (u64)rq;
}

struct cpu_time_walk {
	u64 now;
	u64 sum;
};

#define CPU_TIME_TRIES 4

static long cpu_time_read(u32 cpu, struct cpu_time_walk *walk)
{
	u32 zero = 0;
	volatile struct cpu_time *time = bpf_map_lookup_percpu_elem(&cpu_times, &zero, cpu);
	struct task_struct *curr;
	u64 total, slice, clock;
	struct rq *rq;

	if (!time || !time->rq)
		return 0;
	/* the other CPU may switch meanwhile: then the parts belong to two tasks */
	for (int i = 0; i < CPU_TIME_TRIES; i++) {
		total = time->total;
		slice = 0;
		rq = (struct rq *)time->rq;
		curr = (struct task_struct *)time->curr;
		if (BPF_CORE_READ(curr, pid)) {
			clock = BPF_CORE_READ(rq, clock);
			slice = BPF_CORE_READ(curr, se.sum_exec_runtime) - time->exec;
			slice += clock_age(clock, walk->now);
		}
		if (total == time->total && curr == (struct task_struct *)time->curr &&
		    curr == BPF_CORE_READ(rq, curr))
			break;
		slice = 0;
	}
	walk->sum += total + slice;
	return 0;
}

/* Run by user space: the sum over all CPUs, slices in progress included. */
SEC("syscall")
int cpu_time_sum(struct ppbpf_cpu_time *out)
{
	struct cpu_time_walk walk = { .now = sched_clock_estimate() };

	bpf_loop(cfg_cpus, cpu_time_read, &walk, 0);
	out->on_cpu_ns = walk.sum;
	return 0;
}

/* Adds what happened between the last switch-out and this one. */
static __always_inline void account(struct task_state *state, struct task_struct *prev, u64 now)
{
	struct interval interval;
	u64 waited, stolen = 0;

	interval_measure(&interval, state, prev, prev->se.sum_exec_runtime, now);
	state->flags &= ~STATE_SEEDED_ON_CPU;
	waited = interval.waited - interval.throttled;
	if (waited) {
		if (state->reason == PPBPF_REASON_RUN_QUEUE &&
		    state->out_cpu != bpf_get_smp_processor_id())
			count(PPBPF_COUNT_WAIT_REMOTE_NS, waited);
		else
			stolen = blame_wait(interval.arrival, waited, prev->tgid);
	}
	interval_add(&state->split, &interval, state->reason, stolen);
}

static __always_inline void followed_out(struct task_state *state, struct task_struct *prev,
					 bool preempt, u32 prev_state, u64 now)
{
	u32 reason = switch_reason(state, prev, preempt, prev_state);

	state->seq++;
	barrier();
	account(state, prev, now);
	switch_remember(state, prev, reason, now);
	barrier();
	state->seq++;
}

/* The last switch: all of a thread's CPU time is in, its exit code too. */
static __noinline int task_dead(struct task_struct *prev, struct task_state *state)
{
	struct signal_struct *signal;
	struct ppbpf_exit_event *event;

	if (!state || !prev || (following() && !(state->flags & PPBPF_TASK_FOLLOWED)))
		return 0;
	if (state->flags & STATE_EXIT_SENT || !is_seen(&state->names))
		return 0;
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event) {
		if (!(state->flags & STATE_EXIT_MISSED))
			count(PPBPF_LOST_EVENTS_EXIT, 1);
		state->flags |= STATE_EXIT_MISSED;
		return 0;
	}
	if (state->flags & STATE_EXIT_MISSED)
		count(PPBPF_LOST_EVENTS_EXIT, -1ULL);
	state->flags |= STATE_EXIT_SENT;
	__builtin_memset(event, 0, sizeof(*event));
	event->kind = PPBPF_EVENT_EXIT;
	event->end_boot_ns = bpf_ktime_get_boot_ns();
	record_task(&event->task, prev, state);
	event->task.values[PPBPF_THREADS] = state->threads;
	signal = prev->signal;
	event->task.flags |= PPBPF_TASK_EXITING;
	event->task.values[PPBPF_PEAK_RSS_BYTES] = state->peak_rss * cfg_page_size;
	if (state->peak_rss)
		event->task.flags |= PPBPF_TASK_PEAK_EXACT;
	if (signal->live.counter == 0)
		event->task.flags |= PPBPF_TASK_LAST;
	event->task.exit_code = signal->flags & 0x4 /* SIGNAL_GROUP_EXIT */ ?
				signal->group_exit_code : prev->exit_code;
	__builtin_memcpy(&event->split, &state->split, sizeof(event->split));
	__builtin_memcpy(event->run_queue_hist, state->run_queue_hist,
			 sizeof(event->run_queue_hist));
	event_submit(event);
	return 0;
}

SEC("tp_btf/sched_switch")
int sched_switch(u64 *ctx)
{
	bool preempt = ctx[0];
	struct task_struct *prev = (struct task_struct *)ctx[1];
	struct task_struct *next = (struct task_struct *)ctx[2];
	const struct rq *rq = task_rq(prev);
	struct task_state *state;
	u32 prev_state, slot;
	u64 now = rq->clock;
	u64 delay;

	sample_clock(now);
	if (!following())
		cpu_time_add(prev, next, rq);
	if (!prev->pid)
		goto idle;
	prev_state = cfg_switch_has_state ? (u32)ctx[3] : task_state_bits(prev);
	state = state_create(prev);
	if (!state)
		goto idle;
	delay = sched_run_delay(prev);
	if (have_sched_info() && state->flags & STATE_SEEN) {
		slot = log2_slot(delay - state->run_delay, PPBPF_RQ_SLOTS);
		if (slot < PPBPF_RQ_SLOTS)
			state->run_queue_hist[slot]++;
	}
	if (following() && state->flags & PPBPF_TASK_FOLLOWED) {
		followed_out(state, prev, preempt, prev_state, now);
	} else {
		state->run_delay = delay;
		state->flags |= STATE_SEEN;
	}
	if (prev_state & TASK_DEAD && !preempt)
		task_dead(prev, state);
idle:
	if (following())
		history_push(prev, now, now - rq->clock_task);
	return 0;
}

/*
 * The second chance: a last switch that was not traced, or that found the ring
 * full. The totals are final by now; only the end's time comes late.
 */
SEC("tp_btf/sched_process_free")
int BPF_PROG(sched_process_free, struct task_struct *task)
{
	struct task_state *state = state_get(task);

	if (!state || state->flags & STATE_EXIT_SENT)
		return 0;
	count(PPBPF_COUNT_LATE_EXITS, 1);
	task_dead(task, state);
	return 0;
}
