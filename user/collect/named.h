/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* What costs a walk of a process's own tables: read from /proc, for named processes only. */
#ifndef PPBPF_COLLECT_NAMED_H
#define PPBPF_COLLECT_NAMED_H

#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"

/* Proportional set size in bytes; negative errno. */
int named__pss(pid_t pid, uint64_t *bytes);

/* Open file descriptors; negative errno. */
int named__open_files(pid_t pid, uint64_t *count);

/* The arguments, joined by blanks; empty for kernel threads. Negative errno. */
int named__command(pid_t pid, struct buf *out);

#endif
