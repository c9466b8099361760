/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * What is known of every process: fed with records of live threads, and of
 * threads that ended, in the order in which they are read. A process's totals
 * are the sum over its threads, dead ones included, less what it had when the
 * measurement began.
 */
#ifndef PPBPF_MODEL_TASKS_H
#define PPBPF_MODEL_TASKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/process.h"
#include "ppbpf_abi.h"

struct tasks;

/* `begin_boot_ns`: nothing before counts. NULL: no memory. */
struct tasks *tasks__new(uint64_t begin_boot_ns);
void tasks__free(struct tasks *tasks);

/*
 * One snapshot: begin, every record, end. A `full` one names every live thread
 * that belongs to the measurement: those it does not name are gone. The first
 * one gives processes that exist already their starting values.
 * Negative errno: -ENOMEM, or -EINVAL for a malformed record.
 */
void tasks__snapshot_begin(struct tasks *tasks, uint64_t boot_ns, bool full);
int tasks__snapshot_record(struct tasks *tasks, const struct ppbpf_task_record *record);
void tasks__snapshot_end(struct tasks *tasks);

int tasks__exit(struct tasks *tasks, const struct ppbpf_exit_event *event);
/* A live thread is no target any more; should it become one again, it is a new one. */
int tasks__leave(struct tasks *tasks, const struct ppbpf_exit_event *event);
int tasks__exec(struct tasks *tasks, const struct ppbpf_exec_event *event);

/* What processes used that were never told of, since this was called last: in the totals only. */
void tasks__add_unseen(struct tasks *tasks, const uint64_t values[PPBPF_SUMMED_NR]);

/* The kernel's own mark of a process's peak; what was seen was less. -ENOMEM. */
int tasks__set_peak(struct tasks *tasks, struct process *process, uint64_t bytes);

/* Remembers every live process's values: what an interval begins with. */
void tasks__mark(struct tasks *tasks);

/* The measurement is over: adds the lives of threads that go on. Call once. */
void tasks__finish(struct tasks *tasks, uint64_t boot_ns);

/* Names what a process runs, unless it is known; `command` is copied. -ENOMEM. */
int tasks__set_command(struct tasks *tasks, struct process *process, const char *command);

/* Where a process runs; whoever it starts runs there, too. The texts are copied. -ENOMEM. */
int tasks__set_place(struct tasks *tasks, struct process *process,
		     const struct process_place *place);
/* NULL: not known. */
const struct process_place *tasks__place(const struct tasks *tasks,
					 const struct process *process);

struct tasks_totals {
	uint64_t values[PPBPF_SUMMED_NR];	/* of all processes, since the beginning */
	struct ppbpf_split split;		/* of all followed threads */
	uint64_t resident_bytes;		/* of live processes, now */
	uint64_t life_ns;			/* of ended threads; of all after tasks__finish() */
	uint64_t run_queue_hist[PPBPF_RQ_SLOTS];
	size_t processes;			/* rows kept, ended ones included */
	size_t processes_alive;
	size_t threads_alive;
	uint64_t processes_folded;		/* ended ones beyond the limit: in the totals only */
};

const struct tasks_totals *tasks__totals(const struct tasks *tasks);
struct process *tasks__first(const struct tasks *tasks);	/* then ->next */
/* The latest process with that number: in the first pid namespace, or as ppbpf's user knows it. */
struct process *tasks__find(const struct tasks *tasks, uint32_t tgid);
struct process *tasks__find_pid(const struct tasks *tasks, uint32_t pid);
uint64_t tasks__begin(const struct tasks *tasks);

/* user and kernel parts of on-CPU nanoseconds, scaled from tick samples as getrusage does. */
void cpu_scale(uint64_t on_cpu, uint64_t utime, uint64_t stime, uint64_t *user, uint64_t *kernel);

#endif
