// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "collect/collector_load.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "collect/collector.h"
#include "collect/features.h"
#include "collect/libbpf_log.h"
#include "collect/skeleton.h"
#include "model/reason.h"
#include "model/report.h"

#define RING_BYTES (512 * 1024)		/* a record a thread that ends: 1000 of them */

/* Programs by what they need; those of FEATURE_BPF are never left out. */
static const struct {
	const char *program;
	enum feature feature;
	const char *subject;
} programs[] = {
	{ "sched_switch", FEATURE_BPF, "scheduler" },
	{ "cpu_time_sum", FEATURE_BPF, "scheduler" },
	{ "pid_view_find", FEATURE_BPF, "tasks" },
	{ "task_snapshot", FEATURE_BPF, "tasks" },
	{ "task_seed", FEATURE_BPF, "tasks" },
	{ "runner_set", FEATURE_BPF, "tasks" },
	{ "sched_process_fork", FEATURE_BPF, "tasks" },
	{ "sched_process_exec", FEATURE_BPF, "tasks" },
	{ "sched_process_exit", FEATURE_BPF, "tasks" },
	{ "sched_process_free", FEATURE_BPF, "tasks" },
	{ "sock_send_length", FEATURE_SOCK_LENGTH, "network" },
	{ "sock_recv_length", FEATURE_SOCK_LENGTH, "network" },
	{ "tcp_rcv_space_adjust", FEATURE_SOCK_LENGTH, "network" },
	{ "inet_sock_set_state", FEATURE_TCP_STATE, "network" },
	{ "tcp_retransmit_skb", FEATURE_TCP_RETRANSMIT, "network.retransmits" },
	{ "block_rq_issue", FEATURE_BLOCK, "block" },
	{ "block_rq_complete", FEATURE_BLOCK, "block" },
	{ "mm_vmscan_direct_reclaim_begin", FEATURE_RECLAIM, "memory" },
	{ "mark_victim", FEATURE_OOM, "memory" },
};

#define PROGRAMS (sizeof(programs) / sizeof(programs[0]))

_Static_assert(sizeof(programs) / sizeof(programs[0]) <= COLLECTOR_PROGRAMS, "all of them");

static int configure(struct core_bpf *skel, const struct collector_config *config,
		     const struct features *features)
{
	int cpus = libbpf_num_possible_cpus(), err;

	if (cpus < 0)
		return cpus;
	skel->rodata->cfg_target_mode = config->mode;
	skel->rodata->cfg_children = config->children;
	skel->rodata->cfg_switch_has_state = features->switch_has_state;
	skel->rodata->cfg_has_cast = features->has_cast;
	skel->rodata->cfg_cpus = cpus;
	skel->rodata->cfg_page_size = sysconf(_SC_PAGESIZE);
	skel->rodata->cfg_clock_age_max = features->tickless ? UINT64_MAX : TICK_MAX_NS;
	skel->rodata->cfg_ring_wakeup = RING_BYTES / 4;
	skel->rodata->cfg_cgroup_id = config->cgroup_id;
	skel->rodata->cfg_cgroup_subsys = config->cgroup_subsys;
	if (config->comm)
		text_copy(skel->rodata->cfg_comm_glob, sizeof(skel->rodata->cfg_comm_glob),
			  config->comm);
	reason_fill_syscalls(skel->rodata->cfg_syscall_reason, skel->rodata->cfg_compat_reason);
	err = bpf_map__set_max_entries(skel->maps.events, RING_BYTES);
	if (!err)
		err = bpf_map__set_max_entries(skel->maps.cpu_offsets, cpus);
	if (err)
		return err;
	bpf_program__set_autoload(skel->progs.cgroup_attach_task,
				  config->mode == PPBPF_TARGET_CGROUP);
	return 0;
}

static bool wanted(const struct collector_config *config, const struct features *features,
		   enum feature feature)
{
	if (!features->have[feature])
		return false;
	switch (feature) {
	case FEATURE_SOCK_LENGTH:
	case FEATURE_TCP_STATE:
	case FEATURE_TCP_RETRANSMIT:
		return config->network;
	case FEATURE_BLOCK:
		return config->block;
	default:
		return true;
	}
}

/* One attempt. 1: a program was refused that can be left out, and now is. */
static int open_and_load(struct core_bpf **out, const struct collector_config *config,
			 const struct features *features, bool *leave_out)
{
	DECLARE_LIBBPF_OPTS(bpf_object_open_opts, open, .btf_custom_path = features__btf_path());
	struct core_bpf *skel = core_bpf__open_opts(&open);
	struct bpf_program *program;
	int err;

	*out = skel;
	if (!skel)
		return -errno;
	libbpf_log__listen();
	err = configure(skel, config, features);
	if (err)
		return err;
	for (size_t i = 0; i < PROGRAMS; i++) {
		program = bpf_object__find_program_by_name(skel->obj, programs[i].program);
		if (!program)
			return -ENOENT;
		bpf_program__set_autoload(program, !leave_out[i] &&
					  wanted(config, features, programs[i].feature));
	}
	err = core_bpf__load(skel);
	if (!err)
		return 0;
	core_bpf__destroy(skel);
	*out = NULL;
	for (size_t i = 0; i < PROGRAMS; i++)
		if (programs[i].feature != FEATURE_BPF && !leave_out[i] &&
		    !strcmp(programs[i].program, libbpf_log__refused())) {
			leave_out[i] = true;
			return 1;
		}
	return err;
}

int collector_load(struct core_bpf **skel, const struct collector_config *config,
		   const struct features *features, struct report *report, struct err *e)
{
	bool leave_out[PROGRAMS] = { false };
	int err;

	do
		err = open_and_load(skel, config, features, leave_out);
	while (err > 0);
	if (err)
		return libbpf_log__explain(e, err, "the BPF programs");
	for (size_t i = 0; i < PROGRAMS; i++)
		if (leave_out[i])
			report__missing(report, programs[i].subject,
					"the kernel refused the program %s", programs[i].program);
	return 0;
}
