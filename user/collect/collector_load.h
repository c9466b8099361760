/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* The always-on subjects' programs are configured and loaded; what the kernel refuses is left out. */
#ifndef PPBPF_COLLECT_COLLECTOR_LOAD_H
#define PPBPF_COLLECT_COLLECTOR_LOAD_H

#define COLLECTOR_PROGRAMS 32	/* at most */

struct collector_config;
struct core_bpf;
struct err;
struct features;
struct report;

/*
 * *skel is loaded, or NULL. `report` is told which subjects the kernel refused. Negative errno,
 * and *e, when the programs that everything else needs are refused.
 */
int collector_load(struct core_bpf **skel, const struct collector_config *config,
		   const struct features *features, struct report *report, struct err *e);

#endif
