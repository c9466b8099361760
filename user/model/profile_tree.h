/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Paths laid over each other: who calls whom, for how long. */
#ifndef PPBPF_MODEL_PROFILE_TREE_H
#define PPBPF_MODEL_PROFILE_TREE_H

#include <stddef.h>
#include <stdint.h>

struct paths;
struct tree;

#define TREE_NONE UINT32_MAX

struct tree_node {
	uint32_t step;		/* index in the paths; TREE_NONE for the root */
	uint32_t parent;	/* node; TREE_NONE for the root */
	uint32_t child;		/* the first one, of those the one with most time; or TREE_NONE */
	uint32_t next;		/* sibling; or TREE_NONE */
	uint64_t self_ns;
	uint64_t total_ns;
	uint64_t samples;	/* of all below, too */
};

/*
 * Node 0 is the root. With `thread` not negative, only that thread's paths,
 * which must have been kept apart. NULL: no memory.
 */
struct tree *tree__new(const struct paths *paths, int thread);
void tree__free(struct tree *tree);

size_t tree__count(const struct tree *tree);
const struct tree_node *tree__node(const struct tree *tree, uint32_t index);

/* The node that a path ends in; TREE_NONE when it was left out. */
uint32_t tree__end(const struct tree *tree, size_t path);

#endif
