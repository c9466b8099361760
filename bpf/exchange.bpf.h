/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Requests and replies are paired: what is sent and received on a connection
 * moves its exchange on. Before it is known what a connection speaks, it is
 * only looked at, so that one which was open before the start is understood
 * from its next request on.
 */
#ifndef PPBPF_EXCHANGE_BPF_H
#define PPBPF_EXCHANGE_BPF_H

#include "protocol.bpf.h"

/* One send or receive. */
struct movement {
	struct payload payload;
	struct peek peek;
	u64 now;
	u32 dir;
	u32 sequence;	/* of its first byte */
	bool sequenced;	/* that is known */
	bool readable;	/* `peek` holds its first bytes */
};

/* --- the request ------------------------------------------------------------------------- */

static __always_inline void head_piece(struct long_head *head, u64 base, u64 length)
{
	u32 at = head->record.length;

	if (at >= PPBPF_HEAD_BYTES)
		return;
	length = at_most(length, PPBPF_REQUEST_BYTES);
	if (bpf_probe_read_user(&head->record.bytes[at & (PPBPF_HEAD_BYTES - 1)], length,
				(void *)base)) {
		met(PPBPF_REQUEST_LOST_FAULT);
		return;
	}
	head->record.length = at + length;
}

#define HEAD_BUFFERS 6

/* Appends what was moved, as far as there is room. */
static __always_inline void head_append(struct long_head *head, const struct payload *payload)
{
	struct iovec iov;
	u64 left = payload->length;

	if (!payload->buffers) {
		for (int i = 0; i < PPBPF_HEAD_BYTES / PPBPF_REQUEST_BYTES; i++) {
			if (left <= i * PPBPF_REQUEST_BYTES)
				break;
			head_piece(head, payload->base + i * PPBPF_REQUEST_BYTES,
				   left - i * PPBPF_REQUEST_BYTES);
		}
		return;
	}
	for (int i = 0; i < HEAD_BUFFERS && i < payload->buffer_count && left; i++) {
		if (bpf_probe_read_user(&iov, sizeof(iov),
					(void *)(payload->buffers + i * sizeof(iov))))
			break;
		if (iov.iov_len > left)
			iov.iov_len = left;
		head_piece(head, (u64)iov.iov_base, iov.iov_len);
		left -= iov.iov_len;
		/* the rest of a long one would come out of its place */
		if (iov.iov_len > PPBPF_REQUEST_BYTES)
			break;
	}
}

/* The head goes on elsewhere: what there is of it moves there. */
static __always_inline struct long_head *head_of(struct connection *c)
{
	u64 id = c->exchange.id;
	struct long_head *head = bpf_map_lookup_elem(&long_heads, &id), *empty;
	u32 zero = 0, length = c->exchange.request_length;

	if (head)
		return head;
	empty = bpf_map_lookup_elem(&blank_head, &zero);
	if (empty)
		bpf_map_update_elem(&long_heads, &id, empty, BPF_ANY);
	head = bpf_map_lookup_elem(&long_heads, &id);
	if (!head) {
		met(PPBPF_REQUEST_LOST_HEAD);
		return 0;
	}
	length = at_most(length, PPBPF_REQUEST_BYTES);
	bpf_probe_read_kernel(head->record.bytes, length, c->request);
	head->record.kind = PPBPF_EXCHANGE_HEAD;
	head->record.id = id;
	head->record.length = length;
	c->exchange.request_length = 0;
	c->exchange.flags |= PPBPF_EXCHANGE_LONG;
	return head;
}

__noinline int request_append(struct connection *c, const struct movement *m)
{
	struct long_head *head;

	if (!c || !m)
		return 0;
	c->exchange.request_bytes += m->payload.length;
	if (!m->readable)
		return 0;
	head = head_of(c);
	if (head)
		head_append(head, &m->payload);
	return 0;
}

static __always_inline void request_capture(struct connection *c, const struct movement *m)
{
	u64 length = m->payload.length;

	if (m->payload.buffers || length > PPBPF_REQUEST_BYTES) {
		c->exchange.request_bytes = 0;
		request_append(c, m);
		/* the first byte tells HEAD, whose reply has no body */
		c->request[0] = m->peek.bytes[0];
		return;
	}
	length = at_most(length, PPBPF_REQUEST_BYTES);
	if (bpf_probe_read_user(c->request, length, (void *)m->payload.base)) {
		met(PPBPF_REQUEST_LOST_FAULT);
		c->exchange.flags |= PPBPF_EXCHANGE_FAULT;
		return;
	}
	c->exchange.request_length = length;
}

