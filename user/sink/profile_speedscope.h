/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* A profile for speedscope: its JSON file format, as www.speedscope.app publishes its schema. */
#ifndef PPBPF_SINK_PROFILE_SPEEDSCOPE_H
#define PPBPF_SINK_PROFILE_SPEEDSCOPE_H

#include <stdio.h>

struct profile_run;

/*
 * On and off CPU are profiles of their own, in nanoseconds; with --threads so
 * is each thread. Samples of one path are one. 0 or a negative errno.
 */
int profile_speedscope__write(FILE *out, const struct profile_run *run);

#endif
