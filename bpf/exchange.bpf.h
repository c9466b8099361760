/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Requests and replies are paired: what is sent and received on a connection
 * moves its exchange on. Before it is known what a connection speaks, it is
 * only looked at, so that one which was open before the start is understood
 * from its next request on.
 */
#ifndef PPBPF_EXCHANGE_BPF_H
#define PPBPF_EXCHANGE_BPF_H

#include "request.bpf.h"

/* --- the reply --------------------------------------------------------------------------- */

#define TAIL_PIECE (PPBPF_REPLY_TAIL / 2)

struct last_buffer {
	u64 buffers;
	u64 left;
	u64 end;	/* 0: not found */
};

static long last_buffer(u32 index, struct last_buffer *last)
{
	struct iovec iov;

	if (bpf_probe_read_user(&iov, sizeof(iov), (void *)(last->buffers + index * sizeof(iov))))
		return 1;
	if (last->left > iov.iov_len) {
		last->left -= iov.iov_len;
		return 0;
	}
	last->end = (u64)iov.iov_base + last->left;
	return 1;
}

/* Where the last of the buffers that were filled ends, and how much is in it. */
static __always_inline u64 payload_end(const struct payload *payload, u64 *length)
{
	struct last_buffer last = { .buffers = payload->buffers, .left = payload->length };

	*length = payload->length;
	if (!payload->buffers)
		return payload->base + payload->length;
	bpf_loop(payload->buffer_count, last_buffer, &last, 0);
	*length = last.end ? last.left : 0;
	return last.end;
}

/*
 * The last bytes: what is short is put behind what there is, for PostgreSQL sends an error
 * and its end apart.
 */
static __always_inline void reply_tail(struct connection *c, const struct movement *m)
{
	u64 length, end = payload_end(&m->payload, &length);
	u32 at = c->reply.tail_length;

	if (length >= TAIL_PIECE) {
		at = 0;
		length = TAIL_PIECE;
	} else if (at > TAIL_PIECE) {
		bpf_probe_read_kernel(c->reply.tail, TAIL_PIECE,
				      &c->reply.tail[(at - TAIL_PIECE) & (TAIL_PIECE - 1)]);
		at = TAIL_PIECE;
	}
	length = at_most(length, TAIL_PIECE);
	if (!bpf_probe_read_user(&c->reply.tail[at & (PPBPF_REPLY_TAIL - 1)], length,
				 (void *)(end - length)))
		c->reply.tail_length = at + length;
}

/* More of the first bytes, as long as there are few of them. */
static __always_inline void reply_head(struct connection *c, const struct movement *m)
{
	u32 at = c->reply.head_length;
	u64 length = m->payload.first;

	if (at >= 128)
		return;
	length = at_most(length, PPBPF_REPLY_HEAD - 128);
	if (!bpf_probe_read_user(&c->reply.head[at & 127], length, (void *)m->payload.base))
		c->reply.head_length = at + length;
}

#define TRAILER_BYTES 128	/* of a chunked body's end, with its trailers */

struct trailer {
	const u8 *bytes;
	u32 length;
	u32 skip;	/* bytes that were looked at already */
	u32 line;	/* bytes of the line behind the last chunk's size so far */
	bool lines;	/* such lines have begun */
	bool named;	/* there was a colon in this one */
	bool found;
};

/*
 * Whether the size of the last chunk, on a line of its own, begins behind this end of a
 * line. "3\r\n0\r\n" is none: a chunk that holds just that line. What is taken for a part of
 * the body wrongly costs no more than that the reply's end is known later.
 */
static __always_inline bool is_last_size(const u8 *bytes, u32 index)
{
	const u8 *at;

	if (index < 1 || index >= TRAILER_BYTES)
		return false;
	at = bytes + index;
	if (at[-1] != '\r' || at[0] != '\n' || at[1] != '0' || at[2] != '\r' || at[3] != '\n')
		return false;
	return index < 3 || at[-2] != '3' || at[-3] != '\n';
}

