/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* What a report has of the whole run, once that is over. */
#ifndef PPBPF_OP_MONITOR_TOTALS_H
#define PPBPF_OP_MONITOR_TOTALS_H

struct features;
struct machine_state;
struct ppbpf_monitor_options;
struct report;
struct target;

/* Disk and network bytes, reclaims, OOM kills; `to` is the machine at the end. */
void monitor_totals(struct report *report, const struct features *features,
		    const struct machine_state *to);

/* What is asked of named processes, and of the target's cgroup. */
void monitor_named(struct report *report, const struct target *target,
		   const struct ppbpf_monitor_options *options);

#endif
