/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Where the time of a thread went while it served one request, and that one alone. A
 * thread is followed from its first request on.
 */
#ifndef PPBPF_SERVED_BPF_H
#define PPBPF_SERVED_BPF_H

#include "connection.bpf.h"
#include "switch.bpf.h"

const volatile bool cfg_request_split;

static __always_inline bool is_followed(const struct task_state *state)
{
	return state && state->flags & PPBPF_TASK_FOLLOWED;
}

/* It runs, in the middle of a slice. */
static __always_inline struct task_state *served_follow(struct task_struct *task)
{
	struct task_state *state = bpf_task_storage_get(&task_states, task, 0,
							BPF_LOCAL_STORAGE_GET_F_CREATE);
	u64 now;

	if (!state || is_followed(state) || !clock_pair.sampled)
		return state;
	now = sched_clock_estimate();
	state->run_delay = sched_run_delay(task);
	state->exec_runtime = cpu_time_live(task, now);
	state->out = now;
	state->reason = PPBPF_REASON_OTHER;
	barrier();
	state->flags |= STATE_SEEDED_ON_CPU | PPBPF_TASK_FOLLOWED;
	return state;
}

static __always_inline void served_begin(struct connection *c)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_state *state;

	if (!cfg_request_split)
		return;
	state = served_follow(task);
	if (!is_followed(state))
		return;
	split_here(&c->before, task, state);
	c->exchange.flags |= PPBPF_EXCHANGE_FOLLOWED;
}

/* Up to the reply's last bytes so far. */
static __always_inline void served_so_far(struct connection *c)
{
	struct task_struct *task = bpf_get_current_task_btf();
	u64 thread = task->pid;
	struct task_state *state;
	struct work *work;

	if (!cfg_request_split || !(c->exchange.flags & PPBPF_EXCHANGE_FOLLOWED))
		return;
	c->exchange.flags &= ~PPBPF_EXCHANGE_SPLIT;
	if (c->exchange.thread != task->pid)
		return;
	work = bpf_map_lookup_elem(&works, &thread);
	state = state_get(task);
	if (!work || work->alone != c->exchange.id || !is_followed(state))
		return;
	split_here(&c->exchange.split, task, state);
	split_grow(&c->exchange.split, &c->before, c->exchange.last - c->exchange.start);
	c->exchange.flags |= PPBPF_EXCHANGE_SPLIT;
}

/* One followed leaves its CPU. */
static __always_inline void served_out(struct task_state *state, struct task_struct *prev,
				       u32 reason, u64 now)
{
	struct interval interval;

	state->seq++;
	barrier();
	interval_measure(&interval, state, prev, prev->se.sum_exec_runtime, now);
	state->flags &= ~STATE_SEEDED_ON_CPU;
	interval_add(&state->split, &interval, state->reason, 0);
	switch_remember(state, prev, reason, now);
	barrier();
	state->seq++;
}

#endif /* PPBPF_SERVED_BPF_H */