static __always_inline void exchange_name(struct ppbpf_exchange *exchange)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct ppbpf_names names;

	if (exchange->tgid != task->tgid) {
		names_read(&names, task);
		exchange->tgid = task->tgid;
		exchange->pid = names.pid;
		exchange->process_start = BPF_CORE_READ(task, group_leader, start_boottime);
	}
	exchange->thread = task->pid;
	bpf_get_current_comm(exchange->comm, sizeof(exchange->comm));
}

static __always_inline void exchange_reset(struct connection *c, const struct movement *m)
{
	c->exchange.flags &= PPBPF_EXCHANGE_TLS;
	if (m->sequenced)
		c->exchange.flags |= PPBPF_EXCHANGE_SEQUENCED;
	c->exchange.sequence = m->sequence;
	c->exchange.id = __sync_fetch_and_add(&exchange_ids, 16) + 16;
	c->exchange.within = 0;
	c->exchange.start = m->now;
	c->exchange.first = 0;
	c->exchange.last = 0;
	c->exchange.reply_bytes = 0;
	c->exchange.status = 0;
	c->exchange.request_length = 0;
	c->reply.head_length = 0;
	c->reply.tail_length = 0;
	c->chunk_end = false;
	exchange_name(&c->exchange);
}

__noinline int request_begin(struct connection *c, const struct movement *m)
{
	struct ppbpf_exchange *exchange;

	if (!c || !m)
		return 0;
	exchange = &c->exchange;
	exchange_reset(c, m);
	exchange->request_bytes = m->payload.length;
	request_capture(c, m);
	c->phase = PHASE_REQUEST;
	if (exchange->role == PPBPF_ROLE_SERVER) {
		exchange->flags |= PPBPF_EXCHANGE_COUNTED;
		work_begin_one(exchange->thread, exchange->id);
		work_begin_one(exchange->tgid | WORK_OF_PROCESS, exchange->id);
		served_begin(exchange);
	} else {
		exchange->within = work_current(exchange->tgid, exchange->thread);
	}
	return 0;
}

/* Whether the bytes so far end where a request may end, and cannot have a body to follow. */
static __always_inline bool request_may_be_whole(const struct connection *c)
{
	u32 length = c->exchange.request_length;
	u8 first = c->request[0];

	if (c->exchange.protocol == PPBPF_PROTOCOL_REDIS)
		return true;
	if (c->exchange.protocol != PPBPF_PROTOCOL_HTTP)
		return false;
	if (first != 'G' && first != 'H' && first != 'D' && first != 'O')
		return false;
	if (length < 4 || length > PPBPF_REQUEST_BYTES)
		return false;
	return c->request[(length - 1) & (PPBPF_REQUEST_BYTES - 1)] == '\n' &&
	       c->request[(length - 3) & (PPBPF_REQUEST_BYTES - 1)] == '\n';
}

static __always_inline bool is_request(const struct connection *c, const struct movement *m)
{
	if (!m->readable)
		return false;
	switch (c->exchange.protocol) {
	case PPBPF_PROTOCOL_HTTP:
		return is_http_request(&m->peek) ||
		       may_be_http_request(&m->peek, m->payload.length);
	case PPBPF_PROTOCOL_REDIS:
		/* inline commands begin with a letter */
		return m->peek.bytes[0] == '*' || (m->peek.bytes[0] | 0x20) >= 'a';
	default:
		return true;
	}
}

