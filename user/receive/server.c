// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "receive/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/late_microhttpd.h"
#include "base/log.h"
#include "model/otlp.h"
#include "receive/gunzip.h"
#include "receive/request_body.h"
#include "receive/spans_in.h"

#define ROUNDS_MAX 64		/* before others get their turn */
#define LISTENERS_MAX 4		/* two protocols on two addresses */
#define CONNECTIONS_MAX 128	/* of a listener */
#define CONNECTION_MEMORY (16 * 1024)	/* for a request's header */
#define IDLE_SECONDS 120
#define REQUEST_SECONDS 30	/* from its header to its last byte */
#define CROWDED (CONNECTIONS_MAX * 3 / 4)
#define CROWDED_SECONDS 5	/* between requests, when connections get scarce */
/* A body that is too large, but no larger than this, is read to its end, so that its sender,
 * who is still writing, gets to see the answer. */
#define BODY_ENDURED (64 << 20)
/* Of all bodies that are on their way at one time. */
#define BODIES_MAX (8 << 20)

enum protocol { OTLP, JAEGER };

struct connection;

struct listener {
	struct server *server;
	enum protocol protocol;
	struct MHD_Daemon *daemon;
	struct connection *connections;
	unsigned int count;
};

struct connection {
	struct connection *next, **link;
	struct MHD_Connection *handle;
	uint64_t since_ns;	/* it came, or its request began or ended */
	bool in_request;
	bool ended;		/* by us, for being slow */
};

struct server {
	struct server_config config;
	struct listener listeners[LISTENERS_MAX];
	size_t listener_count;
	int epoll_fd;
	size_t body_bytes;	/* of the bodies that are on their way */
	uint64_t counters[SERVER_COUNTER_NR];
};

/* A request while its body comes. */
struct request {
	enum body_format format;
	bool compressed;
	unsigned int refused;	/* a status that its header or its size deserves; 0: none */
	const char *why;
	struct buf body;
};

const char *server_loss_name(enum server_counter counter)
{
	static const char *const names[SERVER_COUNTER_NR] = {
		[SERVER_REJECTED_SPANS] = "spans_rejected",
		[SERVER_BAD_REQUESTS] = "requests_malformed",
		[SERVER_TOO_LARGE] = "requests_too_large",
		[SERVER_BUSY] = "requests_refused_busy",
		[SERVER_TIMED_OUT] = "requests_unfinished",
	};

	return names[counter];
}

uint64_t server__counter(const struct server *server, enum server_counter counter)
{
	return server->counters[counter];
}

int server__fd(const struct server *server)
{
	return server->epoll_fd;
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static struct connection *connection_of(struct MHD_Connection *handle)
{
	return MHD_get_connection_info(handle, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

/* --- answers ------------------------------------------------------------------- */

static enum MHD_Result answer(struct MHD_Connection *handle, unsigned int status,
			      const struct buf *body, const char *type)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(
		body->length, body->data, MHD_RESPMEM_MUST_COPY);
	enum MHD_Result queued;

	if (!response)
		return MHD_NO;
	if (body->length || type)
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
					type ? type : "text/plain; charset=utf-8");
	if (status == MHD_HTTP_TOO_MANY_REQUESTS)
		MHD_add_response_header(response, MHD_HTTP_HEADER_RETRY_AFTER, "1");
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, MHD_HTTP_METHOD_POST);
	/* what is left of a body that is not wanted is not read either */
	if (status == MHD_HTTP_CONTENT_TOO_LARGE)
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
	queued = MHD_queue_response(handle, status, response);
	MHD_destroy_response(response);
	return queued;
}

static const char *media_type(enum body_format format)
{
	return format == BODY_OTLP_JSON ? "application/json" :
	       format == BODY_OTLP_PROTO ? "application/x-protobuf" : NULL;
}

static enum MHD_Result refuse(struct server *server, struct MHD_Connection *handle,
			      const struct request *request, unsigned int status, const char *why)
{
	struct buf body = BUF_INIT;
	enum MHD_Result queued;

	if (status == MHD_HTTP_CONTENT_TOO_LARGE)
		server->counters[SERVER_TOO_LARGE]++;
	else if (status == MHD_HTTP_TOO_MANY_REQUESTS)
		server->counters[SERVER_BUSY]++;
	else
		server->counters[SERVER_BAD_REQUESTS]++;
	log_debug("a request was answered %u: %s", status, why);
	body_error(&body, request->format, status, why);
	queued = answer(handle, status, &body, media_type(request->format));
	buf__free(&body);
	return queued;
}

