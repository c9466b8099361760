// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "model/tasks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

/* Ended processes that keep a row of their own; the rest is in the totals only. */
#define ROWS_MAX 100000

/* A live thread: its values as last seen, so that the next ones add the difference. */
struct thread {
	struct process *process;
	uint32_t tgid;
	uint64_t leader_start_boot_ns;
	uint32_t generation;
	uint64_t start_boot_ns;
	uint64_t values[PPBPF_SUMMED_NR];
	struct ppbpf_split split;
};

struct tasks {
	uint64_t begin_boot_ns;
	uint64_t now_boot_ns;
	uint32_t generation;		/* of full snapshots */
	bool full;
	struct hash *threads;		/* task id -> struct thread */
	struct hash *processes;		/* tgid, start -> struct process */
	struct hash *latest;		/* tgid, 0 -> struct process; where they differ, pid, 1 too */
	struct process *first;
	struct process **last;
	struct process *folded;		/* stands for every process without a row */
	struct tasks_totals totals;
};

struct tasks *tasks__new(uint64_t begin_boot_ns)
{
	struct tasks *tasks = calloc(1, sizeof(*tasks));

	if (!tasks)
		return NULL;
	tasks->begin_boot_ns = begin_boot_ns;
	tasks->now_boot_ns = begin_boot_ns;
	tasks->last = &tasks->first;
	tasks->threads = hash__new();
	tasks->processes = hash__new();
	tasks->latest = hash__new();
	if (!tasks->threads || !tasks->processes || !tasks->latest) {
		tasks__free(tasks);
		return NULL;
	}
	return tasks;
}

static void process__free(struct process *process)
{
	if (!process)
		return;
	free(process->command);
	free(process);
}

void tasks__free(struct tasks *tasks)
{
	struct process *process, *next;
	struct hash_entry entry;
	size_t cursor = 0;

	if (!tasks)
		return;
	while (tasks->threads && hash__next(tasks->threads, &cursor, &entry))
		free(entry.value);
	for (process = tasks->first; process; process = next) {
		next = process->next;
		process__free(process);
	}
	process__free(tasks->folded);
	hash__free(tasks->threads);
	hash__free(tasks->processes);
	hash__free(tasks->latest);
	free(tasks);
}

int process__set_command(struct process *process, const char *command)
{
	if (process->command || !command || !*command)
		return 0;
	process->command = strdup(command);
	return process->command ? 0 : -ENOMEM;
}

/* A process beyond the limit shares one row, which no list shows. */
static struct process *folded_process(struct tasks *tasks)
{
	if (!tasks->folded)
		tasks->folded = calloc(1, sizeof(*tasks->folded));
	if (tasks->folded)
		tasks->totals.processes_folded++;
	return tasks->folded;
}

/* Outside of a pid namespace a record's names are the numbers themselves. */
static int process_name(struct tasks *tasks, struct process *process,
			const struct ppbpf_names *names)
{
	process->pid = names->pid;
	process->ppid = names->ppid;
	process->proc_pid = names->proc_pid;
	if (process->pid == process->tgid)
		return 0;
	return hash__set(tasks->latest, process->pid, 1, process);
}

static struct process *process_new(struct tasks *tasks, uint32_t tgid, uint32_t ppid,
				   uint64_t start, const struct ppbpf_names *names,
				   bool followed)
{
	struct process *process, *parent;

	if (tasks->totals.processes >= ROWS_MAX)
		return folded_process(tasks);
	process = calloc(1, sizeof(*process));
	if (!process)
		return NULL;
	process->tgid = tgid;
	process->start_boot_ns = start;
	process->existed = start < tasks->begin_boot_ns;
	/* older than the measurement, and not met when that began: it was elsewhere until now */
	process->left = process->existed && tasks->generation > 1 && followed;
	process->left_boot_ns = process->left ? tasks->begin_boot_ns : 0;
	process->peak_is_bound = true;
	process->generation = tasks->generation;
	if (hash__set(tasks->processes, tgid, start, process) ||
	    hash__set(tasks->latest, tgid, 0, process) || process_name(tasks, process, names)) {
		hash__remove(tasks->processes, tgid, start);
		hash__remove(tasks->latest, tgid, 0);
		free(process);
		return NULL;
	}
	/* a child that never calls exec runs what its parent runs */
	parent = hash__get(tasks->latest, ppid, 0);
	if (parent)
		process__set_command(process, parent->command);
	*tasks->last = process;
	tasks->last = &process->next;
	tasks->totals.processes++;
	tasks->totals.processes_alive += !process->left;
	return process;
}

