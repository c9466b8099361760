// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "op/meter.h"

#include <errno.h>
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/text.h"
#include "collect/collector.h"
#include "collect/features.h"
#include "collect/perf.h"
#include "model/bench.h"
#include "model/tasks.h"
#include "op/bench_run.h"
#include "op/clock.h"

#define EXIT_WAIT (100 * NSEC_PER_MSEC)	/* from the reaping to the last switch */
#define EXIT_SPINS 200
#define BLAME_FROM (20 * NSEC_PER_USEC)	/* waits of less than that are blamed on nobody */

struct meter {
	bool resources;
	struct features features;
	struct collector *collector;	/* NULL: by wait4(2) */
	struct perf *perf;
	struct tasks *tasks;		/* of the run */
	struct report *report;		/* what the collector tells of it all */
	struct hash *blamed;		/* tgid, name's hash -> nanoseconds + 1 that are told already */
	uint64_t unblamed_ns;		/* waits of runs that were too short to ask */
	struct value perf_before[PERF_VALUE_NR];
	struct tasks_totals before;	/* of a window */
	uint64_t window_ns;		/* when it began */
	uint64_t own_peak_bytes;	/* a run without memory of its own has ours */
	char why[1200];
};

static void missing(struct bench_results *results, const char *why, const char *const *paths,
		    size_t count)
{
	for (size_t i = 0; i < count; i++)
		bench_results__missing(results, paths[i], why);
}

#define MISSING(results, why, ...)                                                          \
	do {                                                                                \
		static const char *const paths[] = { __VA_ARGS__ };                         \
		missing(results, why, paths, sizeof(paths) / sizeof(paths[0]));             \
	} while (0)

/* What no run of this session will tell, and why. */
int meter__note_missing(struct meter *m, struct bench_results *results)
{
	static const char untracked[] = "not asked for (--no-resources)";
	static const char no_bpf[] = "without the kernel's tracepoints it is not known";
	const struct features *f = &m->features;

	bench_results__missing(results, "runs.calls", "a run of a command has none");
	bench_results__missing(results, "runs.steal_ms",
			       "kept for the session, in environment.steal_percent");
	if (!m->resources) {
		MISSING(results, untracked, "runs", "memory_peak_mb", "memory_peak_bytes",
			"cpu_avg_percent");
		return 0;
	}
	if (!m->perf)
		MISSING(results, f->have[FEATURE_PMU] ? "no hardware counter could be opened" :
			f->why[FEATURE_PMU], "runs.instructions", "runs.cycles",
			"runs.cache_misses", "runs.branch_misses");
	if (!m->collector) {
		MISSING(results, no_bpf, "runs.time_split", "runs.interference",
			"runs.sent_bytes", "runs.recv_bytes", "runs.processes");
		MISSING(results, "smaller than ppbpf itself, and then wait4(2) does not tell",
			"runs.memory_peak_mb", "runs.memory_peak_bytes", "memory_peak_mb",
			"memory_peak_bytes");
		return 0;
	}
	if (!f->have[FEATURE_SOCK_LENGTH])
		MISSING(results, f->why[FEATURE_SOCK_LENGTH], "runs.sent_bytes",
			"runs.recv_bytes");
	if (!f->have[FEATURE_TASK_IO])
		MISSING(results, f->why[FEATURE_TASK_IO], "runs.read_bytes", "runs.write_bytes");
	if (!f->have[FEATURE_SCHED_INFO])
		MISSING(results, f->why[FEATURE_SCHED_INFO], "runs.time_split.run_queue_ms",
			"runs.time_split.stolen_ms", "runs.time_split.blocked",
			"runs.interference");
	if (!f->have[FEATURE_QUOTA_CLOCK])
		bench_results__missing(results, "runs.time_split.throttled_ms",
				       f->why[FEATURE_QUOTA_CLOCK]);
	return 0;
}

static int attach(struct meter *m, const pid_t *pids, size_t count, struct err *why)
{
	struct collector_config config = {
		.mode = PPBPF_TARGET_PIDS, .children = true, .network = true,
	};
	int err = features__probe(&m->features, why);

	if (!err)
		err = collector__new(&m->collector, &config, &m->features, m->report, why);
	if (!err)
		err = collector__seed(m->collector, pids, count, why);
	if (err >= 0 && !count)
		err = collector__follow_children(m->collector, true);
	else if (!err)
		err = err__set(why, ERR_NOT_FOUND, -ESRCH,
			       "the processes ended before they could be followed");
	if (err >= 0)
		return 0;
	err__set(why, ERR_INTERNAL, err, "following what is run failed: %s", strerror(-err));
	collector__free(m->collector);
	m->collector = NULL;
	return err;
}

static struct meter *make(bool resources)
{
	struct meter *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->resources = resources;
	m->report = report__new();
	m->blamed = hash__new();
	if (m->report && m->blamed)
		return m;
	meter__free(m);
	return NULL;
}

