// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/*
 * monitor_resource_usage: what a target uses, and what it waits for. Resolves
 * the target, attaches the collector, samples every interval, and fills the
 * report.
 */
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/text.h"
#include "base/units.h"
#include "collect/machine.h"
#include "collect/perf.h"
#include "collect/watch.h"
#include "op/choose.h"
#include "op/clock.h"
#include "op/live.h"
#include "op/monitor_totals.h"
#include "op/names.h"
#include "op/result.h"
#include "op/self_cost.h"
#include "op/spawn.h"
#include "op/stop.h"
#include "op/target.h"
#include "ppbpf.h"
#include "sink/envelope.h"
#include "sink/monitor_columns.h"
#include "sink/monitor_json.h"

#define INTERVAL_MIN (10 * NSEC_PER_MSEC)
#define INTERVAL_MAX (3600 * NSEC_PER_SEC)
#define FULL_EVERY NSEC_PER_SEC		/* between looks at tasks that did not run */
#define VIEW_EVERY (250 * NSEC_PER_MSEC)	/* between refreshes that a person sees */
#define DRAIN_EVERY NSEC_PER_SEC
#define KILL_AFTER (5 * NSEC_PER_SEC)	/* from SIGTERM to SIGKILL, as timeout(1) -k */
#define GRACE (200 * NSEC_PER_MSEC)
#define LAST_EXIT_WAIT (200 * NSEC_PER_MSEC)

struct run {
	const struct ppbpf_monitor_options *options;
	struct report *report;
	struct err *err;
	struct target target;
	struct child child;
	struct watch *watch;
	struct perf *perf;
	struct live *live;
	struct machine_state machine;	/* when the measurement began */
	uint64_t entered;		/* CLOCK_MONOTONIC, as all times here */
	uint64_t begin;
	uint64_t begin_boot;
	uint64_t end;
	uint64_t last_tick;
	uint64_t last_full;
	uint64_t last_scan;		/* of the tasks; they are not asked at every tick */
	struct tasks_totals before;	/* totals at the last tick */
	uint64_t cpu_before;		/* of the machine */
};

void ppbpf_monitor_stop(void)
{
	stop__request();
}

static int check_options(struct run *run)
{
	const struct ppbpf_monitor_options *options = run->options;
	struct report *report = run->report;
	static const enum metric_subject subjects[4] = {
		SUBJECT_CPU, SUBJECT_MEMORY, SUBJECT_DISK, SUBJECT_NETWORK,
	};
	const char *nearest = NULL;
	int err;

	if (options->interval_ns < INTERVAL_MIN || options->interval_ns > INTERVAL_MAX) {
		err__set(run->err, ERR_USAGE, -EINVAL, "the interval must be 10 ms to 1 h");
		err__hint(run->err, "the default is --interval 100ms");
		return -EINVAL;
	}
	err = choose_metrics(options, &report->wanted, run->err);
	if (err)
		return err;
	for (size_t i = 0; i < 4; i++)
		report->tracked[i] = metric_set__has_subject(&report->wanted, subjects[i]);
	report->interval_ns = options->interval_ns;
	if (options->sort && !monitor_sort__valid(options->sort, &nearest)) {
		err__set(run->err, ERR_USAGE, -EINVAL, "there is no column \"%s\" to sort by",
			 options->sort);
		err__hint(run->err, "%s%s", nearest ? "did you mean " : "--help lists them",
			  nearest ? nearest : "");
		return -EINVAL;
	}
	return 0;
}

static int resolve(struct run *run)
{
	const struct ppbpf_monitor_options *options = run->options;
	struct target_options target = {
		.pids = options->pids, .pid_count = options->pid_count, .comm = options->comm,
		.cgroup = options->cgroup, .unit = options->unit,
		.container = options->container, .command = options->command,
	};
	struct report *report = run->report;
	int err;

	err = target__resolve(&run->target, &target, report, run->err);
	if (err)
		return err;
	report->target = strdup(run->target.text);
	report->machine_wide = run->target.mode == PPBPF_TARGET_MACHINE;
	report->split_known = !report->machine_wide;
	report->has_command = options->command;
	report->command_status = -1;
	return report->target ? 0 : err__set(run->err, ERR_INTERNAL, -ENOMEM, "out of memory");
}

