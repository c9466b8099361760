// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "store/suite_yaml.h"

#include <errno.h>
#include <math.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/units.h"
#include "model/suite.h"
#include "store/yaml_reader.h"

#define FILE_MAX (16 * 1024 * 1024)
#define STATUS_MAX 255

struct suite_reader {
	struct yaml_reader yaml; /* first: what the readers of keys are handed */
	struct suite *suite;
	struct suite_axis *axes; /* of the benchmark that is being read */
	size_t axis_count;
};

static struct suite_reader *of(struct yaml_reader *r)
{
	return (struct suite_reader *)r;
}

static struct arena *arena_of(struct yaml_reader *r)
{
	return &of(r)->suite->arena;
}

/* Text that may not be empty. */
static int read_text(struct yaml_reader *r, const yaml_node_t *node, const char *key, void *to)
{
	const char *text = reader__scalar(r, node, key, "text");

	if (!text)
		return r->err->code;
	if (!*text || node_is_null(node))
		return reader__complain(r, node, key, "is empty");
	*(char **)to = arena__strdup(arena_of(r), text);
	return *(char **)to ? 0 : reader__no_memory(r);
}

static int read_bool(struct yaml_reader *r, const yaml_node_t *node, const char *key, void *to)
{
	static const struct {
		const char *text;
		bool value;
	} words[] = {
		{ "true", true },   { "yes", true }, { "on", true },
		{ "false", false }, { "no", false }, { "off", false },
	};
	const char *text = reader__scalar(r, node, key, "true or false");

	if (!text)
		return r->err->code;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcasecmp(text, words[i].text)) {
			*(bool *)to = words[i].value;
			return 0;
		}
	return reader__complain(r, node, key, "is true or false, not \"%s\"", text);
}

static int read_count(struct yaml_reader *r, const yaml_node_t *node, const char *key, uint64_t min,
		      uint32_t *to)
{
	const char *text = reader__scalar(r, node, key, "a number");
	uint64_t n;

	if (!text)
		return r->err->code;
	if (parse_u64(text, min, SUITE_ITERATIONS_MAX, &n))
		return reader__complain(r, node, key, "is a number from %u to %d, not \"%s\"",
					(unsigned int)min, SUITE_ITERATIONS_MAX, text);
	*to = n;
	return 0;
}

static int read_iterations(struct yaml_reader *r, const yaml_node_t *node, const char *key,
			   void *to)
{
	return read_count(r, node, key, 1, to);
}

static int read_warmup(struct yaml_reader *r, const yaml_node_t *node, const char *key, void *to)
{
	struct suite_benchmark *b = to;

	b->warmup_given = true;
	return read_count(r, node, key, 0, &b->warmup);
}

static int read_time(struct yaml_reader *r, const yaml_node_t *node, const char *key, void *to)
{
	const char *text = reader__scalar(r, node, key, "a time such as 30s");

	if (!text)
		return r->err->code;
	if (parse_duration(text, NSEC_PER_SEC, to) || !*(uint64_t *)to)
		return reader__complain(r, node, key,
					"is a time such as 30s, 500ms or 2m, not \"%s\"", text);
	return 0;
}

static int read_threshold(struct yaml_reader *r, const yaml_node_t *node, const char *key, void *to)
{
	const char *text = reader__scalar(r, node, key, "a share such as 0.05 or 5%");

	if (!text)
		return r->err->code;
	if (parse_share(text, to))
		return reader__complain(r, node, key, "is a share such as 0.05 or 5%%, not \"%s\"",
					text);
	return 0;
}

/* One line for the shell, or the arguments one by one. */
static int read_words(struct yaml_reader *r, const yaml_node_t *node, const char *key,
		      struct suite_command *command)
{
	size_t count = node_items(node);
	const char *text;

