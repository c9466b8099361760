// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/* The spans of a trace in the order of a tree. */
#include <stdlib.h>

#include "model/trace.h"
#include "model/trace_join.h"

/* A child's place among all: by its parent, then by time. */
struct child {
	const struct span *span;
	const struct span *parent;	/* NULL: a root */
	bool shown;
};

struct tree {
	struct span **by_id;
	struct child *children;		/* sorted */
	size_t *stack;			/* children that wait to be shown, the next one last */
	unsigned int *depths;		/* of those on the stack */
	size_t waiting;
	size_t count;
	struct trace_row *rows;
	size_t shown;
};

static int compare_ids(const void *a, const void *b)
{
	const struct span *x = *(struct span *const *)a, *y = *(struct span *const *)b;

	return x->span_id < y->span_id ? -1 : x->span_id > y->span_id;
}

static uint64_t parent_of(const struct child *child)
{
	return child->parent ? child->parent->span_id : 0;
}

static int compare_children(const void *a, const void *b)
{
	const struct child *x = a, *y = b;

	if (parent_of(x) != parent_of(y))
		return parent_of(x) < parent_of(y) ? -1 : 1;
	if (x->span->start_ns != y->span->start_ns)
		return x->span->start_ns < y->span->start_ns ? -1 : 1;
	if (x->span->end_ns != y->span->end_ns)
		return x->span->end_ns > y->span->end_ns ? -1 : 1;
	return x->span->span_id < y->span->span_id ? -1 : x->span->span_id > y->span->span_id;
}

static size_t first_child(const struct tree *tree, uint64_t parent)
{
	size_t low = 0, high = tree->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (parent_of(&tree->children[middle]) < parent)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Those of a parent, so that the first will be shown first. */
static void push_children(struct tree *tree, uint64_t parent, unsigned int depth)
{
	size_t first = first_child(tree, parent), end = first;

	while (end < tree->count && parent_of(&tree->children[end]) == parent)
		end++;
	while (end-- > first) {
		if (tree->children[end].shown)
			continue;
		tree->children[end].shown = true;
		tree->stack[tree->waiting] = end;
		tree->depths[tree->waiting++] = depth;
	}
}

static void show_waiting(struct tree *tree)
{
	while (tree->waiting) {
		const struct span *span = tree->children[tree->stack[--tree->waiting]].span;
		unsigned int depth = tree->depths[tree->waiting];

		tree->rows[tree->shown++] = (struct trace_row){ span, depth };
		push_children(tree, span->span_id, depth + 1);
	}
}

/* Whoever is in a circle of parents is reached from no root. */
static void show_rest(struct tree *tree)
{
	for (size_t i = 0; i < tree->count; i++) {
		if (tree->children[i].shown)
			continue;
		tree->children[i].shown = true;
		tree->stack[0] = i;
		tree->depths[0] = 0;
		tree->waiting = 1;
		show_waiting(tree);
	}
}

static void find_children(struct tree *tree, const struct trace *trace)
{
	size_t i = 0;

	for (struct span *s = trace->spans; s; s = s->next)
		tree->by_id[i++] = s;
	qsort(tree->by_id, tree->count, sizeof(struct span *), compare_ids);
	for (i = 0; i < tree->count; i++) {
		struct span *span = tree->by_id[i];
		struct span *parent = span->parent_id ?
				      span_of_id(tree->by_id, tree->count, span->parent_id) : NULL;

		tree->children[i] = (struct child){ .span = span,
						    .parent = parent != span ? parent : NULL };
	}
	qsort(tree->children, tree->count, sizeof(*tree->children), compare_children);
}

struct trace_row *trace__rows(const struct trace *trace)
{
	struct tree tree = { .count = trace->span_count };

	tree.by_id = calloc(tree.count, sizeof(*tree.by_id));
	tree.children = calloc(tree.count, sizeof(*tree.children));
	tree.stack = calloc(tree.count, sizeof(*tree.stack));
	tree.depths = calloc(tree.count, sizeof(*tree.depths));
	tree.rows = calloc(tree.count, sizeof(*tree.rows));
	if (tree.by_id && tree.children && tree.stack && tree.depths && tree.rows) {
		find_children(&tree, trace);
		push_children(&tree, 0, 0);
		show_waiting(&tree);
		show_rest(&tree);
	} else {
		free(tree.rows);
		tree.rows = NULL;
	}
	free(tree.by_id);
	free(tree.children);
	free(tree.stack);
	free(tree.depths);
	return tree.rows;
}
