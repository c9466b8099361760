/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Cgroups as directories: their identity in the kernel, and their memory. */
#ifndef PPBPF_COLLECT_CGROUP_H
#define PPBPF_COLLECT_CGROUP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "model/report.h"

struct err;

struct cgroup_ref {
	uint64_t id;	/* kernfs id: unique in its hierarchy */
	int subsys;	/* index in css_set.subsys[]; -1: cgroup v2 */
};

/* `path` must be a directory of a mounted cgroup hierarchy; v1 with a controller. */
int cgroup__resolve(const char *path, struct cgroup_ref *out, struct err *e);

/* Calls `each` with every process in it and below it, as they are numbered here. Negative errno. */
int cgroup__each_pid(const char *path, int (*each)(pid_t pid, void *context), void *context);

/*
 * Memory charged to a process's cgroup, or to the cgroup at `path` when it is
 * given, and the tightest limit from there up. Unknown values stay so.
 */
void cgroup__memory(pid_t pid, const char *path, struct value values[CGROUP_VALUE_NR]);

/* Calls `each` with where a hierarchy is mounted, v2 first, until it returns true. */
void cgroup__each_hierarchy(bool (*each)(const char *point, void *context), void *context);

#endif
