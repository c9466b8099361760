/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#ifndef PPBPF_OP_RESULTS_FILE_H
#define PPBPF_OP_RESULTS_FILE_H

struct bench_results;
struct err;

/*
 * Saves results as benchmark_<release>_<unix time>.json in a folder, made if need be, and
 * notes the path in them. The file is there whole or not at all. 0 or negative errno, and @e.
 */
int results_file__save(struct bench_results *results, const char *folder, struct err *e);

#endif
