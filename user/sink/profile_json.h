/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#ifndef PPBPF_SINK_PROFILE_JSON_H
#define PPBPF_SINK_PROFILE_JSON_H

#include <stdio.h>

#include "sink/envelope.h"

struct profile_run;

/*
 * The result of profile_code_execution, pretty-printed. Without a profile and
 * without calls nothing was measured, and data is null. 0 or a negative errno.
 */
int profile_json__write(FILE *out, const struct profile_run *run, const struct envelope *envelope);

#endif
