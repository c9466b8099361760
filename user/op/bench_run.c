// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "op/bench_run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/units.h"
#include "op/clock.h"
#include "op/descendants.h"
#include "op/launch.h"
#include "op/stop.h"

#define OUTPUT_MAX (1024 * 1024)	/* of standard output, for its pattern */
#define TERM_PATIENCE_MS 1000
#define DRAIN_EVERY NSEC_PER_SEC

enum { FD_CHILD, FD_STOP, FD_TASKS, FD_CALLS, FD_OUTPUT, FD_NR };

/* Takes what there is; the beginning is kept. What read(2) says. */
static ssize_t read_output(int fd, struct buf *output)
{
	char chunk[65536];
	ssize_t got = read(fd, chunk, sizeof(chunk));
	size_t room = OUTPUT_MAX - output->length;

	if (got > 0)
		buf__append(output, chunk, (size_t)got < room ? (size_t)got : room);
	return got;
}

/* Until it has ended, is over its time, or we shall end. */
static void watch(const struct bench_execution *x, struct bench_outcome *o, int child_fd,
		  int output_fd)
{
	struct pollfd fds[FD_NR] = {
		[FD_CHILD] = { .fd = child_fd, .events = POLLIN },
		[FD_STOP] = { .fd = x->deaf ? -1 : stop__fd(), .events = POLLIN },
		[FD_TASKS] = { .fd = x->ring_fds[0], .events = POLLIN },
		[FD_CALLS] = { .fd = x->ring_fds[1], .events = POLLIN },
		[FD_OUTPUT] = { .fd = output_fd, .events = POLLIN },
	};
	uint64_t deadline = x->timeout_ns ? o->begin_ns + x->timeout_ns : UINT64_MAX;
	uint64_t now, left;

	for (;;) {
		struct timespec timeout;

		now = clock_ns(CLOCK_MONOTONIC);
		if (now >= deadline) {
			o->timed_out = true;
			return;
		}
		left = deadline - now < DRAIN_EVERY ? deadline - now : DRAIN_EVERY;
		timeout = (struct timespec){ left / NSEC_PER_SEC, left % NSEC_PER_SEC };
		if (ppoll(fds, FD_NR, &timeout, NULL) < 0 && errno != EINTR)
			return;
		if (fds[FD_CHILD].revents)
			return;
		if (!x->deaf && stop__requested()) {
			o->stopped = true;
			return;
		}
		if (fds[FD_OUTPUT].revents)
			read_output(output_fd, &o->output);
		if (x->drain)
			x->drain(x->context);
	}
}

/* What is in the pipe when all who could write to it have ended. */
static void read_rest(int fd, struct buf *output)
{
	fcntl(fd, F_SETFL, O_NONBLOCK);
	while (read_output(fd, output) > 0)
		;
}

static void reap(struct bench_outcome *o)
{
	int status;
	pid_t got;

	do
		got = wait4(o->pid, &status, 0, &o->usage);
	while (got < 0 && errno == EINTR);
	o->wall_ns = clock_ns(CLOCK_MONOTONIC) - o->begin_ns;
	if (got == o->pid)
		o->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void run(const struct bench_execution *x, struct bench_outcome *o, int output_fd)
{
	int child_fd;

	o->begin_ns = clock_ns(CLOCK_MONOTONIC);
	o->pid = launch__start(x->launch);
	if (o->pid < 0) {
		o->error = o->pid;
		return;
	}
	child_fd = syscall(SYS_pidfd_open, o->pid, 0);
	if (child_fd >= 0) {
		watch(x, o, child_fd, output_fd);
		close(child_fd);
	}
	if (!o->timed_out && !o->stopped)
		reap(o);
	if (descendants__any(x->descendants))
		o->left = descendants__end(x->descendants, TERM_PATIENCE_MS, o->left_name);
}

void bench_execution__run(const struct bench_execution *x, struct bench_outcome *o)
{
	int pipe_fds[2] = { -1, -1 };

	*o = (struct bench_outcome){ .pid = -1, .status = -1, .output = BUF_INIT };
	if (x->want_output) {
		if (pipe2(pipe_fds, O_CLOEXEC)) {
			o->error = -errno;
			return;
		}
		launch__set_stdout(x->launch, pipe_fds[1]);
	}
	run(x, o, pipe_fds[0]);
	if (!x->want_output)
		return;
	close(pipe_fds[1]);
	if (o->status >= 0)
		read_rest(pipe_fds[0], &o->output);
	close(pipe_fds[0]);
}
