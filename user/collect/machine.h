/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Figures of the whole machine that the kernel gives away free, in /proc: read
 * at the start, the end, and (memory, disks, interfaces) between.
 */
#ifndef PPBPF_COLLECT_MACHINE_H
#define PPBPF_COLLECT_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/report.h"

#define MACHINE_INTERFACES 256

struct machine_state {
	struct value values[MACHINE_VALUE_NR];
	struct report_interface interfaces[MACHINE_INTERFACES];
	size_t interface_count;
};

/* Everything, as it is now. A file that cannot be read leaves its values unknown. */
void machine__read(struct machine_state *state);

/* MemTotal less MemAvailable; 0 when /proc/meminfo cannot be read. */
uint64_t machine__memory_used(void);

/* Fills the report's machine values and interfaces with the difference. */
void machine__report(struct report *report, const struct machine_state *from,
		     const struct machine_state *to);

/* Time that tasks and interrupts had on all CPUs since boot, in ticks of 10 ms. Negative errno. */
int machine__cpu_time(uint64_t *ns);

#endif
