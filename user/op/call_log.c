// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "op/call_log.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "collect/func.h"
#include "model/bench.h"
#include "op/random.h"

#define RUNS_MAX 10000
#define DURATIONS_MAX 1000000

struct kept_call {
	uint64_t start_ns;
	uint64_t duration_ns;
	bool split_known;
	struct ppbpf_split split;
};

struct call_log {
	struct func *func;
	uint64_t begin_ns;
	uint64_t random;
	uint64_t limit;
	uint64_t skip;
	uint64_t seen;
	uint64_t count;			/* that were counted */
	double total_ns;		/* of these */
	uint64_t min_ns, max_ns;
	struct kept_call *calls;	/* the first RUNS_MAX, then a sample of as many */
	size_t call_count;
	uint64_t *durations;		/* the same with more, for quantiles */
	size_t duration_count;
	size_t capacity;		/* of the durations */
	/* Since the last mean. */
	uint64_t mean_count;
	uint64_t mean_ns;
	bool mean_split_known;
	struct ppbpf_split mean_split;
	int error;
};

int call_log__new(struct call_log **out, const struct call_log_options *options, struct err *e)
{
	struct func_config config = {
		.functions = &options->function, .function_count = options->function != NULL,
		.regions = &options->region, .region_count = options->region != NULL,
		.pids = options->pids, .pid_count = options->pid_count,
		.command = options->command, .collector = options->collector, .events = true,
	};
	struct call_log *log = calloc(1, sizeof(*log));
	int err;

	*out = NULL;
	if (log)
		log->calls = calloc(RUNS_MAX, sizeof(*log->calls));
	if (!log || !log->calls) {
		call_log__free(log);
		return err__set(e, ERR_INTERNAL, -ENOMEM, "out of memory");
	}
	log->begin_ns = options->begin_ns;
	log->random = options->seed;
	log->limit = options->limit;
	log->min_ns = UINT64_MAX;
	log->mean_split_known = true;
	err = func__new(&log->func, &config, e);
	if (err) {
		call_log__free(log);
		return err;
	}
	*out = log;
	return 0;
}

void call_log__free(struct call_log *log)
{
	if (!log)
		return;
	func__free(log->func);
	free(log->calls);
	free(log->durations);
	free(log);
}

int call_log__ring_fd(const struct call_log *log)
{
	return func__ring_fd(log->func);
}

static void add_split(struct ppbpf_split *to, const struct ppbpf_split *from)
{
	const uint64_t *f = (const uint64_t *)from;
	uint64_t *t = (uint64_t *)to;

	for (size_t i = 0; i < sizeof(*to) / sizeof(*t); i++)
		t[i] += f[i];
}

/* Vitter's algorithm R: where the next of so many belongs; `max` or more: nowhere. */
static uint64_t place(struct call_log *log, size_t kept, size_t max)
{
	return kept < max ? kept : random_below(&log->random, log->count);
}

static void keep_duration(struct call_log *log, uint64_t ns)
{
	uint64_t at = place(log, log->duration_count, DURATIONS_MAX), *more;

	if (at >= DURATIONS_MAX)
		return;
	if (at == log->capacity) {
		size_t capacity = log->capacity ? 2 * log->capacity : 4096;

		more = realloc(log->durations, capacity * sizeof(*more));
		if (!more) {
			log->error = -ENOMEM;
			return;
		}
		log->durations = more;
		log->capacity = capacity;
	}
	log->durations[at] = ns;
	log->duration_count += at == log->duration_count;
}

static void keep_call(struct call_log *log, const struct func_call *call)
{
	uint64_t at = place(log, log->call_count, RUNS_MAX);

	if (at >= RUNS_MAX)
		return;
	log->calls[at] = (struct kept_call){
		.start_ns = call->start_ns, .duration_ns = call->duration_ns,
		.split_known = call->split_known, .split = call->split,
	};
	log->call_count += at == log->call_count;
}

/* A call within another one of the same is a part of that one's time. */
static void on_call(const struct func_call *call, void *context)
{
	struct call_log *log = context;

	if (call->nested)
		return;
	log->seen++;
	if (log->skip) {
		log->skip--;
		return;
	}
	if (log->limit && log->count >= log->limit)
		return;
	log->count++;
	log->total_ns += call->duration_ns;
	if (call->duration_ns < log->min_ns)
		log->min_ns = call->duration_ns;
	if (call->duration_ns > log->max_ns)
		log->max_ns = call->duration_ns;
	keep_duration(log, call->duration_ns);
	keep_call(log, call);
	log->mean_count++;
	log->mean_ns += call->duration_ns;
	log->mean_split_known &= call->split_known;
	add_split(&log->mean_split, &call->split);
}

void call_log__drain(void *context)
{
	struct call_log *log = context;
	int err = func__drain(log->func, on_call, log);

	if (err < 0 && !log->error)
		log->error = err;
}

void call_log__skip(struct call_log *log, uint64_t calls)
{
	log->skip = calls;
}

uint64_t call_log__count(const struct call_log *log)
{
	return log->count;
}

uint64_t call_log__seen(const struct call_log *log)
{
	return log->seen;
}

