// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "store/suite_yaml.h"

#include <errno.h>
#include <math.h>
#include <regex.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/text.h"
#include "base/units.h"
#include "model/suite.h"

#define FILE_MAX (16 * 1024 * 1024)
/* Aliases make a small file large: what all of them together may come to. */
#define SCALARS_MAX 4000000
#define STATUS_MAX 255

struct reader {
	yaml_document_t document;
	const char *path;
	struct suite *suite;
	struct err *err;
	size_t scalars;			/* read so far */
	struct suite_axis *axes;	/* of the benchmark that is being read */
	size_t axis_count;
};

typedef int (*read_fn)(struct reader *r, const yaml_node_t *node, const char *key, void *to);

struct key {
	const char *name;
	read_fn read;
	size_t offset;		/* of what it is read into */
};

static int complain(struct reader *r, const yaml_node_t *node, const char *key,
		    const char *format, ...) __attribute__((format(printf, 4, 5)));

static int complain(struct reader *r, const yaml_node_t *node, const char *key,
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
	err__hint(r->err, "ppbpf bench --init writes an example with every key");
	buf__free(&text);
	return err;
}

static int out_of_memory(struct reader *r)
{
	return err__set(r->err, ERR_INTERNAL, -ENOMEM, "out of memory");
}

static const yaml_node_t *node_of(struct reader *r, int index)
{
	return yaml_document_get_node(&r->document, index);
}

static size_t items_of(const yaml_node_t *node)
{
	return node->data.sequence.items.top - node->data.sequence.items.start;
}

static const yaml_node_t *item_of(struct reader *r, const yaml_node_t *node, size_t i)
{
	return node_of(r, node->data.sequence.items.start[i]);
}

/* A scalar's text, or NULL and the complaint that says what was wanted. */
static const char *scalar(struct reader *r, const yaml_node_t *node, const char *key,
			  const char *wanted)
{
	const char *text;

	if (node->type != YAML_SCALAR_NODE) {
		complain(r, node, key, "wants %s", wanted);
		return NULL;
	}
	text = (const char *)node->data.scalar.value;
	if (strlen(text) != node->data.scalar.length) {
		complain(r, node, key, "has a NUL byte in it");
		return NULL;
	}
	if (++r->scalars > SCALARS_MAX) {
		complain(r, node, key, "the suite has more than %d values", SCALARS_MAX);
		return NULL;
	}
	return text;
}

static bool is_null(const yaml_node_t *node)
{
	const char *text = (const char *)node->data.scalar.value;

	return node->type == YAML_SCALAR_NODE &&
	       node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
	       (!*text || !strcmp(text, "~") || !strcmp(text, "null"));
}

/* Text that may not be empty. */
static int read_text(struct reader *r, const yaml_node_t *node, const char *key, void *to)
{
	const char *text = scalar(r, node, key, "text");

	if (!text)
		return r->err->code;
	if (!*text || is_null(node))
		return complain(r, node, key, "is empty");
	*(char **)to = arena__strdup(&r->suite->arena, text);
	return *(char **)to ? 0 : out_of_memory(r);
}

static int read_bool(struct reader *r, const yaml_node_t *node, const char *key, void *to)
{
	static const struct {
		const char *text;
		bool value;
	} words[] = {
		{ "true", true }, { "yes", true }, { "on", true },
		{ "false", false }, { "no", false }, { "off", false },
	};
	const char *text = scalar(r, node, key, "true or false");

	if (!text)
		return r->err->code;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcasecmp(text, words[i].text)) {
			*(bool *)to = words[i].value;
			return 0;
		}
	return complain(r, node, key, "is true or false, not \"%s\"", text);
}

static int read_count(struct reader *r, const yaml_node_t *node, const char *key, uint64_t min,
		      uint32_t *to)
{
	const char *text = scalar(r, node, key, "a number");
	uint64_t n;

	if (!text)
		return r->err->code;
	if (parse_u64(text, min, SUITE_ITERATIONS_MAX, &n))
		return complain(r, node, key, "is a number from %u to %d, not \"%s\"",
				(unsigned int)min, SUITE_ITERATIONS_MAX, text);
	*to = n;
	return 0;
}

