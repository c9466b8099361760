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
#include "ppbpf.h"

#define PATTERNS_MAX 64
#define PORTS_MAX 8

struct arguments {
	struct ppbpf_trace_options options;
	const char *operations[PATTERNS_MAX];
	const char *headers[PATTERNS_MAX];
	pid_t pids[PIDS_MAX];
	uint16_t ports[PORTS_MAX];
	const char *html;
	bool json, quiet;
};

enum {
	OPT_SERVICE = 256, OPT_SOURCE, OPT_JAEGER, OPT_RATE, OPT_KEEP_ERRORS, OPT_OPERATION,
	OPT_LISTEN, OPT_OTLP_PORT, OPT_JSON, OPT_TOP, OPT_SLOWEST,
	OPT_QUERY, OPT_OTLP, OPT_HEADER, OPT_NO_COMPRESSION, OPT_HTML,
	OPT_COMM, OPT_PORT, OPT_UNIT, OPT_CONTAINER, OPT_NO_CHILDREN, OPT_QUERIES, OPT_TLS,
	OPT_TLS_BUDGET,
};

static const struct argp_option options[] = {
	{ "service", OPT_SERVICE, "NAME", 0, "traces that this service has a part in (all)", 1 },
	{ "source", OPT_SOURCE, "LIST", 0, "where spans come from: auto, ebpf, receive, query", 1 },
	{ NULL, 0, NULL, 0, "Seeing requests in the kernel, with nothing to change in the service:", 1 },
	{ "pid", 'p', "N[,N...]", 0, "of these processes and what they start", 1 },
	{ "comm", OPT_COMM, "GLOB", 0, "of processes of this name, with * and ?", 1 },
	{ "port", OPT_PORT, "N[,N...]", 0, "of whoever listens on this port", 1 },
	{ "unit", OPT_UNIT, "NAME", 0, "of this unit of systemd", 1 },
	{ "container", OPT_CONTAINER, "ID", 0, "of this container, by the beginning of its id", 1 },
	{ "no-children", OPT_NO_CHILDREN, NULL, 0, "but not of what those processes start", 1 },
	{ "query-strings", OPT_QUERIES, NULL, 0, "keep what follows ? in requests", 1 },
	{ "tls", OPT_TLS, NULL, 0, "look into what goes through OpenSSL, by probes in the service", 1 },
	{ "tls-budget", OPT_TLS_BUDGET, "SHARE", 0, "take the probes down when they cost the service "
	  "more than this share of a CPU (0.05); 0: never", 1 },
	{ NULL, 0, NULL, 0, "How long, and which:", 2 },
	{ "duration", 'd', "TIME", 0, "stop after this long (60s); 0: until Ctrl-C", 2 },
	{ "operation", OPT_OPERATION, "PATTERN", 0, "traces with such a span: its name, its route, "
	  "or those with dots, as api.*, db.* or \"GET /users/*\"; repeatable", 2 },
	{ "sampling-rate", OPT_RATE, "SHARE", 0, "keep this share of the traces, by their ids, "
	  "0.0 to 1.0 (1.0)", 2 },
	{ "keep-errors", OPT_KEEP_ERRORS, NULL, 0, "keep every trace with an error, whatever the "
	  "rate", 2 },
	{ NULL, 0, NULL, 0, "Receiving:", 3 },
	{ "jaeger-endpoint", OPT_JAEGER, "URL", 0, "where services send Jaeger's Thrift to: when "
	  "nobody listens there, ppbpf does; else spans are sent there, and Jaeger is asked "
	  "(http://localhost:14268/api/traces)", 3 },
	{ "query-url", OPT_QUERY, "URL", 0, "where Jaeger is asked (http://localhost:16686)", 3 },
	{ "otlp-port", OPT_OTLP_PORT, "PORT", 0, "where services send OTLP over HTTP to (4318); "
	  "0: not", 3 },
	{ "listen", OPT_LISTEN, "ADDRESS", 0, "listen on this address (127.0.0.1 and ::1)", 3 },
	{ NULL, 0, NULL, 0, "Sending what was collected:", 4 },
	{ "otlp-endpoint", OPT_OTLP, "URL", 0, "to a collector, Tempo, Jaeger: OTLP over HTTP", 4 },
	{ "otlp-header", OPT_HEADER, "NAME: VALUE", 0, "with this header; repeatable", 4 },
	{ "no-compression", OPT_NO_COMPRESSION, NULL, 0, "not compressed", 4 },
	{ NULL, 0, NULL, 0, "The output:", 5 },
	{ "json", OPT_JSON, NULL, 0, "one JSON object at the end", 5 },
	{ "output", 'o', "FILE", 0, "the collected spans, as lines of OTLP's JSON, into FILE", 5 },
	{ "html", OPT_HTML, "FILE", 0, "operations and the slowest traces as a page, into FILE", 5 },
	{ "top", OPT_TOP, "N", 0, "operations to show (10)", 5 },
	{ "slowest", OPT_SLOWEST, "N", 0, "traces to show as waterfalls (1)", 5 },
	{ "quiet", 'q', NULL, 0, "nothing but the result and errors", 5 },
	{ 0 },
};

