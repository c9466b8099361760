/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Collected traces, summed up: in all, by the operation of their roots, and by span. */
#ifndef PPBPF_MODEL_TRACE_STATS_H
#define PPBPF_MODEL_TRACE_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/trace.h"

/* Operations that are told apart; the rest are OPERATION_REST. */
#define OPERATIONS_MAX 1000
#define OPERATION_REST "(other operations)"

/* Durations in ns. Up to DURATIONS_MAX in all are kept; beyond, a random sample of them. */
#define DURATIONS_MAX (2 << 20)

struct operation_stats {
	const char *service;	/* of the roots, or of the spans */
	const char *name;
	enum span_kind kind;
	uint64_t count;		/* traces, or spans */
	uint64_t errors;
	uint64_t spans;		/* in those traces */
	double sum_ns;
	uint64_t *durations;
	size_t kept;
	size_t capacity;
};

/* The figures of a set of durations, in ns; all NaN when there is none. */
struct duration_figures {
	double average;
	double p50, p95, p99;
	double max;
};

struct trace_stats;

struct trace_stats *trace_stats__new(void);	/* NULL: no memory */
void trace_stats__free(struct trace_stats *stats);

/* 0 or -ENOMEM. */
int trace_stats__add(struct trace_stats *stats, const struct trace *trace);
/* A span that came after its trace was added. */
int trace_stats__add_late(struct trace_stats *stats, const struct span *span, bool first_error);

uint64_t trace_stats__traces(const struct trace_stats *stats);
uint64_t trace_stats__errors(const struct trace_stats *stats);
uint64_t trace_stats__spans(const struct trace_stats *stats);
/* Durations were sampled: the percentiles are estimates. */
bool trace_stats__sampled(const struct trace_stats *stats);

/* The percentiles are those of sorted values, interpolated between neighbours. 0 or -ENOMEM. */
int trace_stats__figures(const struct trace_stats *stats, struct duration_figures *out);
int operation_stats__figures(const struct operation_stats *operation,
			     struct duration_figures *out);

/*
 * Operations of traces, most traces first; or of all spans but roots, by the time spent in
 * them. Valid until the next trace is added; the array is to be freed. Negative: -ENOMEM.
 */
int trace_stats__operations(const struct trace_stats *stats,
			    const struct operation_stats ***out);
int trace_stats__inner(const struct trace_stats *stats, const struct operation_stats ***out);

#endif
