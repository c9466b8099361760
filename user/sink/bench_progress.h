/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* How far a session is, and when it will be done: a line on a terminal, refreshed in place. */
#ifndef PPBPF_SINK_BENCH_PROGRESS_H
#define PPBPF_SINK_BENCH_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bench_progress;

/* NULL where `fd` is no terminal, or without memory: nobody looks. All calls take NULL. */
struct bench_progress *bench_progress__new(int fd, size_t benchmarks);
/* Takes the line away. */
void bench_progress__free(struct bench_progress *p);

/* A run of a benchmark begins, when `done` of `total` are over. */
void bench_progress__run(struct bench_progress *p, const char *name, uint32_t done,
			 uint32_t total, bool warmup);
/* A benchmark is done. */
void bench_progress__next(struct bench_progress *p);
/* Makes room for lines of another kind. */
void bench_progress__clear(struct bench_progress *p);

#endif