static int read_iterations(struct reader *r, const yaml_node_t *node, const char *key, void *to)
{
	return read_count(r, node, key, 1, to);
}

static int read_warmup(struct reader *r, const yaml_node_t *node, const char *key, void *to)
{
	struct suite_benchmark *b = to;

	b->warmup_given = true;
	return read_count(r, node, key, 0, &b->warmup);
}

static int read_time(struct reader *r, const yaml_node_t *node, const char *key, void *to)
{
	const char *text = scalar(r, node, key, "a time such as 30s");

	if (!text)
		return r->err->code;
	if (parse_duration(text, NSEC_PER_SEC, to) || !*(uint64_t *)to)
		return complain(r, node, key, "is a time such as 30s, 500ms or 2m, not \"%s\"",
				text);
	return 0;
}

static int read_threshold(struct reader *r, const yaml_node_t *node, const char *key, void *to)
{
	const char *text = scalar(r, node, key, "a share such as 0.05 or 5%");

	if (!text)
		return r->err->code;
	if (parse_share(text, to))
		return complain(r, node, key, "is a share such as 0.05 or 5%%, not \"%s\"", text);
	return 0;
}

/* One line for the shell, or the arguments one by one. */
static int read_words(struct reader *r, const yaml_node_t *node, const char *key,
		      struct suite_command *command)
{
	size_t count = items_of(node);
	const char *text;

	if (!count)
		return complain(r, node, key, "is an empty list");
	command->argv = arena__alloc(&r->suite->arena, (count + 1) * sizeof(*command->argv));
	if (!command->argv)
		return out_of_memory(r);
	for (size_t i = 0; i < count; i++) {
		text = scalar(r, item_of(r, node, i), key, "a list of words");
		if (!text)
			return r->err->code;
		command->argv[i] = arena__strdup(&r->suite->arena, text);
		if (!command->argv[i])
			return out_of_memory(r);
	}
	if (!*command->argv[0])
		return complain(r, node, key, "begins with an empty word");
	return 0;
}

static int read_line(struct reader *r, const yaml_node_t *node, const char *key,
		     struct suite_command *command)
{
	struct arena *arena = &r->suite->arena;
	char *line;

	if (read_text(r, node, key, &line))
		return r->err->code;
	command->shell = true;
	command->argv = arena__alloc(arena, 4 * sizeof(*command->argv));
	if (!command->argv)
		return out_of_memory(r);
	command->argv[0] = arena__strdup(arena, "/bin/sh");
	command->argv[1] = arena__strdup(arena, "-c");
	command->argv[2] = line;
	return arena->error ? out_of_memory(r) : 0;
}

/* A list, or a line; whether `command` may be one is checked when `shell` is known. */
static int read_command(struct reader *r, const yaml_node_t *node, const char *key, void *to)
{
	if (node->type == YAML_SEQUENCE_NODE)
		return read_words(r, node, key, to);
	return read_line(r, node, key, to);
}

static int check_pair(struct reader *r, const yaml_node_t *map, const char *within,
		      const yaml_node_pair_t *pair, const char **name)
{
	const yaml_node_t *key = node_of(r, pair->key);

	*name = scalar(r, key, within, "keys that are words");
	if (!*name)
		return r->err->code;
	for (const yaml_node_pair_t *other = map->data.mapping.pairs.start; other < pair; other++) {
		const yaml_node_t *before = node_of(r, other->key);

		if (before->type == YAML_SCALAR_NODE &&
		    !strcmp((const char *)before->data.scalar.value, *name))
			return complain(r, key, *name, "is given twice, first in line %zu",
					before->start_mark.line + 1);
	}
	return 0;
}

static int unknown_key(struct reader *r, const yaml_node_t *node, const char *name,
		       const struct key *keys, size_t count)
{
	const char *nearest = text_nearest(name, &keys[0].name, count, sizeof(keys[0]));

	if (nearest)
		return complain(r, node, name, "there is no such key; did you mean %s?", nearest);
	return complain(r, node, name, "there is no such key");
}

