/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * A target that is watched for a while: COMMAND started, processes waited for,
 * an end by time, by the user or by the target's own; with COMMAND ended when
 * its time is over.
 */
#ifndef PPBPF_OP_SESSION_H
#define PPBPF_OP_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "op/spawn.h"
#include "op/target.h"

struct descendants;
struct err;

struct session {
	struct target target;
	struct child child;		/* pid -1 without COMMAND */
	struct descendants *family;	/* of COMMAND */
	int *pidfds;			/* of named processes */
	size_t pidfd_count;
	uint64_t duration_ns;		/* 0: no end by time */
	uint64_t begin;			/* CLOCK_MONOTONIC, of session__begin() */
};

/* What is done meanwhile. */
struct session_work {
	int event_fd;		/* readable when there is something to do at once; -1: never */
	uint64_t every_ns;	/* at the latest */
	int (*step)(void *context);	/* a negative errno ends the session */
	void *context;
};

/* All zero, but for what has to be -1. */
void session__init(struct session *session);
void session__free(struct session *session);

/*
 * COMMAND is started, stopped before its first instruction, and becomes the
 * target's process; or the named processes are opened. Negative errno, and *e.
 */
int session__open(struct session *session, char *const *command, const char *user, int stdout_fd,
		  struct err *e);

/* COMMAND runs; the time begins. Negative errno, and *e. */
int session__begin(struct session *session, struct err *e);

/*
 * Works until the time is over, somebody has asked to stop, or the target has
 * ended. A COMMAND that goes on is then ended, and all that it started: it is
 * worked on meanwhile. Negative errno of a step.
 */
int session__run(struct session *session, const struct session_work *work);

#endif
