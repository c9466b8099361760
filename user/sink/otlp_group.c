// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "sink/otlp_group.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "model/reason.h"

const char *otlp_scope(const struct span *span)
{
	if (span->scope)
		return span->scope;
	return span->source == SPAN_FROM_EBPF ? "ppbpf" : "";
}

const char *otlp_scope_version(const struct span *span)
{
	if (span->scope_version)
		return span->scope_version;
	return span->source == SPAN_FROM_EBPF ? PPBPF_VERSION : "";
}

bool otlp_same_scope(const struct span *a, const struct span *b)
{
	return !strcmp(otlp_scope(a), otlp_scope(b)) &&
	       !strcmp(otlp_scope_version(a), otlp_scope_version(b));
}

/* Resources by their place in memory: those of one process are one. */
static int compare(const void *a, const void *b)
{
	const struct span *x = *(const struct span *const *)a;
	const struct span *y = *(const struct span *const *)b;
	int by_scope;

	if (x->resource != y->resource)
		return (uintptr_t)x->resource < (uintptr_t)y->resource ? -1 : 1;
	by_scope = strcmp(otlp_scope(x), otlp_scope(y));
	if (!by_scope)
		by_scope = strcmp(otlp_scope_version(x), otlp_scope_version(y));
	if (by_scope)
		return by_scope;
	return x->start_ns < y->start_ns ? -1 : x->start_ns > y->start_ns;
}

int otlp_groups__begin(struct otlp_groups *groups, const struct span *spans)
{
	size_t count = 0;

	for (const struct span *s = spans; s; s = s->next)
		count++;
	*groups = (struct otlp_groups){ .spans = malloc((count + 1) * sizeof(*groups->spans)) };
	if (!groups->spans)
		return -ENOMEM;
	for (const struct span *s = spans; s; s = s->next)
		groups->spans[groups->count++] = s;
	qsort(groups->spans, groups->count, sizeof(*groups->spans), compare);
	return 0;
}

bool otlp_groups__next(struct otlp_groups *groups, struct otlp_group *group)
{
	size_t first = groups->at;

	while (groups->at < groups->count &&
	       groups->spans[groups->at]->resource == groups->spans[first]->resource)
		groups->at++;
	*group = (struct otlp_group){ groups->spans + first, groups->at - first };
	return group->count > 0;
}

void otlp_groups__end(struct otlp_groups *groups)
{
	free(groups->spans);
}

static void put_split(struct buf *out, const struct span *span)
{
	const struct ppbpf_split *split = &span->split;
	char key[64];

	attribute_double(out, "ppbpf.time.on_cpu_ms", split->on_cpu / 1e6);
	attribute_double(out, "ppbpf.time.run_queue_ms", split->run_queue / 1e6);
	if (span->throttled_known)
		attribute_double(out, "ppbpf.time.throttled_ms", split->throttled / 1e6);
	attribute_double(out, "ppbpf.time.stolen_ms", split->stolen / 1e6);
	for (int i = 0; i < PPBPF_REASON_NR; i++) {
		snprintf(key, sizeof(key), "ppbpf.time.blocked.%s", reasons[i].json);
		attribute_double(out, key, split->blocked[i] / 1e6);
	}
}

void otlp_attributes(struct buf *out, const struct span *span)
{
	buf__append(out, span->attributes.data, span->attributes.length);
	if (span->first_byte_ns > span->start_ns)
		attribute_double(out, "ppbpf.time_to_first_byte_ms",
				 (span->first_byte_ns - span->start_ns) / 1e6);
	if (span->split_known)
		put_split(out, span);
}

enum span_status otlp_status(const struct span *span)
{
	return span->source == SPAN_FROM_EBPF && span__is_error(span) ? SPAN_STATUS_ERROR :
									span->status;
}
