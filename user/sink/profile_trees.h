/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#ifndef PPBPF_SINK_PROFILE_TREES_H
#define PPBPF_SINK_PROFILE_TREES_H

struct page;
struct profile_run;

/*
 * The hottest paths as a tree; with --threads one for each thread. What has
 * one way to go only is one line: "main > run > parse". -ENOMEM.
 */
int profile_trees__print(struct page *page, const struct profile_run *run);

#endif
