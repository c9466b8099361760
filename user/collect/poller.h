/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Processes without events: they are looked at at each snapshot, by the task iterator or in
 * /proc, so what lives between two of them has no row. Its use is in the totals as far as its
 * parents, who waited for it, tell.
 */
#ifndef PPBPF_COLLECT_POLLER_H
#define PPBPF_COLLECT_POLLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "ppbpf_abi.h"

struct err;
struct poller;
struct report;
struct tasks;

struct poller_config {
	enum ppbpf_target_mode mode;
	const char *comm;	/* PPBPF_TARGET_COMM */
	const char *cgroup;	/* PPBPF_TARGET_CGROUP: its directory */
	uint64_t cgroup_id;	/* and as the task iterator knows it */
	int32_t cgroup_subsys;
	bool children;
	bool iterator;		/* read from that, not from /proc */
};

/*
 * Negative errno, and *e: there is no /proc of this pid namespace, or the iterator cannot be
 * loaded.
 */
int poller__new(struct poller **out, const struct poller_config *config, struct err *e);
void poller__free(struct poller *p);

/* Processes that are followed from the next snapshot on; how many live, or negative errno. */
int poller__seed(struct poller *p, const pid_t *pids, size_t count);

/* Reads all that belong to the target into `tasks`. Negative errno. */
int poller__snapshot(struct poller *p, struct tasks *tasks);

/* COMMAND has ended: what it used, and all whom it waited for. */
void poller__waited(struct poller *p, struct tasks *tasks, pid_t pid, const struct rusage *usage);

/* What the report must say of figures that are of /proc. */
void poller__report(const struct poller *p, struct report *report);

#endif
