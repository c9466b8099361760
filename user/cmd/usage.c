// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "cmd/usage.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/units.h"

static void complain(const char *command, const char *message)
{
	log_error("%s; %s --help says more", message, command);
	exit(argp_err_exit_status);
}

void usage_error(const struct argp_state *state, const char *format, ...)
{
	struct buf message = BUF_INIT;
	va_list args;

	va_start(args, format);
	buf__vprintf(&message, format, args);
	va_end(args);
	complain(state->name, buf__str(&message));
	abort();	/* not reached */
}

static bool is_last(const struct argp_option *o)
{
	return !o->name && !o->doc && !o->key;
}

/*
 * The first option, of @argp or of its children, whose name begins as @word does, or
 * without a word whose letter it is. An unambiguous beginning will do for getopt_long().
 */
static const struct argp_option *find_option(const struct argp *argp, const char *word, int letter)
{
	const struct argp_option *found = NULL;
	size_t length = word ? strcspn(word, "=") : 0;

	for (const struct argp_option *o = argp->options; !is_last(o); o++)
		if (word ? o->name && !strncmp(o->name, word, length) : o->key == letter)
			return o;
	for (const struct argp_child *c = argp->children; c && c->argp && !found; c++)
		found = find_option(c->argp, word, letter);
	return found;
}

static const struct argp_option *long_option(const struct argp *argp, const char *word)
{
	static const struct argp_option help = { "help", 0, NULL, 0, NULL, 0 };
	static const struct argp_option usage = { "usage", 0, NULL, 0, NULL, 0 };
	const struct argp_option *found = find_option(argp, word, 0);
	size_t length = strcspn(word, "=");

	if (found)
		return found;
	if (!strncmp(help.name, word, length))
		return &help;
	return strncmp(usage.name, word, length) ? NULL : &usage;
}

static void complain_of(const char *command, const char *word, const struct argp_option *option)
{
	char message[256];

	if (option)
		snprintf(message, sizeof(message), "%s wants a value: %s", word, option->arg);
	else
		snprintf(message, sizeof(message), "there is no option %s", word);
	complain(command, message);
}

/* The option in a word, NULL for none; *takes_next: the next word is its value. */
static const struct argp_option *option_in(const struct argp *argp, const char *word,
					   bool *takes_next)
{
	const struct argp_option *option;

	*takes_next = false;
	if (word[1] == '-') {
		option = long_option(argp, word + 2);
		*takes_next = option && option->arg && !strchr(word, '=');
		return option;
	}
	for (word++; *word; word++) {
		option = find_option(argp, NULL, *word);
		if (!option || option->arg) {
			*takes_next = option && !word[1];
			return option;
		}
	}
	return option;
}

/*
 * argp and getopt tell of an unknown option in two lines and nothing can stop
 * them that does not stop --help, too: so they get to see known ones only.
 */
static void check_options(const struct argp *argp, int argc, char **argv)
{
	const struct argp_option *option;
	bool takes_next;

	for (int i = 1; i < argc && strcmp(argv[i], "--"); i++) {
		if (argv[i][0] != '-' || !argv[i][1] || !strcmp(argv[i], "-?"))
			continue;
		option = option_in(argp, argv[i], &takes_next);
		if (!option || (takes_next && i + 1 == argc))
			complain_of(argv[0], argv[i], option);
		i += takes_next;
	}
}

void parse_options(const struct argp *argp, int argc, char **argv, unsigned int flags,
		   void *input)
{
	check_options(argp, argc, argv);
	argp_parse(argp, argc, argv, flags, NULL, input);
}

size_t parse_pids(const struct argp_state *state, const char *text, pid_t *pids, size_t count,
		  size_t max)
{
	char *copy = strdup(text), *rest = copy, *part;
	uint64_t pid;

	while ((part = strsep(&rest, ","))) {
		if (parse_u64(part, 1, INT32_MAX, &pid))
			usage_error(state, "--pid takes process ids, comma-separated: not \"%s\"",
				    text);
		if (count == max)
			usage_error(state, "--pid takes at most %zu processes", max);
		pids[count++] = pid;
	}
	free(copy);
	return count;
}
