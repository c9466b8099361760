// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "op/session.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "base/units.h"
#include "op/clock.h"
#include "op/descendants.h"
#include "op/stop.h"

#define KILL_AFTER (5 * NSEC_PER_SEC)	/* from SIGTERM to SIGKILL, as timeout(1) -k */
#define GRACE (200 * NSEC_PER_MSEC)

void session__init(struct session *session)
{
	*session = (struct session){
		.child = { .pid = -1, .pidfd = -1, .release_fd = -1, .exec_fd = -1, .status = -1 },
	};
}

void session__free(struct session *session)
{
	for (size_t i = 0; i < session->pidfd_count; i++)
		close(session->pidfds[i]);
	free(session->pidfds);
	child__free(&session->child);
	descendants__free(session->family);
	target__free(&session->target);
	session__init(session);
}

static int open_command(struct session *session, char *const *command, const char *user,
			int stdout_fd, struct err *e)
{
	int err;

	session->family = descendants__new();
	session->target.pids = calloc(1, sizeof(*session->target.pids));
	if (!session->family || !session->target.pids)
		return err__set(e, ERR_INTERNAL, -ENOMEM, "out of memory");
	err = child__start(&session->child, command, user, stdout_fd, e);
	if (err)
		return err;
	session->target.pids[session->target.pid_count++] = session->child.pid;
	return 0;
}

int session__open(struct session *session, char *const *command, const char *user, int stdout_fd,
		  struct err *e)
{
	const struct target *target = &session->target;

	if (command)
		return open_command(session, command, user, stdout_fd, e);
	session->pidfds = calloc(target->pid_count + 1, sizeof(*session->pidfds));
	if (!session->pidfds)
		return err__set(e, ERR_INTERNAL, -ENOMEM, "out of memory");
	for (size_t i = 0; i < target->pid_count; i++) {
		int fd = syscall(SYS_pidfd_open, target->pids[i], 0);

		if (fd >= 0)
			session->pidfds[session->pidfd_count++] = fd;
	}
	if (target->pid_count && !session->pidfd_count)
		return err__set(e, ERR_NOT_FOUND, -ESRCH, "%s ended before it could be followed",
				target->text);
	return 0;
}

int session__begin(struct session *session, struct err *e)
{
	session->begin = clock_ns(CLOCK_MONOTONIC);
	return session->child.pid > 0 ? child__release(&session->child, e) : 0;
}

static bool readable(int fd)
{
	struct pollfd one = { .fd = fd, .events = POLLIN };

	return poll(&one, 1, 0) > 0;
}

static bool target_ended(struct session *session)
{
	if (session->child.pid > 0)
		return child__ended(&session->child);
	for (size_t i = 0; i < session->pidfd_count; i++)
		if (!readable(session->pidfds[i]))
			return false;
	return session->pidfd_count;
}

static void wait_for_work(const struct session *session, const struct session_work *work,
			  uint64_t until, bool heed_stop)
{
	struct pollfd fds[] = {
		{ .fd = heed_stop ? stop__fd() : -1, .events = POLLIN },
		{ .fd = work->event_fd, .events = POLLIN },
		{ .fd = session->child.pidfd, .events = POLLIN },
		/* of several processes the last one decides, which is seen a moment later */
		{ .fd = session->pidfd_count == 1 ? session->pidfds[0] : -1, .events = POLLIN },
	};
	uint64_t now = clock_ns(CLOCK_MONOTONIC), left = until > now ? until - now : 0;
	struct timespec timeout;

	if (left > work->every_ns)
		left = work->every_ns;
	timeout = (struct timespec){ left / NSEC_PER_SEC, left % NSEC_PER_SEC };
	ppoll(fds, sizeof(fds) / sizeof(fds[0]), &timeout, NULL);
}

static int work_until(struct session *session, const struct session_work *work, uint64_t deadline,
		      bool heed_stop)
{
	int err = 0;

	while (!err && !(heed_stop && stop__requested()) && !target_ended(session) &&
	       clock_ns(CLOCK_MONOTONIC) < deadline) {
		wait_for_work(session, work, deadline, heed_stop);
		err = work->step(work->context);
	}
	return err;
}

/* When the user stops us, the terminal has told COMMAND, too: it gets a moment to end by that. */
static int end_command(struct session *session, const struct session_work *work)
{
	static const struct {
		int signal;
		uint64_t patience;
	} steps[] = {
		{ 0, GRACE }, { SIGTERM, KILL_AFTER }, { SIGKILL, KILL_AFTER },
	};
	int err = 0;

	for (size_t i = stop__requested() ? 0 : 1; i < 3 && !err && !target_ended(session); i++) {
		if (steps[i].signal)
			descendants__signal(session->family, steps[i].signal);
		err = work_until(session, work, clock_ns(CLOCK_MONOTONIC) + steps[i].patience,
				 false);
	}
	return err;
}

int session__run(struct session *session, const struct session_work *work)
{
	uint64_t deadline = session->duration_ns ? session->begin + session->duration_ns :
						   UINT64_MAX;
	int err = work_until(session, work, deadline, true);

	if (!err && session->child.pid > 0 && !target_ended(session))
		err = end_command(session, work);
	return err;
}
