// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/*
 * Counts and times functions and regions of a command or a process by the
 * library's own rooms, and says what it found as JSON on standard output:
 *
 *	driver_calls [-f GLOB[@MODULE]]... [-r REGION]... [-e] [-s] [-c] [-d SECONDS] \
 *		(-p PID | -m | COMMAND...)
 *
 * -e: every call, a line each; -s: probes one by one; -c: the cost of a call;
 * -m: everybody.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/json.h"
#include "collect/collector.h"
#include "collect/features.h"
#include "collect/func.h"
#include "model/report.h"
#include "op/spawn.h"

struct run {
	struct func_config config;
	struct features features;
	struct report *report;
	struct collector *collector;
	struct func *func;
	struct child child;
	struct json *json;
	struct err err;
	char **command;
	const char *functions[16];
	const char *regions[16];
	pid_t pid;
	double seconds;
	bool everybody;
	bool cost;
};

static void parse(struct run *run, int argc, char **argv)
{
	int option;

	run->seconds = 60;
	while ((option = getopt(argc, argv, "+f:r:escmd:p:")) != -1) {
		switch (option) {
		case 'f':
			run->functions[run->config.function_count++ & 15] = optarg;
			break;
		case 'r':
			run->regions[run->config.region_count++ & 15] = optarg;
			break;
		case 'e':
			run->config.events = true;
			break;
		case 's':
			run->config.single = true;
			break;
		case 'c':
			run->cost = true;
			break;
		case 'm':
			run->everybody = true;
			break;
		case 'd':
			run->seconds = atof(optarg);
			break;
		case 'p':
			run->pid = atoi(optarg);
			break;
		default:
			exit(2);
		}
	}
	run->command = argv[optind] ? argv + optind : NULL;
	run->config.functions = run->functions;
	run->config.regions = run->regions;
	run->config.command = run->command ? run->command[0] : NULL;
	run->config.pids = &run->pid;
	run->config.pid_count = run->pid ? 1 : 0;
}

static int start(struct run *run)
{
	struct collector_config config = {
		.mode = run->everybody ? PPBPF_TARGET_MACHINE : PPBPF_TARGET_PIDS,
		.cgroup_subsys = -1,
		.children = true,
	};
	pid_t pid = run->pid;
	int err = features__probe(&run->features, &run->err);

	if (!err)
		err = collector__new(&run->collector, &config, &run->features, run->report,
				     &run->err);
	if (!err && run->command)
		err = child__start(&run->child, run->command, NULL, 2, &run->err);
	if (err)
		return err;
	if (run->command)
		pid = run->child.pid;
	run->config.collector = run->collector;
	err = func__new(&run->func, &run->config, &run->err);
	if (!err)
		err = collector__seed(run->collector, &pid, pid ? 1 : 0, &run->err);
	if (err < 0)
		return err;
	return run->command ? child__release(&run->child, &run->err) : 0;
}

static void number(struct json *j, const char *key, double value)
{
	json__key(j, key);
	json__double(j, value);
}

static void on_call(const struct func_call *call, void *context)
{
	struct run *run = context;
	struct json *j = run->json;

	json__object_begin(j);
	json__key(j, "call");
	json__string(j, call->row->name);
	number(j, "tgid", call->tgid);
	number(j, "pid", call->pid);
	number(j, "start_ns", call->start_ns);
	number(j, "duration_ns", call->duration_ns);
	json__key(j, "nested");
	json__bool(j, call->nested);
	if (call->split_known) {
		number(j, "on_cpu_ns", call->split.on_cpu);
		number(j, "run_queue_ns", call->split.run_queue);
		number(j, "sleep_ns", call->split.blocked[PPBPF_REASON_SLEEP]);
		number(j, "lock_ns", call->split.blocked[PPBPF_REASON_LOCK]);
		number(j, "life_ns", call->split.life);
	}
	json__object_end(j);
	json__finish(j);
}

static void say_row(struct json *j, const struct call_row *row)
{
	json__object_begin(j);
	json__key(j, "name");
	json__string(j, row->name);
	json__key(j, "symbol");
	json__string(j, row->symbol);
	json__key(j, "module");
	json__string(j, row->module);
	json__key(j, "file");
	json__string(j, row->file);
	number(j, "line", row->line);
	json__key(j, "timed");
	json__bool(j, row->timed);
	number(j, "calls", row->calls);
	number(j, "primitive_calls", row->primitive_calls);
	number(j, "returned", row->returned);
	number(j, "self_ns", row->self_ns);
	number(j, "cumulative_ns", row->cumulative_ns);
	number(j, "min_ns", row->min_ns);
	number(j, "max_ns", row->max_ns);
	number(j, "p50_ns", call_row__quantile(row, 0.5));
	number(j, "p99_ns", call_row__quantile(row, 0.99));
	json__object_end(j);
}

static void say_all(struct run *run)
{
	const char *const *warnings;
	struct json *j = run->json;
	struct calls calls;
	size_t count;

	if (func__read(run->func, &calls))
		exit(98);
	json__object_begin(j);
	json__key(j, "rows");
	json__array_begin(j);
	for (size_t i = 0; i < calls.count; i++)
		say_row(j, calls.rows[i]);
	json__array_end(j);
	json__key(j, "counters");
	json__array_begin(j);
	for (size_t i = 0; i < PPBPF_CALL_COUNTER_NR; i++)
		json__u64(j, calls.counters[i]);
	json__array_end(j);
	json__key(j, "warnings");
	json__array_begin(j);
	warnings = func__warnings(run->func, &count);
	for (size_t i = 0; i < count; i++)
		json__string(j, warnings[i]);
	json__array_end(j);
	if (run->cost)
		number(j, "cost_ns", func__cost_ns(run->func));
	json__key(j, "profiler");
	json__string(j, func__profiler(run->func));
	json__key(j, "status");
	json__i64(j, run->command ? run->child.status : 0);
	json__object_end(j);
	json__finish(j);
}

static void wait_for_end(struct run *run)
{
	struct timespec step = { .tv_nsec = 2000000 };

	fprintf(stderr, "ready\n");
	for (double t = 0; t < run->seconds; t += 0.002) {
		nanosleep(&step, NULL);
		if (run->config.events)
			func__drain(run->func, on_call, run);
		if (run->command && child__ended(&run->child))
			break;
	}
	if (run->config.events)
		func__drain(run->func, on_call, run);
}

int main(int argc, char **argv)
{
	struct run run = { 0 };
	int err;

	parse(&run, argc, argv);
	run.report = report__new();
	run.json = json__new(stdout, JSON_COMPACT);
	err = start(&run);
	if (!err) {
		wait_for_end(&run);
		say_all(&run);
	} else {
		fprintf(stderr, "driver_calls: %s; %s\n", run.err.message, run.err.hint);
	}
	child__end(&run.child);
	func__free(run.func);
	collector__free(run.collector);
	child__free(&run.child);
	report__free(run.report);
	json__free(run.json);
	return err ? 1 : 0;
}
