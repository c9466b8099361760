/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Requests as they come: where one begins, whose work it is, and its first bytes,
 * however many buffers and system calls they come in.
 */
#ifndef PPBPF_REQUEST_BPF_H
#define PPBPF_REQUEST_BPF_H

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

static __always_inline void head_span(struct long_head *head, u64 base, u64 length)
{
	for (int i = 0; i < PPBPF_HEAD_BYTES / PPBPF_REQUEST_BYTES; i++) {
		if (length <= i * PPBPF_REQUEST_BYTES)
			break;
		head_piece(head, base + i * PPBPF_REQUEST_BYTES, length - i * PPBPF_REQUEST_BYTES);
	}
}

struct head_pieces {
	struct long_head *head;
	u64 buffers;
	u64 count;
	u64 left;
};

static long head_buffer(u32 index, struct head_pieces *pieces)
{
	struct iovec iov;

	if (index >= pieces->count || !pieces->left ||
	    bpf_probe_read_user(&iov, sizeof(iov),
				(void *)(pieces->buffers + index * sizeof(iov))))
		return 1;
	if (iov.iov_len > pieces->left)
		iov.iov_len = pieces->left;
	head_span(pieces->head, (u64)iov.iov_base, iov.iov_len);
	pieces->left -= iov.iov_len;
	return 0;
}

/* Appends what was moved, as far as there is room. */
static __always_inline void head_append(struct long_head *head, const struct payload *payload)
{
	struct head_pieces pieces = { .head = head, .buffers = payload->buffers,
				      .count = payload->buffer_count, .left = payload->length };

	if (payload->buffers) {
		bpf_loop(GATHER_BUFFERS, head_buffer, &pieces, 0);
		return;
	}
	head_span(head, payload->base, payload->length);
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
	if (!head)
		return 0;
	head_append(head, &m->payload);
	/* its method tells what its reply is like */
	__builtin_memcpy(c->request, head->record.bytes, 4);
	return 0;
}

/* A short request in several buffers. */
static __always_inline bool request_gather(struct connection *c, const struct payload *payload)
{
	struct scan_room *room = scan_room_here();
	u32 length;

	if (!room)
		return false;
	length = gather(room, payload, 0);
	if (length != payload->length)
		return false;
	length = at_most(length, PPBPF_REQUEST_BYTES);
	if (bpf_probe_read_kernel(c->request, length, room->words))
		return false;
	c->exchange.request_length = length;
	return true;
}

static __always_inline void request_capture(struct connection *c, const struct movement *m)
{
	u64 length = m->payload.length;

	if (m->payload.buffers && length <= PPBPF_REQUEST_BYTES && request_gather(c, &m->payload))
		return;
	if (m->payload.buffers || length > PPBPF_REQUEST_BYTES) {
		c->exchange.request_bytes = 0;
		__builtin_memcpy(c->request, m->peek.bytes, 4);
		request_append(c, m);
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
	if (c->begun_length) {
		exchange->sequence -= c->begun_length;
		exchange->request_bytes = exchange->request_length = c->begun_length;
		*(u32 *)c->request = c->begun;
		c->begun_length = 0;
		request_append(c, m);
	} else {
		exchange->request_bytes = m->payload.length;
		request_capture(c, m);
	}
	c->phase = PHASE_REQUEST;
	if (exchange->role == PPBPF_ROLE_SERVER) {
		exchange->flags |= PPBPF_EXCHANGE_COUNTED;
		work_begin_one(exchange->thread, exchange->id);
		work_begin_one(exchange->tgid | WORK_OF_PROCESS, exchange->id);
		served_begin(exchange);
	} else {
		work_current(exchange);
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
		/* inline commands begin with a letter, as does the rest of a long string */
		return m->peek.bytes[0] == '*' ||
		       ((m->peek.bytes[0] | 0x20) >= 'a' &&
			(c->phase != PHASE_REQUEST || c->request[0] != '*'));
	default:
		return true;
	}
}

/*
 * Some read a single byte to learn whether the client is still there (Go's net/http): when it
 * begins another request it is kept until there is more of that.
 */
static __always_inline bool request_is_begun(struct connection *c, const struct movement *m)
{
	if (c->exchange.protocol != PPBPF_PROTOCOL_HTTP || c->phase == PHASE_IDLE ||
	    is_http_request(&m->peek) || m->payload.length >= 4 ||
	    (c->phase == PHASE_REQUEST && !request_may_be_whole(c)))
		return false;
	c->begun = m->peek.words[0];
	c->begun_length = m->payload.length;
	return true;
}

/* Its reply is on its way: what is asked for by now waits, as if both had come at once. */
static __always_inline bool reply_goes_on(const struct connection *c)
{
	return c->exchange.protocol == PPBPF_PROTOCOL_HTTP && !c->begun_length &&
	       (c->body == BODY_LENGTH || c->body == BODY_HEAD);
}

__noinline int request_data(struct connection *c, const struct movement *m)
{
	bool begins;

	if (!c || !m)
		return 0;
	begins = is_request(c, m);
	if (c->begun_length && m->readable && !is_http_request(&m->peek)) {
		begins = true;
	} else {
		c->begun_length = 0;
		if (begins && request_is_begun(c, m))
			return 0;
	}
	switch (c->phase) {
	case PHASE_REQUEST:
		if (!begins || (!c->begun_length && !request_may_be_whole(c))) {
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
		if (reply_goes_on(c)) {
			request_append(c, m);
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

#endif /* PPBPF_REQUEST_BPF_H */
