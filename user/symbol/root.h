/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Files as another process sees them. */
#ifndef PPBPF_SYMBOL_ROOT_H
#define PPBPF_SYMBOL_ROOT_H

#include <sys/types.h>

/*
 * Opens a regular file for reading, by an absolute path in the root directory
 * of process `pid` (0: in ours), which no symbolic link leads out of. Returns
 * the descriptor, or a negative errno.
 */
int root_open(pid_t pid, const char *path);

/*
 * The root directory of a process, for later, when it may have exited: a
 * descriptor, or -1 when it is ours, or cannot be had any more.
 */
int root_of(pid_t pid);

/* As root_open(), in a directory that root_of() gave; -1: in ours. */
int root_open_at(int root, const char *path);

#endif
