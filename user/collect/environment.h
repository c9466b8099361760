/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* The machine that a benchmark runs on, from /proc and /sys. */
#ifndef PPBPF_COLLECT_ENVIRONMENT_H
#define PPBPF_COLLECT_ENVIRONMENT_H

#include "model/bench.h"

/* As it is now: steal is the session's and stays as it was. 0 or -ENOMEM. */
int environment__read(struct bench_environment *environment);

struct cpu_ticks {
	uint64_t all;
	uint64_t stolen;
};

/* Time of all CPUs so far, by the kernel's ticks. Negative errno. */
int environment__ticks(struct cpu_ticks *ticks);

#endif
