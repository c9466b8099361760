/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * The BPF programs of the always-on subjects: loaded, attached, read and taken
 * down again. Feeds the process table; what only BPF knows goes to the report.
 */
#ifndef PPBPF_COLLECT_COLLECTOR_H
#define PPBPF_COLLECT_COLLECTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "ppbpf_abi.h"

struct collector;
struct err;
struct features;
struct report;
struct tasks;

struct collector_config {
	enum ppbpf_target_mode mode;
	const char *comm;		/* PPBPF_TARGET_COMM: with * and ? */
	uint64_t cgroup_id;		/* PPBPF_TARGET_CGROUP */
	int cgroup_subsys;		/* -1: cgroup v2 */
	bool children;
	bool network;
	bool block;
	bool statistics;		/* turn the kernel's BPF statistics on for our lifetime */
};

/*
 * Loads and attaches. A program that the kernel refuses is left out: `features`
 * then lacks what it is for. Fails when the task programs are refused.
 */
int collector__new(struct collector **out, const struct collector_config *config,
		   struct features *features, struct report *report, struct err *e);
void collector__free(struct collector *c);

/*
 * Follows these processes, named by their pids as they are seen here, and with
 * `children` everything that descends from them, or whatever else the mode
 * says; looks until nobody new is found.
 * Returns how many tasks are followed now.
 */
int collector__seed(struct collector *c, const pid_t *pids, size_t count, struct err *e);

/*
 * Whether what this process starts is followed from birth, though the process is
 * not itself: for targets by pid, of which there may be none. Negative errno.
 */
int collector__follow_children(struct collector *c, bool follow);

enum snapshot_kind {
	SNAPSHOT_CHANGED,	/* tasks that ran since the last one */
	SNAPSHOT_FULL,
	SNAPSHOT_LAST,		/* full, with histograms */
};

/* Reads the task iterator into `tasks`; negative errno. */
int collector__snapshot(struct collector *c, struct tasks *tasks, enum snapshot_kind kind);

/*
 * Time that all tasks had on all CPUs since the start, exact and cheap: without
 * a target only. Negative errno.
 */
int collector__cpu_time(struct collector *c, uint64_t *ns);

/* Reads what the ring buffer holds into `tasks`; the number of events or negative errno. */
int collector__drain(struct collector *c, struct tasks *tasks);

/* Readable when the ring buffer fills up before it is time to drain it. */
int collector__ring_fd(const struct collector *c);

/* Who had the CPU while followed tasks waited, since the beginning: the report's blames. */
void collector__blames(struct collector *c, struct report *report);

/* A map of the programs by its name, for others to share; negative errno. */
int collector__map_fd(const struct collector *c, const char *name);

/* Whether there is a target: tasks are followed then. */
bool collector__following(const struct collector *c);

/* Stops the programs, but for what reading needs; for a last, still picture. */
void collector__report(struct collector *c, struct report *report);

#endif
