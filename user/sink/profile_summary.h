/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#ifndef PPBPF_SINK_PROFILE_SUMMARY_H
#define PPBPF_SINK_PROFILE_SUMMARY_H

#include <stdio.h>

struct profile_run;
struct term;

/*
 * What a profile says, on a screen: the functions that take most time, the
 * paths that lead to them, and how far it can be trusted. Then, once its files
 * are written, where they are, and what it has cost. `term` is what `out` goes
 * to. Negative errno.
 */
int profile_summary__print(FILE *out, const struct term *term, const struct profile_run *run);
int profile_summary__print_end(FILE *out, const struct term *term, const struct profile_run *run);

#endif