static long trailer_byte(u32 index, struct trailer *trailer)
{
	u8 byte;

	if (index >= TRAILER_BYTES || index >= trailer->length)
		return 1;
	if (trailer->skip) {
		trailer->skip--;
		return 0;
	}
	byte = trailer->bytes[index];
	if (trailer->lines && byte != '\n') {
		trailer->named |= byte == ':';
		trailer->line++;
		return 0;
	}
	if (trailer->lines) {
		/* the empty line, and nothing behind it */
		if (trailer->line == 1 && index + 1 == trailer->length) {
			trailer->found = true;
			return 1;
		}
		/* a line without a name is no trailer: the "0" was the body's */
		trailer->lines = trailer->named;
	}
	if (!trailer->lines && is_last_size(trailer->bytes, index)) {
		trailer->lines = true;
		trailer->skip = 3;
	}
	trailer->named = false;
	trailer->line = 0;
	return 0;
}

/* The last bytes of what was moved, put where a head was: how many. */
static __always_inline u32 trailer_copy(struct connection *c, const struct payload *payload)
{
	u64 length, end = payload_end(payload, &length);
	u8 *to = c->reply.head + 2;
	struct scan_room *room;
	u32 all, from;

	__builtin_memset(c->reply.head, 0, TRAILER_BYTES + 8);
	if (!payload->buffers || length >= TRAILER_BYTES - 2 || payload->length > SCAN_BYTES) {
		length = at_most(length, TRAILER_BYTES - 2);
		if (bpf_probe_read_user(to, length, (void *)(end - length)))
			return 0;
	} else {
		room = scan_room_here();
		all = room ? gather(room, payload, 0) : 0;
		length = at_most(all, TRAILER_BYTES - 2);
		from = at_most(all - length, SCAN_BYTES);
		if (bpf_probe_read_kernel(to, length, (u8 *)room->words + from))
			return 0;
	}
	/* what was moved before has ended in a line's end, or this is none of the last chunk */
	if (length == payload->length) {
		c->reply.head[0] = '\r';
		c->reply.head[1] = '\n';
	}
	return length + 2;
}

/* A line's end is the end: whether of the body, or only of something in it. */
__noinline int http_trailer_end(struct connection *c, const struct movement *m)
{
	struct trailer trailer = { 0 };

	if (!c || !m)
		return 0;
	trailer.length = trailer_copy(c, &m->payload);
	trailer.bytes = c->reply.head;
	bpf_loop(TRAILER_BYTES, trailer_byte, &trailer, 0);
	c->chunk_end = trailer.found;
	return 0;
}

/* "0\r\n\r\n", after the end of a chunk or alone; between its two lines there may be trailers. */
static __always_inline void http_chunk_end(struct connection *c, const struct movement *m)
{
	u64 last = 0, length, end = payload_end(&m->payload, &length);
	u32 line = 0;

	c->chunk_end = false;
	if (length >= 8) {
		bpf_probe_read_user(&last, 8, (void *)(end - 8));
		/* most end so; the byte in front matters to is_last_size() alone */
		if (last >> 8 == LONG('\r', '\n', '0', '\r', '\n', '\r', '\n', 0) &&
		    (last & 0xff) != '3') {
			c->chunk_end = true;
			return;
		}
		line = last >> 32;
	} else if (length >= 4) {
		bpf_probe_read_user(&line, 4, (void *)(end - 4));
	}
	if (line == WORD('\r', '\n', '\r', '\n') || (length < 4 && m->payload.buffers))
		http_trailer_end(c, m);
}

static __always_inline void http_reply_begin(struct connection *c, const struct movement *m)
{
	c->body = BODY_UNKNOWN;
	c->reply.head_length = 0;
	c->head_before = c->head_flags = 0;
	/* one that is sent byte by byte begins with one of them */
	if (m->readable && (is_http_reply(&m->peek) || (m->payload.length < 6 &&
							 m->peek.bytes[0] == 'H')))
		http_head(c, &m->payload);
}

