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

#define RING_BYTES (512 * 1024)		/* a record a thread that ends: 1000 of them */

/* Programs by what they need; those of FEATURE_BPF are never left out. */
static const struct {
	const char *program;
	enum feature feature;
	enum { ALWAYS, BY_TRACEPOINT, BY_EXIT } way;	/* to socket lengths */
} programs[] = {
	{ "sched_switch", FEATURE_BPF, ALWAYS },
	{ "cpu_time_sum", FEATURE_BPF, ALWAYS },
	{ "pid_view_find", FEATURE_BPF, ALWAYS },
	{ "task_snapshot", FEATURE_BPF, ALWAYS },
	{ "task_seed", FEATURE_BPF, ALWAYS },
	{ "runner_set", FEATURE_BPF, ALWAYS },
	{ "sched_process_fork", FEATURE_BPF, ALWAYS },
	{ "sched_process_exec", FEATURE_BPF, ALWAYS },
	{ "sched_process_exit", FEATURE_BPF, ALWAYS },
	{ "sched_process_free", FEATURE_BPF, ALWAYS },
	{ "sock_send_length", FEATURE_SOCK_LENGTH, BY_TRACEPOINT },
	{ "sock_recv_length", FEATURE_SOCK_LENGTH, BY_TRACEPOINT },
	{ "tcp_sendmsg_exit", FEATURE_SOCK_LENGTH, BY_EXIT },
	{ "tcp_sendpage_exit", FEATURE_SOCK_LENGTH, BY_EXIT },
	{ "tcp_recvmsg_exit", FEATURE_SOCK_LENGTH, BY_EXIT },
	{ "udp_sendmsg_exit", FEATURE_SOCK_LENGTH, BY_EXIT },
	{ "udp_recvmsg_exit", FEATURE_SOCK_LENGTH, BY_EXIT },
	{ "udpv6_sendmsg_exit", FEATURE_SOCK_LENGTH, BY_EXIT },
	{ "udpv6_recvmsg_exit", FEATURE_SOCK_LENGTH, BY_EXIT },
	{ "tcp_rcv_space_adjust", FEATURE_SOCK_LENGTH, ALWAYS },
	{ "inet_sock_set_state", FEATURE_TCP_STATE, ALWAYS },
	{ "tcp_retransmit_skb", FEATURE_TCP_RETRANSMIT, ALWAYS },
	{ "block_rq_issue", FEATURE_BLOCK, ALWAYS },
	{ "block_rq_complete", FEATURE_BLOCK, ALWAYS },
	{ "mm_vmscan_direct_reclaim_begin", FEATURE_RECLAIM, ALWAYS },
	{ "mark_victim", FEATURE_OOM, ALWAYS },
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
		   size_t i)
{
	if (!features->have[programs[i].feature] ||
	    (programs[i].way == BY_TRACEPOINT && features->sock_exits) ||
	    (programs[i].way == BY_EXIT && !features->sock_exits))
		return false;
	switch (programs[i].feature) {
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

/* Whether what was refused can be done without: then the kernel lacks it from now on. */
static bool give_up(struct features *features)
{
	for (size_t i = 0; i < PROGRAMS; i++)
		if (programs[i].feature != FEATURE_BPF && features->have[programs[i].feature] &&
		    !strcmp(programs[i].program, libbpf_log__refused())) {
			features__lacks(features, programs[i].feature,
					"the kernel refused the program %s: ppbpf --debug shows why",
					programs[i].program);
			return true;
		}
	return false;
}

/* One attempt. 1: a program was refused that can be left out, and now is. */
static int open_and_load(struct core_bpf **out, const struct collector_config *config,
			 struct features *features)
{
	FEATURES_OPEN_OPTIONS(open);
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
		bpf_program__set_autoload(program, wanted(config, features, i));
		bpf_program__set_autoattach(program, programs[i].way != BY_EXIT);
	}
	err = core_bpf__load(skel);
	if (!err)
		return 0;
	core_bpf__destroy(skel);
	*out = NULL;
	return give_up(features) ? 1 : err;
}

int collector_load(struct core_bpf **skel, const struct collector_config *config,
		   struct features *features, struct err *e)
{
	int err;

	do
		err = open_and_load(skel, config, features);
	while (err > 0);
	return err ? libbpf_log__explain(e, err, "the BPF programs") : 0;
}

void collector_detach_exits(struct bpf_link *links[COLLECTOR_PROGRAMS])
{
	for (size_t i = 0; i < COLLECTOR_PROGRAMS; i++) {
		bpf_link__destroy(links[i]);
		links[i] = NULL;
	}
}

/* All of them, or none: a part of the bytes would be no figure. */
void collector_attach_exits(struct core_bpf *skel, struct features *features,
			    struct bpf_link *links[COLLECTOR_PROGRAMS])
{
	struct bpf_program *program;
	bool failed = false;

	for (size_t i = 0; i < PROGRAMS; i++) {
		program = bpf_object__find_program_by_name(skel->obj, programs[i].program);
		if (programs[i].way != BY_EXIT || bpf_program__fd(program) < 0)
			continue;
		links[i] = bpf_program__attach(program);
		failed |= !links[i];
	}
	if (!failed)
		return;
	collector_detach_exits(links);
	features__lacks(features, FEATURE_SOCK_LENGTH, "no sock_send_length tracepoint (Linux 6.3 "
			"or later has it), and nothing can be attached to functions here");
}
