/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Results files: benchmark_<release>_<unix time>.json in a folder. What is in
 * them comes from outside: everything is checked, and refused in one line that
 * names the file and the place in it.
 */
#ifndef PPBPF_STORE_RESULTS_H
#define PPBPF_STORE_RESULTS_H

#include <stddef.h>

#include "model/bench.h"

struct atomic_file;
struct err;

/* A results file, or the envelope of run_benchmark_suite. NULL on failure, and @e says why. */
struct bench_results *results__read(const char *path, struct err *e);
/* The same from memory; @name is what messages call it. @text must end with a NUL. */
struct bench_results *results__parse(const char *text, size_t length, const char *name,
				     struct err *e);

/*
 * The latest results of a release in a folder, other than the file `except`
 * (NULL: none). NULL on failure: ERR_NOT_FOUND when there is none, and the hint
 * lists the releases that are there.
 */
struct bench_results *results__find(const char *folder, const char *release, const char *except,
				    struct err *e);

/*
 * Begins a results file, making the folder: the contents go to the file's stream, and
 * results__commit() gives it a name that was nobody's (with _2, _3 for the same second),
 * however many do that at once. *path is the caller's to free. NULL, negative errno: @e.
 */
struct atomic_file *results__create(const char *folder, struct err *e);
int results__commit(struct atomic_file *file, const char *folder, const char *release,
		    double timestamp, char **path, struct err *e);

#endif
