/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* What a run of `ppbpf trace` knows, for sinks to print, beside a struct report. */
#ifndef PPBPF_MODEL_TRACE_RUN_H
#define PPBPF_MODEL_TRACE_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/trace.h"
#include "model/trace_stats.h"

#define TRACE_IDS_SHOWN 10
#define TRACE_SOURCES_MAX 4
#define TRACE_LOSSES_MAX 64
#define TRACE_EXPORTS_MAX 2
#define TRACE_UNSEEN_MAX 16
/* Bytes of the slowest traces that are kept. */
#define SLOWEST_SIZE_MAX (8 << 20)

/* Where spans came from: "receive", and in a clause how that was done. */
struct trace_source {
	const char *name;
	char *text;
	uint64_t spans;
};

struct trace_loss {
	char name[40];
	uint64_t n;
};

/* What a source met and cannot see: "http2_connections", and in words. */
struct trace_unseen {
	const char *name;
	const char *help;
	uint64_t met;
};

/* Spans that went to a backend. */
struct trace_export {
	char *url;
	uint64_t spans;		/* taken there */
	uint64_t rejected;	/* refused there, by its own word */
	uint64_t lost;		/* not sent: no room to keep them, or given up */
	char *error;		/* the last failure, or NULL */
};

struct trace_run {
	char *service;		/* NULL: all */
	double sampling_rate;
	double seconds;		/* measured so far */
	bool live;		/* the run goes on */
	struct trace_stats *stats;
	struct trace_id ids[TRACE_IDS_SHOWN];	/* of the first that were collected */
	size_t id_count;
	struct trace **slowest;	/* a heap until trace_run__sort(), then slowest first */
	size_t slowest_count, slowest_max, slowest_size;
	struct trace_source sources[TRACE_SOURCES_MAX];
	size_t source_count;
	struct trace_loss losses[TRACE_LOSSES_MAX];
	size_t loss_count;
	struct trace_unseen unseen[TRACE_UNSEEN_MAX];	/* its texts are constant */
	size_t unseen_count;
	struct trace_export exports[TRACE_EXPORTS_MAX];
	size_t export_count;
	uint64_t counters[TRACES_COUNTER_NR];
	size_t open;		/* traces that may still grow */
};

/* `slowest`: traces to keep. NULL: no memory. */
struct trace_run *trace_run__new(const char *service, double sampling_rate, size_t slowest);
void trace_run__free(struct trace_run *run);

/* Counts a collected trace; it is taken over when it is one of the slowest. 0 or -ENOMEM. */
int trace_run__add(struct trace_run *run, struct trace *trace, bool *taken);
void trace_run__sort(struct trace_run *run);

struct trace_source *trace_run__source(struct trace_run *run, const char *name,
				       const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Sets a loss's count; those of 0 are told in the JSON, too. */
void trace_run__lost(struct trace_run *run, const char *name, uint64_t n);

#endif
