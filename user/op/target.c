// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "op/target.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
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

/* The first pid namespace's inode, fixed in the kernel (PROC_PID_INIT_INO). */
#define FIRST_PID_NAMESPACE 0xEFFFFFFCU

/*
 * The kernel's programs know processes by their pids in the first namespace;
 * ours would name others there, or nobody.
 */
static bool in_first_pid_namespace(void)
{
	struct stat st;

	return stat("/proc/self/ns/pid", &st) || st.st_ino == FIRST_PID_NAMESPACE;
}

static int refuse_foreign_pids(struct err *e)
{
	if (in_first_pid_namespace())
		return 0;
	err__set(e, ERR_UNSUPPORTED_KERNEL, -ENOTSUP,
		 "processes cannot be followed by pid from inside a pid namespace of its own");
	err__hint(e, "run ppbpf on the host (in a container: --pid=host), or name the target with "
		  "--comm or --cgroup");
	return -ENOTSUP;
}

static int resolve_pids(struct target *target, const struct target_options *options,
			struct report *report, struct err *e)
{
	struct buf text = BUF_INIT;
	pid_t tgid;

	target->pids = calloc(options->pid_count, sizeof(*target->pids));
	if (!target->pids)
		return err__set(e, ERR_INTERNAL, -ENOMEM, "out of memory");
	for (size_t i = 0; i < options->pid_count; i++) {
		tgid = options->pids[i] > 0 ? process_of_thread(options->pids[i]) : -ESRCH;
		if (tgid < 0) {
			buf__free(&text);
			err__set(e, ERR_NOT_FOUND, -ESRCH, "no process has the pid %d",
				 options->pids[i]);
			err__hint(e, "ps -e lists them; inside a container pids differ from the "
				  "host's");
			return -ESRCH;
		}
		if (tgid != options->pids[i])
			report__warn(report, "%d is a thread of process %d: that one is followed",
				     options->pids[i], tgid);
		target->pids[target->pid_count++] = tgid;
		buf__printf(&text, "%s%d", i ? "," : "pid ", tgid);
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

int target__resolve(struct target *target, const struct target_options *options,
		    struct report *report, struct err *e)
{
	int named = !!options->pid_count + !!options->comm + !!options->cgroup + !!options->command;
	int err = 0;

	*target = (struct target){ .mode = PPBPF_TARGET_MACHINE };
	if (named > 1) {
		err__set(e, ERR_USAGE, -EINVAL, "name one target only");
		err__hint(e, "--pid, --comm, --cgroup or -- COMMAND; none: the whole machine");
		return -EINVAL;
	}
	/* the task iterator passes by what its reader's namespace does not hold */
	if (!in_first_pid_namespace())
		report__warn(report, "only processes of this pid namespace are seen: run ppbpf on the "
			     "host for the others");
	if (options->pid_count || options->command)
		err = refuse_foreign_pids(e);
	if (err)
		return err;
	if (options->pid_count) {
		target->mode = PPBPF_TARGET_PIDS;
		err = resolve_pids(target, options, report, e);
	} else if (options->comm) {
		target->mode = PPBPF_TARGET_COMM;
		err = resolve_comm(target, options->comm, e);
	} else if (options->cgroup) {
		target->mode = PPBPF_TARGET_CGROUP;
		err = cgroup__resolve(options->cgroup, &target->cgroup, e);
		target->text = strdup(options->cgroup);
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
	*target = (struct target){ 0 };
}
