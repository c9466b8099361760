// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "store/reading.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "store/json_parts.h"

#define SCHEMA "ppbpf/"
#define SCHEMA_VERSION 1
/* beyond it a double is no longer exact, and a count no longer itself */
#define COUNT_MAX 9007199254740992.0
#define SETTING_MAX 1000000
/* ms, bytes and percent beyond it are nobody's, and no sum of them is finite for sure */
#define NUMBER_LARGEST 1e18
#define YEAR_10000 253402300800.0

int reading__refuse(const struct reading *r, const char *format, ...)
{
	struct buf what = BUF_INIT;
	va_list args;
	int err;

	buf__printf(&what, "%s: ", r->file);
	if (r->index)
		buf__printf(&what, "%s[%zu]", r->list, r->index - 1);
	if (r->benchmark)
		buf__printf(&what, " (%.80s)", r->benchmark);
	if (r->run)
		buf__printf(&what, " runs[%zu]", r->run - 1);
	if (r->index)
		buf__puts(&what, ": ");
	va_start(args, format);
	buf__vprintf(&what, format, args);
	va_end(args);
	err = err__set(r->e, ERR_IO, -EINVAL, "%s", buf__str(&what));
	buf__free(&what);
	return err;
}

const struct json_node *reading__next(struct in_order *from, const char *key)
{
	const struct json_node *begin = from->next ? from->next : json_first(from->object);
	const struct json_node *item = begin;

	/* round once, from where the last one was */
	while (item && (*item->key != *key || strcmp(item->key, key))) {
		item = item->next ? item->next : json_first(from->object);
		if (item == begin)
			return NULL;
	}
	if (item)
		from->next = item->next;
	return item;
}

static bool is_absent(const struct json_node *item)
{
	return !item || item->type == JSON_IN_NULL;
}

int reading__signed(const struct reading *r, const struct json_node *item, const char *key,
		    double *value)
{
	if (is_absent(item))
		return 0;
	if (!json_is(item, JSON_IN_NUMBER))
		return reading__refuse(r, "%s is no number", key);
	if (!isfinite(item->number))
		return reading__refuse(r, "%s is no finite number", key);
	if (fabs(item->number) > NUMBER_LARGEST)
		return reading__refuse(r, "%s is larger than anything measured", key);
	*value = item->number;
	return 0;
}

int reading__number(const struct reading *r, const struct json_node *item, const char *key,
		    double *value)
{
	if (json_is(item, JSON_IN_NUMBER) && item->number < 0)
		return reading__refuse(r, "%s is negative", key);
	return reading__signed(r, item, key, value);
}

int reading__time(const struct reading *r, const struct json_node *item, const char *key,
		  double *seconds)
{
	if (json_is(item, JSON_IN_NUMBER) && item->number >= YEAR_10000)
		return reading__refuse(r, "%s is no time", key);
	return reading__number(r, item, key, seconds);
}

int reading__count(const struct reading *r, const struct json_node *item, const char *key,
		   uint64_t *count)
{
	double value = NAN;
	int err = reading__number(r, item, key, &value);

	if (err || isnan(value))
		return err;
	if (value > COUNT_MAX)
		return reading__refuse(r, "%s is larger than 2^53", key);
	*count = (uint64_t)value;
	return 0;
}

int reading__text(const struct reading *r, const struct json_node *item, const char *key,
		  char **text)
{
	if (is_absent(item))
		return 0;
	if (!json_text(item))
		return reading__refuse(r, "%s is no string", key);
	*text = strdup(item->text);
	return *text ? 0 : err__set(r->e, ERR_INTERNAL, -ENOMEM, "out of memory");
}

int reading__setting(const struct reading *r, const struct json_node *item, const char *key,
		     int *value)
{
	double number = NAN;
	int err = reading__number(r, item, key, &number);

	if (!err && !isnan(number))
		*value = number < SETTING_MAX ? (int)number : SETTING_MAX;
	return err;
}

int reading__check(const struct reading *r, const struct json_node *item, const char *key,
		   bool array)
{
	if (is_absent(item))
		return 0;
	if (json_is(item, array ? JSON_IN_ARRAY : JSON_IN_OBJECT))
		return 1;
	return reading__refuse(r, "%s is no %s", key, array ? "array" : "object");
}

int reading__part(const struct reading *r, const struct json_node *object, const char *key,
		  bool array,
		  const struct json_node **out)
{
	*out = json_get(object, key);
	return reading__check(r, *out, key, array);
}

int reading__refuse_syntax(const struct reading *reading, const struct json_parts *parts,
			   const char *at)
{
	static const char *const words[] = {
		"NaN", "nan", "Infinity", "inf", "-Infinity", "-inf",
	};
	/* a line says where, better than a benchmark */
	const struct reading file = { .file = reading->file, .e = reading->e };
	const struct reading *r = &file;
	size_t line = 1;

	for (const char *c = parts->text; c < at; c++)
		line += *c == '\n';
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strncmp(at, words[i], strlen(words[i])))
			return reading__refuse(r, "%s in line %zu is no number that JSON knows", words[i],
					       line);
	if (at >= parts->end)
		return reading__refuse(r, "it ends in the middle, in line %zu: it was not written whole",
				       line);
	return reading__refuse(r, "it is no JSON from line %zu, byte %zu on", line,
			       (size_t)(at - parts->text) + 1);
}

int reading__check_schema(const struct reading *r, const struct json_node *root,
			  const char *operation)
{
	const struct json_node *schema = json_get(root, "schema");
	const char *made_by = json_text(json_get(root, "operation"));
	unsigned long version;
	char *end = NULL;

	if (made_by && (!operation || strcmp(made_by, operation)))
		return reading__refuse(r, "it is the result of %.40s, not of a benchmark",
				       made_by);
	if (is_absent(schema))
		return 0;
	if (!json_text(schema) || strncmp(schema->text, SCHEMA, strlen(SCHEMA)))
		return reading__refuse(r, "its schema is not ppbpf's");
	version = strtoul(schema->text + strlen(SCHEMA), &end, 10);
	if (*end || end == schema->text + strlen(SCHEMA))
		return reading__refuse(r, "its schema is not ppbpf's");
	if (version > SCHEMA_VERSION)
		return reading__refuse(r, "its schema is %.40s and this ppbpf knows " SCHEMA
				       "1: a newer ppbpf made it, and can read it",
				       schema->text);
	return 0;
}

int reading__frame(const struct reading *r, const struct json_parts *parts, struct json_tree *tree,
		   const struct json_node **frame)
{
	const char *end;

	*frame = json_tree__parse(tree, parts->frame, strlen(parts->frame), &end);
	if (*frame)
		end += strspn(end, " \t\r\n");
	return *frame && !*end ? 0 : reading__refuse_syntax(r, parts, json_parts__place(parts,
											end));
}

int reading__elements(struct reading *r, const struct json_parts *parts,
		      int (*element)(struct reading *r, const struct json_node *json,
				     void *context),
		      void *context)
{
	const char *at = json_parts__first(parts), *next = NULL;
	struct json_tree tree = JSON_TREE_INIT;
	const struct json_node *json;
	int err = 0;

	while (!err && *at != ']') {
		r->index++;
		r->benchmark = NULL;
		json = json_tree__parse(&tree, at, parts->end - at, &next);
		if (!json)
			err = reading__refuse_syntax(r, parts, next);
		else
			err = element(r, json, context);
		if (!err && !json_parts__next(parts, next, &at))
			err = reading__refuse_syntax(r, parts, at);
	}
	json_tree__free(&tree);
	return err;
}
