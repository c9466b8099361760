/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Listens for spans that services send: OTLP over HTTP (POST /v1/traces, protobuf or JSON)
 * and Jaeger's Thrift over HTTP (POST /api/traces). Runs in the caller's thread, when its
 * file descriptor is readable or its time has come.
 */
#ifndef PPBPF_RECEIVE_SERVER_H
#define PPBPF_RECEIVE_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "model/span.h"

struct err;
struct report;

/* What is taken of one request: as it comes, and decompressed. */
#define BODY_MAX (4 << 20)
#define BODY_INFLATED_MAX (8 << 20)

struct server_config {
	const char *address;	/* to listen on; NULL: 127.0.0.1 and ::1 */
	uint16_t otlp_port;	/* 0: not */
	uint16_t jaeger_port;	/* 0: not */

	/* A span came; valid during the call. 0 or -errno. */
	int (*on_span)(const struct span *span, void *context);
	void *context;
};

enum server_counter {
	SERVER_OTLP_SPANS,
	SERVER_JAEGER_SPANS,
	SERVER_REQUESTS,
	/* what was not taken */
	SERVER_REJECTED_SPANS,		/* without ids */
	SERVER_BAD_REQUESTS,		/* answered 400 and their like */
	SERVER_TOO_LARGE,		/* answered 413 */
	SERVER_BUSY,			/* answered 429: too much at a time; the sender tries again */
	SERVER_TIMED_OUT,		/* too slow, or gone before the end */
	SERVER_COUNTER_NR,
};

/* Of what was not taken: its name in metadata.dropped. NULL: it is no loss. */
const char *server_loss_name(enum server_counter counter);

struct server;

/* Negative errno, told in *e: a port that is taken, an address that is not ours. */
int server__new(struct server **out, const struct server_config *config, struct err *e);
void server__free(struct server *server);	/* NULL is fine */

/* Readable when there is something to do. */
int server__fd(const struct server *server);
/* Does it; to be called at least once a second, too, for clients that are too slow. */
void server__run(struct server *server);
/* There is more to do at once, whatever the descriptor says. */
bool server__has_more(const struct server *server);
uint64_t server__counter(const struct server *server, enum server_counter counter);

#endif
