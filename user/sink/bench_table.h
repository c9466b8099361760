/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * A session on a terminal: a header, two lines for each benchmark as it
 * finishes, and what is to be said at the end. Written at once, to a descriptor.
 */
#ifndef PPBPF_SINK_BENCH_TABLE_H
#define PPBPF_SINK_BENCH_TABLE_H

#include <stdbool.h>
#include <stddef.h>

struct bench_report;
struct bench_result;
struct bench_table;

/* `name_width`: columns of the longest name that will come. NULL: no memory. */
struct bench_table *bench_table__new(int fd, int name_width);
void bench_table__free(struct bench_table *table);

/* Each returns 0 or a negative errno. `release`: shown beside the name; NULL: not. */
int bench_table__header(struct bench_table *table, const char *title, size_t benchmarks);
int bench_table__result(struct bench_table *table, const struct bench_result *result,
			const char *release);
int bench_table__end(struct bench_table *table, const struct bench_report *report);

#endif
