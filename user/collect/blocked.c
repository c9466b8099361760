// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "collect/blocked.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <unistd.h>

#include "collect/features.h"
#include "collect/iterate.h"
#include "collect/skeleton.h"
#include "collect/stacks.h"
#include "model/reason.h"
#include "ppbpf_stack_abi.h"
#include "blocked.skel.h"

/* Numbers that the other object does not give. */
#define FIRST_MODULE PPBPF_MODULES_MAX
#define FIRST_CODE (1u << 26)

static int share_maps(struct blocked_bpf *skel, const struct bpf_object *stacks)
{
	const struct bpf_map *other;
	struct bpf_map *map;
	int err = 0;

	bpf_object__for_each_map(map, skel->obj) {
		if (bpf_map__is_internal(map))
			continue;
		other = bpf_object__find_map_by_name(stacks, bpf_map__name(map));
		if (other && bpf_map__fd(other) >= 0)
			err = bpf_map__reuse_fd(map, bpf_map__fd(other));
		else
			err = bpf_map__set_autocreate(map, false);
		if (err)
			return err;
	}
	return 0;
}

static void configure(struct blocked_bpf *skel, const struct stacks_config *config,
		      const struct ppbpf_pid_view *view, uint64_t since_ns)
{
	skel->rodata->cfg_target_mode = config->mode;
	skel->rodata->cfg_cgroup_id = config->cgroup_id;
	skel->rodata->cfg_cgroup_subsys = config->cgroup_subsys;
	skel->rodata->cfg_page_shift = __builtin_ctzl(sysconf(_SC_PAGESIZE));
	reason_fill_syscalls(skel->rodata->cfg_syscall_reason, skel->rodata->cfg_compat_reason);
	skel->bss->pid_view = *view;
	skel->bss->blocked_since = since_ns;
	skel->data->next_module = FIRST_MODULE;
	skel->data->next_code = FIRST_CODE;
}

int blocked_take(const struct stacks_config *config, const struct bpf_object *stacks,
		 const struct ppbpf_pid_view *view, uint64_t since_ns)
{
	FEATURES_OPEN_OPTIONS(open);
	struct blocked_bpf *skel = blocked_bpf__open_opts(&open);
	int err;

	if (!skel)
		return -errno;
	configure(skel, config, view, since_ns);
	err = share_maps(skel, stacks);
	if (!err)
		err = blocked_bpf__load(skel);
	if (!err)
		err = iterate_silently(skel->progs.stack_blocked);
	blocked_bpf__destroy(skel);
	return err;
}
