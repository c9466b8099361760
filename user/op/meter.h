/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * What runs use: by the kernel's tracepoints, attached once for all of them, or
 * by what wait4(2) tells where these cannot be had.
 */
#ifndef PPBPF_OP_METER_H
#define PPBPF_OP_METER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct bench_outcome;
struct bench_results;
struct bench_run;
struct collector;
struct err;
struct meter;

/*
 * `resources` false: only times are kept. Says in `results` why fields will be null;
 * where the tracepoints cannot be had *why gets one line (owned by the meter; else NULL).
 */
int meter__new(struct meter **out, bool resources, struct bench_results *results,
	       const char **why, struct err *e);

/* Of processes that run already, in windows; without tracepoints that is an error. */
int meter__new_pids(struct meter **out, const pid_t *pids, size_t count,
		    struct bench_results *results, struct err *e);
void meter__free(struct meter *m);

/* The same reasons, for the results of one more version. 0 or -ENOMEM. */
int meter__note_missing(struct meter *m, struct bench_results *results);

/* Around each run. The end fills everything but start, round and outlier. 0 or negative errno. */
int meter__begin(struct meter *m);
int meter__end(struct meter *m, const struct bench_outcome *outcome, struct bench_run *run);

/*
 * What the processes, and those that they have started, used in a window: from its begin
 * to its end, which the next one begins with. 0 or negative errno.
 */
int meter__window_begin(struct meter *m);
int meter__window_end(struct meter *m, struct bench_run *run);
bool meter__any_alive(const struct meter *m);

/* Commands that are not measured are not followed either. */
void meter__pause(struct meter *m, bool pause);

/* For the wait of a run: the ring buffer's, or -1; and what empties it. */
int meter__ring_fd(const struct meter *m);
void meter__drain(void *meter);

/* NULL: no tracepoints. */
struct collector *meter__collector(struct meter *m);

/* Exit records that were lost: their runs lack what these processes used. */
uint64_t meter__lost(struct meter *m);

#endif
