// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "model/trace_run.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"

struct trace_run *trace_run__new(const char *service, double sampling_rate, size_t slowest)
{
	struct trace_run *run = calloc(1, sizeof(*run));

	if (!run)
		return NULL;
	run->service = service ? strdup(service) : NULL;
	run->sampling_rate = sampling_rate;
	run->stats = trace_stats__new();
	run->slowest = calloc(slowest + 1, sizeof(struct trace *));
	run->slowest_max = slowest;
	if (run->stats && run->slowest && (run->service || !service))
		return run;
	trace_run__free(run);
	return NULL;
}

void trace_run__free(struct trace_run *run)
{
	if (!run)
		return;
	for (size_t i = 0; i < run->slowest_count; i++)
		trace__free(run->slowest[i]);
	for (size_t i = 0; i < run->source_count; i++)
		free(run->sources[i].text);
	for (size_t i = 0; i < run->export_count; i++) {
		free(run->exports[i].url);
		free(run->exports[i].error);
	}
	free(run->slowest);
	free(run->service);
	trace_stats__free(run->stats);
	free(run);
}

/* --- the slowest: a heap with the fastest of them on top ------------------------- */

static void swap(struct trace **a, struct trace **b)
{
	struct trace *t = *a;

	*a = *b;
	*b = t;
}

static void sift_up(struct trace_run *run, size_t i)
{
	struct trace **heap = run->slowest;

	while (i && trace__duration_ns(heap[i]) < trace__duration_ns(heap[(i - 1) / 2])) {
		swap(&heap[i], &heap[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
}

static void sift_down(struct trace_run *run)
{
	struct trace **heap = run->slowest;
	size_t i = 0, least;

	for (;;) {
		least = i;
		for (size_t child = 2 * i + 1; child <= 2 * i + 2; child++)
			if (child < run->slowest_count &&
			    trace__duration_ns(heap[child]) < trace__duration_ns(heap[least]))
				least = child;
		if (least == i)
			return;
		swap(&heap[i], &heap[least]);
		i = least;
	}
}

static void drop_fastest(struct trace_run *run)
{
	run->slowest_size -= run->slowest[0]->size;
	trace__free(run->slowest[0]);
	run->slowest[0] = run->slowest[--run->slowest_count];
	sift_down(run);
}

static bool keep(struct trace_run *run, struct trace *trace)
{
	if (!run->slowest_max || trace->size > SLOWEST_SIZE_MAX)
		return false;
	if (run->slowest_count == run->slowest_max &&
	    trace__duration_ns(trace) <= trace__duration_ns(run->slowest[0]))
		return false;
	run->slowest_size += trace->size;
	if (run->slowest_count == run->slowest_max)
		drop_fastest(run);
	run->slowest[run->slowest_count++] = trace;
	sift_up(run, run->slowest_count - 1);
	while (run->slowest_size > SLOWEST_SIZE_MAX && run->slowest[0] != trace)
		drop_fastest(run);
	return true;
}

int trace_run__add(struct trace_run *run, struct trace *trace, bool *taken)
{
	int err = trace_stats__add(run->stats, trace);

	if (run->id_count < TRACE_IDS_SHOWN)
		run->ids[run->id_count++] = trace->id;
	*taken = keep(run, trace);
	return err;
}

static int compare_slowness(const void *a, const void *b)
{
	uint64_t x = trace__duration_ns(*(struct trace *const *)a);
	uint64_t y = trace__duration_ns(*(struct trace *const *)b);

	return x > y ? -1 : x < y;
}

void trace_run__sort(struct trace_run *run)
{
	qsort(run->slowest, run->slowest_count, sizeof(struct trace *), compare_slowness);
}

struct trace_source *trace_run__source(struct trace_run *run, const char *name,
				       const char *format, ...)
{
	struct trace_source *source = &run->sources[run->source_count];
	struct buf text = BUF_INIT;
	va_list args;

	if (run->source_count == TRACE_SOURCES_MAX)
		return NULL;
	va_start(args, format);
	buf__vprintf(&text, format, args);
	va_end(args);
	*source = (struct trace_source){ .name = name, .text = buf__take(&text, NULL) };
	if (!source->text)
		return NULL;
	run->source_count++;
	return source;
}

void trace_run__lost(struct trace_run *run, const char *name, uint64_t n)
{
	size_t i;

	for (i = 0; i < run->loss_count; i++)
		if (!strcmp(run->losses[i].name, name))
			break;
	if (i == TRACE_LOSSES_MAX)
		return;
	text_copy(run->losses[i].name, sizeof(run->losses[i].name), name);
	run->losses[i].n = n;
	if (i == run->loss_count)
		run->loss_count++;
}