static enum MHD_Result accept_body(struct server *server, struct listener *listener,
				   struct MHD_Connection *handle, const struct request *request,
				   const struct spans_in *in)
{
	struct buf body = BUF_INIT;
	enum MHD_Result queued;

	server->counters[listener->protocol == OTLP ? SERVER_OTLP_SPANS : SERVER_JAEGER_SPANS] +=
		in->taken;
	server->counters[SERVER_REJECTED_SPANS] += in->rejected;
	body_success(&body, request->format, in->rejected);
	queued = answer(handle, listener->protocol == OTLP ? MHD_HTTP_OK : MHD_HTTP_ACCEPTED,
			&body, media_type(request->format));
	buf__free(&body);
	return queued;
}

/* --- requests ------------------------------------------------------------------ */

/* What the header alone can tell. */
static void judge_header(struct request *request, const struct listener *listener,
			 struct MHD_Connection *handle, const char *url, const char *method)
{
	const char *type = MHD_lookup_connection_value(handle, MHD_HEADER_KIND, "Content-Type");
	const char *coding = MHD_lookup_connection_value(handle, MHD_HEADER_KIND,
							 "Content-Encoding");
	const char *length = MHD_lookup_connection_value(handle, MHD_HEADER_KIND,
							 "Content-Length");
	const char *path = listener->protocol == OTLP ? "/v1/traces" : "/api/traces";

	request->compressed = coding && (!strcasecmp(coding, "gzip") ||
					 !strcasecmp(coding, "x-gzip") ||
					 !strcasecmp(coding, "deflate"));
	request->format = body_format_of(listener->protocol == OTLP, type);
	if (strcmp(url, path)) {
		request->refused = MHD_HTTP_NOT_FOUND;
		request->why = listener->protocol == OTLP ?
			       "spans are taken at /v1/traces, and nothing else here" :
			       "spans are taken at /api/traces, and nothing else here";
	} else if (strcmp(method, MHD_HTTP_METHOD_POST)) {
		request->refused = MHD_HTTP_METHOD_NOT_ALLOWED;
		request->why = "spans are sent by POST";
	} else if (coding && *coding && strcasecmp(coding, "identity") && !request->compressed) {
		request->refused = MHD_HTTP_UNSUPPORTED_MEDIA_TYPE;
		request->why = "of Content-Encodings gzip and deflate are known";
	} else if (request->format == BODY_UNKNOWN) {
		request->refused = MHD_HTTP_UNSUPPORTED_MEDIA_TYPE;
		request->why = listener->protocol == OTLP ?
			       "application/x-protobuf and application/json are taken here" :
			       "application/x-thrift is taken here";
	} else if (length && (strlen(length) > 9 || atoi(length) > BODY_ENDURED)) {
		request->refused = MHD_HTTP_CONTENT_TOO_LARGE;
		request->why = "the body is too large";
	}
}

static void drop_body(struct server *server, struct request *request)
{
	server->body_bytes -= request->body.length;
	buf__free(&request->body);
}

static void take_part(struct server *server, struct request *request, const char *data,
		      size_t length)
{
	if (request->refused)
		return;
	if (request->body.length + length > BODY_MAX) {
		request->refused = MHD_HTTP_CONTENT_TOO_LARGE;
		request->why = "the body is too large";
	} else if (server->body_bytes + length > BODIES_MAX ||
		   buf__append(&request->body, data, length)) {
		request->refused = MHD_HTTP_TOO_MANY_REQUESTS;
		request->why = "too much is being sent at one time";
	} else {
		server->body_bytes += length;
		return;
	}
	drop_body(server, request);
}

static int read_body(struct server *server, struct request *request, struct spans_in *in)
{
	static int (*const readers[])(const void *, size_t, struct spans_in *) = {
		[BODY_OTLP_PROTO] = otlp_proto__read,
		[BODY_OTLP_JSON] = otlp_json__read,
		[BODY_JAEGER_THRIFT] = jaeger_thrift__read,
	};
	struct buf inflated = BUF_INIT;
	const struct buf *body = &request->body;
	int err = 0;

	if (request->compressed) {
		err = gunzip(request->body.data, request->body.length, BODY_INFLATED_MAX,
			     &inflated);
		drop_body(server, request);
		body = &inflated;
	}
	if (!err)
		err = spans_in__read(readers[request->format], body->data, body->length, in);
	buf__free(&inflated);
	return err;
}

static enum MHD_Result finish_request(struct listener *listener, struct MHD_Connection *handle,
				      struct request *request)
{
	struct server *server = listener->server;
	struct spans_in in = { .on_span = server->config.on_span,
			       .context = server->config.context };

