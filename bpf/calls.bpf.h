/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * The calls that a thread is in: pushed at a begin, taken off at its end. What
 * was left otherwise (longjmp, an exception) is taken off when it is seen to be
 * dead, by the stack pointer, as the kernel does with its own list.
 */
#ifndef PPBPF_CALLS_BPF_H
#define PPBPF_CALLS_BPF_H

#include "probe.bpf.h"
#include "split.bpf.h"

#define FRAMES 256		/* functions; a kernel tells of 64 nested returns at most */
#define REGION_FRAMES 32
#define SPLIT_FRAMES 64
#define SPLITS 128		/* these, and the regions'; a power of two */

const volatile u32 cfg_always_timed;	/* the id of ppbpf's own function, to measure the cost */
const volatile bool cfg_call_events;
const volatile bool cfg_call_split;

struct frame {
	u64 sp;		/* user stack pointer at the begin */
	u64 ip;		/* a function: where it returns to; a region: its begin */
	u64 start;
	u64 within;	/* time of the timed calls made by this one */
	u32 id;
	u32 outermost;	/* not within another one of the same */
};

/* Of a thread; frames and regions are apart, as they need not nest in each other. */
struct func_thread {
	u64 mm;		/* exec makes all of this void */
	u32 depth;
	u32 region_depth;
	u64 active[PPBPF_CALL_FUNCTIONS / 64];	/* ids that have an outermost frame */
	struct frame frames[FRAMES];
	struct frame regions[REGION_FRAMES];
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct func_thread);
} func_threads SEC(".maps");

/* The split of the thread's life at each begin: the upper half is the regions'. */
struct func_splits {
	struct ppbpf_split at[SPLITS];
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct func_splits);
} func_splits SEC(".maps");

/* Resized before load. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct ppbpf_call_sums);
} call_sums SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} call_events SEC(".maps");

static __always_inline void raise_to(u64 *value, u64 n)
{
	u64 seen = *value, before;

	for (int i = 0; i < 4 && seen < n; i++) {
		before = __sync_val_compare_and_swap(value, seen, n);
		if (before == seen)
			break;
		seen = before;
	}
}

/* The slot of ppbpf_call_slot_low(). */
static __always_inline u32 call_slot(u64 ns)
{
	u64 rest = ns;
	u32 octave = 0;

	if (ns < 8)
		return ns;
	if (ns >> 44)
		return PPBPF_CALL_SLOTS - 1;
	if (rest >> 32) {
		rest >>= 32;
		octave += 32;
	}
	if (rest >> 16) {
		rest >>= 16;
		octave += 16;
	}
	if (rest >> 8) {
		rest >>= 8;
		octave += 8;
	}
	if (rest >> 4) {
		rest >>= 4;
		octave += 4;
	}
	if (rest >> 2) {
		rest >>= 2;
		octave += 2;
	}
	octave += rest >> 1;
	return ((octave - 2) << 3) + ((ns >> (octave - 3)) & 7);
}

static __always_inline bool is_wanted(struct task_struct *task, u32 id)
{
	return id == cfg_always_timed || is_timed(task);
}

static __always_inline struct func_thread *thread_of(struct task_struct *task, bool create)
{
	struct func_thread *thread;
	u64 mm = (u64)task->mm;

	thread = bpf_task_storage_get(&func_threads, task, 0,
				      create ? BPF_LOCAL_STORAGE_GET_F_CREATE : 0);
	if (!thread) {
		if (create)
			call_count(PPBPF_CALL_LOST_THREADS);
		return 0;
	}
	if (thread->mm != mm) {
		thread->mm = mm;
		thread->depth = 0;
		thread->region_depth = 0;
		__builtin_memset(thread->active, 0, sizeof(thread->active));
	}
	return thread;
}