	if (!count)
		return reader__complain(r, node, key, "is an empty list");
	command->argv = arena__alloc(arena_of(r), (count + 1) * sizeof(*command->argv));
	if (!command->argv)
		return reader__no_memory(r);
	for (size_t i = 0; i < count; i++) {
		text = reader__scalar(r, reader__item(r, node, i), key, "a list of words");
		if (!text)
			return r->err->code;
		command->argv[i] = arena__strdup(arena_of(r), text);
		if (!command->argv[i])
			return reader__no_memory(r);
	}
	if (!*command->argv[0])
		return reader__complain(r, node, key, "begins with an empty word");
	return 0;
}

static int read_line(struct yaml_reader *r, const yaml_node_t *node, const char *key,
		     struct suite_command *command)
{
	struct arena *arena = arena_of(r);
	char *line;

	if (read_text(r, node, key, &line))
		return r->err->code;
	command->shell = true;
	command->argv = arena__alloc(arena, 4 * sizeof(*command->argv));
	if (!command->argv)
		return reader__no_memory(r);
	command->argv[0] = arena__strdup(arena, "/bin/sh");
	command->argv[1] = arena__strdup(arena, "-c");
	command->argv[2] = line;
	return arena->error ? reader__no_memory(r) : 0;
}

/* A list, or a line; whether `command` may be one is checked when `shell` is known. */
static int read_command(struct yaml_reader *r, const yaml_node_t *node, const char *key, void *to)
{
	if (node->type == YAML_SEQUENCE_NODE)
		return read_words(r, node, key, to);
	return read_line(r, node, key, to);
}

static int read_env(struct yaml_reader *r, const yaml_node_t *node, const char *key, void *to)
{
	struct suite_benchmark *b = to;
	struct arena *arena = arena_of(r);
	size_t before = 0, count = 0;
	const char *name, *text;
	char **env;

	if (node->type != YAML_MAPPING_NODE)
		return reader__complain(r, node, key, "wants names with values, as in {LANG: C}");
	while (b->env && b->env[before])
		before++;
	count = node->data.mapping.pairs.top - node->data.mapping.pairs.start;
	env = arena__alloc(arena, (before + count + 1) * sizeof(*env));
	if (!env)
		return reader__no_memory(r);
	for (size_t i = 0; i < before; i++)
		env[i] = b->env[i];
	for (size_t i = 0; i < count; i++) {
		const yaml_node_pair_t *pair = &node->data.mapping.pairs.start[i];
		const yaml_node_t *value = reader__node(r, pair->value);

		if (reader__check_pair(r, node, key, pair, &name))
			return r->err->code;
		if (!*name || strchr(name, '='))
			return reader__complain(r, reader__node(r, pair->key), key,
						"\"%s\" is no name of a variable", name);
		text = reader__scalar(r, value, key, "text for each variable");
		if (!text)
			return r->err->code;
		env[before + i] = node_is_null(value) ? arena__strdup(arena, name)
						      : arena__printf(arena, "%s=%s", name, text);
	}
	b->env = env;
	return arena->error ? reader__no_memory(r) : 0;
}

static int read_status(struct yaml_reader *r, const yaml_node_t *node, const char *key, int *to)
{
	const char *text = reader__scalar(r, node, key, "exit statuses");
	uint64_t n;

	if (!text)
		return r->err->code;
	if (parse_u64(text, 0, STATUS_MAX, &n))
		return reader__complain(r, node, key, "is an exit status from 0 to %d, not \"%s\"",
					STATUS_MAX, text);
	*to = n;
	return 0;
}

static int read_statuses(struct yaml_reader *r, const yaml_node_t *node, const char *key, void *to)
{
	struct suite_benchmark *b = to;
	bool list = node->type == YAML_SEQUENCE_NODE;
	size_t count = list ? node_items(node) : 1;

	if (!count)
		return reader__complain(r, node, key, "is an empty list");
	b->statuses = arena__alloc(arena_of(r), count * sizeof(*b->statuses));
	if (!b->statuses)
		return reader__no_memory(r);
	b->status_count = count;
	for (size_t i = 0; i < count; i++)
		if (read_status(r, list ? reader__item(r, node, i) : node, key, &b->statuses[i]))
			return r->err->code;
	return 0;
}

