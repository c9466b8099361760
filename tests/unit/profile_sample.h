/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * A small profile whose sums are known: two processes, three threads, all
 * kinds of code, an inlined function, recursion, a stack that is not complete.
 *
 *	app/main      main > work > work > deflate		30 on CPU, 300 ns
 *	app/main      main > work > (inlined) sum		20 on CPU, 200 ns
 *	app/main      main > render (Python) > deflate > vfs_read	10 on CPU, 100 ns
 *	app/worker    [incomplete] > jitted > work		5 on CPU, 50 ns
 *	app/worker    main > deflate > schedule, waits for a lock	3 waits, 3000 ns
 *	db/db         main > schedule, waits for a CPU		2 waits, 500 ns
 */
#ifndef PPBPF_TESTS_PROFILE_SAMPLE_H
#define PPBPF_TESTS_PROFILE_SAMPLE_H

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "model/profile.h"
#include "model/profile_run.h"
#include "model/report.h"

enum { F_MAIN, F_WORK, F_DEFLATE, F_SUM, F_RENDER, F_VFS_READ, F_JITTED, F_SCHEDULE, F_NR };

static const struct profile_function sample_functions[F_NR] = {
	[F_MAIN] = { "main", "app", "/src/app.c", 10, FRAME_NATIVE, true },
	[F_WORK] = { "work", "app", "/src/app.c", 20, FRAME_NATIVE, true },
	[F_DEFLATE] = { "deflate", "libz.so.1", NULL, 0, FRAME_NATIVE, true },
	[F_SUM] = { "shop::sum<int;>", "app", "/src/sum.h", 3, FRAME_NATIVE, true },
	[F_RENDER] = { "Report.render", "report.py", "/srv/report.py", 212, FRAME_PYTHON, true },
	[F_VFS_READ] = { "vfs_read", "[kernel]", NULL, 0, FRAME_KERNEL, true },
	[F_JITTED] = { "</script>&<b>", "[jit]", NULL, 0, FRAME_JIT, true },
	[F_SCHEDULE] = { "schedule", "[kernel]", NULL, 0, FRAME_KERNEL, true },
};

/* A frame for each function, and one that F_SUM is inlined into: its index is F_NR. */
static inline void sample_frames(struct profile *p, struct frame frames[F_NR + 1])
{
	struct profile_line lines[2];

	for (int i = 0; i < F_NR; i++) {
		frames[i] = (struct frame){ .kind = sample_functions[i].kind,
					    .address = 0x1000 + i };
		if (i == F_DEFLATE)
			frames[i].where = 1;
		if (i == F_RENDER)
			frames[i].address = 214;	/* the line */
	}
	frames[F_NR] = (struct frame){ .kind = FRAME_NATIVE, .address = 0x2000 };
	/* frames get their numbers in this order */
	assert(profile__stack(p, frames, F_NR + 1, STACK_COMPLETE, NULL) == 0);
	for (int i = 0; i < F_NR; i++) {
		assert(profile__function(p, &sample_functions[i]) == i);
		lines[0] = (struct profile_line){ i, i == F_RENDER ? 214 : 0 };
		assert(!profile__name(p, i, lines, 1));
	}
	lines[0] = (struct profile_line){ F_SUM, 4 };
	lines[1] = (struct profile_line){ F_WORK, 25 };
	assert(!profile__name(p, F_NR, lines, 2));
}

static inline void sample_add(struct profile *p, const struct frame all[], const int *of,
			      size_t count, enum stack_end end, struct profile_sample sample)
{
	struct frame frames[8];
	int stack;

	for (size_t i = 0; i < count; i++)
		frames[i] = all[of[i]];
	stack = profile__stack(p, frames, count, end, end ? "no unwind table" : NULL);
	assert(stack >= 0);
	sample.stack = stack;
	assert(!profile__sample(p, &sample));
}

#define SAMPLE_ADD(p, all, end, sample, ...)						\
	sample_add(p, all, (const int[]){ __VA_ARGS__ },				\
		   sizeof((const int[]){ __VA_ARGS__ }) / sizeof(int), end,		\
		   (struct profile_sample)sample)

static inline struct profile *sample_profile(void)
{
	struct profile *p = profile__new();
	struct profile_module module = { .path = "/usr/bin/app", .build_id = { 0xab, 1 },
					 .build_id_length = 2, .fd = -1 };
	struct profile_code code = { "Report.render", "/srv/report.py", 212 };
	struct frame f[F_NR + 1];
	int app, db;

	assert(profile__module(p, &module) == 0);
	module.path = "/lib/libz.so.1";
	assert(profile__module(p, &module) == 1);
	app = profile__process(p, 100, 1, "app");
	db = profile__process(p, 200, 2, "db");
	profile__thread(p, app, 100, "app");
	profile__thread(p, app, 101, "worker");
	profile__thread(p, db, 200, "db");
	profile__code(p, &code);
	sample_frames(p, f);
#define S(...) { __VA_ARGS__ }
	SAMPLE_ADD(p, f, STACK_COMPLETE, S(.thread = 0, .count = 30, .ns = 300),
		   F_DEFLATE, F_WORK, F_WORK, F_MAIN);
	SAMPLE_ADD(p, f, STACK_COMPLETE, S(.thread = 0, .count = 20, .ns = 200), F_NR, F_MAIN);
	SAMPLE_ADD(p, f, STACK_COMPLETE, S(.thread = 0, .count = 10, .ns = 100),
		   F_VFS_READ, F_DEFLATE, F_RENDER, F_MAIN);
	SAMPLE_ADD(p, f, STACK_FAILED, S(.thread = 1, .count = 5, .ns = 50), F_WORK, F_JITTED);
	SAMPLE_ADD(p, f, STACK_COMPLETE,
		   S(.thread = 1, .kind = SAMPLE_OFF_CPU, .reason = PPBPF_REASON_LOCK, .count = 3,
		     .ns = 3000), F_SCHEDULE, F_DEFLATE, F_MAIN);
	SAMPLE_ADD(p, f, STACK_COMPLETE,
		   S(.thread = 2, .kind = SAMPLE_OFF_CPU, .reason = PPBPF_REASON_RUN_QUEUE,
		     .count = 2, .ns = 500), F_SCHEDULE, F_MAIN);
#undef S
	return p;
}

/* To be freed with sample_run_free(). */
static inline void sample_run(struct profile_run *run)
{
	struct report *report = report__new();

	report->target = strdup("./app --fast");
	report->has_command = true;
	strcpy(report->host, "host");
	strcpy(report->kernel, "6.18.0");
	*run = (struct profile_run){
		.report = report, .mode = MODE_WALL, .frequency = 199, .event = "cpu-clock",
		.profiler = "ebpf-sampling", .top = 10, .seconds = 1.5,
		.start_ns = 1795412714000000000ULL, .profile = sample_profile(), .save = true,
	};
	assert(!profile_stats__make(&run->stats, run->profile));
}

static inline void sample_run_free(struct profile_run *run)
{
	profile_stats__free(&run->stats);
	profile__free(run->profile);
	report__free((struct report *)run->report);
}

#endif
