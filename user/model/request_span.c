// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "model/request_span.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/utsname.h>

#include "base/buf.h"
#include "base/hash.h"
#include "model/route.h"

#define SHOWN 4		/* processes, by name */
#define TRACEPARENT_LENGTH 55	/* 00-, 32 digits, -, 16 digits, -, 2 digits */

struct request_process {
	struct resource *resource;
	uint32_t pid;
};

/* What is the same in one request after the other, as attributes. */
struct request_same {
	struct request_address server;
	int family;
	uint8_t protocol, minor, tls;
	struct buf attributes;
};

#define SAME 8	/* a power of two */

struct request_spans {
	struct request_spans_config config;
	struct hash *processes;		/* by pid and start */
	struct request_name {	/* the latest address, as text */
		int family;
		uint8_t bytes[16];
		char text[INET6_ADDRSTRLEN];
	} client;
	struct request_same same[SAME];
	/* of the span that is made: kept, so that their memory is */
	struct buf name, route, attributes, state;
	char host[sizeof(((struct utsname *)0)->nodename)];
};

struct request_spans *request_spans__new(const struct request_spans_config *config)
{
	struct request_spans *spans = calloc(1, sizeof(*spans));
	struct utsname name;

	if (!spans)
		return NULL;
	spans->config = *config;
	spans->processes = hash__new();
	if (!spans->processes) {
		free(spans);
		return NULL;
	}
	if (!uname(&name))
		memcpy(spans->host, name.nodename, sizeof(spans->host));
	return spans;
}

void request_spans__free(struct request_spans *spans)
{
	struct hash_entry entry;
	size_t cursor = 0;

	if (!spans)
		return;
	while (hash__next(spans->processes, &cursor, &entry)) {
		struct request_process *process = entry.value;

		resource__put(process->resource);
		free(process);
	}
	hash__free(spans->processes);
	buf__free(&spans->name);
	buf__free(&spans->route);
	buf__free(&spans->attributes);
	buf__free(&spans->state);
	for (size_t i = 0; i < SAME; i++)
		buf__free(&spans->same[i].attributes);
	free(spans);
}

static struct resource *make_resource(const struct request_spans *spans,
				      const struct request *request)
{
	struct buf attributes = BUF_INIT;
	struct resource *resource = NULL;

	attribute_string(&attributes, "service.name",
			 spans->config.service ? spans->config.service : request->comm);
	attribute_int(&attributes, "process.pid", request->pid);
	attribute_string(&attributes, "process.executable.name", request->comm);
	attribute_string(&attributes, "host.name", spans->host);
	attribute_string(&attributes, "telemetry.sdk.name", "ppbpf");
	attribute_string(&attributes, "telemetry.sdk.version", PPBPF_VERSION);
	if (!attributes.error)
		resource = resource__new(&(struct bytes){ attributes.data, attributes.length });
	buf__free(&attributes);
	return resource;
}

/* A process's own, for as long as it is the same program. */
static struct resource *resource_of(struct request_spans *spans, const struct request *request)
{
	struct request_process *process =
		hash__get(spans->processes, request->pid, request->process_start_ns);

	if (process && !strcmp(process->resource->process, request->comm))
		return process->resource;
	if (process) {
		resource__put(process->resource);
		process->resource = make_resource(spans, request);
		if (process->resource)
			return process->resource;
		hash__remove(spans->processes, request->pid, request->process_start_ns);
		free(process);
		return NULL;
	}
	process = calloc(1, sizeof(*process));
	if (!process)
		return NULL;
	process->pid = request->pid;
	process->resource = make_resource(spans, request);
	if (process->resource &&
	    !hash__set(spans->processes, request->pid, request->process_start_ns, process))
		return process->resource;
	resource__put(process->resource);
	free(process);
	return NULL;
}

void request_spans__processes(const struct request_spans *spans, struct buf *out)
{
	size_t cursor = 0, shown = 0, count = hash__count(spans->processes);
	struct hash_entry entry;

	while (shown < SHOWN && hash__next(spans->processes, &cursor, &entry)) {
		const struct request_process *process = entry.value;

		buf__printf(out, "%s%s [%u]", shown++ ? ", " : "", process->resource->process,
			    process->pid);
	}
	if (count > shown)
		buf__printf(out, " and %zu more", count - shown);
}

/* --- what a request says of itself --------------------------------------------------- */

int traceparent_parse(const char *text, size_t length, struct trace_id *trace, uint64_t *parent,
		      uint8_t *flags)
{
	char flag_text[SPAN_ID_TEXT] = "00000000000000";
	uint64_t value;

	if (length < TRACEPARENT_LENGTH || text[2] != '-' || text[35] != '-' || text[52] != '-')
		return -EINVAL;
	/* what a later version adds begins with another dash; ff is none */
	if (!memcmp(text, "ff", 2) || (length > TRACEPARENT_LENGTH &&
				       (!memcmp(text, "00", 2) || text[55] != '-')))
		return -EINVAL;
	memcpy(flag_text + 14, text + 53, 2);
	if (trace_id_parse(text + 3, 32, trace) || span_id_parse(text + 36, 16, parent) ||
	    span_id_parse(flag_text, 16, &value) || !trace_id_known(trace) || !*parent)
		return -EINVAL;
	*flags = value;
	return 0;
}

