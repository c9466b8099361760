/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Results for other programs: hyperfine's JSON, CSV, a Markdown table. */
#ifndef PPBPF_SINK_BENCH_EXPORT_H
#define PPBPF_SINK_BENCH_EXPORT_H

#include <stdio.h>

struct bench_report;

/* Each writes a whole document; benchmarks that failed are left out. 0 or negative errno. */
typedef int (*bench_export_fn)(FILE *out, const struct bench_report *report);

/* As `hyperfine --export-json`: seconds; what its scripts read. */
int bench_export_json(FILE *out, const struct bench_report *report);
/* As `hyperfine --export-csv`, with columns of our own after those. */
int bench_export_csv(FILE *out, const struct bench_report *report);
int bench_export_markdown(FILE *out, const struct bench_report *report);

#endif