__noinline int reply_begin(struct connection *c, const struct movement *m)
{
	u32 thread = bpf_get_current_pid_tgid();

	if (!c || !m)
		return 0;
	c->phase = PHASE_REPLY;
	c->body = BODY_UNKNOWN;
	c->exchange.first = m->now;
	c->exchange.reply_bytes = 0;
	c->exchange.reply_thread = thread;
	if (c->exchange.flags & PPBPF_EXCHANGE_COUNTED && thread != c->exchange.thread)
		work_handed_over(c->exchange.tgid);
	if (c->exchange.protocol == PPBPF_PROTOCOL_HTTP)
		http_reply_begin(c, m);
	else if (c->exchange.protocol == PPBPF_PROTOCOL_REDIS && m->readable)
		redis_measure(c, &m->peek, m->payload.length);
	return 0;
}

/* A reply that was not asked for, as far as is known here: to one of several requests at once. */
static __always_inline void reply_alone(struct connection *c, const struct movement *m)
{
	exchange_reset(c, m);
	c->exchange.request_bytes = 0;
	c->exchange.flags |= PPBPF_EXCHANGE_NO_REQUEST;
	reply_begin(c, m);
}

__noinline int reply_is_whole(struct connection *c, const struct movement *m)
{
	if (!c || !m)
		return false;
	if (c->exchange.protocol == PPBPF_PROTOCOL_POSTGRESQL) {
		if (c->reply.tail_length >= READY_BYTES &&
		    is_postgresql_ready(&c->reply.tail[(c->reply.tail_length - READY_BYTES) &
						       (PPBPF_REPLY_TAIL - 1)]))
			c->body = BODY_READY;
		else
			c->body = BODY_UNKNOWN;
		return c->body == BODY_READY;
	}
	if (c->body == BODY_LENGTH)
		return c->exchange.reply_bytes >= c->expected;
	if (c->body == BODY_CHUNKED && m->readable)
		http_chunk_end(c, m);
	return c->body == BODY_CHUNKED && c->chunk_end;
}

/* From here on the connection is somebody else's: WebSocket, a tunnel. */
static __always_inline bool http_becomes_opaque(const struct connection *c)
{
	return c->exchange.status == 101 ||
	       (c->exchange.status / 100 == 2 &&
		*(u32 *)c->request == WORD('C', 'O', 'N', 'N'));
}

__noinline int reply_text(struct connection *c, const struct movement *m)
{
	if (!c || !m || c->exchange.protocol == PPBPF_PROTOCOL_HTTP || !m->readable)
		return 0;
	reply_head(c, m);
	reply_tail(c, m);
	return 0;
}

__noinline int reply_served(struct connection *c)
{
	if (c && c->exchange.flags & PPBPF_EXCHANGE_FOLLOWED)
		served_so_far(&c->exchange, &c->split,
			      work_is_alone(c->exchange.thread, c->exchange.id));
	return 0;
}

/*
 * Nothing tells of a UNIX socket's close; and where Redis' arrays end is found in user space:
 * the next command may be long in coming.
 */
static __always_inline bool may_be_the_end(const struct connection *c)
{
	return c->exchange.family == AF_UNIX ||
	       (c->exchange.protocol == PPBPF_PROTOCOL_REDIS && c->body == BODY_UNKNOWN);
}

/* Of what was moved, how many bytes are behind the reply, for others that were asked for. */
static __always_inline u32 reply_cut(struct connection *c)
{
	u64 over = c->exchange.reply_bytes - c->expected;

	if (c->exchange.protocol != PPBPF_PROTOCOL_HTTP || c->body != BODY_LENGTH)
		return 0;
	c->exchange.reply_bytes = c->expected;
	return over;
}