int meter__new(struct meter **out, bool resources, struct bench_results *results,
	       const char **why, struct err *e)
{
	struct meter *m = make(resources);
	struct err lack = { 0 };

	*out = m;
	*why = NULL;
	if (!m)
		return err__set(e, ERR_INTERNAL, -ENOMEM, "out of memory");
	if (resources && attach(m, NULL, 0, &lack)) {
		snprintf(m->why, sizeof(m->why), "only times, CPU and faults are known: %s%s%s",
			 lack.message, *lack.hint ? "; " : "", lack.hint);
		*why = m->why;
	}
	if (resources && m->features.have[FEATURE_PMU])
		m->perf = perf__new_children();
	return meter__note_missing(m, results);
}

int meter__new_pids(struct meter **out, const pid_t *pids, size_t count,
		    struct bench_results *results, struct err *e)
{
	struct meter *m = make(true);
	int err;

	*out = m;
	if (!m)
		return err__set(e, ERR_INTERNAL, -ENOMEM, "out of memory");
	err = attach(m, pids, count, e);
	if (err)
		return err;
	if (m->features.have[FEATURE_PMU])
		m->perf = perf__new(pids, count);
	return meter__note_missing(m, results);
}

void meter__free(struct meter *m)
{
	if (!m)
		return;
	tasks__free(m->tasks);
	collector__free(m->collector);
	perf__free(m->perf);
	report__free(m->report);
	hash__free(m->blamed);
	free(m);
}

int meter__begin(struct meter *m)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	m->own_peak_bytes = usage.ru_maxrss * 1024;
	if (m->perf) {
		memset(m->perf_before, 0, sizeof(m->perf_before));
		perf__read(m->perf, m->perf_before);
	}
	if (!m->collector)
		return 0;
	tasks__free(m->tasks);
	m->tasks = tasks__new(clock_ns(CLOCK_BOOTTIME));
	m->report->tasks = NULL;
	return m->tasks ? 0 : -ENOMEM;
}

static double ms_of(const struct timeval *t)
{
	return t->tv_sec * 1e3 + t->tv_usec / 1e3;
}

/* As far as wait4(2) knows: the process, and those that were waited for. */
static void fill_from_usage(struct meter *m, const struct bench_outcome *o, struct bench_run *run)
{
	const struct rusage *u = &o->usage;
	uint64_t peak = (uint64_t)u->ru_maxrss * 1024;

	run->ms[BENCH_ON_CPU_USER] = ms_of(&u->ru_utime);
	run->ms[BENCH_ON_CPU_KERNEL] = ms_of(&u->ru_stime);
	run->ms[BENCH_ON_CPU] = run->ms[BENCH_ON_CPU_USER] + run->ms[BENCH_ON_CPU_KERNEL];
	/* before its exec a child has our memory, and its peak remembers that */
	if (peak > m->own_peak_bytes)
		run->counts[BENCH_MEMORY_PEAK_BYTES] = peak;
	run->counts[BENCH_MINOR_FAULTS] = u->ru_minflt;
	run->counts[BENCH_MAJOR_FAULTS] = u->ru_majflt;
	run->counts[BENCH_VOLUNTARY_SWITCHES] = u->ru_nvcsw;
	run->counts[BENCH_INVOLUNTARY_SWITCHES] = u->ru_nivcsw;
	run->counts[BENCH_READ_BYTES] = (uint64_t)u->ru_inblock * 512;
	run->counts[BENCH_WRITE_BYTES] = (uint64_t)u->ru_oublock * 512;
}

/* FNV-1a */
static uint64_t name_hash(const char *comm)
{
	uint64_t hash = 0xcbf29ce484222325;

	for (size_t i = 0; i < PPBPF_COMM_LEN && comm[i]; i++)
		hash = (hash ^ (unsigned char)comm[i]) * 0x100000001b3;
	return hash;
}

/* What a blame has grown by since it was told last. */
static uint64_t blame_growth(struct meter *m, const struct report_blame *blame)
{
	uint64_t name = name_hash(blame->comm);
	uint64_t before = (uintptr_t)hash__get(m->blamed, blame->tgid, name);

	if (before && blame->ns + 1 <= before)
		return 0;
	hash__set(m->blamed, blame->tgid, name, (void *)(uintptr_t)(blame->ns + 1));
	return blame->ns + 1 - (before ? before : 1);
}

static int by_ms(const void *a, const void *b)
{
	const struct bench_blame *x = a, *y = b;

	return (x->cpu_ms < y->cpu_ms) - (x->cpu_ms > y->cpu_ms);
}

/*
 * Who had the CPU while the run waited for one. Asking costs more than a wait of
 * microseconds is worth: such waits gather until they are.
 */
