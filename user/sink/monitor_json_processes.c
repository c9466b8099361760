// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "sink/monitor_json_parts.h"

#include <math.h>
#include <string.h>
#include <sys/wait.h>

#include "model/reason.h"
#include "sink/fields.h"

#define WHY_NOT_FOLLOWED \
	"reasons are kept for targets: name one with --pid, --comm, --cgroup or -- COMMAND"

void json_quantile(struct fields *fields, const char *key, double ns, const char *why_empty)
{
	if (isnan(ns))
		fields__null(fields, key, why_empty);
	else
		fields__number(fields, key, ns / 1e6, 6);
}

/* A part of the split under its own key, when the metrics behind it are known. */
static void json_part(struct fields *fields, const char *key, const char *why, uint64_t ns)
{
	if (why)
		fields__null(fields, key, why);
	else
		fields__ms(fields, key, ns);
}

static const char *why_null(const struct report *report, enum metric_scope scope, uint32_t index)
{
	return metric_why_null(report, metric_of(scope, index));
}

static void json_on_cpu(struct fields *fields, const struct report *report,
			const struct split_source *source, uint64_t on_cpu, const char *why)
{
	uint64_t user, kernel;

	cpu_parts(on_cpu, source->values, source->kthread, &user, &kernel);
	json_part(fields, "on_cpu_ms", why, on_cpu);
	json_part(fields, "on_cpu_user_ms", why_null(report, METRIC_PROCESS, PPBPF_UTIME_NS), user);
	json_part(fields, "on_cpu_kernel_ms", why_null(report, METRIC_PROCESS, PPBPF_STIME_NS),
		  kernel);
}

static void json_followed(struct fields *fields, const struct report *report,
			  const struct split_source *source)
{
	const struct ppbpf_split *split = source->split;

	fields__ms(fields, "task_ms", split->life);
	json_on_cpu(fields, report, source, split->on_cpu,
		    why_null(report, METRIC_SPLIT, SPLIT_ON_CPU));
	json_part(fields, "run_queue_ms", why_null(report, METRIC_SPLIT, SPLIT_RUN_QUEUE),
		  split->run_queue);
	json_part(fields, "throttled_ms", why_null(report, METRIC_SPLIT, SPLIT_THROTTLED),
		  split->throttled);
	json_part(fields, "stolen_ms", why_null(report, METRIC_SPLIT, SPLIT_STOLEN), split->stolen);
	fields__object_begin(fields, "blocked");
	for (int i = 0; i < PPBPF_REASON_NR; i++)
		fields__ms(fields, reasons[i].json, split->blocked[i]);
	fields__object_end(fields);
}

static void json_not_followed(struct fields *fields, const struct report *report,
			      const struct split_source *source)
{
	const uint64_t *values = source->values;

	json_part(fields, "task_ms", source->life_unknown ? "known at the end" : NULL,
		  source->life_ns);
	json_on_cpu(fields, report, source, values[PPBPF_CPU_NS],
		    why_null(report, METRIC_PROCESS, PPBPF_CPU_NS));
	json_part(fields, "run_queue_ms", why_null(report, METRIC_PROCESS, PPBPF_RUN_DELAY_NS),
		  values[PPBPF_RUN_DELAY_NS]);
	fields__null(fields, "throttled_ms", WHY_NOT_FOLLOWED);
	fields__null(fields, "stolen_ms", WHY_NOT_FOLLOWED);
	fields__object_begin(fields, "blocked");
	fields__why(fields, NULL, WHY_NOT_FOLLOWED);
	for (int i = 0; i < PPBPF_REASON_NR; i++)
		fields__null(fields, reasons[i].json, WHY_NOT_FOLLOWED);
	fields__object_end(fields);
}

void json_time_split(struct fields *fields, const struct report *report,
		     const struct split_source *source)
{
	fields__object_begin(fields, "time_split");
	fields__ms(fields, "wall_ms", source->wall_ns);
	if (source->split)
		json_followed(fields, report, source);
	else
		json_not_followed(fields, report, source);
	fields__object_end(fields);
}

/* One that ended may have its figures packed: they are unpacked once a row. */
struct row {
	const struct process *process;
	const struct process_figures *figures;
};

/* The part of the measurement in which it was there. */
static uint64_t presence_ns(const struct report *report, const struct row *row)
{
	const struct process *process = row->process;
	uint64_t begin = tasks__begin(report->tasks);
	uint64_t from = process->existed ? begin : process->start_boot_ns;
	uint64_t to = process->ended || process->left ?
				      process->end_boot_ns :
				      begin + (uint64_t)llround(report->duration * 1e9);

	from += row->figures->absent_ns;
	return to > from ? to - from : 0;
}

