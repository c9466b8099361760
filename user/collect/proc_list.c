// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "collect/proc_list.h"

#include <errno.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/text.h"
#include "collect/cgroup.h"
#include "collect/poller.h"
#include "collect/proc_task.h"

int proc_list__init(struct proc_list *list)
{
	*list = (struct proc_list){ .listed = hash__new() };
	return list->listed ? 0 : -ENOMEM;
}

void proc_list__free(struct proc_list *list)
{
	hash__free(list->listed);
	free(list->pids);
	buf__free(&list->text);
}

int proc_list__add(pid_t pid, void *context)
{
	struct proc_list *list = context;
	size_t room = 2 * list->room + 64;
	pid_t *more;

	if (pid <= 0 || proc_list__has(list, pid))
		return 0;
	if (list->count == list->room) {
		more = reallocarray(list->pids, room, sizeof(*more));
		if (!more)
			return -ENOMEM;
		list->pids = more;
		list->room = room;
	}
	list->pids[list->count++] = pid;
	return hash__set(list->listed, pid, 0, list);
}

bool proc_list__has(const struct proc_list *list, pid_t pid)
{
	return hash__get(list->listed, pid, 0);
}

void proc_list__clear(struct proc_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		hash__remove(list->listed, list->pids[i], 0);
	list->count = 0;
}

/* Whoever's name fits, or who is a child of somebody who is listed. */
static int add_relative(pid_t pid, void *context)
{
	struct proc_list *list = context;
	const struct poller_config *config = list->config;
	struct proc_stat stat;

	if (proc_list__has(list, pid) || proc_stat__read(&stat, pid, 0, &list->text))
		return 0;
	if ((config->comm && text_glob(config->comm, stat.comm)) ||
	    (config->children && proc_list__has(list, stat.ppid)))
		return proc_list__add(pid, list);
	return 0;
}

/* By the lists of children, or by a look at everybody until nobody is found any more. */
static int add_descendants(struct proc_list *list)
{
	size_t before;
	int err = 0;

	for (size_t i = 0; i < list->count && !err; i++)
		err = proc_each_child(list->pids[i], &list->text, proc_list__add, list);
	if (err != -ENOENT)
		return err;
	do {
		before = list->count;
		err = proc_each("/proc", add_relative, list);
	} while (!err && list->count != before);
	return err;
}

int proc_list__complete(struct proc_list *list, const struct poller_config *config)
{
	int err = 0;

	list->config = config;
	if (config->mode == PPBPF_TARGET_MACHINE)
		return proc_each("/proc", proc_list__add, list);
	if (config->mode == PPBPF_TARGET_CGROUP)
		return cgroup__each_pid(config->cgroup, proc_list__add, list);
	if (config->comm)
		err = proc_each("/proc", add_relative, list);
	if (!err && config->children)
		err = add_descendants(list);
	return err;
}
