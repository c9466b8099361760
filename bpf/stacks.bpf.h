/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Maps of the stacks' programs; what they tell user space, each thing once; and
 * the counts by stack. Programs run on one CPU and may interrupt each other:
 * each has scratch memory of its own.
 */
#ifndef PPBPF_STACKS_BPF_H
#define PPBPF_STACKS_BPF_H

#include "compat.bpf.h"
#include "filter.bpf.h"
#include "ppbpf_stack_abi.h"

#define SENT_STACKS 32768 /* powers of 2 */
#define SENT_THREADS 4096
#define MAPPINGS_KEPT 8
#define ROWS_KEPT_SHIFT 9
#define HASH_FACTOR 0x9e3779b97f4a7c15ULL

/* A part of an address space; kept for as long as that has not changed. */
struct mapping {
	u64 start;
	u64 end;
	u64 to_offset; /* added to an address: the offset in the file */
	u32 module;    /* id; 0: no file that code can be named by */
	u32 state;     /* enum ppbpf_module_state */
	u32 index;     /* as in struct ppbpf_module */
	u32 first_page;
	u32 pages;
	u32 rows;
	u32 python;
	u32 end_reason; /* enum ppbpf_stack_end: why there is no way on from here */
};

/* The row that holds at a place, which never changes: most return addresses come again. */
struct kept_row {
	u64 place; /* module and offset; 0: nothing is kept here */
	u64 row;
};

/*
 * A walk under way. It lies in memory and not on the program's stack, where the
 * verifier would follow each value through every turn.
 */
struct walk {
	u64 mm; /* struct mm_struct; 0: there is no user memory */
	u64 ip;
	u64 sp;
	u64 fp;
	u64 bx;
	u64 r10; /* of the innermost frame, as are ax and di */
	u64 ax;
	u64 di;
	u64 hash;
	u32 tgid;
	u32 count;     /* of frames */
	u32 end;       /* enum ppbpf_stack_end */
	u32 guessed;   /* the caller was found by a frame pointer: why there is no row */
	u32 is_return; /* ip is behind a call */
	u32 innermost;
	u32 use;      /* enum scratch_use */
	u32 py_state; /* enum python_state */
	u32 compat;   /* a 32-bit process: its innermost frame is all there is */
	u32 pad;
	u64 py_frame;
	u64 py_code_type; /* the address of PyCode_Type */
	u64 tls;	  /* the thread's TLS base */
};

struct scratch {
	u32 busy;
	u32 next_mapping;
	u64 mappings_of;	/* struct mm_struct, and its version */
	u64 mappings_version;
	u32 mappings_tgid;
	u32 pad;
	struct walk walk;
	struct mapping mappings[MAPPINGS_KEPT];
	struct kept_row rows[1 << ROWS_KEPT_SHIFT];
	struct ppbpf_rest_mapping rest[PPBPF_REST_MAPPINGS];
	u64 rest_from; /* where the next mapping is looked for */
	u32 rest_count;
	u32 rest_pad;
	char py_bytes[128]; /* the Python frame at hand */
	struct ppbpf_stack_event event;
};

enum scratch_use { SCRATCH_SAMPLE, SCRATCH_SWITCH, SCRATCH_BLOCKED, SCRATCH_NR };

/* What the functions of a walk are handed. */
struct walk_context {
	struct scratch *scratch;
	struct task_struct *task; /* who is walked */
};

/*
 * User memory of the task that is walked: as a rule the current one, in an
 * interrupt, where nothing can be faulted in. Who walks another one's stack may
 * sleep for it.
 */
static __always_inline long read_user(const struct walk_context *context, void *to, u32 size,
				      u64 from)
{
#ifdef WALK_FOREIGN
	return bpf_copy_from_user_task(to, size, (void *)from, context->task, 0);
#else
	return bpf_probe_read_user(to, size, (void *)from);
#endif
}

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SCRATCH_NR);
	__type(key, u32);
	__type(value, struct scratch);
} scratches SEC(".maps");

struct unwind_chunk {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, PPBPF_CHUNK_ROWS);
	__type(key, u32);
	__type(value, u64); /* struct ppbpf_unwind_row */
};

/* All unwind tables, one after the other. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, PPBPF_CHUNKS_MAX);
	__type(key, u32);
	__array(values, struct unwind_chunk);
} unwind_chunks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, PPBPF_MODULES_MAX);
	__type(key, struct ppbpf_module_key);
	__type(value, struct ppbpf_module);
} modules SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} stack_events SEC(".maps");

/* A thread off its CPU. */
struct off_state {
	u64 since; /* CLOCK_MONOTONIC; 0: on a CPU, or not ours */
	u64 stack;
	u64 run_delay; /* sched_info.run_delay at `since` */
	u32 reason;    /* enum ppbpf_reason, RUN_QUEUE included */
	u32 last_wait; /* the last one but for being stopped */
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct off_state);
} off_states SEC(".maps");

/*
 * tgid, in the first pid namespace -> the low half of its start: whose stacks are
 * taken. The number may come again before the kernel has freed who had it.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, u32);
	__type(value, u32);
} stack_targets SEC(".maps");

static __always_inline bool is_sampled(struct task_struct *task)
{
	u32 tgid = task->tgid;

	if (cfg_target_mode == PPBPF_TARGET_MACHINE)
		return true;
	if (bpf_map_lookup_elem(&stack_targets, &tgid))
		return true;
	return cfg_target_mode == PPBPF_TARGET_CGROUP && cgroup_matches(task);
}

/* Which of the two maps of counts is written; the other one is user space's. */
u32 counts_epoch;

