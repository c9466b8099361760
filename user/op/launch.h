/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * A program made ready to be run many times: everything is looked up, opened
 * and allocated before, so that a start is a vfork and an exec.
 */
#ifndef PPBPF_OP_LAUNCH_H
#define PPBPF_OP_LAUNCH_H

#include <sys/types.h>

struct err;
struct launch;

struct launch_options {
	char *const *argv;		/* NULL at the end */
	const char *path;		/* the file to run; NULL: argv[0], looked up in PATH */
	char *const *env;		/* "NAME=value" added to ours, "NAME" removed; may be NULL */
	const char *cwd;		/* NULL: ours */
	const char *user;		/* NULL: ours; "-": who called sudo */
	const char *stdin_path;		/* NULL: /dev/null */
	int stdout_fd;			/* -1: /dev/null; the caller keeps it open */
	int stderr_fd;
};

/* The strings stay the caller's and must outlive it. A program that is not there: ERR_NOT_FOUND. */
int launch__new(struct launch **out, const struct launch_options *options, struct err *e);
void launch__free(struct launch *launch);

/*
 * Starts it; returns when exec has succeeded. The child's pid, or a negative
 * errno: then there is none. It is killed when the calling thread ends.
 */
pid_t launch__start(struct launch *launch);

/* Where its program was found. */
const char *launch__path(const struct launch *launch);

/* For this start and those after it; -1: /dev/null. */
void launch__set_stdout(struct launch *launch, int fd);

#endif
