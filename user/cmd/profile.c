// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/text.h"
#include "base/units.h"
#include "cmd/commands.h"
#include "cmd/signals.h"
#include "cmd/target_options.h"
#include "cmd/tell.h"
#include "cmd/usage.h"
#include "ppbpf.h"

#define FUNCTIONS_MAX 256
#define FREQUENCY_MAX 4999
#define TOP_MAX 100000
#define OWN_FAILURE 125	/* with -- COMMAND, as env(1) and timeout(1) */

struct arguments {
	struct ppbpf_profile_options options;
	struct target_options_out target;
	const char *functions[FUNCTIONS_MAX];
	bool mode_given;
	bool json;
	const char *output;
	bool quiet;
};

enum {
	OPT_MODE = 256, OPT_FUNCTION, OPT_THREADS, OPT_TOP, OPT_OUTPUT_DIR, OPT_FORMAT,
	OPT_NO_SAVE, OPT_JSON, OPT_DEBUG,
};

static const struct argp_option options[] = {
	{ NULL, 0, NULL, 0, "What, how often and how long:", 2 },
	{ "mode", OPT_MODE, "MODE", 0, "on-cpu: what runs; off-cpu: what is waited for; wall: both; "
	  "calls: each call of what --function names (on-cpu)", 2 },
	{ "function", OPT_FUNCTION, "GLOB[@MODULE]", 0, "count and time every call of these "
	  "functions, py:MODULE.NAME for Python's; may be given again", 2 },
	{ "freq", 'F', "N", 0, "samples a second on each CPU, 1 to 4999 (199; machine-wide 49)", 2 },
	{ "duration", 'd', "TIME", 0, "stop after this long (10, 500ms, 2m); with -- COMMAND "
	  "end it too", 2 },
	{ NULL, 0, NULL, 0, "The output:", 3 },
	{ "top", OPT_TOP, "N", 0, "functions to show (10)", 3 },
	{ "threads", OPT_THREADS, NULL, 0, "a tree for each thread", 3 },
	{ "output-dir", OPT_OUTPUT_DIR, "DIR", 0, "where the files go (./profiles)", 3 },
	{ "format", OPT_FORMAT, "LIST", 0, "which files: pprof, folded, speedscope, html, json "
	  "(the first four)", 3 },
	{ "no-save", OPT_NO_SAVE, NULL, 0, "write no files", 3 },
	{ "json", OPT_JSON, NULL, 0, "one JSON object at the end", 3 },
	{ "output", 'o', "FILE", 0, "write the table or the JSON to FILE, not to standard output", 3 },
	{ "quiet", 'q', NULL, 0, "nothing but the result and errors", 3 },
	{ "debug", OPT_DEBUG, NULL, 0, "say what goes on", 3 },
	{ 0 },
};

static void parse_mode(struct arguments *a, const char *text, struct argp_state *state)
{
	static const struct {
		const char *name;
		enum ppbpf_profile_mode mode;
	} modes[] = {
		{ "on-cpu", PPBPF_PROFILE_ON_CPU }, { "off-cpu", PPBPF_PROFILE_OFF_CPU },
		{ "wall", PPBPF_PROFILE_WALL }, { "calls", PPBPF_PROFILE_CALLS },
	};
	const char *nearest;

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (strcmp(modes[i].name, text) != 0)
			continue;
		a->options.mode = modes[i].mode;
		a->mode_given = true;
		return;
	}
	nearest = text_nearest(text, &modes[0].name, sizeof(modes) / sizeof(modes[0]),
			       sizeof(modes[0]));
	usage_error(state, "--mode takes on-cpu, off-cpu, wall or calls: not \"%s\"%s%s%s", text,
		    nearest ? " (did you mean " : "", nearest ? nearest : "", nearest ? "?)" : "");
}

static void parse_number(const char *text, uint64_t max, const char *option, unsigned int *number,
			 struct argp_state *state)
{
	uint64_t n;

	if (parse_u64(text, 1, max, &n))
		usage_error(state, "--%s takes a number from 1 to %llu: not \"%s\"", option,
			    (unsigned long long)max, text);
	*number = n;
}

