/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Which spans that the kernel saw belong together; for model/trace.c alone. */
#ifndef PPBPF_MODEL_TRACE_JOIN_H
#define PPBPF_MODEL_TRACE_JOIN_H

#include "model/trace.h"

struct joiner;

struct joiner *joiner__new(void);	/* NULL: no memory */
void joiner__free(struct joiner *joiner);

/*
 * Remembers a span, and tells each that belongs into the same trace: the request's other
 * end, the request in whose work it was made, and those made in its work. Who of the two
 * is the parent is then known. 0 or -ENOMEM.
 */
int joiner__add(struct joiner *joiner, struct span *span,
		int (*on_match)(struct span *a, struct span *b, void *context), void *context);
/* Whether it was made in the work of a request that has not come yet: that goes on. */
bool joiner__awaits_outer(const struct span *span);
/* Before a span goes. */
void joiner__remove(struct joiner *joiner, struct span *span);

/*
 * Gives the spans of a closed trace the parents that their headers tell of. `by_id`: its
 * spans, sorted by span_id. 0 or -ENOMEM.
 */
int join_parents(struct trace *trace, struct span *const *by_id);

/* In spans sorted by span_id; NULL: it is not there. */
struct span *span_of_id(struct span *const *by_id, size_t count, uint64_t id);

#endif