static int attach(struct run *run)
{
	const struct watch_config config = {
		.collector = {
			.mode = run->target.mode,
			.comm = run->target.comm,
			.cgroup_id = run->target.cgroup.id,
			.cgroup_subsys = run->target.cgroup.subsys,
			.children = !run->options->no_children,
			.network = run->report->tracked[3],
			.block = run->report->tracked[2],
			.statistics = run->options->self,
		},
		.cgroup = run->target.cgroup_path,
	};

	return watch__new(&run->watch, &config, run->report, run->err);
}

static void count_hardware(struct run *run)
{
	struct report *report = run->report;

	if (!watch__features(run->watch)->have[FEATURE_PMU] ||
	    !metric_set__has_subject(&report->wanted, SUBJECT_PERF))
		return;
	if (run->target.mode == PPBPF_TARGET_PIDS || report->machine_wide)
		run->perf = perf__new(run->target.pids, run->target.pid_count);
	if (!run->perf)
		report__missing(report, "perf", run->target.mode == PPBPF_TARGET_PIDS ?
				"no hardware counter could be opened" :
				"counted for --pid, -- COMMAND and the whole machine only");
}

static int feed_failed(struct run *run, int err)
{
	if (err >= 0)
		return 0;
	return err__set(run->err, ERR_INTERNAL, err, "reading from the kernel failed: %s",
			strerror(-err));
}

/* COMMAND is held until everything watches; from its release on it counts. */
static int begin(struct run *run)
{
	const struct ppbpf_monitor_options *options = run->options;
	struct report *report = run->report;
	struct target *target = &run->target;
	int followed, err;

	if (options->command) {
		err = child__start(&run->child, options->command, options->user,
				   options->command_stdout_fd, run->err);
		if (err)
			return err;
		target->pids = calloc(1, sizeof(*target->pids));
		if (!target->pids)
			return err__set(run->err, ERR_INTERNAL, -ENOMEM, "out of memory");
		target->pids[target->pid_count++] = run->child.pid;
	}
	count_hardware(run);
	machine__read(&run->machine);
	followed = watch__seed(run->watch, target->pids, target->pid_count, run->err);
	if (followed < 0)
		return followed;
	if (target->mode == PPBPF_TARGET_PIDS && !followed)
		return err__set(run->err, ERR_NOT_FOUND, -ESRCH,
				"%s ended before it could be followed", target->text);
	run->begin = clock_ns(CLOCK_MONOTONIC);
	run->begin_boot = clock_ns(CLOCK_BOOTTIME);
	report->self.attach_ms = (run->begin - run->entered) / 1e6;
	report->self.start_cpu_seconds = self_cost__cpu_seconds();
	report->tasks = tasks__new(run->begin_boot);
	if (!report->tasks)
		return err__set(run->err, ERR_INTERNAL, -ENOMEM, "out of memory");
	err = watch__snapshot(run->watch, report->tasks, SNAPSHOT_FULL);
	if (err)
		return err__set(run->err, ERR_INTERNAL, err, "reading the tasks failed: %s",
				strerror(-err));
	run->last_tick = run->last_full = run->last_scan = run->begin;
	if (report->machine_wide)
		watch__cpu_time(run->watch, &run->cpu_before);
	run->before = *tasks__totals(report->tasks);
	names__places(report->tasks);
	if (!options->command)
		return names__commands(report->tasks), 0;
	err = child__release(&run->child, run->err);
	return err ? err : feed_failed(run, watch__look(run->watch, report->tasks));
}

/* An estimate of what is in progress may have been taken back in part. */
static uint64_t grown(uint64_t now, uint64_t before)
{
	return now > before ? now - before : 0;
}

static uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* The kernel's ticks may come late, more of them in an interval than it has: the next has them. */
static uint64_t most_cpu_ns(const struct run *run, uint64_t now)
{
	if (run->report->source == REPORT_BY_EVENTS)
		return UINT64_MAX;
	return run->machine.values[MACHINE_CPUS].n * (now - run->last_tick);
}