uint64_t call_log__lost(struct call_log *log)
{
	struct calls calls = { 0 };
	uint64_t lost = 0;

	if (func__read(log->func, &calls))
		return 0;
	for (int i = 0; i < PPBPF_CALL_COUNTER_NR; i++)
		if (call_loss_name(i))
			lost += calls.counters[i];
	return lost;
}

static void split_run(struct bench_run *run, double wall_ns, const struct ppbpf_split *split,
		      uint64_t calls)
{
	struct ppbpf_split each = *split;
	uint64_t *parts = (uint64_t *)&each;

	for (size_t i = 0; i < sizeof(each) / sizeof(*parts); i++)
		parts[i] /= calls;
	bench_run__set_split(run, (uint64_t)wall_ns, &each, 0, 0);
	run->ms[BENCH_ON_CPU_USER] = NAN;
	run->ms[BENCH_ON_CPU_KERNEL] = NAN;
}

static int add_call(struct call_log *log, const struct kept_call *call, struct bench_result *result)
{
	struct bench_run run;

	bench_run__init(&run);
	run.start = ((double)call->start_ns - (double)log->begin_ns) / 1e9;
	run.ms[BENCH_WALL] = call->duration_ns / 1e6;
	if (call->split_known)
		split_run(&run, call->duration_ns, &call->split, 1);
	run.counts[BENCH_CALLS] = 1;
	return bench_result__add_run(result, &run);
}

static int by_start(const void *a, const void *b)
{
	const struct kept_call *x = a, *y = b;

	return (x->start_ns > y->start_ns) - (x->start_ns < y->start_ns);
}

static int by_ns(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* In the order of the values of enum bench_latency_value; NaN: not a quantile. */
static const double quantiles[BENCH_LATENCY_NR] = {
	[BENCH_LATENCY_MEAN] = NAN, [BENCH_LATENCY_MIN] = NAN, [BENCH_LATENCY_P50] = 0.5,
	[BENCH_LATENCY_P90] = 0.9, [BENCH_LATENCY_P95] = 0.95, [BENCH_LATENCY_P99] = 0.99,
	[BENCH_LATENCY_P999] = 0.999, [BENCH_LATENCY_MAX] = NAN,
};

static int fill_latency(struct call_log *log, struct bench_result *result)
{
	struct bench_latency *latency = calloc(1, sizeof(*latency));

	if (!latency)
		return -ENOMEM;
	qsort(log->durations, log->duration_count, sizeof(*log->durations), by_ns);
	latency->count = log->count;
	latency->lost = call_log__lost(log);
	for (int i = 0; i < BENCH_LATENCY_NR; i++)
		if (!isnan(quantiles[i])) {
			size_t at = (size_t)ceil(quantiles[i] * log->duration_count);

			latency->values[i] = log->durations[at ? at - 1 : 0] / 1e6;
		}
	latency->values[BENCH_LATENCY_MEAN] = log->total_ns / log->count / 1e6;
	latency->values[BENCH_LATENCY_MIN] = log->min_ns / 1e6;
	latency->values[BENCH_LATENCY_MAX] = log->max_ns / 1e6;
	free(result->latency);
	result->latency = latency;
	return 0;
}

int call_log__fill(struct call_log *log, struct bench_result *result)
{
	int err = log->error;

	if (err || !log->count)
		return err;
	qsort(log->calls, log->call_count, sizeof(*log->calls), by_start);
	for (size_t i = 0; i < log->call_count && !err; i++)
		err = add_call(log, &log->calls[i], result);
	if (!err && log->count > log->call_count)
		err = bench_result__warn(result, "%llu calls: a random sample of %zu of them stands "
					 "for all, but in the latencies",
					 (unsigned long long)log->count, log->call_count);
	return err ? err : fill_latency(log, result);
}

int call_log__mean(struct call_log *log, struct bench_run *run)
{
	uint64_t n = log->mean_count;

	if (!n)
		return log->error ? log->error : -ENOENT;
	run->ms[BENCH_WALL] = (double)log->mean_ns / n / 1e6;
	if (log->mean_split_known)
		split_run(run, (double)log->mean_ns / n, &log->mean_split, n);
	run->counts[BENCH_CALLS] = n;
	log->mean_count = log->mean_ns = 0;
	log->mean_split_known = true;
	memset(&log->mean_split, 0, sizeof(log->mean_split));
	return log->error;
}

int call_log__note_missing(struct bench_results *results)
{
	static const char *const keys[] = {
		"runs.memory_peak_mb", "runs.memory_peak_bytes", "runs.minor_faults",
		"runs.major_faults", "runs.voluntary_switches", "runs.involuntary_switches",
		"runs.read_bytes", "runs.write_bytes", "runs.sent_bytes", "runs.recv_bytes",
		"runs.processes", "runs.interference", "runs.time_split.on_cpu_user_ms",
		"runs.time_split.on_cpu_kernel_ms",
	};
	int err = 0;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]) && !err; i++)
		err = bench_results__missing(results, keys[i],
					     "of a single call the kernel does not keep it");
	return err;
}
