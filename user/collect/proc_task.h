/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* What /proc says of a process and of its threads, without any privilege. */
#ifndef PPBPF_COLLECT_PROC_TASK_H
#define PPBPF_COLLECT_PROC_TASK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "ppbpf_abi.h"

/* proc(5), stat: of a process with its dead threads, or of one thread. */
struct proc_stat {
	char comm[PPBPF_COMM_LEN];
	char state;
	pid_t ppid;
	bool kthread;
	uint64_t minor_faults, major_faults;
	uint64_t user_ns, system_ns;	/* in the kernel's ticks: 10 ms mostly */
	uint64_t cpu_ns;		/* their sum, or better */
	uint64_t reaped[4];		/* of children that were waited for: minor, major, user, system */
	uint64_t threads;
	uint64_t start_ticks;		/* since boot; with the pid, who it is */
	uint64_t start_code;		/* of its program; 1 where that may not be known */
	int exit_code;			/* of a zombie; 0 where that may not be known */
};

uint64_t proc_tick_ns(void);

/* `tid` 0: the process. `text` is room to read into. Negative errno: it is gone, or hidden. */
int proc_stat__read(struct proc_stat *stat, pid_t pid, pid_t tid, struct buf *text);

/* It has ended, all of its threads have, and its parent has not asked for it yet. */
bool proc_stat__is_dead(const struct proc_stat *stat);

/* The kernel tells a zombie's exit status to who may trace it, and 0 to others. */
bool proc_may_know_exit(pid_t pid);

/* Values of one thread: switches, the scheduler's delays, disk bytes. */
struct proc_thread {
	bool io_known;		/* only who may trace a process reads that */
};
int proc_thread__read(struct proc_thread *thread, uint64_t values[PPBPF_VALUE_NR], pid_t pid,
		      pid_t tid, struct buf *text);

/* In its own pid namespace, where that is below ours; else 0. */
uint32_t proc_inner_pid(pid_t pid, struct buf *text);

/* Memory of the process; false: it has none, as kernel threads and zombies. */
bool proc_memory__read(uint64_t values[PPBPF_VALUE_NR], pid_t pid, struct buf *text);

/* Disk bytes of the process, dead threads and children that were waited for included. */
bool proc_io__read(uint64_t values[PPBPF_VALUE_NR], pid_t pid, pid_t tid, struct buf *text);

/* CPU time of the whole process by its own clock, exact; false: then the ticks must do. */
bool proc_cpu_ns(pid_t pid, uint64_t *ns);

/* Calls `each` with every number that names an entry of a folder in /proc. */
int proc_each(const char *folder, int (*each)(pid_t id, void *context), void *context);

/* And with every child of a process. -ENOENT: this kernel does not list them. */
int proc_each_child(pid_t pid, struct buf *text, int (*each)(pid_t id, void *context),
		    void *context);

#endif
