// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "model/tasks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "model/rows.h"

/* Ended processes that keep a row of their own; the rest is in the totals only. */
#define ROWS_MAX 100000
/* Ended processes that wait to be packed, at most, while no snapshot comes. */
#define LOOSE_MAX 1024

/* A live thread: its values as last seen, so that the next ones add the difference. */
struct thread {
	struct process *process;
	uint32_t tgid;
	uint64_t leader_start_boot_ns;
	uint32_t generation;
	uint64_t start_boot_ns;
	uint32_t idle;			/* 1 + why it is blocked, and was when last told of; or 0 */
	uint64_t told_boot_ns;		/* when that was */
	uint64_t values[PPBPF_SUMMED_NR];
	struct ppbpf_split split;
};

struct tasks {
	uint64_t begin_boot_ns;
	uint64_t now_boot_ns;
	uint32_t generation;		/* of full snapshots */
	bool full;
	bool begun;			/* the first snapshot is over */
	struct hash *threads;		/* task id -> struct thread */
	size_t idle;			/* threads that are: an interval adds to their waits */
	struct rows rows;
	size_t loose;			/* rows that ended since the others were packed */
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
	tasks->threads = hash__new();
	if (!tasks->threads || rows__init(&tasks->rows)) {
		tasks__free(tasks);
		return NULL;
	}
	return tasks;
}

void tasks__free(struct tasks *tasks)
{
	struct hash_entry entry;
	size_t cursor = 0;

	if (!tasks)
		return;
	while (tasks->threads && hash__next(tasks->threads, &cursor, &entry))
		free(entry.value);
	if (tasks->folded)
		free(tasks->folded->figures);
	hash__free(tasks->threads);
	rows__free(&tasks->rows);
	free(tasks);
}

int tasks__set_command(struct tasks *tasks, struct process *process, const char *command)
{
	return rows__set_command(&tasks->rows, process, command);
}

int tasks__set_place(struct tasks *tasks, struct process *process,
		     const struct process_place *place)
{
	return rows__set_place(&tasks->rows, process, place);
}

const struct process_place *tasks__place(const struct tasks *tasks, const struct process *process)
{
	return process->place ? &tasks->rows.places[process->place] : NULL;
}

/* A process beyond the limit shares one row, which no list shows. */
static struct process *folded_process(struct tasks *tasks)
{
	if (!tasks->folded)
		tasks->folded = rows__alloc(&tasks->rows);
	if (tasks->folded)
		tasks->totals.processes_folded++;
	return tasks->folded;
}

static struct process *process_new(struct tasks *tasks, uint32_t tgid, uint32_t ppid,
				   uint64_t start, const struct ppbpf_names *names,
				   bool followed)
{
	struct process *process, *parent;

	if (tasks->totals.processes >= ROWS_MAX)
		return folded_process(tasks);
	process = rows__add(&tasks->rows, tgid, start, names);
	if (!process)
		return NULL;
	process->existed = start < tasks->begin_boot_ns;
	/* older than the measurement, and not met when that began: it was elsewhere until now */
	process->left = process->existed && tasks->begun && followed;
	process->end_boot_ns = process->left ? tasks->begin_boot_ns : 0;
	process->peak_is_bound = true;
	process->generation = tasks->generation;
	/* a child that never calls exec runs what its parent runs */
	parent = rows__find(&tasks->rows, ppid);
	if (parent) {
		process->command = parent->command;
		process->place = parent->place;
	}
	tasks->totals.processes++;
	tasks->totals.processes_alive += !process->left;
	return process;
}

