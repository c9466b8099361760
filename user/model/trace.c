// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "model/trace.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/units.h"
#include "model/operation.h"
#include "model/trace_join.h"

/* What the kernel sees of a trace comes at once; services send theirs every 5 s or so. */
#define QUIET_SEEN (2 * NSEC_PER_SEC)
#define QUIET_LEAST (500 * NSEC_PER_MSEC)	/* when half of the room is taken */
#define QUIET_RECEIVED (10 * NSEC_PER_SEC)
/* A request may go on for long after all that was done in its work; its record may be lost. */
#define QUIET_WITHIN (120 * NSEC_PER_SEC)
/* Closed traces that late spans can still find. */
#define JUDGED_MAX 65536
#define SPAN_FLAG_SAMPLED 1

/* A trace that was closed. */
struct judged {
	struct trace_id id;
	bool collected;
	bool error;
};

struct traces {
	struct traces_config config;
	struct joiner *joiner;
	struct hash *by_id;		/* open ones, under every id that they were given */
	struct trace *oldest, *newest;
	size_t open;
	size_t size;
	struct hash *judged_by_id;
	struct judged *judged;		/* a ring */
	size_t judged_next;
	uint64_t counters[TRACES_COUNTER_NR];
	uint64_t now_ns;
};

const char *trace_loss_name(enum trace_counter counter)
{
	static const char *const names[TRACES_COUNTER_NR] = {
		[TRACES_CLOSED_EARLY] = "traces_closed_early",
		[TRACES_LATE_SPANS] = "late_spans",
		[TRACES_DUPLICATE_SPANS] = "duplicate_spans",
	};

	return names[counter];
}

void trace__free(struct trace *trace)
{
	struct span *span;

	if (!trace)
		return;
	while ((span = trace->spans)) {
		trace->spans = span->next;
		span__free(span);
	}
	free(trace);
}

struct traces *traces__new(const struct traces_config *config)
{
	struct traces *traces = calloc(1, sizeof(*traces));

	if (!traces)
		return NULL;
	traces->config = *config;
	traces->joiner = joiner__new();
	traces->by_id = hash__new();
	traces->judged_by_id = hash__new();
	traces->judged = calloc(JUDGED_MAX, sizeof(*traces->judged));
	if (traces->joiner && traces->by_id && traces->judged_by_id && traces->judged)
		return traces;
	traces__free(traces);
	return NULL;
}

void traces__free(struct traces *traces)
{
	struct trace *trace;

	if (!traces)
		return;
	while ((trace = traces->oldest)) {
		traces->oldest = trace->newer;
		trace__free(trace);
	}
	joiner__free(traces->joiner);
	hash__free(traces->by_id);
	hash__free(traces->judged_by_id);
	free(traces->judged);
	free(traces);
}

uint64_t traces__counter(const struct traces *traces, enum trace_counter counter)
{
	return traces->counters[counter];
}

size_t traces__open(const struct traces *traces)
{
	return traces->open;
}

bool trace_id_sampled(const struct trace_id *id, double rate)
{
	const uint64_t range = 1ULL << 56;

	return (id->low & (range - 1)) >= (uint64_t)((1 - rate) * range);
}

/* --- open ones ---------------------------------------------------------------- */

static void unlink_trace(struct traces *traces, struct trace *trace)
{
	if (trace->older)
		trace->older->newer = trace->newer;
	else
		traces->oldest = trace->newer;
	if (trace->newer)
		trace->newer->older = trace->older;
	else
		traces->newest = trace->older;
	trace->older = trace->newer = NULL;
	traces->open--;
}

static void link_newest(struct traces *traces, struct trace *trace)
{
	trace->older = traces->newest;
	trace->newer = NULL;
	if (traces->newest)
		traces->newest->newer = trace;
	else
		traces->oldest = trace;
	traces->newest = trace;
	trace->last_ns = traces->now_ns;
	traces->open++;
}

/* The id under which a span knows its trace; zero: none. */
static struct trace_id given_id(const struct span *span)
{
	return trace_id_known(&span->trace_id) ? span->trace_id : span->seen.carried_trace;
}

static struct trace *trace_for(struct traces *traces, const struct trace_id *id)
{
	struct trace *trace = NULL;

	if (trace_id_known(id))
		trace = hash__get(traces->by_id, id->high, id->low);
	if (trace) {
		unlink_trace(traces, trace);
		link_newest(traces, trace);
		return trace;
	}
	trace = calloc(1, sizeof(*trace));
	if (!trace)
		return NULL;
	trace->id = *id;
	trace->id_given = trace_id_known(id);
	if (trace->id_given && hash__set(traces->by_id, id->high, id->low, trace)) {
		free(trace);
		return NULL;
	}
	link_newest(traces, trace);
	return trace;
}

static void add_span(struct traces *traces, struct trace *trace, struct span *span)
{
	span->trace = trace;
	span->next = trace->spans;
	trace->spans = span;
	trace->span_count++;
	trace->size += span->size;
	trace->received |= span->source != SPAN_FROM_EBPF;
	trace->seen |= span->source == SPAN_FROM_EBPF;
	trace->unfinished |= span->unfinished;
	traces->size += span->size;
}

