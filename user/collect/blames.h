/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Who had the CPU while followed tasks waited for it: what bpf/history.bpf.h adds up. */
#ifndef PPBPF_COLLECT_BLAMES_H
#define PPBPF_COLLECT_BLAMES_H

struct blames;
struct core_bpf;
struct report;

/* For many reads. NULL: no memory. */
struct blames *blames__new(const struct core_bpf *skel);
void blames__free(struct blames *b);

/* Totals since the start, most first, into report->blames: by process and its name. */
void blames__read(struct blames *b, struct report *report);

#endif