static int read_pattern(struct yaml_reader *r, const yaml_node_t *node, const char *key, void *to)
{
	char why[128];
	regex_t regex;
	int err;

	if (read_text(r, node, key, to))
		return r->err->code;
	err = regcomp(&regex, *(char **)to, REG_EXTENDED | REG_NOSUB);
	if (err) {
		regerror(err, &regex, why, sizeof(why));
		return reader__complain(r, node, key, "is no regular expression: %s", why);
	}
	regfree(&regex);
	return 0;
}

#define IN_BENCHMARK(member) offsetof(struct suite_benchmark, member)

static const struct yaml_key expect_keys[] = {
	{ "status", read_statuses, 0 },
	{ "output", read_pattern, IN_BENCHMARK(output) },
};

static int read_expect(struct yaml_reader *r, const yaml_node_t *node, const char *key, void *to)
{
	if (node->type != YAML_MAPPING_NODE)
		return reader__complain(r, node, key, "wants {status: 0, output: PATTERN}");
	return reader__mapping(r, node, key, expect_keys,
			       sizeof(expect_keys) / sizeof(expect_keys[0]), to);
}

static int read_operations(struct yaml_reader *r, const yaml_node_t *node, const char *key,
			   void *to)
{
	struct suite_benchmark *b = to;
	const char *text = reader__scalar(r, node, key, "a number");
	char *end;

	if (!text)
		return r->err->code;
	b->throughput = strtod(text, &end);
	if (end == text || *end || !isfinite(b->throughput) || b->throughput <= 0)
		return reader__complain(r, node, key, "is a number above 0, not \"%s\"", text);
	b->throughput_unit = THROUGHPUT_OPERATIONS;
	return 0;
}

static int read_bytes(struct yaml_reader *r, const yaml_node_t *node, const char *key, void *to)
{
	struct suite_benchmark *b = to;
	const char *text = reader__scalar(r, node, key, "a size");
	uint64_t bytes;

	if (!text)
		return r->err->code;
	if (parse_size(text, &bytes) || !bytes)
		return reader__complain(r, node, key, "is a size such as 64K or 10MB, not \"%s\"",
					text);
	b->throughput = bytes;
	b->throughput_unit = THROUGHPUT_BYTES;
	return 0;
}

static const struct yaml_key throughput_keys[] = {
	{ "operations", read_operations, 0 },
	{ "bytes", read_bytes, 0 },
};

static int read_throughput(struct yaml_reader *r, const yaml_node_t *node, const char *key,
			   void *to)
{
	if (node->type == YAML_SCALAR_NODE)
		return read_operations(r, node, key, to);
	if (node->type != YAML_MAPPING_NODE ||
	    node->data.mapping.pairs.top - node->data.mapping.pairs.start != 1)
		return reader__complain(r, node, key, "wants {operations: N} or {bytes: SIZE}");
	return reader__mapping(r, node, key, throughput_keys,
			       sizeof(throughput_keys) / sizeof(throughput_keys[0]), to);
}

static int read_axis(struct yaml_reader *r, const yaml_node_t *node, const char *key,
		     struct suite_axis *axis)
{
	bool list = node->type == YAML_SEQUENCE_NODE;
	const char *text;

	axis->count = list ? node_items(node) : 1;
	if (!axis->count)
		return reader__complain(r, node, key, "%s is an empty list", axis->name);
	axis->values = arena__alloc(arena_of(r), axis->count * sizeof(*axis->values));
	if (!axis->values)
		return reader__no_memory(r);
	for (size_t i = 0; i < axis->count; i++) {
		text = reader__scalar(r, list ? reader__item(r, node, i) : node, key,
				      "a list of values");
		if (!text)
			return r->err->code;
		axis->values[i] = arena__strdup(arena_of(r), text);
	}
	return arena_of(r)->error ? reader__no_memory(r) : 0;
}