/* `path` is what the keys are a part of: "expect", or "" for a benchmark's own. */
static int read_mapping(struct reader *r, const yaml_node_t *map, const char *path,
			const struct key *keys, size_t count, void *to)
{
	const char *name;
	char key[128];
	size_t i;
	int err;

	for (const yaml_node_pair_t *pair = map->data.mapping.pairs.start;
	     pair < map->data.mapping.pairs.top; pair++) {
		err = check_pair(r, map, *path ? path : "benchmarks", pair, &name);
		if (err)
			return err;
		for (i = 0; i < count && strcmp(keys[i].name, name); i++)
			;
		if (i == count)
			return unknown_key(r, node_of(r, pair->key), name, keys, count);
		snprintf(key, sizeof(key), "%s%s%s", path, *path ? "." : "", name);
		err = keys[i].read(r, node_of(r, pair->value), key, (char *)to + keys[i].offset);
		if (err)
			return err;
	}
	return 0;
}

static int read_env(struct reader *r, const yaml_node_t *node, const char *key, void *to)
{
	struct suite_benchmark *b = to;
	struct arena *arena = &r->suite->arena;
	size_t before = 0, count = 0;
	const char *name, *text;
	char **env;

	if (node->type != YAML_MAPPING_NODE)
		return complain(r, node, key, "wants names with values, as in {LANG: C}");
	while (b->env && b->env[before])
		before++;
	count = node->data.mapping.pairs.top - node->data.mapping.pairs.start;
	env = arena__alloc(arena, (before + count + 1) * sizeof(*env));
	if (!env)
		return out_of_memory(r);
	for (size_t i = 0; i < before; i++)
		env[i] = b->env[i];
	for (size_t i = 0; i < count; i++) {
		const yaml_node_pair_t *pair = &node->data.mapping.pairs.start[i];
		const yaml_node_t *value = node_of(r, pair->value);

		if (check_pair(r, node, key, pair, &name))
			return r->err->code;
		if (!*name || strchr(name, '='))
			return complain(r, node_of(r, pair->key), key,
					"\"%s\" is no name of a variable", name);
		text = scalar(r, value, key, "text for each variable");
		if (!text)
			return r->err->code;
		env[before + i] = is_null(value) ? arena__strdup(arena, name) :
						   arena__printf(arena, "%s=%s", name, text);
	}
	b->env = env;
	return arena->error ? out_of_memory(r) : 0;
}

static int read_status(struct reader *r, const yaml_node_t *node, const char *key, int *to)
{
	const char *text = scalar(r, node, key, "exit statuses");
	uint64_t n;

	if (!text)
		return r->err->code;
	if (parse_u64(text, 0, STATUS_MAX, &n))
		return complain(r, node, key, "is an exit status from 0 to %d, not \"%s\"",
				STATUS_MAX, text);
	*to = n;
	return 0;
}

static int read_statuses(struct reader *r, const yaml_node_t *node, const char *key, void *to)
{
	struct suite_benchmark *b = to;
	bool list = node->type == YAML_SEQUENCE_NODE;
	size_t count = list ? items_of(node) : 1;

	if (!count)
		return complain(r, node, key, "is an empty list");
	b->statuses = arena__alloc(&r->suite->arena, count * sizeof(*b->statuses));
	if (!b->statuses)
		return out_of_memory(r);
	b->status_count = count;
	for (size_t i = 0; i < count; i++)
		if (read_status(r, list ? item_of(r, node, i) : node, key, &b->statuses[i]))
			return r->err->code;
	return 0;
}

static int read_pattern(struct reader *r, const yaml_node_t *node, const char *key, void *to)
{
	char why[128];
	regex_t regex;
	int err;

	if (read_text(r, node, key, to))
		return r->err->code;
	err = regcomp(&regex, *(char **)to, REG_EXTENDED | REG_NOSUB);
	if (err) {
		regerror(err, &regex, why, sizeof(why));
		return complain(r, node, key, "is no regular expression: %s", why);
	}
	regfree(&regex);
	return 0;
}

#define IN_BENCHMARK(member) offsetof(struct suite_benchmark, member)

static const struct key expect_keys[] = {
	{ "status", read_statuses, 0 },
	{ "output", read_pattern, IN_BENCHMARK(output) },
};

static int read_expect(struct reader *r, const yaml_node_t *node, const char *key, void *to)
{
	if (node->type != YAML_MAPPING_NODE)
		return complain(r, node, key, "wants {status: 0, output: PATTERN}");
	return read_mapping(r, node, key, expect_keys,
			    sizeof(expect_keys) / sizeof(expect_keys[0]), to);
}

