// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include <argp.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/units.h"
#include "cmd/commands.h"
#include "cmd/tell.h"
#include "cmd/usage.h"
#include "ppbpf.h"

struct arguments {
	struct ppbpf_report_options options;
	bool json, quiet;
};

enum { OPT_CHARTS = 256, OPT_NO_CHARTS, OPT_SVG, OPT_BASELINE, OPT_OUTPUT_DIR, OPT_THRESHOLD,
       OPT_JSON };

static const struct argp_option options[] = {
	{ "output", 'o', "FILE", 0, "the report: .html, .md or .json", 1 },
	{ "charts", OPT_CHARTS, NULL, 0, "with charts (the default for .html)", 1 },
	{ "no-charts", OPT_NO_CHARTS, NULL, 0, "without", 1 },
	{ "svg", OPT_SVG, "DIR", 0, "write the charts alone, as SVG files, into DIR", 1 },
	{ "baseline", OPT_BASELINE, "VERSION", 0, "compare a results file with this version's "
	  "latest results, or with a file", 1 },
	{ "output-dir", OPT_OUTPUT_DIR, "DIR", 0, "where versions are looked for (./benchmarks)", 1 },
	{ "threshold", OPT_THRESHOLD, "SHARE", 0, "of that comparison (0.05 or 5%)", 1 },
	{ "json", OPT_JSON, NULL, 0, "print what was done as JSON", 1 },
	{ "quiet", 'q', NULL, 0, "nothing but errors", 1 },
	{ 0 },
};

static void check(const struct arguments *a, const struct argp_state *state)
{
	if (!a->options.input)
		usage_error(state, "a report of what? ppbpf report COMPARISON.json --output "
			    "report.html");
	if (!a->options.output && !a->options.svg_dir)
		usage_error(state, "where to? --output report.html (or .md, .json), or --svg DIR");
	if (a->options.charts && a->options.no_charts)
		usage_error(state, "choose one of --charts and --no-charts");
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct arguments *a = state->input;

	switch (key) {
	case 'o':
		a->options.output = text;
		return 0;
	case OPT_CHARTS:
		a->options.charts = true;
		return 0;
	case OPT_NO_CHARTS:
		a->options.no_charts = true;
		return 0;
	case OPT_SVG:
		a->options.svg_dir = text;
		return 0;
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
	case OPT_JSON:
		a->json = true;
		return 0;
	case 'q':
		a->quiet = true;
		return 0;
	case ARGP_KEY_ARG:
		if (a->options.input)
			usage_error(state, "one file is reported: not \"%s\" as well", text);
		a->options.input = text;
		return 0;
	case ARGP_KEY_END:
		check(a, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "FILE",
	.doc = "The page that people read: of a comparison (ppbpf compare -o), or of a results "
	       "file. The HTML needs nothing else, neither network nor other files.\v"
	       "Exit status: 0 success, 2 usage, 4 an error.\n\n"
	       "  ppbpf report comparison.json --output report.html\n"
	       "  ppbpf report benchmarks/benchmark_v1.2.0_1795412714.json --baseline v1.1.0 "
	       "-o report.md",
};

static int print(const struct arguments *a, const struct ppbpf_result *result)
{
	int err = 0;

	if (a->json) {
		err = ppbpf_result_write_json(result, stdout);
	} else if (!a->quiet) {
		err = ppbpf_report_headline(result, stdout);
		if (!err && a->options.output)
			printf("written: %s\n", a->options.output);
		if (!err && a->options.svg_dir)
			printf("charts: %s\n", a->options.svg_dir);
	}
	return !err && fflush(stdout) ? -errno : err;
}

int cmd_report(int argc, char **argv)
{
	struct arguments a = { .options = PPBPF_REPORT_DEFAULTS };
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct ppbpf_result *result = NULL;
	int status, err = 0;

	argp_err_exit_status = PPBPF_USAGE;
	argv[0] = "ppbpf report";
	parse_options(&argp, argc, argv, 0, &a);
	sigaction(SIGPIPE, &ignore, NULL);
	/* the report itself is on standard output then */
	if (a.options.output && !strcmp(a.options.output, "/dev/stdout"))
		a.quiet = true;
	status = ppbpf_report(&a.options, &result);
	if (tell_result(result))
		return PPBPF_FAILED;
	if (status == PPBPF_OK || a.json)
		err = print(&a, result);
	if (err) {
		log_error("standard output cannot be written: %s", strerror(-err));
		status = PPBPF_FAILED;
	}
	ppbpf_result_free(result);
	return status;
}
