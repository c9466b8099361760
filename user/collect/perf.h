/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Hardware counters of the target, where the machine has a PMU. */
#ifndef PPBPF_COLLECT_PERF_H
#define PPBPF_COLLECT_PERF_H

#include <stddef.h>
#include <sys/types.h>

#include "model/report.h"

struct perf;

/*
 * Counts the threads of these processes and all that they fork from now on;
 * without pids every CPU. NULL when not one counter could be opened.
 */
struct perf *perf__new(const pid_t *pids, size_t count);
/* Counts what this process starts from now on, from exec on: not the process itself. */
struct perf *perf__new_children(void);
void perf__free(struct perf *perf);

/* Scaled for the time that a counter shared its register with others. */
void perf__read(const struct perf *perf, struct value values[PERF_VALUE_NR]);

#endif