	if (request->refused)
		return refuse(server, handle, request, request->refused, request->why);
	switch (read_body(server, request, &in)) {
	case 0:
		return accept_body(server, listener, handle, request, &in);
	case -EFBIG:
		return refuse(server, handle, request, MHD_HTTP_CONTENT_TOO_LARGE,
			      "the body is too large when it is decompressed");
	case -EBADMSG:
		return refuse(server, handle, request, MHD_HTTP_BAD_REQUEST,
			      body_complaint(request->format));
	default:
		return refuse(server, handle, request, MHD_HTTP_TOO_MANY_REQUESTS,
			      "there is no memory for more");
	}
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *handle, const char *url,
				  const char *method, const char *version, const char *data,
				  size_t *length, void **state)
{
	struct listener *listener = context;
	struct connection *connection = connection_of(handle);
	struct request *request = *state;

	(void)version;
	if (!request) {
		request = calloc(1, sizeof(*request));
		if (!request)
			return MHD_NO;
		*state = request;
		listener->server->counters[SERVER_REQUESTS]++;
		if (connection) {
			connection->in_request = true;
			connection->since_ns = now_ns();
		}
		judge_header(request, listener, handle, url, method);
		return request->refused == MHD_HTTP_CONTENT_TOO_LARGE ?
		       finish_request(listener, handle, request) : MHD_YES;
	}
	if (*length) {
		take_part(listener->server, request, data, *length);
		*length = 0;
		return MHD_YES;
	}
	return finish_request(listener, handle, request);
}

static void on_completed(void *context, struct MHD_Connection *handle, void **state,
			 enum MHD_RequestTerminationCode code)
{
	struct listener *listener = context;
	struct connection *connection = connection_of(handle);
	struct request *request = *state;

	if (!request)
		return;
	if (code != MHD_REQUEST_TERMINATED_COMPLETED_OK && !request->refused)
		listener->server->counters[SERVER_TIMED_OUT]++;
	drop_body(listener->server, request);
	free(request);
	*state = NULL;
	if (connection) {
		connection->in_request = false;
		connection->since_ns = now_ns();
	}
}

static void on_connection(void *context, struct MHD_Connection *handle, void **state,
			  enum MHD_ConnectionNotificationCode code)
{
	struct listener *listener = context;
	struct connection *connection = *state;

	if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
		if (!connection)
			return;
		*connection->link = connection->next;
		if (connection->next)
			connection->next->link = connection->link;
		free(connection);
		listener->count--;
		return;
	}
	connection = calloc(1, sizeof(*connection));
	if (!connection)
		return;
	*connection = (struct connection){ .next = listener->connections,
					   .link = &listener->connections, .handle = handle,
					   .since_ns = now_ns() };
	if (connection->next)
		connection->next->link = &connection->next;
	listener->connections = connection;
	listener->count++;
	*state = connection;
}

/* A client that sends a byte now and then is never idle for MHD. */
static void end_slow(struct listener *listener)
{
	uint64_t now = now_ns();

	for (struct connection *c = listener->connections; c; c = c->next) {
		uint64_t seconds = (now - c->since_ns) / 1000000000;
		bool slow = c->in_request ? seconds >= REQUEST_SECONDS :
			    listener->count > CROWDED && seconds >= CROWDED_SECONDS;

		if (!slow || c->ended)
			continue;
		c->ended = true;
		shutdown(MHD_get_connection_info(c->handle, MHD_CONNECTION_INFO_CONNECTION_FD)
			 ->connect_fd, SHUT_RDWR);
	}
}

/* --- listening ----------------------------------------------------------------- */

struct place {
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	};
	socklen_t size;
};

static int parse_address(const char *text, uint16_t port, struct place *place)
{
	*place = (struct place){ 0 };
	if (inet_pton(AF_INET, text, &place->v4.sin_addr) == 1) {
		place->v4.sin_family = AF_INET;
		place->v4.sin_port = htons(port);
		place->size = sizeof(place->v4);
		return 0;
	}
	if (inet_pton(AF_INET6, text, &place->v6.sin6_addr) != 1)
		return -EINVAL;
	place->v6.sin6_family = AF_INET6;
	place->v6.sin6_port = htons(port);
	place->size = sizeof(place->v6);
	return 0;
}

static int open_socket(const struct place *place)
{
	const int on = 1;
	int fd = socket(place->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), err;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (place->any.sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, &place->any, place->size) || listen(fd, SOMAXCONN)) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

