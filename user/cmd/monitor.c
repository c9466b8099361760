// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/units.h"
#include "cmd/commands.h"
#include "cmd/signals.h"
#include "cmd/target_options.h"
#include "cmd/tell.h"
#include "cmd/usage.h"
#include "ppbpf.h"

#define OWN_FAILURE 125	/* with -- COMMAND, as env(1) and timeout(1) */

enum format { FORMAT_TABLE, FORMAT_JSON, FORMAT_JSONL, FORMAT_CSV };

struct arguments {
	struct ppbpf_monitor_options options;
	struct target_options_out target;
	enum format format;
	const char *output;
	bool quiet;
};

enum {
	OPT_NO_CPU = 256, OPT_NO_MEMORY, OPT_NO_DISK, OPT_NO_NETWORK, OPT_METRICS, OPT_SORT,
	OPT_TOP, OPT_JSON, OPT_JSONL, OPT_CSV, OPT_PSS, OPT_SELF, OPT_DEBUG,
};

static const struct argp_option options[] = {
	{ NULL, 0, NULL, 0, "How long, and how often:", 2 },
	{ "duration", 'd', "TIME", 0, "stop after this long (10, 500ms, 2m); with -- COMMAND "
	  "end it too", 2 },
	{ "interval", 'I', "TIME", 0, "between samples: 10ms to 1h, a bare number is "
	  "milliseconds (100ms)", 2 },
	{ NULL, 0, NULL, 0, "What:", 3 },
	{ "no-cpu", OPT_NO_CPU, NULL, 0, "leave CPU use out", 3 },
	{ "no-memory", OPT_NO_MEMORY, NULL, 0, "leave memory out", 3 },
	{ "no-disk", OPT_NO_DISK, NULL, 0, "leave disks out", 3 },
	{ "no-network", OPT_NO_NETWORK, NULL, 0, "leave the network out", 3 },
	{ "metrics", OPT_METRICS, "LIST", 0, "only these, comma-separated; ppbpf metrics lists "
	  "them", 3 },
	{ "pss", OPT_PSS, NULL, 0, "proportional set size of the named processes: costs a walk of "
	  "their memory", 3 },
	{ "self", OPT_SELF, NULL, 0, "measure our own BPF programs, too", 3 },
	{ NULL, 0, NULL, 0, "The output:", 4 },
	{ "json", OPT_JSON, NULL, 0, "one JSON object at the end", 4 },
	{ "jsonl", OPT_JSONL, NULL, 0, "a JSON line an interval, as it happens", 4 },
	{ "csv", OPT_CSV, NULL, 0, "a CSV row an interval", 4 },
	{ "output", 'o', "FILE", 0, "write to FILE, not to standard output", 4 },
	{ "sort", OPT_SORT, "COLUMN", 0, "order of the processes: cpu, waiting, blocked, memory, "
	  "read, written, sent, received, pid", 4 },
	{ "top", OPT_TOP, "N", 0, "processes to show (10)", 4 },
	{ "quiet", 'q', NULL, 0, "nothing but the result and errors", 4 },
	{ "debug", OPT_DEBUG, NULL, 0, "say what goes on", 4 },
	{ 0 },
};

static void parse_time(const char *text, uint64_t unit, uint64_t min, const char *option,
		       uint64_t *ns, struct argp_state *state)
{
	if (parse_duration(text, unit, ns) || *ns < min)
		usage_error(state, "--%s takes a time such as 500ms, 1.5s or 2m%s: not \"%s\"",
			   option, min > 1 ? ", from 10ms on" : "", text);
}

static void set_format(struct arguments *arguments, enum format format, struct argp_state *state)
{
	if (arguments->format != FORMAT_TABLE && arguments->format != format)
		usage_error(state, "choose one of --json, --jsonl and --csv");
	arguments->format = format;
}

