/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* The always-on subjects' programs are configured and loaded; what the kernel refuses is left out. */
#ifndef PPBPF_COLLECT_COLLECTOR_LOAD_H
#define PPBPF_COLLECT_COLLECTOR_LOAD_H

#define COLLECTOR_PROGRAMS 32	/* at most */

struct bpf_link;
struct collector_config;
struct core_bpf;
struct err;
struct features;

/*
 * *skel is loaded, or NULL. What the kernel refuses is a feature less. Negative errno, and *e,
 * when the programs that everything else needs are refused.
 */
int collector_load(struct core_bpf **skel, const struct collector_config *config,
		   struct features *features, struct err *e);

/* Where those programs stand in for tracepoints: they are attached, or a feature less. */
void collector_attach_exits(struct core_bpf *skel, struct features *features,
			    struct bpf_link *links[COLLECTOR_PROGRAMS]);
void collector_detach_exits(struct bpf_link *links[COLLECTOR_PROGRAMS]);

#endif
