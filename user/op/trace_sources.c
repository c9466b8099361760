// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "op/trace_sources.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "model/report.h"
#include "model/trace_run.h"
#include "op/endpoint.h"
#include "op/trace_kernel.h"
#include "op/trace_query.h"
#include "receive/server.h"

#define JAEGER_ENDPOINT "http://localhost:14268/api/traces"

struct trace_sources {
	struct trace_sources_config config;
	struct endpoint jaeger;
	bool jaeger_listens;
	struct server *server;
	struct trace_kernel *kernel;
	struct trace_query *query;
	struct trace_source *received, *seen, *asked;	/* of the run's */
};

static bool is_asked(const struct trace_sources *sources, enum ppbpf_trace_source source)
{
	return sources->config.options->sources & source;
}

/* Without --source every source is tried, and what cannot be had is told. */
static bool is_tried(const struct trace_sources *sources, enum ppbpf_trace_source source)
{
	return !sources->config.options->sources || is_asked(sources, source);
}

static const char *jaeger_url(const struct trace_sources *sources)
{
	const char *url = sources->config.options->jaeger_endpoint;

	return url ? url : JAEGER_ENDPOINT;
}

/* --- what is sent to us ------------------------------------------------------------ */

static int on_received(const struct span *from, void *context)
{
	struct trace_sources *sources = context;
	struct span *span = span__new(from);

	return span ? sources->config.on_span(span, sources->config.context) : -ENOMEM;
}

static const char *describe_address(const struct trace_sources *sources)
{
	const char *address = sources->config.options->listen_address;

	return address ? address : "127.0.0.1 and ::1";
}

static int describe_server(struct trace_sources *sources, const struct server_config *config)
{
	struct trace_run *run = sources->config.run;
	const char *where = describe_address(sources);

	if (config->otlp_port && config->jaeger_port)
		sources->received = trace_run__source(
			run, "receive", "listens on %s for OTLP over HTTP (port %u) and for "
			"Jaeger's Thrift over HTTP (port %u)", where, config->otlp_port,
			config->jaeger_port);
	else if (config->otlp_port)
		sources->received = trace_run__source(
			run, "receive", "listens on %s for OTLP over HTTP (port %u)", where,
			config->otlp_port);
	else
		sources->received = trace_run__source(
			run, "receive", "listens on %s for Jaeger's Thrift over HTTP (port %u)",
			where, config->jaeger_port);
	return sources->received ? 0 : -ENOMEM;
}

/* One port may be taken by somebody else: without --source the other one is listened on. */
static int open_server(struct trace_sources *sources, struct server_config *config, struct err *e)
{
	struct server_config alone[] = { *config, *config };
	int err = server__new(&sources->server, config, e);
	struct err own;

	if (!err || is_asked(sources, PPBPF_TRACE_RECEIVE) || !config->otlp_port ||
	    !config->jaeger_port)
		return err;
	alone[0].jaeger_port = alone[1].otlp_port = 0;
	for (size_t i = 0; i < 2; i++) {
		own = (struct err){ 0 };
		if (server__new(&sources->server, &alone[i], &own))
			continue;
		*config = alone[i];
		report__missing(sources->config.report, i ? "sources.receive.otlp" :
				"sources.receive.jaeger", "%s", e->message);
		log_warn("receive: %s", e->message);
		*e = (struct err){ 0 };
		return 0;
	}
	return err;
}

static int listen_for_spans(struct trace_sources *sources, struct err *e)
{
	const struct ppbpf_trace_options *o = sources->config.options;
	struct server_config config = {
		.address = o->listen_address,
		.otlp_port = o->otlp_port,
		.jaeger_port = sources->jaeger.local && !sources->jaeger_listens ?
			       sources->jaeger.port : 0,
		.on_span = on_received,
		.context = sources,
	};
	int err;

	if (!config.otlp_port && !config.jaeger_port)
		return err__set(e, ERR_USAGE, -EINVAL, "there is no port to receive spans on");
	err = open_server(sources, &config, e);
	if (!err && describe_server(sources, &config))
		err = err__set(e, ERR_INTERNAL, -ENOMEM, "out of memory");
	if (!err)
		log_info("receive: %s", sources->received->text);
	return err;
}

/* --- all of them --------------------------------------------------------------------- */

static const char *reason_of(const struct err *e, char *out, size_t size)
{
	snprintf(out, size, "%s%s%s", e->message, *e->hint ? "; " : "", e->hint);
	return out;
}

/*
 * Starts one. One that was named has to come up; without --source the reason stands among
 * what is unavailable.
 */
static int try_source(struct trace_sources *sources, enum ppbpf_trace_source source,
		      const char *name, int (*start)(struct trace_sources *, struct err *),
		      struct err *e)
{
	char field[64], why[sizeof(e->message) + sizeof(e->hint) + 2];
	struct err own = { 0 };

	if (!is_tried(sources, source))
		return 0;
	if (!start(sources, &own))
		return 0;
	if (is_asked(sources, source) || own.cause == ERR_USAGE || own.cause == ERR_INTERNAL) {
		*e = own;
		return e->code;
	}
	snprintf(field, sizeof(field), "sources.%s", name);
	reason_of(&own, why, sizeof(why));
	report__missing(sources->config.report, field, "%s", why);
	log_warn("%s: %s", name, why);
	return 0;
}

static bool has_target(const struct ppbpf_trace_options *o)
{
	return o->pid_count || o->comm || o->port_count || o->unit || o->container;
}

/*
 * A service that is named alone is not looked for unless that is asked for: one that sends
 * its spans would be seen twice.
 */
