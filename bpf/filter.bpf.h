/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Who is followed. The mode stands in rodata, so that a run without targets
 * carries none of this; membership is a flag in task storage.
 */
#ifndef PPBPF_FILTER_BPF_H
#define PPBPF_FILTER_BPF_H

#include "pidns.bpf.h"

const volatile u32 cfg_target_mode __weak;
const volatile bool cfg_children __weak;
const volatile char cfg_comm_glob[PPBPF_COMM_LEN + 1] __weak;
const volatile u64 cfg_cgroup_id __weak;
const volatile s32 cfg_cgroup_subsys __weak;	/* -1: the default hierarchy (cgroup v2) */

#define CGROUP_DEPTH 32
#define CGROUP_SUBSYSTEMS 16

/* Process ids named by the user, and those found by the scan: as they are seen here -> 1. */
struct targets_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, u32);
	__type(value, u8);
};
struct targets_map targets SEC(".maps") __weak;

static __always_inline bool following(void)
{
	return cfg_target_mode != PPBPF_TARGET_MACHINE;
}

struct glob_walk {
	const char *text;
	u32 pattern_at;
	u32 text_at;
	u32 star_pattern;	/* position after the last '*', or 0 */
	u32 star_text;
	bool matched;
};

/* One step of matching '*', '?' and letters, going back to the last '*'. */
static long glob_step(u32 index, struct glob_walk *walk)
{
	u32 at = walk->pattern_at, text_at = walk->text_at;
	char p = at < PPBPF_COMM_LEN ? cfg_comm_glob[at] : '\0';
	char t = text_at < PPBPF_COMM_LEN ? walk->text[text_at] : '\0';

	if (p == '*') {
		walk->star_pattern = ++walk->pattern_at;
		walk->star_text = walk->text_at;
		return 0;
	}
	if (t && (p == '?' || p == t)) {
		walk->pattern_at++;
		walk->text_at++;
		return 0;
	}
	if (!p && !t) {
		walk->matched = true;
		return 1;
	}
	if (!walk->star_pattern || walk->star_text >= PPBPF_COMM_LEN ||
	    !walk->text[walk->star_text])
		return 1;
	walk->pattern_at = walk->star_pattern;
	walk->text_at = ++walk->star_text;
	return 0;
}

/*
 * 0, which the verifier does not know. Some before Linux 6.8 look at a loop's body once,
 * as it is the first time: with a pattern that is read only, and begun at a known place,
 * they know its letters, and take what happens at its end for dead code.
 */
u32 glob_begin __weak;

/* By the process's name: its threads may have others. */
static __always_inline bool comm_matches(struct task_struct *task)
{
	u32 begin = glob_begin;
	char comm[PPBPF_COMM_LEN];
	struct glob_walk walk = { .text = comm, .pattern_at = begin, .text_at = begin,
				  .star_pattern = begin, .star_text = begin };

	BPF_CORE_READ_STR_INTO(&comm, task, group_leader, comm);
	bpf_loop(PPBPF_COMM_LEN * PPBPF_COMM_LEN, glob_step, &walk, 0);
	return walk.matched;
}

/* Is the task in the cgroup with the configured kernfs id, or below it? */
static __always_inline bool cgroup_matches(struct task_struct *task)
{
	struct css_set *css_set = task->cgroups;
	struct cgroup_subsys_state *css = 0;

	if (cfg_cgroup_subsys < 0)
		css = (void *)css_set->dfl_cgrp;	/* self is the first member */
	else if (cfg_cgroup_subsys < CGROUP_SUBSYSTEMS)
		bpf_probe_read_kernel(&css, sizeof(css), &css_set->subsys[cfg_cgroup_subsys]);
	for (int i = 0; i < CGROUP_DEPTH && css; i++) {
		if (BPF_CORE_READ(css, cgroup, kn, id) == cfg_cgroup_id)
			return true;
		css = BPF_CORE_READ(css, parent);
	}
	return false;
}

/* Whether a task that the scan meets, or that calls exec, is a target itself. */
static __always_inline bool is_target(struct task_struct *task, const struct ppbpf_names *names,
				      bool scan)
{
	u32 pid = names->pid;

	if (!is_seen(names))
		return false;
	if (scan && bpf_map_lookup_elem(&targets, &pid))
		return true;
	if (cfg_target_mode == PPBPF_TARGET_COMM)
		return comm_matches(task);
	if (cfg_target_mode == PPBPF_TARGET_CGROUP)
		return cgroup_matches(task);
	return false;
}

/* A followed one: whether it was moved out of the cgroup that made it a target. */
static __always_inline bool has_left(struct task_struct *task)
{
	return cfg_target_mode == PPBPF_TARGET_CGROUP && !cgroup_matches(task);
}

#endif /* PPBPF_FILTER_BPF_H */
