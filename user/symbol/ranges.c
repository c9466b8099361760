// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "symbol/ranges.h"

#include <errno.h>
#include <stdlib.h>

/* Rows that a search looks back at: a file can be made so that all of them overlap. */
#define STEPS_MAX 4096

int ranges__add(struct ranges *ranges, const struct range *row)
{
	size_t capacity = ranges->capacity ? ranges->capacity * 2 : 256;
	struct range *rows;

	if (ranges->count == ranges->capacity) {
		rows = reallocarray(ranges->rows, capacity, sizeof(*rows));
		if (!rows)
			return -ENOMEM;
		ranges->rows = rows;
		ranges->capacity = capacity;
	}
	ranges->rows[ranges->count++] = *row;
	return 0;
}

static int by_start(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return x->rank < y->rank ? -1 : x->rank > y->rank;
}

int ranges__sort(struct ranges *ranges)
{
	uint64_t reach = 0, *moved;

	moved = reallocarray(ranges->reach, ranges->count + 1, sizeof(*moved));
	if (!moved)
		return -ENOMEM;
	ranges->reach = moved;
	if (ranges->count)
		qsort(ranges->rows, ranges->count, sizeof(*ranges->rows), by_start);
	for (size_t i = 0; i < ranges->count; i++) {
		if (ranges->rows[i].end > reach)
			reach = ranges->rows[i].end;
		ranges->reach[i] = reach;
	}
	return 0;
}

void ranges__free(struct ranges *ranges)
{
	free(ranges->rows);
	free(ranges->reach);
	*ranges = (struct ranges){ 0 };
}

/* How many rows begin at an address or before it. */
static size_t count_up_to(const struct ranges *ranges, uint64_t address)
{
	size_t low = 0, high = ranges->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (ranges->rows[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static const struct range *find(const struct ranges *ranges, uint64_t address, int ranked)
{
	const struct range *best = NULL;
	size_t at = count_up_to(ranges, address);

	for (int steps = 0; at-- > 0 && steps < STEPS_MAX; steps++) {
		const struct range *row = &ranges->rows[at];

		if (ranges->reach[at] <= address)
			break;
		if (row->end <= address)
			continue;
		if (!ranked)
			return row;
		if (!best || row->rank > best->rank)
			best = row;
	}
	return best;
}

const struct range *ranges__find(const struct ranges *ranges, uint64_t address)
{
	return find(ranges, address, 0);
}

const struct range *ranges__find_ranked(const struct ranges *ranges, uint64_t address)
{
	return find(ranges, address, 1);
}

const struct range *ranges__at(const struct ranges *ranges, uint64_t start)
{
	size_t at = count_up_to(ranges, start);

	return at && ranges->rows[at - 1].start == start ? &ranges->rows[at - 1] : NULL;
}
