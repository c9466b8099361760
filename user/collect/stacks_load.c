// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "collect/stacks_load.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <malloc.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/text.h"
#include "collect/features.h"
#include "collect/kernel_names.h"
#include "collect/libbpf_log.h"
#include "model/reason.h"

#define RING_BYTES (1u << 20)

/* Where a switch's stack begins: what is above is the tracepoint's, and ours. */
static void find_schedule(struct stack_bpf *skel)
{
	uint64_t start, end;

	if (kernel_names__function("__schedule", &start, &end))
		return;
	skel->rodata->cfg_schedule_start = start;
	skel->rodata->cfg_schedule_end = end;
	skel->data->switch_skip = 0;
}

static int configure(struct stack_bpf *skel, const struct stacks_config *config,
		     const struct features *features)
{
	bool following = config->mode != PPBPF_TARGET_MACHINE;

	skel->rodata->cfg_target_mode = config->mode;
	skel->rodata->cfg_children = config->children;
	skel->rodata->cfg_cgroup_id = config->cgroup_id;
	skel->rodata->cfg_cgroup_subsys = config->cgroup_subsys;
	skel->rodata->cfg_switch_has_state = features->switch_has_state;
	skel->rodata->cfg_stack_wakeup = RING_BYTES / 4;
	skel->rodata->cfg_page_shift = __builtin_ctzl(sysconf(_SC_PAGESIZE));
	if (config->comm)
		text_copy(skel->rodata->cfg_comm_glob, sizeof(skel->rodata->cfg_comm_glob),
			  config->comm);
	reason_fill_syscalls(skel->rodata->cfg_syscall_reason, skel->rodata->cfg_compat_reason);
	/* of the always-on subjects: their headers are ours, their maps are not */
	bpf_map__set_autocreate(skel->maps.events, false);
	bpf_map__set_autocreate(skel->maps.task_states, false);
	bpf_map__set_autocreate(skel->maps.cpu_times, false);
	bpf_program__set_autoload(skel->progs.stack_fork, following && config->children);
	bpf_program__set_autoload(skel->progs.stack_free, following);
	bpf_program__set_autoload(skel->progs.stack_switch, config->off_cpu);
	if (config->off_cpu)
		find_schedule(skel);
	bpf_program__set_autoload(skel->progs.stack_sample, config->on_cpu);
	bpf_program__set_autoload(skel->progs.stack_waits, config->off_cpu);
	return bpf_map__set_max_entries(skel->maps.stack_events, RING_BYTES);
}

int stacks_load(struct stack_bpf **out, const struct stacks_config *config,
		const struct features *features, struct err *e)
{
	FEATURES_OPEN_OPTIONS(open);
	struct stack_bpf *skel;
	int err;

	libbpf_log__listen();
	skel = *out = stack_bpf__open_opts(&open);
	if (!skel)
		return err__set(e, ERR_INTERNAL, -errno, "the stacks' programs cannot be opened");
	err = configure(skel, config, features);
	if (!err)
		err = stack_bpf__load(skel);
	malloc_trim(0); /* the kernel's types are parsed and forgotten: some 10 MB */
	if (err)
		return libbpf_log__explain(e, err, "the stacks' BPF programs");
	return 0;
}
