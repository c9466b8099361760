/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Benchmark results as JSON: a results file, and the same parts in an envelope's data. */
#ifndef PPBPF_SINK_RESULTS_JSON_H
#define PPBPF_SINK_RESULTS_JSON_H

#include <stdio.h>

#include "model/bench.h"

struct fields;

/* A whole results file. Returns 0 or a negative errno. */
int results_json__write(FILE *out, const struct bench_results *results);

/* "results": the array of all; and "environment". Both go into the open object. */
void results_json__results(struct fields *fields, const struct bench_results *results);
void results_json__environment(struct fields *fields, const struct bench_results *results);

/* "2026-11-24T18:02:11.250000+00:00", into `out` of at least TIME_ISO_TEXT bytes. */
#define TIME_ISO_TEXT 40
char *time_iso(char *out, double unix_seconds);

#endif
