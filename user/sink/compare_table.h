/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* A comparison for a person, for an annotation, and for a CI system's list of tests. */
#ifndef PPBPF_SINK_COMPARE_TABLE_H
#define PPBPF_SINK_COMPARE_TABLE_H

#include <stdbool.h>
#include <stdio.h>

#include "model/compare.h"

struct buf;
struct term;

struct compare_table {
	bool all;		/* every benchmark, however many */
	const char *next;	/* the next useful command; NULL: none */
};

/* The verdict first, then the worst benchmarks. 0 or a negative errno. */
int compare_table__write(FILE *out, const struct compare_report *report,
			 const struct compare_table *table, const struct term *term);

/* "parse-large: regression, +8.1 % (+4.2 ms): on CPU +3.9 ms, lock +0.3 ms; no interference" */
void compare_line(struct buf *out, const struct comparison *comparison);
/* The same of all: the worst one, or that there is none. */
void compare_headline(struct buf *out, const struct compare_report *report);

/*
 * All comparisons, worst first: regressions, inconclusive ones, improvements, unchanged
 * ones, and by size. The caller frees the list; NULL: no memory.
 */
const struct comparison **compare_sorted(const struct compare_report *report);

/* Workflow commands of GitHub Actions: ::error for regressions, ::warning for inconclusive. */
int compare_annotations__write(FILE *out, const struct compare_report *report);
/* JUnit XML: a test a benchmark; a regression is a failure, an inconclusive one skipped. */
int compare_junit__write(FILE *out, const struct compare_report *report);

#endif
