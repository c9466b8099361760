// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "cmd/target_options.h"

/* Keys of their own: argp takes each key to the parser whose table it is in. */
enum {
	OPT_COMM = 512, OPT_CGROUP, OPT_UNIT, OPT_CONTAINER, OPT_NO_CHILDREN, OPT_USER,
};

static const struct argp_option options[] = {
	{ NULL, 0, NULL, 0, "The target (without one, the whole machine):", 1 },
	{ "pid", 'p', "N[,N...]", 0, "these processes and what they start", 1 },
	{ "comm", OPT_COMM, "GLOB", 0, "processes of this name, with * and ?", 1 },
	{ "cgroup", OPT_CGROUP, "PATH", 0, "the processes in a cgroup and below it", 1 },
	{ "unit", OPT_UNIT, "NAME", 0, "those of a unit of systemd", 1 },
	{ "container", OPT_CONTAINER, "ID", 0, "those of a container, by the beginning of its id", 1 },
	{ "all", 'a', NULL, 0, "the whole machine", 1 },
	{ "no-children", OPT_NO_CHILDREN, NULL, 0, "do not follow what the target starts", 1 },
	{ "user", OPT_USER, "NAME", 0, "run COMMAND as NAME; -: as who called sudo", 1 },
	{ 0 },
};

static error_t parse_command(int key, char *text, struct argp_state *state)
{
	const struct target_options_out *out = state->input;

	switch (key) {
	case ARGP_KEY_NO_ARGS:
		if (state->quoted)
			usage_error(state, "there is no command after --");
		return 0;
	case ARGP_KEY_ARG:
		if (!state->quoted || state->next - 1 < state->quoted)
			usage_error(state, "put -- before a command: %s [OPTION...] -- %s",
				    state->name, text);
		*out->command = state->argv + state->next - 1;
		state->next = state->argc;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct target_options_out *out = state->input;

	switch (key) {
	case 'p':
		*out->pid_count = parse_pids(state, text, out->values, *out->pid_count, PIDS_MAX);
		*out->pids = out->values;
		return 0;
	case OPT_COMM:
		*out->comm = text;
		return 0;
	case OPT_CGROUP:
		*out->cgroup = text;
		return 0;
	case OPT_UNIT:
		*out->unit = text;
		return 0;
	case OPT_CONTAINER:
		*out->container = text;
		return 0;
	case OPT_NO_CHILDREN:
		*out->no_children = true;
		return 0;
	case OPT_USER:
		*out->user = text;
		return 0;
	case 'a':
		return 0;
	default:
		return parse_command(key, text, state);
	}
}

const struct argp target_argp = { .options = options, .parser = parse };