static void interval_of(struct run *run, uint64_t now, struct report_interval *interval)
{
	const struct tasks_totals *totals = tasks__totals(run->report->tasks);
	const uint64_t *split = (const uint64_t *)&totals->split;
	const uint64_t *before = (const uint64_t *)&run->before.split;
	double ns = now - run->last_tick;
	uint64_t cpu, used;

	interval->time = (now - run->begin) / 1e9;
	interval->seconds = ns / 1e9;
	for (size_t i = 0; i < PPBPF_SUMMED_NR; i++)
		interval->values[i] = grown(totals->values[i], run->before.values[i]);
	used = interval->values[PPBPF_CPU_NS];
	for (size_t i = 0; i < sizeof(totals->split) / sizeof(*split); i++)
		((uint64_t *)&interval->split)[i] = grown(split[i], before[i]);
	if (run->report->machine_wide && !watch__cpu_time(run->watch, &cpu)) {
		used = min_u64(grown(cpu, run->cpu_before), most_cpu_ns(run, now));
		run->cpu_before += used;
	}
	interval->cpu_percent = ns > 0 ? used / ns * 100 : 0;
	interval->resident_bytes = run->report->machine_wide && run->report->tracked[1] ?
					   machine__memory_used() : totals->resident_bytes;
	/* where that ends the run, the last process's end is no moment at which it had 0 bytes */
	if (run->target.mode == PPBPF_TARGET_PIDS && !totals->processes_alive &&
	    run->report->memory.count)
		interval->resident_bytes = llround(run->report->memory.last);
}

/*
 * Whether this interval's sample needs the tasks. The machine's CPU time is
 * known without them: nobody sees them more often than a view is refreshed,
 * but for a stream that has every interval.
 */
static bool tasks_wanted(const struct run *run, uint64_t now)
{
	uint64_t age = now - run->last_scan;

	if (!run->report->machine_wide || run->options->live == PPBPF_LIVE_JSONL ||
	    run->options->live == PPBPF_LIVE_CSV)
		return true;
	return age >= (run->options->live == PPBPF_LIVE_TABLE ? VIEW_EVERY : FULL_EVERY);
}

/* An interval has ended: one more sample. */
static int tick(struct run *run, uint64_t now, enum snapshot_kind kind)
{
	struct report *report = run->report;
	struct report_interval interval;
	int err;

	err = feed_failed(run, watch__drain(run->watch, report->tasks));
	if (!err && (kind == SNAPSHOT_LAST || tasks_wanted(run, now))) {
		err = feed_failed(run, watch__snapshot(run->watch, report->tasks, kind));
		run->last_scan = now;
		if (kind != SNAPSHOT_CHANGED) {
			run->last_full = now;
			names__places(report->tasks);
		}
	}
	if (err)
		return err;
	interval_of(run, now, &interval);
	if (report->tracked[0])
		err = series__add(&report->cpu, interval.time, interval.seconds,
				  interval.cpu_percent);
	/* a COMMAND that has ended before any sample had no 0 bytes at one */
	if (!err && report->tracked[1] && !(run->child.ended && !report->memory.count))
		err = series__add(&report->memory, interval.time, interval.seconds,
				  interval.resident_bytes);
	if (err)
		return err__set(run->err, ERR_INTERNAL, err, "out of memory");
	report->samples++;
	report->duration = interval.time;
	err = live__interval(run->live, report, &interval);
	if (err == -EPIPE)
		stop__request();	/* as when the user ends it: the reader has seen enough */
	else if (err)
		return err__set(run->err, ERR_IO, err, "the live output cannot be written: %s",
				strerror(-err));
	run->before = *tasks__totals(report->tasks);
	if (run->options->live != PPBPF_LIVE_NONE)
		tasks__mark(report->tasks);
	run->last_tick = now;
	return 0;
}

/* What is not asked of a zombie is lost once it was waited for. */
static bool command_ended(struct run *run)
{
	if (run->child.ended || !child__is_over(&run->child))
		return run->child.ended;
	if (watch__look(run->watch, run->report->tasks))
		log_debug("the command's last figures could not be read");
	if (child__ended(&run->child))
		watch__waited(run->watch, run->report->tasks, run->child.pid,
			      &run->child.usage);
	return run->child.ended;
}