static int read_operations(struct reader *r, const yaml_node_t *node, const char *key, void *to)
{
	struct suite_benchmark *b = to;
	const char *text = scalar(r, node, key, "a number");
	char *end;

	if (!text)
		return r->err->code;
	b->throughput = strtod(text, &end);
	if (end == text || *end || !isfinite(b->throughput) || b->throughput <= 0)
		return complain(r, node, key, "is a number above 0, not \"%s\"", text);
	b->throughput_unit = THROUGHPUT_OPERATIONS;
	return 0;
}

static int read_bytes(struct reader *r, const yaml_node_t *node, const char *key, void *to)
{
	struct suite_benchmark *b = to;
	const char *text = scalar(r, node, key, "a size");
	uint64_t bytes;

	if (!text)
		return r->err->code;
	if (parse_size(text, &bytes) || !bytes)
		return complain(r, node, key, "is a size such as 64K or 10MB, not \"%s\"", text);
	b->throughput = bytes;
	b->throughput_unit = THROUGHPUT_BYTES;
	return 0;
}

static const struct key throughput_keys[] = {
	{ "operations", read_operations, 0 },
	{ "bytes", read_bytes, 0 },
};

static int read_throughput(struct reader *r, const yaml_node_t *node, const char *key, void *to)
{
	if (node->type == YAML_SCALAR_NODE)
		return read_operations(r, node, key, to);
	if (node->type != YAML_MAPPING_NODE ||
	    node->data.mapping.pairs.top - node->data.mapping.pairs.start != 1)
		return complain(r, node, key, "wants {operations: N} or {bytes: SIZE}");
	return read_mapping(r, node, key, throughput_keys,
			    sizeof(throughput_keys) / sizeof(throughput_keys[0]), to);
}

static int read_axis(struct reader *r, const yaml_node_t *node, const char *key,
		     struct suite_axis *axis)
{
	bool list = node->type == YAML_SEQUENCE_NODE;
	const char *text;

	axis->count = list ? items_of(node) : 1;
	if (!axis->count)
		return complain(r, node, key, "%s is an empty list", axis->name);
	axis->values = arena__alloc(&r->suite->arena, axis->count * sizeof(*axis->values));
	if (!axis->values)
		return out_of_memory(r);
	for (size_t i = 0; i < axis->count; i++) {
		text = scalar(r, list ? item_of(r, node, i) : node, key, "a list of values");
		if (!text)
			return r->err->code;
		axis->values[i] = arena__strdup(&r->suite->arena, text);
	}
	return r->suite->arena.error ? out_of_memory(r) : 0;
}

static int read_parameters(struct reader *r, const yaml_node_t *node, const char *key, void *to)
{
	const yaml_node_pair_t *pairs = node->data.mapping.pairs.start;
	const char *name;
	size_t count;

	(void)to;
	if (node->type != YAML_MAPPING_NODE)
		return complain(r, node, key, "wants names with lists, as in {level: [1, 9]}");
	count = node->data.mapping.pairs.top - pairs;
	r->axes = arena__alloc(&r->suite->arena, (count + 1) * sizeof(*r->axes));
	if (!r->axes)
		return out_of_memory(r);
	for (size_t i = 0; i < count; i++) {
		if (check_pair(r, node, key, &pairs[i], &name))
			return r->err->code;
		r->axes[i].name = arena__strdup(&r->suite->arena, name);
		if (!r->axes[i].name)
			return out_of_memory(r);
		if (read_axis(r, node_of(r, pairs[i].value), key, &r->axes[i]))
			return r->err->code;
	}
	r->axis_count = count;
	return 0;
}

/* A benchmark, and what is known of it only when all of its keys are read. */
struct draft {
	struct suite_benchmark b;
	bool shell;
};

#define IN_DRAFT(member) offsetof(struct draft, b.member)

