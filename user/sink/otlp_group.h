/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Spans as OTLP has them: by resource, then by scope. For sink/otlp_*.c. */
#ifndef PPBPF_SINK_OTLP_GROUP_H
#define PPBPF_SINK_OTLP_GROUP_H

#include <stdbool.h>
#include <stddef.h>

#include "model/span.h"

struct buf;

struct otlp_groups {
	const struct span **spans;	/* sorted */
	size_t count;
	size_t at;
};

/* Spans of one resource, those of one scope beside one another. */
struct otlp_group {
	const struct span *const *spans;
	size_t count;
};

/* `next` of each span leads to the next one. 0 or -ENOMEM. */
int otlp_groups__begin(struct otlp_groups *groups, const struct span *spans);
bool otlp_groups__next(struct otlp_groups *groups, struct otlp_group *group);
void otlp_groups__end(struct otlp_groups *groups);

/* "" for none; spans that we made are of our own scope. */
const char *otlp_scope(const struct span *span);
const char *otlp_scope_version(const struct span *span);
bool otlp_same_scope(const struct span *a, const struct span *b);

/* A span's attributes, and those that tell where its time went. */
void otlp_attributes(struct buf *out, const struct span *span);
/* Its status: what the kernel saw fail is an error. */
enum span_status otlp_status(const struct span *span);

#endif
