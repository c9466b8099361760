/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Where the time of a thread went while it served one request, and that one alone. A
 * thread is followed from its first request on.
 */
#ifndef PPBPF_SERVED_BPF_H
#define PPBPF_SERVED_BPF_H

#include "switch.bpf.h"
#include "works.bpf.h"

const volatile bool cfg_request_split;

/* A thread that has served a request. */
struct served {
	struct task_state state;
	u32 here;	/* it has not left its CPU since its latest request began */
	u32 pad;
	struct ppbpf_split before;	/* else: its split when it first did */
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct served);
} served_threads SEC(".maps");

/* It runs, in the middle of a slice. */
static __always_inline void served_follow(struct task_state *state, struct task_struct *task)
{
	u64 now = sched_clock_estimate();

	state->run_delay = sched_run_delay(task);
	state->exec_runtime = cpu_time_live(task, now);
	state->out = now;
	state->reason = PPBPF_REASON_OTHER;
	barrier();
	state->flags |= STATE_SEEDED_ON_CPU | PPBPF_TASK_FOLLOWED;
}

static __always_inline void served_begin(struct ppbpf_exchange *exchange)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct served *served;

	/* no switch has told the clock yet */
	if (!cfg_request_split || !clock_pair.sampled)
		return;
	served = bpf_task_storage_get(&served_threads, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!served) {
		met(PPBPF_REQUEST_LOST_WORKS);
		return;
	}
	if (!(served->state.flags & PPBPF_TASK_FOLLOWED))
		served_follow(&served->state, task);
	served->here = true;
	exchange->flags |= PPBPF_EXCHANGE_FOLLOWED;
}

/* Up to now, when bytes of the reply are sent; `alone`: the thread was at this request only. */
static __always_inline void served_so_far(struct ppbpf_exchange *exchange,
					  struct ppbpf_exchange_times *out, bool alone)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct served *served;

	exchange->flags &= ~(PPBPF_EXCHANGE_ON_CPU | PPBPF_EXCHANGE_SPLIT);
	if (!alone || exchange->thread != task->pid)
		return;
	served = bpf_task_storage_get(&served_threads, task, 0, 0);
	if (!served)
		return;
	if (served->here) {
		exchange->flags |= PPBPF_EXCHANGE_ON_CPU;
		return;
	}
	out->kind = PPBPF_EXCHANGE_TIMES;
	out->id = exchange->id;
	split_here(&out->split, task, &served->state);
	split_grow(&out->split, &served->before, exchange->last - exchange->start);
	exchange->flags |= PPBPF_EXCHANGE_SPLIT;
}

/* One of them leaves its CPU. */
static __always_inline void served_out(struct served *served, struct task_struct *prev,
				       bool preempt, u32 prev_state, u64 now)
{
	struct task_state *state = &served->state;
	u32 reason = switch_reason(state, prev, preempt, prev_state);
	struct interval interval;

	state->seq++;
	barrier();
	interval_measure(&interval, state, prev, prev->se.sum_exec_runtime, now);
	state->flags &= ~STATE_SEEDED_ON_CPU;
	interval_add(&state->split, &interval, state->reason, 0);
	if (served->here) {
		__builtin_memcpy(&served->before, &state->split, sizeof(served->before));
		served->here = false;
	}
	switch_remember(state, prev, reason, now);
	barrier();
	state->seq++;
}

#endif /* PPBPF_SERVED_BPF_H */
