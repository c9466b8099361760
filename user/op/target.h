/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Whom an operation is about: checked, resolved, and worded for a person. */
#ifndef PPBPF_OP_TARGET_H
#define PPBPF_OP_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "collect/cgroup.h"
#include "ppbpf_abi.h"

struct err;
struct report;

/* As the user named it; at most one of these. */
struct target_options {
	const pid_t *pids;
	size_t pid_count;
	const char *comm;
	const char *cgroup;
	const char *unit;		/* of systemd */
	const char *container;		/* the beginning of its id */
	char *const *command;
};

struct target {
	enum ppbpf_target_mode mode;
	pid_t *pids;		/* process ids: owned */
	size_t pid_count;
	const char *comm;
	struct cgroup_ref cgroup;
	char *cgroup_path;	/* its directory, where one is the target: owned */
	char *text;		/* "pid 4242", "nginx*", "make -j2", "machine": owned */
};

/* Negative errno; usage errors and targets that are not there are told in *e. */
int target__resolve(struct target *target, const struct target_options *options,
		    struct report *report, struct err *e);
void target__free(struct target *target);

#endif
