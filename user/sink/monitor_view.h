/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Monitor while it runs: on a terminal a table that is refreshed in place, at
 * most four times a second; elsewhere, and on a dumb terminal, a plain line a
 * second at most.
 */
#ifndef PPBPF_SINK_MONITOR_VIEW_H
#define PPBPF_SINK_MONITOR_VIEW_H

struct monitor_view;
struct report;
struct report_interval;

/* `sort` and `top` as for the summary; they must outlive the view. NULL: no memory. */
struct monitor_view *monitor_view__new(int fd, const char *sort, unsigned int top);
/* Negative errno when it cannot be written: -EPIPE when nobody reads any more. */
int monitor_view__interval(struct monitor_view *view, const struct report *report,
			   const struct report_interval *interval);
/* Takes the table away, so that the summary can have its place, and gives the cursor back. */
int monitor_view__free(struct monitor_view *view);

#endif