static int read_parameters(struct yaml_reader *r, const yaml_node_t *node, const char *key,
			   void *to)
{
	const yaml_node_pair_t *pairs = node->data.mapping.pairs.start;
	const char *name;
	size_t count;

	(void)to;
	if (node->type != YAML_MAPPING_NODE)
		return reader__complain(r, node, key,
					"wants names with lists, as in {level: [1, 9]}");
	count = node->data.mapping.pairs.top - pairs;
	of(r)->axes = arena__alloc(arena_of(r), (count + 1) * sizeof(*of(r)->axes));
	if (!of(r)->axes)
		return reader__no_memory(r);
	for (size_t i = 0; i < count; i++) {
		if (reader__check_pair(r, node, key, &pairs[i], &name))
			return r->err->code;
		of(r)->axes[i].name = arena__strdup(arena_of(r), name);
		if (!of(r)->axes[i].name)
			return reader__no_memory(r);
		if (read_axis(r, reader__node(r, pairs[i].value), key, &of(r)->axes[i]))
			return r->err->code;
	}
	of(r)->axis_count = count;
	return 0;
}

/* A benchmark, and what is known of it only when all of its keys are read. */
struct draft {
	struct suite_benchmark b;
	bool shell;
};

#define IN_DRAFT(member) offsetof(struct draft, b.member)

