// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/* The command table. */
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cmd/commands.h"
#include "ppbpf.h"

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;
} commands[] = {
	{ "monitor", cmd_monitor, "what a process, a command or the machine uses and waits for" },
	{ "profile", cmd_profile, "where the time goes, by function, native and Python" },
	{ "bench", cmd_bench, "time benchmarks, and what each iteration used and waited for" },
	{ "compare", cmd_compare, "did a benchmark get slower, and which part of its time grew" },
	{ "report", cmd_report, "a page of a comparison or of results: HTML, Markdown, JSON" },
	{ "metrics", cmd_metrics, "every metric: what it means, and whether it can be had here" },
	{ "doctor", cmd_doctor, "what this kernel and this privilege allow, in plain words" },
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void usage(FILE *to)
{
	fprintf(to, "ppbpf: where the time goes, and what it waits for\n\n"
		    "usage: ppbpf COMMAND [OPTION...]\n\n");
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(to, "  %-10s %s\n", commands[i].name, commands[i].help);
	fprintf(to, "\nppbpf COMMAND --help says more. Begin with: sudo ppbpf monitor --duration 5\n");
}

int main(int argc, char **argv)
{
	const char *nearest;

	setlocale(LC_CTYPE, "");
	if (argc < 2) {
		usage(stderr);
		return PPBPF_USAGE;
	}
	for (size_t i = 0; i < COMMANDS; i++)
		if (!strcmp(argv[1], commands[i].name))
			return commands[i].run(argc - 1, argv + 1);
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
		usage(stdout);
		return PPBPF_OK;
	}
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")) {
		printf("ppbpf %s\n", ppbpf_version());
		return PPBPF_OK;
	}
	nearest = text_nearest(argv[1], &commands[0].name, COMMANDS, sizeof(commands[0]));
	fprintf(stderr, "ppbpf: there is no command \"%s\"", argv[1]);
	if (nearest)
		fprintf(stderr, "; did you mean %s?\n", nearest);
	else
		fprintf(stderr, "; ppbpf --help lists them\n");
	return PPBPF_USAGE;
}
