// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "collect/task_source.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "collect/look.h"
#include "collect/poller.h"
#include "collect/proc_list.h"

/* The kernel's exit states. */
#define EXIT_DEAD 0x10
#define EXIT_ZOMBIE 0x20

#define IO_NR (PPBPF_CANCELLED_WRITE_BYTES - PPBPF_READ_BYTES + 1)

/* In the order of struct proc_stat's `reaped`. */
static const enum ppbpf_value reaped_values[4] = {
	PPBPF_MINOR_FAULTS, PPBPF_MAJOR_FAULTS, PPBPF_UTIME_NS, PPBPF_STIME_NS,
};

/* What the iterator tells of each thread, and of its process as their sum. */
static const enum ppbpf_value by_thread[] = {
	PPBPF_RUN_DELAY_NS, PPBPF_VOLUNTARY_SWITCHES, PPBPF_INVOLUNTARY_SWITCHES, PPBPF_MIGRATIONS,
	PPBPF_TIMESLICES, PPBPF_READ_BYTES, PPBPF_WRITE_BYTES, PPBPF_CANCELLED_WRITE_BYTES,
};

void task_source__free(struct task_source *source)
{
	look__free(source->look);
	buf__free(&source->text);
}

int task_source__begin(struct task_source *source)
{
	return source->look ? look__again(source->look) : 0;
}

uint64_t task_source__start_unit_ns(const struct task_source *source)
{
	return source->look ? 1 : proc_tick_ns();
}

static uint64_t sum_of(const struct look *look, const struct ppbpf_look *leader,
		       enum ppbpf_value value)
{
	uint64_t sum = leader->dead[value];

	for (const struct ppbpf_look *t = leader; t; t = look__next_thread(look, t))
		sum += t->task.values[value];
	return sum;
}

static char state_of(const struct ppbpf_look *seen)
{
	if (seen->exit_state & EXIT_DEAD)
		return 'X';
	return seen->exit_state & EXIT_ZOMBIE ? 'Z' : 'S';
}

static int look_stat(const struct look *look, struct proc_stat *stat, pid_t pid, pid_t tid)
{
	const struct ppbpf_look *seen = look__find(look, tid ? tid : pid);

	if (!seen || seen->task.names.pid != (uint32_t)pid)
		return -ESRCH;
	*stat = (struct proc_stat){
		.state = state_of(seen),
		.ppid = seen->task.names.ppid, .kthread = seen->task.flags & PPBPF_TASK_KTHREAD,
		.threads = seen->task.values[PPBPF_THREADS],
		.start_ticks = seen->task.start_boot_ns, .start_code = seen->start_code,
		.exit_code = seen->task.exit_code,
	};
	text_copy(stat->comm, sizeof(stat->comm), seen->task.comm);
	if (tid)
		return 0;
	stat->user_ns = sum_of(look, seen, PPBPF_UTIME_NS);
	stat->system_ns = sum_of(look, seen, PPBPF_STIME_NS);
	stat->cpu_ns = sum_of(look, seen, PPBPF_CPU_NS);
	stat->minor_faults = sum_of(look, seen, PPBPF_MINOR_FAULTS);
	stat->major_faults = sum_of(look, seen, PPBPF_MAJOR_FAULTS);
	for (size_t i = 0; i < 4; i++)
		stat->reaped[i] = seen->held[reaped_values[i]];
	return 0;
}

int task_source__stat(struct task_source *source, struct proc_stat *stat, pid_t pid, pid_t tid)
{
	return source->look ? look_stat(source->look, stat, pid, tid) :
			      proc_stat__read(stat, pid, tid, &source->text);
}

int task_source__thread(struct task_source *source, struct proc_thread *thread,
			uint64_t values[PPBPF_VALUE_NR], pid_t pid, pid_t tid)
{
	const struct ppbpf_look *seen;

	if (!source->look)
		return proc_thread__read(thread, values, pid, tid, &source->text);
	seen = look__find(source->look, tid);
	if (!seen)
		return -ESRCH;
	for (size_t i = 0; i < sizeof(by_thread) / sizeof(by_thread[0]); i++)
		values[by_thread[i]] = seen->task.values[by_thread[i]];
	thread->io_known = true;
	return 0;
}

