// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "sink/bench_table.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/term.h"
#include "base/text.h"
#include "base/units.h"
#include "model/bench_report.h"
#include "model/reason.h"
#include "sink/output.h"
#include "sink/page.h"
#include "sink/split_bar.h"

#define MARK 2
#define NUMBER 10
#define MEAN 21		/* "52.1 ms ± 0.81 ms" */
#define BINS 10
#define BAR 24
#define NAME_MIN 9
#define OUTLIERS_SHOWN 3

struct bench_table {
	int fd;
	struct term term;
	int name_width;
	bool histogram;
};

struct bench_table *bench_table__new(int fd, int name_width)
{
	struct bench_table *table = calloc(1, sizeof(*table));
	int room;

	if (!table)
		return NULL;
	table->fd = fd;
	term__detect(&table->term, fd);
	table->histogram = table->term.width >= 80;
	room = table->term.width - MARK - MEAN - 3 * NUMBER - (table->histogram ? BINS + 2 : 0);
	table->name_width = name_width < room ? name_width : room;
	if (table->name_width < NAME_MIN)
		table->name_width = NAME_MIN;
	return table;
}

void bench_table__free(struct bench_table *table)
{
	free(table);
}

static int put(struct bench_table *table, struct page *page)
{
	int err = page__error(page);

	if (!err)
		err = output_write(table->fd, &page->out);
	page__free(page);
	return err;
}

int bench_table__header(struct bench_table *table, const char *title, size_t benchmarks)
{
	char count[UNITS_TEXT];
	struct page page;

	page__init(&page, &table->term);
	page__style(&page, PAGE_BOLD);
	page__text(&page, "%s", title);
	page__style(&page, PAGE_PLAIN);
	page__dot(&page);
	page__text(&page, "%s benchmark%s", format_count(count, benchmarks),
		   benchmarks == 1 ? "" : "s");
	page__end_line(&page);
	page__end_line(&page);
	page__style(&page, PAGE_DIM);
	page__to(&page, MARK);
	page__column(&page, "benchmark", -table->name_width);
	page__column(&page, table->term.utf8 ? "mean ± sd" : "mean +- sd", MEAN);
	page__column(&page, "median", NUMBER);
	page__column(&page, "min", NUMBER);
	page__column(&page, "max", NUMBER);
	page__end_line(&page);
	return put(table, &page);
}

static char *format_ms(char *out, double ms)
{
	return format_duration(out, ms * 1e6);
}

static void print_histogram(struct page *page, const struct bench_result *result)
{
	double counts[BINS] = { 0 }, width = (result->max_ms - result->min_ms) / BINS;
	struct buf line = BUF_INIT;

	for (size_t i = 0; i < result->run_count; i++) {
		double ms = result->runs[i].ms[BENCH_WALL];
		size_t bin = width > 0 ? (ms - result->min_ms) / width : 0;

		if (!isnan(ms))
			counts[bin < BINS ? bin : BINS - 1]++;
	}
	page__text(page, "  ");
	term_sparkline(&line, counts, BINS, BINS, page->term->utf8);
	page__glyphs(page, buf__str(&line));
	buf__free(&line);
}

static void print_numbers(struct bench_table *table, struct page *page,
			  const struct bench_result *result)
{
	const double values[] = { result->median_ms, result->min_ms, result->max_ms };
	char text[UNITS_TEXT], mean[2 * UNITS_TEXT + 8];

	format_ms(mean, result->avg_ms);
	if (!isnan(result->std_dev_ms))
		snprintf(mean + strlen(mean), UNITS_TEXT + 8, " %s %s",
			 table->term.utf8 ? "±" : "+-", format_ms(text, result->std_dev_ms));
	page__column(page, mean, MEAN);
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		page__column(page, format_ms(text, values[i]), NUMBER);
	if (table->histogram)
		print_histogram(page, result);
}

/* The mean of a part over the runs; NaN where one of them does not know it. */
static double mean_of(const struct bench_result *result, enum bench_time part)
{
	double sum = 0;

	for (size_t i = 0; i < result->run_count; i++)
		sum += result->runs[i].ms[part];
	return sum / result->run_count;
}