static void put_text(struct buf *out, const char *key, const struct text *text)
{
	attribute_text(out, key, text->bytes, text->length);
}

static const char *client_text(struct request_name *name, const struct request *request)
{
	size_t size = request->family == AF_INET ? 4 : sizeof(name->bytes);

	if (name->family == request->family && !memcmp(name->bytes, request->peer.bytes, size))
		return name->text;
	name->family = request->family;
	memcpy(name->bytes, request->peer.bytes, sizeof(name->bytes));
	return inet_ntop(request->family, request->peer.bytes, name->text, sizeof(name->text));
}

static void fill_same(struct request_same *same)
{
	char address[INET6_ADDRSTRLEN];
	struct buf *out = &same->attributes;

	buf__truncate(out, 0);
	if (same->protocol == PPBPF_PROTOCOL_HTTP) {
		attribute_string(out, "url.scheme", same->tls ? "https" : "http");
		attribute_string(out, "network.protocol.name", "http");
		attribute_string(out, "network.protocol.version", same->minor ? "1.1" : "1.0");
	} else {
		attribute_string(out, "db.system.name",
				 same->protocol == PPBPF_PROTOCOL_REDIS ? "redis" : "postgresql");
	}
	attribute_string(out, "network.transport", same->family == AF_UNIX ? "unix" : "tcp");
	if (same->family != AF_INET && same->family != AF_INET6)
		return;
	attribute_string(out, "network.type", same->family == AF_INET ? "ipv4" : "ipv6");
	attribute_string(out, "server.address", inet_ntop(same->family, same->server.bytes, address,
							  sizeof(address)));
	attribute_int(out, "server.port", same->server.port);
}

static bool is_same(const struct request_same *same, const struct request_address *server,
		    const struct request *request)
{
	return same->attributes.length && same->server.port == server->port &&
	       same->family == request->family && same->protocol == request->protocol &&
	       same->minor == request->minor && same->tls == request->tls &&
	       !memcmp(same->server.bytes, server->bytes, sizeof(server->bytes));
}

static void put_same(struct request_spans *spans, const struct request *request)
{
	const struct request_address *server = request->role == PPBPF_ROLE_SERVER ?
					       &request->local : &request->peer;
	struct request_same *same =
		&spans->same[(server->port ^ server->port >> 3 ^ request->role) & (SAME - 1)];

	if (!is_same(same, server, request)) {
		same->server = *server;
		same->family = request->family;
		same->protocol = request->protocol;
		same->minor = request->minor;
		same->tls = request->tls;
		fill_same(same);
	}
	if (same->attributes.error) {
		spans->attributes.error = same->attributes.error;
		buf__free(&same->attributes);
		return;
	}
	buf__append(&spans->attributes, same->attributes.data, same->attributes.length);
}

static void put_client(struct request_spans *spans, const struct request *request)
{
	if (request->role != PPBPF_ROLE_SERVER ||
	    (request->family != AF_INET && request->family != AF_INET6))
		return;
	attribute_string(&spans->attributes, "client.address", client_text(&spans->client, request));
	attribute_int(&spans->attributes, "client.port", request->peer.port);
}

static void put_target(struct buf *out, const struct request *request, bool queries)
{
	const char *target = request->target.bytes, *query;
	size_t length = request->target.length, begin, end;

	if (!target)
		return;
	query = memchr(target, '?', length);
	end = query ? (size_t)(query - target) : length;
	begin = target_path(target, end);
	if (begin < end)
		attribute_text(out, "url.path", target + begin, end - begin);
	else
		attribute_string(out, "url.path", "/");
	if (query && queries)
		attribute_text(out, "url.query", query + 1, length - end - 1);
}

static void put_http(struct buf *out, const struct request *request, const struct buf *route,
		     bool queries)
{
	put_text(out, "http.request.method", &request->method);
	put_target(out, request, queries);
	if (route->length)
		attribute_text(out, "http.route", route->data, route->length);
	if (request->status)
		attribute_int(out, "http.response.status_code", request->status);
	put_text(out, "user_agent.original", &request->user_agent);
	attribute_int(out, "http.request.size", request->request_bytes);
	attribute_int(out, "http.response.size", request->reply_bytes);
}

static void put_database(struct buf *out, const struct request *request)
{
	put_text(out, "db.operation.name", &request->operation);
	put_text(out, "db.collection.name", &request->collection);
	put_text(out, "db.namespace", &request->database);
	put_text(out, "db.query.text", &request->statement);
	put_text(out, "db.response.status_code", &request->error);
}