struct counts_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384); /* allocated at once: there is no waiting for memory here */
	__type(key, struct ppbpf_stack_key);
	__type(value, struct ppbpf_stack_count);
};
struct counts_map counts_even SEC(".maps");
struct counts_map counts_odd SEC(".maps");

/* Ids of stacks that were sent lately: two places for each; sent again when pushed out. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SENT_STACKS);
	__type(key, u32);
	__type(value, u64);
} sent_stacks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SENT_THREADS);
	__type(key, u32);
	__type(value, u64);
} sent_threads SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, PPBPF_STACK_COUNTER_NR);
	__type(key, u32);
	__type(value, u64);
} stack_counters SEC(".maps");

const volatile u64 cfg_stack_wakeup;

static __always_inline void stack_count(enum ppbpf_stack_counter id)
{
	u32 key = id;
	u64 *value = bpf_map_lookup_elem(&stack_counters, &key);

	if (value)
		*value += 1;
}

static __always_inline u64 hash_add(u64 hash, u64 value)
{
	hash = (hash ^ value) * HASH_FACTOR;
	return hash ^ hash >> 29;
}

static __always_inline u64 ring_flags(void)
{
	if (bpf_ringbuf_query(&stack_events, BPF_RB_AVAIL_DATA) >= cfg_stack_wakeup)
		return BPF_RB_FORCE_WAKEUP;
	return BPF_RB_NO_WAKEUP;
}

static __always_inline void send_stack(struct scratch *scratch)
{
	u32 slot = scratch->event.id & (SENT_STACKS - 1), other = slot ^ 1;
	u64 *first = bpf_map_lookup_elem(&sent_stacks, &slot);
	u64 *second = bpf_map_lookup_elem(&sent_stacks, &other);
	u64 size = scratch->event.count;

	if (!first || !second)
		return;
	if (*first == scratch->event.id || *second == scratch->event.id)
		return;
	if (size > PPBPF_FRAMES_MAX)
		size = PPBPF_FRAMES_MAX;
	size = PPBPF_STACK_HEADER_SIZE + size * sizeof(u64);
	if (bpf_ringbuf_output(&stack_events, &scratch->event, size, ring_flags())) {
		stack_count(PPBPF_STACK_LOST_STACKS);
		return;
	}
	*second = *first;
	*first = scratch->event.id;
}

static __always_inline void send_thread(struct task_struct *task)
{
	struct ppbpf_thread_event event = { .kind = PPBPF_STACK_EVENT_THREAD };
	u32 slot = task->pid & (SENT_THREADS - 1);
	u64 *sent = bpf_map_lookup_elem(&sent_threads, &slot), hash, half[2];
	struct ppbpf_names names;

	event.tgid = task->tgid;
	event.tid = task->pid;
	event.leader_start_boot_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	bpf_probe_read_kernel(event.comm, sizeof(event.comm), task->comm);
	BPF_CORE_READ_STR_INTO(&event.leader_comm, task, group_leader, comm);
	__builtin_memcpy(half, event.comm, sizeof(half));
	hash = hash_add(hash_add(hash_add(event.leader_start_boot_ns, event.tid), half[0]),
			half[1]);
	__builtin_memcpy(half, event.leader_comm, sizeof(half));
	hash = hash_add(hash_add(hash, half[0]), half[1]);
	if (!sent || *sent == hash)
		return;
	names_read(&names, task);
	event.pid = names.pid;
	event.proc_pid = names.proc_pid;
	if (bpf_ringbuf_output(&stack_events, &event, sizeof(event), ring_flags()))
		stack_count(PPBPF_STACK_LOST_THREADS);
	else
		*sent = hash;
}

/*
 * Adds to a stack's count. False: the count is a new one, and so user space may
 * not know its stack.
 */
static __always_inline bool count_known(void *counts, const struct ppbpf_stack_key *key, u64 ns,
					bool *lost)
{
	struct ppbpf_stack_count fresh = { .count = 1, .ns = ns };
	struct ppbpf_stack_count *count = bpf_map_lookup_elem(counts, key);
	bool known = count;

	*lost = false;
	if (!count) {
		if (!bpf_map_update_elem(counts, key, &fresh, BPF_NOEXIST))
			return false;
		/* another CPU may have been first */
		count = bpf_map_lookup_elem(counts, key);
	}
	if (count) {
		__sync_fetch_and_add(&count->count, 1);
		__sync_fetch_and_add(&count->ns, ns);
	} else {
		*lost = true;
	}
	return known;
}

/* `scratch` may be NULL: the stack is not at hand, as it was sent before. */
static __always_inline void count_stack(struct task_struct *task, struct scratch *scratch, u64 id,
					u32 kind, u64 ns)
{
	struct ppbpf_stack_key key = {
		.stack = id,
		.tgid = task->tgid,
		.tid = task->pid,
		.kind = kind,
		.leader_start = BPF_CORE_READ(task, group_leader, start_boottime),
	};
	bool known, lost;

	if (counts_epoch & 1)
		known = count_known(&counts_odd, &key, ns, &lost);
	else
		known = count_known(&counts_even, &key, ns, &lost);
	if (lost)
		stack_count(PPBPF_STACK_LOST_COUNTS);
	if (known)
		return;
	send_thread(task);
	if (scratch)
		send_stack(scratch);
}

#endif /* PPBPF_STACKS_BPF_H */
