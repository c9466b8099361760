/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* The parts of monitor's JSON, each a field of `data`; for monitor_json*.c only. */
#ifndef PPBPF_SINK_MONITOR_JSON_PARTS_H
#define PPBPF_SINK_MONITOR_JSON_PARTS_H

#include "model/report.h"

struct fields;

/* The time_split of a target, of the machine or of one process. */
struct split_source {
	const struct ppbpf_split *split;	/* NULL: nobody was followed */
	const uint64_t *values;			/* summed ones, by enum ppbpf_value */
	uint64_t wall_ns;
	uint64_t life_ns;			/* when nobody was followed */
	bool life_unknown;
	bool kthread;
};

void json_time_split(struct fields *fields, const struct report *report,
		     const struct split_source *source);
void json_processes(struct fields *fields, const struct report *report);

void json_scheduler(struct fields *fields, const struct report *report);
void json_memory(struct fields *fields, const struct report *report);
void json_block_devices(struct fields *fields, const struct report *report);
void json_network(struct fields *fields, const struct report *report);
void json_machine(struct fields *fields, const struct report *report);
void json_perf(struct fields *fields, const struct report *report);

/* p50, p99, ... of a histogram of nanoseconds in milliseconds; nulls for an empty one. */
void json_quantile(struct fields *fields, const char *key, double ns, const char *why_empty);

#endif