struct share {
	const char *name;
	double ms;
};

static int by_share(const void *a, const void *b)
{
	const struct share *x = a, *y = b;

	return (x->ms < y->ms) - (x->ms > y->ms);
}

static void print_shares(struct page *page, const struct bench_result *result, double task)
{
	struct share shares[PPBPF_REASON_NR + 4] = {
		{ "on CPU", mean_of(result, BENCH_ON_CPU) },
		{ "waiting for a CPU", mean_of(result, BENCH_RUN_QUEUE) },
		{ "throttled", mean_of(result, BENCH_THROTTLED) },
		{ "stolen", mean_of(result, BENCH_STOLEN) },
	};
	char text[UNITS_TEXT], bytes[UNITS_TEXT], note[2 * UNITS_TEXT];

	for (int i = 0; i < PPBPF_REASON_NR; i++)
		shares[4 + i] = (struct share){ reasons[i].name,
						mean_of(result, BENCH_BLOCKED + i) };
	for (size_t i = 0; i < sizeof(shares) / sizeof(shares[0]); i++)
		if (isnan(shares[i].ms))
			shares[i].ms = -1;
	qsort(shares, sizeof(shares) / sizeof(shares[0]), sizeof(shares[0]), by_share);
	for (size_t i = 0; i < 4; i++)
		if (shares[i].ms > 0.005 * task) {
			snprintf(note, sizeof(note), "%s %s", shares[i].name,
				 format_ms(text, shares[i].ms));
			page__note(page, MARK + BAR + 2, note);
		}
	if (!isnan(result->memory_peak_bytes)) {
		snprintf(note, sizeof(note), "peak %s",
			 format_bytes(bytes, result->memory_peak_bytes));
		page__note(page, MARK + BAR + 2, note);
	}
}

static void print_split(struct page *page, const struct bench_result *result)
{
	double task = mean_of(result, BENCH_TASK), stolen = mean_of(result, BENCH_STOLEN);
	double throttled = mean_of(result, BENCH_THROTTLED);
	double parts[SPLIT_BAR_PARTS] = { mean_of(result, BENCH_ON_CPU),
					  mean_of(result, BENCH_RUN_QUEUE),
					  stolen + (isnan(throttled) ? 0 : throttled) };

	if (isnan(task))
		task = mean_of(result, BENCH_ON_CPU);
	if (isnan(task))
		return;
	for (int i = 0; i < PPBPF_REASON_NR; i++)
		parts[3] += mean_of(result, BENCH_BLOCKED + i);
	page__to(page, MARK);
	if (!isnan(mean_of(result, BENCH_TASK)))
		split_bar__print(page, parts, task, BAR);
	page__to(page, MARK + BAR + 2);
	print_shares(page, result, task);
	page__end_line(page);
}

static void print_outliers(struct page *page, const struct bench_result *result)
{
	size_t count = 0, shown = 0;

	for (size_t i = 0; i < result->run_count; i++)
		count += result->runs[i].outlier != NULL;
	if (!count)
		return;
	page__to(page, MARK);
	page__text(page, "%zu outlier%s:", count, count == 1 ? "" : "s");
	for (size_t i = 0; i < result->run_count && shown < OUTLIERS_SHOWN; i++)
		if (result->runs[i].outlier) {
			struct buf text = BUF_INIT;

			buf__printf(&text, "%s iteration %zu %s", shown++ ? "," : "", i + 1,
				    result->runs[i].outlier);
			page__words(page, MARK + 2, buf__str(&text));
			buf__free(&text);
		}
	if (count > shown)
		page__words(page, MARK + 2, ", ...");
	page__end_line(page);
}

