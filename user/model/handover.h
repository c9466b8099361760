/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * A request that is made while its process is at several others is put into the work of the
 * one that its thread is at. That is right where a thread serves a request from its beginning
 * to its end, and wrong where requests are handed from thread to thread, as by Go's scheduler.
 * Which of the two a process does shows when one thread replies to what another one has read:
 * until there was time for that, such spans are held back.
 */
#ifndef PPBPF_MODEL_HANDOVER_H
#define PPBPF_MODEL_HANDOVER_H

#include <stdbool.h>
#include <stdint.h>

struct handovers;
struct request;
struct span;

typedef int (*handover_fn)(struct span *span, void *context);	/* takes it over; 0 or -errno */

/* on_span gets each span that was added, at once or later. NULL: no memory. */
struct handovers *handovers__new(handover_fn on_span, void *context);
void handovers__free(struct handovers *h);	/* NULL is fine */

/* Takes over a span that was made of the request. Now: CLOCK_MONOTONIC. 0 or -errno. */
int handovers__add(struct handovers *h, const struct request *request, struct span *span,
		   uint64_t now_ns);

/* Hands on what was held long enough; with `all`, everything. 0 or -errno. */
int handovers__tick(struct handovers *h, uint64_t now_ns, bool all);

#endif