static struct process *process_of(struct tasks *tasks, uint32_t tgid, uint32_t ppid,
				  uint64_t start, const struct ppbpf_names *names, bool followed)
{
	struct process *process;

	if (rows__open(&tasks->rows, tgid, start, &process))
		return NULL;
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

static void thread_set_idle(struct tasks *tasks, struct thread *thread, uint32_t idle)
{
	if (idle > PPBPF_REASON_NR)
		idle = 0;
	tasks->idle += !!idle;
	tasks->idle -= !!thread->idle;
	thread->idle = idle;
	thread->told_boot_ns = tasks->now_boot_ns;
}

/* It was not told of, as nothing has changed: it is blocked still. */
static void thread_wait_on(struct tasks *tasks, struct thread *thread)
{
	struct ppbpf_split *splits[] = { &thread->split, &thread->process->figures->split,
					 &tasks->totals.split };
	uint64_t ns = tasks->now_boot_ns - thread->told_boot_ns;

	for (size_t i = 0; i < sizeof(splits) / sizeof(splits[0]); i++) {
		splits[i]->life += ns;
		splits[i]->blocked[thread->idle - 1] += ns;
	}
	thread->told_boot_ns = tasks->now_boot_ns;
}

static void thread_update(struct tasks *tasks, struct thread *thread,
			  const struct ppbpf_task *task, const struct ppbpf_split *split)
{
	struct process_figures *figures = thread->process->figures;

	for (size_t i = 0; i < PPBPF_SUMMED_NR; i++) {
		add_difference(&figures->values[i], task->values[i], thread->values[i]);
		add_difference(&tasks->totals.values[i], task->values[i], thread->values[i]);
		thread->values[i] = task->values[i];
	}
	thread_set_idle(tasks, thread, split ? task->idle : 0);
	if (!split)
		return;
	split_add(&figures->split, split, &thread->split);
	split_add(&tasks->totals.split, split, &thread->split);
	thread->split = *split;
}

static void hist_add(struct tasks *tasks, struct process *process, const ppbpf_u32 *slots)
{
	for (size_t i = 0; i < PPBPF_RQ_SLOTS; i++) {
		process->figures->run_queue_hist[i] += slots[i];
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
	    (!tasks->begun || !(task->flags & PPBPF_TASK_FOLLOWED))) {
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
	uint64_t *values = process->figures->values;

	tasks->totals.processes_alive--;
	tasks->totals.resident_bytes -= resident_bytes(values);
	for (size_t i = PPBPF_RSS_ANON_BYTES; i <= PPBPF_SWAP_BYTES; i++)
		values[i] = 0;
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
	tasks->loose++;
}

static void process_return(struct tasks *tasks, struct process *process, uint64_t back)
{
	if (back > process->end_boot_ns)
		process->figures->absent_ns += back - process->end_boot_ns;
	process->end_boot_ns = 0;
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
		process->figures->life_ns += end - from;
		tasks->totals.life_ns += end - from;
	}
	thread_set_idle(tasks, thread, 0);
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
	uint64_t *values = process->figures->values;

	if (task->flags & PPBPF_TASK_FOLLOWED)
		process->followed = true;
	if (task->flags & PPBPF_TASK_KTHREAD)
		process->kthread = true;
	if (task->flags & PPBPF_TASK_NO_IO)
		process->io_hidden = true;
	if (task->values[PPBPF_THREADS] > process->figures->threads_peak)
		process->figures->threads_peak = task->values[PPBPF_THREADS];
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

/* What a snapshot of changes does not name goes on waiting. */
static void wait_on(struct tasks *tasks)
{
	struct hash_entry entry;
	struct thread *thread;
	size_t cursor = 0;

	while (hash__next(tasks->threads, &cursor, &entry)) {
		thread = entry.value;
		if (thread->idle && thread->told_boot_ns < tasks->now_boot_ns)
			thread_wait_on(tasks, thread);
	}
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

	if (tasks->full) {
		while (hash__next(tasks->threads, &cursor, &entry)) {
			thread = entry.value;
			if (tasks->generation - thread->generation >= 2)
				thread_lost(tasks, thread, entry.a);
		}
		/* all of its threads that were known have ended, but not as its last one */
		for (process = tasks->rows.active; process; process = process->figures->next_active)
			if (!process->ended && !process->left && !process->threads_alive &&
			    tasks->generation - process->generation >= 2) {
				process->exit_lost = true;
				process_end(tasks, process, tasks->now_boot_ns);
			}
	}
	if (!tasks->full && tasks->idle)
		wait_on(tasks);
	tasks->begun = true;
	rows__pack(&tasks->rows);
	tasks->loose = 0;
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
	if (task->values[PPBPF_THREADS] > process->figures->threads_peak)
		process->figures->threads_peak = task->values[PPBPF_THREADS];
	return thread;
}

int tasks__exit(struct tasks *tasks, const struct ppbpf_exit_event *event)
{
	const struct ppbpf_task *task = &event->task;
	struct process *process;
	struct thread *thread;
	uint64_t *values;

	if (event->end_boot_ns < tasks->begin_boot_ns)
		return 0;
	thread = thread_last(tasks, event);
	if (!thread)
		return -ENOMEM;
	process = thread->process;
	values = process->figures->values;
	if (task->values[PPBPF_PEAK_RSS_BYTES] > values[PPBPF_PEAK_RSS_BYTES])
		values[PPBPF_PEAK_RSS_BYTES] = task->values[PPBPF_PEAK_RSS_BYTES];
	if (task->flags & PPBPF_TASK_PEAK_EXACT) {
		process->peak_is_bound = false;
		process->memory_known = true;
	}
	if (task->flags & PPBPF_TASK_LAST) {
		process->exit_code = task->exit_code;
		if (task->flags & PPBPF_TASK_EXIT_UNKNOWN)
			process->exit_lost = true;
		process_end(tasks, process, event->end_boot_ns);
	}
	thread_free(tasks, thread, task->task_id, event->end_boot_ns);
	if (tasks->loose >= LOOSE_MAX) {
		rows__pack(&tasks->rows);
		tasks->loose = 0;
	}
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
	process->end_boot_ns = event->end_boot_ns;
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
	process->command = NULL;
	process->execed = true;
	process->figures->values[PPBPF_PEAK_RSS_BYTES] = 0;
	return tasks__set_command(tasks, process, command);
}

void tasks__add_unseen(struct tasks *tasks, const uint64_t values[PPBPF_SUMMED_NR])
{
	for (size_t i = 0; i < PPBPF_SUMMED_NR; i++)
		tasks->totals.values[i] += values[i];
}

int tasks__set_peak(struct tasks *tasks, struct process *process, uint64_t bytes)
{
	if (rows__open(&tasks->rows, process->tgid, process->start_boot_ns, &process) || !process)
		return -ENOMEM;
	process->figures->values[PPBPF_PEAK_RSS_BYTES] = bytes;
	process->peak_is_bound = false;
	process->memory_known = true;
	process->execed = true;
	return 0;
}

void tasks__mark(struct tasks *tasks)
{
	rows__mark(&tasks->rows);
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
		thread->process->figures->life_ns += boot_ns - from;
		tasks->totals.life_ns += boot_ns - from;
	}
}

const struct tasks_totals *tasks__totals(const struct tasks *tasks)
{
	return &tasks->totals;
}

struct process *tasks__first(const struct tasks *tasks)
{
	return tasks->rows.first;
}

struct process *tasks__find(const struct tasks *tasks, uint32_t tgid)
{
	return rows__find(&tasks->rows, tgid);
}

struct process *tasks__find_pid(const struct tasks *tasks, uint32_t pid)
{
	return rows__find_pid(&tasks->rows, pid);
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
