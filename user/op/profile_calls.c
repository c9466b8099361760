// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "op/profile_calls.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/units.h"
#include "collect/collector.h"
#include "collect/features.h"
#include "collect/func.h"
#include "model/report.h"
#include "model/tasks.h"
#include "op/clock.h"
#include "op/self_cost.h"
#include "op/session.h"

#define DRAIN_EVERY (500 * NSEC_PER_MSEC)

struct counting {
	struct profile_run *run;
	struct session *session;
	struct report *report;
	struct collector *collector;
	struct func *func;
};

/* Who is followed, the collector knows; its events are read so that none is lost. */
static int drain(void *context)
{
	struct counting *counting = context;
	int events = collector__drain(counting->collector, counting->report->tasks);

	return events < 0 ? events : 0;
}

static int follow(struct counting *counting, const struct ppbpf_profile_options *options,
		  const struct features *features, struct err *e)
{
	const struct target *target = &counting->session->target;
	struct collector_config config = {
		.mode = target->mode, .comm = target->comm, .cgroup_id = target->cgroup.id,
		.cgroup_subsys = target->cgroup.subsys, .children = !options->no_children,
	};
	struct features own = *features;
	int err = collector__new(&counting->collector, &config, &own, counting->report, e);

	if (err)
		return err;
	counting->report->tasks = tasks__new(clock_ns(CLOCK_BOOTTIME));
	return counting->report->tasks ? 0 : err__set(e, ERR_INTERNAL, -ENOMEM, "out of memory");
}

static int attach(struct counting *counting, const struct ppbpf_profile_options *options,
		  struct err *e)
{
	const struct target *target = &counting->session->target;
	struct func_config config = {
		.functions = options->functions, .function_count = options->function_count,
		.pids = options->command ? NULL : target->pids,
		.pid_count = options->command ? 0 : target->pid_count,
		.command = options->command ? options->command[0] : NULL,
		.collector = counting->collector,
	};
	const char *const *warnings;
	struct buf cost = BUF_INIT;
	size_t count;
	int err = func__new(&counting->func, &config, e), followed;

	if (err)
		return err;
	warnings = func__warnings(counting->func, &count);
	for (size_t i = 0; i < count; i++)
		report__warn(counting->report, "%s", warnings[i]);
	counting->run->profiler = func__profiler(counting->func);
	/* before the program runs: it may be the reason to stop at once */
	func__cost_text(counting->func, &cost);
	if (cost.length) {
		counting->run->cost = buf__take(&cost, NULL);
		if (options->progress)
			fprintf(stderr, "%s\n", counting->run->cost);
	}
	buf__free(&cost);
	followed = collector__seed(counting->collector, target->pids, target->pid_count, e);
	if (followed < 0)
		return followed;
	if (target->mode == PPBPF_TARGET_PIDS && !followed)
		return err__set(e, ERR_NOT_FOUND, -ESRCH, "%s ended before it could be followed",
				target->text);
	return 0;
}

static int finish(struct counting *counting, struct err *e)
{
	struct calls calls = { 0 };
	int err = func__read(counting->func, &calls);

	if (!err)
		err = profile_run__take_calls(counting->run, &calls);
	if (err)
		return err__set(e, ERR_INTERNAL, err, "reading the calls failed: %s",
				strerror(-err));
	counting->run->seconds = (clock_ns(CLOCK_MONOTONIC) - counting->session->begin) / 1e9;
	return 0;
}

int profile_calls__run(struct profile_run *run, struct session *session,
		       const struct ppbpf_profile_options *options,
		       const struct features *features, struct report *report, struct err *e)
{
	struct counting counting = { .run = run, .session = session, .report = report };
	struct session_work work = { .every_ns = DRAIN_EVERY, .step = drain,
				     .context = &counting };
	uint64_t entered = clock_ns(CLOCK_MONOTONIC);
	int err = follow(&counting, options, features, e);

	run->profiler = "ebpf-uprobe";
	if (!err)
		err = session__open(session, options->command, options->user,
				    options->command_stdout_fd, e);
	if (!err)
		err = attach(&counting, options, e);
	if (!err) {
		report->self.attach_ms = (clock_ns(CLOCK_MONOTONIC) - entered) / 1e6;
		report->self.start_cpu_seconds = self_cost__cpu_seconds();
		run->start_ns = clock_ns(CLOCK_REALTIME);
		work.event_fd = collector__ring_fd(counting.collector);
		err = session__begin(session, e);
	}
	if (!err)
		err = session__run(session, &work);
	if (err && !e->cause)
		err__set(e, ERR_INTERNAL, err, "reading from the kernel failed: %s",
			 strerror(-err));
	if (!err)
		err = finish(&counting, e);
	func__free(counting.func);
	collector__free(counting.collector);
	return err;
}