static __always_inline struct ppbpf_split *split_slot(struct task_struct *task, u32 at, bool create)
{
	struct func_splits *splits;

	if (at >= SPLIT_FRAMES + REGION_FRAMES)
		return 0;
	splits = bpf_task_storage_get(&func_splits, task, 0,
				      create ? BPF_LOCAL_STORAGE_GET_F_CREATE : 0);
	if (!splits)
		return 0;
	/* or the compiler adds to the pointer before it is known not to be NULL */
	barrier_var(at);
	return &splits->at[at & (SPLITS - 1)];
}

static __always_inline void split_begin(struct task_struct *task, u32 at)
{
	struct task_state *state = state_get(task);
	struct ppbpf_split *split;

	if (!state || !(state->flags & PPBPF_TASK_FOLLOWED))
		return;
	split = split_slot(task, at, true);
	if (split)
		split_here(split, task, state);
}

/* `out` becomes what happened since split_begin(). */
static __always_inline bool split_end(struct ppbpf_split *out, struct task_struct *task, u32 at,
				      u64 duration)
{
	struct ppbpf_split *from = split_slot(task, at, false);
	struct task_state *state = state_get(task);

	if (!from || !state || !(state->flags & PPBPF_TASK_FOLLOWED))
		return false;
	split_here(out, task, state);
	split_grow(out, from, duration);
	return true;
}

struct ended {
	struct frame *frame;
	u64 now;
	u32 split_at;
	u32 flags;	/* PPBPF_CALL_FUNCTION */
};

/* Wakes the reader once, when the ring gets to be a quarter full: a wake-up costs a microsecond. */
static __always_inline u64 call_wakeup(void)
{
	u64 held = bpf_ringbuf_query(&call_events, BPF_RB_AVAIL_DATA);

	if (held < cfg_ring_wakeup || held >= cfg_ring_wakeup + 2 * sizeof(struct ppbpf_call_event))
		return BPF_RB_NO_WAKEUP;
	return BPF_RB_FORCE_WAKEUP;
}

static __always_inline void send_call(struct task_struct *task, const struct ended *ended,
				      u64 duration)
{
	struct ppbpf_call_event *event;

	event = bpf_ringbuf_reserve(&call_events, sizeof(*event), 0);
	if (!event) {
		call_count(PPBPF_CALL_LOST_EVENTS);
		return;
	}
	event->id = ended->frame->id;
	event->flags = ended->flags | (ended->frame->outermost ? 0 : PPBPF_CALL_NESTED);
	event->tgid = task->tgid;
	event->pid = task->pid;
	event->start_ns = ended->frame->start;
	event->duration_ns = duration;
	if (cfg_call_split && split_end(&event->split, task, ended->split_at, duration))
		event->flags |= PPBPF_CALL_SPLIT;
	else
		__builtin_memset(&event->split, 0, sizeof(event->split));
	bpf_ringbuf_submit(event, call_wakeup());
}

/* A call came to its end; `parent` is the one that it was made in, or a frame that is not in use. */
static __always_inline void call_ended(struct task_struct *task, const struct ended *ended,
				       struct frame *parent)
{
	struct frame *frame = ended->frame;
	u64 duration = ended->now - frame->start;
	struct ppbpf_call_sums *sums = bpf_map_lookup_elem(&call_sums, &frame->id);
	u32 slot = call_slot(duration);

	if (!sums)
		return;
	__sync_fetch_and_add(&sums->returned, 1);
	__sync_fetch_and_add(&sums->self_ns, duration - frame->within);
	if (frame->outermost)
		__sync_fetch_and_add(&sums->cumulative_ns, duration);
	raise_to(&sums->max_ns, duration);
	raise_to(&sums->min_complement, ~duration);
	if (slot < PPBPF_CALL_SLOTS)
		__sync_fetch_and_add(&sums->hist[slot], 1);
	parent->within += duration;
	if (cfg_call_events)
		send_call(task, ended, duration);
}

#endif /* PPBPF_CALLS_BPF_H */