static int see_requests(struct trace_sources *sources, struct err *e)
{
	const struct ppbpf_trace_options *o = sources->config.options;
	const uint16_t own_ports[] = {
		o->otlp_port, sources->jaeger_listens ? 0 : sources->jaeger.port,
	};
	int err;

	if (!has_target(o) && !(is_asked(sources, PPBPF_TRACE_EBPF) && o->service)) {
		if (!is_asked(sources, PPBPF_TRACE_EBPF))
			return report__missing(sources->config.report, "sources.ebpf", "no process "
					       "was named: --pid, --comm or --port do");
		err__set(e, ERR_USAGE, -EINVAL, "no process was named");
		err__hint(e, "--pid, --comm, --port or --service say whose requests");
		return e->code;
	}
	err = trace_kernel__new(&sources->kernel, o, own_ports, sources->config.on_span,
				sources->config.context, e);
	if (err)
		return err;
	sources->seen = trace_run__source(sources->config.run, "ebpf", "requests of the service's "
					  "processes as the kernel sees them");
	return sources->seen ? 0 : err__set(e, ERR_INTERNAL, -ENOMEM, "out of memory");
}

static int ask_jaeger(struct trace_sources *sources, struct err *e)
{
	const struct ppbpf_trace_options *o = sources->config.options;
	int err;

	if (!sources->jaeger_listens && !is_asked(sources, PPBPF_TRACE_QUERY) && !o->query_url)
		return 0;
	err = trace_query__new(&sources->query, o, sources->config.on_span,
			       sources->config.context, e);
	if (err)
		return err;
	sources->asked = trace_run__source(sources->config.run, "query",
					   "asks %s, where Jaeger is, at the end",
					   trace_query__url(sources->query));
	return sources->asked ? 0 : err__set(e, ERR_INTERNAL, -ENOMEM, "out of memory");
}

static int find_jaeger(struct trace_sources *sources, struct err *e)
{
	int err = endpoint__parse(&sources->jaeger, jaeger_url(sources), "--jaeger-endpoint", e);

	if (err)
		return err;
	sources->jaeger_listens = endpoint__listens(&sources->jaeger);
	if (!sources->jaeger_listens && !sources->jaeger.local)
		report__warn(sources->config.report, "nobody listens at %s, and it is not on this "
			     "host: nothing is sent there", jaeger_url(sources));
	else if (sources->jaeger_listens)
		log_info("somebody listens at %s: spans are sent there, and Jaeger is asked for "
			 "what it has", jaeger_url(sources));
	return 0;
}

int trace_sources__new(struct trace_sources **out, const struct trace_sources_config *config,
		       struct err *e)
{
	struct trace_sources *sources = calloc(1, sizeof(*sources));
	int err;

	if (!sources)
		return err__set(e, ERR_INTERNAL, -ENOMEM, "out of memory");
	*out = sources;
	sources->config = *config;
	err = find_jaeger(sources, e);
	if (!err)
		err = try_source(sources, PPBPF_TRACE_EBPF, "ebpf", see_requests, e);
	if (!err)
		err = try_source(sources, PPBPF_TRACE_RECEIVE, "receive", listen_for_spans, e);
	if (!err)
		err = try_source(sources, PPBPF_TRACE_QUERY, "query", ask_jaeger, e);
	if (!err && !config->run->source_count) {
		err = err__set(e, ERR_NOT_FOUND, -ENOENT, "there is no source of spans");
		err__hint(e, "the warnings above say why");
	}
	return err;
}

void trace_sources__free(struct trace_sources *sources)
{
	if (!sources)
		return;
	server__free(sources->server);
	trace_kernel__free(sources->kernel);
	trace_query__free(sources->query);
	free(sources);
}

const char *trace_sources__other_jaeger(const struct trace_sources *sources)
{
	return sources->jaeger_listens ? jaeger_url(sources) : NULL;
}

int trace_sources__run(struct trace_sources *sources, int timeout_ms, int stop_fd, struct err *e)
{
	struct pollfd fds[] = {
		{ .fd = stop_fd, .events = POLLIN },
		{ .fd = sources->server ? server__fd(sources->server) : -1, .events = POLLIN },
		{ .fd = sources->kernel ? trace_kernel__fd(sources->kernel) : -1,
		  .events = POLLIN },
	};

	if (sources->server && server__has_more(sources->server))
		timeout_ms = 0;
	if (poll(fds, sizeof(fds) / sizeof(fds[0]), timeout_ms) < 0 && errno != EINTR)
		return err__set(e, ERR_INTERNAL, -errno, "poll: %s", strerror(errno));
	if (sources->server)
		server__run(sources->server);
	return sources->kernel ? trace_kernel__drain(sources->kernel, e) : 0;
}

int trace_sources__finish(struct trace_sources *sources, struct err *e)
{
	int err = sources->kernel ? trace_kernel__stop(sources->kernel, e) : 0;

	/* what has arrived already is taken */
	if (sources->server)
		server__run(sources->server);
	if (!err && sources->query)
		err = trace_query__run(sources->query, e);
	return err;
}

void trace_sources__report(const struct trace_sources *sources, struct trace_run *run,
			   struct report *report)
{
	const struct server *server = sources->server;

	for (int i = 0; server && i < SERVER_COUNTER_NR; i++)
		if (server_loss_name(i))
			trace_run__lost(run, server_loss_name(i), server__counter(server, i));
	if (server)
		sources->received->spans = server__counter(server, SERVER_OTLP_SPANS) +
					   server__counter(server, SERVER_JAEGER_SPANS);
	if (sources->kernel)
		trace_kernel__report(sources->kernel, sources->seen, run, report);
	if (sources->query)
		sources->asked->spans = trace_query__spans(sources->query);
}
