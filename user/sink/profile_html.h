/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* A profile as a page of its own: a flame graph and a table, in one file that loads nothing. */
#ifndef PPBPF_SINK_PROFILE_HTML_H
#define PPBPF_SINK_PROFILE_HTML_H

#include <stdio.h>

struct profile_run;

/* 0 or a negative errno. */
int profile_html__write(FILE *out, const struct profile_run *run);

#endif
