// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/*
 * Takes the stacks of a process, of its descendants, or of the machine, by the
 * library's own rooms, and says what it found as JSON on standard output:
 *
 *	driver_stacks [-f HZ] [-d SECONDS] [-o] [-w] (-p PID | -m)
 *
 * -o: off the CPU; -w: on and off it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "collect/features.h"
#include "collect/stacks.h"
#include "model/profile.h"

#define DRAIN_EVERY_US 100000

struct run {
	struct stacks_config config;
	struct features features;
	struct stacks *stacks;
	struct profile *profile;
	struct json *json;
	struct err err;
	pid_t pid;
	double seconds;
};

static const char *const kinds[FRAME_KIND_NR] = {
	[FRAME_KERNEL] = "kernel", [FRAME_NATIVE] = "native",	[FRAME_PYTHON] = "python",
	[FRAME_JIT] = "jit",	   [FRAME_UNKNOWN] = "unknown",
};

static void parse(struct run *run, int argc, char **argv)
{
	int option;

	run->seconds = 1;
	run->config = (struct stacks_config){
		.mode = PPBPF_TARGET_PIDS,
		.frequency = 999,
		.on_cpu = true,
		.children = true,
		.cgroup_subsys = -1,
	};
	while ((option = getopt(argc, argv, "f:d:owmp:")) != -1) {
		switch (option) {
		case 'f':
			run->config.frequency = atoi(optarg);
			break;
		case 'd':
			run->seconds = atof(optarg);
			break;
		case 'o':
			run->config.on_cpu = false;
			run->config.off_cpu = true;
			break;
		case 'w':
			run->config.off_cpu = true;
			break;
		case 'm':
			run->config.mode = PPBPF_TARGET_MACHINE;
			break;
		case 'p':
			run->pid = atoi(optarg);
			run->config.pids = &run->pid;
			run->config.pid_count = 1;
			break;
		default:
			exit(2);
		}
	}
}

static int measure(struct run *run)
{
	int err = features__probe(&run->features, &run->err);

	if (!err)
		err = stacks__new(&run->stacks, &run->config, &run->features, &run->err);
	if (!err)
		err = stacks__start(run->stacks, &run->err);
	if (err)
		return err;
	fprintf(stderr, "started\n");
	while (!err && stacks__seconds(run->stacks) < run->seconds) {
		usleep(DRAIN_EVERY_US);
		err = stacks__drain(run->stacks, run->profile);
	}
	if (!err)
		err = stacks__stop(run->stacks, &run->err);
	if (!err)
		err = stacks__drain(run->stacks, run->profile);
	return err;
}

static void print_frame(struct run *run, const struct frame *frame)
{
	struct json *json = run->json;
	const struct profile_code *code;

	json__object_begin(json);
	json__key(json, "kind");
	json__string(json, kinds[frame->kind]);
	json__key(json, "address");
	json__u64(json, frame->address);
	json__key(json, "return");
	json__bool(json, frame->flags & FRAME_RETURN);
	if (frame->kind == FRAME_NATIVE) {
		json__key(json, "module");
		json__string(json, profile__module_at(run->profile, frame->where)->path);
	} else if (frame->kind == FRAME_PYTHON) {
		code = profile__code_at(run->profile, frame->where);
		json__key(json, "name");
		json__string(json, code->name);
		json__key(json, "file");
		json__string(json, code->file);
	}
	json__object_end(json);
}

static void print_sample(struct run *run, const struct profile_sample *sample)
{
	struct json *json = run->json;
	const struct profile_thread *thread = profile__thread_at(run->profile, sample->thread);
	struct profile_stack stack;

	profile__stack_at(run->profile, sample->stack, &stack);
	json__object_begin(json);
	json__key(json, "process");
	json__string(json, profile__process_at(run->profile, thread->process)->comm);
	json__key(json, "tid");
	json__i64(json, thread->tid);
	json__key(json, "off_cpu");
	json__bool(json, sample->kind == SAMPLE_OFF_CPU);
	json__key(json, "reason");
	json__u64(json, sample->reason);
	json__key(json, "count");
	json__u64(json, sample->count);
	json__key(json, "ns");
	json__u64(json, sample->ns);
	json__key(json, "end");
	json__u64(json, stack.end);
	json__key(json, "frames");
	json__array_begin(json);
	for (size_t i = 0; i < stack.count; i++)
		print_frame(run, profile__frame_at(run->profile, stack.frames[i]));
	json__array_end(json);
	json__object_end(json);
}

static void print_tallies(struct json *json, const char *name, const struct profile_tally *tallies,
			  size_t count)
{
	json__key(json, name);
	json__object_begin(json);
	for (size_t i = 0; i < count; i++) {
		json__key(json, tallies[i].name);
		json__u64(json, tallies[i].count);
	}
	json__object_end(json);
}

static void print_quality(struct run *run)
{
	struct json *json = run->json;
	struct profile_quality quality;
	struct stacks_tables tables;
	struct buf notes = BUF_INIT;

	profile__quality(run->profile, &quality);
	stacks__tables(run->stacks, &tables);
	stacks__notes(run->stacks, &notes);
	json__key(json, "event");
	json__string(json, stacks__event(run->stacks));
	json__key(json, "seconds");
	json__double(json, stacks__seconds(run->stacks));
	json__key(json, "samples");
	json__u64(json, quality.samples);
	json__key(json, "complete");
	json__u64(json, quality.by_end[STACK_COMPLETE]);
	print_tallies(json, "reasons", quality.reasons, quality.reason_count);
	print_tallies(json, "lost", quality.lost, quality.lost_count);
	json__key(json, "notes");
	json__string(json, buf__str(&notes));
	json__key(json, "rows");
	json__u64(json, tables.rows);
	json__key(json, "bytes");
	json__u64(json, tables.bytes);
	json__key(json, "build_ns");
	json__u64(json, tables.build_ns);
	json__key(json, "ready_ns");
	json__u64(json, tables.ready_ns);
	buf__free(&notes);
}

static int print(struct run *run)
{
	struct json *json = run->json = json__new(stdout, JSON_COMPACT);
	int err;

	if (!json)
		return -1;
	json__object_begin(json);
	print_quality(run);
	json__key(json, "stacks");
	json__array_begin(json);
	for (size_t i = 0; i < profile__sample_count(run->profile); i++)
		print_sample(run, profile__sample_at(run->profile, i));
	json__array_end(json);
	json__object_end(json);
	err = json__finish(json);
	json__free(json);
	return err;
}

int main(int argc, char **argv)
{
	struct run run = { .profile = profile__new() };
	int err;

	parse(&run, argc, argv);
	err = measure(&run);
	if (err)
		fprintf(stderr, "driver_stacks: %s (%d)\n", run.err.message, err);
	else
		err = print(&run);
	stacks__free(run.stacks);
	profile__free(run.profile);
	return err ? 1 : 0;
}
