/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Block devices by /proc/diskstats, where no program counts their requests. */
#ifndef PPBPF_COLLECT_DISKS_H
#define PPBPF_COLLECT_DISKS_H

#include <stddef.h>

struct report;
struct report_disk;

struct disks_state {
	struct report_disk *disks;
	size_t count;
};

/* All whole devices as they are; to be freed. */
void disks__read(struct disks_state *state);
void disks__free(struct disks_state *state);

/* What each has done since: operations and bytes, and no latencies. */
void disks__report(struct report *report, const struct disks_state *from);

#endif
