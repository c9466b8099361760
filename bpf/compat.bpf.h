/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Every difference between kernels, each with the version that made it. The
 * programs call these functions and name no version themselves.
 */
#ifndef PPBPF_COMPAT_BPF_H
#define PPBPF_COMPAT_BPF_H

#include "maps.bpf.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

/* 6.18: throttled tasks are dequeued one by one, and say so. */
struct task_struct___throttled {
	bool throttled;
};

/* before 6.2: plain counters instead of per-CPU ones */
struct mm_rss_stat___old {
	long count[4];
};
struct mm_struct___old {
	struct mm_rss_stat___old rss_stat;
};

/* before 5.14 */
struct task_struct___state {
	long state;
};

/* before 5.17 */
struct request___rq_disk {
	struct gendisk *rq_disk;
};

#pragma clang attribute pop

/* Arguments of sched_switch: prev_state since 5.18. Set from BTF before load. */
const volatile bool cfg_switch_has_state __weak;

static __always_inline u32 task_state_bits(struct task_struct *task)
{
	if (bpf_core_field_exists(task->__state))
		return task->__state;
	return ((struct task_struct___state *)task)->state;
}

/*
 * Whether a quota's throttling took this task off its CPU. Up to 6.17 a whole
 * group run queue was taken away at once and tasks do not know: there the
 * group's own clock of throttled time decides alone.
 */
static __always_inline bool task_is_throttled(struct task_struct *task)
{
	struct task_struct___throttled *t = (void *)task;

	if (bpf_core_field_exists(t->throttled))
		return BPF_CORE_READ(t, throttled);
	return true;
}

/* Since 6.6; before, throttling cannot be told from other waits. */
static __always_inline bool have_throttled_time(void)
{
	struct cfs_rq *cfs_rq = 0;

	return bpf_core_field_exists(cfs_rq->throttled_clock_self_time);
}

static __always_inline struct gendisk *request_disk(struct request *rq)
{
	struct request___rq_disk *old = (void *)rq;

	if (bpf_core_field_exists(old->rq_disk))
		return BPF_CORE_READ(old, rq_disk);
	return rq->q->disk;
}

#endif /* PPBPF_COMPAT_BPF_H */