static struct process *process_of(struct tasks *tasks, uint32_t tgid, uint32_t ppid,
				  uint64_t start, const struct ppbpf_names *names, bool followed)
{
	struct process *process = hash__get(tasks->processes, tgid, start);

	return process ? process : process_new(tasks, tgid, ppid, start, names, followed);
}

static struct process *process_of_task(struct tasks *tasks, const struct ppbpf_task *task)
{
	return process_of(tasks, task->tgid, task->ppid, task->leader_start_boot_ns,
			  &task->names, task->flags & PPBPF_TASK_FOLLOWED);
}

/*
 * What is in progress is an estimate, which the next value may take back in
 * part; a sum never falls below what is known.
 */
static void add_difference(uint64_t *sum, uint64_t now, uint64_t before)
{
	if (now >= before)
		*sum += now - before;
	else
		*sum -= *sum < before - now ? *sum : before - now;
}

static void split_add(struct ppbpf_split *to, const struct ppbpf_split *now,
		      const struct ppbpf_split *before)
{
	const uint64_t *n = (const uint64_t *)now, *b = (const uint64_t *)before;
	uint64_t *t = (uint64_t *)to;

	for (size_t i = 0; i < sizeof(*to) / sizeof(*t); i++)
		add_difference(&t[i], n[i], b[i]);
}

static void thread_update(struct tasks *tasks, struct thread *thread,
			  const struct ppbpf_task *task, const struct ppbpf_split *split)
{
	struct process *process = thread->process;

	for (size_t i = 0; i < PPBPF_SUMMED_NR; i++) {
		add_difference(&process->values[i], task->values[i], thread->values[i]);
		add_difference(&tasks->totals.values[i], task->values[i], thread->values[i]);
		thread->values[i] = task->values[i];
	}
	if (!split)
		return;
	split_add(&process->split, split, &thread->split);
	split_add(&tasks->totals.split, split, &thread->split);
	thread->split = *split;
}

static void hist_add(struct tasks *tasks, struct process *process, const ppbpf_u32 *slots)
{
	for (size_t i = 0; i < PPBPF_RQ_SLOTS; i++) {
		process->run_queue_hist[i] += slots[i];
		tasks->totals.run_queue_hist[i] += slots[i];
	}
}

/*
 * What a thread had when the measurement began is not counted: a thread that
 * is older starts from the values it is first seen with. A followed one brings
 * what it did since it came to be followed, which for those of the first
 * snapshot is before the measurement began.
 */
static struct thread *thread_new(struct tasks *tasks, struct process *process,
				 const struct ppbpf_task *task, const struct ppbpf_split *split)
{
	struct thread *thread = calloc(1, sizeof(*thread));

	if (!thread)
		return NULL;
	thread->process = process;
	thread->start_boot_ns = task->start_boot_ns;
	thread->tgid = task->tgid;
	thread->leader_start_boot_ns = task->leader_start_boot_ns;
	if (task->start_boot_ns < tasks->begin_boot_ns &&
	    (tasks->generation == 1 || !(task->flags & PPBPF_TASK_FOLLOWED))) {
		memcpy(thread->values, task->values, sizeof(thread->values));
		if (split)
			thread->split = *split;
	}
	if (hash__set(tasks->threads, task->task_id, 0, thread)) {
		free(thread);
		return NULL;
	}
	process->threads_alive++;
	process->generation = tasks->generation;
	tasks->totals.threads_alive++;
	return thread;
}

static uint64_t resident_bytes(const uint64_t *values)
{
	return values[PPBPF_RSS_ANON_BYTES] + values[PPBPF_RSS_FILE_BYTES] +
	       values[PPBPF_RSS_SHMEM_BYTES];
}

