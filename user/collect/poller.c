// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "collect/poller.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/units.h"
#include "collect/look.h"
#include "collect/named.h"
#include "collect/pidns.h"
#include "collect/proc_list.h"
#include "collect/task_source.h"
#include "model/report.h"
#include "model/tasks.h"

#define FORK_SLACK (2 << 20)	/* what a copy of us may touch on its way to exec */
#define IO_FIRST PPBPF_READ_BYTES
#define IO_NR (PPBPF_CANCELLED_WRITE_BYTES - PPBPF_READ_BYTES + 1)

/* A thread that was met; that of a leader stands for its process, too. */
struct known {
	pid_t tgid;
	uint64_t start_ticks;
	uint64_t start_code;
	uint32_t generation;
	bool dead;			/* a zombie that was told of */
	bool is_old;			/* than the measurement, or than its being a target */
	uint64_t base[PPBPF_SUMMED_NR];	/* what it had when it came to be followed */
	struct ppbpf_task task;		/* as it was told last */
	uint64_t held[PPBPF_VALUE_NR];	/* leader: of its children that it waited for, and dead threads */
	uint64_t held_base[PPBPF_VALUE_NR];
};

struct poller {
	struct poller_config config;
	struct hash *known;		/* by thread id */
	struct proc_list list;		/* of this snapshot */
	struct task_source source;
	struct buf command;
	struct tasks *tasks;		/* being fed */
	uint32_t generation;		/* 1: the first snapshot */
	uint64_t now_boot_ns;
	uint64_t ended[PPBPF_SUMMED_NR];	/* used by those that have ended */
	uint64_t settled[PPBPF_VALUE_NR];	/* held by those that ended, and that nobody here waits for */
	uint64_t unseen[PPBPF_SUMMED_NR];	/* told so far of those that were never met */
	struct proc_stat self;
	bool command_waited;		/* for somebody */
	uint64_t fork_peak_bytes;	/* of COMMAND while it was a copy of us */
	uint64_t waited_peak_bytes;
	bool waited;			/* for COMMAND: wait4(2) has told of its disk bytes */
	bool exit_unknown;		/* some process's */
	bool io_hidden;			/* some process does not let us read what it did to disks */
};

static uint64_t boot_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static bool machine_wide(const struct poller *p)
{
	return p->config.mode == PPBPF_TARGET_MACHINE;
}

static int open_source(struct poller *p, struct err *e)
{
	const struct look_config look = {
		.mode = p->config.mode, .cgroup_id = p->config.cgroup_id,
		.cgroup_subsys = p->config.cgroup_subsys,
	};
	int err = p->config.iterator ? look__new(&p->source.look, &look, e) : proc_must_be_ours(e);

	if (err)
		return err;
	err = task_source__begin(&p->source);
	if (err)
		return err__set(e, ERR_UNSUPPORTED_KERNEL, err, "the task iterator cannot be read: %s",
				strerror(-err));
	task_source__stat(&p->source, &p->self, getpid(), 0);
	return 0;
}

int poller__new(struct poller **out, const struct poller_config *config, struct err *e)
{
	struct poller *p = calloc(1, sizeof(*p));
	int err;

	*out = NULL;
	if (!p)
		return err__set(e, ERR_INTERNAL, -ENOMEM, "out of memory");
	p->config = *config;
	p->known = hash__new();
	if (!p->known || proc_list__init(&p->list))
		err = err__set(e, ERR_INTERNAL, -ENOMEM, "out of memory");
	else
		err = open_source(p, e);
	if (err)
		poller__free(p);
	else
		*out = p;
	return err;
}

void poller__free(struct poller *p)
{
	struct hash_entry entry;
	size_t cursor = 0;

	if (!p)
		return;
	while (p->known && hash__next(p->known, &cursor, &entry))
		free(entry.value);
	hash__free(p->known);
	proc_list__free(&p->list);
	task_source__free(&p->source);
	buf__free(&p->command);
	free(p);
}

