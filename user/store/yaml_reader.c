// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "store/yaml_reader.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"

/* Aliases make a small file large: what all of them together may come to. */
#define SCALARS_MAX 4000000

int reader__complain(struct yaml_reader *r, const yaml_node_t *node, const char *key,
		     const char *format, ...)
{
	struct buf text = BUF_INIT;
	va_list args;
	int err;

	va_start(args, format);
	buf__vprintf(&text, format, args);
	va_end(args);
	err = err__set(r->err, ERR_USAGE, -EINVAL, "%s:%zu: %s: %s", r->path,
		       node->start_mark.line + 1, key, buf__str(&text));
	err__hint(r->err, "%s", r->hint);
	buf__free(&text);
	return err;
}

int reader__no_memory(struct yaml_reader *r)
{
	return err__set(r->err, ERR_INTERNAL, -ENOMEM, "out of memory");
}

const yaml_node_t *reader__node(struct yaml_reader *r, int index)
{
	return yaml_document_get_node(&r->document, index);
}

size_t node_items(const yaml_node_t *node)
{
	return node->data.sequence.items.top - node->data.sequence.items.start;
}

const yaml_node_t *reader__item(struct yaml_reader *r, const yaml_node_t *node, size_t i)
{
	return reader__node(r, node->data.sequence.items.start[i]);
}

const char *reader__scalar(struct yaml_reader *r, const yaml_node_t *node, const char *key,
			   const char *wanted)
{
	const char *text;

	if (node->type != YAML_SCALAR_NODE) {
		reader__complain(r, node, key, "wants %s", wanted);
		return NULL;
	}
	text = (const char *)node->data.scalar.value;
	if (strlen(text) != node->data.scalar.length) {
		reader__complain(r, node, key, "has a NUL byte in it");
		return NULL;
	}
	if (++r->scalars > SCALARS_MAX) {
		reader__complain(r, node, key, "the suite has more than %d values", SCALARS_MAX);
		return NULL;
	}
	return text;
}

bool node_is_null(const yaml_node_t *node)
{
	const char *text = (const char *)node->data.scalar.value;

	return node->type == YAML_SCALAR_NODE &&
	       node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
	       (!*text || !strcmp(text, "~") || !strcmp(text, "null"));
}

int reader__check_pair(struct yaml_reader *r, const yaml_node_t *map, const char *within,
		       const yaml_node_pair_t *pair, const char **name)
{
	const yaml_node_t *key = reader__node(r, pair->key);

	*name = reader__scalar(r, key, within, "keys that are words");
	if (!*name)
		return r->err->code;
	for (const yaml_node_pair_t *other = map->data.mapping.pairs.start; other < pair; other++) {
		const yaml_node_t *before = reader__node(r, other->key);

		if (before->type == YAML_SCALAR_NODE &&
		    !strcmp((const char *)before->data.scalar.value, *name))
			return reader__complain(r, key, *name, "is given twice, first in line %zu",
						before->start_mark.line + 1);
	}
	return 0;
}

static int unknown_key(struct yaml_reader *r, const yaml_node_t *node, const char *name,
		       const struct yaml_key *keys, size_t count)
{
	const char *nearest = text_nearest(name, &keys[0].name, count, sizeof(keys[0]));

	if (nearest)
		return reader__complain(r, node, name, "there is no such key; did you mean %s?",
					nearest);
	return reader__complain(r, node, name, "there is no such key");
}

int reader__mapping(struct yaml_reader *r, const yaml_node_t *map, const char *path,
		    const struct yaml_key *keys, size_t count, void *to)
{
	const char *name;
	char key[128];
	size_t i;
	int err;

	for (const yaml_node_pair_t *pair = map->data.mapping.pairs.start;
	     pair < map->data.mapping.pairs.top; pair++) {
		err = reader__check_pair(r, map, *path ? path : "benchmarks", pair, &name);
		if (err)
			return err;
		for (i = 0; i < count && strcmp(keys[i].name, name); i++)
			;
		if (i == count)
			return unknown_key(r, reader__node(r, pair->key), name, keys, count);
		snprintf(key, sizeof(key), "%s%s%s", path, *path ? "." : "", name);
		err = keys[i].read(r, reader__node(r, pair->value), key,
				   (char *)to + keys[i].offset);
		if (err)
			return err;
	}
	return 0;
}

const yaml_node_t *reader__value(struct yaml_reader *r, const yaml_node_t *map, const char *name)
{
	for (const yaml_node_pair_t *pair = map->data.mapping.pairs.start;
	     pair < map->data.mapping.pairs.top; pair++)
		if (!strcmp((const char *)reader__node(r, pair->key)->data.scalar.value, name))
			return reader__node(r, pair->value);
	return map;
}

int reader__parse_failed(struct yaml_reader *r, const yaml_parser_t *parser)
{
	size_t line = parser->problem_mark.line + 1;
	int err;

	if (parser->error == YAML_MEMORY_ERROR)
		return reader__no_memory(r);
	if (parser->error == YAML_READER_ERROR)
		err = err__set(r->err, ERR_USAGE, -EINVAL, "%s: no YAML: %s at byte %zu", r->path,
			       parser->problem ? parser->problem : "not readable",
			       parser->problem_offset);
	else
		err = err__set(r->err, ERR_USAGE, -EINVAL, "%s:%zu: no YAML: %s%s%s", r->path, line,
			       parser->context ? parser->context : "", parser->context ? ", " : "",
			       parser->problem ? parser->problem : "not readable");
	err__hint(r->err, "%s", r->hint);
	return err;
}