/* It counts no more among those that live, nor does what it holds. */
static void process_gone(struct tasks *tasks, struct process *process)
{
	tasks->totals.processes_alive--;
	tasks->totals.resident_bytes -= resident_bytes(process->values);
	for (size_t i = PPBPF_RSS_ANON_BYTES; i <= PPBPF_SWAP_BYTES; i++)
		process->values[i] = 0;
}

static void process_end(struct tasks *tasks, struct process *process, uint64_t end)
{
	if (end > process->end_boot_ns)
		process->end_boot_ns = end;
	if (process->ended)
		return;
	if (!process->left)
		process_gone(tasks, process);
	process->ended = true;
	process->left = false;
}

static void process_return(struct tasks *tasks, struct process *process, uint64_t back)
{
	if (back > process->left_boot_ns)
		process->absent_ns += back - process->left_boot_ns;
	process->left = false;
	tasks->totals.processes_alive++;
}

static void thread_free(struct tasks *tasks, struct thread *thread, uint64_t task_id, uint64_t end)
{
	struct process *process = thread->process;
	uint64_t from = thread->start_boot_ns;

	if (from < tasks->begin_boot_ns)
		from = tasks->begin_boot_ns;
	if (end > from) {
		process->life_ns += end - from;
		tasks->totals.life_ns += end - from;
	}
	process->threads_alive--;
	tasks->totals.threads_alive--;
	hash__remove(tasks->threads, task_id, 0);
	free(thread);
}

/* A thread that went without its exit event. */
static void thread_lost(struct tasks *tasks, struct thread *thread, uint64_t task_id)
{
	struct process *process = thread->process;

	process->exit_lost = true;
	if (process->threads_alive == 1)
		process_end(tasks, process, tasks->now_boot_ns);
	thread_free(tasks, thread, task_id, tasks->now_boot_ns);
}

static void process_update(struct tasks *tasks, struct process *process,
			   const struct ppbpf_task *task)
{
	uint64_t *values = process->values;

	if (task->flags & PPBPF_TASK_FOLLOWED)
		process->followed = true;
	if (task->flags & PPBPF_TASK_KTHREAD)
		process->kthread = true;
	if (task->values[PPBPF_THREADS] > process->threads_peak)
		process->threads_peak = task->values[PPBPF_THREADS];
	if (task->pid == task->tgid || !process->comm[0])
		memcpy(process->comm, task->comm, sizeof(process->comm));
	if (!(task->flags & PPBPF_TASK_MEMORY) || process->ended || process->left)
		return;
	tasks->totals.resident_bytes += resident_bytes(task->values) - resident_bytes(values);
	for (size_t i = PPBPF_SUMMED_NR; i < PPBPF_VALUE_NR; i++)
		if (i != PPBPF_PEAK_RSS_BYTES)
			values[i] = task->values[i];
	if (task->values[PPBPF_PEAK_RSS_BYTES] > values[PPBPF_PEAK_RSS_BYTES])
		values[PPBPF_PEAK_RSS_BYTES] = task->values[PPBPF_PEAK_RSS_BYTES];
	if (resident_bytes(values))
		process->memory_known = true;
}

void tasks__snapshot_begin(struct tasks *tasks, uint64_t boot_ns, bool full)
{
	tasks->now_boot_ns = boot_ns;
	tasks->full = full;
	if (full)
		tasks->generation++;
}

/*
 * The kernel uses a dead task's memory again: then the name of a thread that
 * was known stands for one of another process.
 */
static bool is_other(const struct thread *thread, const struct ppbpf_task *task)
{
	return thread && (thread->tgid != task->tgid ||
			  thread->leader_start_boot_ns != task->leader_start_boot_ns);
}

/*
 * A thread that was not known, at `now_boot_ns`: when its process had left, that
 * has come back, as long ago as the thread is followed.
 */
static struct thread *thread_met(struct tasks *tasks, const struct ppbpf_task *task,
				 const struct ppbpf_split *split, uint64_t followed_ns,
				 uint64_t now_boot_ns)
{
	struct process *process = process_of_task(tasks, task);
	struct thread *thread = process ? thread_new(tasks, process, task, split) : NULL;

	if (thread && process->left)
		process_return(tasks, process, now_boot_ns - followed_ns);
	return thread;
}

