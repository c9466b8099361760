/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Reading JSON of our own that comes from outside, every value is checked, and
 * what is wrong with it is told with its place. What is absent or null stays as it was;
 * functions return 0 or a negative errno, with the error set.
 */
#ifndef PPBPF_STORE_READING_H
#define PPBPF_STORE_READING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json_tree.h"

struct err;
struct json_parts;

/* Larger files are refused. */
#define READING_FILE_MAX (4UL << 30)

/* Where in which file we are. */
struct reading {
	const char *file;
	const char *list;	/* "results" */
	const char *benchmark;	/* NULL outside of one */
	size_t index;		/* of the element in the list, 1 and up inside of one */
	size_t run;		/* the same */
	struct err *e;
};

/* An object whose keys are asked for in about the order that they stand in. */
struct in_order {
	const struct json_node *object;
	const struct json_node *next;
};

/* "FILE: results[3] (parse) runs[7]: avg_time_ms is no number"; returns -EINVAL. */
int reading__refuse(const struct reading *r, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* What does not parse, at a place in the text. */
int reading__refuse_syntax(const struct reading *r, const struct json_parts *parts,
			   const char *at);

const struct json_node *reading__next(struct in_order *from, const char *key);

/* Numbers are finite; all but signed ones are from 0 on, and counts up to 2^53. */
int reading__number(const struct reading *r, const struct json_node *item, const char *key,
		    double *value);
int reading__signed(const struct reading *r, const struct json_node *item, const char *key,
		    double *value);
int reading__count(const struct reading *r, const struct json_node *item, const char *key,
		   uint64_t *count);
int reading__setting(const struct reading *r, const struct json_node *item, const char *key,
		     int *value);
/* Unix seconds, of years that have four digits. */
int reading__time(const struct reading *r, const struct json_node *item, const char *key,
		  double *seconds);
/* A copy, the caller's to free. */
int reading__text(const struct reading *r, const struct json_node *item, const char *key,
		  char **text);

/* Whether an object or array is there: 1, 0, or negative for another thing. */
int reading__check(const struct reading *r, const struct json_node *item, const char *key,
		   bool array);
int reading__part(const struct reading *r, const struct json_node *object, const char *key,
		  bool array,
		  const struct json_node **out);

/* Whether the document is ours, of the operation (NULL: of none) and no newer than us. */
int reading__check_schema(const struct reading *r, const struct json_node *root,
			  const char *operation);

/* Parses all but the elements, into the tree. */
int reading__frame(const struct reading *r, const struct json_parts *parts, struct json_tree *tree,
		   const struct json_node **frame);

/* Parses the elements one after the other: `element` reads each, and r knows its index. */
int reading__elements(struct reading *r, const struct json_parts *parts,
		      int (*element)(struct reading *r, const struct json_node *json,
				     void *context),
		      void *context);

#endif
