/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#ifndef PPBPF_SINK_MONITOR_JSONL_H
#define PPBPF_SINK_MONITOR_JSONL_H

struct report;
struct report_interval;

/*
 * An interval as one line of JSON: what changed in it, of all and of each
 * process that did something (its row has what changed, and nothing else). To
 * be called before the process table is marked. Returns 0 or a negative errno.
 */
int monitor_jsonl__interval(int fd, const struct report *report,
			    const struct report_interval *interval);

#endif
