// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "op/monitor_totals.h"

#include <string.h>

#include "collect/cgroup.h"
#include "collect/features.h"
#include "collect/machine.h"
#include "collect/named.h"
#include "model/report.h"
#include "op/target.h"
#include "ppbpf.h"

void monitor_named(struct report *report, const struct target *target,
		   const struct ppbpf_monitor_options *options)
{
	struct value *pss = &report->named[NAMED_PSS_BYTES];
	struct value *files = &report->named[NAMED_OPEN_FILES];
	const struct process *process;
	pid_t first = 0;
	uint64_t n;

	for (size_t i = 0; i < target->pid_count; i++) {
		process = tasks__find_pid(report->tasks, target->pids[i]);
		if (!process || !process->proc_pid)
			continue;
		if (!first)
			first = process->proc_pid;
		if (options->command)
			continue;
		if (metric_set__has_index(&report->wanted, METRIC_NAMED, NAMED_PSS_BYTES) &&
		    !named__pss(process->proc_pid, &n))
			*pss = (struct value){ true, pss->n + n };
		if (!named__open_files(process->proc_pid, &n))
			*files = (struct value){ true, files->n + n };
	}
	if (first || target->cgroup_path)
		cgroup__memory(first, target->cgroup_path, report->cgroup);
}

/* Whether it is wanted or not: the report has reasons for what is wanted alone. */
static bool is_known(const struct features *features, const struct report *report,
		     enum ppbpf_value value)
{
	const struct metric *metric = metric_of(METRIC_PROCESS, value);

	return !features__why_missing(features, metric) &&
	       !report__why_missing(report, metric->name);
}

static void report_totals(struct report *report, const struct features *features,
			  const struct machine_state *to)
{
	const struct tasks_totals *totals = tasks__totals(report->tasks);

	report->disk_known = report->tracked[2] && !report->disk_hidden &&
			     is_known(features, report, PPBPF_READ_BYTES);
	report->network_known = report->tracked[3] &&
				is_known(features, report, PPBPF_TCP_SENT_BYTES);
	if (!report->machine_wide) {
		report->disk_read_bytes = totals->values[PPBPF_READ_BYTES];
		report->disk_written_bytes = totals->values[PPBPF_WRITE_BYTES];
		report->net_sent_bytes = totals->values[PPBPF_TCP_SENT_BYTES] +
					 totals->values[PPBPF_UDP_SENT_BYTES];
		report->net_received_bytes = totals->values[PPBPF_TCP_RECEIVED_BYTES] +
					     totals->values[PPBPF_UDP_RECEIVED_BYTES];
		return;
	}
	report->disk_known = report->tracked[2] && to->values[MACHINE_DISK_READ_BYTES].known;
	report->disk_read_bytes = report->machine[MACHINE_DISK_READ_BYTES].n;
	report->disk_written_bytes = report->machine[MACHINE_DISK_WRITTEN_BYTES].n;
	report->network_known = report->tracked[3];
	for (size_t i = 0; i < report->interface_count; i++) {
		if (!strcmp(report->interfaces[i].name, "lo"))
			continue;
		report->net_sent_bytes += report->interfaces[i].values[INTERFACE_SENT_BYTES];
		report->net_received_bytes +=
			report->interfaces[i].values[INTERFACE_RECEIVED_BYTES];
	}
}

static void report_counted(struct report *report, const struct features *features)
{
	static const struct {
		enum machine_value value;
		enum ppbpf_counter counter;
	} rows[] = {
		{ MACHINE_DIRECT_RECLAIMS, PPBPF_COUNT_RECLAIM },
		{ MACHINE_OOM_KILLS, PPBPF_COUNT_OOM_KILLS },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct metric *metric = metric_of(METRIC_MACHINE, rows[i].value);

		if (features->have[metric->needs])
			report->machine[rows[i].value] =
				(struct value){ true, report->counters[rows[i].counter] };
	}
}

void monitor_totals(struct report *report, const struct features *features,
		    const struct machine_state *to)
{
	report_counted(report, features);
	report_totals(report, features, to);
}
