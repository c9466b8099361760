// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "model/suite.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

struct suite *suite__new(void)
{
	return calloc(1, sizeof(struct suite));
}

void suite__free(struct suite *suite)
{
	if (!suite)
		return;
	arena__free(&suite->arena);
	free(suite->benchmarks);
	free(suite);
}

void suite_benchmark__init(struct suite_benchmark *benchmark)
{
	*benchmark = (struct suite_benchmark){ .threshold = NAN };
}

/* What stands for the parameter that `text` names after its '{', or NULL. */
static const char *value_of(const struct suite_benchmark *b, const char *text, size_t *length)
{
	for (size_t i = 0; i < b->parameter_count; i++) {
		*length = strlen(b->parameters[i].name);
		if (!strncmp(text, b->parameters[i].name, *length) && text[*length] == '}')
			return b->parameters[i].value;
	}
	return NULL;
}

/* Braces that name no parameter stay: awk and shells have their own use for them. */
static char *substitute(struct arena *arena, const struct suite_benchmark *b, const char *text)
{
	struct buf out = BUF_INIT;
	const char *value;
	size_t length;
	char *copy;

	if (!text)
		return NULL;
	for (; *text; text++) {
		value = *text == '{' ? value_of(b, text + 1, &length) : NULL;
		if (value) {
			buf__puts(&out, value);
			text += length + 1;
		} else {
			buf__putc(&out, *text);
		}
	}
	if (out.error)
		arena->error = out.error;
	copy = arena__strdup(arena, buf__str(&out));
	buf__free(&out);
	return copy;
}

static char **substitute_all(struct arena *arena, const struct suite_benchmark *b, char **texts)
{
	size_t count = 0;
	char **copies;

	if (!texts)
		return NULL;
	while (texts[count])
		count++;
	copies = arena__alloc(arena, (count + 1) * sizeof(*copies));
	for (size_t i = 0; copies && i < count; i++)
		copies[i] = substitute(arena, b, texts[i]);
	return copies;
}

static void substitute_everywhere(struct arena *arena, struct suite_benchmark *b)
{
	struct suite_command *commands[] = { &b->command, &b->setup, &b->cleanup, &b->prepare,
					     &b->conclude };
	char **texts[] = { &b->name, &b->cwd, &b->stdin_path, &b->user, &b->output, &b->region,
			   &b->function };

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		commands[i]->argv = substitute_all(arena, b, commands[i]->argv);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		*texts[i] = substitute(arena, b, *texts[i]);
	b->env = substitute_all(arena, b, b->env);
}

/* "gzip[level=9,file=a]", unless its name tells them apart by itself. */
static void name_by_parameters(struct arena *arena, struct suite_benchmark *b, const char *before)
{
	struct buf name = BUF_INIT;

	if (strcmp(b->name, before))
		return;
	buf__puts(&name, b->name);
	for (size_t i = 0; i < b->parameter_count; i++)
		buf__printf(&name, "%s%s=%s", i ? "," : "[", b->parameters[i].name,
			    b->parameters[i].value);
	buf__putc(&name, ']');
	if (name.error)
		arena->error = name.error;
	b->name = arena__strdup(arena, buf__str(&name));
	buf__free(&name);
}

static struct suite_benchmark *suite_slot(struct suite *suite)
{
	size_t capacity = suite->capacity ? 2 * suite->capacity : 16;
	struct suite_benchmark *more;

	if (suite->count == suite->capacity) {
		more = realloc(suite->benchmarks, capacity * sizeof(*more));
		if (!more)
			return NULL;
		suite->benchmarks = more;
		suite->capacity = capacity;
	}
	return &suite->benchmarks[suite->count];
}

/* The combination of a number, the last axis changing fastest. */
static int add_combination(struct suite *suite, const struct suite_benchmark *benchmark,
			   const struct suite_axis *axes, size_t axis_count, size_t number)
{
	struct suite_benchmark *b = suite_slot(suite);

	if (!b)
		return -ENOMEM;
	*b = *benchmark;
	if (axis_count) {
		b->parameters = arena__alloc(&suite->arena, axis_count * sizeof(*b->parameters));
		b->parameter_count = axis_count;
		if (!b->parameters)
			return -ENOMEM;
		for (size_t i = axis_count; i-- > 0; number /= axes[i].count)
			b->parameters[i] = (struct suite_parameter){
				axes[i].name, axes[i].values[number % axes[i].count],
			};
		substitute_everywhere(&suite->arena, b);
		if (!suite->arena.error)
			name_by_parameters(&suite->arena, b, benchmark->name);
	}
	suite->count++;
	return suite->arena.error;
}