int poller__seed(struct poller *p, const pid_t *pids, size_t count)
{
	struct proc_stat stat;
	int err = task_source__begin(&p->source), alive = 0;

	for (size_t i = 0; i < count && !err; i++)
		if (!task_source__stat(&p->source, &stat, pids[i], 0) &&
		    !proc_stat__is_dead(&stat)) {
			err = proc_list__add(pids[i], &p->list);
			alive++;
		}
	return err ? err : alive;
}

/* And its number is no other process's by now. */
static bool is_there(struct poller *p, const struct known *known)
{
	struct proc_stat stat;

	return !known->dead && !task_source__stat(&p->source, &stat, known->tgid, 0) &&
	       stat.start_ticks == known->start_ticks;
}

/* Whoever was met stays a target, but for a cgroup's members. */
static int list_target(struct poller *p)
{
	struct hash_entry entry;
	size_t cursor = 0;
	int err = 0;

	if (p->config.mode == PPBPF_TARGET_PIDS || p->config.mode == PPBPF_TARGET_COMM)
		while (!err && hash__next(p->known, &cursor, &entry)) {
			const struct known *known = entry.value;

			if (known->tgid == (pid_t)entry.a && is_there(p, known))
				err = proc_list__add(known->tgid, &p->list);
		}
	return err ? err : task_source__complete(&p->source, &p->list, &p->config);
}

/* --- what they used ------------------------------------------------------------ */

/*
 * A thread met after the first snapshot has just begun, and counts from the start; or, when
 * it is older than the measurement, it has come to the target only now, as those of the
 * first one have.
 */
static void begin_counting(struct poller *p, struct known *known, const uint64_t *values)
{
	uint64_t begin = tasks__begin(p->tasks), unit = task_source__start_unit_ns(&p->source);
	struct ppbpf_task *task = &known->task;

	task->start_boot_ns = known->start_ticks * unit;
	known->is_old = p->generation == 1 || task->start_boot_ns + unit <= begin;
	if (known->is_old)
		memcpy(known->base, values, sizeof(known->base));
	else if (task->start_boot_ns < begin)
		task->start_boot_ns = begin;	/* a tick's beginning */
}

static void forget(struct poller *p, pid_t tid, struct known *known)
{
	hash__remove(p->known, tid, 0);
	free(known);
}

/* Its last figures are those that were seen last. */
static int tell_end(struct poller *p, pid_t tid, struct known *known,
		    const struct proc_stat *zombie)
{
	struct ppbpf_exit_event event = { .kind = PPBPF_EVENT_EXIT, .end_boot_ns = p->now_boot_ns };
	bool leader = known->tgid == tid;

	event.task = known->task;
	if (leader) {
		event.task.flags |= PPBPF_TASK_LAST;
		event.task.exit_code = zombie ? zombie->exit_code : 0;
		if (!zombie || (!zombie->exit_code && !task_source__may_know_exit(&p->source,
									       known->tgid)))
			event.task.flags |= PPBPF_TASK_EXIT_UNKNOWN;
		if (known->task.ppid == (uint32_t)getpid())
			p->command_waited |= known->held[PPBPF_MINOR_FAULTS];
		p->exit_unknown |= event.task.flags & PPBPF_TASK_EXIT_UNKNOWN;
		if (!hash__get(p->known, known->task.ppid, 0))
			for (size_t i = 0; i < PPBPF_SUMMED_NR; i++)
				p->settled[i] += known->held[i] - known->held_base[i];
	}
	for (size_t i = 0; i < PPBPF_SUMMED_NR; i++)
		p->ended[i] += known->task.values[i];
	known->dead = true;
	return tasks__exit(p->tasks, &event);
}

static struct known *meet(struct poller *p, pid_t tgid, pid_t tid, const struct proc_stat *stat)
{
	struct known *known = hash__get(p->known, tid, 0);

