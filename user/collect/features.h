/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * What this kernel and this privilege offer, probed once, from BTF and /proc:
 * never from the version string.
 */
#ifndef PPBPF_COLLECT_FEATURES_H
#define PPBPF_COLLECT_FEATURES_H

#include <stdbool.h>

#include "model/metric.h"

struct err;

#define FEATURE_WHY 240
#define TICK_MAX_NS 10000000ULL		/* CONFIG_HZ is 100 at least */

struct features {
	bool have[FEATURE_NR];
	char why[FEATURE_NR][FEATURE_WHY];	/* when not: one clause, and what to do about it */
	bool switch_has_state;		/* sched_switch hands prev_state over: Linux 5.18 */
	bool tickless;			/* some CPUs run without ticks: nohz_full= */
	bool iter_by_process;		/* the task iterator can be asked for one process */
	bool sock_lengths;		/* socket layer's tracepoints */
	bool sock_exits;		/* socket lengths by the exits of functions, for want of tracepoints */
	bool has_cast;			/* bpf_rdonly_cast(): Linux 6.2 */
	bool has_iterator;		/* over all tasks, whatever else is missing */
	bool has_life;			/* tracepoints of processes' beginnings, execs and ends */
	bool iterator_alone;		/* and it is all that always-on subjects have: see below */
};

/*
 * Fails only where nothing can be measured by BPF: no BTF, or no privilege;
 * *e then says which, and `features` has the reason for everything else too.
 */
int features__probe(struct features *features, struct err *e);

/*
 * Only whether BPF programs may be run from here. The kernel's types are not
 * read for it, which takes 20 ms. `features` gets reasons alone.
 */
int features__may_run(struct features *features, struct err *e);

/* One of them is not, after all. */
void features__lacks(struct features *features, enum feature feature, const char *why, ...)
	__attribute__((format(printf, 3, 4)));

/* All that is BPF's is not to be had, for this reason. */
void features__without_bpf(struct features *features, const char *why);

/* All but what the task iterator tells by itself is not to be had, for this reason. */
void features__iterator_alone(struct features *features, const char *why);

/* Why a metric is not to be had, in one clause; NULL: it is, by what it needs or otherwise. */
const char *features__why_missing(const struct features *features, const struct metric *metric);

/* Whether one that is comes from metric->otherwise. */
bool features__is_otherwise(const struct features *features, const struct metric *metric);

/*
 * A file that describes the kernel's types instead of its own description: to
 * see what a kernel without some of them would give. NULL: there is none.
 */
const char *features__btf_path(void);

/* Options by which a skeleton is opened, so that this holds for its programs, too. */
#define FEATURES_OPEN_OPTIONS(name)                     \
	DECLARE_LIBBPF_OPTS(bpf_object_open_opts, name, \
			    .btf_custom_path = features__btf_path())

/* Index of a cgroup v1 controller in css_set.subsys[], by the kernel's enum; -ENOENT. */
int features__cgroup_subsys(const char *controller);

const char *feature_name(enum feature feature);		/* "block requests" */
const char *feature_help(enum feature feature);		/* what it makes possible */

#endif
