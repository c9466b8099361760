// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/units.h"
#include "cmd/commands.h"
#include "cmd/signals.h"
#include "cmd/tell.h"
#include "cmd/usage.h"
#include "cmd/workflow.h"
#include "ppbpf.h"

#define AGAINST_MAX 64
#define ITERATIONS_MAX 1000000

enum export { EXPORT_HYPERFINE, EXPORT_CSV, EXPORT_MARKDOWN, EXPORT_NR };

struct arguments {
	struct ppbpf_bench_options options;
	const char *against[AGAINST_MAX];
	pid_t pids[PIDS_MAX];
	const char *exports[EXPORT_NR];
	const char *output;
	bool json;
	bool quiet;
	bool init;
	const char *init_path;
};

enum {
	OPT_RELEASE = 256, OPT_NAME, OPT_ONLY, OPT_AGAINST, OPT_AGAINST_RELEASE, OPT_KEEP,
	OPT_TIMEOUT, OPT_THRESHOLD, OPT_USER, OPT_NO_RESOURCES, OPT_WINDOW, OPT_FUNCTION,
	OPT_REGION, OPT_OUTPUT_DIR, OPT_SHOW_OUTPUT, OPT_STRICT, OPT_JSON, OPT_EXPORT_JSON,
	OPT_EXPORT_CSV, OPT_EXPORT_MARKDOWN, OPT_INIT, OPT_DEBUG,
};

static const struct argp_option options[] = {
	{ NULL, 0, NULL, 0, "What is measured: SUITE, -- COMMAND, or", 1 },
	{ "pid", 'p', "N[,N...]", 0, "processes that run already", 1 },
	{ "name", OPT_NAME, "NAME", 0, "what the benchmark of COMMAND or --pid is called", 1 },
	{ "only", OPT_ONLY, "GLOB", 0, "just the suite's benchmarks of such names", 1 },
	{ "function", OPT_FUNCTION, "GLOB[@MODULE]", 0, "each call of a function is an iteration", 1 },
	{ "region", OPT_REGION, "NAME", 0, "each pass of a region marked with ppbpf_mark.h is one", 1 },
	{ "init", OPT_INIT, "FILE", OPTION_ARG_OPTIONAL, "write a commented suite, to FILE or "
	  "standard output, and end", 1 },
	{ NULL, 0, NULL, 0, "Versions:", 2 },
	{ "release", OPT_RELEASE, "VERSION", 0, "whose results these are (dev)", 2 },
	{ "against", OPT_AGAINST, "NAME=COMMAND", 0, "a version to compare, run in turns with the "
	  "others; repeatable, the first is the baseline", 2 },
	{ "against-release", OPT_AGAINST_RELEASE, "VERSION", 0, "compare with the programs that "
	  "VERSION's results have kept", 2 },
	{ "keep", OPT_KEEP, NULL, 0, "store the programs and their libraries for that", 2 },
	{ "threshold", OPT_THRESHOLD, "SHARE", 0, "what counts as a change: 0.05 or 5% (5%)", 2 },
	{ "strict", OPT_STRICT, NULL, 0, "an inconclusive comparison is bad news, too", 2 },
	{ NULL, 0, NULL, 0, "How:", 3 },
	{ "iterations", 'n', "N", 0, "exactly so many of each (10; versions are topped up to 60 while "
	  "they are undecided)", 3 },
	{ "warmup", 'w', "N", 0, "runs of each before that, not counted (3)", 3 },
	{ "timeout", OPT_TIMEOUT, "TIME", 0, "end a run after that, and all that it started", 3 },
	{ "duration", 'd', "TIME", 0, "how long --pid is measured (10s)", 3 },
	{ "window", OPT_WINDOW, "TIME", 0, "an iteration of --pid (1s)", 3 },
	{ "user", OPT_USER, "NAME", 0, "run as NAME; -: as who called sudo", 3 },
	{ "no-resources", OPT_NO_RESOURCES, NULL, 0, "times alone, without tracepoints", 3 },
	{ "show-output", OPT_SHOW_OUTPUT, NULL, 0, "keep the output of what is run", 3 },
	{ NULL, 0, NULL, 0, "Results:", 4 },
	{ "output-dir", OPT_OUTPUT_DIR, "DIR", 0, "where results are saved (./benchmarks)", 4 },
	{ "json", OPT_JSON, NULL, 0, "one JSON object, instead of the table", 4 },
	{ "output", 'o', "FILE", 0, "write that to FILE, not to standard output", 4 },
	{ "export-json", OPT_EXPORT_JSON, "FILE", 0, "as hyperfine does", 4 },
	{ "export-csv", OPT_EXPORT_CSV, "FILE", 0, "a row a benchmark", 4 },
	{ "export-markdown", OPT_EXPORT_MARKDOWN, "FILE", 0, "a table for people", 4 },
	{ "quiet", 'q', NULL, 0, "nothing but the result and errors", 4 },
	{ "debug", OPT_DEBUG, NULL, 0, "say what goes on", 4 },
	{ 0 },
};