static void json_seconds_since(struct fields *fields, const char *key, uint64_t begin, uint64_t at)
{
	fields__number(fields, key, at > begin ? (at - begin) / 1e9 : 0, 9);
}

static void json_exit(struct fields *fields, const struct process *process)
{
	static const char lost[] = "the exit of some processes was lost, see dropped";
	int code = process->exit_code;

	if (process->exit_lost) {
		fields__null(fields, "exit_status", lost);
		fields__null(fields, "signal", lost);
		return;
	}
	if (process->ended && WIFEXITED(code))
		fields__i64(fields, "exit_status", WEXITSTATUS(code));
	else
		fields__null(fields, "exit_status", "it was still there, or a signal ended it");
	if (process->ended && WIFSIGNALED(code))
		fields__i64(fields, "signal", WTERMSIG(code));
	else
		fields__null(fields, "signal", "no signal ended it");
}

static void json_begin_and_end(struct fields *fields, const struct report *report,
			       const struct process *process)
{
	uint64_t begin = tasks__begin(report->tasks);

	if (process->existed && process->pid == report->command_pid)
		json_seconds_since(fields, "start", begin, begin);
	else if (process->existed)
		fields__null(fields, "start", "before the measurement began");
	else
		json_seconds_since(fields, "start", begin, process->start_boot_ns);
	if (process->ended)
		json_seconds_since(fields, "end", begin, process->end_boot_ns);
	else
		fields__null(fields, "end", "it was still there");
	if (process->left)
		json_seconds_since(fields, "left", begin, process->end_boot_ns);
	else
		fields__null(fields, "left", "it did not leave what is measured");
	json_exit(fields, process);
}

static const char *why_no_peak(const struct report *report, const struct row *row)
{
	const char *why = why_null(report, METRIC_PROCESS, PPBPF_PEAK_RSS_BYTES);

	if (!why && !row->process->kthread && !row->figures->values[PPBPF_PEAK_RSS_BYTES])
		why = "it ended before its memory was read";
	return why;
}

static void json_both(struct fields *fields, const struct report *report, const char *key,
		      const struct row *row, enum ppbpf_value tcp, enum ppbpf_value udp)
{
	const char *why = why_null(report, METRIC_PROCESS, tcp);

	if (!why)
		why = why_null(report, METRIC_PROCESS, udp);
	if (why)
		fields__null(fields, key, why);
	else
		fields__u64(fields, key, row->figures->values[tcp] + row->figures->values[udp]);
}

/* Without BPF, what a process does to disks is its owner's to know. */
static void json_value(struct fields *fields, const struct process *process,
		       const struct metric *metric, uint64_t n)
{
	if (process->io_hidden && metric->subject == SUBJECT_DISK)
		fields__null(fields, metric->json, "it may not be read");
	else
		fields__metric(fields, metric, n);
}

static void json_place_name(struct fields *fields, const char *key, const char *name,
			    const char *why)
{
	if (name && *name)
		fields__string(fields, key, name);
	else
		fields__null(fields, key, name ? why : "it ended before /proc/PID/cgroup was read");
}

static void json_place(struct fields *fields, const struct report *report,
		       const struct process *process)
{
	const struct process_place *place = tasks__place(report->tasks, process);

	json_place_name(fields, "unit", place ? place->unit : NULL, "some are in no unit");
	json_place_name(fields, "container", place ? place->container : NULL,
			"some are in no container");
}