static const struct key benchmark_keys[] = {
	{ "name", read_text, IN_DRAFT(name) },
	{ "command", read_command, IN_DRAFT(command) },
	{ "shell", read_bool, offsetof(struct draft, shell) },
	{ "env", read_env, offsetof(struct draft, b) },
	{ "cwd", read_text, IN_DRAFT(cwd) },
	{ "stdin", read_text, IN_DRAFT(stdin_path) },
	{ "user", read_text, IN_DRAFT(user) },
	{ "setup", read_command, IN_DRAFT(setup) },
	{ "cleanup", read_command, IN_DRAFT(cleanup) },
	{ "prepare", read_command, IN_DRAFT(prepare) },
	{ "conclude", read_command, IN_DRAFT(conclude) },
	{ "parameters", read_parameters, offsetof(struct draft, b) },
	{ "iterations", read_iterations, IN_DRAFT(iterations) },
	{ "warmup", read_warmup, offsetof(struct draft, b) },
	{ "timeout", read_time, IN_DRAFT(timeout_ns) },
	{ "threshold", read_threshold, IN_DRAFT(threshold) },
	{ "throughput", read_throughput, offsetof(struct draft, b) },
	{ "expect", read_expect, offsetof(struct draft, b) },
	{ "region", read_text, IN_DRAFT(region) },
	{ "function", read_text, IN_DRAFT(function) },
};

#define BENCHMARK_KEYS (sizeof(benchmark_keys) / sizeof(benchmark_keys[0]))

/* The value of a key, for its line; the mapping itself when it has none. */
static const yaml_node_t *value_in(struct reader *r, const yaml_node_t *map, const char *name)
{
	for (const yaml_node_pair_t *pair = map->data.mapping.pairs.start;
	     pair < map->data.mapping.pairs.top; pair++)
		if (!strcmp((const char *)node_of(r, pair->key)->data.scalar.value, name))
			return node_of(r, pair->value);
	return map;
}

static int check_draft(struct reader *r, const yaml_node_t *node, const struct draft *draft)
{
	const struct suite_benchmark *b = &draft->b;

	if (!b->name)
		return complain(r, node, "name", "is missing: every benchmark has one");
	if (!b->command.argv)
		return complain(r, node, "command", "is missing in \"%s\"", b->name);
	if (b->command.shell && !draft->shell)
		return complain(r, value_in(r, node, "command"), "command", "of \"%s\" is a line: "
				"write it as a list, [gzip, -9, file], or add shell: true", b->name);
	if (!b->command.shell && draft->shell)
		return complain(r, value_in(r, node, "command"), "command", "of \"%s\" is a "
				"list: with shell: true it is a line", b->name);
	if (b->region && b->function)
		return complain(r, value_in(r, node, "region"), "region", "\"%s\" has a "
				"function as well: choose one", b->name);
	return 0;
}

static int read_benchmark(struct reader *r, const yaml_node_t *node, const struct draft *defaults)
{
	struct draft draft = *defaults;
	int err;

	if (node->type != YAML_MAPPING_NODE)
		return complain(r, node, "benchmarks", "wants a list of benchmarks, each with "
				"name and command");
	draft.b.line = node->start_mark.line + 1;
	err = read_mapping(r, node, "", benchmark_keys, BENCHMARK_KEYS, &draft);
	if (!err)
		err = check_draft(r, node, &draft);
	if (err)
		return err;
	err = suite__add(r->suite, &draft.b, r->axes, r->axis_count);
	r->axes = NULL;
	r->axis_count = 0;
	if (err == -E2BIG)
		return complain(r, node, "parameters", "the suite has more than %d benchmarks",
				SUITE_BENCHMARKS_MAX);
	return err ? out_of_memory(r) : 0;
}

static int read_benchmarks(struct reader *r, const yaml_node_t *node,
			   const struct draft *defaults)
{
	const struct suite_benchmark *twice;
	int err = 0;

	if (node->type != YAML_SEQUENCE_NODE || !items_of(node))
		return complain(r, node, "benchmarks", "wants a list of benchmarks, each with "
				"name and command");
	for (size_t i = 0; i < items_of(node) && !err; i++)
		err = read_benchmark(r, item_of(r, node, i), defaults);
	if (err)
		return err;
	twice = suite__duplicate(r->suite);
	if (!twice)
		return 0;
	err = err__set(r->err, ERR_USAGE, -EINVAL, "%s:%u: name: \"%s\" is the name of another "
		       "benchmark, too", r->path, twice->line, twice->name);
	err__hint(r->err, "results are compared by name");
	return err;
}

