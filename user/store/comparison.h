/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* The envelope of compare_with_baseline, read again: as much as a report shows. */
#ifndef PPBPF_STORE_COMPARISON_H
#define PPBPF_STORE_COMPARISON_H

#include <stdbool.h>
#include <stddef.h>

#include "model/compare.h"

struct err;

/*
 * A comparison and what it refers to. Of each run only the wall time, the on-CPU time and
 * what the comparison shows are its own; all else is the mean of the runs.
 */
struct comparison_file {
	struct compare_report *report;
	struct bench_results *current, *baseline;
	struct bench_results *alone;	/* missing and new ones */
};

/* Whether a document is such an envelope, as far as its first keys say. */
bool comparison_file__is(const char *text);

/* @text ends in a NUL; @name is what messages call it. NULL on failure, and @e says why. */
struct comparison_file *comparison_file__parse(const char *text, size_t length, const char *name,
					       struct err *e);
void comparison_file__free(struct comparison_file *file);

#endif
