// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "sink/monitor_json.h"

#include <math.h>

#include "model/report.h"
#include "sink/fields.h"
#include "sink/monitor_json_parts.h"
#include "sink/self_json.h"

enum { CPU, MEMORY, DISK, NETWORK };	/* of report->tracked */

/* avg, peak and low, or three nulls. */
static void json_three(struct fields *fields, const char *const keys[3], const double values[3],
		       const char *why, void (*write)(struct fields *, const char *, double))
{
	for (int i = 0; i < 3; i++) {
		if (why || isnan(values[i]))
			fields__null(fields, keys[i], why ? why : "no interval has ended");
		else
			write(fields, keys[i], values[i]);
	}
}

static void write_percent(struct fields *fields, const char *key, double value)
{
	fields__number(fields, key, value, 3);
}

static void write_bytes(struct fields *fields, const char *key, double value)
{
	fields__number(fields, key, value, 0);
}

static void json_samples(struct fields *fields, const char *key, const struct series *series,
			 double divisor, int decimals)
{
	fields__array_begin(fields, key);
	for (size_t i = 0; i < series->count; i++)
		fields__number(fields, NULL, series->values[i] / divisor, decimals);
	fields__array_end(fields);
}

/* A series without a value has neither. */
static double or_nan(const struct series *series, double value)
{
	return series->count ? value : NAN;
}

static void json_cpu_usage(struct fields *fields, const struct report *report)
{
	static const char *const keys[] = { "avg_percent", "peak_percent", "min_percent" };
	const struct series *cpu = &report->cpu;
	double values[] = { series__average(cpu), or_nan(cpu, cpu->peak), or_nan(cpu, cpu->low) };
	const char *why = report->tracked[CPU] ? NULL : tracked_why_null(CPU);

	fields__object_begin(fields, "cpu_usage");
	if (why)
		fields__why(fields, NULL, why);
	json_three(fields, keys, values, why, write_percent);
	json_samples(fields, "samples", cpu, 1, 3);
	fields__object_end(fields);
}

static void json_memory_usage(struct fields *fields, const struct report *report)
{
	static const char *const mb[] = { "avg_mb", "peak_mb", "min_mb" };
	static const char *const bytes[] = { "avg_bytes", "peak_bytes", "min_bytes" };
	const struct series *memory = &report->memory;
	double peak = report__memory_peak(report);
	double values[] = { round(series__average(memory)),
			    memory->count || peak > 0 ? peak : NAN, or_nan(memory, memory->low) };
	const char *why = report->tracked[MEMORY] ? NULL : tracked_why_null(MEMORY);

	fields__object_begin(fields, "memory_usage");
	if (why)
		fields__why(fields, NULL, why);
	else if (!memory->count && report->samples)
		fields__why(fields, NULL, "it had ended, or not begun, whenever its memory was read");
	json_three(fields, mb, values, why, fields__mb);
	/* eight decimals: exact for whole pages */
	json_samples(fields, "samples", memory, 1048576, 8);
	json_three(fields, bytes, values, why, write_bytes);
	fields__object_end(fields);
}

struct traffic {
	const char *key;
	const char *mb[3];	/* one way, the other, both */
	const char *bytes[3];
	uint64_t in, out;
	bool known;
	enum ppbpf_value metric;	/* that it is summed from */
	int tracked;
};

static void json_traffic(struct fields *fields, const struct report *report,
			 const struct traffic *traffic)
{
	double values[] = { traffic->in, traffic->out, traffic->in + traffic->out };
	const char *why = NULL;

	if (!report->tracked[traffic->tracked])
		why = tracked_why_null(traffic->tracked);
	else if (!traffic->known)
		why = metric_why_null(report, metric_of(METRIC_PROCESS, traffic->metric));
	if (!why && !traffic->known)
		why = "this kernel or privilege does not tell it";
	fields__object_begin(fields, traffic->key);
	if (why)
		fields__why(fields, NULL, why);
	json_three(fields, traffic->mb, values, why, fields__mb);
	json_three(fields, traffic->bytes, values, why, write_bytes);
	fields__object_end(fields);
}

static void json_resource_usage(struct fields *fields, const struct report *report)
{
	const struct series *times = report->cpu.count ? &report->cpu : &report->memory;
	const struct traffic disk = {
		.key = "disk_io", .mb = { "read_mb", "write_mb", "total_mb" },
		.bytes = { "read_bytes", "written_bytes", "total_bytes" },
		.in = report->disk_read_bytes, .out = report->disk_written_bytes,
		.known = report->disk_known, .metric = PPBPF_WRITE_BYTES, .tracked = DISK,
	};
	const struct traffic network = {
		.key = "network_io", .mb = { "sent_mb", "recv_mb", "total_mb" },
		.bytes = { "sent_bytes", "recv_bytes", "total_bytes" },
		.in = report->net_sent_bytes, .out = report->net_received_bytes,
		.known = report->network_known, .metric = PPBPF_TCP_SENT_BYTES,
		.tracked = NETWORK,
	};

	fields__object_begin(fields, "resource_usage");
	fields__number(fields, "duration_seconds", report->duration, 6);
	fields__u64(fields, "samples_collected", report->samples);
	json_cpu_usage(fields, report);
	json_memory_usage(fields, report);
	json_traffic(fields, report, &disk);
	json_traffic(fields, report, &network);
	fields__array_begin(fields, "sample_times");
	for (size_t i = 0; i < times->count; i++)
		fields__number(fields, NULL, times->times[i], 6);
	fields__array_end(fields);
	fields__object_end(fields);
}