static error_t parse_what(int key, struct ppbpf_monitor_options *o)
{
	switch (key) {
	case OPT_NO_CPU:
		o->no_cpu = true;
		return 0;
	case OPT_NO_MEMORY:
		o->no_memory = true;
		return 0;
	case OPT_NO_DISK:
		o->no_disk = true;
		return 0;
	case OPT_NO_NETWORK:
		o->no_network = true;
		return 0;
	case OPT_PSS:
		o->pss = true;
		return 0;
	case OPT_SELF:
		o->self = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse_output(int key, char *text, struct arguments *arguments,
			    struct argp_state *state)
{
	uint64_t n;

	switch (key) {
	case OPT_JSON:
		set_format(arguments, FORMAT_JSON, state);
		return 0;
	case OPT_JSONL:
		set_format(arguments, FORMAT_JSONL, state);
		return 0;
	case OPT_CSV:
		set_format(arguments, FORMAT_CSV, state);
		return 0;
	case 'o':
		arguments->output = text;
		return 0;
	case OPT_METRICS:
		arguments->options.metrics = text;
		return 0;
	case OPT_SORT:
		arguments->options.sort = text;
		return 0;
	case OPT_TOP:
		if (parse_u64(text, 1, 100000, &n))
			usage_error(state, "--top takes a number from 1 on: not \"%s\"", text);
		arguments->options.top = n;
		return 0;
	case 'q':
		arguments->quiet = true;
		return 0;
	case OPT_DEBUG:
		log_set_level(LOG_LEVEL_DEBUG);
		return 0;
	default:
		return parse_what(key, &arguments->options);
	}
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct arguments *arguments = state->input;
	struct ppbpf_monitor_options *o = &arguments->options;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &arguments->target;
		return 0;
	case 'd':
		parse_time(text, NSEC_PER_SEC, 1, "duration", &o->duration_ns, state);
		return 0;
	case 'I':
		parse_time(text, NSEC_PER_MSEC, 10 * NSEC_PER_MSEC, "interval", &o->interval_ns,
			   state);
		return 0;
	default:
		return parse_output(key, text, arguments, state);
	}
}

static const struct argp_child children[] = { { &target_argp, 0, NULL, 0 }, { 0 } };

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.children = children,
	.args_doc = "[-- COMMAND ARGS...]",
	.doc = "What a target uses and what it waits for: exact CPU time, waits with their "
	       "reasons and who had the CPU meanwhile, memory, disk and network, of every process "
	       "that lived, however briefly.\v"
	       "Exit status: 0 success, 2 usage, 3 this machine or privilege cannot do it, 4 an "
	       "error; with -- COMMAND that of COMMAND, 125 for our own failures, 126 and 127 when "
	       "COMMAND cannot be run.\n\n"
	       "  sudo ppbpf monitor --pid 4242 --duration 10\n"
	       "  sudo ppbpf monitor -- make -j2\n"
	       "  sudo ppbpf monitor --comm 'postgres*' --jsonl > intervals.jsonl",
};

/* Where everything goes; see OPERATIONS' conventions on -- COMMAND. */
static void route(struct arguments *a, int output_fd)
{
	struct ppbpf_monitor_options *o = &a->options;
	bool machine = a->format != FORMAT_TABLE;
	int person = o->command ? STDERR_FILENO : STDOUT_FILENO;

	o->summary_fd = person;
	o->summary = !machine && !a->output;
	if (machine && !a->output && o->command)
		o->command_stdout_fd = STDERR_FILENO;
	switch (a->format) {
	case FORMAT_JSONL:
		o->live = PPBPF_LIVE_JSONL;
		o->live_fd = output_fd;
		break;
	case FORMAT_CSV:
		o->live = PPBPF_LIVE_CSV;
		o->live_fd = output_fd;
		break;
	case FORMAT_JSON:
		/* a person who waits at a terminal sees that something goes on */
		o->live_fd = STDERR_FILENO;
		if (!a->quiet && !o->command && isatty(STDERR_FILENO))
			o->live = PPBPF_LIVE_TABLE;
		break;
	case FORMAT_TABLE:
		o->live_fd = person;
		if (!a->quiet && !a->output && (!o->command || isatty(person)))
			o->live = PPBPF_LIVE_TABLE;
		break;
	}
}

