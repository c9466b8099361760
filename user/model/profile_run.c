// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "model/profile_run.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char *profile_mode_name(enum profile_mode mode)
{
	static const char *const names[MODE_NR] = {
		[MODE_ON_CPU] = "on-cpu", [MODE_OFF_CPU] = "off-cpu", [MODE_WALL] = "wall",
		[MODE_CALLS] = "calls",
	};

	return names[mode];
}

static char *copy_text(const char *text, bool *failed)
{
	char *copy = text ? strdup(text) : NULL;

	*failed |= text && !copy;
	return copy;
}

static struct call_row *copy_row(const struct call_row *row)
{
	struct call_row *copy = malloc(sizeof(*copy));
	bool failed = false;

	if (!copy)
		return NULL;
	*copy = *row;
	copy->name = copy_text(row->name, &failed);
	copy->symbol = copy_text(row->symbol, &failed);
	copy->module = copy_text(row->module, &failed);
	copy->file = copy_text(row->file, &failed);
	if (failed) {
		call_row__free(copy);
		return NULL;
	}
	return copy;
}

static int by_time_then_calls(const void *a, const void *b)
{
	const struct call_row *x = *(struct call_row *const *)a, *y = *(struct call_row *const *)b;

	if (x->cumulative_ns != y->cumulative_ns)
		return x->cumulative_ns > y->cumulative_ns ? -1 : 1;
	if (x->calls != y->calls)
		return x->calls > y->calls ? -1 : 1;
	return strcmp(x->name, y->name);
}

int profile_run__take_calls(struct profile_run *run, const struct calls *calls)
{
	run->calls = *calls;
	run->calls.count = 0;
	run->calls.rows = calloc(calls->count + 1, sizeof(*run->calls.rows));
	for (size_t i = 0; run->calls.rows && i < calls->count; i++) {
		struct call_row *copy;

		if (!calls->rows[i]->calls)
			continue;
		copy = copy_row(calls->rows[i]);
		if (!copy)
			return -ENOMEM;
		run->calls.rows[run->calls.count++] = copy;
	}
	if (!run->calls.rows)
		return -ENOMEM;
	qsort(run->calls.rows, run->calls.count, sizeof(*run->calls.rows), by_time_then_calls);
	return 0;
}

void profile_run__calls_totals(const struct profile_run *run, struct calls_totals *totals)
{
	*totals = (struct calls_totals){ 0 };
	for (size_t i = 0; i < run->calls.count; i++) {
		const struct call_row *row = run->calls.rows[i];

		totals->calls += row->calls;
		totals->primitive_calls += row->primitive_calls;
		totals->self_ns += row->timed ? row->self_ns : 0;
		totals->timed |= row->timed;
	}
}

void profile_run__free(struct profile_run *run)
{
	for (size_t i = 0; i < run->calls.count; i++)
		call_row__free(run->calls.rows[i]);
	free(run->calls.rows);
	for (size_t i = 0; i < run->file_count; i++)
		free(run->files[i].path);
	profile_stats__free(&run->stats);
	profile__free(run->profile);
	free(run->title);
	free(run->cost);
	*run = (struct profile_run){ 0 };
}