static void json_pid(struct fields *fields, const char *key, uint32_t pid, const char *why)
{
	if (pid)
		fields__u64(fields, key, pid);
	else
		fields__null(fields, key, why);
}

static void json_interference(struct fields *fields, const struct report *report)
{
	static const char by_name[] = "too many processes: the rest is told by name";

	if (!report->split_known) {
		fields__null(fields, "interference",
			     "kept for targets: name one with --pid, --comm, --cgroup or -- COMMAND");
		return;
	}
	fields__array_begin(fields, "interference");
	for (size_t i = 0; i < report->blame_count; i++) {
		const struct report_blame *blame = &report->blames[i];

		fields__object_begin(fields, NULL);
		fields__comm(fields, "comm", blame->comm);
		json_pid(fields, "pid", blame->pid, blame->tgid ?
			 "outside of this pid namespace, or gone: see host_pid" : by_name);
		json_pid(fields, "host_pid", blame->tgid, by_name);
		fields__ms(fields, "cpu_ms", blame->ns);
		fields__bool(fields, "followed", blame->followed);
		fields__object_end(fields);
	}
	fields__array_end(fields);
}

static int json_data(struct fields *fields, const void *result)
{
	const struct report *report = result;
	const struct tasks_totals *totals = tasks__totals(report->tasks);
	const struct split_source split = {
		.split = report->split_known ? &totals->split : NULL,
		.values = totals->values,
		.wall_ns = report->wall_ns,
		.life_ns = totals->life_ns,
	};

	fields__object_begin(fields, NULL);
	if (report->command_status >= 0)
		fields__i64(fields, "operation_result", report->command_status);
	else
		fields__null(fields, "operation_result", "no COMMAND, or it did not end");
	json_resource_usage(fields, report);
	json_time_split(fields, report, &split);
	json_interference(fields, report);
	json_processes(fields, report);
	json_scheduler(fields, report);
	json_memory(fields, report);
	json_block_devices(fields, report);
	json_network(fields, report);
	json_machine(fields, report);
	json_perf(fields, report);
	fields__object_end(fields);
	return 0;
}

static void json_dropped(struct fields *fields, const struct report *report)
{
	fields__object_begin(fields, "dropped");
	for (int i = 0; i < PPBPF_COUNTER_NR; i++)
		if (counter_loss_name(i))
			fields__u64(fields, counter_loss_name(i), report->counters[i]);
	fields__u64(fields, "processes_folded", tasks__totals(report->tasks)->processes_folded);
	fields__object_end(fields);
}

static void json_measured(struct fields *fields, const struct report *report)
{
	static const char *const tracked[] = { "cpu", "memory", "disk", "network" };
	static const char *const sources[] = {
		[REPORT_BY_EVENTS] = "ebpf", [REPORT_BY_ITERATOR] = "iterator",
		[REPORT_BY_PROC] = "proc",
	};
	size_t stride = report->cpu.stride ? report->cpu.stride : report->memory.stride;

	fields__string(fields, "target", report->target);
	fields__string(fields, "source", sources[report->source]);
	fields__bool(fields, "interrupted", report->interrupted);
	fields__ms(fields, "sampling_interval_ms", report->interval_ns);
	fields__u64(fields, "sample_stride", stride ? stride : 1);
	fields__object_begin(fields, "tracked_resources");
	for (int i = 0; i < 4; i++)
		fields__bool(fields, tracked[i], report->tracked[i]);
	fields__object_end(fields);
	self_json__write(fields, &report->self);
	json_dropped(fields, report);
	fields__strings(fields, "warnings", report->warnings, report->warning_count);
}

static void json_unmeasured(struct fields *fields)
{
	static const char *const keys[] = {
		"target", "source", "interrupted", "sampling_interval_ms", "sample_stride",
		"tracked_resources", "self", "dropped", "warnings",
	};

	fields__why(fields, "data", "nothing was measured: see error");
	fields__nulls(fields, keys, sizeof(keys) / sizeof(keys[0]),
		      "nothing was measured: see error");
}

static void json_metadata(struct fields *fields, const void *result)
{
	if (result)
		json_measured(fields, result);
	else
		json_unmeasured(fields);
}

int monitor_json__write(FILE *out, const struct report *report, const struct envelope *envelope)
{
	static const struct envelope_parts parts = {
		.operation = "monitor_resource_usage", .error_code = "RESOURCE_MONITOR_ERROR",
		.data = json_data, .metadata = json_metadata,
	};
	bool measured = report && report->tasks;

	return envelope__write(out, envelope, &parts, measured ? report : NULL, measured, report);
}