static void parse_sources(struct arguments *a, const char *text, struct argp_state *state)
{
	static const struct {
		const char *name;
		unsigned int sources;
	} known[] = {
		{ "auto", 0 }, { "ebpf", PPBPF_TRACE_EBPF }, { "receive", PPBPF_TRACE_RECEIVE },
		{ "query", PPBPF_TRACE_QUERY },
	};
	char *copy = strdup(text), *part, *save = NULL;

	for (part = copy ? strtok_r(copy, ",", &save) : NULL; part;
	     part = strtok_r(NULL, ",", &save)) {
		size_t i, count = sizeof(known) / sizeof(known[0]);

		for (i = 0; i < count && strcmp(part, known[i].name); i++)
			;
		if (i == count)
			usage_error(state, "--source takes auto, ebpf, receive and query: not \"%s\"", part);
		a->options.sources |= known[i].sources;
	}
	free(copy);
}

static uint64_t parse_number(const char *text, const char *option, uint64_t min, uint64_t max,
			     struct argp_state *state)
{
	uint64_t n = 0;

	if (parse_u64(text, min, max, &n))
		usage_error(state, "--%s takes a number from %llu to %llu: not \"%s\"", option,
			    (unsigned long long)min, (unsigned long long)max, text);
	return n;
}

static void parse_ports(struct arguments *a, const char *text, struct argp_state *state)
{
	struct ppbpf_trace_options *o = &a->options;
	char *copy = strdup(text), *part, *save = NULL;

	for (part = copy ? strtok_r(copy, ",", &save) : NULL; part;
	     part = strtok_r(NULL, ",", &save)) {
		if (o->port_count == PORTS_MAX)
			usage_error(state, "--port takes at most %d ports", PORTS_MAX);
		a->ports[o->port_count++] = parse_number(part, "port", 1, UINT16_MAX, state);
	}
	free(copy);
}

