// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "sink/monitor_json_parts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "sink/fields.h"

#define SLOTS_OPEN "the last slot of a histogram has no end"

static void json_slots(struct fields *fields, const char *key, const uint64_t *slots, size_t count)
{
	size_t used = count;

	while (used > 0 && !slots[used - 1])
		used--;
	fields__array_begin(fields, key);
	for (size_t i = 0; i < used; i++) {
		fields__object_begin(fields, NULL);
		fields__u64(fields, "from_ns", ppbpf_slot_low(i));
		if (i + 1 < count)
			fields__u64(fields, "below_ns", ppbpf_slot_low(i + 1));
		else
			fields__null(fields, "below_ns", SLOTS_OPEN);
		fields__u64(fields, "count", slots[i]);
		fields__object_end(fields);
	}
	fields__array_end(fields);
}

/* A value of the totals, for the rows of a subject that are summed over threads. */
static void json_summed(struct fields *fields, const struct report *report,
			enum metric_subject subject)
{
	const struct tasks_totals *totals = tasks__totals(report->tasks);
	const uint64_t *values = totals->values;

	for (size_t i = 0; i < metrics_count; i++)
		if (metrics[i].scope == METRIC_PROCESS && metrics[i].subject == subject &&
		    metrics[i].index < PPBPF_SUMMED_NR)
			fields__metric(fields, &metrics[i], values[metrics[i].index]);
}

/* A row whose value may lack though it was asked for. */
static void json_value(struct fields *fields, const struct metric *metric,
		       const struct value *value, const char *why)
{
	if (value->known)
		fields__metric(fields, metric, value->n);
	else
		fields__null(fields, metric->json, why);
}

static void json_scope(struct fields *fields, const struct report *report, enum metric_scope scope,
		       const struct value *values, const char *why)
{
	for (size_t i = 0; i < metrics_count; i++) {
		const char *reason = metric_why_null(report, &metrics[i]);

		if (metrics[i].scope == scope)
			json_value(fields, &metrics[i], &values[metrics[i].index],
				   reason ? reason : why);
	}
}

/* How far `interference` reaches. */
static void json_waits(struct fields *fields, const struct report *report)
{
	const uint64_t *counters = report->counters;
	uint64_t laid = counters[PPBPF_COUNT_WAIT_NS];
	uint64_t unknown = counters[PPBPF_COUNT_WAIT_UNKNOWN_NS];

	if (!report->split_known) {
		fields__null(fields, "waits",
			     "kept for targets: name one with --pid, --comm, --cgroup or -- COMMAND");
		return;
	}
	fields__object_begin(fields, "waits");
	fields__ms(fields, "explained_ms", laid > unknown ? laid - unknown : 0);
	fields__ms(fields, "from_another_cpu_ms", counters[PPBPF_COUNT_WAIT_REMOTE_NS]);
	fields__ms(fields, "unknown_ms", unknown);
	fields__u64(fields, "clock_skews", counters[PPBPF_COUNT_CLOCK_SKEW]);
	fields__object_end(fields);
}

void json_scheduler(struct fields *fields, const struct report *report)
{
	static const struct {
		const char *key;
		double share;
	} quantiles[] = {
		{ "p50_ms", 0.5 }, { "p95_ms", 0.95 }, { "p99_ms", 0.99 }, { "max_ms", 1 },
	};
	const uint64_t *slots = tasks__totals(report->tasks)->run_queue_hist;

	fields__object_begin(fields, "scheduler");
	json_summed(fields, report, SUBJECT_SCHEDULER);
	fields__object_begin(fields, "run_queue_latency");
	for (size_t i = 0; i < sizeof(quantiles) / sizeof(quantiles[0]); i++)
		json_quantile(fields, quantiles[i].key,
			      hist_quantile(slots, PPBPF_RQ_SLOTS, quantiles[i].share),
			      "nobody waited for a CPU");
	json_slots(fields, "slots", slots, PPBPF_RQ_SLOTS);
	fields__object_end(fields);
	json_waits(fields, report);
	fields__object_end(fields);
}

/* Over the processes that are there: their sum, or the largest one's peak. */
static uint64_t memory_over_processes(const struct report *report, const struct metric *metric)
{
	uint64_t sum = 0, most = 0;
	struct process *process;

	for (process = tasks__first(report->tasks); process; process = process->next) {
		uint64_t value = process__value(process, metric->index);

		if (value > most)
			most = value;
		if (!process->ended)
			sum += value;
	}
	return metric->index == PPBPF_PEAK_RSS_BYTES ? most : sum;
}