static const struct yaml_key benchmark_keys[] = {
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

static int check_draft(struct yaml_reader *r, const yaml_node_t *node, const struct draft *draft)
{
	const struct suite_benchmark *b = &draft->b;

	if (!b->name)
		return reader__complain(r, node, "name", "is missing: every benchmark has one");
	if (!b->command.argv)
		return reader__complain(r, node, "command", "is missing in \"%s\"", b->name);
	if (b->command.shell && !draft->shell)
		return reader__complain(r, reader__value(r, node, "command"), "command",
					"of \"%s\" is a line: "
					"write it as a list, [gzip, -9, file], or add shell: true",
					b->name);
	if (!b->command.shell && draft->shell)
		return reader__complain(r, reader__value(r, node, "command"), "command",
					"of \"%s\" is a "
					"list: with shell: true it is a line",
					b->name);
	if (b->region && b->function)
		return reader__complain(r, reader__value(r, node, "region"), "region",
					"\"%s\" has a "
					"function as well: choose one",
					b->name);
	return 0;
}

static int read_benchmark(struct yaml_reader *r, const yaml_node_t *node,
			  const struct draft *defaults)
{
	struct draft draft = *defaults;
	int err;

	if (node->type != YAML_MAPPING_NODE)
		return reader__complain(r, node, "benchmarks",
					"wants a list of benchmarks, each with "
					"name and command");
	draft.b.line = node->start_mark.line + 1;
	err = reader__mapping(r, node, "", benchmark_keys, BENCHMARK_KEYS, &draft);
	if (!err)
		err = check_draft(r, node, &draft);
	if (err)
		return err;
	err = suite__add(of(r)->suite, &draft.b, of(r)->axes, of(r)->axis_count);
	of(r)->axes = NULL;
	of(r)->axis_count = 0;
	if (err == -E2BIG)
		return reader__complain(r, node, "parameters",
					"the suite has more than %d benchmarks",
					SUITE_BENCHMARKS_MAX);
	return err ? reader__no_memory(r) : 0;
}

static int read_benchmarks(struct yaml_reader *r, const yaml_node_t *node,
			   const struct draft *defaults)
{
	const struct suite_benchmark *twice;
	int err = 0;

	if (node->type != YAML_SEQUENCE_NODE || !node_items(node))
		return reader__complain(r, node, "benchmarks",
					"wants a list of benchmarks, each with "
					"name and command");
	for (size_t i = 0; i < node_items(node) && !err; i++)
		err = read_benchmark(r, reader__item(r, node, i), defaults);
	if (err)
		return err;
	twice = suite__duplicate(of(r)->suite);
	if (!twice)
		return 0;
	err = err__set(r->err, ERR_USAGE, -EINVAL,
		       "%s:%u: name: \"%s\" is the name of another "
		       "benchmark, too",
		       r->path, twice->line, twice->name);
	err__hint(r->err, "results are compared by name");
	return err;
}

/* The parts of the document's own mapping, in whatever order they come. */
struct top {
	const yaml_node_t *benchmarks;
	const yaml_node_t *defaults;
	char *name;
};

static int keep_node(struct yaml_reader *r, const yaml_node_t *node, const char *key, void *to)
{
	(void)r;
	(void)key;
	*(const yaml_node_t **)to = node;
	return 0;
}

static const struct yaml_key top_keys[] = {
	{ "name", read_text, offsetof(struct top, name) },
	{ "defaults", keep_node, offsetof(struct top, defaults) },
	{ "benchmarks", keep_node, offsetof(struct top, benchmarks) },
};

static int read_defaults(struct yaml_reader *r, const yaml_node_t *node, struct draft *defaults)
{
	int err;

	if (node->type != YAML_MAPPING_NODE)
		return reader__complain(r, node, "defaults",
					"wants keys of benchmarks, as in "
					"{iterations: 20}");
	err = reader__mapping(r, node, "defaults", benchmark_keys, BENCHMARK_KEYS, defaults);
	if (err)
		return err;
	if (defaults->b.name || defaults->b.command.argv || of(r)->axis_count)
		return reader__complain(r, node, "defaults",
					"name, command and parameters are each "
					"benchmark's own");
	return 0;
}

static int read_document(struct yaml_reader *r)
{
	const yaml_node_t *root = yaml_document_get_root_node(&r->document);
	struct draft defaults = { .shell = false };
	struct top top = { 0 };
	int err;

	suite_benchmark__init(&defaults.b);
	if (!root) {
		err = err__set(r->err, ERR_USAGE, -EINVAL, "%s: there is nothing in it", r->path);
		err__hint(r->err, "%s", r->hint);
		return err;
	}
	if (root->type == YAML_SEQUENCE_NODE)
		return read_benchmarks(r, root, &defaults);
	if (root->type != YAML_MAPPING_NODE)
		return reader__complain(r, root, "benchmarks", "is missing");
	err = reader__mapping(r, root, "", top_keys, sizeof(top_keys) / sizeof(top_keys[0]), &top);
	if (!err && !top.benchmarks)
		err = reader__complain(r, root, "benchmarks", "is missing");
	if (!err && top.defaults)
		err = read_defaults(r, top.defaults, &defaults);
	of(r)->suite->name = top.name;
	return err ? err : read_benchmarks(r, top.benchmarks, &defaults);
}

static int parse(struct yaml_reader *r, const char *text, size_t length)
{
	yaml_parser_t parser;
	int err;

	if (!yaml_parser_initialize(&parser))
		return reader__no_memory(r);
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, length);
	if (yaml_parser_load(&parser, &r->document)) {
		err = read_document(r);
		yaml_document_delete(&r->document);
	} else {
		err = reader__parse_failed(r, &parser);
	}
	yaml_parser_delete(&parser);
	return err;
}

struct suite *suite_yaml__parse(const char *text, size_t length, const char *name, struct err *e)
{
	struct suite_reader reader = {
		.yaml = { .path = name, .err = e,
			  .hint = "ppbpf bench --init writes an example with every key" },
		.suite = suite__new(),
	};

	if (!reader.suite) {
		reader__no_memory(&reader.yaml);
		return NULL;
	}
	if (!parse(&reader.yaml, text, length))
		return reader.suite;
	suite__free(reader.suite);
	return NULL;
}

struct suite *suite_yaml__read(const char *path, struct err *e)
{
	struct buf text = BUF_INIT;
	struct suite *suite = NULL;

	if (!read_file(path, FILE_MAX, &text, e))
		suite = suite_yaml__parse(buf__str(&text), text.length, path, e);
	buf__free(&text);
	return suite;
}
