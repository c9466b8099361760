/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef PPBPF_BASE_JSON_TREE_H
#define PPBPF_BASE_JSON_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/json_in.h"

/*
 * JSON as a tree, for what is short, or is read part by part: memory is taken once and
 * used again for the next part. Members keep their order; of two with the same key,
 * json_get() finds the first.
 */
struct json_node {
	const char *key; /* of an object's member, else NULL */
	struct json_node *next;
	union {
		struct json_node *child; /* the first of an object or array */
		const char *text;	 /* a string as UTF-8; U+0000 is a '?' */
		double number;
		bool yes;
	};
	const char *begin; /* as it is written, in what was parsed */
	size_t length;
	enum json_in_type type;
};

struct json_tree {
	struct arena arena;
	struct buf text;
};

/* clang-format off */
#define JSON_TREE_INIT { ARENA_INIT, BUF_INIT }
/* clang-format on */

/*
 * The value that @text begins with, and *@end behind it; what was parsed before is gone.
 * NULL, and *@end where it is wrong: it is no JSON, or the tree's arena has an error.
 */
struct json_node *json_tree__parse(struct json_tree *tree, const char *text, size_t length,
				   const char **end);
void json_tree__free(struct json_tree *tree);

/* All of these take a NULL for a node that is not there. */
static inline bool json_is(const struct json_node *node, enum json_in_type type)
{
	return node && node->type == type;
}

static inline bool json_is_true(const struct json_node *node)
{
	return json_is(node, JSON_IN_BOOL) && node->yes;
}

/* NULL when it is no string. */
static inline const char *json_text(const struct json_node *node)
{
	return json_is(node, JSON_IN_STRING) ? node->text : NULL;
}

/* The first value of an object or array. */
static inline struct json_node *json_first(const struct json_node *node)
{
	return json_is(node, JSON_IN_OBJECT) || json_is(node, JSON_IN_ARRAY) ? node->child : NULL;
}

/* The member of an object. */
struct json_node *json_get(const struct json_node *object, const char *key);
/* The value at an index, from 0 on, of an object or array. */
struct json_node *json_at(const struct json_node *node, size_t index);
size_t json_count(const struct json_node *node);

#endif
