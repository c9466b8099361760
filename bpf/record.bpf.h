/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * A thread's totals as the kernel keeps them, copied into struct ppbpf_task:
 * by the iterator for live tasks, at the last switch for those that end.
 */
#ifndef PPBPF_RECORD_BPF_H
#define PPBPF_RECORD_BPF_H

#include "compat.bpf.h"
#include "percpu.bpf.h"
#include "pidns.bpf.h"

/* Members of mm_struct.rss_stat[]. */
#define MM_FILEPAGES	0
#define MM_ANONPAGES	1
#define MM_SWAPENTS	2
#define MM_SHMEMPAGES	3
#define MM_COUNTERS	4

const volatile u32 cfg_page_size __weak;

struct rss_walk {
	u64 counters[MM_COUNTERS];	/* per-CPU pointers */
	s64 pages[MM_COUNTERS];
	bool together;			/* the four lie side by side: since 6.6 */
};

static long rss_add(u32 cpu, struct rss_walk *walk)
{
	u64 *offset = bpf_map_lookup_elem(&cpu_offsets, &cpu);
	s32 part[MM_COUNTERS] = { 0 };

	if (!offset || !*offset)
		return 0;
	if (walk->together)
		bpf_probe_read_kernel(part, sizeof(part), (void *)(walk->counters[0] + *offset));
	for (int i = 0; i < MM_COUNTERS; i++) {
		if (!walk->together)
			bpf_probe_read_kernel(&part[i], sizeof(part[i]),
					      (void *)(walk->counters[i] + *offset));
		walk->pages[i] += part[i];
	}
	return 0;
}

/* A literal index: another one is not relocated. */
#define RSS_START(walk, mm, i)						\
	do {								\
		(walk)->pages[i] = (mm)->rss_stat[i].count;		\
		(walk)->counters[i] = (u64)(mm)->rss_stat[i].counters;	\
	} while (0)

/* Exact: the kernel folds a CPU's part into the total only now and then. */
static __always_inline void rss_read(struct rss_walk *walk, struct mm_struct *mm)
{
	struct mm_struct___old *old = (void *)mm;
	long pages[MM_COUNTERS] = { 0 };

	if (bpf_core_field_exists(old->rss_stat.count)) {
		bpf_probe_read_kernel(pages, sizeof(pages), &old->rss_stat.count);
		for (int i = 0; i < MM_COUNTERS; i++)
			walk->pages[i] = pages[i];
	} else {
		RSS_START(walk, mm, MM_FILEPAGES);
		RSS_START(walk, mm, MM_ANONPAGES);
		RSS_START(walk, mm, MM_SWAPENTS);
		RSS_START(walk, mm, MM_SHMEMPAGES);
		walk->together = walk->counters[3] - walk->counters[0] == 3 * sizeof(s32) &&
				 walk->counters[2] - walk->counters[0] == 2 * sizeof(s32);
		bpf_loop(cfg_cpus, rss_add, walk, 0);
	}
	for (int i = 0; i < MM_COUNTERS; i++)
		if (walk->pages[i] < 0)
			walk->pages[i] = 0;
}

static __always_inline u64 resident_pages(const struct rss_walk *walk)
{
	return walk->pages[MM_FILEPAGES] + walk->pages[MM_ANONPAGES] + walk->pages[MM_SHMEMPAGES];
}

static __always_inline u64 peak_pages(struct mm_struct *mm, const struct rss_walk *walk)
{
	u64 peak = mm->hiwater_rss, resident = resident_pages(walk);

	return peak > resident ? peak : resident;
}

static __always_inline void record_memory(struct ppbpf_task *out, struct mm_struct *mm)
{
	struct rss_walk walk;
	u64 *values = out->values;

	rss_read(&walk, mm);
	values[PPBPF_RSS_ANON_BYTES] = walk.pages[MM_ANONPAGES] * cfg_page_size;
	values[PPBPF_RSS_FILE_BYTES] = walk.pages[MM_FILEPAGES] * cfg_page_size;
	values[PPBPF_RSS_SHMEM_BYTES] = walk.pages[MM_SHMEMPAGES] * cfg_page_size;
	values[PPBPF_SWAP_BYTES] = walk.pages[MM_SWAPENTS] * cfg_page_size;
	values[PPBPF_PEAK_RSS_BYTES] = peak_pages(mm, &walk) * cfg_page_size;
}

/* The kernel's own totals of a thread; times without anything in progress. */
static __always_inline void record_totals(u64 *values, struct task_struct *task)
{
	values[PPBPF_CPU_NS] = task->se.sum_exec_runtime;
	values[PPBPF_UTIME_NS] = task->utime;
	values[PPBPF_STIME_NS] = task->stime;
	values[PPBPF_RUN_DELAY_NS] = sched_run_delay(task);
	values[PPBPF_VOLUNTARY_SWITCHES] = task->nvcsw;
	values[PPBPF_INVOLUNTARY_SWITCHES] = task->nivcsw;
	values[PPBPF_MIGRATIONS] = task->se.nr_migrations;
	values[PPBPF_TIMESLICES] = sched_pcount(task);
	values[PPBPF_MINOR_FAULTS] = task->min_flt;
	values[PPBPF_MAJOR_FAULTS] = task->maj_flt;
	values[PPBPF_READ_BYTES] = io_read_bytes(task);
	values[PPBPF_WRITE_BYTES] = io_write_bytes(task);
	values[PPBPF_CANCELLED_WRITE_BYTES] = io_cancelled_write_bytes(task);
}

/* What every record holds. A followed task's totals begin when it was first followed. */
static __always_inline void record_task(struct ppbpf_task *out, struct task_struct *task,
					struct task_state *state)
{
	u64 *values = out->values;

	out->tgid = task->tgid;
	out->pid = task->pid;
	out->task_id = (u64)task;
	out->start_boot_ns = task->start_boottime;
	record_totals(values, task);
	values[PPBPF_THREADS] = task->signal->nr_threads;
	__builtin_memcpy(out->comm, task->comm, sizeof(out->comm));
	out->flags = task->flags & PF_KTHREAD ? PPBPF_TASK_KTHREAD : 0;
	if (!state)
		return;
	out->flags |= state->flags & PPBPF_TASK_FOLLOWED;
	out->ppid = state->ppid;
	out->names = state->names;
	out->leader_start_boot_ns = state->leader_start;
	__builtin_memcpy(&values[PPBPF_COUNTED], state->counted, sizeof(state->counted));
	if (state->flags & PPBPF_TASK_FOLLOWED)
		for (u32 i = 0; i < PPBPF_COUNTED; i++)
			values[i] -= state->base[i];
}

#endif /* PPBPF_RECORD_BPF_H */
