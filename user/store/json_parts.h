/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * A JSON document with one long array in its object, or in that object's "data": the frame without the array's elements, and the elements one after the other,
 * so that each can be parsed alone. Only strings and brackets are looked at: whether it
 * all is JSON, the parser of the parts tells.
 */
#ifndef PPBPF_STORE_JSON_PARTS_H
#define PPBPF_STORE_JSON_PARTS_H

#include <stdbool.h>
#include <stddef.h>

struct json_parts {
	const char *text;	/* the caller's, and so is what else points into it */
	const char *end;
	const char *begin;	/* after the array's bracket; NULL: there is no such array */
	const char *close;	/* the bracket that ends it */
	char *frame;		/* the document with an empty array; owned */
};

/* @text ends in a NUL, at @length; @key is the array's. 0 or -ENOMEM; freed either way. */
int json_parts__split(struct json_parts *parts, const char *text, size_t length, const char *key);
void json_parts__free(struct json_parts *parts);

/* Where the first element begins; at a ']' there is none (more). */
const char *json_parts__first(const struct json_parts *parts);
/* The same after an element that ended at `after`. False: neither ',' nor ']' follows. */
bool json_parts__next(const struct json_parts *parts, const char *after, const char **element);
/* The place in the text of one in the frame. */
const char *json_parts__place(const struct json_parts *parts, const char *in_frame);

#endif