	/* the number is another one's by now */
	if (known && (known->start_ticks != stat->start_ticks || known->tgid != tgid)) {
		if (!known->dead && tell_end(p, tid, known, NULL))
			return NULL;
		forget(p, tid, known);
		known = NULL;
	}
	if (known)
		return known;
	known = calloc(1, sizeof(*known));
	if (!known || hash__set(p->known, tid, 0, known)) {
		free(known);
		return NULL;
	}
	known->tgid = tgid;
	known->start_ticks = stat->start_ticks;
	known->task.tgid = tgid;
	known->task.pid = tid;
	known->task.task_id = (uint64_t)tid << 32 | (uint32_t)stat->start_ticks;
	task_source__names(&p->source, &known->task.names, tgid);
	return known;
}

static int tell(struct poller *p, struct known *known, const struct proc_stat *stat,
		const uint64_t *values, bool is_new)
{
	struct ppbpf_task_record record = { .kind = PPBPF_RECORD_TASK,
					    .size = PPBPF_RECORD_TASK_SIZE };
	struct ppbpf_task *task = &known->task;

	if (is_new)
		begin_counting(p, known, values);
	memcpy(task->values, values, sizeof(task->values));
	for (size_t i = 0; i < PPBPF_SUMMED_NR; i++)
		task->values[i] -= known->base[i] < values[i] ? known->base[i] : values[i];
	task->ppid = task->names.ppid = stat->ppid;
	memcpy(task->comm, stat->comm, sizeof(task->comm));
	task->flags |= machine_wide(p) ? 0 : PPBPF_TASK_FOLLOWED;
	task->flags |= stat->kthread ? PPBPF_TASK_KTHREAD : 0;
	known->generation = p->generation;
	record.task = *task;
	return tasks__snapshot_record(p->tasks, &record);
}

struct process_read {
	struct poller *p;
	struct known *leader;
	uint64_t io[IO_NR];	/* of its live threads */
	bool io_known;
	int err;
};

static void sum_io(struct process_read *read, const uint64_t *values, bool known)
{
	read->io_known &= known;
	for (size_t i = 0; i < IO_NR; i++)
		read->io[i] += values[IO_FIRST + i];
}

static int read_thread(pid_t tid, void *context)
{
	struct process_read *read = context;
	struct poller *p = read->p;
	uint64_t values[PPBPF_VALUE_NR] = { 0 };
	struct proc_thread thread;
	struct proc_stat stat;
	struct known *known;
	bool is_new;

	if (tid == read->leader->tgid ||
	    task_source__stat(&p->source, &stat, read->leader->tgid, tid) || stat.state == 'X' ||
	    stat.state == 'Z' ||
	    task_source__thread(&p->source, &thread, values, read->leader->tgid, tid))
		return 0;
	known = meet(p, read->leader->tgid, tid, &stat);
	if (!known)
		return -ENOMEM;
	is_new = !known->generation;
	known->task.leader_start_boot_ns = read->leader->task.leader_start_boot_ns;
	sum_io(read, values, thread.io_known);
	stat.ppid = read->leader->task.ppid;
	return tell(p, known, &stat, values, is_new);
}

static void read_process_values(pid_t pid, const struct proc_stat *stat,
				uint64_t values[PPBPF_VALUE_NR])
{
	values[PPBPF_UTIME_NS] = stat->user_ns;
	values[PPBPF_STIME_NS] = stat->system_ns;
	if (!proc_cpu_ns(pid, &values[PPBPF_CPU_NS]))
		values[PPBPF_CPU_NS] = stat->cpu_ns;
	values[PPBPF_MINOR_FAULTS] = stat->minor_faults;
	values[PPBPF_MAJOR_FAULTS] = stat->major_faults;
	values[PPBPF_THREADS] = stat->threads;
}

/*
 * A new program: its name and its place in memory are others, and its peak begins anew. Those
 * of the first snapshot are named by who asked for it.
 */
