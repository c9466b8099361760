/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* A profile for pprof: protobuf, gzipped. */
#ifndef PPBPF_SINK_PROFILE_PPROF_H
#define PPBPF_SINK_PROFILE_PPROF_H

#include <stdio.h>

struct profile_run;

/*
 * Sample types by mode: samples and cpu, waits and off_cpu, or all four with
 * their sum, wall; the last is shown by default. Labels: pid, process, tid,
 * thread, and off CPU the reason. 0 or a negative errno.
 */
int profile_pprof__write(FILE *out, const struct profile_run *run);

#endif
