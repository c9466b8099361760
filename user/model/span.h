/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * A span: one operation of one service, in OpenTelemetry's terms (opentelemetry-proto's
 * trace.proto), whoever has seen it: the kernel, or the service itself.
 *
 * A source fills a struct span with what it knows, pointing at memory of its own, and hands
 * it to span__new(), which copies it into one allocation. Then traces__add() (model/trace.h)
 * takes it over.
 */
#ifndef PPBPF_MODEL_SPAN_H
#define PPBPF_MODEL_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/attribute.h"
#include "ppbpf_abi.h"

/* As numbers: the first byte of the id is the highest. Zero: none. */
struct trace_id {
	uint64_t high;
	uint64_t low;
};

enum span_kind {		/* OTLP's numbers */
	SPAN_KIND_UNSPECIFIED,
	SPAN_KIND_INTERNAL,
	SPAN_KIND_SERVER,
	SPAN_KIND_CLIENT,
	SPAN_KIND_PRODUCER,
	SPAN_KIND_CONSUMER,
	SPAN_KIND_NR,
};

enum span_status {		/* OTLP's numbers */
	SPAN_STATUS_UNSET,
	SPAN_STATUS_OK,
	SPAN_STATUS_ERROR,
	SPAN_STATUS_NR,
};

enum span_source {
	SPAN_FROM_EBPF,		/* seen by the kernel */
	SPAN_FROM_OTLP,		/* sent to us */
	SPAN_FROM_JAEGER,
	SPAN_FROM_QUERY,	/* asked from Jaeger, which has it already */
	SPAN_SOURCE_NR,
};

/* "GET /api/orders/{id}", "SELECT orders": at most so many bytes are shown and grouped by. */
#define SPAN_NAME_MAX 256
/* What the kernel's side keeps of a service's name. */
#define SERVICE_NAME_MAX 256

/*
 * Who made spans: a process of a service. Shared by its spans and counted: what
 * resource__new() gives has one reference, each span takes one more.
 */
struct resource {
	unsigned int references;
	const char *service;	/* service.name; "unknown_service" without one */
	const char *process;	/* its program's name, for a person; "" when not known */
	uint32_t pid;		/* 0: not known */
	struct bytes attributes;
};

/* Takes service.name, process.pid and process.executable.name from them. NULL: no memory. */
struct resource *resource__new(const struct bytes *attributes);
struct resource *resource__get(struct resource *resource);
void resource__put(struct resource *resource);	/* NULL is fine */

/* One end of a connection. IPv4 as ::ffff:a.b.c.d. */
struct span_endpoint {
	uint8_t address[16];
	uint16_t port;
};

/*
 * What the kernel's side knows beside, to put traces together without a word from the
 * service. All zero for spans that were received.
 */
struct span_seen {
	/*
	 * The request's connection, as its own process sees it: the other process's span has
	 * local and peer the other way round. On a UNIX socket both addresses are zero and the
	 * ports too, and socket_id holds one number for both ends (or 0: not known).
	 */
	bool connection_known;
	struct span_endpoint local, peer;
	uint64_t network;	/* the network namespace (inode): loopback is one in each */
	uint64_t socket_id;
	bool sequenced;		/* TCP: the number of the request's first byte, the same at both ends */
	uint32_t sequence;

	uint32_t pid, tid;	/* who handled or made the request, as ppbpf's user knows them */

	/* Of requests that came in: a number of its own, unique in a run. */
	uint64_t request;
	/*
	 * Of requests that went out: the number of the one request in whose work it was made:
	 * exactly one was being served by this process, or exactly one by this thread and
	 * requests are bound to threads there. 0: none, or it cannot be told: never a guess.
	 */
	uint64_t within;

	/* What the request's traceparent header said; trace zero: it had none. */
	struct trace_id carried_trace;
	uint64_t carried_parent;
	uint8_t carried_flags;	/* bit 0: sampled */
};

struct span {
	/* for model/trace*.c: its trace, and those that wait as it does for the other end */
	struct span *next;
	struct trace *trace;
	struct span_wait {
		struct span *older, *newer;
		bool waits;
	} waits[2];
	size_t size;			/* of memory, with all that it points to */
	struct resource *resource;
	enum span_source source;

	struct trace_id trace_id;	/* zero: not known yet (the kernel's side leaves it so) */
	uint64_t span_id;		/* zero: span__new() makes one up */
	uint64_t parent_id;		/* zero: none */
	uint32_t flags;			/* OTLP's: bit 0 sampled, bit 8 set when bit 9 (remote) is known */
	enum span_kind kind;
	uint64_t start_ns, end_ns;	/* Unix time; never end before start */
	uint64_t first_byte_ns;		/* Unix time; 0: not known */
	enum span_status status;

	const char *name;
	const char *status_message;	/* NULL: none, as for those below */
	const char *trace_state;
	const char *scope;		/* the instrumentation's name and version */
	const char *scope_version;
	struct bytes attributes;	/* model/attribute.h */
	struct bytes events;		/* OTLP's Event messages, each in a field 11 */
	struct bytes links;		/* OTLP's Link messages, each in a field 13 */
	uint32_t dropped_attributes, dropped_events, dropped_links;

	bool unfinished;		/* it was under way when tracing stopped */
	bool split_known;		/* thread-per-request only */
	bool throttled_known;		/* else that is in the run queue's part */
	struct ppbpf_split split;	/* of its thread from start to end */
	struct span_seen seen;
};

/*
 * A copy of all that `from` points to, with a reference to its resource. An end before the
 * start becomes the start. NULL: no memory.
 */
struct span *span__new(const struct span *from);
void span__free(struct span *span);	/* NULL is fine */

static inline uint64_t span__duration_ns(const struct span *span)
{
	return span->end_ns - span->start_ns;
}

/* A server's 5xx, a client's 4xx or 5xx, or a status that says so. */
bool span__is_error(const struct span *span);

/* Its HTTP status code, or 0. */
int span__http_status(const struct span *span);

/* Random numbers that are never zero, for ids. */
uint64_t random_id(void);

static inline bool trace_id_known(const struct trace_id *id)
{
	return id->high || id->low;
}

static inline bool trace_id_equal(const struct trace_id *a, const struct trace_id *b)
{
	return a->high == b->high && a->low == b->low;
}

/* 32 and 16 hexadecimal digits and a NUL. */
#define TRACE_ID_TEXT 33
#define SPAN_ID_TEXT 17
char *trace_id_text(char *out, const struct trace_id *id);
char *span_id_text(char *out, uint64_t id);
/* 0 or -EINVAL: other lengths, other characters. Either case; all zeros are an id of zero. */
int trace_id_parse(const char *text, size_t length, struct trace_id *id);
int span_id_parse(const char *text, size_t length, uint64_t *id);

#endif