/* Two traces are one: the smaller one's spans move. */
static int merge(struct span *a, struct span *b, void *context)
{
	struct traces *traces = context;
	struct trace *into = a->trace, *from = b->trace;
	struct span *span;

	if (into == from)
		return 0;
	if (into->span_count < from->span_count) {
		into = b->trace;
		from = a->trace;
	}
	if (!into->id_given && from->id_given)
		into->id = from->id;
	into->id_given |= from->id_given;
	while ((span = from->spans)) {
		struct trace_id id = given_id(span);

		from->spans = span->next;
		traces->size -= span->size;
		add_span(traces, into, span);
		if (trace_id_known(&id) && hash__set(traces->by_id, id.high, id.low, into))
			return -ENOMEM;
	}
	unlink_trace(traces, from);
	free(from);
	unlink_trace(traces, into);
	link_newest(traces, into);
	return 0;
}

/* --- closing ------------------------------------------------------------------ */

static int compare_ids(const void *a, const void *b)
{
	const struct span *x = *(struct span *const *)a, *y = *(struct span *const *)b;

	if (x->span_id != y->span_id)
		return x->span_id < y->span_id ? -1 : 1;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	if (x->start_ns / NSEC_PER_USEC != y->start_ns / NSEC_PER_USEC)
		return x->start_ns < y->start_ns ? -1 : 1;
	/* what was sent to us comes before the same as Jaeger has it, to the microsecond */
	return x->source < y->source ? -1 : x->source > y->source;
}

static bool is_same(const struct span *a, const struct span *b)
{
	return a->span_id == b->span_id && a->kind == b->kind &&
	       a->start_ns / NSEC_PER_USEC == b->start_ns / NSEC_PER_USEC;
}

/* What a client sent twice, for want of an answer, is there once; and what Jaeger has, too. */
static void drop_duplicates(struct traces *traces, struct trace *trace, struct span **by_id)
{
	size_t kept = 0;

	for (size_t i = 0; i < trace->span_count; i++) {
		if (kept && is_same(by_id[kept - 1], by_id[i])) {
			traces->counters[TRACES_DUPLICATE_SPANS] +=
				by_id[i]->source != SPAN_FROM_QUERY;
			trace->size -= by_id[i]->size;
			span__free(by_id[i]);
			continue;
		}
		by_id[kept++] = by_id[i];
	}
	trace->span_count = kept;
	trace->spans = NULL;
	for (size_t i = kept; i--;) {
		by_id[i]->next = trace->spans;
		trace->spans = by_id[i];
	}
}

/* What was sent to us was sampled where it was made. */
static bool is_unsampled(const struct span *span)
{
	return trace_id_known(&span->seen.carried_trace) &&
	       !(span->seen.carried_flags & SPAN_FLAG_SAMPLED);
}

/* A root without a parent comes before one whose parent was not seen; then the first. */
static bool is_better_root(const struct span *span, const struct span *than)
{
	if (!than)
		return true;
	if (!span->parent_id != !than->parent_id)
		return !span->parent_id;
	return span->start_ns < than->start_ns;
}

static void find_root(struct trace *trace, struct span *const *by_id)
{
	struct span *first = trace->spans;

	for (struct span *s = trace->spans; s; s = s->next) {
		struct span *parent = s->parent_id ?
				      span_of_id(by_id, trace->span_count, s->parent_id) : NULL;

		if ((!parent || parent == s) && is_better_root(s, trace->root))
			trace->root = s;
		if (s->start_ns < first->start_ns)
			first = s;
	}
	if (!trace->root) /* parents in a circle */
		trace->root = first;
}

static void sum_up(struct trace *trace)
{
	if (!trace->id_given)
		trace->id = (struct trace_id){ random_id(), random_id() };
	trace->start_ns = UINT64_MAX;
	for (struct span *s = trace->spans; s; s = s->next) {
		s->trace_id = trace->id;
		trace->errors += span__is_error(s);
		trace->unsampled |= is_unsampled(s);
		if (s->start_ns < trace->start_ns)
			trace->start_ns = s->start_ns;
		if (s->end_ns > trace->end_ns)
			trace->end_ns = s->end_ns;
	}
}

static bool is_of_service(const struct traces *traces, const struct trace *trace)
{
	const char *service = traces->config.service;

	for (const struct span *s = trace->spans; service && s; s = s->next)
		if (!strcmp(s->resource->service, service))
			return true;
	return !service;
}

static bool has_operation(const struct traces *traces, const struct trace *trace)
{
	const struct traces_config *config = &traces->config;

	for (const struct span *s = trace->spans; config->operation_count && s; s = s->next)
		for (size_t i = 0; i < config->operation_count; i++)
			if (operation_matches(s, config->operations[i]))
				return true;
	return !config->operation_count;
}

