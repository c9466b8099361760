/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * A thread's totals as the kernel keeps them, copied into struct ppbpf_task:
 * by the iterator for live tasks, at the last switch for those that end.
 */
#ifndef PPBPF_RECORD_BPF_H
#define PPBPF_RECORD_BPF_H

#include "compat.bpf.h"

#define MM_FILEPAGES	0
#define MM_ANONPAGES	1
#define MM_SWAPENTS	2
#define MM_SHMEMPAGES	3

const volatile u32 cfg_cpus __weak;	/* possible CPUs */

/*
 * A per-CPU element of our own, whose address is known in both forms, tells how
 * far a CPU's data lies from a per-CPU pointer: the kernel's own table of these
 * offsets is not to be had without CONFIG_KALLSYMS_ALL.
 */
struct cpu_anchor_map {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u64);
};
struct cpu_anchor_map cpu_anchor SEC(".maps") __weak;

/* The verifier keeps pointers and numbers apart; a copy by helper is a number. */
static __always_inline u64 address_of(const void *pointer)
{
	u64 address = 0;

	bpf_probe_read_kernel(&address, sizeof(address), &pointer);
	return address;
}

struct counter_sum {
	u64 counters;	/* per-CPU pointer, less that of the anchor */
	s64 sum;
};

static long counter_add(u32 cpu, struct counter_sum *walk)
{
	u32 zero = 0;
	void *anchor = bpf_map_lookup_percpu_elem(&cpu_anchor, &zero, cpu);
	s32 part = 0;

	if (!anchor)
		return 0;
	bpf_probe_read_kernel(&part, sizeof(part), (void *)(walk->counters + address_of(anchor)));
	walk->sum += part;
	return 0;
}

static __always_inline u64 cpu_anchor_pointer(void)
{
	struct bpf_array *array = (void *)address_of(&cpu_anchor);

	return (u64)BPF_CORE_READ(array, pptrs[0]);
}

/* Exact: the kernel folds a CPU's part into the total only now and then. */
static __always_inline u64 mm_counter(struct mm_struct *mm, u32 member)
{
	struct mm_struct___old *old = (void *)mm;

	if (bpf_core_field_exists(old->rss_stat.count)) {
		long pages = 0;

		bpf_probe_read_kernel(&pages, sizeof(pages), &old->rss_stat.count[member]);
		return pages > 0 ? pages : 0;
	}
	/* indexed by hand: an index that is no literal is not relocated */
	struct percpu_counter *counter = (void *)mm + bpf_core_field_offset(mm->rss_stat) +
					 member * bpf_core_type_size(struct percpu_counter);
	struct counter_sum walk = {
		.counters = (u64)BPF_CORE_READ(counter, counters),
		.sum = BPF_CORE_READ(counter, count),
	};

	if (walk.counters) {
		walk.counters -= cpu_anchor_pointer();
		bpf_loop(cfg_cpus, counter_add, &walk, 0);
	}
	return walk.sum > 0 ? walk.sum : 0;
}

static __always_inline u64 mm_resident_pages(struct mm_struct *mm)
{
	return mm_counter(mm, MM_ANONPAGES) + mm_counter(mm, MM_FILEPAGES) +
	       mm_counter(mm, MM_SHMEMPAGES);
}

const volatile u32 cfg_page_size __weak;

static __always_inline void record_memory(struct ppbpf_task *out, struct mm_struct *mm)
{
	u64 anon = mm_counter(mm, MM_ANONPAGES), file = mm_counter(mm, MM_FILEPAGES);
	u64 shmem = mm_counter(mm, MM_SHMEMPAGES), peak = mm->hiwater_rss;
	u64 *values = out->values;

	if (peak < anon + file + shmem)
		peak = anon + file + shmem;
	values[PPBPF_RSS_ANON_BYTES] = anon * cfg_page_size;
	values[PPBPF_RSS_FILE_BYTES] = file * cfg_page_size;
	values[PPBPF_RSS_SHMEM_BYTES] = shmem * cfg_page_size;
	values[PPBPF_SWAP_BYTES] = mm_counter(mm, MM_SWAPENTS) * cfg_page_size;
	values[PPBPF_PEAK_RSS_BYTES] = peak * cfg_page_size;
}

/* What every record holds; times without anything in progress. */
static __always_inline void record_task(struct ppbpf_task *out, struct task_struct *task,
					struct task_state *state)
{
	u64 *values = out->values;

	out->tgid = task->tgid;
	out->pid = task->pid;
	out->task_id = (u64)task;
	out->start_boot_ns = task->start_boottime;
	values[PPBPF_CPU_NS] = task->se.sum_exec_runtime;
	values[PPBPF_UTIME_NS] = task->utime;
	values[PPBPF_STIME_NS] = task->stime;
	values[PPBPF_RUN_DELAY_NS] = task->sched_info.run_delay;
	values[PPBPF_VOLUNTARY_SWITCHES] = task->nvcsw;
	values[PPBPF_INVOLUNTARY_SWITCHES] = task->nivcsw;
	values[PPBPF_MIGRATIONS] = task->se.nr_migrations;
	values[PPBPF_MINOR_FAULTS] = task->min_flt;
	values[PPBPF_MAJOR_FAULTS] = task->maj_flt;
	values[PPBPF_READ_BYTES] = task->ioac.read_bytes;
	values[PPBPF_WRITE_BYTES] = task->ioac.write_bytes;
	values[PPBPF_CANCELLED_WRITE_BYTES] = task->ioac.cancelled_write_bytes;
	values[PPBPF_THREADS] = BPF_CORE_READ(task, signal, nr_threads);
	bpf_probe_read_kernel(out->comm, sizeof(out->comm), task->comm);
	out->flags = task->flags & PF_KTHREAD ? PPBPF_TASK_KTHREAD : 0;
	if (!state)
		return;
	out->flags |= state->flags & (PPBPF_TASK_FOLLOWED | PPBPF_TASK_EXECED);
	out->ppid = state->ppid;
	out->leader_start_boot_ns = state->leader_start;
	__builtin_memcpy(&values[PPBPF_COUNTED], state->counted, sizeof(state->counted));
}

#endif /* PPBPF_RECORD_BPF_H */