static bool target_ended(struct run *run)
{
	if (run->options->command)
		return command_ended(run);
	return run->target.mode == PPBPF_TARGET_PIDS &&
	       !tasks__totals(run->report->tasks)->processes_alive;
}

/* Sleeps until `until`, or something to do before. */
static void wait_until(struct run *run, uint64_t until)
{
	struct pollfd fds[] = {
		{ .fd = stop__requested() ? -1 : stop__fd(), .events = POLLIN },
		{ .fd = watch__ring_fd(run->watch), .events = POLLIN },
		{ .fd = run->child.pidfd, .events = POLLIN },
	};
	uint64_t now = clock_ns(CLOCK_MONOTONIC), left = until > now ? until - now : 0;
	struct timespec timeout = { left / NSEC_PER_SEC, left % NSEC_PER_SEC };

	ppoll(fds, 3, &timeout, NULL);
}

static int measure(struct run *run, uint64_t deadline, bool heed_stop)
{
	uint64_t interval = run->options->interval_ns;
	uint64_t next = run->begin + interval, now;
	int err = 0;

	while (!err && !(heed_stop && stop__requested()) && !target_ended(run)) {
		now = clock_ns(CLOCK_MONOTONIC);
		if (now >= next) {
			err = tick(run, now, now - run->last_full >= FULL_EVERY ?
				   SNAPSHOT_FULL : SNAPSHOT_CHANGED);
			/* a tick that came late takes those that it missed along */
			while (next <= now)
				next += interval;
			continue;
		}
		if (now >= deadline)
			break;
		wait_until(run, min_u64(min_u64(next, deadline), now + DRAIN_EVERY));
		err = feed_failed(run, watch__drain(run->watch, run->report->tasks));
	}
	return err;
}

static void signal_followed(struct run *run, int signal)
{
	for (struct process *p = tasks__first(run->report->tasks); p; p = p->next)
		if (p->threads_alive && p->followed)
			kill(p->pid, signal);
}

/*
 * COMMAND's time is over: it and what it started are asked to end, then made
 * to. When the user stops us, the terminal has told COMMAND too: it gets a
 * moment to end by that.
 */
static int end_command(struct run *run)
{
	static const struct {
		int signal;
		uint64_t patience;
	} steps[] = {
		{ 0, GRACE }, { SIGTERM, KILL_AFTER }, { SIGKILL, KILL_AFTER },
	};
	int err = 0;

	for (size_t i = stop__requested() ? 0 : 1; i < 3 && !err && !target_ended(run); i++) {
		if (steps[i].signal) {
			kill(run->child.pid, steps[i].signal);
			signal_followed(run, steps[i].signal);
		}
		err = measure(run, clock_ns(CLOCK_MONOTONIC) + steps[i].patience, false);
	}
	return err;
}

/*
 * A process can be waited for before its last switch, which brings its totals:
 * a moment later they are in.
 */
static int await_exit(struct run *run)
{
	uint64_t deadline = clock_ns(CLOCK_MONOTONIC) + LAST_EXIT_WAIT;
	struct process *process;
	int err;

	do {
		err = feed_failed(run, watch__drain(run->watch, run->report->tasks));
		process = tasks__find_pid(run->report->tasks, run->child.pid);
		if (err || (process && process->ended))
			return err;
		nanosleep(&(struct timespec){ .tv_nsec = 200000 }, NULL);
	} while (clock_ns(CLOCK_MONOTONIC) < deadline);
	return 0;
}