/* The record of a task that is ending is left to its exit event, which has it all. */
int tasks__snapshot_record(struct tasks *tasks, const struct ppbpf_task_record *record)
{
	const struct ppbpf_task *task = &record->task;
	const struct ppbpf_split *split = NULL;
	struct thread *thread;

	if (record->size < PPBPF_RECORD_TASK_SIZE || record->kind > PPBPF_RECORD_DETAIL)
		return -EINVAL;
	if (task->flags & PPBPF_TASK_EXITING)
		return 0;
	if (record->kind >= PPBPF_RECORD_FOLLOWED && record->size >= PPBPF_RECORD_FOLLOWED_SIZE)
		split = &record->split;
	thread = hash__get(tasks->threads, task->task_id, 0);
	if (is_other(thread, task))
		return 0;	/* the old one's exit event comes first */
	if (!thread) {
		thread = thread_met(tasks, task, split, split ? split->life : 0,
				    tasks->now_boot_ns);
		if (!thread)
			return -ENOMEM;
	}
	thread->generation = tasks->generation;
	thread->process->generation = tasks->generation;
	thread_update(tasks, thread, task, split);
	process_update(tasks, thread->process, task);
	if (record->kind == PPBPF_RECORD_DETAIL && record->size >= PPBPF_RECORD_DETAIL_SIZE)
		hist_add(tasks, thread->process, record->run_queue_hist);
	return 0;
}

/*
 * A thread that a full snapshot does not name has ended: its exit event may be
 * on its way still, so it goes only when two in a row do not name it.
 */
void tasks__snapshot_end(struct tasks *tasks)
{
	struct hash_entry entry;
	struct process *process;
	struct thread *thread;
	size_t cursor = 0;

	if (!tasks->full)
		return;
	while (hash__next(tasks->threads, &cursor, &entry)) {
		thread = entry.value;
		if (tasks->generation - thread->generation < 2)
			continue;
		thread_lost(tasks, thread, entry.a);
	}
	/* all of its threads that were known have ended, but not as its last one */
	for (process = tasks->first; process; process = process->next)
		if (!process->ended && !process->left && !process->threads_alive &&
		    tasks->generation - process->generation >= 2) {
			process->exit_lost = true;
			process_end(tasks, process, tasks->now_boot_ns);
		}
}

/* The totals of a thread of which nothing more is told; NULL: no memory. */
static struct thread *thread_last(struct tasks *tasks, const struct ppbpf_exit_event *event)
{
	const struct ppbpf_task *task = &event->task;
	struct process *process;
	struct thread *thread;

	thread = hash__get(tasks->threads, task->task_id, 0);
	if (is_other(thread, task)) {
		thread_lost(tasks, thread, task->task_id);
		thread = NULL;
	}
	if (!thread) {
		thread = thread_met(tasks, task, NULL, event->split.life, event->end_boot_ns);
		if (!thread)
			return NULL;
	}
	process = thread->process;
	thread_update(tasks, thread, task, &event->split);
	hist_add(tasks, process, event->run_queue_hist);
	if (task->flags & PPBPF_TASK_FOLLOWED)
		process->followed = true;
	if (task->flags & PPBPF_TASK_KTHREAD)
		process->kthread = true;
	if (task->pid == task->tgid || !process->comm[0])
		memcpy(process->comm, task->comm, sizeof(process->comm));
	if (task->values[PPBPF_THREADS] > process->threads_peak)
		process->threads_peak = task->values[PPBPF_THREADS];
	return thread;
}

int tasks__exit(struct tasks *tasks, const struct ppbpf_exit_event *event)
{
	const struct ppbpf_task *task = &event->task;
	struct process *process;
	struct thread *thread;

	if (event->end_boot_ns < tasks->begin_boot_ns)
		return 0;
	thread = thread_last(tasks, event);
	if (!thread)
		return -ENOMEM;
	process = thread->process;
	if (task->values[PPBPF_PEAK_RSS_BYTES] > process->values[PPBPF_PEAK_RSS_BYTES])
		process->values[PPBPF_PEAK_RSS_BYTES] = task->values[PPBPF_PEAK_RSS_BYTES];
	if (task->flags & PPBPF_TASK_PEAK_EXACT) {
		process->peak_is_bound = false;
		process->memory_known = true;
	}
	if (task->flags & PPBPF_TASK_LAST) {
		process->exit_code = task->exit_code;
		process_end(tasks, process, event->end_boot_ns);
	}
	thread_free(tasks, thread, task->task_id, event->end_boot_ns);
	return 0;
}