static int tell_program(struct poller *p, struct known *known, const struct proc_stat *stat,
			bool is_new)
{
	struct ppbpf_exec_event event = { .kind = PPBPF_EVENT_EXEC };
	bool is_same = is_new ? p->generation == 1 :
				!strncmp(known->task.comm, stat->comm, PPBPF_COMM_LEN) &&
					known->start_code == stat->start_code;

	known->start_code = stat->start_code;
	if (is_same)
		return 0;
	if (named__command(known->tgid, &p->command))
		buf__truncate(&p->command, 0);
	event.flags = machine_wide(p) ? 0 : PPBPF_TASK_FOLLOWED;
	event.tgid = known->tgid;
	event.ppid = stat->ppid;
	event.leader_start_boot_ns = known->task.leader_start_boot_ns;
	event.boot_ns = p->now_boot_ns;
	event.names = known->task.names;
	memcpy(event.comm, stat->comm, sizeof(event.comm));
	event.args_full = p->command.length;
	event.args_len = p->command.length < PPBPF_ARGS_LEN ? p->command.length : PPBPF_ARGS_LEN;
	memcpy(event.args, buf__str(&p->command), event.args_len);
	return tasks__exec(p->tasks, &event);
}

/* Of children that it waited for and of dead threads: what others did that had, or had no row. */
static void read_held(struct poller *p, struct process_read *read, const struct proc_stat *stat,
		      bool is_new)
{
	struct known *leader = read->leader;

	task_source__held(&p->source, leader->held, leader->tgid, stat,
			  read->io_known ? read->io : NULL);
	if (is_new && leader->is_old)
		memcpy(leader->held_base, leader->held, sizeof(leader->held_base));
}

/* COMMAND before its exec: its memory is ours. */
static bool is_copy_of_us(const struct poller *p, const struct proc_stat *stat)
{
	return stat->ppid == getpid() && !strncmp(stat->comm, p->self.comm, PPBPF_COMM_LEN) &&
	       (stat->start_code <= 1 || stat->start_code == p->self.start_code);
}

/* A zombie's are not to be read by everybody who could before. */
static bool io_of_before(const struct known *known, uint64_t values[PPBPF_VALUE_NR])
{
	for (size_t i = IO_FIRST; i < IO_FIRST + IO_NR; i++)
		values[i] = known->task.values[i] + known->base[i];
	return !(known->task.flags & PPBPF_TASK_NO_IO);
}

static int read_process(struct poller *p, pid_t pid)
{
	struct process_read read = { .p = p, .io_known = true };
	uint64_t values[PPBPF_VALUE_NR] = { 0 };
	struct proc_thread thread;
	struct proc_stat stat;
	bool is_new, dead;
	int err;

	if (task_source__stat(&p->source, &stat, pid, 0) || stat.state == 'X')
		return 0;
	dead = proc_stat__is_dead(&stat);
	read.leader = meet(p, pid, pid, &stat);
	if (!read.leader)
		return -ENOMEM;
	is_new = !read.leader->generation;
	read.leader->generation = p->generation;
	/* one that was a zombie before the measurement uses nothing */
	read.leader->dead |= dead && p->generation == 1;
	if (read.leader->dead)
		return 0;
	if (task_source__thread(&p->source, &thread, values, pid, pid) && !dead)
		return 0;	/* it has just gone: the next snapshot tells */
	read_process_values(pid, &stat, values);
	read.leader->task.flags &= ~PPBPF_TASK_MEMORY;
	if (task_source__memory(&p->source, values, pid)) {
		if (is_copy_of_us(p, &stat))
			p->fork_peak_bytes = values[PPBPF_PEAK_RSS_BYTES];
		else
			read.leader->task.flags |= PPBPF_TASK_MEMORY;
	}
	if (is_new)
		begin_counting(p, read.leader, values);
	read.leader->task.leader_start_boot_ns = read.leader->task.start_boot_ns;
	if (dead && !thread.io_known)
		thread.io_known = io_of_before(read.leader, values);
	sum_io(&read, values, thread.io_known);
	read.leader->task.flags &= ~PPBPF_TASK_NO_IO;
	read.leader->task.flags |= thread.io_known ? 0 : PPBPF_TASK_NO_IO;
	p->io_hidden |= !thread.io_known;
	read.leader->task.ppid = read.leader->task.names.ppid = stat.ppid;
	err = dead ? 0 : tell_program(p, read.leader, &stat, is_new);
	if (!err)
		err = tell(p, read.leader, &stat, values, false);
	if (!err && stat.threads > 1)
		err = task_source__each_thread(&p->source, pid, read_thread, &read);
	if (!machine_wide(p))
		read_held(p, &read, &stat, is_new);
	if (!err && dead)
		err = tell_end(p, pid, read.leader, &stat);
	return err;
}

