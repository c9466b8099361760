/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Readers of what clients send. Each is given a whole body, decompressed, and hands over
 * span after span. Bodies are strangers': nothing is read beyond them, nothing nests deeper
 * than a few levels, and a reader keeps nothing but the span that it is at.
 *
 * A body is read twice: first to see whether all of it is well-formed, so that of a bad one
 * nothing is taken, then for its spans.
 */
#ifndef PPBPF_RECEIVE_SPANS_IN_H
#define PPBPF_RECEIVE_SPANS_IN_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "model/span.h"

struct spans_in {
	/* A span, valid during the call; NULL: to see only whether the body is one. 0 or -errno. */
	int (*on_span)(const struct span *span, void *context);
	void *context;

	uint64_t taken;
	uint64_t rejected;	/* spans without a trace id or an id of their own */
};

/*
 * Each returns 0, -EBADMSG for a body that is none of its kind, or what on_span returned.
 */
int otlp_proto__read(const void *body, size_t length, struct spans_in *in);
int otlp_json__read(const void *body, size_t length, struct spans_in *in);
int jaeger_thrift__read(const void *body, size_t length, struct spans_in *in);

/* Sees to it that a body is well-formed as a whole before anything of it is taken. */
int spans_in__read(int (*read)(const void *body, size_t length, struct spans_in *in),
		   const void *body, size_t length, struct spans_in *in);

/* --- for the readers ------------------------------------------------------------ */

/* The span that is being read, and where what it points to is collected. */
struct span_draft {
	struct span span;
	struct buf name, status_message, trace_state, scope, scope_version;
	struct buf attributes, events, links;
};

void span_draft__clear(struct span_draft *draft);	/* but for the scope */
void span_draft__free(struct span_draft *draft);
/* Hands it over, or counts it as rejected. 0 or -errno. */
int span_draft__emit(struct span_draft *draft, struct spans_in *in);

/* A resource of the attributes; *err is 0 or -ENOMEM. NULL when nobody takes spans. */
struct resource *spans_in__resource(const struct spans_in *in, const struct buf *attributes,
				    int *err);

#endif
