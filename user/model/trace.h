/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Spans put together to traces, without a word from the services where need be:
 *
 * - by the trace id that a span carries, or that its request's traceparent header carried;
 * - both ends of a request on one host by their connection and time: proxies send the
 *   caller's header on unchanged, so that both hops carry the same parent, and so the
 *   server's parent is the client's span whatever the header says;
 * - inside a process by the header, else by span_seen.within, which is never a guess.
 *
 * What cannot be told is a root of its own.
 *
 * A trace is closed when nothing was added to it for a while, and no request in whose work
 * some of it was done goes on, and then judged: is it of the
 * service, does an operation match, is it sampled? What was judged is known for a while
 * longer, so that a late span is counted with its trace and not as another one.
 */
#ifndef PPBPF_MODEL_TRACE_H
#define PPBPF_MODEL_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/span.h"

struct trace {
	struct trace_id id;
	bool id_given;			/* by a span or a header; else ours */
	struct span *spans;		/* in no order; owned */
	size_t span_count;
	size_t size;			/* bytes of its spans */

	/* from the closing on */
	struct span *root;		/* the span without parent that began first */
	uint64_t start_ns;		/* Unix time of the first begin and of the last end */
	uint64_t end_ns;
	size_t errors;			/* spans that are an error */
	bool unsampled;			/* its caller had decided against it */

	struct trace *older, *newer;	/* open ones by their latest span; for trace.c */
	uint64_t last_ns;		/* when that came */
	bool received;			/* some of it was sent to us, and more may come slowly */
	bool seen;			/* some of it the kernel saw */
	bool unfinished;		/* some of it was under way when tracing stopped */
};

/* A trace's duration is its root span's. */
static inline uint64_t trace__duration_ns(const struct trace *trace)
{
	return span__duration_ns(trace->root);
}

void trace__free(struct trace *trace);	/* with its spans; NULL is fine */

/* Its spans as a tree, each after its parent, brothers by their start. */
struct trace_row {
	const struct span *span;
	unsigned int depth;
};

/* Returns trace->span_count rows, to be freed; NULL: no memory. */
struct trace_row *trace__rows(const struct trace *trace);

/* What became of the traces that were closed. */
enum trace_counter {
	TRACES_OBSERVED,	/* of the service, matching: before sampling */
	TRACES_OBSERVED_SPANS,
	TRACES_OBSERVED_ERRORS,
	TRACES_COLLECTED,
	TRACES_UNSAMPLED,	/* of those observed: their callers had decided against them */
	TRACES_OTHER_SERVICE,
	TRACES_OTHER_OPERATION,
	TRACES_UNFINISHED,	/* neither observed nor lost: how they end is not known */
	TRACES_KEPT_FOR_ERRORS,	/* collected though the sampling was against it */
	/* losses and their like */
	TRACES_CLOSED_EARLY,	/* for want of memory, before they had been quiet */
	TRACES_LATE_SPANS,	/* counted and exported, but not shown in their traces */
	TRACES_DUPLICATE_SPANS,	/* sent again */
	TRACES_COUNTER_NR,
};

/* Of a loss: its name in metadata.dropped. NULL: it is none. */
const char *trace_loss_name(enum trace_counter counter);

struct traces_config {
	const char *service;		/* NULL: any */
	const char *const *operations;	/* patterns; any may match */
	size_t operation_count;
	double sampling_rate;		/* 0 to 1 */
	bool keep_errors;		/* whatever the rate says */
	size_t size_max;		/* bytes of open traces */

	/* A trace is collected: true takes it over. */
	bool (*on_trace)(struct trace *trace, void *context);
	/* A span of a collected trace came late; `first_error`: the first of that trace. */
	void (*on_late)(const struct span *span, bool first_error, void *context);
	void *context;
};

struct traces;

/* The configuration's strings must outlive it. NULL: no memory. */
struct traces *traces__new(const struct traces_config *config);
void traces__free(struct traces *traces);

/*
 * Takes the span over, whatever it returns: 0 or -ENOMEM. Times are the caller's clock, in
 * ns, which only goes forward.
 */
int traces__add(struct traces *traces, struct span *span, uint64_t now_ns);

/* Closes what has been quiet. 0 or -ENOMEM. */
int traces__tick(struct traces *traces, uint64_t now_ns);
/* Closes all. */
int traces__finish(struct traces *traces);

uint64_t traces__counter(const struct traces *traces, enum trace_counter counter);
/* Open ones. */
size_t traces__open(const struct traces *traces);

/*
 * The decision by trace id that every consistent sampler takes: the low 56 bits are random
 * (W3C Trace Context, level 2), and a share of their range is in.
 */
bool trace_id_sampled(const struct trace_id *id, double rate);

#endif
