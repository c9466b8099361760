/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* The lines above the processes: the same in the live view and at the end. */
#ifndef PPBPF_SINK_MONITOR_LINES_H
#define PPBPF_SINK_MONITOR_LINES_H

#include <stdbool.h>

#include "model/report.h"

struct page;

struct monitor_lines {
	const struct report *report;
	double seconds;		/* measured so far */
	bool live;		/* what is read at the end only is not there yet */
};

/* What was measured, how and for how long. */
void lines_header(struct page *page, const struct monitor_lines *lines);
/* Where a target's time went, and who had the CPU meanwhile; nothing without a target. */
void lines_time(struct page *page, const struct monitor_lines *lines);
/* CPU, memory, disk and network, as far as they were asked for. */
void lines_resources(struct page *page, const struct monitor_lines *lines);

#endif
