// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "model/bench_report.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct bench_report *bench_report__new(void)
{
	return calloc(1, sizeof(struct bench_report));
}

void bench_report__free(struct bench_report *report)
{
	if (!report)
		return;
	for (size_t i = 1; i < report->version_count && report->comparisons; i++)
		compare_report__free(report->comparisons[i - 1]);
	free(report->comparisons);
	for (size_t i = 0; i < report->version_count; i++)
		bench_results__free(report->versions[i]);
	for (size_t i = 0; i < report->warning_count; i++)
		free(report->warnings[i]);
	free(report->versions);
	free(report->warnings);
	free(report->output_dir);
	free(report->all.results);
	free(report);
}

struct bench_results *bench_report__add(struct bench_report *report, const char *release,
					double timestamp)
{
	size_t count = report->version_count;
	struct bench_results **more = realloc(report->versions, (count + 1) * sizeof(*more));
	struct bench_results *results;

	if (!more)
		return NULL;
	report->versions = more;
	results = bench_results__new();
	if (!results)
		return NULL;
	results->release = strdup(release);
	if (!results->release) {
		bench_results__free(results);
		return NULL;
	}
	results->timestamp = timestamp;
	more[report->version_count++] = results;
	return results;
}

int bench_report__warn(struct bench_report *report, const char *format, ...)
{
	size_t count = report->warning_count;
	char **more = realloc(report->warnings, (count + 1) * sizeof(*more));
	va_list args;
	int length;

	if (!more)
		return -ENOMEM;
	report->warnings = more;
	va_start(args, format);
	length = vasprintf(&more[count], format, args);
	va_end(args);
	if (length < 0)
		return -ENOMEM;
	report->warning_count++;
	return 0;
}

struct bench_results *bench_report__current(const struct bench_report *report)
{
	return report->version_count ? report->versions[report->version_count - 1] : NULL;
}

int bench_report__view(struct bench_report *report)
{
	const struct bench_results *current = bench_report__current(report);
	struct bench_result *results;
	size_t count = 0, at = 0;

	if (!current)
		return 0;
	for (size_t i = 0; i < report->version_count; i++)
		count += report->versions[i]->count;
	results = calloc(count + 1, sizeof(*results));
	if (!results)
		return -ENOMEM;
	for (size_t i = 0; i < report->version_count; i++)
		for (size_t j = 0; j < report->versions[i]->count; j++) {
			results[at] = report->versions[i]->results[j];
			if (!results[at].release)
				results[at].release = report->versions[i]->release;
			at++;
		}
	free(report->all.results);
	report->all = *current;
	report->all.results = results;
	report->all.count = count;
	return 0;
}

void bench_report__summarize(const struct bench_report *report, struct bench_summary *summary)
{
	double times = 0, throughput = 0;
	size_t count = 0;

	*summary = (struct bench_summary){ NAN, NAN, NAN, 0 };
	for (size_t i = 0; i < report->all.count; i++) {
		const struct bench_result *result = &report->all.results[i];

		summary->failed += result->failure != NULL;
		if (isnan(result->avg_ms))
			continue;
		if (!count++)
			summary->total_duration_ms = 0;
		summary->total_duration_ms += result->duration_ms;
		times += result->avg_ms;
		throughput += isnan(result->throughput) ? 0 : result->throughput;
	}
	if (!count)
		return;
	summary->avg_time_ms = times / count;
	summary->avg_throughput = throughput / count;
}
