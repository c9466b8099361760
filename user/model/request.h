/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* A request of a traced process, in or out, as it was seen from the kernel. */
#ifndef PPBPF_MODEL_REQUEST_H
#define PPBPF_MODEL_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

#include "ppbpf_request_abi.h"

/* Bytes of somebody else's memory, not ended by a NUL; NULL: there are none. */
struct text {
	const char *bytes;
	size_t length;
};

/* The line at `*at`, without "\n" or "\r\n", and past it; false: it does not end here. */
static inline bool text__line(const char *bytes, size_t length, size_t *at, struct text *line)
{
	const char *start = bytes + *at, *end = memchr(start, '\n', length - *at);

	if (!end)
		return false;
	*line = (struct text){ start, end - start };
	if (line->length && start[line->length - 1] == '\r')
		line->length--;
	*at = end + 1 - bytes;
	return true;
}

struct request_address {
	uint8_t bytes[16];	/* in network order; the first four of AF_INET */
	uint16_t port;
};

enum request_end {
	REQUEST_COMPLETE,	/* its reply came to its end */
	REQUEST_CLOSED,		/* the connection was closed before a reply came */
	REQUEST_UNFINISHED,	/* the end had not come when tracing stopped */
};

struct request {
	enum ppbpf_protocol protocol;
	enum ppbpf_role role;	/* which end of the connection the process is */
	bool tls;
	enum request_end end;
	uint64_t id;		/* unique in a run */
	uint64_t within;	/* of a client: the id of the one request whose work it is; 0: not known */
	bool by_thread;		/* its process was at several: see model/handover.h */

	uint64_t connection;	/* the same number: the same socket, or one that came to be after its end */
	uint64_t peer_connection;	/* AF_UNIX: the number of the other end, else 0 */
	uint32_t netns;		/* inode */
	int family;		/* AF_INET, AF_INET6, AF_UNIX; 0: addresses are not known */
	struct request_address local, peer;
	bool sequenced;		/* `sequence` is known: TCP's number of the first byte, at both ends */
	uint32_t sequence;

	uint64_t start_ns;	/* CLOCK_MONOTONIC: when its first bytes were moved */
	uint64_t first_byte_ns;	/* of the reply; 0: there was none */
	uint64_t end_ns;	/* the reply's last byte; of an unfinished one the last so far */
	uint64_t request_bytes;
	uint64_t reply_bytes;

	pid_t pid;		/* as ppbpf's user sees it */
	uint32_t thread;	/* began it; and gave or took the reply: numbers of the first namespace */
	uint32_t reply_thread;
	uint64_t process_start_ns;	/* CLOCK_BOOTTIME */
	const char *comm;

	bool split_known;	/* its thread served this one alone, from its first byte to its last */
	struct ppbpf_split split;

	/* HTTP. Not all of a request's head may have been seen (`cut`). */
	bool cut;
	struct text method;
	struct text target;	/* as it was sent, with its query */
	struct text host;
	struct text user_agent;
	struct text traceparent;
	struct text tracestate;
	unsigned int minor;	/* of the version: HTTP/1.0, HTTP/1.1 */
	unsigned int status;	/* 0: no reply was seen, or it could not be told */

	/* Databases: "SELECT", "GET". A statement's literals are replaced by '?'. */
	struct text operation;
	struct text statement;
	struct text collection;	/* the table, where one is named first */
	struct text database;
	struct text user;
	struct text error;	/* of an error reply: SQLSTATE, Redis' first word */
	struct text error_message;
};

#endif
