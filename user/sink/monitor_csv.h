/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Intervals as comma-separated values (RFC 4180, lines ended by LF alone). The
 * columns are always the same, whatever the run: what it cannot know is empty.
 * Each returns 0 or a negative errno.
 */
#ifndef PPBPF_SINK_MONITOR_CSV_H
#define PPBPF_SINK_MONITOR_CSV_H

struct report;
struct report_interval;

int monitor_csv__header(int fd);
int monitor_csv__interval(int fd, const struct report *report,
			  const struct report_interval *interval);

#endif
