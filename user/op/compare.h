/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#ifndef PPBPF_OP_COMPARE_H
#define PPBPF_OP_COMPARE_H

#include "model/compare.h"

struct err;

#define BENCHMARKS_DIR "./benchmarks"

/*
 * The results that a person means: a file's path, or a version whose latest file in
 * `folder` is meant, other than `except` (a path; NULL: none). NULL on failure: @e.
 */
struct bench_results *find_results(const char *what, const char *folder, const char *except,
				   struct err *e);

#endif
