// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "sink/monitor_jsonl.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "model/report.h"
#include "sink/fields.h"
#include "sink/monitor_json_parts.h"
#include "sink/output.h"

static void json_usage(struct fields *fields, const struct report *report,
		       const struct report_interval *interval)
{
	if (report->tracked[0])
		fields__number(fields, "cpu_percent", interval->cpu_percent, 3);
	else
		fields__null(fields, "cpu_percent", tracked_why_null(0));
	if (report->tracked[1]) {
		fields__mb(fields, "memory_mb", interval->resident_bytes);
		fields__u64(fields, "memory_bytes", interval->resident_bytes);
	} else {
		fields__null(fields, "memory_mb", tracked_why_null(1));
		fields__null(fields, "memory_bytes", tracked_why_null(1));
	}
}

static void json_sums(struct fields *fields, const struct report_interval *interval)
{
	uint64_t values[PPBPF_SUMMED_NR];

	memcpy(values, interval->values, sizeof(values));
	cpu_parts(values[PPBPF_CPU_NS], interval->values, false, &values[PPBPF_UTIME_NS],
		  &values[PPBPF_STIME_NS]);
	for (size_t i = 0; i < metrics_count; i++)
		if (metrics[i].scope == METRIC_PROCESS && metrics[i].index < PPBPF_SUMMED_NR)
			fields__metric(fields, &metrics[i], values[metrics[i].index]);
}

static void json_row(struct fields *fields, const struct report *report,
		     const struct process *process, uint64_t *values, double seconds)
{
	cpu_parts(values[PPBPF_CPU_NS], values, process->kthread, &values[PPBPF_UTIME_NS],
		  &values[PPBPF_STIME_NS]);
	fields__object_begin(fields, NULL);
	fields__u64(fields, "pid", process->pid);
	if (process->pid != process->tgid)
		fields__u64(fields, "host_pid", process->tgid);
	fields__comm(fields, "comm", process->comm);
	fields__bool(fields, "ended", process->ended);
	if (report->tracked[0] && seconds > 0)
		fields__number(fields, "cpu_percent", values[PPBPF_CPU_NS] / seconds / 1e7, 3);
	for (size_t i = 0; i < metrics_count; i++) {
		const struct metric *metric = &metrics[i];

		if (metric->scope == METRIC_PROCESS && metric->index < PPBPF_SUMMED_NR &&
		    values[metric->index] && !metric_why_null(report, metric))
			fields__u64(fields, metric->json, values[metric->index]);
	}
	fields__object_end(fields);
}

static void json_changed(struct fields *fields, const struct report *report, double seconds)
{
	uint64_t values[PPBPF_SUMMED_NR];
	struct process *process;

	fields__array_begin(fields, "processes");
	for (process = tasks__first(report->tasks); process; process = process->next) {
		const struct process_figures *figures = process->figures;

		if (!figures || !memcmp(figures->values, figures->previous, sizeof(values)))
			continue;
		for (size_t i = 0; i < PPBPF_SUMMED_NR; i++)
			values[i] = figures->values[i] - figures->previous[i];
		json_row(fields, report, process, values, seconds);
	}
	fields__array_end(fields);
}

static int json_line(struct json *json, const struct report *report,
		     const struct report_interval *interval)
{
	struct fields *fields = fields__new(json, report);
	const struct split_source split = {
		.split = report->split_known ? &interval->split : NULL,
		.values = interval->values,
		.wall_ns = llround(interval->seconds * 1e9),
		.life_unknown = true,
	};
	int err;

	if (!fields)
		return -ENOMEM;
	fields__object_begin(fields, NULL);
	fields__number(fields, "time", interval->time, 6);
	fields__number(fields, "interval_seconds", interval->seconds, 6);
	json_usage(fields, report, interval);
	json_time_split(fields, report, &split);
	json_sums(fields, interval);
	json_changed(fields, report, interval->seconds);
	err = fields__unavailable(fields, "unavailable");
	fields__object_end(fields);
	fields__free(fields);
	return err;
}

int monitor_jsonl__interval(int fd, const struct report *report,
			    const struct report_interval *interval)
{
	struct buf line = BUF_INIT;
	struct json *json = json__new_buf(&line, JSON_COMPACT);
	int err = -ENOMEM;

	if (json) {
		err = json_line(json, report, interval);
		if (!err)
			err = json__finish(json);
	}
	if (!err)
		err = output_write(fd, &line);
	json__free(json);
	buf__free(&line);
	return err;
}