/* No process has a peak of 0: they ended before anybody looked. */
static void json_over_processes(struct fields *fields, const struct report *report,
				const struct metric *metric)
{
	uint64_t value = memory_over_processes(report, metric);

	if (metric->index == PPBPF_PEAK_RSS_BYTES && !value)
		fields__null(fields, metric->json, "no process's memory was read before it ended");
	else
		fields__metric(fields, metric, value);
}

static void json_growth(struct fields *fields, const struct report *report)
{
	const struct series *memory = &report->memory;

	if (!report->tracked[1])
		fields__null(fields, "growth_bytes", tracked_why_null(1));
	else if (!memory->count)
		fields__null(fields, "growth_bytes", "no interval has ended");
	else
		fields__i64(fields, "growth_bytes", llround(memory->last - memory->first));
}

static void json_cgroup(struct fields *fields, const struct report *report)
{
	const struct value *used = &report->cgroup[CGROUP_MEMORY_BYTES];
	const struct value *limit = &report->cgroup[CGROUP_MEMORY_LIMIT_BYTES];
	const char *why = report->machine_wide ? "no target, and so no cgroup of one" :
						 "the target's cgroup has no such file or limit";

	json_scope(fields, report, METRIC_CGROUP, report->cgroup, why);
	if (used->known && limit->known && limit->n)
		fields__number(fields, "cgroup_memory_percent", 100.0 * used->n / limit->n, 3);
	else
		fields__null(fields, "cgroup_memory_percent", why);
}

void json_memory(struct fields *fields, const struct report *report)
{
	const struct tasks_totals *totals = tasks__totals(report->tasks);

	fields__object_begin(fields, "memory");
	if (report->tracked[1])
		fields__u64(fields, "resident_bytes", totals->resident_bytes);
	else
		fields__null(fields, "resident_bytes", tracked_why_null(1));
	json_growth(fields, report);
	json_summed(fields, report, SUBJECT_MEMORY);
	for (size_t i = 0; i < metrics_count; i++)
		if (metrics[i].scope == METRIC_PROCESS && metrics[i].subject == SUBJECT_MEMORY &&
		    metrics[i].index >= PPBPF_SUMMED_NR)
			json_over_processes(fields, report, &metrics[i]);
	json_scope(fields, report, METRIC_NAMED, report->named,
		   "read for processes named with --pid only");
	json_cgroup(fields, report);
	fields__object_end(fields);
}

/* `why`: this run does not know it. */
static void json_latency(struct fields *fields, const char *name, uint64_t total_ns,
			 const uint32_t *slots, const char *why_empty, const char *why)
{
	static const char *const suffixes[] = { "ms", "p50_ms", "p99_ms", "slots" };
	uint64_t wide[PPBPF_IO_SLOTS];
	char key[32];

	for (size_t i = 0; i < 4 && why; i++) {
		snprintf(key, sizeof(key), "%s_%s", name, suffixes[i]);
		fields__null(fields, key, why);
	}
	if (why)
		return;

	for (size_t i = 0; i < PPBPF_IO_SLOTS; i++)
		wide[i] = slots[i];
	snprintf(key, sizeof(key), "%s_ms", name);
	fields__ms(fields, key, total_ns);
	snprintf(key, sizeof(key), "%s_p50_ms", name);
	json_quantile(fields, key, hist_quantile(wide, PPBPF_IO_SLOTS, 0.5), why_empty);
	snprintf(key, sizeof(key), "%s_p99_ms", name);
	json_quantile(fields, key, hist_quantile(wide, PPBPF_IO_SLOTS, 0.99), why_empty);
	snprintf(key, sizeof(key), "%s_slots", name);
	json_slots(fields, key, wide, PPBPF_IO_SLOTS);
}

static const struct metric *device_metric(enum device_value value)
{
	return metric_of(METRIC_DEVICE, value);
}

