/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * As much of the protocols as pairing needs: where a request begins, and where
 * a reply ends. All else is read in user space.
 */
#ifndef PPBPF_PROTOCOL_BPF_H
#define PPBPF_PROTOCOL_BPF_H

#include "head.bpf.h"

/* --- Redis ------------------------------------------------------------------------------- */

/* "*3\r\n$", with up to three digits. */
static __always_inline bool is_redis_request(const struct peek *p)
{
	if (p->bytes[0] != '*' || p->bytes[1] < '1' || p->bytes[1] > '9')
		return false;
	for (int i = 2; i < 5; i++) {
		if (p->bytes[i] == '\r')
			return p->bytes[i + 1] == '\n' && p->bytes[i + 2] == '$';
		if (p->bytes[i] < '0' || p->bytes[i] > '9')
			return false;
	}
	return false;
}

/* Replies of one line, and strings, say where they end. */
__noinline int redis_measure(struct connection *c, const struct peek *p, u64 length)
{
	u64 value = 0;

	if (!c || !p)
		return 0;
	c->body = BODY_UNKNOWN;
	switch (p->bytes[0]) {
	case '+':
	case '-':
	case ':':
	case '_':
	case '#':
	case ',':
		c->body = BODY_LENGTH;
		c->expected = length;
		return 0;
	case '$':
		break;
	default:
		return 0;
	}
	for (int i = 1; i < 13; i++) {
		if (p->bytes[i] == '\r') {
			c->body = BODY_LENGTH;
			c->expected = i + 2 + value + 2;
			return 0;
		}
		if (p->bytes[i] < '0' || p->bytes[i] > '9')
			break;
		value = value * 10 + p->bytes[i] - '0';
	}
	/* $-1: there is none */
	if (p->bytes[1] == '-') {
		c->body = BODY_LENGTH;
		c->expected = length;
	}
	return 0;
}

/* --- PostgreSQL -------------------------------------------------------------------------- */

#define POSTGRESQL_VERSION_3 196608
#define POSTGRESQL_SSL 80877103
#define POSTGRESQL_GSS 80877104

static __always_inline u32 peek_be32(const struct peek *p, u32 at)
{
	return (u32)p->bytes[at] << 24 | (u32)p->bytes[at + 1] << 16 | (u32)p->bytes[at + 2] << 8 |
	       p->bytes[at + 3];
}

static __always_inline bool is_postgresql_type(u8 type)
{
	switch (type) {
	case 'Q':
	case 'P':
	case 'B':
	case 'E':
	case 'D':
	case 'C':
	case 'S':
	case 'H':
	case 'F':
		return true;
	default:
		return false;
	}
}

static __always_inline bool is_postgresql_start(const struct peek *p, u64 length)
{
	u32 second = peek_be32(p, 4);

	if (peek_be32(p, 0) != length)
		return false;
	return second == POSTGRESQL_VERSION_3 ||
	       (length == 8 && (second == POSTGRESQL_SSL || second == POSTGRESQL_GSS));
}

/* The first byte after so many: a message may have a buffer of its own. */
static __always_inline long postgresql_next(const struct payload *payload, u64 size, u8 *next)
{
	struct iovec iov;
	u64 at = payload->base + size;

	if (size > payload->first)
		return -1;
	if (size == payload->first) {
		if (payload->buffer_count < 2 ||
		    bpf_probe_read_user(&iov, sizeof(iov),
					(void *)(payload->buffers + sizeof(iov))))
			return -1;
		at = (u64)iov.iov_base;
	}
	return bpf_probe_read_user(next, 1, (void *)at);
}

/* On a connection not known yet: a message as long as it says, or another one after it. */
static __always_inline bool is_postgresql_request(const struct peek *p,
						  const struct payload *payload)
{
	u64 size = 1 + (u64)peek_be32(p, 1);
	u8 next = 0;

	if (is_postgresql_start(p, payload->length))
		return true;
	if (!is_postgresql_type(p->bytes[0]) || size < 5 || size > payload->length)
		return false;
	if (size == payload->length)
		return p->bytes[0] == 'Q' || p->bytes[0] == 'S';
	return !postgresql_next(payload, size, &next) && is_postgresql_type(next);
}

#define READY_BYTES 6

/* ReadyForQuery: the last message of the answer to a query. */
static __always_inline bool is_postgresql_ready(const u8 *end)
{
	return end[0] == 'Z' && !end[1] && !end[2] && !end[3] && end[4] == 5;
}

/* --- all --------------------------------------------------------------------------------- */

static __always_inline bool is_tls(const struct peek *p)
{
	return p->bytes[0] >= 0x14 && p->bytes[0] <= 0x17 && p->bytes[1] == 3 && p->bytes[2] <= 4;
}

/* A server's greeting, or a command alone in its packet. */
static __always_inline bool is_mysql(const struct peek *p, u64 length)
{
	u32 packet = p->words[0] & 0xffffff;

	if (packet + 4 != length || p->bytes[3])
		return false;
	return (p->bytes[4] >= 1 && p->bytes[4] <= 0x1c && p->bytes[4] != 10) ||
	       (p->bytes[4] == 10 && p->bytes[5] >= '0' && p->bytes[5] <= '9');
}

/* The record that begins a request; some read no more than its header. */
static __always_inline bool is_fastcgi(const struct peek *p, u64 length)
{
	return length >= 8 && p->bytes[0] == 1 && p->bytes[1] == 1 && p->bytes[4] == 0 &&
	       p->bytes[5] == 8 && p->bytes[7] == 0;
}

/* What a connection speaks, by a send or receive that begins a request. */
__noinline int protocol_of(const struct peek *p, const struct payload *payload)
{
	if (!p || !payload)
		return PPBPF_PROTOCOL_UNKNOWN;
	if (is_tls(p)) {
		met(PPBPF_REQUEST_MET_TLS);
		return PPBPF_PROTOCOL_OPAQUE;
	}
	if (p->longs[0] == LONG('P', 'R', 'I', ' ', '*', ' ', 'H', 'T') &&
	    p->bytes[11] == '2') {
		met(PPBPF_REQUEST_MET_HTTP2);
		return PPBPF_PROTOCOL_OPAQUE;
	}
	if (is_redis_request(p))
		return PPBPF_PROTOCOL_REDIS;
	if (is_http_request(p))
		return PPBPF_PROTOCOL_HTTP;
	if (is_postgresql_request(p, payload))
		return PPBPF_PROTOCOL_POSTGRESQL;
	if (is_mysql(p, payload->length))
		return met(PPBPF_REQUEST_MET_MYSQL), PPBPF_PROTOCOL_OPAQUE;
	if (is_fastcgi(p, payload->length))
		return met(PPBPF_REQUEST_MET_FASTCGI), PPBPF_PROTOCOL_OPAQUE;
	return PPBPF_PROTOCOL_UNKNOWN;
}

#endif /* PPBPF_PROTOCOL_BPF_H */
