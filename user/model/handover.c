// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "model/handover.h"

#include <errno.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/units.h"
#include "model/request.h"
#include "model/span.h"

/* From the first of them on; traces stay open for longer. */
#define PROBATION_NS NSEC_PER_SEC
#define PROCESSES_MAX 4096

struct process {
	uint64_t since;		/* of the first span that was held; 0: there was none */
	bool hands_over;
	struct span *first, **last;	/* held ones */
};

struct handovers {
	handover_fn on_span;
	void *context;
	struct hash *processes;		/* by number and start */
	size_t held;
};

struct handovers *handovers__new(handover_fn on_span, void *context)
{
	struct handovers *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	h->on_span = on_span;
	h->context = context;
	h->processes = hash__new();
	if (h->processes)
		return h;
	free(h);
	return NULL;
}

void handovers__free(struct handovers *h)
{
	struct hash_entry entry;
	size_t cursor = 0;

	if (!h)
		return;
	while (hash__next(h->processes, &cursor, &entry)) {
		struct process *process = entry.value;
		struct span *span;

		while ((span = process->first)) {
			process->first = span->next;
			span__free(span);
		}
		free(process);
	}
	hash__free(h->processes);
	free(h);
}

/* Beyond so many, none is remembered any more: then nothing is said of whose work it is. */
static struct process *process_of(struct handovers *h, const struct request *request)
{
	struct process *process = hash__get(h->processes, request->pid, request->process_start_ns);

	if (process || hash__count(h->processes) >= PROCESSES_MAX)
		return process;
	process = calloc(1, sizeof(*process));
	if (!process)
		return NULL;
	process->last = &process->first;
	if (!hash__set(h->processes, request->pid, request->process_start_ns, process))
		return process;
	free(process);
	return NULL;
}

static int hand_on(struct handovers *h, struct process *process)
{
	struct span *span;
	int err = 0;

	while (!err && (span = process->first)) {
		process->first = span->next;
		span->next = NULL;
		h->held--;
		if (process->hands_over)
			span->seen.within = 0;
		err = h->on_span(span, h->context);
	}
	if (!process->first)
		process->last = &process->first;
	return err;
}

static bool is_handed_over(const struct request *request)
{
	return request->role == PPBPF_ROLE_SERVER && request->first_byte_ns &&
	       request->reply_thread != request->thread;
}

static int hold(struct handovers *h, struct process *process, struct span *span, uint64_t now_ns)
{
	if (!process->since)
		process->since = now_ns;
	span->next = NULL;
	*process->last = span;
	process->last = &span->next;
	h->held++;
	return 0;
}

int handovers__add(struct handovers *h, const struct request *request, struct span *span,
		   uint64_t now_ns)
{
	struct process *process = NULL;
	int err = 0;

	if (request->by_thread) {
		process = process_of(h, request);
		if (!process || process->hands_over)
			span->seen.within = 0;
		else if (!process->since || now_ns < process->since + PROBATION_NS)
			return hold(h, process, span, now_ns);
	} else if (is_handed_over(request)) {
		process = process_of(h, request);
		if (process && !process->hands_over) {
			process->hands_over = true;
			err = hand_on(h, process);
		}
	}
	if (!err)
		return h->on_span(span, h->context);
	span__free(span);
	return err;
}

int handovers__tick(struct handovers *h, uint64_t now_ns, bool all)
{
	struct hash_entry entry;
	size_t cursor = 0;
	int err = 0;

	while (h->held && !err && hash__next(h->processes, &cursor, &entry)) {
		struct process *process = entry.value;

		if (process->first && (all || now_ns >= process->since + PROBATION_NS))
			err = hand_on(h, process);
	}
	return err;
}
