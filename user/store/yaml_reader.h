/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * YAML by tables of keys: libyaml's documents, whose nodes know their lines, so
 * that every complaint names file, line and key. Errors are negative, and in *err.
 */
#ifndef PPBPF_STORE_YAML_READER_H
#define PPBPF_STORE_YAML_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <yaml.h>

struct err;

struct yaml_reader {
	yaml_document_t document;
	const char *path;	/* for the complaints */
	struct err *err;
	const char *hint;	/* what they end with */
	size_t scalars;		/* read so far */
};

typedef int (*read_fn)(struct yaml_reader *r, const yaml_node_t *node, const char *key, void *to);

struct yaml_key {
	const char *name;
	read_fn read;
	size_t offset;		/* of what it is read into */
};

int reader__complain(struct yaml_reader *r, const yaml_node_t *node, const char *key,
		     const char *format, ...) __attribute__((format(printf, 4, 5)));
int reader__no_memory(struct yaml_reader *r);
/* The complaint of a parser that has found no YAML. */
int reader__parse_failed(struct yaml_reader *r, const yaml_parser_t *parser);

const yaml_node_t *reader__node(struct yaml_reader *r, int index);
size_t node_items(const yaml_node_t *node);
const yaml_node_t *reader__item(struct yaml_reader *r, const yaml_node_t *node, size_t i);
/* The value of a key, for its line; the mapping itself when it has none. */
const yaml_node_t *reader__value(struct yaml_reader *r, const yaml_node_t *map, const char *name);

/* A scalar's text, or NULL and the complaint that says what was wanted. */
const char *reader__scalar(struct yaml_reader *r, const yaml_node_t *node, const char *key,
			   const char *wanted);
bool node_is_null(const yaml_node_t *node);

/* *name is the key of a pair, which is no other pair's; `within` is what they are a part of. */
int reader__check_pair(struct yaml_reader *r, const yaml_node_t *map, const char *within,
		       const yaml_node_pair_t *pair, const char **name);

/* Reads each pair by its key. `path`: what the keys are a part of, "expect", or "". */
int reader__mapping(struct yaml_reader *r, const yaml_node_t *map, const char *path,
		    const struct yaml_key *keys, size_t count, void *to);

#endif