/* How many bytes are behind the reply that these end. */
__noinline int reply_data(struct connection *c, const struct movement *m)
{
	u32 over = 0;
	bool http, begins, whole;

	if (!c || !m)
		return 0;
	http = c->exchange.protocol == PPBPF_PROTOCOL_HTTP;
	begins = http && m->readable && is_http_reply(&m->peek);
	switch (c->phase) {
	case PHASE_IDLE:
		if (http && !begins)
			return 0;
		reply_alone(c, m);
		break;
	case PHASE_REQUEST:
		reply_begin(c, m);
		break;
	case PHASE_REPLY:
		if (!begins) {
			if (http && c->body == BODY_HEAD && m->readable)
				http_head(c, &m->payload);
			break;
		}
		if (c->exchange.status >= 200) {
			/* to the next one of several requests that came at once */
			exchange_send(c, 0);
			reply_alone(c, m);
		} else {
			reply_begin(c, m);
		}
		break;
	}
	c->exchange.last = m->now;
	c->exchange.reply_bytes += m->payload.length;
	reply_text(c, m);
	if (http && http_becomes_opaque(c)) {
		met(PPBPF_REQUEST_MET_UPGRADE);
		exchange_send(c, PPBPF_EXCHANGE_COMPLETE);
		c->exchange.protocol = PPBPF_PROTOCOL_OPAQUE;
		return 0;
	}
	if (http && c->exchange.status < 200 && c->exchange.status >= 100)
		return 0;
	whole = reply_is_whole(c, m);
	if (!whole && (c->body == BODY_UNKNOWN || c->body == BODY_HEAD))
		reply_served(c);
	/* its end may be the connection's, of which nothing tells on a UNIX socket */
	if (!whole && http && c->body == BODY_UNKNOWN && c->exchange.family == AF_UNIX)
		work_forget(c);
	if (whole) {
		over = reply_cut(c);
		exchange_send(c, PPBPF_EXCHANGE_COMPLETE);
	} else if (c->phase == PHASE_REPLY && may_be_the_end(c)) {
		exchange_copy(c, PPBPF_EXCHANGE_SO_FAR);
	}
	return over;
}

#define EPHEMERAL_PORT 32768	/* from here on the kernel gives ports to clients */

/*
 * Redis' requests look like some of its replies: which end it is, a connection that was
 * open before tells by its ports alone.
 */
static __always_inline bool is_client_port(const struct connection *c)
{
	return c->exchange.local_port >= EPHEMERAL_PORT && c->exchange.peer_port < EPHEMERAL_PORT;
}

/* --- both -------------------------------------------------------------------------------- */

static __always_inline bool look(struct movement *m)
{
	m->peek.longs[0] = m->peek.longs[1] = 0;
	if (m->payload.buffers && m->payload.first < PEEK)
		return !peek_gather(&m->peek, &m->payload);
	return m->payload.base && !payload_peek(&m->payload, &m->peek, PEEK);
}

/* An empty line before a request is none of it (RFC 9112, 2.2). */
static __always_inline void skip_line(struct movement *m)
{
	if (m->payload.buffers || m->payload.length < 6 || m->peek.bytes[0] != '\r' ||
	    m->peek.bytes[1] != '\n')
		return;
	m->payload.base += 2;
	m->payload.first = m->payload.length -= 2;
	m->sequence += 2;
	m->readable = look(m);
}

#define REPLIES 64	/* that are told apart, of one send or receive */

struct passed {
	struct payload *payload;
	u64 left;
};

struct replies {
	struct connection *c;
	struct movement *m;
};

static long buffer_pass(u32 index, struct passed *passed)
{
	struct iovec iov;

	if (bpf_probe_read_user(&iov, sizeof(iov), (void *)passed->payload->buffers))
		return 1;
	if (passed->left < iov.iov_len || !passed->payload->buffer_count)
		return 1;
	passed->left -= iov.iov_len;
	passed->payload->buffers += sizeof(iov);
	passed->payload->buffer_count--;
	return 0;
}