bool task_source__memory(struct task_source *source, uint64_t values[PPBPF_VALUE_NR],
			 pid_t pid)
{
	const struct ppbpf_look *seen;

	if (!source->look)
		return proc_memory__read(values, pid, &source->text);
	/* a thread that outlives the leader tells of it */
	for (seen = look__find(source->look, pid); seen;
	     seen = look__next_thread(source->look, seen))
		if (seen->task.flags & PPBPF_TASK_MEMORY) {
			for (size_t i = PPBPF_RSS_ANON_BYTES; i <= PPBPF_PEAK_RSS_BYTES; i++)
				values[i] = seen->task.values[i];
			return true;
		}
	return false;
}

bool task_source__may_know_exit(const struct task_source *source, pid_t pid)
{
	return source->look || proc_may_know_exit(pid);
}

int task_source__each_thread(struct task_source *source, pid_t pid,
			     int (*each)(pid_t tid, void *context), void *context)
{
	const struct ppbpf_look *seen;
	char folder[32];
	int err = 0;

	if (!source->look) {
		snprintf(folder, sizeof(folder), "/proc/%d/task", pid);
		err = proc_each(folder, each, context);
		return err == -ENOENT ? 0 : err;
	}
	for (seen = look__find(source->look, pid); seen && !err;
	     seen = look__next_thread(source->look, seen))
		err = each(seen->tid, context);
	return err;
}

void task_source__names(struct task_source *source, struct ppbpf_names *names, pid_t pid)
{
	const struct ppbpf_look *seen;
	uint32_t parent = names->ppid;

	if (!source->look) {
		*names = (struct ppbpf_names){ .pid = pid, .ppid = parent, .proc_pid = pid,
					       .inner_pid = proc_inner_pid(pid, &source->text) };
		return;
	}
	seen = look__find(source->look, pid);
	if (seen)
		*names = seen->task.names;
	names->ppid = parent;
}

void task_source__held(struct task_source *source, uint64_t held[PPBPF_VALUE_NR], pid_t pid,
		       const struct proc_stat *stat, const uint64_t *live)
{
	const struct ppbpf_look *seen = source->look ? look__find(source->look, pid) : NULL;
	uint64_t whole[PPBPF_VALUE_NR] = { 0 };

	if (seen) {
		memcpy(held, seen->held, sizeof(seen->held));
		return;
	}
	for (size_t i = 0; i < 4; i++)
		held[reaped_values[i]] = stat->reaped[i];
	held[PPBPF_CPU_NS] = stat->reaped[2] + stat->reaped[3];
	if (!live || !proc_io__read(whole, pid, 0, &source->text))
		return;
	for (size_t i = 0; i < IO_NR; i++)
		held[PPBPF_READ_BYTES + i] = whole[PPBPF_READ_BYTES + i] < live[i] ? 0 :
					     whole[PPBPF_READ_BYTES + i] - live[i];
}

static bool belongs(const struct ppbpf_look *seen, const struct proc_list *list,
		    const struct poller_config *config)
{
	switch (config->mode) {
	case PPBPF_TARGET_MACHINE:
		return true;
	case PPBPF_TARGET_CGROUP:
		return seen->in_cgroup;
	default:
		return (config->comm && text_glob(config->comm, seen->task.comm)) ||
		       (config->children && proc_list__has(list, seen->task.names.ppid));
	}
}

/* Until nobody is found any more: a child may have been passed by before its parent. */
static int look_complete(const struct look *look, struct proc_list *list,
			 const struct poller_config *config)
{
	const struct ppbpf_look *seen;
	size_t before;
	int err = 0;

	do {
		before = list->count;
		for (size_t i = 0; i < look__count(look) && !err; i++) {
			seen = look__at(look, i);
			if (seen->tid == seen->task.names.pid && belongs(seen, list, config))
				err = proc_list__add(seen->tid, list);
		}
	} while (!err && list->count != before && config->mode != PPBPF_TARGET_MACHINE);
	return err;
}

int task_source__complete(struct task_source *source, struct proc_list *list,
			  const struct poller_config *config)
{
	return source->look ? look_complete(source->look, list, config) :
			      proc_list__complete(list, config);
}
