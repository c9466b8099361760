// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "store/json_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *skip_space(const char *c)
{
	return c + strspn(c, " \t\r\n");
}

/* From a quotation mark to behind the one that ends the string, or to the end. */
static const char *skip_string(const char *c)
{
	for (c++; *c && *c != '"'; c++)
		if (*c == '\\' && c[1])
			c++;
	return *c ? c + 1 : c;
}

/* From behind a bracket to the one that closes it; NULL: there is none. */
static const char *skip_nested(const char *c)
{
	int depth = 1;

	while (*(c += strcspn(c, "\"[]{}"))) {
		if (*c == '"') {
			c = skip_string(c);
			continue;
		}
		depth += *c == '[' || *c == '{' ? 1 : -1;
		if (!depth)
			return c;
		c++;
	}
	return NULL;
}

/*
 * The value of a key in the object that begins at `c`, NULL when there is none. A
 * value that is not closed ends the search.
 */
static const char *find_value(const char *c, const char *key)
{
	const char *value, *name;
	size_t length = strlen(key);

	if (*c != '{')
		return NULL;
	c++;
	while (*(c += strcspn(c, "\"[{}"))) {
		if (*c == '}')
			return NULL;
		if (*c == '"') {
			name = c + 1;
			c = skip_string(c);
			value = skip_space(c);
			if (*value == ':' && (size_t)(c - 1 - name) == length &&
			    !strncmp(name, key, length))
				return skip_space(value + 1);
			continue;
		}
		c = skip_nested(c + 1);
		if (!c)
			return NULL;
		c++;
	}
	return NULL;
}

static const char *find_array(const char *text, const char *key)
{
	const char *array, *data;

	text = skip_space(strncmp(text, "\xef\xbb\xbf", 3) ? text : text + 3);
	array = find_value(text, key);
	if (!array) {
		data = find_value(text, "data");
		array = data ? find_value(data, key) : NULL;
	}
	return array && *array == '[' ? array + 1 : NULL;
}

int json_parts__split(struct json_parts *parts, const char *text, size_t length, const char *key)
{
	size_t head, tail;

	*parts = (struct json_parts){ .text = text, .end = text + length };
	parts->begin = find_array(text, key);
	parts->close = parts->begin ? skip_nested(parts->begin) : NULL;
	if (!parts->close) {
		parts->begin = NULL;
		parts->frame = strdup(text);
		return parts->frame ? 0 : -ENOMEM;
	}
	head = parts->begin - text;
	tail = parts->end - parts->close;
	parts->frame = malloc(head + tail + 1);
	if (!parts->frame)
		return -ENOMEM;
	memcpy(parts->frame, text, head);
	memcpy(parts->frame + head, parts->close, tail + 1);
	return 0;
}

void json_parts__free(struct json_parts *parts)
{
	free(parts->frame);
	parts->frame = NULL;
}

const char *json_parts__first(const struct json_parts *parts)
{
	return parts->begin ? skip_space(parts->begin) : "]";
}

bool json_parts__next(const struct json_parts *parts, const char *after, const char **element)
{
	*element = skip_space(after);
	if (**element == ']')
		return *element == parts->close;
	if (**element != ',')
		return false;
	*element = skip_space(*element + 1);
	/* "[1,]" */
	return **element != ']';
}

const char *json_parts__place(const struct json_parts *parts, const char *in_frame)
{
	size_t at = in_frame ? in_frame - parts->frame : 0;

	if (parts->begin && at > (size_t)(parts->begin - parts->text))
		return parts->close + (at - (parts->begin - parts->text));
	return parts->text + at;
}