/* The last snapshot, and all that is asked once. */
static int finish(struct run *run)
{
	struct report *report = run->report;
	struct machine_state machine;
	struct process *process;
	uint64_t boot;
	int err;

	if (run->options->command && command_ended(run)) {
		err = await_exit(run);
		if (err)
			return err;
		report->command_status = run->child.status;
	}
	run->end = clock_ns(CLOCK_MONOTONIC);
	boot = clock_ns(CLOCK_BOOTTIME);
	/* a rest shorter than half an interval is no sample of its own, unless it is the only one */
	if (!report->samples || (run->end - run->last_tick) * 2 >= run->options->interval_ns)
		err = tick(run, run->end, SNAPSHOT_LAST);
	else
		err = feed_failed(run, watch__snapshot(run->watch, report->tasks,
							   SNAPSHOT_LAST));
	if (!err)
		err = feed_failed(run, watch__drain(run->watch, report->tasks));
	if (err)
		return err;
	tasks__finish(report->tasks, boot);
	report->duration = (run->end - run->begin) / 1e9;
	report->wall_ns = run->end - run->begin;
	process = run->child.pid > 0 ? tasks__find_pid(report->tasks, run->child.pid) : NULL;
	report->command_pid = process ? process->pid : 0;
	if (process && process->ended)
		report->wall_ns = process->end_boot_ns - run->begin_boot;
	machine__read(&machine);
	machine__report(report, &run->machine, &machine);
	watch__report(run->watch, report);
	monitor_totals(report, watch__features(run->watch), &machine);
	monitor_named(report, &run->target, run->options);
	if (run->perf)
		perf__read(run->perf, report->perf);
	self_cost__read(&report->self);
	report->interrupted = stop__requested();
	return 0;
}

static int run_all(struct run *run)
{
	uint64_t deadline;
	int err;

	err = check_options(run);
	if (!err)
		err = resolve(run);
	if (!err)
		err = attach(run);
	if (!err)
		err = begin(run);
	if (err)
		return err;
	run->live = live__new(run->options);
	if (!run->live)
		return err__set(run->err, ERR_INTERNAL, -ENOMEM, "out of memory");
	deadline = run->options->duration_ns ? run->begin + run->options->duration_ns : UINT64_MAX;
	err = measure(run, deadline, true);
	if (!err && run->options->command && !target_ended(run))
		err = end_command(run);
	if (!err)
		err = finish(run);
	return err;
}

static void describe_host(struct report *report)
{
	struct utsname name;

	if (uname(&name))
		return;
	text_copy(report->host, sizeof(report->host), name.nodename);
	text_copy(report->kernel, sizeof(report->kernel), name.release);
}

/* Whoever reads it may have seen enough: that is no failure. */
static void print_summary(struct ppbpf_result *result, const struct ppbpf_monitor_options *options)
{
	FILE *stream;
	int fd, err;

	if (!options->summary || result->err.cause)
		return;
	fd = dup(options->summary_fd);
	stream = fd < 0 ? NULL : fdopen(fd, "w");
	err = stream ? ppbpf_result_write_summary(result, options, stream) : -errno;
	if (stream && fclose(stream) && !err)
		err = -errno;
	if (!stream && fd >= 0)
		close(fd);
	if (err && err != -EPIPE)
		err__set(&result->err, ERR_IO, err, "the summary cannot be written: %s",
			 strerror(-err));
}

static int write_json(const struct ppbpf_result *result, FILE *stream)
{
	const struct envelope envelope = {
		.success = ppbpf_result_success(result),
		.duration = result->duration,
		.error = &result->err,
	};

	return monitor_json__write(stream, result->report, &envelope);
}

static const struct operation monitor_operation = { .write_json = write_json };

int ppbpf_monitor(const struct ppbpf_monitor_options *options, struct ppbpf_result **out)
{
	struct ppbpf_result *result = result__new(&monitor_operation);
	struct run run = { .options = options, .child = { .pid = -1, .pidfd = -1,
			   .release_fd = -1, .exec_fd = -1, .status = -1 } };

	*out = result;
	if (!result)
		return PPBPF_FAILED;
	result->report = report__new();
	if (!result->report)
		return err__set(&result->err, ERR_INTERNAL, -ENOMEM, "out of memory"), PPBPF_FAILED;
	run.report = result->report;
	run.err = &result->err;
	run.entered = clock_ns(CLOCK_MONOTONIC);
	describe_host(run.report);
	stop__begin();
	run_all(&run);
	if (result->err.cause)
		child__end(&run.child);
	/* without its own end there is no status of COMMAND's, but for exec's failure */
	result->command_status = run.child.ended || run.child.exec_failed ? run.child.status : -1;
	live__free(run.live);
	print_summary(result, options);
	watch__free(run.watch);
	perf__free(run.perf);
	child__free(&run.child);
	target__free(&run.target);
	stop__end();
	result->duration = (clock_ns(CLOCK_MONOTONIC) - run.entered) / 1e9;
	return status_of(&result->err);
}