__noinline int request_data(struct connection *c, const struct movement *m)
{
	bool begins;

	if (!c || !m)
		return 0;
	begins = is_request(c, m);
	switch (c->phase) {
	case PHASE_REQUEST:
		if (!begins || !request_may_be_whole(c)) {
			request_append(c, m);
			return 0;
		}
		exchange_send(c, PPBPF_EXCHANGE_PART);
		break;
	case PHASE_REPLY:
		if (c->exchange.protocol == PPBPF_PROTOCOL_POSTGRESQL && c->body != BODY_READY) {
			/* COPY, or asked to flush; else what follows a request for encryption */
			if (!is_postgresql_start(&m->peek, m->payload.length)) {
				c->exchange.request_bytes += m->payload.length;
				return 0;
			}
			exchange_send(c, 0);
			break;
		}
		if (!begins || (c->exchange.protocol == PPBPF_PROTOCOL_HTTP &&
				c->exchange.status < 200)) {
			c->exchange.request_bytes += m->payload.length;
			return 0;
		}
		exchange_send(c, 0);
		break;
	default:
		if (!begins) {
			/* a request's first bytes, of a file? Else the rest of a body */
			if (!m->readable)
				met(PPBPF_REQUEST_LOST_BYTES);
			return 0;
		}
	}
	return request_begin(c, m);
}

/* --- the reply --------------------------------------------------------------------------- */

#define TAIL_PIECE (PPBPF_REPLY_TAIL / 2)

/* Where the last buffer ends. */
static __always_inline u64 payload_end(const struct payload *payload, u64 *length)
{
	struct iovec iov = { 0 };

	*length = payload->length;
	if (!payload->buffers)
		return payload->base + payload->length;
	bpf_probe_read_user(&iov, sizeof(iov),
			    (void *)(payload->buffers + (payload->buffer_count - 1) * sizeof(iov)));
	*length = iov.iov_len;
	return (u64)iov.iov_base + iov.iov_len;
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

/* "0\r\n\r\n", after the end of a chunk or alone. */
static __always_inline void http_chunk_end(struct connection *c, const struct movement *m)
{
	u64 length, end = payload_end(&m->payload, &length);
	struct peek p = { .longs = { 0 } };

	if (length < 5)
		return;
	length = length < 7 ? 5 : 7;
	if (bpf_probe_read_user(&p, length, (void *)(end - length)))
		return;
	if (length == 7)
		p.longs[0] >>= 16;
	c->chunk_end = p.words[0] == WORD('0', '\r', '\n', '\r') && p.bytes[4] == '\n' &&
		       (p.longs[0] >> 40) == 0;
}

static __always_inline void http_reply_begin(struct connection *c, const struct movement *m)
{
	c->body = BODY_UNKNOWN;
	if (!m->readable || !is_http_reply(&m->peek))
		return;
	c->exchange.status = http_status(&m->peek);
	http_measure(c, &m->payload);
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
	       (c->exchange.status / 100 == 2 && c->request[0] == 'C' && c->request[1] == 'O');
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

__noinline int reply_data(struct connection *c, const struct movement *m)
{
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
		if (!begins)
			break;
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
	if (!whole && c->body == BODY_UNKNOWN)
		reply_served(c);
	if (whole)
		exchange_send(c, PPBPF_EXCHANGE_COMPLETE);
	else if (c->phase == PHASE_REPLY && may_be_the_end(c))
		exchange_copy(c, PPBPF_EXCHANGE_SO_FAR);
	return 0;
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

static __always_inline void connection_moves(struct connection *c, struct movement *m)
{
	u8 protocol = c->exchange.protocol;

	if (protocol == PPBPF_PROTOCOL_OPAQUE)
		return;
	m->now = bpf_ktime_get_ns();
	m->peek.longs[0] = m->peek.longs[1] = 0;
	m->readable = m->payload.base && !payload_peek(&m->payload, &m->peek, PEEK);
	if (m->payload.base && !m->readable)
		met(PPBPF_REQUEST_LOST_FAULT);
	if (protocol == PPBPF_PROTOCOL_UNKNOWN) {
		if (!m->readable)
			return;
		protocol = protocol_of(&m->peek, &m->payload);
		if (protocol == PPBPF_PROTOCOL_UNKNOWN && !c->looked_at &&
		    may_be_http_request(&m->peek, m->payload.length))
			protocol = PPBPF_PROTOCOL_HTTP;
		if (protocol == PPBPF_PROTOCOL_REDIS && m->dir == RECEIVED && is_client_port(c))
			protocol = PPBPF_PROTOCOL_UNKNOWN;
		c->looked_at = true;
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
		reply_data(c, m);
}

#endif /* PPBPF_EXCHANGE_BPF_H */
