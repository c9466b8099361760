/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Where a poller reads what tasks have used: from the task iterator where there is one, which
 * needs no privilege over a process and no /proc, else from /proc.
 */
#ifndef PPBPF_COLLECT_TASK_SOURCE_H
#define PPBPF_COLLECT_TASK_SOURCE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "collect/proc_task.h"
#include "ppbpf_abi.h"

struct look;
struct poller_config;
struct proc_list;

struct task_source {
	struct look *look;	/* NULL: /proc. Owned */
	struct buf text;	/* room to read into */
};

void task_source__free(struct task_source *source);

/* What is read from now on is as of now. Negative errno. */
int task_source__begin(struct task_source *source);

/* Units of struct proc_stat's start_ticks. */
uint64_t task_source__start_unit_ns(const struct task_source *source);

/* As proc_task.h has these. */
int task_source__stat(struct task_source *source, struct proc_stat *stat, pid_t pid, pid_t tid);
int task_source__thread(struct task_source *source, struct proc_thread *thread,
			uint64_t values[PPBPF_VALUE_NR], pid_t pid, pid_t tid);
bool task_source__memory(struct task_source *source, uint64_t values[PPBPF_VALUE_NR], pid_t pid);
bool task_source__may_know_exit(const struct task_source *source, pid_t pid);
int task_source__each_thread(struct task_source *source, pid_t pid,
			     int (*each)(pid_t tid, void *context), void *context);

/* The numbers of a process, but for its parent's. */
void task_source__names(struct task_source *source, struct ppbpf_names *names, pid_t pid);

/*
 * What a process holds of others: of children that it waited for; of dead threads, too, where
 * these are summed by themselves. `live` is the disk bytes of its threads, from
 * PPBPF_READ_BYTES on; NULL: those may not be known.
 */
void task_source__held(struct task_source *source, uint64_t held[PPBPF_VALUE_NR], pid_t pid,
		       const struct proc_stat *stat, const uint64_t *live);

/* As proc_list.h has it. */
int task_source__complete(struct task_source *source, struct proc_list *list,
			  const struct poller_config *config);

#endif