static void json_contract(struct fields *fields, const struct report *report,
			  const struct row *row)
{
	const struct process *process = row->process;
	const uint64_t *values = row->figures->values;
	const struct split_source split = {
		.split = process->followed && report->split_known ? &row->figures->split : NULL,
		.values = values,
		.wall_ns = presence_ns(report, row),
		.life_ns = row->figures->life_ns,
		.kthread = process->kthread,
	};
	const char *no_peak = why_no_peak(report, row);

	fields__u64(fields, "pid", process->pid);
	if (report->host_pids_hidden)
		fields__null(fields, "host_pid", "only events tell it inside of a pid namespace");
	else
		fields__u64(fields, "host_pid", process->tgid);
	if (process->inner_pid)
		fields__u64(fields, "namespace_pid", process->inner_pid);
	else
		fields__null(fields, "namespace_pid", "some have no pid namespace of their own");
	fields__u64(fields, "ppid", process->ppid);
	fields__comm(fields, "comm", process->comm);
	if (process->command)
		fields__string(fields, "command", process->command);
	else
		fields__comm(fields, "command", process->comm);
	json_place(fields, report, process);
	json_begin_and_end(fields, report, process);
	json_time_split(fields, report, &split);
	fields__metric(fields, metric_of(METRIC_PROCESS, PPBPF_CPU_NS), values[PPBPF_CPU_NS]);
	if (no_peak)
		fields__null(fields, "memory_peak_mb", no_peak);
	else
		fields__mb(fields, "memory_peak_mb", values[PPBPF_PEAK_RSS_BYTES]);
	json_value(fields, process, metric_of(METRIC_PROCESS, PPBPF_READ_BYTES),
		   values[PPBPF_READ_BYTES]);
	json_value(fields, process, metric_of(METRIC_PROCESS, PPBPF_WRITE_BYTES),
		   values[PPBPF_WRITE_BYTES]);
	json_both(fields, report, "sent_bytes", row, PPBPF_TCP_SENT_BYTES,
		  PPBPF_UDP_SENT_BYTES);
	json_both(fields, report, "recv_bytes", row, PPBPF_TCP_RECEIVED_BYTES,
		  PPBPF_UDP_RECEIVED_BYTES);
}

static bool is_in_contract(const struct metric *metric)
{
	static const enum ppbpf_value written[] = {
		PPBPF_CPU_NS, PPBPF_READ_BYTES, PPBPF_WRITE_BYTES,
	};

	for (size_t i = 0; i < sizeof(written) / sizeof(written[0]); i++)
		if (metric->index == written[i])
			return true;
	return false;
}

/* The rest of the metric table: a new row of it appears here by itself. */
static void json_table(struct fields *fields, const struct report *report,
		       const struct row *row)
{
	const struct process *process = row->process;
	bool has_memory = process->memory_known || process->kthread || process->ended;
	uint64_t values[PPBPF_VALUE_NR];

	memcpy(values, row->figures->values, sizeof(values));
	cpu_parts(values[PPBPF_CPU_NS], row->figures->values, process->kthread,
		  &values[PPBPF_UTIME_NS], &values[PPBPF_STIME_NS]);
	values[PPBPF_THREADS] = row->figures->threads_peak;
	for (size_t i = 0; i < metrics_count; i++) {
		const struct metric *metric = &metrics[i];

		if (metric->scope != METRIC_PROCESS || is_in_contract(metric))
			continue;
		if (metric->index == PPBPF_PEAK_RSS_BYTES && why_no_peak(report, row))
			fields__null(fields, metric->json, why_no_peak(report, row));
		else if (metric->kind == METRIC_GAUGE && !has_memory)
			fields__null(fields, metric->json, "its memory was not read");
		else
			json_value(fields, process, metric, values[metric->index]);
	}
}

static void json_derived(struct fields *fields, const struct report *report,
			 const struct row *row)
{
	const struct process *process = row->process;
	const char *why = why_null(report, METRIC_PROCESS, PPBPF_CPU_NS);
	const char *why_empty = "it never waited for a CPU";
	uint64_t presence = presence_ns(report, row);
	const uint32_t *slots = row->figures->run_queue_hist;

	if (!why && !presence)
		why = "it was not there for a measurable time";
	if (why)
		fields__null(fields, "cpu_percent", why);
	else
		fields__number(fields, "cpu_percent",
			       100.0 * row->figures->values[PPBPF_CPU_NS] / presence, 3);
	fields__bool(fields, "memory_peak_is_lower_bound", process->peak_is_bound);
	fields__bool(fields, "followed", process->followed);
	fields__bool(fields, "kernel_thread", process->kthread);
	fields__object_begin(fields, "run_queue");
	if (isnan(hist_quantile32(slots, PPBPF_RQ_SLOTS, 0.5)))
		fields__why(fields, NULL, why_empty);
	json_quantile(fields, "p50_ms", hist_quantile32(slots, PPBPF_RQ_SLOTS, 0.5), why_empty);
	json_quantile(fields, "p99_ms", hist_quantile32(slots, PPBPF_RQ_SLOTS, 0.99), why_empty);
	fields__object_end(fields);
}

void json_processes(struct fields *fields, const struct report *report)
{
	struct process_figures room;
	struct process *process;

	fields__array_begin(fields, "processes");
	for (process = tasks__first(report->tasks); process; process = process->next) {
		const struct row row = { process, process__figures(process, &room) };

		fields__object_begin(fields, NULL);
		json_contract(fields, report, &row);
		json_table(fields, report, &row);
		json_derived(fields, report, &row);
		fields__object_end(fields);
	}
	fields__array_end(fields);
}
