// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "model/trace_stats.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/intern.h"
#include "model/operation.h"

/* Operations by their name, in the order in which they were first met. */
struct operations {
	struct intern *names;	/* "KIND SERVICE NUL NAME" */
	struct operation_stats **rows;
	size_t count;
	struct buf key;		/* of the span that is counted */
};

struct trace_stats {
	struct operations traces, inner;
	uint64_t trace_count, errors, spans;
	double sum_ns;
	size_t kept;		/* durations, of all operations */
	bool sampled;
};

struct trace_stats *trace_stats__new(void)
{
	struct trace_stats *stats = calloc(1, sizeof(*stats));

	if (!stats)
		return NULL;
	stats->traces.names = intern__new();
	stats->inner.names = intern__new();
	stats->traces.rows = calloc(OPERATIONS_MAX + 1, sizeof(*stats->traces.rows));
	stats->inner.rows = calloc(OPERATIONS_MAX + 1, sizeof(*stats->inner.rows));
	if (stats->traces.names && stats->inner.names && stats->traces.rows && stats->inner.rows)
		return stats;
	trace_stats__free(stats);
	return NULL;
}

static void free_operations(struct operations *operations)
{
	for (size_t i = 0; i < operations->count; i++) {
		free(operations->rows[i]->durations);
		free(operations->rows[i]);
	}
	free(operations->rows);
	buf__free(&operations->key);
	intern__free(operations->names);
}

void trace_stats__free(struct trace_stats *stats)
{
	if (!stats)
		return;
	free_operations(&stats->traces);
	free_operations(&stats->inner);
	free(stats);
}

uint64_t trace_stats__traces(const struct trace_stats *stats)
{
	return stats->trace_count;
}

uint64_t trace_stats__errors(const struct trace_stats *stats)
{
	return stats->errors;
}

uint64_t trace_stats__spans(const struct trace_stats *stats)
{
	return stats->spans;
}

bool trace_stats__sampled(const struct trace_stats *stats)
{
	return stats->sampled;
}

static void write_key(struct buf *key, const struct span *span)
{
	buf__putc(key, '0' + span->kind);
	buf__puts(key, span->resource->service);
	buf__putc(key, '\0');
	operation_of(key, span);
}

/* The row of a name that is there, or a new one; NULL: no memory. */
static struct operation_stats *row_of(struct operations *operations, const struct buf *key)
{
	struct operation_stats *row;
	bool added;
	int number = intern__add(operations->names, key->data, key->length, &added);
	const char *text;

	if (number < 0)
		return NULL;
	if (!added)
		return operations->rows[number];
	row = calloc(1, sizeof(*row));
	if (!row)
		return NULL;
	text = intern__get(operations->names, number, NULL);
	row->kind = text[0] - '0';
	row->service = text + 1;
	row->name = row->service + strlen(row->service) + 1;
	operations->rows[operations->count++] = row;
	return row;
}

/* Without asking the names for one that may not be added any more. */
static struct operation_stats *known_row(const struct operations *operations,
					 const struct buf *key)
{
	const struct operation_stats *row;

	for (size_t i = 0; i < operations->count; i++) {
		size_t length;
		const char *text = intern__get(operations->names, i, &length);

		row = operations->rows[i];
		if (length == key->length && !memcmp(text, key->data, length))
			return (struct operation_stats *)row;
	}
	return NULL;
}

static struct operation_stats *find_row(struct operations *operations, const struct span *span)
{
	struct operation_stats *row = NULL;
	struct buf *key = &operations->key;

	buf__truncate(key, 0);
	write_key(key, span);
	if (!key->error && operations->count >= OPERATIONS_MAX)
		row = known_row(operations, key);
	if (!key->error && !row && operations->count >= OPERATIONS_MAX) {
		buf__truncate(key, 0);
		buf__append(key, "0\0" OPERATION_REST, 2 + strlen(OPERATION_REST));
	}
	return key->error || row ? row : row_of(operations, key);
}

static int grow(struct operation_stats *row)
{
	size_t capacity = row->capacity ? row->capacity * 2 : 16;
	uint64_t *durations = realloc(row->durations, capacity * sizeof(*durations));

	if (!durations)
		return -ENOMEM;
	row->durations = durations;
	row->capacity = capacity;
	return 0;
}

/* Vitter's algorithm R, once there is no more room: each has the same chance to be kept. */
static int keep_duration(struct trace_stats *stats, struct operation_stats *row, uint64_t ns)
{
	uint64_t place;

	if (stats->kept < DURATIONS_MAX || !row->kept) {
		if (row->kept == row->capacity && grow(row))
			return -ENOMEM;
		row->durations[row->kept++] = ns;
		stats->kept++;
		return 0;
	}
	stats->sampled = true;
	place = random_id() % row->count;
	if (place < row->kept)
		row->durations[place] = ns;
	return 0;
}

