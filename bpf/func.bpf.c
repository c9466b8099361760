// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/*
 * Functions and regions of programs, timed from their begin to their end by
 * uprobes. The cookie of a probe is the function's or region's id.
 */
#include "calls.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

static __always_inline bool is_active(struct func_thread *thread, u32 id)
{
	return thread->active[(id / 64) & (PPBPF_CALL_FUNCTIONS / 64 - 1)] >> (id & 63) & 1;
}

static __always_inline void set_active(struct func_thread *thread, u32 id, bool active)
{
	u64 *word = &thread->active[(id / 64) & (PPBPF_CALL_FUNCTIONS / 64 - 1)];

	if (active)
		*word |= 1ULL << (id & 63);
	else
		*word &= ~(1ULL << (id & 63));
}

static __always_inline struct frame *top_frame(struct func_thread *thread)
{
	return &thread->frames[(thread->depth - 1) & (FRAMES - 1)];
}

static __always_inline void drop_frame(struct func_thread *thread)
{
	struct frame *frame = top_frame(thread);

	if (frame->outermost)
		set_active(thread, frame->id, false);
	thread->depth--;
}

/* What the kernel puts in the place of the address that a probed function returns to. */
static __always_inline u64 trampoline(struct task_struct *task)
{
	return BPF_CORE_READ(task, mm, uprobes_state.xol_area, vaddr);
}

/* Frames to be taken off: those below `sp`, and those at it but the one with `id`. */
struct drop {
	struct func_thread *thread;
	u64 sp;
	u32 id;
};

#define NO_ID (-1U)

static __always_inline bool is_dead(const struct drop *drop)
{
	struct frame *frame = top_frame(drop->thread);

	return drop->thread->depth &&
	       (frame->sp < drop->sp || (frame->sp == drop->sp && frame->id != drop->id));
}

static long drop_top(u64 index, struct drop *drop)
{
	if (!is_dead(drop))
		return 1;
	call_count(PPBPF_CALL_LEFT);
	drop_frame(drop->thread);
	return 0;
}

/* A function that is called by itself or returns finds nothing to do here: no loop then. */
static __always_inline void drop_dead(struct drop *drop)
{
	if (is_dead(drop))
		bpf_loop(FRAMES, drop_top, drop, 0);
}

/*
 * Takes off what cannot be running any more when a function begins at `sp`. One
 * that is jumped to at another's end has its stack pointer and the trampoline to
 * return to; one that is called where another one was left has the pointer alone.
 */
static __always_inline void drop_before(struct func_thread *thread, struct task_struct *task,
					u64 sp, u64 ret)
{
	struct drop drop = { .thread = thread, .sp = sp - 1, .id = NO_ID };

	drop_dead(&drop);
	if (!thread->depth || top_frame(thread)->sp != sp || ret == trampoline(task))
		return;
	drop.sp = sp;
	drop_dead(&drop);
}

static __always_inline void count_begin(u32 id, bool outermost)
{
	struct ppbpf_call_sums *sums = bpf_map_lookup_elem(&call_sums, &id);

	if (!sums)
		return;
	__sync_fetch_and_add(&sums->calls, 1);
	if (outermost)
		__sync_fetch_and_add(&sums->primitive_calls, 1);
}

SEC("uprobe")
int function_entry(struct pt_regs *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	u32 id = bpf_get_attach_cookie(ctx);
	u64 sp = stack_pointer(ctx), ret;
	struct func_thread *thread;
	struct frame *frame;
	bool outermost;

	if (!is_wanted(task, id))
		return 0;
	thread = thread_of(task, true);
	if (!thread) {
		count_begin(id, true);
		return 0;
	}
	ret = return_address(ctx);
	drop_before(thread, task, sp, ret);
	outermost = !is_active(thread, id);
	count_begin(id, outermost);
	if (thread->depth >= FRAMES) {
		call_count(PPBPF_CALL_LOST_DEEP);
		return 0;
	}
	if (outermost)
		set_active(thread, id, true);
	if (cfg_call_split && thread->depth < SPLIT_FRAMES)
		split_begin(task, thread->depth);
	frame = &thread->frames[thread->depth & (FRAMES - 1)];
	thread->depth++;
	frame->sp = sp;
	frame->ip = ret;
	frame->within = 0;
	frame->id = id;
	frame->outermost = outermost;
	frame->start = bpf_ktime_get_ns();
	return 0;
}

/* The function that began at `sp` has come to its end. */
static __always_inline void function_ended(struct task_struct *task, u32 id, u64 sp, u64 now)
{
	struct ended ended = { .now = now, .flags = PPBPF_CALL_FUNCTION };
	struct drop drop = { .sp = sp, .id = id };
	struct func_thread *thread;
	struct frame *frame;

	if (!is_wanted(task, id))
		return;
	thread = thread_of(task, false);
	if (!thread)
		goto unknown;
	drop.thread = thread;
	drop_dead(&drop);
	frame = top_frame(thread);
	if (!thread->depth || frame->sp != sp)
		goto unknown;
	ended.frame = frame;
	ended.split_at = thread->depth <= SPLIT_FRAMES ? thread->depth - 1 : -1U;
	drop_frame(thread);
	call_ended(task, &ended, top_frame(thread));
	return;
unknown:
	call_count(PPBPF_CALL_LOST_RETURNS);
}

