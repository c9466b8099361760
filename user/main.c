// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/* The command table. */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
	{ "trace", cmd_trace, "a service's requests as traces: how many, how slow, how often wrong" },
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

/*
 * Where one of these is closed, the next file that is opened would take its
 * place, and what is meant for it would go there: reading and writing fail instead.
 */
static void hold_standard_streams(void)
{
	static const int modes[] = { O_WRONLY, O_RDONLY, O_RDONLY };

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", modes[fd]) != fd)
			exit(PPBPF_FAILED);
}

/* What was held back for standard output is out, or that is an error, too. */
static int finish(int status)
{
	if (!fflush(stdout) || errno == EPIPE || status != PPBPF_OK)
		return status;
	fprintf(stderr, "ppbpf: standard output cannot be written: %s\n", strerror(errno));
	return PPBPF_FAILED;
}

int main(int argc, char **argv)
{
	const char *nearest;

	hold_standard_streams();
	setlocale(LC_CTYPE, "");
	if (argc < 2) {
		usage(stderr);
		return PPBPF_USAGE;
	}
	for (size_t i = 0; i < COMMANDS; i++)
		if (!strcmp(argv[1], commands[i].name))
			return finish(commands[i].run(argc - 1, argv + 1));
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
		usage(stdout);
		return finish(PPBPF_OK);
	}
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")) {
		printf("ppbpf %s\n", ppbpf_version());
		return finish(PPBPF_OK);
	}
	nearest = text_nearest(argv[1], &commands[0].name, COMMANDS, sizeof(commands[0]));
	fprintf(stderr, "ppbpf: there is no command \"%s\"", argv[1]);
	if (nearest)
		fprintf(stderr, "; did you mean %s?\n", nearest);
	else
		fprintf(stderr, "; ppbpf --help lists them\n");
	return PPBPF_USAGE;
}
