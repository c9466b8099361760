// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/units.h"
#include "cmd/commands.h"
#include "cmd/tell.h"
#include "cmd/usage.h"
#include "cmd/workflow.h"
#include "ppbpf.h"

struct arguments {
	struct ppbpf_compare_options options;
	const char *output;	/* the envelope */
	const char *junit;
	bool json, all, quiet;
};

enum { OPT_BASELINE = 256, OPT_OUTPUT_DIR, OPT_THRESHOLD, OPT_STRICT, OPT_ALLOW_MISSING, OPT_JSON,
       OPT_JUNIT, OPT_ALL };

static const struct argp_option options[] = {
	{ "baseline", OPT_BASELINE, "VERSION", 0, "compare with its latest results, or with a "
	  "results file", 1 },
	{ "output-dir", OPT_OUTPUT_DIR, "DIR", 0, "where versions are looked for (./benchmarks)", 1 },
	{ "threshold", OPT_THRESHOLD, "SHARE", 0, "a slowdown beyond it is a regression (0.05 or "
	  "5%); benchmarks may have their own", 1 },
	{ "strict", OPT_STRICT, NULL, 0, "exit with 1 for an inconclusive benchmark, too", 1 },
	{ "allow-missing", OPT_ALLOW_MISSING, NULL, 0, "no results of the baseline yet: exit "
	  "with 0", 1 },
	{ NULL, 0, NULL, 0, "The output:", 2 },
	{ "all", OPT_ALL, NULL, 0, "show every unchanged benchmark", 2 },
	{ "json", OPT_JSON, NULL, 0, "as JSON", 2 },
	{ "output", 'o', "FILE", 0, "write the JSON to FILE as well: what ppbpf report reads", 2 },
	{ "junit", OPT_JUNIT, "FILE", 0, "write JUnit's XML to FILE as well", 2 },
	{ "quiet", 'q', NULL, 0, "no table: the files, the exit status and errors", 2 },
	{ 0 },
};

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct arguments *a = state->input;

	switch (key) {
	case OPT_BASELINE:
		a->options.baseline = text;
		return 0;
	case OPT_OUTPUT_DIR:
		a->options.output_dir = text;
		return 0;
	case OPT_THRESHOLD:
		if (parse_share(text, &a->options.threshold))
			usage_error(state, "--threshold takes a share such as 0.05 or 5%%: not "
				    "\"%s\"", text);
		return 0;
	case OPT_STRICT:
		a->options.strict = true;
		return 0;
	case OPT_ALLOW_MISSING:
		a->options.allow_missing = true;
		return 0;
	case OPT_ALL:
		a->all = true;
		return 0;
	case OPT_JSON:
		a->json = true;
		return 0;
	case 'o':
		a->output = text;
		return 0;
	case OPT_JUNIT:
		a->junit = text;
		return 0;
	case 'q':
		a->quiet = true;
		return 0;
	case ARGP_KEY_ARG:
		if (a->options.results)
			usage_error(state, "one results file is compared: not \"%s\" as well", text);
		a->options.results = text;
		return 0;
	case ARGP_KEY_END:
		if (!a->options.results)
			usage_error(state, "which results? ppbpf compare RESULTS.json --baseline "
				    "VERSION");
		if (!a->options.baseline)
			usage_error(state, "compared with what? --baseline VERSION");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "RESULTS",
	.doc = "Did it get slower? Compares the results of ppbpf bench, a file or a version, with "
	       "those of a baseline, tells a change from chance, and names the part of the time "
	       "that grew.\v"
	       "Exit status: 0 no regression, 1 a regression, 2 usage, 4 an error, such as a "
	       "baseline that is not there.\n\n"
	       "  ppbpf compare benchmarks/benchmark_v1.2.0_1795412714.json --baseline v1.1.0\n"
	       "  ppbpf compare v1.2.0 --baseline v1.1.0 --threshold 2.5% --strict",
};

/* A form of the result into a file, whole or not at all. */
static int write_file(const char *path, const struct ppbpf_result *result,
		      int (*write)(const struct ppbpf_result *, FILE *), struct err *e)
{
	struct atomic_file *file = atomic_file__open(path, e);
	int err;

	if (!file)
		return e->code;
	err = write(result, atomic_file__stream(file));
	if (err)
		err__set(e, ERR_IO, err, "%s cannot be written: %s", path, strerror(-err));
	else
		err = atomic_file__commit(file, e);
	atomic_file__free(file);
	return err;
}

static int write_junit(const struct ppbpf_result *result, FILE *stream)
{
	return ppbpf_compare_write(result, PPBPF_COMPARE_JUNIT, stream);
}

static int write_annotations(const struct ppbpf_result *result, FILE *stream)
{
	return ppbpf_compare_write(result, PPBPF_COMPARE_ANNOTATIONS, stream);
}

static int write_summary(const struct ppbpf_result *result, FILE *stream)
{
	return ppbpf_compare_write(result, PPBPF_COMPARE_MARKDOWN, stream);
}

static int print(const struct arguments *a, const struct ppbpf_result *result, struct err *e)
{
	int err = 0;

	if (a->json)
		err = ppbpf_result_write_json(result, stdout);
	else if (!a->quiet)
		err = ppbpf_compare_write(result, a->all ? PPBPF_COMPARE_TABLE_ALL :
							   PPBPF_COMPARE_TABLE, stdout);
	if (!err && fflush(stdout))
		err = -errno;
	return err ? err__set(e, ERR_IO, err, "standard output cannot be written: %s",
			      strerror(-err)) : 0;
}

static int deliver(const struct arguments *a, const struct ppbpf_result *result, struct err *e)
{
	if (a->output && write_file(a->output, result, ppbpf_result_write_json, e))
		return e->code;
	if (a->junit && write_file(a->junit, result, write_junit, e))
		return e->code;
	if (tell_workflow(result, write_annotations, write_summary, e))
		return e->code;
	return print(a, result, e);
}

int cmd_compare(int argc, char **argv)
{
	struct arguments a = { .options = PPBPF_COMPARE_DEFAULTS };
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct ppbpf_result *result = NULL;
	struct err e = { 0 };
	int status;

	argp_err_exit_status = PPBPF_USAGE;
	argv[0] = "ppbpf compare";
	parse_options(&argp, argc, argv, 0, &a);
	sigaction(SIGPIPE, &ignore, NULL);
	if (a.output && !strcmp(a.output, "-")) {
		a.output = NULL;
		a.json = true;
	}
	status = ppbpf_compare(&a.options, &result);
	if (tell_result(result))
		return PPBPF_FAILED;
	if (status == PPBPF_OK || status == PPBPF_BAD_NEWS) {
		if (deliver(&a, result, &e))
			status = tell_error(&e);
	} else if (a.json && ppbpf_result_write_json(result, stdout)) {
		log_error("standard output cannot be written");
	}
	ppbpf_result_free(result);
	return status;
}