int tasks__leave(struct tasks *tasks, const struct ppbpf_exit_event *event)
{
	struct process *process;
	struct thread *thread;

	if (event->end_boot_ns < tasks->begin_boot_ns)
		return 0;
	thread = thread_last(tasks, event);
	if (!thread)
		return -ENOMEM;
	process = thread->process;
	thread_free(tasks, thread, event->task.task_id, event->end_boot_ns);
	if (process->threads_alive || process->ended)
		return 0;
	if (!process->left)
		process_gone(tasks, process);
	process->left = true;
	process->left_boot_ns = event->end_boot_ns;
	return 0;
}

int tasks__exec(struct tasks *tasks, const struct ppbpf_exec_event *event)
{
	struct process *process;
	size_t length = event->args_len;
	char command[PPBPF_ARGS_LEN + 4];

	if (event->boot_ns < tasks->begin_boot_ns)
		return 0;
	process = process_of(tasks, event->tgid, event->ppid, event->leader_start_boot_ns,
			     &event->names, event->flags & PPBPF_TASK_FOLLOWED);
	if (!process)
		return -ENOMEM;
	memcpy(process->comm, event->comm, sizeof(process->comm));
	if (event->flags & PPBPF_TASK_FOLLOWED)
		process->followed = true;
	if (length > PPBPF_ARGS_LEN)
		return -EINVAL;
	memcpy(command, event->args, length);
	while (length && !command[length - 1])
		length--;
	for (size_t i = 0; i < length; i++)
		if (!command[i])
			command[i] = ' ';
	command[length] = '\0';
	if (event->args_full > event->args_len)
		memcpy(command + length, "...", sizeof("..."));
	free(process->command);
	process->command = NULL;
	process->execed = true;
	process->values[PPBPF_PEAK_RSS_BYTES] = 0;
	return process__set_command(process, command);
}

void tasks__mark(struct tasks *tasks)
{
	for (struct process *process = tasks->first; process; process = process->next) {
		if (process->settled)
			continue;
		memcpy(process->previous, process->values, sizeof(process->previous));
		process->settled = process->ended;
	}
}

void tasks__finish(struct tasks *tasks, uint64_t boot_ns)
{
	struct hash_entry entry;
	struct thread *thread;
	size_t cursor = 0;
	uint64_t from;

	while (hash__next(tasks->threads, &cursor, &entry)) {
		thread = entry.value;
		from = thread->start_boot_ns;
		if (from < tasks->begin_boot_ns)
			from = tasks->begin_boot_ns;
		if (boot_ns <= from)
			continue;
		thread->process->life_ns += boot_ns - from;
		tasks->totals.life_ns += boot_ns - from;
	}
}

const struct tasks_totals *tasks__totals(const struct tasks *tasks)
{
	return &tasks->totals;
}

struct process *tasks__first(const struct tasks *tasks)
{
	return tasks->first;
}

struct process *tasks__find(const struct tasks *tasks, uint32_t tgid)
{
	return hash__get(tasks->latest, tgid, 0);
}

struct process *tasks__find_pid(const struct tasks *tasks, uint32_t pid)
{
	struct process *process = hash__get(tasks->latest, pid, 0);

	if (!process || process->pid != pid)
		process = hash__get(tasks->latest, pid, 1);
	return process;
}

uint64_t tasks__begin(const struct tasks *tasks)
{
	return tasks->begin_boot_ns;
}

void cpu_scale(uint64_t on_cpu, uint64_t utime, uint64_t stime, uint64_t *user, uint64_t *kernel)
{
	__uint128_t total = (__uint128_t)utime + stime;

	*kernel = total ? (uint64_t)((__uint128_t)on_cpu * stime / total) : 0;
	*user = on_cpu - *kernel;
}