/*
 * Goes on to the last `left` of its bytes; false: they do not begin in a buffer of their own.
 * Not inline, for the stack of its caller's.
 */
__noinline int payload_pass(struct payload *payload, u64 left)
{
	struct passed passed = { .payload = payload };

	if (!payload)
		return false;
	passed.left = payload->length - left;
	if (!payload->buffers) {
		payload_one(payload, payload->base + passed.left, left);
		return true;
	}
	bpf_loop(GATHER_BUFFERS, buffer_pass, &passed, 0);
	if (passed.left)
		return false;
	payload_many(payload, payload->buffers, payload->buffer_count, left);
	return true;
}

static long reply_next(u32 index, struct replies *replies)
{
	struct movement *m = replies->m;
	u32 over = reply_data(replies->c, m);

	if (!over || over >= m->payload.length || !m->payload.base ||
	    !payload_pass(&m->payload, over))
		return 1;
	m->readable = look(m);
	return !m->readable;
}

/* Replies to requests that came at once may be sent at once, too. */
static __always_inline void reply_all(struct connection *c, struct movement *m)
{
	struct replies replies = { .c = c, .m = m };

	bpf_loop(REPLIES, reply_next, &replies, 0);
}

/* One that was open before the start may be in the middle of a reply: it is counted until then. */
static __always_inline void looked_at(struct connection *c, bool known)
{
	bool tcp = c->exchange.family == AF_INET || c->exchange.family == AF_INET6;

	if (tcp && known && c->looked_at >= 2)
		met(PPBPF_REQUEST_OTHER_KNOWN);
	else if (tcp && !known && c->looked_at == 1)
		met(PPBPF_REQUEST_MET_OTHER);
	if (c->looked_at < 2)
		c->looked_at++;
}

static __always_inline void connection_moves(struct connection *c, struct movement *m)
{
	u8 protocol = c->exchange.protocol;

	if (protocol == PPBPF_PROTOCOL_OPAQUE)
		return;
	m->now = bpf_ktime_get_ns();
	m->readable = look(m);
	if (m->payload.base && !m->readable)
		met(PPBPF_REQUEST_LOST_FAULT);
	if (c->phase == PHASE_IDLE)
		skip_line(m);
	if (protocol == PPBPF_PROTOCOL_UNKNOWN) {
		if (!m->readable)
			return;
		protocol = protocol_of(&m->peek, &m->payload);
		if (protocol == PPBPF_PROTOCOL_UNKNOWN && !c->looked_at &&
		    may_be_http_request(&m->peek, m->payload.length))
			protocol = PPBPF_PROTOCOL_HTTP;
		if (protocol == PPBPF_PROTOCOL_REDIS && m->dir == RECEIVED && is_client_port(c))
			protocol = PPBPF_PROTOCOL_UNKNOWN;
		looked_at(c, protocol != PPBPF_PROTOCOL_UNKNOWN);
		c->exchange.protocol = protocol;
		if (protocol == PPBPF_PROTOCOL_UNKNOWN || protocol == PPBPF_PROTOCOL_OPAQUE)
			return;
		c->request_dir = m->dir;
		c->exchange.role = m->dir == RECEIVED ? PPBPF_ROLE_SERVER : PPBPF_ROLE_CLIENT;
	}
	/* encryption that both ends have agreed on */
	if (protocol == PPBPF_PROTOCOL_POSTGRESQL && is_tls(&m->peek)) {
		met(PPBPF_REQUEST_MET_TLS);
		exchange_send(c, 0);
		c->exchange.protocol = PPBPF_PROTOCOL_OPAQUE;
		return;
	}
	if (m->dir == c->request_dir)
		request_data(c, m);
	else
		reply_all(c, m);
}

#endif /* PPBPF_EXCHANGE_BPF_H */
