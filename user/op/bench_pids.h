/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* A benchmark of what runs already: windows of time, or each call, are its iterations. */
#ifndef PPBPF_OP_BENCH_PIDS_H
#define PPBPF_OP_BENCH_PIDS_H

struct bench;

/* Attaches, measures, and adds the result. 0 or negative errno, and the bench's error. */
int bench_pids__run(struct bench *bench);

#endif
