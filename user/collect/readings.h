/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* What the maps and programs of the kernel side hold when a measurement ends. */
#ifndef PPBPF_COLLECT_READINGS_H
#define PPBPF_COLLECT_READINGS_H

#include <stddef.h>

struct bpf_object;
struct report;

/* From the map of struct ppbpf_disk by device and operation. */
void readings__disks(struct report *report, int map_fd);

/* From the map of enum ppbpf_counter. */
void readings__counters(struct report *report, int map_fd);

/* What each program has cost, where the kernel keeps it; at most `limit` + 1 programs. */
void readings__programs(struct report *report, const struct bpf_object *object, size_t limit);

#endif
