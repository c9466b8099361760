// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "op/target.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "collect/pidns.h"
#include "collect/place.h"
#include "model/report.h"

/* The process that a thread id belongs to; -ESRCH: there is none. */
static pid_t process_of_thread(pid_t tid)
{
	struct buf text = BUF_INIT;
	int tgid = -ESRCH;
	char path[64];
	char *at;

	snprintf(path, sizeof(path), "/proc/%d/status", tid);
	if (!read_file(path, 1 << 16, &text, NULL)) {
		at = strstr(buf__str(&text), "\nTgid:");
		if (!at || sscanf(at, "\nTgid: %d", &tgid) != 1)
			tgid = -ESRCH;
	}
	buf__free(&text);
	return tgid;
}

/*
 * The same where /proc is another pid namespace's, and knows other numbers: the
 * kernel tells processes from threads, but not which process a thread is of.
 */
static pid_t process_without_proc(pid_t pid)
{
	int fd = syscall(SYS_pidfd_open, pid, 0);

	if (fd < 0)
		return kill(pid, 0) && errno == ESRCH ? -ESRCH : -EINVAL;
	close(fd);
	return pid;
}

/* The process to follow; negative errno, and *e says why there is none. */
static pid_t resolve_pid(pid_t pid, bool proc_is_ours, struct err *e)
{
	pid_t tgid = -ESRCH;

	if (pid > 0)
		tgid = proc_is_ours ? process_of_thread(pid) : process_without_proc(pid);
	if (tgid == -EINVAL) {
		err__set(e, ERR_NOT_FOUND, tgid, "%d is a thread: name its process", pid);
		err__hint(e, "the /proc that is mounted here is of another pid namespace, and does "
			  "not tell which it is");
	} else if (tgid < 0) {
		err__set(e, ERR_NOT_FOUND, tgid, "no process has the pid %d", pid);
		err__hint(e, "ps -e lists them; inside a container pids differ from the host's");
	}
	return tgid;
}

/* Twice, or by two of its threads. */
static bool is_named(const struct target *target, pid_t pid)
{
	for (size_t i = 0; i < target->pid_count; i++)
		if (target->pids[i] == pid)
			return true;
	return false;
}

static int resolve_pids(struct target *target, const struct target_options *options,
			struct report *report, struct err *e)
{
	bool proc_is_ours = proc_levels_above() == 0;
	struct buf text = BUF_INIT;
	pid_t tgid;

	target->pids = calloc(options->pid_count, sizeof(*target->pids));
	if (!target->pids)
		return err__set(e, ERR_INTERNAL, -ENOMEM, "out of memory");
	for (size_t i = 0; i < options->pid_count; i++) {
		tgid = resolve_pid(options->pids[i], proc_is_ours, e);
		if (tgid < 0) {
			buf__free(&text);
			return tgid;
		}
		if (tgid != options->pids[i])
			report__warn(report, "%d is a thread of process %d: that one is followed",
				     options->pids[i], tgid);
		if (is_named(target, tgid))
			continue;
		buf__printf(&text, "%s%d", target->pid_count ? "," : "pid ", tgid);
		target->pids[target->pid_count++] = tgid;
	}
	target->text = buf__take(&text, NULL);
	return 0;
}

static int resolve_comm(struct target *target, const char *comm, struct err *e)
{
	size_t length = strlen(comm);

	if (!length || strpbrk(comm, "[\\")) {
		err__set(e, ERR_USAGE, -EINVAL, "--comm takes a name, with * and ?: not \"%s\"", comm);
		err__hint(e, "several names: a pattern that fits them, or --pid 1,2");
		return -EINVAL;
	}
	if (length >= PPBPF_COMM_LEN) {
		err__set(e, ERR_USAGE, -EINVAL, "--comm \"%s\" is longer than the %d characters "
			 "that the kernel keeps of a name", comm, PPBPF_COMM_LEN - 1);
		err__hint(e, "end it with a *: --comm '%.*s*'", PPBPF_COMM_LEN - 2, comm);
		return -EINVAL;
	}
	target->comm = comm;
	target->text = strdup(comm);
	return 0;
}

static int command_text(struct target *target, char *const *command)
{
	struct buf text = BUF_INIT;

	for (size_t i = 0; command[i]; i++)
		buf__printf(&text, "%s%s", i ? " " : "", command[i]);
	target->text = buf__take(&text, NULL);
	return 0;
}

/* By its directory, or by who made it: a unit of systemd, a container's runtime. */
static int resolve_cgroup(struct target *target, const struct target_options *options,
			  struct err *e)
{
	char path[PATH_MAX], text[320];
	int err = 0;

	if (options->unit)
		err = place__find_unit(options->unit, path, e);
	else if (options->container)
		err = place__find_container(options->container, path, e);
	if (err)
		return err;
	target->cgroup_path = strdup(options->cgroup ? options->cgroup : path);
	if (!target->cgroup_path)
		return -ENOMEM;
	snprintf(text, sizeof(text), "%s %.300s", options->unit ? "unit" : "container",
		 options->unit ? options->unit : options->container);
	target->text = strdup(options->cgroup ? options->cgroup : text);
	return cgroup__resolve(target->cgroup_path, &target->cgroup, e);
}

int target__resolve(struct target *target, const struct target_options *options,
		    struct report *report, struct err *e)
{
	bool by_cgroup = options->cgroup || options->unit || options->container;
	int named = !!options->pid_count + !!options->comm + !!options->cgroup + !!options->unit +
		    !!options->container + !!options->command;
	int err = 0;

	*target = (struct target){ .mode = PPBPF_TARGET_MACHINE };
	if (named > 1) {
		err__set(e, ERR_USAGE, -EINVAL, "name one target only");
		err__hint(e, "--pid, --comm, --cgroup, --unit, --container or -- COMMAND; none: the whole "
			  "machine");
		return -EINVAL;
	}
	if (options->pid_count) {
		target->mode = PPBPF_TARGET_PIDS;
		err = resolve_pids(target, options, report, e);
	} else if (options->comm) {
		target->mode = PPBPF_TARGET_COMM;
		err = resolve_comm(target, options->comm, e);
	} else if (by_cgroup) {
		target->mode = PPBPF_TARGET_CGROUP;
		err = resolve_cgroup(target, options, e);
	} else if (options->command) {
		target->mode = PPBPF_TARGET_PIDS;
		err = command_text(target, options->command);
	} else {
		target->text = strdup("machine");
	}
	if (!err && !target->text)
		err = err__set(e, ERR_INTERNAL, -ENOMEM, "out of memory");
	return err;
}

void target__free(struct target *target)
{
	free(target->pids);
	free(target->text);
	free(target->cgroup_path);
	*target = (struct target){ 0 };
}