/* After the return, by the kernel's trampoline. */
SEC("uprobe")
int function_return(struct pt_regs *ctx)
{
	function_ended(bpf_get_current_task_btf(), bpf_get_attach_cookie(ctx),
		       stack_pointer(ctx) - RETURN_POPS, bpf_ktime_get_ns());
	return 0;
}

/*
 * At the instruction that returns, or jumps to another function instead: for
 * code that exceptions pass through, which the trampoline would stop.
 */
SEC("uprobe")
int function_exit(struct pt_regs *ctx)
{
	function_ended(bpf_get_current_task_btf(), bpf_get_attach_cookie(ctx), stack_pointer(ctx),
		       bpf_ktime_get_ns());
	return 0;
}

static __always_inline struct frame *region_frame(struct func_thread *thread, u32 at)
{
	return &thread->regions[at & (REGION_FRAMES - 1)];
}

static __always_inline bool in_region(struct func_thread *thread, u32 id)
{
	for (u32 i = 0; i < REGION_FRAMES && i < thread->region_depth; i++)
		if (region_frame(thread, i)->id == id)
			return true;
	return false;
}

/*
 * Off with regions that were left without an end: a begin that is passed once
 * more at the same place of the stack; and, where there is no room, what began deeper in it.
 */
static __always_inline void drop_left_regions(struct func_thread *thread, u32 id, u64 sp, u64 ip)
{
	struct frame *frame = region_frame(thread, thread->region_depth - 1);

	if (thread->region_depth && frame->id == id && frame->sp == sp && frame->ip == ip) {
		call_count(PPBPF_CALL_LEFT);
		thread->region_depth--;
	}
	if (thread->region_depth < REGION_FRAMES)
		return;
	for (int i = 0; i < REGION_FRAMES && thread->region_depth; i++) {
		if (region_frame(thread, thread->region_depth - 1)->sp >= sp)
			break;
		call_count(PPBPF_CALL_LEFT);
		thread->region_depth--;
	}
}

SEC("uprobe")
int region_begin(struct pt_regs *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	u32 id = bpf_get_attach_cookie(ctx);
	struct func_thread *thread;
	struct frame *frame;
	bool outermost;

	if (!is_wanted(task, id))
		return 0;
	thread = thread_of(task, true);
	if (!thread) {
		count_begin(id, true);
		return 0;
	}
	drop_left_regions(thread, id, stack_pointer(ctx), instruction(ctx));
	outermost = !in_region(thread, id);
	count_begin(id, outermost);
	if (thread->region_depth >= REGION_FRAMES) {
		call_count(PPBPF_CALL_LOST_DEEP);
		return 0;
	}
	if (cfg_call_split)
		split_begin(task, SPLIT_FRAMES + (thread->region_depth & (REGION_FRAMES - 1)));
	frame = region_frame(thread, thread->region_depth);
	thread->region_depth++;
	frame->sp = stack_pointer(ctx);
	frame->ip = instruction(ctx);
	frame->within = 0;
	frame->id = id;
	frame->outermost = outermost;
	frame->start = bpf_ktime_get_ns();
	return 0;
}

#define NO_REGION (-1U)

/* Regions may end in another order than they began: what has ended goes off the top. */
static __always_inline void drop_ended_regions(struct func_thread *thread)
{
	for (int i = 0; i < REGION_FRAMES && thread->region_depth; i++) {
		if (region_frame(thread, thread->region_depth - 1)->id != NO_REGION)
			break;
		thread->region_depth--;
	}
}

SEC("uprobe")
int region_end(struct pt_regs *ctx)
{
	struct ended ended = { .now = bpf_ktime_get_ns() };
	struct task_struct *task = bpf_get_current_task_btf();
	u32 id = bpf_get_attach_cookie(ctx);
	struct func_thread *thread;
	u32 at = NO_REGION;

	if (!is_wanted(task, id))
		return 0;
	thread = thread_of(task, false);
	for (u32 i = 0; thread && i < REGION_FRAMES && i < thread->region_depth; i++)
		if (region_frame(thread, thread->region_depth - 1 - i)->id == id) {
			at = thread->region_depth - 1 - i;
			break;
		}
	if (!thread || at == NO_REGION) {
		call_count(PPBPF_CALL_LOST_RETURNS);
		return 0;
	}
	ended.frame = region_frame(thread, at);
	ended.split_at = SPLIT_FRAMES + (at & (REGION_FRAMES - 1));
	call_ended(task, &ended, region_frame(thread, at - 1));
	ended.frame->id = NO_REGION;
	drop_ended_regions(thread);
	return 0;
}