static int count(struct trace_stats *stats, struct operations *operations,
		 const struct span *span, size_t spans, bool error)
{
	struct operation_stats *row = find_row(operations, span);
	uint64_t ns = span__duration_ns(span);

	if (!row)
		return -ENOMEM;
	row->count++;
	row->spans += spans;
	row->errors += error;
	row->sum_ns += ns;
	return keep_duration(stats, row, ns);
}

int trace_stats__add(struct trace_stats *stats, const struct trace *trace)
{
	int err = count(stats, &stats->traces, trace->root, trace->span_count, trace->errors > 0);

	stats->trace_count++;
	stats->spans += trace->span_count;
	stats->errors += trace->errors > 0;
	stats->sum_ns += trace__duration_ns(trace);
	for (const struct span *s = trace->spans; s && !err; s = s->next)
		if (s != trace->root)
			err = count(stats, &stats->inner, s, 1, span__is_error(s));
	return err;
}

int trace_stats__add_late(struct trace_stats *stats, const struct span *span, bool first_error)
{
	stats->spans++;
	stats->errors += first_error;
	return count(stats, &stats->inner, span, 1, span__is_error(span));
}

/* --- figures ------------------------------------------------------------------ */

static int compare_numbers(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* As numpy and R have it by default (Hyndman and Fan's type 7). */
static double quantile(const uint64_t *sorted, size_t count, double share)
{
	double place = share * (count - 1);
	size_t below = place;

	if (below + 1 >= count)
		return sorted[count - 1];
	return sorted[below] + (place - below) * ((double)sorted[below + 1] - sorted[below]);
}

static void figures_of(uint64_t *durations, size_t count, double average,
		       struct duration_figures *out)
{
	if (!count) {
		*out = (struct duration_figures){ NAN, NAN, NAN, NAN, NAN };
		return;
	}
	qsort(durations, count, sizeof(*durations), compare_numbers);
	out->average = average;
	out->p50 = quantile(durations, count, 0.5);
	out->p95 = quantile(durations, count, 0.95);
	out->p99 = quantile(durations, count, 0.99);
	out->max = durations[count - 1];
}

int trace_stats__figures(const struct trace_stats *stats, struct duration_figures *out)
{
	const struct operations *operations = &stats->traces;
	uint64_t *all;
	size_t kept = 0;

	for (size_t i = 0; i < operations->count; i++)
		kept += operations->rows[i]->kept;
	all = malloc((kept + 1) * sizeof(*all));
	if (!all)
		return -ENOMEM;
	kept = 0;
	for (size_t i = 0; i < operations->count; i++) {
		const struct operation_stats *row = operations->rows[i];

		memcpy(all + kept, row->durations, row->kept * sizeof(*all));
		kept += row->kept;
	}
	figures_of(all, kept, stats->sum_ns / stats->trace_count, out);
	free(all);
	return 0;
}

int operation_stats__figures(const struct operation_stats *operation,
			     struct duration_figures *out)
{
	uint64_t *copy = malloc((operation->kept + 1) * sizeof(*copy));

	if (!copy)
		return -ENOMEM;
	memcpy(copy, operation->durations, operation->kept * sizeof(*copy));
	figures_of(copy, operation->kept, operation->sum_ns / operation->count, out);
	free(copy);
	return 0;
}

static int compare_counts(const void *a, const void *b)
{
	const struct operation_stats *x = *(const struct operation_stats *const *)a;
	const struct operation_stats *y = *(const struct operation_stats *const *)b;

	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	return strcmp(x->name, y->name);
}

static int compare_sums(const void *a, const void *b)
{
	const struct operation_stats *x = *(const struct operation_stats *const *)a;
	const struct operation_stats *y = *(const struct operation_stats *const *)b;

	return x->sum_ns > y->sum_ns ? -1 : x->sum_ns < y->sum_ns;
}

static int sorted(const struct operations *operations, const struct operation_stats ***out,
		  int (*compare)(const void *, const void *))
{
	*out = calloc(operations->count + 1, sizeof(**out));
	if (!*out)
		return -ENOMEM;
	memcpy(*out, operations->rows, operations->count * sizeof(**out));
	qsort(*out, operations->count, sizeof(**out), compare);
	return operations->count;
}

int trace_stats__operations(const struct trace_stats *stats, const struct operation_stats ***out)
{
	return sorted(&stats->traces, out, compare_counts);
}

int trace_stats__inner(const struct trace_stats *stats, const struct operation_stats ***out)
{
	return sorted(&stats->inner, out, compare_sums);
}
