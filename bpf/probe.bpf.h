/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * What all programs on uprobes share: registers, whom they are about, and the
 * counters of what was lost.
 */
#ifndef PPBPF_PROBE_BPF_H
#define PPBPF_PROBE_BPF_H

#include "maps.bpf.h"

const volatile bool cfg_followed_only;	/* time those that the monitor's programs follow */

/* The stack pointer as it was at the function's first instruction. */
#if defined(__TARGET_ARCH_x86)
#define RETURN_POPS 8

static __always_inline u64 stack_pointer(struct pt_regs *ctx)
{
	return ctx->sp;
}

static __always_inline u64 return_address(struct pt_regs *ctx)
{
	u64 address = 0;

	bpf_probe_read_user(&address, sizeof(address), (void *)ctx->sp);
	return address;
}

static __always_inline u64 instruction(struct pt_regs *ctx)
{
	return ctx->ip;
}
#elif defined(__TARGET_ARCH_arm64)
#define RETURN_POPS 0

static __always_inline u64 stack_pointer(struct pt_regs *ctx)
{
	return ((struct user_pt_regs *)ctx)->sp;
}

static __always_inline u64 return_address(struct pt_regs *ctx)
{
	return ((struct user_pt_regs *)ctx)->regs[30];
}

static __always_inline u64 instruction(struct pt_regs *ctx)
{
	return ((struct user_pt_regs *)ctx)->pc;
}
#endif

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, PPBPF_CALL_COUNTER_NR);
	__type(key, u32);
	__type(value, u64);
} call_counters SEC(".maps");

/* Programs of uprobes are preempted: another one may be at it on this CPU. */
static __always_inline void call_count(enum ppbpf_call_counter id)
{
	u32 key = id;
	u64 *value = bpf_map_lookup_elem(&call_counters, &key);

	if (value)
		__sync_fetch_and_add(value, 1);
}

static __always_inline bool is_timed(struct task_struct *task)
{
	struct task_state *state;

	if (!cfg_followed_only)
		return true;
	state = state_get(task);
	return state && state->flags & PPBPF_TASK_FOLLOWED;
}

#endif /* PPBPF_PROBE_BPF_H */
