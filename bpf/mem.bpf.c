// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/* Memory pressure: direct reclaim and processes killed for want of memory. */
#include "pidns.bpf.h"

SEC("tp_btf/mm_vmscan_direct_reclaim_begin")
int mm_vmscan_direct_reclaim_begin(void *ctx)
{
	count(PPBPF_COUNT_RECLAIM, 1);
	return 0;
}

/* mark_victim names the victim by task only since 6.8; the pid is not told before. */
SEC("tp_btf/mark_victim")
int BPF_PROG(mark_victim, struct task_struct *victim)
{
	struct ppbpf_oom_event *event;
	struct ppbpf_names names;

	count(PPBPF_COUNT_OOM_KILLS, 1);
	event = event_reserve(sizeof(*event), PPBPF_LOST_EVENTS_OOM);
	if (!event)
		return 0;
	event->kind = PPBPF_EVENT_OOM;
	names_read(&names, victim);
	event->pid = names.pid;
	event->boot_ns = bpf_ktime_get_boot_ns();
	bpf_probe_read_kernel(event->comm, sizeof(event->comm), victim->comm);
	event_submit(event);
	return 0;
}
