/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Which of the profile's stacks the programs count under an id: a hundred thousand of them. */
#ifndef PPBPF_COLLECT_KNOWN_STACKS_H
#define PPBPF_COLLECT_KNOWN_STACKS_H

#include <stddef.h>
#include <stdint.h>

#include "base/index.h"

/* All zero is an empty one. */
struct known_stacks {
	struct known_stack *rows;
	size_t count;
	size_t room;
	struct index index;
};

void known_stacks__free(struct known_stacks *stacks);

/* The stack's index in the profile; -1: the id is not known. */
int known_stacks__find(const struct known_stacks *stacks, uint64_t id);

/* 0 or -ENOMEM. Of an id that is known the first index stays. */
int known_stacks__add(struct known_stacks *stacks, uint64_t id, uint32_t index);

#endif
