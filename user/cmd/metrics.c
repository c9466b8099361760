// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/term.h"
#include "cmd/commands.h"
#include "cmd/usage.h"
#include "collect/features.h"
#include "ppbpf.h"
#include "sink/metrics_doc.h"

enum format { FORMAT_TABLE, FORMAT_JSON, FORMAT_MARKDOWN };

static const struct argp_option options[] = {
	{ "json", 'j', NULL, 0, "as JSON", 0 },
	{ "markdown", 'm', NULL, 0, "as docs/metrics.md, without a word of this machine", 0 },
	{ 0 },
};

static error_t parse(int key, char *text, struct argp_state *state)
{
	enum format *format = state->input;

	switch (key) {
	case 'j':
		*format = FORMAT_JSON;
		return 0;
	case 'm':
		*format = FORMAT_MARKDOWN;
		return 0;
	case ARGP_KEY_ARG:
		usage_error(state, "ppbpf metrics takes no argument: not \"%s\"", text);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.doc = "Every metric: its name and OpenTelemetry's, its unit, what it means, its source in "
	       "the kernel, and whether it can be had here, and if not why.",
};

static int print(enum format format)
{
	struct metric_here *here = calloc(metrics_count, sizeof(*here));
	struct features features;
	struct err e = { 0 };
	struct term term;
	int err;

	if (!here)
		return -1;
	features__probe(&features, &e);
	for (size_t i = 0; i < metrics_count; i++) {
		here[i].why_not = features__why_missing(&features, &metrics[i]);
		here[i].otherwise = !here[i].why_not &&
				    features__is_otherwise(&features, &metrics[i]);
	}
	term__detect(&term, STDOUT_FILENO);
	err = format == FORMAT_JSON ? metrics_doc__json(stdout, here) :
				      metrics_doc__table(stdout, &term, here);
	free(here);
	return err;
}

int cmd_metrics(int argc, char **argv)
{
	enum format format = FORMAT_TABLE;
	int err;

	argp_err_exit_status = PPBPF_USAGE;
	argv[0] = "ppbpf metrics";
	parse_options(&argp, argc, argv, 0, &format);
	err = format == FORMAT_MARKDOWN ? metrics_doc__markdown(stdout) : print(format);
	if (err || fflush(stdout)) {
		log_error("the list cannot be written to standard output");
		return PPBPF_FAILED;
	}
	return PPBPF_OK;
}
