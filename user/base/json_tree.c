// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "base/json_tree.h"

#include <string.h>

static void read_value(struct json_tree *tree, struct json_in *in, struct json_node *node);

/* A string without a NUL in it, in the tree's memory. */
static char *read_text(struct json_tree *tree, struct json_in *in)
{
	const char *plain;
	size_t length;

	if (json_in__plain(in, &plain, &length))
		return arena__strndup(&tree->arena, plain, length);
	buf__truncate(&tree->text, 0);
	json_in__string(in, &tree->text);
	for (size_t i = 0; i < tree->text.length; i++)
		if (!tree->text.data[i])
			tree->text.data[i] = '?';
	return arena__strndup(&tree->arena, buf__str(&tree->text), tree->text.length);
}

static struct json_node *new_node(struct json_tree *tree, struct json_in *in,
				  struct json_node **last)
{
	struct json_node *node = arena__alloc(&tree->arena, sizeof(*node));

	if (!node) {
		json_in__refuse(in);
		return NULL;
	}
	*last = node;
	return node;
}

static void read_members(struct json_tree *tree, struct json_in *in, struct json_node *object)
{
	struct json_node **last = &object->child, *node;

	json_in__object(in);
	while (json_in__member(in)) {
		node = new_node(tree, in, last);
		if (!node)
			return;
		node->key = read_text(tree, in);
		json_in__colon(in);
		read_value(tree, in, node);
		last = &node->next;
	}
}

static void read_elements(struct json_tree *tree, struct json_in *in, struct json_node *array)
{
	struct json_node **last = &array->child, *node;

	json_in__array(in);
	while (json_in__element(in)) {
		node = new_node(tree, in, last);
		if (!node)
			return;
		read_value(tree, in, node);
		last = &node->next;
	}
}

/* The depth of what is in one another is the reader's to limit. */
static void read_value(struct json_tree *tree, struct json_in *in, struct json_node *node)
{
	node->type = json_in__type(in);
	node->begin = in->at;
	switch (node->type) {
	case JSON_IN_OBJECT:
		read_members(tree, in, node);
		break;
	case JSON_IN_ARRAY:
		read_elements(tree, in, node);
		break;
	case JSON_IN_STRING:
		node->text = read_text(tree, in);
		break;
	case JSON_IN_NUMBER:
		node->number = json_in__double(in);
		break;
	case JSON_IN_BOOL:
		node->yes = json_in__bool(in);
		break;
	default:
		if (!json_in__null(in))
			json_in__refuse(in);
	}
	node->length = in->at - node->begin;
}

struct json_node *json_tree__parse(struct json_tree *tree, const char *text, size_t length,
				   const char **end)
{
	static const char mark[] = "\xef\xbb\xbf"; /* of the order of bytes */
	struct json_node *root;
	struct json_in in;

	if (length >= 3 && !memcmp(text, mark, 3)) {
		text += 3;
		length -= 3;
	}
	arena__reset(&tree->arena);
	json_in__begin(&in, text, length);
	root = arena__alloc(&tree->arena, sizeof(*root));
	if (root)
		read_value(tree, &in, root);
	*end = in.error ? in.wrong : in.at;
	return in.error || tree->arena.error || tree->text.error ? NULL : root;
}

void json_tree__free(struct json_tree *tree)
{
	arena__free(&tree->arena);
	buf__free(&tree->text);
}

struct json_node *json_get(const struct json_node *object, const char *key)
{
	struct json_node *node = json_is(object, JSON_IN_OBJECT) ? object->child : NULL;

	while (node && strcmp(node->key, key))
		node = node->next;
	return node;
}

size_t json_count(const struct json_node *node)
{
	size_t count = 0;

	for (const struct json_node *item = json_first(node); item; item = item->next)
		count++;
	return count;
}

struct json_node *json_at(const struct json_node *node, size_t index)
{
	struct json_node *item = json_first(node);

	while (item && index--)
		item = item->next;
	return item;
}
