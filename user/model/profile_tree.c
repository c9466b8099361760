// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "model/profile_tree.h"

#include <errno.h>
#include <stdlib.h>

#include "base/hash.h"
#include "model/profile_paths.h"

#define NODES_MAX (1u << 24)

struct tree {
	struct tree_node *nodes;
	size_t count;
	size_t capacity;
	uint32_t *ends;		/* by path */
	struct hash *children;	/* by (parent, step): node, as a pointer; the root is nobody's */
};

void tree__free(struct tree *tree)
{
	if (!tree)
		return;
	free(tree->nodes);
	free(tree->ends);
	hash__free(tree->children);
	free(tree);
}

static int add_node(struct tree *tree, uint32_t parent, uint32_t step)
{
	size_t capacity = tree->capacity ? tree->capacity * 2 : 1024;
	struct tree_node *moved;

	if (tree->count == NODES_MAX)
		return -E2BIG;
	if (tree->count == tree->capacity) {
		moved = reallocarray(tree->nodes, capacity, sizeof(*moved));
		if (!moved)
			return -ENOMEM;
		tree->nodes = moved;
		tree->capacity = capacity;
	}
	tree->nodes[tree->count] = (struct tree_node){ .step = step, .parent = parent,
						       .child = TREE_NONE, .next = TREE_NONE };
	return tree->count++;
}

static int child_of(struct tree *tree, uint32_t parent, uint32_t step)
{
	uintptr_t found = (uintptr_t)hash__get(tree->children, parent, step);
	int node;

	if (found)
		return found;
	node = add_node(tree, parent, step);
	if (node > 0 && hash__set(tree->children, parent, step, (void *)(uintptr_t)node))
		node = -ENOMEM;
	return node;
}

static void add_time(struct tree *tree, uint32_t node, const struct path *path)
{
	tree->nodes[node].self_ns += path->ns;
	for (; node != TREE_NONE; node = tree->nodes[node].parent) {
		tree->nodes[node].total_ns += path->ns;
		tree->nodes[node].samples += path->samples;
	}
}

static int add_path(struct tree *tree, const struct path *path)
{
	int node = 0;

	for (size_t i = 0; i < path->count && node >= 0; i++)
		node = child_of(tree, node, path->steps[i]);
	if (node >= 0)
		add_time(tree, node, path);
	return node;
}

/* For qsort, which hands no context on. */
struct sorted {
	uint32_t index;
	uint32_t parent;
	uint64_t ns;
};

static int by_parent_and_time(const void *a, const void *b)
{
	const struct sorted *x = a, *y = b;

	if (x->parent != y->parent)
		return x->parent < y->parent ? -1 : 1;
	if (x->ns != y->ns)
		return x->ns < y->ns ? -1 : 1;
	return x->index > y->index ? -1 : x->index < y->index;
}

/* Links the children of each node, most time first. */
static int link_children(struct tree *tree)
{
	struct sorted *order = calloc(tree->count, sizeof(*order));

	if (!order)
		return -ENOMEM;
	for (size_t i = 0; i < tree->count; i++)
		order[i] = (struct sorted){ i, tree->nodes[i].parent, tree->nodes[i].total_ns };
	qsort(order, tree->count, sizeof(*order), by_parent_and_time);
	for (size_t i = 0; i < tree->count; i++) {
		struct tree_node *node = &tree->nodes[order[i].index];

		if (node->parent == TREE_NONE)
			continue;
		node->next = tree->nodes[node->parent].child;
		tree->nodes[node->parent].child = order[i].index;
	}
	free(order);
	return 0;
}

static int add_all(struct tree *tree, const struct paths *paths, int thread)
{
	int node = add_node(tree, TREE_NONE, TREE_NONE);
	struct path path;

	for (size_t i = 0; i < paths__count(paths) && node >= 0; i++) {
		paths__at(paths, i, &path);
		tree->ends[i] = TREE_NONE;
		if (thread >= 0 && path.thread != (uint32_t)thread)
			continue;
		node = add_path(tree, &path);
		tree->ends[i] = node;
	}
	return node < 0 ? node : link_children(tree);
}

struct tree *tree__new(const struct paths *paths, int thread)
{
	struct tree *tree = calloc(1, sizeof(*tree));

	if (!tree)
		return NULL;
	tree->ends = calloc(paths__count(paths) + 1, sizeof(*tree->ends));
	tree->children = hash__new();
	if (!tree->ends || !tree->children || add_all(tree, paths, thread)) {
		tree__free(tree);
		return NULL;
	}
	return tree;
}

size_t tree__count(const struct tree *tree)
{
	return tree->count;
}

const struct tree_node *tree__node(const struct tree *tree, uint32_t index)
{
	return &tree->nodes[index];
}

uint32_t tree__end(const struct tree *tree, size_t path)
{
	return tree->ends[path];
}
