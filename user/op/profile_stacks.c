// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "op/profile_stacks.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "base/units.h"
#include "collect/binaries.h"
#include "collect/features.h"
#include "collect/kernel_names.h"
#include "collect/stacks.h"
#include "model/report.h"
#include "op/clock.h"
#include "op/self_cost.h"
#include "op/session.h"
#include "symbol/symbols.h"

#define DRAIN_EVERY (200 * NSEC_PER_MSEC)
#define LOADING_NICE (-10)
#define LINES_BUDGET (250 * NSEC_PER_MSEC)	/* a person waits for the table */

struct sampling {
	struct profile_run *run;
	struct session *session;
	struct stacks *stacks;
	struct symbols *symbols;
};

static int drain(void *context)
{
	struct sampling *sampling = context;
	int err = stacks__drain(sampling->stacks, sampling->run->profile);

	return err ? err : symbols__follow(sampling->symbols, sampling->run->profile);
}

/* Half of a run's work is to have the programs verified, while what is measured waits. */
static int load_at_once(struct sampling *sampling, const struct stacks_config *config,
			const struct features *features, struct err *e)
{
	int before = getpriority(PRIO_PROCESS, 0), err;

	/* without the right to it, it takes longer beside others */
	setpriority(PRIO_PROCESS, 0, LOADING_NICE);
	err = stacks__new(&sampling->stacks, config, features, e);
	if (!err)
		err = stacks__start(sampling->stacks, e);
	setpriority(PRIO_PROCESS, 0, before);
	return err;
}

static int load(struct sampling *sampling, const struct ppbpf_profile_options *options,
		const struct features *features, struct err *e)
{
	const struct target *target = &sampling->session->target;
	struct stacks_config config = {
		.mode = target->mode, .pids = target->pids, .pid_count = target->pid_count,
		.comm = target->comm, .cgroup_id = target->cgroup.id,
		.cgroup_subsys = target->cgroup.subsys, .children = !options->no_children,
		.frequency = sampling->run->frequency,
		.on_cpu = sampling->run->mode != MODE_OFF_CPU,
		.off_cpu = sampling->run->mode != MODE_ON_CPU,
		.starting = options->command,
		/* told apart always: the pictures can show one thread by itself */
	};
	struct binaries binaries = { 0 };
	char *executable = NULL;
	int err;

	if (options->command && !binaries__add_command(&binaries, options->command[0]) &&
	    binaries.count)
		executable = realpath(binaries.binaries[0].path, NULL);
	config.executable = executable;
	err = load_at_once(sampling, &config, features, e);
	binaries__free(&binaries);
	free(executable);
	return err;
}

static int internal(struct err *e, int err, const char *what)
{
	return err ? err__set(e, ERR_INTERNAL, err, "%s: %s", what, strerror(-err)) : 0;
}

/* Programs whose compiled code has no names: what would give them some. */
static void tell_of_jit(const struct sampling *sampling, struct report *report)
{
	const struct profile *profile = sampling->run->profile;

	for (size_t i = 0; i < profile__process_count(profile); i++) {
		const struct profile_process *process = profile__process_at(profile, i);
		const char *why = process->has_jit ?
				  symbols__why_no_map(sampling->symbols, process->pid) : NULL;

		if (why)
			report__warn(report, "%s [%d] runs code that no file lies behind, without "
				     "names: %s (node --perf-basic-prof, java's jcmd "
				     "Compiler.perfmap, python -X perf write one)", process->comm,
				     process->pid, why);
	}
}

static void tell_of_symbols(const struct sampling *sampling, struct report *report)
{
	struct symbols_state state;

	symbols__state(sampling->symbols, &state);
	sampling->run->frames_without_lines = state.frames_without_lines;
	if (state.why_no_kernel)
		report__warn(report, "functions of the kernel have no names: %s",
			     state.why_no_kernel);
	tell_of_jit(sampling, report);
}

/* What the collector has to say, a line each. */
static void tell_of_stacks(const struct sampling *sampling, struct report *report)
{
	struct buf notes = BUF_INIT;
	char *line, *rest;

	stacks__notes(sampling->stacks, &notes);
	for (line = notes.length ? strtok_r(notes.data, "\n", &rest) : NULL; line;
	     line = strtok_r(NULL, "\n", &rest))
		report__warn(report, "%s", line);
	buf__free(&notes);
}

static void say_since(uint64_t *since, const char *what)
{
	uint64_t now = clock_ns(CLOCK_MONOTONIC);

	log_debug("%s: %.1f ms", what, (now - *since) / 1e6);
	*since = now;
}

static int finish(struct sampling *sampling, struct report *report, struct err *e)
{
	struct profile_run *run = sampling->run;
	uint64_t since = clock_ns(CLOCK_MONOTONIC);
	int err = stacks__stop(sampling->stacks, e);

	if (err)
		return err;
	run->seconds = stacks__seconds(sampling->stacks);
	if (run->mode != MODE_OFF_CPU)
		run->event = stacks__event(sampling->stacks);
	err = internal(e, drain(sampling), "reading the stacks failed");
	say_since(&since, "stopped and read");
	if (!err)
		err = internal(e, symbols__name(sampling->symbols, run->profile, LINES_BUDGET),
			       "naming the frames failed");
	say_since(&since, "named");
	if (!err)
		err = internal(e, profile_stats__make(&run->stats, run->profile),
			       "summing up failed");
	if (err)
		return err;
	profile_stats__sort(&run->stats, BY_CUMULATIVE);
	tell_of_symbols(sampling, report);
	tell_of_stacks(sampling, report);
	return 0;
}

int profile_stacks__run(struct profile_run *run, struct session *session,
			const struct ppbpf_profile_options *options,
			const struct features *features, struct report *report, struct err *e)
{
	struct sampling sampling = { .run = run, .session = session };
	struct session_work work = { .every_ns = DRAIN_EVERY, .step = drain,
				     .context = &sampling };
	uint64_t entered = clock_ns(CLOCK_MONOTONIC);
	int err;

	run->profiler = run->mode == MODE_OFF_CPU ? "ebpf-offcpu" : "ebpf-sampling";
	run->profile = profile__new();
	err = run->profile ? internal(e, symbols__new(&sampling.symbols, kernel_names__read),
				      "out of memory") :
			     err__set(e, ERR_INTERNAL, -ENOMEM, "out of memory");
	if (!err)
		err = session__open(session, options->command, options->user,
				    options->command_stdout_fd, e);
	if (!err)
		err = load(&sampling, options, features, e);
	if (!err) {
		report->self.attach_ms = (clock_ns(CLOCK_MONOTONIC) - entered) / 1e6;
		report->self.start_cpu_seconds = self_cost__cpu_seconds();
		run->start_ns = clock_ns(CLOCK_REALTIME);
		work.event_fd = stacks__event_fd(sampling.stacks);
		if (options->progress && !options->command && !options->duration_ns)
			fprintf(stderr, "profiling %s; Ctrl-C ends it\n", run->title);
		err = session__begin(session, e);
	}
	if (!err)
		err = internal(e, session__run(session, &work), "reading the stacks failed");
	if (!err)
		err = finish(&sampling, report, e);
	if (!err && run->mode != MODE_ON_CPU && !features->have[FEATURE_SCHED_INFO])
		report__warn(report, "waits for a CPU cannot be told from what was waited for before "
			     "them: %s", features->why[FEATURE_SCHED_INFO]);
	stacks__free(sampling.stacks);
	symbols__free(sampling.symbols);
	return err;
}