/* --- who is gone, and who never was there --------------------------------------- */

static int tell_leave(struct poller *p, struct known *known)
{
	struct ppbpf_exit_event event = { .kind = PPBPF_EVENT_LEAVE,
					  .end_boot_ns = p->now_boot_ns };

	event.task = known->task;
	return tasks__leave(p->tasks, &event);
}

/* Alive, but in another cgroup: its threads go first, as the kernel's events have it. */
static bool has_moved(struct poller *p, const struct known *known)
{
	struct proc_stat stat;

	return p->config.mode == PPBPF_TARGET_CGROUP &&
	       !task_source__stat(&p->source, &stat, known->tgid, 0) &&
	       !proc_stat__is_dead(&stat) && !proc_list__has(&p->list, known->tgid);
}

/* Threads first: with its leader a process ends. */
static int end_those_gone(struct poller *p, bool leaders)
{
	struct hash_entry entry;
	size_t cursor = 0;
	int err = 0;

	while (!err && hash__next(p->known, &cursor, &entry)) {
		struct known *known = entry.value;

		if (known->generation == p->generation ||
		    leaders != (known->tgid == (pid_t)entry.a))
			continue;
		if (!known->dead)
			err = has_moved(p, known) ? tell_leave(p, known) :
						    tell_end(p, entry.a, known, NULL);
		forget(p, entry.a, known);
	}
	return err;
}

static void tell_unseen(struct poller *p, const uint64_t *sums)
{
	uint64_t more[PPBPF_SUMMED_NR];

	for (size_t i = 0; i < PPBPF_SUMMED_NR; i++) {
		more[i] = sums[i] > p->unseen[i] ? sums[i] - p->unseen[i] : 0;
		p->unseen[i] += more[i];
	}
	tasks__add_unseen(p->tasks, more);
}

/*
 * What all live processes hold of those that they waited for, less what those had that were
 * met: the rest is of some that lived between two snapshots. A part is on its way while one
 * has ended and is not waited for yet, and lost with one whose parent does not wait.
 */
static void count_unseen(struct poller *p)
{
	uint64_t sums[PPBPF_SUMMED_NR];
	struct hash_entry entry;
	size_t cursor = 0;

	memcpy(sums, p->settled, sizeof(sums));
	while (hash__next(p->known, &cursor, &entry)) {
		const struct known *known = entry.value;

		if (known->tgid != (pid_t)entry.a || known->dead)
			continue;
		for (size_t i = 0; i < PPBPF_SUMMED_NR; i++)
			sums[i] += known->held[i] - known->held_base[i];
	}
	for (size_t i = 0; i < PPBPF_SUMMED_NR; i++)
		sums[i] = sums[i] > p->ended[i] ? sums[i] - p->ended[i] : 0;
	tell_unseen(p, sums);
}

int poller__snapshot(struct poller *p, struct tasks *tasks)
{
	int err;

	p->tasks = tasks;
	p->generation++;
	p->now_boot_ns = boot_ns();
	tasks__snapshot_begin(tasks, p->now_boot_ns, true);
	err = task_source__begin(&p->source);
	if (!err)
		err = list_target(p);
	for (size_t i = 0; i < p->list.count && !err; i++)
		err = read_process(p, p->list.pids[i]);
	if (!err)
		err = end_those_gone(p, false);
	if (!err)
		err = end_those_gone(p, true);
	proc_list__clear(&p->list);
	if (!err && !machine_wide(p))
		count_unseen(p);
	tasks__snapshot_end(tasks);
	return err;
}