static bool is_collected(struct traces *traces, const struct trace *trace)
{
	uint64_t *counters = traces->counters;

	if (!is_of_service(traces, trace))
		return counters[TRACES_OTHER_SERVICE]++, false;
	if (trace->unfinished)
		return counters[TRACES_UNFINISHED]++, false;
	if (!has_operation(traces, trace))
		return counters[TRACES_OTHER_OPERATION]++, false;
	counters[TRACES_OBSERVED]++;
	counters[TRACES_OBSERVED_SPANS] += trace->span_count;
	counters[TRACES_OBSERVED_ERRORS] += trace->errors > 0;
	if (trace->unsampled)
		counters[TRACES_UNSAMPLED]++;
	else if (trace_id_sampled(&trace->id, traces->config.sampling_rate))
		return counters[TRACES_COLLECTED]++, true;
	if (!traces->config.keep_errors || !trace->errors)
		return false;
	counters[TRACES_KEPT_FOR_ERRORS]++;
	counters[TRACES_COLLECTED]++;
	return true;
}

static int remember(struct traces *traces, const struct trace *trace, bool collected)
{
	struct judged *judged = &traces->judged[traces->judged_next++ % JUDGED_MAX];

	if (!trace->id_given)
		return 0;
	if (trace_id_known(&judged->id))
		hash__remove(traces->judged_by_id, judged->id.high, judged->id.low);
	*judged = (struct judged){ trace->id, collected, trace->errors > 0 };
	return hash__set(traces->judged_by_id, judged->id.high, judged->id.low, judged);
}

static void forget(struct traces *traces, struct trace *trace)
{
	unlink_trace(traces, trace);
	traces->size -= trace->size;
	for (struct span *s = trace->spans; s; s = s->next) {
		struct trace_id id = given_id(s);

		if (trace_id_known(&id))
			hash__remove(traces->by_id, id.high, id.low);
	}
}

static int close_trace(struct traces *traces, struct trace *trace)
{
	struct span **by_id = malloc(trace->span_count * sizeof(struct span *));
	size_t count = 0;
	bool collected;
	int err;

	if (!by_id)
		return -ENOMEM;
	forget(traces, trace);
	for (struct span *s = trace->spans; s; s = s->next)
		by_id[count++] = s;
	qsort(by_id, count, sizeof(struct span *), compare_ids);
	err = join_parents(trace, by_id);
	for (size_t i = 0; i < count; i++)
		joiner__remove(traces->joiner, by_id[i]);
	drop_duplicates(traces, trace, by_id);
	find_root(trace, by_id);
	free(by_id);
	sum_up(trace);
	collected = is_collected(traces, trace);
	if (remember(traces, trace, collected))
		err = -ENOMEM;
	if (!collected || !traces->config.on_trace(trace, traces->config.context))
		trace__free(trace);
	return err;
}

static int add_late(struct traces *traces, struct judged *judged, struct span *span)
{
	bool error = span__is_error(span);

	traces->counters[TRACES_LATE_SPANS]++;
	span->trace_id = judged->id;
	if (judged->collected)
		traces->config.on_late(span, error && !judged->error, traces->config.context);
	judged->error |= error;
	span__free(span);
	return 0;
}

int traces__add(struct traces *traces, struct span *span, uint64_t now_ns)
{
	struct trace_id id = given_id(span);
	struct judged *judged = NULL;
	struct trace *trace;
	int err = 0;

	traces->now_ns = now_ns;
	if (trace_id_known(&id) && !hash__get(traces->by_id, id.high, id.low))
		judged = hash__get(traces->judged_by_id, id.high, id.low);
	if (judged)
		return add_late(traces, judged, span);
	trace = trace_for(traces, &id);
	if (!trace) {
		span__free(span);
		return -ENOMEM;
	}
	add_span(traces, trace, span);
	if (span->source == SPAN_FROM_EBPF)
		err = joiner__add(traces->joiner, span, merge, traces);
	while (!err && traces->size > traces->config.size_max && traces->oldest) {
		traces->counters[TRACES_CLOSED_EARLY]++;
		err = close_trace(traces, traces->oldest);
	}
	return err;
}

static uint64_t quiet_of(const struct trace *trace, uint64_t quiet_seen)
{
	for (const struct span *s = trace->spans; s; s = s->next)
		if (joiner__awaits_outer(s))
			return QUIET_WITHIN;
	return trace->received ? QUIET_RECEIVED : quiet_seen;
}

int traces__tick(struct traces *traces, uint64_t now_ns)
{
	uint64_t quiet = traces->size > traces->config.size_max / 2 ? QUIET_LEAST : QUIET_SEEN;
	struct trace *trace, *newer;
	int err = 0;

	traces->now_ns = now_ns;
	for (trace = traces->oldest; trace && !err; trace = newer) {
		newer = trace->newer;
		if (now_ns < trace->last_ns + quiet)
			break;
		if (now_ns >= trace->last_ns + quiet_of(trace, quiet))
			err = close_trace(traces, trace);
	}
	return err;
}

int traces__finish(struct traces *traces)
{
	int err = 0;

	while (!err && traces->oldest)
		err = close_trace(traces, traces->oldest);
	return err;
}
