// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "collect/known_stacks.h"

#include <errno.h>
#include <stdlib.h>

#define ROOM_FIRST 256

struct known_stack {
	uint64_t id;
	uint32_t index; /* in the profile */
};

struct wanted {
	const struct known_stack *rows;
	uint64_t id;
};

static bool is_stack(const void *what, uint32_t number)
{
	const struct wanted *wanted = what;

	return wanted->rows[number].id == wanted->id;
}

void known_stacks__free(struct known_stacks *stacks)
{
	free(stacks->rows);
	index__free(&stacks->index);
}

int known_stacks__find(const struct known_stacks *stacks, uint64_t id)
{
	struct wanted wanted = { stacks->rows, id };
	uint32_t number;

	/* an id is a hash */
	if (!index__find(&stacks->index, id, is_stack, &wanted, &number))
		return -1;
	return (int)stacks->rows[number].index;
}

int known_stacks__add(struct known_stacks *stacks, uint64_t id, uint32_t index)
{
	size_t room = stacks->room ? stacks->room * 2 : ROOM_FIRST;
	struct known_stack *larger;

	if (stacks->count == stacks->room) {
		larger = reallocarray(stacks->rows, room, sizeof(*larger));
		if (!larger)
			return -ENOMEM;
		stacks->rows = larger;
		stacks->room = room;
	}
	if (index__add(&stacks->index, id, stacks->count))
		return -ENOMEM;
	stacks->rows[stacks->count++] = (struct known_stack){ id, index };
	return 0;
}
