// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/* Tasks that are moved into a followed cgroup, or out of it. */
#include "follow.bpf.h"

static __always_inline void member_update(struct task_struct *task)
{
	struct task_state *state = state_create(task);

	if (!state)
		return;
	state_name(state, task);
	if (!(state->flags & PPBPF_TASK_FOLLOWED)) {
		if (is_target(task, &state->names, false))
			follow_now(task, state);
	} else if (has_left(task)) {
		leave(task, state);
	}
}

/* By number, and not static: the verifier walks it once, not on every turn of the loop. */
__noinline int member_thread(u32 tid)
{
	struct task_struct *task = have_thread_iterator() ? bpf_task_from_pid(tid) : 0;

	if (!task)
		return 0;
	member_update(task);
	bpf_task_release(task);
	return 0;
}

/* A whole process is moved with one word about its leader: its threads are met here. */
SEC("?tp_btf/cgroup_attach_task")
int BPF_PROG(cgroup_attach_task, struct cgroup *cgroup, const char *path, struct task_struct *task,
	     bool threadgroup)
{
	struct task_struct *thread;
	struct bpf_iter_task threads;

	if (threadgroup && have_thread_iterator()) {
		bpf_iter_task_new(&threads, task, BPF_TASK_ITER_PROC_THREADS);
		while ((thread = bpf_iter_task_next(&threads)))
			member_thread(thread->pid);
		bpf_iter_task_destroy(&threads);
	} else {
		member_update(task);
	}
	/* where threads are not met, the scan finds them */
	__sync_fetch_and_add(&snapshot.changes, 1);
	return 0;
}