static void print_latency(struct page *page, const struct bench_result *result)
{
	static const struct { enum bench_latency_value value; const char *name; } shown[] = {
		{ BENCH_LATENCY_P50, "p50" }, { BENCH_LATENCY_P95, "p95" },
		{ BENCH_LATENCY_P99, "p99" }, { BENCH_LATENCY_P999, "p99.9" },
		{ BENCH_LATENCY_MAX, "max" },
	};
	const struct bench_latency *latency = result->latency;
	char text[UNITS_TEXT];

	if (!latency)
		return;
	page__to(page, MARK);
	page__text(page, "%s calls", format_count(text, latency->count));
	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
		page__dot(page);
		page__text(page, "%s %s", shown[i].name,
			   format_ms(text, latency->values[shown[i].value]));
	}
	page__end_line(page);
}

static void print_warnings(struct page *page, char *const *warnings, size_t count, int indent)
{
	for (size_t i = 0; i < count; i++) {
		page__to(page, indent);
		page__style(page, PAGE_YELLOW);
		page__text(page, "warning: ");
		page__style(page, PAGE_PLAIN);
		page__words(page, indent + 2, warnings[i]);
		page__end_line(page);
	}
}

static void print_mark(struct page *page, bool failed)
{
	page__style(page, failed ? PAGE_RED : PAGE_GREEN);
	page__glyphs(page, page->term->utf8 ? (failed ? "✗" : "✓") : failed ? "x" : "+");
	page__style(page, PAGE_PLAIN);
	page__to(page, MARK);
}

int bench_table__result(struct bench_table *table, const struct bench_result *result,
			const char *release)
{
	struct buf name = BUF_INIT, failure = BUF_INIT;
	struct page page;

	page__init(&page, &table->term);
	print_mark(&page, result->failure);
	buf__puts(&name, result->name);
	if (release)
		buf__printf(&name, " (%s)", release);
	page__column(&page, buf__str(&name), -table->name_width);
	buf__free(&name);
	if (result->failure) {
		buf__printf(&failure, "  failed: %s", result->failure);
		page__words(&page, MARK + 2, buf__str(&failure));
		buf__free(&failure);
		page__end_line(&page);
	} else {
		print_numbers(table, &page, result);
		page__end_line(&page);
		print_latency(&page, result);
		print_split(&page, result);
		print_outliers(&page, result);
	}
	print_warnings(&page, result->warnings, result->warning_count, MARK);
	return put(table, &page);
}

static void print_files(struct page *page, const struct bench_report *report)
{
	for (size_t i = 0; i < report->version_count; i++)
		if (report->versions[i]->path) {
			page__text(page, "saved %s", report->versions[i]->path);
			page__end_line(page);
		}
}

static void print_cost(struct page *page, const struct bench_report *report)
{
	const struct report_self *self = &report->self;
	double cpu = self->user_seconds + self->system_seconds;
	char lost[UNITS_TEXT], time[UNITS_TEXT], memory[UNITS_TEXT];

	if (report->lost_exits)
		page__text(page, "lost: %s exit records", format_count(lost, report->lost_exits));
	else if (report->lost_calls)
		page__text(page, "lost: %s calls, not seen whole",
			   format_count(lost, report->lost_calls));
	else
		page__text(page, "nothing lost");
	page__dot(page);
	page__text(page, "own cost %s of CPU, %s", format_duration(time, cpu * 1e9),
		   format_bytes(memory, self->resident_bytes));
	page__end_line(page);
}

static void print_next(struct page *page, const struct bench_report *report)
{
	const struct bench_results *current = bench_report__current(report);
	bool measured = false;

	for (size_t i = 0; current && i < current->count; i++)
		measured |= !current->results[i].failure;
	if (!measured || !current->path || report->version_count > 1)
		return;
	page__text(page, "next: ppbpf compare %s --baseline RELEASE", current->path);
	page__end_line(page);
}

int bench_table__end(struct bench_table *table, const struct bench_report *report)
{
	struct page page;

	page__init(&page, &table->term);
	page__end_line(&page);
	print_warnings(&page, report->warnings, report->warning_count, 0);
	print_files(&page, report);
	print_cost(&page, report);
	print_next(&page, report);
	return put(table, &page);
}
