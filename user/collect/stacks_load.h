/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* The stacks' skeleton, and how it is loaded; between stacks.c and stacks_load.c. */
#ifndef PPBPF_COLLECT_STACKS_LOAD_H
#define PPBPF_COLLECT_STACKS_LOAD_H

#include "collect/skeleton.h"
#include "collect/stacks.h"
#include "ppbpf_stack_abi.h"
#include "stack.skel.h"

/* Opens, configures and loads; on failure what was opened is in *out, too, to be destroyed. */
int stacks_load(struct stack_bpf **out, const struct stacks_config *config,
		const struct features *features, struct err *e);

#endif
