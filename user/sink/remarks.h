/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* What a screen ends with, whatever was measured: of a report, for a person. */
#ifndef PPBPF_SINK_REMARKS_H
#define PPBPF_SINK_REMARKS_H

struct buf;
struct page;
struct report;

/* A line each. */
void remarks__warnings(struct page *page, const struct report *report);

/*
 * What lacks for one and the same reason is named once: "unavailable: perf.cycles
 * and 3 more (no PMU)". Nothing is appended when nothing lacks.
 */
void remarks__unavailable(struct buf *text, const struct report *report);

/* "own cost 0.2 % of a core, 4.33 MB, 188 ms of CPU to start" */
void remarks__own_cost(struct buf *text, const struct report *report);

#endif
