// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "sink/monitor_csv.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "model/reason.h"
#include "model/report.h"
#include "sink/fields.h"
#include "sink/output.h"

/* A row, or the header, which is made by the same walk so that they cannot disagree. */
struct row {
	struct buf text;
	const struct report *report;		/* NULL in the header */
	const struct report_interval *interval;
	uint64_t values[PPBPF_SUMMED_NR];	/* with the estimated parts scaled */
};

/* `n` in units of 10^-decimals; printf's point depends on the locale. */
static void put_decimal(struct row *row, const char *name, bool known, uint64_t n, int decimals)
{
	uint64_t unit = 1;

	if (row->text.length)
		buf__putc(&row->text, ',');
	if (!row->report) {
		buf__puts(&row->text, name);
		return;
	}
	if (!known)
		return;
	for (int i = 0; i < decimals; i++)
		unit *= 10;
	buf__printf(&row->text, "%" PRIu64, n / unit);
	if (decimals)
		buf__printf(&row->text, ".%0*" PRIu64, decimals, n % unit);
}

static bool is_known(const struct row *row, const struct metric *metric)
{
	return row->report && !metric_why_null(row->report, metric);
}

static void put_usage(struct row *row)
{
	static const struct report_interval none;
	const struct report_interval *interval = row->interval ? row->interval : &none;
	const struct report *report = row->report;

	put_decimal(row, "time", true, llround(interval->time * 1e6), 6);
	put_decimal(row, "interval_seconds", true, llround(interval->seconds * 1e6), 6);
	put_decimal(row, "cpu_percent", report && report->tracked[0],
		    llround(interval->cpu_percent * 1e3), 3);
	put_decimal(row, "memory_bytes", report && report->tracked[1], interval->resident_bytes, 0);
}

static uint64_t split_part(const struct ppbpf_split *split, uint32_t index)
{
	switch (index) {
	case SPLIT_ON_CPU:
		return split->on_cpu;
	case SPLIT_RUN_QUEUE:
		return split->run_queue;
	case SPLIT_THROTTLED:
		return split->throttled;
	default:
		return split->stolen;
	}
}

static void put_split(struct row *row)
{
	static const struct ppbpf_split none;
	const struct ppbpf_split *split = row->interval ? &row->interval->split : &none;
	bool followed = row->report && row->report->split_known;
	char name[64];

	for (size_t i = 0; i < metrics_count; i++)
		if (metrics[i].scope == METRIC_SPLIT)
			put_decimal(row, metrics[i].json, followed && is_known(row, &metrics[i]),
				    split_part(split, metrics[i].index), 6);
	for (int i = 0; i < PPBPF_REASON_NR; i++) {
		snprintf(name, sizeof(name), "blocked_%s", reasons[i].json);
		put_decimal(row, name, followed, split->blocked[i], 6);
	}
}

static int put_row(struct row *row, int fd)
{
	int err;

	put_usage(row);
	put_split(row);
	for (size_t i = 0; i < metrics_count; i++)
		if (metrics[i].scope == METRIC_PROCESS && metrics[i].index < PPBPF_SUMMED_NR)
			put_decimal(row, metrics[i].json, is_known(row, &metrics[i]),
				    row->values[metrics[i].index], 0);
	buf__putc(&row->text, '\n');
	err = output_write(fd, &row->text);
	buf__free(&row->text);
	return err;
}

int monitor_csv__header(int fd)
{
	struct row row = { .text = BUF_INIT };

	return put_row(&row, fd);
}

int monitor_csv__interval(int fd, const struct report *report,
			  const struct report_interval *interval)
{
	struct row row = { .text = BUF_INIT, .report = report, .interval = interval };

	memcpy(row.values, interval->values, sizeof(row.values));
	cpu_parts(row.values[PPBPF_CPU_NS], interval->values, false, &row.values[PPBPF_UTIME_NS],
		  &row.values[PPBPF_STIME_NS]);
	return put_row(&row, fd);
}
