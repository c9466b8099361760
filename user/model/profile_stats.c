// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "model/profile_stats.h"

#include <errno.h>
#include <stdlib.h>

/* Whose time it is when the kernel works, or waits, on somebody's behalf. */
static const struct profile_line *owner_of(const struct profile *profile,
					   const struct profile_stack *stack)
{
	const struct profile_line *lines, *first = NULL;
	size_t count;

	for (size_t i = 0; i < stack->count; i++) {
		lines = profile__lines(profile, stack->frames[i], &count);
		if (count && !first)
			first = lines;
		if (count && profile__function_at(profile, lines[0].function)->kind != FRAME_KERNEL)
			return lines;
	}
	return first;
}

/* Adds a sample to all functions of its stack; `seen` holds for each the last sample that did. */
static void add_sample(struct profile_stats *stats, const struct profile *profile, size_t number,
		       size_t *seen)
{
	const struct profile_sample *sample = profile__sample_at(profile, number);
	struct profile_total *totals = stats->functions;
	const struct profile_line *lines;
	struct profile_stack stack;
	size_t count;

	profile__stack_at(profile, sample->stack, &stack);
	lines = owner_of(profile, &stack);
	if (lines)
		totals[lines[0].function].own_ns += sample->ns;
	for (size_t i = 0; i < stack.count; i++) {
		lines = profile__lines(profile, stack.frames[i], &count);
		for (size_t n = 0; n < count; n++) {
			struct profile_total *total = &totals[lines[n].function];

			if (!i && !n) {
				total->self_ns += sample->ns;
				total->self_count += sample->count;
			}
			if (seen[lines[n].function] == number + 1)
				continue;
			seen[lines[n].function] = number + 1;
			total->cumulative_ns += sample->ns;
			total->cumulative_count += sample->count;
		}
	}
	stats->ns[sample->kind] += sample->ns;
	stats->count[sample->kind] += sample->count;
	if (sample->kind == SAMPLE_OFF_CPU)
		stats->reason_ns[sample->reason] += sample->ns;
}

int profile_stats__make(struct profile_stats *stats, const struct profile *profile)
{
	size_t count = profile__function_count(profile), *seen;

	*stats = (struct profile_stats){ 0 };
	stats->functions = calloc(count + 1, sizeof(*stats->functions));
	seen = calloc(count + 1, sizeof(*seen));
	if (!stats->functions || !seen) {
		free(seen);
		profile_stats__free(stats);
		return -ENOMEM;
	}
	for (size_t i = 0; i < count; i++)
		stats->functions[i].function = i;
	for (size_t i = 0; i < profile__sample_count(profile); i++)
		add_sample(stats, profile, i, seen);
	free(seen);
	for (size_t i = 0; i < count; i++)
		if (stats->functions[i].cumulative_count)
			stats->functions[stats->function_count++] = stats->functions[i];
	for (int kind = 0; kind < SAMPLE_KIND_NR; kind++) {
		stats->total_ns += stats->ns[kind];
		stats->total_count += stats->count[kind];
	}
	return 0;
}

void profile_stats__free(struct profile_stats *stats)
{
	free(stats->functions);
	*stats = (struct profile_stats){ 0 };
}

static int more(uint64_t a, uint64_t b)
{
	return a > b ? -1 : a < b;
}

static int by_cumulative(const void *a, const void *b)
{
	const struct profile_total *x = a, *y = b;
	int order = more(x->cumulative_ns, y->cumulative_ns);

	if (!order)
		order = more(x->self_ns, y->self_ns);
	return order ? order : more(y->function, x->function);
}

static int by_self(const void *a, const void *b)
{
	const struct profile_total *x = a, *y = b;
	int order = more(x->self_ns, y->self_ns);

	return order ? order : by_cumulative(a, b);
}

static int by_own(const void *a, const void *b)
{
	const struct profile_total *x = a, *y = b;
	int order = more(x->own_ns, y->own_ns);

	return order ? order : by_cumulative(a, b);
}

void profile_stats__sort(struct profile_stats *stats, enum profile_order order)
{
	static int (*const orders[])(const void *a, const void *b) = {
		[BY_CUMULATIVE] = by_cumulative, [BY_SELF] = by_self, [BY_OWN] = by_own,
	};

	if (stats->function_count)
		qsort(stats->functions, stats->function_count, sizeof(*stats->functions),
		      orders[order]);
}
