/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Stacks of a target: sampled on the CPU, and of every wait off it, walked and
 * counted in the kernel. A thread of our own opens the files that code is
 * mapped from as they are met, and builds their unwind tables.
 *
 * Order of use: stacks__new(), stacks__start(), stacks__drain() now and then,
 * stacks__stop(), a last stacks__drain(), stacks__free().
 */
#ifndef PPBPF_COLLECT_STACKS_H
#define PPBPF_COLLECT_STACKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "ppbpf_abi.h"

struct buf;
struct err;
struct features;
struct profile;
struct stacks;

struct stacks_config {
	enum ppbpf_target_mode mode;
	const pid_t *pids;		/* PPBPF_TARGET_PIDS, as they are seen here */
	size_t pid_count;
	const char *comm;		/* PPBPF_TARGET_COMM: with * and ? */
	uint64_t cgroup_id;		/* PPBPF_TARGET_CGROUP */
	int cgroup_subsys;		/* -1: cgroup v2 */
	bool children;
	const char *executable;		/* about to be run: its table is built ahead; or NULL */
	bool starting;			/* the target is held until it may call exec: not its wait */
	unsigned int frequency;		/* samples a second and CPU, 1 to PPBPF_FREQUENCY_MAX */
	bool on_cpu;
	bool off_cpu;
};

/* Loads the programs. The strings and pids are needed until stacks__start() is done. */
int stacks__new(struct stacks **out, const struct stacks_config *config,
		const struct features *features, struct err *e);
void stacks__free(struct stacks *s);

/* Attaches, finds who is a target by now, and begins. */
int stacks__start(struct stacks *s, struct err *e);

/* Readable when there is much to drain: several times a second otherwise is enough. */
int stacks__event_fd(const struct stacks *s);

/*
 * Adds what has come since the last time to the profile, always the same one:
 * modules, processes and threads, stacks, samples. Losses are added by the
 * drain after stacks__stop(). 0 or a negative errno.
 */
int stacks__drain(struct stacks *s, struct profile *profile);

/* Ends the measurement; waits that are going on count up to now. */
int stacks__stop(struct stacks *s, struct err *e);

/* Seconds between start and stop, or until now. */
double stacks__seconds(const struct stacks *s);

/* What samples by: "cycles" where there are hardware counters, else "cpu-clock". */
const char *stacks__event(const struct stacks *s);

/*
 * Appends what a person should know by now, a line each, such as an interpreter
 * of a version that is shown as native frames. 0 or -ENOMEM.
 */
int stacks__notes(struct stacks *s, struct buf *out);

/* What the unwind tables are: for tests, and for who asks what it costs. */
struct stacks_tables {
	size_t modules;
	size_t rows;
	size_t bytes;		/* of kernel memory */
	uint64_t build_ns;	/* reading and building, summed */
	uint64_t ready_ns;	/* from stacks__new() until what was running at first was done */
};

void stacks__tables(struct stacks *s, struct stacks_tables *tables);

#endif
