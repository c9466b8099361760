/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Versions that ran in turns, laid side by side: while they run, and at the end. */
#ifndef PPBPF_OP_BENCH_COMPARE_H
#define PPBPF_OP_BENCH_COMPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct bench;
struct bench_contender;
struct bench_report;

/* Whether one of the comparisons with the first version is open; `context` is the bench. */
bool bench_compare__is_open(const struct bench_contender *contenders, size_t count,
			    void *context);

/* Fills the report's comparisons, where there are several versions. 0 or -ENOMEM. */
int bench_compare__finish(struct bench *bench);

/* The comparisons for a person, after the table. */
void bench_compare__print(const struct bench *bench, int fd);

/* The same as annotations of GitHub's. 0 or negative errno. */
int bench_annotations(FILE *out, const struct bench_report *report);
/* For its job summary, in Markdown; without a comparison, of what was measured. */
int bench_job_summary(FILE *out, const struct bench_report *report);

/* Whether a version has a regression, or with --strict could not be decided on. */
bool bench_compare__is_bad_news(const struct bench *bench);

#endif