static error_t parse_what(int key, char *text, struct arguments *a, struct argp_state *state)
{
	struct ppbpf_profile_options *o = &a->options;

	switch (key) {
	case OPT_MODE:
		parse_mode(a, text, state);
		return 0;
	case OPT_FUNCTION:
		if (o->function_count == FUNCTIONS_MAX)
			usage_error(state, "--function may be given %d times", FUNCTIONS_MAX);
		a->functions[o->function_count++] = text;
		o->functions = a->functions;
		return 0;
	case 'F':
		parse_number(text, FREQUENCY_MAX, "freq", &o->frequency, state);
		return 0;
	case 'd':
		if (parse_duration(text, NSEC_PER_SEC, &o->duration_ns) || !o->duration_ns)
			usage_error(state, "--duration takes a time such as 500ms, 1.5s or 2m: not "
				    "\"%s\"", text);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse_output(int key, char *text, struct arguments *a, struct argp_state *state)
{
	struct ppbpf_profile_options *o = &a->options;

	switch (key) {
	case OPT_TOP:
		parse_number(text, TOP_MAX, "top", &o->top, state);
		return 0;
	case OPT_THREADS:
		o->threads = true;
		return 0;
	case OPT_OUTPUT_DIR:
		o->output_dir = text;
		return 0;
	case OPT_FORMAT:
		o->formats = text;
		return 0;
	case OPT_NO_SAVE:
		o->no_save = true;
		return 0;
	case OPT_JSON:
		a->json = true;
		return 0;
	case 'o':
		a->output = text;
		return 0;
	case 'q':
		a->quiet = true;
		return 0;
	case OPT_DEBUG:
		log_set_level(LOG_LEVEL_DEBUG);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct arguments *a = state->input;
	error_t err = parse_what(key, text, a, state);

	if (key == ARGP_KEY_INIT)
		state->child_inputs[0] = &a->target;
	if (err == ARGP_ERR_UNKNOWN)
		err = parse_output(key, text, a, state);
	return err;
}

static const struct argp_child children[] = { { &target_argp, 0, NULL, 0 }, { 0 } };

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.children = children,
	.args_doc = "[-- COMMAND ARGS...]",
	.doc = "Where the time of a target goes, by function: native and Python code in one stack, "
	       "on a CPU and waiting, with nothing to restart or recompile. Writes a flame graph and "
	       "files for pprof, speedscope and flamegraph.pl.\v"
	       "Exit status: 0 success, 2 usage, 3 this machine or privilege cannot do it, 4 an "
	       "error; with -- COMMAND that of COMMAND, 125 for our own failures, 126 and 127 when "
	       "COMMAND cannot be run.\n\n"
	       "  sudo ppbpf profile -- python3 report.py\n"
	       "  sudo ppbpf profile --pid 4242 --duration 10\n"
	       "  sudo ppbpf profile --mode off-cpu --comm 'postgres*' --duration 10\n"
	       "  sudo ppbpf profile --function 'deflate*@libz*' -- python3 report.py",
};

/* Where everything goes; see OPERATIONS' conventions on -- COMMAND. */
static void route(struct arguments *a)
{
	struct ppbpf_profile_options *o = &a->options;

	if (a->output && !strcmp(a->output, "-"))
		a->output = NULL;
	o->summary = !a->json && !a->output;
	o->summary_fd = o->command ? STDERR_FILENO : STDOUT_FILENO;
	o->progress = !a->quiet;
	if (a->json && !a->output && o->command)
		o->command_stdout_fd = STDERR_FILENO;
}

static int write_result(const struct arguments *a, const struct ppbpf_result *result,
			struct err *e)
{
	const char *path = a->output ? a->output : "-";
	struct atomic_file *file;
	int err;

	if (!a->json && !a->output)
		return 0;
	file = atomic_file__open(path, e);
	if (!file)
		return e->code;
	err = a->json ? ppbpf_result_write_json(result, atomic_file__stream(file)) :
			ppbpf_profile_write_summary(result, atomic_file__stream(file));
	if (err)
		err__set(e, ERR_IO, err, "%s cannot be written: %s",
			 a->output ? a->output : "standard output", strerror(-err));
	else
		err = atomic_file__commit(file, e);
	atomic_file__free(file);
	return err;
}

static int run(struct arguments *a)
{
	struct ppbpf_result *result = NULL;
	struct err e = { 0 };
	int status, command;

	route(a);
	catch_signals(ppbpf_profile_stop);
	status = ppbpf_profile(&a->options, &result);
	if (tell_result(result))
		return a->options.command ? OWN_FAILURE : PPBPF_FAILED;
	command = ppbpf_result_command_status(result);
	/* an error's envelope goes to standard output; a file is left as it was */
	if ((status == PPBPF_OK || !a->output) && write_result(a, result, &e)) {
		status = tell_error(&e);
		command = -1;
	}
	if (status != PPBPF_OK && command < 126)
		command = -1;
	if (a->options.command)
		status = command >= 0 ? command : OWN_FAILURE;
	ppbpf_result_free(result);
	return status;
}

int cmd_profile(int argc, char **argv)
{
	struct arguments arguments = { .options = PPBPF_PROFILE_DEFAULTS };

	/* argp leaves by itself on wrong usage; with a command that is 125 */
	argp_err_exit_status = PPBPF_USAGE;
	for (int i = 1; i + 1 < argc; i++)
		if (!strcmp(argv[i], "--"))
			argp_err_exit_status = OWN_FAILURE;
	arguments.target = TARGET_OPTIONS_OUT(&arguments.options);
	argv[0] = "ppbpf profile";
	parse_options(&argp, argc, argv, ARGP_IN_ORDER, &arguments);
	if (arguments.options.function_count && !arguments.mode_given)
		arguments.options.mode = PPBPF_PROFILE_CALLS;
	if (arguments.quiet)
		log_set_level(LOG_LEVEL_ERROR);
	return run(&arguments);
}
