/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Maps and globals that the always-on subjects share. Each is weak: the
 * subjects are separate objects that bpftool links into one.
 */
#ifndef PPBPF_MAPS_BPF_H
#define PPBPF_MAPS_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include "ppbpf_abi.h"

#define TASK_RUNNING	0x0000
#define TASK_STOPPED	(0x0004 | 0x0008 | 0x8000)	/* stopped, traced, frozen */
#define TASK_DEAD	0x0080
#define PF_KTHREAD	0x00200000

/* Of struct task_state.flags, beside PPBPF_TASK_FOLLOWED. */
#define STATE_SEEN	(1u << 16)	/* run_delay holds a value to subtract */
#define STATE_SEEDED_ON_CPU (1u << 17)	/* first followed in the middle of a slice */
#define STATE_EXIT_SENT	(1u << 19)
#define STATE_EXIT_MISSED (1u << 20)	/* there was no room for its exit event */
#define STATE_THROTTLED	(1u << 18)	/* left the CPU because its cgroup's quota was used up */

/*
 * What is kept for a thread, in its task storage: written by sched_switch on
 * the CPU that it leaves, read by the iterator from another. `seq` is odd
 * while an update is under way.
 */
struct task_state {
	u32 flags;
	u32 seq;
	u32 ppid;
	u32 reason;		/* why it is off the CPU; enum ppbpf_reason */
	u32 last_wait;		/* the reason it was last blocked for, but for being stopped */
	u32 threads;		/* of its process, itself included, when it began to exit */
	u64 leader_start;
	struct ppbpf_names names;
	u64 run_delay;		/* sched_info.run_delay at the last switch-out */
	u64 exec_runtime;	/* se.sum_exec_runtime at the last switch-out */
	u64 out;		/* sched_clock of the last switch-out */
	u64 asleep;		/* sched_clock when it was last seen so, and the kernel had it waiting */
	u64 cfs_rq;		/* group run queue at the last switch-out; 0: no quota there */
	u64 throttled_time;	/* its total of throttled time then */
	u64 peak_rss;
	u64 snapshot_out;	/* `out` of the wait that the iterator has told of; 0: of none */
	u64 snapshot_runtime;	/* sum_exec_runtime when the iterator last wrote it */
	u32 out_cpu;
	u32 maxrss;		/* signal->maxrss when it began its program, in pages */
	u64 counted[PPBPF_COUNTED_NR];	/* from PPBPF_COUNTED on */
	u64 base[PPBPF_COUNTED];	/* the values before that when it came to be followed */
	struct ppbpf_split split;
	u32 run_queue_hist[PPBPF_RQ_SLOTS];
};

struct task_states_map {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct task_state);
};
struct task_states_map task_states SEC(".maps") __weak;

/* Resized before load; a ring is resident twice its size once it has been full. */
struct events_map {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
};
struct events_map events SEC(".maps") __weak;

struct counters_map {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, PPBPF_COUNTER_NR);
	__type(key, u32);
	__type(value, u64);
};
struct counters_map counters SEC(".maps") __weak;

struct ppbpf_clock_pair clock_pair __weak;

static __always_inline void count(enum ppbpf_counter id, u64 n)
{
	u32 key = id;
	u64 *value = bpf_map_lookup_elem(&counters, &key);

	if (value)
		*value += n;
}

/*
 * Room for an event, or NULL and the loss counted. Readers poll; they are
 * woken early only when the ring fills up.
 */
static __always_inline void *event_reserve(u64 size, enum ppbpf_counter lost)
{
	void *event = bpf_ringbuf_reserve(&events, size, 0);

	if (!event)
		count(lost, 1);
	return event;
}

const volatile u64 cfg_ring_wakeup __weak;

static __always_inline void event_submit(void *event)
{
	u64 flags = BPF_RB_NO_WAKEUP;

	if (bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA) >= cfg_ring_wakeup)
		flags = BPF_RB_FORCE_WAKEUP;
	bpf_ringbuf_submit(event, flags);
}

static __always_inline struct task_state *state_get(struct task_struct *task)
{
	return bpf_task_storage_get(&task_states, task, 0, 0);
}

static __always_inline struct task_state *state_create(struct task_struct *task)
{
	struct task_state *state;

	state = bpf_task_storage_get(&task_states, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!state)
		count(PPBPF_LOST_TASK_STATE, 1);
	return state;
}

/*
 * The run queue of the CPU a task is on or was last on, by way of its group's
 * run queue there: a kernel without CONFIG_KALLSYMS_ALL offers no other.
 */
static __always_inline const struct rq *task_rq(struct task_struct *task)
{
	return task->se.cfs_rq->rq;
}

/*
 * A busy CPU's clock is at most a tick old: what is beyond that the hypervisor
 * has taken. CPUs that run without ticks have no such limit.
 */
const volatile u64 cfg_clock_age_max __weak;

static __always_inline u64 clock_age(u64 clock, u64 now)
{
	u64 age = now > clock ? now - clock : 0;

	return age < cfg_clock_age_max ? age : cfg_clock_age_max;
}

/* sched_clock where no run queue's clock is fresh: outside of sched_switch. */
static __always_inline u64 sched_clock_estimate(void)
{
	return bpf_ktime_get_ns() - clock_pair.offset;
}

/* The slot of ppbpf_slot_low(): floor(log2) without a loop. */
static __always_inline u32 log2_slot(u64 ns, u32 slots)
{
	u32 slot = 0;

	ns >>= PPBPF_SLOT_SHIFT;
	if (!ns)
		return 0;
	if (ns >> 32) {
		ns >>= 32;
		slot += 32;
	}
	if (ns >> 16) {
		ns >>= 16;
		slot += 16;
	}
	if (ns >> 8) {
		ns >>= 8;
		slot += 8;
	}
	if (ns >> 4) {
		ns >>= 4;
		slot += 4;
	}
	if (ns >> 2) {
		ns >>= 2;
		slot += 2;
	}
	slot += (ns >> 1) + 1;
	return slot < slots ? slot : slots - 1;
}

/*
 * All tasks' time on a CPU: what the machine's load is, without asking every
 * task. `exec` is sum_exec_runtime of the one that runs, as it came on.
 */
struct cpu_time {
	u64 total;
	u64 exec;
	u64 rq;		/* 0: this CPU has not switched yet */
	u64 curr;	/* who runs */
};

struct cpu_times_map {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct cpu_time);
};
struct cpu_times_map cpu_times SEC(".maps") __weak;

#endif /* PPBPF_MAPS_BPF_H */