/* Which processes are the service. */
static error_t parse_target(int key, char *text, struct arguments *a, struct argp_state *state)
{
	struct ppbpf_trace_options *o = &a->options;

	switch (key) {
	case 'p':
		o->pid_count = parse_pids(state, text, a->pids, o->pid_count, PIDS_MAX);
		return 0;
	case OPT_COMM:
		o->comm = text;
		return 0;
	case OPT_PORT:
		parse_ports(a, text, state);
		return 0;
	case OPT_UNIT:
		o->unit = text;
		return 0;
	case OPT_CONTAINER:
		o->container = text;
		return 0;
	case OPT_NO_CHILDREN:
		o->no_children = true;
		return 0;
	case OPT_QUERIES:
		o->queries = true;
		return 0;
	case OPT_TLS:
		o->tls = true;
		return 0;
	case OPT_TLS_BUDGET:
		if (parse_share(text, &o->tls_budget))
			usage_error(state, "--tls-budget takes a share of a CPU such as 0.05 or "
				    "5%%: not \"%s\"", text);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse_which(int key, char *text, struct arguments *a, struct argp_state *state)
{
	struct ppbpf_trace_options *o = &a->options;

	switch (key) {
	case 'd':
		if (parse_duration(text, NSEC_PER_SEC, &o->duration_ns))
			usage_error(state, "--duration takes a time such as 500ms, 10s or 2m: not "
				    "\"%s\"", text);
		return 0;
	case OPT_RATE:
		if (parse_share(text, &o->sampling_rate) || o->sampling_rate > 1)
			usage_error(state, "--sampling-rate takes a share from 0.0 to 1.0: not "
				    "\"%s\"", text);
		return 0;
	case OPT_OPERATION:
		if (o->operation_count == PATTERNS_MAX)
			usage_error(state, "--operation may be given %d times", PATTERNS_MAX);
		a->operations[o->operation_count++] = text;
		return 0;
	case OPT_KEEP_ERRORS:
		o->keep_errors = true;
		return 0;
	default:
		return parse_target(key, text, a, state);
	}
}

static error_t parse_output(int key, char *text, struct arguments *a, struct argp_state *state)
{
	switch (key) {
	case OPT_JSON:
		a->json = true;
		return 0;
	case 'o':
		a->options.spans_file = text;
		return 0;
	case OPT_HTML:
		a->html = text;
		return 0;
	case OPT_TOP:
		a->options.top = parse_number(text, "top", 1, 1000, state);
		return 0;
	case OPT_SLOWEST:
		a->options.slowest = parse_number(text, "slowest", 0, 50, state);
		return 0;
	case 'q':
		a->quiet = true;
		return 0;
	default:
		return parse_which(key, text, a, state);
	}
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct arguments *a = state->input;

	switch (key) {
	case OPT_SERVICE:
		a->options.service = text;
		return 0;
	case OPT_SOURCE:
		parse_sources(a, text, state);
		return 0;
	case OPT_JAEGER:
		a->options.jaeger_endpoint = text;
		return 0;
	case OPT_OTLP_PORT:
		a->options.otlp_port = parse_number(text, "otlp-port", 0, UINT16_MAX, state);
		return 0;
	case OPT_LISTEN:
		a->options.listen_address = text;
		return 0;
	case OPT_QUERY:
		a->options.query_url = text;
		return 0;
	case OPT_OTLP:
		a->options.otlp_endpoint = text;
		return 0;
	case OPT_HEADER:
		if (a->options.header_count == PATTERNS_MAX || !strchr(text, ':'))
			usage_error(state, "--otlp-header takes \"Name: value\", %d times at most",
				    PATTERNS_MAX);
		a->headers[a->options.header_count++] = text;
		return 0;
	case OPT_NO_COMPRESSION:
		a->options.no_compression = true;
		return 0;
	case ARGP_KEY_ARG:
		usage_error(state, "what is \"%s\"? Name a service by --service", text);
	default:
		return parse_output(key, text, a, state);
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.doc = "Traces of a service's requests: how many, how slow, how often wrong, by operation, "
	       "and the slowest as a waterfall.\v"
	       "Requests in HTTP/1, PostgreSQL's and Redis' protocols are seen from the kernel, "
	       "of processes that --pid, --comm or --port name; services that are instrumented "
	       "send their spans to ppbpf as they would to a collector or to Jaeger. Not seen: "
	       "HTTP/2 and gRPC, MySQL's protocol, FastCGI, io_uring, TLS of Go and of "
	       "the JVM.\n\n"
	       "Exit status: 0 success, 2 usage, 3 this machine or privilege cannot do it, 4 an "
	       "error.\n\n"
	       "  sudo ppbpf trace --service shop --port 8080 --duration 10\n"
	       "  ppbpf trace --service shop --duration 10\n"
	       "  ppbpf trace --service shop --operation 'api.*' --json",
};

static int write_result(const struct ppbpf_result *result)
{
	struct err e = { 0 };
	int err = ppbpf_result_write_json(result, stdout);

	if (!err && fflush(stdout))
		err = -errno;
	if (!err)
		return PPBPF_OK;
	err__set(&e, ERR_IO, err, "standard output cannot be written: %s", strerror(-err));
	return tell_error(&e);
}

static int write_page(const char *path, const struct ppbpf_result *result)
{
	struct err e = { 0 };
	struct atomic_file *file = atomic_file__open(path, &e);
	int err = file ? ppbpf_trace_write_html(result, atomic_file__stream(file)) : 0;

	if (file && err)
		err__set(&e, ERR_IO, err, "%s cannot be written: %s", path, strerror(-err));
	else if (file)
		atomic_file__commit(file, &e);
	atomic_file__free(file);
	return e.cause == ERR_NONE ? PPBPF_OK : tell_error(&e);
}

static int run(struct arguments *a)
{
	struct ppbpf_result *result = NULL;
	struct ppbpf_trace_options *o = &a->options;
	int status;

	o->operations = a->operations;
	o->headers = a->headers;
	o->pids = a->pids;
	o->ports = a->ports;
	o->table = !a->json;
	o->table_fd = a->json ? STDERR_FILENO : STDOUT_FILENO;
	o->live = !a->quiet && (!a->json || isatty(STDERR_FILENO));
	if (!a->quiet)
		log_set_level(LOG_LEVEL_INFO);
	catch_signals(ppbpf_trace_stop);
	status = ppbpf_trace(o, &result);
	if (tell_result(result))
		status = PPBPF_FAILED;
	if (result && a->json && write_result(result))
		status = PPBPF_FAILED;
	if (status == PPBPF_OK && a->html)
		status = write_page(a->html, result);
	ppbpf_result_free(result);
	return status;
}

int cmd_trace(int argc, char **argv)
{
	struct arguments arguments = { .options = PPBPF_TRACE_DEFAULTS };

	argp_err_exit_status = PPBPF_USAGE;
	parse_options(&argp, argc, argv, 0, &arguments);
	return run(&arguments);
}