/* Why a request has failed, in one word; NULL: it has not. */
static const char *error_type(const struct request *request, char *out, size_t size)
{
	if (request->end == REQUEST_CLOSED)
		return "connection_closed";
	if (request->error.length) {
		snprintf(out, size, "%.*s", (int)request->error.length, request->error.bytes);
		return out;
	}
	if (request->protocol != PPBPF_PROTOCOL_HTTP || request->status < 400 ||
	    (request->role == PPBPF_ROLE_SERVER && request->status < 500))
		return NULL;
	snprintf(out, size, "%u", request->status);
	return out;
}

static void set_name(struct buf *name, const struct request *request, const struct buf *route)
{
	const struct text *first = request->protocol == PPBPF_PROTOCOL_HTTP ? &request->method :
									      &request->operation;

	if (first->length)
		buf__append(name, first->bytes, first->length);
	else
		buf__puts(name, request->protocol == PPBPF_PROTOCOL_HTTP ? "HTTP" :
				request->protocol == PPBPF_PROTOCOL_REDIS ? "redis" :
				"postgresql");
	if (route->length)
		buf__printf(name, " %s", route->data);
	else if (request->collection.length)
		buf__printf(name, " %.*s", (int)request->collection.length,
			    request->collection.bytes);
}

/* --- and how it was seen --------------------------------------------------------------- */

static struct span_endpoint endpoint_of(const struct request *request,
					const struct request_address *address)
{
	struct span_endpoint end = { .port = address->port };

	if (request->family == AF_INET) {
		end.address[10] = end.address[11] = 0xff;
		memcpy(end.address + 12, address->bytes, 4);
	} else {
		memcpy(end.address, address->bytes, sizeof(end.address));
	}
	return end;
}

static void set_connection(struct span_seen *seen, const struct request *request)
{
	seen->network = request->netns;
	if (request->family == AF_INET || request->family == AF_INET6) {
		seen->connection_known = true;
		seen->sequenced = request->sequenced;
		seen->sequence = request->sequence;
		seen->local = endpoint_of(request, &request->local);
		seen->peer = endpoint_of(request, &request->peer);
	} else if (request->family == AF_UNIX && request->peer_connection) {
		/* one number for both ends */
		seen->connection_known = true;
		seen->socket_id = request->connection < request->peer_connection ?
				  request->connection * 0x9e3779b97f4a7c15 +
				  request->peer_connection :
				  request->peer_connection * 0x9e3779b97f4a7c15 +
				  request->connection;
	}
}

static void set_seen(struct span_seen *seen, const struct request *request)
{
	set_connection(seen, request);
	seen->pid = request->pid;
	seen->tid = request->thread;
	if (request->role == PPBPF_ROLE_SERVER)
		seen->request = request->id;
	else
		seen->within = request->within;
	if (request->traceparent.bytes &&
	    traceparent_parse(request->traceparent.bytes, request->traceparent.length,
			      &seen->carried_trace, &seen->carried_parent, &seen->carried_flags))
		seen->carried_trace = (struct trace_id){ 0 };
}

static void set_times(struct span *span, const struct request_spans *spans,
		      const struct request *request)
{
	int64_t offset = spans->config.unix_offset_ns;

	span->start_ns = request->start_ns + offset;
	span->end_ns = request->end_ns + offset;
	if (request->first_byte_ns)
		span->first_byte_ns = request->first_byte_ns + offset;
}

static void clear(struct request_spans *spans)
{
	buf__truncate(&spans->name, 0);
	buf__truncate(&spans->route, 0);
	buf__truncate(&spans->attributes, 0);
	buf__truncate(&spans->state, 0);
}

struct span *request_spans__make(struct request_spans *spans, const struct request *request)
{
	struct buf *attributes = &spans->attributes, *state = &spans->state;
	struct span from = { .source = SPAN_FROM_EBPF };
	char type[64];
	const char *error = error_type(request, type, sizeof(type));

	clear(spans);
	from.resource = resource_of(spans, request);
	from.kind = request->role == PPBPF_ROLE_SERVER ? SPAN_KIND_SERVER : SPAN_KIND_CLIENT;
	if (request->protocol == PPBPF_PROTOCOL_HTTP && request->target.length)
		route_of(&spans->route, request->target.bytes, request->target.length);
	set_name(&spans->name, request, &spans->route);
	if (request->protocol == PPBPF_PROTOCOL_HTTP)
		put_http(attributes, request, &spans->route, spans->config.queries);
	else
		put_database(attributes, request);
	put_same(spans, request);
	put_client(spans, request);
	attribute_string(attributes, "error.type", error);
	buf__append(state, request->tracestate.bytes, request->tracestate.length);
	set_times(&from, spans, request);
	set_seen(&from.seen, request);
	from.split_known = request->split_known;
	from.split = request->split;
	from.unfinished = request->end == REQUEST_UNFINISHED;
	from.status = error ? SPAN_STATUS_ERROR : SPAN_STATUS_UNSET;
	from.name = buf__str(&spans->name);
	from.trace_state = state->length ? state->data : NULL;
	from.attributes = (struct bytes){ attributes->data, attributes->length };
	if (!from.resource || spans->name.error || spans->route.error || attributes->error ||
	    state->error)
		return NULL;
	return span__new(&from);
}
