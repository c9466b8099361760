/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* The processes of a target, by /proc. */
#ifndef PPBPF_COLLECT_PROC_LIST_H
#define PPBPF_COLLECT_PROC_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"

struct hash;
struct poller_config;

struct proc_list {
	struct hash *listed;
	pid_t *pids;
	size_t count, room;
	const struct poller_config *config;	/* while it is completed */
	struct buf text;
};

int proc_list__init(struct proc_list *list);	/* -ENOMEM; to be freed either way */
void proc_list__free(struct proc_list *list);

/* `list` is a struct proc_list. -ENOMEM. */
int proc_list__add(pid_t pid, void *list);
bool proc_list__has(const struct proc_list *list, pid_t pid);
void proc_list__clear(struct proc_list *list);

/* Whoever else belongs to the target, by name, by cgroup or as a descendant. Negative errno. */
int proc_list__complete(struct proc_list *list, const struct poller_config *config);

#endif