static uint64_t timeval_ns(const struct timeval *t)
{
	return t->tv_sec * NSEC_PER_SEC + t->tv_usec * NSEC_PER_USEC;
}

/* The peak is COMMAND's own when it waited for nobody; else anybody's of all these. */
static void tell_peak(struct poller *p, struct tasks *tasks, pid_t pid, uint64_t bytes)
{
	struct process *process = tasks__find_pid(tasks, pid);

	/* what it had of us before it called exec is in it */
	if (bytes <= p->fork_peak_bytes + FORK_SLACK)
		return;
	p->waited_peak_bytes = bytes;
	if (process && !p->command_waited)
		tasks__set_peak(tasks, process, bytes);
}

void poller__waited(struct poller *p, struct tasks *tasks, pid_t pid, const struct rusage *usage)
{
	const uint64_t used[PPBPF_SUMMED_NR] = {
		[PPBPF_CPU_NS] = timeval_ns(&usage->ru_utime) + timeval_ns(&usage->ru_stime),
		[PPBPF_UTIME_NS] = timeval_ns(&usage->ru_utime),
		[PPBPF_STIME_NS] = timeval_ns(&usage->ru_stime),
		[PPBPF_MINOR_FAULTS] = usage->ru_minflt,
		[PPBPF_MAJOR_FAULTS] = usage->ru_majflt,
		[PPBPF_VOLUNTARY_SWITCHES] = usage->ru_nvcsw,
		[PPBPF_INVOLUNTARY_SWITCHES] = usage->ru_nivcsw,
		[PPBPF_READ_BYTES] = (uint64_t)usage->ru_inblock * 512,
		[PPBPF_WRITE_BYTES] = (uint64_t)usage->ru_oublock * 512,
	};
	uint64_t sums[PPBPF_SUMMED_NR];

	p->tasks = tasks;
	p->waited = true;
	for (size_t i = 0; i < PPBPF_SUMMED_NR; i++)
		sums[i] = used[i] > p->ended[i] ? used[i] - p->ended[i] : 0;
	tell_unseen(p, sums);
	tell_peak(p, tasks, pid, (uint64_t)usage->ru_maxrss * 1024);
}

static void say_what_is_hidden(const struct poller *p, struct report *report)
{
	static const char *const exits[] = { "processes.exit_status", "processes.signal" };
	static const char *const io[] = { "processes.read_bytes", "processes.write_bytes",
					  "processes.cancelled_write_bytes" };

	for (size_t i = 0; i < 2 && p->exit_unknown; i++)
		report__missing(report, exits[i], "%s tells how one has ended only until its parent "
				"has asked", p->source.look ? "the task iterator" : "/proc");
	for (size_t i = 0; i < 3 && p->io_hidden; i++)
		report__missing(report, io[i], "those of other users' processes are read with "
				"CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH");
}

void poller__report(const struct poller *p, struct report *report)
{
	char cpu[UNITS_TEXT];

	if (p->unseen[PPBPF_CPU_NS])
		report__warn(report, "processes that lived between two looks used %s of CPU: it is in "
			     "the totals, they have no rows",
			     format_duration(cpu, p->unseen[PPBPF_CPU_NS]));
	if (p->io_hidden && !p->waited)
		report__missing(report, "resource_usage.disk_io", "disk bytes of other users' processes "
				"are read with CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH");
	report->waited_peak_bytes = p->waited_peak_bytes;
	report->disk_hidden = p->io_hidden && !p->waited;
	if (machine_wide(p) && !p->source.look && access("/proc/1/stat", R_OK))
		report__warn(report, "/proc shows this user's processes only (hidepid): figures of "
			     "the machine are of all");
	say_what_is_hidden(p, report);
}
