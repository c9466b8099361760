/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* The envelope of run_benchmark_suite. */
#ifndef PPBPF_SINK_BENCH_JSON_H
#define PPBPF_SINK_BENCH_JSON_H

#include <stdio.h>

struct bench_report;
struct envelope;

/* `report` NULL: nothing was measured. Returns 0 or a negative errno. */
int bench_json__write(FILE *out, const struct bench_report *report,
		      const struct envelope *envelope);

#endif
