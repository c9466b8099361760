/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Whom a command looks at: options that mean the same to all who have them. */
#ifndef PPBPF_CMD_TARGET_OPTIONS_H
#define PPBPF_CMD_TARGET_OPTIONS_H

#include <argp.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "cmd/usage.h"

/* Where the options go; every pointer is set. */
struct target_options_out {
	pid_t values[PIDS_MAX];		/* what *pids points to once --pid was given */
	const pid_t **pids;
	size_t *pid_count;
	const char **comm, **cgroup, **unit, **container, **user;
	bool *no_children;
	char *const **command;
};

/* Into the fields of a struct of ppbpf.h's options, which have the same names in all. */
#define TARGET_OPTIONS_OUT(o)                                                                 \
	(struct target_options_out)                                                           \
	{                                                                                     \
		.pids = &(o)->pids, .pid_count = &(o)->pid_count, .comm = &(o)->comm,         \
		.cgroup = &(o)->cgroup, .unit = &(o)->unit, .container = &(o)->container,     \
		.user = &(o)->user, .no_children = &(o)->no_children, .command = &(o)->command \
	}

/*
 * For a parent's `children`, as its only child: group 1 of its --help, and the words
 * after --. Its input (child_inputs[0], which the parent sets at ARGP_KEY_INIT) is a
 * struct target_options_out.
 */
extern const struct argp target_argp;

#endif
