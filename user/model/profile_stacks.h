/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * A profile's stacks. They are leaves of a tree whose root is no frame: most of
 * a stack is what others have, too, and there are a hundred thousand in an hour.
 */
#ifndef PPBPF_MODEL_PROFILE_STACKS_H
#define PPBPF_MODEL_PROFILE_STACKS_H

#include "base/index.h"
#include "model/profile.h"

/* All zero is an empty one. */
struct profile_stacks {
	struct stack_node *nodes;
	size_t node_count;
	struct index node_index;
	struct stack_row *rows;
	size_t stack_count;
	struct index row_index;
	uint32_t *unrolled; /* one stack's frames */
	size_t deepest;
};

void profile_stacks__free(struct profile_stacks *stacks);

/* Room for that many frames, which the next call of any function here may take. NULL: no memory. */
uint32_t *profile_stacks__room(struct profile_stacks *stacks, size_t count);

/*
 * The number of a stack, new or not. `why` is one text for one reason: its address is
 * what is compared. -ENOMEM, or -E2BIG beyond 2^31.
 */
int profile_stacks__add(struct profile_stacks *stacks, const struct profile_stack *stack);

/* The frames are in a place of the stacks' own, until any function is called. */
void profile_stacks__at(const struct profile_stacks *stacks, size_t number,
			struct profile_stack *stack);

/* How it ended, without its frames. */
enum stack_end profile_stacks__end(const struct profile_stacks *stacks, size_t number,
				   const char **why);

/*
 * Room for one more behind the `count` of an array, by the pointer to that. Arrays double,
 * so that they are full at powers of two. 0 or -ENOMEM.
 */
int profile_make_room(void *array_pointer, size_t count, size_t size);

#endif
