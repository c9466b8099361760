/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Wrong usage, told in one line. */
#ifndef PPBPF_CMD_USAGE_H
#define PPBPF_CMD_USAGE_H

#include <argp.h>
#include <stddef.h>
#include <sys/types.h>

#define PIDS_MAX 1024	/* of --pid */

/* Prints "ppbpf monitor: ...; ppbpf monitor --help says more" and leaves with argp's status. */
void usage_error(const struct argp_state *state, const char *format, ...)
	__attribute__((format(printf, 2, 3), noreturn));

/* argp_parse(), with its own complaints told the same way. argv[0] is the command's name. */
void parse_options(const struct argp *argp, int argc, char **argv, unsigned int flags,
		   void *input);

/*
 * Appends the process ids in "N[,N...]" to the `count` that are there, of at most
 * `max`; returns how many there are then.
 */
size_t parse_pids(const struct argp_state *state, const char *text, pid_t *pids, size_t count,
		  size_t max);

#endif
