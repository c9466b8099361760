/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* All tasks at a time, by the task iterator alone: nothing is attached (bpf/look.bpf.c). */
#ifndef PPBPF_COLLECT_LOOK_H
#define PPBPF_COLLECT_LOOK_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "ppbpf_abi.h"

struct err;
struct look;

struct look_config {
	enum ppbpf_target_mode mode;
	uint64_t cgroup_id;	/* PPBPF_TARGET_CGROUP: whom `in_cgroup` tells of */
	int32_t cgroup_subsys;
};

/* Negative errno, and *e: the kernel or this privilege has no iterator. */
int look__new(struct look **out, const struct look_config *config, struct err *e);
void look__free(struct look *look);

/* Passes by all tasks; what was seen before is gone. Negative errno. */
int look__again(struct look *look);

/* How many threads were seen, and each of them. */
size_t look__count(const struct look *look);
const struct ppbpf_look *look__at(const struct look *look, size_t i);

/* A thread by its number as it is seen here, a process by its leader's; NULL: there is none. */
const struct ppbpf_look *look__find(const struct look *look, pid_t tid);

/* The next thread of the process of that one, which is the leader first; NULL: no more. */
const struct ppbpf_look *look__next_thread(const struct look *look,
					   const struct ppbpf_look *thread);

#endif