static void fill_blames(struct meter *m, struct bench_run *run, uint64_t waited_ns)
{
	const struct report *report = m->report;
	uint64_t ns;

	run->blames_known = true;
	m->unblamed_ns += waited_ns;
	if (m->unblamed_ns < BLAME_FROM)
		return;
	m->report->tasks = m->tasks;
	collector__blames(m->collector, m->report);
	m->report->tasks = NULL;
	run->blames = calloc(report->blame_count + 1, sizeof(*run->blames));
	for (size_t i = 0; i < report->blame_count && run->blames; i++) {
		const struct report_blame *blame = &report->blames[i];

		ns = blame_growth(m, blame);
		if (!ns || waited_ns < BLAME_FROM / 2)
			continue;
		run->blames[run->blame_count] = (struct bench_blame){
			.pid = blame->pid, .cpu_ms = ns / 1e6, .followed = blame->followed,
		};
		memcpy(run->blames[run->blame_count++].comm, blame->comm, PPBPF_COMM_LEN);
	}
	m->unblamed_ns = 0;
	if (run->blames)
		qsort(run->blames, run->blame_count, sizeof(*run->blames), by_ms);
}

static bool all_ended(const struct meter *m)
{
	const struct tasks_totals *totals = tasks__totals(m->tasks);

	return totals->processes && !totals->processes_alive;
}

/*
 * A process can be waited for before its last switch, which brings its totals: a
 * moment later they are in.
 */
static bool await_exits(struct meter *m)
{
	uint64_t deadline = 0;

	for (int i = 0;; i++) {
		if (collector__drain(m->collector, m->tasks) < 0)
			return false;
		if (all_ended(m))
			return true;
		if (i < EXIT_SPINS) {
			sched_yield();
			continue;
		}
		if (!deadline)
			deadline = clock_ns(CLOCK_MONOTONIC) + EXIT_WAIT;
		if (clock_ns(CLOCK_MONOTONIC) > deadline)
			return false;
		nanosleep(&(struct timespec){ .tv_nsec = 100000 }, NULL);
	}
}

static void fill_counts(struct meter *m, const struct tasks_totals *totals, struct bench_run *run)
{
	static const struct {
		enum bench_count count;
		enum ppbpf_value value;
	} rows[] = {
		{ BENCH_MINOR_FAULTS, PPBPF_MINOR_FAULTS },
		{ BENCH_MAJOR_FAULTS, PPBPF_MAJOR_FAULTS },
		{ BENCH_VOLUNTARY_SWITCHES, PPBPF_VOLUNTARY_SWITCHES },
		{ BENCH_INVOLUNTARY_SWITCHES, PPBPF_INVOLUNTARY_SWITCHES },
	};
	const uint64_t *values = totals->values;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		run->counts[rows[i].count] = values[rows[i].value];
	if (m->features.have[FEATURE_TASK_IO]) {
		run->counts[BENCH_READ_BYTES] = values[PPBPF_READ_BYTES];
		run->counts[BENCH_WRITE_BYTES] = values[PPBPF_WRITE_BYTES];
	}
	if (m->features.have[FEATURE_SOCK_LENGTH]) {
		run->counts[BENCH_SENT_BYTES] = values[PPBPF_TCP_SENT_BYTES] +
						values[PPBPF_UDP_SENT_BYTES];
		run->counts[BENCH_RECV_BYTES] = values[PPBPF_TCP_RECEIVED_BYTES] +
						values[PPBPF_UDP_RECEIVED_BYTES];
	}
	run->counts[BENCH_PROCESSES] = totals->processes + totals->processes_folded;
}

/* The largest of its processes: they need not have lived at the same time. */
static void fill_peak(struct meter *m, struct bench_run *run)
{
	uint64_t peak = 0;

	for (struct process *p = tasks__first(m->tasks); p; p = p->next)
		if (p->memory_known && process__value(p, PPBPF_PEAK_RSS_BYTES) > peak)
			peak = process__value(p, PPBPF_PEAK_RSS_BYTES);
	if (peak)
		run->counts[BENCH_MEMORY_PEAK_BYTES] = peak;
}

static void fill_from_tasks(struct meter *m, const struct bench_outcome *o, struct bench_run *run)
{
	const struct tasks_totals *totals = tasks__totals(m->tasks);
	uint64_t user, kernel;

	cpu_scale(totals->split.on_cpu, totals->values[PPBPF_UTIME_NS],
		  totals->values[PPBPF_STIME_NS], &user, &kernel);
	bench_run__set_split(run, o->wall_ns, &totals->split, user, kernel);
	if (!m->features.have[FEATURE_QUOTA_CLOCK])
		run->ms[BENCH_THROTTLED] = NAN;
	for (int i = BENCH_RUN_QUEUE; i < BENCH_TIME_NR; i++)
		if (!m->features.have[FEATURE_SCHED_INFO])
			run->ms[i] = NAN;
	fill_counts(m, totals, run);
	fill_peak(m, run);
	fill_blames(m, run, totals->split.run_queue);
}