static void json_disk_op(struct fields *fields, const struct report *report, const char *key,
			 const struct ppbpf_disk *disk)
{
	const char *why_empty = "some devices had no such operation";
	const char *queue = metric_why_null(report, device_metric(DEVICE_QUEUE_LATENCY));
	const char *service = metric_why_null(report, device_metric(DEVICE_SERVICE_LATENCY));

	fields__object_begin(fields, key);
	if (!disk->operations && !queue)
		fields__why(fields, NULL, why_empty);
	fields__metric(fields, device_metric(DEVICE_OPERATIONS), disk->operations);
	fields__metric(fields, device_metric(DEVICE_BYTES), disk->bytes);
	fields__metric(fields, device_metric(DEVICE_ERRORS), disk->errors);
	json_latency(fields, "queue", disk->queue_ns, disk->queue_hist, why_empty, queue);
	json_latency(fields, "service", disk->service_ns, disk->service_hist, why_empty, service);
	fields__object_end(fields);
}

static const char *const op_names[PPBPF_IO_NR] = {
	[PPBPF_IO_READ] = "read", [PPBPF_IO_WRITE] = "write", [PPBPF_IO_DISCARD] = "discard",
	[PPBPF_IO_FLUSH] = "flush", [PPBPF_IO_OTHER] = "other",
};

void json_block_devices(struct fields *fields, const struct report *report)
{
	const struct metric *metric = metric_of(METRIC_DEVICE, DEVICE_OPERATIONS);
	const char *why = metric_why_null(report, metric);

	if (why) {
		fields__null(fields, "block_devices", why);
		return;
	}
	fields__array_begin(fields, "block_devices");
	for (size_t i = 0; i < report->disk_count; i++) {
		const struct report_disk *disk = &report->disks[i];

		fields__object_begin(fields, NULL);
		fields__string(fields, "name", disk->name);
		fields__u64(fields, "major", disk->major);
		fields__u64(fields, "minor", disk->minor);
		for (int op = 0; op < PPBPF_IO_NR; op++)
			json_disk_op(fields, report, op_names[op], &disk->by_op[op]);
		fields__object_end(fields);
	}
	fields__array_end(fields);
}

static void json_interfaces(struct fields *fields, const struct report *report)
{
	const char *why = metric_why_null(report,
					  metric_of(METRIC_INTERFACE, INTERFACE_RECEIVED_BYTES));

	if (why) {
		fields__null(fields, "interfaces", why);
		return;
	}
	fields__array_begin(fields, "interfaces");
	for (size_t i = 0; i < report->interface_count; i++) {
		const struct report_interface *interface = &report->interfaces[i];

		fields__object_begin(fields, NULL);
		fields__comm(fields, "name", interface->name);
		for (size_t m = 0; m < metrics_count; m++)
			if (metrics[m].scope == METRIC_INTERFACE)
				fields__metric(fields, &metrics[m],
					       interface->values[metrics[m].index]);
		fields__object_end(fields);
	}
	fields__array_end(fields);
}

/* Some retransmits are nobody's: the machine has all. */
void json_network(struct fields *fields, const struct report *report)
{
	const struct metric *retransmits = metric_of(METRIC_MACHINE, MACHINE_TCP_RETRANSMITS);
	const struct value *value = &report->machine[MACHINE_TCP_RETRANSMITS];

	fields__object_begin(fields, "network");
	json_summed(fields, report, SUBJECT_NETWORK);
	json_value(fields, retransmits, value, "/proc/net/snmp could not be read");
	json_interfaces(fields, report);
	fields__object_end(fields);
}

void json_machine(struct fields *fields, const struct report *report)
{
	fields__object_begin(fields, "machine");
	json_scope(fields, report, METRIC_MACHINE, report->machine, "the kernel does not tell it");
	fields__object_end(fields);
}

void json_perf(struct fields *fields, const struct report *report)
{
	const struct value *perf = report->perf;
	const char *why = metric_why_null(report, metric_of(METRIC_PERF, PERF_INSTRUCTIONS));

	if (!why)
		why = "the machine has no such counter";
	fields__object_begin(fields, "perf");
	json_scope(fields, report, METRIC_PERF, perf, why);
	if (perf[PERF_INSTRUCTIONS].known && perf[PERF_CYCLES].known && perf[PERF_CYCLES].n)
		fields__number(fields, "ipc",
			       (double)perf[PERF_INSTRUCTIONS].n / perf[PERF_CYCLES].n, 3);
	else
		fields__null(fields, "ipc", why);
	fields__object_end(fields);
}
