// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "op/bench_compare.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/term.h"
#include "model/compare.h"
#include "op/bench.h"
#include "sink/compare_table.h"
#include "sink/report_md.h"

static bool pair_is_open(struct bench *bench, const struct bench_contender *baseline,
			 const struct bench_contender *current)
{
	const struct compare_options options = {
		.threshold = bench->options->threshold,
		.level = COMPARE_LEVEL_LOOK,
		.method = METHOD_INTERLEAVED,
	};
	struct comparison comparison;
	bool open;

	if (bench_result__summarize(contender_result(baseline), 1) ||
	    bench_result__summarize(contender_result(current), 1) ||
	    compare_pair(bench->stats, contender_result(baseline), contender_result(current),
			 &options, &comparison))
		return false;
	open = comparison__is_open(&comparison);
	comparison__clear(&comparison);
	return open;
}

bool bench_compare__is_open(const struct bench_contender *contenders, size_t count, void *context)
{
	struct bench *bench = context;
	bool open = false;

	if (!bench->stats)
		bench->stats = stats__new();
	for (size_t i = 1; i < count && bench->stats && !open; i++)
		open = pair_is_open(bench, &contenders[0], &contenders[i]);
	return open;
}

int bench_compare__finish(struct bench *bench)
{
	struct bench_report *report = bench->report;

	if (report->version_count < 2)
		return 0;
	report->comparisons = calloc(report->version_count, sizeof(struct compare_report *));
	if (!report->comparisons)
		return -ENOMEM;
	for (size_t i = 1; i < report->version_count; i++) {
		report->comparisons[i - 1] = compare_report__new(report->versions[0],
								 report->versions[i],
								 bench->options->threshold);
		if (!report->comparisons[i - 1])
			return -ENOMEM;
	}
	return 0;
}

bool bench_compare__is_bad_news(const struct bench *bench)
{
	const struct bench_report *report = bench->report;

	for (size_t i = 1; i < report->version_count && report->comparisons; i++) {
		const struct compare_report *c = report->comparisons[i - 1];

		if (c && (c->by_verdict[VERDICT_REGRESSION] ||
			  (bench->options->strict && c->by_verdict[VERDICT_INCONCLUSIVE])))
			return true;
	}
	return false;
}

void bench_compare__print(const struct bench *bench, int fd)
{
	const struct bench_report *report = bench->report;
	const struct compare_table table = { .all = true };
	struct term term;
	FILE *stream;
	int copy;

	if (!report->comparisons)
		return;
	term__detect(&term, fd);
	copy = dup(fd);
	stream = copy < 0 ? NULL : fdopen(copy, "w");
	for (size_t i = 1; i < report->version_count && stream; i++) {
		fputs("\n", stream);
		compare_table__write(stream, report->comparisons[i - 1], &table, &term);
	}
	if (stream)
		fclose(stream);
	else if (copy >= 0)
		close(copy);
}

int bench_annotations(FILE *out, const struct bench_report *report)
{
	int err = 0;

	for (size_t i = 1; i < report->version_count && report->comparisons && !err; i++)
		err = compare_annotations__write(out, report->comparisons[i - 1]);
	return err;
}

int bench_job_summary(FILE *out, const struct bench_report *report)
{
	struct report_view view = { .results = bench_report__current(report) };
	int err = 0;

	if (!report->comparisons)
		return view.results && view.results->count ? report_md__write(out, &view) : 0;
	for (size_t i = 1; i < report->version_count && !err; i++) {
		view.comparison = report->comparisons[i - 1];
		err = report_md__write(out, &view);
	}
	return err;
}