static void fill_perf(struct meter *m, struct bench_run *run)
{
	static const enum bench_count counts[PERF_VALUE_NR] = {
		[PERF_INSTRUCTIONS] = BENCH_INSTRUCTIONS, [PERF_CYCLES] = BENCH_CYCLES,
		[PERF_CACHE_MISSES] = BENCH_CACHE_MISSES,
		[PERF_BRANCH_MISSES] = BENCH_BRANCH_MISSES,
	};
	struct value now[PERF_VALUE_NR] = { { 0 } };

	perf__read(m->perf, now);
	for (size_t i = 0; i < PERF_VALUE_NR; i++)
		if (now[i].known)
			run->counts[counts[i]] = now[i].n - m->perf_before[i].n;
}

int meter__end(struct meter *m, const struct bench_outcome *o, struct bench_run *run)
{
	bench_run__init(run);
	run->ms[BENCH_WALL] = o->wall_ns / 1e6;
	run->exit_status = o->status;
	if (!m->resources)
		return 0;
	if (m->perf)
		fill_perf(m, run);
	if (m->collector && await_exits(m))
		fill_from_tasks(m, o, run);
	else
		fill_from_usage(m, o, run);
	return 0;
}

int meter__window_begin(struct meter *m)
{
	int err;

	m->tasks = tasks__new(clock_ns(CLOCK_BOOTTIME));
	if (!m->tasks)
		return -ENOMEM;
	err = collector__snapshot(m->collector, m->tasks, SNAPSHOT_FULL);
	m->before = *tasks__totals(m->tasks);
	m->window_ns = clock_ns(CLOCK_MONOTONIC);
	if (m->perf)
		perf__read(m->perf, m->perf_before);
	return err;
}

/* An estimate of what is in progress may have been taken back in part. */
static void subtract(uint64_t *from, const uint64_t *before, size_t count)
{
	for (size_t i = 0; i < count; i++)
		from[i] = from[i] > before[i] ? from[i] - before[i] : 0;
}

int meter__window_end(struct meter *m, struct bench_run *run)
{
	struct value perf[PERF_VALUE_NR] = { { 0 } };
	struct tasks_totals now, grown;
	uint64_t end, user, kernel;
	int err;

	err = collector__drain(m->collector, m->tasks);
	if (err >= 0)
		err = collector__snapshot(m->collector, m->tasks, SNAPSHOT_FULL);
	if (err < 0)
		return err;
	end = clock_ns(CLOCK_MONOTONIC);
	now = grown = *tasks__totals(m->tasks);
	subtract(grown.values, m->before.values, PPBPF_SUMMED_NR);
	subtract((uint64_t *)&grown.split, (uint64_t *)&m->before.split,
		 sizeof(grown.split) / sizeof(uint64_t));
	bench_run__init(run);
	cpu_scale(grown.split.on_cpu, grown.values[PPBPF_UTIME_NS], grown.values[PPBPF_STIME_NS],
		  &user, &kernel);
	bench_run__set_split(run, end - m->window_ns, &grown.split, user, kernel);
	if (!m->features.have[FEATURE_QUOTA_CLOCK])
		run->ms[BENCH_THROTTLED] = NAN;
	fill_counts(m, &grown, run);
	run->counts[BENCH_PROCESSES] = now.processes_alive;
	run->counts[BENCH_MEMORY_PEAK_BYTES] = now.resident_bytes;
	fill_blames(m, run, grown.split.run_queue);
	if (m->perf) {
		fill_perf(m, run);
		perf__read(m->perf, perf);
		memcpy(m->perf_before, perf, sizeof(perf));
	}
	m->before = now;
	m->window_ns = end;
	return 0;
}

bool meter__any_alive(const struct meter *m)
{
	return tasks__totals(m->tasks)->processes_alive > 0;
}

void meter__pause(struct meter *m, bool pause)
{
	if (m->collector)
		collector__follow_children(m->collector, !pause);
}

int meter__ring_fd(const struct meter *m)
{
	return m->collector ? collector__ring_fd(m->collector) : -1;
}

void meter__drain(void *meter)
{
	struct meter *m = meter;

	if (m->collector && m->tasks)
		collector__drain(m->collector, m->tasks);
}

struct collector *meter__collector(struct meter *m)
{
	return m->collector;
}

uint64_t meter__lost(struct meter *m)
{
	if (!m->collector || !m->tasks)
		return 0;
	m->report->tasks = m->tasks;
	collector__report(m->collector, m->report);
	m->report->tasks = NULL;
	return m->report->counters[PPBPF_LOST_EVENTS_EXIT];
}
