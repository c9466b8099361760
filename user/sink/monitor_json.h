/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#ifndef PPBPF_SINK_MONITOR_JSON_H
#define PPBPF_SINK_MONITOR_JSON_H

#include <stdio.h>

#include "sink/envelope.h"

struct report;

/*
 * The result of monitor_resource_usage, pretty-printed. `report` may be NULL,
 * or have no process table: nothing was measured, and data is null. Returns 0
 * or a negative errno.
 */
int monitor_json__write(FILE *out, const struct report *report, const struct envelope *envelope);

#endif