/* The parts of the document's own mapping, in whatever order they come. */
struct top {
	const yaml_node_t *benchmarks;
	const yaml_node_t *defaults;
	char *name;
};

static int keep_node(struct reader *r, const yaml_node_t *node, const char *key, void *to)
{
	(void)r;
	(void)key;
	*(const yaml_node_t **)to = node;
	return 0;
}

static const struct key top_keys[] = {
	{ "name", read_text, offsetof(struct top, name) },
	{ "defaults", keep_node, offsetof(struct top, defaults) },
	{ "benchmarks", keep_node, offsetof(struct top, benchmarks) },
};

static int read_defaults(struct reader *r, const yaml_node_t *node, struct draft *defaults)
{
	int err;

	if (node->type != YAML_MAPPING_NODE)
		return complain(r, node, "defaults", "wants keys of benchmarks, as in "
				"{iterations: 20}");
	err = read_mapping(r, node, "defaults", benchmark_keys, BENCHMARK_KEYS, defaults);
	if (err)
		return err;
	if (defaults->b.name || defaults->b.command.argv || r->axis_count)
		return complain(r, node, "defaults", "name, command and parameters are each "
				"benchmark's own");
	return 0;
}

static int read_document(struct reader *r)
{
	const yaml_node_t *root = yaml_document_get_root_node(&r->document);
	struct draft defaults = { .shell = false };
	struct top top = { 0 };
	int err;

	suite_benchmark__init(&defaults.b);
	if (!root) {
		err = err__set(r->err, ERR_USAGE, -EINVAL, "%s: there is nothing in it", r->path);
		err__hint(r->err, "ppbpf bench --init writes an example");
		return err;
	}
	if (root->type == YAML_SEQUENCE_NODE)
		return read_benchmarks(r, root, &defaults);
	if (root->type != YAML_MAPPING_NODE)
		return complain(r, root, "benchmarks", "is missing");
	err = read_mapping(r, root, "", top_keys, sizeof(top_keys) / sizeof(top_keys[0]), &top);
	if (!err && !top.benchmarks)
		err = complain(r, root, "benchmarks", "is missing");
	if (!err && top.defaults)
		err = read_defaults(r, top.defaults, &defaults);
	r->suite->name = top.name;
	return err ? err : read_benchmarks(r, top.benchmarks, &defaults);
}

static int parse_failed(struct reader *r, const yaml_parser_t *parser)
{
	size_t line = parser->problem_mark.line + 1;
	int err;

	if (parser->error == YAML_MEMORY_ERROR)
		return out_of_memory(r);
	if (parser->error == YAML_READER_ERROR)
		err = err__set(r->err, ERR_USAGE, -EINVAL, "%s: no YAML: %s at byte %zu", r->path,
			       parser->problem ? parser->problem : "not readable",
			       parser->problem_offset);
	else
		err = err__set(r->err, ERR_USAGE, -EINVAL, "%s:%zu: no YAML: %s%s%s", r->path, line,
			       parser->context ? parser->context : "",
			       parser->context ? ", " : "",
			       parser->problem ? parser->problem : "not readable");
	err__hint(r->err, "ppbpf bench --init writes an example");
	return err;
}

static int parse(struct reader *r, const struct buf *text)
{
	yaml_parser_t parser;
	int err;

	if (!yaml_parser_initialize(&parser))
		return out_of_memory(r);
	yaml_parser_set_input_string(&parser, (const unsigned char *)buf__str(text), text->length);
	if (yaml_parser_load(&parser, &r->document)) {
		err = read_document(r);
		yaml_document_delete(&r->document);
	} else {
		err = parse_failed(r, &parser);
	}
	yaml_parser_delete(&parser);
	return err;
}

struct suite *suite_yaml__read(const char *path, struct err *e)
{
	struct reader reader = { .path = path, .err = e, .suite = suite__new() };
	struct buf text = BUF_INIT;
	int err;

	if (!reader.suite) {
		out_of_memory(&reader);
		return NULL;
	}
	err = read_file(path, FILE_MAX, &text, e);
	if (!err)
		err = parse(&reader, &text);
	buf__free(&text);
	if (!err)
		return reader.suite;
	suite__free(reader.suite);
	return NULL;
}