int suite__add(struct suite *suite, const struct suite_benchmark *benchmark,
	       const struct suite_axis *axes, size_t axis_count)
{
	size_t combinations = 1;
	int err = 0;

	for (size_t i = 0; i < axis_count; i++) {
		if (!axes[i].count || combinations > SUITE_BENCHMARKS_MAX / axes[i].count)
			return -E2BIG;
		combinations *= axes[i].count;
	}
	if (suite->count + combinations > SUITE_BENCHMARKS_MAX)
		return -E2BIG;
	for (size_t i = 0; i < combinations && !err; i++)
		err = add_combination(suite, benchmark, axes, axis_count, i);
	return err;
}

static int by_name(const void *a, const void *b)
{
	const struct suite_benchmark *const *x = a, *const *y = b;
	int order = strcmp((*x)->name, (*y)->name);

	return order ? order : *x < *y ? -1 : 1;
}

const struct suite_benchmark *suite__duplicate(const struct suite *suite)
{
	const struct suite_benchmark **sorted = calloc(suite->count + 1, sizeof(*sorted));
	const struct suite_benchmark *found = NULL;

	for (size_t i = 0; sorted && i < suite->count; i++)
		sorted[i] = &suite->benchmarks[i];
	if (sorted)
		qsort(sorted, suite->count, sizeof(*sorted), by_name);
	for (size_t i = 1; sorted && i < suite->count && !found; i++)
		if (!strcmp(sorted[i - 1]->name, sorted[i]->name))
			found = sorted[i];
	free(sorted);
	return found;
}

/* One word from *line on, unquoted; -ENOENT: there is none, -EINVAL: an open quote. */
static int next_word(const char **line, struct buf *word)
{
	const char *at = *line;
	char quote = '\0';

	while (isspace((unsigned char)*at))
		at++;
	if (!*at)
		return -ENOENT;
	for (; *at && (quote || !isspace((unsigned char)*at)); at++) {
		if (quote == '\'' && *at != '\'') {
			buf__putc(word, *at);
		} else if (*at == '\\' && (!quote || strchr("\"\\$`", at[1]))) {
			if (!*++at)
				return -EINVAL;
			buf__putc(word, *at);
		} else if (*at == quote) {
			quote = '\0';
		} else if (!quote && (*at == '\'' || *at == '"')) {
			quote = *at;
		} else {
			buf__putc(word, *at);
		}
	}
	*line = at;
	return quote ? -EINVAL : word->error;
}

char **words_split(struct arena *arena, const char *line, int *err)
{
	/* words are two bytes apart at least */
	char **words = arena__alloc(arena, (strlen(line) / 2 + 2) * sizeof(*words));
	size_t count = 0;
	int got = 0;

	*err = words ? 0 : -ENOMEM;
	while (!*err && !got) {
		struct buf word = BUF_INIT;

		got = next_word(&line, &word);
		if (!got)
			words[count++] = arena__strdup(arena, buf__str(&word));
		buf__free(&word);
		if (got && got != -ENOENT)
			*err = got;
		else
			*err = arena->error;
	}
	return *err ? NULL : words;
}

static bool needs_quotes(const char *word)
{
	if (!*word)
		return true;
	for (; *word; word++)
		if (!isalnum((unsigned char)*word) && !strchr("_@%+=:,./-", *word))
			return true;
	return false;
}

static void quote(struct buf *out, const char *word)
{
	buf__putc(out, '\'');
	for (; *word; word++) {
		if (*word == '\'')
			buf__puts(out, "'\\''");
		else
			buf__putc(out, *word);
	}
	buf__putc(out, '\'');
}

char *command_text(struct arena *arena, const struct suite_command *command)
{
	struct buf out = BUF_INIT;
	char *text;

	if (!command->argv)
		return NULL;
	if (command->shell)
		return arena__strdup(arena, command->argv[2]);
	for (char **word = command->argv; *word; word++) {
		if (word != command->argv)
			buf__putc(&out, ' ');
		if (needs_quotes(*word))
			quote(&out, *word);
		else
			buf__puts(&out, *word);
	}
	if (out.error)
		arena->error = out.error;
	text = arena__strdup(arena, buf__str(&out));
	buf__free(&out);
	return text;
}

bool suite_benchmark__status_is_well(const struct suite_benchmark *benchmark, int status)
{
	for (size_t i = 0; i < benchmark->status_count; i++)
		if (benchmark->statuses[i] == status)
			return true;
	return !benchmark->status_count && !status;
}
