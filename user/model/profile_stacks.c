// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "model/profile_stacks.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#define ROOT 0 /* nodes are numbered from 1 on */
#define ROOM_FIRST 64

struct stack_node {
	uint32_t parent;
	uint32_t frame;
};

struct stack_row {
	const char *why;
	uint32_t leaf;
	uint32_t count : 24; /* of frames */
	uint32_t end : 8;
};

void profile_stacks__free(struct profile_stacks *stacks)
{
	free(stacks->nodes);
	index__free(&stacks->node_index);
	free(stacks->rows);
	index__free(&stacks->row_index);
	free(stacks->unrolled);
}

int profile_make_room(void *array_pointer, size_t count, size_t size)
{
	void **array = array_pointer;
	void *moved;

	if (count & (count - 1))
		return 0;
	moved = reallocarray(*array, count ? count * 2 : 1, size);
	if (!moved)
		return -ENOMEM;
	*array = moved;
	return 0;
}

uint32_t *profile_stacks__room(struct profile_stacks *stacks, size_t count)
{
	size_t room = count > ROOM_FIRST ? count : ROOM_FIRST;
	uint32_t *deeper;

	if (room <= stacks->deepest)
		return stacks->unrolled;
	deeper = reallocarray(stacks->unrolled, room, sizeof(*deeper));
	if (!deeper)
		return NULL;
	stacks->unrolled = deeper;
	stacks->deepest = room;
	return deeper;
}

struct node_wanted {
	const struct stack_node *nodes;
	struct stack_node node;
};

static bool is_node(const void *what, uint32_t number)
{
	const struct node_wanted *wanted = what;
	const struct stack_node *node = &wanted->nodes[number];

	return node->parent == wanted->node.parent && node->frame == wanted->node.frame;
}

/* The number of this frame's node below `parent`. */
static int64_t add_node(struct profile_stacks *stacks, uint32_t parent, uint32_t frame)
{
	struct node_wanted wanted = { stacks->nodes, { parent, frame } };
	uint64_t hash = index_hash(&wanted.node, sizeof(wanted.node), 0);
	uint32_t number;

	if (index__find(&stacks->node_index, hash, is_node, &wanted, &number))
		return (int64_t)number + 1;
	if (stacks->node_count == UINT32_MAX - 1)
		return -E2BIG;
	if (profile_make_room(&stacks->nodes, stacks->node_count, sizeof(*stacks->nodes)) ||
	    index__add(&stacks->node_index, hash, stacks->node_count))
		return -ENOMEM;
	stacks->nodes[stacks->node_count++] = wanted.node;
	return stacks->node_count;
}

struct row_wanted {
	const struct stack_row *rows;
	struct stack_row row;
};

static bool is_row(const void *what, uint32_t number)
{
	const struct row_wanted *wanted = what;
	const struct stack_row *row = &wanted->rows[number];

	return row->leaf == wanted->row.leaf && row->end == wanted->row.end &&
	       row->why == wanted->row.why;
}

int profile_stacks__add(struct profile_stacks *stacks, const struct profile_stack *stack)
{
	struct row_wanted wanted = { stacks->rows, { .why = stack->why, .count = stack->count,
						     .end = stack->end } };
	int64_t node = ROOT;
	uint32_t number;
	uint64_t hash;

	for (size_t i = stack->count; i-- > 0 && node >= 0;)
		node = add_node(stacks, node, stack->frames[i]);
	if (node < 0)
		return node;
	wanted.row.leaf = node;
	hash = index_hash(&stack->why, sizeof(stack->why), (uint64_t)node << 8 | stack->end);
	if (index__find(&stacks->row_index, hash, is_row, &wanted, &number))
		return number;
	if (stacks->stack_count == INT_MAX)
		return -E2BIG;
	if (profile_make_room(&stacks->rows, stacks->stack_count, sizeof(*stacks->rows)) ||
	    index__add(&stacks->row_index, hash, stacks->stack_count))
		return -ENOMEM;
	stacks->rows[stacks->stack_count] = wanted.row;
	return stacks->stack_count++;
}

void profile_stacks__at(const struct profile_stacks *stacks, size_t number,
			struct profile_stack *stack)
{
	const struct stack_row *row = &stacks->rows[number];
	const struct stack_node *node;
	uint32_t at = row->leaf;

	for (size_t i = 0; i < row->count; i++, at = node->parent) {
		node = &stacks->nodes[at - 1];
		stacks->unrolled[i] = node->frame;
	}
	stack->frames = stacks->unrolled;
	stack->count = row->count;
	stack->end = row->end;
	stack->why = row->why;
}

enum stack_end profile_stacks__end(const struct profile_stacks *stacks, size_t number,
				   const char **why)
{
	*why = stacks->rows[number].why;
	return stacks->rows[number].end;
}
