/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* What a benchmark's runs say when they are laid side by side. */
#ifndef PPBPF_MODEL_BENCH_RUNS_H
#define PPBPF_MODEL_BENCH_RUNS_H

#include "model/bench.h"

/*
 * Marks the runs whose wall time lies apart (modified z-score above 3.5, Iglewicz and
 * Hoaglin 1993, and 2 % off) with the part of the time that made it so. None is
 * dropped. 0 or -ENOMEM.
 */
int bench_result__mark_outliers(struct bench_result *result);

/*
 * Says that memory grows from run to run: a trend by Mann and Kendall (p < 0.001) of
 * at least 1 % and 128 KB from the first third to the last. 0 or -ENOMEM.
 */
int bench_result__check_growth(struct bench_result *result);

/* Why the figures are not to be trusted much, as a warning of the result. 0 or -ENOMEM. */
int bench_result__check_noise(struct bench_result *result);

#endif
