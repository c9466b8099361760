/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * As much of the protocols as pairing needs: where a request begins, and where
 * a reply ends. All else is read in user space.
 */
#ifndef PPBPF_PROTOCOL_BPF_H
#define PPBPF_PROTOCOL_BPF_H

#include "connection.bpf.h"

#define PEEK 16

/* The first bytes of a send or receive. */
struct peek {
	union {
		u8 bytes[PEEK];
		u32 words[PEEK / 4];
		u64 longs[PEEK / 8];
	};
};

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "words are compared as they lie in memory of little-endian machines"
#endif

#define WORD(a, b, c, d) ((u32)(a) | (u32)(b) << 8 | (u32)(c) << 16 | (u32)(d) << 24)
#define LONG(a, b, c, d, e, f, g, h) ((u64)WORD(a, b, c, d) | (u64)WORD(e, f, g, h) << 32)

/* --- HTTP/1 ------------------------------------------------------------------------------ */

/* "METHOD " and a target: "/", "*", or what has a scheme or a host in front. */
static __always_inline bool is_http_request(const struct peek *p)
{
	if (p->words[0] == WORD('G', 'E', 'T', ' ') || p->words[0] == WORD('P', 'U', 'T', ' '))
		return true;
	for (int i = 0; i < 12; i++) {
		if (p->bytes[i] == ' ')
			return i >= 3 && p->bytes[i + 1] > ' ' && p->bytes[i + 1] < 0x7f;
		if (p->bytes[i] < 'A' || p->bytes[i] > 'Z')
			return false;
	}
	return false;
}

/* A first piece that is too short to tell. */
static __always_inline bool may_be_http_request(const struct peek *p, u64 length)
{
	return length < 5 && p->bytes[0] >= 'A' && p->bytes[0] <= 'Z' &&
	       (length < 2 || (p->bytes[1] >= 'A' && p->bytes[1] <= 'Z'));
}

static __always_inline bool is_http_reply(const struct peek *p)
{
	return p->words[0] == WORD('H', 'T', 'T', 'P') && p->bytes[4] == '/' && p->bytes[5] == '1';
}

static __always_inline u32 http_status(const struct peek *p)
{
	return (p->bytes[9] - '0') * 100 + (p->bytes[10] - '0') * 10 + (p->bytes[11] - '0');
}

#define SCAN_BYTES 2048

/* A reply's head, copied here to be read: of a thread, as probes are preempted. */
struct scan_room {
	u64 words[SCAN_BYTES / 8 + 4];	/* and what a line's name is compared with beyond it */
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct scan_room);
} scan_rooms SEC(".maps");

struct scan {
	struct scan_room *room;
	u32 length;
	u32 end;		/* of the head; 0: not found */
	u64 content_length;
	u8 has_length;
	u8 chunked;
};

static __always_inline u64 lower(u64 word)
{
	return word | 0x2020202020202020ULL;
}

static __always_inline u64 scan_load(const struct scan_room *room, u32 at)
{
	return *(u64 *)((u8 *)room->words + (at & (SCAN_BYTES - 1)));
}

static __always_inline void scan_number(struct scan *scan, u32 at)
{
	u64 value = 0, word = scan_load(scan->room, at);
	u32 i, digit;

	/* 15 digits: beyond any file */
	for (i = 0; i < 15; i++) {
		if (i == 8)
			word = scan_load(scan->room, at + 8);
		digit = (word & 0xff) - '0';
		if (digit > 9)
			break;
		value = value * 10 + digit;
		word >>= 8;
	}
	if (i) {
		scan->content_length = value;
		scan->has_length = true;
	}
}

/* The line that begins here; true: it is the empty one, and the head's end. */
static __always_inline bool scan_line(struct scan *scan, u32 at)
{
	u64 word = scan_load(scan->room, at), second;

	if ((word & 0xff) == '\r') {
		scan->end = at + 2;
		return true;
	}
	if ((word & 0xff) == '\n') {
		scan->end = at + 1;
		return true;
	}
	word = lower(word);
	if (word == LONG('c', 'o', 'n', 't', 'e', 'n', 't', '-')) {
		second = lower(scan_load(scan->room, at + 8));
		if (second == LONG('l', 'e', 'n', 'g', 't', 'h', ':', ' '))
			scan_number(scan, at + 16);
		else if ((second & 0xffffffffffffffULL) ==
			 (LONG('l', 'e', 'n', 'g', 't', 'h', ':', 0)))
			scan_number(scan, at + 15);
	} else if (word == LONG('t', 'r', 'a', 'n', 's', 'f', 'e', 'r')) {
		second = lower(scan_load(scan->room, at + 8));
		if (second == LONG('-', 'e', 'n', 'c', 'o', 'd', 'i', 'n'))
			scan->chunked = true;
	}
	return false;
}

/* Eight bytes: what follows each end of a line in them is a line. */
static long scan_word(u32 index, struct scan *scan)
{
	u32 at = index * 8;
	u64 ends = scan_load(scan->room, at) ^ 0x0a0a0a0a0a0a0a0aULL, lowest;

	if (at >= scan->length)
		return 1;
	/* the upper bit of each byte that is 0 now, exact up to the first one */
	ends = (ends - 0x0101010101010101ULL) & ~ends & 0x8080808080808080ULL;
	for (int i = 0; i < 3 && ends; i++) {
		/* the number of bytes up to it, and with it */
		lowest = ends & -ends;
		lowest = (((lowest - 1) & 0x0101010101010101ULL) * 0x0101010101010101ULL) >> 56;
		if (scan_line(scan, at + lowest))
			return 1;
		ends &= ends - 1;
	}
	return 0;
}

static __always_inline bool http_has_no_body(const struct connection *c)
{
	u32 status = c->exchange.status;

	return c->request[0] == 'H' || status == 204 || status == 304 || status < 200;
}

/*
 * Where the reply that begins with these bytes will end. This function and others below are
 * not static: the verifier then looks at each of them once, and not at every way to it.
 */
__noinline int http_measure(struct connection *c, const struct payload *payload)
{
	struct scan scan = { 0 };
	u32 length;

	if (!c || !payload)
		return 0;
	length = at_most(payload->first, SCAN_BYTES);
	c->body = BODY_UNKNOWN;
	scan.room = bpf_task_storage_get(&scan_rooms, bpf_get_current_task_btf(), 0,
					 BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!scan.room || bpf_probe_read_user(scan.room, length, (void *)payload->base)) {
		/* what is made from now on may be in another one's work: then nothing is said */
		met(PPBPF_REQUEST_LOST_LENGTHS);
		if (c->exchange.flags & PPBPF_EXCHANGE_COUNTED) {
			work_end_one(c->exchange.thread, c->exchange.id);
			work_end_one(c->exchange.tgid | WORK_OF_PROCESS, c->exchange.id);
			c->exchange.flags &= ~PPBPF_EXCHANGE_COUNTED;
		}
		return 0;
	}
	scan.length = length;
	bpf_loop(SCAN_BYTES / 8, scan_word, &scan, 0);
	if (!scan.end || scan.end > length)
		return 0;
	if (http_has_no_body(c)) {
		c->body = BODY_LENGTH;
		c->expected = scan.end;
	} else if (scan.chunked) {
		c->body = BODY_CHUNKED;
	} else if (scan.has_length) {
		c->body = BODY_LENGTH;
		c->expected = scan.end + scan.content_length;
	}
	return 0;
}

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
	return PPBPF_PROTOCOL_UNKNOWN;
}

#endif /* PPBPF_PROTOCOL_BPF_H */
