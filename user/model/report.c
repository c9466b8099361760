// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "model/report.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SERIES_LIMIT 10000	/* even: values are merged in pairs */

struct report *report__new(void)
{
	struct report *report = calloc(1, sizeof(*report));

	if (report)
		report->command_status = -1;
	return report;
}

void report__free(struct report *report)
{
	if (!report)
		return;
	for (size_t i = 0; i < report->missing_count; i++) {
		free(report->missing[i].name);
		free(report->missing[i].why);
	}
	for (size_t i = 0; i < report->warning_count; i++)
		free(report->warnings[i]);
	free(report->missing);
	free(report->warnings);
	free(report->blames);
	free(report->disks);
	free(report->interfaces);
	free(report->self.programs);
	free(report->target);
	series__free(&report->cpu);
	series__free(&report->memory);
	tasks__free(report->tasks);
	free(report);
}

const char *report__why_missing(const struct report *report, const char *name)
{
	for (size_t i = 0; i < report->missing_count; i++)
		if (!strcmp(report->missing[i].name, name))
			return report->missing[i].why;
	return NULL;
}

/* One more element, for lists of a few: returns the array, perhaps moved, or NULL. */
static void *grow(void *array, size_t count, size_t size)
{
	return reallocarray(array, count + 1, size);
}

static int missing_add(struct report *report, char *name, char *why)
{
	struct report_missing *missing;

	if (!name || !why)
		return -ENOMEM;
	missing = grow(report->missing, report->missing_count, sizeof(*missing));
	if (!missing)
		return -ENOMEM;
	report->missing = missing;
	missing[report->missing_count++] = (struct report_missing){ name, why };
	return 0;
}

int report__missing(struct report *report, const char *name, const char *why, ...)
{
	char *text = NULL, *copy;
	va_list args;
	int err;

	if (report__why_missing(report, name))
		return 0;
	va_start(args, why);
	if (vasprintf(&text, why, args) < 0)
		text = NULL;
	va_end(args);
	copy = strdup(name);
	err = missing_add(report, copy, text);
	if (err) {
		free(copy);
		free(text);
	}
	return err;
}

int report__warn(struct report *report, const char *why, ...)
{
	char *text, **warnings;
	va_list args;
	int length;

	va_start(args, why);
	length = vasprintf(&text, why, args);
	va_end(args);
	if (length < 0)
		return -ENOMEM;
	warnings = grow(report->warnings, report->warning_count, sizeof(*warnings));
	if (!warnings) {
		free(text);
		return -ENOMEM;
	}
	report->warnings = warnings;
	warnings[report->warning_count++] = text;
	return 0;
}

const char *counter_loss_name(enum ppbpf_counter counter)
{
	static const char *const names[PPBPF_COUNTER_NR] = {
		[PPBPF_LOST_EVENTS_EXIT] = "events_exit",
		[PPBPF_LOST_EVENTS_EXEC] = "events_exec",
		[PPBPF_LOST_EVENTS_OOM] = "events_oom",
		[PPBPF_LOST_TASK_STATE] = "task_state",
		[PPBPF_LOST_BLAME] = "blame",
		[PPBPF_LOST_BLOCK_REQUESTS] = "block_requests",
		[PPBPF_LOST_DISKS] = "disks",
		[PPBPF_LOST_PROGRAM_RUNS] = "program_runs",
	};

	return names[counter];
}

static int series_reserve(struct series *series)
{
	size_t capacity = series->capacity ? series->capacity * 2 : 64;
	double *values, *times;

	if (series->count < series->capacity)
		return 0;
	if (capacity > SERIES_LIMIT)
		capacity = SERIES_LIMIT;
	values = reallocarray(series->values, capacity, sizeof(*values));
	if (!values)
		return -ENOMEM;
	series->values = values;
	times = reallocarray(series->times, capacity, sizeof(*times));
	if (!times)
		return -ENOMEM;
	series->times = times;
	series->capacity = capacity;
	return 0;
}

static void series_halve(struct series *series)
{
	for (size_t i = 0; i < series->count / 2; i++) {
		series->values[i] = fmax(series->values[2 * i], series->values[2 * i + 1]);
		series->times[i] = series->times[2 * i + 1];
	}
	series->count /= 2;
	series->stride *= 2;
}

/* Of all intervals, however few of their values are kept. */
static void series_account(struct series *series, double seconds, double value)
{
	bool is_first = series->count == 0;

	series->sum += value * seconds;
	series->weight += seconds;
	series->peak = is_first ? value : fmax(series->peak, value);
	series->low = is_first ? value : fmin(series->low, value);
	series->last = value;
	if (is_first)
		series->first = value;
}

int series__add(struct series *series, double time, double seconds, double value)
{
	size_t at;

	if (!series->stride)
		series->stride = 1;
	if (!series->pending) {
		if (series->count == SERIES_LIMIT)
			series_halve(series);
		if (series_reserve(series))
			return -ENOMEM;
	}
	series_account(series, seconds, value);
	at = series->pending ? series->count - 1 : series->count++;
	series->values[at] = series->pending ? fmax(series->values[at], value) : value;
	series->times[at] = time;
	series->pending = (series->pending + 1) % series->stride;
	return 0;
}

double series__average(const struct series *series)
{
	return series->weight > 0 ? series->sum / series->weight : NAN;
}

double report__memory_peak(const struct report *report)
{
	double peak = report->memory.peak;
	struct process *process;

	if (report->machine_wide || !report->tasks)
		return peak;
	peak = fmax(peak, report->waited_peak_bytes);
	for (process = tasks__first(report->tasks); process; process = process->next) {
		double own = process__value(process, PPBPF_PEAK_RSS_BYTES);

		/* an older process may have had its peak before the measurement */
		if ((!process->existed || process->execed) && own > peak)
			peak = own;
	}
	return peak;
}

void series__free(struct series *series)
{
	free(series->values);
	free(series->times);
	memset(series, 0, sizeof(*series));
}
