/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* A profile as folded stacks: "process;outer;inner 42", a line a path, as flamegraph.pl reads. */
#ifndef PPBPF_SINK_PROFILE_FOLDED_H
#define PPBPF_SINK_PROFILE_FOLDED_H

#include <stdio.h>

struct profile_run;

/*
 * On CPU the numbers are samples; in the modes off-cpu and wall microseconds.
 * A line begins with the process, or with --threads the thread; a Python
 * function stands with its file. 0 or a negative errno.
 */
int profile_folded__write(FILE *out, const struct profile_run *run);

#endif
