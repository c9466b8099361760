/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Where what is known of processes comes from: BPF, or what of it is left, the task iterator,
 * or /proc, where this kernel or privilege does not allow more. The report is told which, and
 * what lacks for it.
 */
#ifndef PPBPF_COLLECT_WATCH_H
#define PPBPF_COLLECT_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "collect/collector.h"
#include "collect/features.h"

struct watch;

struct watch_config {
	struct collector_config collector;
	const char *cgroup;	/* its directory, for PPBPF_TARGET_CGROUP */
};

/*
 * `report` has the metrics that are wanted, and gets the reasons why some are not to be had.
 * Negative errno, and *e: not even /proc can tell.
 */
int watch__new(struct watch **out, const struct watch_config *config, struct report *report,
	       struct err *e);
void watch__free(struct watch *w);

/* What this kernel and privilege offer; all that is BPF's may be missing. */
const struct features *watch__features(const struct watch *w);

/* As collector.h has it; by /proc a snapshot of changes is a full one. */
int watch__seed(struct watch *w, const pid_t *pids, size_t count, struct err *e);
int watch__snapshot(struct watch *w, struct tasks *tasks, enum snapshot_kind kind);
int watch__cpu_time(struct watch *w, uint64_t *ns);
int watch__drain(struct watch *w, struct tasks *tasks);
int watch__ring_fd(const struct watch *w);	/* -1: nothing comes but by snapshots */
void watch__report(struct watch *w, struct report *report);

/*
 * COMMAND runs its program by now, or is a zombie: what events tell otherwise, /proc tells now
 * or never. Negative errno.
 */
int watch__look(struct watch *w, struct tasks *tasks);
/* And was waited for. */
void watch__waited(struct watch *w, struct tasks *tasks, pid_t pid, const struct rusage *usage);

#endif
