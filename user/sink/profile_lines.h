/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Sentences about a profile that stand on the terminal and in its files alike. UTF-8. */
#ifndef PPBPF_SINK_PROFILE_LINES_H
#define PPBPF_SINK_PROFILE_LINES_H

struct buf;
struct profile_run;

/* "10.0 s · 199 Hz cpu-clock": how it was measured, and for how long. */
void profile_lines__about(struct buf *out, const struct profile_run *run);

/* One line on how far it can be trusted: stacks, losses, names; of counted calls, losses. */
void profile_lines__quality(struct buf *out, const struct profile_run *run);

#endif
