// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "op/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"

int identity__find(const char *user, struct identity *identity, struct err *e)
{
	const char *sudo_uid = getenv("SUDO_UID");
	struct passwd *entry;

	*identity = (struct identity){ 0 };
	if (!user)
		return 0;
	if (!strcmp(user, "-")) {
		if (!sudo_uid)
			return 0;
		entry = getpwuid(strtoul(sudo_uid, NULL, 10));
	} else {
		entry = getpwnam(user);
	}
	if (!entry) {
		err__set(e, ERR_USAGE, -ENOENT, "no such user: %s", user);
		err__hint(e, "--user takes a login name, or - for who called sudo");
		return -ENOENT;
	}
	*identity = (struct identity){ true, entry->pw_uid, entry->pw_gid, entry->pw_name };
	return 0;
}

/* In the child. An errno for the parent, or no return. */
static int run(char *const *command, const struct identity *identity, int release_fd,
	       int stdout_fd)
{
	sigset_t none;
	ssize_t got;
	char byte;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	do
		got = read(release_fd, &byte, 1);
	while (got < 0 && errno == EINTR);
	if (got != 1)
		_exit(125);	/* ppbpf died: nobody asked for this to run unwatched */
	if (stdout_fd > 0 && dup2(stdout_fd, STDOUT_FILENO) < 0)
		return errno;
	if (identity->change &&
	    (initgroups(identity->name, identity->gid) || setgid(identity->gid) ||
	     setuid(identity->uid)))
		return errno;
	execvp(command[0], command);
	return errno;
}

static void close_all(int fds[2])
{
	for (int i = 0; i < 2; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

int child__start(struct child *child, char *const *command, const char *user, int stdout_fd,
		 struct err *e)
{
	int release[2] = { -1, -1 }, exec[2] = { -1, -1 }, why;
	struct identity identity;
	int err;

	*child = (struct child){ .name = command[0], .pid = -1, .pidfd = -1, .release_fd = -1,
				 .exec_fd = -1, .status = -1 };
	err = identity__find(user, &identity, e);
	if (err)
		return err;
	if (pipe2(release, O_CLOEXEC) || pipe2(exec, O_CLOEXEC))
		goto fail;
	child->pid = fork();
	if (child->pid < 0)
		goto fail;
	if (!child->pid) {
		/* our end of the pipe must go, or our death would not release the read */
		close(release[1]);
		why = run(command, &identity, release[0], stdout_fd);
		if (write(exec[1], &why, sizeof(why)) != sizeof(why))
			_exit(126);
		_exit(why == ENOENT ? 127 : 126);
	}
	child->pidfd = syscall(SYS_pidfd_open, child->pid, 0);
	child->release_fd = release[1];
	child->exec_fd = exec[0];
	close(release[0]);
	close(exec[1]);
	return 0;
fail:
	err = -errno;
	close_all(release);
	close_all(exec);
	return err__set(e, ERR_INTERNAL, err, "%s cannot be started: %s", command[0],
			strerror(-err));
}

int child__release(struct child *child, struct err *e)
{
	ssize_t length;
	int why = 0;

	if (write(child->release_fd, "", 1) != 1)
		return err__set(e, ERR_INTERNAL, -errno, "the command died before it began");
	close(child->release_fd);
	child->release_fd = -1;
	do
		length = read(child->exec_fd, &why, sizeof(why));
	while (length < 0 && errno == EINTR);
	close(child->exec_fd);
	child->exec_fd = -1;
	if (length != sizeof(why))
		return 0;	/* closed by exec */
	child->status = why == ENOENT ? 127 : 126;
	child->exec_failed = true;
	waitpid(child->pid, NULL, 0);
	return err__set(e, why == ENOENT ? ERR_NOT_FOUND : ERR_PERMISSION, -why,
			"%s cannot be run: %s", child->name, strerror(why));
}

bool child__is_over(const struct child *child)
{
	struct pollfd one = { .fd = child->pidfd, .events = POLLIN };

	return child->ended || (child->pid > 0 && poll(&one, 1, 0) > 0);
}

bool child__ended(struct child *child)
{
	int status;

	if (child->ended || child->pid < 0)
		return child->ended;
	if (wait4(child->pid, &status, WNOHANG, &child->usage) != child->pid)
		return false;
	child->ended = true;
	child->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	return true;
}

void child__end(struct child *child)
{
	struct pollfd ended = { .fd = child->pidfd, .events = POLLIN };

	if (child->pid < 0 || child->release_fd >= 0 || child->exec_failed || child__ended(child))
		return;
	kill(child->pid, SIGTERM);
	if (poll(&ended, 1, 1000) <= 0)
		kill(child->pid, SIGKILL);
	if (poll(&ended, 1, 1000) > 0)
		child__ended(child);
}

void child__free(struct child *child)
{
	if (child->pid > 0 && child->release_fd >= 0 && !child->ended) {
		kill(child->pid, SIGKILL);
		waitpid(child->pid, NULL, 0);
	}
	if (child->release_fd >= 0)
		close(child->release_fd);
	if (child->exec_fd >= 0)
		close(child->exec_fd);
	if (child->pidfd >= 0)
		close(child->pidfd);
	*child = (struct child){ .pid = -1, .pidfd = -1, .release_fd = -1, .exec_fd = -1,
				 .status = -1 };
}