static void parse_count(const char *text, uint64_t min, const char *option, uint64_t *n,
			struct argp_state *state)
{
	if (parse_u64(text, min, ITERATIONS_MAX, n))
		usage_error(state, "--%s takes a number from %d to %d, not \"%s\"", option, (int)min,
			    ITERATIONS_MAX, text);
}

static void parse_time(const char *text, const char *option, uint64_t *ns,
		       struct argp_state *state)
{
	if (parse_duration(text, NSEC_PER_SEC, ns) || !*ns)
		usage_error(state, "--%s takes a time such as 500ms, 30s or 2m, not \"%s\"", option,
			    text);
}

static error_t parse_versions(int key, char *arg, struct arguments *a, struct argp_state *state)
{
	struct ppbpf_bench_options *o = &a->options;

	switch (key) {
	case OPT_RELEASE:
		if (!*arg)
			usage_error(state, "--release wants a version");
		o->release = arg;
		return 0;
	case OPT_AGAINST:
		if (o->against_count == AGAINST_MAX)
			usage_error(state, "--against takes at most %d versions", AGAINST_MAX);
		a->against[o->against_count++] = arg;
		o->against = a->against;
		return 0;
	case OPT_AGAINST_RELEASE:
		o->against_release = arg;
		return 0;
	case OPT_KEEP:
		o->keep = true;
		return 0;
	case OPT_THRESHOLD:
		if (parse_share(arg, &o->threshold))
			usage_error(state, "--threshold takes a share such as 0.05 or 5%%, not \"%s\"",
				    arg);
		return 0;
	case OPT_STRICT:
		o->strict = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse_how(int key, char *arg, struct arguments *a, struct argp_state *state)
{
	struct ppbpf_bench_options *o = &a->options;
	uint64_t n;

	switch (key) {
	case 'n':
		parse_count(arg, 1, "iterations", &n, state);
		o->iterations = n;
		return 0;
	case 'w':
		parse_count(arg, 0, "warmup", &n, state);
		o->warmup = n;
		return 0;
	case OPT_TIMEOUT:
		parse_time(arg, "timeout", &o->timeout_ns, state);
		return 0;
	case 'd':
		parse_time(arg, "duration", &o->duration_ns, state);
		return 0;
	case OPT_WINDOW:
		parse_time(arg, "window", &o->window_ns, state);
		return 0;
	case OPT_USER:
		o->user = arg;
		return 0;
	case OPT_NO_RESOURCES:
		o->no_resources = true;
		return 0;
	case OPT_SHOW_OUTPUT:
		o->show_output = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse_results(int key, char *arg, struct arguments *a)
{
	switch (key) {
	case OPT_OUTPUT_DIR:
		a->options.output_dir = arg;
		return 0;
	case OPT_JSON:
		a->json = true;
		return 0;
	case 'o':
		a->output = arg;
		return 0;
	case OPT_EXPORT_JSON:
		a->exports[EXPORT_HYPERFINE] = arg;
		return 0;
	case OPT_EXPORT_CSV:
		a->exports[EXPORT_CSV] = arg;
		return 0;
	case OPT_EXPORT_MARKDOWN:
		a->exports[EXPORT_MARKDOWN] = arg;
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

static error_t parse_what(int key, char *arg, struct arguments *a, struct argp_state *state)
{
	struct ppbpf_bench_options *o = &a->options;

	switch (key) {
	case 'p':
		o->pid_count = parse_pids(state, arg, a->pids, o->pid_count, PIDS_MAX);
		o->pids = a->pids;
		return 0;
	case OPT_NAME:
		if (!*arg)
			usage_error(state, "--name wants a name");
		o->name = arg;
		return 0;
	case OPT_ONLY:
		o->only = arg;
		return 0;
	case OPT_FUNCTION:
		o->function = arg;
		return 0;
	case OPT_REGION:
		o->region = arg;
		return 0;
	case OPT_INIT:
		a->init = true;
		a->init_path = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* A word before -- is the suite, what comes after it the command. */
static void parse_word(struct arguments *a, char *arg, struct argp_state *state)
{
	struct ppbpf_bench_options *o = &a->options;

	if (state->quoted && state->next > state->quoted) {
		o->command = state->argv + state->next - 1;
		state->next = state->argc;
		return;
	}
	if (a->init && !a->init_path) {
		a->init_path = arg;
		return;
	}
	if (o->suite)
		usage_error(state, "one suite at a time, not \"%s\" as well; a command comes after --",
			    arg);
	o->suite = arg;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;
	error_t err;

	if (key == ARGP_KEY_ARG) {
		parse_word(a, arg, state);
		return 0;
	}
	err = parse_versions(key, arg, a, state);
	if (err == ARGP_ERR_UNKNOWN)
		err = parse_how(key, arg, a, state);
	if (err == ARGP_ERR_UNKNOWN)
		err = parse_results(key, arg, a);
	if (err == ARGP_ERR_UNKNOWN)
		err = parse_what(key, arg, a, state);
	return err;
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "SUITE.yaml\n-- COMMAND [ARG...]\n--against NAME=COMMAND --against NAME=COMMAND\n"
		    "--pid N",
	.doc = "Times benchmarks while the kernel watches: what each iteration took, on a CPU or "
	       "waiting for what, what it used, and who disturbed it.\v"
	       "Exit status: 0 success, 1 a benchmark failed or a regression was found, 2 usage, 3 "
	       "this machine or privilege cannot do it, 4 an error.\n\n"
	       "  ppbpf bench --init suite.yaml\n"
	       "  sudo ppbpf bench suite.yaml --release v1.2.0\n"
	       "  sudo ppbpf bench --against old=./a --against new=./b\n"
	       "  sudo ppbpf bench --pid 4242 --function 'parse*' --duration 30s",
};

static int write_file(const char *path, const struct ppbpf_result *result, int format,
		      struct err *e)
{
	struct atomic_file *file = atomic_file__open(path, e);
	FILE *stream;
	int err;

	if (!file)
		return e->code;
	stream = atomic_file__stream(file);
	err = format < 0 ? ppbpf_result_write_json(result, stream) :
			   ppbpf_bench_export(result, format, stream);
	if (err)
		err__set(e, ERR_IO, err, "%s cannot be written: %s", path, strerror(-err));
	else
		err = atomic_file__commit(file, e);
	atomic_file__free(file);
	return err;
}

/* The export formats are the library's, in its order. */
static int write_all(const struct arguments *a, const struct ppbpf_result *result, struct err *e)
{
	int err = 0;

	for (int i = 0; i < EXPORT_NR; i++)
		if (a->exports[i])
			err = write_file(a->exports[i], result, i, e) ?: err;
	if (a->json || a->output)
		err = write_file(a->output ? a->output : "-", result, -1, e) ?: err;
	return err;
}

static int write_example(const struct arguments *a)
{
	const char *path = a->init_path ? a->init_path : "-";
	struct atomic_file *file;
	struct err e = { 0 };
	int err;

	if (strcmp(path, "-") && !access(path, F_OK)) {
		log_error("%s is there already; --init writes over nothing", path);
		return PPBPF_FAILED;
	}
	file = atomic_file__open(path, &e);
	err = file ? 0 : e.code;
	if (!err && fputs(ppbpf_bench_example(), atomic_file__stream(file)) < 0)
		err = err__set(&e, ERR_IO, -errno, "%s cannot be written", path);
	if (!err)
		err = atomic_file__commit(file, &e);
	atomic_file__free(file);
	if (err)
		log_error("%s", e.message);
	return err ? PPBPF_FAILED : PPBPF_OK;
}

static void route(struct arguments *a)
{
	struct ppbpf_bench_options *o = &a->options;
	bool machine = a->json && (!a->output || !strcmp(a->output, "-"));

	o->table = !a->quiet && !machine;
	o->table_fd = o->show_output ? STDERR_FILENO : STDOUT_FILENO;
	o->command_stdout_fd = machine ? STDERR_FILENO : STDOUT_FILENO;
	o->progress = !a->quiet && !o->show_output;
}

static int write_annotations(const struct ppbpf_result *result, FILE *stream)
{
	return ppbpf_bench_export(result, PPBPF_BENCH_ANNOTATIONS, stream);
}

static int write_summary(const struct ppbpf_result *result, FILE *stream)
{
	return ppbpf_bench_export(result, PPBPF_BENCH_SUMMARY, stream);
}

static int run(struct arguments *a)
{
	struct ppbpf_result *result = NULL;
	struct err e = { 0 };
	int status;

	route(a);
	catch_signals(ppbpf_bench_stop);
	status = ppbpf_bench(&a->options, &result);
	if (!result) {
		log_error("out of memory");
		return PPBPF_FAILED;
	}
	tell_result(result);
	if (write_all(a, result, &e))
		status = tell_error(&e);
	err__clear(&e);
	if (tell_workflow(result, write_annotations, write_summary, &e))
		status = tell_error(&e);
	ppbpf_result_free(result);
	return status;
}

int cmd_bench(int argc, char **argv)
{
	struct arguments arguments = { .options = PPBPF_BENCH_DEFAULTS };

	argp_err_exit_status = PPBPF_USAGE;
	argv[0] = "ppbpf bench";
	parse_options(&argp, argc, argv, 0, &arguments);
	if (arguments.quiet)
		log_set_level(LOG_LEVEL_ERROR);
	return arguments.init ? write_example(&arguments) : run(&arguments);
}