static int write_result(struct arguments *a, const struct ppbpf_result *result,
			struct atomic_file *file, struct err *e)
{
	FILE *stream = file ? atomic_file__stream(file) : stdout;
	int err = 0;

	if (a->format == FORMAT_JSON)
		err = ppbpf_result_write_json(result, stream);
	else if (a->format == FORMAT_TABLE && a->output)
		err = ppbpf_result_write_summary(result, &a->options, stream);
	if (!err && !file && fflush(stdout))
		err = -errno;
	if (err)
		return err__set(e, ERR_IO, err, "%s cannot be written: %s",
				a->output ? a->output : "standard output", strerror(-err));
	return file ? atomic_file__commit(file, e) : 0;
}

/* Under sudo a file belongs to who called it; where that fails it stays root's. */
static void give_to_caller(int fd)
{
	const char *uid = getenv("SUDO_UID"), *gid = getenv("SUDO_GID");

	if (!geteuid() && uid && gid &&
	    fchown(fd, strtoul(uid, NULL, 10), strtoul(gid, NULL, 10)))
		log_debug("the output stays root's: %s", strerror(errno));
}

/*
 * Intervals are written as they happen, a whole line at a time: in place, but
 * what a file held is lost only when the first one is there.
 */
static int open_output(struct arguments *a, struct atomic_file **file, int *fd, struct err *e)
{
	*fd = STDOUT_FILENO;
	if (a->output && !strcmp(a->output, "-"))
		a->output = NULL;
	if (!a->output)
		return 0;
	if (a->format == FORMAT_JSON || a->format == FORMAT_TABLE) {
		*file = atomic_file__open(a->output, e);
		return *file ? 0 : e->code;
	}
	*fd = open(a->output, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	if (*fd < 0)
		return err__set(e, ERR_IO, -errno, "%s cannot be written: %s", a->output,
				strerror(errno));
	give_to_caller(*fd);
	return 0;
}

static int run(struct arguments *a)
{
	struct ppbpf_result *result = NULL;
	struct atomic_file *file = NULL;
	struct err e = { 0 };
	int fd, status, command;

	if (open_output(a, &file, &fd, &e)) {
		log_error("%s%s%s", e.message, *e.hint ? "; " : "", e.hint);
		return a->options.command ? OWN_FAILURE : PPBPF_FAILED;
	}
	route(a, fd);
	catch_signals(ppbpf_monitor_stop);
	status = ppbpf_monitor(&a->options, &result);
	if (tell_result(result))
		status = PPBPF_FAILED;
	/* an error's envelope goes to standard output; a file is left as it was */
	command = result ? ppbpf_result_command_status(result) : -1;
	if (result && (status == PPBPF_OK || !file) && write_result(a, result, file, &e)) {
		log_error("%s", e.message);
		status = PPBPF_FAILED;
		command = -1;
	}
	if (a->options.command)
		status = command >= 0 ? command : OWN_FAILURE;
	atomic_file__free(file);
	if (fd != STDOUT_FILENO)
		close(fd);
	ppbpf_result_free(result);
	return status;
}

int cmd_monitor(int argc, char **argv)
{
	struct arguments arguments = { .options = PPBPF_MONITOR_DEFAULTS };

	/* argp leaves by itself on wrong usage; with a command that is 125 */
	argp_err_exit_status = PPBPF_USAGE;
	for (int i = 1; i + 1 < argc; i++)
		if (!strcmp(argv[i], "--"))
			argp_err_exit_status = OWN_FAILURE;
	arguments.target = TARGET_OPTIONS_OUT(&arguments.options);
	argv[0] = "ppbpf monitor";
	parse_options(&argp, argc, argv, ARGP_IN_ORDER, &arguments);
	if (arguments.quiet)
		log_set_level(LOG_LEVEL_ERROR);
	return run(&arguments);
}