static int start_daemon(struct server *server, enum protocol protocol, int fd)
{
	struct listener *listener = &server->listeners[server->listener_count];
	struct epoll_event event = { .events = EPOLLIN };
	const union MHD_DaemonInfo *info;

	*listener = (struct listener){ .server = server, .protocol = protocol };
	if (!late_microhttpd())
		return -ELIBACC;
	listener->daemon = MHD_start_daemon(
		MHD_USE_EPOLL, 0, NULL, NULL, on_request, listener,
		MHD_OPTION_LISTEN_SOCKET, fd,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned int)CONNECTIONS_MAX,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned int)IDLE_SECONDS,
		MHD_OPTION_NOTIFY_COMPLETED, on_completed, listener,
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, listener, MHD_OPTION_END);
	if (!listener->daemon)
		return -ENOMEM;
	server->listener_count++;
	info = MHD_get_daemon_info(listener->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	if (!info || epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, info->epoll_fd, &event))
		return -errno;
	return 0;
}

static int listen_on(struct server *server, const char *address, enum protocol protocol,
		     uint16_t port, struct err *e)
{
	struct place place;
	int fd, err;

	if (parse_address(address, port, &place))
		return err__set(e, ERR_USAGE, -EINVAL, "\"%s\" is no address to listen on",
				address);
	fd = open_socket(&place);
	if (fd < 0) {
		err = err__set(e, fd == -EACCES ? ERR_PERMISSION : ERR_IO, fd,
			       "port %u of %s cannot be listened on: %s", port, address,
			       fd == -EADDRINUSE ? "it is taken" : strerror(-fd));
		err__hint(e, protocol == OTLP ?
			  "end who listens there, or choose another port: --otlp-port" :
			  "end who listens there, or name another port in --jaeger-endpoint");
		return err;
	}
	err = start_daemon(server, protocol, fd);
	if (err)
		return err__set(e, ERR_INTERNAL, err, "no HTTP server could be started: %s",
				strerror(-err));
	return 0;
}

/* Without IPv6, 127.0.0.1 has to do. */
static int listen_local(struct server *server, enum protocol protocol, uint16_t port,
			struct err *e)
{
	struct err v6 = { 0 };
	int err = listen_on(server, "127.0.0.1", protocol, port, e);

	if (err || !listen_on(server, "::1", protocol, port, &v6))
		return err;
	if (v6.code == -EADDRNOTAVAIL || v6.code == -EAFNOSUPPORT)
		return 0;
	*e = v6;
	return v6.code;
}

static int listen_for(struct server *server, enum protocol protocol, uint16_t port, struct err *e)
{
	if (!port)
		return 0;
	if (server->config.address)
		return listen_on(server, server->config.address, protocol, port, e);
	return listen_local(server, protocol, port, e);
}

int server__new(struct server **out, const struct server_config *config, struct err *e)
{
	struct server *server = calloc(1, sizeof(*server));
	int err;

	if (!server)
		return err__set(e, ERR_INTERNAL, -ENOMEM, "out of memory");
	server->config = *config;
	server->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	err = server->epoll_fd < 0 ?
	      err__set(e, ERR_INTERNAL, -errno, "epoll: %s", strerror(errno)) : 0;
	if (!err)
		err = listen_for(server, OTLP, config->otlp_port, e);
	if (!err)
		err = listen_for(server, JAEGER, config->jaeger_port, e);
	if (err) {
		server__free(server);
		return err;
	}
	*out = server;
	return 0;
}

/* Its epoll is edge-triggered: what it knows of already makes no descriptor readable. */
static bool has_more(struct MHD_Daemon *daemon)
{
	MHD_UNSIGNED_LONG_LONG ms;

	return MHD_get_timeout(daemon, &ms) == MHD_YES && !ms;
}

void server__run(struct server *server)
{
	for (size_t i = 0; i < server->listener_count; i++) {
		struct MHD_Daemon *daemon = server->listeners[i].daemon;
		int rounds = 0;

		end_slow(&server->listeners[i]);
		do
			MHD_run(daemon);
		while (has_more(daemon) && ++rounds < ROUNDS_MAX);
	}
}

bool server__has_more(const struct server *server)
{
	for (size_t i = 0; i < server->listener_count; i++)
		if (has_more(server->listeners[i].daemon))
			return true;
	return false;
}

void server__free(struct server *server)
{
	if (!server)
		return;
	for (size_t i = 0; i < server->listener_count; i++)
		if (server->listeners[i].daemon)
			MHD_stop_daemon(server->listeners[i].daemon);
	if (server->epoll_fd >= 0)
		close(server->epoll_fd);
	free(server);
}
